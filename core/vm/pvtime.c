/* SPDX-License-Identifier: Apache-2.0 */
/* Stolen time: the page of its records. */
#include "core/vm/pvtime.h"

#include "core/base/errno.h"
#include "core/config/guest_map_types.h"
#include "mm/cache.h"
#include "mm/page_alloc.h"
#include "timer/deadline.h"

#define NS_PER_S UINT64_C(1000000000)

_Static_assert(sizeof(struct pvtime_record) == 64, "DEN 0057A 3.2.2");
_Static_assert(CONFIG_VCPU_MAX * sizeof(struct pvtime_record) <= PVTIME_PAGES * PAGE_SIZE,
	       "a record for each");

int pvtime_create(struct vm *vm, struct registry *registry)
{
	struct grant grant = {
		.ipa = GUEST_PVTIME_BASE,
		.size = PVTIME_PAGES * PAGE_SIZE,
		.owner = (uint16_t)vm->id,
		.kind = STAGE2_READ_ONLY,
	};
	struct pvtime_record *records;
	int err;

	if (!vm->config->pvtime) {
		return 0;
	}
	records = page_alloc(PVTIME_PAGES);
	if (records == NULL) {
		return -ENOMEM;
	}
	/* the zeros before what a guest reads past its caches: what was there before is not its */
	cache_clean(records, PVTIME_PAGES * PAGE_SIZE);
	grant.pa = virt_to_phys(records);
	err = registry_cede(registry, &grant);
	if (err == 0) {
		err = stage2_map(&vm->stage2, grant.ipa, grant.pa, grant.size, grant.kind);
	}
	if (err == 0) {
		for (uint32_t i = 0; i < vm->vcpu_count; i++) {
			vm->vcpu[i]->pvtime = &records[i];
		}
		vm->pvtime_scale = (NS_PER_S << 32) / deadline_frequency();
	}
	return err;
}

uint64_t pvtime_ipa(const struct vcpu *vcpu)
{
	return vcpu->pvtime == NULL ?
		       0 :
		       GUEST_PVTIME_BASE + vcpu->index * sizeof(struct pvtime_record);
}
