/* SPDX-License-Identifier: Apache-2.0 */
/* Text as a terminal may be shown it. */
#include "core/base/text.h"

#include "core/base/bits.h"

#define DELETE 0x7f
#define C1_END 0xa0

/* Bytes behind the first of a character in UTF-8; 0: it is none. */
static inline uint32_t more_of(uint8_t lead)
{
	return lead < 0xc2 || lead > 0xf4 ? 0 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
}

/* RFC 3629 4: which bytes may be second. What else could be written so has a shorter form, is a
 * surrogate, or lies behind the last character. */
static inline bool may_follow(uint8_t lead, uint8_t second)
{
	uint8_t low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
	uint8_t high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;

	return second >= low && second <= high;
}

static inline bool goes_on(const uint8_t *bytes, uint32_t at)
{
	return at == 1 ? may_follow(bytes[0], bytes[1]) : (bytes[at] & 0xc0) == 0x80;
}

/* Bytes of the character at `bytes`, of more than ASCII; 0: it is not to be shown. */
static inline uint32_t take(const uint8_t *bytes, uint32_t left)
{
	uint32_t more = more_of(bytes[0]), i = 1;

	while (i <= more && i < left && goes_on(bytes, i)) {
		i++;
	}
	if (more == 0 || i <= more) {
		return bytes[0] >= C1_END; /* alone */
	}
	return bytes[0] == 0xc2 && bytes[1] < C1_END ? 0 : i;
}

uint32_t text_clean(void *text, uint32_t len)
{
	uint8_t *bytes = text;
	uint32_t to = 0, i = 0;

	while (i < len) {
		uint32_t count = bytes[i] < DELETE ? bytes[i] >= ' ' || bytes[i] == '\n' :
						     take(bytes + i, len - i);

		i += count == 0;
		for (; count != 0; count--) {
			bytes[to++] = bytes[i++];
		}
	}
	return to;
}

uint32_t text_cut(const void *text, uint32_t len)
{
	const uint8_t *bytes = text;

	for (uint32_t count = 1; count <= MIN(len, 3U); count++) {
		const uint8_t *lead = bytes + len - count;
		bool whole = true;

		if (lead[0] >= 0x80 && lead[0] < 0xc0) {
			continue;
		}
		for (uint32_t i = 1; i < count; i++) {
			whole = whole && goes_on(lead, i);
		}
		return whole && count <= more_of(lead[0]) ? count : 0;
	}
	return 0;
}
