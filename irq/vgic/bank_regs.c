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

/* What others may hold. */
static int read_state_locked(struct vcpu *vcpu, struct vcpu *redist, uint32_t n, bool active,
			     uint64_t *value)
{
	const struct vgic_bank *bank = bank_number(redist, n);
	uint32_t key = VGIC_PLACE_KEY(active ? VGIC_PLACE_ACTIVE : VGIC_PLACE_PENDING, redist, n);
	int err;

	if (vgic_access_recall(vcpu, key, value)) {
		return 0;
	}
	err = vgic_gather_locked(vcpu, redist, n, UINT32_MAX);
	if (err != 0) {
		return err;
	}
	if (!active && bank->hw != 0 && vgic_has_spent_much(vcpu)) {
		/* the lines of all that is linked are a step */
		return vgic_again(vcpu);
	}
	if (n == 0) {
		post_sgis_locked(redist);
	}
	if (redist == vcpu && n == 0) {
		vgic_link_sample_private_locked(vcpu);
	}
	*value = active ? bank->active : pending_locked(vcpu, redist, n);
	vgic_access_note_locked(vcpu, key, *value);
	return 0;
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
		err = read_state_locked(vcpu, redist, n, word == BANK_ACTIVE, value);
		break;
	}
	spin_unlock(&redist->vm->vgic.lock);
	return err;
}

/*
 * What a change of such interrupts costs, n being the bank's number: those of a vCPU's own bank are
 * posted to it all at once; SPIs are one by one, so the access is in pieces, and who accesses is
 * `redist`.
 */
static uint64_t heavy_of(uint32_t n, uint32_t mask)
{
	return n == 0 ? 0 : mask;
}

static void set_group_locked(struct vcpu *redist, uint32_t n, uint32_t mask, uint32_t value)
{
	struct vgic_bank *bank = bank_number(redist, n);
	uint32_t changed = (bank->group ^ value) & mask;

	bank->group ^= changed;
	vgic_post_word_locked(redist, redist->vm, n,
			      changed & (vgic_pending_word(bank) | bank->listed));
}

int bank_write_group(struct vcpu *redist, uint32_t n, uint32_t value)
{
	struct vgic_bank *bank = bank_number(redist, n);
	int err = 0;

	if (bank == NULL) {
		return 0;
	}
	spin_lock(&redist->vm->vgic.lock);
	if (n == 0) {
		set_group_locked(redist, n, bank->exists, value);
	} else {
		struct vgic_access access =
			vgic_access_begin(redist, VGIC_PLACE_KEY(VGIC_PLACE_GROUP, redist, n),
					  value, bank->exists);
		uint64_t now = vgic_access_piece(redist, &access,
						 (bank->group ^ value) &
							 (vgic_pending_word(bank) | bank->listed),
						 VGIC_PIECE);

		set_group_locked(redist, n, (uint32_t)now, value);
		err = vgic_access_end_locked(redist, &access, now);
	}
	spin_unlock(&redist->vm->vgic.lock);
	return err;
}

/* One that becomes enabled may be delivered; one that is listed may have to be taken back; one that
 * is linked is so in hardware. */
static inline uint32_t concerned(const struct vgic_bank *bank)
{
	return vgic_pending_word(bank) | bank->listed | bank->hw;
}

static inline bool is_several(uint32_t mask)
{
	return (mask & (mask - 1)) != 0;
}

/* SPIs of which several have to be looked at, because they were enabled or disabled: in pieces. */
static int enable_in_steps_locked(struct vcpu *vcpu, uint32_t n, uint32_t value, bool set)
{
	struct vgic_bank *bank = bank_number(vcpu, n);
	struct vgic_access access =
		vgic_access_begin(vcpu,
				  VGIC_PLACE_KEY(set ? VGIC_PLACE_ENABLE : VGIC_PLACE_DISABLE, vcpu,
						 n),
				  value, value);
	uint32_t changed = (uint32_t)access.rest & (set ? ~bank->enabled : bank->enabled);
	uint64_t now = vgic_access_piece(vcpu, &access, changed & concerned(bank), VGIC_PIECE);

	changed &= (uint32_t)now;
	bank->enabled ^= changed;
	changed &= concerned(bank);
	vgic_link_enable_locked(vcpu->vm, n, changed);
	vgic_post_word_locked(vcpu, vcpu->vm, n, changed);
	return vgic_access_end_locked(vcpu, &access, now);
}

/* What has to be looked at because it is to be enabled or disabled. Takes the lock over. */
static int __attribute__((noinline))
enable_and_unlock(struct vcpu *redist, uint32_t n, uint32_t value, bool set)
{
	struct vgic_bank *bank = bank_number(redist, n);
	uint32_t changed = value & (set ? ~bank->enabled : bank->enabled);
	int err = 0;

	if (n != 0 && (is_several(changed & concerned(bank)) || redist->vgic.retried)) {
		err = enable_in_steps_locked(redist, n, value, set);
	} else {
		bank->enabled ^= changed;
		changed &= concerned(bank);
		if (n != 0) {
			vgic_link_enable_locked(redist->vm, n, changed);
		}
		vgic_post_word_locked(redist, redist->vm, n, changed);
	}
	spin_unlock(&redist->vm->vgic.lock);
	return err;
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
	if ((changed & concerned(bank)) != 0) {
		return enable_and_unlock(redist, n, value, set);
	}
	bank->enabled ^= changed;
	spin_unlock(&dist->lock);
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

static void pend_locked(struct vcpu *redist, uint32_t n, uint32_t mask, bool set)
{
	struct vgic_bank *bank = bank_number(redist, n);

	if (n == 0) {
		post_sgis_locked(redist);
	}
	bank->latch = set ? bank->latch | mask : bank->latch & ~mask;
	if (!set && n != 0 && (mask & bank->hw) != 0) {
		vgic_link_clear_pending_locked(redist->vm, n, mask);
	}
	/* nothing becomes of one that is disabled, but for the line of a linked one */
	mask &= bank->enabled | bank->hw;
	if (mask != 0) {
		vgic_post_word_locked(redist, redist->vm, n, mask);
	}
}

static int __attribute__((noinline))
pend_in_steps_locked(struct vcpu *vcpu, struct vcpu *redist, uint32_t n, uint32_t value, bool set)
{
	const struct vgic_bank *bank = bank_number(redist, n);
	struct vgic_access access =
		vgic_access_begin(vcpu,
				  VGIC_PLACE_KEY(set ? VGIC_PLACE_PEND : VGIC_PLACE_UNPEND, redist,
						 n),
				  value, value);
	int err = vgic_gather_locked(vcpu, redist, n, (uint32_t)access.rest);
	uint64_t now;

	if (err != 0) {
		return err;
	}
	now = vgic_access_piece(vcpu, &access, heavy_of(n, bank->enabled | bank->hw), VGIC_PIECE);
	pend_locked(redist, n, (uint32_t)now, set);
	return vgic_access_end_locked(vcpu, &access, now);
}

int bank_pend(struct vcpu *vcpu, struct vcpu *redist, uint32_t n, uint32_t value, bool set)
{
	struct vgic_bank *bank = bank_number(redist, n);
	int err = 0;

	if (bank == NULL) {
		return 0;
	}
	value &= bank->exists;
	spin_lock(&redist->vm->vgic.lock);
	if (is_several(value) || (bank->listed & value) != 0 || vcpu->vgic.retried ||
	    redist != vcpu) {
		err = pend_in_steps_locked(vcpu, redist, n, value, set);
	} else {
		/* nobody has it */
		pend_locked(redist, n, value, set);
	}
	spin_unlock(&redist->vm->vgic.lock);
	return err;
}

int bank_activate(struct vcpu *vcpu, struct vcpu *redist, uint32_t n, uint32_t value, bool set)
{
	struct vgic_bank *bank = bank_number(redist, n);
	struct vgic_access access;
	int err;

	if (bank == NULL) {
		return 0;
	}
	value &= bank->exists;
	spin_lock(&redist->vm->vgic.lock);
	access = vgic_access_begin(vcpu,
				   VGIC_PLACE_KEY(set ? VGIC_PLACE_ACTIVATE : VGIC_PLACE_DEACTIVATE,
						  redist, n),
				   value, value);
	err = vgic_gather_locked(vcpu, redist, n, (uint32_t)access.rest);
	if (err == 0) {
		/* private ones may have been spilled all the same */
		uint64_t now = vgic_access_piece(vcpu, &access, set ? 0 : bank->active, VGIC_PIECE);

		if (set) {
			vgic_set_active_locked(redist, redist->vm, n, (uint32_t)now);
		} else {
			vgic_clear_active_locked(redist, redist->vm, n, (uint32_t)now);
		}
		err = vgic_access_end_locked(vcpu, &access, now);
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

/* Those of the mask are edge-triggered or not, as `edge` says. */
static void set_config_locked(struct vcpu *redist, uint32_t n, uint32_t mask, uint32_t edge)
{
	struct vgic_bank *bank = bank_number(redist, n);

	/* a linked interrupt keeps the trigger of its hardware */
	mask &= bank->exists & ~bank->hw;
	bank->edge = (bank->edge & ~mask) | (edge & mask);
	vgic_post_word_locked(redist, redist->vm, n, mask & (bank->line | bank->listed));
}

int bank_write_config(struct vcpu *redist, uint32_t n, uint32_t value)
{
	struct vgic_bank *bank = bank_number(redist, n / 2);
	uint32_t edge = 0, half = UINT32_C(0xffff) << (n % 2 * 16);
	int err = 0;

	if (bank == NULL) {
		return 0;
	}
	for (uint32_t i = 0; i < 16; i++) {
		edge |= ((value >> (2 * i + 1)) & 1) << (n % 2 * 16 + i);
	}
	spin_lock(&redist->vm->vgic.lock);
	if (n / 2 == 0) {
		set_config_locked(redist, 0, half, edge);
	} else {
		struct vgic_access access =
			vgic_access_begin(redist, VGIC_PLACE_KEY(VGIC_PLACE_CONFIG, redist, n),
					  value, half);
		uint64_t now =
			vgic_access_piece(redist, &access, bank->line | bank->listed, VGIC_PIECE);

		set_config_locked(redist, n / 2, (uint32_t)now, edge);
		err = vgic_access_end_locked(redist, &access, now);
	}
	spin_unlock(&redist->vm->vgic.lock);
	return err;
}
