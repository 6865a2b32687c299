/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the vgic: banks, posting, list registers. Everything _locked wants vgic_dist.lock. */
#ifndef IRQ_VGIC_VGIC_STATE_H
#define IRQ_VGIC_VGIC_STATE_H

#include "core/arm64/barrier.h"
#include "core/base/atomic.h"
#include "core/base/bits.h"
#include "irq/hw/gic_regs.h"
#include "irq/vgic/vgic.h"

/* Posted to a vCPU, it stands for all LPIs: vlpi.h. No interrupt has this number. */
#define VGIC_LOOK_LPIS 1023U

/* No vCPU: an affinity in GICD_IROUTER that nobody has. */
#define VGIC_ROUTE_NONE 0xffff

/* The bank of `intid` as this vCPU sees it; intid < 32 + spi_count. */
static inline struct vgic_bank *vgic_bank_of(struct vcpu *vcpu, uint32_t intid)
{
	return intid < INTID_SPI ? &vcpu->vgic.bank : &vcpu->vm->vgic.bank[intid / 32 - 1];
}

static inline uint32_t vgic_bit(uint32_t intid)
{
	return UINT32_C(1) << (intid % 32);
}

static inline uint32_t vgic_limit(const struct vm *vm)
{
	return INTID_SPI + vm->vgic.spi_count;
}

/* Pending as the bank knows it: the latch, or the line of a level-sensitive one. */
static inline uint32_t vgic_pending_word(const struct vgic_bank *bank)
{
	return bank->latch | (bank->line & ~bank->edge);
}

/* Where an interrupt of bank number `n` goes now: the vCPU itself for bank 0, its route for SPIs.
 */
struct vcpu *vgic_target(struct vcpu *private_of, struct vm *vm, uint32_t intid);

/* Makes the owner of `vcpu` look at this interrupt. Any CPU; no lock needed. */
void vgic_post(struct vcpu *vcpu, uint32_t intid);

/* Posts each interrupt of the mask to its target, and where it is listed to its home. Bank number
 * n. */
void vgic_post_word_locked(struct vcpu *private_of, struct vm *vm, uint32_t n, uint32_t mask);

/* The vCPU looks, on its own time, at all that is pending or listed at it, before its guest is
 * entered. Any CPU. */
void vgic_sweep_locked(struct vcpu *vcpu);

/* SGIs that were sent and not looked at yet become pending in the bank; returns them, to be looked
 * at. Any CPU. */
uint32_t vgic_latch_sgis_locked(struct vcpu *vcpu);

/* So many list registers, back into the banks. True: nothing is listed here any more, and no
 * maintenance asked for. Owner, or its interface is in memory. */
bool vgic_sync_locked(struct vcpu *vcpu, uint32_t max);

/*
 * The middle way: a private interrupt has become pending in its bank, or no longer is. Where
 * nothing else is to be looked at it is judged, and put into a list register, at once; else posted.
 * _spi: an SPI; false, it is to be posted. vgic_pend_sgi() makes an SGI pending before. Owner.
 */
void vgic_pend_locked(struct vcpu *vcpu, uint32_t intid);
bool vgic_pend_spi_locked(struct vcpu *vcpu, struct vgic_bank *bank, uint32_t intid);
void vgic_pend_sgi(struct vcpu *vcpu, uint32_t sgi);

/* What the guest has ended leaves its list register. True: vgic_process() has more to do. Owner. */
bool vgic_retire(struct vcpu *vcpu);

/* A private interrupt is in a list register, acknowledged and not pending again. Owner. */
bool vgic_is_only_active_locked(struct vcpu *vcpu, uint32_t intid);

/* A linked interrupt was taken in hardware and is active there. Owner. */
void vgic_linked_again_locked(struct vcpu *vcpu, uint32_t intid);

/* -- accesses to what others hold, and in steps (irq/vgic/gather.c) -- */

/*
 * Brings everything of `mask` (bank number n) that is listed anywhere into the banks, for a read or
 * change of pending or active state by `asker`. 0, or -EAGAIN: others have been asked, or more is
 * to be done; call again when they have answered. After 0, vgic_release_locked() lets them go on.
 */
int vgic_gather_locked(struct vcpu *asker, struct vcpu *private_of, uint32_t n, uint32_t mask);
void vgic_release_locked(struct vcpu *asker);

/* Of an asker's target: hands its list registers over, and says so. Owner. */
void vgic_answer_locked(struct vcpu *vcpu);

/* The vCPUs that hold some of these SPIs, bit per index. */
uint64_t vgic_homes_of(const struct vgic_dist *dist, uint32_t n, uint32_t mask);

/* What is written by an access that takes several steps. Two that one instruction may write have
 * numbers of which one is odd. */
enum vgic_place_kind {
	VGIC_PLACE_PENDING = 1, /* reads */
	VGIC_PLACE_ACTIVE,
	VGIC_PLACE_PEND,
	VGIC_PLACE_UNPEND,
	VGIC_PLACE_ACTIVATE,
	VGIC_PLACE_DEACTIVATE,
	VGIC_PLACE_ENABLE,
	VGIC_PLACE_DISABLE,
	VGIC_PLACE_GROUP,
	VGIC_PLACE_CONFIG,
	VGIC_PLACE_CTLR,
	VGIC_PLACE_SGI,
};
#define VGIC_PLACE_KEY(kind, redist, n) ((uint32_t)(kind) << 24 | (redist)->index << 8 | (n))

/* Elements are interrupts of a word, or vCPUs: a bit each. */
struct vgic_access {
	uint32_t key;
	uint64_t value, all;
	uint64_t rest; /* of all, what is not done yet */
};

/*
 * The parts of a write, in each of its steps: begin, gather where it has to, a piece, end. The
 * piece is of what is left: all that is not `heavy`, and `count` of what is, or fewer where the
 * gather has left little of the step. After -EAGAIN of the end the access is handled again; 0: it
 * is done, and everybody released, but for _keep(). Owner.
 */
#define VGIC_PIECE 4U /* SPIs that are to be posted to somebody, unlinked or no longer spilled */
struct vgic_access vgic_access_begin(struct vcpu *vcpu, uint32_t key, uint64_t value, uint64_t all);
uint64_t vgic_access_piece(const struct vcpu *vcpu, const struct vgic_access *access,
			   uint64_t heavy, uint32_t count);
int vgic_access_end_locked(struct vcpu *vcpu, const struct vgic_access *access, uint64_t now);
int vgic_access_keep(struct vcpu *vcpu, const struct vgic_access *access, uint64_t now);

/* The parts of a read: is it known already; and now it is, and everybody released. */
bool vgic_access_recall(struct vcpu *vcpu, uint32_t key, uint64_t *value);
void vgic_access_note_locked(struct vcpu *vcpu, uint32_t key, uint64_t value);

/* The gather of this step has left little of it; then -EAGAIN, to go on in another. */
bool vgic_has_spent_much(const struct vcpu *vcpu);
int vgic_again(struct vcpu *vcpu);

/* vgic_access_over(), at the end of a life too. */
void vgic_forget_locked(struct vcpu *vcpu);

/*
 * The interface of another vCPU, where it is in memory: between the two it stays there, and the
 * caller may work on it. False: it is in its CPU, whose owner is to be asked.
 */
static inline bool vgic_visit_locked(struct vcpu *home)
{
	atomic_set(&home->vgic.visited, true);
	/* `visited` is seen by an owner that comes, or it is seen here that it has come:
	   vgic_cpu_load() does both the other way round */
	dmb(ish);
	if (!atomic_read_acquire(&home->vgic.here)) {
		return true;
	}
	atomic_set_release(&home->vgic.visited, false);
	return false;
}

static inline void vgic_leave_locked(struct vcpu *home)
{
	/* after all that was done there */
	atomic_set_release(&home->vgic.visited, false);
}

/* Active state set or cleared by a register write; what was listed has been gathered. */
void vgic_set_active_locked(struct vcpu *private_of, struct vm *vm, uint32_t n, uint32_t mask);
void vgic_clear_active_locked(struct vcpu *private_of, struct vm *vm, uint32_t n, uint32_t mask);

/*
 * `home` has acknowledged this interrupt, with bank->active_prio, and it was deactivated before its
 * EOI (irq/vgic/spill.c). That EOI deactivates whatever the interrupt has become by then, and it
 * must not be taken for that of another one outside the list registers.
 */
void vgic_undone_add_locked(struct vcpu *home, uint32_t intid);

/* Of bank n, those of the mask that are spilled there are so no more, but undone. */
void vgic_unspill_locked(struct vcpu *home, uint32_t n, uint32_t mask);

/* Private linked interrupts that were taken: those that nothing asserts any more are let go, or,
 * where they are active, `fallen`. Nothing is listed. Owner. */
void vgic_link_sample_private_locked(struct vcpu *vcpu);

/* -- interrupts linked to hardware (irq/vgic/link.c), all under the lock -- */

/* The INTID in hardware of one that is linked. */
uint32_t vgic_pintid(const struct vm *vm, uint32_t intid);

/* Something still asserts one that was taken: its line, or an edge the guest has not taken back.
 * Owner, where it is private. */
bool vgic_link_asserted(struct vcpu *vcpu, uint32_t intid);

/* One that was taken is let go: no longer active in hardware. Owner, where it is private. */
void vgic_unlink_locked(struct vcpu *vcpu, uint32_t intid);

/* SPIs of bank n that are pending in hardware and have not been taken. */
uint32_t vgic_link_sample_locked(struct vm *vm, uint32_t n);

/* What the guest does to SPIs of bank n (mask): pending state cleared; enabled or not as the bank
 * has it now. A route changed. The VM is reset: one that is linked is off. */
void vgic_link_clear_pending_locked(struct vm *vm, uint32_t n, uint32_t mask);
void vgic_link_enable_locked(struct vm *vm, uint32_t n, uint32_t mask);
void vgic_link_route_locked(struct vm *vm, uint32_t intid);
void vgic_link_follow_locked(struct vcpu *vcpu); /* a step of vgic_link_follow(). Owner */
void vgic_link_reset_locked(struct vm *vm, uint32_t intid);

/* -- GICv2 -- */

/* A vCPU has come or gone: SPIs with several targets go to one that is there, in steps of this
 * one's. Owner. */
void vgic_v2_route_again_locked(struct vcpu *vcpu);
void vgic_v2_route_step_locked(struct vcpu *vcpu);

/* GICD_SGIR: SGI `sgi` of this vCPU to others, bit per index. Owner, from the guest. */
void vgic_v2_send_sgi(struct vcpu *vcpu, uint64_t targets, uint32_t sgi);

/*
 * Takes the lowest sender, where it is `among` these (bit per vCPU), for a list register: pending
 * state, sender, and ICH_LR_EOI where more wait. ICH_LR_EOI alone: another is first. put_source:
 * the other way.
 */
uint64_t vgic_v2_take_source_locked(struct vcpu *vcpu, uint32_t sgi, uint32_t among);
void vgic_v2_put_source_locked(struct vcpu *vcpu, uint32_t sgi, uint64_t lr);

/* GICD_CPENDSGIR, GICD_SPENDSGIR: `size` bytes (1 or 4) from that of `sgi` on. 0 or -EAGAIN. */
int vgic_v2_read_sources(struct vcpu *vcpu, uint32_t sgi, uint32_t size, uint64_t *value);
int vgic_v2_write_sources(struct vcpu *vcpu, uint32_t sgi, uint32_t value, bool set);

#endif
