/* SPDX-License-Identifier: Apache-2.0 */
/* Debug builds: the order of locks is checked at each take. */
#include "core/base/spinlock.h"

#include "core/base/percpu.h"

#define HELD_MAX 16

struct held_locks {
	const struct spinlock *lock[HELD_MAX];
	uint32_t count;
};

static PERCPU(struct held_locks, held_locks);

/* `beside`, which is held, may have the same rank; NULL: none may. */
static void check_take(const struct spinlock *lock, const struct spinlock *beside)
{
	struct held_locks *held = &this_cpu(held_locks);

	for (uint32_t i = 0; i < held->count; i++) {
		uint32_t highest = held->lock[i]->rank + (held->lock[i] == beside ? 0U : 1U);

		if (highest > lock->rank) {
			panic("lock order: rank %u taken while rank %u is held", lock->rank,
			      held->lock[i]->rank);
		}
	}
	CHECK(held->count < HELD_MAX);
	held->lock[held->count++] = lock;
}

void spin_check_take(const struct spinlock *lock)
{
	check_take(lock, NULL);
}

void spin_check_beside(const struct spinlock *lock, const struct spinlock *held)
{
	CHECK(spin_is_held(held));
	check_take(lock, held);
}

void spin_check_drop(const struct spinlock *lock)
{
	struct held_locks *held = &this_cpu(held_locks);

	for (uint32_t i = held->count; i-- > 0;) {
		if (held->lock[i] == lock) {
			held->lock[i] = held->lock[--held->count];
			return;
		}
	}
	panic("a lock of rank %u is dropped by a CPU that does not hold it", lock->rank);
}

bool spin_is_held(const struct spinlock *lock)
{
	const struct held_locks *held = &this_cpu(held_locks);

	for (uint32_t i = 0; i < held->count; i++) {
		if (held->lock[i] == lock) {
			return true;
		}
	}
	return false;
}
