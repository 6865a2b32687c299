/* SPDX-License-Identifier: Apache-2.0 */
/* A guest's PL011, register by register. DDI 0183G chapters 2.4, 2.8 and 3. */
#include "drivers/emul/vpl011.h"

#include <string.h>

#include "core/base/arena.h"
#include "core/base/errno.h"
#include "core/fdt/guest_fdt.h"
#include "core/vm/vm.h"
#include "drivers/hw/uart/pl011_regs.h"
#include "irq/vgic/vgic.h"
#include "tests/unit/unit.h"

#define SPI    1
#define ROOM   64 /* of the console's ring */
#define ON     (UARTCR_UARTEN | UARTCR_TXE | UARTCR_RXE)
#define LOOP   (ON | UARTCR_LBE)
#define FIFOS  (UARTLCR_H_FEN | UARTLCR_H_WLEN8)
#define SINGLE UARTLCR_H_WLEN8

static struct vm vm;
static struct vcpu vcpu;
static struct vdev *uart;
static bool line; /* as the interrupt controller was told last */

/* -- the console -- */

static struct {
	struct console_port *port;
	char typed[256], shown[256];
	uint32_t typed_len, typed_at, shown_len, room, resets;
} console;

void mux_add_port(struct console_port *port)
{
	console.port = port;
}

void mux_reset_port(struct console_port *port)
{
	assert_ptr_equal(port->name, vm.name);
	console.resets++;
}

bool mux_write(struct console_port *port, uint8_t byte)
{
	assert_ptr_equal(port, console.port);
	if (console.room == 0) {
		return false;
	}
	console.room--;
	console.shown[console.shown_len++] = (char)byte;
	return true;
}

uint32_t mux_room(const struct console_port *port)
{
	assert_ptr_equal(port, console.port);
	return console.room;
}

int mux_read(struct console_port *port)
{
	assert_ptr_equal(port, console.port);
	return console.typed_at < console.typed_len ? (uint8_t)console.typed[console.typed_at++] :
						      -EAGAIN;
}

static void type(const char *text)
{
	memcpy(console.typed + console.typed_len, text, strlen(text));
	console.typed_len += (uint32_t)strlen(text);
	console.port->notify(console.port);
}

static uint32_t not_taken(void)
{
	return console.typed_len - console.typed_at;
}

/* -- the interrupt controller, the guest's tree -- */

void vgic_set_line(struct vm *of, uint32_t intid, bool level)
{
	assert_ptr_equal(of, &vm);
	assert_int_equal(intid, 32 + SPI);
	line = level;
}

void guest_fdt_node_at(struct guest_fdt *fdt, const char *name, uint64_t address)
{
	(void)fdt;
	(void)name;
	(void)address;
}

void guest_fdt_end_node(struct guest_fdt *fdt)
{
	(void)fdt;
}

void guest_fdt_prop(struct guest_fdt *fdt, const char *name, const void *value, uint32_t len)
{
	(void)fdt;
	(void)name;
	(void)value;
	(void)len;
}

void guest_fdt_cells(struct guest_fdt *fdt, const char *name, const uint32_t *cells, uint32_t count)
{
	(void)fdt;
	(void)name;
	(void)cells;
	(void)count;
}

void guest_fdt_device(struct guest_fdt *fdt, const struct guest_device *device)
{
	(void)fdt;
	(void)device;
}

/* -- the guest -- */

static uint64_t access_read(uint32_t off, uint8_t size)
{
	uint64_t value = ~UINT64_C(0);

	assert_int_equal(vpl011_type.mmio->read(&vcpu, uart, off, size, &value), 0);
	return value;
}

/* Whatever is done, the line is what the masked status says. */
static void check_line(void)
{
	uint64_t masked = access_read(UARTMIS, 4);

	assert_int_equal(masked, access_read(UARTRIS, 4) & access_read(UARTIMSC, 4));
	assert_int_equal(line, masked != 0);
}

static uint32_t get(uint32_t off)
{
	uint64_t value = access_read(off, 4);

	assert_int_equal(value >> 32, 0);
	check_line();
	return (uint32_t)value;
}

static void put_sized(uint32_t off, uint8_t size, uint64_t value)
{
	assert_int_equal(vpl011_type.mmio->write(&vcpu, uart, off, size, value), 0);
	check_line();
}

static void put(uint32_t off, uint64_t value)
{
	put_sized(off, 4, value);
}

static bool raw(uint64_t interrupt)
{
	return (get(UARTRIS) & interrupt) != 0;
}

static bool flag(uint64_t bit)
{
	return (get(UARTFR) & bit) != 0;
}

/* As a driver sets it up: everything clear, then these. */
static void use(uint64_t lcr_h, uint64_t cr)
{
	put(UARTCR, 0);
	put(UARTLCR_H, lcr_h);
	put(UARTCR, cr);
	put(UARTICR, UARTINT_ALL);
	put(UARTRSR, 0);
}

static void send(char first, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		put(UARTDR, (uint8_t)(first + (char)i));
	}
}

static int set_up(void **state)
{
	static _Alignas(16) uint8_t memory[sizeof(struct vpl011) + 64];
	static struct vdev_config config;
	struct arena arena = {memory, sizeof(memory), 0};

	(void)state;
	memset(&vm, 0, sizeof(vm));
	memset(&vcpu, 0, sizeof(vcpu));
	memset(memory, 0, sizeof(memory));
	memset(&console, 0, sizeof(console));
	config.type = &vpl011_type;
	config.spi = SPI;
	vm.name = "alpha";
	line = false;
	console.room = ROOM;
	return vpl011_type.create(&vm, &config, &arena, &uart);
}

/* -- reset -- */

static void is_reset(void)
{
	static const struct {
		uint32_t off, value;
	} cases[] = {
		{UARTRSR, 0},	{UARTFR, 0x97},	 {UARTILPR, 0},	   {UARTIBRD, 0}, {UARTFBRD, 0},
		{UARTLCR_H, 0}, {UARTCR, 0x300}, {UARTIFLS, 0x12}, {UARTIMSC, 0}, {UARTRIS, 0},
		{UARTMIS, 0},	{UARTDMACR, 0},	 {UARTICR, 0},
	};

	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		assert_int_equal(get(cases[i].off), cases[i].value);
	}
}

static void reset_values(void **state)
{
	(void)state;
	is_reset();
	assert_ptr_equal(console.port->name, vm.name);
	assert_true(console.port->listens);
	assert_int_equal(console.resets, 1);
}

static void reset_again(void **state)
{
	(void)state;
	use(FIFOS, LOOP);
	put(UARTIFLS, 0);
	put(UARTIMSC, UARTINT_ALL);
	send('a', 17);
	put(UARTIBRD, 13);
	put(UARTFBRD, 13);
	put(UARTILPR, 13);
	put(UARTDMACR, 7);
	assert_true(line);
	vpl011_type.reset(uart);
	/* the interrupt controller is reset with it: vgic_reset() */
	line = false;
	is_reset();
	assert_int_equal(console.resets, 2);
	use(FIFOS, LOOP);
	send('x', 1);
	assert_int_equal(get(UARTDR), 'x');
}

static void no_room(void **state)
{
	struct arena arena = {NULL, 0, 0};
	struct vdev_config config = {.type = &vpl011_type};
	struct vdev *none = NULL;

	(void)state;
	assert_int_equal(vpl011_type.create(&vm, &config, &arena, &none), -ENOMEM);
	assert_null(none);
}

static void identification(void **state)
{
	static const uint8_t id[] = {0x11, 0x10, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1};

	(void)state;
	for (uint32_t i = 0; i < ARRAY_COUNT(id); i++) {
		put(UARTPERIPHID0 + 4 * i, 0xff);
		assert_int_equal(get(UARTPERIPHID0 + 4 * i), id[i]);
		assert_int_equal(access_read(UARTPERIPHID0 + 4 * i, 1), id[i]);
	}
}

/* -- bits and lanes -- */

static void writable_bits(void **state)
{
	static const struct {
		uint32_t off, bits;
	} cases[] = {
		{UARTILPR, 0xff}, {UARTIBRD, 0xffff}, {UARTFBRD, 0x3f},	 {UARTLCR_H, 0xff},
		{UARTCR, 0xff87}, {UARTIFLS, 0x3f},   {UARTIMSC, 0x7ff}, {UARTDMACR, 7},
		{UARTFR, 0x97},	  {UARTRIS, 0},	      {UARTMIS, 0},	 {UARTICR, 0},
		{UARTRSR, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		put(cases[i].off, UINT32_MAX);
		assert_int_equal(get(cases[i].off), cases[i].bits);
		put(UARTIMSC, 0);
	}
	/* what the map leaves out reads as zero and takes nothing */
	for (uint32_t off = 0; off < 0xfe0; off += 4) {
		bool reserved = (off > UARTRSR && off < UARTFR) || off == 0x1c || off > UARTDMACR;

		if (reserved) {
			put(off, UINT32_MAX);
			assert_int_equal(get(off), 0);
		}
	}
}

static void lanes(void **state)
{
	(void)state;
	assert_int_equal(vpl011_type.mmio->sizes, 1 | 2 | 4);
	put_sized(UARTIBRD, 2, 0x1234);
	assert_int_equal(access_read(UARTIBRD, 2) & 0xffff, 0x1234);
	assert_int_equal(access_read(UARTIBRD, 1) & 0xff, 0x34);
	assert_int_equal(access_read(UARTIBRD + 1, 1) & 0xff, 0x12);
	assert_int_equal(access_read(UARTIBRD + 2, 2) & 0xffff, 0);
	assert_int_equal(access_read(UARTCR + 1, 1) & 0xff, 3);
	/* a byte beside the data register's own is no character */
	put_sized(UARTDR + 1, 1, 'x');
	put_sized(UARTDR + 2, 2, 'x');
	assert_int_equal(console.shown_len, 0);
	put_sized(UARTDR, 1, 'a');
	put_sized(UARTDR, 2, 'b');
	put_sized(UARTDR, 4, 0xffffff00 | 'c');
	assert_int_equal(console.shown_len, 3);
	assert_memory_equal(console.shown, "abc", 3);
}

/* -- transmitting -- */

static void transmit(void **state)
{
	(void)state;
	use(FIFOS, ON);
	assert_false(raw(UARTINT_TX)); /* nothing has fallen through the level */
	put(UARTIMSC, UARTINT_TX);
	assert_false(line);
	send('a', 1);
	assert_true(line);
	put(UARTICR, UARTINT_ALL & ~UARTINT_TX);
	assert_true(line);
	put(UARTICR, UARTINT_TX);
	assert_false(line);
	put(UARTIMSC, 0);
	send('b', 1);
	assert_false(line);
	assert_true(raw(UARTINT_TX));
	put(UARTIMSC, UARTINT_TX);
	assert_true(line);
}

static void transmit_full(void **state)
{
	(void)state;
	use(FIFOS, ON);
	put(UARTIMSC, UARTINT_TX);
	console.room = 1;
	assert_true(flag(UARTFR_TXFE));
	assert_false(flag(UARTFR_TXFF | UARTFR_BUSY));
	send('a', 1);
	put(UARTICR, UARTINT_TX);
	assert_true(flag(UARTFR_TXFF));
	assert_true(flag(UARTFR_BUSY));
	assert_false(flag(UARTFR_TXFE));
	/* a byte too many is lost, and does not interrupt */
	send('b', 1);
	assert_int_equal(console.shown_len, 1);
	assert_false(line);
	/* the console has shown some of it */
	console.room = 8;
	console.port->notify(console.port);
	assert_true(line);
	assert_true(flag(UARTFR_TXFE));
}

/* -- receiving -- */

static void receive_on(void **state)
{
	(void)state;
	type("abc");
	assert_true(flag(UARTFR_RXFE)); /* off as it came out of reset */
	use(FIFOS, UARTCR_UARTEN | UARTCR_TXE);
	assert_true(flag(UARTFR_RXFE)); /* the receiver is off */
	use(FIFOS, UARTCR_TXE | UARTCR_RXE);
	assert_true(flag(UARTFR_RXFE)); /* the UART is off */
	use(FIFOS, LOOP);
	assert_true(flag(UARTFR_RXFE)); /* in loopback the wire is not heard */
	use(FIFOS, ON);
	assert_false(flag(UARTFR_RXFE));
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(get(UARTDR), 'a' + i);
	}
	assert_true(flag(UARTFR_RXFE));
	assert_int_equal(get(UARTDR), 0);
	assert_true(flag(UARTFR_RXFE));
}

/* Keys wait in the console's ring while the FIFO is full: none gets lost. */
static void receive_many(void **state)
{
	static const char text[] = "0123456789abcdefghijklmnopqrstuvwxyz";

	(void)state;
	use(FIFOS, ON);
	type(text);
	assert_true(flag(UARTFR_RXFF));
	assert_int_equal(not_taken(), strlen(text) - 16);
	for (uint32_t i = 0; i < strlen(text); i++) {
		assert_false(flag(UARTFR_RXFE));
		assert_int_equal(get(UARTDR), text[i]);
	}
	assert_true(flag(UARTFR_RXFE));
	assert_false(raw(UARTINT_OE));
	/* one holding register while the FIFOs are off */
	use(SINGLE, ON);
	type("xy");
	assert_true(flag(UARTFR_RXFF));
	assert_int_equal(not_taken(), 1);
	assert_true(raw(UARTINT_RX));
	assert_int_equal(get(UARTDR), 'x');
	assert_true(raw(UARTINT_RX));
	assert_int_equal(get(UARTDR), 'y');
	assert_false(raw(UARTINT_RX));
	assert_false(raw(UARTINT_OE));
}

static void levels(void **state)
{
	static const uint32_t level[] = {2, 4, 8, 12, 14};

	(void)state;
	for (uint32_t i = 0; i < ARRAY_COUNT(level); i++) {
		use(FIFOS, LOOP);
		put(UARTIFLS, FIELD_PREP(UARTIFLS_RX, i) | 2);
		put(UARTIMSC, UARTINT_RX);
		send('a', level[i] - 1);
		assert_false(line);
		send('A', 1);
		assert_true(line);
		get(UARTDR);
		assert_false(line);
		while (!flag(UARTFR_RXFE)) {
			get(UARTDR);
		}
	}
	/* without FIFOs the level does not count */
	use(SINGLE, LOOP);
	send('a', 1);
	assert_true(line);
}

static void cleared_by_icr(void **state)
{
	(void)state;
	use(FIFOS, LOOP);
	put(UARTIFLS, 0);
	put(UARTIMSC, UARTINT_RX);
	send('a', 4);
	assert_true(line);
	put(UARTICR, UARTINT_RX);
	assert_false(line);
	assert_false(raw(UARTINT_RX));
	assert_int_equal(get(UARTDR), 'a'); /* the bytes are still there */
	send('b', 1);
	assert_true(line);
}

static void timeout(void **state)
{
	(void)state;
	use(FIFOS, ON);
	put(UARTIMSC, UARTINT_RT);
	type("a");
	assert_true(line);
	assert_false(raw(UARTINT_RX));
	put(UARTICR, UARTINT_RT);
	assert_false(line);
	type("b");
	assert_true(line);
	get(UARTDR);
	assert_true(line); /* there is one more */
	get(UARTDR);
	assert_false(line);
	/* there is no timeout without FIFOs */
	use(SINGLE, ON);
	type("c");
	assert_false(raw(UARTINT_RT));
	assert_true(raw(UARTINT_RX));
}

static void masks(void **state)
{
	(void)state;
	use(FIFOS, ON);
	type("0123456789abcdef");
	send('a', 1);
	assert_int_equal(get(UARTRIS), UARTINT_RX | UARTINT_TX | UARTINT_RT);
	assert_int_equal(get(UARTMIS), 0);
	assert_false(line);
	put(UARTIMSC, UARTINT_RT | UARTINT_OE);
	assert_int_equal(get(UARTMIS), UARTINT_RT);
	put(UARTIMSC, UARTINT_OE);
	assert_false(line);
	put(UARTICR, 0);
	assert_int_equal(get(UARTRIS), UARTINT_RX | UARTINT_TX | UARTINT_RT);
	put(UARTICR, UARTINT_RX);
	assert_int_equal(get(UARTRIS), UARTINT_TX | UARTINT_RT);
}

/* -- overrun, FIFO enable -- */

static void overrun(void **state)
{
	(void)state;
	use(FIFOS, LOOP);
	put(UARTIMSC, UARTINT_OE);
	send('a', 16);
	assert_true(flag(UARTFR_RXFF));
	assert_false(line);
	assert_int_equal(get(UARTRSR), 0);
	send('X', 2);
	assert_true(line);
	assert_int_equal(get(UARTRSR), 8);
	for (uint32_t i = 0; i < 16; i++) {
		assert_int_equal(get(UARTDR), 'a' + i); /* kept, in order, without an error */
		assert_int_equal(get(UARTRSR), 8);
	}
	assert_true(flag(UARTFR_RXFE));
	assert_true(line);
	put(UARTICR, UARTINT_OE);
	assert_false(line);
	put(UARTRSR, 0xff);
	assert_int_equal(get(UARTRSR), 0);
}

/* The next character that finds room tells of those that were lost before it: 2.4.3 */
static void overrun_is_told_with_the_next(void **state)
{
	(void)state;
	use(FIFOS, LOOP);
	send('a', 17);
	get(UARTDR);
	send('y', 2); /* one fits, one is lost again */
	for (uint32_t i = 1; i < 16; i++) {
		assert_int_equal(get(UARTDR), 'a' + i);
	}
	assert_int_equal(get(UARTDR), UARTDR_OE | 'y');
	send('b', 2);
	assert_int_equal(get(UARTDR), UARTDR_OE | 'b');
	assert_int_equal(get(UARTDR), 'c');
}

static void fifo_enable(void **state)
{
	(void)state;
	use(FIFOS, LOOP);
	put(UARTIFLS, 0);
	put(UARTIMSC, UARTINT_RX | UARTINT_RT);
	send('a', 5);
	assert_true(line);
	put(UARTLCR_H, FIFOS | BIT(3)); /* two stop bits: the FIFO is left alone */
	assert_false(flag(UARTFR_RXFE));
	assert_true(line);
	put(UARTLCR_H, SINGLE);
	assert_true(flag(UARTFR_RXFE));
	assert_false(line);
	send('x', 1);
	assert_true(flag(UARTFR_RXFF));
	put(UARTLCR_H, FIFOS);
	assert_true(flag(UARTFR_RXFE));
	assert_false(line);
	/* sixteen again, from wherever the ring of bytes stood */
	send('a', 16);
	assert_true(flag(UARTFR_RXFF));
	for (uint32_t i = 0; i < 16; i++) {
		assert_int_equal(get(UARTDR), 'a' + i);
	}
}

static void loopback(void **state)
{
	(void)state;
	use(FIFOS, LOOP);
	send('a', 1);
	assert_int_equal(console.shown_len, 0);
	assert_int_equal(get(UARTDR), 'a');
	assert_true(raw(UARTINT_TX));
	put(UARTCR, UARTCR_UARTEN | UARTCR_LBE | UARTCR_TXE);
	send('b', 1);
	assert_true(flag(UARTFR_RXFE));
	put(UARTCR, ON);
	send('c', 1);
	assert_true(flag(UARTFR_RXFE));
	assert_memory_equal(console.shown, "c", 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE_IN("after reset the registers are as documented", reset_values, set_up),
		CASE_IN("a restart leaves nothing of the life before", reset_again, set_up),
		CASE_IN("without memory it is not made", no_room, set_up),
		CASE_IN("the identification registers are constant", identification, set_up),
		CASE_IN("registers keep the bits they have, and no other", writable_bits, set_up),
		CASE_IN("accesses of one, two and four bytes reach their lanes", lanes, set_up),
		CASE_IN("a byte sent interrupts, if unmasked, until cleared", transmit, set_up),
		CASE_IN("a full console is a full FIFO", transmit_full, set_up),
		CASE_IN("keys arrive when UART and receiver are on", receive_on, set_up),
		CASE_IN("no key is lost while the FIFO is full", receive_many, set_up),
		CASE_IN("the receive interrupt comes at each of five levels", levels, set_up),
		CASE_IN("ICR clears the receive interrupt, not the FIFO", cleared_by_icr, set_up),
		CASE_IN("below the level the timeout interrupts", timeout, set_up),
		CASE_IN("a mask hides from the line, not from the raw status", masks, set_up),
		CASE_IN("a byte too many is an overrun and loses itself alone", overrun, set_up),
		CASE_IN("the next character carries the overrun bit", overrun_is_told_with_the_next,
			set_up),
		CASE_IN("turning the FIFOs on or off empties them", fifo_enable, set_up),
		CASE_IN("loopback hears what it sends and shows nothing", loopback, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
