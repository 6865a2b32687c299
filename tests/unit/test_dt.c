/* SPDX-License-Identifier: Apache-2.0 */
/* The index over flattened trees: what it finds, and what it refuses. */
#include <string.h>

#include "core/base/errno.h"
#include "core/fdt/dt.h"
#include "tests/unit/said.h"
#include "tests/unit/tree.h"
#include "tests/unit/unit.h"

#define NAME_LONGEST 255

static struct tree_writer tree;
static struct said said;
static struct dt dt;

static int index_tree(size_t limit)
{
	static uint8_t memory[1 << 21];
	static struct arena arena;

	arena = (struct arena){memory, sizeof(memory), 0};
	said_init(&said);
	return dt_index(&dt, tree.blob, limit, &arena, &said.diag);
}

static int index_all(void)
{
	return index_tree(tree_finish(&tree));
}

/* A board in small: two buses with ranges, a GIC, aliases. */
static void write_board(void)
{
	tree_start(&tree);
	tree_reserve(&tree, 0x1000, 0x2000);
	tree_begin(&tree, "");
	tree_cell(&tree, "#address-cells", 2);
	tree_cell(&tree, "#size-cells", 2);
	tree_cell(&tree, "interrupt-parent", 7);
	tree_prop(&tree, "compatible", "acme,board\0acme,soc", 20);
	tree_begin(&tree, "aliases");
	tree_string(&tree, "serial0", "/soc@0/serial@100");
	tree_end(&tree);
	tree_begin(&tree, "gic@8000000");
	tree_string(&tree, "compatible", "arm,gic-v3");
	tree_cell(&tree, "phandle", 7);
	tree_cell(&tree, "#interrupt-cells", 3);
	tree_cells(&tree, "interrupts", TREE_CELLS(1, 9, 4));
	tree_end(&tree);
	tree_begin(&tree, "soc@0");
	tree_cell(&tree, "#address-cells", 1);
	tree_cell(&tree, "#size-cells", 1);
	tree_cells(&tree, "ranges",
		   TREE_CELLS(0, 0x8, 0x40000000, 0x1000, 0x8000, 0, 0x9000, 0x100));
	tree_begin(&tree, "serial@100");
	tree_cells(&tree, "reg", TREE_CELLS(0x100, 0x80, 0xf00, 0x200, 0x8000, 0x100));
	tree_cells(&tree, "interrupts", TREE_CELLS(0, 5, 4, 1, 3, 0xf08));
	tree_end(&tree);
	tree_begin(&tree, "bus");
	tree_cell(&tree, "#address-cells", 1);
	tree_cell(&tree, "#size-cells", 1);
	tree_prop(&tree, "ranges", NULL, 0);
	tree_string(&tree, "status", "disabled");
	tree_begin(&tree, "timer@200");
	tree_cells(&tree, "reg", TREE_CELLS(0x200, 0x10));
	tree_cells(&tree, "interrupts-extended", TREE_CELLS(7, 0, 1, 4, 7, 0, 2, 1));
	tree_end(&tree);
	tree_end(&tree);
	tree_begin(&tree, "closed");
	tree_begin(&tree, "dev@0");
	tree_cells(&tree, "reg", TREE_CELLS(0, 0, 0x10));
	tree_end(&tree);
	tree_end(&tree);
	tree_end(&tree);
	tree_end(&tree);
	assert_int_equal(index_all(), 0);
}

static void finding(void **state)
{
	char path[64];
	int serial;

	(void)state;
	write_board();
	serial = dt_find(&dt, "/soc@0/serial@100");
	assert_true(serial > 0);
	assert_int_equal(dt_find(&dt, "/soc/serial"), serial);
	assert_int_equal(dt_resolve(&dt, "serial0"), serial);
	assert_int_equal(dt_resolve(&dt, "serial0:115200n8"), serial);
	assert_int_equal(dt_resolve(&dt, "/soc@0/serial@100:9600"), serial);
	assert_int_equal(dt_find(&dt, "/"), DT_ROOT);
	assert_int_equal(dt_find(&dt, "/soc@0/serial@101"), DT_NONE);
	assert_int_equal(dt_find(&dt, "/soc@0/seria"), DT_NONE);
	assert_int_equal(dt_find(&dt, "soc"), DT_NONE);
	assert_int_equal(dt_resolve(&dt, "serial"), DT_NONE);
	assert_int_equal(dt_resolve(&dt, "serial1"), DT_NONE);
	assert_string_equal(dt_path(&dt, serial, path, sizeof(path)), "/soc@0/serial@100");
	assert_string_equal(dt_path(&dt, DT_ROOT, path, sizeof(path)), "/");
	assert_string_equal(dt_path(&dt, serial, path, 6), "/soc@");
	assert_int_equal(dt_by_phandle(&dt, 7), dt_find(&dt, "/gic"));
	assert_int_equal(dt_by_phandle(&dt, 8), DT_NONE);
	assert_int_equal(dt_by_phandle(&dt, 0), DT_NONE);
}

static void walking(void **state)
{
	int soc, count = 0;

	(void)state;
	write_board();
	soc = dt_find(&dt, "/soc");
	for (int node = soc; node != DT_NONE; node = dt_next_below(&dt, node, soc)) {
		count++;
	}
	assert_int_equal(count, 6);
	assert_int_equal(dt_next_sibling(&dt, soc), DT_NONE);
	assert_int_equal(dt_parent(&dt, soc), DT_ROOT);
	assert_int_equal(dt_parent(&dt, DT_ROOT), DT_NONE);
	assert_int_equal(dt_first_child(&dt, DT_NONE), DT_NONE);
	assert_string_equal(dt_name(&dt, DT_NONE), "");
	assert_true(dt_status_okay(&dt, soc));
	assert_false(dt_status_okay(&dt, dt_find(&dt, "/soc/bus/timer")));
}

static void properties(void **state)
{
	struct dt_prop prop;
	uint32_t cell = 0;
	uint64_t wide = 0;

	(void)state;
	write_board();
	assert_true(dt_prop(&dt, DT_ROOT, "compatible", &prop));
	assert_string_equal(dt_prop_string(&prop, 1), "acme,soc");
	assert_null(dt_prop_string(&prop, 2));
	assert_true(dt_compatible(&dt, DT_ROOT, "acme,soc"));
	assert_false(dt_compatible(&dt, DT_ROOT, "acme"));
	assert_null(dt_string(&dt, DT_ROOT, "compatible")); /* two strings are not one */
	assert_int_equal(dt_u32(&dt, DT_ROOT, "#size-cells", &cell), 0);
	assert_int_equal(cell, 2);
	assert_int_equal(dt_u32(&dt, DT_ROOT, "compatible", &cell), -EINVAL);
	assert_int_equal(dt_u32(&dt, DT_ROOT, "absent", &cell), -ENOENT);
	assert_int_equal(dt_u64(&dt, DT_ROOT, "#size-cells", &wide), 0);
	assert_int_equal(wide, 2);
	assert_false(dt_prop(&dt, DT_NONE, "compatible", &prop));
	assert_null(prop.name);
}

static void unterminated(void **state)
{
	struct dt_prop prop;

	(void)state;
	tree_start(&tree);
	tree_begin(&tree, "");
	tree_prop(&tree, "model", "abc", 3);
	tree_prop(&tree, "empty", "", 0);
	tree_end(&tree);
	assert_int_equal(index_all(), 0);
	assert_null(dt_string(&dt, DT_ROOT, "model"));
	assert_true(dt_prop(&dt, DT_ROOT, "model", &prop));
	assert_null(dt_prop_string(&prop, 0));
	assert_false(dt_prop_has_string(&prop, "abc"));
	assert_true(dt_prop(&dt, DT_ROOT, "empty", &prop));
	assert_false(dt_prop_is_strings(&prop));
	assert_int_equal(dt_prop_cell(&prop, 0), 0);
}

static void addresses(void **state)
{
	int serial;
	struct prange range;

	(void)state;
	write_board();
	serial = dt_find(&dt, "/soc/serial");
	assert_int_equal(dt_reg(&dt, serial, 0, &range), 0);
	assert_int_equal(range.base, 0x840000100);
	assert_int_equal(range.size, 0x80);
	assert_int_equal(dt_reg(&dt, serial, 1, &range), -ENODEV); /* half outside its window */
	assert_int_equal(dt_reg(&dt, serial, 2, &range), 0);
	assert_int_equal(range.base, 0x9000);
	assert_int_equal(dt_reg(&dt, serial, 3, &range), -ENOENT);
	assert_int_equal(dt_bus_reg(&dt, serial, 1, &range), 0);
	assert_int_equal(range.base, 0xf00);
	assert_int_equal(dt_reg(&dt, dt_find(&dt, "/soc/bus/timer"), 0, &range), 0);
	assert_int_equal(range.base, 0x840000200);
	assert_int_equal(dt_reg(&dt, dt_find(&dt, "/soc/closed/dev"), 0, &range), -ENODEV);
	assert_int_equal(dt_reg(&dt, dt_find(&dt, "/gic"), 0, &range), -ENOENT);
}

static void odd_cells(void **state)
{
	struct prange range;

	(void)state;
	tree_start(&tree);
	tree_begin(&tree, "");
	tree_cell(&tree, "#address-cells", 2);
	tree_cell(&tree, "#size-cells", 2);
	tree_begin(&tree, "pci");
	tree_cell(&tree, "#address-cells", 3);
	tree_cell(&tree, "#size-cells", 2);
	tree_cells(&tree, "ranges", TREE_CELLS(0x2000000, 0, 0x10000000, 0x1, 0, 0, 0x10000));
	tree_begin(&tree, "dev@0");
	tree_cells(&tree, "reg",
		   TREE_CELLS(0x2000000, 0, 0x10000100, 0, 0x10, 0x1000000, 0, 0x10000100, 0,
			      0x10));
	tree_end(&tree);
	tree_end(&tree);
	tree_begin(&tree, "wraps@0");
	tree_cells(&tree, "reg", TREE_CELLS(0xffffffff, 0xfffff000, 0, 0x2000));
	tree_end(&tree);
	tree_begin(&tree, "ragged@0");
	tree_cells(&tree, "reg", TREE_CELLS(1, 2, 3));
	tree_end(&tree);
	tree_begin(&tree, "absurd");
	tree_cell(&tree, "#address-cells", 0x40000001);
	tree_begin(&tree, "dev@0");
	tree_cells(&tree, "reg", TREE_CELLS(1, 2, 3));
	tree_end(&tree);
	tree_end(&tree);
	tree_end(&tree);
	assert_int_equal(index_all(), 0);
	assert_int_equal(dt_reg(&dt, dt_find(&dt, "/pci/dev"), 0, &range), 0);
	assert_int_equal(range.base, 0x100000100);
	assert_int_equal(dt_reg(&dt, dt_find(&dt, "/pci/dev"), 1, &range), -ENODEV);
	assert_int_equal(dt_reg(&dt, dt_find(&dt, "/wraps"), 0, &range), -EINVAL);
	assert_int_equal(dt_reg(&dt, dt_find(&dt, "/ragged"), 0, &range), -EINVAL);
	assert_int_equal(dt_reg(&dt, dt_find(&dt, "/absurd/dev"), 0, &range), -EINVAL);
}

static void interrupts(void **state)
{
	struct dt_irq irq;
	int serial, timer;

	(void)state;
	write_board();
	serial = dt_find(&dt, "/soc/serial");
	timer = dt_find(&dt, "/soc/bus/timer");
	assert_int_equal(dt_interrupt(&dt, serial, 0, &irq), 0);
	assert_int_equal(irq.intid, 37);
	assert_int_equal(irq.flags, 4);
	assert_int_equal(irq.controller, dt_find(&dt, "/gic"));
	assert_int_equal(dt_interrupt(&dt, serial, 1, &irq), 0);
	assert_int_equal(irq.intid, 19);
	assert_int_equal(irq.flags, 8);
	assert_int_equal(dt_interrupt(&dt, serial, 2, &irq), -ENOENT);
	assert_int_equal(dt_interrupt(&dt, timer, 1, &irq), 0);
	assert_int_equal(irq.intid, 34);
	assert_int_equal(dt_interrupt(&dt, timer, 2, &irq), -ENOENT);
	assert_int_equal(dt_interrupt(&dt, dt_find(&dt, "/gic"), 0, &irq), 0);
	assert_int_equal(irq.intid, 25);
	assert_int_equal(dt_interrupt(&dt, DT_ROOT, 0, &irq), -ENOENT);
}

static void interrupt_circle(void **state)
{
	struct dt_irq irq;

	(void)state;
	tree_start(&tree);
	tree_begin(&tree, "");
	tree_begin(&tree, "a");
	tree_cell(&tree, "phandle", 1);
	tree_cell(&tree, "interrupt-parent", 2);
	tree_cell(&tree, "interrupts", 5);
	tree_end(&tree);
	tree_begin(&tree, "b");
	tree_cell(&tree, "phandle", 2);
	tree_cell(&tree, "interrupt-parent", 1);
	tree_end(&tree);
	tree_begin(&tree, "c");
	tree_cells(&tree, "interrupts-extended", TREE_CELLS(2, 0, 1, 4));
	tree_end(&tree);
	tree_end(&tree);
	assert_int_equal(index_all(), 0);
	assert_int_equal(dt_interrupt(&dt, dt_find(&dt, "/a"), 0, &irq), -ENODEV);
	assert_int_equal(dt_interrupt(&dt, dt_find(&dt, "/c"), 0, &irq), -EINVAL);
}

static void reservations(void **state)
{
	(void)state;
	write_board();
	assert_int_equal(dt.reserve_count, 1);
	assert_int_equal(dt_memreserve(&dt, 0).base, 0x1000);
	assert_int_equal(dt_memreserve(&dt, 0).size, 0x2000);
}

/* A header field is changed; one sentence must say what is wrong. */
static void refused_field(uint32_t at, uint32_t value, const char *sentence)
{
	uint32_t size;

	write_board();
	size = tree_finish(&tree);
	tree_put(tree.blob + at, value);
	assert_int_not_equal(index_tree(size), 0);
	assert_int_equal(said.diag.error_count, 1);
	assert_true(said_has(&said, sentence));
}

static void bad_headers(void **state)
{
	(void)state;
	refused_field(0, 0xd00dfeee, "not a device tree");
	refused_field(4, 0x7fffffff, "cut short");
	refused_field(4, 20, "header is damaged");
	refused_field(8, 0x102, "structure block");
	refused_field(8, 0xfffffffc, "structure block");
	refused_field(12, 0xffffffff, "strings block");
	refused_field(16, 44, "memory reservation list");
	refused_field(16, 0xfffffff8, "memory reservation list");
	refused_field(20, 16, "format version 16");
	refused_field(36, 8, "without an end mark");
}

static void cut_short(void **state)
{
	uint32_t size;

	(void)state;
	write_board();
	size = tree_finish(&tree);
	for (uint32_t limit = 0; limit < size; limit++) {
		assert_int_not_equal(index_tree(limit), 0);
		assert_int_equal(said.diag.error_count, 1);
	}
	assert_int_equal(index_tree(size), 0);
}

static void refused_tree(const char *sentence)
{
	assert_int_not_equal(index_all(), 0);
	assert_int_equal(said.diag.error_count, 1);
	if (!said_has(&said, sentence)) {
		fail_msg("expected \"%s\", got %s", sentence, said.text);
	}
}

static void start_root(void)
{
	tree_start(&tree);
	tree_begin(&tree, "");
}

static void bad_structures(void **state)
{
	(void)state;
	start_root();
	tree_word(&tree, 77);
	refused_tree("unknown token");
	start_root();
	refused_tree("middle of a node");
	start_root();
	tree_end(&tree);
	tree_end(&tree);
	refused_tree("has not begun");
	start_root();
	tree_end(&tree);
	tree_begin(&tree, "");
	refused_tree("second root");
	start_root();
	tree_begin(&tree, "");
	refused_tree("has no name");
	start_root();
	tree_begin(&tree, "a/b");
	refused_tree("character that no name may have");
	start_root();
	tree_begin(&tree, "a");
	tree_end(&tree);
	tree_cell(&tree, "late", 1);
	refused_tree("outside the place for properties");
	start_root();
	tree_word(&tree, 3);
	tree_word(&tree, 0xfffffff0);
	tree_word(&tree, 0);
	refused_tree("longer than the tree");
	start_root();
	tree_word(&tree, 3);
	tree_word(&tree, 0);
	tree_word(&tree, 0x100000);
	refused_tree("outside the strings");
}

/* Names are read four characters at a time: each place in one, each value. */
static void name_characters(void **state)
{
	(void)state;
	for (size_t at = 0; at < 9; at++) {
		for (unsigned int c = 1; c < 256; c++) {
			char name[] = "ABCDEFGHI";
			bool good = c >= '!' && c <= '~' && c != '/';

			name[at] = (char)c;
			start_root();
			tree_begin(&tree, name);
			tree_end(&tree);
			tree_end(&tree);
			if (good) {
				assert_int_equal(index_all(), 0);
				assert_string_equal(dt_name(&dt, 1), name);
			} else {
				refused_tree("character that no name may have");
			}
		}
	}
}

static void name_lengths(void **state)
{
	char name[NAME_LONGEST + 10] = "";

	(void)state;
	for (size_t len = 1; len <= NAME_LONGEST + 9; len++) {
		memset(name, 'n', len);
		start_root();
		tree_begin(&tree, name);
		tree_cell(&tree, "one", (uint32_t)len);
		tree_end(&tree);
		tree_end(&tree);
		if (len <= NAME_LONGEST) {
			uint32_t value = 0;

			assert_int_equal(index_all(), 0);
			assert_int_equal(dt_u32(&dt, 1, "one", &value), 0);
			assert_int_equal(value, len);
		} else {
			refused_tree("name does not end");
		}
	}
}

/* A damaged property behind good ones, and one whose value ends with the tree. */
static void bad_properties(void **state)
{
	static const struct {
		uint32_t len, name;
		const char *sentence;
	} cases[] = {
		{0xfffffff0, 0, "longer than the tree"}, {0xffffffff, 0, "longer than the tree"},
		{4, 0, "without an end mark"},		 {5, 0, "longer than the tree"},
		{0, 8, "outside the strings"},		 {0, 0xffffffff, "outside the strings"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		start_root();
		tree_cell(&tree, "one", 1);
		tree_cell(&tree, "two", 2);
		tree_word(&tree, 3);
		tree_word(&tree, cases[i].len);
		tree_word(&tree, cases[i].name);
		refused_tree(cases[i].sentence);
	}
}

/* A name that begins as another, in both orders, with NOPs between. */
static void like_names(void **state)
{
	struct dt_prop prop;

	(void)state;
	start_root();
	tree_word(&tree, 4);
	tree_cell(&tree, "reg-names", 1);
	tree_word(&tree, 4);
	tree_word(&tree, 4);
	tree_cell(&tree, "reg", 2);
	tree_cell(&tree, "re", 3);
	tree_prop(&tree, "flag", NULL, 0);
	tree_end(&tree);
	assert_int_equal(index_all(), 0);
	assert_true(dt_prop(&dt, DT_ROOT, "reg", &prop));
	assert_int_equal(dt_prop_cell(&prop, 0), 2);
	assert_true(dt_prop(&dt, DT_ROOT, "re", &prop));
	assert_int_equal(dt_prop_cell(&prop, 0), 3);
	assert_true(dt_prop(&dt, DT_ROOT, "flag", NULL));
	assert_false(dt_prop(&dt, DT_ROOT, "r", NULL));
	assert_false(dt_prop(&dt, DT_ROOT, "", NULL));
	assert_false(dt_prop(&dt, DT_ROOT, "regs", &prop));
	assert_null(prop.name);
	assert_int_equal(prop.len, 0);
}

static void absurd_sizes(void **state)
{
	(void)state;
	start_root();
	for (int i = 0; i < DT_DEPTH_MAX; i++) {
		tree_begin(&tree, "n");
	}
	refused_tree("nested more than 32 deep");
}

static void bad_phandles(void **state)
{
	(void)state;
	start_root();
	tree_cell(&tree, "phandle", 0);
	tree_end(&tree);
	refused_tree("not a phandle");
	start_root();
	tree_begin(&tree, "a");
	tree_cell(&tree, "phandle", 5);
	tree_end(&tree);
	tree_begin(&tree, "b");
	tree_cell(&tree, "linux,phandle", 5);
	tree_end(&tree);
	tree_end(&tree);
	refused_tree("phandle of /a already");
}

static void full_arena(void **state)
{
	static uint8_t memory[64];
	struct arena arena = {memory, sizeof(memory), 0};

	(void)state;
	write_board();
	said_init(&said);
	assert_int_equal(dt_index(&dt, tree.blob, tree_finish(&tree), &arena, &said.diag), -ENOMEM);
	assert_true(said_has(&said, "too many nodes"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("nodes are found by path, alias and phandle", finding),
		CASE("a walk visits a subtree and nothing else", walking),
		CASE("properties are read with their lengths checked", properties),
		CASE("a string without an end is no string", unterminated),
		CASE("reg is translated through every ranges", addresses),
		CASE("three-cell buses, wrapping and ragged reg are handled", odd_cells),
		CASE("interrupts become INTIDs through their parents", interrupts),
		CASE("a circle of interrupt-parents ends", interrupt_circle),
		CASE("memory reservations are read", reservations),
		CASE("a damaged header is refused with its reason", bad_headers),
		CASE("a tree cut short anywhere is refused", cut_short),
		CASE("a malformed structure is refused with its reason", bad_structures),
		CASE("a name has the characters from ! to ~ but for the slash", name_characters),
		CASE("a name has up to 255 characters", name_lengths),
		CASE("a damaged property behind good ones is refused", bad_properties),
		CASE("a property is found by its whole name", like_names),
		CASE("absurd nesting is refused", absurd_sizes),
		CASE("a phandle of 0 or of two nodes is refused", bad_phandles),
		CASE("an arena that is too small is refused", full_arena),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
