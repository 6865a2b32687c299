/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtual interrupt interface of a vCPU that is loaded on this CPU: list registers and what
 * belongs to them. The system registers of GICv3 are reached in line; GICv2 and software through
 * their functions. Owner: the CPU that runs the vCPU.
 */
#ifndef IRQ_HW_VIF_H
#define IRQ_HW_VIF_H

#include "irq/hw/ich.h"
#include "irq/hw/vif_types.h"

static inline uint64_t vif_lr_read(const struct vif *vif, uint32_t n)
{
	return likely(vif->ops == NULL) ? ich_lr_read(n) : vif->ops->lr_read(vif, n);
}

static inline void vif_lr_write(const struct vif *vif, uint32_t n, uint64_t value)
{
	if (likely(vif->ops == NULL)) {
		ich_lr_write(n, value);
	} else {
		vif->ops->lr_write(vif, n, value);
	}
}

/* Bit n: list register n is empty. Only those that exist are looked at by the caller. */
static inline uint32_t vif_empty(const struct vif *vif)
{
	return likely(vif->ops == NULL) ? ich_empty() : vif->ops->empty(vif);
}

/* Bit n: the guest's EOI of list register n asked for maintenance. */
static inline uint32_t vif_eoi(const struct vif *vif)
{
	return likely(vif->ops == NULL) ? ich_eoi() : vif->ops->eoi(vif);
}

/* ICH_HCR_EL2; EOIcount is in it, and a write sets it. */
static inline uint64_t vif_hcr_read(const struct vif *vif)
{
	return likely(vif->ops == NULL) ? ich_hcr_read() : vif->ops->hcr_read(vif);
}

static inline void vif_hcr_write(const struct vif *vif, uint64_t hcr)
{
	if (likely(vif->ops == NULL)) {
		ich_hcr_write(hcr);
	} else {
		vif->ops->hcr_write(vif, hcr);
	}
}

static inline uint64_t vif_vmcr_read(const struct vif *vif)
{
	return likely(vif->ops == NULL) ? ich_vmcr_read() : vif->ops->vmcr_read(vif);
}

static inline void vif_vmcr_write(const struct vif *vif, uint64_t vmcr)
{
	if (likely(vif->ops == NULL)) {
		ich_vmcr_write(vmcr);
	} else {
		vif->ops->vmcr_write(vif, vmcr);
	}
}

/* Active priorities of both groups to zero. */
static inline void vif_clear_active_priorities(const struct vif *vif)
{
	if (likely(vif->ops == NULL)) {
		ich_clear_active_priorities();
	} else {
		vif->ops->clear_active_priorities(vif);
	}
}

/* No priority is active: the guest has ended, or forgotten, all it acknowledged. */
static inline bool vif_is_idle(const struct vif *vif)
{
	return likely(vif->ops == NULL) ? ich_is_idle() : vif->ops->is_idle(vif);
}

/* Deactivation can be trapped alone. */
static inline bool vif_traps_dir(const struct vif *vif)
{
	return likely(vif->ops == NULL) ? ich_traps_dir() : vif->ops->traps_dir;
}

#endif
