/* SPDX-License-Identifier: Apache-2.0 */
/* Runs the hypervisor's own validator over a config, against a board where one is given. */
#ifndef TOOLS_CONFIG_VALIDATE_H
#define TOOLS_CONFIG_VALIDATE_H

#include "core/config/config.h"
#include "tools/config/blob.h"
#include "tools/config/report.h"

/* What a config is held against; all optional. */
struct validate_options {
	const char *board_file;	 /* a board's dtb; NULL: the checks that need one are left out */
	const char *source_file; /* the config that the user wrote; NULL: the dtb is all there is */
	const char *lines_file;	 /* where its nodes stand, of tools/dtsdeps.py; NULL: not known */
	struct prange hypervisor, bundle; /* where they will lie; size 0: not known */
};

/* An indexed tree with the memory that its index lies in. */
struct tree {
	struct blob blob;
	struct arena arena;
	struct dt dt;
};

/* Indexes the blob, which `tree` takes over. False after a sentence. */
bool tree_index(struct tree *tree, struct blob blob, struct diag *diag);
void tree_free(struct tree *tree);

/* What sentences about the config name. Lives as long as both parameters. */
const char *validate_name(const char *file, const struct validate_options *options);

/*
 * Reads FILE.dtb, prepares it as for a bundle, and validates it. True without errors; `tree` then
 * holds the prepared config and *config what was parsed. Errors have been printed.
 */
bool validate_file(const char *file, const struct validate_options *options, struct tree *tree,
		   struct config *config);

#endif
