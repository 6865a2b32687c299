/* SPDX-License-Identifier: Apache-2.0 */
/* Calls of Bulkhead's own: vendor-specific hypervisor service, fast, SMC64 (DEN 0028F 6.2). */
#ifndef CORE_EXIT_HYPERCALL_IDS_H
#define CORE_EXIT_HYPERCALL_IDS_H

/* By HVC: equals of the vCPU's priority, and other vCPUs of its VM, go first on this CPU. Value: 0.
 */
#define HYPERCALL_YIELD 0xc6000001

#endif
