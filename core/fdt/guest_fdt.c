/* SPDX-License-Identifier: Apache-2.0 */
/* Writes a guest's device tree. */
#include "core/fdt/guest_fdt.h"

#include <libfdt.h>

#include "core/base/errno.h"
#include "core/base/format.h"
#include "core/base/string.h"

#define CELL_MAX   24 /* 8 interrupts of a board device */
#define LEVEL_HIGH 4

static void note(struct guest_fdt *fdt, int err)
{
	if (fdt->err == 0 && err != 0) {
		fdt->err = err;
	}
}

static void write_overlay_props(struct guest_fdt *fdt, int node)
{
	struct dt_prop prop = {0};

	while (node != DT_NONE && dt_next_prop(fdt->overlay, node, &prop)) {
		note(fdt, fdt_property(fdt->buf, prop.name, prop.value, (int)prop.len));
	}
}

static uint32_t highest_phandle(const struct dt *dt, int top)
{
	uint32_t highest = 0;

	for (int node = top; node != DT_NONE; node = dt_next_below(dt, node, top)) {
		uint32_t phandle = 0;

		if (dt_u32(dt, node, "phandle", &phandle) == 0) {
			highest = MAX(highest, phandle);
		}
	}
	return highest;
}

void guest_fdt_begin(struct guest_fdt *fdt, void *buf, uint32_t size, const struct dt *overlay,
		     int overlay_node)
{
	memset(fdt, 0, sizeof(*fdt));
	fdt->buf = buf;
	fdt->size = (int)size;
	fdt->overlay = overlay;
	fdt->node[0] = overlay_node;
	/* the config's phandles keep their numbers, ours come after them: no reference has to be
	 * found */
	fdt->gic_phandle =
		(overlay_node == DT_NONE ? 0 : highest_phandle(overlay, overlay_node)) + 1;
	fdt->clock_phandle = fdt->gic_phandle + 1;
	fdt->its_phandle = fdt->gic_phandle + 2;
	fdt->mbigen_phandle = fdt->gic_phandle + 3;
	note(fdt, fdt_create(buf, (int)size));
	note(fdt, fdt_finish_reservemap(buf));
	note(fdt, fdt_begin_node(buf, ""));
	write_overlay_props(fdt, overlay_node);
}

void guest_fdt_node(struct guest_fdt *fdt, const char *name)
{
	int overlay = DT_NONE;

	if (fdt->depth + 1 >= GUEST_FDT_DEPTH_MAX) {
		note(fdt, -FDT_ERR_BADSTRUCTURE);
		return;
	}
	for (int child = dt_first_child(fdt->overlay, fdt->node[fdt->depth]);
	     fdt->node[fdt->depth] != DT_NONE && child != DT_NONE;
	     child = dt_next_sibling(fdt->overlay, child)) {
		if (strcmp(dt_name(fdt->overlay, child), name) == 0) {
			overlay = child;
		}
	}
	fdt->node[++fdt->depth] = overlay;
	if (overlay != DT_NONE) {
		if (fdt->merged_count == GUEST_FDT_MERGED_MAX) {
			note(fdt, -FDT_ERR_NOSPACE);
		} else {
			fdt->merged[fdt->merged_count++] = overlay;
		}
	}
	note(fdt, fdt_begin_node(fdt->buf, name));
	write_overlay_props(fdt, overlay);
}

static bool is_merged(const struct guest_fdt *fdt, int node)
{
	for (uint32_t i = 0; i < fdt->merged_count; i++) {
		if (fdt->merged[i] == node) {
			return true;
		}
	}
	return false;
}

/* A subtree of the overlay as it is, without recursion. */
static void write_subtree(struct guest_fdt *fdt, int top)
{
	const struct dt *dt = fdt->overlay;
	int node = top;

	for (;;) {
		note(fdt, fdt_begin_node(fdt->buf, dt_name(dt, node)));
		write_overlay_props(fdt, node);
		if (dt_first_child(dt, node) != DT_NONE) {
			node = dt_first_child(dt, node);
			continue;
		}
		note(fdt, fdt_end_node(fdt->buf));
		while (node != top && dt_next_sibling(dt, node) == DT_NONE) {
			node = dt_parent(dt, node);
			note(fdt, fdt_end_node(fdt->buf));
		}
		if (node == top) {
			return;
		}
		node = dt_next_sibling(dt, node);
	}
}

static void close_node(struct guest_fdt *fdt)
{
	int overlay = fdt->node[fdt->depth];

	if (overlay != DT_NONE) {
		for (int child = dt_first_child(fdt->overlay, overlay); child != DT_NONE;
		     child = dt_next_sibling(fdt->overlay, child)) {
			if (!is_merged(fdt, child)) {
				write_subtree(fdt, child);
			}
		}
	}
	note(fdt, fdt_end_node(fdt->buf));
}

void guest_fdt_end_node(struct guest_fdt *fdt)
{
	close_node(fdt);
	if (fdt->depth > 0) {
		fdt->depth--;
	}
}

static bool is_overlaid(const struct guest_fdt *fdt, const char *name)
{
	return fdt->node[fdt->depth] != DT_NONE &&
	       dt_prop(fdt->overlay, fdt->node[fdt->depth], name, NULL);
}

void guest_fdt_prop(struct guest_fdt *fdt, const char *name, const void *value, uint32_t len)
{
	if (!is_overlaid(fdt, name)) {
		note(fdt, fdt_property(fdt->buf, name, value, (int)len));
	}
}

void *guest_fdt_room(struct guest_fdt *fdt, const char *name, uint32_t len)
{
	void *value = NULL;

	/* values stay where they are written: fdt_finish() moves the strings alone */
	if (!is_overlaid(fdt, name)) {
		note(fdt, fdt_property_placeholder(fdt->buf, name, (int)len, &value));
	}
	return fdt->err == 0 ? value : NULL;
}

void guest_fdt_string(struct guest_fdt *fdt, const char *name, const char *value)
{
	guest_fdt_prop(fdt, name, value, (uint32_t)strlen(value) + 1);
}

void guest_fdt_flag(struct guest_fdt *fdt, const char *name)
{
	guest_fdt_prop(fdt, name, "", 0);
}

static void put_cell(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 24);
	at[1] = (uint8_t)(value >> 16);
	at[2] = (uint8_t)(value >> 8);
	at[3] = (uint8_t)value;
}

void guest_fdt_cells(struct guest_fdt *fdt, const char *name, const uint32_t *cells, uint32_t count)
{
	uint8_t bytes[4 * CELL_MAX];

	count = MIN(count, (uint32_t)CELL_MAX);
	for (uint32_t i = 0; i < count; i++) {
		put_cell(bytes + 4 * i, cells[i]);
	}
	guest_fdt_prop(fdt, name, bytes, 4 * count);
}

void guest_fdt_u32(struct guest_fdt *fdt, const char *name, uint32_t value)
{
	guest_fdt_cells(fdt, name, &value, 1);
}

void guest_fdt_u64s(struct guest_fdt *fdt, const char *name, const uint64_t *values, uint32_t count)
{
	uint32_t cells[CELL_MAX];

	count = MIN(count, (uint32_t)CELL_MAX / 2);
	for (uint32_t i = 0; i < count; i++) {
		cells[2 * i] = (uint32_t)(values[i] >> 32);
		cells[2 * i + 1] = (uint32_t)values[i];
	}
	guest_fdt_cells(fdt, name, cells, 2 * count);
}

void guest_fdt_node_at(struct guest_fdt *fdt, const char *name, uint64_t address)
{
	char text[64];

	format(text, sizeof(text), "%s@%llx", name, (unsigned long long)address);
	guest_fdt_node(fdt, text);
}

void guest_fdt_device(struct guest_fdt *fdt, const struct guest_device *device)
{
	const uint64_t reg[] = {device->ipa, device->size};
	const uint32_t spi[] = {0, device->spi, LEVEL_HIGH}; /* 0: an SPI */
	const uint32_t pin[] = {device->pin, LEVEL_HIGH};

	guest_fdt_u64s(fdt, "reg", reg, 2);
	if (device->pin != 0) {
		guest_fdt_u32(fdt, "interrupt-parent", fdt->mbigen_phandle);
		guest_fdt_cells(fdt, "interrupts", pin, 2);
	} else {
		guest_fdt_cells(fdt, "interrupts", spi, 3);
	}
}

int guest_fdt_finish(struct guest_fdt *fdt)
{
	close_node(fdt);
	note(fdt, fdt_finish(fdt->buf));
	if (fdt->err != 0) {
		return fdt->err == -FDT_ERR_NOSPACE ? -E2BIG : -EINVAL;
	}
	return (int)fdt_totalsize(fdt->buf);
}
