/* SPDX-License-Identifier: Apache-2.0 */
/* Console: text to the PL011, polled. */
#include "tests/guest/lib/console.h"

#include "tests/guest/lib/arm64.h"
#include "tests/guest/lib/machine.h"
#include "tests/guest/lib/pl011_regs.h"
#include "tests/guest/lib/spin.h"

static struct spin console_lock;

uint32_t console_reset_cr, console_reset_lcr_h;

void console_setup(void)
{
	console_reset_cr = mmio_read32(PL011_BASE + UART_CR);
	console_reset_lcr_h = mmio_read32(PL011_BASE + UART_LCR_H);
	if (!(console_reset_cr & UART_CR_UARTEN)) {
		console_recover();
	}
}

void console_recover(void)
{
	mmio_write32(PL011_BASE + UART_IMSC, 0);
	mmio_write32(PL011_BASE + UART_CR, 0);
	mmio_write32(PL011_BASE + UART_LCR_H, UART_LCR_H_WLEN | UART_LCR_H_FEN);
	mmio_write32(PL011_BASE + UART_CR, UART_CR_UARTEN | UART_CR_TXE | UART_CR_RXE);
	mmio_write32(PL011_BASE + UART_ICR, UART_INT_ALL);
}

static void console_char(char c)
{
	while (mmio_read32(PL011_BASE + UART_FR) & UART_FR_TXFF) {
		cpu_yield();
	}
	mmio_write32(PL011_BASE + UART_DR, (uint8_t)c);
}

static void console_string(const char *s, unsigned int width)
{
	unsigned int length = 0;

	for (; *s; s++, length++) {
		if (*s == '\n') {
			console_char('\r');
		}
		console_char(*s);
	}
	for (; length < width; length++) {
		console_char(' ');
	}
}

static void console_number(uint64_t v, unsigned int base, unsigned int width, char pad)
{
	char digits[20];
	unsigned int count = 0;

	do {
		digits[count++] = "0123456789abcdef"[v % base];
		v /= base;
	} while (v);
	for (; width > count; width--) {
		console_char(pad);
	}
	while (count) {
		console_char(digits[--count]);
	}
}

/* One conversion; `*f` is left at its last character. */
static void console_convert(const char **f, va_list *args)
{
	char pad = **f == '0' ? '0' : ' ';
	unsigned int width = 0;
	bool is_long = false;
	uint64_t v;

	for (; **f >= '0' && **f <= '9'; (*f)++) {
		width = width * 10 + (unsigned int)(**f - '0');
	}
	for (; **f == 'l'; (*f)++) {
		is_long = true;
	}
	switch (**f) {
	case 's':
		console_string(va_arg(*args, const char *), width);
		break;
	case 'c':
		console_char((char)va_arg(*args, int));
		break;
	case 'd':
		v = is_long ? (uint64_t)va_arg(*args, int64_t) : (uint64_t)va_arg(*args, int);
		if ((int64_t)v < 0) {
			console_char('-');
			v = -v;
		}
		console_number(v, 10, width, pad);
		break;
	case 'u':
	case 'x':
		v = is_long ? va_arg(*args, uint64_t) : va_arg(*args, unsigned int);
		console_number(v, **f == 'x' ? 16 : 10, width, pad);
		break;
	default:
		console_char(**f);
		break;
	}
}

int vprintf(const char *format, va_list args)
{
	va_list copy;
	uint64_t daif = sysreg_read(daif);

	irq_mask(); /* a handler that prints would wait for the lock for ever */
	spin_lock(&console_lock);
	va_copy(copy, args);
	for (const char *f = format; *f; f++) {
		if (*f == '%' && f[1]) {
			f++;
			console_convert(&f, &copy);
		} else {
			console_string((char[]){*f, 0}, 0);
		}
	}
	va_end(copy);
	spin_unlock(&console_lock);
	sysreg_write(daif, daif);
	return 0;
}

int printf(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	return 0;
}
