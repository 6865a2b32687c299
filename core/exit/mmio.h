/* SPDX-License-Identifier: Apache-2.0 */
/* Stage-2 data aborts: an access to a device model, or to nothing. */
#ifndef CORE_EXIT_MMIO_H
#define CORE_EXIT_MMIO_H

#include "core/arm64/esr.h"
#include "core/arm64/sysreg.h"
#include "core/base/errno.h"
#include "core/exit/action.h"
#include "core/vm/vm.h"

/* One decoded access. */
struct mmio_access {
	uint64_t ipa;
	uint8_t size; /* bytes: 1, 2, 4, 8 */
	uint8_t rt;   /* 31: the zero register */
	bool write;
	bool sign_extend; /* loads */
	bool sf;	  /* loads: into Xt, not Wt */
};

/* Value that an emulated load leaves in Xt or Wt: sign-extended where asked, bits [63:32] of a W
 * clear. Pure. */
static inline uint64_t mmio_extend_load(uint8_t size, bool sign_extend, bool sf, uint64_t raw)
{
	unsigned int unused = 64 - 8U * size;
	uint64_t value = raw << unused;

	value = sign_extend ? (uint64_t)((int64_t)value >> unused) : value >> unused;
	return sf ? value : (uint32_t)value;
}

/* What an access goes to. */
struct mmio_target {
	const struct mmio_ops *ops;
	void *dev;
	uint32_t off;
};

/*
 * The model of an access at `ipa`: where the last one went, or looked up. 0; -ENODEV: none is
 * there; -EINVAL: it takes no access of this size or alignment.
 */
static inline int mmio_aim(struct vcpu *vcpu, uint64_t ipa, uint32_t size,
			   struct mmio_target *target)
{
	const struct mmio_region *region = vcpu->mmio_last;

	if (unlikely(ipa - region->ipa >= region->size)) {
		region = mmio_map_find(&vcpu->vm->mmio, ipa);
		if (region == NULL) {
			return -ENODEV;
		}
		vcpu->mmio_last = region;
	}
	target->ops = region->ops;
	target->dev = region->dev;
	target->off = (uint32_t)(ipa - region->ipa);
	return unlikely((target->ops->sizes & size) == 0 || (target->off & (size - 1)) != 0) ?
		       -EINVAL :
		       0;
}

static inline uint64_t mmio_fault_ipa(void)
{
	return HPFAR_TO_IPA(sysreg_read(hpfar_el2)) | (sysreg_read(far_el2) & (PAGE_SIZE - 1));
}

/* Everything that is no plain load or store of one register at a model; what a model has answered
 * that is not 0, or 0 when none was asked. */
enum exit_action mmio_abort_slowly(struct vcpu *vcpu, uint64_t esr, int err);

/* The syndrome, ISV set, of a plain load or store of one register where stage 2 has nothing. */
#define MMIO_PLAIN_MASK (ESR_FSC_TYPE | ESR_S1PTW | ESR_FNV | ESR_DABT_CM)
#define MMIO_PLAIN	FIELD_PREP(ESR_FSC_TYPE, FSC_TRANSLATION)

/*
 * The abort described by `esr` (EC_DABT_LOWER), of a loaded vCPU on its CPU. Inline in the exit
 * path, with little alive across the model's code.
 */
static inline __attribute__((always_inline)) enum exit_action mmio_abort(struct vcpu *vcpu,
									 uint64_t esr)
{
	uint32_t size = 1U << FIELD_GET(ESR_DABT_SAS, esr);
	uint32_t rt = (uint32_t)FIELD_GET(ESR_DABT_SRT, esr);
	struct mmio_target to;
	uint64_t value = 0;
	int err;

	if (unlikely((esr & ESR_DABT_ISV) == 0 || (esr & MMIO_PLAIN_MASK) != MMIO_PLAIN)) {
		return mmio_abort_slowly(vcpu, esr, 0);
	}
	err = mmio_aim(vcpu, mmio_fault_ipa(), size, &to);
	if (unlikely(err != 0)) {
		return mmio_abort_slowly(vcpu, esr, err);
	}
	if ((esr & ESR_DABT_WNR) != 0) {
		value = vcpu_reg(vcpu, rt) & (UINT64_MAX >> (64 - 8 * size));
		err = to.ops->write(vcpu, to.dev, to.off, size, value);
	} else {
		err = to.ops->read(vcpu, to.dev, to.off, size, &value);
		/* `size` bytes are as an unsigned load has them */
		if (unlikely((esr & ESR_DABT_SSE) != 0)) {
			value = mmio_extend_load((uint8_t)(1U << FIELD_GET(ESR_DABT_SAS, esr)),
						 true, (esr & ESR_DABT_SF) != 0, value);
		}
		if (likely(err == 0)) {
			vcpu_set_reg(vcpu, (uint32_t)FIELD_GET(ESR_DABT_SRT, esr), value);
		}
	}
	return likely(err == 0) ? EXIT_ADVANCE : mmio_abort_slowly(vcpu, esr, err);
}

#endif
