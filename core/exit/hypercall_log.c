/* SPDX-License-Identifier: Apache-2.0 */
/* Hypercalls that tell what was counted and said, and what the board is: docs/hypercalls.md. */
#include "boot/banner.h"
#include "core/base/string.h"
#include "core/console/command.h"
#include "core/console/mux.h"
#include "core/exit/hypercall_show.h"
#include "core/exit/times.h"
#include "core/fdt/dt.h"

/* -- logs -- */

static void read_log(const struct vm *vm, const struct log *from, struct hypercall *call)
{
	const uint32_t before_text = offsetof(struct hypercall_log, text);
	struct hypercall_log *log = &call->data.log;
	uint64_t asked = call->arg[1], at = asked, end;
	uint32_t length;

	length = mux_log_read(from, &at, (uint8_t *)log->text, HYPERCALL_LOG_SIZE, &end);
	hypercall_answer(call, before_text);
	log->head.size = call->data_size = before_text + length;
	log->vm = vm == NULL ? HYPERCALL_BOARD : vm->id;
	log->begin = at;
	/* who asks for what is not written yet has missed nothing that there was */
	log->lost = at > asked ? at - asked : 0;
	log->end = end;
	log->length = length;
}

void hypercall_log_read(struct vm *vm, struct hypercall *call)
{
	read_log(vm, vm == NULL ? NULL : vm->log, call);
}

void hypercall_log_last(struct vm *vm, struct hypercall *call)
{
	const struct keep *keep = shell_sources()->keep;
	struct log log;

	if (keep != NULL && keep_last(keep, vm == NULL ? "" : vm->name, &log)) {
		read_log(vm, &log, call);
	} else {
		call->status = HYPERCALL_NOT_FOUND;
	}
}

/* -- what was counted -- */

/* In a call. */
#define LOOKED_AT 32
#define TOLD_OF	  6

/* Each record has a number, `each` of them a vCPU: from arg[1] on those that `add` has something to
 * say of. */
static void list_each(struct vm *vm, struct hypercall *call, uint32_t each,
		      bool (*add)(const struct vcpu *vcpu, uint32_t n, struct hypercall *call))
{
	uint64_t end = (uint64_t)vm->vcpu_count * each, n = call->arg[1];

	for (uint32_t i = 0; i < LOOKED_AT && call->data.list.count < TOLD_OF && n < end;
	     i++, n++) {
		if (!add(vm->vcpu[n / each], (uint32_t)(n % each), call)) {
			break;
		}
	}
	if (n < end) {
		call->data.list.next = n;
	}
}

static bool add_time(const struct vcpu *vcpu, uint32_t cause, struct hypercall *call)
{
	struct exit_time time = times_of(vcpu, cause);
	struct hypercall_time_record *record;

	if (times_since(vcpu) == 0 || time.count == 0) {
		return true;
	}
	record = hypercall_add(call, sizeof(*record));
	if (record != NULL) {
		record->vcpu = vcpu->index;
		record->cause = cause;
		record->count = time.count;
		record->total = hypercall_ns(time.ticks);
		record->max = hypercall_ns(time.max);
	}
	return record != NULL;
}

void hypercall_times(struct vm *vm, struct hypercall *call)
{
	hypercall_begin_list(call, sizeof(struct hypercall_time_record));
	list_each(vm, call, HYPERCALL_CAUSE_COUNT, add_time);
}

static bool add_wait(const struct vcpu *vcpu, uint32_t whose, struct hypercall *call)
{
	uint64_t ticks = atomic_read(&vcpu->sched.waited[whose]);
	struct hypercall_wait_record *record;

	if (ticks == 0) {
		return true;
	}
	record = hypercall_add(call, sizeof(*record));
	if (record != NULL) {
		record->vcpu = vcpu->index;
		record->vm = whose == SCHED_HAD_NOBODY ? HYPERCALL_NOBODY : whose - SCHED_HAD(0);
		record->time = hypercall_ns(ticks);
	}
	return record != NULL;
}

void hypercall_waits(struct vm *vm, struct hypercall *call)
{
	hypercall_begin_list(call, sizeof(struct hypercall_wait_record));
	list_each(vm, call, SCHED_HAD(vm_count()), add_wait);
}

/* -- the board -- */

static void answer_text(struct hypercall *call, uint32_t length, uint64_t next)
{
	struct hypercall_text *text = &call->data.text;

	hypercall_answer(call, offsetof(struct hypercall_text, text));
	text->head.size = call->data_size = offsetof(struct hypercall_text, text) + length;
	text->length = length;
	text->next = next;
}

#define BANNER_LINE_MAX 160

void hypercall_banner(struct hypercall *call)
{
	const struct shell_sources *sources = shell_sources();
	char *to = (char *)call->data.text.text;
	uint64_t n = MIN(call->arg[1], (uint64_t)UINT32_MAX);
	size_t length;

	if (!banner_line(sources->board, sources->image, (uint32_t)n, to, BANNER_LINE_MAX)) {
		answer_text(call, 0, HYPERCALL_LIST_END);
		return;
	}
	length = strnlen(to, BANNER_LINE_MAX - 1);
	to[length] = '\n';
	answer_text(call, (uint32_t)length + 1, n + 1);
}

/* What nobody else is to know, in `bytes` of the blob from `at` on, is 0. */
static void hide_seeds(const struct dt *dt, uint64_t at, uint8_t *bytes, uint32_t length)
{
	static const char *const nodes[] = {"/chosen", "/secure-chosen"};
	static const char *const seeds[] = {"rng-seed", "kaslr-seed"};

	for (uint32_t i = 0; i < ARRAY_COUNT(nodes) * ARRAY_COUNT(seeds); i++) {
		int node = dt_find(dt, nodes[i / ARRAY_COUNT(seeds)]);
		struct dt_prop prop;
		uint64_t from;

		if (!dt_prop(dt, node, seeds[i % ARRAY_COUNT(seeds)], &prop)) {
			continue;
		}
		from = (uint64_t)(prop.value - dt->blob);
		for (uint64_t n = MAX(from, at); n < MIN(from + prop.len, at + length); n++) {
			bytes[n - at] = 0;
		}
	}
}

void hypercall_tree(struct hypercall *call)
{
	const struct dt *dt = shell_sources()->board->tree;
	uint64_t at = MIN(call->arg[1], (uint64_t)dt->size);
	uint32_t length = (uint32_t)MIN(sizeof(call->data.text.text), dt->size - at);

	memcpy(call->data.text.text, dt->blob + at, length);
	hide_seeds(dt, at, call->data.text.text, length);
	answer_text(call, length, at + length < dt->size ? at + length : HYPERCALL_LIST_END);
}
