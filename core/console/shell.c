/* SPDX-License-Identifier: Apache-2.0 */
/* The hypervisor's shell: keys become lines, lines become commands, commands run in steps. */
#include "core/console/shell.h"

#include "core/base/format.h"
#include "core/base/string.h"
#include "core/console/mux.h"
#include "timer/deadline.h"

#define STEPS_A_MS 4 /* of a command: what it may take of its CPU */
#define IDLE_STEPS 8 /* that found nothing to do */
#define AHEAD_MAX  MUX_RX_SIZE
#define CTRL_C	   3
#define WORD_WIDTH 16
#define SAID_MAX   160 /* bytes that are written in a step */

/* Owner: the CPU that takes the console's interrupt. */
static struct {
	struct line line;
	struct shell_sources sources;
	struct shell_job job;
	bool busy;
	bool finishing;		   /* the job is done; the prompt follows */
	bool row_open;		   /* what was said last has no end of line yet */
	char said[SHELL_STEP_MAX]; /* by the job's last step: written in steps of their own */
	uint32_t said_len, said_at;
	char words[LINE_MAX + 1]; /* the line, cut into the job's words */
	struct deadline next;	  /* step of the job, or key */
	uint8_t ahead[AHEAD_MAX]; /* typed and not looked at: a ring */
	uint32_t ahead_head, ahead_tail;
} shell;

static bool help_step(struct shell_job *job);
static const char *help_choice(const char *before, uint32_t n);

static const struct shell_command own_commands[] = {
	{"help", "[COMMAND]", 0, 1, "the commands, or how one is called", help_step, help_choice},
	{0},
};

static const struct shell_command *const tables[] = {
	own_commands,	vm_commands,	 stat_commands, log_commands,
	board_commands, report_commands, net_commands,	balloon_commands,
};

const struct shell_sources *shell_sources(void)
{
	return &shell.sources;
}

/* `len` bytes stand behind what was said. */
static void said(uint32_t len)
{
	if (len != 0) {
		shell.said_len += len;
		shell.row_open = shell.said[shell.said_len - 1] != '\n';
	}
}

void shell_say(const char *fmt, ...)
{
	uint32_t room = SHELL_STEP_MAX - shell.said_len;
	va_list args;
	int len;

	room = MIN(room, (uint32_t)SHELL_SAY_MAX + 1);
	va_start(args, fmt);
	len = format_v(shell.said + shell.said_len, room, fmt, args);
	va_end(args);
	said(room == 0 ? 0 : MIN((uint32_t)MAX(len, 0), room - 1));
}

static void say_text(const char *text)
{
	size_t len = MIN(strlen(text), (size_t)(SHELL_STEP_MAX - shell.said_len));

	memcpy(shell.said + shell.said_len, text, len);
	said((uint32_t)len);
}

/* Some of what was said. */
static void write_said(void)
{
	uint32_t len = MIN(shell.said_len - shell.said_at, (uint32_t)SAID_MAX);

	mux_shell_write(shell.said + shell.said_at, len);
	shell.said_at += len;
	if (shell.said_at == shell.said_len) {
		shell.said_at = shell.said_len = 0;
	}
}

/* -- commands -- */

static const struct shell_command *nth_command(uint32_t n)
{
	for (uint32_t t = 0; t < ARRAY_COUNT(tables); t++) {
		for (const struct shell_command *c = tables[t]; c->name != NULL; c++) {
			if (n-- == 0) {
				return c;
			}
		}
	}
	return NULL;
}

static const struct shell_command *find(const char *name, size_t len)
{
	for (uint32_t t = 0; t < ARRAY_COUNT(tables); t++) {
		for (const struct shell_command *c = tables[t]; c->name != NULL; c++) {
			if (strncmp(c->name, name, len) == 0 && c->name[len] == '\0') {
				return c;
			}
		}
	}
	return NULL;
}

static bool no_command(const char *name)
{
	shell_say("\"%s\" is no command; `help` lists them\n", name);
	return true;
}

/* The first line of the help text, behind name and arguments: a row, in two parts. */
static void say_command(struct shell_job *job, const struct shell_command *command)
{
	const char *end = strchr(command->help, '\n');
	char head[LINE_MAX];

	if (job->part == 0) {
		format(head, sizeof(head), "%s%s%s", command->name,
		       command->args[0] == '\0' ? "" : " ", command->args);
		shell_say("%-33s ", head);
		job->more = true;
		return;
	}
	shell_say("%.*s\n",
		  (int)(end == NULL ? strlen(command->help) : (size_t)(end - command->help)),
		  command->help);
}

static bool help_step(struct shell_job *job)
{
	const struct shell_command *command;

	if (job->count == 1) {
		command = nth_command(job->step);
		if (command != NULL) {
			say_command(job, command);
		}
		return command == NULL;
	}
	command = find(job->word[1], strlen(job->word[1]));
	if (command == NULL) {
		return no_command(job->word[1]);
	}
	shell_say("%s%s%s\n", command->name, command->args[0] == '\0' ? "" : " ", command->args);
	say_text(command->help);
	say_text("\n");
	return true;
}

static const char *help_choice(const char *before, uint32_t n)
{
	const struct shell_command *command = before[0] == '\0' ? nth_command(n) : NULL;

	return command == NULL ? NULL : command->name;
}

bool shell_usage(const struct shell_job *job)
{
	const struct shell_command *command = job->command;

	shell_say("usage: %s%s%s; help %s says more\n", command->name,
		  command->args[0] == '\0' ? "" : " ", command->args, command->name);
	return true;
}

bool shell_is_number(const char *word)
{
	const char *at = word;

	while (*at >= '0' && *at <= '9') {
		at++;
	}
	return at != word && *at == '\0';
}

bool shell_number(const char *word, uint32_t *value)
{
	unsigned long all;

	if (!shell_is_number(word)) {
		shell_say("\"%s\" is not a number\n", word);
		return false;
	}
	all = strtoul(word, NULL, 10);
	if (all > UINT32_MAX) {
		shell_say("%s is too large\n", word);
		return false;
	}
	*value = (uint32_t)all;
	return true;
}

struct vm *shell_vm(const struct shell_job *job, uint32_t word)
{
	struct vm *vm = vm_by_name(job->word[word]);

	if (vm == NULL) {
		shell_say("no VM is called \"%s\"; `vm` lists them\n", job->word[word]);
	}
	return vm;
}

const char *shell_vm_choice(uint32_t n)
{
	return n < vm_count() ? vm_by_id(n)->name : NULL;
}

const char *shell_first_vm_choice(const char *before, uint32_t n)
{
	return before[0] == '\0' ? shell_vm_choice(n) : NULL;
}

static const char *choice(const char *before, uint32_t n)
{
	const struct shell_command *command;
	const char *blank = strchr(before, ' ');

	if (blank == NULL) {
		return help_choice("", n);
	}
	command = find(before, (size_t)(blank - before));
	return command == NULL || command->choice == NULL ? NULL : command->choice(blank + 1, n);
}

/* -- steps -- */

static void write_line(void)
{
	mux_shell_write(shell.line.out, shell.line.out_len);
}

static void draw_line(void)
{
	line_draw(&shell.line);
	write_line();
}

static void handle_key(uint8_t key);

/* The next step comes so many ticks from now. All of it is done from the timer: what a step takes
 * is never on top of what another took. */
static void go_on(uint64_t wait)
{
	deadline_set(&shell.next, deadline_now() + wait);
}

static void finish(void)
{
	shell.busy = shell.finishing = false;
	shell.job.wait = 0;
	if (shell.row_open) {
		shell.row_open = false;
		mux_shell_write("\n", 1);
	}
	draw_line();
}

static void job_step(void)
{
	struct shell_job *job = &shell.job;
	const struct shell_command *command = job->command;

	if (mux_shell_room() < SHELL_STEP_MAX) {
		/* the console is behind */
		job->wait = deadline_from_ms(2);
		return;
	}
	for (uint32_t i = 0; i < IDLE_STEPS; i++) {
		job->wait = deadline_from_ms(1) / STEPS_A_MS;
		if (command->step(job) || job->ends) {
			shell.finishing = true;
			job->wait = 0;
			return;
		}
		if (job->command != command) {
			return;
		}
		if (job->more) {
			job->more = false;
			job->part++;
			job->wait = 0;
			return;
		}
		job->part = 0;
		job->step++;
		if (job->wait != SHELL_IDLE) {
			return;
		}
	}
}

/* A step of the job, or one key: of those that were typed while the last command ran too. What a
 * step says is written in the next one, and the prompt comes in one of its own. */
static void step(struct deadline *deadline)
{
	(void)deadline;
	if (shell.said_len != 0) {
		write_said();
	} else if (shell.finishing) {
		finish();
	} else if (shell.busy) {
		job_step();
	} else if (shell.ahead_tail != shell.ahead_head) {
		shell.job.wait = 0;
		handle_key(shell.ahead[shell.ahead_tail++ % AHEAD_MAX]);
	}
	if (shell.said_len != 0) {
		go_on(0);
	} else if (shell.busy || shell.ahead_tail != shell.ahead_head) {
		go_on(shell.job.wait);
	}
}

static void start(const struct shell_command *command)
{
	shell.job.command = command;
	shell.busy = true;
}

/* The list that a second Tab asks for. */
static bool choices_step(struct shell_job *job)
{
	char before[LINE_MAX + 1];
	uint32_t from = line_before(&shell.line, before);
	const char *word = choice(before, job->step);

	if (job->step == 0) {
		shell_say("\n");
	}
	if (word == NULL) {
		shell_say(job->at[0] == 0 ? "" : "\n");
		return true;
	}
	if (strncmp(word, shell.line.text + from, shell.line.at - from) == 0) {
		bool full = job->at[0] + WORD_WIDTH + strlen(word) > 79;

		shell_say("%s%-*s", full ? "\n" : "", WORD_WIDTH, word);
		job->at[0] =
			(full ? 0 : job->at[0]) + (uint32_t)MAX(strlen(word), (size_t)WORD_WIDTH);
	}
	return false;
}

static const struct shell_command choices = {.step = choices_step};

static void take_event(enum line_event event);

/* A word in each step. */
static bool complete_step(struct shell_job *job)
{
	enum line_event event = line_complete(&shell.line);

	job->wait = 0;
	if (event != LINE_COMPLETES) {
		write_line();
		shell.busy = false;
		take_event(event);
	}
	return false;
}

static const struct shell_command completion = {.step = complete_step};

/* -- lines -- */

static void split(char *at)
{
	struct shell_job *job = &shell.job;

	memset(job, 0, sizeof(*job));
	while (job->count < SHELL_WORD_MAX) {
		while (*at == ' ') {
			*at++ = '\0';
		}
		if (*at == '\0') {
			break;
		}
		job->word[job->count++] = at;
		while (*at != ' ' && *at != '\0') {
			at++;
		}
	}
}

static bool unknown_step(struct shell_job *job)
{
	return no_command(job->word[0]);
}

static const struct shell_command unknown = {.step = unknown_step};

static bool misused_step(struct shell_job *job)
{
	job->command = find(job->word[0], strlen(job->word[0]));
	return shell_usage(job);
}

static const struct shell_command misused = {.step = misused_step};

/* It is not run with words that it does not take, or without those that it needs. More than there
 * are places for in a job are too many for each. */
static const struct shell_command *as_called(const struct shell_command *command, uint32_t words)
{
	if (command == NULL) {
		return &unknown;
	}
	return words < command->least || words > command->most ? &misused : command;
}

static void run_line(void)
{
	memcpy(shell.words, shell.line.text, sizeof(shell.words));
	split(shell.words);
	if (shell.job.count == 0) {
		draw_line();
		return;
	}
	start(as_called(find(shell.job.word[0], strlen(shell.job.word[0])), shell.job.count - 1));
}

/* A line is looked at in another step than its last key. */
static bool entered_step(struct shell_job *job)
{
	(void)job;
	shell.busy = false;
	run_line();
	return false;
}

static const struct shell_command entered = {.step = entered_step};

static void take_event(enum line_event event)
{
	switch (event) {
	case LINE_MORE:
		break;
	case LINE_COMPLETES:
		memset(&shell.job, 0, sizeof(shell.job));
		start(&completion);
		break;
	case LINE_DONE:
		memset(&shell.job, 0, sizeof(shell.job));
		start(&entered);
		break;
	case LINE_DROPPED:
		draw_line();
		break;
	case LINE_CHOICES:
		memset(&shell.job, 0, sizeof(shell.job));
		start(&choices);
		break;
	}
}

static void handle_key(uint8_t key)
{
	enum line_event event = line_key(&shell.line, key);

	write_line();
	take_event(event);
}

static void on_key(uint8_t key)
{
	bool ends = key == CTRL_C && shell.job.command != &completion;

	if (shell.busy && (ends || shell.job.any_key)) {
		/* the job's last step comes at once */
		shell.job.ends = true;
		shell.ahead_tail = shell.ahead_head;
		go_on(0);
	} else if (shell.ahead_head - shell.ahead_tail < AHEAD_MAX) {
		shell.ahead[shell.ahead_head++ % AHEAD_MAX] = key;
		if (!shell.busy && shell.ahead_head - shell.ahead_tail == 1) {
			go_on(0); /* for those behind the first it goes on by itself */
		}
	}
}

void shell_greet(void)
{
	mux_focus_shell();
}

void shell_init(const struct shell_sources *sources)
{
	shell.sources = *sources;
	shell.line.prompt = "bulkhead> ";
	shell.line.choice = choice;
	deadline_init(&shell.next, NULL, step);
	deadline_is_patient(&shell.next);
	mux_set_shell(on_key);
	draw_line(); /* shown when the focus comes */
}
