/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GICv2's virtual interfaces: list registers and control (GICH) in the layout of ICH_*_EL2, and
 * where the frame is that guests use as their CPU interface (GICV). Each CPU sees its own at the
 * same addresses. Owner: the CPU itself.
 */
#ifndef IRQ_HW_GICH_H
#define IRQ_HW_GICH_H

#include "irq/hw/vif_types.h"

/*
 * Deactivation is always told of: the page of GICV that GICC_DIR lies in is not mapped to guests,
 * so that traps_dir holds as for ICH_HCR_EL2.TDIR, which has no bit here.
 */
extern const struct vif_ops gich_vif_ops;

/* Control registers, mapped; physical address of the first page of GICV. Boot CPU. */
void gich_init(volatile uint8_t *base, uint64_t gicv);

/* Nothing is virtual on this CPU yet. */
void gich_cpu_init(void);

uint32_t gich_list_register_count(void);

/* Physical address of GICV's first page: GICC_CTLR to GICC_IIDR. Constant after boot. */
uint64_t gich_gicv(void);

/* One list register from one layout to the other. Pure. */
uint32_t gich_lr_from(uint64_t ich);
uint64_t gich_lr_to(uint32_t gich);

#endif
