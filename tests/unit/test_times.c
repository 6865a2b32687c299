/* SPDX-License-Identifier: Apache-2.0 */
/* How long exits keep EL2: when an exit begins and ends, whose it is, and which table is used. */
#include <string.h>

#include "core/arm64/esr.h"
#include "core/exit/el2_fault.h"
#include "core/exit/times.h"
#include "core/exit/trace.h"
#include "core/sched/policy.h"
#include "irq/hw/gic.h"
#include "tests/unit/fake_sysreg.h"
#include "tests/unit/unit.h"
#include "timer/deadline.h"

#define VCPUS 2
#define HVC   ((uint64_t)EC_HVC64 << 26)
#define STORE ((uint64_t)EC_DABT_LOWER << 26)

const char el2_vectors[1], el2_vectors_gicv2[1], el2_vectors_timed[1];

static struct vm vm;
static struct vcpu vcpus[VCPUS], *table[VCPUS] = {&vcpus[0], &vcpus[1]};
static struct sched_cpu cpu;
static uint64_t now, costs;
static uint32_t posted;
static struct exit_first answer;
static void (*second)(void);
static struct vcpu *next;
static bool v2;

static int set_up(void **state)
{
	(void)state;
	fake_sysreg_reset();
	memset(&vm, 0, sizeof(vm));
	memset(vcpus, 0, sizeof(vcpus));
	memset(&cpu, 0, sizeof(cpu));
	vm.vcpu = table;
	vm.vcpu_count = 1; /* the other one is a neighbour's */
	cpu.first = &vcpus[0];
	vcpus[0].sched.next = &vcpus[1];
	now = 1000;
	posted = 0;
	second = NULL;
	next = &vcpus[0];
	v2 = false;
	answer = (struct exit_first){&vcpus[0], EXIT_RESUME};
	return 0;
}

/* -- what is around it -- */

uint64_t deadline_now(void)
{
	return now;
}

bool gic_is_v2(void)
{
	return v2;
}

void vcpu_post(struct vcpu *vcpu, uint32_t events)
{
	assert_ptr_equal(vcpu, &vcpus[0]);
	posted |= events;
}

const struct sched_cpu *sched_state_of(uint32_t index)
{
	(void)index;
	return &cpu;
}

uint32_t trace_cause(const struct trace_record *record)
{
	return record->what < TRACE_IRQ ? HYPERCALL_CAUSE_INTERRUPT :
	       record->what == HVC	? HYPERCALL_CAUSE_HVC :
					  HYPERCALL_CAUSE_STORE;
}

struct exit_first exit_sync(struct vcpu *vcpu, uint64_t esr)
{
	(void)vcpu;
	(void)esr;
	now += costs;
	return answer;
}

struct exit_first exit_sync_whole(struct vcpu *vcpu, uint64_t esr)
{
	return exit_sync(vcpu, esr);
}

struct exit_first exit_irq(struct vcpu *vcpu, uint64_t unused, uint64_t record)
{
	assert_int_equal(record, 77);
	return exit_sync(vcpu, unused);
}

struct exit_first exit_irq_gicv2(struct vcpu *vcpu, uint64_t unused, uint64_t record)
{
	(void)record;
	now += 1000000;
	return exit_sync(vcpu, unused);
}

struct vcpu *exit_second(struct vcpu *vcpu, uint64_t action)
{
	(void)vcpu;
	(void)action;
	now += costs;
	if (second != NULL) {
		second();
	}
	return next;
}

struct vcpu *exit_serror(struct vcpu *vcpu, uint64_t esr)
{
	return exit_second(vcpu, esr);
}

/* -- cases -- */

static void ask(bool on)
{
	times_ask(&vm, on);
	assert_int_equal(posted, VCPU_EVENT_PLACE);
	times_take(&vcpus[0]);
}

/* As vectors.S does: the guest of vCPU i is left now. */
static struct vcpu *leave(uint32_t i)
{
	vcpus[i].times.left_at = now;
	return &vcpus[i];
}

static void is(uint32_t i, uint32_t cause, uint64_t count, uint64_t ticks, uint64_t max)
{
	struct exit_time time = times_of(&vcpus[i], cause);

	assert_int_equal(time.count, count);
	assert_int_equal(time.ticks, ticks);
	assert_int_equal(time.max, max);
}

static uint64_t counted(uint32_t i)
{
	uint64_t count = 0;

	for (uint32_t cause = 0; cause < HYPERCALL_CAUSE_COUNT; cause++) {
		count += times_of(&vcpus[i], cause).count;
	}
	return count;
}

static void first_stage(void **state)
{
	(void)state;
	ask(true);
	for (costs = 100; costs <= 300; costs += 100) {
		assert_int_equal(times_sync(leave(0), HVC).action, EXIT_RESUME);
		now += 5000; /* the guest's */
	}
	costs = 40;
	times_irq(leave(0), 0, 77);
	is(0, HYPERCALL_CAUSE_HVC, 3, 600, 300);
	is(0, HYPERCALL_CAUSE_INTERRUPT, 1, 40, 40);
	v2 = true;
	times_irq(leave(0), 0, 0);
	is(0, HYPERCALL_CAUSE_INTERRUPT, 2, 1000080, 1000040);
	assert_int_equal(counted(0), 5);
}

static void later_stages(void **state)
{
	(void)state;
	ask(true);
	costs = 100;
	/* decided with all registers */
	answer.action = EXIT_WHOLE;
	times_sync(leave(0), STORE);
	assert_int_equal(counted(0), 0);
	answer.action = EXIT_RESUME;
	times_sync_whole(&vcpus[0], STORE);
	is(0, HYPERCALL_CAUSE_STORE, 1, 200, 200);
	/* by the run loop, which enters the neighbour */
	answer.action = EXIT_NEXT;
	next = &vcpus[1];
	times_sync(leave(0), HVC);
	assert_ptr_equal(times_second(&vcpus[0], EXIT_NEXT), &vcpus[1]);
	is(0, HYPERCALL_CAUSE_HVC, 1, 200, 200);
	/* whose exits are nobody's business */
	times_irq(leave(1), 0, 77);
	times_second(&vcpus[1], EXIT_NEXT);
	assert_int_equal(counted(1), 0);
	times_serror(leave(0), STORE);
	is(0, HYPERCALL_CAUSE_STORE, 2, 300, 200);
	assert_int_equal(counted(0), 3);
}

static void sleep_long(void)
{
	times_leave(NULL);
	now += 1000000;
}

static void move_away(void)
{
	times_leave(&vcpus[1]); /* not that one */
	now += 10;
	times_leave(&vcpus[0]);
	now += 1000000;
}

/* What a CPU waits for is not the exit's time, nor what it does for others then. */
static void ends_early(void **state)
{
	(void)state;
	ask(true);
	costs = 100;
	answer.action = EXIT_ADVANCE_STANDBY;
	second = sleep_long;
	times_sync(leave(0), HVC);
	times_second(&vcpus[0], EXIT_ADVANCE_STANDBY);
	is(0, HYPERCALL_CAUSE_HVC, 1, 200, 200);
	second = move_away;
	times_sync(leave(0), HVC);
	times_second(&vcpus[0], EXIT_NEXT);
	is(0, HYPERCALL_CAUSE_HVC, 2, 410, 210);
}

static uint64_t vectors(void)
{
	return sysreg_read(vbar_el2);
}

static void tables(void **state)
{
	(void)state;
	times_take(&vcpus[0]);
	assert_int_equal(vectors(), (uint64_t)el2_vectors);
	ask(true);
	assert_int_equal(vectors(), (uint64_t)el2_vectors_timed);
	/* it goes, and comes to a CPU where nothing is measured */
	cpu.first = &vcpus[1];
	times_look_again();
	assert_int_equal(vectors(), (uint64_t)el2_vectors);
	cpu.first = &vcpus[0];
	times_take(&vcpus[0]);
	assert_int_equal(vectors(), (uint64_t)el2_vectors_timed);
	ask(false);
	assert_int_equal(vectors(), (uint64_t)el2_vectors);
	v2 = true;
	times_look_again();
	assert_int_equal(vectors(), (uint64_t)el2_vectors_gicv2);
}

/* Each time it is asked for anew it begins at 0; an event that says nothing new changes nothing. */
static void begins_anew(void **state)
{
	(void)state;
	ask(true);
	assert_int_equal(times_since(&vcpus[0]), 1000);
	costs = 50;
	times_sync(leave(0), HVC);
	times_take(&vcpus[0]);
	is(0, HYPERCALL_CAUSE_HVC, 1, 50, 50);
	ask(true);
	assert_int_equal(counted(0), 0);
	times_sync(leave(0), HVC);
	ask(false);
	assert_int_equal(times_since(&vcpus[0]), 0);
	/* one that began before */
	times_sync(leave(0), HVC);
	assert_int_equal(counted(0), 0);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE_IN("an exit that ends in line is counted with its time", first_stage, set_up),
		CASE_IN("one that the run loop ends is its vCPU's, whoever is entered",
			later_stages, set_up),
		CASE_IN("one ends when its CPU sleeps or its vCPU goes", ends_early, set_up),
		CASE_IN("a CPU uses the other table while it has a vCPU that is measured", tables,
			set_up),
		CASE_IN("what is asked for anew begins at 0", begins_anew, set_up),
	};

	return cmocka_run_group_tests(cases, NULL, NULL);
}
