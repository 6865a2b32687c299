/* SPDX-License-Identifier: Apache-2.0 */
/* Hypercalls: docs/hypercalls.md. */
#include "core/exit/hypercall.h"

#include "core/base/errno.h"
#include "core/base/string.h"
#include "core/console/command.h"
#include "core/console/mux.h"
#include "core/exit/hypercall_show.h"
#include "core/exit/times.h"
#include "core/sched/policy.h"
#include "core/vm/manage.h"
#include "core/vm/pvtime.h"
#include "drivers/hw/psci.h"
#include "drivers/virtio/balloon.h"
#include "mm/guest_access.h"
#include "mm/page_alloc.h"
#include "timer/deadline.h"
#include "version.h"

#define NS_PER_S UINT64_C(1000000000)

uint64_t hypercall_ns(uint64_t ticks)
{
	uint64_t frequency = deadline_frequency();

	return ticks / frequency * NS_PER_S + ticks % frequency * NS_PER_S / frequency;
}

void hypercall_answer(struct hypercall *call, uint32_t size)
{
	memset(call->data.bytes, 0, size);
	call->data.head.version = HYPERCALL_MAJOR << 16 | HYPERCALL_MINOR;
	call->data.head.size = size;
	call->data_size = size;
	call->status = HYPERCALL_OK;
}

void hypercall_put_name(char *to, size_t size, const char *name)
{
	memcpy(to, name, strnlen(name, size - 1));
}

/* -- who may ask what -- */

/* What a call is about: arg[0], and who may ask. */
enum about {
	ABOUT_NOBODY,	 /* anybody */
	ABOUT_ANY,	 /* a VM: itself, and who manages it */
	ABOUT_VCPU,	 /* likewise: its vCPU arg[1] */
	ABOUT_TRACE,	 /* likewise: arg[1] is HYPERCALL_FROM_RECORD() */
	ABOUT_MANAGED,	 /* a VM: who manages it */
	ABOUT_ANY_BOARD, /* a VM as above, or the board as below */
	ABOUT_CPU,	 /* a CPU of the board: who manages all other VMs */
	ABOUT_BOARD,	 /* all of the board: the same */
};

static bool may_look(const struct vm *by, const struct vm *vm)
{
	return vm == by || manage_may(by, vm);
}

static bool manages_any(const struct vm *by)
{
	for (uint32_t i = 0; i < vm_count(); i++) {
		if (manage_may(by, vm_by_id(i))) {
			return true;
		}
	}
	return false;
}

static bool manages_all_others(const struct vm *by)
{
	for (uint32_t i = 0; i < vm_count(); i++) {
		if (!may_look(by, vm_by_id(i))) {
			return false;
		}
	}
	return manages_any(by);
}

static int32_t find_board(const struct vm *by)
{
	return manages_all_others(by) ? HYPERCALL_OK : HYPERCALL_DENIED;
}

static int32_t find_cpu(const struct vm *by, uint64_t cpu)
{
	int32_t status = find_board(by);

	if (status == HYPERCALL_OK && cpu >= shell_sources()->board->cpu_count) {
		status = HYPERCALL_INVALID;
	}
	return status;
}

static int32_t find_vm(const struct vm *by, uint64_t id,
		       bool (*may)(const struct vm *by, const struct vm *vm), struct vm **vm)
{
	if (id >= vm_count()) {
		return HYPERCALL_NOT_FOUND;
	}
	*vm = vm_by_id((uint32_t)id);
	return may(by, *vm) ? HYPERCALL_OK : HYPERCALL_DENIED;
}

/* True where it is about no vCPU. */
static bool is_vcpu(const struct vm *vm, enum about about, uint64_t index)
{
	return !((about == ABOUT_VCPU && index >= vm->vcpu_count) ||
		 (about == ABOUT_TRACE && (uint16_t)index >= vm->vcpu_count));
}

/* OK: it may be asked, and *vm is what it is about, NULL where that is no VM. */
static int32_t admit(const struct vm *by, enum about about, const struct hypercall *call,
		     struct vm **vm)
{
	int32_t status;

	*vm = NULL;
	switch (about) {
	case ABOUT_NOBODY:
		return HYPERCALL_OK;
	case ABOUT_CPU:
		return find_cpu(by, call->arg[0]);
	case ABOUT_BOARD:
		return find_board(by);
	case ABOUT_MANAGED:
		return find_vm(by, call->arg[0], manage_may, vm);
	case ABOUT_ANY_BOARD:
		if (call->arg[0] == HYPERCALL_BOARD) {
			return find_board(by);
		}
		break;
	case ABOUT_ANY:
	case ABOUT_VCPU:
	case ABOUT_TRACE:
		break;
	}
	status = find_vm(by, call->arg[0], may_look, vm);
	return status == HYPERCALL_OK && !is_vcpu(*vm, about, call->arg[1]) ? HYPERCALL_INVALID :
									      status;
}

/* -- what the calls do -- */

/* Ids from 64 * `word` on. */
static void list(const struct vm *by, struct hypercall *call)
{
	uint64_t first = 64 * MIN(call->arg[0], (uint64_t)CONFIG_VM_MAX);

	for (uint64_t i = 0; i < 64 && first + i < vm_count(); i++) {
		if (may_look(by, vm_by_id((uint32_t)(first + i)))) {
			call->result[0] |= BIT(i);
		}
	}
	call->result[1] = by->id;
	call->status = HYPERCALL_OK;
}

static uint32_t state_of(const struct vm *vm)
{
	static const uint8_t states[] = {
		[VM_OFF] = HYPERCALL_STATE_OFF,
		[VM_LOADING] = HYPERCALL_STATE_LOADING,
		[VM_RUNNING] = HYPERCALL_STATE_RUNNING,
		[VM_STOPPING] = HYPERCALL_STATE_STOPPING,
		[VM_PAUSING] = HYPERCALL_STATE_PAUSING,
		[VM_PAUSED] = HYPERCALL_STATE_PAUSED,
		[VM_RESTARTING] = HYPERCALL_STATE_RESTARTING,
	};

	_Static_assert(ARRAY_COUNT(states) == VM_STATE_COUNT, "a number for each");
	return states[atomic_read(&vm->state)];
}

static uint32_t reason_of(const struct vm *vm)
{
	static const uint8_t reasons[] = {
		[VM_STOP_NONE] = HYPERCALL_REASON_NONE,
		[VM_STOP_POWEROFF] = HYPERCALL_REASON_POWEROFF,
		[VM_STOP_RESET] = HYPERCALL_REASON_RESET,
		[VM_STOP_CRASH] = HYPERCALL_REASON_CRASH,
		[VM_STOP_COMMAND] = HYPERCALL_REASON_STOP,
		[VM_STOP_RESTART] = HYPERCALL_REASON_RESTART,
		[VM_STOP_KILL] = HYPERCALL_REASON_KILL,
		[VM_STOP_WATCHDOG] = HYPERCALL_REASON_WATCHDOG,
		[VM_STOP_EXPIRED] = HYPERCALL_REASON_WATCHDOG_STOP,
		[VM_STOP_IMAGE] = HYPERCALL_REASON_IMAGE,
	};

	_Static_assert(ARRAY_COUNT(reasons) == VM_STOP_COUNT, "a number for each");
	return reasons[atomic_read(&vm->stop_reason)];
}

static void vm_info(const struct vm *vm, struct hypercall *call)
{
	struct hypercall_vm_info *info = &call->data.vm;

	hypercall_answer(call, sizeof(*info));
	info->id = vm->id;
	info->state = state_of(vm);
	info->reason = reason_of(vm);
	info->vcpu_count = vm->vcpu_count;
	info->restarts = atomic_read(&vm->restart_count);
	info->flags = atomic_read(&vm->start_waits) ? HYPERCALL_VM_START_WAITS : 0;
	for (uint32_t i = 0; i < vm->extent_count; i++) {
		info->memory += vm->extent[i].size;
	}
	/* counted by other CPUs: each as it was at some moment of this call */
	for (uint32_t i = 0; i < vm->vcpu_count; i++) {
		const struct vcpu *vcpu = vm->vcpu[i];

		info->ran += policy_ran(sched_state_of(vcpu->cpu), vcpu, deadline_now());
		info->stolen += atomic_read(&vcpu->sched.stolen);
	}
	info->ran = hypercall_ns(info->ran);
	info->stolen = hypercall_ns(info->stolen);
	hypercall_put_name(info->name, sizeof(info->name), vm->name);
}

static void vcpu_info(const struct vm *vm, struct hypercall *call)
{
	struct hypercall_vcpu_info *info = &call->data.vcpu;
	const struct vcpu *vcpu = vm->vcpu[call->arg[1]];
	const struct sched_vcpu *sched = &vcpu->sched;
	uint64_t idle, span;

	hypercall_answer(call, sizeof(*info));
	info->vm = vm->id;
	info->index = vcpu->index;
	info->cpu = vcpu->cpu;
	info->power = atomic_read(&vcpu->power);
	info->flags = (sched_state_of(vcpu->cpu)->shared ? HYPERCALL_VCPU_SHARES : 0) |
		      (sched->background ? HYPERCALL_VCPU_BACKGROUND : 0);
	info->priority = sched->priority;
	info->mpidr = vcpu->mpidr;
	info->ran = hypercall_ns(atomic_read(&sched->ran));
	info->stolen = hypercall_ns(atomic_read(&sched->stolen));
	info->stolen_alive = hypercall_ns(pvtime_stolen(vcpu));
	info->slice = hypercall_ns(sched->slice);
	info->budget = hypercall_ns(sched->budget);
	info->period = hypercall_ns(sched->period);
	info->slice_left = hypercall_ns(atomic_read(&sched->slice_left));
	info->budget_left =
		hypercall_ns((uint64_t)MAX(atomic_read(&sched->budget_left), (int64_t)0));
	idle = policy_idle(sched_state_of(vcpu->cpu), deadline_now(), &span);
	info->measured = hypercall_ns(span);
	info->idle = hypercall_ns(idle);
}

static void board_info(struct hypercall *call)
{
	struct hypercall_board_info *info = &call->data.board;

	hypercall_answer(call, sizeof(*info));
	info->pages_used = page_alloc_used();
	info->pages_left = page_alloc_left();
	info->vm_count = vm_count();
	info->cpu_count = shell_sources()->board->cpu_count;
	info->counter = deadline_now();
	info->counter_frequency = deadline_frequency();
	hypercall_put_name(info->build, sizeof(info->build), BULKHEAD_VERSION);
}

static int32_t status_of(int err)
{
	switch (err) {
	case 0:
		return HYPERCALL_OK;
	case -EALREADY:
		return HYPERCALL_ALREADY;
	case -EACCES:
		return HYPERCALL_DENIED;
	case -EFAULT:
	case -ENOSPC:
	case -E2BIG:
	case -EDQUOT:
		return HYPERCALL_NO_ROOM;
	case -ENOENT:
	case -ENODEV:
	case -EINVAL:
	case -ERANGE:
		return HYPERCALL_INVALID;
	default:
		return HYPERCALL_BUSY;
	}
}

static void verb(struct vm *vm, struct hypercall *call)
{
	static int (*const verbs[])(struct vm * vm) = {
		[HYPERCALL_VM_START] = manage_start,	 [HYPERCALL_VM_STOP] = manage_stop,
		[HYPERCALL_VM_PAUSE] = manage_pause,	 [HYPERCALL_VM_RESUME] = manage_resume,
		[HYPERCALL_VM_RESTART] = manage_restart, [HYPERCALL_VM_KILL] = manage_kill,
	};

	call->status = status_of(verbs[call->number](vm));
}

/* Of its vCPU arg[1]. */
static void place(const struct vm *by, struct vm *vm, struct hypercall *call)
{
	uint64_t index = call->arg[1], value = call->arg[2];

	if (index > UINT32_MAX || value > UINT32_MAX) {
		call->status = HYPERCALL_INVALID;
		return;
	}
	call->status =
		status_of(call->number == HYPERCALL_VCPU_SET_CPU ?
				  manage_set_cpu(by, vm, (uint32_t)index, (uint32_t)value) :
				  manage_set_priority(by, vm, (uint32_t)index, (uint32_t)value));
}

/* arg[1]: what; arg[2]: on or off. */
static void measure(struct vm *vm, struct hypercall *call)
{
	bool on = call->arg[2] == 1;

	if (call->arg[2] > 1 || call->arg[1] > HYPERCALL_MEASURE_TIME) {
		call->status = HYPERCALL_INVALID;
		return;
	}
	if (call->arg[1] == HYPERCALL_MEASURE_TIME) {
		times_ask(vm, on);
	} else {
		manage_measure_idle(vm, on);
	}
	call->status = HYPERCALL_OK;
}

/* arg[1]: bytes that it shall have. */
static void set_memory(const struct vm *vm, struct hypercall *call)
{
	int err = balloon_set(vm->id, call->arg[1]);

	call->status = err == -ENODEV ? HYPERCALL_NOT_FOUND : status_of(err);
}

/* Comes back where firmware can't. */
static void end_board(const struct vm *by, struct hypercall *call)
{
	log_notice("%s %s the board", by->name,
		   call->number == HYPERCALL_BOARD_RESET ? "resets" : "powers off");
	mux_finish();
	if (call->number == HYPERCALL_BOARD_RESET) {
		psci_system_reset();
	} else {
		psci_system_off();
	}
	call->status = HYPERCALL_NOT_SUPPORTED;
}

static const struct {
	uint8_t known, about; /* enum about */
} calls[] = {
	[HYPERCALL_YIELD] = {true, ABOUT_NOBODY},
	[HYPERCALL_FEATURES] = {true, ABOUT_NOBODY},
	[HYPERCALL_VM_LIST] = {true, ABOUT_NOBODY},
	[HYPERCALL_VM_INFO] = {true, ABOUT_ANY},
	[HYPERCALL_VCPU_INFO] = {true, ABOUT_VCPU},
	[HYPERCALL_BOARD_INFO] = {true, ABOUT_NOBODY},
	[HYPERCALL_VM_START] = {true, ABOUT_MANAGED},
	[HYPERCALL_VM_STOP] = {true, ABOUT_MANAGED},
	[HYPERCALL_VM_PAUSE] = {true, ABOUT_MANAGED},
	[HYPERCALL_VM_RESUME] = {true, ABOUT_MANAGED},
	[HYPERCALL_VM_RESTART] = {true, ABOUT_MANAGED},
	[HYPERCALL_VM_KILL] = {true, ABOUT_MANAGED},
	[HYPERCALL_VCPU_SET_CPU] = {true, ABOUT_MANAGED},
	[HYPERCALL_VCPU_SET_PRIORITY] = {true, ABOUT_MANAGED},
	[HYPERCALL_LOG_READ] = {true, ABOUT_ANY_BOARD},
	[HYPERCALL_VCPU_STAT] = {true, ABOUT_TRACE},
	[HYPERCALL_VCPU_REGS] = {true, ABOUT_VCPU},
	[HYPERCALL_VCPU_TRACE] = {true, ABOUT_TRACE},
	[HYPERCALL_IRQS] = {true, ABOUT_ANY_BOARD},
	[HYPERCALL_MEMORY] = {true, ABOUT_ANY_BOARD},
	[HYPERCALL_AUDIT] = {true, ABOUT_ANY},
	[HYPERCALL_CPU_INFO] = {true, ABOUT_CPU},
	[HYPERCALL_CPU_WINDOWS] = {true, ABOUT_CPU},
	[HYPERCALL_LOG_LAST] = {true, ABOUT_ANY_BOARD},
	[HYPERCALL_VM_TIMES] = {true, ABOUT_ANY},
	[HYPERCALL_VM_WAITS] = {true, ABOUT_ANY},
	[HYPERCALL_VM_MEASURE] = {true, ABOUT_MANAGED},
	[HYPERCALL_BOARD_RESET] = {true, ABOUT_BOARD},
	[HYPERCALL_BOARD_OFF] = {true, ABOUT_BOARD},
	[HYPERCALL_BOARD_BANNER] = {true, ABOUT_BOARD},
	[HYPERCALL_BOARD_TREE] = {true, ABOUT_BOARD},
	[HYPERCALL_VM_BALLOON] = {true, ABOUT_ANY},
	[HYPERCALL_VM_SET_MEMORY] = {true, ABOUT_MANAGED},
	[HYPERCALL_PORTS] = {true, ABOUT_ANY_BOARD},
	[HYPERCALL_VM_SOCKETS] = {true, ABOUT_ANY},
};

_Static_assert(ARRAY_COUNT(calls) <= 64, "a bit for each");

static void features(const struct vm *by, struct hypercall *call)
{
	bool any = manages_any(by), all = manages_all_others(by);

	for (uint32_t i = 0; i < ARRAY_COUNT(calls); i++) {
		if (calls[i].known && (calls[i].about != ABOUT_MANAGED || any) &&
		    ((calls[i].about != ABOUT_CPU && calls[i].about != ABOUT_BOARD) || all)) {
			call->result[0] |= BIT(i);
		}
	}
	call->result[1] = HYPERCALL_MAJOR << 16 | HYPERCALL_MINOR;
	call->status = HYPERCALL_OK;
}

static void show(const struct vm *by, struct vm *vm, struct hypercall *call)
{
	switch (call->number) {
	case HYPERCALL_LOG_READ:
		hypercall_log_read(vm, call);
		break;
	case HYPERCALL_VCPU_STAT:
		hypercall_vcpu_stat(by, vm, call);
		break;
	case HYPERCALL_VCPU_REGS:
		hypercall_vcpu_regs(by, vm, call);
		break;
	case HYPERCALL_VCPU_TRACE:
		hypercall_vcpu_trace(by, vm, call);
		break;
	case HYPERCALL_IRQS:
		hypercall_irqs(vm, call);
		break;
	case HYPERCALL_MEMORY:
		hypercall_memory(vm, call);
		break;
	case HYPERCALL_AUDIT:
		hypercall_audit(vm, call);
		break;
	case HYPERCALL_CPU_INFO:
		hypercall_cpu_info(call);
		break;
	case HYPERCALL_CPU_WINDOWS:
		hypercall_cpu_windows(call);
		break;
	case HYPERCALL_LOG_LAST:
		hypercall_log_last(vm, call);
		break;
	case HYPERCALL_VM_TIMES:
		hypercall_times(vm, call);
		break;
	case HYPERCALL_VM_WAITS:
		hypercall_waits(vm, call);
		break;
	case HYPERCALL_BOARD_BANNER:
		hypercall_banner(call);
		break;
	case HYPERCALL_BOARD_TREE:
		hypercall_tree(call);
		break;
	case HYPERCALL_VM_BALLOON:
		hypercall_balloon(vm, call);
		break;
	case HYPERCALL_PORTS:
		hypercall_ports(vm, call);
		break;
	case HYPERCALL_VM_SOCKETS:
		hypercall_sockets(vm, call);
		break;
	default:
		call->status = HYPERCALL_NOT_SUPPORTED;
		break;
	}
}

static void make(const struct vm *by, struct vm *vm, struct hypercall *call)
{
	switch (call->number) {
	case HYPERCALL_FEATURES:
		features(by, call);
		break;
	case HYPERCALL_VM_LIST:
		list(by, call);
		break;
	case HYPERCALL_VM_INFO:
		vm_info(vm, call);
		break;
	case HYPERCALL_VCPU_INFO:
		vcpu_info(vm, call);
		break;
	case HYPERCALL_BOARD_INFO:
		board_info(call);
		break;
	case HYPERCALL_VM_START:
	case HYPERCALL_VM_STOP:
	case HYPERCALL_VM_PAUSE:
	case HYPERCALL_VM_RESUME:
	case HYPERCALL_VM_RESTART:
	case HYPERCALL_VM_KILL:
		verb(vm, call);
		break;
	case HYPERCALL_VCPU_SET_CPU:
	case HYPERCALL_VCPU_SET_PRIORITY:
		place(by, vm, call);
		break;
	case HYPERCALL_VM_MEASURE:
		measure(vm, call);
		break;
	case HYPERCALL_VM_SET_MEMORY:
		set_memory(vm, call);
		break;
	case HYPERCALL_BOARD_RESET:
	case HYPERCALL_BOARD_OFF:
		end_board(by, call);
		break;
	default:
		show(by, vm, call);
		break;
	}
}

void hypercall_do(struct vcpu *vcpu, struct hypercall *call)
{
	struct vm *vm;

	call->status = HYPERCALL_NOT_SUPPORTED;
	call->result[0] = call->result[1] = 0;
	call->data_size = 0;
	if (call->number >= ARRAY_COUNT(calls) || !calls[call->number].known) {
		return;
	}
	call->status = admit(vcpu->vm, (enum about)calls[call->number].about, call, &vm);
	if (call->status == HYPERCALL_OK) {
		make(vcpu->vm, vm, call);
	}
}

static void identify(struct vcpu *vcpu, uint32_t id)
{
	static const uint32_t uuid[] = HYPERCALL_UUID;
	uint64_t *x = vcpu->regs.x;

	if (id == HYPERCALL_UID) {
		for (uint32_t i = 0; i < ARRAY_COUNT(uuid); i++) {
			x[i] = uuid[i];
		}
	} else {
		x[0] = HYPERCALL_MAJOR;
		x[1] = HYPERCALL_MINOR;
	}
}

/* As much of the structure as there is room for. */
static int32_t hand_over(const struct vcpu *vcpu, const struct hypercall *call)
{
	uint64_t size = MIN(call->arg[3], (uint64_t)call->data_size);

	return size != 0 && guest_write(vcpu->vm, call->arg[2], call->data.bytes, size) == 0 ?
		       HYPERCALL_OK :
		       HYPERCALL_BAD_ADDRESS;
}

void hypercall_call(struct vcpu *vcpu)
{
	uint64_t *x = vcpu->regs.x;
	uint32_t id = (uint32_t)x[0];
	bool wide = (id & HYPERCALL_ID64(0)) == HYPERCALL_ID64(0);
	struct hypercall call;

	if (id == HYPERCALL_UID || id == HYPERCALL_REVISION) {
		identify(vcpu, id);
		return;
	}
	call.number = id & 0xffff;
	for (uint32_t i = 0; i < HYPERCALL_ARGS; i++) {
		call.arg[i] = wide ? x[i + 1] : (uint32_t)x[i + 1];
	}
	hypercall_do(vcpu, &call);
	if (call.data_size != 0) {
		call.result[0] = call.data_size;
		call.status = hand_over(vcpu, &call);
	}
	x[0] = (uint64_t)(int64_t)call.status;
	if (call.status != HYPERCALL_OK) {
		return; /* x1 to x3 stay as they are, whatever came half way */
	}
	x[1] = call.result[0];
	x[2] = call.result[1];
	x[3] = 0;
}
