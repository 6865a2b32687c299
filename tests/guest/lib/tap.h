/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Test results in TAP. Only one CPU at a time reports. The plan comes last (`1..N`), so a program
 * that ends early has none and fails.
 */
#ifndef TESTS_GUEST_LIB_TAP_H
#define TESTS_GUEST_LIB_TAP_H

#include "tests/guest/lib/types.h"

/* One line per test; `sentence` says what holds. Value: whether it does. */
#define ok(cond, sentence)	tap_ok(cond, sentence, #cond, __FILE__, __LINE__)
#define is(got, want, sentence) tap_is((uint64_t)(got), (uint64_t)(want), sentence, #got, TAP_PLACE)
#define not_below(got, least, sentence)                                                            \
	tap_range((uint64_t)(got), (uint64_t)(least), ~UINT64_C(0), sentence, TAP_PLACE)
#define in_range(got, least, most, sentence)                                                       \
	tap_range((uint64_t)(got), (uint64_t)(least), (uint64_t)(most), sentence, TAP_PLACE)

/* A test that this machine can't run, and why. */
void skip(const char *sentence, const char *reason);

/* A test that is known to fail where an emulator has a gap: reported, but no failure. */
void expected_failure(bool cond, const char *sentence, const char *reason);

/* Prints the plan and turns the machine off. */
__attribute__((noreturn)) void tap_done(void);

#define TAP_STRING_(x) #x
#define TAP_STRING(x)  TAP_STRING_(x)
#define TAP_PLACE      (__FILE__ ":" TAP_STRING(__LINE__))

bool tap_ok(bool cond, const char *sentence, const char *what, const char *file, int line);
bool tap_is(uint64_t got, uint64_t want, const char *sentence, const char *what, const char *place);
bool tap_range(uint64_t got, uint64_t least, uint64_t most, const char *sentence,
	       const char *place);

#endif
