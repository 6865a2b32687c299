/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A machine for the vgic's tests: one VM whose vCPUs have a CPU each, with the virtual interrupt
 * interface that IHI 0069H describes (list registers, active priorities, maintenance) and physical
 * private interrupts that can be linked. Stands in for irq/hw/ and for the run loop.
 *
 * Guest code is the test: it acknowledges, ends and deactivates. Before it does any of that, the
 * hypervisor does what it owes to its vCPU, as the run loop would on the way into the guest.
 */
#ifndef TESTS_UNIT_FAKE_GIC_H
#define TESTS_UNIT_FAKE_GIC_H

#include "irq/vgic/vgic_state.h"

#define FAKE_VCPU_MAX 20
#define FAKE_SPURIOUS 1023

extern struct vm fake_vm;

/* A VM of so many vCPUs, which are off, and physical CPUs with so many list registers. */
void fake_gic_create(uint32_t vcpus, uint32_t list_registers, uint32_t spis);

/* The same with a GICv2, whose interface is in software. Its registers: fake_access(). */
void fake_gicv2_create(uint32_t vcpus, uint32_t list_registers, uint32_t spis);

/* The same, all vCPUs on, and their guest takes all priorities of both groups; group 1 everywhere,
 * distributor enabled. */
void fake_gic_boot(uint32_t vcpus, uint32_t list_registers, uint32_t spis);

struct vcpu *fake_vcpu(uint32_t i);
void fake_vcpu_on(uint32_t i);
void fake_vcpu_off(uint32_t i);

/* What the run loop does until the guest could go on: events, interrupts taken. False: it may not
 * go on now. */
bool fake_run(uint32_t i);

/* Another vCPU has the CPU until this one runs, or accesses a register, the next time. */
void fake_put_away(uint32_t i);

/* Its registers are in its CPU again, and nothing has happened yet. */
void fake_bring(uint32_t i);

/* All vCPUs, until nobody has anything to do. */
void fake_settle(void);

/*
 * From now on, exits end as short as they can: linked interrupts and SGIs that come while a guest
 * is in are made pending again where they were, by vgic_list_again() and vgic_take_events(), or put
 * into a list register by vgic_pend_locked(). Off (at first): they never are. The counts are of
 * what ended so: without the lock, and with it.
 */
void fake_short_ways(bool on);
uint32_t fake_short_count(void);
uint32_t fake_middle_count(void);

/* The most accesses to list registers, and posted interrupts looked at, in one step of the run
 * loop's vgic_process(), and how many such steps there were. */
uint32_t fake_longest_step(uint32_t *count);

/* -- the guest -- */

/* ICC_IAR1_EL1 or ICC_IAR0_EL1 (one of them has it): the highest-priority one that is pending and
 * preempts, or FAKE_SPURIOUS. */
uint32_t fake_ack(uint32_t i);

/* An acknowledged LPI stays in its list register until its EOI. Off: it leaves it at once. */
void fake_lpis_stay(bool stay);

/* The same without taking it. */
uint32_t fake_pending(uint32_t i);

/* ICC_EOIRn_EL1, and ICC_DIR_EL1, which traps. */
void fake_eoi(uint32_t i, uint32_t intid);
void fake_dir(uint32_t i, uint32_t intid);

/* A device of this vCPU's own, on its CPU, drives a private interrupt. */
void fake_private_line(uint32_t i, uint32_t intid, bool level);

/* A write of ICC_SGI1R_EL1 (group1) or ICC_SGI0R_EL1; and a step of it. True: the last. */
void fake_send_sgi(uint32_t i, uint64_t value, bool group1);
bool fake_send_sgi_step(uint32_t i, uint64_t value, bool group1);

/* ICC_CTLR_EL1.EOImode: the end drops the priority only. */
void fake_split_eoi(uint32_t i, bool split);

/* All active priorities are cleared: ICC_AP0R0_EL1, ICC_AP1R0_EL1. */
void fake_clear_active_priorities(uint32_t i);

/* The running priority, 0x100 when idle. */
uint32_t fake_running_priority(uint32_t i);

/* Loads and stores that the other vCPUs, which go on meanwhile, may have to answer first. */
uint64_t fake_dist_read(uint32_t i, uint32_t off, uint8_t size);
void fake_dist_write(uint32_t i, uint32_t off, uint8_t size, uint64_t value);
uint64_t fake_redist_read(uint32_t i, uint32_t off, uint8_t size);
void fake_redist_write(uint32_t i, uint32_t off, uint8_t size, uint64_t value);

/* The same through any ops; size with FAKE_WRITE for a store. 0, or -errno: an external abort. */
#define FAKE_WRITE 0x80U
int fake_access(uint32_t i, const struct mmio_ops *ops, uint32_t off, uint32_t size,
		uint64_t *value);

/* One step of it, nobody else goes on. -EAGAIN: it is not over. */
int fake_step(uint32_t i, const struct mmio_ops *ops, uint32_t off, uint32_t size, uint64_t *value);

/* One bit or byte of the register arrays, of the right frame. redist: whose private interrupt. */
bool fake_bit(uint32_t i, uint32_t redist, uint32_t array, uint32_t intid);
void fake_set_bit(uint32_t i, uint32_t redist, uint32_t array, uint32_t intid);
void fake_set_priority(uint32_t i, uint32_t redist, uint32_t intid, uint8_t priority);
void fake_set_edge(uint32_t i, uint32_t redist, uint32_t intid, bool edge);

/* A WFI that traps: is there something to wake up for? */
bool fake_wakes(uint32_t i);

/* -- hardware -- */

/* The output of the device behind a linked interrupt. */
void fake_linked_level(uint32_t i, uint32_t intid, bool level);
bool fake_level(struct vcpu *vcpu, uint32_t intid);
bool fake_physically_active(uint32_t i, uint32_t intid);

/* SPIs of the board, FAKE_PSPI to FAKE_PSPI + 31: what drives them, and what became of them. */
#define FAKE_PSPI 96
void fake_spi_line(uint32_t pintid, bool level);
bool fake_spi_is_active(uint32_t pintid);
bool fake_spi_is_enabled(uint32_t pintid);
uint32_t fake_spi_cpu(uint32_t pintid);

uint64_t fake_list_register(uint32_t i, uint32_t n);

/* List registers that hold something; how often the guest ended what none held. */
uint32_t fake_listed_count(uint32_t i);
uint32_t fake_lost_eois(uint32_t i);

#endif
