/* SPDX-License-Identifier: Apache-2.0 */
/* From a VM's devices/ to struct vm_config: RAM, emulated devices, devices of the board. */
#include "core/base/string.h"
#include "core/config/guest_map_types.h"
#include "core/config/parser.h"
#include "core/config/suggest.h"
#include "drivers/emul/models.h"

#define EXPIRY_WORDS "restart|stop|log"

void parser_ram(struct parser *p, int node, struct vm_config *vm, const char *name)
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
	suggest_try(&s, model_of(BINDING_SHARED));
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

/* All of them begin alike. */
static const struct vdev_type *find_type(const char *compatible)
{
	const size_t vendor = sizeof(BINDING_VENDOR) - 1;

	if (strncmp(compatible, BINDING_VENDOR, vendor) != 0) {
		return NULL;
	}
	for (size_t i = 0; vdev_types[i] != NULL; i++) {
		if (str_is(vdev_types[i]->compatible + vendor, compatible + vendor)) {
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
	} else if (type == &virtio_blk_type) {
		parser_disk(p, node, vm, &device->disk);
	}
	if (type == &virtio_net_type) {
		parser_port(p, node, vm, &device->port);
	} else if (type == &virtio_vsock_type) {
		device->cid = parser_u32(p, node, "guest-cid", 0);
	} else if (type == &virtio_balloon_type) {
		device->min_size = parser_u64(p, node, "min-size", CONFIG_MIN_SIZE_ANY);
		vm->balloon = true;
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
		parser_ram(p, node, vm, dt_name(p->dt, node));
		return;
	}
	if (compatible != NULL && strcmp(compatible, BINDING_PASSTHROUGH) == 0) {
		parser_check_node(p, node, BINDING_PASSTHROUGH_DEVICE, NULL);
		add_passthrough(p, node, vm);
		return;
	}
	if (compatible != NULL && strcmp(compatible, BINDING_SHARED) == 0) {
		parser_check_node(p, node, BINDING_SHARED_DEVICE, NULL);
		parser_share(p, node, vm);
		return;
	}
	type = compatible == NULL ? NULL : find_type(compatible);
	if (type != NULL) {
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

void parser_devices(struct parser *p, int node, struct vm_config *vm)
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
