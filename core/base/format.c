/* SPDX-License-Identifier: Apache-2.0 */
/* Text formatting, as format.h promises it. */
#include "core/base/format.h"

#include "core/base/string.h"

#define DIGITS_MAX 20 /* of 2^64 - 1 in decimal */

/* A line of the log or of the shell is a step of EL2's, which is short: all of this is in line in
 * format_v(), and the text's place in registers. */
#define IN_LINE static inline __attribute__((always_inline))

/* Keeps the compiler from making a call of a short loop. */
#define OPAQUE(p) asm("" : "+r"(p))

struct out {
	char *to;
	char *end; /* what comes from here on is counted only */
	size_t over;
};

struct spec {
	bool left, zero, alt;
	int width;
	int precision; /* < 0: none */
	int length;    /* bytes of the integer argument */
};

IN_LINE void put(struct out *out, char c)
{
	if (out->to != out->end) {
		*out->to++ = c;
	} else {
		out->over++;
	}
}

IN_LINE size_t room(const struct out *out, size_t len)
{
	return MIN(len, (size_t)(out->end - out->to));
}

IN_LINE void put_many(struct out *out, char c, int count)
{
	if (count > 0) {
		char *to = out->to, *const end = to + room(out, (size_t)count);

		out->over += (size_t)count - (size_t)(end - to);
		for (; to != end; to++) {
			*to = c;
			OPAQUE(to);
		}
		out->to = to;
	}
}

IN_LINE void put_run(struct out *out, const char *text, size_t len)
{
	char *to = out->to, *const end = to + room(out, len);

	out->over += len - (size_t)(end - to);
	for (; to != end; to++) {
		*to = *text++;
		OPAQUE(to);
	}
	out->to = to;
}

/* What stands before the next conversion or the end, which it returns: most of every line. */
IN_LINE const char *put_literal(struct out *out, const char *fmt)
{
	char *to = out->to;
	char c;

	while (to != out->end) {
		c = *fmt;
		if (c == '%' || c == '\0') {
			break;
		}
		*to = c;
		to++;
		fmt++;
		OPAQUE(to);
		OPAQUE(fmt);
	}
	out->to = to;
	for (; *fmt != '%' && *fmt != '\0'; fmt++) {
		out->over++;
	}
	return fmt;
}

IN_LINE void put_text(struct out *out, const char *text, const struct spec *spec)
{
	int len;

	if (text == NULL) {
		text = "(null)";
	}
	len = (int)(spec->precision < 0 ? strlen(text) : strnlen(text, (size_t)spec->precision));
	if (!spec->left) {
		put_many(out, ' ', spec->width - len);
	}
	put_run(out, text, (size_t)len);
	if (spec->left) {
		put_many(out, ' ', spec->width - len);
	}
}

struct number {
	uint64_t value;
	char sign;   /* 0: none */
	char prefix; /* behind a 0: x or X; 0: none */
	bool hex, upper;
};

/* Backwards from `end`; returns the first. */
IN_LINE char *digits_of(const struct number *number, char *end)
{
	const char *set = number->upper ? "0123456789ABCDEF" : "0123456789abcdef";
	uint64_t value = number->value;

	if (number->hex) {
		for (; value != 0; value >>= 4) {
			*--end = set[value & 0xf];
		}
	} else {
		for (; value != 0; value /= 10) {
			*--end = (char)('0' + value % 10);
		}
	}
	return end;
}

/* How many digits that are, where a look at the value tells. */
IN_LINE int hex_digits(uint64_t value)
{
	return value == 0 ? 0 : (67 - __builtin_clzll(value)) / 4;
}

/* Sign and prefix stand before the zeros that fill the width. */
IN_LINE void put_number(struct out *out, const struct number *number, const struct spec *spec)
{
	char digits[DIGITS_MAX], *const end = digits + DIGITS_MAX, *first = NULL;
	int count = hex_digits(number->value), zeros, fill;

	if (!number->hex) {
		first = digits_of(number, end);
		count = (int)(end - first);
	}
	zeros = MAX((spec->precision < 0 ? 1 : spec->precision) - count, 0);
	fill = spec->width - (number->sign != 0) - 2 * (number->prefix != 0) - zeros - count;
	if (spec->zero && !spec->left && spec->precision < 0) {
		zeros += MAX(fill, 0);
		fill = 0;
	}
	if (!spec->left) {
		put_many(out, ' ', fill);
	}
	if (number->sign != 0) {
		put(out, number->sign);
	}
	if (number->prefix != 0) {
		put(out, '0');
		put(out, number->prefix);
	}
	put_many(out, '0', zeros);
	if (first == NULL && room(out, (size_t)count) == (size_t)count) {
		/* most of what is printed: straight to its place */
		out->to += count;
		digits_of(number, out->to);
	} else {
		first = first == NULL ? digits_of(number, end) : first;
		put_run(out, first, (size_t)count);
	}
	if (spec->left) {
		put_many(out, ' ', fill);
	}
}

IN_LINE const char *parse_number(const char *fmt, int *value)
{
	*value = 0;
	while (*fmt >= '0' && *fmt <= '9') {
		*value = *value * 10 + (*fmt++ - '0');
	}
	return fmt;
}

IN_LINE const char *parse_length(const char *fmt, int *length)
{
	*length = sizeof(int);
	if (*fmt == 'z' || *fmt == 'l') {
		*length = sizeof(uint64_t);
		fmt += fmt[0] == 'l' && fmt[1] == 'l' ? 2 : 1;
	} else if (*fmt == 'h') {
		*length = fmt[1] == 'h' ? 1 : 2;
		fmt += fmt[1] == 'h' ? 2 : 1;
	}
	return fmt;
}

IN_LINE const char *parse_flags(const char *fmt, struct spec *spec)
{
	for (;; fmt++) {
		if (*fmt == '-') {
			spec->left = true;
		} else if (*fmt == '0') {
			spec->zero = true;
		} else if (*fmt == '#') {
			spec->alt = true;
		} else {
			return fmt;
		}
	}
}

/* An integer argument of `length` bytes; short ones arrive as int and are cut to their size. */
IN_LINE uint64_t cut_unsigned(uint64_t value, int length)
{
	return length == 8 ? value : value & ((UINT64_C(1) << (length * 8)) - 1);
}

IN_LINE int64_t cut_signed(uint64_t value, int length)
{
	int unused = 64 - length * 8;

	return (int64_t)(value << unused) >> unused;
}

/*
 * va_list is an array type on some ABIs and a struct on others; inside a struct it is passed on the
 * same way on all of them.
 */
struct args {
	va_list list;
};

IN_LINE uint64_t next_integer(struct args *args, int length)
{
	return length == 8 ? va_arg(args->list, uint64_t) :
			     (uint64_t)(int64_t)va_arg(args->list, int);
}

IN_LINE struct number next_number(char conversion, const struct spec *spec, struct args *args)
{
	struct number number = {.hex = (conversion | 0x20) == 'x', .upper = conversion == 'X'};
	int64_t value;

	if (conversion == 'p') {
		number.value = (uintptr_t)va_arg(args->list, void *);
		number.prefix = 'x';
		number.hex = true;
		return number;
	}
	number.value = next_integer(args, spec->length);
	if (conversion == 'd' || conversion == 'i') {
		value = cut_signed(number.value, spec->length);
		number.sign = value < 0 ? '-' : 0;
		number.value = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
		return number;
	}
	number.value = cut_unsigned(number.value, spec->length);
	if (spec->alt && conversion != 'u' && number.value != 0) {
		number.prefix = conversion;
	}
	return number;
}

IN_LINE void convert(struct out *out, char conversion, struct spec *spec, struct args *args)
{
	const char *text;
	char one[2] = {0};
	struct number number;

	switch (conversion) {
	case 'd':
	case 'i':
	case 'u':
	case 'x':
	case 'X':
	case 'p':
		number = next_number(conversion, spec, args);
		put_number(out, &number, spec);
		break;
	case 's':
	case 'c':
		if (conversion == 'c') {
			one[0] = (char)va_arg(args->list, int);
			text = one;
		} else {
			text = va_arg(args->list, const char *);
		}
		put_text(out, text, spec);
		break;
	default: /* %% and what nobody may write: the compiler checks our formats */
		put(out, conversion);
		break;
	}
}

IN_LINE const char *parse_spec(const char *fmt, struct spec *spec, struct args *args)
{
	*spec = (struct spec){.precision = -1};
	fmt = parse_flags(fmt, spec);
	if (*fmt == '*') {
		spec->width = va_arg(args->list, int);
		fmt++;
		if (spec->width < 0) {
			spec->left = true;
			spec->width = -spec->width;
		}
	} else {
		fmt = parse_number(fmt, &spec->width);
	}
	if (*fmt == '.') {
		fmt++;
		if (*fmt == '*') {
			spec->precision = va_arg(args->list, int);
			fmt++;
		} else {
			fmt = parse_number(fmt, &spec->precision);
		}
	}
	return parse_length(fmt, &spec->length);
}

int format_v(char *buf, size_t size, const char *fmt, va_list list)
{
	struct out out = {.to = buf, .end = size > 0 ? buf + size - 1 : buf};
	struct args args;
	struct spec spec;

	va_copy(args.list, list);
	for (;;) {
		fmt = put_literal(&out, fmt);
		if (*fmt == '\0') {
			break;
		}
		fmt = parse_spec(fmt + 1, &spec, &args);
		if (*fmt == '\0') {
			break;
		}
		convert(&out, *fmt++, &spec, &args);
	}
	va_end(args.list);
	if (size > 0) {
		*out.to = '\0';
	}
	return (int)((size_t)(out.to - buf) + out.over);
}

int format(char *buf, size_t size, const char *fmt, ...)
{
	va_list args;
	int len;

	va_start(args, fmt);
	len = format_v(buf, size, fmt, args);
	va_end(args);
	return len;
}
