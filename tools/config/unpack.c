/* SPDX-License-Identifier: Apache-2.0 */
/* Unpacks kernels with the libraries of the distribution. */
#include "tools/config/unpack.h"

#include <lzma.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#define IMAGE_SIZE_MAX	  ((size_t)1 << 30) /* what unpacks to more is no kernel */
#define UNPACK_START_SIZE ((size_t)32 << 20)

/* drivers/firmware/efi/libstub/zboot-header.S of Linux: the header's fields. */
#define ZBOOT_AT_MAGIC	     4
#define ZBOOT_AT_OFFSET	     8
#define ZBOOT_AT_SIZE	     12
#define ZBOOT_AT_COMPRESSION 24
#define ZBOOT_HEADER_SIZE    64
#define ZBOOT_NAME_SIZE	     16

/* Unpacks all of `in` into `out` of `room` bytes: the size it has then, 0 when damaged, SIZE_MAX
 * when `room` is too small. */
typedef size_t (*unpack_fn)(uint8_t *out, size_t room, const uint8_t *in, size_t size);

static size_t unpack_gzip(uint8_t *out, size_t room, const uint8_t *in, size_t size)
{
	z_stream z = {.next_in = (Bytef *)(uintptr_t)in, .avail_in = (uInt)size};
	int ret;

	z.next_out = out;
	z.avail_out = (uInt)room;
	if (inflateInit2(&z, 16 + MAX_WBITS) != Z_OK) {
		return 0;
	}
	ret = inflate(&z, Z_FINISH);
	inflateEnd(&z);
	if (ret == Z_STREAM_END) {
		return z.total_out;
	}
	return z.avail_out == 0 ? SIZE_MAX : 0;
}

static size_t unpack_lzma_family(uint8_t *out, size_t room, const uint8_t *in, size_t size)
{
	lzma_stream stream = LZMA_STREAM_INIT;
	lzma_ret ret;
	size_t got;

	if (lzma_auto_decoder(&stream, UINT64_MAX, 0) != LZMA_OK) {
		return 0;
	}
	stream.next_in = in;
	stream.avail_in = size;
	stream.next_out = out;
	stream.avail_out = room;
	ret = lzma_code(&stream, LZMA_FINISH);
	got = stream.total_out;
	lzma_end(&stream);
	if (ret == LZMA_STREAM_END) {
		return got;
	}
	return got == room ? SIZE_MAX : 0;
}

static size_t unpack_zstd(uint8_t *out, size_t room, const uint8_t *in, size_t size)
{
	ZSTD_DStream *stream = ZSTD_createDStream();
	ZSTD_inBuffer input = {in, size, 0};
	ZSTD_outBuffer output = {out, room, 0};
	size_t ret;

	if (stream == NULL) {
		return 0;
	}
	do {
		ret = ZSTD_decompressStream(stream, &output, &input);
	} while (!ZSTD_isError(ret) && ret != 0 && input.pos < size && output.pos < room);
	ZSTD_freeDStream(stream);
	if (!ZSTD_isError(ret) && ret == 0) {
		return output.pos;
	}
	return output.pos == room ? SIZE_MAX : 0;
}

static enum unpack_result run(struct blob *out, unpack_fn unpack, const uint8_t *data, size_t size)
{
	for (size_t room = UNPACK_START_SIZE; room <= IMAGE_SIZE_MAX; room *= 2) {
		out->data = must_alloc(room);
		out->size = unpack(out->data, room, data, size);
		if (out->size != 0 && out->size != SIZE_MAX) {
			return UNPACK_DONE;
		}
		free(out->data);
		if (out->size == 0) {
			break;
		}
	}
	*out = (struct blob){0};
	return UNPACK_FAILED;
}

static uint32_t le32(const uint8_t *at)
{
	return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static enum unpack_result unpack_zboot(struct blob *out, const uint8_t *data, size_t size,
				       const char *path, struct diag *diag)
{
	static const struct {
		const char *name;
		unpack_fn unpack;
	} methods[] = {
		{"gzip", unpack_gzip},		{"zstd", unpack_zstd},
		{"zstd22", unpack_zstd},	{"lzma", unpack_lzma_family},
		{"xzkern", unpack_lzma_family}, {"xz", unpack_lzma_family},
	};
	uint32_t offset = le32(data + ZBOOT_AT_OFFSET), length = le32(data + ZBOOT_AT_SIZE);
	char name[ZBOOT_NAME_SIZE + 1] = "";

	memcpy(name, data + ZBOOT_AT_COMPRESSION, ZBOOT_NAME_SIZE);
	if (!range_contains(0, size, offset, length)) {
		diag_error(diag, path, "data", "is an EFI zboot image that was cut short");
		return UNPACK_FAILED;
	}
	for (size_t i = 0; i < ARRAY_COUNT(methods); i++) {
		if (strcmp(name, methods[i].name) == 0) {
			if (run(out, methods[i].unpack, data + offset, length) == UNPACK_DONE) {
				return UNPACK_DONE;
			}
			diag_error(diag, path, "data",
				   "is a damaged EFI zboot image: its %s data can't be unpacked",
				   name);
			return UNPACK_FAILED;
		}
	}
	diag_error(diag, path, "data",
		   "is an EFI zboot image compressed with \"%s\", which can't be unpacked here: "
		   "gzip, zstd, "
		   "lzma and xz can",
		   name);
	return UNPACK_FAILED;
}

enum unpack_result unpack_kernel(struct blob *out, const uint8_t *data, size_t size,
				 const char *path, struct diag *diag)
{
	if (size >= 2 && data[0] == 0x1f && data[1] == 0x8b) {
		if (run(out, unpack_gzip, data, size) == UNPACK_DONE) {
			return UNPACK_DONE;
		}
		diag_error(diag, path, "data", "is a gzip file that is damaged or was cut short");
		return UNPACK_FAILED;
	}
	if (size >= ZBOOT_HEADER_SIZE && memcmp(data, "MZ", 2) == 0 &&
	    memcmp(data + ZBOOT_AT_MAGIC, "zimg", 4) == 0) {
		return unpack_zboot(out, data, size, path, diag);
	}
	return UNPACK_PLAIN;
}
