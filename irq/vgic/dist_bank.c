/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The distributor's registers of a bit, two bits or a byte per interrupt, of GICv3 and GICv2. Those
 * of private interrupts are the CPU's own in a GICv2 (IHI 0048B 4.3); in a GICv3 with affinity
 * routing they are in the redistributors, and RAZ/WI here (IHI 0069H 12.9).
 */
#include "irq/vgic/bank_regs.h"
#include "irq/vgic/vgic_frames.h"

#define SGI_BITS UINT32_C(0xffff)

static bool is_here(const struct vcpu *vcpu, uint32_t n)
{
	return n != 0 || vcpu->vm->vgic.v2;
}

/*
 * What a write changes in word n. A GICv2's SGIs are always enabled, as GIC-400 has them (IHI 0048B
 * GICD_ISENABLERn leaves it open); they become pending and cease to be by GICD_SPENDSGIRn and
 * GICD_CPENDSGIRn alone.
 */
static uint32_t changed_by(const struct vcpu *vcpu, uint32_t n, uint64_t value)
{
	return n != 0 ? (uint32_t)value : is_here(vcpu, n) ? (uint32_t)value & ~SGI_BITS : 0;
}

#define BANK_WORD(NAME, WORD)                                                                      \
	VREG_READ_SHARED(vgic_dist_read_##NAME)                                                    \
	{                                                                                          \
		*value = 0;                                                                        \
		return is_here(vcpu, index) ? bank_read(vcpu, vcpu, index, WORD, value) : 0;       \
	}
BANK_WORD(group, BANK_GROUP)
BANK_WORD(enabled, BANK_ENABLED)
BANK_WORD(pending, BANK_PENDING)
BANK_WORD(active, BANK_ACTIVE)

VREG_WRITE_SHARED(vgic_dist_write_group)
{
	return is_here(vcpu, index) ? bank_write_group(vcpu, index, (uint32_t)value) : 0;
}

VREG_WRITE_SHARED(vgic_dist_write_isenable)
{
	return bank_enable(vcpu, index, changed_by(vcpu, index, value));
}

VREG_WRITE_SHARED(vgic_dist_write_icenable)
{
	return bank_disable(vcpu, index, changed_by(vcpu, index, value));
}

VREG_WRITE_SHARED(vgic_dist_write_ispend)
{
	return bank_pend(vcpu, vcpu, index, changed_by(vcpu, index, value), true);
}

VREG_WRITE_SHARED(vgic_dist_write_icpend)
{
	return bank_pend(vcpu, vcpu, index, changed_by(vcpu, index, value), false);
}

VREG_WRITE_SHARED(vgic_dist_write_isactive)
{
	return is_here(vcpu, index) ? bank_activate(vcpu, vcpu, index, (uint32_t)value, true) : 0;
}

VREG_WRITE_SHARED(vgic_dist_write_icactive)
{
	return is_here(vcpu, index) ? bank_activate(vcpu, vcpu, index, (uint32_t)value, false) : 0;
}

VREG_READ_SHARED(vgic_dist_read_priority)
{
	*value = is_here(vcpu, index / 32) ? bank_read_priority(vcpu, index, size) : 0;
	return 0;
}

VREG_WRITE_SHARED(vgic_dist_write_priority)
{
	if (is_here(vcpu, index / 32)) {
		bank_write_priority(vcpu, index, size, value);
	}
	return 0;
}

VREG_READ_SHARED(vgic_dist_read_config)
{
	*value = is_here(vcpu, index / 2) ? bank_read_config(vcpu, index) : 0;
	return 0;
}

VREG_WRITE_SHARED(vgic_dist_write_config)
{
	/* SGIs are edge-triggered */
	if (index != 0 && is_here(vcpu, index / 2)) {
		return bank_write_config(vcpu, index, (uint32_t)value);
	}
	return 0;
}
