/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A console's receive queue and a driver that breaks rules: virtio 1.2 5.3.6.1, 3.3.1. Says which
 * keys it wants, so it is for a system test.
 */
#include "tests/guest/lib/console.h"
#include "tests/guest/lib/cpu.h"
#include "tests/guest/lib/string.h"
#include "tests/guest/lib/tap.h"
#include "tests/guest/lib/virtio.h"

#define CONSOLE	 VIRTIO_DEVICE(0)
#define RECEIVE	 0
#define PATIENCE 120 /* seconds, for a key */
#define EMPTY	 '.'

static struct ring rings[2] __attribute__((aligned(4096)));
static struct queue queue;
static char left[8], right[8];

static void begin(const struct virtio_format *format)
{
	virtio_begin(CONSOLE, format->features, rings, 2);
	queue = (struct queue){.device = CONSOLE, .features = format->features, .number = RECEIVE};
	queue_begin(&queue, &rings[RECEIVE]);
	memset(left, EMPTY, sizeof(left));
	memset(right, EMPTY, sizeof(right));
}

static bool needs_reset(void)
{
	return (virtio_get(CONSOLE, VIRTIO_STATUS) & VIRTIO_NEEDS_RESET) != 0;
}

static bool is_empty(const char *bytes)
{
	return bytes[0] == EMPTY && memcmp(bytes, bytes + 1, sizeof(left) - 1) == 0;
}

/* Whoever reads this has the key typed. */
static bool wants(char key, bool (*came)(void))
{
	printf("# type %c\n", key);
	return WAIT_TICKS(came(), PATIENCE * counter_hz());
}

static bool is_used(void)
{
	uint32_t written;

	return queue_take(&queue, &written);
}

/* Where a key is; and nowhere else. */
static bool is_in(const char *bytes, const char *other, char key)
{
	return bytes[0] == key && bytes[1] == EMPTY && is_empty(other);
}

static void test_wrong_way(const struct virtio_format *format, char key)
{
	const struct buffer readable = {left, sizeof(left), false};
	const struct buffer mixed[] = {readable, {right, sizeof(right), true}};
	const struct buffer room = {right, sizeof(right), true};

	begin(format);
	queue_give(&queue, &readable, 1);
	queue_notify(&queue);
	ok(!needs_reset(), "nobody has looked at it before there is a key");
	ok(wants(key, needs_reset) && is_empty(left) && !is_used(),
	   "5.3.6.1: a buffer that is to be read, in the receive queue, breaks the device");
	begin(format);
	queue_give(&queue, mixed, 2);
	queue_notify(&queue);
	ok(needs_reset() && is_empty(left) && is_empty(right) && !is_used(),
	   "5.3.6.1: one of which a part is to be read does too");
	begin(format);
	queue_give(&queue, &room, 1);
	queue_notify(&queue);
	ok(WAIT(is_used()) && is_in(right, left, key) && !needs_reset(),
	   "after a reset it works, and the key has not got lost");
}

static void test_altered(const struct virtio_format *format, char key)
{
	bool table = (format->features & VIRTIO_F_INDIRECT) != 0;
	const struct buffer room = {left, sizeof(left), true};
	uint64_t *address =
		table ? &rings[RECEIVE].table.split[0].address : &rings[RECEIVE].split[0].address;

	begin(format);
	queue_give(&queue, &room, 1);
	queue_notify(&queue);
	WRITE_ONCE(*address, (uint64_t)right);
	dmb(ish); /* the address before the key */
	ok(wants(key, is_used) && is_in(left, right, key) != is_in(right, left, key),
	   "3.3.1: a key comes to where the buffer was, or to where it is");
	ok(!needs_reset(), "and the device works on");
}

int main(void)
{
	for (unsigned int i = 0; i < VIRTIO_FORMATS; i++) {
		printf("# %s\n", virtio_formats[i].name);
		test_wrong_way(&virtio_formats[i], (char)('a' + 2 * i));
		test_altered(&virtio_formats[i], (char)('b' + 2 * i));
	}
	tap_done();
}
