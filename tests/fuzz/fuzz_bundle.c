/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a bundle: refused with a sentence, or the config lies inside it. */
#include "boot/bundle.h"
#include "core/base/bits.h"
#include "tests/fuzz/fuzz.h"

/* libFuzzer can't invert a CRC: it learns the header behind one that always fits. */
static uint32_t any_crc(uint32_t crc, const void *data, size_t size)
{
	(void)crc;
	(void)data;
	(void)size;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct diag diag = {.emit = fuzz_emit};
	struct bundle bundle;
	uint8_t *copy = malloc(size + 1);

	PROMISE(copy != NULL);
	memcpy(copy, data, size);
	if (bundle_open(&bundle, copy, size, any_crc, &diag) == 0) {
		PROMISE(bundle.size <= size);
		PROMISE(range_contains(0, bundle.size, (uint64_t)(bundle.config - copy),
				       bundle.config_size));
		PROMISE(is_aligned((uint64_t)(bundle.config - copy), 8));
	} else {
		PROMISE(diag.error_count != 0);
	}
	(void)bundle_check(&bundle, copy, size, any_crc, &diag);
	free(copy);
	return 0;
}
