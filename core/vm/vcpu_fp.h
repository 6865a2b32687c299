/* SPDX-License-Identifier: Apache-2.0 */
/* FP and SIMD registers: the only code at EL2 that names them. */
#ifndef CORE_VM_VCPU_FP_H
#define CORE_VM_VCPU_FP_H

/* All of them, FPCR and FPSR to zero, in this CPU. */
void vcpu_fp_clear(void);

#endif
