/* SPDX-License-Identifier: Apache-2.0 */
/* The driver's side of a virtqueue. */
#include "tests/unit/fake_driver.h"

#include <string.h>

#include "tests/unit/fake_ram.h"

#define NEXT	 1
#define WRITE	 2
#define INDIRECT 4
#define AVAIL	 0x80
#define USED	 0x8000

#define DESC 16U

static uint16_t *half(uint64_t ipa)
{
	return fake_ram(ipa);
}

static uint16_t get(uint64_t ipa)
{
	return *half(ipa);
}

static void put(uint64_t ipa, uint32_t value)
{
	*half(ipa) = (uint16_t)value;
}

void fake_driver_poke(uint64_t ipa, uint64_t address, uint32_t size, uint16_t word12,
		      uint16_t word14)
{
	memcpy(fake_ram(ipa), &address, sizeof(address));
	memcpy(fake_ram(ipa + 8), &size, sizeof(size));
	put(ipa + 12, word12);
	put(ipa + 14, word14);
}

static uint64_t up(uint64_t value, uint64_t to)
{
	return (value + to - 1) / to * to;
}

uint64_t fake_driver_begin(struct fake_driver *driver, struct virtq *queue, uint64_t ipa)
{
	uint64_t from = up(ipa, DESC), at = from;

	driver->size = queue->size;
	driver->packed = queue->packed;
	driver->event_index = queue->event_index;
	driver->next_made = driver->next_seen = 0;
	driver->made_wrap = driver->seen_wrap = true;
	driver->free_count = driver->size;
	memset(driver->chain, 0, sizeof(driver->chain));
	memset(driver->taken, 0, sizeof(driver->taken));
	driver->descriptors = queue->descriptors = at;
	at += DESC * driver->size;
	driver->driver_area = queue->driver_area = at;
	at += driver->packed ? 4 : 6 + 2U * driver->size;
	driver->device_area = queue->device_area = at = up(at, 4);
	at += driver->packed ? 4 : 6 + 8U * driver->size;
	driver->tables = at = up(at, DESC);
	at += (uint64_t)DESC * VIRTQ_SIZE_MAX * driver->size;
	memset(fake_ram(from), 0, at - from);
	return at - ipa;
}

/* A split descriptor that nobody uses. */
static uint16_t free_desc(struct fake_driver *driver)
{
	uint16_t i = 0;

	while (driver->taken[i]) {
		i++;
	}
	driver->taken[i] = true;
	return i;
}

static uint16_t flags_of(const struct fake_buffer *buffer)
{
	return buffer->write ? WRITE : 0;
}

static void make_table(struct fake_driver *driver, uint64_t table, const struct fake_buffer *buffer,
		       uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		uint64_t at = table + DESC * i;
		bool last = i + 1 == count;

		if (driver->packed) {
			fake_driver_poke(at, buffer[i].ipa, buffer[i].size, 0,
					 flags_of(&buffer[i]));
		} else {
			fake_driver_poke(at, buffer[i].ipa, buffer[i].size,
					 (uint16_t)(flags_of(&buffer[i]) | (last ? 0 : NEXT)),
					 (uint16_t)(last ? 0 : i + 1));
		}
	}
}

static int make_split(struct fake_driver *driver, const struct fake_buffer *buffer, uint32_t count,
		      bool indirect)
{
	uint16_t first = free_desc(driver), i = first;
	uint64_t table = driver->tables + (uint64_t)DESC * VIRTQ_SIZE_MAX * first;

	if (indirect) {
		make_table(driver, table, buffer, count);
		fake_driver_poke(driver->descriptors + DESC * i, table, DESC * count, INDIRECT, 0);
	} else {
		for (uint32_t k = 0; k < count; k++) {
			bool last = k + 1 == count;
			uint16_t next = last ? 0 : free_desc(driver);

			fake_driver_poke(driver->descriptors + DESC * i, buffer[k].ipa,
					 buffer[k].size,
					 (uint16_t)(flags_of(&buffer[k]) | (last ? 0 : NEXT)),
					 next);
			i = next;
		}
	}
	put(driver->driver_area + 4 + 2U * (driver->next_made % driver->size), first);
	driver->next_made++;
	put(driver->driver_area + 2, driver->next_made);
	return first;
}

static int make_packed(struct fake_driver *driver, const struct fake_buffer *buffer, uint32_t count,
		       bool indirect)
{
	uint16_t id = 0, first = driver->next_made, first_flags = 0;
	uint64_t table;

	while (driver->chain[id].out) {
		id++;
	}
	table = driver->tables + (uint64_t)DESC * VIRTQ_SIZE_MAX * id;
	if (indirect) {
		make_table(driver, table, buffer, count);
	}
	for (uint32_t k = 0; k < (indirect ? 1 : count); k++) {
		uint16_t flags = driver->made_wrap ? AVAIL : USED;
		uint64_t at = driver->descriptors + DESC * driver->next_made;

		flags |= indirect ? INDIRECT : flags_of(&buffer[k]);
		flags |= !indirect && k + 1 != count ? NEXT : 0;
		first_flags = k == 0 ? flags : first_flags;
		fake_driver_poke(at, indirect ? table : buffer[k].ipa,
				 indirect ? DESC * count : buffer[k].size, id,
				 k == 0 ? get(at + 14) : flags);
		if (++driver->next_made == driver->size) {
			driver->next_made = 0;
			driver->made_wrap = !driver->made_wrap;
		}
	}
	put(driver->descriptors + DESC * first + 14, first_flags);
	return id;
}

int fake_driver_make(struct fake_driver *driver, const struct fake_buffer *buffer, uint32_t count,
		     bool indirect)
{
	uint16_t slots = (uint16_t)(indirect ? 1 : count);
	int id;

	if (slots > driver->free_count) {
		return -1;
	}
	id = driver->packed ? make_packed(driver, buffer, count, indirect) :
			      make_split(driver, buffer, count, indirect);
	driver->chain[id].out = true;
	driver->chain[id].slots = slots;
	driver->chain[id].writes = buffer[count - 1].write;
	driver->free_count = (uint16_t)(driver->free_count - slots);
	return id;
}

static int see_split(struct fake_driver *driver, uint32_t *written)
{
	uint64_t element = driver->device_area + 4 + 8U * (driver->next_seen % driver->size);
	uint32_t words[2];
	uint16_t i, flags;

	if (get(driver->device_area + 2) == driver->next_seen) {
		return -1;
	}
	memcpy(words, fake_ram(element), sizeof(words));
	driver->next_seen++;
	*written = words[1];
	i = (uint16_t)words[0];
	do {
		flags = get(driver->descriptors + DESC * i + 12);
		driver->taken[i] = false;
		i = get(driver->descriptors + DESC * i + 14);
	} while ((flags & NEXT) != 0);
	return (int)words[0];
}

static int see_packed(struct fake_driver *driver, uint32_t *written)
{
	uint64_t at = driver->descriptors + DESC * driver->next_seen;
	uint16_t flags = get(at + 14), id = get(at + 12);
	uint32_t next;

	if (((flags & AVAIL) != 0) != driver->seen_wrap ||
	    ((flags & USED) != 0) != driver->seen_wrap) {
		return -1;
	}
	memcpy(written, fake_ram(at + 8), sizeof(*written));
	/* WRITE says that the length means something: 2.8.4 */
	if (((flags & WRITE) != 0) != driver->chain[id].writes) {
		*written = UINT32_MAX;
	}
	next = driver->next_seen + driver->chain[id].slots;
	if (next >= driver->size) {
		next -= driver->size;
		driver->seen_wrap = !driver->seen_wrap;
	}
	driver->next_seen = (uint16_t)next;
	return id;
}

int fake_driver_see(struct fake_driver *driver, uint32_t *written)
{
	int id = driver->packed ? see_packed(driver, written) : see_split(driver, written);

	if (id >= 0) {
		driver->chain[id].out = false;
		driver->free_count = (uint16_t)(driver->free_count + driver->chain[id].slots);
	}
	return id;
}

void fake_driver_quiet(struct fake_driver *driver)
{
	if (driver->packed) {
		put(driver->driver_area + 2, 1);
	} else {
		put(driver->driver_area, 1);
		/* the one that is furthest away */
		put(driver->driver_area + 4 + 2U * driver->size, driver->next_seen - 1U);
	}
}

void fake_driver_wish(struct fake_driver *driver, uint16_t ahead)
{
	if (!driver->packed) {
		put(driver->driver_area, 0);
		put(driver->driver_area + 4 + 2U * driver->size, driver->next_seen + ahead);
	} else if (driver->event_index) {
		uint32_t place = driver->next_seen + ahead;
		bool wrap = driver->seen_wrap;

		if (place >= driver->size) {
			place -= driver->size;
			wrap = !wrap;
		}
		put(driver->driver_area, place | (wrap ? 0x8000U : 0));
		put(driver->driver_area + 2, 2);
	} else {
		put(driver->driver_area + 2, 0);
	}
}

/* Is the place that the device named among those made since `before`? */
static bool passed(const struct fake_driver *driver, uint16_t before, bool before_wrap)
{
	uint32_t at = before, size = driver->size;
	uint16_t named = get(driver->device_area);
	bool wrap = before_wrap;

	while (at != driver->next_made || wrap != driver->made_wrap) {
		if (at == (named & 0x7fff) && wrap == (named >> 15 != 0)) {
			return true;
		}
		if (++at == size) {
			at = 0;
			wrap = !wrap;
		}
	}
	return false;
}

bool fake_driver_tells(const struct fake_driver *driver, uint16_t before, bool before_wrap)
{
	if (driver->packed) {
		uint16_t flags = get(driver->device_area + 2);

		return flags == 2 ? passed(driver, before, before_wrap) : flags == 0;
	}
	if (driver->event_index) {
		uint16_t named = get(driver->device_area + 4 + 8U * driver->size);

		return (uint16_t)(driver->next_made - named - 1) <
		       (uint16_t)(driver->next_made - before);
	}
	return (get(driver->device_area) & 1) == 0;
}
