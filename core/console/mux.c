/* SPDX-License-Identifier: Apache-2.0 */
/* The one console: merging what is written. */
#include "core/console/mux_state.h"

#include "core/base/format.h"
#include "core/base/printk.h"
#include "core/base/string.h"
#include "core/console/partial.h"
#include "timer/deadline.h"

/* A UART that takes all at once, as emulators' do, gets so many bytes and then a pause: whoever has
 * this CPU next waits no longer, whatever there is to print. 64 KiB/s, five times a line of 115200
 * baud, whose FIFO is full before. A pause that took longer, on a busy host, is made up for. */
#define PUMP_MAX      16
#define PUMP_CHOICES  2 /* looks at who is next: of lines so short that a burst holds more */
#define PACE_US	      250
#define PACE_LATE_US  4000
#define SLOW_MAX      4	  /* bytes of a line that have to be looked at one by one */
#define LINE_GRACE_MS 50  /* how long a begun line keeps others waiting after its last byte */
#define LINE_TURN     512 /* bytes of one line after which others may have a word */

uint8_t log_ring_data[MUX_LOG_SIZE];
static uint8_t shell_ring_data[2048];

static struct console_port log_port = {.name = NULL};

struct mux mux = {
	.lock = SPINLOCK_INIT(RANK_CONSOLE),
	.escape = 0x1d,
	.shell = {.name = NULL, .listens = true},
};

/* -- merging -- */

static void stage_one(uint8_t byte)
{
	if (mux.stage_pos == mux.stage_len) {
		mux.stage_pos = mux.stage_len = 0;
	}
	if (mux.stage_len < MUX_STAGE_MAX) {
		mux.stage[mux.stage_len++] = byte;
	}
}

/* As far as there is room, which there always is: behind what is staged already. */
static uint32_t stage_room(uint32_t len)
{
	if (mux.stage_pos == mux.stage_len) {
		mux.stage_pos = mux.stage_len = 0;
	}
	return MIN(len, MUX_STAGE_MAX - mux.stage_len);
}

static void stage(const void *bytes, uint32_t len)
{
	len = stage_room(len);
	memcpy(&mux.stage[mux.stage_len], bytes, len);
	mux.stage_len += len;
}

static void stage_many(uint8_t byte, uint32_t len)
{
	len = stage_room(len);
	memset(&mux.stage[mux.stage_len], byte, len);
	mux.stage_len += len;
}

/* How long it is. */
static uint32_t stage_prefix(const struct console_port *port)
{
	uint32_t len;

	if (port->name == NULL || mux.guest_count <= 1) {
		return 0;
	}
	len = (uint32_t)strlen(port->name);
	stage(port->name, len);
	stage("| ", 2);
	return len + 2;
}

static void stage_partial(struct console_port *port)
{
	stage_prefix(port);
	stage(port->partial, port->partial_len);
	stage_many('\b', port->partial_len - port->partial_at);
	port->mid_line = true;
}

/* Leaves the line on the screen, which has no end yet, to begin another. A short one of the focus,
 * most often a prompt, is wiped: it is drawn again below, and the screen stays free of copies. */
static void leave_line(void)
{
	struct console_port *port = mux.current;
	uint32_t width = port->partial_len;

	if (port->name != NULL && mux.guest_count > 1) {
		width += (uint32_t)strlen(port->name) + 2;
	}
	if (port == mux.focus && mux.run < MUX_ROW && width < MUX_ROW) {
		stage("\r", 1);
		stage_many(' ', width);
		stage("\r", 1);
	} else {
		stage("\r\n", 2);
	}
	port->mid_line = false;
	mux.current = NULL;
	mux.run = 0;
}

static void stage_byte(struct console_port *port, uint8_t byte)
{
	if (port->seen_cr && byte != '\n' && port->mid_line) {
		/* a lone carriage return: the line is written over, its name stays */
		stage("\r", 1);
		/* of its turn, too: nobody gets more of the UART by that */
		mux.run += 1 + stage_prefix(port);
		mux.run = MIN(mux.run, (uint32_t)LINE_TURN);
		port->partial_len = port->partial_at = 0;
	}
	port->seen_cr = byte == '\r';
	if (byte == '\r') {
		return;
	}
	if (!port->mid_line) {
		stage_prefix(port);
	}
	if (byte == '\n') {
		stage("\r\n", 2);
		port->mid_line = false;
		mux.current = NULL;
		mux.run = 0;
	} else {
		stage_one(byte);
		mux.run += mux.run < LINE_TURN;
		port->mid_line = true;
		mux.current = port;
	}
	if (port->listens) {
		partial_put(port, byte); /* others never have the focus */
	}
}

/* Most bytes only go on with a line whose end is where the cursor is: those that lie in a row. */
static uint32_t take_run(struct console_port *port, uint32_t max)
{
	const struct ring *ring = &port->tx;
	uint32_t from = ring->tail & (ring->size - 1), count = 0;
	const uint8_t *bytes = &ring->data[from];
	uint8_t *to;

	if (port != mux.current || port->seen_cr || (port->listens && !partial_goes_on(port))) {
		return 0;
	}
	max = MIN(max, MIN(ring_count(ring), ring->size - from));
	max = mux.run < LINE_TURN ? MIN(max, LINE_TURN - mux.run) : max;
	max = stage_room(max);
	to = &mux.stage[mux.stage_len];
	for (; count != max && bytes[count] >= ' '; count++) {
		to[count] = bytes[count];
	}
	if (port->listens) {
		partial_put_run(port, bytes, count);
	}
	mux.stage_len += count;
	port->tx.tail += count;
	mux.run += count;
	return count;
}

static uint8_t take_byte(struct console_port *port)
{
	uint8_t byte = ring_get(&port->tx);

	if (byte == '\n') {
		port->lines--;
	}
	stage_byte(port, byte);
	return byte;
}

/* What follows in the port's line as far as the stage has room, its end too: at least a byte. */
static void take_bytes(struct console_port *port)
{
	uint32_t room = mux.interrupts ? PUMP_MAX : MUX_STAGE_RUN;
	uint32_t slowly = SLOW_MAX;

	if (take_run(port, room) == 0) {
		while (take_byte(port) >= ' ' && --room != 0 && --slowly != 0 &&
		       ring_count(&port->tx) != 0 && mux.run != LINE_TURN &&
		       take_run(port, room) == 0) {
		}
	}
	if (mux.current == port && ring_count(&port->tx) != 0 && ring_first(&port->tx) == '\n') {
		take_byte(port);
	}
}

/* May this port begin or go on with a line now? */
static bool may_show(const struct console_port *port)
{
	return ring_count(&port->tx) != 0 && (port->lines != 0 || port == mux.focus ||
					      (mux.guest_count <= 1 && port != &mux.shell) ||
					      ring_count(&port->tx) > port->tx.size / 4 * 3);
}

/* The log first, then the shell and one of the others in turn: one who never stops leaves them
 * their lines. */
static struct console_port *next_port(void)
{
	if (mux.current != &log_port && may_show(&log_port)) {
		return &log_port;
	}
	/* whoever is at the keys has an answer line by line, however many VMs write */
	if (!mux.shell_went && mux.current != &mux.shell && may_show(&mux.shell)) {
		mux.shell_went = true;
		return &mux.shell;
	}
	for (uint32_t i = 0; i < mux.port_count; i++) {
		uint32_t at = (mux.turn + i) % mux.port_count;

		if (mux.port[at] != mux.current && may_show(mux.port[at])) {
			mux.turn = at + 1;
			mux.shell_went = false;
			return mux.port[at];
		}
	}
	return NULL;
}

/* Looks again at `when`, or earlier. */
static void arm(uint64_t when)
{
	if (!mux.grace_armed) {
		mux.grace_armed = true;
		deadline_set(&mux.grace, when);
	}
}

/* The line on the screen has no end yet: has it had its time? */
static bool grace_over(const struct console_port *current, const struct console_port *next)
{
	uint64_t now = deadline_now();
	uint64_t until = current->last_put + deadline_from_ms(LINE_GRACE_MS);

	if (now >= until || mux.run >= LINE_TURN || ring_count(&next->tx) > next->tx.size / 4 * 3 ||
	    !mux.interrupts) {
		return true;
	}
	arm(until);
	return false;
}

/* Decides on the next bytes; false when there is nothing to show now. */
static bool choose(void)
{
	struct console_port *next;

	if (mux.current != NULL && ring_count(&mux.current->tx) != 0 && mux.run < LINE_TURN) {
		take_bytes(mux.current);
		return true;
	}
	next = next_port();
	if (next == NULL && mux.current != NULL && ring_count(&mux.current->tx) != 0) {
		take_bytes(mux.current);
		return true;
	}
	if (next == NULL) {
		/* nobody else: the unfinished line of the focus is drawn again */
		if (mux.current == mux.focus || mux.focus->partial_len == 0) {
			return false;
		}
		if (mux.current != NULL) {
			if (!grace_over(mux.current, mux.focus)) {
				return false;
			}
			leave_line();
		}
		stage_partial(mux.focus);
		mux.current = mux.focus;
		mux.run = mux.focus->partial_len;
		return true;
	}
	if (mux.current != NULL) {
		if (!grace_over(mux.current, next)) {
			return false;
		}
		leave_line();
	}
	if (next == mux.focus && next->partial_len != 0) {
		/* goes on where it was broken */
		stage_partial(next);
	}
	take_bytes(next);
	return true;
}

/* Somebody waits for room and has it now. */
static bool room_to_tell_of(void)
{
	for (uint32_t i = 0; mux.waiting_count != 0 && i < mux.port_count; i++) {
		if (mux.port[i]->want_room && ring_room(&mux.port[i]->tx) != 0) {
			return true;
		}
	}
	return false;
}

/* The next burst follows that which was due then. */
static void pace_locked(uint64_t due)
{
	uint64_t now = deadline_now(), late = deadline_from_us(PACE_LATE_US);

	mux.paced = true;
	deadline_set(&mux.pace, MAX(due, now - MIN(now, late)) + deadline_from_us(PACE_US));
}

/* Others have something to be told, from where no lock is held. */
void mux_arm_news(void)
{
	if (mux.interrupts && !mux.news_armed) {
		mux.news_armed = true;
		deadline_set(&mux.news, deadline_now());
	}
}

void mux_ask_locked(bool rx, bool tx)
{
	if (rx != mux.rx_irq || tx != mux.tx_irq) {
		mux.rx_irq = rx;
		mux.tx_irq = tx;
		mux.uart.ops->irq_enable(&mux.uart, rx, tx);
	}
}

/* What is staged, as far as the budget goes, which only a UART with interrupts has. False: the UART
 * is full. */
static bool put_staged(uint32_t *budget)
{
	const struct uart_ops *ops = mux.uart.ops;
	uint32_t at = mux.stage_pos;
	uint32_t end = mux.interrupts ? MIN(mux.stage_len, at + *budget) : mux.stage_len;

	while (at != end) {
		if (ops->tx_ready(&mux.uart)) {
			ops->put(&mux.uart, mux.stage[at++]);
		} else if (mux.interrupts) {
			break;
		}
	}
	*budget -= at - mux.stage_pos;
	mux.stage_pos = at;
	return at == end;
}

/* A burst, which was due then. */
static void pump_due_locked(uint64_t due)
{
	uint32_t budget = PUMP_MAX, choices = PUMP_CHOICES;
	bool full = false;

	SPIN_ASSERT_HELD(&mux.lock);
	if (!mux.attached || (mux.paced && mux.interrupts)) {
		return;
	}
	for (;;) {
		bool empty = mux.stage_pos == mux.stage_len;

		if (mux.interrupts && (empty ? choices-- == 0 : budget == 0)) {
			pace_locked(due);
			break;
		}
		if (empty && !choose()) {
			break;
		}
		full = !put_staged(&budget);
		if (full) {
			break;
		}
	}
	if (room_to_tell_of()) {
		mux_arm_news();
	}
	if (mux.interrupts) {
		mux_ask_locked(mux.rx_irq, full);
	}
}

void mux_pump_locked(void)
{
	pump_due_locked(deadline_now());
}

/* The same in a step of its own: who has written a line has done enough. */
void mux_pump_soon_locked(void)
{
	if (!mux.interrupts) {
		mux_pump_locked();
	} else if (mux.attached && !mux.paced) {
		mux.paced = true;
		deadline_set(&mux.pace, deadline_now());
	}
}

static void grace_expired(struct deadline *deadline)
{
	(void)deadline;
	spin_lock(&mux.lock);
	mux.grace_armed = false;
	mux_pump_locked();
	spin_unlock(&mux.lock);
}

static void pace_over(struct deadline *deadline)
{
	spin_lock(&mux.lock);
	mux.paced = false;
	pump_due_locked(deadline->when);
	spin_unlock(&mux.lock);
}

/* -- writing -- */

static void put_locked(struct console_port *port, uint8_t byte)
{
	ring_put(&port->tx, byte);
	if (byte == '\n') {
		port->lines++;
	}
}

/* There is room for all of it. */
static void put_text_locked(struct console_port *port, const char *text, uint32_t len)
{
	ring_write(&port->tx, text, len);
	port->lines += ring_lines_in(&port->tx, port->tx.head - len, len);
}

/* The log's last bytes, `len` of them or all there are, to where they are kept. */
static void keep_locked(uint32_t len)
{
	const struct ring *ring = &log_port.tx;
	uint32_t at, first;

	len = MIN(len, MIN(ring->head, ring->size));
	at = (ring->head - len) & (ring->size - 1);
	first = MIN(len, ring->size - at);
	log_write(mux.kept, &ring->data[at], first);
	log_write(mux.kept, ring->data, len - first);
}

/* The oldest bytes make room, and the lines that end in them are counted. */
static void drop_log_locked(uint32_t len)
{
	uint32_t lines = ring_lines_in(&log_port.tx, log_port.tx.tail, len);

	log_port.tx.tail += len;
	log_port.lines -= lines;
	mux.log_lost += lines;
}

/* One line into the log's ring; the oldest ones make room and are counted. */
void mux_log_line_locked(const char *text, size_t len)
{
	static const char mark[] = "bulkhead: ";
	uint32_t need = (uint32_t)(len + sizeof(mark) + 1), room = ring_room(&log_port.tx);

	if (room < need) {
		drop_log_locked(need - room);
	}
	ring_write(&log_port.tx, mark, sizeof(mark) - 1);
	put_text_locked(&log_port, text, (uint32_t)len);
	put_locked(&log_port, '\n');
	mux.log_head += (uint32_t)(log_port.tx.head - (uint32_t)mux.log_head);
	if (mux.kept != NULL) {
		keep_locked((uint32_t)(sizeof(mark) + len));
	}
}

static void log_sink(enum log_level level, const char *text, size_t len)
{
	char lost[64];
	int lost_len;

	(void)level;
	spin_lock(&mux.lock);
	if (mux.attached && mux.log_lost != 0 && ring_room(&log_port.tx) > MUX_LOG_SIZE / 2) {
		lost_len = format(lost, sizeof(lost), "%u log lines were lost", mux.log_lost);
		mux_log_line_locked(lost, (size_t)lost_len);
		mux.log_lost = 0;
	}
	mux_log_line_locked(text, len);
	mux_pump_soon_locked();
	spin_unlock(&mux.lock);
}

/* The common case: the line on the screen goes on, and the UART takes the byte. */
static bool write_through_locked(struct console_port *port, uint8_t byte)
{
	if (port != mux.current || byte < ' ' || ring_count(&port->tx) != 0 ||
	    mux.stage_pos != mux.stage_len || port->seen_cr || !mux.attached ||
	    !mux.uart.ops->tx_ready(&mux.uart)) {
		return false;
	}
	mux.uart.ops->put(&mux.uart, byte);
	mux.run++;
	partial_put(port, byte);
	return true;
}

/* What it writes is kept in its log alone. */
static inline bool hidden(const struct console_port *port)
{
	return unlikely(mux.filtered) && port != mux.only && port->log != NULL;
}

static bool write_locked(struct console_port *port, uint8_t byte)
{
	if (write_through_locked(port, byte)) {
		return true;
	}
	if (ring_room(&port->tx) != 0) {
		put_locked(port, byte);
		mux_pump_locked();
		return true;
	}
	if (!mux.attached) {
		/* nobody will ever read it: the ring keeps what came last */
		if (ring_get(&port->tx) == '\n') {
			port->lines--;
		}
		put_locked(port, byte);
		return true;
	}
	mux.waiting_count += !port->want_room;
	port->want_room = true;
	return false;
}

bool mux_write(struct console_port *port, uint8_t byte)
{
	bool done;

	spin_lock(&mux.lock);
	port->last_put = deadline_now();
	done = hidden(port) || write_locked(port, byte);
	if (done && port->log != NULL) {
		log_put(port->log, byte);
	}
	spin_unlock(&mux.lock);
	return done;
}

uint32_t mux_room(const struct console_port *port)
{
	/* without a UART the oldest byte makes room for the next */
	return MAX(ring_room(&port->tx), mux.attached ? 0U : 1U);
}

/* Nobody will ever read the oldest bytes. */
static void drop_locked(struct console_port *port, uint32_t len)
{
	port->lines -= ring_lines_in(&port->tx, port->tx.tail, len);
	port->tx.tail += len;
}

/* As much as there is room for; shown in a step of its own. */
static uint32_t write_text_locked(struct console_port *port, const char *text, uint32_t len)
{
	uint32_t room = ring_room(&port->tx);

	if (len > room && !mux.attached) {
		drop_locked(port, len - room);
		room = len;
	}
	len = MIN(len, room);
	put_text_locked(port, text, len);
	mux_pump_soon_locked();
	return len;
}

/* What the port's line is so far goes into the log as a line of its own. */
static void log_lines_locked(struct console_port *port, const char *text, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++) {
		bool end = text[i] == '\n';

		if (!end) {
			port->line[port->line_len++] = (uint8_t)text[i];
		}
		if (end || port->line_len == sizeof(port->line)) {
			log_put_line(port->log, (const char *)port->line, port->line_len);
			port->line_len = 0;
		}
	}
}

uint32_t mux_write_text(struct console_port *port, const char *text, uint32_t len)
{
	spin_lock(&mux.lock);
	len = MIN(len, (uint32_t)MUX_TEXT_MAX);
	port->last_put = deadline_now();
	if (!hidden(port)) {
		uint32_t done = write_text_locked(port, text, len);

		if (done < len) {
			mux.waiting_count += !port->want_room;
			port->want_room = true;
			len = done;
		}
	}
	if (port->log != NULL && port->second) {
		log_lines_locked(port, text, len);
	} else if (port->log != NULL) {
		log_write(port->log, text, len);
	}
	spin_unlock(&mux.lock);
	return len;
}

void mux_shell_write(const char *text, size_t len)
{
	spin_lock(&mux.lock);
	write_text_locked(&mux.shell, text, (uint32_t)MIN(len, sizeof(shell_ring_data)));
	spin_unlock(&mux.lock);
}

uint32_t mux_shell_room(void)
{
	uint32_t room;

	spin_lock(&mux.lock);
	room = mux.attached ? ring_room(&mux.shell.tx) : sizeof(shell_ring_data);
	spin_unlock(&mux.lock);
	return room;
}

void mux_show_only(const struct console_port *port)
{
	spin_lock(&mux.lock);
	mux.filtered = true;
	mux.only = port;
	spin_unlock(&mux.lock);
}

void mux_show_all(void)
{
	spin_lock(&mux.lock);
	mux.filtered = false;
	spin_unlock(&mux.lock);
}

/* -- logs -- */

/* The log's ring keeps what was shown already too. */
static struct log own_log(void)
{
	return (struct log){log_port.tx.data, log_port.tx.size, mux.log_head};
}

void mux_keep_log(struct log *log)
{
	spin_lock(&mux.lock);
	mux.kept = log;
	keep_locked(log_port.tx.size);
	spin_unlock(&mux.lock);
}

bool mux_log_line(const struct log *log, uint64_t *at, char *text, size_t size)
{
	struct log own;
	bool some;

	spin_lock(&mux.lock);
	own = own_log();
	some = log_line(log == NULL ? &own : log, at, text, size);
	spin_unlock(&mux.lock);
	return some;
}

bool mux_log_tail(const struct log *log, struct log_tail *tail)
{
	struct log own;
	bool found;

	spin_lock(&mux.lock);
	own = own_log();
	found = log_tail(log == NULL ? &own : log, tail);
	spin_unlock(&mux.lock);
	return found;
}

uint32_t mux_log_read(const struct log *log, uint64_t *at, uint8_t *bytes, uint32_t size,
		      uint64_t *end)
{
	struct log own;
	uint32_t count;

	spin_lock(&mux.lock);
	own = own_log();
	log = log == NULL ? &own : log;
	count = log_read(log, at, bytes, size);
	*end = log->head;
	spin_unlock(&mux.lock);
	return count;
}

const struct console_port *mux_port_of_log(const struct log *log)
{
	for (uint32_t i = 0; i < mux.port_count; i++) {
		if (mux.port[i]->log == log) {
			return mux.port[i];
		}
	}
	return NULL;
}

void mux_note(struct log *log, const char *text, size_t len)
{
	spin_lock(&mux.lock);
	log_put_line(log, text, len);
	spin_unlock(&mux.lock);
}

/* -- set-up -- */

static void add_locked(struct console_port *port)
{
	if (mux.port_count < ARRAY_COUNT(mux.port)) {
		mux.port[mux.port_count++] = port;
	}
}

void mux_init(void)
{
	log_port.tx.data = log_ring_data;
	log_port.tx.size = sizeof(log_ring_data);
	mux.shell.tx.data = shell_ring_data;
	mux.shell.tx.size = sizeof(shell_ring_data);
	mux.focus = &mux.shell;
	add_locked(&log_port);
	add_locked(&mux.shell);
	deadline_init(&mux.grace, NULL, grace_expired);
	deadline_init(&mux.pace, NULL, pace_over);
	deadline_init(&mux.news, NULL, mux_tell_news);
	deadline_is_patient(&mux.grace);
	deadline_is_patient(&mux.pace);
	deadline_is_patient(&mux.news);
	printk_set_sink(log_sink);
}

void mux_attach(const struct uart *uart)
{
	spin_lock(&mux.lock);
	mux.uart = *uart;
	mux.attached = true;
	mux_pump_locked();
	spin_unlock(&mux.lock);
}

void mux_detach(void)
{
	spin_lock(&mux.lock);
	mux.attached = false;
	spin_unlock(&mux.lock);
}

void mux_add_port(struct console_port *port)
{
	spin_lock(&mux.lock);
	add_locked(port);
	mux.guest_count++;
	if (mux.focus == &mux.shell && port->listens) {
		mux.focus = port;
	}
	spin_unlock(&mux.lock);
}

void mux_use_interrupts(void)
{
	spin_lock(&mux.lock);
	mux.interrupts = true;
	if (mux.attached) {
		mux_ask_locked(true, false);
	}
	spin_unlock(&mux.lock);
}

void mux_finish(void)
{
	bool interrupts;

	spin_lock(&mux.lock);
	interrupts = mux.interrupts;
	mux.interrupts = false;
	mux_pump_locked();
	mux.interrupts = interrupts;
	spin_unlock(&mux.lock);
}

void mux_reset_port(struct console_port *port)
{
	spin_lock(&mux.lock);
	ring_clear(&port->rx);
	if (port->line_len != 0) {
		log_lines_locked(port, "\n", 1);
	}
	if (ring_count(&port->tx) != 0 ? ring_last(&port->tx) != '\n' : port->mid_line) {
		/* what the last life said is still shown; the next one begins a line of its own */
		if (ring_room(&port->tx) == 0) {
			ring_get(&port->tx);
		}
		put_locked(port, '\n');
	} else if (ring_count(&port->tx) == 0) {
		port->partial_len = port->partial_at = 0;
	}
	mux_pump_soon_locked();
	spin_unlock(&mux.lock);
}

void mux_panic_write(const char *text, size_t len)
{
	/* first: should the UART be what fails */
	for (size_t i = 0; i < len && mux.kept != NULL; i++) {
		log_put(mux.kept, (uint8_t)text[i]);
	}
	for (size_t i = 0; i < len && mux.attached; i++) {
		while (!mux.uart.ops->tx_ready(&mux.uart)) {
		}
		mux.uart.ops->put(&mux.uart, (uint8_t)text[i]);
	}
}
