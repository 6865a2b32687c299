/* SPDX-License-Identifier: Apache-2.0 */
/* A reflected CRC of 32 bits by a table of what four bits do to the remainder. For crc32*.c. Pure.
 */
#ifndef CORE_BASE_CRC_TABLE_H
#define CORE_BASE_CRC_TABLE_H

#include "core/base/types.h"

/* The checksum of `size` more bytes after those that gave `crc`; 0 to begin with. */
static inline uint32_t crc_by_table(const uint32_t table[16], uint32_t crc, const void *data,
				    size_t size)
{
	const uint8_t *p = data;

	crc = ~crc;
	for (size_t i = 0; i < size; i++) {
		crc ^= p[i];
		crc = (crc >> 4) ^ table[crc & 0xf];
		crc = (crc >> 4) ^ table[crc & 0xf];
	}
	return ~crc;
}

#endif
