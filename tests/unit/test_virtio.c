/* SPDX-License-Identifier: Apache-2.0 */
/* The registers of virtio-mmio and the life of a device. virtio 1.2 2.1 to 2.5, 4.2. */
#include <string.h>

#include "core/base/errno.h"
#include "core/fdt/guest_fdt.h"
#include "core/vm/vm.h"
#include "drivers/virtio/virtio.h"
#include "irq/vgic/vgic.h"
#include "tests/unit/fake_driver.h"
#include "tests/unit/fake_ram.h"
#include "tests/unit/unit.h"

#define SPI	16
#define SIZE	8
#define BUFFERS (FAKE_RAM + 0x80000)

#define DEVICE_FEATURES	    0x010
#define DEVICE_FEATURES_SEL 0x014
#define DRIVER_FEATURES	    0x020
#define DRIVER_FEATURES_SEL 0x024
#define QUEUE_SEL	    0x030
#define QUEUE_SIZE_MAX	    0x034
#define QUEUE_SIZE	    0x038
#define QUEUE_READY	    0x044
#define QUEUE_NOTIFY	    0x050
#define INTERRUPT_STATUS    0x060
#define INTERRUPT_ACK	    0x064
#define STATUS		    0x070
#define QUEUE_DESC	    0x080
#define QUEUE_DRIVER	    0x090
#define QUEUE_DEVICE	    0x0a0
#define QUEUE_RESET	    0x0c0
#define CONFIG_GENERATION   0x0fc
#define CONFIG		    0x100

#define ACKNOWLEDGE 1
#define DRIVER	    2
#define DRIVER_OK   4
#define FEATURES_OK 8
#define NEEDS_RESET 64

#define OWN_FEATURE BIT(5)
#define QUEUES	    2

/* -- a device: gives each chain back with its number of bytes, a chain in a step -- */

static uint32_t resets, queue_resets, steps, wanted_in, tried_in;
static bool endless; /* it never has done all there is to do */
static uint32_t config_word;
static struct virtq_chain *chain;

static void echo_reset(struct virtio *virtio)
{
	(void)virtio;
	resets++;
}

static void echo_reset_queue(struct virtio *virtio, uint32_t queue)
{
	(void)virtio;
	(void)queue;
	queue_resets++;
}

static void come_and_go(struct virtio *virtio);

static int echo_step(struct virtio *virtio, uint32_t queue)
{
	int got = endless ? -EAGAIN : virtq_take(&virtio->queue[queue], chain);

	steps++;
	if (steps == wanted_in) {
		virtio->lock.next++; /* another CPU waits for it */
	}
	if (steps == tried_in) {
		come_and_go(virtio);
	}
	if (got == 1) {
		return virtio_put(virtio, queue, chain, chain->in_size) < 0 ? -EFAULT : 1;
	}
	return got == 0 ? virtq_listen(&virtio->queue[queue], true) : got == -EAGAIN ? 1 : got;
}

static uint32_t echo_read_config(struct virtio *virtio, uint32_t off, uint32_t size)
{
	uint32_t value = 0;

	(void)virtio;
	memcpy(&value, (uint8_t *)&config_word + off, size);
	return value;
}

static void echo_write_config(struct virtio *virtio, uint32_t off, uint32_t size, uint32_t value)
{
	(void)virtio;
	memcpy((uint8_t *)&config_word + off, &value, size);
}

static const struct virtio_ops echo = {
	.id = 42,
	.queue_count = QUEUES,
	.queue_size = SIZE,
	.features = OWN_FEATURE,
	.config_size = 4,
	.reset = echo_reset,
	.reset_queue = echo_reset_queue,
	.step = echo_step,
	.read_config = echo_read_config,
	.write_config = echo_write_config,
};

/* -- around it -- */

static struct vm vm;
static struct vcpu vcpu;
static struct virtio virtio;
static const struct vdev_config config = {.name = "echo", .ipa = 0x0a000000, .spi = SPI};
static uint8_t memory[4096] __attribute__((aligned(16)));
static bool line, posted;
static uint32_t rises;

void vgic_set_line(struct vm *of, uint32_t intid, bool level)
{
	assert_ptr_equal(of, &vm);
	assert_int_equal(intid, 32 + SPI);
	rises += level && !line;
	line = level;
}

void vdev_work_post(struct vdev *vdev, struct vcpu *to)
{
	assert_ptr_equal(vdev, &virtio.vdev);
	assert_ptr_equal(to, &vcpu);
	posted = true;
}

/* So often is there nothing else to do between two steps. */
static uint32_t goes_on;

bool vdev_may_go_on(void)
{
	if (goes_on == 0) {
		return false;
	}
	goes_on--;
	return true;
}

static int set_up(void **state)
{
	struct arena arena = {.base = memory, .size = sizeof(memory)};

	(void)state;
	memset(memory, 0, sizeof(memory));
	fake_ram_reset();
	vm = (struct vm){0};
	vcpu = (struct vcpu){.vm = &vm};
	virtio = (struct virtio){0};
	assert_int_equal(virtio_init(&virtio, &echo, &vm, &config, &arena), 0);
	chain = virtio_chain(&virtio, &arena);
	assert_non_null(chain);
	virtio_reset(&virtio.vdev);
	line = posted = false;
	rises = resets = queue_resets = steps = 0;
	config_word = 0x44332211;
	return 0;
}

/* -- a driver -- */

static uint32_t get_sized(uint32_t off, uint32_t size)
{
	uint64_t value = UINT64_MAX;

	assert_int_equal(virtio_mmio.read(&vcpu, &virtio, off, size, &value), 0);
	assert_true(value <= UINT64_MAX >> (64 - 8 * size));
	return (uint32_t)value;
}

static uint32_t get(uint32_t off)
{
	return get_sized(off, 4);
}

static void set(uint32_t off, uint32_t value)
{
	assert_int_equal(virtio_mmio.write(&vcpu, &virtio, off, 4, value), 0);
}

static uint64_t offered(void)
{
	uint64_t low;

	set(DEVICE_FEATURES_SEL, 0);
	low = get(DEVICE_FEATURES);
	set(DEVICE_FEATURES_SEL, 1);
	return low | (uint64_t)get(DEVICE_FEATURES) << 32;
}

static bool negotiate(uint64_t features)
{
	set(STATUS, ACKNOWLEDGE);
	set(STATUS, ACKNOWLEDGE | DRIVER);
	set(DRIVER_FEATURES_SEL, 0);
	set(DRIVER_FEATURES, (uint32_t)features);
	set(DRIVER_FEATURES_SEL, 1);
	set(DRIVER_FEATURES, (uint32_t)(features >> 32));
	set(STATUS, ACKNOWLEDGE | DRIVER | FEATURES_OK);
	return (get(STATUS) & FEATURES_OK) != 0;
}

static void set_address(uint32_t off, uint64_t value)
{
	set(off, (uint32_t)value);
	set(off + 4, (uint32_t)(value >> 32));
}

/* A driver's rings, at a place of its own, are told to the device. */
static void tell_queue(uint32_t index, struct fake_driver *driver, uint64_t features)
{
	struct virtq queue = {
		.vm = &vm,
		.size = SIZE,
		.packed = (features & VIRTIO_F_PACKED) != 0,
		.event_index = (features & VIRTIO_F_EVENT_INDEX) != 0,
	};

	fake_driver_begin(driver, &queue, FAKE_RAM + 0x10000 * index);
	fake_driver_wish(driver, 0);
	set(QUEUE_SEL, index);
	set(QUEUE_SIZE, SIZE);
	set_address(QUEUE_DESC, driver->descriptors);
	set_address(QUEUE_DRIVER, driver->driver_area);
	set_address(QUEUE_DEVICE, driver->device_area);
	set(QUEUE_READY, 1);
}

static struct fake_driver drivers[QUEUES];
static const struct fake_buffer answer = {BUFFERS, 64, true};

static void work(void)
{
	while (posted) {
		posted = virtio_work(&virtio.vdev);
	}
}

static void begin(uint64_t features)
{
	set_up(NULL);
	assert_true(negotiate(features));
	for (uint32_t i = 0; i < QUEUES; i++) {
		tell_queue(i, &drivers[i], features);
		assert_int_equal(get(QUEUE_READY), 1);
	}
	set(STATUS, ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK);
	/* it finds its queues empty */
	work();
	steps = 0;
}

/* -- cases -- */

static void the_identity_registers_say_what_it_is(void **state)
{
	(void)state;
	assert_int_equal(get(0x000), 0x74726976);
	assert_int_equal(get(0x004), 2);
	assert_int_equal(get(0x008), 42);
	assert_int_not_equal(get(0x00c), 0);
	/* no region of shared memory, whichever is asked for: 4.2.2.1 */
	for (uint32_t off = 0xb0; off <= 0xbc; off += 4) {
		assert_int_equal(get(off), UINT32_MAX);
	}
}

/* Those that are written alone, reserved ones, and any at another size than 32 bits. */
static void what_is_not_there_reads_as_zero_and_takes_nothing(void **state)
{
	static const uint16_t readable[] = {0x000, 0x004, 0x008, 0x00c, 0x010, 0x034, 0x044, 0x060,
					    0x070, 0x0b0, 0x0b4, 0x0b8, 0x0bc, 0x0c0, 0x0fc};

	(void)state;
	for (uint32_t off = 0; off < CONFIG; off += 4) {
		bool known = false;

		for (uint32_t i = 0; i < ARRAY_COUNT(readable); i++) {
			known |= readable[i] == off;
		}
		assert_true(known || get(off) == 0);
		assert_int_equal(get_sized(off, 1), 0);
		assert_int_equal(get_sized(off, 2), 0);
		virtio_mmio.write(&vcpu, &virtio, off, 1, 1);
		virtio_mmio.write(&vcpu, &virtio, off, 2, 1);
	}
	assert_int_equal(get(STATUS), 0);
	assert_int_equal(virtio.queue_select, 0);
}

static void features_are_offered_in_two_words(void **state)
{
	(void)state;
	assert_int_equal(offered(), OWN_FEATURE | VIRTIO_F_INDIRECT | VIRTIO_F_EVENT_INDEX |
					    VIRTIO_F_VERSION_1 | VIRTIO_F_PACKED |
					    VIRTIO_F_RING_RESET);
	set(DEVICE_FEATURES_SEL, 2);
	assert_int_equal(get(DEVICE_FEATURES), 0);
	set(DEVICE_FEATURES_SEL, UINT32_MAX);
	assert_int_equal(get(DEVICE_FEATURES), 0);
}

static void features_that_make_no_sense_are_refused(void **state)
{
	(void)state;
	assert_false(negotiate(0)); /* 6.1: a driver accepts VERSION_1 */
	set(STATUS, 0);
	assert_false(negotiate(VIRTIO_F_VERSION_1 | BIT(6)));
	set(STATUS, 0);
	assert_false(negotiate(VIRTIO_F_VERSION_1 | BIT(63)));
	set(STATUS, 0);
	assert_true(negotiate(VIRTIO_F_VERSION_1 | OWN_FEATURE));
	/* then they stand: 3.1.1 */
	set(DRIVER_FEATURES_SEL, 0);
	set(DRIVER_FEATURES, 0);
	assert_true(virtio_has(&virtio, OWN_FEATURE));
	/* words that are not there hold nothing */
	set(STATUS, 0);
	set(DRIVER_FEATURES_SEL, 2);
	set(DRIVER_FEATURES, UINT32_MAX);
	assert_int_equal(virtio.features, 0);
}

static void status_bits_are_cleared_by_a_reset_alone(void **state)
{
	(void)state;
	set(STATUS, ACKNOWLEDGE | DRIVER);
	set(STATUS, DRIVER);
	assert_int_equal(get(STATUS), ACKNOWLEDGE | DRIVER);
	/* not the driver's to set, nor any that is reserved */
	set(STATUS, NEEDS_RESET | 0x30);
	assert_int_equal(get(STATUS), ACKNOWLEDGE | DRIVER);
	set(STATUS, DRIVER_OK);
	assert_int_equal(get(STATUS), ACKNOWLEDGE | DRIVER);
	set(STATUS, 128);
	assert_int_equal(get(STATUS), 128 | ACKNOWLEDGE | DRIVER);
	set(STATUS, 0);
	assert_int_equal(get(STATUS), 0);
	assert_int_equal(resets, 1);
}

static void queues_have_a_size_and_those_that_are_not_there_none(void **state)
{
	(void)state;
	assert_true(negotiate(VIRTIO_F_VERSION_1));
	for (uint32_t i = 0; i < QUEUES; i++) {
		set(QUEUE_SEL, i);
		assert_int_equal(get(QUEUE_SIZE_MAX), SIZE);
		assert_int_equal(get(QUEUE_READY), 0);
	}
	for (uint32_t i = 0; i < 2; i++) {
		set(QUEUE_SEL, i == 0 ? QUEUES : UINT32_MAX);
		assert_int_equal(get(QUEUE_SIZE_MAX), 0);
		set(QUEUE_SIZE, SIZE);
		set(QUEUE_READY, 1);
		assert_int_equal(get(QUEUE_READY), 0);
	}
	assert_int_equal(get(STATUS) & NEEDS_RESET, 0);
}

static void a_queue_is_not_ready_before_features_are_agreed(void **state)
{
	(void)state;
	set(STATUS, ACKNOWLEDGE | DRIVER);
	tell_queue(0, &drivers[0], 0);
	assert_int_equal(get(QUEUE_READY), 0);
	assert_true(negotiate(VIRTIO_F_VERSION_1));
	tell_queue(0, &drivers[0], 0);
	assert_int_equal(get(QUEUE_READY), 1);
}

static void a_queue_that_is_ready_is_not_changed(void **state)
{
	uint64_t before;

	(void)state;
	begin(VIRTIO_F_VERSION_1);
	set(QUEUE_SEL, 0);
	before = virtio.queue[0].descriptors;
	set_address(QUEUE_DESC, UINT64_MAX);
	set_address(QUEUE_DRIVER, UINT64_MAX);
	set_address(QUEUE_DEVICE, UINT64_MAX);
	set(QUEUE_SIZE, 1);
	assert_int_equal(virtio.queue[0].descriptors, before);
	assert_int_equal(virtio.queue[0].size, SIZE);
	fake_driver_make(&drivers[0], &answer, 1, false);
	set(QUEUE_NOTIFY, 0);
	work();
	assert_int_equal(get(INTERRUPT_STATUS), 1);
}

static void rings_that_can_not_be_break_the_device(void **state)
{
	static const struct {
		uint32_t off, value;
	} wrong[] = {
		{QUEUE_SIZE, 0},       {QUEUE_SIZE, SIZE + 1}, {QUEUE_SIZE, 65536 + SIZE},
		{QUEUE_SIZE, 7},       {QUEUE_DESC, 8},	       {QUEUE_DESC, 0},
		{QUEUE_DRIVER, 1},     {QUEUE_DEVICE, 2},      {QUEUE_DESC + 4, 1},
		{QUEUE_DEVICE + 4, 1},
	};

	(void)state;
	for (uint32_t i = 0; i < ARRAY_COUNT(wrong); i++) {
		begin(VIRTIO_F_VERSION_1);
		set(QUEUE_SEL, 1);
		set(QUEUE_READY, 0);
		assert_int_equal(get(QUEUE_READY), 0);
		set(wrong[i].off, wrong[i].value);
		set(QUEUE_READY, 1);
		assert_int_equal(get(QUEUE_READY), 0);
		assert_int_equal(get(STATUS) & NEEDS_RESET, NEEDS_RESET);
		/* told by a change of the configuration: 2.1.2 */
		assert_int_equal(get(INTERRUPT_STATUS), 2);
		assert_true(line);
	}
}

/* No look at the run loop between them, for nothing waits there; but not for ever, nor while
 * another CPU waits for the device. */
static void steps_follow_at_once_while_nobody_waits(void **state)
{
	(void)state;
	for (uint32_t looks = 0; looks < SIZE + 2; looks++) {
		begin(VIRTIO_F_VERSION_1);
		for (uint32_t k = 0; k < SIZE; k++) {
			fake_driver_make(&drivers[1], &answer, 1, false);
		}
		goes_on = looks;
		set(QUEUE_NOTIFY, 1);
		/* the last one finds nothing */
		assert_int_equal(steps, MIN(1 + looks, SIZE + 1U));
		assert_int_equal(posted, looks < SIZE);
		work();
		assert_int_equal(steps, SIZE + 1);
	}
	for (uint32_t step = 1; step < 5; step++) {
		begin(VIRTIO_F_VERSION_1);
		for (uint32_t k = 0; k < SIZE; k++) {
			fake_driver_make(&drivers[1], &answer, 1, false);
		}
		goes_on = SIZE;
		wanted_in = step;
		set(QUEUE_NOTIFY, 1);
		wanted_in = 0;
		assert_int_equal(steps, step);
		assert_true(posted);
		virtio.lock.owner++; /* that one had it, and let it go */
	}
	begin(VIRTIO_F_VERSION_1);
	endless = true;
	goes_on = 100;
	set(QUEUE_NOTIFY, 1);
	assert_int_equal(steps, 16);
	assert_true(posted);
	endless = false;
	goes_on = 0;
}

/* Another vCPU of the VM's wants to enter while a third waits already. */
static void come_and_go(struct virtio *at)
{
	uint64_t value;

	at->entering = true;
	assert_int_equal(virtio_mmio.read(&vcpu, at, STATUS, 4, &value), -EBUSY);
	at->entering = false;
}

/* Another CPU has the lock, and a vCPU of the VM's waits for it: a second one does not. */
static void one_vcpu_waits_for_the_lock(void **state)
{
	uint64_t value = 77;
	uint16_t ticket;

	(void)state;
	begin(VIRTIO_F_VERSION_1);
	fake_driver_make(&drivers[1], &answer, 1, false);
	fake_driver_make(&drivers[1], &answer, 1, false);
	ticket = ++virtio.lock.next;
	virtio.entering = true;
	assert_int_equal(virtio_mmio.write(&vcpu, &virtio, QUEUE_NOTIFY, 4, 1), -EBUSY);
	assert_int_equal(virtio_mmio.write(&vcpu, &virtio, INTERRUPT_ACK, 4, 1), -EBUSY);
	assert_int_equal(virtio_mmio.write(&vcpu, &virtio, STATUS, 4, 0), -EBUSY);
	assert_int_equal(virtio_mmio.read(&vcpu, &virtio, STATUS, 4, &value), -EBUSY);
	/* what is to be done is not forgotten */
	assert_true(virtio_work(&virtio.vdev));
	assert_int_equal(steps, 0);
	assert_int_equal(virtio.lock.next, ticket);
	virtio.lock.owner++;
	virtio.entering = false;
	/* who comes next does one step, and not a second: somebody had to come back meanwhile */
	goes_on = 100;
	tried_in = 1;
	set(QUEUE_NOTIFY, 1);
	tried_in = 0;
	assert_int_equal(steps, 1);
	assert_true(posted);
	/* then nobody has */
	assert_false(virtio_work(&virtio.vdev));
	assert_int_equal(steps, 3);
	goes_on = 0;
	posted = false;
	assert_int_equal(virtio.lock.next, virtio.lock.owner);
}

/* A step has let go of the lock to take another's before it: no other begins. */
static void nobody_enters_while_a_step_is_away(void **state)
{
	uint64_t value;

	(void)state;
	begin(VIRTIO_F_VERSION_1);
	fake_driver_make(&drivers[1], &answer, 1, false);
	virtio.away = 1;
	assert_int_equal(virtio_mmio.write(&vcpu, &virtio, QUEUE_NOTIFY, 4, 1), -EBUSY);
	assert_int_equal(virtio_mmio.read(&vcpu, &virtio, STATUS, 4, &value), -EBUSY);
	assert_true(virtio_work(&virtio.vdev));
	assert_int_equal(steps, 0);
	assert_int_equal(virtio.lock.next, virtio.lock.owner);
	virtio.away = 0;
	set(QUEUE_NOTIFY, 1);
	assert_int_equal(steps, 1);
	posted = false;
}

static void chains_come_back_in_steps_and_interrupt(void **state)
{
	static const uint64_t formats[] = {
		VIRTIO_F_VERSION_1,
		VIRTIO_F_VERSION_1 | VIRTIO_F_EVENT_INDEX | VIRTIO_F_INDIRECT,
		VIRTIO_F_VERSION_1 | VIRTIO_F_PACKED,
		VIRTIO_F_VERSION_1 | VIRTIO_F_PACKED | VIRTIO_F_EVENT_INDEX,
	};

	(void)state;
	for (uint32_t i = 0; i < ARRAY_COUNT(formats); i++) {
		uint32_t written, seen = 0;

		begin(formats[i]);
		for (uint32_t k = 0; k < 3; k++) {
			fake_driver_make(&drivers[1], &answer, 1, i == 1);
		}
		assert_false(line);
		set(QUEUE_NOTIFY, 1);
		/* one at once, the rest as work */
		assert_true(posted);
		assert_int_equal(steps, 1);
		assert_true(line);
		work();
		assert_int_equal(steps, 4);
		while (fake_driver_see(&drivers[1], &written) >= 0) {
			assert_int_equal(written, 64);
			seen++;
		}
		assert_int_equal(seen, 3);
		assert_int_equal(get(INTERRUPT_STATUS), 1);
		set(INTERRUPT_ACK, 2);
		assert_true(line);
		set(INTERRUPT_ACK, 1);
		assert_false(line);
		assert_int_equal(get(INTERRUPT_STATUS), 0);
	}
}

static void what_was_there_before_the_last_word_is_found(void **state)
{
	(void)state;
	set_up(NULL);
	negotiate(VIRTIO_F_VERSION_1);
	tell_queue(0, &drivers[0], 0);
	fake_driver_make(&drivers[0], &answer, 1, false);
	/* 2.1.2: nothing is taken before */
	set(QUEUE_NOTIFY, 0);
	assert_int_equal(steps, 0);
	set(STATUS, ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK);
	assert_true(posted);
	work();
	assert_int_equal(get(INTERRUPT_STATUS), 1);
}

static void a_broken_rule_stops_the_device_until_its_reset(void **state)
{
	(void)state;
	begin(VIRTIO_F_VERSION_1);
	fake_driver_make(&drivers[0], &answer, 1, false);
	fake_driver_poke(drivers[0].descriptors, 0x1000, 64, 2, 0);
	set(QUEUE_NOTIFY, 0);
	work();
	assert_int_equal(get(STATUS) & NEEDS_RESET, NEEDS_RESET);
	assert_int_equal(get(INTERRUPT_STATUS), 2);
	steps = 0;
	fake_driver_make(&drivers[1], &answer, 1, false);
	set(QUEUE_NOTIFY, 1);
	work();
	assert_int_equal(steps, 0);
	set(STATUS, 0);
	assert_int_equal(get(STATUS), 0);
	assert_int_equal(get(INTERRUPT_STATUS), 0);
	assert_false(line);
	/* and it works again */
	negotiate(VIRTIO_F_VERSION_1);
	tell_queue(0, &drivers[0], 0);
	set(STATUS, ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK);
	fake_driver_make(&drivers[0], &answer, 1, false);
	set(QUEUE_NOTIFY, 0);
	work();
	assert_int_equal(get(INTERRUPT_STATUS), 1);
}

static void a_notification_for_no_queue_is_none(void **state)
{
	(void)state;
	begin(VIRTIO_F_VERSION_1);
	set(QUEUE_NOTIFY, QUEUES);
	set(QUEUE_NOTIFY, 31);
	set(QUEUE_NOTIFY, 32);
	set(QUEUE_NOTIFY, UINT32_MAX);
	set(QUEUE_SEL, 1);
	set(QUEUE_READY, 0);
	set(QUEUE_NOTIFY, 1);
	assert_int_equal(steps, 0);
	assert_int_equal(get(STATUS) & NEEDS_RESET, 0);
}

static void a_single_queue_is_reset(void **state)
{
	uint32_t written;

	(void)state;
	begin(VIRTIO_F_VERSION_1 | VIRTIO_F_RING_RESET);
	set(QUEUE_SEL, 1);
	queue_resets = 0;
	set(QUEUE_RESET, 1);
	/* it is over: 4.2.2.2 */
	assert_int_equal(get(QUEUE_RESET), 0);
	assert_int_equal(get(QUEUE_READY), 0);
	assert_int_equal(queue_resets, 1);
	tell_queue(1, &drivers[1], 0);
	assert_int_equal(get(QUEUE_READY), 1);
	for (uint32_t i = 0; i < QUEUES; i++) {
		fake_driver_make(&drivers[i], &answer, 1, false);
		set(QUEUE_NOTIFY, i);
		work();
		assert_true(fake_driver_see(&drivers[i], &written) >= 0);
	}
	/* only where it was agreed */
	begin(VIRTIO_F_VERSION_1);
	set(QUEUE_SEL, 1);
	set(QUEUE_RESET, 1);
	assert_int_equal(get(QUEUE_READY), 1);
}

static void the_configuration_is_read_and_written_at_each_size(void **state)
{
	(void)state;
	assert_int_equal(get(CONFIG), 0x44332211);
	assert_int_equal(get_sized(CONFIG + 1, 1), 0x22);
	assert_int_equal(get_sized(CONFIG + 2, 2), 0x4433);
	virtio_mmio.write(&vcpu, &virtio, CONFIG + 3, 1, 0x55);
	assert_int_equal(get(CONFIG), 0x55332211);
	/* behind it is nothing */
	assert_int_equal(get(CONFIG + 4), 0);
	set(CONFIG + 4, UINT32_MAX);
	set(CONFIG + 0xfc, UINT32_MAX);
	assert_int_equal(get(CONFIG), 0x55332211);
}

static void a_change_of_the_configuration_is_told(void **state)
{
	uint32_t before;

	(void)state;
	before = get(CONFIG_GENERATION);
	virtio_config_changed(&virtio);
	assert_int_not_equal(get(CONFIG_GENERATION), before);
	assert_false(line); /* nobody drives it */
	begin(VIRTIO_F_VERSION_1);
	virtio_config_changed(&virtio);
	assert_int_equal(get(INTERRUPT_STATUS), 2);
	assert_true(line);
}

static void a_VMs_end_leaves_nothing(void **state)
{
	(void)state;
	begin(VIRTIO_F_VERSION_1 | VIRTIO_F_PACKED);
	fake_driver_make(&drivers[0], &answer, 1, false);
	fake_driver_make(&drivers[0], &answer, 1, false);
	set(QUEUE_NOTIFY, 0);
	assert_true(posted);
	virtio_reset(&virtio.vdev);
	assert_false(line);
	assert_false(virtio_work(&virtio.vdev));
	assert_int_equal(get(STATUS), 0);
	assert_int_equal(get(CONFIG_GENERATION), 0);
	for (uint32_t i = 0; i < QUEUES; i++) {
		assert_false(virtio.queue[i].ready);
		assert_int_equal(virtio.queue[i].descriptors, 0);
		assert_false(virtio.queue[i].packed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE_IN("the identity registers say what it is",
			the_identity_registers_say_what_it_is, set_up),
		CASE_IN("what is not there reads as zero and takes nothing",
			what_is_not_there_reads_as_zero_and_takes_nothing, set_up),
		CASE_IN("features are offered in two words", features_are_offered_in_two_words,
			set_up),
		CASE_IN("features that make no sense are refused",
			features_that_make_no_sense_are_refused, set_up),
		CASE_IN("status bits are cleared by a reset alone",
			status_bits_are_cleared_by_a_reset_alone, set_up),
		CASE_IN("queues have a size, and those that are not there none",
			queues_have_a_size_and_those_that_are_not_there_none, set_up),
		CASE_IN("a queue is not ready before features are agreed",
			a_queue_is_not_ready_before_features_are_agreed, set_up),
		CASE_IN("a queue that is ready is not changed",
			a_queue_that_is_ready_is_not_changed, set_up),
		CASE_IN("rings that can't be break the device",
			rings_that_can_not_be_break_the_device, set_up),
		CASE_IN("steps follow at once while nobody waits",
			steps_follow_at_once_while_nobody_waits, set_up),
		CASE_IN("of a VM's vCPUs one waits for the lock", one_vcpu_waits_for_the_lock,
			set_up),
		CASE_IN("nobody enters while a step is away", nobody_enters_while_a_step_is_away,
			set_up),
		CASE_IN("chains come back in steps and interrupt",
			chains_come_back_in_steps_and_interrupt, set_up),
		CASE_IN("what was there before the last word is found",
			what_was_there_before_the_last_word_is_found, set_up),
		CASE_IN("a broken rule stops the device until its reset",
			a_broken_rule_stops_the_device_until_its_reset, set_up),
		CASE_IN("a notification for no queue is none", a_notification_for_no_queue_is_none,
			set_up),
		CASE_IN("a single queue is reset", a_single_queue_is_reset, set_up),
		CASE_IN("the configuration is read and written at each size",
			the_configuration_is_read_and_written_at_each_size, set_up),
		CASE_IN("a change of the configuration is told",
			a_change_of_the_configuration_is_told, set_up),
		CASE_IN("a VM's end leaves nothing", a_VMs_end_leaves_nothing, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
