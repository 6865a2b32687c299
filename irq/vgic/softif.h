/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The CPU interface of a GICv2 VM on GICv3 hardware, in software: list registers in memory, what
 * GICH_* and GICV_* do with them (IHI 0048B chapter 5), and the guest's interrupt lines in HCR_EL2.
 * Pure, but for these and for interrupts that are deactivated in hardware.
 *
 * Owner: the CPU that runs the vCPU; no lock.
 */
#ifndef IRQ_VGIC_SOFTIF_H
#define IRQ_VGIC_SOFTIF_H

#include "core/base/arena.h"
#include "irq/vgic/vgic_types.h"
#include "irq/vgic/vreg.h"

/* Priorities have 5 bits: the least binary points that keep them apart, of groups 0 and 1. */
#define SOFTIF_BPR_MIN	2
#define SOFTIF_ABPR_MIN 3

/* Gives the vCPU such an interface. 0 or -ENOMEM. Boot CPU. */
int softif_create(struct vcpu *vcpu, struct arena *arena);

/* GICC_*, for vgic_v2_cpu_ops. */
extern const struct vreg_table softif_table;

#endif
