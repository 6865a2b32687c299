/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The physical interrupt controller: GICv3 driven as the non-secure OS does, EOI and deactivation
 * split so that a guest's EOI of a linked interrupt deactivates the physical one.
 *
 * Shared registers (distributor) are written under the driver's lock, by the boot CPU or at VM
 * set-up; a CPU's redistributor and interface by that CPU alone.
 */
#ifndef IRQ_HW_GIC_H
#define IRQ_HW_GIC_H

#include "boot/board_types.h"
#include "core/arm64/barrier.h"
#include "core/arm64/sysreg.h"

#define GIC_SGI_KICK 1 /* look at what others posted for the vCPU you run */
#define GIC_SGI_STOP 2 /* another CPU panics: stop, say what ran here */

/* Distributor. The registers are mapped. -ENODEV: no redistributor or not what the tree says. Boot
 * CPU. */
int gic_init(const struct board_gic *gic);

/* This CPU's redistributor and interface. -ENODEV: no redistributor has its MPIDR. */
int gic_cpu_init(uint64_t mpidr);

#if defined(__aarch64__) && !defined(BULKHEAD_HOST)

/* INTID, or INTID_SPURIOUS and above when nothing is pending. */
static inline uint32_t gic_acknowledge(void)
{
	uint32_t intid = (uint32_t)sysreg_read_raw(SYSREG_ICC_IAR1_EL1);

	/* the acknowledge before accesses to the device that interrupted (IHI 0069H 4.1.1), and
	 * before the events are read that a kick announces: what is posted later kicks again */
	dsb(sy);
	return intid;
}

/* Drops the running priority: the interrupt stays active until gic_deactivate(). */
static inline void gic_end(uint32_t intid)
{
	sysreg_write_raw(SYSREG_ICC_EOIR1_EL1, intid);
}

static inline void gic_deactivate(uint32_t intid)
{
	sysreg_write_raw(SYSREG_ICC_DIR_EL1, intid);
}

#else /* a test's model of the hardware */

uint32_t gic_acknowledge(void);
void gic_end(uint32_t intid);
void gic_deactivate(uint32_t intid);

#endif

/* A private interrupt of this CPU. */
void gic_enable_ppi(uint32_t intid, bool on);

/* A shared one; level or edge as the tree says (flags of the interrupt specifier); to the CPU with
 * this MPIDR. */
void gic_enable_spi(uint32_t intid, uint32_t flags, uint64_t mpidr);

/* SGI `sgi` to a CPU; what was written before is seen by its handler. */
void gic_send_sgi(uint32_t sgi, uint64_t target);

/* The CPU with this MPIDR as gic_send_sgi() wants it. Pure. */
uint64_t gic_sgi_target(uint64_t mpidr);

/* List registers and priority bits of this CPU's virtual interface. */
uint32_t gic_list_register_count(void);

/* "GICv3, 288 interrupts, …" for the banner. Returns buf. */
const char *gic_describe(char *buf, size_t size);

#endif
