/* SPDX-License-Identifier: Apache-2.0 */
/* bulkheadctl: looks after VMs from a Linux VM whose config lets it. */
#include "core/base/string.h"
#include "tools/bulkheadctl/show.h"

#define WORDS 6 /* of a command, at most: log with all its options */

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
	"  vm affinity NAME VCPU CPU\n"
	"                       that CPU of the VM runs on that CPU of the board from now on\n"
	"  vm priority NAME PRIORITY [VCPU]\n"
	"                       0 to 255, higher first; of one of its CPUs, or of all\n"
	"  balloon              memory that VMs with a balloon have, and shall have\n"
	"  balloon NAME SIZE    what one shall have, in MiB, or with K, M or G; its guest gives\n"
	"                       and takes as it can\n"
	"  info                 hypervisor and board\n"
	"  top                  what CPU time each had, every second, until it is stopped\n"
	"  stat NAME            a VM's CPUs: where they are, what time they had and whom they\n"
	"                       waited for, why they exit\n"
	"  stat NAME idle|time on|off\n"
	"                       whether their idle time is measured where a CPU is theirs alone;\n"
	"                       or how long each exit keeps the hypervisor, by cause\n"
	"  regs NAME [VCPU]     registers of a CPU of a VM, as they are now\n"
	"  trace NAME [VCPU [COUNT]]\n"
	"                       the last exits of one; without COUNT all that are kept, about 900\n"
	"  log [-f] [--last] [--from N] [NAME]\n"
	"                       what a VM printed last, and its life; -f: what comes, too;\n"
	"                       --last: before the reset, where the config has a log-region;\n"
	"                       --from: no byte before that one, the `next` of the time before;\n"
	"                       from beyond the end, as after a reset: all there is\n"
	"  vsock                sockets: each VM's CID, what it sent and received\n"
	"  net [NAME]           a VM's ports of networks: what they sent, received, dropped\n"
	"  irq [NAME]           interrupts of a VM\n"
	"  mem [NAME]           its memory\n"
	"  audit [NAME]         holds its memory map against what was granted\n"
	"  sched                the board's CPUs and their windows\n"
	"  report               what the hypervisor found on the board\n"
	"  tree                 the board's device tree as a dtb, without its seeds: tree > FILE\n"
	"  reboot, poweroff     of the whole board, at once\n"
	"\n"
	"Without a NAME log and irq tell of the board, mem of everybody's memory, net of all\n"
	"ports and of uplinks; these, sched and what follows it are for a VM whose `manages`\n"
	"names all others.\n"
	"\n"
	"Needs root and /dev/mem, and a `bulkhead,control` device in this VM's config. Its\n"
	"`manages` names the VMs that may be acted on; a VM may always look at itself.\n"
	"Exit status: 0 done, 1 refused by the hypervisor, 2 wrong use, or the output can't be\n"
	"written.\n";

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
	static struct hypercall call;
	const char *state;

	if (!ask_named(&call, name)) {
		return STATUS_REFUSED;
	}
	state = show_state(&call.data.vm);
	if (ask(&call, verb->number, call.data.vm.id, 0)) {
		return STATUS_DONE;
	}
	switch (call.status) {
	case HYPERCALL_DENIED:
		return fail(STATUS_REFUSED, "`manages` of this VM does not name %s", name);
	case HYPERCALL_ALREADY:
		return fail(STATUS_REFUSED, "%s: nothing to be done, it is %s", name, state);
	default:
		return fail(STATUS_REFUSED, "%s can't be asked to %s while it is %s", name,
			    verb->name, state);
	}
}

/* Digits and nothing else, of a number up to `max`. */
static bool is_number(const char *word, uint64_t max, uint64_t *value)
{
	const char *at = word;

	*value = 0;
	while (*at >= '0' && *at <= '9') {
		uint64_t digit = (uint64_t)(*at++ - '0');

		if (*value > (max - digit) / 10) {
			return false;
		}
		*value = *value * 10 + digit;
	}
	return at != word && *at == '\0';
}

/* A CPU, a priority or a count, of a command line of `count` words; `otherwise` where it has not so
 * many. False after a sentence. */
static bool number_of(int count, char **word, int at, uint64_t otherwise, uint64_t *value)
{
	*value = otherwise;
	if (at < count && !is_number(word[at], UINT32_MAX, value)) {
		fail(STATUS_WRONG, "\"%s\" is no number from 0 to %u", word[at], UINT32_MAX);
		return false;
	}
	return true;
}

static int place_refused(const struct hypercall *call, const char *name)
{
	switch (call->status) {
	case HYPERCALL_DENIED:
		return fail(STATUS_REFUSED,
			    "`manages` of this VM does not name %s, or not all whose CPU that is",
			    name);
	case HYPERCALL_INVALID:
		return fail(STATUS_REFUSED, "%s has no such CPU, or the board has none such for it",
			    name);
	case HYPERCALL_NO_ROOM:
		return fail(STATUS_REFUSED, "windows, budgets or the number of those that share "
					    "that CPU leave no room there");
	default:
		return ask_refused(call);
	}
}

static int affinity(const char *name, uint64_t vcpu, uint64_t cpu)
{
	static struct hypercall call;

	if (!ask_named(&call, name)) {
		return STATUS_REFUSED;
	}
	return ask_place(&call, HYPERCALL_VCPU_SET_CPU, call.data.vm.id, vcpu, cpu) ?
		       STATUS_DONE :
		       place_refused(&call, name);
}

/* Of `vcpu`, or, if that is EACH, of each. */
#define EACH UINT64_MAX
static int priority(const char *name, uint64_t value, uint64_t vcpu)
{
	static struct hypercall call;
	uint64_t first, end;
	uint32_t id;

	if (value > 255) {
		return fail(STATUS_WRONG, "priorities are 0 to 255");
	}
	if (!ask_named(&call, name)) {
		return STATUS_REFUSED;
	}
	id = call.data.vm.id;
	first = vcpu == EACH ? 0 : vcpu;
	end = vcpu == EACH ? call.data.vm.vcpu_count : vcpu + 1;
	for (uint64_t i = first; i < end; i++) {
		if (!ask_place(&call, HYPERCALL_VCPU_SET_PRIORITY, id, i, value)) {
			return place_refused(&call, name);
		}
	}
	return STATUS_DONE;
}

static int place_command(int count, char **word)
{
	bool is_affinity = count == 5 && strcmp(word[1], "affinity") == 0;
	bool is_priority = (count == 4 || count == 5) && strcmp(word[1], "priority") == 0;
	uint64_t first, second;

	if (!is_affinity && !is_priority) {
		return fail(STATUS_WRONG,
			    "vm [list], vm start|stop|restart|kill|pause|resume NAME, vm "
			    "affinity NAME VCPU CPU, or vm priority NAME PRIORITY [VCPU]; "
			    "--help says more");
	}
	if (!number_of(count, word, 3, 0, &first) || !number_of(count, word, 4, EACH, &second)) {
		return STATUS_WRONG;
	}
	return is_affinity ? affinity(word[2], first, second) : priority(word[2], first, second);
}

static int vm_command(int count, char **word)
{
	if (count == 1 || (count == 2 && strcmp(word[1], "list") == 0)) {
		return show_vms();
	}
	for (uint32_t i = 0; i < ARRAY_COUNT(verbs) && count == 3; i++) {
		if (strcmp(word[1], verbs[i].name) == 0) {
			return act(&verbs[i], word[2]);
		}
	}
	return place_command(count, word);
}

static int log_command(int count, char **word)
{
	struct show_log log = {0};

	for (int i = 1; i < count; i++) {
		if (strcmp(word[i], "-f") == 0) {
			log.follow = true;
		} else if (strcmp(word[i], "--last") == 0) {
			log.last = true;
		} else if (strcmp(word[i], "--from") == 0 && i + 1 < count &&
			   is_number(word[i + 1], UINT64_MAX, &log.from)) {
			i++;
		} else if (log.name == NULL && word[i][0] != '-') {
			log.name = word[i];
		} else {
			return fail(STATUS_WRONG,
				    "log [-f] [--last] [--from N] [NAME]; --help says more");
		}
	}
	if (log.follow && log.last) {
		return fail(STATUS_WRONG,
			    "-f or --last: the log of the boot before does not go on");
	}
	return show_log(&log);
}

static int stat_command(int count, char **word)
{
	static struct hypercall call;
	bool idle = count == 4 && strcmp(word[2], "idle") == 0;
	bool time = count == 4 && strcmp(word[2], "time") == 0;
	bool on = count == 4 && strcmp(word[3], "on") == 0;
	bool off = count == 4 && strcmp(word[3], "off") == 0;

	if (count == 2) {
		return show_stat(word[1]);
	}
	if (!(idle || time) || !(on || off)) {
		return fail(STATUS_WRONG, "stat NAME [idle|time on|off]; --help says more");
	}
	if (!ask_named(&call, word[1])) {
		return STATUS_REFUSED;
	}
	return ask_place(&call, HYPERCALL_VM_MEASURE, call.data.vm.id,
			 idle ? HYPERCALL_MEASURE_IDLE : HYPERCALL_MEASURE_TIME, on) ?
		       STATUS_DONE :
		       place_refused(&call, word[1]);
}

/* Comes back only if it is refused. */
static int end_board(uint32_t number)
{
	static struct hypercall call;

	ask(&call, number, 0, 0);
	return call.status == HYPERCALL_NOT_SUPPORTED ?
		       fail(STATUS_REFUSED, "the board's firmware does not do that") :
		       ask_refused(&call);
}

static int regs_command(int count, char **word)
{
	uint64_t vcpu;

	if (count < 2 || count > 3) {
		return fail(STATUS_WRONG, "regs NAME [VCPU]; --help says more");
	}
	return number_of(count, word, 2, 0, &vcpu) ? show_regs(word[1], vcpu) : STATUS_WRONG;
}

static int trace_command(int count, char **word)
{
	uint64_t vcpu, last;

	if (count < 2 || count > 4) {
		return fail(STATUS_WRONG, "trace NAME [VCPU [COUNT]]; --help says more");
	}
	if (!number_of(count, word, 2, 0, &vcpu) || !number_of(count, word, 3, UINT64_MAX, &last)) {
		return STATUS_WRONG;
	}
	if (last == 0) {
		return fail(STATUS_WRONG, "COUNT is 1 or more; without it trace shows 1024");
	}
	return show_trace(word[1], vcpu, last);
}

static const struct {
	const char *name;
	int (*show)(const char *name);
} shows[] = {
	{"irq", show_irqs},
	{"mem", show_memory},
	{"audit", show_audit},
	{"net", show_ports},
};

static const struct {
	const char *name;
	int (*show)(void);
} board_shows[] = {
	{"info", show_board},	 {"top", show_top},   {"sched", show_cpus},
	{"report", show_banner}, {"tree", show_tree}, {"vsock", show_sockets},
};

static int board_command(char **word)
{
	for (uint32_t i = 0; i < ARRAY_COUNT(board_shows); i++) {
		if (strcmp(word[0], board_shows[i].name) == 0) {
			return board_shows[i].show();
		}
	}
	if (strcmp(word[0], "reboot") == 0) {
		return end_board(HYPERCALL_BOARD_RESET);
	}
	if (strcmp(word[0], "poweroff") == 0) {
		return end_board(HYPERCALL_BOARD_OFF);
	}
	return fail(STATUS_WRONG, "\"%s\" is no command, or lacks a name; --help lists them",
		    word[0]);
}

static int command(int count, char **word)
{
	if (strcmp(word[0], "vm") == 0) {
		return vm_command(count, word);
	}
	if (strcmp(word[0], "log") == 0) {
		return log_command(count, word);
	}
	if (strcmp(word[0], "regs") == 0) {
		return regs_command(count, word);
	}
	if (strcmp(word[0], "trace") == 0) {
		return trace_command(count, word);
	}
	if (strcmp(word[0], "stat") == 0 && count > 1) {
		return stat_command(count, word);
	}
	if (strcmp(word[0], "balloon") == 0 && (count == 1 || count == 3)) {
		return count == 1 ? show_balloons() : set_balloon(word[1], word[2]);
	}
	for (uint32_t i = 0; i < ARRAY_COUNT(shows); i++) {
		if (strcmp(word[0], shows[i].name) == 0 && count <= 2) {
			return shows[i].show(count == 2 ? word[1] : NULL);
		}
	}
	if (count == 1) {
		return board_command(word);
	}
	return fail(STATUS_WRONG, "\"%s\" is no command, or takes other words; --help lists them",
		    word[0]);
}

int main(int argc, char **argv);
int main(int argc, char **argv)
{
	const char *problem;
	char *word[WORDS];
	int count = 0;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--json") == 0) {
			say_json = true;
		} else {
			word[MIN(count, WORDS - 1)] = argv[i];
			count++;
		}
	}
	if (count > WORDS) {
		return fail(STATUS_WRONG, "%s does not take so many words; --help lists them",
			    word[0]);
	}
	if (count == 0) {
		say_error(usage);
		return STATUS_WRONG;
	}
	if (strcmp(word[0], "--help") == 0) {
		say_bytes(usage, sizeof(usage) - 1);
		return STATUS_DONE;
	}
	problem = control_open();
	return problem != NULL ? fail(STATUS_WRONG, "%s", problem) : command(count, word);
}
