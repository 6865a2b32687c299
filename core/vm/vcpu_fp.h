/* SPDX-License-Identifier: Apache-2.0 */
/* FP and SIMD registers: the only code at EL2 that names them. Not trapped now (CPTR_EL2.TFP). */
#ifndef CORE_VM_VCPU_FP_H
#define CORE_VM_VCPU_FP_H

#include "core/vm/vcpu_regs.h"

/* This CPU's, to memory and back. */
void vcpu_fp_save(struct fp_regs *regs);
void vcpu_fp_load(const struct fp_regs *regs);

#endif
