/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Three VMs for the tests of hypercalls, and what the calls look at: the boss manages the worker,
 * nobody manages the stranger. The boss's RAM is two extents that follow each other in its space
 * and lie apart in memory.
 */
#ifndef TESTS_UNIT_FAKE_HYPERCALL_H
#define TESTS_UNIT_FAKE_HYPERCALL_H

#include "core/exit/hypercall.h"
#include "core/vm/vm.h"
#include "drivers/virtio/balloon.h"
#include "drivers/virtio/vsock.h"
#include "mm/frames.h"

enum {
	BOSS,
	WORKER,
	STRANGER,
	FAKE_VMS,
};

#define FAKE_VCPUS   2 /* of each */
#define FAKE_CPUS    4 /* of the board; the last is not up */
#define FAKE_RAM     GIB(1)
#define FAKE_EXTENT  UINT64_C(4096)
#define FAKE_RAM_END (FAKE_RAM + 2 * FAKE_EXTENT)
#define FAKE_HZ	     UINT64_C(1000000)
#define FAKE_SPIS    64
#define FAKE_GRANTS  100
#define FAKE_RECORDS 5000 /* of each CPU's trace */
#define FAKE_DISK    3	  /* of these: what is written to a disk of the stranger's */
#define FAKE_SHARED  6	  /* what VMs share */
#define FAKE_SHARE   98	  /* and that as the stranger has it */
#define FAKE_WINDOWS 64
#define FAKE_LEAVES  40
#define FAKE_CANARY  0xa5
#define FAKE_BANNER  7		   /* lines */
#define FAKE_LAST    "so it ended" /* what the boss said before the reset */

/* Ports of networks: of the boss, the worker, the stranger, an uplink, and so on. A counter of the
 * n-th port is FAKE_COUNT(n) and what it is the how-manieth. */
#define FAKE_PORTS	 30
#define FAKE_COUNT(n, i) (((n) + UINT64_C(1)) << 40 | (i))
#define FAKE_NIC	 "/virtio_mmio@a000200"

/* The board's tree: a dtb of more than one piece, with FAKE_SEEDS bytes of 0xee. */
#define FAKE_SEED  0xee
#define FAKE_SEEDS (32 + 8 + 8)
const uint8_t *fake_tree(uint32_t *size);

extern struct vm fake_vms[FAKE_VMS];
extern struct vcpu fake_vcpus[FAKE_VMS][FAKE_VCPUS];
extern struct vm_config fake_configs[FAKE_VMS];
extern struct sched_cpu fake_cpus[FAKE_CPUS];

struct fake_calls {
	uint64_t now; /* ticks */
	/* what the verbs answer, and how often and about whom they were asked last */
	int answer;
	uint32_t asked, number;
	const struct vm *about, *by;
	uint32_t index, value;
	uint64_t bytes;		     /* it shall have */
	struct balloon_view balloon; /* of each, but for one: */
	uint32_t no_balloon;	     /* its id + 1 */
	const struct vm *news;	     /* whose guest is asked for them */
	struct vsock_view sockets;   /* of each, but for one: */
	uint32_t no_sockets;	     /* its id + 1 */
	bool nic_broken;
	uint64_t driven;   /* which ports have drivers, by bit */
	uint32_t finished; /* how often the console was */
	/* the questions about registers, by who asks: NULL: none or answered */
	struct vcpu *asked_regs[FAKE_VMS];
	uint32_t irqs;	   /* INTIDs the board has taken, from 32 on */
	bool all_irqs;	   /* each SPI of a VM is on */
	bool shared_trace; /* others' exits are in it */
	bool knew;	   /* whose the first was that was looked at */
	bool lost_trace;   /* what the trace said was made over meanwhile */
};
extern struct fake_calls fake_calls;

/* Before each test. */
int fake_hypercall_set_up(void **state);

/* The boss's RAM, filled with FAKE_CANARY: `at` is from its start on. */
uint8_t *fake_byte(uint64_t at);

/* How many of its bytes are not the canary any more. */
uint32_t fake_written(void);

/* Owners of vCPUs answer all questions. */
void fake_answer_regs(void);

#endif
