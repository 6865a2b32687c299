/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One CPU sends frames from a network interface to another of its VM; all others use the registers
 * of both as fast as they can, on CPUs that run side by side. What they read is right each time,
 * and each frame arrives, once and in order.
 */
#include "tests/guest/lib/cpu.h"
#include "tests/guest/lib/string.h"
#include "tests/guest/lib/tap.h"
#include "tests/guest/lib/virtio.h"

/* In the order of virtio_race.dts. */
#define PORT	 VIRTIO_DEVICE(0)
#define FAR	 VIRTIO_DEVICE(1)
#define RECEIVE	 0
#define SEND	 1
#define HEADER	 12 /* of virtio */
#define ETHERNET 14
#define FRAMES	 5000
#define WORKS	 (VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER | VIRTIO_FEATURES_OK | VIRTIO_DRIVER_OK)

static struct ring rings[2] __attribute__((aligned(4096)));
static struct ring far_rings[2] __attribute__((aligned(4096)));
static uint8_t sent[2048] __attribute__((aligned(16)));
static uint8_t got[2048] __attribute__((aligned(16)));
static uint8_t mac[2][6];
static uint64_t accesses[MACHINE_MAX_CPUS], wrong[MACHINE_MAX_CPUS];
static bool over;

static void use_registers(void *arg)
{
	const uint64_t device[] = {PORT, FAR};
	unsigned int me = cpu_this()->index;

	(void)arg;
	for (uint32_t i = me; !READ_ONCE(over); i++) {
		uint64_t at = device[i % 2];

		wrong[me] += virtio_get(at, VIRTIO_STATUS) != WORKS;
		wrong[me] += mmio_read8(at + VIRTIO_CONFIG + i % 6) != mac[i % 2][i % 6];
		virtio_set(at, VIRTIO_ACK, 0);
		virtio_notify(at, i / 2 % 2);
		accesses[me] += 4;
	}
}

static void begin(void)
{
	virtio_begin(PORT, 0, rings, 2);
	virtio_begin(FAR, 0, far_rings, 2);
	for (unsigned int i = 0; i < 6; i++) {
		mac[0][i] = mmio_read8(PORT + VIRTIO_CONFIG + i);
		mac[1][i] = mmio_read8(FAR + VIRTIO_CONFIG + i);
		sent[HEADER + i] = mac[1][i];
		sent[HEADER + 6 + i] = mac[0][i];
	}
	far_rings[RECEIVE].split[0] =
		(struct split_desc){(uint64_t)got, sizeof(got), DESC_WRITE, 0};
}

/* The next frame, of another length than the last. True: it has arrived as it was sent. */
static bool send(uint32_t number)
{
	uint16_t used = READ_ONCE(far_rings[RECEIVE].used.index);
	uint32_t size = HEADER + 60 + number * 37 % 1400;

	for (uint32_t i = HEADER + ETHERNET; i < size; i++) {
		sent[i] = (uint8_t)(number + i);
	}
	ring_give(&far_rings[RECEIVE], 0);
	rings[SEND].split[0] = (struct split_desc){(uint64_t)sent, size, 0, 0};
	ring_give(&rings[SEND], 0);
	virtio_notify(PORT, SEND);
	if (!WAIT(READ_ONCE(far_rings[RECEIVE].used.index) == (uint16_t)(used + 1) &&
		  READ_ONCE(rings[SEND].used.index) == rings[SEND].available.index)) {
		return false;
	}
	dmb(ish); /* the index before what it stands for */
	return far_rings[RECEIVE].used.ring[used % RING_SIZE].size == size &&
	       memcmp(sent + HEADER, got + HEADER, size - HEADER) == 0;
}

int main(void)
{
	uint64_t arrived = 0, errors = 0, least = UINT64_MAX;
	unsigned int count = cpu_count();
	bool came = true;

	begin();
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
	is(virtio_get(PORT, VIRTIO_STATUS), WORKS, "the sender works at the end");
	is(virtio_get(FAR, VIRTIO_STATUS), WORKS, "and the receiver");
	tap_done();
}
