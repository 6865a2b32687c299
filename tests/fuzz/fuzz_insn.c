/* SPDX-License-Identifier: Apache-2.0 */
/* Any instruction: decoded to an access that can be done, or refused. */
#include "core/base/bits.h"
#include "core/exit/insn.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct insn_access access;
	uint32_t insn;

	for (; size >= sizeof(insn); data += sizeof(insn), size -= sizeof(insn)) {
		memcpy(&insn, data, sizeof(insn));
		if (insn_decode(insn, &access) != 0) {
			continue;
		}
		PROMISE(access.count == 1 || access.count == 2);
		PROMISE(is_power_of_two(access.size) && access.size <= 8);
		PROMISE(access.rt <= 31 && access.rt2 <= 31 && access.rn <= 31);
		PROMISE(access.offset >= -1024 && access.offset <= 32760);
		/* UNPREDICTABLE forms must have been refused. */
		PROMISE(!access.write_back || access.rn == 31 || access.rt != access.rn);
		PROMISE(access.write || access.count == 1 || access.rt != access.rt2);
	}
	return 0;
}
