/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A virtual CPU.
 *
 * It has a physical CPU, which may have several of them. Only that CPU touches what is marked
 * "owner". Others post: they change an atomic word, raise an event and kick; the owner looks at
 * events before it enters the guest again. One vCPU of a CPU is loaded: its registers are in the
 * hardware, and only then its guest runs and its events are looked at. The others' are in memory.
 */
#ifndef CORE_VM_VCPU_H
#define CORE_VM_VCPU_H

#include "core/arm64/sysreg.h"
#include "core/base/atomic.h"
#include "core/base/percpu.h"
#include "core/exit/times_types.h"
#include "core/sched/sched_types.h"
#include "core/vm/vcpu_regs.h"
#include "irq/vgic/vgic_types.h"
#include "timer/vtimer_types.h"

struct vm;
struct vcpu;
struct pvtime_record;
struct mmio_region;

/* PSCI's view. OFF -> ON_PENDING by CPU_ON's winner, -> ON by the owner, -> OFF by the owner. */
enum vcpu_power {
	VCPU_OFF,
	VCPU_ON_PENDING,
	VCPU_ON,
};

enum vcpu_event {
	VCPU_EVENT_VGIC = 1U << 0,    /* its vgic has something in todo, sgi_inbox or ask */
	VCPU_EVENT_STOP = 1U << 1,    /* its VM stops: quiesce, acknowledge */
	VCPU_EVENT_START = 1U << 2,   /* power is ON_PENDING */
	VCPU_EVENT_JOB = 1U << 3,     /* a job was given */
	VCPU_EVENT_ANSWER = 1U << 4,  /* what it parked for has been answered */
	VCPU_EVENT_TIMER = 1U << 5,   /* its virtual timer, in memory, is due */
	VCPU_EVENT_SCHED = 1U << 6,   /* its CPU asks the scheduler again */
	VCPU_EVENT_REGS = 1U << 7,    /* somebody wants to see its registers: core/exit/regs.h */
	VCPU_EVENT_PAUSE = 1U << 8,   /* its VM is to be paused, or goes on: look which */
	VCPU_EVENT_PLACE = 1U << 9,   /* it may have been placed on another CPU, or be new here */
	VCPU_EVENT_WORK = 1U << 10,   /* a device of its VM has more to do: drivers/emul/vdev.h */
	VCPU_EVENT_PTIMER = 1U << 11, /* its physical timer is due: vtimer_look() */
	VCPU_EVENT_COMPLAINT = 1U << 12, /* a line about it waits: vm_say_complaint() */
	VCPU_EVENT_HURRY = 1U << 13,	 /* who sits at the console waits for another one */
	/* bits 31:16, VCPU_EVENT_SGI(n): SGI n was sent to it and is pending */
};
#define VCPU_EVENT_SGI_SHIFT 16
#define VCPU_EVENT_SGI(n)    (UINT32_C(1) << (VCPU_EVENT_SGI_SHIFT + (n)))
#define VCPU_EVENT_SGIS	     UINT32_C(0xffff0000)

/* Why its guest is not entered. Owner. */
enum vcpu_hold {
	VCPU_HOLD_OFF = 1U << 0, /* not loaded */
	VCPU_HOLD_PARKED =
		1U << 1, /* waits for VCPU_EVENT_ANSWER; the exit is handled again then */
	VCPU_HOLD_STANDBY = 1U << 2, /* WFI, PSCI CPU_SUSPEND: waits for an event */
	VCPU_HOLD_PAUSED = 1U << 3,  /* its VM is paused: only VCPU_EVENTS_PAUSED are looked at */
	VCPU_HOLD_ENDED = 1U << 4,   /* its guest has ended this life: a stop is on its way */
};

/* Of who looks after it: looked at whoever's turn it is, which costs others about 1,500
 * instructions each, switches and all. */
#define VCPU_EVENTS_URGENT                                                                         \
	(VCPU_EVENT_STOP | VCPU_EVENT_PAUSE | VCPU_EVENT_PLACE | VCPU_EVENT_HURRY)

/* Looked at also while its VM is paused. */
#define VCPU_EVENTS_PAUSED (VCPU_EVENTS_URGENT | VCPU_EVENT_REGS)

/*
 * Work in steps on the time of a vCPU, run in its place by the run loop until it is done. A step is
 * about a thousand instructions; physical interrupts are taken between steps.
 */
struct vcpu_job {
	const char *name;
	bool loaded; /* the vCPU is to be loaded for it */
	/* True: done, and the job is taken off before this returns to the run loop. Owner CPU, no
	 * locks. */
	bool (*step)(struct vcpu *vcpu, struct vcpu_job *job);
};

/* What a line about a VM ends with: " (7 more like it were held back)" if they were, or "". */
struct vm_tail {
	char text[40];
};

/* The report of a crash, a line in each step: core/vm/crash.h. */
struct crash_job {
	struct vcpu_job job;
	const char *why;
	struct vm_tail tail;
	uint32_t line; /* the next */
	uint64_t fp;   /* the next frame's */
	uint32_t len;  /* of `text`, which is written next; 0: nothing is */
	char text[160];
};

/* What is said of its guest, in steps: core/vm/vm.c. */
#define VCPU_COMPLAINT_MAX 320
enum complaint_stage {
	COMPLAINT_BARE,	 /* what stands around it is to come */
	COMPLAINT_WHOLE, /* it is in no log yet */
	COMPLAINT_NOTED, /* it is in the VM's own */
};
struct complaint {
	uint64_t pc;
	uint32_t missed;    /* before it, that were held back */
	uint32_t from, len; /* in `text`; len 0: none waits */
	enum complaint_stage stage;
	char text[VCPU_COMPLAINT_MAX];
};

/* Clean and invalidate all RAM of the VM by address: what set/way operations stand for. */
struct cache_job {
	struct vcpu_job job;
	uint32_t extent;
	uint64_t off;
};

struct vcpu {
	struct cpu_regs regs; /* owner. First: SP_EL2 points here while the guest runs */
	uint64_t stack_top;   /* of its CPU's EL2 stack. Read by vectors.S */
	uint64_t trace;	      /* while it is loaded: where its CPU's next exit is noted. Behind
				 stack_top: vectors.S */
	uint64_t trace_wraps; /* how often that began anew: core/exit/trace_types.h */
	union {
		struct {
			uint32_t events; /* atomic; enum vcpu_event and SGIs */
			uint32_t hold;	 /* owner; enum vcpu_hold */
		};
		uint64_t attention; /* both, read at once on the way in: 0 is the way straight in */
	};

	struct vm *vm;	    /* constant */
	uint32_t index;	    /* in its VM; constant */
	uint32_t cpu;	    /* physical CPU; atomic, changed when it is sent to another */
	uint64_t cpu_kick;  /* gic_sgi_to() that CPU; atomic */
	uint64_t cpu_mpidr; /* MPIDR of that CPU; atomic */
	uint64_t mpidr;	    /* what the guest reads, bit 31 set; constant */
	uint64_t midr;	    /* constant */

	uint32_t power; /* atomic; enum vcpu_power */
	/* written by who set ON_PENDING, read by the owner; start_life: the VM's life it is for */
	uint64_t start_pc, start_context;
	uint32_t start_life;

	/* owner: */
	const struct mmio_region *mmio_last; /* found last, never NULL: likely the next one's too */
	bool loaded;			     /* its registers are in the CPU */
	uint64_t retry_esr;   /* of the parked exit; the rest is in FAR_EL2 and HPFAR_EL2 */
	uint32_t pause_seen;  /* vm->pause_count as acknowledged last */
	uint8_t gave_way;     /* how often its events waited, because an interrupt went first */
	bool suspended;	      /* PSCI SYSTEM_SUSPEND: an interrupt starts it at start_pc */
	uint64_t hcr;	      /* HCR_EL2 while it runs, but for VSE */
	struct vcpu_job *job; /* NULL: the guest runs */
	uint64_t fault_pc;    /* of the last abort injected, to see a guest that can't take one */
	struct cache_job cache_job;
	struct crash_job crash;
	struct vtimer timer;
	struct vgic_cpu vgic;
	struct sched_vcpu sched;
	struct list_node deadlines; /* of its own, while it is between two CPUs; else empty */
	uint64_t stolen_before;	    /* sched.stolen when life `stolen_life - 1` began; pvtime.h */
	uint32_t stolen_life;	    /* 0: none yet */

	/* owner, while it is not loaded; debug, while it is not `debugging`; fp, while another
	 * CPU's or vCPU's registers are where it runs */
	uint64_t pc, pstate;
	uint64_t far, hpfar;	  /* of the parked exit */
	uint64_t vdisr;		  /* FEAT_RAS */
	bool debugging;		  /* its debug registers are in the CPU */
	bool debug_used, fp_used; /* since its reset: else they are as it left them */
	struct el1_regs el1;
	uint64_t key[VCPU_KEY_COUNT];
	struct fp_regs fp;
	struct debug_regs debug;

	/* behind all that is moved often */
	struct pvtime_record *pvtime; /* NULL: it is not told of stolen time; constant */
	struct exit_times times;
	struct complaint complaint; /* owner */
};

/* Does the CPU of a vCPU that had events `before` have to be told of these? One kick is enough, who
 * raised the first has sent it. But one that is paused keeps the others, and has no reason to look
 * again: what may end that is announced by itself. Pure. */
static inline bool vcpu_needs_kick(uint32_t before, uint32_t events)
{
	return before == 0 || (events & ~before & VCPU_EVENTS_PAUSED) != 0;
}

/*
 * Raises events (enum vcpu_event, VCPU_EVENT_SGI()) for a vCPU from any CPU; what the caller wrote
 * before is seen by the owner when it looks. Its CPU is kicked if it is another one.
 */
void vcpu_post(struct vcpu *vcpu, uint32_t events);

/* The vCPU whose registers this CPU holds; NULL: none's. Changed by vcpu_load() and vcpu_save(). */
#if defined(__aarch64__) && !defined(BULKHEAD_HOST)
PERCPU_DECLARE(struct vcpu *, loaded_vcpu);
static inline struct vcpu *vcpu_loaded(void)
{
	return this_cpu(loaded_vcpu);
}
#else /* a test's */
struct vcpu *vcpu_loaded(void);
#endif

/* The same of another CPU that is up: it may be another one already. */
struct vcpu *vcpu_loaded_on(uint32_t cpu);

/* As after reset, in memory: to be entered at `pc` with x0 = context, MMU off, DEN 0022F 6.4.
 * Owner; not loaded. */
void vcpu_reset(struct vcpu *vcpu, uint64_t pc, uint64_t context);

/*
 * Its registers into this CPU, where no other vCPU is loaded, and back to memory: all but the
 * timer's and the interrupt controller's, which core/exit/switch.c moves with them. Owner.
 */
void vcpu_load(struct vcpu *vcpu);
void vcpu_save(struct vcpu *vcpu);

/* WFI and WFE exit where others wait for the CPU. Owner. */
void vcpu_trap_waits(struct vcpu *vcpu, bool on);

/*
 * It leaves this CPU for another, where it settles before anything else: nothing of it is left
 * here, and nothing that an earlier stay left there is used. Not loaded. Owner.
 */
void vcpu_leave(struct vcpu *vcpu);
void vcpu_settle(struct vcpu *vcpu);

/* Its guest has been denied FP and SIMD registers, debug registers, or pointer authentication: now
 * they are there. False: they were, or never will be; something else is denied. Owner; loaded. */
bool vcpu_admit_fp(struct vcpu *vcpu);
bool vcpu_admit_debug(struct vcpu *vcpu);
bool vcpu_admit_keys(struct vcpu *vcpu);

/* PC and PSTATE of a loaded vCPU. Owner. */
static inline uint64_t vcpu_pc(const struct vcpu *vcpu)
{
	(void)vcpu;
	return sysreg_read(elr_el2);
}

static inline uint64_t vcpu_pstate(const struct vcpu *vcpu)
{
	(void)vcpu;
	return sysreg_read(spsr_el2);
}

static inline void vcpu_set_pc(struct vcpu *vcpu, uint64_t pc)
{
	(void)vcpu;
	sysreg_write(elr_el2, pc);
}

static inline void vcpu_set_pstate(struct vcpu *vcpu, uint64_t pstate)
{
	(void)vcpu;
	sysreg_write(spsr_el2, pstate);
}

/* General register as an instruction names it: 31 is the zero register. Owner. */
static inline uint64_t vcpu_reg(const struct vcpu *vcpu, uint32_t n)
{
	return n == 31 ? 0 : vcpu->regs.x[n];
}

static inline void vcpu_set_reg(struct vcpu *vcpu, uint32_t n, uint64_t value)
{
	if (n != 31) {
		vcpu->regs.x[n] = value;
	}
}

static inline bool vcpu_has_events(const struct vcpu *vcpu)
{
	return atomic_read(&vcpu->events) != 0;
}

/* It has events or is held: the way back into the guest leads through the run loop. Owner. */
static inline bool vcpu_wants_attention(const struct vcpu *vcpu)
{
	return atomic_read(&vcpu->attention) != 0;
}

#endif
