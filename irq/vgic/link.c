/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interrupts of the board that are a VM's: SPIs linked to an SPI of the guest.
 *
 * In bank->line stands whether the physical one was taken and is active since: until the guest's
 * EOI, through its list register, or vgic_unlink_locked() deactivates it. It is enabled in hardware
 * while the guest has it enabled, goes to the CPU of the vCPU it is routed to, and is
 * edge-triggered or level-sensitive as the board says. Private ones: vgic_link_private().
 */
#include "core/base/errno.h"
#include "irq/hw/gic.h"
#include "irq/vgic/vgic_state.h"

/* Whose a physical SPI is. Constant after boot. */
static struct {
	uint16_t vm; /* id + 1; 0: nobody's */
	uint16_t intid;
} owners[INTID_LIMIT - INTID_SPI];

static struct vgic_bank *bank_of(struct vm *vm, uint32_t intid)
{
	return &vm->vgic.bank[intid / 32 - 1];
}

int vgic_link_spi(struct vm *vm, uint32_t intid, uint32_t pintid, bool edge)
{
	struct vgic_bank *bank;
	bool taken;

	if (intid < INTID_SPI || intid >= vgic_limit(vm) || pintid < INTID_SPI ||
	    pintid >= INTID_LIMIT) {
		return -EINVAL;
	}
	bank = bank_of(vm, intid);
	taken = owners[pintid - INTID_SPI].vm != 0 &&
		(owners[pintid - INTID_SPI].vm != vm->id + 1 ||
		 owners[pintid - INTID_SPI].intid != intid);
	if (taken || (bank->hw & vgic_bit(intid)) != 0) {
		return -EBUSY;
	}
	owners[pintid - INTID_SPI].vm = (uint16_t)(vm->id + 1);
	owners[pintid - INTID_SPI].intid = (uint16_t)intid;
	vm->vgic.pintid[intid - INTID_SPI] = (uint16_t)pintid;
	bank->hw |= vgic_bit(intid);
	bank->edge |= edge ? vgic_bit(intid) : 0;
	gic_set_spi_trigger(pintid, edge);
	return 0;
}

static bool is_on_locked(const struct vm *vm)
{
	bool on = false;

	for (uint32_t i = 0; i < vm->vcpu_count; i++) {
		on = on || vm->vcpu[i]->vgic.on;
	}
	return on;
}

bool vgic_linked_interrupt(uint32_t pintid)
{
	uint32_t owner = pintid < INTID_SPI ? 0 : owners[pintid - INTID_SPI].vm;
	struct vm *vm = owner == 0 ? NULL : vm_by_id(owner - 1);
	struct vgic_bank *bank;
	uint32_t intid;
	bool kept;

	if (vm == NULL) {
		return false;
	}
	intid = owners[pintid - INTID_SPI].intid;
	bank = bank_of(vm, intid);
	spin_lock(&vm->vgic.lock);
	/* disabled since it was sent: it is not the guest's any more, and a level comes again by
	   itself; an edge is pending until it is enabled, but not into the VM's next life */
	kept = (bank->enabled & vgic_bit(intid)) != 0;
	bank->latch |= is_on_locked(vm) ? bank->edge & vgic_bit(intid) : 0;
	if (kept) {
		if ((bank->listed & vgic_bit(intid)) != 0) {
			/* its home has not seen yet that the guest has ended the one before */
			bank->retaken |= vgic_bit(intid);
		} else {
			bank->line |= vgic_bit(intid);
		}
		vgic_post_word_locked(NULL, vm, intid / 32, vgic_bit(intid));
	}
	spin_unlock(&vm->vgic.lock);
	return kept;
}

uint32_t vgic_pintid(const struct vm *vm, uint32_t intid)
{
	return intid < INTID_SPI ? intid : vm->vgic.pintid[intid - INTID_SPI];
}

bool vgic_link_asserted(struct vcpu *vcpu, uint32_t intid)
{
	const struct vgic_bank *bank = vgic_bank_of(vcpu, intid);

	if (intid < INTID_SPI) {
		return vcpu->vgic.linked_level(vcpu, intid);
	}
	/* level-sensitive: pending also while active, as long as the line is high */
	return (bank->edge & vgic_bit(intid)) != 0 ?
		       (bank->latch & vgic_bit(intid)) != 0 :
		       gic_spi_is_pending(vgic_pintid(vcpu->vm, intid));
}

void vgic_unlink_locked(struct vcpu *vcpu, uint32_t intid)
{
	vgic_bank_of(vcpu, intid)->line &= ~vgic_bit(intid);
	if (intid < INTID_SPI) {
		/* else the vCPU has left its CPU, and took the state with it */
		if (vcpu == vcpu_loaded()) {
			gic_deactivate(intid);
		}
	} else {
		gic_deactivate_spi(vgic_pintid(vcpu->vm, intid));
	}
}

void vgic_link_sample_private_locked(struct vcpu *vcpu)
{
	struct vgic_bank *bank = &vcpu->vgic.bank;

	bank->fallen = 0;
	for (uint32_t word = bank->hw & bank->line; word != 0; word &= word - 1) {
		uint32_t intid = (uint32_t)__builtin_ctz(word);

		if (vgic_link_asserted(vcpu, intid)) {
			continue;
		}
		if ((bank->active & vgic_bit(intid)) != 0) {
			bank->fallen |= vgic_bit(intid);
		} else {
			vgic_unlink_locked(vcpu, intid);
		}
	}
}

uint32_t vgic_link_sample_locked(struct vm *vm, uint32_t n)
{
	const struct vgic_bank *bank = &vm->vgic.bank[n - 1];
	uint32_t pending = 0;

	for (uint32_t word = bank->hw & ~bank->line; word != 0; word &= word - 1) {
		uint32_t intid = 32 * n + (uint32_t)__builtin_ctz(word);

		pending |= gic_spi_is_pending(vgic_pintid(vm, intid)) ? vgic_bit(intid) : 0;
	}
	return pending;
}

void vgic_link_clear_pending_locked(struct vm *vm, uint32_t n, uint32_t mask)
{
	for (mask &= vm->vgic.bank[n - 1].hw; mask != 0; mask &= mask - 1) {
		gic_clear_spi_pending(vgic_pintid(vm, 32 * n + (uint32_t)__builtin_ctz(mask)));
	}
}

void vgic_link_enable_locked(struct vm *vm, uint32_t n, uint32_t mask)
{
	const struct vgic_bank *bank = &vm->vgic.bank[n - 1];

	for (mask &= bank->hw; mask != 0; mask &= mask - 1) {
		uint32_t intid = 32 * n + (uint32_t)__builtin_ctz(mask);

		vgic_link_route_locked(vm, intid);
		gic_set_spi_enable(vgic_pintid(vm, intid), (bank->enabled & vgic_bit(intid)) != 0);
	}
}

void vgic_link_route_locked(struct vm *vm, uint32_t intid)
{
	struct vcpu *target = vgic_target(NULL, vm, intid);

	if ((bank_of(vm, intid)->hw & vgic_bit(intid)) != 0 && target != NULL) {
		gic_route_spi(vgic_pintid(vm, intid), target->cpu_mpidr);
	}
}

void vgic_link_follow(struct vcpu *vcpu)
{
	struct vm *vm = vcpu->vm;
	uint32_t banks = 0;

	spin_lock(&vm->vgic.lock);
	for (uint32_t n = 0; n < vm->vgic.bank_count; n++) {
		banks |= vm->vgic.bank[n].hw != 0 ? UINT32_C(1) << n : 0;
	}
	vcpu->vgic.follow = banks;
	spin_unlock(&vm->vgic.lock);
	if (banks != 0) {
		vcpu_post(vcpu, VCPU_EVENT_VGIC);
	}
}

void vgic_link_follow_locked(struct vcpu *vcpu)
{
	struct vm *vm = vcpu->vm;
	uint32_t n = (uint32_t)__builtin_ctz(vcpu->vgic.follow);

	SPIN_ASSERT_HELD(&vm->vgic.lock);
	vcpu->vgic.follow &= vcpu->vgic.follow - 1;
	for (uint32_t word = vm->vgic.bank[n].hw; word != 0; word &= word - 1) {
		uint32_t spi = 32 * n + (uint32_t)__builtin_ctz(word);

		if (vm->vgic.route[spi] == vcpu->index) {
			vgic_link_route_locked(vm, INTID_SPI + spi);
		}
	}
	if (vcpu->vgic.follow != 0) {
		vcpu_post(vcpu, VCPU_EVENT_VGIC);
	}
}

void vgic_link_reset_locked(struct vm *vm, uint32_t intid)
{
	uint32_t pintid = vgic_pintid(vm, intid);

	SPIN_ASSERT_HELD(&vm->vgic.lock);
	/* off before it is let go, so that it does not come at once */
	gic_set_spi_enable(pintid, false);
	gic_clear_spi_pending(pintid);
	gic_deactivate_spi(pintid);
}
