/* SPDX-License-Identifier: Apache-2.0 */
/* Names for addresses of the image's text: the table that the linker step makes (tools/symtab.py).
 */
#include "core/arm64/image.h"
#include "core/base/format.h"
#include "core/exit/el2_fault.h"
#include "core/exit/symtab.h"

const char *symbol_name(uint64_t address, char *buf, size_t size)
{
	uint64_t offset = address - (uint64_t)image_start;
	uint32_t low = 0, high = symtab_count;

	if (address < (uint64_t)image_start || address >= (uint64_t)text_end || high == 0 ||
	    offset < symtab_offsets[0]) {
		format(buf, size, "?");
		return buf;
	}
	while (high - low > 1) {
		uint32_t middle = (low + high) / 2;

		if (symtab_offsets[middle] <= offset) {
			low = middle;
		} else {
			high = middle;
		}
	}
	format(buf, size, "%s+0x%llx", symtab_names + symtab_name_offsets[low],
	       (unsigned long long)(offset - symtab_offsets[low]));
	return buf;
}
