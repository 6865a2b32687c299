/* SPDX-License-Identifier: Apache-2.0 */
/* From the bundle to VMs that run. */
#ifndef BOOT_PARTITIONS_H
#define BOOT_PARTITIONS_H

#include "boot/banner.h"
#include "boot/board_types.h"
#include "core/base/diag.h"

/*
 * Checks the bundle (board->initrd), builds every VM whose
 * config is in order and starts them. Without a usable bundle a sentence says why, and no VM runs.
 * heap: what page_alloc has been given.
 */
void partitions_start(struct board *board, struct prange image, struct prange heap,
		      struct boot_times *times);

/* Sentences go to the log. */
extern struct diag boot_diag;

#endif
