/* SPDX-License-Identifier: Apache-2.0 */
/* Putting a VM's images in place: what is held against its checksum before. */
#include "core/vm/load.h"

#include <string.h>

#include "core/arm64/features.h"
#include "core/base/crc32c.h"
#include "core/base/printk.h"
#include "core/vm/share.h"
#include "drivers/emul/models.h"
#include "drivers/hw/entropy.h"
#include "mm/cache.h"
#include "mm/frames.h"
#include "tests/unit/fake_ram.h"
#include "tests/unit/unit.h"

#define SIZE  10000
#define STEPS 1000 /* more than are needed */

struct cpu_features cpu_features;

enum {
	KERNEL,
	RAMDISK,
	ROOT,
	DATA,
	OTHER,
	IMAGES
};
static const char *const names[IMAGES] = {"kernel", "ramdisk", "root", "data", "other"};

static uint8_t bytes[IMAGES][SIZE];
static uint32_t reads[IMAGES]; /* bytes whose checksum was taken by instructions */
static struct image_config images[IMAGES];
static struct vdev_config devices[4];
static struct vm_config config;
static struct vm vm;
static char said[256];

uint32_t crc32c_instructions(uint32_t crc, const void *data, size_t size)
{
	for (uint32_t i = 0; i < IMAGES; i++) {
		if ((const uint8_t *)data >= bytes[i] && (const uint8_t *)data < bytes[i] + SIZE) {
			reads[i] += (uint32_t)size;
		}
	}
	return crc32c(crc, data, size);
}

/* The VM has no seed, shares nothing and has no balloon. */
void entropy_draw(void *out, size_t size)
{
	(void)out;
	(void)size;
}

void cache_clean(const void *start, uint64_t size)
{
	(void)start;
	(void)size;
}

void icache_invalidate_all(void)
{
}

bool share_clear_step(struct vm *of)
{
	(void)of;
	return true;
}

int frames_refill(struct frames_space *space)
{
	(void)space;
	return 0;
}

enum frames_next frames_work(void)
{
	return FRAMES_DONE;
}

static void listen(enum log_level level, const char *text, size_t len)
{
	(void)level;
	strncat(said, text, len);
}

static struct vdev_config disk_over(const struct image_config *image, bool read_only)
{
	return (struct vdev_config){
		.type = &virtio_blk_type,
		.disk = {.source = DISK_IMAGE, .image = image, .read_only = read_only},
	};
}

/* A VM with a kernel, an initrd, a disk that is read-only, one with an overlay, one in memory, and
 * a console. Another image is none of its. */
static int set_up(void **state)
{
	(void)state;
	memset(reads, 0, sizeof(reads));
	said[0] = '\0';
	printk_set_sink(listen);
	for (uint32_t i = 0; i < IMAGES; i++) {
		memset(bytes[i], (int)i + 1, SIZE);
		images[i] = (struct image_config){
			.name = names[i],
			.type = i < ROOT ? IMAGE_RAW : IMAGE_DISK,
			.data = bytes[i],
			.size = SIZE,
			.has_crc = true,
			.crc = crc32c(0, bytes[i], SIZE),
		};
	}
	devices[0] = (struct vdev_config){.type = &virtio_console_type};
	devices[1] = disk_over(&images[ROOT], true);
	devices[2] = (struct vdev_config){.type = &virtio_blk_type, .disk = {.source = DISK_RAM}};
	devices[3] = disk_over(&images[DATA], false);
	/* what another kind of device has in its place is no image */
	memset(&devices[0].port, 0xee, sizeof(devices[0].port));
	config = (struct vm_config){
		.kernel = &images[KERNEL],
		.initrd = &images[RAMDISK],
		.device = devices,
		.device_count = 4,
	};
	vm = (struct vm){.name = "alpha", .config = &config};
	vm.load.segment[0] = (struct vm_segment){FAKE_RAM, bytes[KERNEL], SIZE};
	vm.load.segment_count = 1;
	fake_ram_reset();
	cpu_features = (struct cpu_features){.crc32 = true};
	return 0;
}

static enum load_result load(bool just_checked)
{
	enum load_result result = LOAD_MORE;

	load_begin(&vm, just_checked);
	for (uint32_t i = 0; i < STEPS && result == LOAD_MORE; i++) {
		result = load_step(&vm);
	}
	return result;
}

static void all_are_checked(void **state)
{
	(void)state;
	assert_int_equal(load(false), LOAD_DONE);
	for (uint32_t i = 0; i < OTHER; i++) {
		assert_int_equal(reads[i], SIZE);
	}
	assert_int_equal(reads[OTHER], 0);
	assert_string_equal(said, "");
	/* and in each life again */
	assert_int_equal(load(false), LOAD_DONE);
	assert_int_equal(reads[DATA], 2 * SIZE);
}

static void none_is_checked_twice_at_boot(void **state)
{
	(void)state;
	bytes[DATA][5] ^= 4;
	assert_int_equal(load(true), LOAD_DONE);
	assert_int_equal(reads[KERNEL] + reads[DATA], 0);
}

static void one_that_has_changed_is_told(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < OTHER; i++) {
		char sentence[80] = "alpha is not started: its image \"";

		strcat(strcat(sentence, names[i]), "\" in the bundle has changed");
		for (uint32_t quick = 0; quick < 2; quick++) {
			cpu_features.crc32 = quick;
			said[0] = '\0';
			bytes[i][SIZE - 1] ^= 1;
			assert_int_equal(load(false), LOAD_BAD);
			assert_int_equal(fake_ram_count(), 0);
			assert_non_null(strstr(said, sentence));
			bytes[i][SIZE - 1] ^= 1;
			assert_int_equal(load(false), LOAD_DONE);
			assert_memory_equal(fake_ram(FAKE_RAM), bytes[KERNEL], SIZE);
			fake_ram_reset();
		}
	}
	/* of another VM's it is nothing to this one */
	bytes[OTHER][0] ^= 1;
	assert_int_equal(load(false), LOAD_DONE);
}

static void a_bundle_without_checksums_is_taken(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < IMAGES; i++) {
		images[i].has_crc = false;
	}
	bytes[ROOT][0] ^= 1;
	assert_int_equal(load(false), LOAD_DONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE_IN("what is loaded and what disks lie over is checked, and no other's",
			all_are_checked, set_up),
		CASE_IN("at boot, when the whole bundle has just been, nothing is",
			none_is_checked_twice_at_boot, set_up),
		CASE_IN("one that has changed, a disk's too, is told, and nothing is copied",
			one_that_has_changed_is_told, set_up),
		CASE_IN("an image without a checksum is taken as it is",
			a_bundle_without_checksums_is_taken, set_up),
	};

	return cmocka_run_group_tests_name("load", tests, NULL, NULL);
}
