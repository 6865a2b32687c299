/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GICv2 (GIC-400). IHI 0048B, as a non-secure OS sees it or, where there are no Security
 * Extensions, with every interrupt in group 0: the bits that are written mean the same in both, and
 * the groups are left alone where they can't be seen.
 */
#include "core/base/errno.h"
#include "core/base/percpu.h"
#include "irq/hw/gic_driver.h"
#include "irq/hw/gich.h"

#define CPUIF_MAX 8

#define GICD_CTLR_ENABLE BIT(0)
#define GICC_CTLR_ENABLE BIT(0)

#define ARCH_VERSION	BITS(19, 16) /* GICC_IIDR */
#define TARGETS_OF_OWN	8	     /* registers GICD_ITARGETSR0-7: each byte names the reader */
#define CPENDSGIR_COUNT 4
#define APR_COUNT	4

static struct {
	volatile uint8_t *dist;
	uint64_t mpidr[CPUIF_MAX]; /* by number of the CPU interface; UINT64_MAX: not seen yet */
} v2;

/* Two pages in a row where they are windows of 64 KiB. IIDR reads alike in each 4 KiB of one. */
static uint64_t alias_offset(const struct board_gic *board)
{
	volatile uint8_t *base = (volatile uint8_t *)board->cpuif.base;
	uint32_t iidr;

	if (board->cpuif.size < GIC_ALIAS_SIZE) {
		return 0;
	}
	iidr = gic_read32(base, GICC_IIDR);
	return FIELD_GET(ARCH_VERSION, iidr) == 2 &&
			       gic_read32(base, GIC_ALIAS_OFFSET + GICC_IIDR) == iidr ?
		       GIC_ALIAS_OFFSET :
		       0;
}

static int init(const struct board_gic *board)
{
	uint64_t offset = alias_offset(board);

	v2.dist = (volatile uint8_t *)board->dist.base;
	for (uint32_t i = 0; i < CPUIF_MAX; i++) {
		v2.mpidr[i] = UINT64_MAX;
	}
	gic_cpuif = (volatile uint8_t *)board->cpuif.base + offset;
	gich_init((volatile uint8_t *)board->vctrl.base, board->vcpuif.base + offset);
	gic_write32(v2.dist, GICD_CTLR, 0);
	gic_quiet_spis(v2.dist);
	/* with Security Extensions the firmware's choice stays: not writable from here */
	for (uint32_t i = INTID_SPI; i < gic_line_count(v2.dist); i += 32) {
		gic_write32(v2.dist, GICD_IGROUPR + i / 8, 0);
	}
	gic_write32(v2.dist, GICD_CTLR, GICD_CTLR_ENABLE);
	return 0;
}

/* The number of this CPU's interface: the one it is named by as a target. */
static int learn_own_number(uint64_t mpidr)
{
	uint32_t mask = 0;

	for (uint32_t i = 0; i < TARGETS_OF_OWN && mask == 0; i++) {
		mask = gic_read32(v2.dist, GICD_ITARGETSR + 4 * i);
	}
	mask |= mask >> 16;
	mask = (mask | mask >> 8) & 0xff;
	/* a uniprocessor has no targets: IHI 0048B 4.3.12. Its interface is the first */
	if (mask != 0 && (mask & (mask - 1)) != 0) {
		return -ENODEV;
	}
	v2.mpidr[mask == 0 ? 0 : __builtin_ctz(mask)] = mpidr;
	return 0;
}

static int cpu_init(uint64_t mpidr)
{
	if (learn_own_number(mpidr) != 0) {
		return -ENODEV;
	}
	gic_write32(gic_cpuif, GICC_CTLR, 0);
	gic_write32(v2.dist, GICD_ICENABLER, UINT32_MAX);
	gic_write32(v2.dist, GICD_ICPENDR, UINT32_MAX);
	gic_write32(v2.dist, GICD_ICACTIVER, UINT32_MAX);
	gic_write32(v2.dist, GICD_IGROUPR, 0);
	for (uint32_t i = 0; i < CPENDSGIR_COUNT; i++) {
		gic_write32(v2.dist, GICD_CPENDSGIR + 4 * i, UINT32_MAX);
	}
	for (uint32_t i = 0; i < INTID_SPI; i += 4) {
		gic_write32(v2.dist, GICD_IPRIORITYR + i, GIC_PRIORITY_WORD(i));
	}
	for (uint32_t i = 0; i < APR_COUNT; i++) {
		gic_write32(gic_cpuif, GICC_APR + 4 * i, 0);
	}
	gich_cpu_init();
	gic_write32(v2.dist, GICD_ISENABLER, GIC_OWN_SGIS);
	gic_write32(gic_cpuif, GICC_PMR, 0xff);
	gic_write32(gic_cpuif, GICC_BPR, 7);
	/* EOImode: drop and deactivation split */
	gic_write32(gic_cpuif, GICC_CTLR, GICC_CTLR_ENABLE | GICC_CTLR_EOIMODE);
	/* the interface is on before the first WFI or acknowledge */
	dsb(sy);
	return 0;
}

static void enable_ppi(uint32_t intid, bool on)
{
	gic_write32(v2.dist, on ? GICD_ISENABLER : GICD_ICENABLER, UINT32_C(1) << intid);
}

static void set_ppi_active(uint32_t intid, bool active)
{
	gic_write32(v2.dist, active ? GICD_ISACTIVER : GICD_ICACTIVER, UINT32_C(1) << intid);
}

/* Bit of the CPU's interface in a list of targets; 0 where it has not come up. */
static uint32_t target_mask(uint64_t mpidr)
{
	for (uint32_t i = 0; i < CPUIF_MAX; i++) {
		if (v2.mpidr[i] == mpidr) {
			return UINT32_C(1) << i;
		}
	}
	return 0;
}

static void route(uint32_t intid, uint64_t mpidr)
{
	*(v2.dist + GICD_ITARGETSR + intid) = (uint8_t)target_mask(mpidr);
}

static uint64_t sgi_to(uint32_t sgi, uint64_t mpidr)
{
	return GIC_TO_V2 | FIELD_PREP(GICD_SGIR_LIST, target_mask(mpidr)) | sgi;
}

void gic_v2_send_sgi(uint64_t to)
{
	gic_write32(v2.dist, GICD_SGIR, (uint32_t)to);
	/* the SGI is generated before a WFI that waits for its effect */
	dsb(sy);
}

static uint32_t list_registers(void)
{
	return gich_list_register_count();
}

const struct gic_driver gic_v2_driver = {
	.name = "GICv2",
	.init = init,
	.cpu_init = cpu_init,
	.enable_ppi = enable_ppi,
	.set_ppi_active = set_ppi_active,
	.route = route,
	.sgi_to = sgi_to,
	.list_registers = list_registers,
};
