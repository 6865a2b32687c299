/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sets of a vCPU's interrupts, of which the most urgent is wanted: those that wait for a list
 * register, and those that had to leave one.
 *
 * What a bank's most urgent one may have at most is remembered (struct vgic_set), so that a look
 * goes over the banks and over one word, and not over all interrupts. It may be remembered as more
 * urgent than there is any: then that look only learns better, and the next one is another.
 */
#ifndef IRQ_VGIC_SET_H
#define IRQ_VGIC_SET_H

#include "irq/vgic/vgic_state.h"

#define VGIC_SET_EMPTY 0xffffU
#define VGIC_SET_AGAIN 0xfffeU

static inline void vgic_set_add(struct vgic_set *set, uint32_t intid, uint32_t prio)
{
	uint32_t n = intid / 32;

	if (set->word[n] == 0 || prio < set->prio[n]) {
		set->prio[n] = (uint8_t)prio;
	}
	set->word[n] |= vgic_bit(intid);
	set->banks |= UINT32_C(1) << n;
}

/* Nothing where it is not there. */
static inline void vgic_set_remove(struct vgic_set *set, uint32_t intid)
{
	uint32_t n = intid / 32;

	set->word[n] &= ~vgic_bit(intid);
	if (set->word[n] == 0) {
		set->banks &= ~(UINT32_C(1) << n);
	}
}

static inline bool vgic_set_has(const struct vgic_set *set, uint32_t intid)
{
	return (set->word[intid / 32] & vgic_bit(intid)) != 0;
}

/* The bank that may have the most urgent one, the first of several. There is one. */
static inline uint32_t vgic_set_bank(const struct vgic_set *set)
{
	uint32_t bank = 0, bound = UINT32_MAX;

	for (uint32_t banks = set->banks; banks != 0; banks &= banks - 1) {
		uint32_t n = (uint32_t)__builtin_ctz(banks);

		if (set->prio[n] < bound) {
			bound = set->prio[n];
			bank = n;
		}
	}
	return bank;
}

/* What a bank's most urgent one has is known from here on; which that is, the first of several. */
static inline __attribute__((always_inline)) uint32_t vgic_set_learn(
	struct vgic_set *set, struct vcpu *vcpu, uint32_t n,
	uint32_t (*priority)(struct vcpu *vcpu, uint32_t intid))
{
	uint32_t best = VGIC_SET_EMPTY, best_prio = UINT32_MAX;

	for (uint32_t word = set->word[n]; word != 0; word &= word - 1) {
		uint32_t intid = 32 * n + (uint32_t)__builtin_ctz(word);
		uint32_t prio = priority(vcpu, intid);

		if (prio < best_prio) {
			best = intid;
			best_prio = prio;
		}
	}
	set->prio[n] = (uint8_t)best_prio;
	return best;
}

/*
 * The most urgent one, of equals that of the least INTID; VGIC_SET_EMPTY: there is none,
 * VGIC_SET_AGAIN: a bank has promised too much, and does so no longer. priority(): 0 to 0xff, of
 * one that is in the set.
 */
static inline __attribute__((always_inline)) uint32_t vgic_set_look(
	struct vgic_set *set, struct vcpu *vcpu,
	uint32_t (*priority)(struct vcpu *vcpu, uint32_t intid))
{
	uint32_t n, promised, best;

	if (set->banks == 0) {
		return VGIC_SET_EMPTY;
	}
	n = vgic_set_bank(set);
	promised = set->prio[n];
	best = vgic_set_learn(set, vcpu, n, priority);
	return set->prio[n] == promised ? best : VGIC_SET_AGAIN;
}

#endif
