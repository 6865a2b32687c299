/* SPDX-License-Identifier: Apache-2.0 */
/* What bulkheadctl shows of VMs and their CPUs. */
#include "core/base/string.h"
#include "core/exit/cause_names.h"
#include "tools/bulkheadctl/show.h"

#define MS	 UINT64_C(1000000)
#define S	 (1000 * MS)
#define MIBIBYTE 20

typedef unsigned long long ull;

static const char *name_in(const char *const *names, uint32_t count, uint32_t number)
{
	return number < count && names[number] != NULL ? names[number] : "?";
}

const char *show_state(const struct hypercall_vm_info *vm)
{
	static const char *const states[] = {
		"off", "loading", "running", "stopping", "pausing", "paused", "restarting",
	};

	if ((vm->flags & HYPERCALL_VM_START_WAITS) != 0) {
		return "off (waits)";
	}
	return name_in(states, ARRAY_COUNT(states), vm->state);
}

static const char *reason(uint32_t number)
{
	static const char *const reasons[] = {
		"never started",
		"powered off",
		"reset",
		"crashed",
		"stopped",
		"restarted",
		"killed",
		"watchdog ran out",
		"watchdog ran out, stopped",
		"an image has changed",
	};

	return name_in(reasons, ARRAY_COUNT(reasons), number);
}

static const char *waits_for(uint32_t wait)
{
	static const char *const waits[] = {
		"runs or may run",  "off", "waits for an interrupt", "waits for a vCPU's answer",
		"waits for resume",
	};

	return name_in(waits, ARRAY_COUNT(waits), wait);
}

/* -- vm -- */

/* Does one of its vCPUs share its CPU? Nobody counts where nobody else may have the CPU. */
static bool shares(const struct hypercall_vm_info *vm)
{
	static struct hypercall call;
	uint32_t i = 0;

	while (i < vm->vcpu_count && ask(&call, HYPERCALL_VCPU_INFO, vm->id, i) &&
	       (call.data.vcpu.flags & HYPERCALL_VCPU_SHARES) == 0) {
		i++;
	}
	return i < vm->vcpu_count && call.status == HYPERCALL_OK;
}

static void print_seconds(uint64_t ns)
{
	say(" %6llu.%02llu s", (ull)(ns / S), (ull)(ns % S / (10 * MS)));
}

static void print_vm(const struct hypercall_vm_info *vm, bool first)
{
	if (say_json) {
		say("%s{\"name\": \"%s\", \"id\": %u, \"state\": \"%s\", \"reason\": \"%s\", "
		    "\"vcpus\": %u, \"memory\": %llu, \"restarts\": %u, \"ran_ns\": %llu, "
		    "\"stolen_ns\": %llu}",
		    first ? "" : ",\n ", vm->name, vm->id, show_state(vm), reason(vm->reason),
		    vm->vcpu_count, (ull)vm->memory, vm->restarts, (ull)vm->ran, (ull)vm->stolen);
		return;
	}
	if (first) {
		say("%-*s %-11s %-26s %5s %6s %8s %11s %11s\n", ask_name_width(), "VM", "state",
		    "last end", "vCPUs", "MiB", "restarts", "CPU time", "steal");
	}
	say("%-*s %-11s %-26s %5u %6llu %8u", ask_name_width(), vm->name, show_state(vm),
	    reason(vm->reason), vm->vcpu_count, (ull)(vm->memory >> MIBIBYTE), vm->restarts);
	if (shares(vm)) {
		print_seconds(vm->ran);
		print_seconds(vm->stolen);
	} else {
		say(" %11s %11s", "own CPU", "-");
	}
	say("\n");
}

int show_vms(void)
{
	static struct hypercall call;
	uint64_t ids = ask_vms();
	bool first = true;

	say_list_begin();
	for (uint32_t id = 0; id < ASK_VMS; id++) {
		if ((ids >> id & 1) != 0 && ask(&call, HYPERCALL_VM_INFO, id, 0)) {
			print_vm(&call.data.vm, first);
			first = false;
		}
	}
	say_list_end();
	return STATUS_DONE;
}

#define TOP_EACH_MS 1000

/* Since the time before; the first time since boot. */
static void print_top(const struct hypercall_vm_info *vm, uint64_t ns, bool first)
{
	static uint64_t ran[ASK_VMS], stolen[ASK_VMS];
	uint64_t had = vm->ran - MIN(vm->ran, ran[vm->id]), lost = vm->stolen - stolen[vm->id];

	ran[vm->id] = vm->ran;
	stolen[vm->id] = vm->stolen;
	if (say_json) {
		say("%s{\"name\": \"%s\", \"state\": \"%s\", \"ran_ns\": %llu, "
		    "\"stolen_ns\": %llu, \"of_ns\": %llu}",
		    first ? "" : ", ", vm->name, show_state(vm), (ull)had, (ull)lost, (ull)ns);
		return;
	}
	say("%-*s %-11s ran %3llu %%, %3llu %% stolen\n", ask_name_width(), vm->name,
	    show_state(vm), (ull)(had * 100 / ns), (ull)(lost * 100 / ns));
}

int show_top(void)
{
	static struct hypercall call;
	uint64_t before = 0;

	for (;;) {
		const struct hypercall_board_info *board = &call.data.board;
		uint64_t ids = ask_vms(), now, ns;
		bool first = true;

		if (!ask(&call, HYPERCALL_BOARD_INFO, 0, 0)) {
			return ask_refused(&call);
		}
		now = board->counter / board->counter_frequency * S +
		      board->counter % board->counter_frequency * S / board->counter_frequency;
		ns = now - before;
		before = now;
		say_list_begin();
		say("%s",
		    say_json ? "" : "-- of one CPU; what has CPUs of its own is not counted --\n");
		for (uint32_t id = 0; id < ASK_VMS; id++) {
			if ((ids >> id & 1) != 0 && ask(&call, HYPERCALL_VM_INFO, id, 0)) {
				print_top(&call.data.vm, ns, first);
				first = false;
			}
		}
		say_list_end();
		ask_later(TOP_EACH_MS);
	}
}

int show_board(void)
{
	static struct hypercall call;
	const struct hypercall_board_info *info = &call.data.board;

	if (!ask(&call, HYPERCALL_BOARD_INFO, 0, 0)) {
		return ask_refused(&call);
	}
	say(say_json ? "{\"build\": \"%s\", \"vms\": %u, \"cpus\": %u, \"pages_used\": %u, "
		       "\"pages_left\": %u, \"counter\": %llu, \"counter_hz\": %llu}\n" :
		       "Bulkhead %s\n%u VMs, %u CPUs\nEL2 pages: %u in use, %u free\n"
		       "counter: %llu, of %llu Hz\n",
	    info->build, info->vm_count, info->cpu_count, info->pages_used, info->pages_left,
	    (ull)info->counter, (ull)info->counter_frequency);
	return STATUS_DONE;
}

/* -- stat -- */

static const char *const causes[HYPERCALL_CAUSE_COUNT] = {CAUSE_NAMES};
static const char *const interrupts[32] = {INTERRUPT_NAMES};

#define STAT_RECORDS 256 /* looked at, as by the shell */
#define STAT_OTHERS  8	 /* lines told apart; the last stands for all others */

/* What the last records of its CPU hold of a vCPU. */
static struct {
	uint32_t wait, exits;
	uint32_t cause[HYPERCALL_CAUSE_ROOM], interrupt[ARRAY_COUNT(interrupts)];
	struct {
		uint32_t intid, count;
	} other[STAT_OTHERS];
} sum;

static void add_other(uint32_t intid)
{
	uint32_t i = 0;

	while (i < STAT_OTHERS - 1 && sum.other[i].count != 0 && sum.other[i].intid != intid) {
		i++;
	}
	sum.other[i].intid = intid;
	sum.other[i].count++;
}

static void add_stat(const struct hypercall_vcpu_stat *stat)
{
	sum.exits += stat->exits;
	for (uint32_t i = 0; i < HYPERCALL_CAUSE_ROOM; i++) {
		sum.cause[i] += stat->cause[i];
	}
	for (uint32_t i = 0; i < ARRAY_COUNT(sum.interrupt); i++) {
		sum.interrupt[i] += stat->interrupt[i];
	}
	for (uint32_t i = 0; i < MIN(stat->other_count, HYPERCALL_STAT_OTHERS); i++) {
		add_other(stat->other[i]);
	}
}

/* The number of the oldest of the last `count` records of the CPU that a vCPU is on, and behind the
 * newest in `end`; 0: it was refused. */
static uint64_t first_record(uint32_t vm, uint64_t vcpu, uint32_t count, uint64_t *end)
{
	static struct hypercall call;

	if (!ask(&call, HYPERCALL_VCPU_STAT, vm, vcpu)) {
		return 0;
	}
	sum.wait = call.data.stat.wait;
	*end = call.data.stat.end;
	return *end > count ? *end - count : 1;
}

static void sum_up(uint32_t vm, uint32_t vcpu)
{
	static struct hypercall call;
	uint64_t end = 0, next;

	memset(&sum, 0, sizeof(sum));
	next = HYPERCALL_FROM_RECORD(vcpu, first_record(vm, vcpu, STAT_RECORDS, &end));
	/* what comes meanwhile is not of it */
	while (next != HYPERCALL_LIST_END && HYPERCALL_RECORD_OF(next) != 0 &&
	       HYPERCALL_RECORD_OF(next) < end && ask(&call, HYPERCALL_VCPU_STAT, vm, next)) {
		add_stat(&call.data.stat);
		next = call.data.stat.next;
	}
}

static const char *print_interrupt(uint32_t intid, uint32_t count, const char *separator)
{
	const char *name = intid < ARRAY_COUNT(interrupts) ? interrupts[intid] : NULL;

	if (count == 0) {
		return separator;
	}
	say(say_json ? "%s\"%u\": %u" : "%s     interrupt %u: %u%s\n", separator, intid, count,
	    name == NULL ? "" : name);
	return say_json ? ", " : "";
}

static void print_interrupts(void)
{
	const char *separator = "";
	uint32_t rest = sum.other[STAT_OTHERS - 1].count;

	for (uint32_t i = 0; i < ARRAY_COUNT(sum.interrupt); i++) {
		separator = print_interrupt(i, sum.interrupt[i], separator);
	}
	for (uint32_t i = 0; i < STAT_OTHERS - 1; i++) {
		separator = print_interrupt(sum.other[i].intid, sum.other[i].count, separator);
	}
	if (rest != 0) {
		say(say_json ? "%s\"others\": %u" : "%s     other interrupts: %u\n", separator,
		    rest);
	}
}

static void print_exits(void)
{
	const char *separator = "";

	say(say_json ? ", \"waits\": \"%s\", \"exits\": %u, \"causes\": {" :
		       "     %s; of its last %u exits:\n",
	    waits_for(sum.wait), sum.exits);
	for (uint32_t i = 0; i < HYPERCALL_CAUSE_ROOM; i++) {
		if (sum.cause[i] != 0) {
			say(say_json ? "%s\"%s\": %u" : "%s     %s: %u\n", separator,
			    name_in(causes, ARRAY_COUNT(causes), i), sum.cause[i]);
			separator = say_json ? ", " : "";
		}
	}
	say("%s", say_json ? "}, \"interrupts\": {" : "");
	print_interrupts();
	say("%s", say_json ? "}" : "");
}

/* What a record of VM_TIMES or VM_WAITS is printed for: one vCPU's, of a list of all. */
static struct {
	uint32_t vcpu;
	const char *separator;
} of;

static void print_time(const void *from, bool first)
{
	const struct hypercall_time_record *time = from;
	const char *name = name_in(causes, ARRAY_COUNT(causes), time->cause);

	(void)first;
	if (time->vcpu != of.vcpu || time->count == 0) {
		return;
	}
	if (say_json) {
		say("%s\"%s\": {\"count\": %llu, \"total_ns\": %llu, \"max_ns\": %llu}",
		    of.separator, name, (ull)time->count, (ull)time->total, (ull)time->max);
		of.separator = ", ";
		return;
	}
	say("%s     %12llu %9llu %9llu  %s\n", of.separator, (ull)time->count,
	    (ull)(time->total / time->count), (ull)time->max, name);
	of.separator = "";
}

static void print_wait(const void *from, bool first)
{
	const struct hypercall_wait_record *wait = from;
	bool nobody = wait->vm == HYPERCALL_NOBODY;

	(void)first;
	if (wait->vcpu != of.vcpu) {
		return;
	}
	if (say_json) {
		say("%s{\"vm\": ", of.separator);
		/* of one that may not be looked at the number alone is known */
		say(nobody ? "null" : "\"%s\", \"id\": %u", nobody ? "" : ask_name(wait->vm),
		    wait->vm);
		say(", \"ns\": %llu}", (ull)wait->time);
		of.separator = ", ";
	} else if (nobody) {
		say("     waited %llu ms for its window or its budget\n", (ull)(wait->time / MS));
	} else {
		say("     waited %llu ms while %s%s had the CPU\n", (ull)(wait->time / MS),
		    *ask_name(wait->vm) == '\0' ? "another VM" : "", ask_name(wait->vm));
	}
}

/* What VM_WAITS and VM_TIMES say of one vCPU. */
static void print_counted(uint32_t vm, uint32_t vcpu, uint32_t number)
{
	static struct hypercall call;
	bool times = number == HYPERCALL_VM_TIMES;
	uint64_t from = 0;

	of.vcpu = vcpu;
	of.separator = say_json ? "" :
		       times ? "            count   mean ns    max ns  of the hypervisor's time\n" :
			       "";
	say(!say_json ? "" : times ? ", \"times\": {" : ", \"waited\": [");
	do {
		const struct hypercall_list *list = &call.data.list;

		if (!ask(&call, number, vm, from)) {
			break;
		}
		for (uint32_t i = 0; i < list->count; i++) {
			const void *record =
				call.data.bytes + sizeof(*list) + i * list->record_size;

			(times ? print_time : print_wait)(record, i == 0);
		}
		from = list->next;
	} while (from != HYPERCALL_LIST_END);
	say(!say_json ? "" : times ? "}" : "]");
}

static void print_vcpu(const struct hypercall_vcpu_info *vcpu, bool first)
{
	static const char *const powers[] = {"off", "starting", "on"};
	const char *power = name_in(powers, ARRAY_COUNT(powers), vcpu->power);
	bool shares = (vcpu->flags & HYPERCALL_VCPU_SHARES) != 0;

	if (say_json) {
		say("%s{\"vcpu\": %u, \"cpu\": %u, \"power\": \"%s\", \"shares\": %s, "
		    "\"priority\": %u, \"mpidr\": %llu, \"ran_ns\": %llu, \"stolen_ns\": %llu, "
		    "\"stolen_alive_ns\": %llu, ",
		    first ? "" : ",\n ", vcpu->index, vcpu->cpu, power, shares ? "true" : "false",
		    vcpu->priority, (ull)vcpu->mpidr, (ull)vcpu->ran, (ull)vcpu->stolen,
		    (ull)vcpu->stolen_alive);
		say("\"slice_ns\": %llu, \"slice_left_ns\": %llu, \"budget_ns\": %llu, "
		    "\"budget_left_ns\": %llu, \"period_ns\": %llu, \"measured_ns\": %llu, "
		    "\"idle_ns\": %llu, \"background\": %s",
		    (ull)vcpu->slice, (ull)vcpu->slice_left, (ull)vcpu->budget,
		    (ull)vcpu->budget_left, (ull)vcpu->period, (ull)vcpu->measured, (ull)vcpu->idle,
		    (vcpu->flags & HYPERCALL_VCPU_BACKGROUND) != 0 ? "true" : "false");
		return;
	}
	if (first) {
		say("%4s %4s %-8s %8s %12s %12s\n", "vCPU", "CPU", "power", "priority", "ran ms",
		    "stolen ms");
	}
	if (vcpu->measured != 0) {
		say("%4u %4u %-8s %8u %12s %12u  idle %llu of the last %llu ms\n", vcpu->index,
		    vcpu->cpu, power, vcpu->priority, "n/a", 0U, (ull)(vcpu->idle / MS),
		    (ull)(vcpu->measured / MS));
	} else if (shares) {
		say("%4u %4u %-8s %8u %12llu %12llu\n", vcpu->index, vcpu->cpu, power,
		    vcpu->priority, (ull)(vcpu->ran / MS), (ull)(vcpu->stolen / MS));
	} else {
		/* nobody counts where nobody else may have the CPU */
		say("%4u %4u %-8s %8u %12s %12u\n", vcpu->index, vcpu->cpu, power, vcpu->priority,
		    "n/a", 0U);
	}
}

int show_stat(const char *name)
{
	static struct hypercall call;
	uint32_t vm, count;

	if (!ask_named(&call, name)) {
		return STATUS_REFUSED;
	}
	vm = call.data.vm.id;
	count = call.data.vm.vcpu_count;
	say_list_begin();
	for (uint32_t i = 0; i < count; i++) {
		if (ask(&call, HYPERCALL_VCPU_INFO, vm, i)) {
			print_vcpu(&call.data.vcpu, i == 0);
			print_counted(vm, i, HYPERCALL_VM_WAITS);
			sum_up(vm, i);
			print_exits();
			print_counted(vm, i, HYPERCALL_VM_TIMES);
			say("%s", say_json ? "}" : "");
		}
	}
	say_list_end();
	return STATUS_DONE;
}

/* -- regs -- */

/* As they follow each other in struct hypercall_vcpu_regs. */
static const char *const el1_names[HYPERCALL_EL1_REGS] = {
	"sctlr_el1",   "tcr_el1",   "cpacr_el1",      "ttbr0_el1",  "ttbr1_el1", "mair_el1",
	"amair_el1",   "vbar_el1",  "contextidr_el1", "esr_el1",    "far_el1",	 "afsr0_el1",
	"afsr1_el1",   "elr_el1",   "spsr_el1",	      "sp_el0",	    "sp_el1",	 "tpidr_el0",
	"tpidrro_el0", "tpidr_el1", "par_el1",	      "csselr_el1", "mdscr_el1", "mdccint_el1",
};

static void print_register(const char *name, uint64_t value, const char *before)
{
	/* a JSON number loses the lower bits of 64 */
	say(say_json ? "%s\"%s\": \"0x%llx\"" : "%s%-14s %016llx\n", say_json ? before : "", name,
	    (ull)value);
}

static void print_regs(const struct hypercall_vcpu_regs *regs)
{
	static const char *const powers[] = {"off", "starting", "on"};
	const uint64_t *el1 = &regs->sctlr_el1;
	char name[8];

	say(say_json ? "{\"vcpu\": %u, \"power\": \"%s\", \"waits\": \"%s\", " :
		       "vCPU %u: %s, %s\n",
	    regs->index, name_in(powers, ARRAY_COUNT(powers), regs->power), waits_for(regs->wait));
	print_register("pc", regs->pc, "");
	print_register("pstate", regs->pstate, ", ");
	for (uint32_t i = 0; i < ARRAY_COUNT(regs->x); i++) {
		format(name, sizeof(name), "x%u", i);
		print_register(name, regs->x[i], ", ");
	}
	for (uint32_t i = 0; i < HYPERCALL_EL1_REGS; i++) {
		print_register(el1_names[i], el1[i], ", ");
	}
	say("%s", say_json ? "}\n" : "");
}

#define TRIES	    200 /* a second in all */
#define TRY_EACH_MS 5

int show_regs(const char *name, uint64_t vcpu)
{
	static struct hypercall call;
	uint32_t vm;

	if (!ask_named(&call, name)) {
		return STATUS_REFUSED;
	}
	vm = call.data.vm.id;
	for (uint32_t i = 0; i < TRIES; i++) {
		if (ask(&call, HYPERCALL_VCPU_REGS, vm, vcpu)) {
			print_regs(&call.data.regs);
			return STATUS_DONE;
		}
		if (call.status != HYPERCALL_BUSY) {
			break;
		}
		/* its CPU answers when it comes to it */
		ask_later(TRY_EACH_MS);
	}
	return ask_refused(&call);
}

/* -- trace -- */

#define IRQ_BELOW 0x10000

static void print_trace(const struct hypercall_trace_record *record, bool first)
{
	bool mark = (record->what & HYPERCALL_TRACE_MARK) != 0;

	if (say_json && mark) {
		say("%s{\"loaded_at\": %llu}", first ? "" : ",\n ", (ull)record->pc);
	} else if (say_json) {
		say("%s{\"pc\": \"0x%llx\", \"what\": \"0x%llx\"}", first ? "" : ",\n ",
		    (ull)record->pc, (ull)record->what);
	} else if (mark) {
		say("goes on, the counter at %llu\n", (ull)record->pc);
	} else if (record->what < IRQ_BELOW) {
		say("%016llx interrupt %llu\n", (ull)record->pc, (ull)record->what);
	} else {
		say("%016llx syndrome %08llx\n", (ull)record->pc, (ull)record->what);
	}
}

/* The last ones: fetched before any is printed, for what this VM does may be on the same CPU.
 */
static struct hypercall_trace_record records[1024];

static uint32_t fetch_trace(struct hypercall *call, uint32_t vm, uint64_t from, uint64_t end)
{
	const struct hypercall_list *list = &call->data.list;
	uint32_t count = 0;

	while (from != HYPERCALL_LIST_END && HYPERCALL_RECORD_OF(from) < end &&
	       ask(call, HYPERCALL_VCPU_TRACE, vm, from)) {
		for (uint32_t i = 0; i < list->count && count < ARRAY_COUNT(records); i++) {
			records[count++] = call->data.trace[i];
		}
		from = list->next;
	}
	return count;
}

int show_trace(const char *name, uint64_t vcpu, uint64_t last)
{
	static struct hypercall call;
	uint32_t vm, count, first;
	uint64_t from, end = 0;

	if (!ask_named(&call, name)) {
		return STATUS_REFUSED;
	}
	vm = call.data.vm.id;
	if (vcpu >= call.data.vm.vcpu_count) {
		return fail(STATUS_REFUSED, "there is no such CPU");
	}
	from = first_record(vm, vcpu, ARRAY_COUNT(records), &end);
	if (from == 0) {
		return fail(STATUS_REFUSED, "the hypervisor does not tell it");
	}
	count = fetch_trace(&call, vm, HYPERCALL_FROM_RECORD(vcpu, from), end);
	first = count > last ? count - (uint32_t)last : 0;
	say_list_begin();
	for (uint32_t i = first; i < count; i++) {
		print_trace(&records[i], i == first);
	}
	say_list_end();
	return STATUS_DONE;
}
