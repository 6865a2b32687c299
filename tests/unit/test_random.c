/* SPDX-License-Identifier: Apache-2.0 */
/* Random numbers for VMs, of sources that have some, sometimes or never. */
#include <string.h>

#include "core/base/errno.h"
#include "core/vm/random.h"
#include "core/vm/vm.h"
#include "drivers/hw/entropy.h"
#include "tests/unit/unit.h"

static enum entropy_source source;
static bool dry;
static uint64_t word;
static struct chacha board;
static struct vm vms[2];

enum entropy_source entropy_source(void)
{
	return source;
}

int entropy_words(uint64_t *words, uint32_t count)
{
	if (source < ENTROPY_FIRMWARE) {
		return -ENODEV;
	}
	if (dry) {
		return -EAGAIN;
	}
	for (uint32_t i = 0; i < count; i++) {
		words[i] = ++word;
	}
	return 0;
}

void entropy_draw(void *out, size_t size)
{
	chacha_draw(&board, out, size);
}

static int set_up(void **state)
{
	(void)state;
	memset(vms, 0, sizeof(vms));
	chacha_mix(&board, "a key of the board's", 20);
	dry = false;
	for (uint32_t i = 0; i < 2; i++) {
		spin_init(&vms[i].random_lock, RANK_RANDOM);
		vm_random_begin(&vms[i]);
	}
	return 0;
}

static void assert_all_differ(void)
{
	uint64_t drawn[40];

	for (uint32_t i = 0; i < ARRAY_COUNT(drawn); i++) {
		assert_int_equal(vm_random(&vms[i % 2], &drawn[i], sizeof(drawn[i])), 0);
		for (uint32_t k = 0; k < i; k++) {
			assert_int_not_equal(drawn[i], drawn[k]);
		}
	}
}

static void two_VMs_draw_different_numbers(void **state)
{
	(void)state;
	for (source = ENTROPY_SEED; source <= ENTROPY_CPU; source++) {
		assert_all_differ();
	}
}

static void the_best_source_is_asked_each_time(void **state)
{
	uint64_t drawn[4];

	(void)state;
	source = ENTROPY_CPU;
	word = 1000;
	assert_int_equal(vm_random(&vms[0], drawn, sizeof(drawn)), 0);
	for (uint32_t i = 0; i < 4; i++) {
		assert_int_equal(drawn[i], 1001 + i);
	}
}

/* virtio 1.2 5.4.6.2: a buffer gets a byte at least, and DEN 0098 lets a guest try again */
static void a_source_that_has_none_at_the_moment_is_stood_in_for(void **state)
{
	(void)state;
	for (source = ENTROPY_FIRMWARE; source <= ENTROPY_CPU; source++) {
		dry = true;
		assert_all_differ();
		dry = false;
		assert_all_differ();
	}
}

static void a_board_without_any_says_so(void **state)
{
	uint64_t drawn;

	(void)state;
	source = ENTROPY_NONE;
	assert_int_equal(vm_random(&vms[0], &drawn, sizeof(drawn)), -ENODEV);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE_IN("two VMs draw different numbers", two_VMs_draw_different_numbers, set_up),
		CASE_IN("the best source is asked each time", the_best_source_is_asked_each_time,
			set_up),
		CASE_IN("a source that has none at the moment is stood in for",
			a_source_that_has_none_at_the_moment_is_stood_in_for, set_up),
		CASE_IN("a board without any says so", a_board_without_any_says_so, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
