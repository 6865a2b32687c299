/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a VM. */
#include "core/vm/life.h"

#include "core/arm64/esr.h"
#include "core/arm64/sysreg.h"
#include "core/base/errno.h"
#include "core/vm/load.h"
#include "drivers/emul/vdev.h"
#include "irq/vgic/vgic.h"
#include "mm/guest_access.h"
#include "timer/deadline.h"

#define BACKTRACE_MAX 16

static void (*all_off_hook)(void);

void life_set_all_off(void (*all_off)(void))
{
	all_off_hook = all_off;
}

static void post_load(struct vm *vm)
{
	load_begin(vm);
	vcpu_post(vm->vcpu[0], VCPU_EVENT_JOB);
}

int life_start(struct vm *vm)
{
	int err = -EBUSY;

	spin_lock(&vm->lock);
	if (vm->state == VM_OFF) {
		vm->state = VM_LOADING;
		err = 0;
	}
	spin_unlock(&vm->lock);
	if (err == 0) {
		post_load(vm);
	}
	return err;
}

int life_stop(struct vm *vm, enum vm_stop_reason reason)
{
	bool first;

	spin_lock(&vm->lock);
	first = vm->state == VM_RUNNING || vm->state == VM_LOADING;
	if (first) {
		vm->state = VM_STOPPING;
		vm->stop_reason = reason;
		vm->stop_waiting = vm->vcpu_count;
	}
	spin_unlock(&vm->lock);
	if (!first) {
		return -EBUSY;
	}
	for (uint32_t i = 0; i < vm->vcpu_count; i++) {
		vcpu_post(vm->vcpu[i], VCPU_EVENT_STOP);
	}
	return 0;
}

static const char *reason_text(enum vm_stop_reason reason)
{
	static const char *const text[] = {
		[VM_STOP_NONE] = "never started",
		[VM_STOP_POWEROFF] = "powered off by itself",
		[VM_STOP_RESET] = "reset by itself",
		[VM_STOP_CRASH] = "crashed",
		[VM_STOP_COMMAND] = "stopped by command",
		[VM_STOP_RESTART] = "restarted by command",
	};

	return text[reason];
}

/* As after boot: nothing of the life that ended is left in the emulated hardware. */
static void reset_devices(struct vm *vm)
{
	vgic_reset(vm);
	for (uint32_t i = 0; i < vm->vdev_count; i++) {
		vm->vdev[i]->type->reset(vm->vdev[i]);
	}
}

static bool all_are_off(void)
{
	for (uint32_t i = 0; i < vm_count(); i++) {
		if (vm_by_id(i)->state != VM_OFF) {
			return false;
		}
	}
	return true;
}

/* Every vCPU is off, this is the only CPU that works on the VM. */
static void finish_stop(struct vm *vm)
{
	enum vm_stop_reason reason = vm->stop_reason;
	bool again = reason == VM_STOP_RESET || reason == VM_STOP_RESTART;

	/* a CPU_ON that came between two acknowledgements is void */
	for (uint32_t i = 0; i < vm->vcpu_count; i++) {
		atomic_set_release(&vm->vcpu[i]->power, VCPU_OFF);
	}
	reset_devices(vm);
	if (vm_may_log(vm, &vm->lives)) {
		log_info("%s: %s%s", vm->name, reason_text(reason), again ? ", starts again" : "");
		vm_note(vm, "%s%s", reason_text(reason), again ? ", starts again" : "");
	}
	spin_lock(&vm->lock);
	vm->state = again ? VM_LOADING : VM_OFF;
	vm->restart_count += again;
	atomic_set_release(&vm->life, vm->life + 1);
	spin_unlock(&vm->lock);
	if (again) {
		post_load(vm);
	} else if (all_off_hook != NULL && all_are_off()) {
		all_off_hook();
	}
}

void life_acknowledge_stop(struct vcpu *vcpu)
{
	struct vm *vm = vcpu->vm;
	bool last;

	spin_lock(&vm->lock);
	last = --vm->stop_waiting == 0;
	spin_unlock(&vm->lock);
	if (last) {
		finish_stop(vm);
	}
}

static void loaded(struct vcpu *vcpu)
{
	struct vm *vm = vcpu->vm;
	bool go;

	spin_lock(&vm->lock);
	go = vm->state == VM_LOADING;
	if (go) {
		vm->state = VM_RUNNING;
	}
	spin_unlock(&vm->lock);
	if (go) {
		if (vm_may_log(vm, &vm->lives)) {
			log_info("%s starts, %llu us after the counter did", vm->name,
				 (unsigned long long)deadline_to_us(deadline_now()));
		}
		vcpu->start_pc = vm->load.entry;
		vcpu->start_context = vm->load.dtb;
		vcpu->start_life = vm->life;
		atomic_set_release(&vcpu->power, VCPU_ON_PENDING);
		vcpu_post(vcpu, VCPU_EVENT_START);
	}
}

static bool run_load(struct vcpu *vcpu, struct vcpu_job *job)
{
	(void)job;
	if (!load_step(vcpu->vm)) {
		return false;
	}
	vcpu->job = NULL;
	loaded(vcpu);
	return true;
}

void life_take_job(struct vcpu *vcpu)
{
	struct vm *vm = vcpu->vm;

	if (vcpu->index == 0 && vm->state == VM_LOADING) {
		vm->load.job.name = "load";
		vm->load.job.step = run_load;
		vcpu->job = &vm->load.job;
	}
}

static void log_registers(const struct vcpu *vcpu)
{
	const uint64_t *x = vcpu->regs.x;

	for (uint32_t i = 0; i < 28; i += 4) {
		log_error("  x%-2u %016llx %016llx %016llx %016llx", i, (unsigned long long)x[i],
			  (unsigned long long)x[i + 1], (unsigned long long)x[i + 2],
			  (unsigned long long)x[i + 3]);
	}
	log_error("  x28 %016llx fp  %016llx lr  %016llx", (unsigned long long)x[28],
		  (unsigned long long)x[29], (unsigned long long)x[30]);
	log_error("  pc  %016llx pstate %08llx sp_el1 %016llx sp_el0 %016llx",
		  (unsigned long long)vcpu_pc(vcpu), (unsigned long long)vcpu_pstate(vcpu),
		  (unsigned long long)sysreg_read(sp_el1), (unsigned long long)sysreg_read(sp_el0));
	log_error("  esr_el1 %08llx far_el1 %016llx elr_el1 %016llx vbar_el1 %016llx",
		  (unsigned long long)sysreg_read(esr_el1),
		  (unsigned long long)sysreg_read(far_el1),
		  (unsigned long long)sysreg_read(elr_el1),
		  (unsigned long long)sysreg_read(vbar_el1));
	log_error("  sctlr_el1 %08llx ttbr0_el1 %016llx ttbr1_el1 %016llx",
		  (unsigned long long)sysreg_read(sctlr_el1),
		  (unsigned long long)sysreg_read(ttbr0_el1),
		  (unsigned long long)sysreg_read(ttbr1_el1));
}

/* Frame records as the procedure call standard has them: addresses only, the guest's symbols are
 * its own. */
static void log_backtrace(const struct vcpu *vcpu)
{
	uint64_t fp = vcpu->regs.x[29];

	log_error("  backtrace: %016llx", (unsigned long long)vcpu_pc(vcpu));
	for (uint32_t i = 0; i < BACKTRACE_MAX && fp != 0 && (fp & 7) == 0; i++) {
		uint64_t record[2], ipa;

		if (guest_translate(fp, &ipa) != 0 ||
		    guest_read(vcpu->vm, ipa, record, sizeof(record)) != 0 || record[1] == 0) {
			break;
		}
		log_error("             %016llx", (unsigned long long)record[1]);
		fp = record[0] > fp ? record[0] : 0;
	}
}

void life_crash(struct vcpu *vcpu, const char *why)
{
	vm_note(vcpu->vm, "vcpu %u can't go on: %s", vcpu->index, why);
	log_error("%s vcpu %u can't go on: %s", vcpu->vm->name, vcpu->index, why);
	log_registers(vcpu);
	log_backtrace(vcpu);
	life_stop(vcpu->vm, VM_STOP_CRASH);
}

const char *life_state_name(const struct vm *vm)
{
	switch (vm->state) {
	case VM_LOADING:
		return "loading";
	case VM_RUNNING:
		return "running";
	case VM_STOPPING:
		return "stopping";
	case VM_OFF:
		break;
	}
	switch (vm->stop_reason) {
	case VM_STOP_POWEROFF:
		return "off (powered off)";
	case VM_STOP_CRASH:
		return "off (crashed)";
	case VM_STOP_COMMAND:
		return "off (stopped)";
	default:
		return "off";
	}
}
