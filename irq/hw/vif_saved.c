/* SPDX-License-Identifier: Apache-2.0 */
/*
 * List registers in memory, of a vCPU that is not in a CPU: what others find there is what they
 * would find in the hardware. IHI 0069H 12.4.
 */
#include "core/arm64/sysreg.h"
#include "irq/hw/vif_types.h"

static struct vif_saved *saved_of(const struct vif *vif)
{
	return vif->state;
}

static uint64_t lr_read(const struct vif *vif, uint32_t n)
{
	return saved_of(vif)->lr[n];
}

static void lr_write(const struct vif *vif, uint32_t n, uint64_t value)
{
	saved_of(vif)->lr[n] = value;
}

static bool is_invalid(uint64_t lr)
{
	return (lr & ICH_LR_STATE) == 0;
}

/* One whose EOI asks for maintenance is not called empty: ICH_ELRSR_EL2. */
static bool asks(uint64_t lr)
{
	return is_invalid(lr) && (lr & (ICH_LR_HW | ICH_LR_EOI)) == ICH_LR_EOI;
}

static bool lr_refill(const struct vif *vif, uint32_t n, uint64_t value)
{
	if (!is_invalid(lr_read(vif, n))) {
		return false;
	}
	lr_write(vif, n, value);
	return true;
}

static uint32_t empty(const struct vif *vif)
{
	uint32_t bits = 0;

	for (uint32_t n = 0; n < VIF_LR_MAX; n++) {
		uint64_t lr = lr_read(vif, n);

		bits |= (uint32_t)(is_invalid(lr) && !asks(lr)) << n;
	}
	return bits;
}

static uint32_t eoi(const struct vif *vif)
{
	uint32_t bits = 0;

	for (uint32_t n = 0; n < VIF_LR_MAX; n++) {
		bits |= (uint32_t)asks(lr_read(vif, n)) << n;
	}
	return bits;
}

static uint64_t hcr_read(const struct vif *vif)
{
	return saved_of(vif)->hcr;
}

static void hcr_write(const struct vif *vif, uint64_t hcr)
{
	saved_of(vif)->hcr = hcr;
}

static uint64_t vmcr_read(const struct vif *vif)
{
	return saved_of(vif)->vmcr;
}

static void vmcr_write(const struct vif *vif, uint64_t vmcr)
{
	saved_of(vif)->vmcr = vmcr;
}

static void clear_active_priorities(const struct vif *vif)
{
	struct vif_saved *saved = saved_of(vif);

	for (uint32_t i = 0; i < VIF_PRIORITIES; i++) {
		saved->ap0r[i] = 0;
		saved->ap1r[i] = 0;
	}
}

static bool is_idle(const struct vif *vif)
{
	const struct vif_saved *saved = saved_of(vif);
	uint32_t active = 0;

	for (uint32_t i = 0; i < VIF_PRIORITIES; i++) {
		active |= saved->ap0r[i] | saved->ap1r[i];
	}
	return active == 0;
}

const struct vif_ops vif_saved_ops = {
	.lr_read = lr_read,
	.lr_write = lr_write,
	.lr_refill = lr_refill,
	.empty = empty,
	.eoi = eoi,
	.hcr_read = hcr_read,
	.hcr_write = hcr_write,
	.vmcr_read = vmcr_read,
	.vmcr_write = vmcr_write,
	.clear_active_priorities = clear_active_priorities,
	.is_idle = is_idle,
};
