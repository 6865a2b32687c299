/* SPDX-License-Identifier: Apache-2.0 */
/* What the user reads: sentences on stderr, coloured on a terminal only. */
#ifndef TOOLS_CONFIG_REPORT_H
#define TOOLS_CONFIG_REPORT_H

#include "core/base/diag.h"
#include "tools/config/blob.h"

#define REPORT_SUBJECT_MAX 128

/*
 * "error: FILE: sentence"; notes likewise. Counts errors in diag.error_count. Of several errors
 * about the same `data` the first alone is printed: what was found wrong before it was unpacked
 * says more than what the validator then makes of it.
 */
struct report {
	struct diag diag;
	const char *file;	  /* that the sentences are about */
	const struct blob *lines; /* of tools/dtsdeps.py --lines; NULL or empty: not known */
	char subject[REPORT_SUBJECT_MAX]
		    [REPORT_SUBJECT_MAX]; /* "/images/a: data: " that were printed */
	unsigned int subject_count;
};

void report_init(struct report *report, const char *file);
void report_error(const char *fmt, ...) PRINTF_LIKE(1, 2);
void report_note(const char *fmt, ...) PRINTF_LIKE(1, 2);

#endif
