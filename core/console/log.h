/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was said last: a ring of text that its writer never waits for. Pure; the console's lock
 * protects all of them (core/console/mux.h).
 *
 * Invariant: of the `head` bytes ever written the last `size` are there.
 */
#ifndef CORE_CONSOLE_LOG_H
#define CORE_CONSOLE_LOG_H

#include "core/base/types.h"

struct log {
	uint8_t *data; /* NULL: nothing is kept */
	uint32_t size; /* a power of two */
	uint64_t head; /* bytes ever written */
};

static inline void log_put(struct log *log, uint8_t byte)
{
	log->data[log->head++ & (log->size - 1)] = byte;
}

/* Bytes as they are. */
void log_write(struct log *log, const void *bytes, uint32_t len);

/* A line from elsewhere, on a row of its own. */
void log_put_line(struct log *log, const char *text, size_t len);

/*
 * Where the last `lines` lines begin, searched for in pieces: LOG_LOOK bytes in a call, or about a
 * thousand instructions. True: found. Zero at first, but for `lines`.
 */
#define LOG_LOOK 96
struct log_tail {
	uint32_t lines;
	bool begun;
	uint64_t at;	/* as far as it has come, backwards */
	uint64_t begin; /* of the first of them */
	uint64_t end;	/* of the last one: what has no end yet is behind that */
};
bool log_tail(const struct log *log, struct log_tail *tail);

/* Bytes from *at on, as they were written, at most `size`; *at goes to the first of them, which is
 * the oldest there is where that one is gone. */
uint32_t log_read(const struct log *log, uint64_t *at, uint8_t *bytes, uint32_t size);

/*
 * The line at *at as a person reads it: without its end, carriage returns and control sequences;
 * text_clean() takes out what other control characters it has. Of one that is longer than a row, or
 * than size - 1 bytes, the rest is the next one, from a whole character on. *at goes behind
 * it, or, where lines were lost meanwhile, behind the oldest that is left. False: no line has ended
 * there yet.
 */
#define LOG_ROW_MAX   120
#define LOG_ROW_BYTES (LOG_ROW_MAX + 16)
bool log_line(const struct log *log, uint64_t *at, char *text, size_t size);

#endif
