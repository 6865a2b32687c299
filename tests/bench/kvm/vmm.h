/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of KVM's VMM share. Its guest is the bench's own, and trusted. */
#ifndef TESTS_BENCH_KVM_VMM_H
#define TESTS_BENCH_KVM_VMM_H

#include <linux/kvm.h>
#include <stdbool.h>
#include <stdint.h>

#define CPUS 2

#define RAM_BASE 0x40000000UL
#define RAM_SIZE 0x4000000UL

struct vm {
	int fd;
	int vcpu[CPUS];
	struct kvm_run *run[CPUS];
	uint8_t *ram;
};

/* Prints what failed and why, and ends the machine. */
__attribute__((noreturn)) void fail(const char *what);

/* The result of a system call, which fails if that is negative. */
int must(int result, const char *what);

/* This thread, or the one of that id: only there from now on. */
void pin(int thread, int cpu);

/* Where something of the guest's RAM is in this process. */
static inline void *vm_memory(const struct vm *vm, uint64_t address)
{
	return vm->ram + (address - RAM_BASE);
}

#endif
