/* SPDX-License-Identifier: Apache-2.0 */
/* The bundle: a 4 KiB header, then the config as dtc made it. Pure. */
#ifndef BOOT_BUNDLE_H
#define BOOT_BUNDLE_H

#include "core/base/crc32c.h"
#include "core/base/diag.h"
#include "core/base/types.h"

#define BUNDLE_MAGIC	   "BULKHEAD"
#define BUNDLE_MAGIC_SIZE  8
#define BUNDLE_VERSION	   1
#define BUNDLE_HEADER_SIZE 4096
#define BUNDLE_SIZE_MAX	   INT32_MAX /* libfdt's offsets are int */

/*
 * All fields little-endian, at these byte offsets of the header; the rest of its 4 KiB is zero.
 *    0  magic        8 bytes
 *    8  version      u32
 *   12  header size  u32
 *   16  total size   u64, header included, a multiple of 4096
 *   24  config offset u64, 8-byte aligned
 *   32  config size  u64, without padding
 *   40  body CRC     u32: CRC-32C of everything after the header
 *   44  header CRC   u32: CRC-32C of the header with this field 0
 */
enum bundle_field {
	BUNDLE_AT_VERSION = 8,
	BUNDLE_AT_HEADER_SIZE = 12,
	BUNDLE_AT_TOTAL_SIZE = 16,
	BUNDLE_AT_CONFIG_OFFSET = 24,
	BUNDLE_AT_CONFIG_SIZE = 32,
	BUNDLE_AT_BODY_CRC = 40,
	BUNDLE_AT_HEADER_CRC = 44,
};

struct bundle {
	const uint8_t *data;   /* the header's first byte */
	uint64_t size;	       /* total */
	const uint8_t *config; /* the flattened tree */
	uint64_t config_size;
	uint32_t body_crc; /* as the header says */
};

/*
 * Checks the header, its CRC and that the bundle fits into `limit` bytes at `data` (8-byte
 * aligned). 0 and *out, or -EINVAL after one DIAG_ERROR. The body's CRC is not looked at yet.
 */
int bundle_open(struct bundle *out, const void *data, size_t limit, crc32c_fn crc,
		struct diag *diag);

/* bundle_open() and the CRC of the body. */
int bundle_check(struct bundle *out, const void *data, size_t limit, crc32c_fn crc,
		 struct diag *diag);

/* Writes the header for `config_size` bytes of config that follow it, padded with zeros to
 * total_size. */
void bundle_write_header(uint8_t header[BUNDLE_HEADER_SIZE], uint64_t config_size,
			 uint64_t total_size, uint32_t body_crc);

/* config_size + header, rounded up to 4 KiB. */
uint64_t bundle_total_size(uint64_t config_size);

#endif
