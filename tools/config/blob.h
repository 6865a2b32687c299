/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes on the heap: files, and what is made of them. */
#ifndef TOOLS_CONFIG_BLOB_H
#define TOOLS_CONFIG_BLOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* `data` is 16-byte aligned, from malloc, and belongs to whoever holds the struct. */
struct blob {
	uint8_t *data;
	size_t size;
};

/* All sizes fit: a config is smaller than 2 GiB. Prints a sentence and ends the program when memory
 * is out. */
void *must_alloc(size_t size);

/* False after a sentence on stderr. */
bool blob_read(struct blob *out, const char *path);
bool blob_write(const char *path, const struct blob *parts, size_t count);
void blob_free(struct blob *blob);

#endif
