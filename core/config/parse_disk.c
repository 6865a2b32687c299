/* SPDX-License-Identifier: Apache-2.0 */
/* A bulkhead,virtio-blk node: what its blocks are, and how much memory they take. */
#include "core/base/bits.h"
#include "core/base/string.h"
#include "core/config/parser.h"

#define SECTOR_SIZE   512
#define SERIAL_MAX    20
#define PARTITION_MAX 36
#define SIZE_MAX_OF   GIB(1024)

static bool has(const struct parser *p, int node, const char *name)
{
	return dt_prop(p->dt, node, name, NULL);
}

/* The first of these that stands there; NULL: none. */
static const char *first_of(const struct parser *p, int node, const char *const names[])
{
	while (*names != NULL && !has(p, node, *names)) {
		names++;
	}
	return *names;
}

/* What stands beside it belongs to another kind of disk. */
static bool check_alone(struct parser *p, int node, const char *source, const char *const others[],
			const char *const foreign[])
{
	const char *other = first_of(p, node, others), *odd = first_of(p, node, foreign);

	if (other != NULL) {
		diag_error(p->diag, p->path, other,
			   "stands beside `%s`: a disk is one of the two%s", source,
			   strcmp(source, "image") == 0 && strcmp(other, "ram-size") == 0 ?
				   "; `overlay-size` is the memory for what is written over an "
				   "image" :
				   "");
	} else if (odd != NULL) {
		diag_error(p->diag, p->path, odd, "belongs to an image: leave it out beside `%s`",
			   source);
	}
	return other == NULL && odd == NULL;
}

/* Else its VM would stay off at each boot: gpt_is_called(). */
static bool is_ascii(const char *text)
{
	while (*text != '\0' && (uint8_t)*text < 0x80) {
		text++;
	}
	return *text == '\0';
}

static bool check_partition(struct parser *p, int node)
{
	static const char *const others[] = {NULL}, *const foreign[] = {"overlay-size", NULL};
	const char *name = dt_string(p->dt, node, "partition");

	if (!has(p, node, "disk")) {
		diag_error(p->diag, p->path, "disk",
			   "is missing: it says on which disk of the board the partition is, by "
			   "path or alias of the board's device tree");
	} else if (!has(p, node, "partition")) {
		diag_error(p->diag, p->path, "partition",
			   "is missing: a VM has a partition of a disk, by its GPT name or "
			   "PARTUUID, and never the whole");
	} else if (name != NULL && !is_ascii(name)) {
		diag_error(p->diag, p->path, "partition",
			   "has letters beyond ASCII, by which no partition is found: write its "
			   "PARTUUID");
	} else if (name != NULL && (*name == '\0' || strlen(name) > PARTITION_MAX)) {
		diag_error(p->diag, p->path, "partition",
			   "has %zu characters: a GPT name has 1 to %u, a PARTUUID %u",
			   strlen(name), PARTITION_MAX, PARTITION_MAX);
	} else {
		return name != NULL && check_alone(p, node, "disk", others, foreign);
	}
	return false;
}

/* Exactly one of what it can be; what stands beside it belongs to it. */
static bool check_source(struct parser *p, int node)
{
	static const char *const beside_image[] = {"ram-size", "disk", "partition", NULL};
	static const char *const beside_ram[] = {"disk", "partition", NULL};
	static const char *const nothing[] = {NULL};
	static const char *const foreign[] = {"read-only", "overlay-size", NULL};

	if (has(p, node, "image")) {
		return check_alone(p, node, "image", beside_image, nothing);
	}
	if (has(p, node, "ram-size")) {
		return check_alone(p, node, "ram-size", beside_ram, foreign);
	}
	if (has(p, node, "disk") || has(p, node, "partition")) {
		return check_partition(p, node);
	}
	diag_error(p->diag, p->path, "image",
		   "is missing: write `image` for a disk with contents, `ram-size` for an empty "
		   "one in memory, or `disk` and `partition` for a part of a disk of the board");
	return false;
}

static bool check_image(struct parser *p, int node)
{
	bool overlay = has(p, node, "overlay-size"), read_only = has(p, node, "read-only");

	if (overlay && read_only) {
		diag_error(p->diag, p->path, "overlay-size",
			   "has no effect on a disk that is read-only: leave out one of the two");
	} else if (!overlay && !read_only) {
		diag_error(p->diag, p->path, "image",
			   "is never written to: write `overlay-size`, the memory for what the "
			   "guest writes, or `read-only`");
	}
	return overlay != read_only;
}

/* What the property says, or 0 after a sentence. */
static uint64_t read_size(struct parser *p, int node, const char *name, uint32_t unit)
{
	uint64_t size = parser_u64(p, node, name, 0);
	struct dt_prop prop;

	if (!dt_prop(p->dt, node, name, &prop) || prop.len != 8) {
		return 0; /* reported by the table */
	}
	if (size == 0 || size % unit != 0) {
		diag_error(p->diag, p->path, name,
			   "is 0x%lx bytes: it must be a multiple of %u (0x%x), and not 0", size,
			   unit, unit);
		return 0;
	}
	if (size > SIZE_MAX_OF) {
		diag_error(p->diag, p->path, name, "is 0x%lx bytes: at most 1 TiB is possible",
			   size);
		return 0;
	}
	return size;
}

/* Memory for `room` bytes of a disk of `size`. */
static void add_store(struct parser *p, int node, const struct vm_config *vm,
		      struct disk_config *disk, uint64_t size)
{
	struct config *config = p->config;
	uint64_t blocks = (size + CONFIG_BLOCK_SIZE - 1) / CONFIG_BLOCK_SIZE;
	uint64_t room = MIN(align_up(disk->size, CONFIG_BLOCK_SIZE), blocks * CONFIG_BLOCK_SIZE);

	if (config->store_count == CONFIG_STORE_MAX) {
		diag_error(p->diag, p->path, NULL,
			   "needs memory of its own, as %u disks and shared memories do before "
			   "it: no more can be had",
			   CONFIG_STORE_MAX);
		return;
	}
	disk->map_size = align_up(blocks * sizeof(uint32_t), CONFIG_BLOCK_SIZE);
	disk->store = &config->store[config->store_count];
	*disk->store = (struct store_config){
		.name = dt_name(p->dt, node),
		.index = config->store_count++,
		.node = node,
		/* a block of zeroes among them */
		.size = disk->map_size + CONFIG_BLOCK_SIZE + room,
		.pa = CONFIG_PA_ANY,
		.users = BIT(vm->index),
		.at = CONFIG_PA_ANY,
	};
}

static void parse_image_disk(struct parser *p, int node, const struct vm_config *vm,
			     struct disk_config *disk)
{
	disk->source = DISK_IMAGE;
	disk->read_only = has(p, node, "read-only");
	disk->image = parser_image(p, node, "image", 1U << IMAGE_DISK, "\"disk\"");
	if (!check_image(p, node) || disk->read_only) {
		return;
	}
	disk->size = read_size(p, node, "overlay-size", CONFIG_BLOCK_SIZE);
	if (disk->size != 0 && disk->image != NULL) {
		add_store(p, node, vm, disk, disk->image->size);
	}
}

void parser_disk(struct parser *p, int node, const struct vm_config *vm, struct disk_config *disk)
{
	const char *serial = dt_string(p->dt, node, "serial");

	*disk = (struct disk_config){.serial = serial != NULL ? serial : ""};
	if (strlen(disk->serial) > SERIAL_MAX) {
		diag_error(p->diag, p->path, "serial", "has %zu characters: it has at most %u",
			   strlen(disk->serial), SERIAL_MAX);
	}
	if (!check_source(p, node)) {
		return;
	}
	if (has(p, node, "image")) {
		parse_image_disk(p, node, vm, disk);
		return;
	}
	if (has(p, node, "disk")) {
		disk->source = DISK_PARTITION;
		disk->board_disk = dt_string(p->dt, node, "disk");
		disk->partition = dt_string(p->dt, node, "partition");
		disk->read_only = has(p, node, "read-only");
		return;
	}
	disk->source = DISK_RAM;
	disk->size = read_size(p, node, "ram-size", SECTOR_SIZE);
	if (disk->size != 0) {
		add_store(p, node, vm, disk, disk->size);
	}
}
