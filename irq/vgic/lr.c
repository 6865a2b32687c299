/* SPDX-License-Identifier: Apache-2.0 */
/*
 * List registers: which interrupts are in them, and how they come and go.
 *
 * All of it runs on the CPU that runs the vCPU, under vgic_dist.lock. An entry is "listed" from the
 * moment it is written until software sees the register empty, moves it back, or the guest's
 * deactivation is noticed.
 */
#include "irq/vgic/lr.h"
#include "core/arm64/barrier.h"
#include "core/arm64/sysreg.h"
#include "core/base/atomic.h"
#include "irq/hw/gic.h"
#include "irq/hw/vif.h"
#include "irq/vgic/set.h"
#include "irq/vgic/vlpi.h"

/* It is not to be made pending again just so. */
static inline void comes_no_more(struct vgic_cpu *cpu, uint32_t lr, uint32_t intid)
{
	if (intid < INTID_SPI) {
		cpu->again &= ~vgic_bit(intid);
		cpu->again_elsewhere &= ~vgic_bit(intid);
	} else {
		cpu->again_spi &= ~(UINT32_C(1) << lr);
	}
}

static void unlist(struct vcpu *vcpu, uint32_t lr)
{
	struct vgic_cpu *cpu = &vcpu->vgic;
	uint32_t intid = cpu->lr_intid[lr];
	struct vgic_bank *bank = vgic_bank_of(vcpu, intid);

	cpu->lr_used &= ~(UINT32_C(1) << lr);
	bank->listed &= ~vgic_bit(intid);
	bank->soft &= ~vgic_bit(intid);
	comes_no_more(cpu, lr, intid);
	if (intid >= INTID_SPI) {
		bank->line |= bank->retaken & vgic_bit(intid);
		bank->retaken &= ~vgic_bit(intid);
		bank->ended &= ~vgic_bit(intid);
	}
}

/*
 * An LPI leaves its list register, the last value of which is given. One that the guest has
 * acknowledged needs none any more: it has no active state of its own, and its EOI only drops the
 * priority (IHI 0069H 5.1, ICH_HCR_EL2.EOIcount).
 */
static void unlist_lpi(struct vcpu *vcpu, uint32_t lr, uint64_t value)
{
	struct vgic_cpu *cpu = &vcpu->vgic;

	cpu->lr_used &= ~(UINT32_C(1) << lr);
	vlpi_unlisted_locked(vcpu, cpu->lr_intid[lr], (value & ICH_LR_PENDING) != 0);
}

/* The guest is done with what was in it, which is no LPI: the register is empty, and the caller
 * writes it next. */
static inline __attribute__((always_inline)) void clear(struct vcpu *vcpu, uint32_t lr)
{
	uint32_t intid = vcpu->vgic.lr_intid[lr];
	struct vgic_bank *bank = vgic_bank_of(vcpu, intid);

	if ((bank->hw & vgic_bit(intid)) != 0) {
		/* the hardware line is live again and interrupts anew if it is still high */
		if (unlikely((bank->apart & bank->line & vgic_bit(intid)) != 0)) {
			vgic_unlink_locked(vcpu, intid);
		}
		bank->line &= ~vgic_bit(intid);
		bank->apart &= ~vgic_bit(intid);
	}
	unlist(vcpu, lr);
}

void lr_give_up(struct vcpu *vcpu, uint32_t lr)
{
	uint32_t intid = vcpu->vgic.lr_intid[lr];

	if (intid >= INTID_LPI) {
		unlist_lpi(vcpu, lr, 0);
		return;
	}
	clear(vcpu, lr);
	if ((vgic_pending_word(vgic_bank_of(vcpu, intid)) & vgic_bit(intid)) != 0) {
		vgic_post(vgic_target(vcpu, vcpu->vm, intid), intid);
	}
}

static void retire(struct vcpu *vcpu, uint32_t lr)
{
	/* an EOI that asked for maintenance keeps asking until the register is written */
	vif_lr_write(&vcpu->vgic.vif, lr, 0);
	lr_give_up(vcpu, lr);
}

static void retire_empty(struct vcpu *vcpu)
{
	uint32_t empty;

	/* list registers written since the exit, before what ICH_ELRSR_EL2 and ICH_EISR_EL2 say of
	 * them: a direct write and an indirect read of its effect */
	isb();
	/* one whose EOI asked for maintenance is not called empty: IHI 0069H ICH_ELRSR_EL2 */
	empty = (vif_empty(&vcpu->vgic.vif) | vif_eoi(&vcpu->vgic.vif)) & vcpu->vgic.lr_used;
	while (empty != 0) {
		uint32_t lr = (uint32_t)__builtin_ctz(empty);

		empty &= empty - 1;
		retire(vcpu, lr);
	}
}

void lr_latch_again(struct vcpu *vcpu, uint32_t intid, uint64_t value)
{
	struct vgic_bank *bank = vgic_bank_of(vcpu, intid);

	bank->latch |= (bank->edge | bank->soft) & vgic_bit(intid);
	bank->soft &= ~vgic_bit(intid);
	if (lr_is_v2_sgi(vcpu, intid)) {
		vgic_v2_put_source_locked(vcpu, intid, value);
	}
}

void lr_pull(struct vcpu *vcpu, uint32_t lr)
{
	uint64_t value = vif_lr_read(&vcpu->vgic.vif, lr);
	uint32_t intid = vcpu->vgic.lr_intid[lr];

	if ((value & ICH_LR_STATE) == 0) {
		retire(vcpu, lr);
		return;
	}
	vif_lr_write(&vcpu->vgic.vif, lr, 0);
	if (intid >= INTID_LPI) {
		unlist_lpi(vcpu, lr, value);
		return;
	}
	if ((value & ICH_LR_PENDING) != 0) {
		lr_latch_again(vcpu, intid, value);
	}
	if ((value & ICH_LR_ACTIVE) != 0) {
		lr_spill(vcpu, intid, value);
	}
	unlist(vcpu, lr);
}

bool vgic_is_only_active_locked(struct vcpu *vcpu, uint32_t intid)
{
	const struct vgic_bank *bank = &vcpu->vgic.bank;

	return (bank->listed & vgic_bit(intid)) != 0 &&
	       (vif_lr_read(&vcpu->vgic.vif, bank->lr[intid]) & ICH_LR_STATE) == ICH_LR_ACTIVE;
}

void vgic_linked_again_locked(struct vcpu *vcpu, uint32_t intid)
{
	struct vgic_bank *bank = vgic_bank_of(vcpu, intid);

	/* it comes again because the guest has deactivated the one before; or what is listed was
	   made so by a register write and was never active in hardware: that stays */
	if ((bank->listed & vgic_bit(intid)) != 0 &&
	    (vif_lr_read(&vcpu->vgic.vif, bank->lr[intid % 32]) & ICH_LR_STATE) == 0) {
		retire(vcpu, bank->lr[intid % 32]);
	}
	bank->line |= vgic_bit(intid);
	vgic_pend_locked(vcpu, intid);
}

bool vgic_sync_locked(struct vcpu *vcpu, uint32_t max)
{
	struct vgic_cpu *cpu = &vcpu->vgic;
	bool look = false;

	SPIN_ASSERT_HELD(&vcpu->vm->vgic.lock);
	lr_end_spilled(vcpu);
	for (; cpu->lr_used != 0 && max != 0; max--) {
		uint32_t lr = (uint32_t)__builtin_ctz(cpu->lr_used);
		uint32_t intid = cpu->lr_intid[lr];

		lr_pull(vcpu, lr);
		/* what was pulled is to be looked at; LPIs, behind this number, see to that
		   themselves */
		if (intid < VGIC_LOOK_LPIS) {
			atomic_fetch_or(&cpu->todo[intid / 32], vgic_bit(intid));
			atomic_fetch_or(&cpu->todo_banks, UINT32_C(1) << (intid / 32));
			look = true;
		}
	}
	if (look) {
		vcpu_post(vcpu, VCPU_EVENT_VGIC);
	}
	if (cpu->lr_used != 0) {
		return false;
	}
	/* registers that stay empty would ask for maintenance until something is listed again,
	 * ahead of whatever else comes to this CPU */
	lr_set_hcr(cpu, cpu->on ? cpu->hcr_base : 0);
	return true;
}

static void write_lr(struct vcpu *vcpu, uint32_t lr, uint32_t intid, uint64_t state)
{
	struct vgic_bank *bank = vgic_bank_of(vcpu, intid);
	uint32_t bit = vgic_bit(intid);
	uint64_t value = state | intid | ((bank->group & bit) != 0 ? ICH_LR_GROUP : 0);
	uint64_t prio = FIELD_PREP(ICH_LR_PRIORITY, bank->prio[intid % 32]);

	if ((bank->hw & bit) != 0) {
		value |= ICH_LR_HW | FIELD_PREP(ICH_LR_PINTID, vgic_pintid(vcpu->vm, intid));
	} else if ((bank->edge & bit) == 0) {
		/* the line is looked at again when the guest is done */
		value |= ICH_LR_EOI;
	}
	vcpu->vgic.lr_pending[lr] = (value & ~ICH_LR_STATE) | ICH_LR_PENDING | prio;
	if ((state & ICH_LR_ACTIVE) != 0) {
		/* its end is looked for by this: IHI 0069H, EOI of a virtual interrupt */
		prio = FIELD_PREP(ICH_LR_PRIORITY, bank->active_prio[intid % 32]);
		if ((bank->hw & bank->latch & bit) != 0) {
			/* pending by a register write: the hardware would end it unseen */
			bank->apart |= bit;
			value &= ~(ICH_LR_HW | ICH_LR_PINTID);
			value |= ICH_LR_EOI;
		}
	}
	vif_lr_write(&vcpu->vgic.vif, lr, value | prio);
}

void lr_list(struct vcpu *vcpu, uint32_t lr, uint32_t intid, uint64_t state)
{
	struct vgic_cpu *cpu = &vcpu->vgic;
	struct vgic_bank *bank = vgic_bank_of(vcpu, intid);
	uint32_t bit = vgic_bit(intid);

	if ((state & ICH_LR_PENDING) != 0) {
		bank->soft |= bank->latch & ~bank->edge & bit;
		bank->latch &= ~bit;
	}
	if (lr_is_v2_sgi(vcpu, intid)) {
		state |= (state & ICH_LR_PENDING) != 0 ?
				 vgic_v2_take_source_locked(vcpu, intid, UINT32_MAX) :
				 FIELD_PREP(VIF_LR_SOURCE, cpu->sgi_active_source[intid]);
	}
	bank->listed |= bit;
	bank->lr[intid % 32] = (uint8_t)lr;
	if (intid >= INTID_SPI) {
		vcpu->vm->vgic.home[intid - INTID_SPI] = (uint16_t)vcpu->index;
	}
	cpu->lr_used |= UINT32_C(1) << lr;
	cpu->lr_intid[lr] = (uint16_t)intid;
	write_lr(vcpu, lr, intid, state);
	/* edge-triggered, or pending by its line, which for private ones is that of what is linked:
	 * no other source is to be looked at */
	if (intid >= INTID_SPI) {
		if (((bank->edge | ~bank->soft) & ~(bank->latch | bank->hw | bank->many) & bit) !=
		    0) {
			cpu->again_spi |= UINT32_C(1) << lr;
		}
	} else if (((bank->edge | (bank->hw & ~bank->soft)) & ~bank->latch & bit) != 0) {
		*(cpu->vif.ops == NULL ? &cpu->again : &cpu->again_elsewhere) |= bit;
	}
}

/* Those whose end was asked for: what else is empty is kept for the interrupt that had it. */
static void retire_ended(struct vcpu *vcpu)
{
	uint32_t ended;

	isb(); /* as above */
	for (ended = vif_eoi(&vcpu->vgic.vif) & vcpu->vgic.lr_used; ended != 0;
	     ended &= ended - 1) {
		retire(vcpu, (uint32_t)__builtin_ctz(ended));
	}
}

int lr_free(struct vcpu *vcpu)
{
	uint32_t all = (UINT32_C(1) << vcpu->vgic.lr_count) - 1;

	if ((~vcpu->vgic.lr_used & all) == 0) {
		retire_empty(vcpu);
	}
	return (~vcpu->vgic.lr_used & all) == 0 ? -1 : __builtin_ctz(~vcpu->vgic.lr_used & all);
}

int lr_make_room(struct vcpu *vcpu, uint8_t prio)
{
	struct vgic_cpu *cpu = &vcpu->vgic;
	int worst_pending = -1, worst_active = -1, lr;
	uint8_t pending_prio = 0, active_prio = 0;
	bool any_pending = false;
	uint32_t intid;

	for (uint32_t i = 0; i < cpu->lr_count; i++) {
		uint64_t value = vif_lr_read(&vcpu->vgic.vif, i);
		uint8_t p = (uint8_t)FIELD_GET(ICH_LR_PRIORITY, value);

		if ((value & ICH_LR_STATE) == ICH_LR_PENDING) {
			any_pending = true;
			if (worst_pending < 0 || p > pending_prio) {
				worst_pending = (int)i;
				pending_prio = p;
			}
		} else if (worst_active < 0 || p > active_prio) {
			worst_active = (int)i;
			active_prio = p;
		}
	}
	if (any_pending && pending_prio <= prio) {
		return -1;
	}
	lr = any_pending ? worst_pending : worst_active;
	if (lr < 0) {
		return -1;
	}
	intid = cpu->lr_intid[lr];
	lr_pull(vcpu, (uint32_t)lr);
	if (any_pending && intid < INTID_LPI) {
		/* LPIs see to that themselves */
		vgic_set_add(&cpu->waiting, intid, vgic_bank_of(vcpu, intid)->prio[intid % 32]);
	}
	return lr;
}

/* What is active in a register of this value would be pending elsewhere now, or with another
 * priority or group. */
static bool is_to_come_otherwise(struct vcpu *vcpu, uint32_t intid, uint64_t value)
{
	const struct vgic_bank *bank = vgic_bank_of(vcpu, intid);
	bool group1 = (bank->group & vgic_bit(intid)) != 0;

	return vgic_target(vcpu, vcpu->vm, intid) != vcpu ||
	       FIELD_GET(ICH_LR_PRIORITY, value) != bank->prio[intid % 32] ||
	       ((value & ICH_LR_GROUP) != 0) != group1;
}

/* What is listed already: does the register still say what should be there? True: it is listed no
 * more, and is to be judged afresh. */
static bool refresh(struct vcpu *vcpu, uint32_t intid)
{
	struct vgic_bank *bank = vgic_bank_of(vcpu, intid);
	uint32_t lr = bank->lr[intid % 32], bit = vgic_bit(intid);
	uint64_t value = vif_lr_read(&vcpu->vgic.vif, lr);

	if ((value & ICH_LR_STATE) == 0) {
		vif_lr_write(&vcpu->vgic.vif, lr, 0);
		clear(vcpu, lr);
		return true;
	}
	comes_no_more(&vcpu->vgic, lr, intid); /* something has changed */
	if ((value & ICH_LR_ACTIVE) == 0) {
		/* pending only: taken back and judged afresh, so that enable, route and priority
		 * count now; later, beside those that wait, which may have been looked at before */
		lr_pull(vcpu, lr);
		vgic_post(vcpu, intid);
		return false;
	}
	if (unlikely((bank->ended & bit) != 0)) {
		lr_pull(vcpu, lr);
		vgic_post(vcpu, intid);
		return false;
	}
	if ((bank->hw & bit) != 0) {
		return false; /* the hardware holds it active; it comes again by itself */
	}
	if ((value & ICH_LR_PENDING) != 0) {
		lr_latch_again(vcpu, intid, value);
	}
	bank->soft &= ~bit;
	value &= ~ICH_LR_PENDING;
	if ((bank->edge & bit) == 0) {
		/* it may have become level-sensitive */
		value |= ICH_LR_EOI;
	}
	if (is_to_come_otherwise(vcpu, intid, value)) {
		/* once it is no longer active here: that end has to be seen. It comes by the
		   priority that was acknowledged. */
		value |= ICH_LR_EOI;
	} else if (!lr_is_forwarded(&vcpu->vm->vgic, bank, bit)) {
		/* not now */
	} else if (lr_is_v2_sgi(vcpu, intid)) {
		/* of the same sender; others wait for its end */
		value &= ~ICH_LR_EOI;
		value |= vgic_v2_take_source_locked(vcpu, intid,
						    UINT32_C(1) << FIELD_GET(VIF_LR_SOURCE, value));
	} else {
		bank->soft |= bank->latch & ~bank->edge & bit;
		bank->latch &= ~bit;
		value |= ICH_LR_PENDING;
	}
	vif_lr_write(&vcpu->vgic.vif, lr, value);
	return false;
}

static inline __attribute__((always_inline)) bool judge(struct vcpu *vcpu,
							const struct vgic_bank *bank,
							uint32_t intid)
{
	uint32_t bit = vgic_bit(intid);

	if ((bank->hw & bank->line & bit) != 0 && (bank->active & bit) == 0 &&
	    !vgic_link_asserted(vcpu, intid)) {
		/* the hardware's active state was kept for nothing */
		vgic_unlink_locked(vcpu, intid);
	}
	if (lr_is_deliverable(vcpu, bank, intid)) {
		return true;
	}
	if (intid >= INTID_SPI && (vgic_pending_word(bank) & bit) != 0 &&
	    vgic_target(vcpu, vcpu->vm, intid) != vcpu) {
		vgic_post(vgic_target(vcpu, vcpu->vm, intid), intid);
	}
	return false;
}

bool lr_judge(struct vcpu *vcpu, uint32_t intid)
{
	return judge(vcpu, vgic_bank_of(vcpu, intid), intid);
}

uint32_t lr_consider(struct vcpu *vcpu, uint32_t intid)
{
	struct vgic_cpu *cpu = &vcpu->vgic;
	struct vgic_bank *bank = vgic_bank_of(vcpu, intid);
	uint32_t bit = vgic_bit(intid), cost = 1;
	int lr;

	if ((bank->listed & bit) != 0) {
		const struct vm *vm = vcpu->vm;

		if (intid >= INTID_SPI && vm->vgic.home[intid - INTID_SPI] != vcpu->index) {
			vgic_post(vm->vcpu[vm->vgic.home[intid - INTID_SPI]], intid);
			return cost;
		}
		cost = LR_COST_LISTED;
		if (!refresh(vcpu, intid)) {
			return cost;
		}
	}
	if (!judge(vcpu, bank, intid)) {
		return cost;
	}
	/* none goes past those that wait */
	lr = unlikely(cpu->waiting.banks != 0) ? -1 : lr_free(vcpu);
	if (lr < 0) {
		vgic_set_add(&cpu->waiting, intid, bank->prio[intid % 32]);
		return cost;
	}
	lr_list(vcpu, (uint32_t)lr, intid, ICH_LR_PENDING);
	return cost + LR_COST_LIST;
}

int lr_of_lpi(const struct vgic_cpu *cpu, uint32_t intid)
{
	for (uint32_t used = cpu->lr_used; used != 0; used &= used - 1) {
		if (cpu->lr_intid[__builtin_ctz(used)] == intid) {
			return __builtin_ctz(used);
		}
	}
	return -1;
}

void lr_write_lpi(struct vcpu *vcpu, uint32_t lr, uint32_t intid, uint8_t prio)
{
	struct vgic_cpu *cpu = &vcpu->vgic;

	cpu->lr_used |= UINT32_C(1) << lr;
	cpu->lr_intid[lr] = (uint16_t)intid;
	vif_lr_write(&cpu->vif, lr,
		     ICH_LR_PENDING | ICH_LR_GROUP | FIELD_PREP(ICH_LR_PRIORITY, prio) | intid);
}

bool vgic_wakes(struct vcpu *vcpu)
{
	bool wakes = false;

	spin_lock(&vcpu->vm->vgic.lock);
	retire_empty(vcpu);
	for (uint32_t used = vcpu->vgic.lr_used; used != 0; used &= used - 1) {
		uint32_t lr = (uint32_t)__builtin_ctz(used);
		uint32_t intid = vcpu->vgic.lr_intid[lr];
		struct vgic_bank *bank;

		if ((vif_lr_read(&vcpu->vgic.vif, lr) & ICH_LR_STATE) != ICH_LR_PENDING) {
			continue;
		}
		if (intid >= INTID_LPI) {
			wakes = true;
			continue;
		}
		bank = vgic_bank_of(vcpu, intid);
		if ((bank->hw & ~bank->edge & ~bank->soft & vgic_bit(intid)) != 0 &&
		    !vgic_link_asserted(vcpu, intid)) {
			/* the line has fallen since: taken back, so that it can come again */
			lr_pull(vcpu, lr);
			vgic_unlink_locked(vcpu, intid);
		} else {
			wakes = true;
		}
	}
	spin_unlock(&vcpu->vm->vgic.lock);
	return wakes;
}

bool vgic_retire(struct vcpu *vcpu)
{
	bool quiet;

	spin_lock(&vcpu->vm->vgic.lock);
	if (vcpu->vgic.hcr == vcpu->vgic.hcr_base) {
		retire_ended(vcpu);
	} else {
		/* some wait for registers */
		retire_empty(vcpu);
	}
	quiet = lr_is_quiet(vcpu);
	spin_unlock(&vcpu->vm->vgic.lock);
	return !quiet;
}

void vgic_maintenance(struct vcpu *vcpu)
{
	if (vgic_retire(vcpu)) {
		vgic_process(vcpu);
	}
}
