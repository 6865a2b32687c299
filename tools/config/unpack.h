/* SPDX-License-Identifier: Apache-2.0 */
/* Compressed kernels to plain arm64 Images: gzip files, and EFI zboot images of any compression
 * Linux offers here. */
#ifndef TOOLS_CONFIG_UNPACK_H
#define TOOLS_CONFIG_UNPACK_H

#include "core/base/diag.h"
#include "tools/config/blob.h"

enum unpack_result {
	UNPACK_PLAIN,  /* not compressed: *out is untouched */
	UNPACK_DONE,   /* *out holds the Image */
	UNPACK_FAILED, /* a DIAG_ERROR about `path` says why */
};

enum unpack_result unpack_kernel(struct blob *out, const uint8_t *data, size_t size,
				 const char *path, struct diag *diag);

#endif
