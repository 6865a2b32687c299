/* SPDX-License-Identifier: Apache-2.0 */
/* The register frames' tables, and what their identification registers say. */
#ifndef IRQ_VGIC_VGIC_FRAMES_H
#define IRQ_VGIC_VGIC_FRAMES_H

#include "irq/vgic/vreg.h"

/* Product "B", revision 0, JEP106 code of the architecture's owner: IHI 0069H GICD_IIDR. */
#define VGIC_IIDR UINT32_C(0x4200043b)

/* PIDR4-7, PIDR0-3, CIDR0-3, from offset 0xffd0 on. */
extern const uint8_t vgic_pidr[12];

/* Read alike in several frames: GICD_TYPER, and GICD_IIDR, GICR_IIDR, GITS_IIDR. */
VREG_READ_SHARED(vgic_read_typer);
VREG_READ_SHARED(vgic_read_iidr);

/* No vCPU: an affinity in GICD_IROUTER that nobody has. */
#define VGIC_ROUTE_NONE 0xffff

extern const struct vreg vgic_dist_regs[];
extern const struct vreg_table vgic_dist_table;
extern const struct vreg_table vgic_v2_dist_table;
extern const struct vreg_table vgic_rd_table;
extern const struct vreg_table vgic_sgi_table;

#endif
