/* SPDX-License-Identifier: Apache-2.0 */
/* The unfinished line of a console port. */
#include "core/console/partial.h"

/* Control sequences (ECMA-48 5.4) are no part of it: drawing again must not ask the terminal again.
 */
void partial_change(struct console_port *port, uint8_t byte)
{
	if (byte == '\n') {
		port->partial_len = port->partial_at = 0;
		port->in_sequence = false;
	} else if (byte == 0x1b) {
		port->in_sequence = true;
	} else if (port->in_sequence) {
		/* ESC [ parameters end with a byte from @ to ~; other sequences have two bytes */
		port->in_sequence = byte == '[' || byte < '@' || byte > '~';
	} else if (byte >= ' ' && port->partial_at < MUX_PARTIAL_MAX) {
		port->partial[port->partial_at++] = byte;
		port->partial_len = MAX(port->partial_len, port->partial_at);
	} else if (byte == 0x08 && port->partial_at != 0) {
		port->partial_at--;
	}
	/* blanks behind the cursor are what was deleted */
	while (port->partial_len > port->partial_at &&
	       port->partial[port->partial_len - 1] == ' ') {
		port->partial_len--;
	}
}
