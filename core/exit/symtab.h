/* SPDX-License-Identifier: Apache-2.0 */
/* The table of the image's own text symbols, made when it is linked (tools/symtab.py). */
#ifndef CORE_EXIT_SYMTAB_H
#define CORE_EXIT_SYMTAB_H

#include "core/base/types.h"

extern const uint32_t symtab_count;
extern const uint16_t
	symtab_steps[];		  /* instructions from the one before, the first from the image */
extern const char symtab_names[]; /* each NUL-terminated, in that order */

#endif
