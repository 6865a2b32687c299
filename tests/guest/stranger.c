/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A VM that asks another for connections at a port where nobody listens, as fast as that one takes
 * it, and takes one answer a second, a byte at a time: for tests of who is held up by it. Never
 * ends.
 */
#include "tests/guest/lib/console.h"
#include "tests/guest/lib/gic.h"
#include "tests/guest/lib/string.h"
#include "tests/guest/lib/timer.h"
#include "tests/guest/lib/virtio.h"

#define SOCKETS VIRTIO_DEVICE(0)
#define VICTIM	3 /* CID: the first VM of the config */
#define NOBODY	999
#define HEADER	44
#define AHEAD	5 /* of its queue, for it to be late after 2 s only: docs/vsock.md */

enum {
	RECEIVE,
	SEND,
};

/* virtio 1.2 5.10.6 */
struct header {
	uint64_t from, to;
	uint32_t from_port, to_port, size;
	uint16_t type, op;
	uint32_t flags, room, freed;
};

static struct ring rings[3] __attribute__((aligned(4096)));
static struct header packet[RING_SIZE], answer[2];

/* As many as there may be at once. How many it asked in all. */
static uint32_t ask(void)
{
	static uint32_t asked;
	uint64_t cid = mmio_read32(SOCKETS + VIRTIO_CONFIG);
	uint16_t done = READ_ONCE(rings[SEND].used.index);

	while ((uint16_t)asked != (uint16_t)(done + AHEAD)) {
		struct header *header = &packet[asked % RING_SIZE];

		*header = (struct header){
			.from = cid,
			.to = VICTIM,
			.from_port = 1024 + asked % 40000,
			.to_port = NOBODY,
			.type = 1,
			.op = 1, /* REQUEST */
			.room = 65536,
		};
		rings[SEND].split[asked % RING_SIZE] =
			(struct split_desc){(uint64_t)header, HEADER, 0, 0};
		ring_give(&rings[SEND], (uint16_t)(asked++ % RING_SIZE));
	}
	virtio_notify(SOCKETS, SEND);
	return asked;
}

int main(void)
{
	uint64_t next = 0;
	bool said = false;

	gic_setup();
	virtio_begin(SOCKETS, 0, rings, 3);
	rings[RECEIVE].split[0] = (struct split_desc){(uint64_t)answer, HEADER + 1, DESC_WRITE, 0};
	printf("stranger: begins\n");
	for (;;) {
		if (ask() >= 1000 && !said) {
			said = true;
			printf("stranger: asked 1000 times, and goes on\n");
		}
		if (counter_now() >= next) {
			next = counter_now() + counter_hz();
			ring_give(&rings[RECEIVE], 0);
			virtio_notify(SOCKETS, RECEIVE);
		}
		timer_sleep_us(200);
	}
}
