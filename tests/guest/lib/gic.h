/* SPDX-License-Identifier: Apache-2.0 */
/* GICv2 and GICv3: set-up, register access, and a dispatcher that calls a handler per interrupt. */
#ifndef TESTS_GUEST_LIB_GIC_H
#define TESTS_GUEST_LIB_GIC_H

#include "tests/guest/lib/arm64.h"
#include "tests/guest/lib/gic_regs.h"
#include "tests/guest/lib/machine.h"
#include "tests/guest/lib/types.h"

/* A write to an ICC register that takes effect before the next instruction. */
#define icc_write(name, value)                                                                     \
	({                                                                                         \
		sysreg_write(name, value);                                                         \
		isb();                                                                             \
	})

/* This machine has a GICv2: its CPU has no system registers of a GIC. Known from gic_setup() on. */
extern bool gic_v2;

/* A register of the CPU interface by its name in GICv3, for interrupts of the group that these
 * programs use: group 1, and on GICv2 group 0. */
#define gic_cpu_read(name)                                                                         \
	(gic_v2 ? mmio_read32(GICC_BASE + V2_##name) : (uint32_t)sysreg_read(name))
#define gic_cpu_write(name, value)                                                                 \
	({                                                                                         \
		if (gic_v2) {                                                                      \
			mmio_write32(GICC_BASE + V2_##name, (uint32_t)(value));                    \
			dsb(sy);                                                                   \
		} else {                                                                           \
			icc_write(name, value);                                                    \
		}                                                                                  \
	})

#define GIC_PRIORITY_DEFAULT 0xa0

/* Runs masked, between acknowledge and end of interrupt, on the CPU that took it. */
typedef void (*gic_handler_fn)(unsigned int intid, void *arg);

/*
 * gic_setup(): distributor and this CPU; called once, by the first CPU, before the others.
 * gic_setup_cpu(): this CPU's redistributor and interface, all private interrupts disabled, group
 * 1 (GICv2: 0), default priority. Neither unmasks IRQs.
 */
void gic_setup(void);
void gic_setup_cpu(void);

/* Handler of an INTID for all CPUs, and enabled: a private one on this CPU, an SPI routed here. */
void gic_connect(unsigned int intid, gic_handler_fn fn, void *arg);

/* Address of a register of `bits` bits per INTID, in this CPU's SGI frame or the distributor. */
uint64_t gic_reg(unsigned int base, unsigned int intid, unsigned int bits);

/* Distributor or redistributor bit of an INTID, by the registers' own names (GICD_ISENABLER …). */
bool gic_bit(unsigned int base, unsigned int intid);
void gic_write_bit(unsigned int base, unsigned int intid);

void gic_enable(unsigned int intid);
/* Waits until the disable has taken effect (RWP). */
void gic_disable(unsigned int intid);
void gic_set_priority(unsigned int intid, uint8_t priority);
uint8_t gic_priority(unsigned int intid);
void gic_set_edge(unsigned int intid, bool edge);
void gic_route(unsigned int spi_intid, uint64_t mpidr);

/* The CPU that an SPI is routed to, by its MPIDR as written; GICv2: the first of its targets. */
uint64_t gic_route_of(unsigned int spi_intid);

/* The distributor forwards interrupts of the group, and this CPU's interface takes them. */
void gic_forward(bool on);
void gic_enable_group(bool on);

/* EOImode 1: the end drops the priority, and gic_deactivate() is what deactivates. This CPU. */
void gic_split_eoi(bool split);
bool gic_is_split(void);

/*
 * Gaps of QEMU's GICv2 that tests must know of. Without a hypervisor, an SPI that is pending stays
 * with the CPU it was routed to then, and only the one that took it can deactivate it. Where a
 * hypervisor links an interrupt to the hardware's, its end with the line still high brings it again
 * only when something else makes QEMU look at its GIC.
 */
bool gic_shares_spis(void);
bool gic_comes_again(void);

/* GICv3: redistributor of a CPU by the affinity in its GICR_TYPER; 0 if the walk doesn't find it.
 */
uint64_t gic_redist(uint64_t mpidr);

/* SGI to the CPUs of a target list in this CPU's cluster, or to all but this one. */
void gic_send_sgi(unsigned int intid, uint16_t targets);
void gic_send_sgi_others(unsigned int intid);

/* For tests that play the interface by hand: acknowledge and end. On GICv2 an SGI's sender is kept
 * for its end. */
unsigned int gic_ack(void);
void gic_eoi(unsigned int intid);
void gic_deactivate(unsigned int intid);

#endif
