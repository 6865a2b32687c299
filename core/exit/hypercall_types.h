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
#define HYPERCALL_MINOR 2

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
	HYPERCALL_VCPU_SET_CPU = 14,
	HYPERCALL_VCPU_SET_PRIORITY = 15,
	/* 16 numbered the bytes of a log with 32 bits: it is no call any more */
	HYPERCALL_VCPU_STAT = 17,
	HYPERCALL_VCPU_REGS = 18,
	HYPERCALL_VCPU_TRACE = 19,
	HYPERCALL_IRQS = 20,
	HYPERCALL_MEMORY = 21,
	HYPERCALL_AUDIT = 22,
	HYPERCALL_CPU_INFO = 23,
	HYPERCALL_CPU_WINDOWS = 24,
	HYPERCALL_LOG_READ = 25,
	HYPERCALL_LOG_LAST = 26,
	HYPERCALL_VM_TIMES = 27,
	HYPERCALL_VM_WAITS = 28,
	HYPERCALL_VM_MEASURE = 29,
	HYPERCALL_BOARD_RESET = 30,
	HYPERCALL_BOARD_OFF = 31,
	HYPERCALL_BOARD_BANNER = 32,
	HYPERCALL_BOARD_TREE = 33,
	HYPERCALL_VM_BALLOON = 34,
	HYPERCALL_VM_SET_MEMORY = 35,
	HYPERCALL_PORTS = 36,
	HYPERCALL_VM_SOCKETS = 37,
};

/* In place of a VM's id: the hypervisor's log, the board's interrupts and memory, all ports. For
 * who manages all other VMs. */
#define HYPERCALL_BOARD UINT32_C(0xffffffff)

/* x0 of an answer. -1 and -2 mean what they mean to PSCI. */
enum hypercall_status {
	HYPERCALL_OK = 0,
	HYPERCALL_NOT_SUPPORTED = -1,
	HYPERCALL_INVALID = -2,	    /* an argument that no call of this kind has */
	HYPERCALL_DENIED = -3,	    /* not this VM's to ask */
	HYPERCALL_BAD_ADDRESS = -4, /* the buffer is not all in the caller's RAM */
	HYPERCALL_BUSY = -5,	    /* not from the state the VM is in */
	HYPERCALL_ALREADY = -6,	    /* it is so already */
	HYPERCALL_NOT_FOUND = -7,   /* there is no such VM, log or device */
	HYPERCALL_NO_ROOM = -8,	    /* that CPU's windows, budgets or number of vCPUs forbid it */
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

#define HYPERCALL_VM_START_WAITS                                                                   \
	1 /* since 1.2: off, and waits for VMs of start-after or for its disks */

struct hypercall_vm_info {
	struct hypercall_head head;
	uint32_t id;
	uint32_t state;	 /* enum hypercall_vm_state */
	uint32_t reason; /* enum hypercall_vm_reason */
	uint32_t vcpu_count;
	uint32_t restarts; /* since boot */
	uint32_t flags;	   /* HYPERCALL_VM_START_WAITS */
	uint64_t memory;   /* bytes */
	uint64_t ran;	   /* nanoseconds, all vCPUs since boot, where a CPU is shared */
	uint64_t stolen;   /* likewise: ready, while others had the CPU */
	char name[HYPERCALL_NAME_SIZE];
};

enum hypercall_power {
	HYPERCALL_POWER_OFF,
	HYPERCALL_POWER_ON_PENDING,
	HYPERCALL_POWER_ON,
};

#define HYPERCALL_VCPU_SHARES	  1 /* flags: its CPU has choices, and so its times are counted */
#define HYPERCALL_VCPU_BACKGROUND 2 /* since 1.2: out of budget, it may have what nobody wants */

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
	uint64_t slice_left, budget_left; /* as of when the scheduler looked last */
	/* since 1.1: of a CPU that is its own, since VM_MEASURE turned that on; 0: it did not */
	uint64_t measured;
	uint64_t idle; /* of these nanoseconds */
};

struct hypercall_board_info {
	struct hypercall_head head;
	uint32_t vm_count;
	uint32_t pages_used, pages_left; /* of EL2's memory, 4 KiB each */
	uint32_t cpu_count;
	uint64_t counter;	    /* CNTPCT_EL0 now */
	uint64_t counter_frequency; /* ticks per second */
	char build[HYPERCALL_NAME_SIZE];
};

#define HYPERCALL_ARGS	    4
#define HYPERCALL_DATA_SIZE 1024 /* no structure has more bytes */

#define HYPERCALL_LOG_SIZE (HYPERCALL_DATA_SIZE - 40)

struct hypercall_log {
	struct hypercall_head head; /* size: up to the last byte of text */
	uint32_t vm;		    /* or HYPERCALL_BOARD */
	uint32_t length;	    /* of `text`; the next to ask for is begin + length */
	uint64_t begin;		    /* number of the first byte in `text` */
	uint64_t lost;		    /* bytes from the one asked for to `begin`: gone */
	uint64_t end;		    /* number of the next byte that will be written */
	char text[HYPERCALL_LOG_SIZE];
};

/* Why a guest was left. */
enum hypercall_cause {
	HYPERCALL_CAUSE_OTHER,
	HYPERCALL_CAUSE_INTERRUPT,
	HYPERCALL_CAUSE_WFI,
	HYPERCALL_CAUSE_WFE,
	HYPERCALL_CAUSE_HVC,
	HYPERCALL_CAUSE_SMC,
	HYPERCALL_CAUSE_REGISTER_READ, /* of a system register that is emulated */
	HYPERCALL_CAUSE_REGISTER_WRITE,
	HYPERCALL_CAUSE_LOAD, /* of an emulated device's register, or where nothing is */
	HYPERCALL_CAUSE_STORE,
	HYPERCALL_CAUSE_UNDEFINED,
	HYPERCALL_CAUSE_FP, /* first use since another vCPU had the CPU */
	HYPERCALL_CAUSE_PAUTH,
	HYPERCALL_CAUSE_SVE,
	HYPERCALL_CAUSE_SME,
	HYPERCALL_CAUSE_FETCH, /* where no RAM is */
	HYPERCALL_CAUSE_SERROR,
	HYPERCALL_CAUSE_REGISTER_32, /* from AArch32, here and below */
	HYPERCALL_CAUSE_DEBUG_32,
	HYPERCALL_CAUSE_VMRS_32,
	HYPERCALL_CAUSE_SMC_32,
};
#define HYPERCALL_CAUSE_COUNT 21

/* What a vCPU waits for. */
enum hypercall_wait {
	HYPERCALL_WAIT_NONE, /* it runs, or may */
	HYPERCALL_WAIT_OFF,
	HYPERCALL_WAIT_INTERRUPT,
	HYPERCALL_WAIT_ANSWER, /* another vCPU's, about an interrupt */
	HYPERCALL_WAIT_RESUME, /* its VM is paused */
};

#define HYPERCALL_CAUSE_ROOM  32
#define HYPERCALL_STAT_OTHERS 40

/* Records of a CPU's trace have numbers, from 1 on. x2 of VCPU_STAT and VCPU_TRACE, since 1.2: the
 * vCPU, and from which record; 0: the newest that have room. */
#define HYPERCALL_FROM_RECORD(vcpu, number) ((uint64_t)(number) << 16 | (vcpu))
#define HYPERCALL_RECORD_OF(next)	    ((next) >> 16)

struct hypercall_vcpu_stat {
	struct hypercall_head head;
	uint32_t vm, index;
	uint32_t wait;	/* enum hypercall_wait */
	uint32_t exits; /* its own among the last of its CPU: the sum of all causes */
	uint32_t cause[HYPERCALL_CAUSE_ROOM]; /* enum hypercall_cause */
	uint32_t interrupt[32];		      /* of the interrupts, those with these INTIDs */
	/* since 1.2: */
	uint64_t next; /* as in struct hypercall_list; HYPERCALL_FROM_RECORD() */
	uint64_t end;  /* the number of the CPU's next record */
	uint32_t other_count;
	uint32_t reserved;
	uint32_t other[HYPERCALL_STAT_OTHERS]; /* INTIDs of the other interrupts, one by one */
};

#define HYPERCALL_EL1_REGS 24

struct hypercall_vcpu_regs {
	struct hypercall_head head;
	uint32_t vm, index;
	uint32_t power; /* enum hypercall_power */
	uint32_t wait;	/* enum hypercall_wait */
	uint64_t pc, pstate;
	uint64_t x[31];
	uint64_t sctlr_el1, tcr_el1, cpacr_el1, ttbr0_el1, ttbr1_el1, mair_el1, amair_el1, vbar_el1;
	uint64_t contextidr_el1, esr_el1, far_el1, afsr0_el1, afsr1_el1, elr_el1, spsr_el1;
	uint64_t sp_el0, sp_el1, tpidr_el0, tpidrro_el0, tpidr_el1, par_el1, csselr_el1;
	uint64_t mdscr_el1, mdccint_el1;
};

/* What the calls that list something begin with; `count` records of `record_size` follow. */
struct hypercall_list {
	struct hypercall_head head; /* size: with the records that are there */
	uint32_t count;
	uint32_t record_size;
	uint64_t next; /* x2 for those that follow; HYPERCALL_LIST_END: that was all */
};

#define HYPERCALL_LIST_END UINT64_MAX

#define HYPERCALL_TRACE_MARK (UINT64_C(1) << 63)

struct hypercall_trace_record {
	/* ESR_EL2; below 0x10000 the INTID of an interrupt; with HYPERCALL_TRACE_MARK: the vCPU was
	 * loaded here */
	uint64_t what;
	uint64_t pc; /* the guest's; of a mark CNTPCT_EL0 */
};

#define HYPERCALL_IRQ_ENABLED (1U << 0)
#define HYPERCALL_IRQ_PENDING (1U << 1)
#define HYPERCALL_IRQ_ACTIVE  (1U << 2)
#define HYPERCALL_IRQ_EDGE    (1U << 3)

struct hypercall_irq_record {
	uint32_t intid;
	uint32_t flags;	   /* of a VM's */
	uint32_t priority; /* likewise */
	uint32_t vcpu;	   /* likewise: where it goes */
	uint32_t board;	   /* likewise: the board's INTID that it is; 0: none */
	uint32_t taken;	   /* of the board's: how often */
	/* of a VM's, where it is an emulated device's; since 1.2 what one of the board's is for */
	char device[HYPERCALL_NAME_SIZE];
};

#define HYPERCALL_OWNER_HYPERVISOR 0xffff
#define HYPERCALL_OWNER_EACH	   0xfffe /* each VM, at the same place */
#define HYPERCALL_OWNER_DISK	   0xfffd /* what is written to a disk is there */
#define HYPERCALL_OWNER_SHARED	   0xfffc /* VMs share it: they follow, with the same pa */

enum hypercall_memory_kind {
	HYPERCALL_MEMORY_RAM,
	HYPERCALL_MEMORY_DEVICE,
	HYPERCALL_MEMORY_READ_ONLY,
	HYPERCALL_MEMORY_SHARED, /* and may be written; shared and not so: READ_ONLY */
};

struct hypercall_memory_record {
	uint64_t pa, ipa, size;
	uint32_t owner; /* a VM's id, or one of the above */
	uint32_t kind;	/* enum hypercall_memory_kind */
	/* since 1.2: of memory that VMs share, or that is written to a disk; and whose disk that is
	 */
	char name[HYPERCALL_NAME_SIZE];
	char of[HYPERCALL_NAME_SIZE];
};

struct hypercall_audit {
	struct hypercall_head head;
	uint32_t mappings;	      /* looked at by this call */
	uint32_t faults;	      /* of these, without a grant: 0 */
	uint64_t bytes;		      /* they map */
	uint64_t first_ipa, first_pa; /* of the first fault */
	uint64_t next;		      /* as in struct hypercall_list */
};

#define HYPERCALL_CPU_UP     1 /* flags: it runs */
#define HYPERCALL_CPU_SHARED 2
#define HYPERCALL_NOBODY     UINT32_C(0xffffffff)

struct hypercall_cpu_info {
	struct hypercall_head head;
	uint32_t cpu, flags;
	uint32_t cpu_count; /* of the board */
	uint32_t vcpu_count, window_count;
	uint32_t vm, vcpu; /* who runs, where it is shared, or whose it is; or NOBODY */
	uint32_t reserved;
	uint64_t major; /* nanoseconds: all windows */
};

struct hypercall_window_record {
	uint32_t vm; /* or HYPERCALL_NOBODY */
	uint32_t reserved;
	uint64_t length; /* nanoseconds */
};

/* What VM_MEASURE turns on or off. */
enum hypercall_measure {
	HYPERCALL_MEASURE_IDLE, /* idle time, where a CPU has one vCPU: its WFI exits */
	HYPERCALL_MEASURE_TIME, /* how long exits keep EL2; from 0 on */
};

/* Only causes that there were are listed; none, where nothing is measured. */
struct hypercall_time_record {
	uint32_t vcpu;
	uint32_t cause; /* enum hypercall_cause */
	uint64_t count; /* of exits, since they are measured */
	uint64_t total; /* nanoseconds of EL2's */
	uint64_t max;	/* of the longest */
};

struct hypercall_wait_record {
	uint32_t vcpu; /* which was ready and waited */
	uint32_t vm;   /* who had its CPU meanwhile; or NOBODY: no window or budget was left */
	uint64_t time; /* nanoseconds since boot; all of a vCPU's are its `stolen` */
};

#define HYPERCALL_BALLOON_STATS 10

#define HYPERCALL_BALLOON_UP 1 /* flags: its driver works */

/* What a VM with a balloon has of its RAM, in bytes. */
struct hypercall_balloon {
	struct hypercall_head head;
	uint32_t vm;
	uint32_t flags;
	uint64_t size, min;   /* as configured */
	uint64_t now, target; /* what it has, and what it is asked to have */
	uint64_t told;	/* nanoseconds since its guest told the rest, which it is asked for now */
	uint32_t known; /* which of `stat` it told, by bit */
	uint32_t reserved;
	uint64_t stat[HYPERCALL_BALLOON_STATS]; /* by tag: virtio 1.2 5.5.6.3 */
};

/* Why a frame did not arrive: docs/network.md. */
enum hypercall_drop {
	HYPERCALL_DROP_SIZE,
	HYPERCALL_DROP_HEADER,
	HYPERCALL_DROP_SOURCE,
	HYPERCALL_DROP_TAG,
	HYPERCALL_DROP_STORM,
	HYPERCALL_DROP_LINK,
	HYPERCALL_DROP_DOWN,
	HYPERCALL_DROP_FULL,
	HYPERCALL_DROP_ROOM,
	HYPERCALL_DROP_OFFLOAD,
};
#define HYPERCALL_DROP_COUNT 10
#define HYPERCALL_DROP_ROOMS 16

#define HYPERCALL_PORT_UP     1 /* flags: its driver works; an uplink's NIC has a link */
#define HYPERCALL_PORT_BROKEN 2 /* an uplink's NIC was given up */

/* A port of a network: a VM's, or, of the board alone, that of an uplink. */
struct hypercall_port_record {
	uint32_t vm; /* or NOBODY: an uplink */
	uint32_t flags;
	uint32_t vlan;	    /* 0: none */
	uint32_t rate_kbps; /* 0: no limit */
	uint8_t mac[6];	    /* a VM's */
	uint8_t reserved[2];
	uint64_t sent_frames, sent_bytes; /* an uplink's: what came in by it */
	uint64_t received_frames, received_bytes;
	uint64_t spent;				/* an uplink's: how often its NIC had no buffer */
	uint64_t dropped[HYPERCALL_DROP_ROOMS]; /* by enum hypercall_drop */
	char network[HYPERCALL_NAME_SIZE];
	char device[2 * HYPERCALL_NAME_SIZE]; /* a VM's, or the node of the NIC */
};

#define HYPERCALL_SOCKETS_UP 1 /* flags: its driver works */

/* What a VM's socket device did. */
struct hypercall_sockets {
	struct hypercall_head head;
	uint32_t vm;
	uint32_t flags;
	uint32_t cid;
	uint32_t reserved;
	uint64_t sent_packets, sent_bytes, received_packets, received_bytes;
	uint64_t refused, spoofed, deaf, untracked; /* docs/vsock.md */
};

struct hypercall_text {
	struct hypercall_head head; /* size: up to the last byte of text */
	uint32_t length;	    /* of `text` */
	uint32_t reserved;
	uint64_t next; /* as in struct hypercall_list */
	uint8_t text[HYPERCALL_DATA_SIZE - 24];
};

#define HYPERCALL_ROOM(record)                                                                     \
	((HYPERCALL_DATA_SIZE - sizeof(struct hypercall_list)) / sizeof(record))

union hypercall_data {
	uint8_t bytes[HYPERCALL_DATA_SIZE];
	struct hypercall_head head; /* of each of these */
	struct hypercall_vm_info vm;
	struct hypercall_vcpu_info vcpu;
	struct hypercall_board_info board;
	struct hypercall_log log;
	struct hypercall_vcpu_stat stat;
	struct hypercall_vcpu_regs regs;
	struct hypercall_audit audit;
	struct hypercall_cpu_info cpu;
	struct hypercall_text text;
	struct hypercall_balloon balloon;
	struct hypercall_sockets sockets;
	struct {
		struct hypercall_list list;
		union {
			struct hypercall_trace_record
				trace[HYPERCALL_ROOM(struct hypercall_trace_record)];
			struct hypercall_irq_record
				irq[HYPERCALL_ROOM(struct hypercall_irq_record)];
			struct hypercall_memory_record
				memory[HYPERCALL_ROOM(struct hypercall_memory_record)];
			struct hypercall_window_record
				window[HYPERCALL_ROOM(struct hypercall_window_record)];
			struct hypercall_time_record
				time[HYPERCALL_ROOM(struct hypercall_time_record)];
			struct hypercall_wait_record
				wait[HYPERCALL_ROOM(struct hypercall_wait_record)];
			struct hypercall_port_record
				port[HYPERCALL_ROOM(struct hypercall_port_record)];
		};
	};
};

/* One call, wherever it came from. */
struct hypercall {
	uint32_t number;
	uint64_t arg[HYPERCALL_ARGS];
	/* the answer: */
	int32_t status;
	uint64_t result[2];
	uint32_t data_size; /* 0: it gives no structure */
	union hypercall_data data;
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
_Static_assert(sizeof(struct hypercall_vcpu_info) == 120, "as documented");
_Static_assert(sizeof(struct hypercall_board_info) == 72, "as documented");
_Static_assert(sizeof(struct hypercall_log) == HYPERCALL_DATA_SIZE, "as documented");
_Static_assert(sizeof(struct hypercall_vcpu_stat) == 464, "as documented");
_Static_assert(sizeof(struct hypercall_vcpu_regs) == 480, "as documented");
_Static_assert(sizeof(union hypercall_data) == HYPERCALL_DATA_SIZE, "no structure has more");
_Static_assert(sizeof(struct hypercall_list) == 24, "as documented");
_Static_assert(sizeof(struct hypercall_irq_record) == 56, "as documented");
_Static_assert(sizeof(struct hypercall_memory_record) == 96, "as documented");
_Static_assert(sizeof(struct hypercall_audit) == 48, "as documented");
_Static_assert(sizeof(struct hypercall_cpu_info) == 48, "as documented");
_Static_assert(sizeof(struct hypercall_window_record) == 16, "as documented");
_Static_assert(sizeof(struct hypercall_time_record) == 32, "as documented");
_Static_assert(sizeof(struct hypercall_wait_record) == 16, "as documented");
_Static_assert(sizeof(struct hypercall_balloon) == 144, "as documented");
_Static_assert(sizeof(struct hypercall_port_record) == 288, "as documented");
_Static_assert(sizeof(struct hypercall_sockets) == 88, "as documented");
_Static_assert(sizeof(struct hypercall_text) == HYPERCALL_DATA_SIZE, "as documented");
_Static_assert(__builtin_offsetof(struct hypercall_log, text) == 40, "as documented");
_Static_assert(__builtin_offsetof(struct hypercall_page, data) == 0x100, "as documented");

#endif
