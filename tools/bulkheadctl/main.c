/* SPDX-License-Identifier: Apache-2.0 */
/* bulkheadctl: looks after VMs from a Linux VM whose config lets it. */
#include <stdarg.h>

#include "core/base/format.h"
#include "core/base/string.h"
#include "tools/bulkheadctl/control.h"
#include "tools/bulkheadctl/linux.h"

#define TEXT	 512
#define STDOUT	 1
#define STDERR	 2
#define MS	 UINT64_C(1000000)
#define MIBIBYTE 20
#define NOBODY	 UINT32_MAX

enum status {
	STATUS_DONE,
	STATUS_REFUSED, /* the hypervisor says no */
	STATUS_WRONG,	/* of the command line, or of this VM */
};

static const char usage[] =
	"usage: bulkheadctl [--json] COMMAND\n"
	"\n"
	"  vm, vm list          the VMs this one may look at\n"
	"  vm start NAME        starts it; also what waits for its turn or its delay, at once\n"
	"  vm stop NAME         stops it; it stays off\n"
	"  vm restart NAME      stops and starts it\n"
	"  vm kill NAME         stops it, also where a stop, reset or crash is under way\n"
	"  vm pause NAME        none of its CPUs runs any more\n"
	"  vm resume NAME       they go on\n"
	"  info                 hypervisor and board\n"
	"  stat NAME            a VM's CPUs: where they are, what time they had\n"
	"\n"
	"Needs root and /dev/mem, and a `bulkhead,control` device in this VM's config. Its\n"
	"`manages` names the VMs that may be acted on; a VM may always look at itself.\n"
	"Exit status: 0 done, 1 refused by the hypervisor, 2 wrong use.\n";

static const char *const states[] = {
	"off", "loading", "running", "stopping", "pausing", "paused", "restarting",
};

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

static bool json;

static void put(int file, const char *text)
{
	size_t left = strlen(text);

	while (left != 0) {
		long done = linux_call(LINUX_WRITE, file, (long)text, (long)left, 0, 0, 0);

		if (done <= 0) {
			return;
		}
		text += done;
		left -= (size_t)done;
	}
}

static void say(const char *fmt, ...) PRINTF_LIKE(1, 2);
static void say(const char *fmt, ...)
{
	char text[TEXT];
	va_list args;

	va_start(args, fmt);
	format_v(text, sizeof(text), fmt, args);
	va_end(args);
	put(STDOUT, text);
}

static int fail(enum status status, const char *fmt, ...) PRINTF_LIKE(2, 3);
static int fail(enum status status, const char *fmt, ...)
{
	char text[TEXT];
	va_list args;

	va_start(args, fmt);
	format_v(text, sizeof(text), fmt, args);
	va_end(args);
	put(STDERR, "bulkheadctl: ");
	put(STDERR, text);
	put(STDERR, "\n");
	return (int)status;
}

static const char *name_in(const char *const *names, uint32_t count, uint32_t number)
{
	return number < count ? names[number] : "?";
}

static uint64_t list_vms(void)
{
	struct hypercall call = {.number = HYPERCALL_VM_LIST};

	control_call(&call);
	return call.status == HYPERCALL_OK ? call.result[0] : 0;
}

static bool get(uint32_t number, uint64_t vm, uint64_t index, void *to, size_t size)
{
	struct hypercall call = {.number = number, .arg = {vm, index}};

	control_call(&call);
	memcpy(to, call.data, size);
	return call.status == HYPERCALL_OK;
}

static uint32_t find(const char *name, struct hypercall_vm_info *info)
{
	uint64_t ids = list_vms();

	for (uint32_t id = 0; id < 64; id++) {
		if ((ids >> id & 1) != 0 && get(HYPERCALL_VM_INFO, id, 0, info, sizeof(*info)) &&
		    strcmp(info->name, name) == 0) {
			return id;
		}
	}
	return NOBODY;
}

static void print_vm(const struct hypercall_vm_info *vm, bool first)
{
	const char *state = name_in(states, ARRAY_COUNT(states), vm->state);
	const char *reason = name_in(reasons, ARRAY_COUNT(reasons), vm->reason);

	if (json) {
		say("%s{\"name\": \"%s\", \"id\": %u, \"state\": \"%s\", \"reason\": \"%s\", "
		    "\"vcpus\": %u, \"memory\": %llu, \"restarts\": %u, \"ran_ns\": %llu, "
		    "\"stolen_ns\": %llu}",
		    first ? "" : ",\n ", vm->name, vm->id, state, reason, vm->vcpu_count,
		    (unsigned long long)vm->memory, vm->restarts, (unsigned long long)vm->ran,
		    (unsigned long long)vm->stolen);
		return;
	}
	if (first) {
		say("%-16s %-10s %-26s %5s %8s %8s\n", "VM", "state", "last end", "vCPUs", "MiB",
		    "restarts");
	}
	say("%-16s %-10s %-26s %5u %8llu %8u\n", vm->name, state, reason, vm->vcpu_count,
	    (unsigned long long)(vm->memory >> MIBIBYTE), vm->restarts);
}

static int show_vms(void)
{
	uint64_t ids = list_vms();
	bool first = true;

	say("%s", json ? "[" : "");
	for (uint32_t id = 0; id < 64; id++) {
		struct hypercall_vm_info info;

		if ((ids >> id & 1) != 0 && get(HYPERCALL_VM_INFO, id, 0, &info, sizeof(info))) {
			print_vm(&info, first);
			first = false;
		}
	}
	say("%s", json ? "]\n" : "");
	return STATUS_DONE;
}

static int show_board(void)
{
	struct hypercall_board_info info;

	if (!get(HYPERCALL_BOARD_INFO, 0, 0, &info, sizeof(info))) {
		return fail(STATUS_REFUSED, "the hypervisor does not tell");
	}
	say(json ? "{\"build\": \"%s\", \"vms\": %u, \"pages_used\": %u, \"pages_left\": %u, "
		   "\"counter\": %llu, \"counter_hz\": %llu}\n" :
		   "Bulkhead %s\n%u VMs\nEL2 pages: %u in use, %u free\n"
		   "counter: %llu, of %llu Hz\n",
	    info.build, info.vm_count, info.pages_used, info.pages_left,
	    (unsigned long long)info.counter, (unsigned long long)info.counter_frequency);
	return STATUS_DONE;
}

static void print_vcpu(const struct hypercall_vcpu_info *vcpu, bool first)
{
	static const char *const powers[] = {"off", "starting", "on"};
	const char *power = name_in(powers, ARRAY_COUNT(powers), vcpu->power);
	bool shares = (vcpu->flags & HYPERCALL_VCPU_SHARES) != 0;

	if (json) {
		say("%s{\"vcpu\": %u, \"cpu\": %u, \"power\": \"%s\", \"shares\": %s, "
		    "\"priority\": %u, \"mpidr\": %llu, \"ran_ns\": %llu, \"stolen_ns\": %llu, "
		    "\"stolen_alive_ns\": %llu, \"slice_ns\": %llu, \"budget_ns\": %llu, "
		    "\"period_ns\": %llu}",
		    first ? "" : ",\n ", vcpu->index, vcpu->cpu, power, shares ? "true" : "false",
		    vcpu->priority, (unsigned long long)vcpu->mpidr, (unsigned long long)vcpu->ran,
		    (unsigned long long)vcpu->stolen, (unsigned long long)vcpu->stolen_alive,
		    (unsigned long long)vcpu->slice, (unsigned long long)vcpu->budget,
		    (unsigned long long)vcpu->period);
		return;
	}
	if (first) {
		say("%4s %4s %-8s %8s %12s %12s\n", "vCPU", "CPU", "power", "priority", "ran ms",
		    "stolen ms");
	}
	if (shares) {
		say("%4u %4u %-8s %8u %12llu %12llu\n", vcpu->index, vcpu->cpu, power,
		    vcpu->priority, (unsigned long long)(vcpu->ran / MS),
		    (unsigned long long)(vcpu->stolen / MS));
	} else {
		/* nobody counts where nobody else may have the CPU */
		say("%4u %4u %-8s %8u %12s %12u\n", vcpu->index, vcpu->cpu, power, vcpu->priority,
		    "n/a", 0U);
	}
}

static int show_vcpus(const char *name)
{
	struct hypercall_vm_info vm;
	uint32_t id = find(name, &vm);

	if (id == NOBODY) {
		return fail(STATUS_REFUSED, "no VM that this one may look at is called \"%s\"",
			    name);
	}
	say("%s", json ? "[" : "");
	for (uint32_t i = 0; i < vm.vcpu_count; i++) {
		struct hypercall_vcpu_info vcpu;

		if (get(HYPERCALL_VCPU_INFO, id, i, &vcpu, sizeof(vcpu))) {
			print_vcpu(&vcpu, i == 0);
		}
	}
	say("%s", json ? "]\n" : "");
	return STATUS_DONE;
}

static const struct verb {
	const char *name;
	uint32_t number;
} verbs[] = {
	{"start", HYPERCALL_VM_START},	   {"stop", HYPERCALL_VM_STOP},
	{"pause", HYPERCALL_VM_PAUSE},	   {"resume", HYPERCALL_VM_RESUME},
	{"restart", HYPERCALL_VM_RESTART}, {"kill", HYPERCALL_VM_KILL},
};

static int act(const struct verb *verb, const char *name)
{
	struct hypercall call = {.number = verb->number};
	struct hypercall_vm_info vm;
	uint32_t id = find(name, &vm);

	if (id == NOBODY) {
		return fail(STATUS_REFUSED, "no VM that this one may look at is called \"%s\"",
			    name);
	}
	call.arg[0] = id;
	control_call(&call);
	switch (call.status) {
	case HYPERCALL_OK:
		return STATUS_DONE;
	case HYPERCALL_DENIED:
		return fail(STATUS_REFUSED, "`manages` of this VM does not name %s", name);
	case HYPERCALL_ALREADY:
		return fail(STATUS_REFUSED, "%s: nothing to be done, it is %s", name,
			    name_in(states, ARRAY_COUNT(states), vm.state));
	default:
		return fail(STATUS_REFUSED, "%s can't be asked to %s while it is %s", name,
			    verb->name, name_in(states, ARRAY_COUNT(states), vm.state));
	}
}

static int vm_command(int count, char **word)
{
	if (count == 0 || (count == 1 && strcmp(word[0], "list") == 0)) {
		return show_vms();
	}
	for (uint32_t i = 0; i < ARRAY_COUNT(verbs) && count == 2; i++) {
		if (strcmp(word[0], verbs[i].name) == 0) {
			return act(&verbs[i], word[1]);
		}
	}
	return fail(STATUS_WRONG, "vm [list], or vm start|stop|restart|kill|pause|resume NAME; "
				  "--help says more");
}

static int run(int count, char **word)
{
	const char *problem;

	if (count == 0 || strcmp(word[0], "--help") == 0) {
		put(count == 0 ? STDERR : STDOUT, usage);
		return count == 0 ? STATUS_WRONG : STATUS_DONE;
	}
	problem = control_open();
	if (problem != NULL) {
		return fail(STATUS_WRONG, "%s", problem);
	}
	if (strcmp(word[0], "vm") == 0) {
		return vm_command(count - 1, word + 1);
	}
	if (strcmp(word[0], "info") == 0 && count == 1) {
		return show_board();
	}
	if (strcmp(word[0], "stat") == 0 && count == 2) {
		return show_vcpus(word[1]);
	}
	return fail(STATUS_WRONG, "\"%s\" is no command, or lacks a name; --help lists them",
		    word[0]);
}

int main(int argc, char **argv);
int main(int argc, char **argv)
{
	char *word[4];
	int count = 0;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--json") == 0) {
			json = true;
		} else if (count < (int)ARRAY_COUNT(word)) {
			word[count++] = argv[i];
		}
	}
	return run(count, word);
}
