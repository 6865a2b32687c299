/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hypercalls as guests see them: docs/hypercalls.md. Plain data, also for programs of guests; all
 * little-endian, no padding that is not named.
 *
 * What is here stays: a structure grows at its end, and `size` says how much of it there is.
 */
#ifndef CORE_EXIT_HYPERCALL_TYPES_H
#define CORE_EXIT_HYPERCALL_TYPES_H

#include "core/base/types.h"

/* Function ids: the range of a hypervisor's own services, SMC32 and SMC64 fast calls (DEN 0028F 6),
 * and the number. */
#define HYPERCALL_ID32(n)  (UINT32_C(0x86000000) + (n))
#define HYPERCALL_ID64(n)  (UINT32_C(0xc6000000) + (n))
#define HYPERCALL_UID	   HYPERCALL_ID32(0xff01)
#define HYPERCALL_REVISION HYPERCALL_ID32(0xff03)

/* 8d707460-e315-4fb5-9466-1fca26644273, as x0 to x3 of HYPERCALL_UID have it */
#define HYPERCALL_UUID                                                                             \
	{                                                                                          \
		0x6074708d, 0xb54f15e3, 0xca1f6694, 0x73426426                                     \
	}

#define HYPERCALL_MAJOR 1
#define HYPERCALL_MINOR 0

enum hypercall_number {
	HYPERCALL_YIELD = 1,
	HYPERCALL_FEATURES = 2,
	HYPERCALL_VM_LIST = 3,
	HYPERCALL_VM_INFO = 4,
	HYPERCALL_VCPU_INFO = 5,
	HYPERCALL_BOARD_INFO = 6,
	HYPERCALL_VM_START = 8,
	HYPERCALL_VM_STOP = 9,
	HYPERCALL_VM_PAUSE = 10,
	HYPERCALL_VM_RESUME = 11,
	HYPERCALL_VM_RESTART = 12,
	HYPERCALL_VM_KILL = 13,
};

/* x0 of an answer. -1 and -2 mean what they mean to PSCI. */
enum hypercall_status {
	HYPERCALL_OK = 0,
	HYPERCALL_NOT_SUPPORTED = -1,
	HYPERCALL_INVALID = -2,	    /* an argument that no call of this kind has */
	HYPERCALL_DENIED = -3,	    /* not this VM's to ask */
	HYPERCALL_BAD_ADDRESS = -4, /* the buffer is not all in the caller's RAM */
	HYPERCALL_BUSY = -5,	    /* not from the state the VM is in */
	HYPERCALL_ALREADY = -6,	    /* it is so already */
	HYPERCALL_NOT_FOUND = -7,   /* there is no such VM */
};

enum hypercall_vm_state {
	HYPERCALL_STATE_OFF,
	HYPERCALL_STATE_LOADING,
	HYPERCALL_STATE_RUNNING,
	HYPERCALL_STATE_STOPPING,
	HYPERCALL_STATE_PAUSING,
	HYPERCALL_STATE_PAUSED,
	HYPERCALL_STATE_RESTARTING, /* off, until its restart-delay-ms is over */
};

/* Why its last life ended. */
enum hypercall_vm_reason {
	HYPERCALL_REASON_NONE,
	HYPERCALL_REASON_POWEROFF,
	HYPERCALL_REASON_RESET,
	HYPERCALL_REASON_CRASH,
	HYPERCALL_REASON_STOP,
	HYPERCALL_REASON_RESTART,
	HYPERCALL_REASON_KILL,
	HYPERCALL_REASON_WATCHDOG,	/* it ran out, and the VM is started again */
	HYPERCALL_REASON_WATCHDOG_STOP, /* it ran out, and the VM stays off */
	HYPERCALL_REASON_IMAGE,		/* an image in the bundle has changed */
};

/* Each structure begins with this. */
struct hypercall_head {
	uint32_t version; /* HYPERCALL_MAJOR << 16 | HYPERCALL_MINOR */
	uint32_t size;	  /* bytes of the whole structure, also if fewer were asked for */
};

#define HYPERCALL_NAME_SIZE 32 /* with its end */

struct hypercall_vm_info {
	struct hypercall_head head;
	uint32_t id;
	uint32_t state;	 /* enum hypercall_vm_state */
	uint32_t reason; /* enum hypercall_vm_reason */
	uint32_t vcpu_count;
	uint32_t restarts; /* since boot */
	uint32_t reserved;
	uint64_t memory; /* bytes */
	uint64_t ran;	 /* nanoseconds, all vCPUs since boot, where a CPU is shared */
	uint64_t stolen; /* likewise: ready, while others had the CPU */
	char name[HYPERCALL_NAME_SIZE];
};

enum hypercall_power {
	HYPERCALL_POWER_OFF,
	HYPERCALL_POWER_ON_PENDING,
	HYPERCALL_POWER_ON,
};

#define HYPERCALL_VCPU_SHARES 1 /* flags: its CPU has choices, and so its times are counted */

struct hypercall_vcpu_info {
	struct hypercall_head head;
	uint32_t vm;
	uint32_t index;
	uint32_t cpu;	/* physical */
	uint32_t power; /* enum hypercall_power */
	uint32_t flags;
	uint32_t priority;
	uint64_t mpidr;
	uint64_t ran;	       /* nanoseconds since boot */
	uint64_t stolen;       /* likewise */
	uint64_t stolen_alive; /* since its VM started: what PV_TIME_ST tells the guest */
	uint64_t slice;	       /* nanoseconds */
	uint64_t budget;       /* in each period; 0: none */
	uint64_t period;
};

struct hypercall_board_info {
	struct hypercall_head head;
	uint32_t vm_count;
	uint32_t pages_used, pages_left; /* of EL2's memory, 4 KiB each */
	uint32_t reserved;
	uint64_t counter;	    /* CNTPCT_EL0 now */
	uint64_t counter_frequency; /* ticks per second */
	char build[HYPERCALL_NAME_SIZE];
};

#define HYPERCALL_ARGS	    4
#define HYPERCALL_DATA_SIZE 256 /* the largest structure has fewer bytes */

/* One call, wherever it came from. */
struct hypercall {
	uint32_t number;
	uint64_t arg[HYPERCALL_ARGS];
	/* the answer: */
	int32_t status;
	uint64_t result[2];
	uint32_t data_size; /* 0: it gives no structure */
	uint8_t data[HYPERCALL_DATA_SIZE] __attribute__((aligned(8)));
};

/* The registers of a `bulkhead,control` device. */
#define HYPERCALL_PAGE_MAGIC UINT32_C(0x43564842) /* "BHVC" */

struct hypercall_page {
	uint32_t magic;	  /* read-only */
	uint32_t version; /* read-only: as in struct hypercall_head */
	uint32_t number;  /* writing it makes the call */
	int32_t status;	  /* read-only from here on, but for the arguments */
	uint64_t arg[HYPERCALL_ARGS];
	uint64_t result[2];
	uint32_t data_size;
	uint32_t reserved[47];
	uint8_t data[HYPERCALL_DATA_SIZE];
};

_Static_assert(sizeof(struct hypercall_vm_info) == 88, "as documented");
_Static_assert(sizeof(struct hypercall_vcpu_info) == 88, "as documented");
_Static_assert(sizeof(struct hypercall_board_info) == 72, "as documented");
_Static_assert(__builtin_offsetof(struct hypercall_page, data) == 0x100, "as documented");

#endif
