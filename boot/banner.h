/* SPDX-License-Identifier: Apache-2.0 */
/* What this build found: the first lines anybody reads. */
#ifndef BOOT_BANNER_H
#define BOOT_BANNER_H

#include "boot/board_types.h"

/* Moments of the boot, in ticks of CNTPCT_EL0. */
struct boot_times {
	uint64_t start, board, cpus_begin, cpus_end, bundle, built;
};

/* Line n of what was found; false: there are fewer. Text that is cut at `size`. */
bool banner_line(const struct board *board, struct prange image, uint32_t n, char *text,
		 size_t size);
void banner_print(const struct board *board, struct prange image);
void banner_print_times(const struct boot_times *times);

#endif
