/* SPDX-License-Identifier: Apache-2.0 */
/* Which UART the console is on. */
#include "boot/console.h"

#include "boot/board.h"
#include "core/base/printk.h"
#include "core/base/string.h"
#include "core/console/mux.h"
#include "mm/hyp_map.h"

void console_start(const struct board_uart *uart)
{
	struct uart driver;

	if (uart->kind == BOARD_UART_NONE) {
		log_notice("the board's /chosen names no stdout-path: the log stays in memory");
		return;
	}
	if (uart->kind == BOARD_UART_UNKNOWN || hyp_map_device(uart->regs) != 0 ||
	    uart_init(&driver, uart) != 0) {
		log_notice("no driver for the console \"%s\": the log stays in memory",
			   uart->compatible == NULL ? "?" : uart->compatible);
		return;
	}
	mux_attach(&driver);
}

void console_start_early(struct board *board)
{
	static const struct {
		const char *name;
		enum board_uart_kind kind;
	} kinds[] = {{"pl011,", BOARD_UART_PL011}, {"cadence,", BOARD_UART_CADENCE}};
	size_t len;
	const char *word = board_bootarg(board, "earlycon", &len);

	if (word == NULL || board->uart.kind == BOARD_UART_PL011 ||
	    board->uart.kind == BOARD_UART_CADENCE) {
		return;
	}
	for (uint32_t i = 0; i < ARRAY_COUNT(kinds); i++) {
		size_t name_len = strlen(kinds[i].name);

		if (strncmp(word, kinds[i].name, name_len) == 0) {
			board->uart = (struct board_uart){
				.kind = kinds[i].kind,
				.regs = {strtoul(word + name_len, NULL, 0), PAGE_SIZE},
				.intid = INTID_NONE,
			};
			console_start(&board->uart);
		}
	}
}

void console_follow_config(struct board *board, const struct config *config)
{
	if (config->console == NULL) {
		return;
	}
	if (strcmp(config->console, "none") == 0) {
		log_notice("the config wants no console: the log stays in memory from here on");
		board->uart.kind = BOARD_UART_NONE;
		mux_detach();
		return;
	}
	board_uart_at(&board->uart, board->tree, dt_resolve(board->tree, config->console));
	console_start(&board->uart);
}
