/* SPDX-License-Identifier: Apache-2.0 */
/* From a checked config to VMs. */
#include "core/vm/build.h"

#include "core/arm64/features.h"
#include "core/arm64/stacks.h"
#include "core/base/errno.h"
#include "core/config/config.h"
#include "core/config/guest_map_types.h"
#include "core/sched/sched.h"
#include "core/vm/describe.h"
#include "core/vm/load.h"
#include "core/vm/passthrough.h"
#include "core/vm/pvtime.h"
#include "core/vm/random.h"
#include "core/vm/share.h"
#include "drivers/emul/models.h"
#include "drivers/emul/vdev.h"
#include "irq/hw/gic.h"
#include "irq/hw/gich.h"
#include "irq/vgic/vgic.h"
#include "irq/vgic/vits.h"
#include "irq/vgic/vlpi.h"
#include "mm/frames.h"
#include "mm/page_alloc.h"
#include "timer/deadline.h"
#include "timer/vtimer.h"

#define MPIDR_RES1   BIT(31)
#define CLUSTER_SIZE 16 /* vCPUs per affinity level 1: what one SGI write can name */

/* What a VM's devices and interrupt controller allocate, generously, in bytes: whole pages. */
static uint64_t arena_size(const struct vm_config *vm)
{
	uint64_t lpis = vm->its ? vlpi_size(vm->lpi_count, vm->vcpu_count) : 0;
	uint64_t devices = 0;

	for (uint32_t i = 0; i < vm->device_count; i++) {
		uint32_t memory = vm->device[i].type->memory;

		devices += memory != 0 ? memory : KIB(6);
	}
	return align_up(KIB(24) + devices + lpis, PAGE_SIZE);
}
#define DTB_SIZE KIB(16)

/*
 * Its RAM comes and goes by pages. EL2 reaches it by them too: the first extent, which all others
 * look at (mm/guest_access.h), is empty.
 */
static int make_frames(struct vm *vm)
{
	uint64_t size = config_ram_size(vm->config);
	struct frames_space *space =
		page_alloc((uint32_t)(align_up(sizeof(*space), PAGE_SIZE) / PAGE_SIZE));
	void *memory = page_alloc(frames_pages(size));

	if (space == NULL || memory == NULL) {
		return -ENOMEM;
	}
	frames_create(space, &vm->stage2, vm->id, size, memory);
	vm->stage2.frames = space;
	vm->extent[vm->extent_count++] = (struct vm_extent){0, 0, 0};
	return 0;
}

static int map_extent(struct vm *vm, const struct grant *grant)
{
	int err;

	if (vm->stage2.frames == NULL) {
		return stage2_map(&vm->stage2, grant->ipa, grant->pa, grant->size, grant->kind);
	}
	err = stage2_map_pages(&vm->stage2, grant->ipa, grant->pa, grant->size, grant->kind);
	return err != 0 ? err : frames_add(vm->stage2.frames, grant->ipa, grant->pa, grant->size);
}

static int map_ram(const struct build_context *build, struct vm *vm, uint32_t index)
{
	int made = vm->config->balloon ? make_frames(vm) : 0;

	if (made != 0) {
		return made;
	}
	for (uint32_t i = 0; i < build->plan->extent_count; i++) {
		const struct ram_extent *extent = &build->plan->extent[i];
		struct grant grant = {
			.ipa = extent->ipa,
			.pa = extent->pa,
			.size = extent->size,
			.owner = (uint16_t)vm->id,
			.kind = STAGE2_RAM,
		};
		int err;

		if (extent->vm != index) {
			continue;
		}
		if (vm->extent_count == VM_EXTENT_MAX) {
			return -ENOSPC;
		}
		err = registry_grant(build->registry, &grant);
		if (err == 0) {
			err = map_extent(vm, &grant);
		}
		if (err != 0) {
			return err;
		}
		vm->extent[vm->extent_count++] =
			(struct vm_extent){extent->ipa, extent->pa, extent->size};
	}
	return 0;
}

/* How it gets its CPU. */
static void set_share(struct vcpu *vcpu, const struct vm_config *config, uint32_t index)
{
	const struct vcpu_config *share = &config->vcpu[index];

	vcpu->sched.priority = share->priority;
	vcpu->sched.background = config->background;
	vcpu->sched.slice = deadline_from_us(config->slice_us);
	vcpu->sched.budget = deadline_from_us(share->budget_us);
	vcpu->sched.period = deadline_from_us(share->period_us);
}

/* A vCPU, and behind it whom it has waited for: any VM. */
static uint32_t vcpu_pages(const struct config *config)
{
	uint64_t size = sizeof(struct vcpu) + SCHED_HAD(config->vm_count) * sizeof(uint64_t);

	return (uint32_t)(align_up(size, PAGE_SIZE) / PAGE_SIZE);
}

static int make_vcpus(const struct build_context *build, struct vm *vm)
{
	const struct vm_config *config = vm->config;
	uint32_t pages = vcpu_pages(build->config);
	int err = 0;

	for (uint32_t i = 0; i < config->vcpu_count && err == 0; i++) {
		struct vcpu *vcpu = page_alloc(pages);

		if (vcpu == NULL) {
			return -ENOMEM;
		}
		vcpu->vm = vm;
		vcpu->index = i;
		vcpu->cpu = config->vcpu[i].cpu;
		vcpu->sched.waited = (uint64_t *)(vcpu + 1);
		vcpu->sched.had = SCHED_HAD(vm->id);
		vcpu->sched.has_mates = config->vcpu_count > 1;
		set_share(vcpu, config, i);
		vcpu->cpu_mpidr = build->board->cpu[vcpu->cpu].mpidr;
		vcpu->cpu_kick = gic_sgi_to(GIC_SGI_KICK, vcpu->cpu_mpidr);
		vcpu->hold = VCPU_HOLD_OFF;
		list_init(&vcpu->deadlines);
		vcpu->stack_top = *percpu_of(stack_top, vcpu->cpu);
		vcpu->midr = percpu_of(cpu_id, vcpu->cpu)->midr;
		vcpu->mpidr = MPIDR_RES1 | (i / CLUSTER_SIZE) << 8 | i % CLUSTER_SIZE;
		vm->vcpu[i] = vcpu;
		vm->vcpu_count++;
		err = sched_add(vcpu);
	}
	return err;
}

/* ID registers: the AND over the CPUs this VM may run on, less what guests don't get. */
static void make_idregs(struct vm *vm)
{
	for (uint32_t r = 0; r < IDREG_COUNT; r++) {
		uint64_t value = percpu_of(cpu_id, vm->vcpu[0]->cpu)->idreg[r];

		for (uint32_t i = 1; i < vm->vcpu_count; i++) {
			value = idreg_and(r, value, percpu_of(cpu_id, vm->vcpu[i]->cpu)->idreg[r]);
		}
		vm->idreg[r] = idreg_for_guest(r, value, vm->config->gic == VM_GIC_V3);
	}
}

/*
 * The CPU interface of a GICv2 guest: the page that the hardware has for guests, of which each CPU
 * sees its own; the one behind, with GICC_DIR, is trapped. On GICv3 hardware all of it is software.
 */
static int make_gicc(const struct build_context *build, struct vm *vm)
{
	const struct grant grant = {
		.ipa = GUEST_GICC_BASE,
		.pa = gich_gicv(),
		.size = PAGE_SIZE,
		.owner = REGISTRY_OWNER_EACH,
		.kind = STAGE2_DEVICE,
	};
	int err;

	if (!gic_is_v2()) {
		return mmio_map_add(&vm->mmio, GUEST_GICC_BASE, GUEST_GICC_SIZE, &vgic_v2_cpu_ops,
				    vm);
	}
	err = registry_grant(build->registry, &grant);
	if (err == 0) {
		err = stage2_map(&vm->stage2, grant.ipa, grant.pa, grant.size, grant.kind);
	}
	return err != 0 ? err :
			  mmio_map_add(&vm->mmio, GUEST_GICC_BASE + PAGE_SIZE,
				       GUEST_GICC_SIZE - PAGE_SIZE, &vgic_v2_dir_ops, vm);
}

/* What carries messages to the interrupt controller, but for the distributor itself. */
static int make_messages(struct vm *vm, struct arena *arena)
{
	struct vits *its;
	int err = 0;

	if (vm->config->its) {
		err = vits_create(vm, GUEST_ITS_BASE, arena, &its);
		err = err != 0 ? err :
				 mmio_map_add(&vm->mmio, GUEST_ITS_BASE, GUEST_ITS_SIZE, &vits_ops,
					      its);
	}
	if (err == 0 && vm->config->gicv2m) {
		err = mmio_map_add(&vm->mmio, GUEST_V2M_BASE, GUEST_V2M_SIZE, &vgic_v2m_ops, vm);
	}
	return err;
}

static int make_redists(struct vm *vm)
{
	uint32_t low = vm->config->redist_low;
	int err = mmio_map_add(&vm->mmio, GUEST_GICR_BASE, low * GUEST_GICR_STRIDE,
			       &vgic_redist_ops, vm);

	if (err == 0 && low < vm->vcpu_count) {
		err = mmio_map_add(&vm->mmio, GUEST_GICR_HIGH,
				   (vm->vcpu_count - low) * GUEST_GICR_STRIDE,
				   &vgic_redist_high_ops, vm);
	}
	return err;
}

static int make_gic(const struct build_context *build, struct vm *vm, struct arena *arena)
{
	const struct vgic_setup setup = {
		.v2 = vm->config->gic == VM_GIC_V2,
		.spi_count = vm->config->spi_count,
		.lpi_count = vm->config->lpi_count,
		.redist_low = vm->config->redist_low,
		.mbi = vm->config->mbi,
		.lr_count = gic_list_register_count(),
		.vif = gic_is_v2() ? &gich_vif_ops : NULL,
	};
	int err = vgic_create(vm, &setup, arena);

	if (err == 0) {
		err = mmio_map_add(&vm->mmio, GUEST_GICD_BASE, GUEST_GICD_SIZE,
				   setup.v2 ? &vgic_v2_dist_ops : &vgic_dist_ops, vm);
	}
	if (err == 0 && setup.v2) {
		err = make_gicc(build, vm);
	} else if (err == 0) {
		err = make_redists(vm);
	}
	err = err != 0 ? err : make_messages(vm, arena);
	for (uint32_t i = 0; err == 0 && i < vm->vcpu_count; i++) {
		vtimer_create(vm->vcpu[i]);
	}
	return err;
}

/* Behind the devices: their lines that become LPIs lead there. */
static int make_message_generator(struct vm *vm, struct arena *arena)
{
	static const struct vdev_config config = {
		.name = "mbigen",
		.type = &vmbigen_type,
		.ipa = GUEST_MBIGEN_BASE,
	};
	struct vdev *generator;
	int err = vmbigen_type.create(vm, &config, arena, &generator);

	for (uint32_t i = 0; err == 0 && i < vm->vdev_count; i++) {
		if (vm->vdev[i]->config->pin != 0) {
			vm->vdev[i]->lines = generator;
			vm->vdev[i]->set_pin = vmbigen_set_pin;
		}
	}
	if (err == 0) {
		vm->vdev[vm->vdev_count++] = generator;
		err = mmio_map_add(&vm->mmio, config.ipa, vmbigen_type.size, vmbigen_type.mmio,
				   generator);
	}
	return err;
}

static int make_devices(struct vm *vm, struct arena *arena)
{
	for (uint32_t i = 0; i < vm->config->device_count; i++) {
		const struct vdev_config *config = &vm->config->device[i];
		struct vdev **vdev = &vm->vdev[vm->vdev_count];
		int err = config->type->create(vm, config, arena, vdev);

		if (err == -ENODEV) {
			continue;
		}
		if (err != 0) {
			return err;
		}
		(*vdev)->index = vm->vdev_count++;
		err = mmio_map_add(&vm->mmio, config->ipa, config->type->size, config->type->mmio,
				   *vdev);
		if (err != 0) {
			return err;
		}
	}
	return vm->config->mbigen ? make_message_generator(vm, arena) : 0;
}

/* The guest's own tree, or one written for it and kept for every restart. */
static int plan_images(const struct build_context *build, struct vm *vm)
{
	const struct image_config *own = vm->config->dtb;
	void *dtb;
	int size;

	if (own != NULL) {
		return load_plan(vm, own->data, own->size);
	}
	dtb = page_alloc((uint32_t)(DTB_SIZE / PAGE_SIZE));
	if (dtb == NULL) {
		return -ENOMEM;
	}
	size = describe_vm(vm, build->config_tree, build->board->tree, dtb, DTB_SIZE);
	if (size < 0) {
		return size;
	}
	return load_plan(vm, dtb, (uint64_t)size);
}

static int make_vm(const struct build_context *build, struct vm *vm, uint32_t index)
{
	const struct cpu_features *features = &cpu_features;
	struct arena arena = page_alloc_arena(arena_size(vm->config));
	int err;

	spin_init(&vm->lock, RANK_VM);
	spin_init(&vm->random_lock, RANK_RANDOM);
	vm_random_begin(vm);
	vm->name = vm->config->name;
	vm->vcpu = arena.base == NULL ?
			   NULL :
			   arena_alloc(&arena, vm->config->vcpu_count * sizeof(void *));
	if (vm->vcpu == NULL) {
		return -ENOMEM;
	}
	err = stage2_init(&vm->stage2, (uint16_t)(vm->id + 1), features->pa_bits, features->vmid16,
			  features->fwb);
	err = err != 0 ? err : map_ram(build, vm, index);
	err = err != 0 ? err : make_vcpus(build, vm);
	if (err != 0) {
		return err;
	}
	make_idregs(vm);
	err = make_gic(build, vm, &arena);
	err = err != 0 ? err : make_devices(vm, &arena);
	err = err != 0 ? err : passthrough_make(vm, build->registry);
	err = err != 0 ? err : share_make(vm, build->registry);
	return err != 0 ? err : plan_images(build, vm);
}

static const char *what_failed(int err)
{
	switch (err) {
	case -ENOMEM:
		return "the hypervisor's own memory does not suffice for it";
	case -E2BIG:
	case -ENOSPC:
		return "it needs more RAM pieces, devices or device tree than there is room for";
	case -EBUSY:
		return "another VM has one of its CPUs";
	case -EEXIST:
		return "something it should get has another owner";
	default:
		return "its guest-dtb can't be merged into the generated tree";
	}
}

/* Where a reset leaves it, if there is room; before its devices, which write to it. */
static int make_log(const struct build_context *build, struct vm *vm)
{
	vm->log = build->keep == NULL ? NULL : keep_add(build->keep, vm->config->name, VM_LOG_SIZE);
	if (vm->log == NULL) {
		if (build->keep != NULL) {
			log_notice("VM %s: its log is not kept, log-region is full",
				   vm->config->name);
		}
		vm->log = &vm->own_log;
		vm->own_log.size = VM_LOG_SIZE;
		vm->own_log.data = page_alloc_dirty(VM_LOG_SIZE / PAGE_SIZE);
	}
	return vm->log->data == NULL ? -ENOMEM : 0;
}

int build_vm(const struct build_context *build, uint32_t index)
{
	struct vm *vm = page_alloc((uint32_t)(align_up(sizeof(*vm), PAGE_SIZE) / PAGE_SIZE));
	int err = -ENOMEM;

	if (vm != NULL) {
		vm->config = &build->config->vm[index];
		vm->id = vm_count();
		err = make_log(build, vm);
		err = err != 0 ? err : make_vm(build, vm, index);
	}
	if (err == 0) {
		vm_register(vm);
	} else {
		char path[DT_PATH_MAX];

		diag_error(build->diag,
			   config_vm_path(&build->config->vm[index], path, sizeof(path)), NULL,
			   "can't be built: %s", what_failed(err));
	}
	return err;
}

/* Who has which page, and a table for each 2 MiB of them. */
static uint64_t balloon_pages(const struct vm_config *config)
{
	uint64_t size = config_ram_size(config);

	return frames_pages(size) + align_up(sizeof(struct frames_space), PAGE_SIZE) / PAGE_SIZE +
	       size / MIB(2);
}

uint32_t build_pages(const struct config *config)
{
	uint64_t pages = 0, largest = 0;

	for (uint32_t i = 0; i < config->vm_count; i++) {
		const struct vm_config *vm = &config->vm[i];

		if (vm->refused) {
			continue;
		}
		pages += align_up(sizeof(struct vm), PAGE_SIZE) / PAGE_SIZE +
			 arena_size(vm) / PAGE_SIZE + (DTB_SIZE + VM_LOG_SIZE) / PAGE_SIZE +
			 PVTIME_PAGES;
		pages += vm->vcpu_count * vcpu_pages(config);
		/* root, and per piece of RAM or device the tables at both ends */
		pages += 16 + 4 * (vm->ram_count + vm->passthrough_count + 3) + share_pages(vm);
		if (vm->balloon) {
			pages += balloon_pages(vm);
			largest = MAX(largest, (uint64_t)frames_pages(config_ram_size(vm)));
		}
	}
	/* which goes to another piece of EL2's memory where it finds too little at a piece's end */
	return (uint32_t)(pages + 2 * largest);
}
