/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A GICv2m frame: a message is a write of an INTID, and an edge of that SPI. Server Base System
 * Architecture 3.0 (DEN 0029), appendix E. Which SPIs it has is the virt machine's.
 */
#include "core/base/errno.h"
#include "core/config/guest_map_types.h"
#include "irq/vgic/vgic_state.h"

#define MSI_TYPER     0x008
#define MSI_SETSPI_NS 0x040
#define MSI_IIDR      0xfcc

#define TYPER_BASE  BITS(25, 16)
#define TYPER_COUNT BITS(9, 0)
#define SETSPI_SPI  BITS(9, 0)

#define V2M_INTID (INTID_SPI + GUEST_V2M_SPI)

static int v2m_read(struct vcpu *vcpu, void *dev, uint32_t off, uint32_t size, uint64_t *value)
{
	uint64_t typer =
		FIELD_PREP(TYPER_BASE, V2M_INTID) | FIELD_PREP(TYPER_COUNT, GUEST_V2M_COUNT);

	(void)vcpu;
	(void)dev;
	*value = 0;
	if (off / 4 == MSI_TYPER / 4) {
		*value = typer >> 8 * (off % 4) & UINT64_MAX >> (64 - 8 * size);
	}
	return 0;
}

static int v2m_write(struct vcpu *vcpu, void *dev, uint32_t off, uint32_t size, uint64_t value)
{
	struct vm *vm = dev;
	uint32_t intid = (uint32_t)(value & SETSPI_SPI);

	(void)vcpu;
	(void)size;
	if (off == MSI_SETSPI_NS && intid - V2M_INTID < GUEST_V2M_COUNT) {
		/* an edge: nothing stays of it where the SPI is level-sensitive */
		vgic_set_line(vm, intid, true);
		vgic_set_line(vm, intid, false);
	}
	return 0;
}

const struct mmio_ops vgic_v2m_ops = {
	.name = "GICv2m",
	.sizes = 2 | 4,
	.read = v2m_read,
	.write = v2m_write,
};
