/* SPDX-License-Identifier: Apache-2.0 */
/* From the board's device tree to struct board. Pure. */
#ifndef BOOT_BOARD_H
#define BOOT_BOARD_H

#include "boot/board_types.h"
#include "core/base/diag.h"
#include "core/fdt/dt.h"

#define BOARD_DTB_NOWHERE UINT64_MAX /* host: the tree lies nowhere in the board's memory */

/*
 * Fills `out` (about 20 KiB: never on the EL2 stack) from an indexed tree, which must stay as long
 * as `out`. dtb_pa: where the blob lies in physical memory, to be reserved.
 *
 * 0, or -EINVAL when nothing can be started with what was found (no memory, no CPU, no GIC node at
 * all). All errors are reported; a part that is missing but not vital (UART, SMMU, one CPU's enable
 * method) is a note.
 */
int board_parse(struct board *out, const struct dt *dt, uint64_t dtb_pa, struct diag *diag);

/* The same with the UART that board_parse_uart() has found before. */
int board_parse_beside(struct board *out, const struct dt *dt, uint64_t dtb_pa,
		       const struct board_uart *uart, struct diag *diag);

/* The UART alone, as early as possible; `out` as in struct board. The path is taken from dt's
 * arena. */
void board_parse_uart(struct board_uart *out, const struct dt *dt);

/* The same for the node of the caller's choice (`console` of the config). */
void board_uart_at(struct board_uart *out, const struct dt *dt, int node);

/* Index of the CPU with this MPIDR affinity, or -1. */
int board_cpu_by_mpidr(const struct board *board, uint64_t mpidr);

/*
 * The value of `bulkhead.NAME=` in the board's bootargs: points into them and is *len bytes long,
 * or NULL. The last one counts.
 */
const char *board_bootarg(const struct board *board, const char *name, size_t *len);

#endif
