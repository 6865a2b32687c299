/* SPDX-License-Identifier: Apache-2.0 */
/*
 * State of the emulated interrupt controller: plain data.
 *
 * 32 interrupts are a bank: bank 0 of each vCPU holds its SGIs and PPIs, banks 1 and up of the VM
 * its SPIs. A register of the architecture that has one bit per interrupt is a word here, so that
 * it is handled by word. What is pending or active in a list register is not in the words: `listed`
 * says that the list registers (or `spilled`) of the vCPU `home` have the truth, and only the CPU
 * that runs it may look.
 */
#ifndef IRQ_VGIC_VGIC_TYPES_H
#define IRQ_VGIC_VGIC_TYPES_H

#include "core/base/spinlock.h"
#include "core/base/types.h"
#include "irq/hw/vif_types.h"
#include "irq/vgic/vlpi_types.h"

struct vcpu;
struct vits;

#define VGIC_LR_MAX    16
#define VGIC_SPI_MAX   988
#define VGIC_BANK_MAX  32
#define VGIC_NO_LR     0xff
#define VGIC_PRIO_BITS 5
#define VGIC_PRIO_MASK 0xf8 /* bits of a priority that exist */

/* Protected by vgic_dist.lock, private banks too: another vCPU may write a redistributor. */
struct vgic_bank {
	uint32_t exists; /* constant; the last bank of 988 SPIs has 28 */
	uint32_t group;	 /* 1: group 1 */
	uint32_t enabled;
	uint32_t edge;	 /* 1: edge-triggered, 0: level-sensitive */
	uint32_t latch;	 /* pending by an edge, an SGI or a write of ISPENDR */
	uint32_t line;	 /* input, as the device drives it */
	uint32_t active; /* and not in a list register */
	uint32_t listed; /* in a list register of its home */
	uint32_t
		soft; /* listed and level-sensitive: pending by the latch, whatever the line does */
	uint32_t many;	  /* GICv2 SPIs: with more than one target */
	uint32_t retaken; /* linked SPIs: taken in hardware again before `listed` was noticed to be
			     over */
	uint32_t hw;	  /* linked: deactivated in hardware by the guest's EOI; INTIDs are equal */
	uint32_t apart;	  /* linked, but listed as active without its hardware, whose active state
			     software ends: it is pending too, so that its EOI has to be seen */
	uint32_t fallen;  /* private, linked and active: its line was low when sampled last */
	uint32_t ended;	  /* SPIs: an EOI of another vCPU ends what its home has listed as active */
	uint8_t prio[32];
	uint8_t active_prio[32]; /* of those active outside list registers: when acknowledged */
	uint8_t lr[32];		 /* which list register, where listed */
};

/* Interrupts of a vCPU, by bank: irq/vgic/set.h. */
struct vgic_set {
	uint32_t word[VGIC_BANK_MAX];
	uint32_t banks;		     /* words that are not 0 */
	uint8_t prio[VGIC_BANK_MAX]; /* there, no interrupt of the bank is more urgent */
};

/* How far an access to a register has come: what is done of it is not done again. */
struct vgic_place {
	uint32_t key;	/* which register; 0: none */
	uint64_t value; /* that is written, or was read */
	uint64_t done;	/* interrupts, or vCPUs */
};

/*
 * One per vCPU. To see or change pending and active state that sits in another vCPU's list
 * registers, a vCPU asks: the owner brings its list registers back into the banks and keeps its
 * guest out until all askers are done.
 */
struct vgic_cpu {
	/* protected by vgic_dist.lock */
	struct vgic_bank bank; /* SGIs and PPIs */
	/* acknowledged by this guest, but in the banks for want of a list register */
	struct vgic_set spilled;
	/* deliverable when looked at last, and no list register was free: a hint */
	struct vgic_set waiting;
	/* Banks of which all that is pending or listed here is to be looked at, bit 0: LPIs too;
	 * and those of which what is linked and routed here has to go to this CPU in hardware. And
	 * it is this one that goes on with vgic_dist.reroute. */
	uint32_t sweep, follow;
	bool reroute;
	/* acknowledged by this guest and deactivated since, but not by the EOI, which is still to
	 * come: bit per level of priority, and which interrupt it is */
	uint32_t undone;
	uint16_t undone_intid[1 << VGIC_PRIO_BITS];
	uint32_t ask_count; /* vCPUs that ask this one */
	bool synced;	 /* nothing is listed here, and nothing will be while ask_count is not 0 */
	uint64_t asking; /* vCPUs that this one holds: bit per index, maybe its own */
	uint64_t askers; /* vCPUs that wait for this one's answer */
	bool letting_go; /* and releases, in steps */
	/* Its access to a register, while it takes several steps: irq/vgic/gather.c */
	bool retried;	/* it has taken more than one */
	uint32_t spent; /* of this step */
	struct vgic_place place[2];

	/* Posted by anyone, taken by the owner: interrupts to look at (again). Atomic. */
	uint32_t todo[VGIC_BANK_MAX];
	uint32_t todo_banks; /* which words of todo may be non-zero; and of `waiting`, past which
				nothing comes */

	/* Owner: the CPU that runs the vCPU. The list registers themselves are in the CPU. */
	struct vif vif;	   /* while not `here`: `saved`, but for an interface in software */
	uint32_t lr_used;  /* filled by software and not yet seen empty */
	uint32_t lr_count; /* constant */
	uint32_t hand;	   /* where the search for one to be given up begins: 0 to 16 */
	uint16_t lr_intid[VGIC_LR_MAX];
	uint64_t lr_pending[VGIC_LR_MAX]; /* as the register was written last, made pending */
	/* Private interrupts that are listed and may be made pending again by writing that, once
	 * the guest has emptied the register: since they were listed nothing about them has
	 * changed. */
	uint32_t again;
	uint32_t again_elsewhere; /* the same where list registers are no system registers */
	uint32_t again_spi;	  /* the same of SPIs, by list register */
	/* GICv2: SGIs pending outside list registers, by sender: byte n % 4 of word n / 4 has a
	 * bit per vCPU that sent SGI n. Atomic; set by senders, cleared by the owner */
	uint32_t sgi_source[4];
	uint8_t sgi_active_source[16]; /* of those that are active outside list registers */
	/* The targets that ICC_SGI1R_EL1 named last, and the vCPUs they are, by index */
	uint64_t sgi_named, sgi_targets;
	bool sgi_many;	   /* of them */
	uint64_t hcr;	   /* ICH_HCR_EL2 as written last */
	uint64_t hcr_base; /* without what is asked for maintenance */
	bool on;	   /* the vCPU is */
	/* Its interface is in its CPU, and so are the hardware states of what is linked. Atomic;
	 * changed by the owner. While it is not, who holds vgic_dist.lock may work on it, `visited`
	 * meanwhile: vgic_visit_locked() */
	bool here;
	bool visited;
	const struct vif_ops *vif_here; /* constant */
	struct vif_saved saved;
	uint32_t waker; /* GICR_WAKER.ProcessorSleep as written; protected by vgic_dist.lock */
	bool (*linked_level)(struct vcpu *vcpu,
			     uint32_t intid); /* constant; see vgic_link_private() */

	struct vlpi_cpu lpi; /* protected by vgic_dist.lock */
};

/* One per VM. */
struct vgic_dist {
	struct spinlock lock;	/* protects the next group and every bank of the VM */
	uint32_t ctlr;		/* GICD_CTLR: EnableGrp0, EnableGrp1 */
	struct vgic_bank *bank; /* [bank_count], index 0 is INTID 32 */
	uint16_t *route;	/* per SPI: index of the target vCPU */
	uint64_t *irouter;	/* per SPI: as written; GICv2: its targets, bit per vCPU */
	uint16_t *pintid;	/* per SPI: its INTID in hardware, where linked; constant */
	uint16_t *home;		/* per SPI: vCPU where it is listed or active */

	uint32_t many;	   /* GICv2: banks in which some have more than one target */
	uint32_t reroute;  /* and the next SPI of those that may go to another of them now */
	uint32_t reset_at; /* the next step of vgic_reset_step(); 0: none is under way */
	struct vlpi_dist lpis;
	struct vits *vits; /* NULL: the VM has no ITS; constant */

	bool v2;	     /* a GICv2, and its interfaces too; constant */
	uint64_t typer;	     /* GICD_TYPER; constant */
	uint32_t redist_low; /* vCPUs whose redistributors are in the first region; constant */
	uint32_t spi_count;  /* constant */
	uint32_t bank_count; /* constant */
};

#endif
