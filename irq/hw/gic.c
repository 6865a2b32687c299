/* SPDX-License-Identifier: Apache-2.0 */
/* The physical interrupt controller: what GICv2 and GICv3 have in common. */
#include "irq/hw/gic.h"

#include "core/base/errno.h"
#include "core/base/format.h"
#include "core/base/spinlock.h"
#include "irq/hw/gic_driver.h"

static struct {
	struct spinlock lock; /* protects the distributor's registers */
	const struct gic_driver *driver;
	volatile uint8_t *dist;
	uint32_t line_count;
} gic = {.lock = SPINLOCK_INIT(RANK_VGIC_IRQ), .driver = &gic_v3_driver};

volatile uint8_t *gic_cpuif;

uint32_t gic_line_count(volatile uint8_t *dist)
{
	uint32_t lines = (uint32_t)FIELD_GET(GICD_TYPER_ITLINES, gic_read32(dist, GICD_TYPER)) + 1;

	return MIN(32 * lines, (uint32_t)INTID_LIMIT);
}

void gic_quiet_spis(volatile uint8_t *dist)
{
	uint32_t count = gic_line_count(dist);

	for (uint32_t i = INTID_SPI; i < count; i += 32) {
		gic_write32(dist, GICD_ICENABLER + i / 8, UINT32_MAX);
		gic_write32(dist, GICD_ICPENDR + i / 8, UINT32_MAX);
		gic_write32(dist, GICD_ICACTIVER + i / 8, UINT32_MAX);
	}
	for (uint32_t i = INTID_SPI; i < count; i += 4) {
		gic_write32(dist, GICD_IPRIORITYR + i, GIC_PRIORITY * UINT32_C(0x01010101));
	}
}

int gic_init(const struct board_gic *board)
{
	gic.driver = board->kind == BOARD_GIC_V2 ? &gic_v2_driver : &gic_v3_driver;
	gic.dist = (volatile uint8_t *)board->dist.base;
	gic.line_count = gic_line_count(gic.dist);
	return gic.driver->init(board);
}

int gic_cpu_init(uint64_t mpidr)
{
	return gic.driver->cpu_init(mpidr);
}

void gic_enable_ppi(uint32_t intid, bool on)
{
	gic.driver->enable_ppi(intid, on);
}

void gic_set_ppi_active(uint32_t intid, bool active)
{
	gic.driver->set_ppi_active(intid, active);
}

static bool is_spi(uint32_t intid)
{
	return intid >= INTID_SPI && intid < gic.line_count;
}

static void write_bit(uint32_t array, uint32_t intid)
{
	gic_write32(gic.dist, array + intid / 32 * 4, UINT32_C(1) << intid % 32);
}

void gic_set_spi_trigger(uint32_t intid, bool edge)
{
	uint32_t off = GICD_ICFGR + intid / 16 * 4, bit = UINT32_C(2) << (intid % 16 * 2);
	uint32_t config;

	if (is_spi(intid)) {
		spin_lock(&gic.lock);
		config = gic_read32(gic.dist, off);
		gic_write32(gic.dist, off, edge ? config | bit : config & ~bit);
		spin_unlock(&gic.lock);
	}
}

/* A disabled one may still come once, until the distributor has seen to it: its taker is ready. */
void gic_set_spi_enable(uint32_t intid, bool on)
{
	if (is_spi(intid)) {
		write_bit(on ? GICD_ISENABLER : GICD_ICENABLER, intid);
	}
}

void gic_route_spi(uint32_t intid, uint64_t mpidr)
{
	if (is_spi(intid)) {
		spin_lock(&gic.lock);
		gic.driver->route(intid, mpidr);
		spin_unlock(&gic.lock);
	}
}

bool gic_spi_is_pending(uint32_t intid)
{
	return is_spi(intid) &&
	       ((gic_read32(gic.dist, GICD_ISPENDR + intid / 32 * 4) >> intid % 32) & 1) != 0;
}

void gic_clear_spi_pending(uint32_t intid)
{
	if (is_spi(intid)) {
		write_bit(GICD_ICPENDR, intid);
	}
}

/* By the distributor: QEMU's GICv2 knows of a deactivation only by the CPU that took it. */
void gic_deactivate_spi(uint32_t intid)
{
	if (is_spi(intid)) {
		write_bit(GICD_ICACTIVER, intid);
	}
}

void gic_enable_spi(uint32_t intid, uint32_t flags, uint64_t mpidr)
{
	gic_set_spi_trigger(intid, (flags & 3) != 0);
	gic_route_spi(intid, mpidr);
	gic_set_spi_enable(intid, true);
}

uint64_t gic_sgi_target(uint64_t mpidr)
{
	uint64_t aff0 = mpidr & 0xff;

	return FIELD_PREP(SGI1R_AFF3, (mpidr >> 32) & 0xff) | FIELD_PREP(SGI1R_RS, aff0 >> 4) |
	       FIELD_PREP(SGI1R_AFF2, (mpidr >> 16) & 0xff) |
	       FIELD_PREP(SGI1R_AFF1, (mpidr >> 8) & 0xff) | BIT(aff0 & 0xf);
}

uint64_t gic_sgi_to(uint32_t sgi, uint64_t mpidr)
{
	return gic.driver->sgi_to(sgi, mpidr);
}

uint32_t gic_list_register_count(void)
{
	return gic.driver->list_registers();
}

const char *gic_describe(char *buf, size_t size)
{
	format(buf, size, "%s at 0x%llx, %u interrupt lines, %u list registers", gic.driver->name,
	       (unsigned long long)(uintptr_t)gic.dist, gic.line_count, gic_list_register_count());
	return buf;
}
