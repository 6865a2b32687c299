/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A driver of virtio-mmio devices that does what it is told, right or wrong. virtio 1.2 2.7, 2.8,
 * 4.2. What a device has to do for a notification it has done when that returns.
 */
#ifndef TESTS_GUEST_LIB_VIRTIO_H
#define TESTS_GUEST_LIB_VIRTIO_H

#include "tests/guest/lib/arm64.h"

/* The place of the `index`th device of a VM's config. */
#define VIRTIO_DEVICE(index) (UINT64_C(0x0a000000) + UINT64_C(0x200) * (index))

enum virtio_register {
	VIRTIO_MAGIC = 0x000,
	VIRTIO_VERSION = 0x004,
	VIRTIO_DEVICE_ID = 0x008,
	VIRTIO_VENDOR_ID = 0x00c,
	VIRTIO_FEATURES = 0x010,
	VIRTIO_FEATURES_SEL = 0x014,
	VIRTIO_ACCEPT = 0x020,
	VIRTIO_ACCEPT_SEL = 0x024,
	VIRTIO_QUEUE_SEL = 0x030,
	VIRTIO_QUEUE_SIZE_MAX = 0x034,
	VIRTIO_QUEUE_SIZE = 0x038,
	VIRTIO_QUEUE_READY = 0x044,
	VIRTIO_QUEUE_NOTIFY = 0x050,
	VIRTIO_INTERRUPT = 0x060,
	VIRTIO_ACK = 0x064,
	VIRTIO_STATUS = 0x070,
	VIRTIO_QUEUE_DESC = 0x080,
	VIRTIO_QUEUE_DRIVER = 0x090,
	VIRTIO_QUEUE_DEVICE = 0x0a0,
	VIRTIO_SHM_LEN = 0x0b0,
	VIRTIO_SHM_BASE = 0x0b8,
	VIRTIO_QUEUE_RESET = 0x0c0,
	VIRTIO_GENERATION = 0x0fc,
	VIRTIO_CONFIG = 0x100,
};

#define VIRTIO_ACKNOWLEDGE 1U
#define VIRTIO_DRIVER	   2U
#define VIRTIO_DRIVER_OK   4U
#define VIRTIO_FEATURES_OK 8U
#define VIRTIO_NEEDS_RESET 64U
#define VIRTIO_FAILED	   128U

#define VIRTIO_F_INDIRECT    BIT(28)
#define VIRTIO_F_EVENT_INDEX BIT(29)
#define VIRTIO_F_VERSION_1   BIT(32)
#define VIRTIO_F_PACKED	     BIT(34)
#define VIRTIO_F_RING_RESET  BIT(40)

#define DESC_NEXT     1U
#define DESC_WRITE    2U
#define DESC_INDIRECT 4U
#define DESC_AVAIL    0x80U
#define DESC_USED     0x8000U

#define RING_SIZE 8U

struct split_desc {
	uint64_t address;
	uint32_t size;
	uint16_t flags, next;
};

struct packed_desc {
	uint64_t address;
	uint32_t size;
	uint16_t id, flags;
};

/* One queue, in either format. */
struct ring {
	union {
		struct split_desc split[RING_SIZE];
		struct packed_desc packed[RING_SIZE];
	} __attribute__((aligned(16)));
	struct {
		uint16_t flags, index, ring[RING_SIZE], used_event;
	} available __attribute__((aligned(4))); /* packed: the driver's event suppression */
	union {
		struct {
			uint16_t flags, index;
			struct {
				uint32_t id, size;
			} ring[RING_SIZE];
			uint16_t available_event;
		} used __attribute__((aligned(4)));
		uint32_t device_event; /* packed: the device's event suppression, 2.8.14 */
	};
	/* for queue_give(), with VIRTIO_F_INDIRECT */
	union {
		struct split_desc split[RING_SIZE];
		struct packed_desc packed[RING_SIZE];
	} table __attribute__((aligned(16)));
};

static inline uint32_t virtio_get(uint64_t device, uint32_t reg)
{
	return mmio_read32(device + reg);
}

static inline void virtio_set(uint64_t device, uint32_t reg, uint64_t value)
{
	mmio_write32(device + reg, (uint32_t)value);
}

uint64_t virtio_offered(uint64_t device);

/* Resets it and accepts features. Does it take them? */
bool virtio_negotiate(uint64_t device, uint64_t features);

/* Where a queue's parts are; it is not ready. */
void virtio_place(uint64_t device, uint32_t queue, const struct ring *ring);

/* Clears `count` rings and has the device work with them. */
void virtio_begin(uint64_t device, uint64_t features, struct ring *ring, uint32_t count);

/* Tells the device; what it has to do is done. */
void virtio_notify(uint64_t device, uint32_t queue);

/* What begins with descriptor `head` of a split ring is available. */
void ring_give(struct ring *ring, uint16_t head);

/* -- a queue whose driver keeps the rules, in any format -- */

struct buffer {
	void *at;
	uint32_t size;
	bool write; /* by the device */
};

/* What a driver knows of a queue, of which the device has one chain at a time. */
struct queue {
	uint64_t device, features; /* constant, as is: */
	uint32_t number;

	struct ring *ring;
	uint16_t next;	      /* split: chains that were given; packed: the next slot */
	uint16_t head;	      /* packed: the first slot of the chain that was given last */
	bool wrap, head_wrap; /* packed: wrap counters of the two, 2.8.1 */
};

struct virtio_format {
	const char *name;
	uint64_t features;
};

/* Split and packed, without and with tables and events. */
#define VIRTIO_FORMATS 4
extern const struct virtio_format virtio_formats[VIRTIO_FORMATS];

/* After virtio_begin() with the ring, and with the queue's features. */
void queue_begin(struct queue *queue, struct ring *ring);

/* A chain for the device, of RING_SIZE buffers at most; those that it reads come first. */
void queue_give(struct queue *queue, const struct buffer *buffer, uint32_t count);

/* Tells the device of what was given last, if it wishes to be told. 2.7.10, 2.8.10 */
void queue_notify(const struct queue *queue);

/* The device has given it back, and wrote so many bytes. */
bool queue_take(struct queue *queue, uint32_t *written);

#endif
