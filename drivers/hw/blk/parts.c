/* SPDX-License-Identifier: Apache-2.0 */
/* Partitions of the board's disks, found in steps. */
#include "drivers/hw/blk/parts.h"

#include "core/base/bits.h"
#include "core/base/crc32.h"
#include "core/base/errno.h"
#include "core/base/printk.h"
#include "mm/page_alloc.h"

#define CHECK_STEP 96 /* bytes of a checksum */
#define READ_SIZE  PAGE_SIZE

static uint64_t blocks_of(const struct blk_dev *dev)
{
	return dev->sectors / (dev->block_size / BLK_SECTOR);
}

static void later(struct parts *parts)
{
	deadline_set(&parts->next, deadline_now());
}

static void enter(struct parts *parts, uint32_t phase)
{
	parts->phase = phase;
	parts->at = parts->crc = parts->filled = 0;
}

/* Bytes that this phase reads: whole blocks. */
static uint32_t wanted_size(const struct parts *parts)
{
	uint32_t block = parts->dev->block_size;

	return parts->phase == PARTS_HEADER ?
		       block :
		       (uint32_t)align_up((uint64_t)parts->gpt.count * parts->gpt.size, block);
}

static void try_backup(struct parts *parts, const char *why);

static void read_more(struct parts *parts)
{
	struct blk_request *request = &parts->request;
	uint32_t size = MIN(wanted_size(parts) - parts->filled, (uint32_t)READ_SIZE);

	*request = (struct blk_request){
		.op = BLK_READ,
		.sector = parts->block * (parts->dev->block_size / BLK_SECTOR) +
			  parts->filled / BLK_SECTOR,
		.piece_count = 1,
		.piece = {{virt_to_phys(parts->buffer) + parts->filled, size}},
	};
	if (blk_submit(&parts->client, request) != 0) {
		try_backup(parts, "can't be read");
	}
}

static void read_header(struct parts *parts, uint64_t block)
{
	enter(parts, PARTS_HEADER);
	parts->block = block;
	read_more(parts);
}

static void refuse_all(struct parts *parts, const char *fault)
{
	for (uint32_t i = 0; i < parts->count; i++) {
		parts->part[i].fault = fault;
	}
	enter(parts, PARTS_TELL);
	later(parts);
}

static void try_backup(struct parts *parts, const char *why)
{
	log_warn("the disk %s: its %s GPT %s", parts->dev->name,
		 parts->backup ? "backup" : "primary", why);
	if (parts->backup) {
		refuse_all(parts, "can't be found: the disk has no GPT that holds");
	} else {
		parts->backup = true;
		read_header(parts, blocks_of(parts->dev) - 1);
	}
}

static void was_read(struct blk_client *client)
{
	struct parts *parts = CONTAINER_OF(client, struct parts, client);
	struct blk_request *request = blk_take(client);

	if (request == NULL) {
		return;
	}
	if (request->result != 0) {
		try_backup(parts, "can't be read");
		return;
	}
	parts->filled += request->piece[0].size;
	if (parts->filled < wanted_size(parts)) {
		read_more(parts);
	} else {
		later(parts);
	}
}

/* -- steps -- */

static void take_header(struct parts *parts)
{
	const char *fault = gpt_read_header(&parts->gpt, parts->buffer, parts->dev->block_size,
					    parts->block, blocks_of(parts->dev));

	if (fault != NULL) {
		try_backup(parts, fault);
		return;
	}
	enter(parts, PARTS_TABLE);
	parts->block = parts->gpt.table;
	read_more(parts);
}

static void check_some(struct parts *parts)
{
	uint32_t bytes = parts->gpt.count * parts->gpt.size;
	uint32_t size = MIN(bytes - parts->at, (uint32_t)CHECK_STEP);

	parts->crc = crc32(parts->crc, parts->buffer + parts->at, size);
	parts->at += size;
	if (parts->at < bytes) {
		later(parts);
	} else if (parts->crc != parts->gpt.crc) {
		try_backup(parts, "is damaged: its table's checksum does not hold");
	} else {
		enter(parts, PARTS_FIND);
		later(parts);
	}
}

/* Whose it is already, of those before; NULL: nobody's. */
static const struct blk_part *owner_before(const struct parts *parts, uint32_t index, int32_t entry)
{
	for (uint32_t i = 0; i < index; i++) {
		if (parts->part[i].entry == entry) {
			return &parts->part[i];
		}
	}
	return NULL;
}

static void found(struct parts *parts, uint32_t index, const struct gpt_entry *entry)
{
	struct blk_part *part = &parts->part[index];
	uint32_t factor = parts->dev->block_size / BLK_SECTOR;

	if (part->entry >= 0) {
		part->fault = "is there twice: write its PARTUUID";
		return;
	}
	part->entry = (int32_t)parts->at;
	part->first = entry->first * factor;
	part->sectors = (entry->last - entry->first + 1) * factor;
	part->fault = !gpt_fits(&parts->gpt, entry) ? "lies outside of what partitions may have" :
		      owner_before(parts, index, part->entry) != NULL ?
						      "is given to another disk of a VM already" :
						      NULL;
}

/* One entry of the table, for each who wants one. */
static void find_one(struct parts *parts)
{
	struct gpt_entry entry;

	if (gpt_read_entry(&parts->gpt, parts->buffer, parts->at, &entry)) {
		for (uint32_t i = 0; i < parts->count; i++) {
			if (gpt_is_called(&entry, parts->part[i].wanted)) {
				found(parts, i, &entry);
			}
		}
	}
	if (++parts->at == parts->gpt.count) {
		enter(parts, PARTS_COMPARE);
	}
	later(parts);
}

/* One entry, which must lie beside those that were found. */
static void compare_one(struct parts *parts)
{
	uint32_t factor = parts->dev->block_size / BLK_SECTOR;
	struct gpt_entry entry;

	if (gpt_read_entry(&parts->gpt, parts->buffer, parts->at, &entry) &&
	    gpt_fits(&parts->gpt, &entry)) {
		for (uint32_t i = 0; i < parts->count; i++) {
			struct blk_part *part = &parts->part[i];

			if (part->fault == NULL && part->entry >= 0 &&
			    part->entry != (int32_t)parts->at &&
			    ranges_overlap(part->first, part->sectors, entry.first * factor,
					   (entry.last - entry.first + 1) * factor)) {
				part->fault = "shares blocks with another one of the table";
			}
		}
	}
	if (++parts->at == parts->gpt.count) {
		enter(parts, PARTS_TELL);
	}
	later(parts);
}

static void tell_one(struct parts *parts)
{
	struct blk_part *part = &parts->part[parts->at];

	if (part->fault == NULL && part->entry < 0) {
		part->fault = "is not there";
	}
	if (part->owner != NULL) {
		part->settled(part, part->owner);
	}
	if (++parts->at < parts->count) {
		later(parts);
	}
}

static void step(struct deadline *deadline)
{
	struct parts *parts = CONTAINER_OF(deadline, struct parts, next);

	switch (parts->phase) {
	case PARTS_HEADER:
		take_header(parts);
		break;
	case PARTS_TABLE:
		enter(parts, PARTS_CHECK);
		later(parts);
		break;
	case PARTS_CHECK:
		check_some(parts);
		break;
	case PARTS_FIND:
		find_one(parts);
		break;
	case PARTS_COMPARE:
		compare_one(parts);
		break;
	case PARTS_TELL:
		tell_one(parts);
		break;
	}
}

void parts_begin(struct parts *parts, struct blk_dev *dev, struct blk_part *part, uint32_t count,
		 void *buffer)
{
	*parts = (struct parts){.dev = dev, .part = part, .count = count, .buffer = buffer};
	for (uint32_t i = 0; i < count; i++) {
		part[i].entry = -1;
	}
	blk_client_init(&parts->client, dev, was_read);
	deadline_init(&parts->next, NULL, step);
	deadline_is_patient(&parts->next);
	if (count == 0) {
		return;
	}
	if (blocks_of(dev) <= GPT_PRIMARY_BLOCK) {
		refuse_all(parts, "can't be found: the disk is empty");
		return;
	}
	read_header(parts, GPT_PRIMARY_BLOCK);
}
