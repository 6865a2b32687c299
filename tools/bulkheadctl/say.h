/* SPDX-License-Identifier: Apache-2.0 */
/* What bulkheadctl says: text for people, or JSON. */
#ifndef TOOLS_BULKHEADCTL_SAY_H
#define TOOLS_BULKHEADCTL_SAY_H

#include "core/base/format.h"
#include "core/base/types.h"

/* --json was given. */
extern bool say_json;

enum status {
	STATUS_DONE,
	STATUS_REFUSED, /* the hypervisor says no */
	STATUS_WRONG,	/* of the command line, of this VM, or of standard output */
};

/*
 * To standard output; at most 511 bytes. Where that can't be written, what it is for is not
 * reached: a sentence, and the program ends (STATUS_WRONG).
 */
void say(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* The brackets around a list, with --json. The first comes with what is said behind it: who is
 * refused the whole of it has said nothing. */
void say_list_begin(void);
void say_list_end(void);

/* Bytes as they are: to standard output, or to standard error. */
void say_bytes(const void *bytes, size_t len);
void say_error(const char *text);

/* A JSON string of bytes that may be anything. */
void say_string(const void *bytes, size_t len);

/* A sentence to standard error; returns `status`. */
int fail(enum status status, const char *fmt, ...) PRINTF_LIKE(2, 3);

#endif
