/* SPDX-License-Identifier: Apache-2.0 */
/* From a node below vms/ to struct vm_config. */
#include "core/base/errno.h"
#include "core/base/string.h"
#include "core/config/guest_map_types.h"
#include "core/config/parser.h"
#include "core/config/suggest.h"
#include "drivers/emul/models.h"

#define SCRUB_WORDS   "owner-change|always"
#define GIC_WORDS     "v2|v3"
#define START_WORDS   "boot|manual"
#define RESTART_WORDS "never|on-crash|always"
#define TIME_WORDS    "stops|runs"
#define EXPIRY_WORDS  "restart|stop|log"
#define RESTART_LIMIT 5

static void check_vm_compatible(struct parser *p, int node)
{
	const char *compatible = dt_string(p->dt, node, "compatible");

	if (compatible != NULL && strcmp(compatible, BINDING_VM_COMPATIBLE) != 0) {
		diag_error(p->diag, p->path, "compatible",
			   "\"%s\" is not known: a VM has compatible = \"" BINDING_VM_COMPATIBLE
			   "\"",
			   compatible);
	}
}

static const struct image_config *find_image(const struct config *config, int node)
{
	for (uint32_t i = 0; i < config->image_count; i++) {
		if (config->image[i].node == node) {
			return &config->image[i];
		}
	}
	return NULL;
}

/*
 * The image that a phandle property names; `types` has a bit for each type that may stand there.
 * NULL when absent or reported.
 */
static const struct image_config *parse_image_ref(struct parser *p, int node, const char *name,
						  unsigned int types, const char *wanted)
{
	const struct image_config *image;
	uint32_t phandle;
	int target;

	if (dt_u32(p->dt, node, name, &phandle) != 0) {
		return NULL;
	}
	target = dt_by_phandle(p->dt, phandle);
	if (target == DT_NONE) {
		return NULL; /* reported by the table */
	}
	image = find_image(p->config, target);
	if (image == NULL) {
		char path[CONFIG_PATH_MAX];

		diag_error(p->diag, p->path, name,
			   "%s is not an enabled image: images stand below /images",
			   dt_path(p->dt, target, path, sizeof(path)));
		return NULL;
	}
	if (image->refused) {
		diag_error(p->diag, p->path, name, "the image \"%s\" has errors of its own",
			   image->name);
		return NULL;
	}
	if ((types & (1U << image->type)) == 0) {
		diag_error(p->diag, p->path, name,
			   "the image \"%s\" has the wrong type: it must be %s", image->name,
			   wanted);
		return NULL;
	}
	return image;
}

static void parse_images_of_vm(struct parser *p, int node, struct vm_config *vm)
{
	vm->kernel = parse_image_ref(p, node, "kernel",
				     1U << IMAGE_LINUX | 1U << IMAGE_RAW | 1U << IMAGE_ELF,
				     "\"linux\", \"raw\" or \"elf\"");
	vm->initrd = parse_image_ref(p, node, "initrd", 1U << IMAGE_RAMDISK, "\"ramdisk\"");
	vm->dtb = parse_image_ref(p, node, "dtb", 1U << IMAGE_DTB, "\"dtb\"");
	vm->dtb_address = parser_u64(p, node, "dtb-address", CONFIG_ADDR_NONE);
	vm->bootargs = dt_string(p->dt, node, "bootargs");
	if (vm->bootargs == NULL) {
		vm->bootargs = "";
	}
	vm->guest_dtb = dt_child(p->dt, node, "guest-dtb");
	if (!dt_prop(p->dt, node, "dtb", NULL)) {
		return;
	}
	/* Its own tree goes to the guest as it is: what would be written into a tree must stand in
	 * it. */
	if (dt_prop(p->dt, node, "bootargs", NULL)) {
		diag_error(p->diag, p->path, "bootargs",
			   "has no effect beside dtb: write it into /chosen of that tree");
	}
	if (dt_prop(p->dt, node, "initrd", NULL)) {
		diag_error(p->diag, p->path, "initrd",
			   "has no effect beside dtb, whose /chosen would have to name its place: "
			   "leave out "
			   "one of the two");
	}
	if (vm->guest_dtb != DT_NONE) {
		diag_error(p->diag, p->path, "guest-dtb",
			   "can't be merged into dtb: leave out one of the two");
	}
}

/* Function ids that the hypervisor answers itself: the guest's own firmware, not the board's. */
static bool is_own_call(uint32_t id)
{
	bool fast = (id >> 31) != 0;
	uint32_t owner = (id >> 24) & 0x3f;

	/* DEN 0028 6.2: owner 0 is the architecture, owner 4 with functions up to 0x1f is PSCI. */
	return fast && (owner == 0 || (owner == 4 && (id & 0xffff) <= 0x1f));
}

static void parse_smc_allow(struct parser *p, int node, struct vm_config *vm)
{
	struct dt_prop list;
	uint32_t count;

	if (!dt_prop(p->dt, node, "smc-allow", &list) || list.len == 0 || list.len % 4 != 0) {
		return;
	}
	count = list.len / 4;
	if (count % 2 != 0 || count / 2 > CONFIG_SMC_MAX) {
		diag_error(
			p->diag, p->path, "smc-allow",
			"must be pairs of cells <first last>, at most %u of them: it has %u in all",
			CONFIG_SMC_MAX, count);
		return;
	}
	for (uint32_t i = 0; i < count; i += 2) {
		uint32_t first = dt_prop_cell(&list, i), last = dt_prop_cell(&list, i + 1);

		if (first > last) {
			diag_error(
				p->diag, p->path, "smc-allow",
				"0x%x to 0x%x is not a range: the first must not be above the last",
				first, last);
		} else if (is_own_call(first) || is_own_call(last) ||
			   (first >> 24) != (last >> 24)) {
			diag_error(p->diag, p->path, "smc-allow",
				   "0x%x to 0x%x reaches into PSCI or the architecture's calls, "
				   "which the "
				   "hypervisor answers itself, or spans several owners",
				   first, last);
		} else {
			vm->smc_allow[vm->smc_allow_count].first = first;
			vm->smc_allow[vm->smc_allow_count++].last = last;
		}
	}
}

static void parse_gic(struct parser *p, int node, struct vm_config *vm)
{
	const char *gic = dt_string(p->dt, node, "gic");

	vm->gic = VM_GIC_BOARD;
	if (gic != NULL) {
		/* what is neither has been told of */
		vm->gic = strcmp(gic, "v2") == 0 ? VM_GIC_V2 : VM_GIC_V3;
	}
	vm->spi_count = parser_u32(p, node, "spi-count", 0);
	if (vm->spi_count % 32 != 0 && vm->spi_count < GUEST_SPI_COUNT_MAX) {
		diag_error(p->diag, p->path, "spi-count",
			   "is %u: it must be a multiple of 32, like %u, or %u", vm->spi_count,
			   (vm->spi_count + 31) / 32 * 32, GUEST_SPI_COUNT_MAX);
	}
	vm->its = dt_prop(p->dt, node, "its", NULL);
	vm->gicv2m = dt_prop(p->dt, node, "gicv2m", NULL);
	vm->mbi = dt_prop(p->dt, node, "mbi", NULL);
	vm->lpi_count = parser_u32(p, node, "lpi-count", vm->its ? GUEST_LPI_COUNT_DEFAULT : 0);
	if (vm->lpi_count != 0 && !vm->its) {
		diag_error(p->diag, p->path, "lpi-count",
			   "is for a VM with an ITS: add `its;` or leave it out");
	}
}

/* One region of RAM from its node; `name` NULL: from memory-size of the VM. */
static void add_ram(struct parser *p, int node, struct vm_config *vm, const char *name)
{
	const char *size_name = name == NULL ? "memory-size" : "size";
	struct ram_config *ram = &vm->ram[vm->ram_count];
	uint64_t next = GUEST_RAM_BASE, end;
	struct dt_prop size;

	if (vm->ram_count == CONFIG_RAM_MAX) {
		diag_error(p->diag, p->path, NULL, "is one region too many: a VM has at most %u",
			   CONFIG_RAM_MAX);
		return;
	}
	if (vm->ram_count > 0) {
		next = vm->ram[vm->ram_count - 1].ipa + vm->ram[vm->ram_count - 1].size;
	}
	*ram = (struct ram_config){
		.name = name == NULL ? "memory-size" : name,
		.size = parser_u64(p, node, size_name, 0),
		.ipa = name == NULL ? GUEST_RAM_BASE : parser_u64(p, node, "ipa", next),
		.pa = name == NULL ? CONFIG_PA_ANY : parser_u64(p, node, "pa", CONFIG_PA_ANY),
	};
	if (!dt_prop(p->dt, node, size_name, &size) || size.len != 8) {
		return; /* reported by the table */
	}
	if (ram->size == 0 || ram->size % GUEST_RAM_ALIGN != 0) {
		diag_error(p->diag, p->path, size_name,
			   "is 0x%lx bytes: it must be a multiple of 2 MiB (0x200000), and not 0",
			   ram->size);
	} else if (ram->ipa % GUEST_RAM_ALIGN != 0) {
		diag_error(p->diag, p->path, "ipa",
			   "is 0x%lx: it must be a multiple of 2 MiB (0x200000)", ram->ipa);
	} else if (ram->pa != CONFIG_PA_ANY && ram->pa % GUEST_RAM_ALIGN != 0) {
		diag_error(p->diag, p->path, "pa",
			   "is 0x%lx: it must be a multiple of 2 MiB (0x200000)", ram->pa);
	} else if (__builtin_add_overflow(ram->ipa, ram->size, &end) ||
		   (ram->pa != CONFIG_PA_ANY && __builtin_add_overflow(ram->pa, ram->size, &end))) {
		diag_error(p->diag, p->path, size_name,
			   "is 0x%lx bytes: address and size together exceed 64 bits", ram->size);
	} else {
		vm->ram_count++;
	}
}

/* Behind the comma: what the device is, whoever names it. */
static const char *model_of(const char *compatible)
{
	const char *comma = strchr(compatible, ',');

	return comma == NULL ? compatible : comma + 1;
}

static void refuse_compatible(struct parser *p, const char *compatible)
{
	struct suggest s;

	suggest_begin(&s, model_of(compatible));
	suggest_try(&s, model_of(BINDING_RAM));
	suggest_try(&s, model_of(BINDING_PASSTHROUGH));
	for (size_t i = 0; vdev_types[i] != NULL; i++) {
		suggest_try(&s, model_of(vdev_types[i]->compatible));
	}
	if (s.best != NULL) {
		diag_error(p->diag, p->path, "compatible",
			   "\"%s\" is not known: did you mean \"bulkhead,%s\"?", compatible,
			   s.best);
	} else {
		diag_error(p->diag, p->path, "compatible",
			   "\"%s\" is no device of this hypervisor: vm-configs/README.md lists "
			   "them",
			   compatible);
	}
}

static const struct vdev_type *find_type(const char *compatible)
{
	for (size_t i = 0; vdev_types[i] != NULL; i++) {
		if (strcmp(vdev_types[i]->compatible, compatible) == 0) {
			return vdev_types[i];
		}
	}
	return NULL;
}

static void add_device(struct parser *p, int node, struct vm_config *vm,
		       const struct vdev_type *type)
{
	struct vdev_config *device = &vm->device[vm->device_count];
	const char *input = type == &vpl011_type ? dt_string(p->dt, node, "input") : NULL;
	uint64_t step = type->slots != 0 ? type->size : PAGE_SIZE;

	if (p->config->device_total == CONFIG_DEVICE_TOTAL_MAX) {
		diag_error(p->diag, p->path, NULL,
			   "is one device too many: all VMs together have at most %u",
			   CONFIG_DEVICE_TOTAL_MAX);
		return;
	}
	*device = (struct vdev_config){
		.name = dt_name(p->dt, node),
		.type = type,
		.ipa = parser_u64(p, node, "ipa", CONFIG_IPA_ANY),
		.spi = parser_u32(p, node, "spi", CONFIG_SPI_ANY),
		.lpi = dt_prop(p->dt, node, "lpi", NULL),
		.node = node,
		.input_none = input != NULL && strcmp(input, "none") == 0,
	};
	if (type == &vsp805_type) {
		device->on_expiry =
			(enum on_expiry)parser_choice(p, node, "on-expiry", EXPIRY_WORDS);
	}
	if (device->ipa != CONFIG_IPA_ANY && device->ipa % step != 0) {
		diag_error(p->diag, p->path, "ipa", "is 0x%lx: it must be a multiple of %s",
			   device->ipa, type->slots != 0 ? "0x200" : "4 KiB (0x1000)");
	} else if (device->ipa != CONFIG_IPA_ANY && device->ipa + type->size < device->ipa) {
		diag_error(p->diag, p->path, "ipa", "is 0x%lx: the device would reach past 64 bits",
			   device->ipa);
	} else {
		vm->device_count++;
		p->config->device_total++;
	}
	if (device->spi >= GUEST_SPI_COUNT_MAX) {
		device->spi = CONFIG_SPI_ANY; /* reported by the table */
	}
}

/* The numbers that the guest sees, in place of the board's. */
static void parse_passthrough_numbers(struct parser *p, int node,
				      struct passthrough_config *passthrough)
{
	struct dt_prop list;

	if (dt_prop(p->dt, node, "ipa", &list) && list.len != 0 && list.len % 8 == 0) {
		passthrough->ipa = parser_u64(p, node, "ipa", CONFIG_IPA_ANY);
		if (list.len != 8) {
			diag_error(p->diag, p->path, "ipa",
				   "has %u addresses: a device with several `reg` entries comes "
				   "with a later version",
				   list.len / 8);
		} else if (passthrough->ipa % PAGE_SIZE != 0) {
			diag_error(p->diag, p->path, "ipa",
				   "is 0x%lx: it must be a multiple of 4 KiB (0x1000)",
				   passthrough->ipa);
		}
	}
	if (!dt_prop(p->dt, node, "spi", &list) || list.len == 0 || list.len % 4 != 0) {
		return;
	}
	passthrough->spi_count = list.len / 4;
	if (passthrough->spi_count > CONFIG_PASSTHROUGH_SPI_MAX) {
		diag_error(p->diag, p->path, "spi", "has %u interrupts: a device has at most %u",
			   passthrough->spi_count, CONFIG_PASSTHROUGH_SPI_MAX);
		passthrough->spi_count = 0;
	}
	for (uint32_t i = 0; i < passthrough->spi_count; i++) {
		passthrough->spi[i] = dt_prop_cell(&list, i);
	}
}

static void add_passthrough(struct parser *p, int node, struct vm_config *vm)
{
	struct config *config = p->config;
	struct passthrough_config *passthrough = &config->passthrough[config->passthrough_count];
	const char *dma = dt_string(p->dt, node, "dma");

	if (config->passthrough_count == CONFIG_PASSTHROUGH_MAX) {
		diag_error(p->diag, p->path, NULL,
			   "is one board device too many: all VMs together have at most %u",
			   CONFIG_PASSTHROUGH_MAX);
		return;
	}
	*passthrough = (struct passthrough_config){
		.name = dt_name(p->dt, node),
		.board_node = dt_string(p->dt, node, "board-node"),
		.ipa = CONFIG_IPA_ANY,
		.node = DT_NONE,
	};
	parse_passthrough_numbers(p, node, passthrough);
	if (dma != NULL && (strcmp(dma, "smmu") == 0 || strcmp(dma, "unsafe") == 0)) {
		diag_error(p->diag, p->path, "dma",
			   "\"%s\" comes with a later version: in this one only a device that does "
			   "no DMA can be given, with \"none\"",
			   dma);
	}
	if (passthrough->board_node != NULL) {
		config->passthrough_count++;
		vm->passthrough_count++;
	}
}

/* The last PL061 of the VM, while it has lines left. */
static struct vdev_config *pl061_with_room(struct vm_config *vm, const struct vdev_type *type)
{
	for (uint32_t i = vm->device_count; i > 0; i--) {
		struct vdev_config *device = &vm->device[i - 1];

		if (device->type == type) {
			return device->doorbell_count < CONFIG_DOORBELLS_OF_PL061 ? device : NULL;
		}
	}
	return NULL;
}

/* What the first doorbell of a PL061 says stands at no other. */
static void refuse_place(struct parser *p, int node, const struct vdev_config *first)
{
	static const char *const names[] = {"ipa", "spi", "lpi"};

	for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
		if (dt_prop(p->dt, node, names[i], NULL)) {
			diag_error(p->diag, p->path, names[i],
				   "stands at \"%s\", with which this doorbell shares a PL061: "
				   "leave it out here",
				   first->name);
			return;
		}
	}
}

/* A doorbell is a device of its own only where it is the first of a PL061. */
static void add_doorbell(struct parser *p, int node, struct vm_config *vm,
			 const struct vdev_type *type)
{
	struct doorbell_config *doorbell = &p->config->doorbell[p->config->doorbell_count];
	struct vdev_config *device = pl061_with_room(vm, type);
	uint32_t before = vm->device_count;

	if (p->config->doorbell_count == CONFIG_DOORBELL_MAX) {
		diag_error(p->diag, p->path, NULL,
			   "is one doorbell too many: all VMs together have at most %u",
			   CONFIG_DOORBELL_MAX);
		return;
	}
	if (device == NULL) {
		add_device(p, node, vm, type);
		if (vm->device_count == before) {
			return; /* told of */
		}
		device = &vm->device[before];
		device->doorbell = doorbell;
	} else {
		refuse_place(p, node, device);
	}
	*doorbell = (struct doorbell_config){
		.name = dt_name(p->dt, node),
		.node = node,
		.peer_node = dt_by_phandle(p->dt, parser_u32(p, node, "peer", 0)),
	};
	p->config->doorbell_count++;
	device->doorbell_count++;
}

static void parse_device(struct parser *p, int node, struct vm_config *vm)
{
	const char *compatible = dt_string(p->dt, node, "compatible");
	const struct vdev_type *type;

	parser_check_name(p, node);
	if (compatible != NULL && strcmp(compatible, BINDING_RAM) == 0) {
		parser_check_node(p, node, BINDING_RAM_DEVICE, NULL);
		add_ram(p, node, vm, dt_name(p->dt, node));
		return;
	}
	if (compatible != NULL && strcmp(compatible, BINDING_PASSTHROUGH) == 0) {
		parser_check_node(p, node, BINDING_PASSTHROUGH_DEVICE, NULL);
		add_passthrough(p, node, vm);
		return;
	}
	type = compatible == NULL ? NULL : find_type(compatible);
	if (type != NULL && type->later != NULL) {
		diag_error(p->diag, p->path, "compatible", "\"%s\": %s", compatible, type->later);
	} else if (type != NULL) {
		parser_check_node(p, node, BINDING_DEVICE, type->props);
		if (type == &vdoorbell_type) {
			add_doorbell(p, node, vm, type);
		} else {
			add_device(p, node, vm, type);
		}
	} else if (compatible != NULL) {
		refuse_compatible(p, compatible);
	} else {
		diag_error(p->diag, p->path, "compatible",
			   "is missing: it says what the device is, like \"bulkhead,pl011\"");
	}
}

static void parse_devices(struct parser *p, int node, struct vm_config *vm)
{
	uint32_t seen = 0;

	if (node == DT_NONE || !parser_enabled(p, node)) {
		return;
	}
	parser_check_node(p, node, BINDING_DEVICES, NULL);
	for (int child = dt_first_child(p->dt, node); child != DT_NONE;
	     child = dt_next_sibling(p->dt, child)) {
		if (!parser_enabled(p, child)) {
			continue;
		}
		if (seen++ == CONFIG_DEVICE_MAX) {
			parser_at(p, node);
			diag_error(p->diag, p->path, NULL, "has more than %u devices",
				   CONFIG_DEVICE_MAX);
			return;
		}
		parse_device(p, child, vm);
	}
}

/* RAM comes from one place: the property, or devices. */
static void check_ram_source(struct parser *p, int node, const struct vm_config *vm,
			     unsigned int errors)
{
	bool by_size = dt_prop(p->dt, node, "memory-size", NULL);
	uint32_t from_devices = vm->ram_count;

	if (vm->ram_count > 0 && strcmp(vm->ram[0].name, "memory-size") == 0) {
		from_devices--;
	}
	parser_at(p, node);
	if (by_size && from_devices > 0) {
		diag_error(p->diag, p->path, "memory-size",
			   "stands beside bulkhead,ram devices: leave out one of the two");
	} else if (!by_size && vm->ram_count == 0 && p->diag->error_count == errors) {
		diag_error(p->diag, p->path, "memory-size",
			   "is missing: say how much RAM the VM has, like <0x0 0x20000000> for 512 "
			   "MiB");
	}
}

/* What names other VMs is looked at when all are known: core/config/check_life.c. */
static void parse_life(struct parser *p, int node, struct vm_config *vm)
{
	vm->restart_limit = RESTART_LIMIT;
	vm->has_life = p->has_life; /* most have none of these properties */
	if (!vm->has_life) {
		return;
	}
	vm->start_manual = parser_choice(p, node, "start", START_WORDS) == 1;
	vm->restart = (enum vm_restart)parser_choice(p, node, "restart", RESTART_WORDS);
	vm->restart_limit = parser_u32(p, node, "restart-limit", RESTART_LIMIT);
	vm->restart_delay_ms = parser_u32(p, node, "restart-delay-ms", 0);
	vm->time_runs = parser_choice(p, node, "time-when-paused", TIME_WORDS) == 1;
	if (vm->start_manual && dt_prop(p->dt, node, "start-after", NULL)) {
		diag_error(p->diag, p->path, "start-after",
			   "has no effect beside start = \"manual\": a command starts it at once; "
			   "leave out one of the two");
	}
}

void parser_vm(struct parser *p, int node, struct vm_config *vm)
{
	unsigned int errors = p->diag->error_count;

	*vm = (struct vm_config){
		.name = dt_name(p->dt, node),
		.node = node,
		.index = p->config->vm_count,
		.passthrough = &p->config->passthrough[p->config->passthrough_count],
		.device = &p->config->device[p->config->device_total],
	};
	parser_check_name(p, node);
	p->has_life = false;
	parser_check_node(p, node, BINDING_VM, NULL);
	check_vm_compatible(p, node);
	parser_vcpus(p, node, vm);
	parse_images_of_vm(p, node, vm);
	parse_smc_allow(p, node, vm);
	parse_gic(p, node, vm);
	parse_life(p, node, vm);
	vm->scrub_always = parser_choice(p, node, "scrub", SCRUB_WORDS) == 1;
	if (dt_prop(p->dt, node, "memory-size", NULL)) {
		add_ram(p, node, vm, NULL);
	}
	parse_devices(p, dt_child(p->dt, node, "devices"), vm);
	check_ram_source(p, node, vm, errors);
}
