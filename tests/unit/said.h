/* SPDX-License-Identifier: Apache-2.0 */
/* A sink for sentences that a test can look into. */
#ifndef TESTS_UNIT_SAID_H
#define TESTS_UNIT_SAID_H

#include <string.h>

#include "core/base/diag.h"

struct said {
	struct diag diag;
	char text[8192]; /* all sentences, each ended by a newline */
};

static inline void said_emit(void *ctx, enum diag_level level, const char *text)
{
	struct said *said = ctx;

	(void)level;
	strncat(said->text, text, sizeof(said->text) - strlen(said->text) - 1);
	strncat(said->text, "\n", sizeof(said->text) - strlen(said->text) - 1);
}

static inline void said_init(struct said *said)
{
	memset(said, 0, sizeof(*said));
	said->diag.emit = said_emit;
	said->diag.ctx = said;
}

static inline bool said_has(const struct said *said, const char *part)
{
	return strstr(said->text, part) != NULL;
}

#endif
