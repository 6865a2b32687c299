/* SPDX-License-Identifier: Apache-2.0 */
/* The bench guest's machine: device tree, interrupt controller, console. */
#include "tests/bench/machine.h"

#include "tests/bench/cpuif.h"

#include "tests/guest/lib/pl011_regs.h"

#define FDT_MAGIC      0xd00dfeed
#define FDT_BEGIN_NODE 1
#define FDT_END_NODE   2
#define FDT_PROP       3
#define FDT_END	       9

struct machine machine;

static uint32_t be32(const uint32_t *p)
{
	return __builtin_bswap32(*p);
}

static bool same(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

/* True when one of the strings in `list` is `word`. */
static bool lists(const char *list, uint32_t size, const char *word)
{
	for (uint32_t i = 0; i < size; i++) {
		if ((i == 0 || list[i - 1] == 0) && same(list + i, word)) {
			return true;
		}
	}
	return false;
}

static uint64_t cells(const uint32_t *p, uint32_t count)
{
	return count == 2 ? (uint64_t)be32(p) << 32 | be32(p + 1) : be32(p);
}

/* One node below the root, while it is walked. */
struct walk {
	const char *strings;
	uint32_t address_cells, size_cells;
	const char *compatible;
	uint32_t compatible_size;
	const uint32_t *reg;
	uint32_t pin; /* its interrupt, where that has two cells */
	uint32_t spi; /* where it has three */
	bool chosen;
	/* of the node below it that is walked */
	const char *inner;
	uint32_t inner_size;
	const uint32_t *inner_reg;
};

static void walk_property(struct walk *w, int depth, const uint32_t *prop)
{
	const char *name = w->strings + be32(prop + 1);
	const uint32_t *value = prop + 2;

	if (depth == 1 && same(name, "#address-cells")) {
		w->address_cells = be32(value);
	} else if (depth == 1 && same(name, "#size-cells")) {
		w->size_cells = be32(value);
	} else if (depth == 2 && same(name, "compatible")) {
		w->compatible = (const char *)value;
		w->compatible_size = be32(prop);
	} else if (depth == 2 && same(name, "reg")) {
		w->reg = value;
	} else if (depth == 2 && same(name, "interrupts") && be32(prop) == 8) {
		w->pin = be32(value);
	} else if (depth == 2 && same(name, "interrupts") && be32(prop) == 12) {
		w->spi = be32(value + 1);
	} else if (depth == 4 && same(name, "msi-parent")) {
		machine.mbigen_device = be32(value + 1);
	} else if (depth == 2 && same(name, "mbi-ranges")) {
		machine.message_intid = be32(value);
	} else if (depth == 3 && same(name, "compatible")) {
		w->inner = (const char *)value;
		w->inner_size = be32(prop);
	} else if (depth == 3 && same(name, "reg")) {
		w->inner_reg = value;
	} else if (depth == 2 && w->chosen && same(name, "bootargs")) {
		machine.bootargs = (const char *)value;
	}
}

/* Below the interrupt controller or a bus. */
static void walk_inner_end(struct walk *w)
{
	if (w->inner && w->inner_reg) {
		uint64_t base = cells(w->inner_reg, w->address_cells);

		if (lists(w->inner, w->inner_size, "arm,gic-v3-its")) {
			machine.its = base;
		} else if (lists(w->inner, w->inner_size, "hisilicon,mbigen-v2")) {
			machine.mbigen = base;
		} else if (lists(w->inner, w->inner_size, "arm,gic-v2m-frame") &&
			   !machine.message) {
			machine.message = base + 0x40;			     /* MSI_SETSPI_NS */
			machine.message_intid = mmio_read32(base + 8) >> 16; /* MSI_TYPER */
		}
	}
	w->inner = NULL;
	w->inner_reg = NULL;
}

static void walk_node_end(struct walk *w)
{
	if (w->compatible && w->reg) {
		if (lists(w->compatible, w->compatible_size, "arm,gic-v3")) {
			machine.gicd = cells(w->reg, w->address_cells);
			machine.gicr =
				cells(w->reg + w->address_cells + w->size_cells, w->address_cells);
			if (machine.message_intid) {
				machine.message = machine.gicd + GICD_SETSPI_NSR;
			}
		} else if (lists(w->compatible, w->compatible_size, "arm,cortex-a15-gic")) {
			machine.gicd = cells(w->reg, w->address_cells);
			machine.gicc =
				cells(w->reg + w->address_cells + w->size_cells, w->address_cells);
		} else if (!machine.uart &&
			   (lists(w->compatible, w->compatible_size, "arm,pl011") ||
			    lists(w->compatible, w->compatible_size, "arm,sbsa-uart"))) {
			machine.uart = cells(w->reg, w->address_cells);
		} else if (lists(w->compatible, w->compatible_size, "arm,pl031") && w->pin) {
			machine.rtc = cells(w->reg, w->address_cells);
			machine.rtc_pin = w->pin;
		} else if (machine.virtio_count < ARRAY_SIZE(machine.virtio) &&
			   lists(w->compatible, w->compatible_size, "virtio,mmio")) {
			machine.virtio[machine.virtio_count++] =
				(struct machine_virtio){cells(w->reg, w->address_cells),
							32 + w->spi};
		}
	}
	w->compatible = NULL;
	w->pin = w->spi = 0;
	w->reg = NULL;
}

bool machine_find(uint64_t dtb)
{
	const uint32_t *header = (const uint32_t *)dtb;
	const uint32_t *p;
	struct walk w = {.address_cells = 2, .size_cells = 1};
	int depth = 0;

	machine.bootargs = "";
	if (be32(header) != FDT_MAGIC) {
		return false;
	}
	p = header + be32(header + 2) / 4;
	w.strings = (const char *)header + be32(header + 3);
	for (;;) {
		uint32_t token = be32(p++);

		if (token == FDT_BEGIN_NODE) {
			uint32_t length = 0;

			depth++;
			w.chosen = depth == 2 && same((const char *)p, "chosen");
			while (((const char *)p)[length]) {
				length++;
			}
			p += length / 4 + 1;
		} else if (token == FDT_END_NODE) {
			if (depth == 2) {
				walk_node_end(&w);
			} else if (depth == 3) {
				walk_inner_end(&w);
			}
			depth--;
		} else if (token == FDT_PROP) {
			walk_property(&w, depth, p);
			p += 2 + (be32(p) + 3) / 4;
		} else if (token == FDT_END) {
			return (is_gicv2() ? machine.gicc : machine.gicr) != 0;
		}
	}
}

const char *machine_word(const char *key)
{
	for (const char *at = machine.bootargs; *at; at++) {
		const char *have = at, *want = key;

		while (*want && *have == *want) {
			have++;
			want++;
		}
		if (!*want && *have == '=' && (at == machine.bootargs || at[-1] == ' ')) {
			return have + 1;
		}
	}
	return NULL;
}

uint64_t machine_number(const char *key, uint64_t otherwise)
{
	const char *at = machine_word(key);
	uint64_t number = 0;

	while (at && *at >= '0' && *at <= '9') {
		number = number * 10 + (uint64_t)(*at++ - '0');
	}
	return number ? number : otherwise;
}

#define ENABLED_PRIVATE                                                                            \
	(BIT(BENCH_SGI) | BIT(BENCH_SGI_ANSWER) | BIT(BENCH_TIMER_VIRT) | BIT(BENCH_TIMER_PHYS) |  \
	 (BIT(BENCH_SGI_ROTATING_COUNT) - 1) << BENCH_SGI_ROTATING)

static void start_private(uint64_t frame)
{
	/* a GICv2's stay in the group they are in: one that has no other is the same */
	if (!is_gicv2()) {
		mmio_write32(frame + GICD_IGROUPR, ~UINT32_C(0));
	}
	for (unsigned int i = 0; i < 32; i += 4) {
		mmio_write32(frame + GICD_IPRIORITYR + i, 0xa0a0a0a0);
	}
	mmio_write32(frame + GICD_ISENABLER, ENABLED_PRIVATE);
}

void gic_start_edge(uint32_t intid)
{
	uint32_t config = mmio_read32(machine.gicd + GICD_ICFGR + intid / 16 * 4);

	if (is_gicv2()) {
		mmio_write8(machine.gicd + GICD_ITARGETSR + intid, 1);
	} else {
		mmio_write32(machine.gicd + GICD_IGROUPR + intid / 32 * 4, ~UINT32_C(0));
	}
	mmio_write8(machine.gicd + GICD_IPRIORITYR + intid, 0xa0);
	mmio_write32(machine.gicd + GICD_ICFGR + intid / 16 * 4,
		     config | UINT32_C(2) << (intid % 16 * 2));
	mmio_write32(machine.gicd + GICD_ISENABLER + intid / 32 * 4, UINT32_C(1) << intid % 32);
}

static void gic_wait(uint64_t ctlr, uint32_t bit)
{
	while (mmio_read32(ctlr) & bit) {
		cpu_yield();
	}
}

void gic_start(void)
{
	if (is_gicv2()) {
		mmio_write32(machine.gicd + GICD_CTLR, GICD_CTLR_GRP0);
		return;
	}
	mmio_write32(machine.gicd + GICD_CTLR, GICD_CTLR_ARE);
	gic_wait(machine.gicd + GICD_CTLR, GICD_CTLR_RWP);
	mmio_write32(machine.gicd + GICD_CTLR, GICD_CTLR_ARE | GICD_CTLR_GRP1);
	gic_wait(machine.gicd + GICD_CTLR, GICD_CTLR_RWP);
}

void gic_start_cpu(unsigned int index)
{
	uint64_t redist = machine.gicr + index * UINT64_C(0x20000);

	if (is_gicv2()) {
		start_private(machine.gicd);
		mmio_write32(machine.gicc + 4, 0xf8); /* GICC_PMR */
		mmio_write32(machine.gicc, 1);	      /* GICC_CTLR */
		return;
	}
	mmio_write32(redist + GICR_WAKER, mmio_read32(redist + GICR_WAKER) & ~GICR_WAKER_SLEEP);
	gic_wait(redist + GICR_WAKER, GICR_WAKER_ASLEEP);
	start_private(redist + GICR_SGI_FRAME);
	sysreg_write(ICC_SRE, sysreg_read(ICC_SRE) | 1);
	isb(); /* the interface's registers exist before they are written */
	sysreg_write(ICC_PMR, 0xff);
	sysreg_write(ICC_BPR1, 0);
	sysreg_write(ICC_IGRPEN1, 1);
	isb(); /* all of it before the first interrupt */
}

void put_char(char c)
{
	if (!machine.uart) {
		return;
	}
	while (mmio_read32(machine.uart + UART_FR) & UART_FR_TXFF) {
		cpu_yield();
	}
	mmio_write32(machine.uart + UART_DR, (uint8_t)c);
}

void put_string(const char *s)
{
	for (; *s; s++) {
		if (*s == '\n') {
			put_char('\r');
		}
		put_char(*s);
	}
}

void put_number(uint64_t v)
{
	if (v >= 10) {
		put_number(v / 10);
	}
	put_char((char)('0' + v % 10));
}

void put_hundredths(uint64_t v)
{
	put_number(v / 100);
	put_char('.');
	put_char((char)('0' + v / 10 % 10));
	put_char((char)('0' + v % 10));
}

void put_hex(uint64_t v)
{
	put_string("0x");
	for (int shift = 60; shift >= 0; shift -= 4) {
		put_char("0123456789abcdef"[v >> shift & 15]);
	}
}
