/* SPDX-License-Identifier: Apache-2.0 */
/* Registers that distributor and redistributors share. IHI 0069H 12.9, 12.11. */
#include "irq/vgic/bank_regs.h"

#include "core/base/atomic.h"
#include "core/base/errno.h"
#include "irq/hw/gic.h"

static struct vgic_bank *bank_number(struct vcpu *redist, uint32_t n)
{
	struct vgic_dist *dist = &redist->vm->vgic;

	if (n == 0) {
		return &redist->vgic.bank;
	}
	return n <= dist->bank_count ? &dist->bank[n - 1] : NULL;
}

/* SGIs that were sent and not looked at yet are pending too. */
static void post_sgis_locked(struct vcpu *redist)
{
	vgic_post_word_locked(redist, redist->vm, 0, vgic_latch_sgis_locked(redist));
}

/* Linked interrupts that are active, and pending no more: their lines have fallen since. Private
 * ones have been sampled. */
static uint32_t fallen_locked(struct vcpu *vcpu, const struct vcpu *redist, uint32_t n)
{
	const struct vgic_bank *bank = n == 0 ? &redist->vgic.bank : &vcpu->vm->vgic.bank[n - 1];
	uint32_t fallen = 0;

	if (n == 0) {
		return bank->fallen & ~bank->latch;
	}
	for (uint32_t word = bank->hw & bank->line & bank->active & ~bank->latch; word != 0;
	     word &= word - 1) {
		uint32_t intid = 32 * n + (uint32_t)__builtin_ctz(word);

		fallen |= vgic_link_asserted(vcpu, intid) ? 0 : vgic_bit(intid);
	}
	return fallen;
}

static uint32_t pending_locked(struct vcpu *vcpu, struct vcpu *redist, uint32_t n)
{
	const struct vgic_bank *bank = bank_number(redist, n);

	return (vgic_pending_word(bank) & ~fallen_locked(vcpu, redist, n)) |
	       (n != 0 && bank->hw != 0 ? vgic_link_sample_locked(redist->vm, n) : 0);
}

int bank_read(struct vcpu *vcpu, struct vcpu *redist, uint32_t n, enum bank_word word,
	      uint64_t *value)
{
	struct vgic_bank *bank = bank_number(redist, n);
	int err = 0;

	if (bank == NULL) {
		*value = 0;
		return 0;
	}
	spin_lock(&redist->vm->vgic.lock);
	switch (word) {
	case BANK_GROUP:
		*value = bank->group;
		break;
	case BANK_ENABLED:
		*value = bank->enabled;
		break;
	case BANK_PENDING:
	case BANK_ACTIVE:
		err = vgic_gather_locked(vcpu, redist, n, UINT32_MAX);
		if (err == 0) {
			if (n == 0) {
				post_sgis_locked(redist);
			}
			if (redist == vcpu && n == 0) {
				vgic_link_sample_private_locked(vcpu);
			}
			*value = word == BANK_ACTIVE ? bank->active :
						       pending_locked(vcpu, redist, n);
			vgic_release_locked(vcpu);
		}
		break;
	}
	spin_unlock(&redist->vm->vgic.lock);
	return err;
}

int bank_write_group(struct vcpu *redist, uint32_t n, uint32_t value)
{
	struct vgic_bank *bank = bank_number(redist, n);

	if (bank != NULL) {
		spin_lock(&redist->vm->vgic.lock);
		uint32_t changed = (bank->group ^ value) & bank->exists;

		bank->group ^= changed;
		vgic_post_word_locked(redist, redist->vm, n,
				      changed & (vgic_pending_word(bank) | bank->listed));
		spin_unlock(&redist->vm->vgic.lock);
	}
	return 0;
}

/* What has to be looked at because it was enabled or disabled. Takes the lock over. */
static void __attribute__((noinline))
post_and_unlock(struct vcpu *redist, uint32_t n, uint32_t mask)
{
	if (n != 0) {
		vgic_link_enable_locked(redist->vm, n, mask);
	}
	vgic_post_word_locked(redist, redist->vm, n, mask);
	spin_unlock(&redist->vm->vgic.lock);
}

static inline __attribute__((always_inline)) int enable(struct vcpu *redist, uint32_t n,
							uint32_t value, bool set)
{
	struct vgic_dist *dist = &redist->vm->vgic;
	struct vgic_bank *bank;
	uint32_t changed;

	if (n > dist->bank_count) {
		return 0;
	}
	bank = n == 0 ? &redist->vgic.bank : &dist->bank[n - 1];
	value &= bank->exists;
	/* what has no effect now needs no lock: it is as if it came just before the next change */
	if ((value & (set ? ~atomic_read(&bank->enabled) : atomic_read(&bank->enabled))) == 0) {
		return 0;
	}
	spin_lock(&dist->lock);
	changed = set ? value & ~bank->enabled : value & bank->enabled;
	bank->enabled ^= changed;
	/* one that becomes enabled may be delivered; one that is listed may have to be taken back;
	 * one that is linked is so in hardware */
	changed &= vgic_pending_word(bank) | bank->listed | bank->hw;
	if (changed != 0) {
		post_and_unlock(redist, n, changed);
	} else {
		spin_unlock(&dist->lock);
	}
	return 0;
}

int bank_enable(struct vcpu *redist, uint32_t n, uint32_t value)
{
	return enable(redist, n, value, true);
}

int bank_disable(struct vcpu *redist, uint32_t n, uint32_t value)
{
	return enable(redist, n, value, false);
}

int bank_pend(struct vcpu *vcpu, struct vcpu *redist, uint32_t n, uint32_t value, bool set)
{
	struct vgic_bank *bank = bank_number(redist, n);
	int err;

	if (bank == NULL) {
		return 0;
	}
	value &= bank->exists;
	spin_lock(&redist->vm->vgic.lock);
	err = vgic_gather_locked(vcpu, redist, n, value);
	if (err == 0) {
		if (n == 0) {
			post_sgis_locked(redist);
		}
		bank->latch = set ? bank->latch | value : bank->latch & ~value;
		if (!set && n != 0 && (value & bank->hw) != 0) {
			vgic_link_clear_pending_locked(redist->vm, n, value);
		}
		/* nothing becomes of one that is disabled, but for the line of a linked one */
		value &= bank->enabled | bank->hw;
		if (value != 0) {
			vgic_post_word_locked(redist, redist->vm, n, value);
		}
		vgic_release_locked(vcpu);
	}
	spin_unlock(&redist->vm->vgic.lock);
	return err;
}

int bank_activate(struct vcpu *vcpu, struct vcpu *redist, uint32_t n, uint32_t value, bool set)
{
	struct vgic_bank *bank = bank_number(redist, n);
	int err;

	if (bank == NULL) {
		return 0;
	}
	value &= bank->exists;
	spin_lock(&redist->vm->vgic.lock);
	err = vgic_gather_locked(vcpu, redist, n, value);
	if (err == 0) {
		if (set) {
			vgic_set_active_locked(redist, redist->vm, n, value);
		} else {
			vgic_clear_active_locked(redist, redist->vm, n, value);
		}
		vgic_release_locked(vcpu);
	}
	spin_unlock(&redist->vm->vgic.lock);
	return err;
}

uint64_t bank_read_priority(struct vcpu *redist, uint32_t intid, uint32_t size)
{
	uint64_t value = 0;

	if (intid >= vgic_limit(redist->vm)) {
		return 0;
	}
	for (uint32_t i = 0; i < size; i++) {
		value |= (uint64_t)vgic_bank_of(redist, intid + i)->prio[(intid + i) % 32]
			 << (8 * i);
	}
	return value;
}

void bank_write_priority(struct vcpu *redist, uint32_t intid, uint32_t size, uint64_t value)
{
	struct vgic_bank *bank;
	uint32_t changed = 0;

	if (intid >= vgic_limit(redist->vm)) {
		return;
	}
	bank = vgic_bank_of(redist, intid);
	spin_lock(&redist->vm->vgic.lock);
	for (uint32_t i = 0; i < size; i++) {
		uint8_t prio = (uint8_t)(value >> (8 * i)) & VGIC_PRIO_MASK;

		if (bank->prio[(intid + i) % 32] != prio) {
			bank->prio[(intid + i) % 32] = prio;
			changed |= vgic_bit(intid + i);
		}
	}
	vgic_post_word_locked(redist, redist->vm, intid / 32,
			      changed & (vgic_pending_word(bank) | bank->listed));
	spin_unlock(&redist->vm->vgic.lock);
}

/* Bit 1 of each pair is the configuration, bit 0 reads as zero. */
uint64_t bank_read_config(struct vcpu *redist, uint32_t n)
{
	struct vgic_bank *bank = bank_number(redist, n / 2);
	uint64_t value = 0;

	for (uint32_t i = 0; bank != NULL && i < 16; i++) {
		value |= ((bank->edge >> (n % 2 * 16 + i)) & UINT64_C(1)) << (2 * i + 1);
	}
	return value;
}

void bank_write_config(struct vcpu *redist, uint32_t n, uint32_t value)
{
	struct vgic_bank *bank = bank_number(redist, n / 2);
	uint32_t edge = 0, half = UINT32_C(0xffff) << (n % 2 * 16);

	if (bank == NULL) {
		return;
	}
	for (uint32_t i = 0; i < 16; i++) {
		edge |= ((value >> (2 * i + 1)) & 1) << (n % 2 * 16 + i);
	}
	spin_lock(&redist->vm->vgic.lock);
	/* a linked interrupt keeps the trigger of its hardware */
	half &= bank->exists & ~bank->hw;
	bank->edge = (bank->edge & ~half) | (edge & half);
	vgic_post_word_locked(redist, redist->vm, n / 2, half & (bank->line | bank->listed));
	spin_unlock(&redist->vm->vgic.lock);
}
