/* SPDX-License-Identifier: Apache-2.0 */
/* When a vCPU that sleeps is woken by its timers. */
#include <string.h>

#include "core/arm64/sysreg.h"
#include "core/vm/vm.h"
#include "irq/vgic/vgic.h"
#include "tests/unit/fake_sysreg.h"
#include "tests/unit/unit.h"
#include "timer/deadline.h"
#include "timer/vtimer.h"

#define HZ   1000000 /* a tick is a microsecond */
#define LEAD 5
#define ON   CNT_CTL_ENABLE

static struct vm vm;
static struct vcpu vcpu, *loaded;
static uint32_t posted;
static bool line;

struct vcpu *vcpu_loaded(void)
{
	return loaded;
}

void vcpu_post(struct vcpu *to, uint32_t events)
{
	assert_ptr_equal(to, &vcpu);
	posted |= events;
}

void vgic_set_private_line(struct vcpu *of, uint32_t intid, bool level)
{
	assert_ptr_equal(of, &vcpu);
	assert_int_equal(intid, VTIMER_PHYS_INTID);
	line = level;
}

void vgic_link_private(struct vcpu *of, uint32_t intid, bool (*level)(struct vcpu *, uint32_t))
{
	(void)of;
	(void)level;
	assert_int_equal(intid, VTIMER_VIRT_INTID);
}

void vgic_take_linked(struct vcpu *of, uint32_t intid)
{
	(void)of;
	assert_int_equal(intid, VTIMER_VIRT_INTID);
}

static int set_up(void **state)
{
	(void)state;
	fake_sysreg_reset();
	sysreg_write(cntfrq_el0, HZ);
	memset(&vm, 0, sizeof(vm));
	memset(&vcpu, 0, sizeof(vcpu));
	posted = 0;
	line = false;
	vcpu.vm = &vm;
	vcpu.power = VCPU_ON;
	vcpu.vgic.bank.enabled = 1U << VTIMER_VIRT_INTID | 1U << VTIMER_PHYS_INTID;
	deadline_cpu_init();
	vtimer_create(&vcpu);
	vtimer_start(&vcpu);
	loaded = &vcpu;
	return 0;
}

/* Its guest has armed the timer and sleeps; somebody else has the CPU. */
static void sleep_until(uint64_t cval)
{
	sysreg_write(cntv_cval_el0, cval);
	sysreg_write(cntv_ctl_el0, ON);
	vcpu.hold = VCPU_HOLD_STANDBY;
	vtimer_save(&vcpu);
	loaded = NULL;
}

static uint64_t alarm(void)
{
	return sysreg_read(cnthp_ctl_el2) == 0 ? UINT64_MAX : sysreg_read(cnthp_cval_el2);
}

static void pass(uint64_t to)
{
	sysreg_write(cntpct_el0, to);
	deadline_interrupt();
}

static void when_it_is_due(void **state)
{
	(void)state;
	vm.cntvoff = 50;
	sleep_until(100);
	assert_int_equal(alarm(), 150);
	pass(149);
	assert_int_equal(posted, 0);
	pass(150);
	assert_int_equal(posted, VCPU_EVENT_TIMER);
	assert_false(vtimer_is_early(&vcpu));
}

static void before_it_is_due(void **state)
{
	(void)state;
	vcpu.sched.lead = LEAD;
	sleep_until(100);
	assert_int_equal(alarm(), 100 - LEAD);
	pass(100 - LEAD);
	assert_int_equal(posted, VCPU_EVENT_TIMER);
	assert_true(vtimer_is_early(&vcpu));
	sysreg_write(cntpct_el0, 99);
	assert_true(vtimer_is_early(&vcpu));
	sysreg_write(cntpct_el0, 100);
	assert_false(vtimer_is_early(&vcpu));
	/* nor one that no longer sleeps */
	sysreg_write(cntpct_el0, 99);
	vcpu.hold = 0;
	assert_false(vtimer_is_early(&vcpu));
}

/* A timer in the first microseconds of all, and one that is due already. */
static void without_time_for_it(void **state)
{
	(void)state;
	vcpu.sched.lead = LEAD;
	sleep_until(LEAD - 1);
	assert_int_equal(alarm(), 0);
	vtimer_stop(&vcpu);
	assert_int_equal(alarm(), UINT64_MAX);
	sysreg_write(cntpct_el0, 200);
	sleep_until(100);
	assert_int_equal(alarm(), 100 - LEAD);
	assert_false(vtimer_is_early(&vcpu));
}

/* The physical timer wakes by a deadline of its own; it is the vCPU that has to be there. */
static void physical(void **state)
{
	(void)state;
	vtimer_write(&vcpu, VTIMER_CVAL, 90);
	vtimer_write(&vcpu, VTIMER_CTL, ON);
	sleep_until(100);
	assert_int_equal(alarm(), 90);
	loaded = &vcpu;
	vtimer_load(&vcpu);
	vcpu.sched.lead = LEAD;
	sleep_until(100);
	assert_int_equal(alarm(), 90 - LEAD);
	pass(90 - LEAD);
	assert_int_equal(posted, VCPU_EVENT_TIMER);
	assert_true(vtimer_is_early(&vcpu));
	loaded = &vcpu;
	pass(90);
	assert_false(vtimer_is_early(&vcpu));
	assert_true(line);
}

/* An interrupt that is off, or waits already, wakes nobody. */
static void not_awaited(void **state)
{
	(void)state;
	vcpu.sched.lead = LEAD;
	vcpu.vgic.bank.enabled = 0;
	vtimer_write(&vcpu, VTIMER_CVAL, 90);
	sleep_until(100);
	assert_int_equal(alarm(), UINT64_MAX);
	loaded = &vcpu;
	vcpu.vgic.bank.enabled = 1U << VTIMER_VIRT_INTID;
	vcpu.vgic.bank.line = 1U << VTIMER_VIRT_INTID;
	sleep_until(100);
	assert_int_equal(alarm(), UINT64_MAX);
}

/* One that sleeps and stays loaded, since nobody else wants to run, is woken as one that is not:
 * until then somebody may come. */
static void loaded_and_asleep(void **state)
{
	(void)state;
	vcpu.sched.lead = LEAD;
	sysreg_write(cntv_cval_el0, 100);
	sysreg_write(cntv_ctl_el0, ON);
	vcpu.hold = VCPU_HOLD_STANDBY;
	vtimer_stand_by(&vcpu);
	assert_int_equal(alarm(), 100 - LEAD);
	/* it goes, and comes to look at something that does not wake it */
	vtimer_save(&vcpu);
	assert_int_equal(alarm(), 100 - LEAD);
	vtimer_load(&vcpu);
	assert_int_equal(alarm(), 100 - LEAD);
	/* something else wakes it */
	vtimer_awake(&vcpu);
	assert_int_equal(alarm(), UINT64_MAX);
	/* without a lead the hardware does it */
	vcpu.sched.lead = 0;
	sleep_until(100);
	assert_int_equal(alarm(), 100);
	vtimer_load(&vcpu);
	assert_int_equal(alarm(), UINT64_MAX);
}

/* Its VM was paused when it was about to be woken, and its time stood still: it sleeps on. */
static void paused_meanwhile(void **state)
{
	(void)state;
	vcpu.sched.lead = LEAD;
	sleep_until(100);
	pass(100 - LEAD);
	vtimer_pause(&vcpu);
	assert_int_equal(alarm(), UINT64_MAX);
	vm.cntvoff = 1000;
	sysreg_write(cntpct_el0, 1000 + 100 - LEAD - 50);
	vtimer_resume(&vcpu);
	assert_int_equal(alarm(), 1000 + 100 - LEAD);
	/* the event of before is old: nobody waits at EL2 for what is far */
	assert_false(vtimer_is_early(&vcpu));
}

/* What EL2 has to do, and may put off, does not begin right before the timer of who is loaded. */
static void fire_patient(struct deadline *deadline)
{
	(void)deadline;
	posted |= VCPU_EVENT_WORK;
}

static void announced(void **state)
{
	struct deadline work;

	(void)state;
	deadline_init(&work, NULL, fire_patient);
	deadline_is_patient(&work);
	sysreg_write(cntv_cval_el0, 100);
	sysreg_write(cntv_ctl_el0, ON);
	deadline_set(&work, 100 - LEAD);
	sysreg_write(cntpct_el0, 100 - LEAD);
	vtimer_announce(&vcpu);
	deadline_interrupt();
	assert_int_equal(posted, 0);
	assert_int_equal(alarm(), 100 - LEAD + DEADLINE_GAP_US);
	deadline_cancel(&work);
	/* one that is off is no reason */
	sysreg_write(cntv_ctl_el0, 0);
	deadline_set(&work, 200);
	sysreg_write(cntv_cval_el0, 201);
	sysreg_write(cntpct_el0, 200);
	vtimer_announce(&vcpu);
	deadline_interrupt();
	assert_int_equal(posted, VCPU_EVENT_WORK);
}

/* The physical timer is a deadline itself: what is kept quiet around it are others'. */
static void physical_is_not_quiet(void **state)
{
	struct deadline other;

	(void)state;
	vcpu.sched.lead = LEAD;
	vtimer_write(&vcpu, VTIMER_CVAL, 90);
	vtimer_write(&vcpu, VTIMER_CTL, ON);
	vcpu.hold = VCPU_HOLD_STANDBY;
	vtimer_save(&vcpu);
	loaded = NULL;
	pass(90 - LEAD);
	loaded = &vcpu;
	vtimer_load(&vcpu);
	assert_true(vtimer_is_early(&vcpu));
	deadline_be_quiet(vcpu.timer.due, &vcpu.timer.ptimer_deadline, 0);
	assert_int_equal(alarm(), 90);
	/* behind the virtual one it comes when it is due, too */
	deadline_be_quiet(89, &vcpu.timer.ptimer_deadline, 0);
	assert_int_equal(alarm(), 90);
	/* others' still wait behind it */
	deadline_init(&other, NULL, fire_patient);
	deadline_set(&other, 89);
	assert_int_equal(alarm(), 90);
	deadline_set(&other, 91);
	deadline_be_quiet(90, &vcpu.timer.ptimer_deadline, 0);
	pass(90);
	assert_true(line);
	assert_int_equal(alarm(), 92);
	deadline_cancel(&other);
}

static void physical_after_a_pause(void **state)
{
	(void)state;
	vcpu.sched.lead = LEAD;
	vtimer_write(&vcpu, VTIMER_CVAL, 90);
	vtimer_write(&vcpu, VTIMER_CTL, ON);
	vcpu.hold = VCPU_HOLD_STANDBY;
	vtimer_save(&vcpu);
	loaded = NULL;
	vtimer_pause(&vcpu);
	assert_int_equal(alarm(), UINT64_MAX);
	vtimer_resume(&vcpu);
	assert_int_equal(alarm(), 90 - LEAD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE_IN("who waits for its turn is woken when its timer is due", when_it_is_due,
			set_up),
		CASE_IN("who takes the CPU from others has it before", before_it_is_due, set_up),
		CASE_IN("as far as there is time for that", without_time_for_it, set_up),
		CASE_IN("so it is with the physical timer", physical, set_up),
		CASE_IN("an interrupt that is off wakes nobody", not_awaited, set_up),
		CASE_IN("nor does it matter whether it is loaded", loaded_and_asleep, set_up),
		CASE_IN("a pause calls it off", paused_meanwhile, set_up),
		CASE_IN("patient work does not begin right before a timer", announced, set_up),
		CASE_IN("the physical timer comes when it is due", physical_is_not_quiet, set_up),
		CASE_IN("and is awaited again after a pause", physical_after_a_pause, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
