/* SPDX-License-Identifier: Apache-2.0 */
/* The virtual timer: registers, level, wake-up, ticks, two CPUs. */
#include "tests/guest/lib/machine.h"
#include "tests/guest/lib/tap.h"
#include "tests/guest/lib/timer.h"
#include "tests/guest/lib/timer_suite.h"

static uint64_t ctl(void)
{
	return sysreg_read(cntv_ctl_el0);
}

static void set_ctl(uint64_t v)
{
	sysreg_write(cntv_ctl_el0, v);
}

static uint64_t cval(void)
{
	return sysreg_read(cntv_cval_el0);
}

static void set_cval(uint64_t v)
{
	sysreg_write(cntv_cval_el0, v);
}

static uint64_t tval(void)
{
	return sysreg_read(cntv_tval_el0);
}

static void set_tval(uint64_t v)
{
	sysreg_write(cntv_tval_el0, v);
}

int main(void)
{
	static const struct timer_ops timer = {
		.intid = INTID_TIMER_VIRT,
		.counter = counter_now,
		.ctl = ctl,
		.set_ctl = set_ctl,
		.cval = cval,
		.set_cval = set_cval,
		.tval = tval,
		.set_tval = set_tval,
	};

	timer_suite(&timer);
	tap_done();
}
