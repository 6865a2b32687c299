/* SPDX-License-Identifier: Apache-2.0 */
/* How a flattened tree is laid out in bytes: for core/fdt only. Devicetree Specification 0.4,
 * chapter 5. */
#ifndef CORE_FDT_DT_BLOB_H
#define CORE_FDT_DT_BLOB_H

#include "core/base/types.h"

enum fdt_token {
	FDT_TOKEN_BEGIN_NODE = 1,
	FDT_TOKEN_END_NODE = 2,
	FDT_TOKEN_PROP = 3,
	FDT_TOKEN_NOP = 4,
	FDT_TOKEN_END = 9,
};

/* Big-endian words at an offset that is a multiple of 4. */
static inline uint32_t be32_at(const uint8_t *blob, uint32_t offset)
{
	return __builtin_bswap32(*(const uint32_t *)(const void *)(blob + offset));
}

static inline uint64_t be64_at(const uint8_t *blob, uint32_t offset)
{
	return (uint64_t)be32_at(blob, offset) << 32 | be32_at(blob, offset + 4);
}

#endif
