/* SPDX-License-Identifier: Apache-2.0 */
/* The driver's side of a virtqueue in fake_ram, by the specification. virtio 1.2 2.7, 2.8. */
#ifndef TESTS_UNIT_FAKE_DRIVER_H
#define TESTS_UNIT_FAKE_DRIVER_H

#include "drivers/virtio/queue.h"

struct fake_buffer {
	uint64_t ipa;
	uint32_t size;
	bool write;
};

struct fake_driver {
	uint16_t size;
	bool packed, event_index;
	uint64_t descriptors, driver_area, device_area;
	uint16_t next_made, next_seen; /* split: free-running; packed: places */
	bool made_wrap, seen_wrap;
	uint16_t free_count;
	struct {
		bool out;	    /* the device has it */
		uint16_t slots;	    /* it takes */
		bool writes;	    /* into its last buffer */
		uint64_t table;	    /* its indirect one; 0: none */
	} chain[VIRTQ_SIZE_MAX];    /* by id */
	bool taken[VIRTQ_SIZE_MAX]; /* split: descriptors in use */
	uint64_t tables;	    /* room for indirect ones: VIRTQ_SIZE_MAX each, by id */
};

/* Lays the rings out from `ipa` on, zeroed, and tells `queue` where they are. The room it takes. */
uint64_t fake_driver_begin(struct fake_driver *driver, struct virtq *queue, uint64_t ipa);

/* Makes a chain available: its id, or -1 when there is no room for it. */
int fake_driver_make(struct fake_driver *driver, const struct fake_buffer *buffer, uint32_t count,
		     bool indirect);

/* A chain that the device has given back: its id, or -1. */
int fake_driver_see(struct fake_driver *driver, uint32_t *written);

/* Interrupts: none; for each; or, of a driver with event_index, for the one `ahead` of those not
 * seen. */
void fake_driver_quiet(struct fake_driver *driver);
void fake_driver_wish(struct fake_driver *driver, uint16_t ahead);

/* Would it tell the device of what it made last, of which `before` is the place before? */
bool fake_driver_tells(const struct fake_driver *driver, uint16_t before, bool before_wrap);

/* The words of a descriptor, as whoever breaks the rules writes them. */
void fake_driver_poke(uint64_t ipa, uint64_t address, uint32_t size, uint16_t word12,
		      uint16_t word14);

#endif
