/* SPDX-License-Identifier: Apache-2.0 */
/* From a node below vms/ to struct vm_config. */
#include "core/base/errno.h"
#include "core/base/string.h"
#include "core/config/guest_map_types.h"
#include "core/config/parser.h"

#define SCRUB_WORDS   "owner-change|always"
#define GIC_WORDS     "v2|v3"
#define START_WORDS   "boot|manual"
#define RESTART_WORDS "never|on-crash|always"
#define TIME_WORDS    "stops|runs"
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

const struct image_config *parser_image(struct parser *p, int node, const char *name,
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
	vm->kernel = parser_image(p, node, "kernel",
				  1U << IMAGE_LINUX | 1U << IMAGE_RAW | 1U << IMAGE_ELF,
				  "\"linux\", \"raw\" or \"elf\"");
	vm->initrd = parser_image(p, node, "initrd", 1U << IMAGE_RAMDISK, "\"ramdisk\"");
	vm->dtb = parser_image(p, node, "dtb", 1U << IMAGE_DTB, "\"dtb\"");
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
		.share = &p->config->share[p->config->share_count],
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
		parser_ram(p, node, vm, NULL);
	}
	parser_devices(p, dt_child(p->dt, node, "devices"), vm);
	check_ram_source(p, node, vm, errors);
}
