/* SPDX-License-Identifier: Apache-2.0 */
/* A guest's PL011. Arm DDI 0183G, chapters 2 and 3. */
#include "drivers/emul/vpl011.h"

#include "core/base/arena.h"
#include "core/base/bits.h"
#include "core/base/errno.h"
#include "core/fdt/guest_fdt.h"
#include "core/vm/vm.h"
#include "drivers/emul/vdev_line.h"
#include "drivers/hw/uart/pl011_regs.h"

#define CLOCK_HZ       24000000
#define IFLS_RESET     0x12
#define CR_RESET       0x300
#define CR_WRITABLE    0xff87
#define LCR_WRITABLE   0xff
#define MODEM_FLAGS    (UARTFR_CTS | UARTFR_DSR | UARTFR_DCD)
#define PERIPHID_COUNT 8

/* Revision r1p1, 16-byte FIFOs: UARTPeriphID0-3 and UARTPCellID0-3, at 0xfe0 and above */
static const uint8_t periph_id[PERIPHID_COUNT] = {0x11, 0x10, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1};

static struct vpl011 *vpl011_of(struct vdev *vdev)
{
	return CONTAINER_OF(vdev, struct vpl011, vdev);
}

/* Depth of the receive FIFO: one holding register while the FIFOs are off. */
static uint32_t fifo_depth(const struct vpl011 *uart)
{
	return (uart->lcr_h & UARTLCR_H_FEN) != 0 ? VPL011_FIFO : 1;
}

/* Bytes at which the receive interrupt rises: an eighth, a quarter, half, three quarters, seven
 * eighths. */
static uint32_t rx_trigger(const struct vpl011 *uart)
{
	static const uint8_t level[] = {2, 4, 8, 12, 14};
	uint32_t select = (uint32_t)FIELD_GET(UARTIFLS_RX, uart->ifls);

	return (uart->lcr_h & UARTLCR_H_FEN) != 0 ? level[MIN(select, 4U)] : 1;
}

/* The interrupt controller is told of changes only: most accesses change nothing. */
static void set_line(struct vpl011 *uart)
{
	bool level = (uart->ris & uart->imsc) != 0;

	if (level == uart->line) {
		return;
	}
	uart->line = level;
	vdev_set_line(&uart->vdev, level);
}

/* One byte into the receive FIFO. The timeout is as good as over when nothing else is coming. */
static void receive_locked(struct vpl011 *uart, uint16_t data)
{
	if (uart->rx_count == fifo_depth(uart)) {
		uart->rsr |= UARTDR_OE >> 8;
		uart->ris |= UARTINT_OE;
		uart->overrun = UARTDR_OE;
		return;
	}
	/* the first that finds room again tells of the loss: DDI 0183G 2.4.3 */
	data |= uart->overrun;
	uart->overrun = 0;
	uart->rx[(uart->rx_head + uart->rx_count) % VPL011_FIFO] = data;
	uart->rx_count++;
	if (uart->rx_count >= rx_trigger(uart)) {
		uart->ris |= UARTINT_RX;
	}
	if ((uart->lcr_h & UARTLCR_H_FEN) != 0) {
		uart->ris |= UARTINT_RT;
	}
}

/* From the console's ring into the FIFO, as far as there is room and the receiver is on. */
static void refill_locked(struct vpl011 *uart)
{
	bool on = (uart->cr & (UARTCR_UARTEN | UARTCR_RXE)) == (UARTCR_UARTEN | UARTCR_RXE) &&
		  (uart->cr & UARTCR_LBE) == 0;

	while (on && uart->rx_count < fifo_depth(uart)) {
		int byte = mux_read(&uart->port);

		if (byte < 0) {
			break;
		}
		receive_locked(uart, (uint16_t)byte);
	}
}

static uint32_t read_data_locked(struct vpl011 *uart)
{
	uint32_t data = 0;

	if (uart->rx_count != 0) {
		data = uart->rx[uart->rx_head];
		uart->rx_head = (uart->rx_head + 1) % VPL011_FIFO;
		uart->rx_count--;
		uart->rsr = (uart->rsr & (UARTDR_OE >> 8)) | ((data >> 8) & 7);
		refill_locked(uart);
	}
	if (uart->rx_count < rx_trigger(uart)) {
		uart->ris &= ~(uint32_t)UARTINT_RX;
	}
	if (uart->rx_count == 0) {
		uart->ris &= ~(uint32_t)UARTINT_RT;
	}
	return data;
}

/* The transmit FIFO empties into the console at once, so it falls through its trigger level at each
 * byte. */
static void write_data_locked(struct vpl011 *uart, uint8_t byte)
{
	if ((uart->cr & UARTCR_LBE) != 0) {
		if ((uart->cr & UARTCR_RXE) != 0) {
			receive_locked(uart, byte);
		}
		uart->ris |= UARTINT_TX;
	} else if (mux_write(&uart->port, byte)) {
		uart->ris |= UARTINT_TX;
	} else {
		uart->ris &= ~(uint32_t)UARTINT_TX;
	}
}

static uint32_t read_flags(const struct vpl011 *uart)
{
	uint32_t flags = MODEM_FLAGS;

	if (uart->rx_count == 0) {
		flags |= UARTFR_RXFE;
	}
	if (uart->rx_count == fifo_depth(uart)) {
		flags |= UARTFR_RXFF;
	}
	return flags | (mux_room(&uart->port) == 0 ? UARTFR_TXFF | UARTFR_BUSY : UARTFR_TXFE);
}

static uint64_t read_locked(struct vpl011 *uart, uint32_t off)
{
	switch (off) {
	case UARTDR:
		return read_data_locked(uart);
	case UARTRSR:
		return uart->rsr;
	case UARTFR:
		return read_flags(uart);
	case UARTILPR:
		return uart->ilpr;
	case UARTIBRD:
		return uart->ibrd;
	case UARTFBRD:
		return uart->fbrd;
	case UARTLCR_H:
		return uart->lcr_h;
	case UARTCR:
		return uart->cr;
	case UARTIFLS:
		return uart->ifls;
	case UARTIMSC:
		return uart->imsc;
	case UARTRIS:
		return uart->ris;
	case UARTMIS:
		return uart->ris & uart->imsc;
	case UARTDMACR:
		return uart->dmacr;
	default:
		return off >= UARTPERIPHID0 ? periph_id[(off - UARTPERIPHID0) / 4] : 0;
	}
}

/* Turning the FIFOs on or off empties them: DDI 0183G 3.3.7. */
static void write_lcr_locked(struct vpl011 *uart, uint32_t value)
{
	if (((uart->lcr_h ^ value) & UARTLCR_H_FEN) != 0) {
		uart->rx_count = 0;
		uart->ris &= ~(uint32_t)(UARTINT_RX | UARTINT_RT);
	}
	uart->lcr_h = value & LCR_WRITABLE;
	refill_locked(uart);
}

static void write_locked(struct vpl011 *uart, uint32_t off, uint32_t value)
{
	switch (off) {
	case UARTDR:
		write_data_locked(uart, (uint8_t)value);
		break;
	case UARTRSR:
		uart->rsr = 0;
		break;
	case UARTILPR:
		uart->ilpr = value & 0xff;
		break;
	case UARTIBRD:
		uart->ibrd = value & 0xffff;
		break;
	case UARTFBRD:
		uart->fbrd = value & 0x3f;
		break;
	case UARTLCR_H:
		write_lcr_locked(uart, value);
		break;
	case UARTCR:
		uart->cr = value & CR_WRITABLE;
		refill_locked(uart);
		break;
	case UARTIFLS:
		uart->ifls = value & 0x3f;
		break;
	case UARTIMSC:
		uart->imsc = value & (uint32_t)UARTINT_ALL;
		break;
	case UARTICR:
		uart->ris &= ~value;
		break;
	case UARTDMACR:
		uart->dmacr = value & 7;
		break;
	default:
		break;
	}
}

static int vpl011_read(struct vcpu *vcpu, void *dev, uint32_t off, uint32_t size, uint64_t *value)
{
	struct vpl011 *uart = dev;

	(void)vcpu;
	(void)size;
	if (off == UARTFR) {
		/* words that change one at a time: a driver polls this one for every byte */
		*value = read_flags(uart);
		return 0;
	}
	spin_lock(&uart->lock);
	*value = read_locked(uart, off & ~3U);
	/* a byte of a register: the bus hands it its lanes */
	*value >>= 8 * (off & 3);
	if (off < 4) {
		set_line(uart);
	}
	spin_unlock(&uart->lock);
	return 0;
}

static int vpl011_write(struct vcpu *vcpu, void *dev, uint32_t off, uint32_t size, uint64_t value)
{
	struct vpl011 *uart = dev;

	(void)vcpu;
	(void)size;
	if ((off & 3) != 0) {
		return 0; /* a lane that holds no writable bits the drivers use */
	}
	spin_lock(&uart->lock);
	write_locked(uart, off, (uint32_t)value);
	set_line(uart);
	spin_unlock(&uart->lock);
	return 0;
}

/* The console has keys for this guest, or its ring has room again. */
static void vpl011_notify(struct console_port *port)
{
	struct vpl011 *uart = CONTAINER_OF(port, struct vpl011, port);

	spin_lock(&uart->lock);
	refill_locked(uart);
	if (mux_room(port) != 0) {
		uart->ris |= UARTINT_TX;
	}
	set_line(uart);
	spin_unlock(&uart->lock);
}

static void vpl011_reset(struct vdev *vdev)
{
	struct vpl011 *uart = vpl011_of(vdev);

	mux_reset_port(&uart->port);
	spin_lock(&uart->lock);
	uart->rx_head = uart->rx_count = 0;
	uart->overrun = 0;
	uart->rsr = uart->ilpr = uart->ibrd = uart->fbrd = uart->lcr_h = 0;
	uart->imsc = uart->ris = uart->dmacr = 0;
	uart->line = false;
	uart->ifls = IFLS_RESET;
	uart->cr = CR_RESET;
	spin_unlock(&uart->lock);
}

static int vpl011_create(struct vm *vm, const struct vdev_config *config, struct arena *arena,
			 struct vdev **out)
{
	struct vpl011 *uart = arena_alloc(arena, sizeof(*uart));

	if (uart == NULL) {
		return -ENOMEM;
	}
	spin_init(&uart->lock, RANK_DEVICE);
	uart->vdev.type = config->type;
	uart->vdev.config = config;
	uart->vdev.vm = vm;
	uart->port.name = vm->name;
	uart->port.listens = !config->input_none;
	uart->port.log = vm->log;
	uart->port.notify = vpl011_notify;
	uart->port.rx = (struct ring){.data = uart->rx_ring, .size = sizeof(uart->rx_ring)};
	uart->port.tx = (struct ring){.data = uart->tx_ring, .size = sizeof(uart->tx_ring)};
	mux_add_port(&uart->port);
	*out = &uart->vdev;
	vpl011_reset(*out);
	return 0;
}

static int vpl011_describe(const struct vdev *vdev, struct guest_fdt *fdt)
{
	const uint32_t clocks[] = {fdt->clock_phandle, fdt->clock_phandle};
	static const char names[] = "uartclk\0apb_pclk";
	static const char compatible[] = "arm,pl011\0arm,primecell";

	guest_fdt_node_at(fdt, "pl011", vdev->config->ipa);
	guest_fdt_prop(fdt, "compatible", compatible, sizeof(compatible));
	vdev_describe_place(vdev, fdt);
	guest_fdt_cells(fdt, "clocks", clocks, 2);
	guest_fdt_prop(fdt, "clock-names", names, sizeof(names));
	guest_fdt_end_node(fdt);
	return 0;
}

static const struct mmio_ops vpl011_mmio = {
	.name = "PL011",
	.sizes = 1 | 2 | 4,
	.read = vpl011_read,
	.write = vpl011_write,
};

static const struct config_prop vpl011_props[] = {
	{
		.name = "input",
		.type = PROP_STRING,
		.values = "switched|none",
		.dflt = DOC("switched"),
		.help = DOC(
			"`switched`: it gets the keys while it has the console's focus; `none`: "
			"never."),
	},
	{.name = NULL},
};

const struct vdev_type vpl011_type = {
	.compatible = "bulkhead,pl011",
	.help = DOC("A serial port on the console. Guest node: `arm,pl011`."),
	.size = 0x1000,
	.ipa = 0x09000000,
	.spi = 1,
	.max_count = 1,
	.props = vpl011_props,
	.create = vpl011_create,
	.reset = vpl011_reset,
	.describe = vpl011_describe,
	.mmio = &vpl011_mmio,
};
