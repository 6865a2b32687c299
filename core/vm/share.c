/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that VMs share. */
#include "core/vm/share.h"

#include "core/base/atomic.h"
#include "core/base/bits.h"
#include "core/base/printk.h"
#include "core/base/string.h"
#include "mm/cache.h"

#define BLOCK_SIZE MIB(2) /* of stage 2, one level above pages */

/* How far the zeroing of each store of the config is, in pages. */
static struct {
	uint64_t begun; /* atomic: the first that nobody has taken; beyond the last none is left */
	uint64_t done;	/* atomic: how many are zeroes */
} cleared[CONFIG_STORE_MAX];

static int make_one(struct vm *vm, const struct share_config *share, struct registry *registry)
{
	const struct store_config *store = share->store;
	const struct grant grant = {
		.ipa = share->ipa,
		.pa = store->at,
		.size = store->size,
		.owner = (uint16_t)vm->id,
		.store = (uint16_t)(store->index + 1),
		/* never executed: what one VM writes is not another's code */
		.kind = share->read_only ? STAGE2_READ_ONLY : STAGE2_SHARED,
	};
	int err = registry_share(registry, &grant);

	if (err == 0) {
		err = stage2_map(&vm->stage2, grant.ipa, grant.pa, grant.size, grant.kind);
	}
	if (err == 0) {
		log_info("%s shares \"%s\", %llu KiB at 0x%llx%s", vm->name, store->name,
			 (unsigned long long)(store->size >> 10), (unsigned long long)share->ipa,
			 share->read_only ? ", read-only" : "");
	}
	return err;
}

int share_make(struct vm *vm, struct registry *registry)
{
	int err = 0;

	for (uint32_t i = 0; err == 0 && i < vm->config->share_count; i++) {
		err = make_one(vm, &vm->config->share[i], registry);
	}
	return err;
}

uint64_t share_pages(const struct vm_config *vm)
{
	uint64_t pages = 0;

	for (uint32_t i = 0; i < vm->share_count; i++) {
		const struct share_config *share = &vm->share[i];

		/* both ends, and a table for each GiB; where blocks don't fit, for each block */
		pages += 4 + (share->store->size >> 30);
		if (!is_aligned(share->ipa, BLOCK_SIZE)) {
			pages += share->store->size / BLOCK_SIZE + 1;
		}
	}
	return pages;
}

static void describe_reserved(const struct share_config *share, struct guest_fdt *fdt)
{
	const uint64_t reg[] = {share->ipa, share->store->size};

	guest_fdt_node_at(fdt, share->name, share->ipa);
	guest_fdt_string(fdt, "compatible", "shared-dma-pool");
	guest_fdt_u64s(fdt, "reg", reg, 2);
	guest_fdt_flag(fdt, "no-map");
	guest_fdt_end_node(fdt);
}

/* Documentation/devicetree/bindings/pmem/pmem-region.txt */
static void describe_pmem(const struct share_config *share, struct guest_fdt *fdt)
{
	const uint64_t reg[] = {share->ipa, share->store->size};

	guest_fdt_node_at(fdt, "pmem", share->ipa);
	guest_fdt_string(fdt, "compatible", "pmem-region");
	guest_fdt_u64s(fdt, "reg", reg, 2);
	guest_fdt_flag(fdt, "volatile");
	guest_fdt_end_node(fdt);
}

void share_describe(const struct vm *vm, struct guest_fdt *fdt)
{
	const struct vm_config *config = vm->config;

	if (config->share_count == 0) {
		return;
	}
	guest_fdt_node(fdt, "reserved-memory");
	guest_fdt_u32(fdt, "#address-cells", 2);
	guest_fdt_u32(fdt, "#size-cells", 2);
	guest_fdt_flag(fdt, "ranges");
	for (uint32_t i = 0; i < config->share_count; i++) {
		describe_reserved(&config->share[i], fdt);
	}
	guest_fdt_end_node(fdt);
	for (uint32_t i = 0; i < config->share_count; i++) {
		describe_pmem(&config->share[i], fdt);
	}
}

/* True: all of it is zeroes. A page is taken and zeroed within one step, so whoever waits for
 * another's does so for one step of another CPU's. */
static bool clear_page_of(const struct store_config *store)
{
	uint64_t *begun = &cleared[store->index].begun, *done = &cleared[store->index].done;
	uint64_t count = store->size / PAGE_SIZE;
	uint64_t page = atomic_fetch_add(begun, UINT64_C(1));

	if (page < count) {
		void *at = (void *)(store->at + page * PAGE_SIZE);

		memset(at, 0, PAGE_SIZE);
		/* who looks first may have its caches off */
		cache_clean(at, PAGE_SIZE);
		atomic_fetch_add(done, UINT64_C(1));
	}
	/* the zeroes before anything that a VM writes there */
	return atomic_read_acquire(done) == count;
}

bool share_clear_step(struct vm *vm)
{
	const struct vm_config *config = vm->config;

	if (vm->load.share == config->share_count) {
		return true;
	}
	if (clear_page_of(config->share[vm->load.share].store)) {
		vm->load.share++;
	}
	return false;
}
