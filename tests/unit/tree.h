/* SPDX-License-Identifier: Apache-2.0 */
/* Writes small flattened trees for tests, right and wrong ones, without the help of libfdt. */
#ifndef TESTS_UNIT_TREE_H
#define TESTS_UNIT_TREE_H

#include <string.h>

#include "core/base/types.h"

#define TREE_STRUCT_AT	0x100 /* behind header and memory reservations */
#define TREE_BLOB_MAX	0x10000
#define TREE_STRING_MAX 0x1000

/* Cells of a property: TREE_CELLS(1, 2). */
#define TREE_CELLS(...)                                                                            \
	(const uint32_t[]){__VA_ARGS__}, sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t)

struct tree_writer {
	_Alignas(8) uint8_t blob[TREE_BLOB_MAX];
	uint32_t pos;
	char strings[TREE_STRING_MAX];
	uint32_t strings_size;
	uint32_t reserve_count;
};

static inline void tree_put(uint8_t *at, uint32_t value)
{
	value = __builtin_bswap32(value);
	memcpy(at, &value, sizeof(value));
}

static inline void tree_word(struct tree_writer *t, uint32_t value)
{
	tree_put(t->blob + t->pos, value);
	t->pos += 4;
}

static inline void tree_bytes(struct tree_writer *t, const void *bytes, size_t size)
{
	if (size != 0) {
		memcpy(t->blob + t->pos, bytes, size);
	}
	t->pos += (uint32_t)((size + 3) & ~(size_t)3);
}

static inline void tree_start(struct tree_writer *t)
{
	memset(t, 0, sizeof(*t));
	t->pos = TREE_STRUCT_AT;
}

static inline void tree_reserve(struct tree_writer *t, uint64_t base, uint64_t size)
{
	uint8_t *at = t->blob + 40 + 16 * t->reserve_count++;

	tree_put(at, (uint32_t)(base >> 32));
	tree_put(at + 4, (uint32_t)base);
	tree_put(at + 8, (uint32_t)(size >> 32));
	tree_put(at + 12, (uint32_t)size);
}

static inline void tree_begin(struct tree_writer *t, const char *name)
{
	tree_word(t, 1);
	tree_bytes(t, name, strlen(name) + 1);
}

static inline void tree_end(struct tree_writer *t)
{
	tree_word(t, 2);
}

static inline void tree_prop(struct tree_writer *t, const char *name, const void *value,
			     size_t size)
{
	tree_word(t, 3);
	tree_word(t, (uint32_t)size);
	tree_word(t, t->strings_size);
	memcpy(t->strings + t->strings_size, name, strlen(name) + 1);
	t->strings_size += (uint32_t)strlen(name) + 1;
	tree_bytes(t, value, size);
}

static inline void tree_string(struct tree_writer *t, const char *name, const char *value)
{
	tree_prop(t, name, value, strlen(value) + 1);
}

static inline void tree_cells(struct tree_writer *t, const char *name, const uint32_t *cells,
			      size_t count)
{
	uint8_t value[256];

	for (size_t i = 0; i < count; i++) {
		tree_put(value + 4 * i, cells[i]);
	}
	tree_prop(t, name, value, count * 4);
}

static inline void tree_cell(struct tree_writer *t, const char *name, uint32_t cell)
{
	tree_cells(t, name, &cell, 1);
}

/* Ends structure and strings and writes the header; the blob's size. */
static inline uint32_t tree_finish(struct tree_writer *t)
{
	uint32_t struct_end;

	tree_word(t, 9);
	struct_end = t->pos;
	tree_bytes(t, t->strings, t->strings_size);
	tree_put(t->blob + 0, 0xd00dfeed);
	tree_put(t->blob + 4, t->pos);
	tree_put(t->blob + 8, TREE_STRUCT_AT);
	tree_put(t->blob + 12, struct_end);
	tree_put(t->blob + 16, 40);
	tree_put(t->blob + 20, 17);
	tree_put(t->blob + 24, 16);
	tree_put(t->blob + 32, t->strings_size);
	tree_put(t->blob + 36, struct_end - TREE_STRUCT_AT);
	return t->pos;
}

#endif
