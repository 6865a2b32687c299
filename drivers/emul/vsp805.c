/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest's SP805 watchdog. Arm DDI 0270B. It counts the 24 MHz clock of the guest's tree down
 * while the VM is not paused: a guest that nobody lets run can't feed it. The first time out is an
 * interrupt; the second, while that is not cleared, drives WDOGRES, which here is wired to
 * `on-expiry`.
 *
 * Data: the registers, and when the counter was loaded. Owner: the VM's vCPUs, any of them, and the
 * deadline's CPU. Lock: `lock`; vm->lock is taken before it, for the time, and after it for the
 * expiry. Invariant: while a timeout would change anything, an alarm of setting `setting` is armed,
 * or the VM is paused.
 */
#include "core/base/arena.h"
#include "core/base/bits.h"
#include "core/base/errno.h"
#include "core/base/spinlock.h"
#include "core/fdt/guest_fdt.h"
#include "core/vm/vm.h"
#include "drivers/emul/models.h"
#include "drivers/emul/vdev.h"
#include "drivers/emul/vdev_line.h"
#include "timer/deadline.h"

#define CLOCK_HZ 24000000 /* of the generated tree's apb_pclk */

#define WDOGLOAD    0x000
#define WDOGVALUE   0x004
#define WDOGCONTROL 0x008
#define WDOGINTCLR  0x00c
#define WDOGRIS	    0x010
#define WDOGMIS	    0x014
#define WDOGLOCK    0xc00
#define WDOGITCR    0xf00
#define WDOGITOP    0xf04
#define WDOGID	    0xfe0

#define CONTROL_INTEN BIT(0)
#define CONTROL_RESEN BIT(1)
#define ITOP_WDOGRES  BIT(0)
#define ITOP_WDOGINT  BIT(1)
#define UNLOCK	      0x1acce551

static const uint8_t wdog_id[] = {0x05, 0x18, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1};

struct vsp805_alarm;

struct vsp805 {
	struct vdev vdev;     /* first */
	struct spinlock lock; /* protects the rest */
	uint32_t load, control, ris, itcr, itop;
	bool locked;
	bool expired;		    /* WDOGRES is high: the counter stands still at 0 */
	uint32_t stands_at;	    /* while it does not count */
	uint64_t loaded_at;	    /* clocks of CLOCK_HZ: when it was `load` last */
	uint32_t setting;	    /* counts what was set: an alarm rings for the last one alone */
	struct vsp805_alarm *alarm; /* [vcpu_count]: each CPU arms its own */
};

struct vsp805_alarm {
	struct deadline deadline;
	struct vsp805 *wdog;
	uint32_t setting; /* it was armed for */
};

static struct vsp805 *vsp805_of(const struct vdev *vdev)
{
	return CONTAINER_OF(vdev, struct vsp805, vdev);
}

/* Clocks in so many ticks, and the first tick with so many clocks. */
static uint64_t to_clocks(uint64_t ticks)
{
	uint64_t f = deadline_frequency();

	return ticks / f * CLOCK_HZ + ticks % f * CLOCK_HZ / f;
}

static uint64_t to_ticks(uint64_t clocks)
{
	uint64_t f = deadline_frequency();

	return clocks / CLOCK_HZ * f + (clocks % CLOCK_HZ * f + CLOCK_HZ - 1) / CLOCK_HZ;
}

/* A load of 0 times out at once; a clock later is as soon as it can be seen. */
static uint64_t period(const struct vsp805 *wdog)
{
	return MAX(wdog->load, UINT32_C(1));
}

static bool counts(const struct vsp805 *wdog)
{
	return (wdog->control & CONTROL_INTEN) != 0 && !wdog->expired;
}

/* Since it was loaded; who comes later may have looked at the time before. */
static uint64_t elapsed(const struct vsp805 *wdog, uint64_t clocks)
{
	return clocks > wdog->loaded_at ? clocks - wdog->loaded_at : 0;
}

/* Does what has been due by `clocks`, several timeouts at once if they were missed. True: there was
 * one; it was the second, and WDOGRES has risen, where `expired` is set then. */
static bool catch_up_locked(struct vsp805 *wdog, uint64_t clocks)
{
	uint64_t times;
	bool second;

	if (!counts(wdog)) {
		return false;
	}
	times = elapsed(wdog, clocks) / period(wdog);
	if (times == 0) {
		return false;
	}
	second = wdog->ris != 0 || times > 1;
	wdog->loaded_at += times * period(wdog);
	wdog->ris = 1;
	if (second && (wdog->control & CONTROL_RESEN) != 0) {
		wdog->expired = true;
		wdog->stands_at = 0;
	}
	return true;
}

static void set_line_locked(struct vsp805 *wdog)
{
	bool level = (wdog->itcr & 1) != 0 ? (wdog->itop & ITOP_WDOGINT) != 0 :
					     (wdog->ris & wdog->control & CONTROL_INTEN) != 0;

	vdev_set_line(&wdog->vdev, level);
}

/* For the next timeout that changes anything, on this CPU. An interrupt that is pending already,
 * without a reset behind it, needs none: so a guest can't have this CPU interrupted for nothing. */
static void arm_locked(struct vsp805 *wdog, struct vsp805_alarm *alarm, uint64_t awake)
{
	wdog->setting++;
	if (!counts(wdog) || (wdog->ris != 0 && (wdog->control & CONTROL_RESEN) == 0)) {
		return;
	}
	alarm->setting = wdog->setting;
	deadline_set(&alarm->deadline,
		     deadline_now() - awake + to_ticks(wdog->loaded_at + period(wdog)));
}

/* WDOGRES has risen in this life. No locks. */
static void expire(struct vsp805 *wdog, uint32_t life)
{
	struct vm *vm = wdog->vdev.vm;
	struct vm_tail tail;

	switch (wdog->vdev.config->on_expiry) {
	case ON_EXPIRY_RESTART:
		vm_ask_stop(vm, VM_STOP_WATCHDOG, life);
		break;
	case ON_EXPIRY_STOP:
		vm_ask_stop(vm, VM_STOP_EXPIRED, life);
		break;
	case ON_EXPIRY_LOG:
		if (vm_may_log(vm, &vm->lives, &tail)) {
			vm_tell(vm, LOG_WARN,
				"its watchdog ran out; it goes on, as on-expiry says%s", tail.text);
		}
		break;
	}
}

static void alarm_fired(struct deadline *deadline)
{
	struct vsp805_alarm *alarm = CONTAINER_OF(deadline, struct vsp805_alarm, deadline);
	struct vsp805 *wdog = alarm->wdog;
	struct vm *vm = wdog->vdev.vm;
	/* first: this life may be over, and the next begin, before its end is asked for below.
	 * Where it is over already the device has been reset, and this is the alarm of another
	 * setting */
	uint32_t life = atomic_read_acquire(&vm->life);
	uint64_t awake = vm_awake_ticks(vm);
	bool expired = false;

	spin_lock(&wdog->lock);
	/* not that of another setting; too early is in a pause, after which it is armed anew */
	if (alarm->setting == wdog->setting && catch_up_locked(wdog, to_clocks(awake))) {
		expired = wdog->expired;
		set_line_locked(wdog);
		arm_locked(wdog, alarm, awake);
	}
	spin_unlock(&wdog->lock);
	if (expired) {
		expire(wdog, life);
	}
}

static void vsp805_resume(struct vdev *vdev, struct vcpu *vcpu)
{
	struct vsp805 *wdog = vsp805_of(vdev);
	uint64_t awake = vm_awake_ticks(vdev->vm);

	spin_lock(&wdog->lock);
	arm_locked(wdog, &wdog->alarm[vcpu->index], awake);
	spin_unlock(&wdog->lock);
}

static uint32_t value_locked(const struct vsp805 *wdog, uint64_t clocks)
{
	return counts(wdog) ?
		       (uint32_t)(wdog->load - MIN(elapsed(wdog, clocks), (uint64_t)wdog->load)) :
		       wdog->stands_at;
}

static uint32_t read_locked(const struct vsp805 *wdog, uint32_t off, uint64_t clocks)
{
	switch (off) {
	case WDOGLOAD:
		return wdog->load;
	case WDOGVALUE:
		return value_locked(wdog, clocks);
	case WDOGCONTROL:
		return wdog->control;
	case WDOGRIS:
		return wdog->ris;
	case WDOGMIS:
		return wdog->ris & wdog->control & CONTROL_INTEN;
	case WDOGLOCK:
		return wdog->locked;
	case WDOGITCR:
		return wdog->itcr;
	default:
		return off >= WDOGID ? wdog_id[(off - WDOGID) / 4] : 0;
	}
}

static int vsp805_read(struct vcpu *vcpu, void *dev, uint32_t off, uint32_t size, uint64_t *value)
{
	struct vsp805 *wdog = dev;
	uint64_t awake = vm_awake_ticks(vcpu->vm), clocks = to_clocks(awake);
	bool expired = false;

	(void)size;
	spin_lock(&wdog->lock);
	/* the alarm's interrupt may be on its way still; it finds nothing to do then */
	if (catch_up_locked(wdog, clocks)) {
		expired = wdog->expired;
		set_line_locked(wdog);
		arm_locked(wdog, &wdog->alarm[vcpu->index], awake);
	}
	/* a byte of a register: the bus hands it its lanes */
	*value = read_locked(wdog, off & ~3U, clocks) >> 8 * (off & 3);
	spin_unlock(&wdog->lock);
	if (expired) {
		expire(wdog, vcpu->vm->life);
	}
	return 0;
}

static void reload_locked(struct vsp805 *wdog, uint64_t clocks)
{
	wdog->loaded_at = clocks;
	wdog->stands_at = wdog->load;
	wdog->expired = false;
}

static void write_control_locked(struct vsp805 *wdog, uint32_t value, uint64_t clocks)
{
	uint32_t before = wdog->control;

	wdog->stands_at = value_locked(wdog, clocks);
	wdog->control = value & (CONTROL_INTEN | CONTROL_RESEN);
	if ((wdog->control & ~before & CONTROL_INTEN) != 0) {
		reload_locked(wdog, clocks);
	}
}

/* True: WDOGRES rises. */
static bool write_locked(struct vsp805 *wdog, uint32_t off, uint32_t value, uint64_t clocks)
{
	bool test = (wdog->itcr & 1) != 0 && (wdog->itop & ITOP_WDOGRES) != 0;

	switch (off) {
	case WDOGLOAD:
		wdog->load = value;
		reload_locked(wdog, clocks);
		break;
	case WDOGCONTROL:
		write_control_locked(wdog, value, clocks);
		break;
	case WDOGINTCLR:
		wdog->ris = 0;
		reload_locked(wdog, clocks);
		break;
	case WDOGITCR:
		wdog->itcr = value & 1;
		break;
	case WDOGITOP:
		wdog->itop = value & (ITOP_WDOGRES | ITOP_WDOGINT);
		break;
	default:
		break;
	}
	return !test && (wdog->itcr & 1) != 0 && (wdog->itop & ITOP_WDOGRES) != 0;
}

static int vsp805_write(struct vcpu *vcpu, void *dev, uint32_t off, uint32_t size, uint64_t value)
{
	struct vsp805 *wdog = dev;
	uint64_t awake = vm_awake_ticks(vcpu->vm), clocks = to_clocks(awake);
	bool expired;

	(void)size;
	if ((off & 3) != 0) {
		return 0; /* lanes without a bit that drivers write */
	}
	spin_lock(&wdog->lock);
	expired = catch_up_locked(wdog, clocks) && wdog->expired;
	if (off == WDOGLOCK) {
		wdog->locked = (uint32_t)value != UNLOCK;
	} else if (!wdog->locked) {
		expired |= write_locked(wdog, off, (uint32_t)value, clocks);
	}
	set_line_locked(wdog);
	arm_locked(wdog, &wdog->alarm[vcpu->index], awake);
	spin_unlock(&wdog->lock);
	if (expired) {
		expire(wdog, vcpu->vm->life);
	}
	return 0;
}

static void vsp805_reset(struct vdev *vdev)
{
	struct vsp805 *wdog = vsp805_of(vdev);

	spin_lock(&wdog->lock);
	wdog->load = wdog->stands_at = UINT32_MAX;
	wdog->control = wdog->ris = wdog->itcr = wdog->itop = 0;
	wdog->locked = wdog->expired = false;
	wdog->setting++;
	spin_unlock(&wdog->lock);
}

static int vsp805_create(struct vm *vm, const struct vdev_config *config, struct arena *arena,
			 struct vdev **out)
{
	struct vsp805 *wdog = arena_alloc(arena, sizeof(*wdog));

	if (wdog == NULL) {
		return -ENOMEM;
	}
	wdog->alarm = arena_alloc(arena, vm->vcpu_count * sizeof(*wdog->alarm));
	if (wdog->alarm == NULL) {
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < vm->vcpu_count; i++) {
		wdog->alarm[i].wdog = wdog;
		deadline_init(&wdog->alarm[i].deadline, vm->vcpu[i], alarm_fired);
		deadline_is_patient(&wdog->alarm[i].deadline);
	}
	spin_init(&wdog->lock, RANK_DEVICE);
	wdog->vdev.type = config->type;
	wdog->vdev.config = config;
	wdog->vdev.vm = vm;
	*out = &wdog->vdev;
	vsp805_reset(*out);
	return 0;
}

static int vsp805_describe(const struct vdev *vdev, struct guest_fdt *fdt)
{
	static const char compatible[] = "arm,sp805\0arm,primecell";
	static const char clock_names[] = "wdog_clk\0apb_pclk";
	const uint32_t clocks[] = {fdt->clock_phandle, fdt->clock_phandle};

	guest_fdt_node_at(fdt, "watchdog", vdev->config->ipa);
	guest_fdt_prop(fdt, "compatible", compatible, sizeof(compatible));
	vdev_describe_place(vdev, fdt);
	guest_fdt_cells(fdt, "clocks", clocks, ARRAY_COUNT(clocks));
	guest_fdt_prop(fdt, "clock-names", clock_names, sizeof(clock_names));
	guest_fdt_end_node(fdt);
	return 0;
}

static const struct mmio_ops vsp805_mmio = {
	.name = "SP805",
	.sizes = 1 | 2 | 4,
	.read = vsp805_read,
	.write = vsp805_write,
};

static const struct config_prop vsp805_props[] = {
	{.name = "on-expiry",
	 .type = PROP_STRING,
	 .values = "restart|stop|log",
	 .dflt = DOC("`\"restart\"`"),
	 .help = DOC("What happens when the guest lets it run out, whatever `restart` says. A "
		     "restart by it counts for `restart-limit`, and waits for "
		     "`restart-delay-ms`.")},
	{.name = NULL},
};

const struct vdev_type vsp805_type = {
	.compatible = "bulkhead,sp805",
	.help = DOC("A watchdog. Guest node: `arm,sp805`, with a clock of 24 MHz. It stands still "
		    "while the VM is paused."),
	.size = 0x1000,
	.ipa = 0x090d0000,
	.spi = 10,
	.max_count = 1,
	.props = vsp805_props,
	.create = vsp805_create,
	.reset = vsp805_reset,
	.resume = vsp805_resume,
	.describe = vsp805_describe,
	.mmio = &vsp805_mmio,
};
