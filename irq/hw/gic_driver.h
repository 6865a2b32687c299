/* SPDX-License-Identifier: Apache-2.0 */
/* Inside irq/hw: what GICv2 and GICv3 do each in their own way, and how registers are accessed. */
#ifndef IRQ_HW_GIC_DRIVER_H
#define IRQ_HW_GIC_DRIVER_H

#include "irq/hw/gic.h"
#include "irq/hw/gic_regs.h"

/* One kind of hardware behind gic.h. The distributor is the boot CPU's, or under gic.c's lock. */
struct gic_driver {
	const char *name;
	int (*init)(const struct board_gic *board); /* 0, or as gic_init() */
	int (*cpu_init)(uint64_t mpidr);	    /* as gic_cpu_init() */
	void (*enable_ppi)(uint32_t intid, bool on);
	void (*set_ppi_active)(uint32_t intid, bool active);
	void (*route)(uint32_t intid, uint64_t mpidr);
	uint64_t (*sgi_to)(uint32_t sgi, uint64_t mpidr);
	uint32_t (*list_registers)(void);
};

extern const struct gic_driver gic_v2_driver, gic_v3_driver;

/* SGIs that EL2 sends. */
#define GIC_OWN_SGIS                                                                               \
	((1U << GIC_SGI_KICK) | (1U << GIC_SGI_STOP) | (1U << GIC_SGI_SCHED) | (1U << GIC_SGI_PASS))

static inline uint32_t gic_read32(volatile uint8_t *base, uint32_t off)
{
	return *(volatile uint32_t *)(base + off);
}

static inline void gic_write32(volatile uint8_t *base, uint32_t off, uint32_t value)
{
	*(volatile uint32_t *)(base + off) = value;
}

/* INTIDs the distributor has. */
uint32_t gic_line_count(volatile uint8_t *dist);

/* All SPIs disabled, neither pending nor active, of EL2's priority. */
void gic_quiet_spis(volatile uint8_t *dist);

#endif
