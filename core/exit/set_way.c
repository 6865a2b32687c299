/* SPDX-License-Identifier: Apache-2.0 */
/* Cache maintenance by set and way. */
#include "core/exit/set_way.h"

#include "core/arm64/sysreg.h"
#include "core/vm/vm.h"
#include "mm/cache.h"
#include "mm/guest_access.h"

#define STEP_BYTES (4 * PAGE_SIZE) /* 256 lines of 64 bytes */

/* Of a VM with a balloon: what is at these places now. */
static void flush_pages(const struct vm *vm, uint64_t ipa, uint64_t size)
{
	for (uint64_t at = 0; at < size; at += PAGE_SIZE) {
		void *page = guest_pointer(vm, ipa + at, PAGE_SIZE);

		if (page != NULL) {
			cache_clean_invalidate(page, PAGE_SIZE);
		}
	}
}

static void flush_range(const struct vm *vm, uint32_t n, struct prange range)
{
	if (vm->stage2.frames != NULL && n < vm->extent_count) {
		flush_pages(vm, vm->extent[n].ipa + (range.base - vm->extent[n].pa), range.size);
	} else if (range.size != 0) {
		cache_clean_invalidate((void *)range.base, range.size);
	}
}

/* Its RAM, and behind it what it shares with others: that may be in its caches too. */
static struct prange range_of(const struct vm *vm, uint32_t n)
{
	const struct store_config *store;

	if (n < vm->extent_count) {
		return (struct prange){vm->extent[n].pa, vm->extent[n].size};
	}
	store = vm->config->share[n - vm->extent_count].store;
	return (struct prange){store->at, store->size};
}

static bool flush_step(struct vcpu *vcpu, struct vcpu_job *job)
{
	struct cache_job *cache = CONTAINER_OF(job, struct cache_job, job);
	const struct vm *vm = vcpu->vm;
	const uint32_t count = vm->extent_count + vm->config->share_count;

	if (cache->extent < count) {
		const struct prange range = range_of(vm, cache->extent);
		uint64_t step = MIN(STEP_BYTES, range.size - cache->off);

		flush_range(vm, cache->extent, (struct prange){range.base + cache->off, step});
		cache->off += step;
		if (cache->off == range.size) {
			cache->off = 0;
			cache->extent++;
		}
	}
	if (cache->extent < count) {
		return false;
	}
	vcpu->job = NULL;
	return true;
}

static void flush_all(struct vcpu *vcpu)
{
	struct cache_job *cache = &vcpu->cache_job;

	cache->job.name = "cache";
	cache->job.step = flush_step;
	cache->extent = 0;
	cache->off = 0;
	vcpu->job = &cache->job;
	vcpu_post(vcpu, VCPU_EVENT_JOB);
}

static void trap_memory_control(struct vcpu *vcpu, bool on)
{
	vcpu->hcr = on ? vcpu->hcr | HCR_TVM : vcpu->hcr & ~HCR_TVM;
	sysreg_write(hcr_el2, vcpu->hcr | (sysreg_read(hcr_el2) & HCR_VSE));
}

void set_way_operation(struct vcpu *vcpu)
{
	if ((vcpu->hcr & HCR_TVM) == 0) {
		flush_all(vcpu);
		trap_memory_control(vcpu, true);
	}
}

static bool caches_on(uint64_t sctlr)
{
	return (sctlr & (SCTLR_M | SCTLR_C)) == (SCTLR_M | SCTLR_C);
}

void set_way_sctlr(struct vcpu *vcpu, uint64_t value)
{
	bool before = caches_on(sysreg_read(sctlr_el1));

	sysreg_write(sctlr_el1, value);
	if (before != caches_on(value)) {
		flush_all(vcpu);
	}
	if (caches_on(value)) {
		trap_memory_control(vcpu, false);
	}
}
