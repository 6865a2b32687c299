/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One CPU sends frames from a network interface of its VM to another, and back; all others use the
 * registers of both as fast as they can, on CPUs that run side by side. What they read is right
 * each time, and each frame arrives, once and in order.
 */
#include "tests/guest/lib/cpu.h"
#include "tests/guest/lib/string.h"
#include "tests/guest/lib/tap.h"
#include "tests/guest/lib/virtio.h"

#define SIDES	 2
#define RECEIVE	 0
#define SEND	 1
#define HEADER	 12 /* of virtio */
#define ETHERNET 14
#define FRAMES	 20000
#define WORKS	 (VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER | VIRTIO_FEATURES_OK | VIRTIO_DRIVER_OK)

/* An interface, in the order of virtio_race.dts. A device takes the other's lock after its own, or
 * before it: so frames go both ways. */
struct side {
	struct ring rings[2] __attribute__((aligned(4096)));
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
		virtio_notify(at, i / SIDES % 2);
		accesses[me] += 4;
	}
}

static void begin(uint32_t which)
{
	struct side *side = &sides[which];

	virtio_begin(VIRTIO_DEVICE(which), 0, side->rings, 2);
	for (unsigned int i = 0; i < 6; i++) {
		side->mac[i] = mmio_read8(VIRTIO_DEVICE(which) + VIRTIO_CONFIG + i);
	}
	side->rings[RECEIVE].split[0] =
		(struct split_desc){(uint64_t)side->got, sizeof(side->got), DESC_WRITE, 0};
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

/* The next frame, of another length than the last, the other way. True: it has arrived as it was
 * sent. */
static bool send(uint32_t number)
{
	struct side *from = &sides[number % SIDES], *to = &sides[(number + 1) % SIDES];
	const struct ring *into = &to->rings[RECEIVE];
	struct ring *out = &from->rings[SEND];
	uint16_t used = READ_ONCE(into->used.index);
	uint32_t size = HEADER + 60 + number * 37 % 1400;

	make_frame(number, from, to, size);
	ring_give(&to->rings[RECEIVE], 0);
	out->split[0] = (struct split_desc){(uint64_t)sent, size, 0, 0};
	ring_give(out, 0);
	virtio_notify(VIRTIO_DEVICE(number % SIDES), SEND);
	if (!WAIT(READ_ONCE(into->used.index) == (uint16_t)(used + 1) &&
		  READ_ONCE(out->used.index) == out->available.index)) {
		return false;
	}
	dmb(ish); /* the index before what it stands for */
	return into->used.ring[used % RING_SIZE].size == size &&
	       memcmp(sent + HEADER, to->got + HEADER, size - HEADER) == 0;
}

int main(void)
{
	uint64_t arrived = 0, errors = 0, least = UINT64_MAX;
	unsigned int count = cpu_count();
	bool came = true;

	begin(0);
	begin(1);
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
	tap_done();
}
