/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a guest image of each type: what is accepted can be loaded from its own bytes. */
#include "core/config/image.h"
#include "tests/fuzz/fuzz.h"

static void check_segments(const struct image_config *image)
{
	struct image_segment segment;
	uint32_t i;

	for (i = 0; image_elf_segment(image, i, &segment); i++) {
		PROMISE(segment.file_size <= segment.mem_size);
		PROMISE(range_contains(0, image->size, (uint64_t)(segment.data - image->data),
				       segment.file_size));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum image_type types[] = {IMAGE_LINUX, IMAGE_ELF, IMAGE_DTB};
	struct diag diag = {.emit = fuzz_emit};
	struct image_config image;
	uint8_t *copy;

	if (size == 0) {
		return 0;
	}
	/* The first byte chooses the type, the others are the image, aligned to 4 as in a dtb. */
	copy = malloc(size);
	PROMISE(copy != NULL);
	memcpy(copy, data + 1, size - 1);
	memset(&image, 0, sizeof(image));
	image.name = "image";
	image.type = types[data[0] % ARRAY_COUNT(types)];
	image.data = copy;
	image.size = size - 1;
	if (image_inspect(&image, "/images/image", &diag) == 0) {
		PROMISE(diag.error_count == 0);
		if (image.type == IMAGE_ELF) {
			check_segments(&image);
		}
	} else {
		PROMISE(diag.error_count != 0);
	}
	free(copy);
	return 0;
}
