/* SPDX-License-Identifier: Apache-2.0 */
/* The PL011: identity, registers, FIFOs and their levels, interrupts, loopback. */
#include "tests/guest/lib/console.h"
#include "tests/guest/lib/cpu.h"
#include "tests/guest/lib/gic.h"
#include "tests/guest/lib/pl011_regs.h"
#include "tests/guest/lib/psci.h"
#include "tests/guest/lib/servant.h"
#include "tests/guest/lib/tap.h"

#define NOTES 96

static bool bare;

/* This UART is the console too: results are kept until it is back in order. */
static struct note {
	bool good;
	const char *sentence, *what;
	int line;
} notes[NOTES];
static unsigned int note_count;

#define note(cond, sentence) note_result(cond, sentence, #cond, __LINE__)

static void note_result(bool good, const char *sentence, const char *what, int line)
{
	notes[note_count++] = (struct note){good, sentence, what, line};
}

static uint32_t get(unsigned int reg)
{
	return mmio_read32(UINT64_C(PL011_BASE) + reg);
}

static void set(unsigned int reg, uint32_t v)
{
	mmio_write32(UINT64_C(PL011_BASE) + reg, v);
}

static bool idle(void)
{
	return WAIT(!(get(UART_FR) & UART_FR_BUSY) && (get(UART_FR) & UART_FR_TXFE));
}

/* Console as lib/console.c wants it, and the results so far. */
static void report(void)
{
	set(UART_IMSC, 0);
	set(UART_CR, UART_CR_UARTEN | UART_CR_TXE | UART_CR_RXE);
	set(UART_LCR_H, UART_LCR_H_WLEN | UART_LCR_H_FEN);
	set(UART_ICR, UART_INT_ALL);
	for (unsigned int i = 0; i < note_count; i++) {
		tap_ok(notes[i].good, notes[i].sentence, notes[i].what, __FILE__, notes[i].line);
	}
	note_count = 0;
}

static void test_reset(void)
{
	static const uint8_t want[] = {0x11, 0x10, 0x04, 0x00, 0x0d, 0xf0, 0x05, 0xb1};
	unsigned int wrong = 0;

	note(console_reset_cr == (UART_CR_TXE | UART_CR_RXE), "CR is 0x300 at reset");
	note(console_reset_lcr_h == 0, "LCR_H is 0 at reset");
	note(get(UART_IFLS) == 0x12, "IFLS is 0x12 at reset: both FIFOs half full");
	note(get(UART_IMSC) == 0, "all interrupts are masked at reset");
	note(get(UART_RSR) == 0 && get(UART_DMACR) == 0, "no errors, no DMA at reset");
	note(get(UART_IBRD) == 0 && get(UART_FBRD) == 0, "no baud rate at reset");
	note(get(UART_FR) & UART_FR_RXFE, "the receive FIFO is empty at reset");
	for (unsigned int i = 0; i < ARRAY_SIZE(want); i++) {
		/* The revision, high in PeriphID2, may differ. */
		wrong += (get(UART_PERIPH_ID0 + 4 * i) & (i == 2 ? 15 : 255)) != want[i];
	}
	note(wrong == 0, "the identification registers are a PL011's");
	note(get(UART_MIS) == 0, "no masked interrupt is asserted");
	get(UART_DR);
	note(get(UART_FR) & UART_FR_RXFE, "reading the empty FIFO changes nothing");
	report();
}

/* Bits that stick when all are written. */
static uint32_t writable(unsigned int reg)
{
	uint32_t saved = get(reg), got;

	set(reg, ~UINT32_C(0));
	got = get(reg);
	set(reg, saved);
	return got;
}

static void test_registers(void)
{
	unsigned int stuck = 0;

	set(UART_IBRD, 13);
	set(UART_FBRD, 1);
	note(get(UART_IBRD) == 13 && get(UART_FBRD) == 1, "the baud rate reads back");
	set(UART_IFLS, 0x24);
	note(get(UART_IFLS) == 0x24, "the FIFO levels read back");
	set(UART_IFLS, 0x12);
	set(UART_IMSC, UART_INT_OE);
	note(get(UART_IMSC) == UART_INT_OE, "the mask reads back");
	set(UART_IMSC, 0);
	for (unsigned int reg = 0x4c; reg < 0x80; reg += 4) {
		set(reg, ~UINT32_C(0));
		stuck += get(reg) != 0;
	}
	note(stuck == 0, "reserved registers read as zero and ignore writes");
	report();
	if (bare) {
		skip("registers have the bits that they should", "QEMU's model keeps more");
		return;
	}
	note(writable(UART_IBRD) == 0xffff, "IBRD has 16 bits");
	note(writable(UART_FBRD) == 0x3f, "FBRD has 6");
	note(writable(UART_LCR_H) == 0xff, "LCR_H has 8");
	note(writable(UART_IFLS) == 0x3f, "IFLS has 6");
	note(writable(UART_IMSC) == 0x7ff, "IMSC has 11");
	note(writable(UART_DMACR) == 7, "DMACR has 3");
	report();
}

/* Without FIFOs each byte that has left raises the interrupt. */
static void test_transmit(void)
{
	idle();
	set(UART_LCR_H, UART_LCR_H_WLEN);
	set(UART_ICR, UART_INT_ALL);
	note(!(get(UART_RIS) & UART_INT_TX), "ICR clears the transmit interrupt");
	set(UART_DR, '\n');
	note(WAIT(get(UART_RIS) & UART_INT_TX), "without FIFOs a byte that has left asserts it");
	note(!(get(UART_MIS) & UART_INT_TX), "masked, it shows in the raw status alone");
	set(UART_IMSC, UART_INT_TX);
	note(get(UART_MIS) == UART_INT_TX, "unmasked, it shows in the masked status");
	set(UART_ICR, UART_INT_RX);
	note(get(UART_MIS) == UART_INT_TX, "clearing another leaves it");
	set(UART_ICR, UART_INT_TX);
	note(get(UART_MIS) == 0, "clearing it lowers it");
	set(UART_IMSC, 0);
	note(idle(), "when all has left, FR says empty and not busy");
	note(!(get(UART_FR) & UART_FR_TXFF), "and not full");

	set(UART_LCR_H, UART_LCR_H_WLEN | UART_LCR_H_FEN);
	set(UART_IFLS, 0);
	set(UART_ICR, UART_INT_ALL);
	for (unsigned int i = 0; i < 8; i++) {
		set(UART_DR, '\n');
	}
	note(WAIT(get(UART_RIS) & UART_INT_TX), "with FIFOs, draining to the level asserts it");
	set(UART_IFLS, 0x12);
	report();
}

static void on_uart(unsigned int intid, void *arg)
{
	set(UART_ICR, UART_INT_TX);
	irqlog_handler(intid, arg);
}

static void test_interrupt(void)
{
	unsigned int sent;

	irqlog_clear();
	gic_connect(INTID_PL011, on_uart, NULL);
	idle();
	set(UART_LCR_H, UART_LCR_H_WLEN);
	set(UART_ICR, UART_INT_ALL);
	set(UART_IMSC, UART_INT_TX);
	for (sent = 1; sent <= 10; sent++) {
		set(UART_DR, '\n');
		if (!irqlog_wait(0, INTID_PL011, sent)) {
			break;
		}
	}
	note(sent == 11, "each byte sent interrupts");
	cpu_delay_us(1000);
	note(irqlogs[0].count[INTID_PL011] == 10, "once");
	set(UART_IMSC, 0);
	set(UART_DR, '\n');
	WAIT(get(UART_RIS) & UART_INT_TX);
	cpu_delay_us(1000);
	note(irqlogs[0].count[INTID_PL011] == 10, "and not while masked");
	gic_disable(INTID_PL011);
	report();
}

static void loop_on(uint32_t lcr)
{
	idle();
	set(UART_CR, 0);
	set(UART_LCR_H, UART_LCR_H_WLEN | lcr);
	set(UART_CR, UART_CR_UARTEN | UART_CR_LBE | UART_CR_TXE | UART_CR_RXE);
	while (!(get(UART_FR) & UART_FR_RXFE)) {
		get(UART_DR);
	}
	set(UART_ICR, UART_INT_ALL);
	set(UART_RSR, 0);
}

static bool received(void)
{
	return WAIT(!(get(UART_FR) & UART_FR_RXFE));
}

static void test_loop_byte(void)
{
	loop_on(0);
	set(UART_DR, 'A');
	note(received(), "in loopback a byte comes back");
	note(get(UART_FR) & UART_FR_RXFF, "without FIFOs one byte is full");
	note(get(UART_RIS) & UART_INT_RX, "and asserts the receive interrupt");
	note(get(UART_DR) == 'A', "it is the byte that was sent, without an error");
	note(get(UART_FR) & UART_FR_RXFE, "read, the FIFO is empty");
	note(!(get(UART_RIS) & UART_INT_RX), "and the interrupt lowered");
	set(UART_CR, UART_CR_UARTEN | UART_CR_LBE | UART_CR_TXE);
	set(UART_DR, 'B');
	cpu_delay_us(5000);
	note(get(UART_FR) & UART_FR_RXFE, "with the receiver off nothing comes back");
	report();
}

static unsigned int rx_depth(void)
{
	return FIELD_GET(BITS(7, 4), get(UART_PERIPH_ID0 + 8)) >= 3 ? 32 : 16;
}

/* Sends one and waits until it is in the receive FIFO, seen by what reading it out would see. */
static void loop_bytes(unsigned int first, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		WAIT(!(get(UART_FR) & UART_FR_TXFF));
		set(UART_DR, 'a' + first + i);
	}
	idle();
}

static void test_loop_levels(void)
{
	static const unsigned int eighths[] = {1, 2, 4, 6, 7};
	unsigned int early = 0, late = 0, kept = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(eighths); i++) {
		unsigned int level = rx_depth() * eighths[i] / 8;

		loop_on(UART_LCR_H_FEN);
		set(UART_IFLS, (uint32_t)FIELD_PREP(UART_IFLS_RX, i) | 2);
		loop_bytes(0, level - 1);
		early += (get(UART_RIS) & UART_INT_RX) != 0;
		loop_bytes(level - 1, 1);
		late += !WAIT(get(UART_RIS) & UART_INT_RX);
		get(UART_DR);
		kept += (get(UART_RIS) & UART_INT_RX) != 0;
	}
	set(UART_IFLS, 0x12);
	note(early == 0, "below its level the receive FIFO doesn't interrupt");
	note(late == 0, "at each of the five levels it does");
	note(kept == 0, "read below the level it no longer does");
	report();
}

static void test_loop_timeout(void)
{
	loop_on(UART_LCR_H_FEN);
	loop_bytes(0, 1);
	note(received(), "one byte is below the level");
	note(WAIT(get(UART_RIS) & UART_INT_RT), "left alone, it asserts the receive timeout");
	note(!(get(UART_RIS) & UART_INT_RX), "but not the receive interrupt");
	note(get(UART_DR) == 'a', "the byte is there");
	note(!(get(UART_RIS) & UART_INT_RT), "read, the timeout is lowered");
	loop_bytes(1, 1);
	note(WAIT(get(UART_RIS) & UART_INT_RT), "the next byte asserts it again");
	set(UART_ICR, UART_INT_RT);
	note(!(get(UART_RIS) & UART_INT_RT), "ICR lowers it too");
	get(UART_DR);
	report();
}

static void test_loop_overrun(void)
{
	unsigned int depth = rx_depth(), lost = 0;

	loop_on(UART_LCR_H_FEN);
	loop_bytes(0, depth);
	note(WAIT(get(UART_FR) & UART_FR_RXFF), "a full receive FIFO says so");
	note(!(get(UART_RIS) & UART_INT_OE), "and has not overrun");
	loop_bytes(depth, 1);
	note(WAIT(get(UART_RIS) & UART_INT_OE), "one byte more is an overrun");
	note(get(UART_RSR) & 8, "which RSR tells");
	for (unsigned int i = 0; i < depth; i++) {
		lost += (get(UART_DR) & 0xff) != 'a' + i;
	}
	note(lost == 0, "the bytes before it are all there, in order");
	note(get(UART_FR) & UART_FR_RXFE, "the last one is not");
	set(UART_RSR, 0);
	note(get(UART_RSR) == 0, "a write to RSR clears it");
	set(UART_ICR, UART_INT_OE);
	note(!(get(UART_RIS) & UART_INT_OE), "and ICR the interrupt");
	loop_bytes(0, 3);
	set(UART_LCR_H, UART_LCR_H_WLEN);
	note(get(UART_FR) & UART_FR_RXFE, "turning the FIFOs off empties them");
	report();
}

static void on_receive(unsigned int intid, void *arg)
{
	while (!(get(UART_FR) & UART_FR_RXFE)) {
		get(UART_DR);
		(*(unsigned int *)arg)++;
	}
	set(UART_ICR, UART_INT_RT | UART_INT_RX);
	irqlog_handler(intid, arg);
}

static void test_loop_interrupt(void)
{
	unsigned int bytes = 0;

	gic_connect(INTID_PL011, on_receive, &bytes);
	loop_on(UART_LCR_H_FEN);
	set(UART_IMSC, UART_INT_RX | UART_INT_RT);
	loop_bytes(0, 1);
	note(WAIT(READ_ONCE(bytes) == 1), "one byte interrupts, after its timeout");
	for (unsigned int i = 0; i < 100; i++) {
		loop_bytes(i % 16, 1);
	}
	note(WAIT(READ_ONCE(bytes) == 101), "100 more are all received by interrupts");
	gic_disable(INTID_PL011);
	report();
}

int main(void)
{
	bare = machine_is_bare();
	gic_setup();
	irq_unmask();
	test_reset();
	test_registers();
	test_transmit();
	test_interrupt();
	if (bare) {
		skip("in loopback bytes come back", "QEMU's model has no loopback before 9.1");
	} else {
		test_loop_byte();
		test_loop_levels();
		test_loop_timeout();
		test_loop_overrun();
		test_loop_interrupt();
	}
	tap_done();
}
