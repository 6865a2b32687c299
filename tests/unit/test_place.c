/* SPDX-License-Identifier: Apache-2.0 */
/* Where a vCPU may be sent while it runs: the scheduler's promises, held against the config's check
 * of the same sums. And how long its choice stands. */
#include <string.h>

#include "core/arm64/features.h"
#include "core/arm64/pending.h"
#include "core/base/errno.h"
#include "core/base/percpu.h"
#include "core/sched/policy.h"
#include "core/sched/share.h"
#include "core/vm/vm.h"
#include "irq/hw/gic.h"
#include "tests/unit/fake_sysreg.h"
#include "tests/unit/fake_time.h"
#include "tests/unit/random.h"
#include "tests/unit/unit.h"

#define CPUS	4
#define VMS	3
#define VCPUS	8 /* of each VM */
#define OTHER	3 /* a CPU of another kind */
#define ABSENT	5 /* one that is not up */
#define TICK_HZ 62500000

/* Every CPU but the first has its copy of what is per CPU here. */
#define COPY (64 * 1024)
static uint8_t copies[CPUS][2 * COPY] __attribute__((aligned(64)));

PERCPU(struct cpu_id, cpu_id);

static struct vm vms[VMS];
static struct vm_config vm_configs[VMS];
static struct vcpu_config vcpu_configs[VMS][VCPUS];
static struct vcpu vcpus[VMS][VCPUS], *tables[VMS][VCPUS];
static uint32_t posts;
static struct vcpu *loaded;

/* -- what it calls -- */

void vcpu_post(struct vcpu *vcpu, uint32_t events)
{
	atomic_fetch_or(&vcpu->events, events);
	posts++;
	sched_note_post(vcpu, loaded);
}

void vcpu_trap_waits(struct vcpu *vcpu, bool on)
{
	(void)vcpu;
	(void)on;
}

struct vcpu *vcpu_loaded(void)
{
	return loaded;
}

uint64_t gic_sgi_to(uint32_t sgi, uint64_t mpidr)
{
	return sgi + mpidr;
}

void gic_v2_send_sgi(uint64_t to)
{
	(void)to;
}

bool irq_is_pending(void)
{
	return false;
}

void deadline_cancel(struct deadline *deadline)
{
	(void)deadline;
}

uint64_t deadline_from_us(uint64_t us)
{
	return us * (TICK_HZ / 10000) / 100;
}

/* -- set-up -- */

static void make_cpu(uint32_t cpu)
{
	if (cpu != 0) {
		percpu_set_offset(cpu, (uintptr_t)copies[cpu] + COPY - (uintptr_t)&cpu_index);
	}
	*percpu_of(cpu_index, cpu) = cpu;
	percpu_of(cpu_id, cpu)->midr = cpu == OTHER ? 2 : 1;
	memset((void *)(uintptr_t)sched_state_of(cpu), 0, sizeof(struct sched_cpu));
}

/* VM 0's vCPUs begin on CPU 0, VM 1's on CPU 1, VM 2's on CPU 2; no budgets, no windows. */
static int set_up(void **state)
{
	(void)state;
	memset(vms, 0, sizeof(vms));
	memset(vcpus, 0, sizeof(vcpus));
	memset(vcpu_configs, 0, sizeof(vcpu_configs));
	fake_time_reset(0, TICK_HZ);
	posts = 0;
	fake_sysreg_reset();
	loaded = NULL;
	for (uint32_t cpu = 0; cpu < CPUS; cpu++) {
		make_cpu(cpu);
	}
	for (uint32_t v = 0; v < VMS; v++) {
		vm_configs[v] = (struct vm_config){.index = v,
						   .vcpu = vcpu_configs[v],
						   .vcpu_count = VCPUS};
		vms[v].config = &vm_configs[v];
		vms[v].vcpu = tables[v];
		vms[v].vcpu_count = VCPUS;
		for (uint32_t i = 0; i < VCPUS; i++) {
			tables[v][i] = &vcpus[v][i];
			vcpus[v][i].vm = &vms[v];
			vcpus[v][i].index = i;
			vcpus[v][i].cpu = vcpu_configs[v][i].cpu = v;
			vcpus[v][i].midr = 1;
		}
	}
	return 0;
}

static void add_all(void)
{
	for (uint32_t v = 0; v < VMS; v++) {
		for (uint32_t i = 0; i < VCPUS; i++) {
			assert_int_equal(sched_add(&vcpus[v][i]), 0);
		}
	}
}

static void set_budget(uint32_t v, uint32_t i, uint32_t budget_us, uint32_t period_us)
{
	vcpu_configs[v][i].budget_us = budget_us;
	vcpu_configs[v][i].period_us = period_us;
	/* as core/vm/build.c has it */
	vcpus[v][i].sched.budget = deadline_from_us(budget_us);
	vcpus[v][i].sched.period = deadline_from_us(period_us);
}

static void set_windows(const struct schedule_config *schedule)
{
	static uint64_t length[CONFIG_WINDOW_MAX];
	static struct vm *owner[CONFIG_WINDOW_MAX];

	for (uint32_t i = 0; i < schedule->window_count; i++) {
		int32_t v = schedule->window[i].vm;

		length[i] = deadline_from_us(schedule->window[i].us);
		owner[i] = v < 0 ? NULL : &vms[v];
	}
	sched_set_windows(schedule, length, owner);
}

static int place(uint32_t v, uint32_t i, uint32_t cpu)
{
	return sched_place(&vcpus[v][i], cpu, SCHED_ANYBODY);
}

static uint32_t place_of(uint32_t v, uint32_t i)
{
	return vcpus[v][i].sched.place;
}

/* -- the cases -- */

static void goes(void **state)
{
	(void)state;
	add_all();
	assert_int_equal(place(0, 1, 1), 0);
	assert_int_equal(place_of(0, 1), 1);
	assert_int_equal(vcpus[0][1].events & VCPU_EVENT_PLACE, VCPU_EVENT_PLACE);
	assert_int_equal(posts, 1);
	/* it is on its way there already */
	assert_int_equal(place(0, 1, 1), 0);
	assert_int_equal(posts, 1);
	/* back, before it has gone */
	assert_int_equal(place(0, 1, 0), 0);
	assert_int_equal(place_of(0, 1), 0);
}

static void no_such_cpu(void **state)
{
	(void)state;
	add_all();
	assert_int_equal(place(0, 0, ABSENT), -ENODEV);
	assert_int_equal(place(0, 0, PERCPU_CPU_MAX), -ENODEV);
	assert_int_equal(place(0, 0, UINT32_MAX), -ENODEV);
	assert_int_equal(place(0, 0, OTHER), -EINVAL);
	assert_int_equal(place_of(0, 0), 0);
	assert_int_equal(posts, 0);
}

static void full(void **state)
{
	static struct vcpu crowd[SCHED_VCPU_MAX];

	(void)state;
	add_all();
	for (uint32_t i = 0; i < SCHED_VCPU_MAX - VCPUS; i++) {
		crowd[i] = (struct vcpu){.vm = &vms[0], .index = 0, .cpu = 1, .midr = 1};
		assert_int_equal(sched_add(&crowd[i]), 0);
	}
	assert_int_equal(place(0, 0, 1), -ENOSPC);
	/* one goes: there is a place at once */
	assert_int_equal(place(1, 0, 2), 0);
	assert_int_equal(place(0, 0, 1), 0);
	assert_int_equal(place(1, 0, 1), -ENOSPC);
}

/* All of a CPU's time can be given away, and not a thousandth more. */
static void budgets(void **state)
{
	(void)state;
	set_budget(0, 0, 3333, 10000);
	set_budget(0, 1, 3333, 10000);
	set_budget(1, 0, 3334, 10000);
	set_budget(1, 1, 100, 100000);
	set_budget(2, 0, 6667, 10000);
	add_all();
	assert_int_equal(place(0, 0, 2), 0);
	assert_int_equal(place(0, 1, 2), -E2BIG);
	assert_int_equal(place(1, 1, 2), -E2BIG);
	assert_int_equal(place(0, 1, 1), 0);
	/* one without a budget needs no room */
	assert_int_equal(place(0, 2, 2), 0);
	assert_int_equal(place(2, 0, 1), -E2BIG);
	/* where another's was there is room as soon as that is to go */
	assert_int_equal(place(0, 0, 0), 0);
	assert_int_equal(place(1, 1, 2), 0);
}

static void only_with_a_window(void **state)
{
	static const struct window_config window[] = {{4000, 1}, {1000, -1}, {5000, 2}};
	static const struct schedule_config schedule = {.cpu = 1,
							.window = window,
							.window_count = 3};

	(void)state;
	add_all();
	set_windows(&schedule);
	assert_int_equal(place(0, 0, 1), -EFAULT);
	assert_int_equal(place_of(0, 0), 0);
	assert_int_equal(place(2, 0, 1), 0);
}

/* Budgets of a VM fit into its windows, those of others don't matter. */
static void budgets_in_windows(void **state)
{
	static const struct window_config window[] = {{2000, 0}, {5000, 1}, {2000, -1}, {1000, 0}};
	static const struct schedule_config schedule = {.cpu = 1,
							.window = window,
							.window_count = 4};

	(void)state;
	set_budget(0, 0, 2000, 10000);
	set_budget(0, 1, 1000, 10000);
	set_budget(0, 2, 100, 100000);
	set_budget(1, 0, 5000, 10000);
	set_budget(2, 0, 100, 100000);
	add_all();
	set_windows(&schedule);
	/* both windows of its own count, and nobody's does not */
	assert_int_equal(place(0, 0, 1), 0);
	assert_int_equal(place(0, 1, 1), 0);
	/* a thousandth of the CPU, of which a fifth is nobody's */
	assert_int_equal(place(0, 2, 1), -EDQUOT);
	assert_int_equal(place_of(0, 2), 0);
	/* without a budget it has what the others of its VM leave */
	assert_int_equal(place(0, 3, 1), 0);
	assert_int_equal(place(2, 0, 1), -EFAULT);
	/* one of them leaves */
	assert_int_equal(place(0, 1, 0), 0);
	assert_int_equal(place(0, 2, 1), 0);
	assert_int_equal(place(0, 1, 1), -EDQUOT);
}

/* A counter's ticks are no whole microseconds: what the check of the config allowed has its place
 * again after it was away. */
static void back_again(void **state)
{
	static const struct window_config window[] = {{101, 0}, {101, 1},  {103, 0}, {997, 1},
						      {101, 0}, {103, -1}, {107, 0}};
	static const struct schedule_config schedule = {.cpu = 1,
							.window = window,
							.window_count = ARRAY_COUNT(window)};
	uint32_t frame = 1613, mine = 412;

	(void)state;
	assert_int_equal(share_frame_us(&schedule), frame);
	assert_int_equal(share_window_us(&schedule, 0), mine);
	for (uint32_t i = 0; i < 4; i++) {
		vcpus[0][i].cpu = 1;
		set_budget(0, i, mine / 4, frame);
	}
	add_all();
	set_windows(&schedule);
	for (uint32_t i = 0; i < 4; i++) {
		assert_int_equal(place(0, i, 2), 0);
		assert_int_equal(place(0, i, 1), 0);
	}
	/* and thirds of a CPU, in odd periods */
	set_up(state);
	set_budget(0, 0, 101, 303);
	set_budget(0, 1, 202, 606);
	set_budget(0, 2, 337, 1011);
	add_all();
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(place(0, i, 2), 0);
	}
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(place(0, i, 0), 0);
	}
}

/* -- at random, against sums of fractions -- */

static const struct window_config random_window[] = {{3000, 0}, {1000, 1}, {2000, -1}, {4000, 0}};
static const struct schedule_config random_schedule = {.cpu = 1,
						       .window = random_window,
						       .window_count = 4};

/* Of a million; 0: all VMs'. */
static double asked(uint32_t cpu, const struct vm *of)
{
	double sum = 0;

	for (uint32_t v = 0; v < VMS; v++) {
		for (uint32_t i = 0; i < VCPUS; i++) {
			const struct vcpu_config *config = &vcpu_configs[v][i];

			if (vcpus[v][i].sched.place == cpu && (of == NULL || of == &vms[v]) &&
			    config->budget_us != 0) {
				sum += (double)config->budget_us / config->period_us;
			}
		}
	}
	return sum;
}

static void is_kept(void)
{
	const double slack = 1e-8;

	for (uint32_t cpu = 0; cpu < CPUS - 1; cpu++) {
		assert_true(asked(cpu, NULL) <= 1 + slack);
	}
	assert_true(asked(1, &vms[0]) <= 0.7 + slack);
	assert_true(asked(1, &vms[1]) <= 0.1 + slack);
	assert_true(asked(1, &vms[2]) == 0);
}

static void at_random(void **state)
{
	struct random random = {5};
	uint32_t refused = 0, moved = 0;

	(void)state;
	for (uint32_t v = 0; v < VMS; v++) {
		for (uint32_t i = 0; i < VCPUS; i += 1 + (v == 1) * VCPUS) {
			set_budget(v, i, 600 + random_below(&random, 500),
				   v == 1 ? 11000 : 9000 + random_below(&random, 1000));
		}
	}
	add_all();
	set_windows(&random_schedule);
	is_kept();
	for (uint32_t n = 0; n < 20000; n++) {
		uint32_t v = random_below(&random, VMS), i = random_below(&random, VCPUS);
		uint32_t to = random_below(&random, CPUS - 1), before = place_of(v, i);
		int err = place(v, i, to);

		assert_true(err == 0 || err == -E2BIG || err == -EFAULT || err == -EDQUOT);
		assert_int_equal(place_of(v, i), err == 0 ? to : before);
		is_kept();
		refused += err == -EDQUOT || err == -E2BIG;
		moved += err == 0 && before != to;
		/* nothing is refused that fits */
		if (err == -E2BIG || err == -EDQUOT) {
			double more =
				(double)vcpu_configs[v][i].budget_us / vcpu_configs[v][i].period_us;

			assert_true(err == -E2BIG ? asked(to, NULL) + more > 1 - 1e-8 :
						    asked(to, &vms[v]) + more >
							    (v == 0 ? 0.7 : 0.1) - 1e-8);
		}
	}
	assert_true(refused > 100 && moved > 1000);
}

static void priority_goes_anywhere(void **state)
{
	(void)state;
	add_all();
	assert_int_equal(sched_set_priority(&vcpus[0][0], SCHED_PRIORITY_MAX, SCHED_ANYBODY), 0);
	assert_int_equal(vcpus[0][0].sched.priority, SCHED_PRIORITY_MAX);
	assert_int_equal(vcpus[0][0].events & VCPU_EVENT_PLACE, VCPU_EVENT_PLACE);
	assert_int_equal(place_of(0, 0), 0);
}

/* What who manages VMs 0 and 1 may give: their time, and not that of VM 2. */
#define OURS (BIT(0) | BIT(1))

static int place_by(uint32_t cpu)
{
	return sched_place(&vcpus[0][0], cpu, OURS);
}

static int urge(uint32_t priority)
{
	return sched_set_priority(&vcpus[0][0], priority, OURS);
}

static void set_priority(uint32_t v, uint32_t i, uint32_t priority)
{
	vcpu_configs[v][i].priority = vcpus[v][i].sched.priority = priority;
}

static void strangers_keep_their_cpus(void **state)
{
	(void)state;
	add_all();
	set_priority(0, 0, 100);
	assert_int_equal(place_by(2), -EACCES);
	assert_int_equal(place_of(0, 0), 0);
	assert_int_equal(vcpus[0][0].events, 0);
	assert_int_equal(place_by(1), 0);
	assert_int_equal(urge(SCHED_PRIORITY_MAX), 0);
	assert_int_equal(place_by(0), 0);
	/* one of them comes to another CPU, by who may do all: the last has to be gone */
	for (uint32_t i = 0; i < VCPUS; i++) {
		assert_int_equal(place(2, i, 1), 0);
		assert_int_equal(place_by(1), -EACCES);
	}
	for (uint32_t i = 0; i < VCPUS; i++) {
		assert_int_equal(place_by(1), -EACCES);
		assert_int_equal(place(2, i, 0), 0);
	}
	assert_int_equal(place_by(1), 0);
}

static void strangers_find_theirs_as_it_was(void **state)
{
	(void)state;
	add_all();
	set_priority(0, 0, 100);
	for (uint32_t i = 0; i < VCPUS; i++) {
		assert_int_equal(place(2, i, 1), 0);
	}
	/* nobody is there, but they may come back */
	assert_int_equal(place_by(2), -EACCES);
	assert_int_equal(place(0, 0, 2), 0);
	assert_int_equal(urge(101), -EACCES);
	assert_int_equal(place_by(0), 0);
}

static void what_the_config_gave_is_given(void **state)
{
	(void)state;
	add_all();
	set_priority(0, 0, 100);
	assert_int_equal(place_by(1), 0);
	/* where it began are strangers now: it is there as the config has it, or not at all */
	assert_int_equal(place(2, 0, 0), 0);
	assert_int_equal(urge(101), 0);
	assert_int_equal(place_by(0), -EACCES);
	assert_int_equal(urge(100), 0);
	assert_int_equal(place_by(0), 0);
	assert_int_equal(urge(101), -EACCES);
	assert_int_equal(vcpus[0][0].sched.priority, 100);
	assert_int_equal(urge(99), 0);
	assert_int_equal(urge(100), 0);
	/* what another of its VM had is not its own */
	set_priority(0, 1, 200);
	assert_int_equal(urge(200), -EACCES);
	vcpu_configs[0][1].cpu = 2;
	assert_int_equal(place_by(2), -EACCES);
}

static void who_may_do_all_gives_no_rights(void **state)
{
	(void)state;
	add_all();
	set_priority(0, 0, 100);
	assert_int_equal(place(0, 0, 2), 0);
	assert_int_equal(sched_set_priority(&vcpus[0][0], 200, SCHED_ANYBODY), 0);
	/* less is no time of others, and can't be taken back */
	assert_int_equal(urge(201), -EACCES);
	assert_int_equal(urge(150), 0);
	assert_int_equal(urge(151), -EACCES);
	assert_int_equal(place_by(0), 0);
	assert_int_equal(place_by(2), -EACCES);
}

/* It is not as its config has it: so nobody is there, or may come, but who `beside` has. */
static void is_among(uint32_t v, uint32_t i, uint64_t beside)
{
	const struct vcpu_config *own = &vcpu_configs[v][i];
	uint32_t place = place_of(v, i);

	if (place == own->cpu && vcpus[v][i].sched.priority <= own->priority) {
		return;
	}
	for (uint32_t other = 0; other < VMS; other++) {
		for (uint32_t k = 0; (beside >> other & 1) == 0 && k < VCPUS; k++) {
			assert_int_not_equal(place_of(other, k), place);
			assert_int_not_equal(vcpu_configs[other][k].cpu, place);
		}
	}
}

/* One manages VMs 0 and 1, the other VM 2; they share the CPUs of some of their vCPUs. */
static void managers_at_random(void **state)
{
	static const uint64_t beside[VMS] = {OURS, OURS, BIT(2)};
	struct random random = {7};
	uint32_t denied = 0, moved = 0;

	(void)state;
	vcpus[0][0].cpu = vcpu_configs[0][0].cpu = 2;
	vcpus[2][1].cpu = vcpu_configs[2][1].cpu = 1;
	for (uint32_t v = 0; v < VMS; v++) {
		for (uint32_t i = 0; i < 3; i++) {
			set_priority(v, i, 1);
		}
	}
	add_all();
	for (uint32_t n = 0; n < 20000; n++) {
		uint32_t v = random_below(&random, VMS), i = random_below(&random, 3);
		uint32_t before = place_of(v, i);
		int err;

		if (random_below(&random, 2) == 0) {
			err = sched_set_priority(&vcpus[v][i], random_below(&random, 3), beside[v]);
		} else {
			err = sched_place(&vcpus[v][i], random_below(&random, CPUS - 1), beside[v]);
		}
		assert_true(err == 0 || err == -EACCES);
		denied += err != 0;
		moved += place_of(v, i) != before;
		for (v = 0; v < VMS; v++) {
			for (i = 0; i < 3; i++) {
				is_among(v, i, beside[v]);
			}
		}
	}
	assert_true(denied > 1000 && moved > 1000);
}

/* -- how long a choice stands -- */

#define A (&vcpus[0][0])
#define B (&vcpus[1][0])
static uint64_t waited[2][SCHED_HAD(VMS)];

/* Two VMs on CPU 0, A before B; A runs. */
static int two_on_one(void **state)
{
	set_up(state);
	memset(waited, 0, sizeof(waited));
	for (uint32_t v = 0; v < 2; v++) {
		struct vcpu *vcpu = &vcpus[v][0];

		vms[v].id = v;
		vcpu->cpu = 0;
		vcpu->sched.waited = waited[v];
		vcpu->sched.had = SCHED_HAD(v);
		vcpu->sched.slice = 1000;
		vcpu->sched.priority = 100 - v;
		assert_int_equal(sched_add(vcpu), 0);
	}
	assert_ptr_equal(sched_pick(), A);
	loaded = A;
	return 0;
}

static bool asks_again(void)
{
	return (A->events & VCPU_EVENT_SCHED) != 0;
}

static void stands(void **state)
{
	(void)state;
	/* as nobody has a reason to do */
	B->sched.priority = 200;
	assert_ptr_equal(sched_pick(), A);
	/* what is posted to itself changes nothing */
	vcpu_post(A, VCPU_EVENT_VGIC);
	assert_ptr_equal(sched_pick(), A);
	assert_false(asks_again());
	/* it goes back to its guest by way of the scheduler */
	vcpu_post(B, VCPU_EVENT_VGIC);
	assert_true(asks_again());
	assert_ptr_equal(sched_pick(), B);
	assert_false(asks_again());
	/* B is not loaded yet: what is posted in between ends its way */
	B->sched.priority = 50;
	vcpu_post(B, VCPU_EVENT_WORK);
	assert_ptr_equal(sched_pick(), B);
	B->events = 0;
	vcpu_post(A, VCPU_EVENT_WORK);
	assert_true((B->events & VCPU_EVENT_SCHED) != 0);
	assert_false(asks_again());
	assert_ptr_equal(sched_pick(), A);
}

static void stands_no_longer(void **state)
{
	(void)state;
	A->hold = VCPU_HOLD_STANDBY;
	assert_ptr_equal(sched_pick(), B);
	A->hold = 0;
	assert_ptr_equal(sched_pick(), B);
	/* another CPU has posted to A, and kicks */
	loaded = B;
	A->events = VCPU_EVENT_TIMER;
	sched_kicked();
	assert_ptr_equal(sched_pick(), A);
	loaded = A;
	A->events = 0;
	A->sched.priority = B->sched.priority;
	assert_ptr_equal(sched_pick(), A);
	sched_give_way(A);
	assert_ptr_equal(sched_pick(), B);
	/* its slice is over */
	loaded = B;
	sysreg_write(cntpct_el0, 1000);
	fake_interrupt_at(1000);
	assert_ptr_equal(sched_pick(), A);
	loaded = A;
	/* something of who is here has changed */
	B->sched.priority = 200;
	sched_look_again();
	assert_ptr_equal(sched_pick(), B);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE_IN("a vCPU is promised its place, and its CPU told", goes, set_up),
		CASE_IN("a CPU that is not there, or of another kind, takes none", no_such_cpu,
			set_up),
		CASE_IN("a CPU takes so many and no more", full, set_up),
		CASE_IN("budgets are all of a CPU's time at most", budgets, set_up),
		CASE_IN("a CPU with windows takes those of VMs that have one", only_with_a_window,
			set_up),
		CASE_IN("budgets of a VM are its windows at most", budgets_in_windows, set_up),
		CASE_IN("what the config gave can be had again", back_again, set_up),
		CASE_IN("whatever is asked for, what is promised fits", at_random, set_up),
		CASE_IN("a priority is changed where the vCPU is", priority_goes_anywhere, set_up),
		CASE_IN("who manages some VMs takes no CPU of others", strangers_keep_their_cpus,
			set_up),
		CASE_IN("nor that of one that is away", strangers_find_theirs_as_it_was, set_up),
		CASE_IN("a vCPU may always be as its config has it", what_the_config_gave_is_given,
			set_up),
		CASE_IN("what the operator does gives a manager no rights",
			who_may_do_all_gives_no_rights, set_up),
		CASE_IN("managers take nothing from each other, at random", managers_at_random,
			set_up),
		CASE_IN("a choice stands until another is posted to", stands, two_on_one),
		CASE_IN("a choice ends with a sleep, a kick, a turn or a change", stands_no_longer,
			two_on_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
