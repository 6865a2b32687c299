/* SPDX-License-Identifier: Apache-2.0 */
/* Text formatting, as format.h promises it. */
#include "core/base/format.h"

#include "core/base/string.h"

#define DIGITS_MAX 20 /* of 2^64 - 1 in decimal */

struct out {
	char *buf;
	size_t size;
	size_t len; /* of the whole text, also of what did not fit */
};

struct spec {
	bool left, zero, alt;
	int width;
	int precision; /* < 0: none */
	int length;    /* bytes of the integer argument */
};

static void put(struct out *out, char c)
{
	if (out->len + 1 < out->size) {
		out->buf[out->len] = c;
	}
	out->len++;
}

static void put_many(struct out *out, char c, int count)
{
	for (; count > 0; count--) {
		put(out, c);
	}
}

static void put_text(struct out *out, const char *text, const struct spec *spec)
{
	size_t max = spec->precision < 0 ? SIZE_MAX : (size_t)spec->precision;
	int len;

	if (text == NULL) {
		text = "(null)";
	}
	len = (int)strnlen(text, max);
	if (!spec->left) {
		put_many(out, ' ', spec->width - len);
	}
	for (int i = 0; i < len; i++) {
		put(out, text[i]);
	}
	if (spec->left) {
		put_many(out, ' ', spec->width - len);
	}
}

/* `prefix` is "-", "0x" or "": it stands before the zeros that fill the width. */
static void put_number(struct out *out, uint64_t value, const char *prefix, char conversion,
		       const struct spec *spec)
{
	const char *set = conversion == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
	unsigned int base = conversion == 'x' || conversion == 'X' ? 16 : 10;
	char digit[DIGITS_MAX];
	int prefix_len = (int)strlen(prefix);
	int count = 0, zeros, fill;

	while (value != 0 || (count == 0 && spec->precision != 0)) {
		digit[count++] = set[value % base];
		value /= base;
	}
	zeros = MAX(spec->precision - count, 0);
	fill = spec->width - prefix_len - zeros - count;
	if (spec->zero && !spec->left && spec->precision < 0) {
		zeros = MAX(fill, 0);
		fill = 0;
	}
	if (!spec->left) {
		put_many(out, ' ', fill);
	}
	for (int i = 0; i < prefix_len; i++) {
		put(out, prefix[i]);
	}
	put_many(out, '0', zeros);
	while (count > 0) {
		put(out, digit[--count]);
	}
	if (spec->left) {
		put_many(out, ' ', fill);
	}
}

static const char *parse_number(const char *fmt, int *value)
{
	*value = 0;
	while (*fmt >= '0' && *fmt <= '9') {
		*value = *value * 10 + (*fmt++ - '0');
	}
	return fmt;
}

static const char *parse_length(const char *fmt, int *length)
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

static const char *parse_flags(const char *fmt, struct spec *spec)
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

/* An integer argument of spec->length bytes; short ones arrive as int and are cut to their size. */
static uint64_t cut_unsigned(uint64_t value, int length)
{
	return length == 8 ? value : value & ((UINT64_C(1) << (length * 8)) - 1);
}

static int64_t cut_signed(uint64_t value, int length)
{
	int unused = 64 - length * 8;

	return (int64_t)(value << unused) >> unused;
}

static void put_signed(struct out *out, uint64_t raw, const struct spec *spec)
{
	int64_t value = cut_signed(raw, spec->length);

	put_number(out, value < 0 ? 0 - (uint64_t)value : (uint64_t)value, value < 0 ? "-" : "",
		   'd', spec);
}

static void put_unsigned(struct out *out, uint64_t raw, char conversion, const struct spec *spec)
{
	uint64_t value = cut_unsigned(raw, spec->length);
	bool prefix = spec->alt && conversion != 'u' && value != 0;

	put_number(out, value, !prefix ? "" : conversion == 'X' ? "0X" : "0x", conversion, spec);
}

/*
 * va_list is an array type on some ABIs and a struct on others; inside a struct it is passed on the
 * same way on all of them.
 */
struct args {
	va_list list;
};

static uint64_t next_integer(struct args *args, int length)
{
	return length == 8 ? va_arg(args->list, uint64_t) :
			     (uint64_t)(int64_t)va_arg(args->list, int);
}

static void convert(struct out *out, char conversion, struct spec *spec, struct args *args)
{
	char one[2] = {0};

	switch (conversion) {
	case 'd':
	case 'i':
		put_signed(out, next_integer(args, spec->length), spec);
		break;
	case 'u':
	case 'x':
	case 'X':
		put_unsigned(out, next_integer(args, spec->length), conversion, spec);
		break;
	case 'p':
		spec->length = sizeof(void *);
		put_number(out, (uintptr_t)va_arg(args->list, void *), "0x", 'x', spec);
		break;
	case 's':
		put_text(out, va_arg(args->list, const char *), spec);
		break;
	case 'c':
		one[0] = (char)va_arg(args->list, int);
		put_text(out, one, spec);
		break;
	default: /* %% and what nobody may write: the compiler checks our formats */
		put(out, conversion);
		break;
	}
}

static const char *parse_spec(const char *fmt, struct spec *spec, struct args *args)
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
	struct out out = {.buf = buf, .size = size};
	struct args args;
	struct spec spec;

	va_copy(args.list, list);
	for (; *fmt != '\0'; fmt++) {
		if (*fmt != '%') {
			put(&out, *fmt);
			continue;
		}
		fmt = parse_spec(fmt + 1, &spec, &args);
		if (*fmt == '\0') {
			break;
		}
		convert(&out, *fmt, &spec, &args);
	}
	va_end(args.list);
	if (size > 0) {
		buf[MIN(out.len, size - 1)] = '\0';
	}
	return (int)out.len;
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
