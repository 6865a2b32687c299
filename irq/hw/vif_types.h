/* SPDX-License-Identifier: Apache-2.0 */
/* A vCPU's virtual interrupt interface: which of the three it is. */
#ifndef IRQ_HW_VIF_TYPES_H
#define IRQ_HW_VIF_TYPES_H

#include "core/base/bits.h"
#include "core/base/types.h"

struct vif;

/* A vCPU's virtual interface while it is not in a CPU. */
#define VIF_LR_MAX     16
#define VIF_PRIORITIES 4
struct vif_saved {
	uint64_t lr[VIF_LR_MAX]; /* those not in use: 0 */
	uint64_t hcr, vmcr;
	uint32_t ap0r[VIF_PRIORITIES], ap1r[VIF_PRIORITIES]; /* GICv2: one, in ap0r[0] */
};

/*
 * What is behind list registers and control where it is not the system registers of GICv3: the
 * memory-mapped registers of GICv2, or software. All values are in the layout of ICH_*_EL2, and
 * mean the same; what a GICv2 adds is below.
 */
struct vif_ops {
	uint64_t (*lr_read)(const struct vif *vif, uint32_t n);
	void (*lr_write)(const struct vif *vif, uint32_t n, uint64_t value);
	/* lr_write() of a register that is empty; false: it is not, and stays as it is */
	bool (*lr_refill)(const struct vif *vif, uint32_t n, uint64_t value);
	uint32_t (*empty)(const struct vif *vif);
	uint32_t (*eoi)(const struct vif *vif);
	uint64_t (*hcr_read)(const struct vif *vif);
	void (*hcr_write)(const struct vif *vif, uint64_t hcr);
	uint64_t (*vmcr_read)(const struct vif *vif);
	void (*vmcr_write)(const struct vif *vif, uint64_t vmcr);
	void (*clear_active_priorities)(const struct vif *vif);
	bool (*is_idle)(const struct vif *vif);
	/* List registers of `used`, and all else, to memory, with nothing left that could
	 * interrupt; NULL: it is software, and stays where it is. And back: this CPU has it from
	 * now on */
	void (*save)(struct vif_saved *saved, uint32_t used);
	void (*load)(const struct vif_saved *saved, uint32_t used);
	bool traps_dir; /* the guest's deactivation comes to EL2, whatever is listed */
};

struct vif {
	const struct vif_ops *ops; /* NULL: ICH_*_EL2 */
	void *state;		   /* its own */
};

/* List registers in a struct vif_saved, which is the state: as those of hardware, but that no guest
 * touches them. */
extern const struct vif_ops vif_saved_ops;

/* A software interrupt of GICv2: the CPU interface number that sent it (IHI 0048B GICH_LRn.CPUID),
 * where a linked interrupt has its physical INTID. */
#define VIF_LR_SOURCE BITS(34, 32)

#endif
