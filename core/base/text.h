/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text of somebody else's, as a terminal may be shown it: without control characters but the ends
 * of lines. Beside those of ASCII these are C1 of 8-bit codes (ECMA-48 5.3: 0x80 to 0x9f) and of
 * UTF-8 (C2 80 to C2 9F). UTF-8 (RFC 3629) is left whole; so is a byte that belongs to none and is
 * no control character: it may be a letter of another code. Pure.
 */
#ifndef CORE_BASE_TEXT_H
#define CORE_BASE_TEXT_H

#include "core/base/types.h"

/* Takes control characters out, where they are; how many bytes are left. About 10 instructions for
 * each byte, 20 where it is nothing that could be UTF-8. */
uint32_t text_clean(void *text, uint32_t len);

/* How many bytes at its end are the beginning of a character in UTF-8 whose rest is not there: none
 * to three. */
uint32_t text_cut(const void *text, uint32_t len);

#endif
