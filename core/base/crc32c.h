/* SPDX-License-Identifier: Apache-2.0 */
/* CRC-32C (Castagnoli, RFC 3720 B.4): what the bundle is checked with. Pure. */
#ifndef CORE_BASE_CRC32C_H
#define CORE_BASE_CRC32C_H

#include "core/base/types.h"

/*
 * The checksum of `size` more bytes after those that gave `crc`; 0 to begin with. So a long area
 * can be done in steps: crc32c(crc32c(0, a, n), a + n, m) == crc32c(0, a, n + m). An implementation
 * that uses the CPU's CRC32C instructions has the same type.
 */
typedef uint32_t (*crc32c_fn)(uint32_t crc, const void *data, size_t size);

/* By table: for the host, and for a CPU without the instructions. */
uint32_t crc32c(uint32_t crc, const void *data, size_t size);

#endif
