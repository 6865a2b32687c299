/* SPDX-License-Identifier: Apache-2.0 */
/* From the bundle to VMs that run. */
#include "boot/partitions.h"

#include "boot/bundle.h"
#include "boot/console.h"
#include "boot/devices.h"
#include "boot/smp.h"
#include "boot/uplinks.h"
#include "core/arm64/features.h"
#include "core/base/panic.h"
#include "core/base/printk.h"
#include "core/config/config.h"
#include "core/console/mux.h"
#include "core/console/remote.h"
#include "core/console/shell.h"
#include "core/exit/el2_fault.h"
#include "core/exit/hypercall.h"
#include "core/exit/reclaim.h"
#include "core/sched/sched.h"
#include "core/sched/share.h"
#include "core/vm/build.h"
#include "core/vm/life.h"
#include "core/vm/pvtime.h"
#include "drivers/emul/models.h"
#include "drivers/hw/psci.h"
#include "mm/hyp_map.h"
#include "mm/page_alloc.h"
#include "timer/deadline.h"

#define CONFIG_ARENA_SIZE KIB(32)
#define HEAP_SPARE_PAGES  64

static struct partitions {
	struct board *board;
	struct bundle bundle;
	struct dt tree;
	struct arena arena;
	struct config *config;
	struct ram_plan *plan;
	struct registry *registry;
	struct prange image, heap, extra_heap;
	struct keep keep;
	bool keeps_logs;
} parts;

/* As somebody left them: large tables that are filled as far as they are used. */
static void *alloc_bytes(size_t size)
{
	void *memory = page_alloc_dirty((uint32_t)(align_up(size, PAGE_SIZE) / PAGE_SIZE));

	if (memory == NULL) {
		halt("EL2 has no memory beside the image for its tables: load it 2 MiB-aligned");
	}
	return memory;
}

/* True when there is a bundle and it is whole. */
static bool open_bundle(void)
{
	struct prange *where = &parts.board->initrd;
	crc32c_fn crc = cpu_features.crc32 ? crc32c_instructions : crc32c;

	if (where->size == 0) {
		log_error("no bundle: give build/NAME.bundle as initrd (QEMU -initrd, the ramdisk "
			  "of booti "
			  "or of a FIT), or boot build/NAME.flash.img; no VM is started");
		return false;
	}
	if (bundle_check(&parts.bundle, (const void *)where->base, where->size, crc, &boot_diag) !=
	    0) {
		log_error("the bundle at 0x%llx can't be used: no VM is started",
			  (unsigned long long)where->base);
		return false;
	}
	return true;
}

static bool read_config(void)
{
	struct config_place place = {.bundle = parts.board->initrd,
				     .ipa_bits = cpu_features.pa_bits};

	parts.arena = page_alloc_arena(CONFIG_ARENA_SIZE);
	parts.config = alloc_bytes(sizeof(*parts.config));
	place.own[place.own_count++] = parts.image;
	if (parts.heap.size != 0) {
		place.own[place.own_count++] = parts.heap;
	}
	if (dt_index(&parts.tree, parts.bundle.config, parts.bundle.config_size, &parts.arena,
		     &boot_diag) != 0 ||
	    config_parse(parts.config, &parts.tree, &boot_diag) != 0) {
		log_error("the config has errors outside its VMs: no VM is started");
		return false;
	}
	config_override(parts.config, parts.board, &boot_diag);
	if (config_check(parts.config, parts.board, &place, &boot_diag) != 0) {
		log_error("the config does not fit this board: no VM is started");
		return false;
	}
	return true;
}

/* CPUs that did not come up can't run anybody. */
static void refuse_dead_cpus(void)
{
	for (uint32_t v = 0; v < parts.config->vm_count; v++) {
		struct vm_config *vm = &parts.config->vm[v];
		char path[DT_PATH_MAX];

		for (uint32_t i = 0; i < vm->vcpu_count && !vm->refused; i++) {
			if (!smp_is_up(vm->vcpu[i].cpu)) {
				diag_error(&boot_diag, config_vm_path(vm, path, sizeof(path)),
					   "vcpu-cpus", "CPU %u did not come up", vm->vcpu[i].cpu);
				vm->refused = true;
			}
		}
	}
}

/* More heap at the top of a hole when what lies beside the image does not suffice. */
static void plan_memory(void)
{
	struct prange own[] = {parts.image, parts.heap, parts.board->initrd};
	uint32_t want = build_pages(parts.config) + devices_pages(parts.config) +
			uplinks_pages(parts.config) + HEAP_SPARE_PAGES;

	parts.plan = alloc_bytes(sizeof(*parts.plan));
	parts.registry = alloc_bytes(sizeof(*parts.registry));
	parts.registry->count = 0;
	ram_plan_init(parts.plan, parts.board, own, ARRAY_COUNT(own));
	if (page_alloc_left() < want && parts.plan->hole_count != 0) {
		struct prange *hole = &parts.plan->hole[parts.plan->hole_count - 1];
		uint64_t size = align_up((want - page_alloc_left()) * PAGE_SIZE, MIB(2));

		if (hole->size > size) {
			parts.extra_heap.base = hole->base + hole->size - size;
			parts.extra_heap.size = size;
			ram_plan_take(parts.plan, parts.extra_heap);
			page_alloc_add(parts.extra_heap);
		}
	}
	ram_plan_place(parts.plan, parts.config, &boot_diag);
}

static void claim(struct prange range)
{
	if (range.size != 0 && registry_claim(parts.registry, range) != 0) {
		panic("0x%llx is claimed twice", (unsigned long long)range.base);
	}
}

/* Frames of the interrupt controller may share a page: what is claimed stays so. */
static void claim_device(struct prange range)
{
	if (range.size != 0) {
		registry_claim(parts.registry, range);
	}
}

/* GICV, which guests are given, apart. */
static void claim_own_memory(void)
{
	const struct board_gic *gic = &parts.board->gic;

	claim(parts.image);
	claim(parts.heap);
	claim(parts.extra_heap);
	claim(parts.board->initrd);
	claim_device(gic->dist);
	claim_device(gic->cpuif);
	claim_device(gic->vctrl);
	claim_device(gic->its);
	for (uint32_t i = 0; i < gic->redist_count; i++) {
		claim_device(gic->redist[i]);
	}
	if (parts.board->uart.kind != BOARD_UART_NONE) {
		claim_device(parts.board->uart.regs);
	}
}

/* Where disks keep what is written, and what VMs share: EL2 has all RAM mapped that is not
 * reserved.
 */
static void claim_stores(void)
{
	for (uint32_t i = 0; i < parts.config->store_count; i++) {
		const struct store_config *store = &parts.config->store[i];
		uint16_t owner = store->shared ? REGISTRY_OWNER_SHARED : REGISTRY_OWNER_DISK;

		if (store->at != CONFIG_PA_ANY &&
		    registry_claim_store(parts.registry, (struct prange){store->at, store->size},
					 owner, i) != 0) {
			panic("0x%llx is claimed twice", (unsigned long long)store->at);
		}
	}
}

static void all_off(void)
{
	switch (parts.config->when_all_off) {
	case ALL_OFF_POWEROFF:
		log_info("all VMs are off: the board is powered off (when-all-off)");
		mux_finish();
		psci_system_off();
		break;
	case ALL_OFF_REBOOT:
		log_info("all VMs are off: the board is reset (when-all-off)");
		mux_finish();
		psci_system_reset();
		break;
	case ALL_OFF_SHELL:
		break;
	}
	log_info("all VMs are off: the keys go to the hypervisor's shell, see `help`");
	shell_greet();
}

/* From here on what is said is also where a reset leaves it. Not cacheable: nobody cleans caches
 * before a reset. Firmware's lines are gone (boot/main.c), EL2 has no other mapping of reserved
 * memory, and no VM is given any. */
static void keep_logs(void)
{
	struct prange range = parts.config->log_range;
	struct log *log;

	if (range.size == 0) {
		return;
	}
	if (registry_claim(parts.registry, range) != 0 || hyp_map_uncached(range) != 0) {
		log_warn("log-region at 0x%llx can't be used: it is part of something else",
			 (unsigned long long)range.base);
		return;
	}
	keep_open(&parts.keep, (void *)range.base, range.size,
		  cpu_features.crc32 ? crc32c_instructions : crc32c);
	log = keep_add(&parts.keep, "", MUX_LOG_SIZE);
	if (log != NULL) {
		mux_keep_log(log);
	}
	parts.keeps_logs = true;
	log_info("logs are kept at 0x%llx over a warm reset: those of the boot before are %s",
		 (unsigned long long)range.base,
		 parts.keep.last != NULL ? "there, `log --last`" : "not there");
}

static void build_all(void)
{
	struct build_context build = {
		.config = parts.config,
		.config_tree = &parts.tree,
		.board = parts.board,
		.plan = parts.plan,
		.registry = parts.registry,
		.keep = parts.keeps_logs ? &parts.keep : NULL,
		.diag = &boot_diag,
	};

	for (uint32_t i = 0; i < parts.config->vm_count; i++) {
		if (parts.config->vm[i].refused) {
			log_error("VM %s is refused: see above; the others go on",
				  parts.config->vm[i].name);
		} else {
			build_vm(&build, i);
		}
	}
}

static const char *plural(uint32_t count)
{
	return count == 1 ? "" : "s";
}

static uint64_t ram_of(const struct vm *vm)
{
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < vm->extent_count; i++) {
		bytes += vm->extent[i].size;
	}
	return bytes;
}

/* The first extent of a VM with a balloon is empty. */
static uint32_t pieces_of(const struct vm *vm)
{
	return vm->extent_count - (vm->stage2.frames != NULL);
}

/* The cyclic schedules, with the VMs that were built. */
static void set_schedules(void)
{
	for (uint32_t i = 0; i < parts.config->schedule_count; i++) {
		const struct schedule_config *schedule = &parts.config->schedule[i];
		uint64_t *length;
		struct vm **owner;

		if (schedule->refused) {
			continue; /* and so are its VMs */
		}
		length = alloc_bytes(schedule->window_count * sizeof(*length));
		owner = alloc_bytes(schedule->window_count * sizeof(struct vm *));
		for (uint32_t k = 0; k < schedule->window_count; k++) {
			int32_t vm = schedule->window[k].vm;

			length[k] = share_window_ticks(schedule, k, deadline_frequency());
			/* one that was refused leaves its time to nobody */
			owner[k] = vm < 0 ? NULL : vm_by_name(parts.config->vm[vm].name);
		}
		sched_set_windows(schedule, length, owner);
	}
}

static void tell_stolen_time(void)
{
	for (uint32_t i = 0; i < vm_count(); i++) {
		int err = pvtime_create(vm_by_id(i), parts.registry);

		if (err != 0) {
			log_warn("VM %s is not told of stolen time: no memory for it (error %d)",
				 vm_by_id(i)->name, -err);
		}
	}
}

static void start_all(void)
{
	vcontrol_set_call(hypercall_do);
	vsock_set_service(remote_step);
	tell_stolen_time();
	shell_audit(parts.registry);
	shell_init(&(struct shell_sources){
		.registry = parts.registry,
		.config = parts.config,
		.board = parts.board,
		.image = parts.image,
		.keep = parts.keeps_logs ? &parts.keep : NULL,
	});
	life_set_all_off(all_off);
	vm_set_stop(life_stop);
	if (vm_count() == 0) {
		all_off();
	}
	for (uint32_t i = 0; i < vm_count(); i++) {
		const struct vm *vm = vm_by_id(i);

		log_info("VM %s: %u vCPU%s, %llu MiB in %u piece%s, %u device%s, kernel \"%s\"",
			 vm->name, vm->vcpu_count, plural(vm->vcpu_count),
			 (unsigned long long)(ram_of(vm) >> 20), pieces_of(vm),
			 plural(pieces_of(vm)), vm->vdev_count, plural(vm->vdev_count),
			 vm->config->kernel->name);
	}
	life_boot();
}

/* What the hypervisor takes of the board's memory, the bundle apart. */
static void print_memory(void)
{
	uint64_t tables = 0, rings = MUX_LOG_SIZE;

	for (uint32_t i = 0; i < vm_count(); i++) {
		const struct vm *vm = vm_by_id(i);

		tables += stage2_pages(&vm->stage2) * PAGE_SIZE;
		rings += VM_LOG_SIZE + (vm->vdev_count == 0 ? 0 : MUX_RX_SIZE + MUX_TX_SIZE);
	}
	log_info("EL2 uses %llu KiB of memory: image %llu, stage 2 %llu, console rings %llu",
		 (unsigned long long)((parts.image.size + page_alloc_outside_image() * PAGE_SIZE) >>
				      10),
		 (unsigned long long)(parts.image.size >> 10), (unsigned long long)(tables >> 10),
		 (unsigned long long)(rings >> 10));
}

void partitions_start(struct board *board, struct prange image, struct prange heap,
		      struct boot_times *times)
{
	parts.board = board;
	parts.image = image;
	parts.heap = heap;
	if (!open_bundle()) {
		halt("nothing to run");
	}
	times->bundle = deadline_now();
	if (!read_config()) {
		halt("nothing to run");
	}
	console_follow_config(board, parts.config);
	printk_set_level((enum log_level)parts.config->log_level);
	mux_set_escape(parts.config->console_escape);
	el2_fault_set_reboot(parts.config->panic_reboot);
	refuse_dead_cpus();
	plan_memory();
	claim_own_memory();
	claim_stores();
	keep_logs();
	devices_open(parts.config, board, parts.registry, &boot_diag);
	reclaim_init(board->cpu_count);
	uplinks_open(parts.config, board, parts.registry);
	build_all();
	set_schedules();
	times->built = deadline_now();
	print_memory();
	start_all();
	devices_look();
}
