/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands of the shell: a struct each, in tables of core/console/cmd_*.c.
 *
 * A command runs in steps, so that neither keys nor guests wait for it: each writes a few lines at
 * most and takes about a thousand instructions, 1,700 at most; the next one follows when the
 * console has room, from the CPU's timer. A step keeps what it has to in struct shell_job. All of
 * it runs on the CPU that takes the console's interrupt, which owns the shell; no lock is held.
 *
 * A row that takes longer is said in parts (`more`). It tells of one thing, as it was at one
 * moment: what may change until the next part is looked at in one of them, and kept.
 */
#ifndef CORE_CONSOLE_COMMAND_H
#define CORE_CONSOLE_COMMAND_H

#include "boot/board_types.h"
#include "core/console/keep.h"
#include "core/console/line.h"
#include "core/resource/audit.h"
#include "core/vm/vm.h"

#define SHELL_WORD_MAX 6
#define SHELL_IDLE     1 /* as `wait`: the step found nothing to tell in a hundred instructions */

/* Zero at a command's start, but for its words. */
struct shell_job {
	const struct shell_command *command;
	char *word[SHELL_WORD_MAX]; /* [0]: the command */
	uint32_t count;
	uint32_t step;	/* how many have been taken */
	uint32_t part;	/* of one that said `more`: how often */
	bool more;	/* this step is to be taken once more: its row is not whole */
	uint32_t at[6]; /* the command's own, and the next two */
	uint64_t value[4];
	struct vm *vm;
	uint64_t wait; /* ticks until the next step, set by a step for that one time; SHELL_IDLE */
	bool any_key;  /* any key ends it, not only ^C */
	bool ends;     /* such a key came: the next step is the last, to tidy up */
};

struct shell_command {
	const char *name;
	const char *args;
	uint8_t least, most; /* words behind the name: with others it is told how it is called */
	const char *help;    /* a line for the list; with more lines for `help COMMAND` */
	/* A step; true: done. */
	bool (*step)(struct shell_job *job);
	/* Words that may follow `before`, which begins behind the name; NULL: none. As line_choice.
	 */
	const char *(*choice)(const char *before, uint32_t n);
};

/* Ends with a name NULL. */
extern const struct shell_command vm_commands[], stat_commands[], board_commands[], log_commands[],
	report_commands[], net_commands[], balloon_commands[];

/* What commands tell of. Constant after shell_init(). */
struct shell_sources {
	const struct registry *registry;
	const struct config *config;
	const struct board *board;
	struct prange image;
	const struct keep *keep; /* logs of the last boot; NULL: none are kept */
};
const struct shell_sources *shell_sources(void);

/* To the console, behind the step: at most SHELL_SAY_MAX bytes in a call, SHELL_STEP_MAX in a step.
 * A number costs about 150 instructions, a letter 10. */
#define SHELL_SAY_MAX  200
#define SHELL_STEP_MAX 512
void shell_say(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* "12.34 s", of ticks; and so many hundredths of something, 0 of nothing. */
void shell_format_time(char *text, size_t size, uint64_t ticks);
#define SHELL_PERCENT(part, whole) ((whole) == 0 ? 0 : (uint32_t)((part)*100 / (whole)))

/* The VM that a word of the job names; NULL after a sentence. */
struct vm *shell_vm(const struct shell_job *job, uint32_t word);

/* How it is called; true, for a step to return. */
bool shell_usage(const struct shell_job *job);

/* Digits and nothing else; and their value, or false after a sentence. */
bool shell_is_number(const char *word);
bool shell_number(const char *word, uint32_t *value);

/* The names of all VMs, for `choice`. */
const char *shell_vm_choice(uint32_t n);

/* Names of VMs where nothing is before. */
const char *shell_first_vm_choice(const char *before, uint32_t n);

#endif
