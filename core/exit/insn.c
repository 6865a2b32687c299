/* SPDX-License-Identifier: Apache-2.0 */
/* Loads and stores without a valid syndrome. */
#include "core/exit/insn.h"

#include "core/base/bits.h"
#include "core/base/errno.h"

/* Common fields of the load/store encodings */
#define INSN_RT	 BITS(4, 0)
#define INSN_RN	 BITS(9, 5)
#define INSN_RT2 BITS(14, 10)
#define INSN_L	 BIT(22)
#define INSN_V	 BIT(26)
#define INSN_OPC BITS(31, 30)

static int64_t sign_extend(uint64_t value, unsigned int bits)
{
	return (int64_t)(value << (64 - bits)) >> (64 - bits);
}

/* xx10 100x/101x: LDP, STP, LDPSW; bits [24:23]: 00 no-allocate, 01 post, 10 offset, 11 pre */
static int decode_pair(uint32_t insn, struct insn_access *out)
{
	uint32_t opc = (uint32_t)FIELD_GET(INSN_OPC, insn);
	uint32_t mode = (uint32_t)FIELD_GET(BITS(24, 23), insn);

	if (opc == 3 || (opc == 1 && (insn & INSN_L) == 0) || (opc == 1 && mode == 0)) {
		return -EINVAL; /* unallocated, or STGP */
	}
	out->count = 2;
	out->size = opc == 2 ? 8 : 4;
	out->rt2 = (uint8_t)FIELD_GET(INSN_RT2, insn);
	out->write = (insn & INSN_L) == 0;
	out->sign_extend = opc == 1;
	out->sf = opc != 0;
	out->write_back = mode == 1 || mode == 3;
	out->post_index = mode == 1;
	out->offset = sign_extend(FIELD_GET(BITS(21, 15), insn), 7) * out->size;
	return 0;
}

/* xx11 1000 xx0: immediate post-indexed (bits [11:10] = 01) and pre-indexed (11) */
static int decode_indexed(uint32_t insn, struct insn_access *out)
{
	uint32_t opc = (uint32_t)FIELD_GET(BITS(23, 22), insn);
	uint32_t size = (uint32_t)FIELD_GET(INSN_OPC, insn);

	/* opc: 0 store, 1 load, 2 sign-extend to 64 bits, 3 to 32; not all sizes have the last two
	 */
	if (opc >= 2 && (size == 3 || (size == 2 && opc == 3))) {
		return -EINVAL;
	}
	out->count = 1;
	out->size = (uint8_t)(1U << size);
	out->write = opc == 0;
	out->sign_extend = opc >= 2;
	out->sf = size == 3 || opc == 2;
	out->write_back = true;
	out->post_index = FIELD_GET(BITS(11, 10), insn) == 1;
	out->offset = sign_extend(FIELD_GET(BITS(20, 12), insn), 9);
	return 0;
}

int insn_decode(uint32_t insn, struct insn_access *out)
{
	int err = -EINVAL;

	*out = (struct insn_access){
		.rt = (uint8_t)FIELD_GET(INSN_RT, insn),
		.rn = (uint8_t)FIELD_GET(INSN_RN, insn),
	};
	if ((insn & INSN_V) != 0) {
		return -EINVAL;
	}
	if (FIELD_GET(BITS(29, 27), insn) == 5 && (insn & BIT(25)) == 0) {
		err = decode_pair(insn, out);
	} else if (FIELD_GET(BITS(29, 27), insn) == 7 && FIELD_GET(BITS(25, 24), insn) == 0 &&
		   (insn & BIT(21)) == 0 && (insn & BIT(10)) != 0) {
		err = decode_indexed(insn, out);
	}
	if (err != 0) {
		return err;
	}
	/* CONSTRAINED UNPREDICTABLE (DDI 0487 K1.2.22): a base that is written back and
	   transferred, a pair loaded twice into one register */
	if (out->write_back && out->rn != 31 &&
	    (out->rn == out->rt || (out->count == 2 && out->rn == out->rt2))) {
		return -EINVAL;
	}
	return out->count == 2 && !out->write && out->rt == out->rt2 ? -EINVAL : 0;
}
