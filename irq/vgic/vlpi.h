/* SPDX-License-Identifier: Apache-2.0 */
/*
 * LPIs: which are pending for which vCPU, by priority, and the redistributors' tables of them.
 *
 * Nothing here depends on how many LPIs there are: a pending LPI is in one of its vCPU's lists
 * (one for each priority level; `asleep` for those disabled; `fresh` for those to be judged), and
 * what can't be done at once is done in steps: vlpi_look_locked().
 *
 * The owner of a vCPU, when VGIC_LOOK_LPIS was posted to it:
 *
 *	vlpi_look_locked(vcpu);                           also where the vCPU is off
 *	while ((intid = vlpi_changed_locked(vcpu)) != 0)
 *		take it out of its list register; vlpi_unlisted_locked(vcpu, intid, was it pending)
 *	while ((intid = vlpi_next_locked(vcpu)) != 0 and there is a register for it)
 *		write the register; vlpi_listed_locked(vcpu, intid)
 *
 * An LPI counts as listed while its list register may be pending. Once seen acknowledged or ended
 * it is unlisted, even where the register still holds it active: for the guest's EOI only. Before
 * an LPI is given to a list register, one that still holds it active is looked for, and made
 * pending too instead (IHI 0069H ICH_LR<n>_EL2: one INTID in two registers is UNPREDICTABLE).
 *
 * All of it under vgic_dist.lock. Who may be called from any CPU says so; guest memory is read.
 */
#ifndef IRQ_VGIC_VLPI_H
#define IRQ_VGIC_VLPI_H

#include "core/base/arena.h"
#include "irq/vgic/vgic_state.h"

#define INTID_LPI      8192U
#define VLPI_COUNT_MAX 57344U /* 16 bits of INTID */

/*
 * Gives the VM at least so many LPIs: 64 to VLPI_COUNT_MAX, rounded up to what GICD_TYPER can say
 * (a power of two, or all), which it then says. After vgic_create()'s other parts; no lock. 0,
 * -ENOMEM or -EINVAL. Boot CPU.
 */
int vlpi_create(struct vm *vm, uint32_t lpi_count, struct arena *arena);

/* Bytes that vlpi_create() takes from the arena. */
uint64_t vlpi_size(uint32_t lpi_count, uint32_t vcpu_count);

/* Step number `step`, from 0 on, of a reset; nothing is listed, and all phases are VLPI_OFF. False:
 * there is no such step. */
bool vlpi_reset_locked(struct vm *vm, uint32_t step);

static inline bool vlpi_exists(const struct vm *vm, uint32_t intid)
{
	return intid - INTID_LPI < vm->vgic.lpis.count;
}

/* -- the owner's side -- */

/*
 * A bounded step of what is due: fresh ones judged, tables read and written. True: more is due, and
 * VGIC_LOOK_LPIS has been posted for it. Owner, or any CPU for a vCPU that is off.
 */
bool vlpi_look_locked(struct vcpu *vcpu);

/* Nothing of that is due. */
bool vlpi_is_settled_locked(const struct vcpu *vcpu);

/* INTID of a listed LPI about which something has changed: sent again, moved, cleared, configured
 * anew, its group or its redistributor switched. 0: none. Each is named until it is unlisted. */
uint32_t vlpi_changed_locked(struct vcpu *vcpu);

/* INTID of the deliverable LPI of highest priority that is not listed; the oldest of several. 0:
 * none. It stays where it is. */
uint32_t vlpi_next_locked(struct vcpu *vcpu);

/* The priority of the one that vlpi_next_locked() named, or that is listed: 0 to 0xf8. */
uint8_t vlpi_priority(const struct vm *vm, uint32_t intid);

/* The one that vlpi_next_locked() named is in a list register of this vCPU, pending. */
void vlpi_listed_locked(struct vcpu *vcpu, uint32_t intid);

/* A listed one is not pending in a list register any more: it was acknowledged, or (pending) it
 * was taken back. Posts where it is to be looked at again. */
void vlpi_unlisted_locked(struct vcpu *vcpu, uint32_t intid, bool pending);

/* GICD_CTLR.EnableGrp1 has changed: LPIs are of group 1. */
void vlpi_group_changed_locked(struct vcpu *vcpu);

/* LPIs that are pending anywhere, the pending tables in guest memory not counted. Any CPU. */
uint32_t vlpi_busy_count_locked(const struct vm *vm);

/* -- what ITS and redistributors ask for; any CPU -- */

/* Pending for `target`. Ignored where its LPIs are off, or it has none of that number. */
void vlpi_pend_locked(struct vcpu *target, uint32_t intid);

/* No longer pending, if it is for `target`. */
void vlpi_clear_locked(struct vcpu *target, uint32_t intid);

/* If it is pending for `from`, it is so for `to`. Nothing where LPIs are off at either. */
void vlpi_move_locked(struct vcpu *from, struct vcpu *to, uint32_t intid);

/* A step of the same for all LPIs: false: more are to be moved, call again. */
bool vlpi_move_all_locked(struct vcpu *from, struct vcpu *to);

/* The configuration table has changed: of one LPI, or of any that is pending for `vcpu`. */
void vlpi_inv_locked(struct vm *vm, uint32_t intid);
void vlpi_invall_locked(struct vcpu *vcpu);

/* GICR_CTLR.EnableLPIs as written. */
void vlpi_enable_locked(struct vcpu *redist, bool enable);

/* A list is broken, or an LPI is where it can't be: for tests. */
bool vlpi_is_sound_locked(const struct vm *vm);

#endif
