/* SPDX-License-Identifier: Apache-2.0 */
/* A line that is typed. Keys as ECMA-48 and the xterm family send them. */
#include "core/console/line.h"

#include "core/base/string.h"

#define CTRL(letter) ((letter) - '@')
#define DELETE	     0x7f
#define ESCAPE	     0x1b

/* -- out -- */

static void put(struct line *line, char byte)
{
	if (line->out_len < LINE_OUT_MAX) {
		line->out[line->out_len++] = byte;
	}
}

static void put_run(struct line *line, const char *text, uint32_t len)
{
	len = MIN(len, LINE_OUT_MAX - line->out_len);
	memcpy(line->out + line->out_len, text, len);
	line->out_len += len;
}

static void put_text(struct line *line, const char *text)
{
	put_run(line, text, (uint32_t)strlen(text));
}

static void put_many(struct line *line, char byte, uint32_t count)
{
	count = MIN(count, LINE_OUT_MAX - line->out_len);
	memset(line->out + line->out_len, byte, count);
	line->out_len += count;
}

/* What stands from the cursor on, then `blanks`, and back to the cursor. */
static void put_tail(struct line *line, uint32_t blanks)
{
	put_text(line, line->text + line->at);
	put_many(line, ' ', blanks);
	put_many(line, '\b', line->len - line->at + blanks);
}

/* -- editing -- */

static void insert(struct line *line, char byte)
{
	if (line->len == LINE_MAX) {
		return;
	}
	memmove(line->text + line->at + 1, line->text + line->at, line->len - line->at + 1);
	line->text[line->at++] = byte;
	line->len++;
	put(line, byte);
	put_tail(line, 0);
}

/* `count` characters from the cursor on. */
static void cut(struct line *line, uint32_t count)
{
	memmove(line->text + line->at, line->text + line->at + count,
		line->len - line->at - count + 1);
	line->len -= count;
	put_tail(line, count);
}

static void left(struct line *line, uint32_t count)
{
	line->at -= count;
	put_many(line, '\b', count);
}

static void right(struct line *line, uint32_t count)
{
	put_run(line, line->text + line->at, count);
	line->at += count;
}

static void cut_before(struct line *line, uint32_t count)
{
	left(line, count);
	cut(line, count);
}

static void cut_word(struct line *line)
{
	uint32_t from = line->at;

	while (from != 0 && line->text[from - 1] == ' ') {
		from--;
	}
	while (from != 0 && line->text[from - 1] != ' ') {
		from--;
	}
	cut_before(line, line->at - from);
}

static void replace(struct line *line, const char *text)
{
	uint32_t had = line->len, len = (uint32_t)strlen(text);

	left(line, line->at);
	memcpy(line->text, text, len + 1);
	line->len = len;
	right(line, len);
	put_tail(line, had > len ? had - len : 0);
}

/* -- history -- */

static const char *remembered(const struct line *line, uint32_t back)
{
	return line->history[(line->history_count - back) % LINE_HISTORY_MAX];
}

static void go_back(struct line *line, uint32_t back)
{
	if (back == line->back || back > MIN(line->history_count, (uint32_t)LINE_HISTORY_MAX)) {
		return;
	}
	if (line->back == 0) {
		memcpy(line->draft, line->text, line->len + 1);
	}
	line->back = back;
	replace(line, back == 0 ? line->draft : remembered(line, back));
}

static void remember(struct line *line)
{
	if (line->len != 0 &&
	    (line->history_count == 0 || strcmp(remembered(line, 1), line->text) != 0)) {
		memcpy(line->history[line->history_count++ % LINE_HISTORY_MAX], line->text,
		       line->len + 1);
	}
}

/* -- completion -- */

uint32_t line_before(const struct line *line, char before[LINE_MAX + 1])
{
	uint32_t from = line->at, len = 0;

	while (from != 0 && line->text[from - 1] != ' ') {
		from--;
	}
	for (uint32_t i = 0; i < from; i++) {
		if (line->text[i] != ' ') {
			before[len++] = line->text[i];
		} else if (len != 0 && before[len - 1] != ' ') {
			before[len++] = ' ';
		}
	}
	before[len] = '\0';
	return from;
}

static uint32_t common(const char *a, const char *b, uint32_t max)
{
	uint32_t len = 0;

	while (len < max && a[len] == b[len] && a[len] != '\0') {
		len++;
	}
	return len;
}

/* What all choices that begin like the word have in common is added; true: there are several and
 * nothing to add. */
static bool complete(struct line *line)
{
	uint32_t have = line->at - line->word;

	for (uint32_t i = have; i < line->choice_len; i++) {
		insert(line, line->choice_first[i]);
	}
	if (line->choice_count == 1 && line->text[line->at] != ' ') {
		insert(line, ' ');
	}
	return line->choice_count > 1 && line->choice_len == have;
}

static enum line_event tab(struct line *line)
{
	if (line->choice == NULL) {
		return LINE_MORE;
	}
	line->word = line_before(line, line->before);
	line->choice_at = line->choice_count = line->choice_len = 0;
	return LINE_COMPLETES;
}

enum line_event line_complete(struct line *line)
{
	const char *word = line->choice(line->before, line->choice_at++);
	bool again = line->seen_tab;

	line->out_len = 0;
	if (word == NULL) {
		line->seen_tab = complete(line);
		return again && line->seen_tab ? LINE_CHOICES : LINE_MORE;
	}
	if (strncmp(word, line->text + line->word, line->at - line->word) != 0) {
		return LINE_COMPLETES;
	}
	if (line->choice_count++ == 0) {
		line->choice_first = word;
		line->choice_len = (uint32_t)strlen(word);
	} else {
		line->choice_len = common(line->choice_first, word, line->choice_len);
	}
	return LINE_COMPLETES;
}

/* -- keys -- */

static void begin(struct line *line)
{
	line->done = false;
	line->len = line->at = line->back = 0;
	line->text[0] = '\0';
}

static enum line_event enter(struct line *line)
{
	right(line, line->len - line->at);
	put(line, '\n');
	remember(line);
	line->done = true;
	return LINE_DONE;
}

static void clear_screen(struct line *line)
{
	/* ECMA-48 CUP and ED: the console takes these for no part of the line */
	put_text(line, "\x1b[H\x1b[2J\r");
	put_text(line, line->prompt);
	put_text(line, line->text);
	put_many(line, '\b', line->len - line->at);
}

static enum line_event control(struct line *line, uint8_t key)
{
	switch (key) {
	case '\r':
	case '\n':
		return enter(line);
	case '\t':
		return tab(line);
	case CTRL('C'):
		put_text(line, "^C\n");
		begin(line);
		return LINE_DROPPED;
	case CTRL('H'):
	case DELETE:
		cut_before(line, MIN(line->at, 1U));
		break;
	case CTRL('A'):
		left(line, line->at);
		break;
	case CTRL('E'):
		right(line, line->len - line->at);
		break;
	case CTRL('B'):
		left(line, MIN(line->at, 1U));
		break;
	case CTRL('F'):
		right(line, MIN(line->len - line->at, 1U));
		break;
	case CTRL('D'):
		cut(line, MIN(line->len - line->at, 1U));
		break;
	case CTRL('K'):
		cut(line, line->len - line->at);
		break;
	case CTRL('U'):
		cut_before(line, line->at);
		break;
	case CTRL('W'):
		cut_word(line);
		break;
	case CTRL('P'):
		go_back(line, line->back + 1);
		break;
	case CTRL('N'):
		go_back(line, line->back - MIN(line->back, 1U));
		break;
	case CTRL('L'):
		clear_screen(line);
		break;
	default:
		break;
	}
	return LINE_MORE;
}

/* The last byte of a sequence, as the control key that does the same. */
static uint8_t meaning(uint8_t final, uint32_t parameter)
{
	static const uint8_t arrow[] = {CTRL('P'), CTRL('N'), CTRL('F'), CTRL('B')};

	switch (final) {
	case 'A':
	case 'B':
	case 'C':
	case 'D':
		return arrow[final - 'A'];
	case 'H':
		return CTRL('A');
	case 'F':
		return CTRL('E');
	case '~':
		break;
	default:
		return 0;
	}
	switch (parameter) {
	case 1:
	case 7:
		return CTRL('A');
	case 4:
	case 8:
		return CTRL('E');
	case 3:
		return CTRL('D');
	default:
		return 0;
	}
}

/* A byte of a key that sends several; 0, or what it means with the last of them. */
static uint8_t in_sequence(struct line *line, uint8_t key)
{
	if (line->sequence == LINE_ESCAPE) {
		line->parameter = 0;
		line->sequence = key == '[' ? LINE_CSI : key == 'O' ? LINE_SS3 : LINE_PLAIN;
		return 0;
	}
	if (line->sequence == LINE_CSI && key >= ' ' && key < '@') {
		/* parameters; of several the first counts */
		if (key >= '0' && key <= '9' && line->parameter < 100) {
			line->parameter = 10 * line->parameter + (key - '0');
		} else if (key == ';') {
			line->parameter += 1000;
		}
		return 0;
	}
	line->sequence = LINE_PLAIN;
	return meaning(key, line->parameter >= 1000 ? line->parameter % 1000 : line->parameter);
}

enum line_event line_key(struct line *line, uint8_t key)
{
	bool after_cr = line->seen_cr;

	line->out_len = 0;
	if (line->done) {
		begin(line);
	}
	line->seen_cr = key == '\r';
	if (key == '\n' && after_cr) {
		return LINE_MORE; /* one key that sends both */
	}
	if (key == ESCAPE) {
		line->sequence = LINE_ESCAPE;
		return LINE_MORE;
	}
	/* a control character ends a sequence that is not whole */
	if (line->sequence != LINE_PLAIN && key >= ' ' && key < DELETE) {
		key = in_sequence(line, key);
		if (key == 0) {
			return LINE_MORE;
		}
	}
	line->sequence = LINE_PLAIN;
	line->seen_tab = line->seen_tab && key == '\t';
	if (key < ' ' || key == DELETE) {
		return control(line, key);
	}
	if (key < DELETE) {
		insert(line, (char)key);
	}
	return LINE_MORE;
}

void line_draw(struct line *line)
{
	line->out_len = 0;
	if (line->done) {
		begin(line);
	}
	put_text(line, line->prompt);
	put_text(line, line->text);
	put_many(line, '\b', line->len - line->at);
}
