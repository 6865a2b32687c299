/* SPDX-License-Identifier: Apache-2.0 */
/* The physical timer and its counter, which a hypervisor emulates. */
#include "tests/guest/lib/machine.h"
#include "tests/guest/lib/tap.h"
#include "tests/guest/lib/timer.h"
#include "tests/guest/lib/timer_suite.h"

static uint64_t ctl(void)
{
	return sysreg_read(cntp_ctl_el0);
}

static void set_ctl(uint64_t v)
{
	sysreg_write(cntp_ctl_el0, v);
}

static uint64_t cval(void)
{
	return sysreg_read(cntp_cval_el0);
}

static void set_cval(uint64_t v)
{
	sysreg_write(cntp_cval_el0, v);
}

static uint64_t tval(void)
{
	return sysreg_read(cntp_tval_el0);
}

static void set_tval(uint64_t v)
{
	sysreg_write(cntp_tval_el0, v);
}

/* A VM's time may be offset from the machine's, but its two counters run at one speed. */
static void test_offset(void)
{
	uint64_t virt = counter_now(), phys = counter_phys_now();

	cpu_delay_us(20000);
	virt = counter_now() - virt;
	phys = counter_phys_now() - phys;
	in_range(virt + counter_hz() / 4 - phys, 0, counter_hz() / 2,
		 "both counters run at the same speed");
}

int main(void)
{
	static const struct timer_ops timer = {
		.intid = INTID_TIMER_PHYS,
		.counter = counter_phys_now,
		.ctl = ctl,
		.set_ctl = set_ctl,
		.cval = cval,
		.set_cval = set_cval,
		.tval = tval,
		.set_tval = set_tval,
	};

	timer_suite(&timer);
	test_offset();
	tap_done();
}
