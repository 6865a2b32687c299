/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interrupts that a guest has acknowledged, and that are in no list register when it ends them: for
 * want of one ("spilled"), or deactivated by a register write since ("undone").
 *
 * An EOI that meets no active list register is only counted (IHI 0069H ICH_HCR_EL2.EOIcount). Those
 * of nested interrupts come highest priority first, and each that is acknowledged has its own
 * priority: so it is known whose an EOI is.
 */
#include "irq/hw/vif.h"
#include "irq/vgic/lr.h"
#include "irq/vgic/set.h"

#define LEVEL_SHIFT (8 - VGIC_PRIO_BITS)

void lr_spill(struct vcpu *vcpu, uint32_t intid, uint64_t value)
{
	struct vgic_cpu *cpu = &vcpu->vgic;
	struct vgic_bank *bank = vgic_bank_of(vcpu, intid);
	uint32_t bit = vgic_bit(intid);

	if (lr_is_v2_sgi(vcpu, intid)) {
		cpu->sgi_active_source[intid] = (uint8_t)FIELD_GET(VIF_LR_SOURCE, value);
	}
	if ((cpu->spilled.banks | cpu->undone) == 0) {
		/* EOIs that met no list register until now were for none */
		vif_hcr_write(&cpu->vif, cpu->hcr);
	}
	bank->apart &= ~bit;
	bank->active_prio[intid % 32] = (uint8_t)FIELD_GET(ICH_LR_PRIORITY, value);
	if ((bank->ended & bit) != 0) {
		vgic_undone_add_locked(vcpu, intid);
		return;
	}
	bank->active |= bit;
	vgic_set_add(&cpu->spilled, intid, bank->active_prio[intid % 32]);
}

static uint32_t active_priority(struct vcpu *vcpu, uint32_t intid)
{
	return vgic_bank_of(vcpu, intid)->active_prio[intid % 32];
}

uint32_t lr_best_spilled(struct vcpu *vcpu)
{
	uint32_t best;

	do {
		best = vgic_set_look(&vcpu->vgic.spilled, vcpu, active_priority);
	} while (best == VGIC_SET_AGAIN);
	return best == VGIC_SET_EMPTY ? INTID_LIMIT : best;
}

void lr_take_spilled(struct vcpu *vcpu, uint32_t intid)
{
	vgic_set_remove(&vcpu->vgic.spilled, intid);
	vgic_bank_of(vcpu, intid)->active &= ~vgic_bit(intid);
}

void vgic_unspill_locked(struct vcpu *home, uint32_t n, uint32_t mask)
{
	struct vgic_set *set = &home->vgic.spilled;

	for (mask &= set->word[n]; mask != 0; mask &= mask - 1) {
		uint32_t intid = 32 * n + (uint32_t)__builtin_ctz(mask);

		vgic_set_remove(set, intid);
		vgic_undone_add_locked(home, intid);
	}
	/* now, on the time of who does it, and not bank by bank when an EOI asks */
	vgic_set_learn(set, home, n, active_priority);
}

void vgic_undone_add_locked(struct vcpu *home, uint32_t intid)
{
	uint32_t level = vgic_bank_of(home, intid)->active_prio[intid % 32] >> LEVEL_SHIFT;

	home->vgic.undone |= UINT32_C(1) << level;
	home->vgic.undone_intid[level] = (uint16_t)intid;
}

/* The undone one with the highest priority has its EOI. */
static void end_undone(struct vcpu *vcpu)
{
	struct vgic_cpu *cpu = &vcpu->vgic;
	uint32_t intid = cpu->undone_intid[__builtin_ctz(cpu->undone)], bit = vgic_bit(intid);
	struct vgic_bank *bank = vgic_bank_of(vcpu, intid);
	uint32_t home;

	cpu->undone &= cpu->undone - 1;
	if ((bank->listed & bit) == 0) {
		/* made active again by a register, or outside another vCPU's list registers */
		vgic_clear_active_locked(vcpu, vcpu->vm, intid / 32, bit);
		return;
	}
	home = intid < INTID_SPI ? vcpu->index : vcpu->vm->vgic.home[intid - INTID_SPI];
	if (home != vcpu->index) {
		bank->ended |= bit;
		vgic_post(vcpu->vm->vcpu[home], intid);
	}
}

/* An EOI that met no list register: of the interrupt outside them with the highest priority. */
static void end_one(struct vcpu *vcpu)
{
	struct vgic_cpu *cpu = &vcpu->vgic;
	uint32_t intid = lr_best_spilled(vcpu), bit = vgic_bit(intid);
	struct vgic_bank *bank;

	if (cpu->undone != 0 &&
	    (intid == INTID_LIMIT || __builtin_ctz(cpu->undone) << LEVEL_SHIFT <
					     vgic_bank_of(vcpu, intid)->active_prio[intid % 32])) {
		end_undone(vcpu);
		return;
	}
	bank = vgic_bank_of(vcpu, intid);
	lr_take_spilled(vcpu, intid);
	if ((bank->hw & bit) != 0) {
		vgic_unlink_locked(vcpu, intid);
	}
	if ((vgic_pending_word(bank) & bit) != 0) {
		vgic_post(vgic_target(vcpu, vcpu->vm, intid), intid);
	}
}

void lr_end_outside(struct vcpu *vcpu)
{
	struct vgic_cpu *cpu = &vcpu->vgic;
	uint64_t hcr = vif_hcr_read(&cpu->vif);
	uint32_t count = (uint32_t)FIELD_GET(ICH_HCR_EOICOUNT, hcr);
	bool split = (vif_vmcr_read(&cpu->vif) & ICH_VMCR_VEOIM) != 0;

	if (count != 0) {
		vif_hcr_write(&cpu->vif, hcr & ~ICH_HCR_EOICOUNT);
	}
	for (count = split ? 0 : count; count != 0 && (cpu->spilled.banks | cpu->undone) != 0;
	     count--) {
		end_one(vcpu);
	}
	/* idle: the guest has cleared its active priorities instead, as at a fresh start */
	if (cpu->undone != 0 && (split || vif_is_idle(&cpu->vif))) {
		cpu->undone = 0;
	}
}
