/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory and string functions for EL2 and the libfdt it links.
 *
 * Compiled with -mstrict-align: big copies and fills go by aligned 64-bit words, also when source
 * and target are not aligned alike (images in a bundle lie at any multiple of 4).
 */
#include "core/base/string.h"

#include "core/base/bits.h"

typedef uint64_t __attribute__((may_alias)) word_t;

#define WORD	   sizeof(word_t)
#define SMALL_SIZE 32 /* below this, going byte by byte costs less than aligning */

/* Keeps the compiler from recognising a loop as the very function it stands in. */
#define OPAQUE(p) asm("" : "+r"(p))

static void copy_bytes(uint8_t *dst, const uint8_t *src, size_t size)
{
	for (; size > 0; size--) {
		*dst++ = *src++;
		OPAQUE(dst);
	}
}

/* Both aligned to words. */
static void copy_words(word_t *dst, const word_t *src, size_t count)
{
	for (; count >= 8; count -= 8, dst += 8, src += 8) {
		word_t a = src[0], b = src[1], c = src[2], d = src[3];
		word_t e = src[4], f = src[5], g = src[6], h = src[7];

		dst[0] = a;
		dst[1] = b;
		dst[2] = c;
		dst[3] = d;
		dst[4] = e;
		dst[5] = f;
		dst[6] = g;
		dst[7] = h;
		OPAQUE(dst);
	}
	for (; count > 0; count--) {
		*dst++ = *src++;
		OPAQUE(dst);
	}
}

/*
 * dst is aligned, src lies 1 to 7 bytes past a word: each word of dst is put together from two of
 * src. The last word read holds at least one byte of the source, so no page is touched that it does
 * not lie in.
 */
__attribute__((no_sanitize_address)) static void copy_shifted(word_t *dst, const uint8_t *src,
							      size_t count)
{
	unsigned int low = ((uintptr_t)src % WORD) * 8, high = 64 - low;
	const word_t *word = (const word_t *)((uintptr_t)src & ~(WORD - 1));
	word_t current = *word;

	for (; count >= 4; count -= 4, dst += 4, word += 4) {
		word_t a = word[1], b = word[2], c = word[3], d = word[4];

		dst[0] = (current >> low) | (a << high);
		dst[1] = (a >> low) | (b << high);
		dst[2] = (b >> low) | (c << high);
		dst[3] = (c >> low) | (d << high);
		current = d;
		OPAQUE(dst);
	}
	for (; count > 0; count--) {
		word_t next = *++word;

		*dst++ = (current >> low) | (next << high);
		current = next;
		OPAQUE(dst);
	}
}

void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
	uint8_t *dst = to;
	const uint8_t *src = from;
	size_t head, body;

	if (size < SMALL_SIZE) {
		if ((((uintptr_t)dst | (uintptr_t)src | size) & (WORD - 1)) == 0) {
			copy_words(to, from, size / WORD);
		} else {
			copy_bytes(dst, src, size);
		}
		return to;
	}
	head = -(uintptr_t)dst % WORD;
	copy_bytes(dst, src, head);
	dst += head;
	src += head;
	size -= head;
	body = size & ~(WORD - 1);
	if ((uintptr_t)src % WORD == 0) {
		copy_words((word_t *)dst, (const word_t *)src, body / WORD);
	} else {
		copy_shifted((word_t *)dst, src, body / WORD);
	}
	copy_bytes(dst + body, src + body, size - body);
	return to;
}

void *memmove(void *to, const void *from, size_t size)
{
	uint8_t *dst = to;
	const uint8_t *src = from;

	if ((uintptr_t)dst - (uintptr_t)src >= size) {
		/* The target begins before the source or past its end: ascending is safe either
		 * way. */
		if ((uintptr_t)src - (uintptr_t)dst >= size) {
			return memcpy(to, from, size);
		}
		copy_bytes(dst, src, size);
		return to;
	}
	while (size > 0) {
		size--;
		dst[size] = src[size];
		OPAQUE(dst);
	}
	return to;
}

void *memset(void *to, int byte, size_t size)
{
	word_t pattern = (uint8_t)byte * UINT64_C(0x0101010101010101);
	uint8_t *dst = to;
	word_t *word;

	for (; size > 0 && (uintptr_t)dst % WORD != 0; size--) {
		*dst++ = (uint8_t)byte;
		OPAQUE(dst);
	}
	word = (word_t *)dst;
	for (; size >= 16 * WORD; size -= 16 * WORD, word += 16) {
		word[0] = pattern;
		word[1] = pattern;
		word[2] = pattern;
		word[3] = pattern;
		word[4] = pattern;
		word[5] = pattern;
		word[6] = pattern;
		word[7] = pattern;
		word[8] = pattern;
		word[9] = pattern;
		word[10] = pattern;
		word[11] = pattern;
		word[12] = pattern;
		word[13] = pattern;
		word[14] = pattern;
		word[15] = pattern;
		OPAQUE(word);
	}
	for (; size >= WORD; size -= WORD, word++) {
		*word = pattern;
		OPAQUE(word);
	}
	for (dst = (uint8_t *)word; size > 0; size--) {
		*dst++ = (uint8_t)byte;
		OPAQUE(dst);
	}
	return to;
}

int memcmp(const void *a, const void *b, size_t size)
{
	const uint8_t *p = a, *q = b;

	for (; size > 0; size--, p++, q++) {
		if (*p != *q) {
			return *p - *q;
		}
	}
	return 0;
}

void *memchr(const void *mem, int byte, size_t size)
{
	const uint8_t *p = mem;

	for (; size > 0; size--, p++) {
		if (*p == (uint8_t)byte) {
			return (void *)(uintptr_t)p;
		}
	}
	return NULL;
}

/* Non-zero when a byte of the word is 0; the lowest bit set is in the first such byte. */
static uint64_t zero_bytes(uint64_t word)
{
	return (word - UINT64_C(0x0101010101010101)) & ~word & UINT64_C(0x8080808080808080);
}

/* By aligned words: each holds a byte of the string, so no page is touched that it has no part in.
 */
__attribute__((no_sanitize_address)) size_t strlen(const char *s)
{
	const word_t *word = (const word_t *)((uintptr_t)s & ~(WORD - 1));
	uint64_t before = BIT((uintptr_t)s % WORD * 8) - 1; /* bytes before s are no end */
	uint64_t zero = zero_bytes(*word | before);

	while (zero == 0) {
		zero = zero_bytes(*++word);
		OPAQUE(word);
	}
	return (uintptr_t)word + (unsigned int)__builtin_ctzll(zero) / 8 - (uintptr_t)s;
}

size_t strnlen(const char *s, size_t max)
{
	size_t len = 0;

	while (len < max && s[len] != '\0') {
		len++;
	}
	return len;
}

int strcmp(const char *a, const char *b)
{
	uint8_t x, y;

	do {
		x = (uint8_t)*a++;
		y = (uint8_t)*b++;
		OPAQUE(a);
		OPAQUE(b);
	} while (x == y && x != '\0');
	return x - y;
}

int strncmp(const char *a, const char *b, size_t max)
{
	for (; max > 0; max--, a++, b++) {
		if (*a != *b || *a == '\0') {
			return (uint8_t)*a - (uint8_t)*b;
		}
	}
	return 0;
}

char *strchr(const char *s, int c)
{
	for (; *s != (char)c; s++) {
		if (*s == '\0') {
			return NULL;
		}
	}
	return (char *)(uintptr_t)s;
}

char *strrchr(const char *s, int c)
{
	const char *last = NULL;

	for (;; s++) {
		if (*s == (char)c) {
			last = s;
		}
		if (*s == '\0') {
			return (char *)(uintptr_t)last;
		}
	}
}

static unsigned int digit_value(char c)
{
	if (c >= '0' && c <= '9') {
		return (unsigned int)(c - '0');
	}
	if (c >= 'a' && c <= 'z') {
		return (unsigned int)(c - 'a') + 10;
	}
	if (c >= 'A' && c <= 'Z') {
		return (unsigned int)(c - 'A') + 10;
	}
	return UINT32_MAX;
}

/* Base 0: 0x.. is hexadecimal, 0.. octal. Overflow gives ULONG_MAX; no sign, as our callers have
 * none. */
unsigned long strtoul(const char *restrict s, char **restrict end, int base)
{
	const char *start = s, *digits;
	unsigned long value = 0;
	unsigned int radix = (unsigned int)base, digit;

	while (*s == ' ' || (*s >= '\t' && *s <= '\r')) {
		s++;
	}
	if ((radix == 0 || radix == 16) && s[0] == '0' && (s[1] | 0x20) == 'x' &&
	    digit_value(s[2]) < 16) {
		s += 2;
		radix = 16;
	}
	if (radix == 0) {
		radix = *s == '0' ? 8 : 10;
	}
	for (digits = s; (digit = digit_value(*s)) < radix; s++) {
		if (__builtin_mul_overflow(value, radix, &value) ||
		    __builtin_add_overflow(value, digit, &value)) {
			value = UINT64_MAX;
		}
	}
	if (end != NULL) {
		*end = (char *)(uintptr_t)(s == digits ? start : s);
	}
	return value;
}
