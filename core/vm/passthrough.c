/* SPDX-License-Identifier: Apache-2.0 */
/* Devices of the board in a VM. */
#include "core/vm/passthrough.h"

#include "core/base/errno.h"
#include "core/base/format.h"
#include "core/base/printk.h"
#include "core/base/string.h"
#include "irq/hw/gic_regs.h"
#include "irq/vgic/vgic.h"

#define CELLS_PER_IRQ 3
#define IRQ_EDGE      1 /* rising */
#define IRQ_LEVEL     4 /* high */

/* Names for a line of the log. */
struct words {
	char text[128];
	size_t used;
};

static void add_word(struct words *words, const char *word)
{
	if (words->used < sizeof(words->text)) {
		words->used += (size_t)format(words->text + words->used,
					      sizeof(words->text) - words->used, " %s", word);
	}
}

static int make_one(struct vm *vm, const struct passthrough_config *p, struct registry *registry)
{
	const struct grant grant = {
		.ipa = p->ipa,
		.pa = p->regs.base,
		.size = p->regs.size,
		.owner = (uint16_t)vm->id,
		.kind = STAGE2_DEVICE,
	};
	int err = registry_grant(registry, &grant);

	if (err == 0) {
		err = stage2_map(&vm->stage2, grant.ipa, grant.pa, grant.size, grant.kind);
	}
	for (uint32_t i = 0; err == 0 && i < p->spi_count; i++) {
		err = vgic_link_spi(vm, INTID_SPI + p->spi[i], p->irq[i].intid, p->irq[i].edge);
		err = err == -EBUSY ? -EEXIST : err;
	}
	return err;
}

int passthrough_make(struct vm *vm, struct registry *registry)
{
	int err = 0;

	for (uint32_t i = 0; err == 0 && i < vm->config->passthrough_count; i++) {
		err = make_one(vm, &vm->config->passthrough[i], registry);
	}
	return err;
}

static bool ends_with(const char *name, const char *end)
{
	size_t len = strlen(name), tail = strlen(end);

	return len >= tail && strcmp(name + len - tail, end) == 0;
}

/* Written anew, or of no meaning in another tree. */
static bool is_own(const char *name)
{
	static const char *const names[] = {
		"reg",		 "interrupts", "interrupts-extended", "interrupt-parent", "phandle",
		"linux,phandle", "status",
	};

	for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
		if (strcmp(name, names[i]) == 0) {
			return true;
		}
	}
	return false;
}

/* Holds phandles of the board's tree, or stands for some that do. */
static bool is_reference(const char *name)
{
	static const char *const names[] = {
		"clocks",      "clock-names",	   "resets",	    "reset-names",
		"iommus",      "iommu-map",	   "dmas",	    "dma-names",
		"phys",	       "phy-names",	   "phy-handle",    "power-domains",
		"mboxes",      "mbox-names",	   "msi-parent",    "msi-map",
		"hwlocks",     "interconnects",	   "memory-region", "operating-points-v2",
		"nvmem-cells", "nvmem-cell-names", "interrupt-map", "power-domain-names",
		"gpios",
	};

	for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
		if (strcmp(name, names[i]) == 0) {
			return true;
		}
	}
	return strncmp(name, "pinctrl-", 8) == 0 || strncmp(name, "assigned-", 9) == 0 ||
	       ends_with(name, "-supply") || ends_with(name, "-gpios") || ends_with(name, "-gpio");
}

static void describe_irqs(const struct passthrough_config *p, struct guest_fdt *fdt)
{
	uint32_t cells[CELLS_PER_IRQ * CONFIG_PASSTHROUGH_SPI_MAX];

	for (uint32_t i = 0; i < p->spi_count; i++) {
		cells[CELLS_PER_IRQ * i] = 0; /* SPI */
		cells[CELLS_PER_IRQ * i + 1] = p->spi[i];
		cells[CELLS_PER_IRQ * i + 2] = p->irq[i].edge ? IRQ_EDGE : IRQ_LEVEL;
	}
	if (p->spi_count != 0) {
		guest_fdt_cells(fdt, "interrupts", cells, CELLS_PER_IRQ * p->spi_count);
	}
}

/* Linux' bus of these devices does not look at one without this clock. */
static bool has_bus_clock(const struct dt *tree, int node)
{
	const char *clock = dt_string(tree, node, "clock-names");

	return clock != NULL && strcmp(clock, "apb_pclk") == 0;
}

/* What stays of the board's node; what does not is named in `left_out`. */
static void copy_props(const struct dt *tree, int node, struct guest_fdt *fdt,
		       struct words *left_out)
{
	bool clock = has_bus_clock(tree, node);
	struct dt_prop prop = {0};

	while (dt_next_prop(tree, node, &prop)) {
		if (clock && strcmp(prop.name, "clocks") == 0) {
			guest_fdt_u32(fdt, "clocks", fdt->clock_phandle);
		} else if (!is_own(prop.name) &&
			   (!is_reference(prop.name) ||
			    (clock && strcmp(prop.name, "clock-names") == 0))) {
			guest_fdt_prop(fdt, prop.name, prop.value, prop.len);
		} else if (!is_own(prop.name)) {
			add_word(left_out, prop.name);
		}
	}
}

/* "pl031" of "pl031@9010000" */
static const char *base_name(const char *name, char *buf, size_t size)
{
	size_t len = 0;

	while (name[len] != '\0' && name[len] != '@' && len + 1 < size) {
		buf[len] = name[len];
		len++;
	}
	buf[len] = '\0';
	return buf;
}

static void describe_one(const struct vm *vm, const struct passthrough_config *p,
			 const struct dt *tree, struct guest_fdt *fdt)
{
	const uint64_t reg[] = {p->ipa, p->regs.size};
	struct words left_out = {.used = 0};
	char name[48];

	guest_fdt_node_at(fdt, base_name(dt_name(tree, p->node), name, sizeof(name)), p->ipa);
	guest_fdt_u64s(fdt, "reg", reg, 2);
	describe_irqs(p, fdt);
	copy_props(tree, p->node, fdt, &left_out);
	guest_fdt_end_node(fdt);
	log_info("%s has the board's %s, registers 0x%llx at 0x%llx%s%s", vm->name, p->board_node,
		 (unsigned long long)p->regs.base, (unsigned long long)p->ipa,
		 left_out.used == 0 ? "" : "; left out of its node:", left_out.text);
}

void passthrough_describe(const struct vm *vm, const struct dt *board_tree, struct guest_fdt *fdt)
{
	for (uint32_t i = 0; i < vm->config->passthrough_count; i++) {
		describe_one(vm, &vm->config->passthrough[i], board_tree, fdt);
	}
}
