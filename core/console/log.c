/* SPDX-License-Identifier: Apache-2.0 */
/* What was said last. */
#include "core/console/log.h"

#include "core/base/string.h"
#include "core/base/text.h"

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

bool log_tail(const struct log *log, struct log_tail *tail)
{
	uint64_t oldest = log->head - MIN(log->head, (uint64_t)log->size);

	if (log->data == NULL) {
		return true;
	}
	tail->at = tail->begun ? tail->at : log->head;
	tail->begun = true;
	for (uint32_t i = 0; i < LOG_LOOK; i++, tail->at--) {
		if (tail->at <= oldest) {
			/* of a line that has lost its beginning nothing is told */
			tail->begin = oldest == 0 ? 0 : tail->begin;
			return true;
		}
		if (at_of(log, tail->at - 1) == '\n') {
			tail->begin = tail->at;
			tail->end = MAX(tail->end, tail->at);
			if (tail->lines-- == 0) {
				return true;
			}
		}
	}
	return false;
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

/* What a person reads of some bytes of a line. */
struct row {
	char *text;
	size_t len, size;
	uint32_t in_sequence; /* 1: ESC was the last */
	uint32_t from;	      /* where the sequence began */
};

/* Printable bytes, which most are: how many there is room for. */
static inline uint32_t fill_run(struct row *row, const uint8_t *bytes, uint32_t count)
{
	uint32_t max = (uint32_t)MIN((size_t)count, row->size - row->len), i = 0;
	char *to = row->text + row->len;

	for (; i < max && bytes[i] >= ' '; i++) {
		to[i] = (char)bytes[i];
	}
	row->len += i;
	return i;
}

/* Up to the line's end, or what is of the next row: where that is. */
static uint32_t fill(struct row *row, const uint8_t *bytes, uint32_t i, uint32_t count)
{
	for (; i < count; i++) {
		uint8_t byte;

		if (row->in_sequence == 0) {
			i += fill_run(row, bytes + i, count - i);
		}
		if (i == count) {
			break;
		}
		byte = bytes[i];
		if (byte == '\n' || (byte >= ' ' && row->in_sequence == 0)) {
			break;
		}
		if (row->in_sequence != 0) {
			row->in_sequence = goes_on(byte, row->in_sequence == 1) ? 2 : 0;
		} else if (byte == ESCAPE) {
			row->in_sequence = 1;
			row->from = i;
		}
	}
	return i;
}

/* The line that the oldest byte stands in has lost its beginning. */
static uint32_t behind_line(const uint8_t *bytes, uint32_t count)
{
	const uint8_t *end = memchr(bytes, '\n', count);

	return end == NULL ? 0 : (uint32_t)(end - bytes) + 1;
}

/* What the row ends with begins a character that goes on at `end`: so many bytes are the next
 * row's. Not all of it: what is so long is no text. */
static uint32_t over_of(const struct row *row, const uint8_t *end)
{
	uint32_t over = text_cut(row->text, (uint32_t)row->len);

	return over < row->len && memcmp(row->text + row->len - over, end - over, over) == 0 ?
		       over :
		       0;
}

bool log_line(const struct log *log, uint64_t *at, char *text, size_t size)
{
	struct row row = {.text = text, .size = MIN(size - 1, (size_t)LOG_ROW_MAX)};
	uint8_t bytes[LOG_ROW_BYTES];
	uint64_t from = *at;
	uint32_t count = log_read(log, &from, bytes, sizeof(bytes));
	uint32_t first = from == *at ? 0 : behind_line(bytes, count);
	uint32_t i = fill(&row, bytes, first, count);

	if (i == count && count < sizeof(bytes)) {
		return false; /* it has no end yet */
	}
	if (i == count && row.in_sequence != 0 && row.from != first) {
		i = row.from; /* a sequence is in one row */
	} else if (row.len != 0 && (i == count || bytes[i] != '\n')) {
		uint32_t over = over_of(&row, bytes + i);

		row.len -= over;
		i -= over;
	}
	text[row.len] = '\0';
	*at = from + i + (i < count && bytes[i] == '\n');
	return true;
}
