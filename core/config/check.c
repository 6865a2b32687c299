/* SPDX-License-Identifier: Apache-2.0 */
/* What the config's values mean together, and on this board. */
#include "core/base/errno.h"
#include "core/base/format.h"
#include "core/base/string.h"
#include "core/config/checker.h"
#include "core/config/guest_map_types.h"
#include "core/console/keep.h"

#define LINUX_BOOTARGS_MAX 2048 /* COMMAND_LINE_SIZE of arm64, the final NUL included */

const char *checker_device_path(struct checker *c, const char *name, char *buf, size_t size)
{
	if (strcmp(name, "memory-size") == 0) {
		format(buf, size, "/vms/%s", c->vm->name);
	} else {
		format(buf, size, "/vms/%s/devices/%s", c->vm->name, name);
	}
	return buf;
}

static void check_board_compatible(struct checker *c)
{
	struct dt_prop wanted, have = {0};
	const char *one;

	if (!dt_prop(c->config->tree, DT_ROOT, "board-compatible", &wanted)) {
		return;
	}
	have.value = (const uint8_t *)c->board->compatible;
	have.len = c->board->compatible_len;
	for (uint32_t i = 0; (one = dt_prop_string(&wanted, i)) != NULL; i++) {
		if (dt_prop_has_string(&have, one)) {
			return;
		}
	}
	diag_error(c->diag, "/", "board-compatible",
		   "this config is for \"%s\", the board is \"%s\": nothing is started",
		   dt_prop_string(&wanted, 0) == NULL ? "" : dt_prop_string(&wanted, 0),
		   c->board->compatible);
}

static void check_console(struct checker *c)
{
	const char *ref = c->config->console;
	int node;

	if (ref == NULL || strcmp(ref, "none") == 0) {
		return;
	}
	node = dt_resolve(c->board->tree, ref);
	if (node == DT_NONE) {
		diag_error(c->diag, "/hypervisor", "console",
			   "\"%s\" is neither a path nor an alias of the board's device tree", ref);
	} else if (!dt_status_okay(c->board->tree, node)) {
		diag_error(c->diag, "/hypervisor", "console",
			   "\"%s\" is disabled in the board's device tree", ref);
	}
}

/* What is wrong with a node for the logs; NULL: nothing. */
static const char *log_region_fault(const struct dt *tree, int node, struct prange *range)
{
	struct prange second;

	if (node == DT_NONE) {
		return "is neither a path nor an alias of the board's device tree";
	}
	if (dt_parent(tree, node) != dt_find(tree, "/reserved-memory")) {
		return "is no node below /reserved-memory of the board: only there memory is left "
		       "alone by all others";
	}
	if (!dt_status_okay(tree, node)) {
		return "is disabled in the board's device tree";
	}
	if (dt_reg(tree, node, 0, range) != 0 || dt_reg(tree, node, 1, &second) == 0) {
		return "must have one range in `reg`, which says where it is at each boot";
	}
	if (range->size < KEEP_SIZE_MIN || (range->base | range->size) % PAGE_SIZE != 0) {
		return "must have 64 KiB or more, and begin and end at multiples of 4 KiB";
	}
	return NULL;
}

static void check_log_region(struct checker *c)
{
	const char *ref = c->config->log_region, *fault;
	struct prange range;

	if (ref == NULL) {
		return;
	}
	fault = log_region_fault(c->board->tree, dt_resolve(c->board->tree, ref), &range);
	if (fault != NULL) {
		diag_error(c->diag, "/hypervisor", "log-region", "\"%s\" %s", ref, fault);
	} else {
		c->config->log_range = range;
	}
}

/* The vCPUs that this build and the board's interrupt controller can serve. */
static void check_vcpu_count(struct checker *c)
{
	struct vm_config *vm = c->vm;
	uint32_t max = c->place->vcpu_max == 0 ? CONFIG_VCPU_MAX : c->place->vcpu_max;

	if (vm->vcpu_count > max) {
		diag_error(c->diag, c->path, "vcpus",
			   "is %u: the interrupt controller serves at most %u vCPUs of a VM",
			   vm->vcpu_count, max);
	}
}

/* SPIs that are needed below those of `mbi`, a multiple of 32. */
static uint32_t spis_needed(const struct vm_config *vm)
{
	uint32_t count = vm->gicv2m ? GUEST_V2M_SPI + GUEST_V2M_COUNT : 0;

	for (uint32_t i = 0; i < vm->device_count; i++) {
		uint32_t spi = vm->device[i].spi;

		if (spi != CONFIG_SPI_ANY && spi >= count && spi < GUEST_SPI_COUNT_MAX) {
			count = spi + 1;
		}
	}
	for (uint32_t i = 0; i < vm->passthrough_count; i++) {
		const struct passthrough_config *p = &vm->passthrough[i];

		for (uint32_t k = 0; k < p->spi_count; k++) {
			count = p->spi[k] < GUEST_SPI_COUNT_MAX ? MAX(count, p->spi[k] + 1) : count;
		}
	}
	return (count + 31) / 32 * 32;
}

static void choose_spi_count(struct vm_config *vm)
{
	uint32_t count = MAX(spis_needed(vm), (uint32_t)GUEST_SPI_COUNT_DEFAULT);

	vm->spi_count = MIN(count + (vm->mbi ? GUEST_MBI_COUNT : 0), (uint32_t)GUEST_SPI_COUNT_MAX);
}

/* Messages as interrupts, and the SPIs they take. */
static void check_messages(struct checker *c)
{
	struct vm_config *vm = c->vm;
	uint32_t least;

	if (vm->gic == VM_GIC_V2 && (vm->its || vm->mbi)) {
		diag_error(c->diag, c->path, vm->its ? "its" : "mbi",
			   "belongs to a GICv3, and this VM has a GICv2: write gic = \"v3\" where "
			   "the board has one, or gicv2m in its place");
		vm->its = vm->mbi = false;
	}
	if (vm->spi_count == 0) {
		choose_spi_count(vm);
	}
	least = (vm->gicv2m ? GUEST_V2M_SPI + GUEST_V2M_COUNT : 32) +
		(vm->mbi ? GUEST_MBI_COUNT : 0);
	if ((vm->gicv2m || vm->mbi) && vm->spi_count < least) {
		diag_error(c->diag, c->path, "spi-count",
			   "is %u: with the messages of %s it must be at least %u", vm->spi_count,
			   vm->mbi ? vm->gicv2m ? "gicv2m and mbi" : "mbi" : "gicv2m",
			   (least + 31) / 32 * 32);
		vm->gicv2m = vm->mbi = false;
	}
}

static void check_lpi(struct checker *c, struct vdev_config *device)
{
	char path[CHECKER_PATH_MAX];

	if (device->lpi && !c->vm->its) {
		diag_error(c->diag, checker_device_path(c, device->name, path, sizeof(path)), "lpi",
			   "is for a VM with an ITS: write `its` there, or leave it out");
		device->lpi = false;
	} else if (device->lpi && device->spi != CONFIG_SPI_ANY) {
		diag_error(c->diag, checker_device_path(c, device->name, path, sizeof(path)), "lpi",
			   "and `spi` stand together: the interrupt is one of the two");
	}
}

/* Doorbells are LPIs where that can be and nobody says otherwise, other devices where it is said:
 * what expects QEMU's virt finds their SPIs. docs/decisions.md. */
static bool becomes_lpi(const struct vm_config *vm, const struct vdev_config *device)
{
	return device->lpi ||
	       (vm->its && device->doorbell_count != 0 && device->spi == CONFIG_SPI_ANY);
}

/* PL061s first: which pins they have does not hang on other devices. */
static void choose_pins(struct checker *c)
{
	struct vm_config *vm = c->vm;
	uint32_t pin = GUEST_MBIGEN_PIN;

	for (uint32_t i = 0; i < vm->device_count; i++) {
		check_lpi(c, &vm->device[i]);
	}
	for (uint32_t i = 0; i < 2 * vm->device_count; i++) {
		struct vdev_config *device = &vm->device[i % vm->device_count];
		bool first_round = i < vm->device_count;

		if (becomes_lpi(vm, device) && first_round == (device->doorbell_count != 0)) {
			device->pin = pin++;
			vm->mbigen = true;
		}
	}
}

static void check_gic(struct checker *c)
{
	struct vm_config *vm = c->vm;
	bool v2_board = c->board != NULL && c->board->gic.kind == BOARD_GIC_V2;

	if (vm->gic == VM_GIC_BOARD) {
		vm->gic = v2_board ? VM_GIC_V2 : VM_GIC_V3;
	}
	if (vm->gic == VM_GIC_V3 && v2_board) {
		diag_error(c->diag, c->path, "gic",
			   "is \"v3\", but the board has a GICv2, whose CPUs have nothing to run a "
			   "GICv3's guest with: write \"v2\" or leave it out");
	}
	if (vm->gic == VM_GIC_V2 && vm->vcpu_count > GUEST_GICC_VCPUS) {
		diag_error(c->diag, c->path, "vcpus",
			   "is %u: a GICv2 has interfaces for at most %u CPUs", vm->vcpu_count,
			   GUEST_GICC_VCPUS);
	}
	check_messages(c);
	choose_pins(c);
}

static void check_bootargs(struct checker *c)
{
	struct vm_config *vm = c->vm;

	if (vm->kernel != NULL && vm->kernel->type == IMAGE_LINUX &&
	    strlen(vm->bootargs) >= LINUX_BOOTARGS_MAX) {
		diag_error(c->diag, c->path, "bootargs",
			   "has %zu characters: Linux takes at most %u", strlen(vm->bootargs),
			   LINUX_BOOTARGS_MAX - 1);
	}
}

static void check_guest_dtb(struct checker *c)
{
	/* The root of the generated tree has these; a change would turn every reg of it into
	 * nonsense. */
	static const char *const fixed[] = {"#address-cells", "#size-cells", "interrupt-parent"};
	char path[CHECKER_PATH_MAX];
	struct vm_config *vm = c->vm;

	for (size_t i = 0; vm->guest_dtb != DT_NONE && i < ARRAY_COUNT(fixed); i++) {
		uint32_t cells = 0;
		int ret = dt_u32(c->config->tree, vm->guest_dtb, fixed[i], &cells);

		if (ret == -ENOENT || (ret == 0 && cells == 2 && fixed[i][0] == '#')) {
			continue;
		}
		diag_error(c->diag, dt_path(c->config->tree, vm->guest_dtb, path, sizeof(path)),
			   fixed[i],
			   "belongs to the generated tree, which has 2 cells each and its own "
			   "interrupt "
			   "controller: leave it out");
	}
}

static void check_vm(struct checker *c, struct vm_config *vm)
{
	unsigned int errors = c->diag->error_count;

	c->vm = vm;
	config_vm_path(vm, c->path, sizeof(c->path));
	check_vcpu_count(c);
	checker_board_devices(c);
	check_gic(c);
	check_bootargs(c);
	check_guest_dtb(c);
	checker_places(c);
	checker_doorbells(c);
	checker_balloon(c);
	checker_life(c);
	checker_layout(c);
	vm->refused = vm->refused || c->diag->error_count != errors;
}

int config_check(struct config *config, const struct board *board, const struct config_place *place,
		 struct diag *diag)
{
	static const struct config_place nowhere;
	struct checker c = {
		.config = config,
		.board = board,
		.place = place == NULL ? &nowhere : place,
		.diag = diag,
	};
	unsigned int errors = diag->error_count;
	bool usable;

	if (board != NULL) {
		check_board_compatible(&c);
		check_console(&c);
		check_log_region(&c);
	}
	usable = diag->error_count == errors;
	for (uint32_t i = 0; i < config->vm_count; i++) {
		check_vm(&c, &config->vm[i]);
	}
	checker_cpus(&c);
	checker_schedules(&c);
	checker_budgets(&c);
	checker_memory(&c);
	checker_shared(&c);
	checker_board_devices_shared(&c);
	checker_networks(&c);
	checker_cids(&c);
	checker_disks(&c);
	checker_starts(&c);
	return usable ? 0 : -EINVAL;
}
