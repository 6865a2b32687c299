/* SPDX-License-Identifier: Apache-2.0 */
/* Physical interrupts at EL2. */
#include "core/exit/irq.h"

#include "boot/board_types.h"
#include "core/arm64/barrier.h"
#include "core/arm64/pending.h"
#include "core/arm64/sysreg.h"
#include "core/base/atomic.h"
#include "core/base/printk.h"
#include "core/console/mux.h"
#include "core/exit/el2_fault.h"
#include "core/exit/reclaim.h"
#include "core/sched/sched.h"
#include "core/vm/vcpu.h"
#include "irq/hw/gic.h"
#include "irq/hw/gic_regs.h"
#include "irq/vgic/vgic.h"
#include "timer/deadline.h"
#include "timer/vtimer.h"

#define POLL_MAX 4 /* then somebody it made ready may have the CPU: mostly there is none left */

static uint32_t console_intid = INTID_NONE;

void irq_set_console(uint32_t intid)
{
	console_intid = intid;
}

/* Devices of the board that EL2 drives; their lines are enabled last. Constant after boot. */
static struct {
	uint32_t intid;
	void (*handle)(void *device);
	void *device;
	const char *what;
} driven[IRQ_DRIVEN_MAX];
static uint32_t driven_count;

bool irq_drive(uint32_t intid, void (*handle)(void *device), void *device, const char *what)
{
	if (driven_count == IRQ_DRIVEN_MAX) {
		return false;
	}
	driven[driven_count].intid = intid;
	driven[driven_count].handle = handle;
	driven[driven_count].device = device;
	driven[driven_count].what = what;
	driven_count++;
	return true;
}

/* How often each was taken, but for SGIs, and virtual timers that end in line. Any CPU: atomic. */
static uint32_t counts[INTID_SPURIOUS];

uint32_t irq_count(uint32_t intid)
{
	return intid < INTID_SPURIOUS ? atomic_read(&counts[intid]) : 0;
}

static const char *driven_name(uint32_t intid)
{
	for (uint32_t i = 0; i < driven_count; i++) {
		if (driven[i].intid == intid) {
			return driven[i].what;
		}
	}
	return NULL;
}

const char *irq_name(uint32_t intid)
{
	const char *name = driven_name(intid);

	switch (intid) {
	case INTID_MAINTENANCE:
		return "list registers: maintenance";
	case INTID_HYP_TIMER:
		return "EL2's timer";
	case VTIMER_VIRT_INTID:
		return "virtual timer";
	default:
		return intid == console_intid ? "the console" : name != NULL ? name : "a VM's";
	}
}

/* True when the interrupt stays active: it is linked, and the guest's EOI deactivates it. */
static bool handle(uint32_t intid)
{
	struct vcpu *vcpu = vcpu_loaded();

	if (intid >= INTID_SGI_COUNT) {
		atomic_fetch_add(&counts[intid], 1);
	}
	switch (intid) {
	case VTIMER_VIRT_INTID:
		if (vcpu != NULL) {
			vtimer_interrupt(vcpu);
		}
		return vcpu != NULL;
	case INTID_HYP_TIMER:
		if (vcpu != NULL) {
			vtimer_announce(vcpu);
		}
		deadline_interrupt();
		return false;
	case INTID_MAINTENANCE:
		if (vcpu != NULL) {
			vgic_maintenance(vcpu);
		}
		return false;
	case GIC_SGI_KICK:
		return false; /* the event it announces is looked at on the way on */
	case GIC_SGI_SCHED:
		sched_kicked();
		return false;
	case GIC_SGI_PASS:
		reclaim_pass();
		return false;
	case GIC_SGI_STOP:
		el2_fault_stop();
	default:
		if (intid == console_intid) {
			mux_interrupt();
			return false;
		}
		for (uint32_t i = 0; i < driven_count; i++) {
			if (driven[i].intid == intid) {
				driven[i].handle(driven[i].device);
				return false;
			}
		}
		if (intid < INTID_SPI) {
			log_warn("interrupt %u has no owner", intid);
			return false;
		}
		return vgic_linked_interrupt(intid);
	}
}

void irq_handle(uint64_t token)
{
	bool v2 = gic_is_v2();
	uint32_t intid = gic_intid(v2, token);

	if (intid >= INTID_SPURIOUS) {
		return;
	}
	/* dropped first: what is handled may enter nobody, and nothing nests */
	gic_end_as(v2, token);
	if (!handle(intid)) {
		gic_deactivate_as(v2, token);
	}
}

void irq_take(void)
{
	irq_handle(gic_acknowledge_as(gic_is_v2()));
}

void irq_poll(void)
{
	for (uint32_t i = 0; i < POLL_MAX && irq_is_pending(); i++) {
		irq_take();
	}
}

void irq_wait(void)
{
	/* what was written before is seen by who wakes this CPU */
	dsb(sy);
	wfi();
	/* an interrupt pending for the guest, which is not entered now, ends the wait at once on
	   QEMU: then another CPU's turn is due */
	cpu_yield();
	irq_poll();
}
