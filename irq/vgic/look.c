/* SPDX-License-Identifier: Apache-2.0 */
/* What stands about an interrupt, for people. */
#include "core/base/atomic.h"
#include "irq/vgic/vgic_state.h"

bool vgic_look(struct vm *vm, uint32_t vcpu, uint32_t intid, struct vgic_look *look)
{
	const struct vgic_bank *bank;
	uint32_t bit = UINT32_C(1) << (intid % 32);

	if (intid >= vgic_limit(vm) || vcpu >= vm->vcpu_count) {
		return false;
	}
	bank = intid < INTID_SPI ? &vm->vcpu[vcpu]->vgic.bank : &vm->vgic.bank[intid / 32 - 1];
	*look = (struct vgic_look){
		.pintid = (bank->hw & bit) != 0 ? vgic_pintid(vm, intid) : 0,
		.enabled = (atomic_read(&bank->enabled) & bit) != 0,
		.pending = ((atomic_read(&bank->latch) | atomic_read(&bank->line)) & bit) != 0,
		.active = (atomic_read(&bank->active) & bit) != 0,
		.listed = (atomic_read(&bank->listed) & bit) != 0,
		.edge = (atomic_read(&bank->edge) & bit) != 0,
		.prio = bank->prio[intid % 32],
		.target = intid < INTID_SPI ? 0 : vm->vgic.route[intid - INTID_SPI],
	};
	return (bank->exists & bit) != 0;
}
