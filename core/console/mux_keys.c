/* SPDX-License-Identifier: Apache-2.0 */
/* The one console: who has the focus, and handing out what is typed. */
#include "core/base/atomic.h"
#include "core/base/errno.h"
#include "core/base/format.h"
#include "core/base/string.h"
#include "core/console/mux_state.h"

#define TWICE_MS     300 /* the escape key again within this: meant for the guest */
#define KEYS_AT_ONCE 8

uint32_t mux_typed(const struct console_port *port)
{
	return atomic_read(&port->rx.head) - atomic_read(&port->rx.tail);
}

int mux_read(struct console_port *port)
{
	int byte = -EAGAIN;

	spin_lock(&mux.lock);
	if (ring_count(&port->rx) != 0) {
		byte = ring_get(&port->rx);
	}
	spin_unlock(&mux.lock);
	return byte;
}

static void set_focus_locked(struct console_port *port)
{
	const char *name = port == &mux.shell ? "the hypervisor's shell" : port->name;
	char text[96];
	int len;

	if (port == mux.focus) {
		return;
	}
	mux.focus = port;
	if (mux.guest_count > 1 || port == &mux.shell) {
		len = format(text, sizeof(text), "the keys now go to %s  (the escape key switches)",
			     name);
		mux_log_line_locked(text, (size_t)len);
	}
}

static void switch_focus_locked(void)
{
	uint32_t at = 0;

	for (uint32_t i = 0; i < mux.port_count; i++) {
		if (mux.port[i] == mux.focus) {
			at = i;
		}
	}
	do {
		at = (at + 1) % mux.port_count;
	} while (!mux.port[at]->listens);
	set_focus_locked(mux.port[at]);
}

/* Gives one typed byte to whom it is for; true when it is the shell's. */
static bool key_locked(uint8_t key)
{
	uint64_t now = deadline_now();
	char text[96];
	int len;

	if (key == mux.escape) {
		if (mux.escape_from == NULL || now - mux.escape_time > deadline_from_ms(TWICE_MS)) {
			mux.escape_from = mux.focus;
			mux.escape_time = now;
			switch_focus_locked();
			return false;
		}
		set_focus_locked(mux.escape_from);
	}
	mux.escape_from = NULL;
	if (mux.focus == &mux.shell || mux.focus == NULL) {
		return true;
	}
	if (ring_room(&mux.focus->rx) != 0) {
		ring_put(&mux.focus->rx, key);
		mux.focus->new_keys = true;
		mux.focus->deaf = false;
	} else if (!mux.focus->deaf) {
		len = format(text, sizeof(text), "%s does not read its console: keys are lost",
			     mux.focus->name);
		mux_log_line_locked(text, (size_t)len);
		mux_pump_soon_locked();
		mux.focus->deaf = true;
	}
	return false;
}

struct keys {
	uint8_t shell[KEYS_AT_ONCE];
	uint32_t shell_count;
};

/* Some of what has been typed; of what comes when all of it has been taken interrupts tell. */
static void take_keys_locked(struct keys *keys)
{
	struct console_port *focus = mux.focus;

	for (uint32_t i = 0; i < KEYS_AT_ONCE; i++) {
		int key = mux.uart.ops->get(&mux.uart);

		if (key < 0) {
			mux_ask_locked(true, mux.tx_irq);
			return;
		}
		if (key_locked((uint8_t)key)) {
			keys->shell[keys->shell_count++] = (uint8_t)key;
		} else {
			mux_arm_news();
		}
		if (mux.focus != focus) {
			mux_pump_soon_locked();
			break;
		}
	}
	mux_arm_news();
}

static void give_shell(const struct keys *keys)
{
	for (uint32_t i = 0; i < keys->shell_count && mux.shell_key != NULL; i++) {
		mux.shell_key(keys->shell[i]);
	}
}

/* What it tells of is done in steps of their own, which wait for others; it asks for no more until
 * then. */
void mux_interrupt(void)
{
	spin_lock(&mux.lock);
	mux.uart.ops->irq_ack(&mux.uart);
	if (mux.tx_irq) {
		mux_pump_soon_locked();
	}
	mux_ask_locked(false, false);
	mux_arm_news();
	spin_unlock(&mux.lock);
}

/* Somebody who has something new to read, or room again; NULL: nobody has. */
static struct console_port *take_news_locked(void)
{
	for (uint32_t i = 0; i < mux.port_count; i++) {
		struct console_port *port = mux.port[i];
		bool room = port->want_room && ring_room(&port->tx) != 0;

		if (room || port->new_keys) {
			port->want_room = port->want_room && !room;
			mux.waiting_count -= room;
			port->new_keys = false;
			return port;
		}
	}
	return NULL;
}

/* Tells one of them, or looks for more keys. Without locks: ports call back. */
void mux_tell_news(struct deadline *deadline)
{
	struct keys keys = {.shell_count = 0};
	struct console_port *port;

	(void)deadline;
	spin_lock(&mux.lock);
	mux.news_armed = false;
	port = take_news_locked();
	if (port != NULL) {
		mux_arm_news();
	} else if (mux.attached) {
		take_keys_locked(&keys);
	}
	spin_unlock(&mux.lock);
	give_shell(&keys);
	if (port != NULL && port->notify != NULL) {
		port->notify(port);
	}
}

void mux_set_escape(uint8_t key)
{
	mux.escape = key;
}

void mux_set_shell(void (*on_key)(uint8_t key))
{
	mux.shell_key = on_key;
}

static void give_focus(struct console_port *port)
{
	spin_lock(&mux.lock);
	set_focus_locked(port);
	mux_pump_soon_locked();
	spin_unlock(&mux.lock);
}

/* Ports are constant once guests run. */
bool mux_focus_name(const char *name)
{
	for (uint32_t i = 0; i < mux.port_count; i++) {
		struct console_port *port = mux.port[i];

		if (port->name != NULL && port->listens && strcmp(port->name, name) == 0) {
			give_focus(port);
			return true;
		}
	}
	return false;
}

void mux_focus_shell(void)
{
	give_focus(&mux.shell);
}

bool mux_shell_has_focus(void)
{
	return atomic_read(&mux.focus) == &mux.shell;
}
