/* SPDX-License-Identifier: Apache-2.0 */
/* Loads and stores decoded by software. DDI 0487 C4.1 and C6.2. */
#include "core/exit/insn.h"

#include "core/base/errno.h"
#include "core/base/types.h"
#include "tests/unit/insn_cases.h"
#include "tests/unit/unit.h"

static void assembled(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(insn_cases); i++) {
		const struct insn_access *want = &insn_cases[i].access;
		struct insn_access got;

		if (insn_decode(insn_cases[i].word, &got) != 0) {
			fail_msg("refused: %s", insn_cases[i].text);
		}
		if (got.count != want->count || got.size != want->size || got.rt != want->rt ||
		    (want->count == 2 && got.rt2 != want->rt2) || got.rn != want->rn ||
		    got.write != want->write || got.sign_extend != want->sign_extend ||
		    (!want->write && got.sf != want->sf) || got.write_back != want->write_back ||
		    got.offset != want->offset ||
		    (want->write_back && got.post_index != want->post_index)) {
			fail_msg("decoded wrongly: %s", insn_cases[i].text);
		}
	}
}

static void others(void **state)
{
	struct insn_access access;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(insn_refused); i++) {
		if (insn_decode(insn_refused[i].word, &access) != -EINVAL) {
			fail_msg("taken: %s", insn_refused[i].text);
		}
	}
}

/* DDI 0487 K1.2: the base is transferred and written back, or one register is loaded twice. What
 * the assembler refuses to make is built by register numbers. */
static void unpredictable(void **state)
{
	static const struct {
		uint32_t word; /* with all register fields 0 */
		uint32_t rt, rt2, rn;
		int result;
	} cases[] = {
		{0xa8c00000, 0, 1, 0, -EINVAL},	  /* ldp x0, x1, [x0], #0 */
		{0xa8c00000, 0, 1, 1, -EINVAL},	  /* ldp x0, x1, [x1], #0 */
		{0xa9c00000, 0, 1, 1, -EINVAL},	  /* ldp x0, x1, [x1, #0]! */
		{0xa9800000, 3, 4, 4, -EINVAL},	  /* stp x3, x4, [x4, #0]! */
		{0xa9400000, 5, 5, 0, -EINVAL},	  /* ldp x5, x5, [x0] */
		{0xa9400000, 31, 31, 0, -EINVAL}, /* ldp xzr, xzr, [x0] */
		{0x69400000, 5, 5, 0, -EINVAL},	  /* ldpsw x5, x5, [x0] */
		{0xa8400000, 5, 5, 0, -EINVAL},	  /* ldnp x5, x5, [x0] */
		{0xf8400400, 7, 0, 7, -EINVAL},	  /* ldr x7, [x7], #0 */
		{0x38000c00, 7, 0, 7, -EINVAL},	  /* strb w7, [x7, #0]! */
		{0xb8800c00, 7, 0, 7, -EINVAL},	  /* ldrsw x7, [x7, #0]! */
		/* and these are none of it */
		{0xa9000000, 5, 5, 0, 0},    /* stp x5, x5, [x0] */
		{0xa9400000, 0, 1, 0, 0},    /* ldp x0, x1, [x0]: no write-back */
		{0xa9000000, 0, 1, 1, 0},    /* stp x0, x1, [x1] */
		{0xa8800000, 31, 31, 31, 0}, /* stp xzr, xzr, [sp], #0: 31 is not one register */
		{0xf8400400, 31, 0, 31, 0},  /* ldr xzr, [sp], #0 */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		uint32_t word = cases[i].word | cases[i].rt | cases[i].rn << 5 | cases[i].rt2 << 10;
		struct insn_access access;

		if (insn_decode(word, &access) != cases[i].result) {
			fail_msg("case %zu: 0x%08x", i, word);
		}
	}
}

static void unallocated(void **state)
{
	struct insn_access access;

	(void)state;
	for (uint32_t mode = 0; mode < 4; mode++) {
		/* opc 3 of pairs; LDNP has no signed form */
		assert_int_equal(insn_decode(0xe8000000 | mode << 23 | 1 << 10, &access), -EINVAL);
		assert_int_equal(insn_decode(0xe8400000 | mode << 23 | 1 << 10, &access), -EINVAL);
	}
	assert_int_equal(insn_decode(0x68400000 | 1 << 10, &access), -EINVAL);
	/* sizes that can't be extended */
	assert_int_equal(insn_decode(0xf8c00420, &access), -EINVAL);
	assert_int_equal(insn_decode(0xf8800420, &access), -EINVAL);
	assert_int_equal(insn_decode(0xb8c00420, &access), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("each form is decoded as the assembler means it", assembled),
		CASE("everything else is refused", others),
		CASE("constrained unpredictable forms are refused, their neighbours are not",
		     unpredictable),
		CASE("unallocated encodings are refused", unallocated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
