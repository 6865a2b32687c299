/* SPDX-License-Identifier: Apache-2.0 */
/* What the user reads: sentences on stderr, coloured on a terminal only. */
#ifndef TOOLS_CONFIG_REPORT_H
#define TOOLS_CONFIG_REPORT_H

#include "core/base/diag.h"

/* "error: FILE: sentence"; notes likewise. Counts errors in diag.error_count. */
struct report {
	struct diag diag;
	const char *file; /* that the sentences are about */
};

void report_init(struct report *report, const char *file);
void report_error(const char *fmt, ...) PRINTF_LIKE(1, 2);
void report_note(const char *fmt, ...) PRINTF_LIKE(1, 2);

#endif
