/* SPDX-License-Identifier: Apache-2.0 */
/* Partitions of the board's disks: the disks are there, and each partition has one owner. */
#include "core/base/string.h"
#include "core/config/board_virtio.h"
#include "core/config/checker.h"

#define UUID_TEXT 36

/* A disk with a partition, in the order of the config. */
struct place {
	struct vm_config *vm;
	const struct vdev_config *device;
};

/* The one behind `place`, whose vm is NULL before the first; false: there are no more. */
static bool next_part(const struct config *config, struct place *place)
{
	uint32_t vm = place->vm == NULL ? 0 : place->vm->index;
	uint32_t device = place->vm == NULL ? 0 : (uint32_t)(place->device - place->vm->device) + 1;

	for (; vm < config->vm_count; vm++, device = 0) {
		for (; device < config->vm[vm].device_count; device++) {
			const struct vdev_config *found = &config->vm[vm].device[device];

			if (board_virtio_is_part(found)) {
				place->vm = (struct vm_config *)(uintptr_t)&config->vm[vm];
				place->device = found;
				return true;
			}
		}
	}
	return false;
}

static void refuse(struct checker *c, const struct place *place, const char *property,
		   const char *text, const char *name)
{
	char path[CHECKER_PATH_MAX];

	checker_look_at(c, place->vm);
	diag_error(c->diag, checker_device_path(c, place->device->name, path, sizeof(path)),
		   property, "\"%s\" %s", name, text);
	place->vm->refused = true;
}

bool checker_same_node(const struct checker *c, const char *one, const char *other)
{
	if (c->board != NULL) {
		return dt_resolve(c->board->tree, one) == dt_resolve(c->board->tree, other);
	}
	return strcmp(one, other) == 0;
}

static bool same_disk(const struct checker *c, const struct place *a, const struct place *b)
{
	return checker_same_node(c, a->device->disk.board_disk, b->device->disk.board_disk);
}

static char small(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Letters of a PARTUUID may be small or large. */
static bool same_partition(const struct place *a, const struct place *b)
{
	const char *one = a->device->disk.partition, *other = b->device->disk.partition;

	if (strlen(one) != UUID_TEXT || strlen(other) != UUID_TEXT) {
		return strcmp(one, other) == 0;
	}
	while (*one != '\0' && small(*one) == small(*other)) {
		one++;
		other++;
	}
	return *one == '\0';
}

static void report_twice(struct checker *c, const struct place *before, const struct place *place)
{
	struct vm_config *loser = checker_loser(before->vm, place->vm);
	const struct place *lost = loser == place->vm ? place : before;
	const struct place *kept = lost == place ? before : place;
	char path[CHECKER_PATH_MAX];

	checker_look_at(c, loser);
	diag_error(c->diag, checker_device_path(c, lost->device->name, path, sizeof(path)),
		   "partition",
		   "\"%s\" belongs to /vms/%s/devices/%s: a partition is one disk's alone",
		   lost->device->disk.partition, kept->vm->name, kept->device->name);
	loser->refused = true;
}

/* Against those before it: how many there are of its disk, how many disks, and whether one is the
 * same. */
static void check_beside(struct checker *c, const struct place *place)
{
	struct place before = {0};
	uint32_t of_disk = 0, disks = 0;

	while (next_part(c->config, &before) && before.device != place->device) {
		struct place first = {0};

		while (next_part(c->config, &first) && !same_disk(c, &first, &before)) {
		}
		disks += first.device == before.device;
		if (!same_disk(c, &before, place)) {
			continue;
		}
		of_disk++;
		if (same_partition(&before, place)) {
			report_twice(c, &before, place);
			return;
		}
	}
	if (of_disk == CONFIG_PARTITION_MAX) {
		refuse(c, place, "partition", "is one too many: VMs have at most 32 of a disk",
		       place->device->disk.partition);
	} else if (of_disk == 0 && disks == CONFIG_BOARD_DISK_MAX) {
		refuse(c, place, "disk", "is one too many: VMs have partitions of at most 4 disks",
		       place->device->disk.board_disk);
	}
}

void checker_disks(struct checker *c)
{
	struct place place = {0};

	while (next_part(c->config, &place)) {
		const char *ref = place.device->disk.board_disk, *fault = NULL;
		struct board_virtio found;

		if (c->board != NULL) {
			fault = board_virtio_find(c->board, ref, &found);
		}
		if (fault != NULL) {
			refuse(c, &place, "disk", fault, ref);
		} else {
			check_beside(c, &place);
		}
	}
}

bool checker_is_disk(const struct checker *c, const char *ref)
{
	struct place place = {0};

	while (next_part(c->config, &place)) {
		if (checker_same_node(c, place.device->disk.board_disk, ref)) {
			return true;
		}
	}
	return false;
}

static bool is_in(const struct checker *c, const char *ref, struct prange regs, uint32_t intid)
{
	struct board_virtio found;

	return board_virtio_find(c->board, ref, &found) == NULL &&
	       (found.intid == intid ||
		ranges_overlap(found.regs.base, found.regs.size, regs.base, regs.size));
}

bool checker_drives(const struct checker *c, struct prange regs, uint32_t intid)
{
	const struct config *config = c->config;
	struct place place = {0};

	while (next_part(config, &place)) {
		if (is_in(c, place.device->disk.board_disk, regs, intid)) {
			return true;
		}
	}
	for (uint32_t i = 0; i < config->network_count; i++) {
		if (config->network[i].uplink != NULL && !config->network[i].refused &&
		    is_in(c, config->network[i].uplink, regs, intid)) {
			return true;
		}
	}
	return false;
}
