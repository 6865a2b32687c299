/* SPDX-License-Identifier: Apache-2.0 */
/* Ways out of VMs' networks: the board's NICs, which EL2 drives. Boot CPU, before any guest runs.
 */
#ifndef BOOT_UPLINKS_H
#define BOOT_UPLINKS_H

#include "boot/board_types.h"
#include "core/config/config_types.h"
#include "core/resource/registry.h"

/* Pages that they take: an upper bound, for sizing EL2's heap. */
uint32_t uplinks_pages(const struct config *config);

/* Finds and starts the NICs of networks that VMs are on. A network whose NIC can't be driven has no
 * way out, after a sentence; its VMs reach each other. */
void uplinks_open(const struct config *config, const struct board *board,
		  struct registry *registry);

#endif
