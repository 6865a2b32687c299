/* SPDX-License-Identifier: Apache-2.0 */
/* The call that is answered ahead of all others; the others:
 * core/exit/hypercall_types.h. */
#ifndef CORE_EXIT_HYPERCALL_IDS_H
#define CORE_EXIT_HYPERCALL_IDS_H

/* SMC64 form, by HVC: equals of the vCPU's priority, and other vCPUs of its VM, go first on this
 * CPU. Value: 0.
 */
#define HYPERCALL_YIELD_ID 0xc6000001

#endif
