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

static bool may_log(struct vm *vm, struct ratelimit *limit, uint32_t *missed)
{
	bool allowed;

	*missed = 0;
	spin_lock(&vm->lock);
	allowed = ratelimit_allow(limit, deadline_now(), deadline_frequency(), missed);
	spin_unlock(&vm->lock);
	return allowed;
}

bool vm_may_log(struct vm *vm, struct ratelimit *limit)
{
	uint32_t missed;
	bool allowed = may_log(vm, limit, &missed);

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
	static const char mark[] = "bulkhead: ";
	struct vm *vm = vcpu->vm;
	/* "bulkhead: " or the VM's name before the same: it is formatted once */
	char text[COMPLAINT_MAX + MUX_NAME_MAX + 1], *const same = text + MUX_NAME_MAX + 1, *line;
	size_t name = strnlen(vm->name, MUX_NAME_MAX), len;
	uint32_t missed;
	va_list args;

	if (!may_log(vm, &vm->faults, &missed)) {
		return;
	}
	len = (size_t)format(same, COMPLAINT_MAX / 2, "vcpu %u pc 0x%llx: ", vcpu->index,
			     (unsigned long long)vcpu_pc(vcpu));
	va_start(args, fmt);
	len += (size_t)format_v(same + len, COMPLAINT_MAX - len, fmt, args);
	va_end(args);
	len = MIN(len, (size_t)COMPLAINT_MAX - 1);
	if (missed != 0) {
		len += (size_t)format(same + len, COMPLAINT_MAX - len,
				      " (%u more like it were held back)", missed);
		len = MIN(len, (size_t)COMPLAINT_MAX - 1);
	}
	line = same - (sizeof(mark) - 1);
	memcpy(line, mark, sizeof(mark) - 1);
	mux_note(vm->log, line, len + sizeof(mark) - 1);
	line = same - 1 - name;
	memcpy(line, vm->name, name);
	line[name] = ' ';
	printk_text(LOG_WARN, line, name + 1 + len);
}
