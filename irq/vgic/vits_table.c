/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ITS's tables in guest memory. IHI 0069H 5.2.1-5.2.4.
 *
 * EL2 reaches them through the caches. Where GITS_BASER<n> says that they are not cacheable, a
 * guest with its MMU off may have written them past the caches, and lines are cleaned and
 * invalidated before each read and after each write.
 */
#include "core/base/errno.h"
#include "core/base/string.h"
#include "irq/vgic/vits_state.h"
#include "mm/cache.h"

/* One word of a table (or of its device's ITT): read once, whole. */
static inline __attribute__((always_inline)) int load(const struct vits *its,
						      const struct vits_table *table, uint64_t at,
						      uint64_t *word)
{
	const uint64_t *place = vits_reach(its, at, sizeof(*word));

	if (unlikely(place == NULL)) {
		return -EFAULT;
	}
	if (unlikely(table->uncached)) {
		cache_clean_invalidate(place, sizeof(*place));
	}
	*word = atomic_read(place);
	return 0;
}

static int store(const struct vits *its, const struct vits_table *table, uint64_t at, uint64_t word)
{
	uint64_t *place = vits_reach(its, at, sizeof(word));

	if (unlikely(place == NULL)) {
		return -EFAULT;
	}
	if (unlikely(table->uncached)) {
		/* what lies beside it is not to be written over from the cache */
		cache_clean_invalidate(place, sizeof(*place));
	}
	atomic_set(place, word);
	if (unlikely(table->uncached)) {
		cache_clean_invalidate(place, sizeof(*place));
	}
	return 0;
}

static bool is_uncached(uint64_t baser)
{
	return FIELD_GET(GITS_INNER_CACHE, baser) < GITS_INNER_CACHEABLE;
}

/* IHI 0069H GITS_BASER<n>. A page size of 0b11 is taken as 64K. */
static struct vits_table table_of(uint64_t baser)
{
	static const uint8_t shifts[] = {12, 14, 16, 16};
	uint32_t shift = shifts[FIELD_GET(GITS_BASER_PAGE, baser)];
	uint64_t entries = (FIELD_GET(GITS_BASER_SIZE, baser) + 1) << (shift - 3);
	struct vits_table table = {.page = UINT32_C(1) << shift};

	if ((baser & GITS_BASER_VALID) == 0) {
		return table;
	}
	table.uncached = is_uncached(baser);
	table.indirect = (baser & GITS_BASER_INDIRECT) != 0;
	table.base = baser & GITS_BASER_ADDRESS;
	if (shift == 16) {
		table.base = (table.base & ~GITS_BASER_HIGH) | FIELD_GET(GITS_BASER_HIGH, baser)
								       << 48;
	}
	if (table.indirect) {
		entries <<= shift - 3;
	}
	table.entries = (uint32_t)MIN(entries, BIT(VITS_ID_BITS));
	return table;
}

void vits_tables_locked(struct vits *its)
{
	SPIN_ASSERT_HELD(&its->lock);
	for (uint32_t i = 0; i < BASER_USED; i++) {
		its->table[i] = table_of(its->baser[i]);
	}
	its->queue_uncached = is_uncached(its->cbaser);
	memset(its->cached, VITS_NO_CACHE, sizeof(its->cached));
	its->last_device = VITS_NO_DEVICE;
	its->queue_size = (its->cbaser & GITS_CBASER_VALID) == 0 ?
				  0 :
				  ((uint32_t)FIELD_GET(GITS_CBASER_SIZE, its->cbaser) + 1) << 12;
}

/* Where the entry of `id` is, which the table has: through the first level. */
static int find_in_second(const struct vits *its, const struct vits_table *table, uint32_t id,
			  uint64_t *at)
{
	uint32_t in_page = table->page / VITS_ENTRY_SIZE;
	uint64_t first;
	int err =
		load(its, table, table->base + (uint64_t)(id / in_page) * VITS_ENTRY_SIZE, &first);

	if (err != 0) {
		return err;
	}
	*at = (first & ENTRY_ADDRESS & ~(uint64_t)(table->page - 1)) +
	      (uint64_t)(id % in_page) * VITS_ENTRY_SIZE;
	return (first & ENTRY_VALID) != 0 ? 0 : -ENOENT;
}

static inline int find_entry(const struct vits *its, const struct vits_table *table, uint32_t id,
			     uint64_t *at)
{
	if (id >= table->entries) {
		return -ERANGE;
	}
	if (table->indirect) {
		return find_in_second(its, table, id, at);
	}
	*at = table->base + (uint64_t)id * VITS_ENTRY_SIZE;
	return 0;
}

/* A valid entry. */
static int load_entry(const struct vits *its, const struct vits_table *table, uint32_t id,
		      uint64_t *entry)
{
	uint64_t at;
	int err = find_entry(its, table, id, &at);

	if (err == 0) {
		err = load(its, table, at, entry);
	}
	if (err == 0 && (*entry & ENTRY_VALID) == 0) {
		err = -ENOENT;
	}
	return err;
}

static int store_entry(const struct vits *its, const struct vits_table *table, uint32_t id,
		       uint64_t entry)
{
	uint64_t at;
	int err = find_entry(its, table, id, &at);

	return err != 0 ? err : store(its, table, at, entry);
}

int vits_find_collection_locked(struct vits *its, uint32_t icid, struct vcpu **target)
{
	const struct vits_table *table = &its->table[BASER_COLLECTIONS];
	uint64_t entry;
	uint32_t index;
	int err;

	SPIN_ASSERT_HELD(&its->lock);
	if (likely(icid < VITS_CACHED) && likely(its->cached[icid] != VITS_NO_CACHE)) {
		*target = its->vm->vcpu[its->cached[icid]];
		return 0;
	}
	err = load_entry(its, table, icid, &entry);
	if (err != 0) {
		return err;
	}
	index = (uint32_t)FIELD_GET(ENTRY_RDBASE, entry);
	if (index >= its->vm->vcpu_count) {
		return -ERANGE;
	}
	if (icid < VITS_CACHED) {
		its->cached[icid] = (uint8_t)index;
	}
	*target = its->vm->vcpu[index];
	return 0;
}

int vits_find_place_locked(struct vits *its, uint32_t device, uint32_t event, uint64_t *at)
{
	uint64_t entry;
	int err;

	SPIN_ASSERT_HELD(&its->lock);
	if (its->last_device != device) {
		err = load_entry(its, &its->table[BASER_DEVICES], device, &its->last_entry);
		its->last_device = err == 0 ? device : VITS_NO_DEVICE;
		if (err != 0) {
			return err;
		}
	}
	entry = its->last_entry;
	if (event >= BIT(MIN(FIELD_GET(ENTRY_BITS, entry) + 1, (uint64_t)VITS_ID_BITS))) {
		return -ERANGE;
	}
	*at = (entry & ENTRY_ADDRESS) + (uint64_t)event * VITS_ENTRY_SIZE;
	return 0;
}

int vits_find_event_locked(struct vits *its, uint32_t device, uint32_t event,
			   struct vits_event *found)
{
	int err = vits_find_place_locked(its, device, event, &found->at);

	if (err == 0) {
		err = load(its, &its->table[BASER_DEVICES], found->at, &found->entry);
	}
	if (err != 0) {
		return err;
	}
	if ((found->entry & ENTRY_VALID) == 0) {
		return -ENOENT;
	}
	return vits_find_collection_locked(its, (uint32_t)FIELD_GET(ENTRY_ICID, found->entry),
					   &found->target);
}

int vits_map_device_locked(struct vits *its, uint32_t device, uint64_t entry)
{
	SPIN_ASSERT_HELD(&its->lock);
	its->last_device = VITS_NO_DEVICE;
	return store_entry(its, &its->table[BASER_DEVICES], device, entry);
}

int vits_map_collection_locked(struct vits *its, uint32_t icid, uint64_t entry)
{
	SPIN_ASSERT_HELD(&its->lock);
	if (icid < VITS_CACHED) {
		its->cached[icid] = VITS_NO_CACHE;
	}
	return store_entry(its, &its->table[BASER_COLLECTIONS], icid, entry);
}

int vits_map_event_locked(struct vits *its, uint64_t at, uint64_t entry)
{
	SPIN_ASSERT_HELD(&its->lock);
	return store(its, &its->table[BASER_DEVICES], at, entry);
}
