/* SPDX-License-Identifier: Apache-2.0 */
/* Edit distance, and the candidate with the smallest. */
#include "core/config/suggest.h"

#include "core/base/string.h"

unsigned int suggest_distance(const char *a, const char *b)
{
	size_t len_a = strnlen(a, SUGGEST_WORD_MAX + 1), len_b = strnlen(b, SUGGEST_WORD_MAX + 1);
	uint8_t row[SUGGEST_WORD_MAX + 1]; /* distances of a[0..i) to each beginning of b */

	if (len_a > SUGGEST_WORD_MAX || len_b > SUGGEST_WORD_MAX) {
		return UINT32_MAX;
	}
	for (size_t j = 0; j <= len_b; j++) {
		row[j] = (uint8_t)j;
	}
	for (size_t i = 1; i <= len_a; i++) {
		unsigned int diagonal = row[0];

		row[0] = (uint8_t)i;
		for (size_t j = 1; j <= len_b; j++) {
			unsigned int replace = diagonal + (a[i - 1] != b[j - 1]);
			unsigned int other = MIN(row[j], row[j - 1]) + 1U;

			diagonal = row[j];
			row[j] = (uint8_t)MIN(replace, other);
		}
	}
	return row[len_b];
}

void suggest_begin(struct suggest *s, const char *word)
{
	unsigned int wrong = (unsigned int)strlen(word) / 3 + 1;

	/* About a third of the letters may be wrong: beyond that a suggestion only confuses. */
	*s = (struct suggest){.word = word, .distance = strlen(word) < 3 ? 1 : MIN(wrong, 3U) + 1};
}

void suggest_try(struct suggest *s, const char *candidate)
{
	unsigned int distance = suggest_distance(s->word, candidate);

	if (distance < s->distance) {
		s->distance = distance;
		s->best = candidate;
	}
}
