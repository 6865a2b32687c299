/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The emulated GICv3: what the rest of the hypervisor asks of it.
 *
 * How it works: state is in banks (vgic_types.h) under the VM's vgic_dist.lock. Whoever changes
 * something that may make an interrupt deliverable, or no longer so, posts its INTID to the vCPU
 * concerned; the CPU that runs it looks at the posted ones on the way into the guest and fills,
 * changes or empties list registers. A posted INTID means "look again", so posting once too often
 * is harmless, and one that finds no list register stays posted: the inbox is the overflow queue.
 * Maintenance interrupts (no list register pending) bring the owner back to it.
 */
#ifndef IRQ_VGIC_VGIC_H
#define IRQ_VGIC_VGIC_H

#include "core/base/arena.h"
#include "core/exit/action.h"
#include "core/vm/vm.h"

/* What a VM's interrupt controller is to be. */
struct vgic_setup {
	bool v2;	     /* GICv2: up to 8 vCPUs */
	uint32_t spi_count;  /* up to 988 */
	uint32_t lpi_count;  /* GICv3: LPIs, up to 57344; 0: none */
	uint32_t redist_low; /* GICv3: redistributors of the first region; 0: all */
	bool mbi;	     /* GICv3: SPIs by message, GICD_SETSPI_NSR */
	uint32_t lr_count;   /* list registers of the CPUs it runs on */
	/* of GICv2 hardware; NULL: the system registers of GICv3, by which a GICv2 VM gets an
	 * interface in software */
	const struct vif_ops *vif;
};

/* Allocates the VM's distributor state; vCPUs exist already. 0 or -ENOMEM. Boot CPU. */
int vgic_create(struct vm *vm, const struct vgic_setup *setup, struct arena *arena);

/* Everything as after a hardware reset. All vCPUs are off; no list register is in use. */
void vgic_reset(struct vm *vm);

/*
 * A step of that, about a thousand instructions. True: it was the last, all is as after
 * vgic_reset(), and the next call begins anew. One caller at a time. Takes vgic_dist.lock and the
 * ITS's.
 */
bool vgic_reset_step(struct vm *vm);

/* The vCPU's virtual interface as after reset, and nothing of it any more. It is not in its CPU.
 * Owner. */
void vgic_cpu_start(struct vcpu *vcpu);
void vgic_cpu_stop(struct vcpu *vcpu);

/* Its interface, of a vCPU that is on, into this CPU, where no other's is; and back to memory, from
 * when on no interrupt of the vCPU comes here. Owner; no lock. */
void vgic_cpu_load(struct vcpu *vcpu);
void vgic_cpu_save(struct vcpu *vcpu);

/* A device drives its line (SPI, 32 and up). Any CPU; takes vgic_dist.lock. */
void vgic_set_line(struct vm *vm, uint32_t intid, bool level);

/* The same for a private interrupt of a vCPU, which is not linked. Owner. */
void vgic_set_private_line(struct vcpu *vcpu, uint32_t intid, bool level);

/* A device of this ID signals an event to the ITS. 0; -ENODEV: the VM has none; or -errno: nothing
 * is mapped, nothing happens. Any CPU; takes the ITS's lock and vgic_dist.lock. */
int vgic_send_msi(struct vm *vm, uint32_t device_id, uint32_t event_id);

/* A message for an SPI: pending once where it is edge-triggered, else from now on. Any INTID; any
 * CPU; takes vgic_dist.lock. */
void vgic_send_message(struct vm *vm, uint32_t intid);

/*
 * Links a private interrupt to the physical one of the same INTID. level() says whether the device
 * still asserts it; called on the owner, or while the interface is in memory, under vgic_dist.lock.
 * Before the VM starts.
 */
void vgic_link_private(struct vcpu *vcpu, uint32_t intid,
		       bool (*level)(struct vcpu *vcpu, uint32_t intid));

/* That was taken, and is left active. Owner; takes vgic_dist.lock. */
void vgic_take_linked(struct vcpu *vcpu, uint32_t intid);

/*
 * Links SPI `intid` of the VM to SPI `pintid` of the board: enabled, routed and deactivated as the
 * guest says; edge as the board's tree has it. 0; -EINVAL: no such SPI; -EBUSY: linked already.
 * Boot CPU, before the VM starts.
 */
int vgic_link_spi(struct vm *vm, uint32_t intid, uint32_t pintid, bool edge);

/* Linked SPIs that are routed to this vCPU go to its CPU, which is another one now. Takes
 * vgic_dist.lock of its VM. */
void vgic_link_follow(struct vcpu *vcpu);

/* The physical SPI was taken and is active. True: a guest's, and stays so until its EOI; false: to
 * be deactivated. Any CPU; takes vgic_dist.lock of its VM. */
bool vgic_linked_interrupt(uint32_t pintid);

/* Looks at everything posted. Owner, on the way into the guest. */
void vgic_process(struct vcpu *vcpu);

/*
 * The short ways, without a lock. (The middle way, vgic_pend_locked(), looks at one interrupt under
 * it; the long way is vgic_process().) They never decide anything: an interrupt that was delivered
 * before, and about which nothing has changed, is made pending in the list register that it still
 * has. False: nothing was done and the long way is to be taken. Owner, from the guest.
 */
bool vgic_list_again(struct vcpu *vcpu, uint32_t intid); /* a linked one, taken in hardware */

/*
 * What was posted to the vCPU whose exit ends, where it concerns interrupts alone: SGIs the short
 * way, new ones the middle one, VCPU_EVENT_VGIC the long one. True: all is done and its guest may
 * be entered; false: the run loop is asked. Owner, from the guest.
 */
bool vgic_take_events(struct vcpu *vcpu);

/* The access of an exit is over, which was handled more than once: what was kept of it for that is
 * forgotten. Owner. */
void vgic_access_over(struct vcpu *vcpu);

/* The guest must not be entered: another vCPU works on what was in its list registers. Owner. */
bool vgic_is_held(const struct vcpu *vcpu);

/* An interrupt is pending for the guest: a standby state ends at once. Owner. */
bool vgic_wakes(struct vcpu *vcpu);

/* The maintenance interrupt. Owner. */
void vgic_maintenance(struct vcpu *vcpu);

/* Trapped writes of ICC_SGI1R_EL1, ICC_SGI0R_EL1 (group 0), ICC_ASGI1R_EL1, which a GICv2 VM has
 * not; and of ICC_DIR_EL1. Owner. */
enum exit_action vgic_write_sgi(struct vcpu *vcpu, uint32_t group1, uint64_t value);
int vgic_deactivate(struct vcpu *vcpu, uint32_t intid); /* 0 or -EAGAIN */

/* The architecture's registers. `dev`: the VM for the distributor and redistributors. */
extern const struct mmio_ops vgic_dist_ops;
extern const struct mmio_ops vgic_redist_ops;
extern const struct mmio_ops vgic_redist_high_ops; /* the second region */
extern const struct mmio_ops vgic_v2m_ops;	   /* GICv2m; any GIC */
extern const struct mmio_ops vgic_v2_dist_ops;
extern const struct mmio_ops vgic_v2_cpu_ops; /* its interface in software */
extern const struct mmio_ops vgic_v2_dir_ops; /* its second page, where the first is hardware's */

#define VGIC_DIST_SIZE	   0x10000
#define VGIC_REDIST_STRIDE 0x20000

/* What stands about an interrupt just now, for people: no lock, any CPU. */
struct vgic_look {
	uint32_t pintid; /* the board's, where it is linked; 0: none */
	bool enabled, pending, active, listed, edge;
	uint8_t prio;
	uint16_t target; /* SPIs: vCPU */
};
/* `vcpu`: whose, of a private one. False: there is no such interrupt. */
bool vgic_look(struct vm *vm, uint32_t vcpu, uint32_t intid, struct vgic_look *look);

/* Interrupts that are pending or active anywhere, for tests of restarts. Any CPU; takes
 * vgic_dist.lock. */
uint32_t vgic_busy_count(struct vm *vm);

#endif
