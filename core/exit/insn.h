/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loads and stores that come without a valid syndrome: register pairs, and the forms that write
 * back the base. DDI 0487 C4.1.66 "Loads and Stores". Pure.
 */
#ifndef CORE_EXIT_INSN_H
#define CORE_EXIT_INSN_H

#include "core/base/types.h"

struct insn_access {
	uint8_t count;	 /* registers: 1 or 2, at consecutive addresses */
	uint8_t size;	 /* bytes of each */
	uint8_t rt, rt2; /* 31: the zero register */
	uint8_t rn;	 /* base; 31: the stack pointer */
	bool write;
	bool sign_extend;
	bool sf; /* loads: into X, not W */
	bool write_back;
	int64_t offset;	 /* added to the base for the address, unless post_index */
	bool post_index; /* the address is the base; offset is added after */
};

/* 0, or -EINVAL for everything that is no such access of general registers. */
int insn_decode(uint32_t insn, struct insn_access *out);

#endif
