/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that VMs share: granted, mapped, described, and zeroed once. */
#include "core/vm/share.h"

#include <libfdt.h>
#include <string.h>

#include "core/base/errno.h"
#include "core/base/printk.h"
#include "core/resource/audit.h"
#include "mm/cache.h"
#include "tests/unit/fake_pages.h"
#include "tests/unit/unit.h"

#define PAGES 5
#define PA    GIB(4)

static uint8_t memory[PAGES * PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));
static uint32_t cleaned[PAGES];
static struct store_config store[CONFIG_STORE_MAX];
static struct share_config shares[2];
static struct vm_config configs[2];
static struct vm vms[2];
static struct registry registry;
static uint32_t next_store; /* what was zeroed stays so: each test has another */

static struct vm *meanwhile; /* loaded by another CPU while a page is being zeroed; NULL: none */
static uint32_t early;	     /* how often that had all of it, which it must not */

void cache_clean(const void *start, uint64_t size)
{
	struct vm *vm = meanwhile;

	meanwhile = NULL;
	if (vm != NULL) {
		share_clear_step(vm);
		early += vm->load.share != 0;
		meanwhile = vm;
	}
	assert_int_equal(size, PAGE_SIZE);
	cleaned[((const uint8_t *)start - memory) / PAGE_SIZE]++;
}

/* Two VMs, the first of which writes and the second reads. */
static int set_up(void **state)
{
	struct store_config *one = &store[next_store];

	(void)state;
	fake_pages_reset(FAKE_PAGES_MAX);
	memset(memory, 0xee, sizeof(memory));
	memset(cleaned, 0, sizeof(cleaned));
	meanwhile = NULL;
	early = 0;
	memset(&registry, 0, sizeof(registry));
	memset(vms, 0, sizeof(vms));
	*one = (struct store_config){.name = "ring",
				     .index = next_store++,
				     .size = sizeof(memory),
				     .at = (uint64_t)(uintptr_t)memory,
				     .shared = true};
	shares[0] = (struct share_config){"here", one, GIB(3), false};
	shares[1] = (struct share_config){"there", one, GIB(2) + PAGE_SIZE, true};
	for (uint32_t i = 0; i < ARRAY_COUNT(vms); i++) {
		configs[i] = (struct vm_config){.share = &shares[i], .share_count = 1};
		vms[i].config = &configs[i];
		vms[i].id = i;
		vms[i].name = i == 0 ? "writer" : "reader";
		assert_int_equal(stage2_init(&vms[i].stage2, (uint16_t)(i + 1), 40, false, false),
				 0);
	}
	return 0;
}

static uint32_t pages_of(uint8_t value)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < PAGES; i++) {
		uint32_t same = 0;

		for (uint32_t k = 0; k < PAGE_SIZE; k++) {
			same += memory[i * PAGE_SIZE + k] == value;
		}
		count += same == PAGE_SIZE;
	}
	return count;
}

static void zeroed_once(void **state)
{
	uint32_t steps = 0;

	(void)state;
	while (!share_clear_step(&vms[0])) {
		assert_true(++steps <= PAGES + 1);
		/* never more than a page in a step */
		assert_int_equal(pages_of(0), MIN(steps, (uint32_t)PAGES));
	}
	for (uint32_t i = 0; i < PAGES; i++) {
		assert_int_equal(cleaned[i], 1);
	}
	/* from now on it is its VMs': another that starts, or one that starts again */
	memset(memory, 0x55, sizeof(memory));
	for (uint32_t i = 0; i < ARRAY_COUNT(vms); i++) {
		vms[i].load.share = 0;
		while (!share_clear_step(&vms[i])) {
			assert_true(++steps <= 2 * PAGES);
		}
	}
	assert_int_equal(pages_of(0x55), PAGES);
}

/* Two CPUs, each for a VM of its own: the work is shared, and neither begins before all is done. */
static void zeroed_by_two(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < PAGES - 1; i++) {
		assert_false(share_clear_step(&vms[i % 2]));
		assert_int_equal(pages_of(0), i + 1);
	}
	assert_false(share_clear_step(&vms[0]));
	assert_int_equal(pages_of(0), PAGES);
	memset(memory, 0x55, sizeof(memory));
	assert_true(share_clear_step(&vms[0]));
	assert_false(share_clear_step(&vms[1]));
	assert_true(share_clear_step(&vms[1]));
	assert_int_equal(pages_of(0x55), PAGES);
}

/* The other CPU takes its steps in the midst of this one's: what is begun is not yet zeroes. */
static void zeroed_at_once(void **state)
{
	uint32_t steps = 0;

	(void)state;
	meanwhile = &vms[1];
	while (!share_clear_step(&vms[0])) {
		assert_true(++steps <= PAGES + 1);
	}
	assert_int_equal(early, 0);
	assert_int_equal(pages_of(0), PAGES);
	for (uint32_t i = 0; i < PAGES; i++) {
		assert_int_equal(cleaned[i], 1);
	}
	assert_false(share_clear_step(&vms[1]));
	assert_true(share_clear_step(&vms[1]));
}

/* A VM that is stopped while it is loaded leaves the rest to the next. */
static void zeroed_after_a_stop(void **state)
{
	(void)state;
	assert_false(share_clear_step(&vms[0]));
	vms[0].load.share = 0;
	for (uint32_t i = 1; i < PAGES; i++) {
		assert_false(share_clear_step(&vms[1]));
	}
	assert_int_equal(pages_of(0), PAGES);
	assert_true(share_clear_step(&vms[1]));
}

static uint32_t faults_of(uint32_t vm)
{
	struct audit_result result = {0};

	audit_stage2(&vms[vm].stage2, (uint16_t)vms[vm].id, &registry, &result);
	assert_int_equal(result.bytes, sizeof(memory));
	assert_int_equal(result.shared, result.leaves);
	return result.faults;
}

static void mapped(void **state)
{
	static const enum stage2_kind kinds[] = {STAGE2_SHARED, STAGE2_READ_ONLY};
	const uint32_t index = shares[0].store->index;

	(void)state;
	store[index].at = PA;
	assert_int_equal(share_make(&vms[0], &registry), -EEXIST); /* it has to be claimed */
	assert_int_equal(registry_claim_store(&registry, (struct prange){PA, sizeof(memory)},
					      REGISTRY_OWNER_SHARED, index),
			 0);
	for (uint32_t i = 0; i < ARRAY_COUNT(vms); i++) {
		struct pgtable_leaf leaf;

		assert_int_equal(share_make(&vms[i], &registry), 0);
		assert_int_equal(faults_of(i), 0);
		leaf = pgtable_lookup(&vms[i].stage2.pt, shares[i].ipa);
		assert_int_equal(leaf.out, PA);
		assert_int_equal(leaf.attrs, stage2_attrs(&vms[i].stage2, kinds[i]));
	}
	assert_int_equal(share_make(&vms[0], &registry), -EEXIST); /* once */
}

/* The bound holds for what it is given for, with and without blocks. */
static void tables(void **state)
{
	static const struct {
		uint64_t ipa, size;
	} cases[] = {
		{GIB(3), 4096},		  {GIB(3), GIB(5) + 4096},   {GIB(3) - 4096, 8192},
		{GIB(3) + 4096, MIB(64)}, {GIB(4) - MIB(2), MIB(4)}, {GIB(5) - 4096, MIB(4)},
	};

	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct prange range = {PA, cases[i].size};
		uint32_t before;

		assert_int_equal(set_up(state), 0);
		store[shares[0].store->index].at = PA;
		store[shares[0].store->index].size = cases[i].size;
		shares[0].ipa = cases[i].ipa;
		assert_int_equal(registry_claim_store(&registry, range, REGISTRY_OWNER_SHARED,
						      shares[0].store->index),
				 0);
		before = fake_pages_used();
		assert_int_equal(share_make(&vms[0], &registry), 0);
		assert_true(fake_pages_used() - before <= share_pages(&configs[0]));
	}
}

static void described(void **state)
{
	static uint8_t blob[4096];
	static struct guest_fdt fdt;
	static const char *const nodes[] = {"/reserved-memory/here@c0000000", "/pmem@c0000000"};
	static const uint8_t reg[] = {0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x50, 0};
	int node, len;

	(void)state;
	guest_fdt_begin(&fdt, blob, sizeof(blob), NULL, DT_NONE);
	share_describe(&vms[0], &fdt);
	assert_true(guest_fdt_finish(&fdt) > 0);
	for (size_t i = 0; i < ARRAY_COUNT(nodes); i++) {
		node = fdt_path_offset(blob, nodes[i]);
		assert_true(node > 0);
		assert_memory_equal(fdt_getprop(blob, node, "reg", &len), reg, sizeof(reg));
		assert_int_equal(len, sizeof(reg));
		assert_string_equal(fdt_getprop(blob, node, "compatible", NULL),
				    i == 0 ? "shared-dma-pool" : "pmem-region");
		assert_non_null(fdt_getprop(blob, node, i == 0 ? "no-map" : "volatile", &len));
		assert_int_equal(len, 0);
	}
	node = fdt_path_offset(blob, "/reserved-memory");
	assert_non_null(fdt_getprop(blob, node, "ranges", &len));
	assert_int_equal(len, 0);
	assert_memory_equal(fdt_getprop(blob, node, "#address-cells", NULL), "\0\0\0\2", 4);
	assert_memory_equal(fdt_getprop(blob, node, "#size-cells", NULL), "\0\0\0\2", 4);
	/* a VM that shares nothing gets no node */
	configs[1].share_count = 0;
	guest_fdt_begin(&fdt, blob, sizeof(blob), NULL, DT_NONE);
	share_describe(&vms[1], &fdt);
	assert_true(guest_fdt_finish(&fdt) > 0);
	assert_true(fdt_path_offset(blob, "/reserved-memory") < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE_IN("it is zeroed once, a page in a step, and then kept", zeroed_once, set_up),
		CASE_IN("two CPUs zero it together, each page once", zeroed_by_two, set_up),
		CASE_IN("a page that is being zeroed is not zeroed yet", zeroed_at_once, set_up),
		CASE_IN("what a stopped load left is zeroed by the next", zeroed_after_a_stop,
			set_up),
		CASE_IN("each VM has it where and as its share says", mapped, set_up),
		CASE_IN("its tables are no more than were counted on", tables, set_up),
		CASE_IN("the guest finds reserved memory and a pmem region", described, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
