/* SPDX-License-Identifier: Apache-2.0 */
/* "Did you mean": the nearest of some words to one that is not known. Pure. */
#ifndef CORE_CONFIG_SUGGEST_H
#define CORE_CONFIG_SUGGEST_H

#include "core/base/types.h"

#define SUGGEST_WORD_MAX 48 /* longer words are never near anything */

struct suggest {
	const char *word;
	const char *best; /* NULL: nothing is near enough */
	unsigned int distance;
};

void suggest_begin(struct suggest *s, const char *word);

/* Offers one candidate; it must stay as long as `s`. */
void suggest_try(struct suggest *s, const char *candidate);

/* Letters to insert, drop or replace to make one word of the other; UINT32_MAX when one is too
 * long. */
unsigned int suggest_distance(const char *a, const char *b);

#endif
