/* SPDX-License-Identifier: Apache-2.0 */
/* What an image's own bytes say: Linux's arm64 header, ELF, device tree. Pure; the bytes are
 * hostile input. */
#ifndef CORE_CONFIG_IMAGE_H
#define CORE_CONFIG_IMAGE_H

#include "core/base/diag.h"
#include "core/config/config_types.h"

/* A loadable segment of an ELF file, checked to lie in the file. */
struct image_segment {
	uint64_t ipa; /* where it goes: the segment's physical address */
	const uint8_t *data;
	uint64_t file_size;
	uint64_t mem_size; /* the rest is cleared */
};

/*
 * Checks the bytes against the image's type and fills text_offset, mem_size and, for elf, load and
 * entry. 0, or -EINVAL after a DIAG_ERROR about `path`.
 */
int image_inspect(struct image_config *image, const char *path, struct diag *diag);

/* Loadable segment i of an inspected ELF image; false past the last. Empty ones are left out. */
bool image_elf_segment(const struct image_config *image, uint32_t i, struct image_segment *out);

#endif
