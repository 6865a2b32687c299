/* SPDX-License-Identifier: Apache-2.0 */
/* The guest-physical map of one VM: nothing over anything else, and a place for what has none yet.
 */
#include "core/base/bits.h"
#include "core/base/string.h"
#include "core/config/checker.h"
#include "core/config/guest_map_types.h"
#include "drivers/emul/vdev.h"

#define SPAN_MAX    (7 + CONFIG_RAM_MAX + CONFIG_DEVICE_MAX)
#define RAM_BY_SIZE "memory-size" /* the name of the region that this property makes */

struct span {
	uint64_t base, size;
	const char *name; /* of the device or region, or what it is */
};

struct map {
	struct span span[SPAN_MAX];
	uint32_t count;
	uint64_t spi[(GUEST_SPI_COUNT_MAX + 63) / 64]; /* taken */
};

static const struct span *find_clash(const struct map *map, uint64_t base, uint64_t size)
{
	for (uint32_t i = 0; i < map->count; i++) {
		if (ranges_overlap(map->span[i].base, map->span[i].size, base, size)) {
			return &map->span[i];
		}
	}
	return NULL;
}

static void add(struct map *map, uint64_t base, uint64_t size, const char *name)
{
	map->span[map->count++] = (struct span){.base = base, .size = size, .name = name};
}

static uint32_t ipa_bits(const struct checker *c)
{
	uint32_t bits = c->place->ipa_bits;

	return bits == 0 ? GUEST_IPA_BITS_MAX : MIN(bits, (uint32_t)GUEST_IPA_BITS_MAX);
}

/* Adds what the config placed, or says what it would lie over. `base + size` does not wrap. */
static void add_placed(struct checker *c, struct map *map, const struct span *s)
{
	uint32_t bits = ipa_bits(c);
	const struct span *other = find_clash(map, s->base, s->size);
	bool whole_ram = strcmp(s->name, RAM_BY_SIZE) == 0;
	const char *property = whole_ram ? RAM_BY_SIZE : "ipa";
	char path[CHECKER_PATH_MAX];

	checker_device_path(c, s->name, path, sizeof(path));
	if (other != NULL) {
		diag_error(c->diag, path, property, "0x%lx to 0x%lx lies over %s (0x%lx to 0x%lx)",
			   s->base, s->base + s->size - 1,
			   strcmp(other->name, RAM_BY_SIZE) == 0 ? "RAM" : other->name, other->base,
			   other->base + other->size - 1);
	} else if (s->base + s->size > BIT(bits)) {
		diag_error(c->diag, path, property,
			   "0x%lx to 0x%lx is beyond the %u bits of a guest-physical address%s",
			   s->base, s->base + s->size - 1, bits,
			   bits == GUEST_IPA_BITS_MAX ? "" : " on this board");
	} else {
		add(map, s->base, s->size, s->name);
	}
}

/* The first free place of a row, or its end. */
static uint64_t free_place(const struct map *map, uint64_t at, uint64_t end, uint64_t step,
			   uint64_t size)
{
	while (at + size <= end && find_clash(map, at, size) != NULL) {
		at += step;
	}
	return at + size <= end ? at : end;
}

static void place_ipa(struct checker *c, struct map *map, struct vdev_config *device)
{
	const struct vdev_type *type = device->type;
	uint64_t at = type->ipa, end = GUEST_DEVICE_END;
	char path[CHECKER_PATH_MAX];

	if (type->slots != 0) {
		end = at + type->slots * type->size;
		at = free_place(map, at, end, type->size, type->size);
	} else if (at == CONFIG_IPA_ANY || find_clash(map, at, type->size) != NULL) {
		at = free_place(map, GUEST_DEVICE_BASE, end, GUEST_DEVICE_STEP, type->size);
	}
	if (at == end) {
		checker_device_path(c, device->name, path, sizeof(path));
		diag_error(c->diag, path, "ipa", "there is no free place left: write one");
		return;
	}
	device->ipa = at;
	add(map, at, type->size, device->name);
}

/* Above RAM, where Linux' linear map reaches and 32 bits do. */
static void place_share(struct checker *c, struct map *map, struct share_config *share)
{
	uint64_t at = GUEST_SHARED_BASE, end = BIT(ipa_bits(c)), size = share->store->size;
	const struct span *other;
	char path[CHECKER_PATH_MAX];

	/* no span reaches beyond `end`, which is far below 64 bits */
	while ((other = find_clash(map, at, size)) != NULL) {
		at = align_up(other->base + other->size, GUEST_SHARED_ALIGN);
	}
	if (at > end || size > end - at) {
		checker_device_path(c, share->name, path, sizeof(path));
		diag_error(c->diag, path, "ipa",
			   "there is no free place left for 0x%lx bytes: write one", size);
		return;
	}
	share->ipa = at;
	add(map, at, size, share->name);
}

/* A VM whose spi-count is refused is looked at to its end. */
static bool take_spi(struct map *map, uint32_t spi)
{
	if (spi >= GUEST_SPI_COUNT_MAX || (map->spi[spi / 64] & BIT(spi % 64)) != 0) {
		return false;
	}
	map->spi[spi / 64] |= BIT(spi % 64);
	return true;
}

static bool has_spi(const struct passthrough_config *p, uint32_t spi)
{
	for (uint32_t i = 0; i < p->spi_count; i++) {
		if (p->spi[i] == spi) {
			return true;
		}
	}
	return false;
}

/* The name of the other device that has this SPI. */
static const char *spi_owner(const struct vm_config *vm, const char *not_me, uint32_t spi)
{
	for (uint32_t i = 0; i < vm->device_count; i++) {
		if (vm->device[i].name != not_me && vm->device[i].spi == spi) {
			return vm->device[i].name;
		}
	}
	for (uint32_t i = 0; i < vm->passthrough_count; i++) {
		if (has_spi(&vm->passthrough[i], spi)) {
			return vm->passthrough[i].name;
		}
	}
	return spi >= vm->spi_count - GUEST_MBI_COUNT && vm->mbi ? "mbi" : "gicv2m";
}

static void check_spi(struct checker *c, struct map *map, const char *name, uint32_t spi)
{
	char path[CHECKER_PATH_MAX];

	checker_device_path(c, name, path, sizeof(path));
	if (spi >= c->vm->spi_count) {
		diag_error(c->diag, path, "spi", "is %u: spi-count of the VM is %u", spi,
			   c->vm->spi_count);
	} else if (!take_spi(map, spi)) {
		diag_error(c->diag, path, "spi", "%u is the interrupt of %s already", spi,
			   spi_owner(c->vm, name, spi));
	}
}

/* The one that belongs to its place. */
static uint32_t spi_of(const struct vdev_config *device)
{
	const struct vdev_type *type = device->type;
	uint64_t slot = type->slots != 0 ? (device->ipa - type->ipa) / type->size : 0;

	return slot <= type->slots && type->spi != CONFIG_SPI_ANY ? type->spi + (uint32_t)slot :
								    CONFIG_SPI_ANY;
}

static void place_spi(struct checker *c, struct map *map, struct vdev_config *device)
{
	uint32_t spi = spi_of(device), limit = MIN(c->vm->spi_count, (uint32_t)GUEST_SPI_COUNT_MAX);
	char path[CHECKER_PATH_MAX];

	if (spi == CONFIG_SPI_ANY || spi >= limit || !take_spi(map, spi)) {
		for (spi = GUEST_SPI_FIRST; spi < limit; spi++) {
			if (take_spi(map, spi)) {
				break;
			}
		}
	}
	if (spi >= limit) {
		checker_device_path(c, device->name, path, sizeof(path));
		diag_error(c->diag, path, "spi",
			   "there is no free interrupt left: raise spi-count");
		return;
	}
	device->spi = spi;
}

/* What GICv2m and messages to the distributor are made of. Their SPIs exist: check_gic(). */
static void take_messages(const struct vm_config *vm, struct map *map)
{
	for (uint32_t i = 0; vm->gicv2m && i < GUEST_V2M_COUNT; i++) {
		take_spi(map, GUEST_V2M_SPI + i);
	}
	for (uint32_t i = 0; vm->mbi && i < GUEST_MBI_COUNT; i++) {
		take_spi(map, vm->spi_count - GUEST_MBI_COUNT + i);
	}
}

static void check_counts(struct checker *c)
{
	struct vm_config *vm = c->vm;

	for (uint32_t i = 0; i < vm->device_count; i++) {
		const struct vdev_type *type = vm->device[i].type;
		uint32_t before = 0;
		char path[CHECKER_PATH_MAX];

		for (uint32_t k = 0; k < i; k++) {
			before += vm->device[k].type == type;
		}
		if (type->max_count != 0 && before == type->max_count) {
			checker_device_path(c, vm->device[i].name, path, sizeof(path));
			diag_error(c->diag, path, "compatible",
				   "is one \"%s\" too many: a VM has at most %u", type->compatible,
				   type->max_count);
		}
	}
}

/* How many redistributors have their place below what the config put among them; all where it is in
 * nobody's way, or in that of the first. */
static uint32_t redists_below(const struct vm_config *vm, uint64_t base, uint64_t size)
{
	uint32_t all = vm->vcpu_count;

	if (base < GUEST_GICR_BASE + GUEST_GICR_STRIDE ||
	    !ranges_overlap(GUEST_GICR_BASE, all * GUEST_GICR_STRIDE, base, size)) {
		return all;
	}
	return (uint32_t)((base - GUEST_GICR_BASE) / GUEST_GICR_STRIDE);
}

/* The others go to a second region, where guest-physical addresses reach that. */
static void split_redists(struct checker *c)
{
	struct vm_config *vm = c->vm;
	uint32_t low = vm->vcpu_count;

	for (uint32_t i = 0; i < vm->ram_count; i++) {
		low = MIN(low, redists_below(vm, vm->ram[i].ipa, vm->ram[i].size));
	}
	for (uint32_t i = 0; i < vm->passthrough_count; i++) {
		low = MIN(low,
			  redists_below(vm, vm->passthrough[i].ipa, vm->passthrough[i].regs.size));
	}
	for (uint32_t i = 0; i < vm->device_count; i++) {
		if (vm->device[i].ipa != CONFIG_IPA_ANY) {
			low = MIN(low,
				  redists_below(vm, vm->device[i].ipa, vm->device[i].type->size));
		}
	}
	if (GUEST_GICR_HIGH + (vm->vcpu_count - low) * GUEST_GICR_STRIDE > BIT(ipa_bits(c))) {
		low = vm->vcpu_count;
	}
	vm->redist_low = low;
}

/* The interrupt controller's frames. */
static void add_gic(const struct vm_config *vm, struct map *map)
{
	add(map, GUEST_GICD_BASE, GUEST_GICD_SIZE, "the interrupt controller's distributor");
	if (vm->gic == VM_GIC_V2) {
		add(map, GUEST_GICC_BASE, GUEST_GICC_SIZE,
		    "the interrupt controller's CPU interface");
	} else {
		add(map, GUEST_GICR_BASE, GUEST_GICR_STRIDE * vm->redist_low,
		    "the interrupt controller's redistributors");
	}
	if (vm->gic == VM_GIC_V3 && vm->redist_low < vm->vcpu_count) {
		add(map, GUEST_GICR_HIGH, GUEST_GICR_STRIDE * (vm->vcpu_count - vm->redist_low),
		    "the interrupt controller's further redistributors");
	}
	if (vm->gicv2m) {
		add(map, GUEST_V2M_BASE, GUEST_V2M_SIZE, "the GICv2m frame");
	}
	if (vm->its) {
		add(map, GUEST_ITS_BASE, GUEST_ITS_SIZE, "the ITS");
	}
	if (vm->mbigen) {
		add(map, GUEST_MBIGEN_BASE, GUEST_MBIGEN_SIZE, "the message generator");
	}
}

/* Stolen time has its place, unless the config put something else there. */
static void add_pvtime(struct vm_config *vm, struct map *map)
{
	vm->pvtime = find_clash(map, GUEST_PVTIME_BASE, GUEST_PVTIME_SIZE) == NULL;
	if (vm->pvtime) {
		add(map, GUEST_PVTIME_BASE, GUEST_PVTIME_SIZE, "stolen time");
	}
}

static void refuse_spi(struct checker *c, const struct vdev_config *device)
{
	char path[CHECKER_PATH_MAX];

	checker_device_path(c, device->name, path, sizeof(path));
	diag_error(c->diag, path, "spi", "a \"%s\" never interrupts: leave it out",
		   device->type->compatible);
}

/* What has its place and interrupts: by the config, or the board's. */
static void add_all_placed(struct checker *c, struct map *map)
{
	struct vm_config *vm = c->vm;

	for (uint32_t i = 0; i < vm->ram_count; i++) {
		const struct ram_config *ram = &vm->ram[i];

		add_placed(c, map, &(struct span){ram->ipa, ram->size, ram->name});
	}
	for (uint32_t i = 0; i < vm->passthrough_count; i++) {
		const struct passthrough_config *p = &vm->passthrough[i];

		if (p->regs.size != 0) {
			add_placed(c, map, &(struct span){p->ipa, p->regs.size, p->name});
		}
		for (uint32_t k = 0; k < p->spi_count; k++) {
			check_spi(c, map, p->name, p->spi[k]);
		}
	}
	for (uint32_t i = 0; i < vm->share_count; i++) {
		const struct share_config *share = &vm->share[i];

		if (share->ipa != CONFIG_IPA_ANY) {
			add_placed(c, map,
				   &(struct span){share->ipa, share->store->size, share->name});
		}
	}
	for (uint32_t i = 0; i < vm->device_count; i++) {
		const struct vdev_config *device = &vm->device[i];

		if (device->ipa != CONFIG_IPA_ANY) {
			add_placed(c, map,
				   &(struct span){device->ipa, device->type->size, device->name});
		}
		if (device->spi != CONFIG_SPI_ANY && device->type->no_spi) {
			refuse_spi(c, device);
		} else if (device->spi != CONFIG_SPI_ANY) {
			check_spi(c, map, device->name, device->spi);
		}
	}
}

void checker_places(struct checker *c)
{
	struct vm_config *vm = c->vm;
	struct map map = {.count = 0};

	split_redists(c);
	add_gic(vm, &map);
	take_messages(vm, &map);
	add_all_placed(c, &map);
	add_pvtime(vm, &map);
	for (uint32_t i = 0; i < vm->device_count; i++) {
		if (vm->device[i].ipa == CONFIG_IPA_ANY) {
			place_ipa(c, &map, &vm->device[i]);
		}
		if (vm->device[i].spi == CONFIG_SPI_ANY && !vm->device[i].type->no_spi) {
			place_spi(c, &map, &vm->device[i]);
		}
	}
	for (uint32_t i = 0; i < vm->share_count; i++) {
		if (vm->share[i].ipa == CONFIG_IPA_ANY) {
			place_share(c, &map, &vm->share[i]);
		}
	}
	check_counts(c);
}
