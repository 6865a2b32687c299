/* SPDX-License-Identifier: Apache-2.0 */
/* Devices of the board that EL2 drives for VMs: disks. Boot CPU, before any guest runs. */
#ifndef BOOT_DEVICES_H
#define BOOT_DEVICES_H

#include "boot/board_types.h"
#include "core/base/diag.h"
#include "core/config/config_types.h"
#include "core/resource/registry.h"

/* Pages that they take: an upper bound, for sizing EL2's heap. */
uint32_t devices_pages(const struct config *config);

/*
 * Finds and starts the disks that VMs have partitions of. A VM whose disk can't be driven is
 * refused, after a sentence.
 */
void devices_open(struct config *config, const struct board *board, struct registry *registry,
		  struct diag *diag);

/* Looks for the partitions, while VMs start and run: behind those VMs that were built. */
void devices_look(void);

#endif
