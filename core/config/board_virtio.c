/* SPDX-License-Identifier: Apache-2.0 */
/* Virtio devices of the board that EL2 drives for its VMs. */
#include "core/config/board_virtio.h"

#include "drivers/emul/models.h"

#define INTID_SPI_FIRST 32

/* Said at the device, or at a bus above it: Devicetree Specification 0.4, 2.3.9. */
static bool is_coherent(const struct dt *tree, int node)
{
	while (node != DT_NONE && !dt_prop(tree, node, "dma-coherent", NULL)) {
		node = dt_parent(tree, node);
	}
	return node != DT_NONE;
}

const char *board_virtio_find(const struct board *board, const char *ref, struct board_virtio *out)
{
	const struct dt *tree = board->tree;
	struct prange controller = {0};
	struct dt_irq irq;

	*out = (struct board_virtio){.node = dt_resolve(tree, ref), .intid = INTID_NONE};
	if (out->node == DT_NONE) {
		return "is neither a path nor an alias of the board's device tree";
	}
	if (!dt_status_okay(tree, out->node)) {
		return "is disabled in the board's device tree";
	}
	if (!dt_compatible(tree, out->node, "virtio,mmio")) {
		return "is no device that this version drives: it must be compatible with "
		       "\"virtio,mmio\"";
	}
	if (dt_reg(tree, out->node, 0, &out->regs) != 0 || out->regs.size == 0) {
		return "has no registers that CPUs can reach";
	}
	if (dt_interrupt(tree, out->node, 0, &irq) == 0) {
		dt_reg(tree, irq.controller, 0, &controller);
	}
	if (controller.size == 0 || controller.base != board->gic.dist.base ||
	    irq.intid < INTID_SPI_FIRST) {
		return "has no interrupt (SPI) that goes to the board's GIC";
	}
	if (!is_coherent(tree, out->node) || dt_prop(tree, out->node, "iommus", NULL)) {
		return "is not `dma-coherent`, or stands behind an IOMMU: that comes with a later "
		       "version";
	}
	out->intid = irq.intid;
	out->irq_flags = irq.flags;
	return NULL;
}

bool board_virtio_is_part(const struct vdev_config *device)
{
	return device->type == &virtio_blk_type && device->disk.source == DISK_PARTITION &&
	       device->disk.board_disk != NULL && device->disk.partition != NULL;
}
