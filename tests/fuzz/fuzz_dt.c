/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a flattened tree: refused with a sentence, or every question about it is answered.
 */
#include "tests/fuzz/fuzz.h"

static void ask_about_property(const struct dt *dt, int node, const struct dt_prop *prop)
{
	uint64_t wide;
	uint32_t cell;

	PROMISE(dt_prop(dt, node, prop->name, NULL));
	(void)dt_u32(dt, node, prop->name, &cell);
	(void)dt_u64(dt, node, prop->name, &wide);
	(void)dt_prop_cell(prop, prop->len / 4);
	(void)dt_by_phandle(dt, dt_prop_cell(prop, 0));
	if (dt_prop_is_strings(prop)) {
		(void)dt_resolve(dt, dt_prop_string(prop, 0));
		PROMISE(dt_prop_has_string(prop, dt_prop_string(prop, 0)));
	}
}

static void ask_about_node(const struct dt *dt, int node)
{
	struct dt_prop prop = {0};
	struct prange range;
	struct dt_irq irq;
	char path[DT_PATH_MAX];
	uint32_t i;

	dt_path(dt, node, path, sizeof(path));
	PROMISE(path[0] == '/' && strlen(path) < sizeof(path));
	while (dt_next_prop(dt, node, &prop)) {
		ask_about_property(dt, node, &prop);
	}
	(void)dt_status_okay(dt, node);
	(void)dt_gic_version(dt, node);
	for (i = 0; i < 4; i++) {
		(void)dt_reg(dt, node, i, &range);
		(void)dt_bus_reg(dt, node, i, &range);
		(void)dt_interrupt(dt, node, i, &irq);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_tree tree;
	uint32_t nodes = 0, i;
	int node;

	if (fuzz_open(&tree, data, size) == 0) {
		for (node = DT_ROOT; node != DT_NONE;
		     node = dt_next_below(&tree.dt, node, DT_ROOT)) {
			PROMISE(node == DT_ROOT || dt_parent(&tree.dt, node) < node);
			if (nodes < 64) {
				ask_about_node(&tree.dt, node);
			}
			nodes++;
		}
		PROMISE(nodes == tree.dt.node_count);
		for (i = 0; i < tree.dt.reserve_count; i++) {
			(void)dt_memreserve(&tree.dt, i);
		}
	}
	fuzz_close(&tree);
	return 0;
}
