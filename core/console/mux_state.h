/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the two files of the console share: mux.c, of what is written, and mux_keys.c, of what is
 * typed. All of it is protected by the console lock.
 */
#ifndef CORE_CONSOLE_MUX_STATE_H
#define CORE_CONSOLE_MUX_STATE_H

#include "core/base/spinlock.h"
#include "core/console/mux.h"
#include "timer/deadline.h"

#define MUX_STAGE_RUN 32 /* bytes of one port's line taken together */
#define MUX_ROW	      79 /* what stands on one row of any terminal can be wiped */
#define MUX_STAGE_MAX	 /* of one choice */                                                       \
	(2 * MUX_PARTIAL_MAX + 2 * (MUX_NAME_MAX + 2) + 2 * MUX_ROW + MUX_STAGE_RUN + 8)

struct mux {
	struct spinlock lock;
	struct console_port shell;
	struct console_port *port[MUX_PORT_MAX + 1];
	uint32_t port_count;
	uint32_t guest_count;
	struct console_port *focus;
	struct console_port *current; /* whose line is on the screen; NULL at a line's start */
	uint32_t run;		      /* bytes of that line so far */
	uint32_t turn;		      /* port to look at first for the next line */
	bool shell_went;	      /* the shell had the last one */
	struct uart uart;
	bool attached, interrupts;
	bool rx_irq, tx_irq; /* what the UART interrupts for */

	uint8_t stage[MUX_STAGE_MAX]; /* bytes decided on and not sent yet */
	uint32_t stage_len, stage_pos;
	uint8_t escape;
	uint64_t escape_time;
	struct console_port *escape_from;
	void (*shell_key)(uint8_t key);
	struct deadline grace, pace, news; /* each armed on one CPU at a time: */
	bool grace_armed, paced, news_armed;
	uint32_t waiting_count; /* ports with want_room */
	uint64_t log_head;	/* the log's tx.head, with more bits */
	uint32_t log_lost;	/* lines that nobody saw */
	struct log *kept;	/* what the log says too, for after a reset; NULL: nowhere */
	bool filtered;		/* guests other than `only` are not shown */
	const struct console_port *only;
};
extern struct mux mux;

/* A burst of output, now or in a step of its own. */
void mux_pump_locked(void);
void mux_pump_soon_locked(void);

/* One line into the log's ring; the oldest ones make room and are counted. */
void mux_log_line_locked(const char *text, size_t len);

/* The UART interrupts for what is typed, and when it has room. */
void mux_ask_locked(bool rx, bool tx);

/* Others have something to be told, from where no lock is held: the next one, or keys that were
 * typed. */
void mux_arm_news(void);
void mux_tell_news(struct deadline *deadline);

#endif
