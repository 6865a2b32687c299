/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ticket locks with ranks.
 *
 * The one order in which locks are taken, outermost first:
 *
 *   vm -> vcpu -> device -> hw -> frames -> vits -> vgic_dist -> vgic_cpu -> vgic_irq -> sched
 * -> page_alloc -> console
 *
 * Two of one rank: lower VM or CPU id first, and only where the header of the module says so. Debug
 * builds panic when a CPU takes a rank not above the highest it holds. Interrupts are masked
 * throughout EL2, so a holder is never interrupted; critical sections are bounded, so waiting is.
 */
#ifndef CORE_BASE_SPINLOCK_H
#define CORE_BASE_SPINLOCK_H

#include "core/base/panic.h"
#include "core/base/types.h"

enum lock_rank {
	RANK_VM = 1,
	RANK_VCPU,
	RANK_DEVICE,
	RANK_HW, /* drivers/hw/blk, drivers/hw/net */
	RANK_RANDOM,
	RANK_FRAMES,
	RANK_VITS,
	RANK_VGIC_DIST,
	RANK_VGIC_CPU,
	RANK_VGIC_IRQ,
	RANK_SCHED,
	RANK_PAGE_ALLOC,
	RANK_CONSOLE,
};

struct spinlock {
	uint16_t owner; /* ticket being served */
	uint16_t next;	/* ticket to hand out */
	uint8_t rank;	/* enum lock_rank */
} __attribute__((aligned(4)));

#define SPINLOCK_INIT(r)                                                                           \
	{                                                                                          \
		.owner = 0, .next = 0, .rank = (r)                                                 \
	}

static inline void spin_init(struct spinlock *lock, enum lock_rank rank)
{
	lock->next = 0;
	lock->owner = 0;
	lock->rank = (uint8_t)rank;
}

/* Debug builds: ranks this CPU holds. */
void spin_check_take(const struct spinlock *lock);
void spin_check_drop(const struct spinlock *lock);
bool spin_is_held(const struct spinlock *lock);

/* Acquire: what the last holder wrote is seen by this one. For the functions below. */
static inline void spin_lock_unchecked(struct spinlock *lock)
{
	uint16_t ticket = __atomic_fetch_add(&lock->next, 1, __ATOMIC_RELAXED);
	while (__atomic_load_n(&lock->owner, __ATOMIC_ACQUIRE) != ticket) {
#if defined(__aarch64__)
		__asm__ volatile("yield" ::: "memory");
#endif
	}
}

static inline void spin_lock(struct spinlock *lock)
{
	if (IS_ENABLED(DEBUG)) {
		spin_check_take(lock);
	}
	spin_lock_unchecked(lock);
}

/* Acquire, as above, if nobody has it. */
static inline bool spin_try_lock_unchecked(struct spinlock *lock)
{
#if defined(__aarch64__)
	/* both tickets at once: the compiler has no word for that which is as short. Measured */
	uint32_t both, taken;

	__asm__ volatile("1:	ldaxr	%w0, %2\n"
			 "	eor	%w1, %w0, %w0, ror #16\n"
			 "	cbnz	%w1, 2f\n"
			 "	add	%w0, %w0, #0x10, lsl #12\n"
			 "	stxr	%w1, %w0, %2\n"
			 "	cbnz	%w1, 1b\n"
			 "2:"
			 : "=&r"(both), "=&r"(taken), "+Q"(*(uint32_t *)(void *)lock)
			 :
			 : "memory");
	return taken == 0;
#else
	uint16_t ticket = __atomic_load_n(&lock->owner, __ATOMIC_ACQUIRE);

	return __atomic_compare_exchange_n(&lock->next, &ticket, (uint16_t)(ticket + 1), false,
					   __ATOMIC_RELAXED, __ATOMIC_RELAXED);
#endif
}

/* False: somebody has it, or waits for it. */
static inline bool spin_try_lock(struct spinlock *lock)
{
	if (!spin_try_lock_unchecked(lock)) {
		return false;
	}
	if (IS_ENABLED(DEBUG)) {
		spin_check_take(lock);
	}
	return true;
}

/* While `held` is, of the same rank and no other's above it: where a header says which of the two
 * comes first. */
void spin_check_beside(const struct spinlock *lock, const struct spinlock *held);
static inline void spin_lock_beside(struct spinlock *lock, const struct spinlock *held)
{
	if (IS_ENABLED(DEBUG)) {
		spin_check_beside(lock, held);
	}
	spin_lock_unchecked(lock);
}

/* Release: pairs with the acquire above. */
static inline void spin_unlock(struct spinlock *lock)
{
	if (IS_ENABLED(DEBUG)) {
		spin_check_drop(lock);
	}
	__atomic_store_n(&lock->owner, (uint16_t)(lock->owner + 1), __ATOMIC_RELEASE);
}

/* Does somebody wait for it, which this CPU holds? */
static inline bool spin_is_wanted(const struct spinlock *lock)
{
	return __atomic_load_n(&lock->next, __ATOMIC_RELAXED) != (uint16_t)(lock->owner + 1);
}

/* Opens every function whose name ends in _locked. */
#define SPIN_ASSERT_HELD(lock)                                                                     \
	do {                                                                                       \
		if (IS_ENABLED(DEBUG)) {                                                           \
			CHECK(spin_is_held(lock));                                                 \
		}                                                                                  \
	} while (0)

#endif
