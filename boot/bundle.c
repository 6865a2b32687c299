/* SPDX-License-Identifier: Apache-2.0 */
/* Writes and checks the bundle's header. */
#include "boot/bundle.h"

#include "core/base/bits.h"
#include "core/base/errno.h"
#include "core/base/string.h"

#define FDT_MAGIC_BE UINT32_C(0xedfe0dd0) /* d0 0d fe ed, read as little-endian */

static uint32_t get32(const uint8_t *at)
{
	return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static uint64_t get64(const uint8_t *at)
{
	return get32(at) | (uint64_t)get32(at + 4) << 32;
}

static void put32(uint8_t *at, uint32_t value)
{
	for (int i = 0; i < 4; i++) {
		at[i] = (uint8_t)(value >> (8 * i));
	}
}

static void put64(uint8_t *at, uint64_t value)
{
	put32(at, (uint32_t)value);
	put32(at + 4, (uint32_t)(value >> 32));
}

/* The header's CRC as if its own field were 0. */
static uint32_t header_crc(const uint8_t *header, crc32c_fn crc)
{
	static const uint8_t zero[4];
	const size_t after = BUNDLE_AT_HEADER_CRC + sizeof(zero);
	uint32_t sum = crc(0, header, BUNDLE_AT_HEADER_CRC);

	sum = crc(sum, zero, sizeof(zero));
	return crc(sum, header + after, BUNDLE_HEADER_SIZE - after);
}

static int refuse_start(const uint8_t *data, size_t limit, struct diag *diag)
{
	if (limit >= 4 && get32(data) == FDT_MAGIC_BE) {
		diag_error(
			diag, NULL, NULL,
			"the bundle is a bare device tree: make a bundle of it with `make bundle`");
	} else {
		diag_error(diag, NULL, NULL,
			   "this is not a bundle: it does not begin with " BUNDLE_MAGIC
			   "; make one with `make bundle` and load it as the initrd");
	}
	return -EINVAL;
}

static int check_header(const uint8_t *data, size_t limit, crc32c_fn crc, struct diag *diag)
{
	uint32_t version;

	if (limit < BUNDLE_HEADER_SIZE || memcmp(data, BUNDLE_MAGIC, BUNDLE_MAGIC_SIZE) != 0) {
		return refuse_start(data, limit, diag);
	}
	version = get32(data + BUNDLE_AT_VERSION);
	if (version != BUNDLE_VERSION) {
		diag_error(diag, NULL, NULL,
			   "the bundle has format version %u, this build reads version %u: make it "
			   "again with "
			   "the tools of this build",
			   version, BUNDLE_VERSION);
		return -EINVAL;
	}
	if (get32(data + BUNDLE_AT_HEADER_CRC) != header_crc(data, crc) ||
	    get32(data + BUNDLE_AT_HEADER_SIZE) != BUNDLE_HEADER_SIZE) {
		diag_error(diag, NULL, NULL,
			   "the bundle's header is damaged: its CRC-32C is 0x%08x, it says 0x%08x; "
			   "load it again",
			   header_crc(data, crc), get32(data + BUNDLE_AT_HEADER_CRC));
		return -EINVAL;
	}
	return 0;
}

int bundle_open(struct bundle *out, const void *data, size_t limit, crc32c_fn crc,
		struct diag *diag)
{
	const uint8_t *header = data;
	uint64_t total, offset, size;
	int ret = check_header(header, limit, crc, diag);

	if (ret != 0) {
		return ret;
	}
	total = get64(header + BUNDLE_AT_TOTAL_SIZE);
	offset = get64(header + BUNDLE_AT_CONFIG_OFFSET);
	size = get64(header + BUNDLE_AT_CONFIG_SIZE);
	if (total > BUNDLE_SIZE_MAX || offset < BUNDLE_HEADER_SIZE || !is_aligned(offset, 8) ||
	    !range_contains(0, total, offset, size)) {
		diag_error(diag, NULL, NULL,
			   "the bundle's header places the config at 0x%lx (0x%lx bytes) of 0x%lx "
			   "bytes in all: "
			   "make it again",
			   offset, size, total);
		return -EINVAL;
	}
	if (total > limit) {
		diag_error(diag, NULL, NULL,
			   "the bundle is %lu bytes long, but only %zu bytes were loaded: it was "
			   "cut short",
			   total, limit);
		return -EINVAL;
	}
	*out = (struct bundle){
		.data = header,
		.size = total,
		.config = header + offset,
		.config_size = size,
		.body_crc = get32(header + BUNDLE_AT_BODY_CRC),
	};
	return 0;
}

int bundle_check(struct bundle *out, const void *data, size_t limit, crc32c_fn crc,
		 struct diag *diag)
{
	int ret = bundle_open(out, data, limit, crc, diag);
	uint32_t sum;

	if (ret != 0) {
		return ret;
	}
	sum = crc(0, out->data + BUNDLE_HEADER_SIZE, out->size - BUNDLE_HEADER_SIZE);
	if (sum != out->body_crc) {
		diag_error(diag, NULL, NULL,
			   "the bundle is damaged: its CRC-32C is 0x%08x, its header says 0x%08x; "
			   "load it again",
			   sum, out->body_crc);
		return -EINVAL;
	}
	return 0;
}

uint64_t bundle_total_size(uint64_t config_size)
{
	return align_up(BUNDLE_HEADER_SIZE + config_size, PAGE_SIZE);
}

void bundle_write_header(uint8_t header[BUNDLE_HEADER_SIZE], uint64_t config_size,
			 uint64_t total_size, uint32_t body_crc)
{
	memset(header, 0, BUNDLE_HEADER_SIZE);
	memcpy(header, BUNDLE_MAGIC, BUNDLE_MAGIC_SIZE);
	put32(header + BUNDLE_AT_VERSION, BUNDLE_VERSION);
	put32(header + BUNDLE_AT_HEADER_SIZE, BUNDLE_HEADER_SIZE);
	put64(header + BUNDLE_AT_TOTAL_SIZE, total_size);
	put64(header + BUNDLE_AT_CONFIG_OFFSET, BUNDLE_HEADER_SIZE);
	put64(header + BUNDLE_AT_CONFIG_SIZE, config_size);
	put32(header + BUNDLE_AT_BODY_CRC, body_crc);
	put32(header + BUNDLE_AT_HEADER_CRC, header_crc(header, crc32c));
}
