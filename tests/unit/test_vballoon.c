/* SPDX-License-Identifier: Apache-2.0 */
/* A balloon between its driver and the frames. virtio 1.2 5.5. */
#include <string.h>

#include "core/base/errno.h"
#include "core/vm/vm.h"
#include "drivers/emul/models.h"
#include "drivers/virtio/balloon.h"
#include "drivers/virtio/virtio.h"
#include "irq/vgic/vgic.h"
#include "mm/frames.h"
#include "tests/unit/fake_driver.h"
#include "tests/unit/fake_ram.h"
#include "tests/unit/fake_time.h"
#include "tests/unit/unit.h"

#define SIZE	  16
#define PAGES	  1000
#define MIN_PAGES 100
#define VM_ID	  5
#define BUFFERS	  (FAKE_RAM + 0x80000)
#define STATUS	  0x070
#define INTERRUPT 0x060
#define ACK	  0x064
#define CONFIG	  0x100
#define FEATURES  (VIRTIO_F_VERSION_1 | 3)
#define KNOWN_MAX 4096

enum {
	INFLATE,
	DEFLATE,
	STATISTICS,
	QUEUES,
};

static struct vdev_config node = {.name = "balloon", .spi = 16, .min_size = MIN_PAGES * PAGE_SIZE};
static struct vm_config vm_config = {.device = &node, .device_count = 1};
static struct frames_space space;
static struct vm vm;
static struct vcpu vcpu;
static struct vcpu *const vcpus[] = {&vcpu};
static struct virtio *virtio;
static struct fake_driver drivers[QUEUES];
static uint8_t memory[65536] __attribute__((aligned(16)));
static bool line, posted;
static uint32_t logged;

/* -- the frames: which pages were named, in their order, and what is answered -- */

static struct {
	uint64_t given[KNOWN_MAX], taken[KNOWN_MAX];
	uint32_t given_count, taken_count;
	uint32_t pool; /* that may be taken */
	uint64_t absent, kept, has;
} frames;

struct frames_given frames_give(struct frames_space *of, const uint64_t *ipa, uint32_t count)
{
	struct frames_given given = {0};

	assert_ptr_equal(of, &space);
	assert_in_range(count, 1, FRAMES_BATCH);
	for (uint32_t i = 0; i < count; i++) {
		frames.given[frames.given_count++] = ipa[i];
		given.absent += ipa[i] == frames.absent;
		given.kept += ipa[i] == frames.kept;
	}
	given.count = count - given.absent - given.kept;
	return given;
}

int frames_take(struct frames_space *of, uint64_t ipa)
{
	assert_ptr_equal(of, &space);
	if (ipa == frames.absent) {
		return -EFAULT;
	}
	if (ipa == frames.has) {
		return -EEXIST;
	}
	if (frames.pool == 0) {
		return -EAGAIN;
	}
	frames.pool--;
	frames.taken[frames.taken_count++] = ipa;
	return 0;
}

bool vm_may_log(struct vm *of, struct ratelimit *limit, struct vm_tail *tail)
{
	tail->text[0] = '\0';
	assert_ptr_equal(of, &vm);
	assert_ptr_equal(limit, &vm.faults);
	/* it takes the VM's lock, which comes first */
	assert_false(spin_is_held(&virtio->lock));
	logged++;
	return true;
}

void vgic_set_line(struct vm *of, uint32_t intid, bool level)
{
	(void)of;
	assert_int_equal(intid, 32 + 16);
	line = level;
}

void vdev_work_post(struct vdev *vdev, struct vcpu *to)
{
	assert_ptr_equal(vdev, &virtio->vdev);
	assert_ptr_equal(to, &vcpu);
	posted = true;
}

bool vdev_may_go_on(void)
{
	return false;
}

/* -- its driver -- */

static void work(void)
{
	for (uint32_t steps = 0; posted; steps++) {
		assert_true(steps < 10000);
		posted = virtio_work(&virtio->vdev);
	}
}

static void set(uint32_t off, uint32_t value)
{
	assert_int_equal(virtio_mmio.write(&vcpu, virtio, off, 4, value), 0);
	work();
}

static uint32_t get(uint32_t off)
{
	uint64_t value;

	assert_int_equal(virtio_mmio.read(&vcpu, virtio, off, 4, &value), 0);
	return (uint32_t)value;
}

static void drive(void)
{
	set(STATUS, 0);
	set(STATUS, 3);
	set(0x024, 0);
	set(0x020, (uint32_t)FEATURES);
	set(0x024, 1);
	set(0x020, (uint32_t)(FEATURES >> 32));
	set(STATUS, 11);
	for (uint32_t i = 0; i < QUEUES; i++) {
		struct virtq queue = {.vm = &vm, .size = SIZE};

		fake_driver_begin(&drivers[i], &queue, FAKE_RAM + 0x10000 * i);
		fake_driver_wish(&drivers[i], 0);
		set(0x030, i);
		set(0x038, SIZE);
		set(0x080, (uint32_t)drivers[i].descriptors);
		set(0x090, (uint32_t)drivers[i].driver_area);
		set(0x0a0, (uint32_t)drivers[i].device_area);
		set(0x044, 1);
	}
	set(STATUS, 15);
}

static int set_up(void **state)
{
	struct arena arena = {.base = memory, .size = sizeof(memory)};
	struct vdev *vdev;

	(void)state;
	fake_ram_reset();
	memset(memory, 0, sizeof(memory));
	memset(&frames, 0, sizeof(frames));
	frames.absent = frames.kept = frames.has = UINT64_MAX;
	node.type = &virtio_balloon_type;
	space = (struct frames_space){.owner = VM_ID, .page_count = PAGES, .held = PAGES};
	vm = (struct vm){.name = "alpha",
			 .id = VM_ID,
			 .config = &vm_config,
			 .vcpu = (struct vcpu **)vcpus,
			 .stage2 = {.frames = &space}};
	assert_int_equal(virtio_balloon_type.create(&vm, &node, &arena, &vdev), 0);
	virtio = (struct virtio *)vdev;
	line = posted = false;
	logged = 0;
	assert_int_equal(space.min, MIN_PAGES);
	drive();
	return 0;
}

/* A list of `count` pages from `first` on, in `pieces`. */
static void send(uint32_t queue, uint32_t first, uint32_t count, uint32_t pieces, uint32_t more)
{
	const uint64_t list = BUFFERS + queue * 0x1000;
	struct fake_buffer buffer[8];
	uint32_t size = count * 4 + more;

	for (uint32_t i = 0; i < count; i++) {
		uint32_t number = first + i;

		memcpy(fake_ram(list + 4 * i), &number, sizeof(number));
	}
	for (uint32_t i = 0; i < pieces; i++) {
		uint32_t from = size * i / pieces;

		buffer[i] =
			(struct fake_buffer){list + from, size * (i + 1) / pieces - from, false};
	}
	assert_true(fake_driver_make(&drivers[queue], buffer, pieces, false) >= 0);
	set(0x050, queue);
}

static bool is_done(uint32_t queue)
{
	uint32_t written = 1;

	return fake_driver_see(&drivers[queue], &written) >= 0 && written == 0;
}

/* -- cases -- */

/* 5.5.3.2: it could use a page that it gave before it asks for it (5.5.6). */
static void needs_to_be_told(void **state)
{
	for (uint32_t own = 0; own < 4; own++) {
		set_up(state);
		logged = 0;
		set(STATUS, 0);
		set(STATUS, 3);
		set(0x024, 0);
		set(0x020, own);
		set(0x024, 1);
		set(0x020, (uint32_t)(FEATURES >> 32));
		set(STATUS, 11);
		assert_int_equal(get(STATUS), (own & 1) != 0 ? 11 : 3);
		set(STATUS, 15);
		assert_int_equal(get(STATUS), (own & 1) != 0 ? 15 : 3);
		/* each time it tries */
		assert_int_equal(logged, (own & 1) != 0 ? 0 : 2);
	}
}

/* However its list is cut: each page once, in its order. */
static void inflates(void **state)
{
	(void)state;
	for (uint32_t pieces = 1; pieces <= 8; pieces++) {
		frames.given_count = 0;
		send(INFLATE, 7, 100, pieces, pieces % 4);
		assert_true(is_done(INFLATE));
		assert_int_equal(frames.given_count, 100);
		for (uint32_t i = 0; i < 100; i++) {
			assert_int_equal(frames.given[i], (7 + i) * PAGE_SIZE);
		}
	}
	assert_true(line);
	send(INFLATE, UINT32_MAX, 1, 1, 0);
	assert_int_equal(frames.given[100], UINT32_MAX * PAGE_SIZE);
	send(INFLATE, 1, 0, 1, 3);
	assert_true(is_done(INFLATE));
	assert_int_equal(frames.given_count, 101);
	assert_int_equal(logged, 0);
}

static void deflates(void **state)
{
	(void)state;
	frames.pool = 100;
	send(DEFLATE, 7, 100, 3, 0);
	assert_true(is_done(DEFLATE));
	assert_int_equal(frames.taken_count, 100);
	for (uint32_t i = 0; i < 100; i++) {
		assert_int_equal(frames.taken[i], (7 + i) * PAGE_SIZE);
	}
	assert_int_equal(frames.given_count, 0);
}

/* What the pool lacks is waited for without work, and no page is left out or taken twice. */
static void waits_for_pool(void **state)
{
	(void)state;
	frames.pool = 3;
	send(DEFLATE, 0, 10, 7, 0);
	assert_int_equal(frames.taken_count, 3);
	assert_false(posted);
	assert_false(is_done(DEFLATE));
	/* the other way is not held up by that */
	send(INFLATE, 50, 5, 1, 0);
	assert_true(is_done(INFLATE));
	for (uint32_t i = 0; i < 10 && frames.taken_count < 10; i++) {
		frames.pool = 1 + i % 3;
		space.available(&space);
		work();
	}
	assert_true(is_done(DEFLATE));
	for (uint32_t i = 0; i < 10; i++) {
		assert_int_equal(frames.taken[i], i * PAGE_SIZE);
	}
	/* a reset ends the wait */
	frames.pool = 0;
	send(DEFLATE, 0, 10, 1, 0);
	drive();
	frames.pool = 10;
	space.available(&space);
	work();
	assert_int_equal(frames.taken_count, 10);
}

/* One line for a request, whatever is wrong in it. */
static void left_out(void **state)
{
	(void)state;
	frames.absent = 3 * PAGE_SIZE;
	frames.kept = 5 * PAGE_SIZE;
	frames.has = 6 * PAGE_SIZE;
	frames.pool = 100;
	send(INFLATE, 0, 10, 1, 0);
	assert_true(is_done(INFLATE));
	assert_int_equal(logged, 1);
	send(INFLATE, 6, 10, 1, 0);
	assert_int_equal(logged, 1);
	send(DEFLATE, 0, 10, 1, 0);
	assert_true(is_done(DEFLATE));
	assert_int_equal(logged, 2);
	assert_int_equal(frames.taken_count, 8);
	assert_int_equal(get(STATUS), 15);
}

static void asks(void **state)
{
	uint32_t generation = get(0x0fc);
	struct balloon_view view;

	(void)state;
	assert_int_equal(get(CONFIG), 0);
	assert_int_equal(balloon_set(VM_ID, 600 * PAGE_SIZE + 5), 0);
	assert_int_equal(get(CONFIG), PAGES - 600);
	assert_int_not_equal(get(0x0fc), generation);
	assert_int_equal(get(INTERRUPT) & 2, 2);
	assert_true(line);
	assert_int_equal(balloon_set(VM_ID, MIN_PAGES * PAGE_SIZE - 1), -ERANGE);
	assert_int_equal(balloon_set(VM_ID, (PAGES + 1) * PAGE_SIZE), -ERANGE);
	assert_int_equal(balloon_set(VM_ID, UINT64_MAX), -ERANGE);
	assert_int_equal(balloon_set(VM_ID + 1, PAGE_SIZE), -ENODEV);
	assert_int_equal(get(CONFIG), PAGES - 600);
	/* a driver that comes anew is asked for the same; a new life is not */
	set(CONFIG + 4, 77);
	assert_int_equal(get(CONFIG + 4), 77);
	drive();
	assert_int_equal(get(CONFIG), PAGES - 600);
	assert_int_equal(get(CONFIG + 4), 0);
	space.held = 700;
	space.other = 30;
	assert_true(balloon_view(VM_ID, &view));
	assert_true(view.up);
	assert_int_equal(view.size, PAGES * PAGE_SIZE);
	assert_int_equal(view.min, MIN_PAGES * PAGE_SIZE);
	assert_int_equal(view.target, 600 * PAGE_SIZE);
	assert_int_equal(view.now, 700 * PAGE_SIZE);
	assert_int_equal(view.other, 30 * PAGE_SIZE);
	assert_int_equal(view.known, 0);
	assert_false(balloon_view(VM_ID + 1, &view));
	virtio_balloon_type.reset(&virtio->vdev);
	assert_int_equal(get(CONFIG), 0);
	assert_true(balloon_view(VM_ID, &view));
	assert_false(view.up);
	assert_int_equal(view.target, PAGES * PAGE_SIZE);
}

static void send_stats(const uint16_t *tag, const uint64_t *value, uint32_t count, uint32_t size)
{
	const struct fake_buffer buffer = {BUFFERS, size, false};

	for (uint32_t i = 0; i < count; i++) {
		memcpy(fake_ram(BUFFERS + 10 * i), &tag[i], 2);
		memcpy(fake_ram(BUFFERS + 10 * i + 2), &value[i], 8);
	}
	assert_true(fake_driver_make(&drivers[STATISTICS], &buffer, 1, false) >= 0);
	set(0x050, STATISTICS);
}

/* The driver's buffer is kept; it goes back once for each time that news are wanted. */
static void tells(void **state)
{
	static const uint16_t tags[] = {BALLOON_FREE, 10, 0xffff, BALLOON_HUGE_FAILED};
	static const uint64_t values[] = {12345, 1, 2, UINT64_MAX};
	struct balloon_view view;

	(void)state;
	balloon_ask(VM_ID + 1);
	send_stats(tags, values, 4, 40);
	assert_false(is_done(STATISTICS));
	assert_true(balloon_view(VM_ID, &view));
	assert_int_equal(view.known, 1 << BALLOON_FREE | 1 << BALLOON_HUGE_FAILED);
	assert_int_equal(view.stat[BALLOON_FREE], 12345);
	assert_int_equal(view.stat[BALLOON_HUGE_FAILED], UINT64_MAX);
	balloon_ask(VM_ID);
	work();
	assert_true(is_done(STATISTICS));
	balloon_ask(VM_ID);
	work();
	assert_false(is_done(STATISTICS));
	/* what was wanted meanwhile is asked for as soon as there is a buffer */
	send_stats(tags, values, 1, 19);
	assert_true(is_done(STATISTICS));
	assert_true(balloon_view(VM_ID, &view));
	assert_int_equal(view.known, 1 << BALLOON_FREE);
	/* more than there can be is not read */
	send_stats(tags, values, 1, 4000);
	assert_true(balloon_view(VM_ID, &view));
	assert_int_equal(get(STATUS), 15);
	drive();
	assert_true(balloon_view(VM_ID, &view));
	assert_int_equal(view.known, 0);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE("a driver that does not tell ahead of using pages is refused",
		     needs_to_be_told),
		CASE_IN("each page of a list is given, however it is cut", inflates, set_up),
		CASE_IN("each comes back in its turn", deflates, set_up),
		CASE_IN("what the pool lacks is waited for", waits_for_pool, set_up),
		CASE_IN("what makes no sense is left out, with one line", left_out, set_up),
		CASE_IN("a target is in its configuration, until its VM's life ends", asks, set_up),
		CASE_IN("statistics are its word, asked for when they are wanted", tells, set_up),
	};

	return cmocka_run_group_tests(cases, NULL, NULL);
}
