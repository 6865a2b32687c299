/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The emulated ITS: which LPI of which vCPU an event of a device is. IHI 0069H 5.2, 5.3, 12.19.
 *
 * Its tables and its command queue are in guest memory. Each entry is read, checked and used from
 * the copy whenever it is needed; only what collections and the last device say is remembered. The
 * table entries' format is ours (vits_state.h). Nothing a guest writes there does more than send
 * its own LPIs elsewhere.
 *
 * A write that makes commands due executes a few; what remains is left to the vCPU that wrote, on
 * its way into the guest: vits_continue(). The guest sees that by GITS_CREADR.
 *
 * Command errors (IHI 0069H 5.3.1 leaves the choice): a command with wrong parameters, of GICv4, or
 * unknown is ignored and the next one executed; one that needs memory that is not there stalls the
 * queue, until GITS_CWRITER.Retry or a write of GITS_CBASER.
 */
#ifndef IRQ_VGIC_VITS_H
#define IRQ_VGIC_VITS_H

#include "core/base/arena.h"
#include "core/base/atomic.h"
#include "irq/vgic/vgic.h"
#include "irq/vgic/vreg.h"

struct vits;

#define VITS_SIZE	0x20000 /* control frame, translation frame */
#define VITS_TRANSLATER 0x10040 /* where devices write their event */

/* Makes the VM's ITS at `ipa` and tells vm->vgic.vits; the VM has LPIs. 0, -ENOMEM; -EINVAL: no
 * LPIs, or there is one. Boot CPU. */
int vits_create(struct vm *vm, uint64_t ipa, struct arena *arena, struct vits **out);

/* As after a hardware reset. Any CPU; takes the ITS's lock. */
void vits_reset(struct vits *its);

/* The vCPU that goes on with the queue; NULL: nobody has to. */
const struct vcpu *vits_runner(const struct vits *its);

/* A bounded part of the commands that are left, where this vCPU is to do it; VGIC_LOOK_LPIS was
 * posted to it, and is again if it is not the last. True: it was. Owner, vCPU on or off; takes the
 * ITS's lock. */
bool vits_continue(struct vcpu *vcpu);

/* Both frames; `dev`: the ITS. */
extern const struct mmio_ops vits_ops;
extern const struct vreg_table vits_control_table;

#endif
