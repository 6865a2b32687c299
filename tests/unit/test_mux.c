/* SPDX-License-Identifier: Apache-2.0 */
/* The one console, as somebody sees it who sits before it. */
#include <string.h>

/* Its state is its own: each case begins with a fresh one. */
#include "core/console/mux.c"
#include "core/console/mux_keys.c"
#include "tests/unit/unit.h"

#define MS	     1000 /* ticks of the fake clock */
#define PACE	     250  /* the longest pause between bursts */
#define BURST	     16	  /* bytes, at most */
#define LATE_MAX     17	  /* bursts at one moment */
#define ROUNDS_MAX   1000 /* a deadline that fires so often at one moment never ends */
#define OUTPUT_MAX   200000
#define ESCAPE_TEXT  "\x1d"
#define SWITCHED(to) "bulkhead: the keys now go to " to "  (the escape key switches)\r\n"

/* -- the UART, the clock -- */

static struct {
	char text[OUTPUT_MAX];
	uint32_t len;
	uint32_t room; /* bytes its FIFO takes until it is drained */
	const char *typed;
	bool rx_irq, tx_irq;
} wire;

static uint64_t now;
static struct deadline *armed[3];

static bool wire_ready(struct uart *uart)
{
	(void)uart;
	return wire.room != 0;
}

static void wire_put(struct uart *uart, uint8_t byte)
{
	(void)uart;
	assert_true(wire.room != 0);
	assert_true(wire.len < OUTPUT_MAX - 1);
	wire.room--;
	wire.text[wire.len++] = (char)byte;
}

static int wire_get(struct uart *uart)
{
	(void)uart;
	return *wire.typed == '\0' ? -EAGAIN : (uint8_t)*wire.typed++;
}

static void wire_irq(struct uart *uart, bool rx, bool tx)
{
	(void)uart;
	wire.rx_irq = rx;
	wire.tx_irq = tx;
}

static void wire_ack(struct uart *uart)
{
	(void)uart;
}

static const struct uart_ops wire_ops = {
	.tx_ready = wire_ready,
	.put = wire_put,
	.get = wire_get,
	.irq_enable = wire_irq,
	.irq_ack = wire_ack,
};

void deadline_init(struct deadline *deadline, struct vcpu *vcpu,
		   void (*fire)(struct deadline *deadline))
{
	deadline->vcpu = vcpu;
	deadline->fire = fire;
}

void deadline_set(struct deadline *deadline, uint64_t when)
{
	deadline->when = when;
	for (uint32_t i = 0; i < ARRAY_COUNT(armed); i++) {
		if (armed[i] == NULL || armed[i] == deadline) {
			armed[i] = deadline;
			return;
		}
	}
	fail_msg("more deadlines than there are");
}

uint64_t deadline_now(void)
{
	return now;
}

uint64_t deadline_from_us(uint64_t us)
{
	return us * MS / 1000;
}

uint64_t deadline_from_ms(uint64_t ms)
{
	return ms * MS;
}

/* The one that is due first, by `end`; NULL: none is. */
static struct deadline *take_due(uint64_t end)
{
	struct deadline **first = NULL, *due;

	for (uint32_t i = 0; i < ARRAY_COUNT(armed); i++) {
		if (armed[i] != NULL && armed[i]->when <= end &&
		    (first == NULL || armed[i]->when < (*first)->when)) {
			first = &armed[i];
		}
	}
	due = first == NULL ? NULL : *first;
	if (due != NULL) {
		*first = NULL;
	}
	return due;
}

/* Time goes on; the timer's interrupt fires what is due. */
static void wait_ticks(uint64_t ticks)
{
	uint64_t end = now + ticks;
	struct deadline *due;

	for (uint32_t i = 0; (due = take_due(end)) != NULL; i++) {
		if (i == ROUNDS_MAX) {
			fail_msg("EL2 does nothing but wait");
		}
		now = MAX(now, due->when);
		due->fire(due);
	}
	now = end;
}

static void wait_ms(uint64_t ms)
{
	wait_ticks(ms * MS);
}

/* -- guests -- */

static struct guest {
	struct console_port port;
	uint8_t rx[MUX_RX_SIZE], tx[MUX_TX_SIZE];
	uint32_t notified;
} alpha, beta;

static void notified(struct console_port *port)
{
	/* called without the lock: it may look */
	CONTAINER_OF(port, struct guest, port)->notified++;
	mux_room(port);
}

static void add(struct guest *guest, const char *name)
{
	memset(guest, 0, sizeof(*guest));
	guest->port.name = name;
	guest->port.listens = true;
	guest->port.notify = notified;
	guest->port.rx = (struct ring){.data = guest->rx, .size = sizeof(guest->rx)};
	guest->port.tx = (struct ring){.data = guest->tx, .size = sizeof(guest->tx)};
	mux_add_port(&guest->port);
}

static void attach(void)
{
	struct uart uart = {.ops = &wire_ops};

	mux_attach(&uart);
	mux_use_interrupts();
}

static int alone(void **state)
{
	(void)state;
	memset(&mux, 0, sizeof(mux));
	mux.lock = (struct spinlock)SPINLOCK_INIT(RANK_CONSOLE);
	mux.escape = 0x1d;
	memset(&wire, 0, sizeof(wire));
	wire.room = UINT32_MAX;
	wire.typed = "";
	memset(armed, 0, sizeof(armed));
	now = 1000000 * MS;
	memset(&log_port, 0, sizeof(log_port));
	memset(&mux.shell, 0, sizeof(mux.shell));
	mux.shell.listens = true;
	mux_init();
	attach();
	add(&alpha, "alpha");
	return 0;
}

static int two(void **state)
{
	alone(state);
	add(&beta, "beta");
	return 0;
}

static void say(struct guest *guest, const char *text)
{
	for (; *text != '\0'; text++) {
		assert_true(mux_write(&guest->port, (uint8_t)*text));
	}
}

static void type(const char *keys)
{
	wire.typed = keys;
	assert_true(wire.rx_irq);
	mux_interrupt();
	/* it does not interrupt for these again, and EL2 has not done anything about them yet */
	assert_false(wire.rx_irq);
	assert_ptr_equal(wire.typed, keys);
	wait_ticks(0); /* they are taken, and whose they are is told */
	assert_true(*wire.typed == '\0');
	assert_true(wire.rx_irq);
}

/* The UART's interrupt as long as it is asked for, and the pauses between bursts. */
static bool goes_on(void)
{
	struct deadline *due;

	if (wire.tx_irq) {
		mux_interrupt();
		assert_false(wire.tx_irq);
		wait_ticks(0);
		return true;
	}
	due = take_due(now + PACE);
	if (due != NULL) {
		now = MAX(now, due->when);
		due->fire(due);
	}
	return due != NULL;
}

static void drain(void)
{
	while (goes_on()) {
	}
}

/* What has come out since the last look. */
static void expect(const char *text)
{
	drain();
	wire.text[wire.len] = '\0';
	assert_string_equal(wire.text, text);
	wire.len = 0;
}

static void expect_keys(struct guest *guest, const char *keys)
{
	for (; *keys != '\0'; keys++) {
		assert_int_equal(mux_read(&guest->port), (uint8_t)*keys);
	}
	assert_int_equal(mux_read(&guest->port), -EAGAIN);
}

/* -- lines -- */

static void one_guest(void **state)
{
	(void)state;
	say(&alpha, "hello\nworld\r\n/ # ");
	expect("hello\r\nworld\r\n/ # ");
	say(&alpha, "ls\n");
	expect("ls\r\n");
	log_info("a line of the log");
	expect("bulkhead: a line of the log\r\n");
}

static void prefixes(void **state)
{
	(void)state;
	say(&alpha, "one\n");
	say(&beta, "two\nthree\n");
	expect("alpha| one\r\nbeta| two\r\nbeta| three\r\n");
	log_info("four");
	expect("bulkhead: four\r\n");
	/* who is not in focus shows whole lines only */
	say(&beta, "abc");
	wait_ms(1000);
	expect("");
	say(&beta, "def\n");
	expect("beta| abcdef\r\n");
}

static void not_torn(void **state)
{
	(void)state;
	say(&alpha, "half a l");
	say(&beta, "whole\n");
	log_info("log");
	expect("alpha| half a l");
	say(&alpha, "ine\n");
	wait_ms(60);
	expect("ine\r\nbulkhead: log\r\nbeta| whole\r\n");
}

static void prompt(void **state)
{
	(void)state;
	say(&alpha, "/ # ");
	expect("alpha| / # ");
	say(&alpha, "ec");
	say(&beta, "tick\n");
	wait_ms(60);
	/* wiped for another's line, and drawn again */
	expect("ec\r             \rbeta| tick\r\nalpha| / # ec");
	say(&alpha, "ho\n");
	expect("ho\r\n");
	/* a deleted character is not drawn again, nor is what moves the cursor */
	say(&alpha, "$ ab\b \b\x1b[6n");
	say(&beta, "tock\n");
	wait_ms(60);
	expect("alpha| $ ab\b \b\x1b[6n\r          \rbeta| tock\r\nalpha| $ a");
}

static void edited(void **state)
{
	(void)state;
	/* the cursor stands inside the line: all of it is drawn again, and the cursor put back */
	say(&alpha, "/ # abc\b\b");
	wire.len = 0;
	say(&beta, "tick\n");
	wait_ms(60);
	expect("\r              \rbeta| tick\r\nalpha| / # abc\b\b");
	/* written over, and blanks behind the cursor are no part of it */
	say(&alpha, "x \b");
	wire.len = 0;
	say(&beta, "tock\n");
	wait_ms(60);
	expect("\r             \rbeta| tock\r\nalpha| / # ax");
}

static void filtered(void **state)
{
	static uint8_t data[64];
	static struct log kept;
	struct log_tail tail = {.lines = 1};
	uint64_t at = 0;
	char text[32];

	(void)state;
	kept = (struct log){.data = data, .size = sizeof(data)};
	beta.port.log = &kept;
	say(&beta, "one\n");
	expect("beta| one\r\n");
	mux_show_only(&alpha.port);
	say(&beta, "two\n");
	say(&alpha, "three\n");
	expect("alpha| three\r\n");
	mux_show_all();
	say(&beta, "four\n");
	expect("beta| four\r\n");
	/* all of it is in its log */
	assert_true(mux_log_line(&kept, &at, text, sizeof(text)));
	assert_string_equal(text, "one");
	assert_true(mux_log_line(&kept, &at, text, sizeof(text)));
	assert_string_equal(text, "two");
	assert_true(mux_log_line(&kept, &at, text, sizeof(text)));
	assert_string_equal(text, "four");
	mux_note(&kept, "bulkhead: note", 14);
	assert_true(mux_log_line(&kept, &at, text, sizeof(text)));
	assert_string_equal(text, "bulkhead: note");
	expect("");
	/* the hypervisor's, shown already */
	log_info("first");
	log_info("second");
	assert_true(mux_log_tail(NULL, &tail));
	at = tail.begin;
	assert_true(mux_log_line(NULL, &at, text, sizeof(text)));
	assert_string_equal(text, "bulkhead: second");
	assert_false(mux_log_line(NULL, &at, text, sizeof(text)));
	/* the focus by name */
	assert_true(mux_focus_name("beta"));
	assert_false(mux_shell_has_focus());
	assert_false(mux_focus_name("gamma"));
	mux_focus_shell();
	assert_true(mux_shell_has_focus());
}

static void long_prompt(void **state)
{
	char line[100];

	(void)state;
	/* what may stand on two rows can't be wiped: it is left and drawn again */
	memset(line, 'x', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	say(&alpha, line);
	wire.len = 0;
	say(&beta, "tick\n");
	wait_ms(60);
	wire.text[wire.len] = '\0';
	assert_memory_equal(wire.text, "\r\nbeta| tick\r\nalpha| xxx", 24);
}

static void prompt_of_each(void **state)
{
	(void)state;
	mux_shell_write("bulkhead> ", 10);
	say(&alpha, "a# ");
	expect("alpha| a# ");
	/* not in focus: beta's prompt waits, is shown when the focus comes, and each time again */
	say(&beta, "b$ ");
	expect("");
	type(ESCAPE_TEXT);
	wait_ms(400);
	expect("\r\n" SWITCHED("beta") "beta| b$ ");
	type(ESCAPE_TEXT);
	wait_ms(400);
	expect("\r\n" SWITCHED("the hypervisor's shell") "bulkhead> ");
	type(ESCAPE_TEXT);
	wait_ms(400);
	expect("\r\n" SWITCHED("alpha") "alpha| a# ");
	type(ESCAPE_TEXT);
	wait_ms(400);
	expect("\r\n" SWITCHED("beta") "beta| b$ ");
}

static void line_under_the_shell(void **state)
{
	(void)state;
	mux_shell_write("bulkhead> ", 10);
	type(ESCAPE_TEXT);
	wait_ms(400);
	expect(SWITCHED("the hypervisor's shell") "bulkhead> ");
	/* what the one guest writes bit by bit is one line; then the prompt is back */
	say(&alpha, "he");
	wait_ms(20);
	expect("\r          \rhe");
	say(&alpha, "llo");
	wait_ms(20);
	expect("llo");
	say(&alpha, "\n");
	wait_ms(60);
	expect("\r\nbulkhead> ");
}

static void prompt_of_a_life(void **state)
{
	(void)state;
	/* the line of the last life is ended, and is not drawn again in the next */
	say(&alpha, "login: ");
	mux_reset_port(&alpha.port);
	wait_ms(60);
	say(&alpha, "new\n");
	expect("alpha| login: \r\nalpha| new\r\n");
	say(&beta, "unshown");
	mux_reset_port(&beta.port);
	wait_ms(60);
	expect("beta| unshown\r\n");
}

static void deaf(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < MUX_RX_SIZE; i++) {
		type("k");
	}
	expect("");
	/* said once, not per key */
	type("kk");
	expect("bulkhead: alpha does not read its console: keys are lost\r\n");
}

static void carriage_returns(void **state)
{
	(void)state;
	say(&alpha, "one\r\ntwo\r\n");
	/* they fill no burst: nobody waits because of one */
	assert_false(mux.paced);
	expect("alpha| one\r\nalpha| two\r\n");
}

static void written_over(void **state)
{
	(void)state;
	/* progress: the name stays */
	say(&alpha, "10%\r20%\r\n");
	expect("alpha| 10%\ralpha| 20%\r\n");
	/* at the start of a line it changes nothing */
	say(&alpha, "\rhello\n\rworld\n");
	expect("alpha| hello\r\nalpha| world\r\n");
}

/* -- keys -- */

static void keys(void **state)
{
	(void)state;
	type("ls\r");
	assert_true(alpha.notified != 0);
	expect_keys(&alpha, "ls\r");
	expect_keys(&beta, "");
	type(ESCAPE_TEXT);
	expect(SWITCHED("beta"));
	wait_ms(400);
	type("x");
	expect_keys(&alpha, "");
	expect_keys(&beta, "x");
	wait_ms(400);
	type(ESCAPE_TEXT);
	expect(SWITCHED("the hypervisor's shell"));
	wait_ms(400);
	type(ESCAPE_TEXT "y");
	expect(SWITCHED("alpha"));
	expect_keys(&alpha, "y");
}

static void escape_twice(void **state)
{
	(void)state;
	type(ESCAPE_TEXT);
	wait_ms(100);
	type(ESCAPE_TEXT "a");
	expect_keys(&alpha, ESCAPE_TEXT "a");
	expect_keys(&beta, "");
	/* one later is a new one */
	wait_ms(400);
	type(ESCAPE_TEXT);
	wait_ms(400);
	type(ESCAPE_TEXT);
	assert_ptr_equal(mux.focus, &mux.shell);
}

static void prompt_of_the_new_focus(void **state)
{
	(void)state;
	say(&beta, "login: ");
	expect("");
	type(ESCAPE_TEXT);
	expect(SWITCHED("beta") "beta| login: ");
}

static void too_many_keys(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < MUX_RX_SIZE + 10; i++) {
		type("k");
	}
	for (uint32_t i = 0; i < MUX_RX_SIZE; i++) {
		assert_int_equal(mux_read(&alpha.port), 'k');
	}
	expect_keys(&alpha, "");
}

/* -- a UART that is slow or not there -- */

static void full(void **state)
{
	uint32_t taken = 0;

	(void)state;
	wire.room = 16;
	while (mux_write(&alpha.port, 'a')) {
		taken++;
		assert_true(taken < 10000);
	}
	assert_int_equal(mux_room(&alpha.port), 0);
	assert_true(taken >= MUX_TX_SIZE);
	assert_true(wire.tx_irq);
	/* nothing waits for it: time may stand still, and others may write */
	wait_ms(0);
	say(&beta, "tick\n");
	wait_ms(0);
	wait_ms(100);
	assert_int_equal(alpha.notified, 0);
	wire.room = 16;
	mux_interrupt();
	wait_ticks(0);
	assert_int_equal(alpha.notified, 1);
	assert_true(mux_room(&alpha.port) != 0);
	assert_true(mux_write(&alpha.port, 'b'));
	wire.room = UINT32_MAX;
	drain();
	assert_false(wire.tx_irq);
	assert_int_equal(mux_room(&alpha.port), MUX_TX_SIZE);
}

/* A UART that takes everything at once: each burst is short, and whoever has the CPU goes on
 * between them. */
static void in_shares(void **state)
{
	uint32_t before = 0;

	(void)state;
	wire.room = 0;
	while (mux_write(&alpha.port, 'a')) {
	}
	wire.room = UINT32_MAX;
	while (goes_on()) {
		assert_true(wire.len - before <= BURST);
		before = wire.len;
		/* who writes and who types does not make it longer */
		say(&beta, "x");
		mux_interrupt();
		wait_ticks(0);
		assert_int_equal(wire.len, before);
		/* and its interrupt is not asked for: it would come at once */
		assert_false(wire.tx_irq);
	}
	assert_true(wire.len >= MUX_TX_SIZE);
}

/* What a pause took longer is made up for by shorter ones, within bounds; no burst is longer. */
static void late_bursts(void **state)
{
	uint32_t before;

	(void)state;
	for (uint32_t late = 0; late < 20; late++) {
		struct deadline *due;

		wire.room = 0;
		while (mux_write(&alpha.port, 'a')) {
		}
		wire.room = UINT32_MAX;
		mux_interrupt();
		wait_ticks(0); /* who waits for room is told */
		due = take_due(now + PACE);
		assert_non_null(due);
		before = wire.len;
		now = due->when + late * PACE;
		due->fire(due);
		assert_int_equal(wire.len - before, BURST);
		wait_ticks(0);
		assert_int_equal(wire.len - before, MIN(late + 1, LATE_MAX) * BURST);
		drain();
		wire.len = 0;
	}
}

/* The board goes down: nothing of what was said stays behind. */
static void last_words(void **state)
{
	(void)state;
	say(&alpha, "a line that is longer than a burst is, by far\n");
	log_info("all VMs are off: the board is powered off");
	mux_finish();
	wire.text[wire.len] = '\0';
	assert_non_null(strstr(wire.text, "than a burst is, by far\r\n"));
	assert_non_null(strstr(wire.text, "the board is powered off\r\n"));
}

/* Somebody else's writing may make the room. */
static void room_by_another(void **state)
{
	(void)state;
	wire.room = 0;
	while (mux_write(&alpha.port, 'a')) {
	}
	wire.room = UINT32_MAX;
	say(&beta, "x");
	wait_ms(1);
	assert_int_equal(alpha.notified, 1);
}

static void log_keeps_the_last(void **state)
{
	(void)state;
	wire.room = 0;
	for (uint32_t i = 0; i < 1000; i++) {
		log_info("line %u of one thousand lines", i);
	}
	wire.room = UINT32_MAX;
	drain();
	wire.text[wire.len] = '\0';
	assert_null(strstr(wire.text, "line 100 of"));
	assert_non_null(strstr(wire.text, "bulkhead: line 998 of one thousand lines\r\n"));
	assert_non_null(strstr(wire.text, "bulkhead: line 999 of one thousand lines\r\n"));
	log_info("after");
	drain();
	wire.text[wire.len] = '\0';
	assert_non_null(strstr(wire.text, "log lines were lost"));
}

static void no_uart(void **state)
{
	(void)state;
	mux_detach();
	/* a driver looks for room before each byte: it must not look for ever */
	for (uint32_t i = 0; i < 3 * MUX_TX_SIZE; i++) {
		assert_true(mux_room(&alpha.port) != 0);
		assert_true(mux_write(&alpha.port, (uint8_t)('a' + i % 26)));
	}
	assert_int_equal(alpha.tx[(alpha.port.tx.head - 1) % MUX_TX_SIZE],
			 'a' + (3 * MUX_TX_SIZE - 1) % 26);
}

/* -- one that never stops -- */

static void talk_on(const char *line, uint32_t interrupts)
{
	for (uint32_t i = 0; i < interrupts; i++) {
		while (mux_room(&alpha.port) >= strlen(line)) {
			say(&alpha, line);
		}
		wire.room = 16;
		wait_ms(1);
		mux_interrupt();
	}
	wire.text[wire.len] = '\0';
}

static void many_lines(void **state)
{
	(void)state;
	wire.room = 0;
	talk_on("all work and no play\n", 1);
	say(&beta, "let me say a word\n");
	log_info("and me");
	talk_on("all work and no play\n", 500);
	assert_non_null(strstr(wire.text, "\r\nbeta| let me say a word\r\n"));
	assert_non_null(strstr(wire.text, "\r\nbulkhead: and me\r\n"));
}

static void no_end(void **state)
{
	(void)state;
	wire.room = 0;
	talk_on("aaaaaaaa", 1);
	say(&beta, "let me say a word\n");
	talk_on("aaaaaaaa", 500);
	assert_non_null(strstr(wire.text, "\r\nbeta| let me say a word\r\n"));
}

/* Of what one writes over its own line the name is part, which it did not write. */
static void written_over_for_ever(void **state)
{
	uint32_t before = 0;
	const char *at;

	(void)state;
	wire.room = 0;
	talk_on("\rx", 1);
	for (uint32_t i = 0; i < 20; i++) {
		say(&beta, "a word\n");
		talk_on("\rx", 100);
		at = strstr(wire.text + before, "beta| a word");
		assert_non_null(at);
		/* a turn, and what was on its way */
		assert_in_range(at - wire.text - before, 0, 1000);
		before = wire.len;
	}
}

/* However many write, the shell has each second line. */
static void shell_among_many(void **state)
{
	uint32_t lines = 0;

	(void)state;
	wire.room = 0;
	talk_on("all work and no play\n", 1);
	say(&beta, "let me say a word\nand another\nand a third one\n");
	mux_shell_write("one\ntwo\nthree\n", 14);
	talk_on("all work and no play\n", 20);
	for (const char *at = wire.text; strncmp(at, "three", 5) != 0; lines++) {
		at = strchr(at, '\n') + 1;
	}
	assert_in_range(lines, 4, 7);
	assert_non_null(strstr(wire.text, "beta| let me say a word"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE_IN("one guest has the console as if it were its own", one_guest, alone),
		CASE_IN("of several each line names its guest", prefixes, two),
		CASE_IN("a line that has begun is let finish", not_torn, two),
		CASE_IN("the prompt of the focus is shown at once, and again when it was broken",
			prompt, two),
		CASE_IN("a line with the cursor inside is drawn again as it was", edited, two),
		CASE_IN("a filter shows one VM, logs keep what all wrote", filtered, two),
		CASE_IN("a line too long to be wiped is broken and drawn again", long_prompt, two),
		CASE_IN("each console's prompt is drawn when the focus comes", prompt_of_each, two),
		CASE_IN("a line below the shell's prompt is let finish", line_under_the_shell,
			alone),
		CASE_IN("a line of one life does not run into the next", prompt_of_a_life, two),
		CASE_IN("a guest that does not read is named once", deaf, two),
		CASE_IN("carriage returns before a line end are no lines", carriage_returns, two),
		CASE_IN("a line that is written over keeps its name, once", written_over, two),
		CASE_IN("a line that is written over for ever lets others write",
			written_over_for_ever, two),
		CASE_IN("the shell has each second line", shell_among_many, two),
		CASE_IN("keys go to the focus, which the escape key moves", keys, two),
		CASE_IN("the escape key typed twice is the guest's", escape_twice, two),
		CASE_IN("a prompt that waits is shown to the new focus", prompt_of_the_new_focus,
			two),
		CASE_IN("keys that find no room are dropped", too_many_keys, two),
		CASE_IN("a full ring is the guest's to see, and nobody waits for it", full, two),
		CASE_IN("what was said last is out before the board goes down", last_words, two),
		CASE_IN("a full ring is written out in shares", in_shares, two),
		CASE_IN("a late pause is made up for, within bounds", late_bursts, two),
		CASE_IN("room made by another's writing is told of too", room_by_another, two),
		CASE_IN("the log keeps what came last and counts the rest", log_keeps_the_last,
			two),
		CASE_IN("without a UART guests write on", no_uart, two),
		CASE_IN("one that never stops leaves others their lines", many_lines, two),
		CASE_IN("so does one whose line never ends", no_end, two),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
