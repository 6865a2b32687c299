/* SPDX-License-Identifier: Apache-2.0 */
/* CRC-32 (IEEE 802.3): what a GPT is checked with. Pure. */
#ifndef CORE_BASE_CRC32_H
#define CORE_BASE_CRC32_H

#include "core/base/types.h"

/*
 * The checksum of `size` more bytes after those that gave `crc`; 0 to begin with. Ten instructions
 * a byte: who has much does it in steps.
 */
uint32_t crc32(uint32_t crc, const void *data, size_t size);

#endif
