/* SPDX-License-Identifier: Apache-2.0 */
/* The table of VMs, and what is said about them. */
#include "core/vm/vm.h"

#include "core/base/format.h"
#include "core/base/panic.h"
#include "core/base/string.h"
#include "timer/deadline.h"

#define COMPLAINT_MAX 224

static struct {
	struct vm *vm[CONFIG_VM_MAX];
	uint32_t count;
} vms;

void vm_register(struct vm *vm)
{
	CHECK(vms.count < CONFIG_VM_MAX);
	vm->id = vms.count;
	vms.vm[vms.count++] = vm;
}

struct vm *vm_by_id(uint32_t id)
{
	return vms.vm[id];
}

uint32_t vm_count(void)
{
	return vms.count;
}

struct vm *vm_by_name(const char *name)
{
	for (uint32_t i = 0; i < vms.count; i++) {
		if (strcmp(vms.vm[i]->name, name) == 0) {
			return vms.vm[i];
		}
	}
	return NULL;
}

const struct vm_extent *vm_extent_of(const struct vm *vm, uint64_t ipa, uint64_t size)
{
	for (uint32_t i = 0; i < vm->extent_count; i++) {
		if (range_contains(vm->extent[i].ipa, vm->extent[i].size, ipa, size)) {
			return &vm->extent[i];
		}
	}
	return NULL;
}

static int (*stop_hook)(struct vm *vm, enum vm_stop_reason reason);

void vm_set_stop(int (*stop)(struct vm *vm, enum vm_stop_reason reason))
{
	stop_hook = stop;
}

void vm_ask_stop(struct vm *vm, enum vm_stop_reason reason)
{
	if (stop_hook != NULL) {
		stop_hook(vm, reason);
	}
}

uint64_t vm_awake_ticks(struct vm *vm)
{
	uint64_t ticks;

	spin_lock(&vm->lock);
	ticks = (vm->state == VM_PAUSED ? vm->paused_at : deadline_now()) - vm->paused_ticks;
	spin_unlock(&vm->lock);
	return ticks;
}

bool vm_may_log(struct vm *vm, struct ratelimit *limit)
{
	uint32_t missed = 0;
	bool allowed;

	spin_lock(&vm->lock);
	allowed = ratelimit_allow(limit, deadline_now(), deadline_frequency(), &missed);
	spin_unlock(&vm->lock);
	if (allowed && missed != 0) {
		log_warn("%s: %u more lines like the next were held back", vm->name, missed);
	}
	return allowed;
}

void vm_note(struct vm *vm, const char *fmt, ...)
{
	char text[COMPLAINT_MAX] = "bulkhead: ";
	size_t mark = strlen(text);
	va_list args;

	va_start(args, fmt);
	format_v(text + mark, sizeof(text) - mark, fmt, args);
	va_end(args);
	mux_note(vm->log, text, strlen(text));
}

void vm_complain(struct vcpu *vcpu, const char *fmt, ...)
{
	struct vm *vm = vcpu->vm;
	char text[COMPLAINT_MAX];
	va_list args;

	if (!vm_may_log(vm, &vm->faults)) {
		return;
	}
	va_start(args, fmt);
	format_v(text, sizeof(text), fmt, args);
	va_end(args);
	vm_note(vm, "vcpu %u pc 0x%llx: %s", vcpu->index, (unsigned long long)vcpu_pc(vcpu), text);
	log_warn("%s vcpu %u pc 0x%llx: %s", vm->name, vcpu->index,
		 (unsigned long long)vcpu_pc(vcpu), text);
}
