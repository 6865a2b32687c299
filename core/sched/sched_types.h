/* SPDX-License-Identifier: Apache-2.0 */
/* What the scheduler knows of a vCPU: plain data. Times are ticks of CNTPCT_EL0. */
#ifndef CORE_SCHED_SCHED_TYPES_H
#define CORE_SCHED_SCHED_TYPES_H

#include "core/base/types.h"
#include "core/config/config_types.h"
#include "timer/deadline_types.h"

struct vcpu;
struct vm;

/* Places in `waited`: while a VM had the CPU, by its id; or nobody, since it was not yet their
 * window, or their budgets were used up. */
#define SCHED_HAD_NOBODY 0
#define SCHED_HAD(vm_id) (1 + (vm_id))

/* What became of the last turn of a vCPU that is ready. */
enum sched_turn {
	SCHED_TURN_NONE,    /* none has ended */
	SCHED_TURN_CUT_OFF, /* its slice was used up */
	SCHED_TURN_GIVEN,   /* it gave way */
};

struct sched_vcpu {
	/* atomic; changed with sched.c's lock: */
	uint32_t priority; /* 0 to 255, higher first */
	uint32_t place;	   /* the CPU that it has, or is on its way to */

	/* changed by sched_add() and the CPU's owner only */
	struct vcpu *next; /* on its CPU's list, or of those on their way to one */
	bool background;   /* out of budget, it may have time that nobody else wants */
	uint64_t slice;	   /* its turn among equals */
	uint64_t budget;   /* of CPU time in each period; 0: no budget, and no limit */
	uint64_t period;
	uint64_t share; /* core/sched/share.h: what its config's budget is; constant */
	uint64_t hcr;	/* HCR_TWI and HCR_TWE where the CPU is shared, else 0 */
	/* ticks before its timer is due from which on it has the CPU, where it takes that from
	 * others; 0: it is woken when it is due. Owner. */
	uint64_t lead;

	/* owner: */
	bool ready;	      /* as the scheduler saw it last */
	uint8_t turn;	      /* enum sched_turn: how its last one ended since it became ready */
	bool has_mates;	      /* its VM has more vCPUs; constant */
	uint64_t ticket;      /* its place among equals: lower first; 0 before all */
	uint64_t own_ticket;  /* and among those of its VM, for the turns that they share */
	uint64_t passed;      /* the last ticket given when it last went first as an heir */
	uint64_t hurried;     /* when it last went first for what it was to look at at once */
	uint64_t slice_left;  /* of its turn */
	int64_t budget_left;  /* until `deadline`; below 0: used in advance */
	uint64_t deadline;    /* end of its period */
	uint64_t waits_since; /* ready, and not running: from then on */
	uint64_t ran, stolen; /* in all: on a CPU; ready without one */
	uint64_t *waited;     /* of `stolen`, by `had` of who had the CPU meanwhile */
	uint64_t had;	      /* SCHED_HAD() of its own VM; constant */
};

/* One physical CPU's. Owner: that CPU; filled at boot. */
struct sched_cpu {
	bool shared; /* it has choices (several vCPUs, windows or a budget), or is measured */
	/* atomic; ticks since when its only vCPU's idle time is measured as if it had choices, and
	 * what that had run until then; 0: it is not */
	uint64_t measured, measured_ran;
	const struct vcpu *measured_of; /* atomic: that one; it holds for no other */
	/*
	 * Whom sched_pick() chose, as long as nothing has happened since that might change it:
	 * nobody else here was posted to, the timer for it has not fired. NULL: it chooses anew.
	 * While a guest runs it is that guest's vCPU, or NULL.
	 */
	struct vcpu *standing;
	uint32_t count, budget_count; /* vCPUs; of these with a budget */
	struct vcpu *first;	      /* of its vCPUs, in the order in which they were added */
	struct vcpu *arriving;	      /* atomic: those sent here, the last one first */
	/* what its config says of its windows; NULL: it has none */
	const struct schedule_config *schedule;
	const uint64_t *window_length; /* ticks */
	struct vm *const *window_owner;
	uint32_t window_count;
	uint64_t major; /* ticks: all windows */

	struct vcpu *current; /* chosen last; NULL: none */
	/* Whose turn that is: its priority, its budget, its slice. Itself, or one of its VM that
	   shares its turns. NULL where `current` is. */
	struct vcpu *donor;
	bool in_turn;	    /* the donor keeps the CPU among equals */
	bool in_background; /* it runs beyond its budget */
	uint64_t since;	    /* what it had before has been charged */
	uint64_t ticket;    /* given last */
	/* with windows: when this one gives the CPU up, which is `lead` before its end; whose it
	 * is; no guest of it is entered before it begins */
	uint64_t window_end;
	const struct vm *window_vm;
	uint64_t window_begin;
	uint64_t lead;	      /* ticks: DEADLINE_LEAD_US; constant */
	uint32_t ready_count; /* as it was seen last */
	uint64_t renewal;     /* when the first that waits for it has a budget again */
	/* one that has VCPU_EVENTS_URGENT goes first; between two of them who is before them has so
	 * many ticks. Constant; and until when that is */
	uint64_t urgent_gap, urgent_from;
	int64_t switch_cost; /* ticks: what who interrupts another pays for; constant */
	bool hurries;	     /* `current` went first for that: it has no turn */
	bool urgent_waits;   /* it has let one in who came just then */
	struct deadline timer;
	uint64_t armed; /* when the timer is to fire; UINT64_MAX: not set */
	/* given to vCPUs that are here or on their way, in 2^-32; with sched.c's lock */
	uint64_t promised;
	uint32_t promised_count;
	/* The choice stands until then if nobody becomes ready; no later than `armed`. UINT64_MAX:
	 * for ever */
	uint64_t until;
	/* whose vCPUs are here or on their way, by bit of their VM's config's index, and how many
	 * of each; with sched.c's lock */
	uint64_t promised_vms;
	uint8_t promised_of[CONFIG_VM_MAX];
	uint64_t home_vms; /* whose configs put vCPUs here; constant */
};

#endif
