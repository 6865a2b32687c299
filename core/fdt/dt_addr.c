/* SPDX-License-Identifier: Apache-2.0 */
/* Where a node's registers and interrupts are, seen from the CPU. Devicetree Specification 0.4, 2.3
 * and 2.4. */
#include "core/base/errno.h"
#include "core/base/string.h"
#include "core/fdt/dt.h"

#define CELLS_DEFAULT_ADDRESS 2
#define CELLS_DEFAULT_SIZE    1
#define INTERRUPT_CELLS_MAX   8
#define INTERRUPT_HOPS_MAX    64 /* bounds the walk where interrupt-parents form a circle */

/* GIC bindings: the first cell of an interrupt, and where its numbers begin. */
static const uint32_t gic_first_intid[] = {
	32,   /* SPI */
	16,   /* PPI */
	4096, /* extended SPI */
	1056, /* extended PPI */
};

/* An address of up to four cells: PCI's first cell says which space it is in. */
struct bus_addr {
	uint64_t high; /* cells above the low two */
	uint64_t low;
};

static bool get_cells(const struct dt *dt, int node, const char *name, uint32_t dflt, uint32_t *out)
{
	int ret;

	*out = dflt;
	ret = dt_u32(dt, node, name, out);
	return (ret == 0 || ret == -ENOENT) && *out <= DT_CELLS_MAX;
}

static bool get_bus_cells(const struct dt *dt, int bus, uint32_t *address, uint32_t *size)
{
	return get_cells(dt, bus, "#address-cells", CELLS_DEFAULT_ADDRESS, address) &&
	       get_cells(dt, bus, "#size-cells", CELLS_DEFAULT_SIZE, size);
}

static struct bus_addr read_cells(const struct dt_prop *prop, uint32_t first, uint32_t count)
{
	struct bus_addr addr = {0};

	for (uint32_t i = 0; i < count; i++) {
		addr.high = addr.high << 32 | addr.low >> 32;
		addr.low = addr.low << 32 | dt_prop_cell(prop, first + i);
	}
	return addr;
}

/* Through one `ranges` upwards. The window must take in the whole of [addr, addr + size). */
static int translate_once(const struct dt *dt, int bus, struct bus_addr *addr, uint64_t size)
{
	uint32_t child_cells, size_cells, parent_cells, unused, entry;
	struct dt_prop prop;

	if (!dt_prop(dt, bus, "ranges", &prop)) {
		return -ENODEV;
	}
	if (prop.len == 0) {
		return 0;
	}
	if (!get_bus_cells(dt, bus, &child_cells, &size_cells) ||
	    !get_bus_cells(dt, dt_parent(dt, bus), &parent_cells, &unused)) {
		return -EINVAL;
	}
	entry = child_cells + parent_cells + size_cells;
	if (entry == 0 || prop.len % (entry * 4) != 0) {
		return -EINVAL;
	}
	for (uint32_t i = 0; i < prop.len / 4; i += entry) {
		struct bus_addr child = read_cells(&prop, i, child_cells);
		struct bus_addr parent = read_cells(&prop, i + child_cells, parent_cells);
		struct bus_addr window =
			read_cells(&prop, i + child_cells + parent_cells, size_cells);

		if (child.high == addr->high && window.high == 0 &&
		    range_contains(child.low, window.low, addr->low, size)) {
			addr->high = parent.high;
			return __builtin_add_overflow(parent.low, addr->low - child.low,
						      &addr->low) ?
				       -EINVAL :
				       0;
		}
	}
	return -ENODEV;
}

static int read_reg(const struct dt *dt, int node, uint32_t i, struct bus_addr *addr,
		    uint64_t *size)
{
	uint32_t address_cells, size_cells, entry;
	struct bus_addr bytes;
	struct dt_prop prop;
	uint64_t end;

	if (!dt_prop(dt, node, "reg", &prop)) {
		return -ENOENT;
	}
	if (!get_bus_cells(dt, dt_parent(dt, node), &address_cells, &size_cells)) {
		return -EINVAL;
	}
	entry = address_cells + size_cells;
	if (entry == 0 || prop.len == 0 || prop.len % (entry * 4) != 0) {
		return -EINVAL;
	}
	if (i >= prop.len / (entry * 4)) {
		return -ENOENT;
	}
	*addr = read_cells(&prop, i * entry, address_cells);
	bytes = read_cells(&prop, i * entry + address_cells, size_cells);
	*size = bytes.low;
	if (bytes.high != 0 || __builtin_add_overflow(addr->low, *size, &end)) {
		return -EINVAL;
	}
	return 0;
}

int dt_bus_reg(const struct dt *dt, int node, uint32_t i, struct prange *out)
{
	struct bus_addr addr;
	uint64_t size;
	int ret = read_reg(dt, node, i, &addr, &size);

	if (ret == 0 && addr.high != 0) {
		ret = -EINVAL;
	}
	if (ret == 0) {
		*out = (struct prange){.base = addr.low, .size = size};
	}
	return ret;
}

int dt_reg(const struct dt *dt, int node, uint32_t i, struct prange *out)
{
	struct bus_addr addr;
	uint64_t size, end;
	int ret = read_reg(dt, node, i, &addr, &size);

	for (int bus = dt_parent(dt, node); ret == 0 && bus > DT_ROOT; bus = dt_parent(dt, bus)) {
		ret = translate_once(dt, bus, &addr, size);
	}
	if (ret != 0) {
		return ret;
	}
	if (addr.high != 0 || __builtin_add_overflow(addr.low, size, &end)) {
		return -EINVAL;
	}
	*out = (struct prange){.base = addr.low, .size = size};
	return 0;
}

unsigned int dt_gic_version(const struct dt *dt, int node)
{
	static const char *const v2[] = {
		"arm,gic-400", "arm,cortex-a15-gic", "arm,cortex-a9-gic", "arm,cortex-a7-gic",
		"arm,pl390",   "arm,gic-v1",	     "qcom,msm-qgic2",
	};
	struct dt_prop prop;

	if (!dt_prop(dt, node, "compatible", &prop)) {
		return 0;
	}
	if (dt_prop_has_string(&prop, "arm,gic-v3")) {
		return 3;
	}
	for (size_t i = 0; i < ARRAY_COUNT(v2); i++) {
		if (dt_prop_has_string(&prop, v2[i])) {
			return 2;
		}
	}
	return 0;
}

/* The controller or nexus that a node's `interrupts` go to. */
static int interrupt_parent(const struct dt *dt, int node)
{
	for (int hop = 0; hop < INTERRUPT_HOPS_MAX && node != DT_NONE; hop++) {
		uint32_t phandle;

		if (dt_u32(dt, node, "interrupt-parent", &phandle) == 0) {
			node = dt_by_phandle(dt, phandle);
		} else {
			node = dt_parent(dt, node);
		}
		if (dt_prop(dt, node, "#interrupt-cells", NULL)) {
			return node;
		}
	}
	return DT_NONE;
}

/* Makes a GIC interrupt of the `count` cells from `first` on. */
static int decode_gic(const struct dt *dt, int gic, const struct dt_prop *prop, uint32_t first,
		      struct dt_irq *out)
{
	uint32_t count, type = dt_prop_cell(prop, first), number = dt_prop_cell(prop, first + 1);

	if (dt_gic_version(dt, gic) == 0) {
		return -ENODEV;
	}
	if (dt_u32(dt, gic, "#interrupt-cells", &count) != 0 || count < 3 ||
	    type >= ARRAY_COUNT(gic_first_intid) || number > 1023) {
		return -EINVAL;
	}
	out->intid = gic_first_intid[type] + number;
	/* Bits 8 to 15 are the CPU mask of a GICv2's PPI. */
	out->flags = dt_prop_cell(prop, first + 2) & 0xf;
	out->controller = gic;
	return 0;
}

/* Entry i of interrupts-extended: each entry is as long as its own controller says. */
static int extended_interrupt(const struct dt *dt, const struct dt_prop *prop, uint32_t i,
			      struct dt_irq *out)
{
	uint32_t pos = 0, cells, count = prop->len / 4;

	for (; pos < count; i--) {
		int gic = dt_by_phandle(dt, dt_prop_cell(prop, pos));

		if (dt_u32(dt, gic, "#interrupt-cells", &cells) != 0 ||
		    cells > INTERRUPT_CELLS_MAX || cells >= count - pos) {
			return -EINVAL;
		}
		if (i == 0) {
			return decode_gic(dt, gic, prop, pos + 1, out);
		}
		pos += 1 + cells;
	}
	return -ENOENT;
}

int dt_interrupt(const struct dt *dt, int node, uint32_t i, struct dt_irq *out)
{
	struct dt_prop prop;
	uint32_t cells;
	int controller;

	if (dt_prop(dt, node, "interrupts-extended", &prop)) {
		return prop.len % 4 == 0 ? extended_interrupt(dt, &prop, i, out) : -EINVAL;
	}
	if (!dt_prop(dt, node, "interrupts", &prop)) {
		return -ENOENT;
	}
	controller = interrupt_parent(dt, node);
	if (controller == DT_NONE) {
		return -ENODEV;
	}
	if (dt_u32(dt, controller, "#interrupt-cells", &cells) != 0 || cells == 0 ||
	    cells > INTERRUPT_CELLS_MAX || prop.len == 0 || prop.len % (cells * 4) != 0) {
		return -EINVAL;
	}
	if (i >= prop.len / (cells * 4)) {
		return -ENOENT;
	}
	return decode_gic(dt, controller, &prop, i * cells, out);
}
