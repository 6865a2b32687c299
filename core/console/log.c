/* SPDX-License-Identifier: Apache-2.0 */
/* What was said last. */
#include "core/console/log.h"

#include "core/base/string.h"

#define ESCAPE 0x1b

static uint8_t at_of(const struct log *log, uint64_t at)
{
	return log->data[at & (log->size - 1)];
}

void log_write(struct log *log, const void *bytes, uint32_t len)
{
	const uint8_t *from = bytes;
	uint32_t over = len - MIN(len, log->size), at, first;

	/* of what is longer than the ring its end is there */
	from += over;
	len -= over;
	at = (log->head + over) & (log->size - 1);
	first = MIN(len, log->size - at);
	memcpy(&log->data[at], from, first);
	memcpy(log->data, from + first, len - first);
	log->head += over + len;
}

void log_put_line(struct log *log, const char *text, size_t len)
{
	if (log->data == NULL) {
		return;
	}
	if (log->head != 0 && at_of(log, log->head - 1) != '\n') {
		log_put(log, '\n');
	}
	log_write(log, text, (uint32_t)len);
	log_put(log, '\n');
}

uint64_t log_begin(const struct log *log)
{
	uint64_t at = log->head - log->size;

	if (log->data == NULL || log->head <= log->size) {
		return 0;
	}
	/* the line that the oldest byte stands in has lost its beginning */
	while (at != log->head && at_of(log, at++) != '\n') {
	}
	return at;
}

uint64_t log_tail(const struct log *log, uint32_t lines)
{
	uint64_t begin = log_begin(log), at = log->head;

	if (log->data == NULL) {
		return 0;
	}
	/* a line that has no end yet is not counted */
	while (at != begin && at_of(log, at - 1) != '\n') {
		at--;
	}
	while (lines != 0 && at != begin) {
		/* to where the line before begins */
		at--;
		while (at != begin && at_of(log, at - 1) != '\n') {
			at--;
		}
		lines--;
	}
	return at;
}

uint32_t log_read(const struct log *log, uint64_t *at, uint8_t *bytes, uint32_t size)
{
	uint32_t count, first, from;

	if (log->data == NULL) {
		*at = 0;
		return 0;
	}
	if (log->head - *at > MIN(log->head, (uint64_t)log->size)) {
		*at = log->head - MIN(log->head, (uint64_t)log->size);
	}
	from = (uint32_t)*at & (log->size - 1);
	count = (uint32_t)MIN(log->head - *at, (uint64_t)size);
	first = MIN(count, log->size - from);
	memcpy(bytes, &log->data[from], first);
	memcpy(bytes + first, log->data, count - first);
	return count;
}

/* ECMA-48 5.4: ESC [ parameters end with a byte from @ to ~; other sequences have two bytes. */
static bool goes_on(uint8_t byte, bool first)
{
	return first ? byte == '[' : byte < '@' || byte > '~';
}

bool log_line(const struct log *log, uint64_t *at, char *text, size_t size)
{
	uint64_t from = *at, end;
	uint32_t in_sequence = 0;
	size_t len = 0;

	if (log->data == NULL) {
		return false;
	}
	if (log->head - from > log->size) {
		from = log_begin(log);
	}
	for (end = from; end != log->head && at_of(log, end) != '\n'; end++) {
	}
	if (end == log->head) {
		return false;
	}
	for (; from != end; from++) {
		uint8_t byte = at_of(log, from);

		if (in_sequence != 0) {
			in_sequence = goes_on(byte, in_sequence == 1) ? 2 : 0;
		} else if (byte == ESCAPE) {
			in_sequence = 1;
		} else if (byte >= ' ' && len < size - 1) {
			text[len++] = (char)byte;
		}
	}
	text[len] = '\0';
	*at = end + 1;
	return true;
}
