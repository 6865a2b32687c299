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
#include "drivers/hw/psci.h"
#include "irq/hw/gic.h"
#include "mm/cache.h"
#include "mm/hyp_map.h"
#include "mm/page_alloc.h"
#include "timer/deadline.h"

#define START_TIMEOUT_MS  1000
#define INTID_HYP_TIMER	  26
#define INTID_MAINTENANCE 25

/* Read by entry.S on the CPU that comes up. One at a time: written by the boot CPU before it starts
 * it. */
uint64_t secondary_boot_ttbr, secondary_boot_sp;

static struct {
	uintptr_t percpu; /* offset of the CPU being started */
	uint32_t index;
	uint32_t up; /* index + 1 of the CPU that came up last; atomic */
	bool gic;
	uint8_t is_up[BOARD_CPU_MAX];
} smp;

void smp_set_gic(bool driven)
{
	smp.gic = driven;
}

bool smp_is_up(uint32_t index)
{
	return smp.is_up[index] != 0;
}

void smp_cpu_init(uint32_t index, uint64_t mpidr)
{
	this_cpu(cpu_index) = index;
	sysreg_write(vbar_el2, (uint64_t)el2_vectors);
	isb();
	cpu_id_read(&this_cpu(cpu_id));
	features_add(&this_cpu(cpu_id));
	cpu_el2_setup();
	deadline_cpu_init();
	if (smp.gic && gic_cpu_init(mpidr) == 0) {
		gic_enable_ppi(INTID_HYP_TIMER, true);
		gic_enable_ppi(INTID_MAINTENANCE, true);
	}
	smp.is_up[index] = 1;
}

void secondary_main(void)
{
	sysreg_write(tpidr_el2, smp.percpu);
	isb();
	smp_cpu_init(smp.index, sysreg_read(mpidr_el1) & UINT64_C(0xff00ffffff));
	/* everything above before the boot CPU goes on to the next */
	atomic_set_release(&smp.up, smp.index + 1);
	sev();
	cpu_run();
}

static int prepare(uint32_t index)
{
	uint64_t size = align_up((uint64_t)(percpu_end - percpu_start), PAGE_SIZE);
	uint8_t *copy = page_alloc((uint32_t)(size / PAGE_SIZE));
	uint64_t stack, emergency;

	if (copy == NULL || hyp_map_stacks(index, &stack, &emergency) != 0) {
		return PSCI_RET_INTERNAL_FAILURE;
	}
	smp.percpu = (uintptr_t)copy - (uintptr_t)percpu_start;
	smp.index = index;
	percpu_set_offset(index, smp.percpu);
	*percpu_of(stack_top, index) = stack;
	*percpu_of(emergency_top, index) = emergency;
	secondary_boot_sp = stack;
	secondary_boot_ttbr = hyp_map_root();
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
	*release = virt_to_phys(secondary_entry_spin);
	/* to memory: the CPU spins with its caches off */
	cache_clean((const void *)cpu->release_addr, sizeof(uint64_t));
	sev();
	return 0;
}

static bool wait_for(uint32_t index)
{
	uint64_t until = deadline_now() + deadline_from_ms(START_TIMEOUT_MS);

	while (atomic_read_acquire(&smp.up) != index + 1) {
		if (deadline_now() > until) {
			return false;
		}
		cpu_yield();
	}
	return true;
}

static bool start(const struct board_cpu *cpu, uint32_t index)
{
	int err = prepare(index);

	if (err == 0) {
		err = cpu->enable == BOARD_ENABLE_PSCI ?
			      psci_cpu_on(cpu->mpidr, virt_to_phys(secondary_entry_psci), 0) :
			      release_spin_table(cpu);
	}
	if (err != 0) {
		log_error("CPU %u (%s) does not come up: firmware answers %d", index,
			  cpu->path_name, err);
		percpu_set_offset(index, 0);
		return false;
	}
	if (!wait_for(index)) {
		log_error(
			"CPU %u (%s) does not come up: it was started, and nothing is heard of it",
			index, cpu->path_name);
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
