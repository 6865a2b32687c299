/* SPDX-License-Identifier: Apache-2.0 */
/* Reads and writes whole files. */
#include "tools/config/blob.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/config/report.h"

void *must_alloc(size_t size)
{
	void *mem = malloc(size == 0 ? 1 : size);

	if (mem == NULL) {
		report_error("there is not enough memory for %zu bytes", size);
		exit(1);
	}
	return mem;
}

static bool read_all(FILE *file, struct blob *out)
{
	size_t room = 1 << 20, got;

	out->data = must_alloc(room);
	out->size = 0;
	while ((got = fread(out->data + out->size, 1, room - out->size, file)) > 0) {
		out->size += got;
		if (out->size == room) {
			uint8_t *more = must_alloc(room * 2);

			memcpy(more, out->data, room);
			free(out->data);
			out->data = more;
			room *= 2;
		}
	}
	return ferror(file) == 0;
}

bool blob_read(struct blob *out, const char *path)
{
	FILE *file = fopen(path, "rb");
	bool good;

	*out = (struct blob){0};
	if (file == NULL) {
		report_error("%s can't be opened: %s", path, strerror(errno));
		return false;
	}
	good = read_all(file, out);
	if (!good) {
		report_error("%s can't be read: %s", path, strerror(errno));
		blob_free(out);
	}
	fclose(file);
	return good;
}

bool blob_write(const char *path, const struct blob *parts, size_t count)
{
	FILE *file = fopen(path, "wb");
	bool good = file != NULL;

	for (size_t i = 0; good && i < count; i++) {
		good = fwrite(parts[i].data, 1, parts[i].size, file) == parts[i].size;
	}
	if (file != NULL && fclose(file) != 0) {
		good = false;
	}
	if (!good) {
		report_error("%s can't be written: %s", path, strerror(errno));
		remove(path);
	}
	return good;
}

void blob_free(struct blob *blob)
{
	free(blob->data);
	*blob = (struct blob){0};
}
