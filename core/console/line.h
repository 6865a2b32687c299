/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A line that is typed: editing, history, completion. Pure: keys in, bytes for the terminal out.
 *
 * What it writes are the line's characters, blanks and backspaces, which every terminal has and
 * which leave a log file readable; only ^L sends control sequences. A line fits into one row behind
 * its prompt, so that nothing wraps. Owner of a struct line: who reads the keys.
 */
#ifndef CORE_CONSOLE_LINE_H
#define CORE_CONSOLE_LINE_H

#include "core/base/types.h"

#define LINE_PROMPT_MAX	 11
#define LINE_MAX	 (79 - LINE_PROMPT_MAX) /* characters of a line */
#define LINE_HISTORY_MAX 16
#define LINE_OUT_MAX	 (4 * LINE_MAX + LINE_PROMPT_MAX + 16) /* bytes that one key may cause */

enum line_event {
	LINE_MORE,	/* the line goes on */
	LINE_DONE,	/* Enter: `text` is the line, until the next key */
	LINE_DROPPED,	/* ^C: it is empty again */
	LINE_COMPLETES, /* Tab: line_complete() until it says something else, before the next key */
	LINE_CHOICES,	/* Tab, the second time: the caller lists them and draws the line again */
};

/* The n-th word, in any order, that could stand where `before` (whole words, each with a blank
 * behind it) ends; NULL behind the last. */
typedef const char *(*line_choice)(const char *before, uint32_t n);

struct line {
	const char *prompt; /* constant, at most LINE_PROMPT_MAX */
	line_choice choice; /* constant; NULL: no completion */

	char text[LINE_MAX + 1]; /* ends with a zero */
	uint32_t len, at;	 /* characters; the cursor stands before text[at] */
	bool done;		 /* the next key begins a new line */

	char history[LINE_HISTORY_MAX][LINE_MAX + 1]; /* a ring: newest at count - 1 */
	uint32_t history_count;			      /* ever */
	uint32_t back;				      /* how far: 0 is the line itself */
	char draft[LINE_MAX + 1];		      /* that line, meanwhile */

	/* of a key that sends several bytes */
	enum {
		LINE_PLAIN,
		LINE_ESCAPE,
		LINE_CSI,
		LINE_SS3
	} sequence;
	uint32_t parameter;
	bool seen_cr, seen_tab;

	/* while the word that begins at `word` is completed: */
	char before[LINE_MAX + 1];
	uint32_t word;
	uint32_t choice_at;	  /* the next to look at */
	uint32_t choice_count;	  /* that begin like the word */
	const char *choice_first; /* of them */
	uint32_t choice_len;	  /* what they have in common */

	char out[LINE_OUT_MAX]; /* what the last call wants written */
	uint32_t out_len;
};

/* All fields but prompt and choice are zero at first. */
enum line_event line_key(struct line *line, uint8_t key);

/* A look at the next word that could stand here; with the last of them the line is changed. */
enum line_event line_complete(struct line *line);

/* Prompt and line as they stand, on a new row. */
void line_draw(struct line *line);

/* What stands before the word that the cursor is in or behind, for `choice`: up to LINE_MAX
 * characters. Returns where that word begins. */
uint32_t line_before(const struct line *line, char before[LINE_MAX + 1]);

#endif
