/* SPDX-License-Identifier: Apache-2.0 */
/* Who owns what, and the audit that holds live tables against it. */
#include "core/resource/registry.h"

#include <string.h>

#include "core/base/errno.h"
#include "core/resource/audit.h"
#include "tests/unit/fake_pages.h"
#include "tests/unit/random.h"
#include "tests/unit/unit.h"

#define OWNER 3

static struct registry registry;
static struct stage2 stage2;

static int set_up(void **state)
{
	(void)state;
	memset(&registry, 0, sizeof(registry));
	fake_pages_reset(FAKE_PAGES_MAX);
	return stage2_init(&stage2, 1, 40, false, false);
}

static int grant(uint16_t owner, uint64_t ipa, uint64_t pa, uint64_t size)
{
	struct grant g = {.ipa = ipa, .pa = pa, .size = size, .owner = owner, .kind = STAGE2_RAM};

	return registry_grant(&registry, &g);
}

static void overlaps(void **state)
{
	static const struct {
		uint64_t pa, size;
		int result;
	} cases[] = {
		{GIB(1), MIB(2), -EEXIST},		 /* the same */
		{GIB(1) + 4096, 4096, -EEXIST},		 /* inside */
		{GIB(1) - MIB(1), GIB(1), -EEXIST},	 /* around */
		{GIB(1) - 4096, 8192, -EEXIST},		 /* over its start */
		{GIB(1) + MIB(2) - 4096, 8192, -EEXIST}, /* over its end */
		{0, GIB(2), -EEXIST},			 /* over everything */
		{GIB(1) - 4096, 4096, 0},		 /* up to it */
		{GIB(1) + MIB(2), 4096, 0},		 /* behind it */
		{GIB(3), 0, -EINVAL},
		{GIB(3) + 1, 4096, -EINVAL},
		{GIB(3), 4095, -EINVAL},
		{UINT64_MAX - 4095, 8192, -EINVAL},
	};

	(void)state;
	assert_int_equal(grant(1, GIB(1), GIB(1), MIB(2)), 0);
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		/* whoever asks: not even the owner gets it twice */
		assert_int_equal(grant(i % 2, GIB(9), cases[i].pa, cases[i].size), cases[i].result);
	}
	assert_int_equal(registry.count, 3);
	/* nor at another place of its own space, nor an address that is no page */
	assert_int_equal(grant(1, GIB(5), GIB(1), MIB(2)), -EEXIST);
	assert_int_equal(grant(1, GIB(5) + 8, GIB(7), MIB(2)), -EINVAL);
}

/* Registers of which each CPU sees its own: every VM may have them, but at one place. */
static void for_each(void **state)
{
	(void)state;
	assert_int_equal(grant(REGISTRY_OWNER_EACH, MIB(128), GIB(1), 4096), 0);
	assert_int_equal(grant(REGISTRY_OWNER_EACH, MIB(128), GIB(1), 4096), 0);
	assert_int_equal(registry.count, 1);
	assert_int_equal(grant(REGISTRY_OWNER_EACH, MIB(256), GIB(1), 4096), -EEXIST);
	assert_int_equal(grant(REGISTRY_OWNER_EACH, MIB(128), GIB(1), 8192), -EEXIST);
	assert_int_equal(grant(0, MIB(128), GIB(1), 4096), -EEXIST);
	assert_int_equal(registry_claim(&registry, (struct prange){GIB(1), 4096}), -EEXIST);
	assert_int_equal(grant(0, GIB(1), GIB(2), 4096), 0);
	assert_int_equal(grant(REGISTRY_OWNER_EACH, GIB(1), GIB(2), 4096), -EEXIST);
}

static void claims(void **state)
{
	const struct grant *found;

	(void)state;
	/* whole pages around it */
	assert_int_equal(registry_claim(&registry, (struct prange){GIB(1) + 100, 4096}), 0);
	found = registry_find(&registry, GIB(1) + 8191);
	assert_non_null(found);
	assert_int_equal(found->pa, GIB(1));
	assert_int_equal(found->size, 8192);
	assert_int_equal(found->owner, REGISTRY_OWNER_HYP);
	assert_int_equal(grant(0, GIB(1), GIB(1) + 4096, 4096), -EEXIST);
	assert_int_equal(registry_claim(&registry, (struct prange){GIB(1) + 8000, 8}), -EEXIST);
	assert_int_equal(registry_claim(&registry, (struct prange){UINT64_MAX - 100, 50}), -EINVAL);
}

static void ceded(void **state)
{
	const uint64_t pa[] = {GIB(1), GIB(1) + 8192, GIB(1) + 12288};
	struct grant page = {.ipa = GIB(3), .size = 4096, .owner = OWNER, .kind = STAGE2_READ_ONLY};

	(void)state;
	assert_int_equal(registry_claim(&registry, (struct prange){GIB(1), 16384}), 0);
	assert_int_equal(grant(OWNER, GIB(5), GIB(2), 8192), 0);
	/* the first, one in the middle, and the last of what is left */
	for (size_t i = 0; i < ARRAY_COUNT(pa); i++) {
		page.pa = pa[i];
		assert_int_equal(registry_cede(&registry, &page), 0);
		assert_int_equal(registry_find(&registry, pa[i])->owner, OWNER);
		assert_int_equal(registry_cede(&registry, &page), -EEXIST);
	}
	assert_int_equal(registry_find(&registry, GIB(1) + 4096)->owner, REGISTRY_OWNER_HYP);
	assert_int_equal(registry_find(&registry, GIB(1) + 4096)->size, 4096);
	assert_int_equal(registry.count, 5);
	/* another's, nobody's, more than there is, no page */
	page.pa = GIB(2);
	assert_int_equal(registry_cede(&registry, &page), -EEXIST);
	page.pa = GIB(4);
	assert_int_equal(registry_cede(&registry, &page), -EEXIST);
	page.pa = GIB(1) + 4096;
	page.size = 8192;
	assert_int_equal(registry_cede(&registry, &page), -EEXIST);
	page.size = 100;
	assert_int_equal(registry_cede(&registry, &page), -EINVAL);
	assert_int_equal(registry.count, 5);
}

static int share(uint16_t owner, uint64_t ipa, uint32_t store, enum stage2_kind kind)
{
	struct grant g = {.ipa = ipa,
			  .pa = GIB(1),
			  .size = MIB(2) + 4096,
			  .owner = owner,
			  .store = (uint16_t)(store + 1),
			  .kind = kind};

	return registry_share(&registry, &g);
}

static int claim_shared(void)
{
	return registry_claim_store(&registry, (struct prange){GIB(1), MIB(2) + 4096},
				    REGISTRY_OWNER_SHARED, 5);
}

static void shared(void **state)
{
	const uint64_t last = GIB(1) + MIB(2);

	(void)state;
	assert_int_equal(share(0, GIB(3), 5, STAGE2_SHARED), -EEXIST);
	assert_int_equal(grant(2, GIB(9), GIB(1) - 4096, 4096), 0);
	assert_int_equal(grant(2, GIB(8), last + 4096, 4096), 0);
	assert_int_equal(claim_shared(), 0);
	/* to several, each at a place of its own, and to none twice */
	assert_int_equal(share(OWNER, GIB(3), 5, STAGE2_SHARED), 0);
	assert_int_equal(share(0, GIB(5), 5, STAGE2_READ_ONLY), 0);
	assert_int_equal(share(OWNER, GIB(4), 5, STAGE2_READ_ONLY), -EEXIST);
	assert_int_equal(registry.count, 5);
	assert_int_equal(registry_find(&registry, last)->owner, REGISTRY_OWNER_SHARED);
	assert_int_equal(registry_find(&registry, last)->store, 6);
	assert_int_equal(registry_find_of(&registry, last, OWNER)->ipa, GIB(3));
	assert_int_equal(registry_find_of(&registry, last + 4095, 0)->ipa, GIB(5));
	assert_null(registry_find_of(&registry, last, 1));
	/* only its neighbours' own are theirs */
	assert_null(registry_find_of(&registry, last, 2));
	assert_int_equal(registry_find_of(&registry, last + 4096, 2)->ipa, GIB(8));
	assert_int_equal(registry_find_of(&registry, GIB(1) - 1, 2)->ipa, GIB(9));
	assert_null(registry_find_of(&registry, GIB(1) - 1, OWNER));
	/* as another's memory, or a part of it, by another word, to be executed: never */
	assert_int_equal(share(1, GIB(3), 4, STAGE2_SHARED), -EEXIST);
	assert_int_equal(share(1, GIB(3), 5, STAGE2_RAM), -EINVAL);
	assert_int_equal(share(1, GIB(3) + 1, 5, STAGE2_SHARED), -EINVAL);
	assert_int_equal(grant(1, GIB(3), GIB(1), MIB(2) + 4096), -EEXIST);
	assert_int_equal(grant(1, GIB(3), last, 4096), -EEXIST);
	assert_int_equal(claim_shared(), -EEXIST);
}

/* A disk's memory is EL2's, whoever asks. */
static void of_a_disk(void **state)
{
	struct grant g = {.ipa = GIB(3), .pa = GIB(1), .size = MIB(2) + 4096, .store = 6};

	(void)state;
	assert_int_equal(registry_claim_store(&registry, (struct prange){GIB(1), MIB(2) + 4096},
					      REGISTRY_OWNER_DISK, 5),
			 0);
	assert_int_equal(share(0, GIB(3), 5, STAGE2_SHARED), -EEXIST);
	assert_int_equal(registry_cede(&registry, &g), -EEXIST);
	assert_int_equal(registry_grant(&registry, &g), -EEXIST);
	assert_int_equal(registry_find(&registry, GIB(1))->owner, REGISTRY_OWNER_DISK);
}

static void alone(void **state)
{
	(void)state;
	assert_int_equal(grant(0, GIB(1), GIB(4), MIB(2)), 0);
	assert_int_equal(grant(1, GIB(1), GIB(4) + MIB(2), MIB(2)), 0);
	assert_true(registry_is_alone(&registry, &registry.grant[0]));
	assert_true(registry_is_alone(&registry, &registry.grant[1]));
	registry.grant[1].pa -= 4096;
	assert_false(registry_is_alone(&registry, &registry.grant[0]));
	assert_false(registry_is_alone(&registry, &registry.grant[1]));
}

static void found_by_address(void **state)
{
	struct random random = {.state = 7};
	uint32_t count = 0;

	(void)state;
	/* every other MiB, in any order */
	while (count < 200) {
		uint64_t pa = GIB(1) + MIB(2) * random_below(&random, 200);

		count += grant((uint16_t)(pa >> 21 & 0xff), GIB(1), pa, MIB(1)) == 0;
	}
	for (uint32_t i = 1; i < registry.count; i++) {
		assert_true(registry.grant[i - 1].pa + registry.grant[i - 1].size <=
			    registry.grant[i].pa);
	}
	for (uint64_t pa = GIB(1); pa < GIB(1) + MIB(400); pa += MIB(2)) {
		const struct grant *first = registry_find(&registry, pa);

		assert_non_null(first);
		assert_int_equal(first->owner, pa >> 21 & 0xff);
		assert_ptr_equal(registry_find(&registry, pa + MIB(1) - 1), first);
		assert_null(registry_find(&registry, pa + MIB(1)));
		assert_null(registry_find(&registry, pa + MIB(2) - 1));
	}
	assert_null(registry_find(&registry, GIB(1) - 1));
	assert_null(registry_find(&registry, UINT64_MAX));
}

static void full(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < REGISTRY_MAX; i++) {
		assert_int_equal(grant(0, GIB(1), 8192 * i, 4096), 0);
	}
	assert_int_equal(grant(0, GIB(1), 8192 * REGISTRY_MAX, 4096), -ENOSPC);
	assert_non_null(registry_find(&registry, 8192 * (REGISTRY_MAX - 1)));
}

/* -- the audit -- */

static struct audit_result audit(void)
{
	struct audit_result result = {0};

	audit_stage2(&stage2, OWNER, &registry, &result);
	return result;
}

/* Two extents and a read-only page: what a VM has. */
static void build(void)
{
	struct grant page = {.ipa = GIB(3),
			     .pa = GIB(7),
			     .size = 4096,
			     .owner = OWNER,
			     .kind = STAGE2_READ_ONLY};

	assert_int_equal(grant(OWNER, GIB(1), GIB(4), GIB(1)), 0);
	assert_int_equal(grant(OWNER, GIB(2), GIB(6), MIB(6)), 0);
	assert_int_equal(registry_grant(&registry, &page), 0);
	assert_int_equal(grant(OWNER + 1, GIB(1), GIB(8), GIB(1)), 0);
	assert_int_equal(registry_claim(&registry, (struct prange){GIB(10), MIB(2)}), 0);
	assert_int_equal(stage2_map(&stage2, GIB(1), GIB(4), GIB(1), STAGE2_RAM), 0);
	assert_int_equal(stage2_map(&stage2, GIB(2), GIB(6), MIB(6), STAGE2_RAM), 0);
	assert_int_equal(stage2_map(&stage2, GIB(3), GIB(7), 4096, STAGE2_READ_ONLY), 0);
}

static void clean(void **state)
{
	struct audit_result result;

	(void)state;
	build();
	result = audit();
	assert_int_equal(result.faults, 0);
	assert_int_equal(result.leaves, 1 + 3 + 1);
	assert_int_equal(result.bytes, GIB(1) + MIB(6) + 4096);
}

/* A leaf that nobody granted, whatever is wrong with it, is found and named. */
static void planted(void **state)
{
	static const struct {
		const char *what;
		uint64_t ipa, pa, size;
		enum stage2_kind kind;
	} cases[] = {
		{"another VM's memory", GIB(9), GIB(8), MIB(2), STAGE2_RAM},
		{"another VM's at that VM's own place", GIB(1) - MIB(2), GIB(8), MIB(2),
		 STAGE2_RAM},
		{"the hypervisor's memory", GIB(9), GIB(10), 4096, STAGE2_RAM},
		{"memory nobody owns", GIB(9), GIB(12), MIB(2), STAGE2_RAM},
		{"its own memory a second time", GIB(9), GIB(6), MIB(2), STAGE2_RAM},
		{"a page too far", GIB(2) + MIB(6), GIB(6) + MIB(6), 4096, STAGE2_RAM},
		{"a block too far", GIB(2) + MIB(6), GIB(6) + MIB(6), MIB(2), STAGE2_RAM},
		{"its own first block once more behind it", GIB(2) + MIB(6), GIB(6), MIB(2),
		 STAGE2_RAM},
		{"the last address", BIT(40) - 4096, GIB(12), 4096, STAGE2_RAM},
		{"a device over RAM", GIB(9), GIB(4), MIB(2), STAGE2_DEVICE},
	};

	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct audit_result result;

		assert_int_equal(set_up(state), 0);
		build();
		print_message("planted: %s\n", cases[i].what);
		assert_int_equal(stage2_map(&stage2, cases[i].ipa, cases[i].pa, cases[i].size,
					    cases[i].kind),
				 0);
		result = audit();
		assert_int_equal(result.faults, 1);
		assert_int_equal(result.first_ipa, cases[i].ipa);
		assert_int_equal(result.first_pa, cases[i].pa);
		assert_int_equal(result.leaves, 6);
	}
}

/* One of eight blocks of a grant is something else. */
static void among_good(void **state)
{
	static const struct {
		uint64_t pa; /* 0: its own */
		enum stage2_kind kind;
	} cases[] = {
		{GIB(8), STAGE2_RAM},
		{GIB(10), STAGE2_RAM},
		{GIB(4) + MIB(14), STAGE2_RAM},
		{GIB(4) + MIB(16), STAGE2_RAM},
		{0, STAGE2_DEVICE},
		{0, STAGE2_SHARED},
		{0, STAGE2_READ_ONLY},
	};

	for (size_t i = 0; i < ARRAY_COUNT(cases) * 7; i++) {
		uint64_t wrong = GIB(2) + MIB(2) * (i % 7);
		struct audit_result result;

		assert_int_equal(set_up(state), 0);
		assert_int_equal(grant(OWNER, GIB(2), GIB(4), MIB(16)), 0);
		assert_int_equal(grant(OWNER + 1, GIB(2), GIB(8), GIB(1)), 0);
		for (uint64_t ipa = GIB(2); ipa < GIB(2) + MIB(16); ipa += MIB(2)) {
			uint64_t own = ipa + GIB(2), pa = cases[i / 7].pa;
			bool good = ipa != wrong;

			assert_int_equal(stage2_map(&stage2, ipa, good || pa == 0 ? own : pa,
						    MIB(2), good ? STAGE2_RAM : cases[i / 7].kind),
					 0);
		}
		result = audit();
		assert_int_equal(result.faults, 1);
		assert_int_equal(result.first_ipa, wrong);
		assert_int_equal(result.leaves, 8);
		assert_int_equal(result.bytes, MIB(16));
	}
}

/* The right place with other rights: write where only reading was granted, execution, caching. */
static void other_rights(void **state)
{
	static const enum stage2_kind kinds[] = {STAGE2_RAM, STAGE2_READ_ONLY, STAGE2_DEVICE,
						 STAGE2_SHARED};

	for (size_t granted = 0; granted < ARRAY_COUNT(kinds); granted++) {
		for (size_t mapped = 0; mapped < ARRAY_COUNT(kinds); mapped++) {
			struct grant g = {.ipa = GIB(1),
					  .pa = GIB(4),
					  .size = MIB(2),
					  .owner = OWNER,
					  .kind = kinds[granted]};

			assert_int_equal(set_up(state), 0);
			assert_int_equal(registry_grant(&registry, &g), 0);
			assert_int_equal(stage2_map(&stage2, GIB(1), GIB(4), MIB(2), kinds[mapped]),
					 0);
			assert_int_equal(audit().faults, granted != mapped);
		}
	}
}

static void beyond_the_grant(void **state)
{
	(void)state;
	assert_int_equal(grant(OWNER, GIB(1), GIB(4), MIB(1)), 0);
	/* one block where half was granted */
	assert_int_equal(stage2_map(&stage2, GIB(1), GIB(4), MIB(2), STAGE2_RAM), 0);
	assert_int_equal(audit().faults, 1);
}

static void shared_leaves(void **state)
{
	static const struct {
		uint64_t ipa, pa, size;
		enum stage2_kind kind;
		uint32_t faults;
	} cases[] = {
		{GIB(3), GIB(1), MIB(2) + 4096, STAGE2_SHARED, 0},
		{GIB(3), GIB(1), MIB(2) + 4096, STAGE2_RAM, 2},
		{GIB(3), GIB(1), MIB(2) + 8192, STAGE2_SHARED, 1},
		{GIB(5), GIB(1), MIB(2), STAGE2_READ_ONLY, 1}, /* as another VM has it */
		{GIB(3) + 4096, GIB(1), 4096, STAGE2_SHARED, 1},
	};

	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct audit_result result;

		assert_int_equal(set_up(state), 0);
		assert_int_equal(claim_shared(), 0);
		assert_int_equal(share(OWNER, GIB(3), 5, STAGE2_SHARED), 0);
		assert_int_equal(share(0, GIB(5), 5, STAGE2_READ_ONLY), 0);
		assert_int_equal(stage2_map(&stage2, cases[i].ipa, cases[i].pa, cases[i].size,
					    cases[i].kind),
				 0);
		result = audit();
		assert_int_equal(result.faults, cases[i].faults);
		assert_true(result.shared != 0);
	}
	/* a VM that has no share */
	memset(&registry, 0, sizeof(registry));
	assert_int_equal(claim_shared(), 0);
	assert_int_equal(share(0, GIB(3) + 4096, 5, STAGE2_SHARED), 0);
	assert_int_equal(audit().faults, 1);
}

/* Two grants of one byte, which the registry never makes: the audit doesn't rely on that. */
static void twice_granted(void **state)
{
	(void)state;
	build();
	assert_int_equal(audit().faults, 0);
	for (uint32_t i = 0; i < registry.count; i++) {
		if (registry.grant[i].owner == OWNER + 1) {
			registry.grant[i].pa = GIB(7);
			registry.grant[i].size = MIB(2);
		}
	}
	assert_int_equal(audit().faults, 1);
	assert_int_equal(audit().first_pa, GIB(7));
}

static void added_up(void **state)
{
	struct audit_result result = {0};

	(void)state;
	build();
	assert_int_equal(stage2_map(&stage2, GIB(9), GIB(12), 8192, STAGE2_RAM), 0);
	audit_stage2(&stage2, OWNER, &registry, &result);
	audit_stage2(&stage2, OWNER, &registry, &result);
	assert_int_equal(result.faults, 4);
	assert_int_equal(result.leaves, 14);
	assert_int_equal(result.first_ipa, GIB(9));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE_IN("memory that has an owner is not granted again", overlaps, set_up),
		CASE_IN("what each VM gets is granted to each", for_each, set_up),
		CASE_IN("a claim takes whole pages and is nobody else's", claims, set_up),
		CASE_IN("a VM may be given a part of what EL2 claimed, and no more", ceded, set_up),
		CASE_IN("what is shared is granted whole to each that has it, once", shared,
			set_up),
		CASE_IN("a disk's memory is granted to nobody", of_a_disk, set_up),
		CASE_IN("an entry that reaches into its neighbour is not alone", alone, set_up),
		CASE_IN("the owner of any address is found", found_by_address, set_up),
		CASE_IN("a full registry says so", full, set_up),
		CASE_IN("tables that say what was granted have no fault", clean, set_up),
		CASE_IN("a planted leaf is found and named", planted, set_up),
		CASE_IN("a leaf among good ones is found and named", among_good, set_up),
		CASE_IN("other rights than those granted are a fault", other_rights, set_up),
		CASE_IN("a block that reaches beyond its grant is a fault", beyond_the_grant,
			set_up),
		CASE_IN("shared memory is where and what was granted, or a fault", shared_leaves,
			set_up),
		CASE_IN("memory that is granted twice and not shared is a fault", twice_granted,
			set_up),
		CASE_IN("audits of several VMs add up", added_up, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
