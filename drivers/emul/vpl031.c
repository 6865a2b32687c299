/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest's PL031 real-time clock. Arm DDI 0224C. It counts seconds of the board's counter from the
 * wall clock the board had at boot (0 where it had none), until the guest sets it.
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
#include "timer/wall_clock.h"

#define RTCDR	0x00
#define RTCMR	0x04
#define RTCLR	0x08
#define RTCCR	0x0c
#define RTCIMSC 0x10
#define RTCRIS	0x14
#define RTCMIS	0x18
#define RTCICR	0x1c
#define RTCID	0xfe0

static const uint8_t rtc_id[] = {0x31, 0x10, 0x04, 0x00, 0x0d, 0xf0, 0x05, 0xb1};

struct vpl031_alarm;

struct vpl031 {
	struct vdev vdev;     /* first */
	struct spinlock lock; /* protects the rest */
	uint32_t load;	      /* RTCLR as written last */
	uint32_t offset;      /* RTCDR less the counter's seconds */
	uint32_t match, imsc, ris;
	uint32_t setting; /* counts what was set: an alarm rings for the last one alone */
	struct vpl031_alarm
		*alarm; /* [vcpu_count]: each CPU arms its own, and looks again when it fires */
};

struct vpl031_alarm {
	struct deadline deadline;
	struct vpl031 *rtc;
	uint32_t setting; /* it was armed for */
};

static struct vpl031 *vpl031_of(const struct vdev *vdev)
{
	return CONTAINER_OF(vdev, struct vpl031, vdev);
}

static uint32_t counter_seconds(void)
{
	return (uint32_t)(deadline_now() / deadline_frequency());
}

static uint32_t now(const struct vpl031 *rtc)
{
	return rtc->offset + counter_seconds();
}

static void set_line(struct vpl031 *rtc)
{
	vdev_set_line(&rtc->vdev, (rtc->ris & rtc->imsc) != 0);
}

/* For the moment RTCDR becomes RTCMR, on this CPU; one that is armed elsewhere for another moment
 * finds nothing to do. */
static void arm_locked(struct vpl031 *rtc, struct vcpu *vcpu)
{
	struct vpl031_alarm *alarm = &rtc->alarm[vcpu->index];
	/* read once: it may turn between two looks */
	uint32_t counter = counter_seconds();
	uint64_t seconds = rtc->match - (uint32_t)(rtc->offset + counter);

	rtc->setting++;
	if (seconds != 0) {
		alarm->setting = rtc->setting;
		deadline_set(&alarm->deadline, (counter + seconds) * deadline_frequency());
	} else {
		rtc->ris = 1;
	}
}

static void alarm_fired(struct deadline *deadline)
{
	const struct vpl031_alarm *alarm = CONTAINER_OF(deadline, struct vpl031_alarm, deadline);
	struct vpl031 *rtc = alarm->rtc;

	spin_lock(&rtc->lock);
	/* however late: a clock that stood still has passed its match too */
	if (alarm->setting == rtc->setting) {
		rtc->ris = 1;
		set_line(rtc);
	}
	spin_unlock(&rtc->lock);
}

static int vpl031_read(struct vcpu *vcpu, void *dev, uint32_t off, uint32_t size, uint64_t *value)
{
	struct vpl031 *rtc = dev;

	(void)vcpu;
	(void)size;
	spin_lock(&rtc->lock);
	switch (off) {
	case RTCDR:
		*value = now(rtc);
		break;
	case RTCMR:
		*value = rtc->match;
		break;
	case RTCLR:
		*value = rtc->load;
		break;
	case RTCCR:
		*value = 1;
		break;
	case RTCIMSC:
		*value = rtc->imsc;
		break;
	case RTCRIS:
		*value = rtc->ris;
		break;
	case RTCMIS:
		*value = rtc->ris & rtc->imsc;
		break;
	default:
		*value = off >= RTCID ? rtc_id[(off - RTCID) / 4] : 0;
		break;
	}
	spin_unlock(&rtc->lock);
	return 0;
}

static int vpl031_write(struct vcpu *vcpu, void *dev, uint32_t off, uint32_t size, uint64_t value)
{
	struct vpl031 *rtc = dev;

	(void)size;
	spin_lock(&rtc->lock);
	switch (off) {
	case RTCMR:
		rtc->match = (uint32_t)value;
		break;
	case RTCLR:
		rtc->load = (uint32_t)value;
		rtc->offset = (uint32_t)value - counter_seconds();
		break;
	case RTCIMSC:
		rtc->imsc = value & 1;
		break;
	case RTCICR:
		rtc->ris &= ~(uint32_t)value;
		break;
	default:
		break;
	}
	if (off == RTCMR || off == RTCLR) {
		arm_locked(rtc, vcpu);
	}
	set_line(rtc);
	spin_unlock(&rtc->lock);
	return 0;
}

static void vpl031_reset(struct vdev *vdev)
{
	struct vpl031 *rtc = vpl031_of(vdev);

	spin_lock(&rtc->lock);
	rtc->load = rtc->match = rtc->imsc = rtc->ris = 0;
	rtc->offset = wall_clock_offset();
	rtc->setting++;
	spin_unlock(&rtc->lock);
}

static int vpl031_create(struct vm *vm, const struct vdev_config *config, struct arena *arena,
			 struct vdev **out)
{
	struct vpl031 *rtc = arena_alloc(arena, sizeof(*rtc));

	if (rtc == NULL) {
		return -ENOMEM;
	}
	rtc->alarm = arena_alloc(arena, vm->vcpu_count * sizeof(*rtc->alarm));
	if (rtc->alarm == NULL) {
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < vm->vcpu_count; i++) {
		rtc->alarm[i].rtc = rtc;
		deadline_init(&rtc->alarm[i].deadline, vm->vcpu[i], alarm_fired);
		deadline_is_patient(&rtc->alarm[i].deadline);
	}
	spin_init(&rtc->lock, RANK_DEVICE);
	rtc->vdev.type = config->type;
	rtc->vdev.config = config;
	rtc->vdev.vm = vm;
	*out = &rtc->vdev;
	vpl031_reset(*out);
	return 0;
}

static int vpl031_describe(const struct vdev *vdev, struct guest_fdt *fdt)
{
	static const char compatible[] = "arm,pl031\0arm,primecell";

	guest_fdt_node_at(fdt, "pl031", vdev->config->ipa);
	guest_fdt_prop(fdt, "compatible", compatible, sizeof(compatible));
	vdev_describe_place(vdev, fdt);
	guest_fdt_u32(fdt, "clocks", fdt->clock_phandle);
	guest_fdt_string(fdt, "clock-names", "apb_pclk");
	guest_fdt_end_node(fdt);
	return 0;
}

static const struct mmio_ops vpl031_mmio = {
	.name = "PL031",
	.sizes = 4,
	.read = vpl031_read,
	.write = vpl031_write,
};

static const struct config_prop vpl031_props[] = {{.name = NULL}};

const struct vdev_type vpl031_type = {
	.compatible = "bulkhead,pl031",
	.help = DOC("A real-time clock. Guest node: `arm,pl031`."),
	.size = 0x1000,
	.ipa = 0x09010000,
	.spi = 2,
	.max_count = 1,
	.props = vpl031_props,
	.create = vpl031_create,
	.reset = vpl031_reset,
	.describe = vpl031_describe,
	.mmio = &vpl031_mmio,
};
