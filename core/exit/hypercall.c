/* SPDX-License-Identifier: Apache-2.0 */
/* Hypercalls: docs/hypercalls.md. */
#include "core/exit/hypercall.h"

#include "core/base/errno.h"
#include "core/base/string.h"
#include "core/sched/policy.h"
#include "core/vm/manage.h"
#include "core/vm/pvtime.h"
#include "mm/guest_access.h"
#include "mm/page_alloc.h"
#include "timer/deadline.h"
#include "version.h"

#define NS_PER_S UINT64_C(1000000000)
#define VERBS                                                                                      \
	(BIT(HYPERCALL_VM_START) | BIT(HYPERCALL_VM_STOP) | BIT(HYPERCALL_VM_PAUSE) |              \
	 BIT(HYPERCALL_VM_RESUME) | BIT(HYPERCALL_VM_RESTART) | BIT(HYPERCALL_VM_KILL))
#define FOR_ALL                                                                                    \
	(BIT(HYPERCALL_FEATURES) | BIT(HYPERCALL_YIELD) | BIT(HYPERCALL_VM_LIST) |                 \
	 BIT(HYPERCALL_VM_INFO) | BIT(HYPERCALL_VCPU_INFO) | BIT(HYPERCALL_BOARD_INFO))

static uint64_t to_ns(uint64_t ticks)
{
	uint64_t frequency = deadline_frequency();

	return ticks / frequency * NS_PER_S + ticks % frequency * NS_PER_S / frequency;
}

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

/* The VM of this id, if `may` lets the caller ask; else NULL, and the status says why. */
static struct vm *find(const struct vcpu *vcpu, struct hypercall *call,
		       bool (*may)(const struct vm *by, const struct vm *vm))
{
	struct vm *vm;

	if (call->arg[0] >= vm_count()) {
		call->status = HYPERCALL_NOT_FOUND;
		return NULL;
	}
	vm = vm_by_id((uint32_t)call->arg[0]);
	if (!may(vcpu->vm, vm)) {
		call->status = HYPERCALL_DENIED;
		return NULL;
	}
	return vm;
}

static struct hypercall_head head(uint32_t size)
{
	return (struct hypercall_head){HYPERCALL_MAJOR << 16 | HYPERCALL_MINOR, size};
}

static void give(struct hypercall *call, const void *data, uint32_t size)
{
	_Static_assert(sizeof(struct hypercall_vm_info) <= HYPERCALL_DATA_SIZE &&
			       sizeof(struct hypercall_vcpu_info) <= HYPERCALL_DATA_SIZE &&
			       sizeof(struct hypercall_board_info) <= HYPERCALL_DATA_SIZE,
		       "each fits");
	memcpy(call->data, data, size);
	call->data_size = size;
	call->status = HYPERCALL_OK;
}

/* A string that may be longer than its field. */
static void put_name(char to[HYPERCALL_NAME_SIZE], const char *name)
{
	memcpy(to, name, strnlen(name, HYPERCALL_NAME_SIZE - 1));
}

static void features(const struct vcpu *vcpu, struct hypercall *call)
{
	call->result[0] = FOR_ALL | (manages_any(vcpu->vm) ? VERBS : 0);
	call->result[1] = HYPERCALL_MAJOR << 16 | HYPERCALL_MINOR;
	call->status = HYPERCALL_OK;
}

/* Ids from 64 * `word` on. */
static void list(const struct vcpu *vcpu, struct hypercall *call)
{
	uint64_t first = 64 * MIN(call->arg[0], (uint64_t)CONFIG_VM_MAX);

	for (uint64_t i = 0; i < 64 && first + i < vm_count(); i++) {
		if (may_look(vcpu->vm, vm_by_id((uint32_t)(first + i)))) {
			call->result[0] |= BIT(i);
		}
	}
	call->result[1] = vcpu->vm->id;
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
	struct hypercall_vm_info info = {
		.head = head(sizeof(info)),
		.id = vm->id,
		.state = state_of(vm),
		.reason = reason_of(vm),
		.vcpu_count = vm->vcpu_count,
		.restarts = atomic_read(&vm->restart_count),
	};

	for (uint32_t i = 0; i < vm->extent_count; i++) {
		info.memory += vm->extent[i].size;
	}
	/* counted by other CPUs: each as it was at some moment of this call */
	for (uint32_t i = 0; i < vm->vcpu_count; i++) {
		info.ran += atomic_read(&vm->vcpu[i]->sched.ran);
		info.stolen += atomic_read(&vm->vcpu[i]->sched.stolen);
	}
	info.ran = to_ns(info.ran);
	info.stolen = to_ns(info.stolen);
	put_name(info.name, vm->name);
	give(call, &info, sizeof(info));
}

static void vcpu_info(const struct vm *vm, struct hypercall *call)
{
	const struct vcpu *vcpu;
	struct hypercall_vcpu_info info = {.head = head(sizeof(info))};
	const struct sched_vcpu *sched;

	if (call->arg[1] >= vm->vcpu_count) {
		call->status = HYPERCALL_INVALID;
		return;
	}
	vcpu = vm->vcpu[call->arg[1]];
	sched = &vcpu->sched;
	info.vm = vm->id;
	info.index = vcpu->index;
	info.cpu = vcpu->cpu;
	info.power = atomic_read(&vcpu->power);
	info.flags = sched_state_of(vcpu->cpu)->shared ? HYPERCALL_VCPU_SHARES : 0;
	info.priority = sched->priority;
	info.mpidr = vcpu->mpidr;
	info.ran = to_ns(atomic_read(&sched->ran));
	info.stolen = to_ns(atomic_read(&sched->stolen));
	info.stolen_alive = to_ns(pvtime_stolen(vcpu));
	info.slice = to_ns(sched->slice);
	info.budget = to_ns(sched->budget);
	info.period = to_ns(sched->period);
	give(call, &info, sizeof(info));
}

static void board_info(struct hypercall *call)
{
	struct hypercall_board_info info = {
		.head = head(sizeof(info)),
		.pages_used = page_alloc_used(),
		.pages_left = page_alloc_left(),
		.vm_count = vm_count(),
		.counter = deadline_now(),
		.counter_frequency = deadline_frequency(),
	};

	put_name(info.build, BULKHEAD_VERSION);
	give(call, &info, sizeof(info));
}

static int32_t status_of(int err)
{
	switch (err) {
	case 0:
		return HYPERCALL_OK;
	case -EALREADY:
		return HYPERCALL_ALREADY;
	default:
		return HYPERCALL_BUSY;
	}
}

static void verb(const struct vcpu *vcpu, struct hypercall *call)
{
	static int (*const verbs[])(struct vm * vm) = {
		[HYPERCALL_VM_START] = manage_start,	 [HYPERCALL_VM_STOP] = manage_stop,
		[HYPERCALL_VM_PAUSE] = manage_pause,	 [HYPERCALL_VM_RESUME] = manage_resume,
		[HYPERCALL_VM_RESTART] = manage_restart, [HYPERCALL_VM_KILL] = manage_kill,
	};
	struct vm *vm = find(vcpu, call, manage_may);

	if (vm != NULL) {
		call->status = status_of(verbs[call->number](vm));
	}
}

static void look(const struct vcpu *vcpu, struct hypercall *call)
{
	const struct vm *vm = find(vcpu, call, may_look);

	if (vm == NULL) {
		return;
	}
	if (call->number == HYPERCALL_VM_INFO) {
		vm_info(vm, call);
	} else {
		vcpu_info(vm, call);
	}
}

void hypercall_do(struct vcpu *vcpu, struct hypercall *call)
{
	call->status = HYPERCALL_NOT_SUPPORTED;
	call->result[0] = call->result[1] = 0;
	call->data_size = 0;
	switch (call->number) {
	case HYPERCALL_FEATURES:
		features(vcpu, call);
		break;
	case HYPERCALL_VM_LIST:
		list(vcpu, call);
		break;
	case HYPERCALL_VM_INFO:
	case HYPERCALL_VCPU_INFO:
		look(vcpu, call);
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
		verb(vcpu, call);
		break;
	default:
		break;
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

	return size != 0 && guest_write(vcpu->vm, call->arg[2], call->data, size) == 0 ?
		       HYPERCALL_OK :
		       HYPERCALL_BAD_ADDRESS;
}

void hypercall_call(struct vcpu *vcpu)
{
	uint64_t *x = vcpu->regs.x;
	uint32_t id = (uint32_t)x[0];
	bool wide = (id & HYPERCALL_ID64(0)) == HYPERCALL_ID64(0);
	struct hypercall call = {.number = id & 0xffff};

	if (id == HYPERCALL_UID || id == HYPERCALL_REVISION) {
		identify(vcpu, id);
		return;
	}
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
