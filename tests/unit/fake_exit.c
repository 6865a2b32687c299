/* SPDX-License-Identifier: Apache-2.0 */
/* What is around exit.c, for its tests. */
#include "tests/unit/fake_exit.h"

#include <string.h>

#include "core/arm64/features.h"
#include "core/base/errno.h"
#include "core/exit/hvc.h"
#include "core/exit/hypercall.h"
#include "core/exit/inject.h"
#include "core/exit/irq.h"
#include "core/exit/run.h"
#include "core/exit/set_way.h"
#include "core/sched/sched.h"
#include "core/vm/life.h"
#include "drivers/hw/psci.h"
#include "mm/guest_access.h"
#include "tests/unit/fake_sysreg.h"
#include "tests/unit/unit.h"
#include "timer/deadline.h"

struct vm fake_vm;
struct vcpu fake_vcpu;
static struct vcpu *const table[] = {&fake_vcpu};

struct world world;
int device_err;
bool sgis_can_be_taken, list_again_works, fp_denied, debug_denied, keys_denied;
bool hardware_v2;
uint32_t acknowledged, ended, physically_deactivated, handled;

/* -- what exit.c calls -- */

static int device_read(struct vcpu *by, void *dev, uint32_t off, uint32_t size, uint64_t *value)
{
	assert_ptr_equal(by, &fake_vcpu);
	assert_ptr_equal(dev, &world);
	*value = 0;
	memcpy(value, world.bytes + off, size);
	world.accesses++;
	return device_err;
}

static int device_write(struct vcpu *by, void *dev, uint32_t off, uint32_t size, uint64_t value)
{
	assert_ptr_equal(by, &fake_vcpu);
	assert_ptr_equal(dev, &world);
	memcpy(world.bytes + off, &value, size);
	world.accesses++;
	return device_err;
}

static const struct mmio_ops ops = {"device", 1 | 2 | 4 | 8, device_read, device_write};

void vm_complain(struct vcpu *by, const char *fmt, ...)
{
	(void)by;
	(void)fmt;
	world.complaints++;
}

/* ldp x19, x20, [x21]: what is there where no syndrome says it */
int guest_translate(uint64_t va, uint64_t *ipa)
{
	*ipa = va;
	return 0;
}

int guest_read(const struct vm *of, uint64_t ipa, void *buf, uint64_t size)
{
	uint32_t word = 0xa94052b3;

	(void)of;
	(void)ipa;
	assert_int_equal(size, 4);
	memcpy(buf, &word, 4);
	return 0;
}

uint32_t guest_walk_level(const struct vm *of, uint64_t va)
{
	(void)of;
	(void)va;
	return 3;
}

void inject_undef(struct vcpu *by)
{
	(void)by;
	world.undefs++;
}

void inject_abort(struct vcpu *by, const struct inject_fault *fault)
{
	(void)by;
	world.aborts++;
	world.fault_far = fault->far;
}

uint32_t serrors;

void inject_serror(struct vcpu *by)
{
	assert_ptr_equal(by, &fake_vcpu);
	serrors++;
}

uint32_t inject_vector_offset(uint64_t pstate)
{
	(void)pstate;
	return 0x200;
}

void hypercall_call(struct vcpu *by)
{
	(void)by;
	world.calls++;
}

enum exit_action hvc_call(struct vcpu *by, uint32_t immediate)
{
	by->regs.x[0] = by->regs.x[17] + immediate;
	world.calls++;
	return EXIT_RESUME;
}

enum exit_action hvc_smc(struct vcpu *by, uint32_t immediate)
{
	by->regs.x[0] = by->regs.x[17] - immediate;
	world.calls++;
	return EXIT_ADVANCE;
}

struct vcpu *run_next(void)
{
	world.runs++;
	return &fake_vcpu;
}

void sched_give_way(struct vcpu *by)
{
	assert_ptr_equal(by, &fake_vcpu);
	world.yields++;
}

bool vcpu_admit_fp(struct vcpu *by)
{
	(void)by;
	world.admitted += fp_denied;
	return fp_denied;
}

bool vcpu_admit_debug(struct vcpu *by)
{
	(void)by;
	world.admitted += debug_denied;
	return debug_denied;
}

bool vcpu_admit_keys(struct vcpu *by)
{
	(void)by;
	world.admitted += keys_denied;
	return keys_denied;
}

void run_vcpu_off(struct vcpu *by)
{
	(void)by;
}

void run_vcpu_suspend(struct vcpu *vcpu)
{
	vcpu->suspended = true;
}

void life_end(struct vcpu *by, enum vm_stop_reason reason)
{
	(void)by;
	(void)reason;
	world.stops++;
}

void life_crash(struct vcpu *by, const char *why)
{
	(void)by;
	(void)why;
	world.crashes++;
}

bool vgic_wakes(struct vcpu *by)
{
	(void)by;
	return false;
}

enum exit_action vgic_write_sgi(struct vcpu *by, uint32_t group1, uint64_t value)
{
	(void)by;
	world.sgis += group1 != 0 ? 1 : 0x100;
	world.sgi = value;
	return EXIT_ADVANCE;
}

int vgic_deactivate(struct vcpu *by, uint32_t intid)
{
	(void)by;
	world.deactivated = intid;
	return device_err == -EAGAIN ? -EAGAIN : 0;
}

/* Like the real one: never more than SGIs, never while held. */
bool vgic_take_events(struct vcpu *by)
{
	if ((by->events & ~VCPU_EVENT_SGIS) != 0 || by->hold != 0 ||
	    (by->events != 0 && !sgis_can_be_taken)) {
		return false;
	}
	by->events = 0;
	return true;
}

bool vgic_list_again(struct vcpu *by, uint32_t intid)
{
	(void)by;
	assert_int_equal(intid, VTIMER_VIRT_INTID);
	return list_again_works;
}

volatile uint8_t *gic_cpuif;

uint64_t gic_acknowledge_as(bool v2)
{
	assert_int_equal(v2, hardware_v2);
	return acknowledged;
}

void gic_end_as(bool v2, uint64_t token)
{
	assert_int_equal(v2, hardware_v2);
	assert_int_equal(token, acknowledged);
	ended++;
}

void gic_deactivate_as(bool v2, uint64_t token)
{
	assert_int_equal(v2, hardware_v2);
	assert_int_equal(token, acknowledged);
	physically_deactivated++;
}

void irq_handle(uint64_t token)
{
	assert_int_equal(token, acknowledged);
	handled++;
}

void vtimer_lead(struct vcpu *by)
{
	(void)by;
}

uint64_t vtimer_read(struct vcpu *by, enum vtimer_reg reg)
{
	(void)by;
	return PATTERN + reg;
}

void vtimer_write(struct vcpu *by, enum vtimer_reg reg, uint64_t value)
{
	(void)by;
	world.timer_writes++;
	world.timer_reg = reg;
	world.timer_value = value;
}

uint64_t deadline_now(void)
{
	return 123456;
}

void set_way_operation(struct vcpu *by)
{
	(void)by;
	world.set_ways++;
}

void set_way_sctlr(struct vcpu *by, uint64_t value)
{
	(void)by;
	sysreg_write(sctlr_el1, value);
}

/* -- the two ways of one exit -- */

uint64_t exit_ipa, exit_pstate;

void prepare(uint64_t esr)
{
	static const struct mmio_region nowhere;

	fake_sysreg_reset();
	memset(&fake_vcpu, 0, sizeof(fake_vcpu));
	memset(&world, 0, sizeof(world));
	fake_vcpu.vm = &fake_vm;
	fake_vcpu.mmio_last = &nowhere;
	fake_vcpu.loaded = true;
	for (uint32_t i = 0; i < 31; i++) {
		fake_vcpu.regs.x[i] = PATTERN + i * UINT64_C(0x0101010101010101);
	}
	fake_vcpu.regs.x[21] = PAGE_VA + (exit_ipa & 0xfff);
	for (uint32_t i = 0; i < sizeof(world.bytes); i++) {
		world.bytes[i] = (uint8_t)(0x80 + i);
	}
	sysreg_write(esr_el2, esr);
	sysreg_write(elr_el2, PC);
	sysreg_write(spsr_el2, exit_pstate);
	sysreg_write(hpfar_el2, exit_ipa >> 12 << 4);
	sysreg_write(far_el2, PAGE_VA | (exit_ipa & 0xfff));
}

struct outcome {
	struct world world;
	struct vcpu vcpu;
	uint64_t pc, pstate, ttbr0, sctlr;
};

static void look(struct outcome *outcome)
{
	memset(outcome, 0, sizeof(*outcome));
	outcome->world = world;
	outcome->vcpu = fake_vcpu;
	outcome->pc = sysreg_read(elr_el2);
	outcome->pstate = sysreg_read(spsr_el2);
	outcome->ttbr0 = sysreg_read(ttbr0_el1);
	outcome->sctlr = sysreg_read(sctlr_el1);
}

bool is_late(uint32_t rt)
{
	return rt >= LATE && rt < LATE_END;
}

bool in_stages(uint64_t esr, uint64_t *first_action)
{
	uint64_t late[LATE_END - LATE];
	struct exit_first first;

	memcpy(late, fake_vcpu.regs.x + LATE, sizeof(late));
	for (uint32_t i = LATE; i < LATE_END; i++) {
		fake_vcpu.regs.x[i] = POISON;
	}
	first = exit_sync(&fake_vcpu, esr);
	assert_ptr_equal(first.vcpu, &fake_vcpu);
	for (uint32_t i = LATE; i < LATE_END; i++) {
		assert_int_equal(fake_vcpu.regs.x[i], POISON);
	}
	memcpy(fake_vcpu.regs.x + LATE, late, sizeof(late));
	*first_action = first.action;
	if (first.action == EXIT_RESUME) {
		return false;
	}
	if (first.action == EXIT_WHOLE) {
		/* nothing has been done */
		assert_int_equal(world.accesses | world.calls | world.sgis | world.timer_writes, 0);
		assert_int_equal(sysreg_read(elr_el2), PC);
		first = exit_sync_whole(&fake_vcpu, esr);
		assert_ptr_equal(first.vcpu, &fake_vcpu);
	}
	if (first.action != EXIT_RESUME) {
		assert_ptr_equal(exit_second(&fake_vcpu, first.action), &fake_vcpu);
	}
	return true;
}

uint64_t same_both_ways(uint64_t esr)
{
	static struct outcome whole, staged;
	uint64_t action;

	prepare(esr);
	exit_handle(&fake_vcpu, esr);
	if (fake_vcpu.attention != 0 || world.yields != 0) {
		world.runs++; /* the second stage goes on to the run loop */
	}
	look(&whole);
	prepare(esr);
	in_stages(esr, &action);
	look(&staged);
	assert_memory_equal(&whole.world, &staged.world, sizeof(world));
	assert_memory_equal(whole.vcpu.regs.x, staged.vcpu.regs.x, sizeof(fake_vcpu.regs.x));
	assert_memory_equal(&whole.vcpu, &staged.vcpu, sizeof(fake_vcpu));
	assert_int_equal(whole.pc, staged.pc);
	assert_int_equal(whole.pstate, staged.pstate);
	assert_int_equal(whole.ttbr0, staged.ttbr0);
	assert_int_equal(whole.sctlr, staged.sctlr);
	return action;
}

int set_up(void **state)
{
	(void)state;
	memset(&fake_vm, 0, sizeof(fake_vm));
	fake_vm.vcpu = (struct vcpu **)table;
	fake_vm.vcpu_count = 1;
	for (uint32_t i = 0; i < ARRAY_COUNT(fake_vm.idreg); i++) {
		fake_vm.idreg[i] = ~PATTERN + i;
	}
	device_err = 0;
	sgis_can_be_taken = list_again_works = false;
	acknowledged = ended = physically_deactivated = handled = 0;
	exit_ipa = DEVICE + 8;
	exit_pstate = SPSR_M_EL1H;
	return mmio_map_add(&fake_vm.mmio, DEVICE, 64, &ops, &world);
}
