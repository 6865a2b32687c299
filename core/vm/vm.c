/* SPDX-License-Identifier: Apache-2.0 */
/* The table of VMs, and what is said about them. */
#include "core/vm/vm.h"

#include "core/base/format.h"
#include "core/base/panic.h"
#include "core/base/string.h"
#include "timer/deadline.h"

#define COMPLAINT_MAX (VCPU_COMPLAINT_MAX + 96)

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

/*
 * A line of `len` bytes into both logs: into the VM's own as it is, into the hypervisor's behind
 * its name. SAY_BEFORE bytes before it are free: it is formatted once.
 */
#define SAY_MARK   "bulkhead: "
#define SAY_BEFORE (MUX_NAME_MAX + 2)

static void say_in_both(struct vm *vm, enum log_level level, char *same, size_t len, bool colon)
{
	size_t name = strnlen(vm->name, MUX_NAME_MAX), mark = sizeof(SAY_MARK) - 1;
	char *line = same - mark;

	memcpy(line, SAY_MARK, mark);
	mux_note(vm->log, line, len + mark);
	line = same - 1 - colon - name;
	memcpy(line, vm->name, name);
	line[name] = colon ? ':' : ' ';
	same[-1] = ' ';
	printk_text(level, line, len + name + 1 + colon);
}

void vm_tell(struct vm *vm, enum log_level level, const char *fmt, ...)
{
	char text[SAY_BEFORE + COMPLAINT_MAX], *const same = text + SAY_BEFORE;
	va_list args;
	size_t len;

	va_start(args, fmt);
	len = (size_t)format_v(same, COMPLAINT_MAX, fmt, args);
	va_end(args);
	say_in_both(vm, level, same, MIN(len, (size_t)COMPLAINT_MAX - 1), true);
}

/* Its lines are written in a step of its own, before its guest goes on. */
void vm_complain(struct vcpu *vcpu, const char *fmt, ...)
{
	struct complaint *complaint = &vcpu->complaint;
	uint32_t missed;
	va_list args;
	size_t len;

	if (!may_log(vcpu->vm, &vcpu->vm->faults, &missed)) {
		return;
	}
	if (complaint->len != 0) {
		vm_say_complaint(vcpu);
	}
	va_start(args, fmt);
	len = (size_t)format_v(complaint->text, sizeof(complaint->text), fmt, args);
	va_end(args);
	complaint->len = (uint32_t)MIN(len, sizeof(complaint->text) - 1);
	complaint->missed = missed;
	complaint->pc = vcpu_pc(vcpu);
	vcpu_post(vcpu, VCPU_EVENT_COMPLAINT);
}

void vm_say_complaint(struct vcpu *vcpu)
{
	struct complaint *complaint = &vcpu->complaint;
	char text[SAY_BEFORE + COMPLAINT_MAX], *const same = text + SAY_BEFORE;
	size_t len = (size_t)format(same, COMPLAINT_MAX, "vcpu %u pc 0x%llx: ", vcpu->index,
				    (unsigned long long)complaint->pc);

	_Static_assert(sizeof(complaint->text) + 80 < COMPLAINT_MAX, "with all around it");
	memcpy(same + len, complaint->text, complaint->len);
	len += complaint->len;
	complaint->len = 0;
	if (complaint->missed != 0) {
		len += (size_t)format(same + len, COMPLAINT_MAX - len,
				      " (%u more like it were held back)", complaint->missed);
	}
	say_in_both(vcpu->vm, LOG_WARN, same, len, false);
}
