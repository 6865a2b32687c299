/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A virtio device whose driver does anything: any register at any size, any byte of its rings and
 * tables at any moment, beside chains as the specification has them. EL2 reaches only the VM's RAM,
 * no step is long, a device that asks for a reset does nothing, and after a reset it works.
 */
#include "core/base/errno.h"
#include "core/fdt/guest_fdt.h"
#include "core/vm/random.h"
#include "core/vm/vm.h"
#include "drivers/emul/models.h"
#include "drivers/hw/entropy.h"
#include "tests/fuzz/fuzz_device.h"

#define OPS_MAX 300
#define BUFFERS (FAKE_RAM + 0xf0000)

static struct vm vm;
static struct vcpu vcpu;
static struct fake_driver driver;
static const struct vdev_config config = {.name = "rng", .type = &virtio_rng_type, .spi = 16};
static uint8_t *memory; /* of exactly the size, so that ASan sees a byte too far */
static size_t memory_size;

enum entropy_source entropy_source(void)
{
	return ENTROPY_SEED;
}

int vm_random(struct vm *of, void *out, size_t size)
{
	PROMISE(of == &vm && size != 0 && size <= VM_RANDOM_MAX);
	memset(out, 0x5a, size);
	return 0;
}

static void begin(uint8_t how)
{
	set(STATUS, 0);
	PROMISE(get(STATUS) == 0 && !device.line && get(0x60) == 0);
	set_up(how, 0, &(struct queues){&driver, 1, (how & 4) != 0 ? 16 : 4, 0});
}

/* Chains by the rules come back filled: nothing else has touched this device since begin(). */
static void check_it_works(uint8_t how)
{
	const struct fake_buffer one = {BUFFERS, 100, true};
	uint32_t written = 0;
	int id;

	begin(how);
	id = fake_driver_make(&driver, &one, 1, (how & 8) != 0);
	set(NOTIFY, 0);
	work(100);
	PROMISE(!device.posted);
	PROMISE(fake_driver_see(&driver, &written) == id && written == 100);
}

static void make(const struct op *op)
{
	struct fake_buffer buffers[24];
	uint32_t count = 1 + op->small % 24;

	for (uint32_t i = 0; i < count; i++) {
		buffers[i] = (struct fake_buffer){
			.ipa = BUFFERS + (op->value >> i % 16) % 0x10800,
			.size = (op->value >> i % 24) % 300,
			.write = i >= op->off % 24,
		};
	}
	fake_driver_make(&driver, buffers, count, (op->small & 0x80) != 0);
}

/* A descriptor of the ring or of a table, by hand: near what the rules allow. */
static void poke(const struct op *op)
{
	uint64_t at = ((op->small & 1) != 0 ? driver.tables : driver.descriptors) +
		      UINT64_C(16) * (op->off % 32);
	uint64_t to = (op->small & 2) != 0 ? driver.tables : BUFFERS + op->value % 0x10800;
	uint32_t size = (op->small & 2) != 0 ? 16 * (1 + (op->small >> 4)) : op->value >> 20;
	uint16_t flags =
		(uint16_t)((op->value & 7) | (op->value & 0x80) | (op->value >> 8 & 1) << 15);
	uint16_t tail = (uint16_t)(op->off >> 8 & 31);

	fake_driver_poke(at, to, size, driver.packed ? tail : flags, driver.packed ? flags : tail);
}

static void create(void)
{
	static uint8_t large[8192] __attribute__((aligned(16)));
	struct arena arena = {.base = large, .size = sizeof(large)};

	device.vm = &vm;
	device.vcpu = &vcpu;
	device.step_max = 40;
	if (memory == NULL) {
		PROMISE(virtio_rng_type.create(&vm, &config, &arena, &device.vdev) == 0);
		memory_size = arena.used;
		memory = must(malloc(memory_size));
	}
	memset(memory, 0, memory_size);
	arena = (struct arena){.base = memory, .size = memory_size};
	PROMISE(virtio_rng_type.create(&vm, &config, &arena, &device.vdev) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = {data, size};
	struct op op;
	bool begun = false;
	uint64_t value;

	fake_ram_reset();
	vcpu.vm = &vm;
	device.line = device.posted = false;
	create();
	for (uint32_t i = 0; i < OPS_MAX && fuzz_take(&input, &op, sizeof(op)); i++) {
		switch (op.what % 8) {
		case 0:
			begin(op.small);
			begun = true;
			break;
		case 1:
			set(op.off % 0x80 * 4, op.value);
			break;
		case 2:
			PROMISE(set_sized(op.off % 0x200, op.small & 1 ? 1 : 2, op.value & 0xff) ==
				0);
			break;
		case 3:
			virtio_mmio.read(&vcpu, device.vdev, op.off % 0x80 * 4, 4, &value);
			break;
		case 4: /* near the rings and their tables */
			if (begun && (op.small & 4) != 0) {
				poke(&op);
				break;
			}
			memcpy(fake_ram(FAKE_RAM + op.off % 0x8000), &op.value, sizeof(op.value));
			break;
		case 5:
			if (begun) {
				make(&op);
			}
			break;
		case 6:
			set(NOTIFY, 0);
			break;
		default:
			work(op.small);
			break;
		}
	}
	check_it_works(fuzz_take_byte(&input));
	return 0;
}
