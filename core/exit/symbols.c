/* SPDX-License-Identifier: Apache-2.0 */
/* Names for addresses of the image's text: the table that the linker step makes (tools/symtab.py).
 */
#include "core/arm64/image.h"
#include "core/base/format.h"
#include "core/base/string.h"
#include "core/exit/el2_fault.h"
#include "core/exit/symtab.h"

#define INSTRUCTION UINT64_C(4) /* bytes */

const char *symbol_name(uint64_t address, char *buf, size_t size)
{
	uint64_t offset = address - (uint64_t)image_start;
	const char *name = symtab_names;
	uint64_t at = symtab_steps[0] * INSTRUCTION, next;

	if (address < (uint64_t)image_start || address >= (uint64_t)text_end || symtab_count == 0 ||
	    offset < at) {
		format(buf, size, "?");
		return buf;
	}
	for (uint32_t i = 1; i < symtab_count; i++, at = next) {
		next = at + symtab_steps[i] * INSTRUCTION;
		if (next > offset) {
			break;
		}
		name += strlen(name) + 1;
	}
	format(buf, size, "%s+0x%llx", name, (unsigned long long)(offset - at));
	return buf;
}
