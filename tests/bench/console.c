/* SPDX-License-Identifier: Apache-2.0 */
/* The bench guest's virtio console: a character a buffer. virtio 1.2 5.3. */
#include "tests/bench/console.h"

#include "tests/bench/virtio.h"

#define ID_CONSOLE 3

#define SEND 1 /* of its two queues */

static struct {
	const struct machine_virtio *device;
	struct virtio_ring rings[2];
	struct virtio_packed packed[2];
	bool is_packed;
	char character;
} console;

static const struct virtio_buffer buffer = {&console.character, 1, 0};

bool console_start(void)
{
	console.device = virtio_find(ID_CONSOLE, 0);
	virtio_describe(&console.rings[SEND], &buffer, 1);
	return console.device != NULL && virtio_start(console.device, 0, console.rings, 2);
}

bool console_start_packed(void)
{
	console.device = virtio_find(ID_CONSOLE, 0);
	console.is_packed = true;
	virtio_describe_packed(&console.packed[SEND], &buffer, 1);
	return console.device != NULL && virtio_start_packed(console.device, 0, console.packed, 2);
}

void console_send(char c)
{
	console.character = c;
	virtio_give(&console.rings[SEND]);
	virtio_notify(console.device, SEND);
}

void console_send_packed(char c)
{
	console.character = c;
	virtio_give_packed(&console.packed[SEND]);
	virtio_notify(console.device, SEND);
}

void console_taken(void)
{
	virtio_ack(console.device);
}

bool console_is_good(void)
{
	return console.is_packed ? virtio_is_idle_packed(&console.packed[SEND]) :
				   virtio_is_idle(&console.rings[SEND]);
}
