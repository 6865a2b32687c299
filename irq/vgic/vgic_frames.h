/* SPDX-License-Identifier: Apache-2.0 */
/* The register frames' tables, and what their identification registers say. */
#ifndef IRQ_VGIC_VGIC_FRAMES_H
#define IRQ_VGIC_VGIC_FRAMES_H

#include "irq/hw/gic_regs.h"
#include "irq/vgic/vreg.h"

/* Product "B", revision 0, JEP106 code of the architecture's owner: IHI 0069H GICD_IIDR. */
#define VGIC_IIDR UINT32_C(0x4200043b)

/* PIDR4-7, PIDR0-3, CIDR0-3, from offset 0xffd0 on. */
extern const uint8_t vgic_pidr[12];

/* Read alike in several frames: GICD_TYPER, and GICD_IIDR, GICR_IIDR, GITS_IIDR. */
VREG_READ_SHARED(vgic_read_typer);
VREG_READ_SHARED(vgic_read_iidr);

/* Of both distributors: irq/vgic/dist_bank.c. Element: the word, the byte of priorities. */
VREG_READ_SHARED(vgic_dist_read_group);
VREG_READ_SHARED(vgic_dist_read_enabled);
VREG_READ_SHARED(vgic_dist_read_pending);
VREG_READ_SHARED(vgic_dist_read_active);
VREG_READ_SHARED(vgic_dist_read_priority);
VREG_READ_SHARED(vgic_dist_read_config);
VREG_WRITE_SHARED(vgic_dist_write_group);
VREG_WRITE_SHARED(vgic_dist_write_isenable);
VREG_WRITE_SHARED(vgic_dist_write_icenable);
VREG_WRITE_SHARED(vgic_dist_write_ispend);
VREG_WRITE_SHARED(vgic_dist_write_icpend);
VREG_WRITE_SHARED(vgic_dist_write_isactive);
VREG_WRITE_SHARED(vgic_dist_write_icactive);
VREG_WRITE_SHARED(vgic_dist_write_priority);
VREG_WRITE_SHARED(vgic_dist_write_config);
VREG_WRITE_SHARED(vgic_dist_write_ctlr);

/* Their rows, from GICD_IGROUPR to GICD_IPRIORITYR, and GICD_ICFGR's. */
#define VGIC_DIST_BANKS                                                                            \
	VREG_BIT_WORDS(GICD_IGROUPR, vgic_dist_read_group, vgic_dist_write_group),                 \
		VREG_BIT_WORDS(GICD_ISENABLER, vgic_dist_read_enabled, vgic_dist_write_isenable),  \
		VREG_BIT_WORDS(GICD_ICENABLER, vgic_dist_read_enabled, vgic_dist_write_icenable),  \
		VREG_BIT_WORDS(GICD_ISPENDR, vgic_dist_read_pending, vgic_dist_write_ispend),      \
		VREG_BIT_WORDS(GICD_ICPENDR, vgic_dist_read_pending, vgic_dist_write_icpend),      \
		VREG_BIT_WORDS(GICD_ISACTIVER, vgic_dist_read_active, vgic_dist_write_isactive),   \
		VREG_BIT_WORDS(GICD_ICACTIVER, vgic_dist_read_active, vgic_dist_write_icactive),   \
	{                                                                                          \
		.start = GICD_IPRIORITYR, .end = GICD_IPRIORITYR + 0x400, .shift = 0,              \
		.sizes = 1 | 4, .read = vgic_dist_read_priority, .write = vgic_dist_write_priority \
	}
#define VGIC_DIST_CONFIG                                                                           \
	{                                                                                          \
		.start = GICD_ICFGR, .end = GICD_ICFGR + 0x100, .shift = 2, .sizes = 4,            \
		.read = vgic_dist_read_config, .write = vgic_dist_write_config                     \
	}

extern const struct vreg vgic_dist_regs[];
extern const struct vreg_table vgic_dist_table;
extern const struct vreg_table vgic_v2_dist_table;
extern const struct vreg_table vgic_rd_table;
extern const struct vreg_table vgic_sgi_table;

#endif
