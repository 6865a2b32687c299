/* SPDX-License-Identifier: Apache-2.0 */
/* The interrupt line of an emulated device, wherever its config has it lead. */
#ifndef DRIVERS_EMUL_VDEV_LINE_H
#define DRIVERS_EMUL_VDEV_LINE_H

#include "core/config/config_types.h"
#include "core/fdt/guest_fdt.h"
#include "drivers/emul/vdev.h"
#include "irq/vgic/vgic.h"

/* Any CPU; no locks above RANK_DEVICE. */
static inline void vdev_set_line(const struct vdev *vdev, bool level)
{
	if (vdev->set_pin != NULL) {
		vdev->set_pin(vdev->lines, vdev->config->pin, level);
	} else {
		vgic_set_line(vdev->vm, 32 + vdev->config->spi, level);
	}
}

/* Its registers and interrupt, in its open node. */
static inline void vdev_describe_place(const struct vdev *vdev, struct guest_fdt *fdt)
{
	const struct vdev_config *config = vdev->config;
	const struct guest_device device = {
		.ipa = config->ipa,
		.size = vdev->type->size,
		.spi = config->spi,
		.pin = config->pin,
	};

	guest_fdt_device(fdt, &device);
}

#endif
