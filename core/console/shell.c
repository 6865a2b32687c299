/* SPDX-License-Identifier: Apache-2.0 */
/* The hypervisor's shell. Runs on the CPU that takes the console's interrupt. */
#include "core/console/shell.h"

#include "core/base/format.h"
#include "core/base/panic.h"
#include "core/base/string.h"
#include "core/console/mux.h"
#include "core/resource/audit.h"
#include "core/vm/life.h"
#include "drivers/hw/psci.h"
#include "irq/vgic/vgic.h"
#include "mm/page_alloc.h"

#define LINE_MAX  80
#define WORD_MAX  4
#define BACKSPACE 0x08
#define DELETE	  0x7f

static struct {
	char line[LINE_MAX];
	uint32_t len;
	const struct registry *registry;
} shell;

static void say(const char *fmt, ...) PRINTF_LIKE(1, 2);
static void say(const char *fmt, ...)
{
	char text[160];
	va_list args;
	int len;

	va_start(args, fmt);
	len = format_v(text, sizeof(text), fmt, args);
	va_end(args);
	mux_shell_write(text, MIN((size_t)len, sizeof(text) - 1));
}

static void prompt(void)
{
	say("bulkhead> ");
}

void shell_audit(const struct registry *registry)
{
	struct audit_result result = {0};

	for (uint32_t i = 0; i < vm_count(); i++) {
		audit_stage2(&vm_by_id(i)->stage2, (uint16_t)i, registry, &result);
	}
	if (result.faults == 0) {
		log_info("isolation audit: %u mappings of %u VMs, %llu MiB, each covered by its "
			 "grant",
			 result.leaves, vm_count(), (unsigned long long)(result.bytes >> 20));
	} else {
		log_error("isolation audit FAILED: %u of %u mappings have no grant, first ipa "
			  "0x%llx -> pa 0x%llx",
			  result.faults, result.leaves, (unsigned long long)result.first_ipa,
			  (unsigned long long)result.first_pa);
	}
}

static void cmd_audit(char **word, uint32_t count)
{
	(void)word;
	(void)count;
	shell_audit(shell.registry);
}

static void list_vms(void)
{
	say("%-16s %-18s %5s %8s %8s\n", "VM", "state", "vCPUs", "MiB", "restarts");
	for (uint32_t i = 0; i < vm_count(); i++) {
		const struct vm *vm = vm_by_id(i);
		uint64_t bytes = 0;

		for (uint32_t e = 0; e < vm->extent_count; e++) {
			bytes += vm->extent[e].size;
		}
		say("%-16s %-18s %5u %8llu %8u\n", vm->name, life_state_name(vm), vm->vcpu_count,
		    (unsigned long long)(bytes >> 20), vm->restart_count);
	}
	say("EL2 pages: %u in use, %u free\n", page_alloc_used(), page_alloc_left());
	for (uint32_t i = 0; i < vm_count(); i++) {
		if (vm_by_id(i)->state == VM_OFF) {
			say("%s: %u interrupts pending or active\n", vm_by_id(i)->name,
			    vgic_busy_count(vm_by_id(i)));
		}
	}
}

static void cmd_vm(char **word, uint32_t count)
{
	struct vm *vm;
	int err;

	if (count == 1) {
		list_vms();
		return;
	}
	vm = count == 3 ? vm_by_name(word[2]) : NULL;
	if (vm == NULL) {
		say(count == 3 ? "no VM is called \"%s\"; `vm` lists them\n" :
				 "vm [start|stop|restart NAME]%s\n",
		    count == 3 ? word[2] : "");
		return;
	}
	if (strcmp(word[1], "start") == 0) {
		err = life_start(vm);
	} else if (strcmp(word[1], "stop") == 0) {
		err = life_stop(vm, VM_STOP_COMMAND);
	} else if (strcmp(word[1], "restart") == 0) {
		err = life_stop(vm, VM_STOP_RESTART);
	} else {
		say("vm [start|stop|restart NAME]\n");
		return;
	}
	if (err != 0) {
		say("%s is %s\n", vm->name, life_state_name(vm));
	}
}

/* Who names a VM does not mean the board. */
static bool means_board(char **word, uint32_t count, const char *verb)
{
	if (count != 1) {
		say("%s is for the whole board and takes no name; for a VM: vm %s %s\n", word[0],
		    verb, word[1]);
	}
	return count == 1;
}

static void cmd_reboot(char **word, uint32_t count)
{
	if (!means_board(word, count, "restart")) {
		return;
	}
	psci_system_reset();
	say("the board's firmware does not reset it\n");
}

static void cmd_poweroff(char **word, uint32_t count)
{
	if (!means_board(word, count, "stop")) {
		return;
	}
	psci_system_off();
	say("the board's firmware does not power it off\n");
}

#if DEBUG
/* Uses up the stack for the test of its guard page. */
static uint64_t __attribute__((noinline)) overflow(uint64_t depth)
{
	volatile uint64_t room[32];

	room[depth % 32] = depth;
	return depth == UINT64_MAX ? room[0] : overflow(depth + 1) + room[depth % 32];
}

static void cmd_panic(char **word, uint32_t count)
{
	if (count == 2 && strcmp(word[1], "stack") == 0) {
		say("%llu\n", (unsigned long long)overflow(0));
	} else if (count == 3 && strcmp(word[1], "abort") == 0) {
		say("%x\n", *(volatile uint32_t *)strtoul(word[2], NULL, 0));
		return;
	}
	panic("asked for by the shell");
}
#endif

static void cmd_help(char **word, uint32_t count);

static const struct {
	const char *name;
	const char *help;
	void (*run)(char **word, uint32_t count);
} commands[] = {
	{"help", "this list", cmd_help},
	{"vm", "the VMs; vm start|stop|restart NAME", cmd_vm},
	{"audit", "hold the stage-2 tables against what was granted", cmd_audit},
	{"reboot", "reset the board", cmd_reboot},
	{"poweroff", "power the board off", cmd_poweroff},
#if DEBUG
	{"panic", "stop with a panic; panic stack, panic abort ADDRESS: by that fault", cmd_panic},
#endif
};

static void cmd_help(char **word, uint32_t count)
{
	(void)word;
	(void)count;
	for (uint32_t i = 0; i < ARRAY_COUNT(commands); i++) {
		say("%-10s %s\n", commands[i].name, commands[i].help);
	}
}

static uint32_t split(char *line, char **word)
{
	uint32_t count = 0;

	while (count < WORD_MAX) {
		while (*line == ' ') {
			*line++ = '\0';
		}
		if (*line == '\0') {
			break;
		}
		word[count++] = line;
		while (*line != ' ' && *line != '\0') {
			line++;
		}
	}
	return count;
}

static void run_line(void)
{
	char *word[WORD_MAX];
	uint32_t count;

	shell.line[shell.len] = '\0';
	shell.len = 0;
	count = split(shell.line, word);
	if (count == 0) {
		return;
	}
	for (uint32_t i = 0; i < ARRAY_COUNT(commands); i++) {
		if (strcmp(word[0], commands[i].name) == 0) {
			commands[i].run(word, count);
			return;
		}
	}
	say("\"%s\" is no command; `help` lists them\n", word[0]);
}

static void key(uint8_t byte)
{
	if (byte == '\r' || byte == '\n') {
		say("\n");
		run_line();
		prompt();
	} else if (byte == BACKSPACE || byte == DELETE) {
		if (shell.len != 0) {
			shell.len--;
			say("\b \b");
		}
	} else if (byte >= ' ' && byte < DELETE && shell.len < LINE_MAX - 1) {
		shell.line[shell.len++] = (char)byte;
		say("%c", byte);
	}
}

void shell_greet(void)
{
	mux_focus_shell();
}

void shell_init(const struct registry *registry)
{
	shell.registry = registry;
	mux_set_shell(key);
	prompt(); /* shown when the focus comes */
}
