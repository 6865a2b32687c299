/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ways past the long one (vgic_process()): short, without a lock, for what was delivered before
 * and about which nothing has changed; middle, under it, for one private interrupt when nothing
 * else is to be looked at. They read what only the owner writes.
 */
#include "core/arm64/barrier.h"
#include "core/arm64/sysreg.h"
#include "core/base/atomic.h"
#include "irq/hw/vif.h"
#include "irq/vgic/lr.h"

/* The same where list registers are no system registers. Of an SGI of GICv2, the sender that the
 * register last had is to be the only one. */
static bool __attribute__((noinline)) list_again_elsewhere(struct vcpu *vcpu, uint32_t intid)
{
	struct vgic_cpu *cpu = &vcpu->vgic;
	uint32_t lr = cpu->bank.lr[intid], shift = 8 * (intid % 4), sender;
	uint64_t value = cpu->lr_pending[lr];

	if ((cpu->again_elsewhere & vgic_bit(intid)) == 0 || atomic_read(&cpu->todo_banks) != 0) {
		return false;
	}
	if (intid >= INTID_SGI_COUNT) {
		return cpu->vif.ops->lr_refill(&cpu->vif, lr, value);
	}
	sender = UINT32_C(1) << (shift + (uint32_t)FIELD_GET(VIF_LR_SOURCE, value));
	if ((atomic_read(&cpu->sgi_source[intid / 4]) & (UINT32_C(0xff) << shift)) != sender ||
	    !cpu->vif.ops->lr_refill(&cpu->vif, lr, value)) {
		return false;
	}
	/* another that comes now keeps its bit, and its event */
	atomic_fetch_and(&cpu->sgi_source[intid / 4], ~sender);
	return true;
}

bool vgic_list_again(struct vcpu *vcpu, uint32_t intid)
{
	const struct vgic_cpu *cpu = &vcpu->vgic;
	uint32_t lr = cpu->bank.lr[intid];

	if (unlikely((cpu->again & vgic_bit(intid)) == 0)) {
		return list_again_elsewhere(vcpu, intid);
	}
	/* what waits for a register goes first */
	if (atomic_read(&cpu->todo_banks) != 0 || ((ich_empty() >> lr) & 1) == 0) {
		return false;
	}
	ich_lr_write(lr, cpu->lr_pending[lr]);
	return true;
}

/* A register for one interrupt: a free one, or one that an interrupt kept and the guest has
 * emptied. -1: each holds something. Inline: an SGI's way is measured. */
static inline __attribute__((always_inline)) int room_for_one(struct vcpu *vcpu)
{
	struct vgic_cpu *cpu = &vcpu->vgic;
	uint32_t all = (UINT32_C(1) << cpu->lr_count) - 1, room = ~cpu->lr_used & all, lr;

	if (room != 0) {
		return __builtin_ctz(room);
	}
	/* list registers written since the exit, before what ICH_ELRSR_EL2 says of them */
	isb();
	room = vif_empty(&cpu->vif) & all;
	if (room == 0) {
		return -1;
	}
	/* in turn, so that two that are in use do not take one register from each other while
	 * others keep interrupts that are not */
	lr = (uint32_t)__builtin_ctz(
		(room & (UINT32_MAX << cpu->hand)) != 0 ? room & (UINT32_MAX << cpu->hand) : room);
	cpu->hand = lr + 1;
	lr_give_up(vcpu, lr);
	return (int)lr;
}

/* What consider() does, for a private one that is not listed. False: it is to be posted. */
static bool list_alone(struct vcpu *vcpu, uint32_t intid)
{
	struct vgic_bank *bank = &vcpu->vgic.bank;
	int lr;

	if (!lr_is_quiet(vcpu) || (bank->listed & vgic_bit(intid)) != 0) {
		return false;
	}
	if (lr_is_deliverable(vcpu, bank, intid)) {
		lr = room_for_one(vcpu);
		if (lr < 0) {
			return false;
		}
		lr_list(vcpu, (uint32_t)lr, intid, ICH_LR_PENDING);
	}
	return true;
}

bool lr_list_lpi(struct vcpu *vcpu, uint32_t intid, uint8_t prio)
{
	int lr = lr_is_quiet(vcpu) ? room_for_one(vcpu) : -1;

	if (lr >= 0) {
		lr_write_lpi(vcpu, (uint32_t)lr, intid, prio);
	}
	return lr >= 0;
}

bool lr_list_lpi_again(struct vcpu *vcpu, uint32_t intid, uint8_t prio)
{
	int lr = lr_is_quiet(vcpu) ? lr_of_lpi(&vcpu->vgic, intid) : -1;
	uint64_t state;

	if (lr < 0) {
		return false;
	}
	state = vif_lr_read(&vcpu->vgic.vif, (uint32_t)lr) & ICH_LR_STATE;
	if (state == 0) {
		lr_write_lpi(vcpu, (uint32_t)lr, intid, prio);
	}
	return state == 0 || state == ICH_LR_PENDING;
}

void vgic_pend_locked(struct vcpu *vcpu, uint32_t intid)
{
	SPIN_ASSERT_HELD(&vcpu->vm->vgic.lock);
	if (!list_alone(vcpu, intid)) {
		vgic_post(vcpu, intid);
	}
}

/*
 * One that has a register here and about which only its line, or an edge, is new. Its register is
 * empty: it comes again there. It is active and there is nothing to come after it: its end need not
 * be seen, since a line that rises is looked at here. All else is looked at the long way.
 */
static bool list_spi_again(struct vcpu *vcpu, struct vgic_bank *bank, uint32_t intid)
{
	uint32_t lr = bank->lr[intid % 32], bit = vgic_bit(intid);
	bool pending = (vgic_pending_word(bank) & bit) != 0;
	uint64_t value;

	if (vcpu->vm->vgic.home[intid - INTID_SPI] != vcpu->index || (bank->ended & bit) != 0) {
		return false;
	}
	value = vif_lr_read(&vcpu->vgic.vif, lr);
	if ((value & ICH_LR_STATE) == 0 && pending && (vcpu->vgic.again_spi >> lr & 1) != 0) {
		bank->latch &= ~bit;
		vif_lr_write(&vcpu->vgic.vif, lr, vcpu->vgic.lr_pending[lr]);
		return true;
	}
	if ((value & ICH_LR_STATE) != ICH_LR_ACTIVE || pending) {
		return false;
	}
	bank->soft &= ~bit;
	if ((value & ICH_LR_EOI) != 0) {
		vif_lr_write(&vcpu->vgic.vif, lr, value & ~ICH_LR_EOI);
	}
	return true;
}

static bool __attribute__((noinline))
pend_spi(struct vcpu *vcpu, struct vgic_bank *bank, uint32_t intid)
{
	int lr;

	if (((bank->hw | bank->active) & vgic_bit(intid)) != 0 ||
	    vcpu->vm->vgic.route[intid - INTID_SPI] != vcpu->index) {
		return false;
	}
	if (likely((bank->listed & vgic_bit(intid)) != 0)) {
		return list_spi_again(vcpu, bank, intid);
	}
	if (lr_is_deliverable(vcpu, bank, intid)) {
		lr = room_for_one(vcpu);
		if (lr < 0) {
			return false;
		}
		lr_list(vcpu, (uint32_t)lr, intid, ICH_LR_PENDING);
	}
	return true;
}

bool vgic_pend_spi_locked(struct vcpu *vcpu, struct vgic_bank *bank, uint32_t intid)
{
	const struct vgic_cpu *cpu = &vcpu->vgic;
	uint32_t lr = bank->lr[intid % 32], bit = vgic_bit(intid);

	SPIN_ASSERT_HELD(&vcpu->vm->vgic.lock);
	if (!lr_is_quiet(vcpu)) {
		return false;
	}
	/* as vgic_list_again(): a register that was written since the exit may be called empty
	   still, and is written as it is */
	if (likely((bank->listed & vgic_pending_word(bank) & bit) != 0) &&
	    vcpu->vm->vgic.home[intid - INTID_SPI] == vcpu->index && cpu->vif.ops == NULL &&
	    ((cpu->again_spi & ich_empty()) >> lr & 1) != 0) {
		bank->latch &= ~bit;
		ich_lr_write(lr, cpu->lr_pending[lr]);
		return true;
	}
	return pend_spi(vcpu, bank, intid);
}

void vgic_pend_sgi(struct vcpu *vcpu, uint32_t sgi)
{
	spin_lock(&vcpu->vm->vgic.lock);
	vcpu->vgic.bank.latch |= vgic_bit(sgi);
	vgic_pend_locked(vcpu, sgi);
	spin_unlock(&vcpu->vm->vgic.lock);
}

/* SGIs that were sent; each has a list register, and is made pending there by `again`. */
static inline __attribute__((always_inline)) bool take_listed(struct vcpu *vcpu,
							      bool (*again)(struct vcpu *vcpu,
									    uint32_t intid))
{
	uint32_t sgis = atomic_fetch_and(&vcpu->events, ~VCPU_EVENT_SGIS) & VCPU_EVENT_SGIS;

	for (uint32_t word = sgis; word != 0; word &= word - 1) {
		uint32_t bit = (uint32_t)__builtin_ctz(word);

		if (!again(vcpu, bit - VCPU_EVENT_SGI_SHIFT)) {
			/* this one and the rest as before: the event is its CPU's own */
			atomic_fetch_or(&vcpu->events, word);
			return false;
		}
	}
	return !vcpu_wants_attention(vcpu);
}

/* Not all of them have a list register that is a system register. */
static bool __attribute__((noinline)) take_others(struct vcpu *vcpu, uint32_t sgis)
{
	if ((sgis & ~vcpu->vgic.again_elsewhere) == 0) {
		return take_listed(vcpu, list_again_elsewhere);
	}
	if (!lr_is_quiet(vcpu)) {
		return false;
	}
	spin_lock(&vcpu->vm->vgic.lock);
	for (sgis = vgic_latch_sgis_locked(vcpu); sgis != 0; sgis &= sgis - 1) {
		vgic_pend_locked(vcpu, (uint32_t)__builtin_ctz(sgis));
	}
	spin_unlock(&vcpu->vm->vgic.lock);
	return !vcpu_wants_attention(vcpu);
}

/* The long way without the run loop, where nothing else is to be done. */
static bool __attribute__((noinline)) look_here(struct vcpu *vcpu)
{
	if (unlikely((sysreg_read(isr_el1) & ISR_I) != 0)) {
		/* the run loop takes it first: somebody may wait for the CPU, and what the guest
		   has done until now may have been long too */
		return false;
	}
	atomic_fetch_and(&vcpu->events, ~(uint32_t)VCPU_EVENT_VGIC);
	vgic_process(vcpu);
	return !vcpu_wants_attention(vcpu) && !vgic_is_held(vcpu);
}

bool vgic_take_events(struct vcpu *vcpu)
{
	uint32_t events = atomic_read(&vcpu->events), sgis = events >> VCPU_EVENT_SGI_SHIFT;

	if ((events & ~VCPU_EVENT_SGIS) != 0 || vcpu->hold != 0) {
		return (events & ~(VCPU_EVENT_SGIS | VCPU_EVENT_VGIC)) == 0 && vcpu->hold == 0 &&
		       look_here(vcpu);
	}
	/* one that is not listed stays where others look for it, in the events, but for the lock */
	return likely((sgis & ~vcpu->vgic.again) == 0) ? take_listed(vcpu, vgic_list_again) :
							 take_others(vcpu, sgis);
}
