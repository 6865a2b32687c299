/* SPDX-License-Identifier: Apache-2.0 */
/* Pages for tables, in place of mm/page_alloc.c: "physical" addresses that no pointer is taken for.
 */
#ifndef TESTS_UNIT_FAKE_PAGES_H
#define TESTS_UNIT_FAKE_PAGES_H

#include "mm/pgtable.h"

#define FAKE_PAGES_BASE UINT64_C(0x880000000) /* of the first page; aligned to 16 pages */
#define FAKE_PAGES_MAX	4096

/* All pages are free again, and `limit` of them can be had. */
void fake_pages_reset(uint32_t limit);
uint32_t fake_pages_used(void);

/* What pgtable wants, over these pages. */
extern const struct pgtable_ops fake_pages_ops;

#endif
