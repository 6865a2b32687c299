/* SPDX-License-Identifier: Apache-2.0 */
/* Bringing up the other CPUs. */
#include "boot/smp.h"

#include "boot/entry.h"
#include "core/arm64/barrier.h"
#include "core/arm64/features.h"
#include "core/arm64/image.h"
#include "core/arm64/smccc.h"
#include "core/arm64/stacks.h"
#include "core/arm64/sysreg.h"
#include "core/base/atomic.h"
#include "core/base/printk.h"
#include "core/exit/el2_fault.h"
#include "core/exit/run.h"
#include "core/exit/trace.h"
#include "drivers/hw/psci.h"
#include "irq/hw/gic.h"
#include "irq/hw/gic_regs.h"
#include "mm/cache.h"
#include "mm/hyp_map.h"
#include "mm/page_alloc.h"
#include "timer/deadline.h"
#include "timer/vtimer.h"

/* As long as Linux waits: firmware may load something first, and an emulator be starved. */
#define START_TIMEOUT_MS 5000

/* One at a time: written by the boot CPU before it starts it. */
uint64_t secondary_boot_ttbr, secondary_boot_sp, secondary_boot_mpidr = SECONDARY_NOBODY;

/* What a CPU that comes up is told, on top of its stack. 16 bytes: the stack stays aligned. */
struct secondary_self {
	uint64_t percpu; /* offset of its copy: entry.S loads it, which takes it for the first */
	uint64_t index;
};

_Static_assert(offsetof(struct secondary_self, percpu) == 0, "entry.S");

enum smp_state {
	SMP_OFF,
	SMP_STARTING,
	SMP_ALIVE, /* from SMP_STARTING, by the CPU itself: it will be up soon */
	SMP_UP,
	SMP_GONE, /* from SMP_STARTING, by the boot CPU that has waited long enough */
};

static struct {
	bool gic;
	uint32_t state[BOARD_CPU_MAX]; /* enum smp_state; atomic */
} smp;

void smp_set_gic(bool driven)
{
	smp.gic = driven;
}

bool smp_is_up(uint32_t index)
{
	return atomic_read(&smp.state[index]) == SMP_UP;
}

void smp_cpu_init(uint32_t index, uint64_t mpidr)
{
	this_cpu(cpu_index) = index;
	sysreg_write(vbar_el2, (uint64_t)(gic_is_v2() ? el2_vectors_gicv2 : el2_vectors));
	isb();
	cpu_id_read(&this_cpu(cpu_id));
	features_add(&this_cpu(cpu_id));
	cpu_el2_setup();
	trace_cpu_init();
	deadline_cpu_init();
	if (smp.gic && gic_cpu_init(mpidr) == 0) {
		gic_enable_ppi(INTID_HYP_TIMER, true);
		gic_enable_ppi(INTID_MAINTENANCE, true);
		/* its output is low while no vCPU is loaded */
		gic_enable_ppi(VTIMER_VIRT_INTID, true);
	}
}

void secondary_main(const struct secondary_self *self)
{
	uint32_t index = (uint32_t)self->index;

	while (!atomic_replace(&smp.state[index], SMP_STARTING, SMP_ALIVE)) {
		wfi(); /* too late: it was said that this CPU does not come up */
	}
	smp_cpu_init(index, sysreg_read(mpidr_el1) & UINT64_C(0xff00ffffff));
	/* everything above before the boot CPU goes on to the next */
	atomic_set_release(&smp.state[index], SMP_UP);
	sev();
	cpu_run();
}

static int prepare(uint32_t index, uint64_t mpidr)
{
	uint64_t size = align_up((uint64_t)(percpu_end - percpu_start), PAGE_SIZE);
	uint8_t *copy = page_alloc((uint32_t)(size / PAGE_SIZE));
	struct secondary_self *self;
	uint64_t stack, emergency;

	if (copy == NULL || hyp_map_stacks(index, &stack, &emergency) != 0 ||
	    hyp_map_trace(index) != 0) {
		return PSCI_RET_INTERNAL_FAILURE;
	}
	self = (struct secondary_self *)stack - 1;
	self->percpu = (uintptr_t)copy - (uintptr_t)percpu_start;
	self->index = index;
	percpu_set_offset(index, self->percpu);
	*percpu_of(stack_top, index) = stack;
	*percpu_of(emergency_top, index) = emergency;
	atomic_set(&smp.state[index], SMP_STARTING);
	secondary_boot_sp = (uint64_t)self;
	secondary_boot_ttbr = hyp_map_root();
	/* the CPU that was waited for before finds nobody, or its own: see entry.S */
	dmb(ishst);
	secondary_boot_mpidr = mpidr;
	/* what the other CPU reads before and after its MMU is on */
	dsb(sy);
	return 0;
}

static int release_spin_table(const struct board_cpu *cpu)
{
	volatile uint64_t *release = (volatile uint64_t *)cpu->release_addr;
	struct prange range = {cpu->release_addr, sizeof(uint64_t)};

	if (hyp_map_ram(range) != 0) {
		return PSCI_RET_INVALID_ADDRESS;
	}
	*release = virt_to_phys(secondary_entry);
	/* to memory: the CPU spins with its caches off */
	cache_clean((const void *)cpu->release_addr, sizeof(uint64_t));
	sev();
	return 0;
}

static bool wait_for(uint32_t index)
{
	uint64_t until = deadline_now() + deadline_from_ms(START_TIMEOUT_MS);

	while (atomic_read_acquire(&smp.state[index]) != SMP_UP) {
		if (deadline_now() > until &&
		    atomic_replace(&smp.state[index], SMP_STARTING, SMP_GONE)) {
			return false;
		}
		cpu_yield();
	}
	return true;
}

static bool start(const struct board_cpu *cpu, uint32_t index)
{
	int err = prepare(index, cpu->mpidr);

	if (err == 0) {
		err = cpu->enable == BOARD_ENABLE_PSCI ?
			      psci_cpu_on(cpu->mpidr, virt_to_phys(secondary_entry), 0) :
			      release_spin_table(cpu);
	}
	if (err != 0) {
		atomic_set(&smp.state[index], SMP_GONE);
		log_error("CPU %u (%s) does not come up: firmware answers %d", index,
			  cpu->path_name, err);
	} else if (!wait_for(index)) {
		log_error(
			"CPU %u (%s) does not come up: it was started, and nothing is heard of it",
			index, cpu->path_name);
	}
	secondary_boot_mpidr = SECONDARY_NOBODY;
	/* before its stack and data are another's */
	dmb(ish);
	if (!smp_is_up(index)) {
		percpu_set_offset(index, 0);
		return false;
	}
	return true;
}

uint32_t smp_start_others(const struct board *board, uint64_t boot_mpidr)
{
	uint32_t up = 1;

	el2_fault_set_smp();
	for (uint32_t i = 0; i < board->cpu_count; i++) {
		if (board->cpu[i].mpidr == boot_mpidr) {
			atomic_set(&smp.state[i], SMP_UP);
			continue;
		}
		if (board->cpu[i].enable == BOARD_ENABLE_NONE) {
			log_error("CPU %u (%s) does not come up: its node names no enable-method",
				  i, board->cpu[i].path_name);
		} else if (start(&board->cpu[i], i)) {
			up++;
		}
	}
	return up;
}
