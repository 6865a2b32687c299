/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Logs that outlive a warm reset: in a range of memory that the board reserves (`log-region`).
 * Pure.
 *
 * The range has two halves, of which each boot takes the one that the boot before did not: what the
 * last one said stays where it is, and is read from there. A half begins with a table of its rings;
 * each ring is a struct log and its bytes, so that who writes to a log does not know where it lies.
 *
 * Nothing there is believed before the table's CRC-32C, places and sizes are right; of what was
 * written after that, a ring's head and its text, any value is good. Owner: the boot CPU; of the
 * rings: the console's lock.
 */
#ifndef CORE_CONSOLE_KEEP_H
#define CORE_CONSOLE_KEEP_H

#include "core/base/crc32c.h"
#include "core/console/log.h"

#define KEEP_SIZE_MIN  KIB(64)
#define KEEP_NAME_SIZE 32
#define KEEP_LOG_MAX   65 /* all VMs, and the hypervisor */

struct keep_table;

struct keep {
	struct keep_table *mine;
	const struct keep_table *last; /* NULL: nothing was kept, or it is not whole any more */
	uint32_t size;		       /* of a half */
	uint32_t used;		       /* bytes of mine */
	crc32c_fn crc;
};

/* Takes the half of the region, mapped and page-aligned, that is not the last boot's. The size is
 * KEEP_SIZE_MIN or more. */
void keep_open(struct keep *keep, void *region, uint64_t size, crc32c_fn crc);

/* An empty log of `size` bytes, a power of two, to be kept from now on; NULL: no room is left. */
struct log *keep_add(struct keep *keep, const char *name, uint32_t size);

/* What was said under this name before the reset; false: nothing. */
bool keep_last(const struct keep *keep, const char *name, struct log *log);

#endif
