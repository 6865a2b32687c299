/* SPDX-License-Identifier: Apache-2.0 */
/* Stage-2 data aborts: an access to a device model, or to nothing. */
#ifndef CORE_EXIT_MMIO_H
#define CORE_EXIT_MMIO_H

#include "core/arm64/esr.h"
#include "core/exit/action.h"
#include "core/vm/vcpu.h"

/* One decoded access. */
struct mmio_access {
	uint64_t ipa;
	uint8_t size; /* bytes: 1, 2, 4, 8 */
	uint8_t rt;   /* 31: the zero register */
	bool write;
	bool sign_extend; /* loads */
	bool sf;	  /* loads: into Xt, not Wt */
};

/* The abort described by `esr` (EC_DABT_LOWER), of a loaded vCPU on its CPU. */
enum exit_action mmio_abort(struct vcpu *vcpu, uint64_t esr);

/* Value that an emulated load leaves in Xt or Wt: sign-extended where asked, bits [63:32] of a W
 * clear. Pure. */
static inline uint64_t mmio_extend_load(uint8_t size, bool sign_extend, bool sf, uint64_t raw)
{
	unsigned int unused = 64 - 8U * size;
	uint64_t value = raw << unused;

	value = sign_extend ? (uint64_t)((int64_t)value >> unused) : value >> unused;
	return sf ? value : (uint32_t)value;
}

#endif
