/* SPDX-License-Identifier: Apache-2.0 */
/* Faults of EL2 itself, and panics: what is printed, and how it ends. */
#ifndef CORE_EXIT_EL2_FAULT_H
#define CORE_EXIT_EL2_FAULT_H

#include "core/base/percpu.h"

/* As vectors.S stores it. */
struct el2_frame {
	uint64_t x[31];
	uint64_t sp, pc, spsr;
};

/* From vectors.S, on the emergency stack. Returns only when the fault was expected by
 * probe_read32() or el2_take_serror(). */
void el2_fault(struct el2_frame *frame);

/* Takes an SError that is pending, and goes on. No guest's registers are in the CPU. */
void el2_take_serror(void);

/* Where el2_take_serror() takes it (vectors.S). */
extern const char take_serror_begin[], take_serror_end[];

/* The load of probe_read32(), and where it goes on after an abort (vectors.S). */
extern const char probe_instruction[], probe_fixup[];

/* EL2's vector tables: they differ in what an interrupt of a guest leads to. The last notes the
 * time of each exit: core/exit/times.h. */
extern const char el2_vectors[], el2_vectors_gicv2[], el2_vectors_timed[];

/* Reads a word that may not be there; before guests run. 0 or -EFAULT. */
int probe_read32(const volatile uint32_t *at, uint32_t *value);

/* Registers panic() and halt(). */
void el2_fault_init(void);

/* Other CPUs are up: a panic stops them. */
void el2_fault_set_smp(void);

/* When a panic has been reported: the board is reset instead of stopped. */
void el2_fault_set_reboot(bool reboot);

/* Another CPU panics: says what ran here and stops. From the stop SGI. */
void el2_fault_stop(void) __attribute__((noreturn));

/* "name+0x12" for an address in the image's text, or "?". Returns buf. */
const char *symbol_name(uint64_t address, char *buf, size_t size);

#endif
