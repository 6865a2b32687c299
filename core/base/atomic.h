/* SPDX-License-Identifier: Apache-2.0 */
/* Atomic operations, named by their ordering. Wrappers, so that no call site forgets to say which.
 */
#ifndef CORE_BASE_ATOMIC_H
#define CORE_BASE_ATOMIC_H

#include "core/base/types.h"

/* volatile, which for an aligned word is a relaxed load, and lets the compiler address it well */
#define atomic_read(p)		 (*(const volatile __typeof__(*(p)) *)(p))
#define atomic_read_acquire(p)	 (__atomic_load_n((p), __ATOMIC_ACQUIRE))
#define atomic_set(p, v)	 (__atomic_store_n((p), (v), __ATOMIC_RELAXED))
#define atomic_set_release(p, v) (__atomic_store_n((p), (v), __ATOMIC_RELEASE))

/* The old value; full ordering: what was written before is seen by who sees the bit, and the other
 * way. */
#define atomic_fetch_or(p, v)  (__atomic_fetch_or((p), (v), __ATOMIC_ACQ_REL))
#define atomic_fetch_and(p, v) (__atomic_fetch_and((p), (v), __ATOMIC_ACQ_REL))
#define atomic_fetch_add(p, v) (__atomic_fetch_add((p), (v), __ATOMIC_ACQ_REL))
#define atomic_exchange(p, v)  (__atomic_exchange_n((p), (v), __ATOMIC_ACQ_REL))

/* True if *p was `old` and is now `new`. */
#define atomic_replace(p, old, new)                                                                \
	({                                                                                         \
		__typeof__(*(p)) replace_old = (old);                                              \
		__atomic_compare_exchange_n((p), &replace_old, (new), false, __ATOMIC_ACQ_REL,     \
					    __ATOMIC_ACQUIRE);                                     \
	})

#endif
