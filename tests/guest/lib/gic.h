/* SPDX-License-Identifier: Apache-2.0 */
/* GICv3: set-up, register access, and a dispatcher that calls a handler per interrupt. */
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

#define GIC_PRIORITY_DEFAULT 0xa0

/* Runs masked, between acknowledge and end of interrupt, on the CPU that took it. */
typedef void (*gic_handler_fn)(unsigned int intid, void *arg);

/*
 * gic_setup(): distributor and this CPU; called once, by the first CPU, before the others.
 * gic_setup_cpu(): this CPU's redistributor and interface, all private interrupts disabled, group
 * 1, default priority. Neither unmasks IRQs.
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

/* Redistributor of a CPU by the affinity in its GICR_TYPER; 0 if the walk doesn't find it. */
uint64_t gic_redist(uint64_t mpidr);

/* SGI to the CPUs of a target list in this CPU's cluster, or to all but this one. */
void gic_send_sgi(unsigned int intid, uint16_t targets);
void gic_send_sgi_others(unsigned int intid);

/* For tests that play the interface by hand: acknowledge and end of group 1. */
static inline unsigned int gic_ack(void)
{
	unsigned int intid = (unsigned int)sysreg_read(ICC_IAR1);

	dsb(sy); /* the acknowledge before the handler's accesses to its device */
	return intid;
}

static inline void gic_eoi(unsigned int intid)
{
	dsb(sy); /* the device drops its line before the interrupt may be taken again */
	icc_write(ICC_EOIR1, intid);
}

#endif
