/* SPDX-License-Identifier: Apache-2.0 */
/* A VM's GICv2m frame. DEN 0029 appendix E. */
#include "core/config/guest_map_types.h"
#include "tests/unit/fake_gic.h"
#include "tests/unit/unit.h"

#define TYPER	   0x008
#define SETSPI_NS  0x040
#define IIDR	   0xfcc
#define FRAME_SIZE 0x1000

/* On the virt machine: SPIs 48 to 111. */
#define FIRST 80
#define LAST  143
#define SPIS  128

static uint64_t get(uint32_t off, uint32_t size)
{
	uint64_t value = UINT64_MAX;

	assert_int_equal(fake_access(0, &vgic_v2m_ops, off, size, &value), 0);
	assert_true((value & ~(UINT64_MAX >> (64 - 8 * size))) == 0);
	return value;
}

static void put(uint32_t off, uint32_t size, uint64_t value)
{
	assert_int_equal(fake_access(0, &vgic_v2m_ops, off, size | FAKE_WRITE, &value), 0);
}

static bool pending(uint32_t intid)
{
	return fake_bit(0, 0, GICD_ISPENDR, intid);
}

static void nothing_pends(void)
{
	for (uint32_t intid = INTID_SPI; intid < INTID_SPI + SPIS; intid++) {
		assert_false(pending(intid));
	}
	assert_int_equal(fake_pending(0), FAKE_SPURIOUS);
}

static int set_up(void **state)
{
	(void)state;
	fake_gic_boot(1, 4, SPIS);
	for (uint32_t intid = INTID_SPI; intid < INTID_SPI + SPIS; intid++) {
		fake_set_edge(0, 0, intid, true);
		fake_set_priority(0, 0, intid, 0x80);
		fake_set_bit(0, 0, GICD_ISENABLER, intid);
	}
	return 0;
}

static void says_what_it_has(void **state)
{
	uint64_t typer = get(TYPER, 4);

	(void)state;
	assert_int_equal(FIRST, INTID_SPI + GUEST_V2M_SPI);
	assert_int_equal(typer, FIRST << 16 | (LAST - FIRST + 1));
	put(TYPER, 4, UINT32_MAX);
	assert_int_equal(get(TYPER, 4), typer);
	assert_int_equal(get(TYPER, 2), LAST - FIRST + 1);
	assert_int_equal(get(TYPER + 2, 2), FIRST);
	assert_int_equal(vgic_v2m_ops.sizes, 2 | 4);
}

static void others_are_nothing(void **state)
{
	(void)state;
	for (uint32_t off = 0; off < FRAME_SIZE; off += 2) {
		if (off != SETSPI_NS) {
			put(off, 2, FIRST);
		}
		if ((off & ~2U) != TYPER) {
			assert_int_equal(get(off, 2), 0);
		}
		if (off % 4 == 0 && off != SETSPI_NS) {
			put(off, 4, FIRST);
		}
		if (off % 4 == 0 && off != TYPER) {
			assert_int_equal(get(off, 4), 0);
		}
	}
	nothing_pends();
}

static void each_message(void **state)
{
	(void)state;
	for (uint32_t intid = FIRST; intid <= LAST; intid++) {
		put(SETSPI_NS, intid % 2 == 0 ? 2 : 4, intid);
		assert_true(pending(intid));
		assert_int_equal(fake_ack(0), intid);
		assert_false(pending(intid));
		fake_eoi(0, intid);
		nothing_pends();
	}
}

/* A message is an edge: sent twice before it is taken it comes once, and again when sent again. */
static void again(void **state)
{
	(void)state;
	put(SETSPI_NS, 4, FIRST);
	put(SETSPI_NS, 4, FIRST);
	assert_int_equal(fake_ack(0), FIRST);
	put(SETSPI_NS, 4, FIRST);
	fake_eoi(0, FIRST);
	assert_int_equal(fake_ack(0), FIRST);
	fake_eoi(0, FIRST);
	nothing_pends();
}

/* Bits 31:10 are reserved; INTIDs that are not the frame's are nobody's. */
static void out_of_range(void **state)
{
	(void)state;
	for (uint32_t intid = 0; intid < 1024; intid++) {
		if (intid < FIRST || intid > LAST) {
			put(SETSPI_NS, 4, intid);
			put(SETSPI_NS, 2, intid);
		}
	}
	put(SETSPI_NS, 4, UINT32_MAX);
	put(SETSPI_NS, 2, UINT16_MAX);
	nothing_pends();
	put(SETSPI_NS, 4, 0xfffffc00U | LAST);
	assert_int_equal(fake_ack(0), LAST);
	fake_eoi(0, LAST);
	nothing_pends();
}

static void level_sensitive(void **state)
{
	(void)state;
	fake_set_edge(0, 0, FIRST + 1, false);
	put(SETSPI_NS, 4, FIRST + 1);
	nothing_pends();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE_IN("its type register says which SPIs it has", says_what_it_has, set_up),
		CASE_IN("all else reads as zero and does nothing", others_are_nothing, set_up),
		CASE_IN("each of its INTIDs is an interrupt", each_message, set_up),
		CASE_IN("a message is one edge", again, set_up),
		CASE_IN("no other INTID is", out_of_range, set_up),
		CASE_IN("nothing stays where the SPI is level-sensitive", level_sensitive, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
