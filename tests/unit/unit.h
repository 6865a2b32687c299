/* SPDX-License-Identifier: Apache-2.0 */
/* What every unit test includes: cmocka, and cases named by sentences. */
#ifndef TESTS_UNIT_UNIT_H
#define TESTS_UNIT_UNIT_H

/* cmocka.h needs these before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define CASE(sentence, function)                                                                   \
	{                                                                                          \
		sentence, function, NULL, NULL, NULL                                               \
	}

/* The same with what *state points at. */
#define CASE_OF(sentence, function, data)                                                          \
	{                                                                                          \
		sentence, function, NULL, NULL, (void *)(data)                                     \
	}

/* The same with a function that is run before. */
#define CASE_IN(sentence, function, set_up)                                                        \
	{                                                                                          \
		sentence, function, set_up, NULL, NULL                                             \
	}

#endif
