/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one console: who is heard and who is spoken to.
 *
 * Each guest has a port: a ring of what it has written and a ring of what was typed for it. The log
 * is one more source. Output is merged by lines: a line that has begun is let finish (for a while),
 * lines of others wait in their rings; only the port in focus shows a line that has no end yet,
 * such as a prompt, and gets it drawn again after another's line broke it. With more than one port
 * each line begins with its port's name.
 *
 * Lock: console (the innermost rank) protects everything here. Calls out (port->notify, the shell)
 * are made without it. EL2 never waits: what the UART does not take stays in the rings until its
 * interrupt.
 */
#ifndef CORE_CONSOLE_MUX_H
#define CORE_CONSOLE_MUX_H

#include "core/console/log.h"
#include "core/console/ring.h"
#include "drivers/hw/uart/uart.h"

#define MUX_NAME_MAX	64   /* of a VM and of its device */
#define MUX_PORT_MAX	129  /* two of every VM, and the log */
#define MUX_RX_SIZE	1024 /* a screenful may be pasted */
#define MUX_TX_SIZE	4096
#define MUX_LOG_SIZE	16384
#define MUX_PARTIAL_MAX 240

struct console_port {
	const char *name; /* constant */
	bool listens;	  /* gets keys: constant */
	struct log *log;  /* what it writes is kept there too; NULL: nowhere. Constant */
	bool second;	  /* of its VM's, whose first one writes to `log` too. Constant */
	/* There are bytes to read, or room to write again. Called without locks, on any CPU. */
	void (*notify)(struct console_port *port);

	/* protected by the console lock */
	struct ring tx, rx;
	uint32_t lines;	   /* line ends in tx */
	uint64_t last_put; /* when the last byte came, CNTPCT */
	bool mid_line;	   /* the last byte shown was not a line end */
	bool want_room;	   /* a write found tx full */
	bool seen_cr;	   /* a carriage return is held back until it is known what follows */
	bool new_keys;	   /* it has not been told of */
	bool deaf;	   /* it was said that it does not read what is typed */

	uint8_t line[MUX_PARTIAL_MAX]; /* of a second port: begun, and not in `log` yet */
	uint32_t line_len;
	uint8_t partial[MUX_PARTIAL_MAX]; /* the unfinished line shown last, to draw again */
	uint32_t partial_len;
	uint32_t partial_at; /* where the cursor stands in it */
	bool in_sequence;    /* inside a control sequence of that line */
};

/* Registers the log as the first source and printk's sink. Boot CPU, once, before anything is
 * logged. */
void mux_init(void);

/* Output goes to this UART from now on, what was logged before first. */
void mux_attach(const struct uart *uart);

/* No UART from now on: everything stays in the rings. */
void mux_detach(void);

/* Adds a guest's port; rings are given by the caller. The first one that listens has the focus. */
void mux_add_port(struct console_port *port);

/* The escape key (ASCII) that switches the focus. */
void mux_set_escape(uint8_t key);

/* From now on interrupts drain and feed the UART; before, output waits for it (no guest runs yet).
 */
void mux_use_interrupts(void);

/* The UART's interrupt. */
void mux_interrupt(void);

/* False when the port's ring is full: its notify is called when there is room again. */
bool mux_write(struct console_port *port, uint8_t byte);
uint32_t mux_room(const struct console_port *port);

/* Several at once, MUX_TEXT_MAX at most: how many of them there was room for. */
#define MUX_TEXT_MAX 32
uint32_t mux_write_text(struct console_port *port, const char *text, uint32_t len);

/* Bytes that are typed and not read; the next of them, or -EAGAIN. */
uint32_t mux_typed(const struct console_port *port);
int mux_read(struct console_port *port);

/* Forgets what was typed, and ends the line that was begun: the VM is restarted. What its last life
 * wrote is still shown. */
void mux_reset_port(struct console_port *port);

/* The keys nobody else gets: the shell. Its output is mux_shell_write(). */
void mux_set_shell(void (*on_key)(uint8_t key));
void mux_shell_write(const char *text, size_t len);

/* Bytes that it takes now without losing any. */
uint32_t mux_shell_room(void);

bool mux_shell_has_focus(void);

/* The keys go to the port of this name; false: none that listens is called so. */
bool mux_focus_name(const char *name);

/*
 * From now on no VM's lines are shown but this port's (NULL: no VM's at all): the others' go to
 * their logs alone. mux_show_all(): as before.
 */
void mux_show_only(const struct console_port *port);
void mux_show_all(void);

/* The board goes down: all that was said is in the UART when this returns. It waits for that. */
void mux_finish(void);

/* What the hypervisor says is written there too, and what it has said so far. Boot CPU. */
void mux_keep_log(struct log *log);

/* Which of the logs: of the hypervisor (NULL) or of a VM. log_line(), log_tail() under the lock. */
bool mux_log_line(const struct log *log, uint64_t *at, char *text, size_t size);
bool mux_log_tail(const struct log *log, struct log_tail *tail);

/* log_read() under the lock; *end: bytes ever written, as of then. */
uint32_t mux_log_read(const struct log *log, uint64_t *at, uint8_t *bytes, uint32_t size,
		      uint64_t *end);

/* The port that writes to this log; NULL: none. */
const struct console_port *mux_port_of_log(const struct log *log);

/* A line into a VM's log, not onto the console. Any CPU. */
void mux_note(struct log *log, const char *text, size_t len);

/* The shell has the focus (all VMs off), or the first port that listens. */
void mux_focus_shell(void);

/* Panic: stops everybody else's output and writes by polling. No lock is taken. */
void mux_panic_write(const char *text, size_t len);

/* The log ring, for boot/README.md: symbol log_ring_data holds the text. */
extern uint8_t log_ring_data[MUX_LOG_SIZE];

#endif
