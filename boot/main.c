/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From entry.S to the run loop on the boot CPU: the board is read, the other CPUs are started, the
 * bundle is checked and its VMs are built; then this CPU is like any other.
 *
 * Nothing fails silently: what can't go on ends in halt() with a sentence, on the UART if there is
 * one yet, in the memory log (log_ring_data) in any case.
 */
#include "boot/banner.h"
#include "boot/board.h"
#include "boot/console.h"
#include "boot/early_map.h"
#include "boot/entry.h"
#include "boot/partitions.h"
#include "boot/smp.h"
#include "core/arm64/features.h"
#include "core/arm64/image.h"
#include "core/arm64/layout.h"
#include "core/arm64/stacks.h"
#include "core/arm64/sysreg.h"
#include "core/base/panic.h"
#include "core/base/printk.h"
#include "core/base/ranges.h"
#include "core/console/mux.h"
#include "core/exit/el2_fault.h"
#include "core/exit/irq.h"
#include "core/exit/run.h"
#include "core/exit/sysreg_trap.h"
#include "drivers/hw/entropy.h"
#include "drivers/hw/psci.h"
#include "irq/hw/gic.h"
#include "mm/cache.h"
#include "mm/hyp_map.h"
#include "mm/page_alloc.h"
#include "timer/deadline.h"
#include "timer/wall_clock.h"

#define DTB_MAX	       MIB(8) /* more than a padded tree has; Linux takes 2 */
#define DTB_ARENA_SIZE KIB(48)
#define FDT_MAGIC      UINT32_C(0xedfe0dd0) /* as a little-endian word */
#define HEAP_MIN       KIB(256)
/* and for each CPU its stacks, its trace, its variables and a share of tables */
#define HEAP_EACH_CPU (STACK_SIZE + EMERGENCY_SIZE + TRACE_SIZE + KIB(8))
#define HEAP_TRIES    512 /* steps of 2 MiB from the top of a bank */

static struct boot {
	struct board *board;
	struct dt tree;
	struct prange image, heap;
	struct boot_times times;
} boot;

static void diag_to_log(void *ctx, enum diag_level level, const char *text)
{
	(void)ctx;
	if (level == DIAG_ERROR) {
		log_error("%s", text);
	} else {
		log_notice("%s", text);
	}
}

struct diag boot_diag = {.emit = diag_to_log};

/* DEN 0022 leaves x0 to the boot protocol: physical, 8-byte aligned. */
static bool may_be_tree(uint64_t pa)
{
	return pa != 0 && pa % 8 == 0 && pa < PHYS_LIMIT;
}

/* The board's tree, mapped and indexed; halts with a sentence when there is none. */
static void read_tree(uint64_t dtb_pa, bool may_fault)
{
	struct prange range = {dtb_pa, PAGE_SIZE};
	struct arena arena = page_alloc_arena(DTB_ARENA_SIZE);
	static struct arena kept;
	uint32_t magic = 0;

	if (!may_be_tree(dtb_pa) || hyp_map_read_only(range) != 0 ||
	    (may_fault && probe_read32((const uint32_t *)dtb_pa, &magic) != 0) ||
	    *(const uint32_t *)dtb_pa != FDT_MAGIC) {
		halt("no device tree at 0x%llx: start this image with the physical address of "
		     "the board's "
		     "device tree in x0",
		     (unsigned long long)dtb_pa);
	}
	range.size = __builtin_bswap32(((const uint32_t *)dtb_pa)[1]);
	if (range.size > DTB_MAX || hyp_map_read_only(range) != 0) {
		halt("the device tree at 0x%llx claims %llu bytes: at most 8 MiB are read",
		     (unsigned long long)dtb_pa, (unsigned long long)range.size);
	}
	kept = arena;
	if (dt_index(&boot.tree, (const void *)dtb_pa, range.size, &kept, &boot_diag) != 0) {
		halt("the board's device tree can't be read");
	}
}

static void wrong_level(uint64_t level, uint64_t dtb_pa)
{
	static struct board_uart uart;

	hyp_map_init_boot_root(boot.image, boot_root_pa);
	read_tree(dtb_pa, false);
	board_parse_uart(&uart, &boot.tree);
	console_start(&uart);
	if (level == LEVEL_E2H_STUCK) {
		halt("this CPU has no EL2 without the Virtualization Host Extensions "
		     "(HCR_EL2.E2H is fixed at 1): Bulkhead can't run on it yet");
	}
	halt("started at EL%llu, but a hypervisor needs EL2: in QEMU add -machine "
	     "virtualization=on, in "
	     "firmware start it like a kernel that may use EL2",
	     (unsigned long long)level);
}

/* RAM less what is reserved: somebody else's, perhaps with other attributes (no-map), and nothing
 * EL2 has to read; the tree and the bundle are mapped apart. */
static int map_unreserved(struct prange ram)
{
	const struct board *board = boot.board;
	uint64_t pos = ram.base, end = ram.base + ram.size;
	int err = 0;

	for (uint32_t i = 0; i < board->reserved_count && err == 0; i++) {
		uint64_t low = align_down(board->reserved[i].base, PAGE_SIZE);
		uint64_t high =
			align_up(board->reserved[i].base + board->reserved[i].size, PAGE_SIZE);

		if (high <= pos || low >= end) {
			continue;
		}
		if (low > pos) {
			err = hyp_map_ram((struct prange){.base = pos, .size = low - pos});
		}
		pos = high;
	}
	return err != 0 || pos >= end ?
		       err :
		       hyp_map_ram((struct prange){.base = pos, .size = end - pos});
}

/* RAM one to one, but read-only where the bundle lies; what is mapped already keeps its rights. */
static void map_memory(void)
{
	const struct board *board = boot.board;

	if (board->initrd.size != 0 && hyp_map_read_only(board->initrd) != 0) {
		halt("the bundle at 0x%llx can't be mapped",
		     (unsigned long long)board->initrd.base);
	}
	for (uint32_t i = 0; i < board->ram_count; i++) {
		if (map_unreserved(board->ram[i]) != 0) {
			halt("RAM at 0x%llx lies above what this build maps (2^47) or takes too "
			     "many tables",
			     (unsigned long long)board->ram[i].base);
		}
	}
}

static void start_gic(void)
{
	const struct board_gic *gic = &boot.board->gic;
	int err = hyp_map_device(gic->dist);

	for (uint32_t i = 0; i < gic->redist_count && err == 0; i++) {
		err = hyp_map_device(gic->redist[i]);
	}
	if (gic->kind == BOARD_GIC_V2) {
		err = err != 0 ? err : hyp_map_device(gic->cpuif);
		err = err != 0 ? err : hyp_map_device(gic->vctrl);
	}
	if (err != 0) {
		halt("the interrupt controller can't be mapped");
	}
	smp_set_gic(gic_init(gic) == 0);
}

static void read_board(uint64_t dtb_pa)
{
	static struct board_uart uart;

	read_tree(dtb_pa, true);
	board_parse_uart(&uart, &boot.tree);
	console_start(&uart);
	boot.board =
		page_alloc_dirty((uint32_t)(align_up(sizeof(*boot.board), PAGE_SIZE) / PAGE_SIZE));
	if (boot.board == NULL ||
	    board_parse_beside(boot.board, &boot.tree, dtb_pa, &uart, &boot_diag) != 0) {
		halt("this board can't be used as its device tree describes it");
	}
	console_start_early(boot.board);
	if (image_flash_bundle != 0) {
		boot.board->initrd.base = boot.image.base + image_flash_bundle;
		boot.board->initrd.size = image_total_size - image_flash_bundle;
		if (!ranges_add(boot.board->reserved, &boot.board->reserved_count,
				BOARD_RESERVED_MAX, boot.board->initrd)) {
			halt("the board reserves more pieces of memory than fit this table");
		}
	}
}

/* A PL031 holds seconds since 1970 in its first register (Arm DDI 0224C RTCDR). */
static void read_clock(void)
{
	struct prange regs = boot.board->clock;

	if (regs.size != 0 && hyp_map_device(regs) == 0) {
		wall_clock_set(*(volatile uint32_t *)regs.base);
	}
}

static const struct prange *reserved_in(struct prange range)
{
	if (ranges_overlap(range.base, range.size, boot.image.base, boot.image.size)) {
		return &boot.image;
	}
	return ranges_find_overlap(boot.board->reserved, boot.board->reserved_count, range);
}

/* The rest of the 2 MiB around the image can't be a VM's: the best place for EL2's heap. */
static struct prange heap_beside_image(void)
{
	struct prange heap = {.base = boot.image.base + boot.image.size};
	const struct prange *taken;

	heap.size = align_up(boot.image.base + 1, MIB(2)) - heap.base;
	while (heap.size >= HEAP_MIN && (taken = reserved_in(heap)) != NULL) {
		heap.size = taken->base > heap.base ?
				    align_down(taken->base, PAGE_SIZE) - heap.base :
				    0;
	}
	return heap;
}

/* Otherwise the highest free RAM, by 2 MiB. */
static struct prange heap_at_top(uint64_t least)
{
	struct prange heap = {.size = align_up(least, MIB(2))};

	for (uint32_t bank = boot.board->ram_count; bank-- > 0;) {
		const struct prange *ram = &boot.board->ram[bank];
		uint64_t end = align_down(ram->base + ram->size, MIB(2));

		for (uint32_t i = 0; i < HEAP_TRIES && end >= ram->base + heap.size; i++) {
			heap.base = end - heap.size;
			if (reserved_in(heap) == NULL) {
				return heap;
			}
			end -= MIB(2);
		}
	}
	return (struct prange){0};
}

static struct prange find_heap(void)
{
	uint64_t least = HEAP_MIN + boot.board->cpu_count * HEAP_EACH_CPU;
	struct prange heap = heap_beside_image();

	if (heap.size < least || !ranges_hold(boot.board->ram, boot.board->ram_count, heap)) {
		heap = heap_at_top(least);
	}
	if (heap.size == 0 || page_alloc_add(heap) != 0) {
		halt("there is no RAM free for the hypervisor's own tables");
	}
	return heap;
}

static void start_cpus(void)
{
	uint64_t mpidr = sysreg_read(mpidr_el1) & UINT64_C(0xff00ffffff);
	int index = board_cpu_by_mpidr(boot.board, mpidr);

	if (index < 0) {
		halt("this CPU (MPIDR 0x%llx) is not among the enabled CPUs of the device tree",
		     (unsigned long long)mpidr);
	}
	if (hyp_map_trace((uint32_t)index) != 0) {
		halt("EL2 has no memory for the trace of this CPU");
	}
	smp_cpu_init((uint32_t)index, mpidr);
	psci_init(&boot.board->psci);
	boot.times.cpus_begin = deadline_now();
	smp_start_others(boot.board, mpidr);
	boot.times.cpus_end = deadline_now();
	entropy_init(&boot.tree, boot.board->chosen);
}

static void start_interrupts(void)
{
	const struct board_uart *uart = &boot.board->uart;

	if (uart->intid != INTID_NONE &&
	    (uart->kind == BOARD_UART_PL011 || uart->kind == BOARD_UART_CADENCE)) {
		irq_set_console(uart->intid);
		mux_use_interrupts();
		gic_enable_spi(uart->intid, 0, this_cpu(cpu_id).mpidr);
	}
}

void boot_main(uint64_t dtb_pa, uint64_t image_pa, uint64_t level, uint64_t caches_on)
{
	boot.image.base = image_pa;
	boot.image.size = (uint64_t)(image_end - image_start);
	page_alloc_init(boot.image);
	mux_init();
	sysreg_trap_init();
	el2_fault_init();
	if (level != 2) {
		wrong_level(level, dtb_pa);
	}
	sysreg_write(vbar_el2, (uint64_t)el2_vectors);
	this_cpu(stack_top) = (uint64_t)boot_stack_top;
	this_cpu(emergency_top) = (uint64_t)boot_emergency_top;
	boot.times.start = deadline_now();
	hyp_map_init(boot.image, early_image_table());
	read_board(dtb_pa);
	map_memory();
	boot.times.board = deadline_now();
	boot.heap = find_heap();
	read_clock();
	if (caches_on != 0) {
		/* firmware's dirty lines must not fall on what a guest writes with its MMU off */
		cache_clean_invalidate_all();
	}
	start_gic();
	start_cpus();
	banner_print(boot.board, boot.image);
	partitions_start(boot.board, boot.image, boot.heap, &boot.times);
	banner_print_times(&boot.times);
	start_interrupts();
	page_alloc_seal();
	cpu_run();
}
