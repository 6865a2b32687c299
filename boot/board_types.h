/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the board is, as its device tree says: plain data, made once by board_parse(), constant
 * after. All addresses are CPU physical addresses (translated through every `ranges`); INTIDs are
 * GIC INTIDs. Strings point into the board's dtb, which stays mapped.
 */
#ifndef BOOT_BOARD_TYPES_H
#define BOOT_BOARD_TYPES_H

#include "core/base/types.h"

struct dt; /* core/fdt/dt.h */

#define BOARD_RAM_MAX	   32
#define BOARD_RESERVED_MAX 64
#define BOARD_CPU_MAX	   512
#define BOARD_REDIST_MAX   8

#define INTID_NONE UINT32_C(0xffffffff)

enum board_enable {
	BOARD_ENABLE_NONE, /* the board does not say how: the CPU stays off, with a sentence */
	BOARD_ENABLE_PSCI,
	BOARD_ENABLE_SPIN_TABLE,
};

struct board_cpu {
	uint64_t mpidr; /* affinity bits only, as in reg of /cpus/cpu@* */
	enum board_enable enable;
	uint64_t release_addr; /* spin-table: cpu-release-addr */
	const char *path_name; /* "cpu@1" */
};

enum board_gic_kind {
	BOARD_GIC_NONE,
	BOARD_GIC_V2,
	BOARD_GIC_V3,
};

struct board_gic {
	enum board_gic_kind kind;
	struct prange dist;
	struct prange redist[BOARD_REDIST_MAX]; /* v3, in order */
	uint32_t redist_count;
	uint64_t redist_stride;		    /* 0: as GICR_TYPER says */
	struct prange cpuif, vctrl, vcpuif; /* v2: GICC, GICH, GICV; v3: where present */
	uint32_t maintenance_intid;	    /* INTID_NONE when absent */
	struct prange its;		    /* first ITS child; size 0 when absent */
	const char *compatible;		    /* as found, also of a GIC that is not known */
};

enum board_uart_kind {
	BOARD_UART_NONE,
	BOARD_UART_PL011,
	BOARD_UART_CADENCE, /* "xlnx,xuartps", "cdns,uart-r1p12" */
	BOARD_UART_UNKNOWN, /* there is a stdout-path, but no driver for it: compatible says which
			     */
};

struct board_uart {
	enum board_uart_kind kind;
	struct prange regs;
	uint32_t intid;
	const char *compatible;
	const char *path; /* of the node; in the arena */
};

struct board_psci {
	bool present;
	bool use_hvc;	    /* method = "hvc": not usable from EL2 */
	bool v0_1;	    /* only "arm,psci" with function ids from properties */
	uint32_t cpu_on_id; /* for v0.1; SMC64 CPU_ON otherwise */
};

struct board {
	const struct dt *tree; /* where all this comes from; resolves board refs */
	const char *model;
	const char *compatible; /* stringlist of the root */
	uint32_t compatible_len;
	int chosen;	      /* node /chosen or DT_NONE */
	const char *bootargs; /* /chosen/bootargs or "" */

	struct prange ram[BOARD_RAM_MAX]; /* every enabled memory node's banks, sorted, merged */
	uint32_t ram_count;
	struct prange reserved[BOARD_RESERVED_MAX]; /* memreserve, /reserved-memory, dtb itself,
						       initrd; sorted */
	uint32_t reserved_count;
	struct prange initrd; /* /chosen/linux,initrd-*: the bundle; size 0 when absent */
	struct prange dtb;

	struct board_gic gic;
	struct board_uart uart;
	struct board_psci psci;
	/* PPIs of the generic timer as INTIDs; INTID_NONE when absent */
	uint32_t timer_phys_intid, timer_virt_intid, timer_hyp_intid;
	bool has_smmu;
	struct prange clock; /* registers of a PL031; size 0: there is none */

	/* the enabled ones, in the tree's order; what lies behind the count holds nothing */
	uint32_t cpu_count;
	struct board_cpu cpu[BOARD_CPU_MAX];
};

#endif
