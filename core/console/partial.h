/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The unfinished line that a port of the console shows, and the cursor in it: what is to be drawn
 * again after another's line broke it. The console's lock protects it (core/console/mux.h).
 */
#ifndef CORE_CONSOLE_PARTIAL_H
#define CORE_CONSOLE_PARTIAL_H

#include "core/base/string.h"
#include "core/console/mux.h"

/* A byte that may do more than to go on with the line. */
void partial_change(struct console_port *port, uint8_t byte);

/* The cursor is at its end: characters are appended. */
static inline bool partial_goes_on(const struct console_port *port)
{
	return !port->in_sequence && port->partial_at == port->partial_len;
}

static inline void partial_put(struct console_port *port, uint8_t byte)
{
	uint32_t at = port->partial_at;

	if (likely(byte >= ' ' && partial_goes_on(port) && at < MUX_PARTIAL_MAX)) {
		port->partial[at] = byte;
		port->partial_at = port->partial_len = at + 1;
	} else {
		partial_change(port, byte);
	}
}

/* Characters, while partial_goes_on(); those that find no room are left out. */
static inline void partial_put_run(struct console_port *port, const uint8_t *bytes, uint32_t count)
{
	count = MIN(count, MUX_PARTIAL_MAX - port->partial_at);
	memcpy(&port->partial[port->partial_at], bytes, count);
	port->partial_at = port->partial_len = port->partial_at + count;
}

#endif
