/* SPDX-License-Identifier: Apache-2.0 */
/* What exit.c calls, counted; and an exit taken in one stage and in two. */
#ifndef TESTS_UNIT_FAKE_EXIT_H
#define TESTS_UNIT_FAKE_EXIT_H

#include "core/arm64/sysreg.h"
#include "core/exit/exit.h"
#include "core/vm/vm.h"

#define DEVICE	 UINT64_C(0x09000000)
#define HOLE	 UINT64_C(0x0a000000)
#define PAGE_VA	 UINT64_C(0xffff000000001000)
#define PC	 UINT64_C(0x40080000)
#define PATTERN	 UINT64_C(0x5a3c0f96a5c3f069)
#define POISON	 UINT64_C(0xdead2bad4badbeef)
#define LATE	 19 /* the first register that is not in memory at first */
#define LATE_END 29

extern struct vm fake_vm;
extern struct vcpu fake_vcpu;

/* All that an exit may change, but for what is in struct vcpu and the registers of EL2. */
extern struct world {
	uint8_t bytes[64]; /* of the device */
	uint32_t accesses, undefs, aborts, calls, sgis, deactivated, timer_writes, set_ways;
	uint32_t stops, crashes, runs, complaints, yields, admitted;
	uint64_t sgi, timer_value, timer_reg, fault_far;
} world;

/* The device's answer; what the vgic can do at once; the board has a GICv2; what another vCPU has
 * been using. */
extern int device_err;
extern bool sgis_can_be_taken, list_again_works, hardware_v2, fp_denied, debug_denied, keys_denied;

/* Physical interrupts: what acknowledges give, and what became of them. SErrors passed on. */
extern uint32_t acknowledged, ended, physically_deactivated, handled, serrors;

/* Where and how the guest was when it came: set_up() has a device's register, at EL1. */
extern uint64_t exit_ipa, exit_pstate;

int set_up(void **state);

/* Everything as it is when an exit of this syndrome begins. */
void prepare(uint64_t esr);

/* The register is in memory from the second stage on only. */
bool is_late(uint32_t rt);

/* As vectors.S does it: x19 to x28 come to memory between the stages. True: there was a second. */
bool in_stages(uint64_t esr, uint64_t *first_action);

/* The action of the first stage; both outcomes are the same. */
uint64_t same_both_ways(uint64_t esr);

#endif
