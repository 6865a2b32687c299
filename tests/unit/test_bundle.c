/* SPDX-License-Identifier: Apache-2.0 */
/* The bundle's header: what is written is accepted, every damage refused with its reason. */
#include <string.h>

#include "boot/bundle.h"
#include "core/base/errno.h"
#include "tests/unit/said.h"
#include "tests/unit/unit.h"

#define CONFIG_SIZE 5000

static _Alignas(8) uint8_t file[3 * 4096];
static struct said said;
static struct bundle bundle;

static void write_bundle(void)
{
	assert_int_equal(bundle_total_size(CONFIG_SIZE), sizeof(file));
	memset(file, 0, sizeof(file));
	for (int i = 0; i < CONFIG_SIZE; i++) {
		file[BUNDLE_HEADER_SIZE + i] = (uint8_t)(i * 3);
	}
	bundle_write_header(file, CONFIG_SIZE, sizeof(file),
			    crc32c(0, file + BUNDLE_HEADER_SIZE,
				   sizeof(file) - BUNDLE_HEADER_SIZE));
}

static int check(size_t limit)
{
	said_init(&said);
	return bundle_check(&bundle, file, limit, crc32c, &said.diag);
}

static void refused(size_t limit, const char *sentence)
{
	assert_int_equal(check(limit), -EINVAL);
	assert_int_equal(said.diag.error_count, 1);
	if (!said_has(&said, sentence)) {
		fail_msg("expected \"%s\", got %s", sentence, said.text);
	}
}

static void accepted(void **state)
{
	(void)state;
	write_bundle();
	assert_int_equal(check(sizeof(file)), 0);
	assert_int_equal(bundle.size, sizeof(file));
	assert_int_equal(bundle.config_size, CONFIG_SIZE);
	assert_ptr_equal(bundle.config, file + BUNDLE_HEADER_SIZE);
	assert_int_equal(check(sizeof(file) + 4096), 0); /* loaders round up */
}

static void other_files(void **state)
{
	(void)state;
	write_bundle();
	refused(100, "not a bundle");
	file[0] = 'b';
	refused(sizeof(file), "not a bundle");
	memcpy(file, "\xd0\x0d\xfe\xed", 4);
	refused(sizeof(file), "bare device tree");
}

static void other_version(void **state)
{
	(void)state;
	write_bundle();
	file[BUNDLE_AT_VERSION] = 9;
	refused(sizeof(file), "format version 9, this build reads version 1");
}

static void any_flipped_bit(void **state)
{
	(void)state;
	write_bundle();
	for (size_t i = 0; i < sizeof(file); i++) {
		file[i] ^= 0x10;
		assert_int_equal(check(sizeof(file)), -EINVAL);
		file[i] ^= 0x10;
	}
	file[BUNDLE_HEADER_SIZE + 7] ^= 1;
	refused(sizeof(file), "the bundle is damaged: its CRC-32C is");
}

static void cut_short(void **state)
{
	(void)state;
	write_bundle();
	refused(sizeof(file) - 1, "cut short");
	refused(BUNDLE_HEADER_SIZE, "cut short");
}

static void absurd_fields(void **state)
{
	(void)state;
	write_bundle();
	bundle_write_header(file, UINT64_MAX, sizeof(file), 0);
	refused(sizeof(file), "make it again");
	bundle_write_header(file, CONFIG_SIZE, UINT64_C(1) << 40, 0);
	refused(sizeof(file), "make it again");
	bundle_write_header(file, 9000, sizeof(file), 0);
	refused(sizeof(file), "make it again");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("what is written is accepted, also with padding behind", accepted),
		CASE("other files are told apart", other_files),
		CASE("another format version is named", other_version),
		CASE("any flipped bit is noticed", any_flipped_bit),
		CASE("a bundle cut short is refused", cut_short),
		CASE("sizes that make no sense are refused", absurd_fields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
