/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One CPU sends frames from a network interface of its VM to another, and back; all others use the
 * registers of both as fast as they can, on CPUs that run side by side. What they read is right
 * each time, and each frame arrives, once and in order. So it is in every format of a queue.
 */
#include "tests/guest/lib/console.h"
#include "tests/guest/lib/cpu.h"
#include "tests/guest/lib/string.h"
#include "tests/guest/lib/tap.h"
#include "tests/guest/lib/virtio.h"

#define SIDES	 2
#define RECEIVE	 0
#define SEND	 1
#define HEADER	 12 /* of virtio */
#define ETHERNET 14
#define FRAMES	 5000 /* in each format */
#define WORKS	 (VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER | VIRTIO_FEATURES_OK | VIRTIO_DRIVER_OK)

/* An interface, in the order of virtio_race.dts. A device takes the other's lock after its own, or
 * before it: so frames go both ways. */
struct side {
	struct ring rings[2] __attribute__((aligned(4096)));
	struct queue queue[2];
	uint8_t got[2048] __attribute__((aligned(16)));
	uint8_t mac[6];
};

static struct side sides[SIDES];
static uint8_t sent[2048] __attribute__((aligned(16)));
static uint64_t accesses[MACHINE_MAX_CPUS], wrong[MACHINE_MAX_CPUS];
static bool over;

static void use_registers(void *arg)
{
	unsigned int me = cpu_this()->index;

	(void)arg;
	for (uint32_t i = me; !READ_ONCE(over); i++) {
		uint64_t at = VIRTIO_DEVICE(i % SIDES);
		uint8_t byte = mmio_read8(at + VIRTIO_CONFIG + i % 6);

		wrong[me] += byte != sides[i % SIDES].mac[i % 6];
		wrong[me] += virtio_get(at, VIRTIO_STATUS) != WORKS;
		virtio_set(at, VIRTIO_ACK, 0);
		/* of the other queue the device is told by its driver alone, when it wishes */
		virtio_notify(at, RECEIVE);
		accesses[me] += 4;
	}
}

static void begin(uint32_t which, uint64_t features)
{
	struct side *side = &sides[which];
	uint64_t device = VIRTIO_DEVICE(which);

	virtio_begin(device, features, side->rings, 2);
	for (unsigned int i = 0; i < 2; i++) {
		side->queue[i] =
			(struct queue){.device = device, .features = features, .number = i};
		queue_begin(&side->queue[i], &side->rings[i]);
	}
	for (unsigned int i = 0; i < 6; i++) {
		side->mac[i] = mmio_read8(device + VIRTIO_CONFIG + i);
	}
}

static void make_frame(uint32_t number, const struct side *from, const struct side *to,
		       uint32_t size)
{
	memcpy(sent + HEADER, to->mac, 6);
	memcpy(sent + HEADER + 6, from->mac, 6);
	for (uint32_t i = HEADER + ETHERNET; i < size; i++) {
		sent[i] = (uint8_t)(number + i);
	}
}

/* The next frame, of another length than the last, the other way, in parts. True: it has arrived as
 * it was sent. */
static bool send(uint32_t number)
{
	struct side *from = &sides[number % SIDES], *to = &sides[(number + 1) % SIDES];
	struct queue *out = &from->queue[SEND], *in = &to->queue[RECEIVE];
	uint32_t size = HEADER + 60 + number * 37 % 1400, got, none;
	const struct buffer room[] = {{to->got, 100, true},
				      {to->got + 100, sizeof(to->got) - 100, true}};
	const struct buffer frame[] = {{sent, HEADER, false},
				       {sent + HEADER, 40, false},
				       {sent + HEADER + 40, size - HEADER - 40, false}};

	make_frame(number, from, to, size);
	queue_give(in, room, ARRAY_SIZE(room));
	queue_give(out, frame, ARRAY_SIZE(frame));
	queue_notify(out);
	return WAIT(queue_take(in, &got) && queue_take(out, &none)) && got == size &&
	       memcmp(sent + HEADER, to->got + HEADER, size - HEADER) == 0;
}

static void test_format(const struct virtio_format *format)
{
	uint64_t arrived = 0, errors = 0, least = UINT64_MAX;
	unsigned int count = cpu_count();
	bool came = true;

	printf("# %s\n", format->name);
	begin(0, format->features);
	begin(1, format->features);
	memset(accesses, 0, sizeof(accesses));
	memset(wrong, 0, sizeof(wrong));
	WRITE_ONCE(over, false);
	for (unsigned int i = 1; i < count; i++) {
		came &= cpu_start(i, use_registers, NULL) == 0;
	}
	for (uint32_t i = 0; i < FRAMES; i++) {
		arrived += send(i);
	}
	WRITE_ONCE(over, true);
	for (unsigned int i = 1; i < count; i++) {
		came &= cpu_join(i);
		errors += wrong[i];
		least = accesses[i] < least ? accesses[i] : least;
	}
	ok(came, "every CPU starts, uses the devices and turns off");
	is(arrived, FRAMES, "each frame arrives as it was sent, when it was sent");
	is(errors, 0, "a register has its value each time, whoever else is there");
	not_below(least, 100, "no CPU is kept from the devices by the others");
	is(virtio_get(VIRTIO_DEVICE(0), VIRTIO_STATUS), WORKS, "the first works at the end");
	is(virtio_get(VIRTIO_DEVICE(1), VIRTIO_STATUS), WORKS, "and the second");
}

int main(void)
{
	for (unsigned int i = 0; i < VIRTIO_FORMATS; i++) {
		test_format(&virtio_formats[i]);
	}
	tap_done();
}
