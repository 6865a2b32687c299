/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sentences for the person who wrote the config.
 *
 * The parsers report through a sink: the host's checker prints, the hypervisor logs. All errors are
 * reported, none stops the next. Nothing here allocates; a sentence longer than DIAG_TEXT_MAX is
 * cut.
 */
#ifndef CORE_BASE_DIAG_H
#define CORE_BASE_DIAG_H

#include "core/base/types.h"

#define DIAG_TEXT_MAX 320

enum diag_level {
	DIAG_NOTE,  /* worth knowing; nothing is refused        */
	DIAG_ERROR, /* the VM or the config it stands in is refused */
};

struct diag {
	/* One whole sentence without newline. Constant after set-up. */
	void (*emit)(void *ctx, enum diag_level level, const char *text);
	void *ctx;
	unsigned int error_count; /* DIAG_ERRORs so far; a caller compares before and after */
};

/* "PATH: PROPERTY: sentence"; path or property may be NULL. */
void diag_error(struct diag *diag, const char *path, const char *property, const char *fmt, ...)
	PRINTF_LIKE(4, 5);
void diag_note(struct diag *diag, const char *path, const char *property, const char *fmt, ...)
	PRINTF_LIKE(4, 5);

#endif
