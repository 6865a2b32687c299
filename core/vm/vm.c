/* SPDX-License-Identifier: Apache-2.0 */
/* The table of VMs, and what is said about them. */
#include "core/vm/vm.h"

#include "core/base/format.h"
#include "core/base/panic.h"
#include "core/base/string.h"
#include "timer/deadline.h"

#define NOTE_MAX	 256
#define NAME_WIDTH_LEAST 12

static struct {
	struct vm *vm[CONFIG_VM_MAX];
	uint32_t count;
	int name_width;
} vms;

void vm_device_ready(struct vm *vm, uint32_t index, bool there)
{
	if (there) {
		atomic_fetch_and(&vm->unready, ~BIT(index));
	} else {
		atomic_set(&vm->lacking, true);
	}
	/* vCPU 0 looks whether it waits for this */
	vcpu_post(vm->vcpu[0], VCPU_EVENT_JOB);
}

void vm_register(struct vm *vm)
{
	CHECK(vms.count < CONFIG_VM_MAX);
	vm->id = vms.count;
	vms.vm[vms.count++] = vm;
	vms.name_width = MAX(vms.name_width, (int)strlen(vm->name));
}

struct vm *vm_by_id(uint32_t id)
{
	return vms.vm[id];
}

uint32_t vm_count(void)
{
	return vms.count;
}

int vm_name_width(void)
{
	return MAX(vms.name_width, NAME_WIDTH_LEAST);
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

static int (*stop_hook)(struct vm *vm, enum vm_stop_reason reason, uint32_t life);

void vm_set_stop(int (*stop)(struct vm *vm, enum vm_stop_reason reason, uint32_t life))
{
	stop_hook = stop;
}

void vm_ask_stop(struct vm *vm, enum vm_stop_reason reason, uint32_t life)
{
	if (stop_hook != NULL) {
		stop_hook(vm, reason, life);
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

/* Its length. */
static uint32_t make_tail(struct vm_tail *tail, uint32_t missed)
{
	tail->text[0] = '\0';
	return missed == 0 ? 0 :
			     (uint32_t)format(tail->text, sizeof(tail->text),
					      " (%u more like it were held back)", missed);
}

bool vm_may_log(struct vm *vm, struct ratelimit *limit, struct vm_tail *tail)
{
	uint32_t missed;
	bool allowed = may_log(vm, limit, &missed);

	make_tail(tail, missed);
	return allowed;
}

void vm_note(struct vm *vm, const char *fmt, ...)
{
	char text[NOTE_MAX] = "bulkhead: ";
	size_t mark = strlen(text);
	va_list args;

	va_start(args, fmt);
	format_v(text + mark, sizeof(text) - mark, fmt, args);
	va_end(args);
	mux_note(vm->log, text, strlen(text));
}

/*
 * A line of `len` bytes goes into both logs: into the VM's own behind a mark, into the hypervisor's
 * behind its name. SAY_BEFORE bytes before it are free: it is formatted once.
 */
#define SAY_MARK   "bulkhead: "
#define SAY_BEFORE (MUX_NAME_MAX + 2)

static void say_in_own(struct vm *vm, char *same, size_t len)
{
	size_t mark = sizeof(SAY_MARK) - 1;
	char *line = same - mark;

	memcpy(line, SAY_MARK, mark);
	mux_note(vm->log, line, len + mark);
}

static void say_to_all(struct vm *vm, enum log_level level, char *same, size_t len, bool colon)
{
	size_t name = strnlen(vm->name, MUX_NAME_MAX);
	char *line = same - 1 - colon - name;

	memcpy(line, vm->name, name);
	line[name] = colon ? ':' : ' ';
	same[-1] = ' ';
	printk_text(level, line, len + name + 1 + colon);
}

void vm_tell(struct vm *vm, enum log_level level, const char *fmt, ...)
{
	char text[SAY_BEFORE + NOTE_MAX], *const same = text + SAY_BEFORE;
	va_list args;
	size_t len;

	va_start(args, fmt);
	len = (size_t)format_v(same, NOTE_MAX, fmt, args);
	va_end(args);
	len = MIN(len, (size_t)NOTE_MAX - 1);
	say_in_own(vm, same, len);
	say_to_all(vm, level, same, len, true);
}

/*
 * What is complained of is formatted at the exit, what stands around it in a step, before the guest
 * goes on, and the two lines are written in one more each.
 */
#define HEAD_MAX 40 /* "vcpu 1 pc 0x…: " */
#define TAIL_MAX (uint32_t)sizeof(struct vm_tail)

_Static_assert(VCPU_COMPLAINT_MAX > SAY_BEFORE + HEAD_MAX + TAIL_MAX + 128, "and the complaint");

void vm_complain(struct vcpu *vcpu, const char *fmt, ...)
{
	struct complaint *complaint = &vcpu->complaint;
	const uint32_t from = SAY_BEFORE + HEAD_MAX, max = VCPU_COMPLAINT_MAX - from - TAIL_MAX;
	uint32_t missed;
	va_list args;
	int len;

	if (!may_log(vcpu->vm, &vcpu->vm->faults, &missed)) {
		return;
	}
	while (complaint->len != 0) {
		vm_say_complaint(vcpu);
	}
	va_start(args, fmt);
	len = format_v(complaint->text + from, max, fmt, args);
	va_end(args);
	complaint->from = from;
	complaint->len = MIN((uint32_t)len, max - 1);
	complaint->missed = missed;
	complaint->pc = vcpu_pc(vcpu);
	complaint->stage = COMPLAINT_BARE;
	vcpu_post(vcpu, VCPU_EVENT_COMPLAINT);
}

static void complete(const struct vcpu *vcpu, struct complaint *complaint)
{
	char head[HEAD_MAX];
	struct vm_tail tail;
	uint32_t len = (uint32_t)format(head, sizeof(head), "vcpu %u pc 0x%llx: ", vcpu->index,
					(unsigned long long)complaint->pc);

	complaint->from -= len;
	memcpy(complaint->text + complaint->from, head, len);
	complaint->len += len;
	len = make_tail(&tail, complaint->missed);
	memcpy(complaint->text + complaint->from + complaint->len, tail.text, len);
	complaint->len += len;
}

void vm_say_complaint(struct vcpu *vcpu)
{
	struct complaint *complaint = &vcpu->complaint;
	uint32_t len = complaint->len;

	if (len == 0) {
		return;
	}
	switch (complaint->stage) {
	case COMPLAINT_BARE:
		complete(vcpu, complaint);
		complaint->stage = COMPLAINT_WHOLE;
		break;
	case COMPLAINT_WHOLE:
		say_in_own(vcpu->vm, complaint->text + complaint->from, len);
		complaint->stage = COMPLAINT_NOTED;
		break;
	case COMPLAINT_NOTED:
		complaint->len = 0;
		say_to_all(vcpu->vm, LOG_WARN, complaint->text + complaint->from, len, false);
		return;
	}
	vcpu_post(vcpu, VCPU_EVENT_COMPLAINT);
}
