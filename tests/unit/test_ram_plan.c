/* SPDX-License-Identifier: Apache-2.0 */
/* Which VM gets which memory. */
#include <string.h>

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
		CASE("memory at the end of the address space does not wrap", edges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
