/* SPDX-License-Identifier: Apache-2.0 */
/* What bulkheadctl shows of logs, interrupts, memory and CPUs. */
#include "core/base/string.h"
#include "core/base/text.h"
#include "tools/bulkheadctl/show.h"

#define OWNER_WIDTH 16 /* of a column with owners that are no VMs */

typedef unsigned long long ull;

/* The owner of something by number, as a word. */
static const char *owner_name(uint32_t owner)
{
	return owner == HYPERCALL_OWNER_HYPERVISOR ? "hypervisor" :
	       owner == HYPERCALL_OWNER_EACH	   ? "each VM" :
	       owner == HYPERCALL_OWNER_DISK	   ? "a disk" :
	       owner == HYPERCALL_OWNER_SHARED	   ? "shared memory" :
	       owner == HYPERCALL_NOBODY	   ? "nobody" :
						     ask_name(owner);
}

/* -- log -- */

#define FOLLOW_EACH_MS 100

/* A log as a terminal may have it, piece by piece. */
static struct {
	uint8_t bytes[HYPERCALL_LOG_SIZE + 3];
	uint32_t length; /* of the beginning of a character, whose rest comes with the next piece */
} piece;

/* All that there is of it, or but for the character that it ends in the middle of. */
static void say_text(bool all)
{
	uint32_t cut = all ? 0 : text_cut(piece.bytes, piece.length);
	uint32_t whole = piece.length - cut;

	say_bytes(piece.bytes, text_clean(piece.bytes, whole));
	memmove(piece.bytes, piece.bytes + whole, cut);
	piece.length = cut;
}

static void print_text(const struct hypercall_log *log)
{
	if (log->lost != 0) {
		say_text(true);
		say("[%llu bytes are gone]\n", (ull)log->lost);
	}
	memcpy(piece.bytes + piece.length, log->text, log->length);
	piece.length += log->length;
	say_text(false);
}

static void print_log(const struct hypercall_log *log, bool first)
{
	if (!say_json) {
		print_text(log);
		return;
	}
	say("%s{\"begin\": %llu, \"lost\": %llu, \"next\": %llu, \"text\": ", first ? "" : ",\n ",
	    (ull)log->begin, (ull)log->lost, (ull)(log->begin + log->length));
	say_string(log->text, log->length);
	say("}");
}

int show_log(const struct show_log *what)
{
	static struct hypercall call;
	const struct hypercall_log *log = &call.data.log;
	uint64_t from = what->from;
	bool first = true;
	uint32_t vm;

	if (!ask_about(what->name, &vm)) {
		return STATUS_REFUSED;
	}
	say_list_begin();
	for (;;) {
		if (!ask(&call, what->last ? HYPERCALL_LOG_LAST : HYPERCALL_LOG_READ, vm, from)) {
			return ask_refused(&call);
		}
		if (log->length != 0 || log->lost != 0) {
			print_log(log, first);
			first = false;
		}
		from = log->begin + log->length;
		if (from != log->end) {
			continue;
		}
		if (!what->follow || what->last) {
			break;
		}
		ask_later(FOLLOW_EACH_MS);
	}
	say_text(true);
	say_list_end();
	return STATUS_DONE;
}

/* -- lists -- */

int show_list(struct hypercall *call, uint32_t number, uint32_t about,
	      void (*print)(const void *record, bool first))
{
	uint64_t from = 0;
	bool first = true;

	say_list_begin();
	do {
		const struct hypercall_list *list = &call->data.list;

		if (!ask(call, number, about, from)) {
			return ask_refused(call);
		}
		for (uint32_t i = 0; i < list->count; i++) {
			/* a later version's records are longer */
			print(call->data.bytes + sizeof(*list) + i * list->record_size, first);
			first = false;
		}
		from = list->next;
	} while (from != HYPERCALL_LIST_END);
	say_list_end();
	return STATUS_DONE;
}

static void print_board_irq(const void *record, bool first)
{
	const struct hypercall_irq_record *irq = record;

	if (say_json) {
		say("%s{\"intid\": %u, \"taken\": %u, \"device\": \"%s\"}", first ? "" : ",\n ",
		    irq->intid, irq->taken, irq->device);
		return;
	}
	say("%s%5u %10u  %s\n", first ? "INTID      taken\n" : "", irq->intid, irq->taken,
	    irq->device);
}

static const char *flag(const struct hypercall_irq_record *irq, uint32_t bit, const char *yes)
{
	return (irq->flags & bit) != 0 ? (say_json ? "true" : yes) : (say_json ? "false" : "");
}

static void print_irq(const void *record, bool first)
{
	const struct hypercall_irq_record *irq = record;

	if (say_json) {
		say("%s{\"intid\": %u, \"vcpu\": %u, \"priority\": %u, \"board\": %u, ",
		    first ? "" : ",\n ", irq->intid, irq->vcpu, irq->priority, irq->board);
		say("\"enabled\": %s, \"pending\": %s, \"active\": %s, \"edge\": %s, "
		    "\"device\": \"%s\"}",
		    flag(irq, HYPERCALL_IRQ_ENABLED, ""), flag(irq, HYPERCALL_IRQ_PENDING, ""),
		    flag(irq, HYPERCALL_IRQ_ACTIVE, ""), flag(irq, HYPERCALL_IRQ_EDGE, ""),
		    irq->device);
		return;
	}
	if (first) {
		say("INTID vCPU priority board state\n");
	}
	say("%5u %4u %8u %5u %s%s%s%s %s\n", irq->intid, irq->vcpu, irq->priority, irq->board,
	    (irq->flags & HYPERCALL_IRQ_ENABLED) != 0 ? "on" : "off",
	    flag(irq, HYPERCALL_IRQ_EDGE, " edge"), flag(irq, HYPERCALL_IRQ_PENDING, " pending"),
	    flag(irq, HYPERCALL_IRQ_ACTIVE, " active"), irq->device);
}

int show_irqs(const char *name)
{
	static struct hypercall call;
	uint32_t vm;

	if (!ask_about(name, &vm)) {
		return STATUS_REFUSED;
	}
	return show_list(&call, HYPERCALL_IRQS, vm, name == NULL ? print_board_irq : print_irq);
}

/* What a disk or memory that VMs share is called, and whose disk it is. */
static void print_store(const struct hypercall_memory_record *memory)
{
	if (say_json && memory->name[0] != '\0') {
		say(", \"name\": \"%s\"", memory->name);
	}
	if (say_json && memory->of[0] != '\0') {
		say(", \"of\": \"%s\"", memory->of);
	}
	if (!say_json && memory->name[0] != '\0') {
		say(" %s%s%s", memory->name, memory->of[0] != '\0' ? " of " : "", memory->of);
	}
}

static void print_memory(const void *record, bool first)
{
	static const char *const kinds[] = {"RAM", "device", "read-only", "shared"};
	const struct hypercall_memory_record *memory = record;
	const char *kind = memory->kind < ARRAY_COUNT(kinds) ? kinds[memory->kind] : "?";
	bool mapped = memory->owner <= HYPERCALL_OWNER_EACH &&
		      memory->owner != HYPERCALL_OWNER_DISK &&
		      memory->owner != HYPERCALL_OWNER_SHARED;

	if (say_json) {
		say("%s{\"pa\": %llu, \"size\": %llu, \"owner\": \"%s\"", first ? "" : ",\n ",
		    (ull)memory->pa, (ull)memory->size, owner_name(memory->owner));
		if (mapped) {
			say(", \"ipa\": %llu, \"kind\": \"%s\"", (ull)memory->ipa, kind);
		}
		print_store(memory);
		say("}");
		return;
	}
	say("%10llx-%-10llx %8llu KiB  %-*s", (ull)memory->pa, (ull)(memory->pa + memory->size - 1),
	    (ull)(memory->size >> 10), MAX(ask_name_width(), OWNER_WIDTH),
	    owner_name(memory->owner));
	if (mapped) {
		say(" %s at ipa %llx", kind, (ull)memory->ipa);
	}
	print_store(memory);
	say("\n");
}

int show_memory(const char *name)
{
	static struct hypercall call;
	uint32_t vm;

	if (!ask_about(name, &vm)) {
		return STATUS_REFUSED;
	}
	return show_list(&call, HYPERCALL_MEMORY, vm, print_memory);
}

/* -- audit -- */

/* The whole of a VM, a few mappings in a call. */
static int audit(uint32_t vm, struct hypercall_audit *all)
{
	static struct hypercall call;
	const struct hypercall_audit *some = &call.data.audit;
	uint64_t from = 0;

	memset(all, 0, sizeof(*all));
	do {
		if (!ask(&call, HYPERCALL_AUDIT, vm, from)) {
			return ask_refused(&call);
		}
		if (all->faults == 0 && some->faults != 0) {
			all->first_ipa = some->first_ipa;
			all->first_pa = some->first_pa;
		}
		all->mappings += some->mappings;
		all->faults += some->faults;
		all->bytes += some->bytes;
		from = some->next;
	} while (from != HYPERCALL_LIST_END);
	return STATUS_DONE;
}

static int print_audit(uint32_t vm, bool first)
{
	struct hypercall_audit all;
	int status = audit(vm, &all);

	if (status != STATUS_DONE) {
		return status;
	}
	if (say_json) {
		say("%s{\"name\": \"%s\", \"mappings\": %u, \"faults\": %u, \"bytes\": %llu}",
		    first ? "" : ",\n ", ask_name(vm), all.mappings, all.faults, (ull)all.bytes);
	} else {
		say("%s: %u mappings, %llu MiB, %u without a grant\n", ask_name(vm), all.mappings,
		    (ull)(all.bytes >> 20), all.faults);
	}
	if (!say_json && all.faults != 0) {
		say("%s: the first is ipa %llx at pa %llx\n", ask_name(vm), (ull)all.first_ipa,
		    (ull)all.first_pa);
	}
	return all.faults == 0 ? STATUS_DONE : STATUS_REFUSED;
}

int show_audit(const char *name)
{
	uint64_t ids = ask_vms();
	int status = STATUS_DONE;
	bool first = true;
	uint32_t vm;

	if (!ask_about(name, &vm)) {
		return STATUS_REFUSED;
	}
	say_list_begin();
	for (uint32_t id = 0; id < ASK_VMS; id++) {
		if ((ids >> id & 1) != 0 && (name == NULL || id == vm)) {
			int one = print_audit(id, first);

			status = MAX(status, one);
			first = false;
		}
	}
	say_list_end();
	return status;
}

/* -- sched -- */

static void print_window(const void *record, bool first)
{
	const struct hypercall_window_record *window = record;

	say(say_json ? "%s{\"vm\": \"%s\", \"length_ns\": %llu}" : "%s  window: %s, %llu ns\n",
	    say_json && !first ? ", " : "", owner_name(window->vm), (ull)window->length);
}

static void print_cpu(const struct hypercall_cpu_info *cpu)
{
	const char *who = owner_name(cpu->vm);
	bool up = (cpu->flags & HYPERCALL_CPU_UP) != 0;
	bool shared = (cpu->flags & HYPERCALL_CPU_SHARED) != 0;

	if (say_json) {
		say("%s{\"cpu\": %u, \"up\": %s, \"shared\": %s, \"vcpus\": %u, \"vm\": ",
		    cpu->cpu == 0 ? "" : ",\n ", cpu->cpu, up ? "true" : "false",
		    shared ? "true" : "false", cpu->vcpu_count);
		say(cpu->vm == HYPERCALL_NOBODY ? "null, \"vcpu\": null" : "\"%s\", \"vcpu\": %u",
		    who, cpu->vcpu);
		say(", \"frame_ns\": %llu, ", (ull)cpu->major);
		return;
	}
	if (!up) {
		say("CPU %u: not up\n", cpu->cpu);
	} else if (cpu->vm == HYPERCALL_NOBODY) {
		say("CPU %u: %u vCPUs, nobody runs\n", cpu->cpu, cpu->vcpu_count);
	} else {
		say("CPU %u: %u vCPUs%s, %s vcpu %u\n", cpu->cpu, cpu->vcpu_count,
		    shared ? ", who runs is" : ", its own:", who, cpu->vcpu);
	}
}

#define US UINT64_C(1000)

/* A vCPU of a CPU that several share. */
static void print_turn(const struct hypercall_vcpu_info *vcpu, const struct hypercall_cpu_info *cpu,
		       const char *name, bool first)
{
	static struct hypercall call;
	bool runs = cpu->vm == vcpu->vm && cpu->vcpu == vcpu->index;
	bool ready = ask(&call, HYPERCALL_VCPU_STAT, vcpu->vm, vcpu->index) &&
		     call.data.stat.wait == HYPERCALL_WAIT_NONE;

	if (say_json) {
		say("%s{\"vm\": \"%s\", \"vcpu\": %u, \"state\": \"%s\", \"priority\": %u, "
		    "\"slice_ns\": %llu, \"slice_left_ns\": %llu, \"budget_ns\": %llu, "
		    "\"period_ns\": %llu, \"budget_left_ns\": %llu, \"background\": %s}",
		    first ? "" : ", ", name, vcpu->index,
		    runs  ? "runs" :
		    ready ? "ready" :
			    "waits",
		    vcpu->priority, (ull)vcpu->slice, (ull)vcpu->slice_left, (ull)vcpu->budget,
		    (ull)vcpu->period, (ull)vcpu->budget_left,
		    (vcpu->flags & HYPERCALL_VCPU_BACKGROUND) != 0 ? "true" : "false");
		return;
	}
	say("  %s %-*s vcpu %-2u priority %3u  ",
	    runs  ? "runs " :
	    ready ? "ready" :
		    "-    ",
	    ask_name_width(), name, vcpu->index, vcpu->priority);
	if (vcpu->budget == 0) {
		say("slice %llu of %llu us\n", (ull)(vcpu->slice_left / US),
		    (ull)(vcpu->slice / US));
		return;
	}
	say("budget %llu of %llu/%llu us%s\n", (ull)(vcpu->budget_left / US),
	    (ull)(vcpu->budget / US), (ull)(vcpu->period / US),
	    (vcpu->flags & HYPERCALL_VCPU_BACKGROUND) != 0 ? " +" : "");
}

/* Those of all VMs that are on it, where it has choices. */
static void print_turns(const struct hypercall_cpu_info *cpu)
{
	static struct hypercall call, info;
	uint64_t ids = ask_vms();
	bool first = true;

	say(say_json ? "\"turns\": [" : "");
	for (uint32_t id = 0; id < ASK_VMS && (cpu->flags & HYPERCALL_CPU_SHARED) != 0; id++) {
		if ((ids >> id & 1) == 0 || !ask(&info, HYPERCALL_VM_INFO, id, 0)) {
			continue;
		}
		for (uint32_t i = 0; i < info.data.vm.vcpu_count; i++) {
			if (ask(&call, HYPERCALL_VCPU_INFO, id, i) &&
			    call.data.vcpu.cpu == cpu->cpu) {
				print_turn(&call.data.vcpu, cpu, info.data.vm.name, first);
				first = false;
			}
		}
	}
	say(say_json ? "], \"windows\": " : "");
}

int show_cpus(void)
{
	static struct hypercall call;
	uint32_t count = 1;

	say_list_begin();
	for (uint32_t i = 0; i < count; i++) {
		if (!ask(&call, HYPERCALL_CPU_INFO, i, 0)) {
			return ask_refused(&call);
		}
		count = call.data.cpu.cpu_count;
		print_cpu(&call.data.cpu);
		print_turns(&call.data.cpu);
		if (say_json || call.data.cpu.window_count != 0) {
			/* a list of its own */
			bool json = say_json;

			show_list(&call, HYPERCALL_CPU_WINDOWS, i, print_window);
			say(json ? "}" : "");
		}
	}
	say_list_end();
	return STATUS_DONE;
}

/* -- what a porter sends -- */

/* Pieces of text, or bytes that are none: `each` has them as they are. */
static int show_pieces(uint32_t number, void (*each)(const struct hypercall_text *text))
{
	static struct hypercall call;
	const struct hypercall_text *text = &call.data.text;
	uint64_t from = 0;

	do {
		if (!ask(&call, number, 0, from)) {
			return ask_refused(&call);
		}
		each(text);
		from = text->next;
	} while (from != HYPERCALL_LIST_END);
	return STATUS_DONE;
}

static void put_bytes(const struct hypercall_text *text)
{
	say_bytes(text->text, text->length);
}

/* A line, in a list of them. */
static void put_line(const struct hypercall_text *text)
{
	if (!say_json) {
		put_bytes(text);
	} else if (text->length != 0) {
		say_string(text->text, text->length - 1);
		say(",\n ");
	}
}

int show_banner(void)
{
	int status;

	say_list_begin();
	status = show_pieces(HYPERCALL_BOARD_BANNER, put_line);
	if (status == STATUS_DONE) {
		say("%s", say_json ? "\"\"" : "");
		say_list_end();
	}
	return status;
}

int show_tree(void)
{
	return show_pieces(HYPERCALL_BOARD_TREE, put_bytes);
}
