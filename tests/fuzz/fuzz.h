/* SPDX-License-Identifier: Apache-2.0 */
/* What the fuzz targets share: libFuzzer's entry, bytes of the input in turn, an indexed tree of
 * it, promises to keep. */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/diag.h"
#include "core/fdt/dt.h"

#define FUZZ_ARENA_SIZE (DT_NODE_MAX * 64 + 4096)

/* libFuzzer calls it with each input; returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What must hold for every input; ends the run with a report. */
#define PROMISE(condition)                                                                         \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%s:%d: ERROR: broken promise: %s\n", __FILE__, __LINE__,  \
				#condition);                                                       \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

struct fuzz_input {
	const uint8_t *data; /* what is left of it */
	size_t size;
};

/* The next `size` bytes; false: so many are not left. */
static inline bool fuzz_take(struct fuzz_input *input, void *to, size_t size)
{
	if (input->size < size) {
		return false;
	}
	memcpy(to, input->data, size);
	input->data += size;
	input->size -= size;
	return true;
}

/* The next byte, 0 where none is left. */
static inline uint8_t fuzz_take_byte(struct fuzz_input *input)
{
	uint8_t byte = 0;

	fuzz_take(input, &byte, sizeof(byte));
	return byte;
}

/* Takes the sentences; one must be there to read, and end. */
static inline void fuzz_emit(void *ctx, enum diag_level level, const char *text)
{
	(void)ctx;
	(void)level;
	PROMISE(text[0] != '\0' && strlen(text) < DIAG_TEXT_MAX);
}

struct fuzz_tree {
	struct dt dt;
	struct arena arena;
	struct diag diag;
	void *blob; /* a copy of exactly the input's size, so that ASan sees a byte too far */
};

/* Indexes the input with `arena` for the index; what dt_index() returned. fuzz_close() in any case.
 */
static inline int fuzz_open_in(struct fuzz_tree *tree, const uint8_t *data, size_t size,
			       uint8_t arena[FUZZ_ARENA_SIZE])
{
	int error;

	memset(tree, 0, sizeof(*tree));
	tree->blob = malloc(size + 1);
	PROMISE(tree->blob != NULL);
	memcpy(tree->blob, data, size);
	tree->arena.base = arena;
	tree->arena.size = FUZZ_ARENA_SIZE;
	tree->diag.emit = fuzz_emit;
	error = dt_index(&tree->dt, tree->blob, size, &tree->arena, &tree->diag);
	PROMISE((error != 0) == (tree->diag.error_count != 0));
	return error;
}

/* The same for the one tree of a run: ASan is slow with a large block for each input. */
static inline int fuzz_open(struct fuzz_tree *tree, const uint8_t *data, size_t size)
{
	static uint8_t arena[FUZZ_ARENA_SIZE] __attribute__((aligned(16)));

	return fuzz_open_in(tree, data, size, arena);
}

static inline void fuzz_close(struct fuzz_tree *tree)
{
	free(tree->blob);
}

#endif
