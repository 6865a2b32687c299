/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A virtual machine: what it was given at boot, and its state.
 *
 * Made once by core/vm/build.c from its config; nothing is added later. State changes are
 * core/vm/life.c's.
 */
#ifndef CORE_VM_VM_H
#define CORE_VM_VM_H

#include "core/base/chacha.h"
#include "core/base/printk.h"
#include "core/base/spinlock.h"
#include "core/config/config_types.h"
#include "core/console/mux.h"
#include "core/exit/mmio_map.h"
#include "core/vm/vcpu.h"
#include "mm/stage2.h"

#define VM_EXTENT_MAX 64
#define VM_LOG_SIZE   KIB(8)

struct vdev;

/* Guest RAM that is contiguous in both spaces; sorted by ipa. */
struct vm_extent {
	uint64_t ipa, pa, size;
};

enum vm_state {
	VM_OFF,	    /* never started or stopped; why is in stop_reason */
	VM_LOADING, /* its images are being put in place */
	VM_RUNNING,
	VM_STOPPING,   /* waits for each vCPU's acknowledgement */
	VM_PAUSING,    /* the same */
	VM_PAUSED,     /* no vCPU is in a CPU, and none is entered */
	VM_RESTARTING, /* off until restart_when */
};
#define VM_STATE_COUNT 7

enum vm_stop_reason {
	VM_STOP_NONE,
	VM_STOP_POWEROFF, /* SYSTEM_OFF */
	VM_STOP_RESET,	  /* SYSTEM_RESET: loaded again */
	VM_STOP_CRASH,	  /* it could not go on */
	VM_STOP_COMMAND,
	VM_STOP_RESTART,  /* command: loaded again */
	VM_STOP_KILL,	  /* command: off, whatever was to follow */
	VM_STOP_WATCHDOG, /* it ran out; on-expiry = "restart" */
	VM_STOP_EXPIRED,  /* it ran out; on-expiry = "stop" */
	VM_STOP_IMAGE,	  /* an image in the bundle has changed: not loaded */
};
#define VM_STOP_COUNT 10

/* Where a guest's images go: copied at each start from the bundle. */
struct vm_segment {
	uint64_t ipa;
	const uint8_t *data; /* NULL: zeros */
	uint64_t size;
};
#define VM_SEGMENT_MAX 24
#define VM_SEED_SIZE   32 /* bytes */
#define VM_IMAGE_COUNT 3  /* kernel, initrd, dtb */

struct vm_load {
	struct vcpu_job job;
	struct vm_segment segment[VM_SEGMENT_MAX]; /* constant after build */
	uint32_t segment_count;
	uint32_t check;	     /* place of the image being checked: see load.c */
	uint32_t crc;	     /* of `done` bytes of it */
	uint32_t at;	     /* segment being copied */
	uint64_t done;	     /* bytes of it, or of the image */
	uint32_t share;	     /* what is shared is zeroes, up to this one of the VM's */
	uint64_t entry, dtb; /* ipa; constant after build */
	uint8_t *seed;	     /* rng-seed in the guest's tree, another in each life; NULL: none */
};

/* How often rules have started it again. */
struct vm_restarts {
	uint64_t since; /* ticks: when the first of this hour's was */
	uint32_t count; /* of this hour */
};

struct vm {
	/* constant after build */
	const struct vm_config *config;
	const char *name;
	uint32_t id; /* index among the VMs; VMID is id + 1 */
	uint32_t vcpu_count;
	struct vcpu **vcpu;
	struct vm_extent extent[VM_EXTENT_MAX];
	uint32_t extent_count;
	struct stage2 stage2;
	struct mmio_map mmio;
	struct vdev *vdev[CONFIG_DEVICE_MAX + 1]; /* the last may be a message generator */
	uint32_t vdev_count;
	uint64_t work;	    /* atomic: devices that have more to do, by index in `vdev` */
	uint32_t work_next; /* where the next one is looked for first: each gets its turn */
	uint64_t unready; /* atomic: devices that it can't start without yet, by index in `vdev` */
	bool lacking;	  /* atomic: one of them will never be there */
	uint64_t idreg[56];    /* IDREG_INDEX(): what its vCPUs read */
	uint64_t pvtime_scale; /* nanoseconds per tick, in units of 2^-32 */

	struct vgic_dist vgic; /* has its own lock */

	struct spinlock random_lock; /* rank random; protects the next group */
	struct chacha random;	     /* core/vm/random.h */

	/* Ticks: 0 until its time has been stopped. Changed while no vCPU is in a CPU, with the
	 * lock below; read by owners. */
	uint64_t cntvoff;

	struct spinlock lock; /* rank vm; protects the next group */
	enum vm_state state;
	enum vm_stop_reason stop_reason;
	uint32_t stop_waiting; /* vCPUs that have not acknowledged */
	uint32_t restart_count;
	uint32_t life; /* counts stops; atomic: what was asked for in one is not done in the next */
	bool start_waits;	/* for those that start-after names, or for its disks */
	bool start_asked;	/* by a command: it waits for its disks alone */
	bool starts_at_boot;	/* its first life began with the board, at once */
	bool has_run;		/* since the board started: those that start after it may */
	uint32_t pause_count;	/* counts pauses: each is acknowledged once */
	uint32_t pause_waiting; /* vCPUs that have not acknowledged */
	uint64_t paused_at;	/* ticks */
	uint64_t paused_ticks;	/* of all pauses that are over */
	uint64_t restart_when;	/* ticks; VM_RESTARTING */
	struct vm_restarts restarts;
	struct ratelimit faults; /* lines about what it does wrong */
	struct ratelimit lives;	 /* lines about its stops and starts */

	/* what it printed last, and its life: the console's lock. Where it is not kept over a reset
	 * it is own_log */
	struct log *log, own_log;

	/* owner: the CPU of vCPU 0 */
	struct vm_load load;
	struct deadline restart; /* for restart_when */
	/* waited for, and never comes to run; NULL: nobody such is known; and whether that is said
	 */
	const struct vm_config *vain;
	bool vain_said;

	/* owner: the CPU that acknowledged a stop last */
	struct deadline ending; /* the next step of its end */
	/* what is reset then: a device, behind the last one the interrupt controller */
	uint32_t reset_next;
};

/* All VMs, by id; constant after build. */
struct vm *vm_by_id(uint32_t id);
uint32_t vm_count(void);
struct vm *vm_by_name(const char *name);
int vm_name_width(void); /* of a column with the name of any, at least 12 */

/* Ticks that go on while the VM is not paused, whatever time-when-paused says. Any CPU; takes
 * vm->lock. */
uint64_t vm_awake_ticks(struct vm *vm);

/*
 * Asks core/vm/life.c to stop a VM, for those below it, for what happened in its life `life`. Any
 * CPU, no locks.
 */
void vm_ask_stop(struct vm *vm, enum vm_stop_reason reason, uint32_t life);
void vm_set_stop(int (*stop)(struct vm *vm, enum vm_stop_reason reason, uint32_t life));

/* A device of its `unready` ones is there, or (false) will never be: it may start. Any CPU, no
 * locks. */
void vm_device_ready(struct vm *vm, uint32_t index, bool there);

/* It has a life, running or paused. vm->lock held, or for who looks once. */
static inline bool vm_is_up(const struct vm *vm)
{
	enum vm_state state = atomic_read(&vm->state);

	return state == VM_RUNNING || state == VM_PAUSING || state == VM_PAUSED;
}

/* Registers a VM made by build.c; boot CPU. */
void vm_register(struct vm *vm);

/* The extent that holds [ipa, ipa + size) whole, or NULL. */
const struct vm_extent *vm_extent_of(const struct vm *vm, uint64_t ipa, uint64_t size);

/* May one more line about this VM be logged, and what does it end with? `limit` is one of the VM's.
 * Any CPU; takes vm->lock. */
bool vm_may_log(struct vm *vm, struct ratelimit *limit, struct vm_tail *tail);

/* A line into the VM's own log (not the hypervisor's): "bulkhead: stopped by command". Any CPU. */
void vm_note(struct vm *vm, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* A line into both logs: "alpha: stopped by command" in the hypervisor's. Any CPU. */
void vm_tell(struct vm *vm, enum log_level level, const char *fmt, ...) PRINTF_LIKE(3, 4);

/*
 * A line about something the guest did wrong: "alpha vcpu 1 pc 0x…: …", rate-limited per VM. Owner
 * CPU of the vCPU. It is written by vm_say_complaint(), which VCPU_EVENT_COMPLAINT asks for.
 */
void vm_complain(struct vcpu *vcpu, const char *fmt, ...) PRINTF_LIKE(2, 3);
void vm_say_complaint(struct vcpu *vcpu);

#endif
