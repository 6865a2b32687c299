/* SPDX-License-Identifier: Apache-2.0 */
/* Which VM gets which memory. */
#include <string.h>

#include "core/base/bits.h"
#include "core/base/errno.h"
#include "core/resource/ram_plan.h"
#include "tests/unit/said.h"
#include "tests/unit/unit.h"

static struct board board;
static struct config config;
static struct ram_plan plan;
static struct said said;

static void set_board(const struct prange *ram, uint32_t count)
{
	memset(&board, 0, sizeof(board));
	memset(&config, 0, sizeof(config));
	memcpy(board.ram, ram, count * sizeof(*ram));
	board.ram_count = count;
	said_init(&said);
}

static struct vm_config *add_vm(const char *name, uint64_t size, uint64_t pa)
{
	struct vm_config *vm = &config.vm[config.vm_count++];

	vm->name = name;
	vm->ram_count = 1;
	vm->ram[0] = (struct ram_config){"memory-size", GIB(1), size, pa};
	return vm;
}

static struct store_config *add_store(const char *name, uint64_t size, uint64_t users)
{
	struct store_config *store = &config.store[config.store_count++];

	*store = (struct store_config){.name = name,
				       .size = size,
				       .pa = CONFIG_PA_ANY,
				       .users = users};
	return store;
}

static int place(void)
{
	ram_plan_init(&plan, &board, NULL, 0);
	return ram_plan_place(&plan, &config, &said.diag);
}

static uint64_t given_to(uint32_t vm)
{
	uint64_t total = 0;

	for (uint32_t i = 0; i < plan.extent_count; i++) {
		total += plan.extent[i].vm == vm ? plan.extent[i].size : 0;
	}
	return total;
}

static void whole_holes(void **state)
{
	(void)state;
	set_board((struct prange[]){{GIB(1), MIB(512)}, {GIB(4), GIB(1)}}, 2);
	add_vm("small", MIB(64), CONFIG_PA_ANY);
	add_vm("large", MIB(900), CONFIG_PA_ANY);
	assert_int_equal(place(), 0);
	assert_int_equal(plan.extent_count, 2);
	assert_int_equal(plan.extent[0].pa, GIB(1));
	assert_int_equal(plan.extent[1].pa, GIB(4));
	assert_int_equal(plan.extent[1].size, MIB(900));
	assert_int_equal(plan.extent[1].ipa, GIB(1));
}

static void fixed_first(void **state)
{
	(void)state;
	set_board((struct prange[]){{0, MIB(256)}}, 1);
	add_vm("any", MIB(100), CONFIG_PA_ANY);
	add_vm("fixed", MIB(16), MIB(2));
	assert_int_equal(place(), 0);
	assert_int_equal(plan.extent[1].pa, MIB(2));
	assert_int_equal(plan.extent[0].pa, MIB(18));
}

static void split(void **state)
{
	(void)state;
	set_board((struct prange[]){{0, MIB(100)}, {GIB(1), MIB(64)}, {GIB(2), MIB(30)}}, 3);
	add_vm("wide", MIB(150), CONFIG_PA_ANY);
	assert_int_equal(place(), 0);
	assert_int_equal(plan.extent_count, 2);
	assert_int_equal(plan.extent[0].size, MIB(100));
	assert_int_equal(plan.extent[1].ipa, GIB(1) + MIB(100));
	assert_int_equal(plan.extent[1].pa, GIB(1));
	assert_int_equal(plan.extent[1].size, MIB(50));
}

static void reserved(void **state)
{
	const struct prange own = {MIB(10), 4096};

	(void)state;
	set_board((struct prange[]){{4096, MIB(20)}}, 1);
	board.reserved[0] = (struct prange){MIB(4) + 100, 8};
	board.reserved_count = 1;
	add_vm("rest", MIB(14), CONFIG_PA_ANY);
	ram_plan_init(&plan, &board, &own, 1);
	/* 2-20 MiB less 4-6 and 10-12. */
	assert_int_equal(ram_plan_free(&plan, &(uint64_t){0}), MIB(14));
	assert_int_equal(ram_plan_place(&plan, &config, &said.diag), 0);
	assert_int_equal(given_to(0), MIB(14));
	for (uint32_t i = 0; i < plan.extent_count; i++) {
		assert_false(
			ranges_overlap(plan.extent[i].pa, plan.extent[i].size, own.base, own.size));
		assert_false(ranges_overlap(plan.extent[i].pa, plan.extent[i].size,
					    board.reserved[0].base, 8));
	}
}

static void too_large(void **state)
{
	(void)state;
	set_board((struct prange[]){{0, MIB(100)}, {GIB(1), MIB(64)}}, 2);
	add_vm("huge", MIB(200), CONFIG_PA_ANY);
	add_vm("fits", MIB(150), CONFIG_PA_ANY);
	assert_int_equal(place(), -ENOSPC);
	assert_true(config.vm[0].refused);
	assert_false(config.vm[1].refused);
	assert_int_equal(given_to(0), 0);
	assert_int_equal(given_to(1), MIB(150));
	assert_string_equal(
		said.text,
		"/vms/huge: memory-size: 200 MiB do not fit into the board's memory: 164 "
		"MiB are free, 36 MiB are missing; the largest free piece has 100 MiB\n");
}

static void given_back(void **state)
{
	struct vm_config *vm;

	(void)state;
	set_board((struct prange[]){{0, MIB(100)}}, 1);
	vm = add_vm("two", MIB(60), CONFIG_PA_ANY);
	vm->ram[1] = (struct ram_config){"more", GIB(2), MIB(50), CONFIG_PA_ANY};
	vm->ram_count = 2;
	add_vm("other", MIB(40), CONFIG_PA_ANY);
	assert_int_equal(place(), -ENOSPC);
	assert_int_equal(given_to(0), 0);
	assert_int_equal(given_to(1), MIB(40));
	assert_int_equal(plan.hole_count, 1);
	assert_int_equal(plan.hole[0].size, MIB(60));
}

static void taken_place(void **state)
{
	(void)state;
	set_board((struct prange[]){{0, MIB(100)}}, 1);
	add_vm("a", MIB(20), MIB(10));
	add_vm("b", MIB(20), MIB(20));
	assert_int_equal(place(), -ENOSPC);
	assert_false(config.vm[0].refused);
	assert_true(config.vm[1].refused);
	assert_true(said_has(&said, "are not free"));
}

static void edges(void **state)
{
	(void)state;
	set_board((struct prange[]){{UINT64_MAX - MIB(3), MIB(3)}, {MIB(1), MIB(2)}}, 2);
	ram_plan_init(&plan, &board, NULL, 0);
	assert_int_equal(plan.hole_count, 0);
	ram_plan_take(&plan, (struct prange){UINT64_MAX - 5, 5});
}

static void store_whole(void **state)
{
	struct store_config *disk, *shared;

	(void)state;
	set_board((struct prange[]){{0, MIB(64)}, {GIB(1), MIB(100)}}, 2);
	add_vm("a", MIB(90), CONFIG_PA_ANY);
	add_vm("b", MIB(20), CONFIG_PA_ANY);
	disk = add_store("disk", MIB(40) + 4096, BIT(0));
	shared = add_store("shared", MIB(6), BIT(0) | BIT(1));
	assert_int_equal(place(), 0);
	assert_int_equal(plan.extent[0].pa, GIB(1));
	assert_int_equal(disk->at, 0);
	assert_int_equal(plan.extent[1].pa, MIB(42));
	assert_int_equal(shared->at, GIB(1) + MIB(90));
	assert_int_equal(ram_plan_free(&plan, &(uint64_t){0}), MIB(6));
}

static void store_before_ram(void **state)
{
	struct store_config *disk;

	(void)state;
	set_board((struct prange[]){{0, MIB(30)}, {GIB(1), MIB(30)}}, 2);
	add_vm("a", MIB(30), CONFIG_PA_ANY);
	disk = add_store("disk", MIB(30), BIT(0));
	assert_int_equal(place(), 0);
	assert_int_equal(disk->at, 0);
	assert_int_equal(plan.extent_count, 1);
	assert_int_equal(plan.extent[0].pa, GIB(1));
}

static void store_fixed(void **state)
{
	struct store_config *disk;

	(void)state;
	set_board((struct prange[]){{0, MIB(100)}}, 1);
	add_vm("a", MIB(20), CONFIG_PA_ANY);
	disk = add_store("disk", MIB(10), BIT(0));
	disk->pa = MIB(4);
	assert_int_equal(place(), 0);
	assert_int_equal(disk->at, MIB(4));
	assert_int_equal(plan.extent[0].pa, MIB(14));
	disk->pa = MIB(92);
	assert_int_equal(place(), -ENOSPC);
	assert_true(config.vm[0].refused);
	assert_int_equal(disk->at, CONFIG_PA_ANY);
	assert_string_equal(said.text,
			    "/vms/a: disk: the 10 MiB at pa 0x5c00000 are not free: the "
			    "hypervisor, the bundle, the board's device tree or a VM's RAM lies "
			    "there\n");
}

static void store_too_large(void **state)
{
	struct store_config *disk, *shared;

	(void)state;
	set_board((struct prange[]){{0, MIB(40)}, {GIB(1), MIB(30)}}, 2);
	add_vm("a", MIB(4), CONFIG_PA_ANY);
	add_vm("b", MIB(6), CONFIG_PA_ANY);
	add_vm("c", MIB(60), CONFIG_PA_ANY);
	disk = add_store("disk", MIB(2), BIT(1));
	shared = add_store("shared", MIB(64), BIT(0) | BIT(1));
	assert_int_equal(place(), -ENOSPC);
	assert_int_equal(shared->at, CONFIG_PA_ANY);
	assert_int_equal(disk->at, CONFIG_PA_ANY);
	assert_false(config.vm[2].refused);
	assert_int_equal(given_to(2), MIB(60));
	assert_int_equal(ram_plan_free(&plan, &(uint64_t){0}), MIB(10));
	assert_string_equal(said.text,
			    "/vms/a: shared: 64 MiB in one piece do not fit into the board's "
			    "memory beside the VMs' RAM: 70 MiB are free, the largest free piece "
			    "has 40 MiB, 24 MiB are missing\n"
			    "/vms/b: shared: 64 MiB in one piece do not fit into the board's "
			    "memory beside the VMs' RAM: 70 MiB are free, the largest free piece "
			    "has 40 MiB, 24 MiB are missing\n");
}

static void store_given_back(void **state)
{
	struct store_config *disk, *shared, *absurd;

	(void)state;
	set_board((struct prange[]){{0, MIB(64)}}, 1);
	add_vm("a", MIB(40), CONFIG_PA_ANY);
	add_vm("b", MIB(8), CONFIG_PA_ANY);
	disk = add_store("disk", MIB(32), BIT(0));
	shared = add_store("shared", MIB(4), BIT(0) | BIT(1));
	assert_int_equal(place(), -ENOSPC);
	/* what is shared stays for the other */
	assert_true(config.vm[0].refused);
	assert_false(config.vm[1].refused);
	assert_int_equal(disk->at, CONFIG_PA_ANY);
	assert_int_not_equal(shared->at, CONFIG_PA_ANY);
	assert_int_equal(ram_plan_free(&plan, &(uint64_t){0}), MIB(64 - 8 - 4));
	config.vm[0].refused = false;
	absurd = add_store("absurd", UINT64_MAX - 4095, BIT(1));
	assert_int_equal(place(), -ENOSPC);
	assert_true(config.vm[1].refused);
	assert_int_equal(absurd->at, CONFIG_PA_ANY);
	absurd->users = 0;
	config.vm[0].refused = config.vm[1].refused = true;
	assert_int_equal(place(), 0);
	assert_int_equal(ram_plan_free(&plan, &(uint64_t){0}), MIB(64));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("regions go whole into the lowest hole that takes them", whole_holes),
		CASE("fixed places are taken first", fixed_first),
		CASE("a region that no hole takes is split over the largest", split),
		CASE("reserved memory and the hypervisor's own is left alone", reserved),
		CASE("a VM that does not fit is refused with the numbers", too_large),
		CASE("a refused VM gives back what it had", given_back),
		CASE("a fixed place that is taken refuses the VM", taken_place),
		CASE("a store goes whole beside the RAM, largest first", store_whole),
		CASE("a store goes before RAM of its size, which could be split", store_before_ram),
		CASE("a store with a fixed place gets it or refuses its VM", store_fixed),
		CASE("a store that does not fit refuses all its VMs", store_too_large),
		CASE("a store stays while one of its VMs runs", store_given_back),
		CASE("memory at the end of the address space does not wrap", edges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
