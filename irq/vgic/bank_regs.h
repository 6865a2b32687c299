/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Registers that distributor and redistributors share: one bit, two bits or a byte per interrupt.
 * Bank number n; for bank 0 `redist` is the vCPU it belongs to. Each takes vgic_dist.lock.
 */
#ifndef IRQ_VGIC_BANK_REGS_H
#define IRQ_VGIC_BANK_REGS_H

#include "irq/vgic/vgic_state.h"

enum bank_word {
	BANK_GROUP,
	BANK_ENABLED,
	BANK_PENDING,
	BANK_ACTIVE,
};

/* Reads a word; pending and active may answer -EAGAIN. */
int bank_read(struct vcpu *vcpu, struct vcpu *redist, uint32_t n, enum bank_word word,
	      uint64_t *value);

/* Writes the group; sets or clears the bits of `value` in the others. */
int bank_write_group(struct vcpu *redist, uint32_t n, uint32_t value);
int bank_enable(struct vcpu *redist, uint32_t n, uint32_t value);
int bank_disable(struct vcpu *redist, uint32_t n, uint32_t value);
int bank_pend(struct vcpu *vcpu, struct vcpu *redist, uint32_t n, uint32_t value, bool set);
int bank_activate(struct vcpu *vcpu, struct vcpu *redist, uint32_t n, uint32_t value, bool set);

/* size bytes of priorities from INTID `intid` on. */
uint64_t bank_read_priority(struct vcpu *redist, uint32_t intid, uint32_t size);
void bank_write_priority(struct vcpu *redist, uint32_t intid, uint32_t size, uint64_t value);

/* 16 interrupts of two bits from INTID 16 * n on. */
uint64_t bank_read_config(struct vcpu *redist, uint32_t n);
int bank_write_config(struct vcpu *redist, uint32_t n, uint32_t value);

#endif
