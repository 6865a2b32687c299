/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The second page of a GICv2 guest's CPU interface, where the first is the hardware's own: GICC_DIR
 * is trapped, so that it finds an interrupt in whatever list register, or in none. Only guests that
 * split EOI from deactivation use it. IHI 0048B 4.4.15; the rest of the window is reserved.
 */
#include "irq/vgic/vgic_state.h"

#define DIR_HERE (GICC_DIR - PAGE_SIZE)

static int read(struct vcpu *vcpu, void *dev, uint32_t off, uint32_t size, uint64_t *value)
{
	(void)vcpu;
	(void)dev;
	(void)off;
	(void)size;
	*value = 0; /* GICC_DIR is write-only */
	return 0;
}

static int write(struct vcpu *vcpu, void *dev, uint32_t off, uint32_t size, uint64_t value)
{
	(void)dev;
	(void)size;
	return off != DIR_HERE ? 0 : vgic_deactivate(vcpu, (uint32_t)(value & GICC_IAR_INTID));
}

const struct mmio_ops vgic_v2_dir_ops = {
	.name = "GICC",
	.sizes = 4,
	.read = read,
	.write = write,
};
