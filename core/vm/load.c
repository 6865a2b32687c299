/* SPDX-License-Identifier: Apache-2.0 */
/* Putting a VM's images in place. */
#include "core/vm/load.h"

#include "core/arm64/barrier.h"
#include "core/arm64/features.h"
#include "core/base/crc32c.h"
#include "core/base/errno.h"
#include "core/base/string.h"
#include "core/config/image.h"
#include "core/vm/share.h"
#include "drivers/emul/models.h"
#include "drivers/hw/entropy.h"
#include "mm/cache.h"
#include "mm/frames.h"
#include "mm/guest_access.h"

#define SLOW_STEP    128  /* bytes of a checksum without the instructions for it */
#define SHIFTED_STEP 1536 /* bytes of a copy whose words lie otherwise than their target */

static int add(struct vm_load *load, uint64_t ipa, const uint8_t *data, uint64_t size)
{
	if (size == 0) {
		return 0;
	}
	if (load->segment_count == VM_SEGMENT_MAX) {
		return -ENOSPC;
	}
	load->segment[load->segment_count++] = (struct vm_segment){ipa, data, size};
	return 0;
}

static int add_kernel(struct vm *vm)
{
	const struct image_config *kernel = vm->config->kernel;
	const struct vm_layout *layout = &vm->config->layout;
	struct image_segment segment;
	int err = 0;

	if (kernel->type != IMAGE_ELF) {
		return add(&vm->load, layout->kernel, kernel->data, kernel->size);
	}
	for (uint32_t i = 0; err == 0 && image_elf_segment(kernel, i, &segment); i++) {
		err = add(&vm->load, segment.ipa, segment.data, segment.file_size);
		if (err == 0) {
			err = add(&vm->load, segment.ipa + segment.file_size, NULL,
				  segment.mem_size - segment.file_size);
		}
	}
	return err;
}

int load_plan(struct vm *vm, const void *dtb, uint64_t dtb_size)
{
	const struct vm_config *config = vm->config;
	struct vm_load *load = &vm->load;
	int err = 0;

	if (config->scrub_always) {
		for (uint32_t i = 0; err == 0 && i < vm->extent_count; i++) {
			err = add(load, vm->extent[i].ipa, NULL, vm->extent[i].size);
		}
	}
	if (err == 0) {
		err = add_kernel(vm);
	}
	if (err == 0 && config->initrd != NULL) {
		err = add(load, config->layout.initrd, config->initrd->data, config->initrd->size);
	}
	if (err == 0) {
		err = add(load, config->layout.dtb, dtb, dtb_size);
	}
	load->entry = config->layout.entry;
	load->dtb = config->layout.dtb;
	return err;
}

/* Places for images: those that are loaded, then one for each device. */
static uint32_t image_count(const struct vm_config *config)
{
	return VM_IMAGE_COUNT + config->device_count;
}

/* What is at such a place: of a device, what a disk's blocks are at first. NULL: none. */
static const struct image_config *image_at(const struct vm_config *config, uint32_t place)
{
	const struct image_config *const loaded[VM_IMAGE_COUNT] = {config->kernel, config->initrd,
								   config->dtb};
	const struct vdev_config *device;

	if (place < VM_IMAGE_COUNT) {
		return loaded[place];
	}
	device = &config->device[place - VM_IMAGE_COUNT];
	return device->type == &virtio_blk_type ? device->disk.image : NULL;
}

void load_begin(struct vm *vm, bool just_checked)
{
	if (vm->load.seed != NULL) {
		entropy_draw(vm->load.seed, VM_SEED_SIZE);
	}
	vm->load.check = just_checked ? image_count(vm->config) : 0;
	vm->load.crc = 0;
	vm->load.at = 0;
	vm->load.share = 0;
	vm->load.done = 0;
	if (vm->stage2.frames != NULL) {
		vm->stage2.frames->refill = 0;
	}
}

/* All RAM that its balloon took before is there again. What is missing is in the pool, or on its
 * way there: then this VM does what is to be done for it. */
static bool refill_step(struct vm *vm)
{
	struct frames_space *space = vm->stage2.frames;

	if (space == NULL || atomic_read(&space->held) == space->page_count) {
		return true;
	}
	if (frames_refill(space) == -EAGAIN && frames_work() != FRAMES_MORE) {
		cpu_yield(); /* for other CPUs' answers, or the board's devices */
	}
	return false; /* what comes next is a step of its own */
}

/* Some more of an image's checksum. */
static enum load_result check_step(struct vm *vm)
{
	struct vm_load *load = &vm->load;
	const struct image_config *image = image_at(vm->config, load->check);
	bool quick = cpu_features.crc32;
	uint64_t step;

	if (image != NULL && image->has_crc) {
		step = MIN(image->size - load->done, (uint64_t)(quick ? PAGE_SIZE : SLOW_STEP));
		load->crc = (quick ? crc32c_instructions : crc32c)(load->crc,
								   image->data + load->done, step);
		load->done += step;
		if (load->done != image->size) {
			return LOAD_MORE;
		}
		if (load->crc != image->crc) {
			log_error("%s is not started: its image \"%s\" in the bundle has changed "
				  "since boot (CRC-32C 0x%08x, not 0x%08x): reset the board",
				  vm->name, image->name, load->crc, image->crc);
			return LOAD_BAD;
		}
	}
	load->check++;
	load->crc = 0;
	load->done = 0;
	return LOAD_MORE;
}

static bool copy_step(struct vm *vm)
{
	struct vm_load *load = &vm->load;
	const struct vm_segment *segment = &load->segment[load->at];
	uint64_t ipa, step;
	void *to;

	if (load->at == load->segment_count) {
		icache_invalidate_all();
		return true;
	}
	ipa = segment->ipa + load->done;
	/* to the end of the page: a page is in one extent */
	step = MIN(segment->size - load->done, PAGE_SIZE - (ipa & (PAGE_SIZE - 1)));
	if (((uintptr_t)segment->data + load->done - ipa) % sizeof(uint64_t) != 0) {
		step = MIN(step, (uint64_t)SHIFTED_STEP);
	}
	to = guest_pointer(vm, ipa, step);
	if (to != NULL) {
		if (segment->data != NULL) {
			memcpy(to, segment->data + load->done, step);
		} else {
			memset(to, 0, step);
		}
		cache_clean(to, step);
	}
	load->done += step;
	if (load->done == segment->size) {
		load->done = 0;
		load->at++;
	}
	return false;
}

enum load_result load_step(struct vm *vm)
{
	if (vm->load.check != image_count(vm->config)) {
		return check_step(vm);
	}
	return refill_step(vm) && share_clear_step(vm) && copy_step(vm) ? LOAD_DONE : LOAD_MORE;
}
