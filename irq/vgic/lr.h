/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the vgic: what the ways to a list register share. Owner, under vgic_dist.lock. */
#ifndef IRQ_VGIC_LR_H
#define IRQ_VGIC_LR_H

#include "core/base/atomic.h"
#include "irq/hw/vif.h"
#include "irq/vgic/vgic_state.h"

/* Nothing is to be looked at but what comes now: nothing was posted or waits for a register,
 * nothing is moved out of one (update_hcr()), nobody asks, and the guest goes on. Owner. */
static inline bool lr_is_quiet(const struct vcpu *vcpu)
{
	const struct vgic_cpu *cpu = &vcpu->vgic;

	return cpu->here && atomic_read(&cpu->todo_banks) == 0 && cpu->hcr == cpu->hcr_base &&
	       cpu->ask_count == 0 && vcpu->hold == 0;
}

/* Pending, enabled, and so is its group. */
static inline bool lr_is_forwarded(const struct vgic_dist *dist, const struct vgic_bank *bank,
				   uint32_t bit)
{
	uint32_t group_on = (bank->group & bit) != 0 ? dist->ctlr & (uint32_t)GICD_CTLR_ENGRP1 :
						       dist->ctlr & (uint32_t)GICD_CTLR_ENGRP0;

	return group_on != 0 && (bank->enabled & vgic_pending_word(bank) & bit) != 0;
}

/* And not active, and this vCPU's. */
static inline bool lr_is_deliverable(struct vcpu *vcpu, const struct vgic_bank *bank,
				     uint32_t intid)
{
	const struct vgic_dist *dist = &vcpu->vm->vgic;
	uint32_t bit = vgic_bit(intid);

	return lr_is_forwarded(dist, bank, bit) && (bank->active & bit) == 0 &&
	       (intid < INTID_SPI || dist->route[intid - INTID_SPI] == vcpu->index);
}

/* ICH_HCR_EL2, where it is to change. */
static inline void lr_set_hcr(struct vgic_cpu *cpu, uint64_t hcr)
{
	if (hcr != cpu->hcr) {
		cpu->hcr = hcr;
		vif_hcr_write(&cpu->vif, hcr);
	}
}

/* Puts an interrupt into a list register that is free; state: of ICH_LR_PENDING, ICH_LR_ACTIVE. */
void lr_list(struct vcpu *vcpu, uint32_t lr, uint32_t intid, uint64_t state);

/* The guest is done with what was in it: the register is empty, and the caller writes it next.
 * Posted where it is pending again. */
void lr_give_up(struct vcpu *vcpu, uint32_t lr);

/* A list register that is free, or that the guest has emptied; -1: each holds something. */
int lr_free(struct vcpu *vcpu);

/*
 * Makes room for an interrupt of this priority: a pending one of lower priority gives way, and
 * waits; where no register holds a pending one at all, the active one of lowest priority does,
 * since one register must be left for what can preempt. -1: none gives way.
 */
int lr_make_room(struct vcpu *vcpu, uint8_t prio);

/* Moves what is in a list register back into the bank. */
void lr_pull(struct vcpu *vcpu, uint32_t lr);

/* Is it to be delivered here? One that is linked, and that nothing asserts any more, is let go; one
 * whose route has changed is posted there. Not listed. */
bool lr_judge(struct vcpu *vcpu, uint32_t intid);

/*
 * Looks at one that was posted, which is no LPI and does not wait; afterwards it is listed, waits
 * or needs no further look. What that cost, in parts of 120 to 140 instructions: 1 and what is
 * written here.
 */
#define LR_COST_LIST   2 /* one listed */
#define LR_COST_LISTED 3 /* one that was listed, in place of 1 */
uint32_t lr_consider(struct vcpu *vcpu, uint32_t intid);

/* What is pending in a list register of this value is so in the bank again, as far as it is not
 * its line that says so. */
void lr_latch_again(struct vcpu *vcpu, uint32_t intid, uint64_t value);

/* The list register that holds this LPI, -1: none; and the LPI, pending, in a register: LPIs are of
 * group 1 and have no active state. */
int lr_of_lpi(const struct vgic_cpu *cpu, uint32_t intid);
void lr_write_lpi(struct vcpu *vcpu, uint32_t lr, uint32_t intid, uint8_t prio);

/* A software interrupt of GICv2: one of several senders'. */
static inline bool lr_is_v2_sgi(const struct vcpu *vcpu, uint32_t intid)
{
	return intid < INTID_SGI_COUNT && vcpu->vm->vgic.v2;
}

/* What is active in a list register of this value leaves it, and is spilled. */
void lr_spill(struct vcpu *vcpu, uint32_t intid, uint64_t value);

/* The spilled interrupt with the highest priority, INTID_LIMIT: there is none; and it is spilled no
 * longer, nor active. */
uint32_t lr_best_spilled(struct vcpu *vcpu);
void lr_take_spilled(struct vcpu *vcpu, uint32_t intid);

/* EOIs that met no list register: those of interrupts outside them. A guest that ends by DIR is
 * trapped there instead. */
void lr_end_outside(struct vcpu *vcpu);

static inline void lr_end_spilled(struct vcpu *vcpu)
{
	if ((vcpu->vgic.spilled.banks | vcpu->vgic.undone) != 0) {
		lr_end_outside(vcpu);
	}
}

/*
 * The middle way of an LPI that becomes pending on the CPU that runs its vCPU: into a register at
 * once. False: it waits for the long one. Again: it is listed (vlpi.h), and nothing about it has
 * changed; where it is still pending there is nothing to do.
 */
bool lr_list_lpi(struct vcpu *vcpu, uint32_t intid, uint8_t prio);
bool lr_list_lpi_again(struct vcpu *vcpu, uint32_t intid, uint8_t prio);

#endif
