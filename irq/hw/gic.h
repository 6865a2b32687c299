/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The physical interrupt controller, GICv2 or GICv3 as the board's tree says: driven as the
 * non-secure OS does, EOI and deactivation split so that a guest's EOI of a linked interrupt
 * deactivates the physical one.
 *
 * Shared registers (distributor) are written under the driver's lock, by the boot CPU or at VM
 * set-up; a CPU's redistributor and interface by that CPU alone.
 */
#ifndef IRQ_HW_GIC_H
#define IRQ_HW_GIC_H

#include "boot/board_types.h"
#include "core/arm64/barrier.h"
#include "core/arm64/sysreg.h"
#include "irq/hw/gic_regs.h"

#define GIC_SGI_KICK  1 /* look at what others posted for the vCPU you run */
#define GIC_SGI_STOP  2 /* another CPU panics: stop, say what ran here */
#define GIC_SGI_SCHED 3 /* something was posted to one of the vCPUs that share you */
#define GIC_SGI_PASS  4 /* say that you are between two steps: core/exit/reclaim.h */

/* Distributor; chooses the driver. The registers are mapped. -ENODEV: not what the tree says. Boot
 * CPU. */
int gic_init(const struct board_gic *gic);

/* This CPU's private part. -ENODEV: no redistributor has its MPIDR, or no interface is its own. */
int gic_cpu_init(uint64_t mpidr);

/*
 * An acknowledge gives a token, to be given back whole by its end and deactivation: the INTID, and
 * on GICv2 for an SGI the CPU that sent it. The exit path has copies for each kind of hardware
 * (core/exit/irq.h); whoever else needs these asks which it is.
 */
#if defined(__aarch64__) && !defined(BULKHEAD_HOST)

/* GICv2's CPU interface; NULL: GICv3. Constant from gic_init() on. */
extern volatile uint8_t *gic_cpuif;

static inline bool gic_is_v2(void)
{
	return gic_cpuif != NULL;
}

static inline uint64_t gic_acknowledge_as(bool v2)
{
	uint64_t token = v2 ? *(volatile uint32_t *)(gic_cpuif + GICC_IAR) :
			      sysreg_read_raw(SYSREG_ICC_IAR1_EL1);

	/* the acknowledge before accesses to the device that interrupted (IHI 0069H 4.1.1), and
	 * before the events are read that a kick announces: what is posted later kicks again */
	dsb(sy);
	return token;
}

static inline void gic_end_as(bool v2, uint64_t token)
{
	if (v2) {
		*(volatile uint32_t *)(gic_cpuif + GICC_EOIR) = (uint32_t)token;
	} else {
		sysreg_write_raw(SYSREG_ICC_EOIR1_EL1, token);
	}
}

static inline void gic_deactivate_as(bool v2, uint64_t token)
{
	if (v2) {
		*(volatile uint32_t *)(gic_cpuif + GICC_DIR) = (uint32_t)token;
	} else {
		sysreg_write_raw(SYSREG_ICC_DIR_EL1, token);
	}
}

/* A token, or an INTID of which only one CPU can be the source: any but an SGI. */
static inline void gic_deactivate(uint32_t token)
{
	gic_deactivate_as(gic_is_v2(), token);
}

#else /* a test's model of the hardware */

extern volatile uint8_t *gic_cpuif;
bool gic_is_v2(void);
uint64_t gic_acknowledge_as(bool v2);
void gic_end_as(bool v2, uint64_t token);
void gic_deactivate_as(bool v2, uint64_t token);
void gic_deactivate(uint32_t token);

#endif

/* INTID of a token; INTID_SPURIOUS and above when nothing was pending. */
static inline uint32_t gic_intid(bool v2, uint64_t token)
{
	return (uint32_t)(v2 ? token & GICC_IAR_INTID : token);
}

/* A private interrupt of this CPU: enabled or not; active or not, whoever took it. */
void gic_enable_ppi(uint32_t intid, bool on);
void gic_set_ppi_active(uint32_t intid, bool active);

/* A shared one; level or edge as the tree says (flags of the interrupt specifier); to the CPU with
 * this MPIDR. */
void gic_enable_spi(uint32_t intid, uint32_t flags, uint64_t mpidr);

/* What a guest does to an SPI that is its own. INTIDs that the board does not have are ignored. Any
 * CPU; takes the driver's lock. A level-sensitive one is pending while its line is high. */
void gic_set_spi_trigger(uint32_t intid, bool edge);
void gic_set_spi_enable(uint32_t intid, bool on);
void gic_route_spi(uint32_t intid, uint64_t mpidr);
bool gic_spi_is_pending(uint32_t intid);
void gic_clear_spi_pending(uint32_t intid);

/* Whichever CPU took it: gic_deactivate() of an SPI is for the one that did. Any CPU. */
void gic_deactivate_spi(uint32_t intid);

/* SGI `sgi` to the CPU with this MPIDR, as gic_send_sgi() wants it. On GICv2 the CPU must be up. */
uint64_t gic_sgi_to(uint32_t sgi, uint64_t mpidr);

/* In it: it is for GICv2, where gic_v2_send_sgi() sends it. ICC_SGI1R_EL1 has nothing there. */
#define GIC_TO_V2 BIT(63)
void gic_v2_send_sgi(uint64_t sgi_to);

/* Sends it; what was written before is seen by its handler, and by whoever changes *to and has then
 * a look. */
static inline void gic_send_sgi(const uint64_t *to)
{
	uint64_t sgi_to;

	/* what was posted before the interrupt that announces it, for the CPU that takes it; and
	   before it is read who that is */
	dsb(ish);
	sgi_to = *(const volatile uint64_t *)to;
	if (unlikely((sgi_to & GIC_TO_V2) != 0)) {
		gic_v2_send_sgi(sgi_to);
		return;
	}
	sysreg_write_raw(SYSREG_ICC_SGI1R_EL1, sgi_to);
	/* the SGI is generated before a WFI or a wait for its effect that follows */
	isb();
}

/* A CPU as ICC_SGI<n>R_EL1 names it. Pure. */
uint64_t gic_sgi_target(uint64_t mpidr);

/* List registers of each CPU's virtual interface. */
uint32_t gic_list_register_count(void);

/* "GICv3, 288 interrupts, …" for the banner. Returns buf. */
const char *gic_describe(char *buf, size_t size);

#endif
