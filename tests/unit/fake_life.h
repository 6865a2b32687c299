/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CPUs for the tests of a VM's life: each step is one round of the run loop, and where two of them
 * share something others may go on in between. VM 0 has all CPUs but the last; VM 1 has that one.
 */
#ifndef TESTS_UNIT_FAKE_LIFE_H
#define TESTS_UNIT_FAKE_LIFE_H

#include <setjmp.h>

#include "core/vm/life.h"
#include "tests/unit/random.h"

#define FAKE_VCPUS	4
#define FAKE_REFUSED	2
#define FAKE_RAM	GIB(1)
#define FAKE_ENTRY	(FAKE_RAM + 0x80000)
#define FAKE_DTB	(FAKE_RAM + MIB(2))
#define FAKE_LOAD_STEPS 3 /* of loading a VM */
#define FAKE_SAID_MAX	8192

extern struct vm fake_vms[2];
extern struct vm_config fake_configs[3]; /* that of FAKE_REFUSED has no VM */
extern struct vcpu fake_vcpus[FAKE_VCPUS + 1];

/* What the log was told. */
extern char fake_said[FAKE_SAID_MAX];

/* The guest's stack from 8 GiB on: two words are a frame record. */
extern uint64_t fake_frames[64];

struct fake_sim {
	struct vcpu *cpu; /* whose CPU is looked at */
	bool busy[FAKE_VCPUS + 1];
	jmp_buf *out;
	uint32_t rounds;
	uint32_t locks;
	struct random random;
	bool interleave;
	uint32_t depth;
	void (*meanwhile)(void); /* what others do before the next lock is taken, once */
	void (*at_point)(void);	 /* the same, where `points` of such places have been passed */
	uint32_t points;
	void (*guest_acts)(uint32_t cpu); /* what a guest does when its CPU goes on */
	/* the life in which a guest has ended its VM's, and 1: it is not entered in that one again
	 */
	uint32_t gone[FAKE_VCPUS + 1];
	uint64_t now;
	uint32_t timers_held; /* vCPUs whose timers are as vtimer_pause() leaves them */
	bool interrupt;	      /* one is pending for whoever asks */
	bool load_is_bad;
	struct vcpu *ends_on[2]; /* whose CPU a VM's end goes on on; NULL: none is under way */
	uint32_t kicked;	 /* CPUs, by a bit each: cleared by who looks */
	/* how often */
	uint32_t busy_looks; /* at a device that the board's still work for: so many to come */
	bool lost;	     /* and that has no end */
	uint32_t resets, vgic_resets, vgic_steps, loads, all_offs, starts, sends, follows;
	uint32_t unchecked[2]; /* loads of each VM's images as they are */
};
extern struct fake_sim fake_sim;

/* Before each test. */
int fake_life_set_up(void **state);

bool fake_has_said(const char *part);

/* One round of the run loop of this CPU. */
void fake_step(uint32_t cpu);

/* A CPU goes on: its guest does something, if it runs one, or it looks at what was posted. */
void fake_go_on(uint32_t cpu);

/* The guest of this CPU turns it off. */
void fake_cpu_off(uint32_t cpu);

/* Until nothing is left to do. */
void fake_settle(void);

/* Asserts that no vCPU of the VM is in a CPU. */
void fake_nothing_runs(const struct vm *of);

#endif
