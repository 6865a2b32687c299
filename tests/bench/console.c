/* SPDX-License-Identifier: Apache-2.0 */
/* The bench guest's virtio console: a character a buffer. virtio 1.2 5.3. */
#include "tests/bench/console.h"

#include "tests/bench/virtio.h"

#define ID_CONSOLE 3

#define SEND 1 /* of its two queues */

static struct {
	const struct machine_virtio *device;
	struct virtio_ring rings[2];
	char character;
} console;

bool console_start(void)
{
	console.device = virtio_find(ID_CONSOLE, 0);
	console.rings[SEND].descriptor[0] =
		(struct virtio_descriptor){(uint64_t)&console.character, 1, 0, 0};
	return console.device != NULL && virtio_start(console.device, 0, console.rings, 2);
}

void console_send(char c)
{
	console.character = c;
	virtio_give(&console.rings[SEND]);
	virtio_notify(console.device, SEND);
}

void console_taken(void)
{
	virtio_ack(console.device);
}

bool console_is_good(void)
{
	return virtio_is_idle(&console.rings[SEND]);
}
