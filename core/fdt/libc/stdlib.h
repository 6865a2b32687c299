/* SPDX-License-Identifier: Apache-2.0 */
/* What libfdt_env.h asks for by this name: EL2 has its own (see CFLAGS in the Makefile). */
#ifndef CORE_FDT_LIBC_STDLIB_H
#define CORE_FDT_LIBC_STDLIB_H

#include "core/base/string.h"

#endif
