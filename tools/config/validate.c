/* SPDX-License-Identifier: Apache-2.0 */
/* Config and board from their files, through the validator. */
#include "tools/config/validate.h"

#include <stdlib.h>

#include "boot/board.h"
#include "core/base/ranges.h"
#include "core/resource/ram_plan.h"
#include "tools/config/prepare.h"

#define BYTES_PER_NODE 64 /* of the index, phandle table included */

bool tree_index(struct tree *tree, struct blob blob, struct diag *diag)
{
	tree->blob = blob;
	/* A node takes at least 12 bytes of the blob: so this is always enough. */
	tree->arena.size = MIN(blob.size / 12 + 16, (size_t)DT_NODE_MAX) * BYTES_PER_NODE + 4096;
	tree->arena.base = must_alloc(tree->arena.size);
	tree->arena.used = 0;
	return dt_index(&tree->dt, blob.data, blob.size, &tree->arena, diag) == 0;
}

void tree_free(struct tree *tree)
{
	free(tree->arena.base);
	blob_free(&tree->blob);
}

/* The board, with its tree; false after sentences. */
static bool read_board(const char *file, struct tree *tree, struct board *board)
{
	struct report report;
	struct blob blob;

	report_init(&report, file);
	return blob_read(&blob, file) && tree_index(tree, blob, &report.diag) &&
	       board_parse(board, &tree->dt, BOARD_DTB_NOWHERE, &report.diag) == 0;
}

/* Whether all RAM that has no fixed place fits too, and leaves room for what is started from it. */
static void check_memory(const struct board *board, const struct validate_options *options,
			 struct config *config, size_t bundle_size, struct diag *diag)
{
	struct ram_plan *plan = must_alloc(sizeof(*plan));
	const struct prange own[] = {options->hypervisor, options->bundle};
	uint64_t largest;

	ram_plan_init(plan, board, own, ARRAY_COUNT(own));
	ram_plan_place(plan, config, diag);
	ram_plan_free(plan, &largest);
	if (options->bundle.size == 0 && largest < bundle_size) {
		diag_error(
			diag, "/vms", NULL,
			"the VMs leave no room for the bundle: it has %zu MiB, the largest piece "
			"of memory left "
			"has %lu MiB",
			(bundle_size >> 20) + 1, largest >> 20);
	}
	free(plan);
}

static void check_on_board(const struct validate_options *options, struct config *config,
			   size_t bundle_size, struct diag *diag)
{
	struct config_place place = {.bundle = options->bundle};
	struct board *board = must_alloc(sizeof(*board));
	struct tree tree = {0};

	if (options->hypervisor.size != 0) {
		place.own[place.own_count++] = options->hypervisor;
	}
	if (options->board_file == NULL) {
		config_check(config, NULL, &place, diag);
	} else if (read_board(options->board_file, &tree, board)) {
		config_override(config, board, diag);
		config_check(config, board, &place, diag);
		check_memory(board, options, config, bundle_size, diag);
	} else {
		diag->error_count++;
	}
	tree_free(&tree);
	free(board);
}

const char *validate_name(const char *file, const struct validate_options *options)
{
	return options->source_file != NULL ? options->source_file : file;
}

/* Reads, prepares and validates; the sentences have been printed. */
static void validate_tree(const char *file, const struct validate_options *options,
			  struct tree *tree, struct config *config, struct diag *diag)
{
	struct tree input = {0};
	struct blob blob;

	if (!blob_read(&blob, file)) {
		diag->error_count++;
		return;
	}
	if (!tree_index(&input, blob, diag)) {
		tree_free(&input);
		diag->error_count++;
		return;
	}
	prepare_config(&blob, &input.dt, diag);
	tree_free(&input);
	/* An error before has been counted; all others shall come too. */
	if (tree_index(tree, blob, diag)) {
		config_parse(config, &tree->dt, diag);
		check_on_board(options, config, tree->blob.size, diag);
	}
}

bool validate_file(const char *file, const struct validate_options *options, struct tree *tree,
		   struct config *config)
{
	struct report report;
	struct blob lines = {0};

	report_init(&report, validate_name(file, options));
	if (options->lines_file != NULL && !blob_read(&lines, options->lines_file)) {
		return false;
	}
	report.lines = &lines;
	validate_tree(file, options, tree, config, &report.diag);
	blob_free(&lines);
	return report.diag.error_count == 0;
}
