/* SPDX-License-Identifier: Apache-2.0 */
/* Rewrites the images of a config's tree. The tree has been indexed: libfdt may trust it. */
#include "tools/config/prepare.h"

#include <libfdt.h>
#include <nettle/sha2.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/crc32c.h"
#include "tools/config/unpack.h"

#define IMAGE_EXTRA 256 /* bytes of a hash-1 node and its names */

void sha256(uint8_t digest[SHA256_SIZE], const uint8_t *data, size_t size)
{
	struct sha256_ctx ctx;

	sha256_init(&ctx);
	sha256_update(&ctx, size, data);
	sha256_digest(&ctx, SHA256_SIZE, digest);
}

static bool check_hash(const struct dt *dt, int image, const struct dt_prop *data, const char *path,
		       struct diag *diag)
{
	int hash = dt_child(dt, image, "hash-1");
	const char *algo = dt_string(dt, hash, "algo");
	uint8_t digest[SHA256_SIZE];
	struct dt_prop value;

	if (hash == DT_NONE) {
		return true;
	}
	if (algo == NULL || strcmp(algo, "sha256") != 0) {
		return false; /* the parser says so */
	}
	sha256(digest, data->value, data->len);
	if (dt_prop(dt, hash, "value", &value) && value.len == SHA256_SIZE &&
	    memcmp(value.value, digest, SHA256_SIZE) == 0) {
		return true;
	}
	diag_error(diag, path, "hash-1",
		   "the sha256 of data is another one: the image was changed after it was hashed");
	return false;
}

static bool is_linux(const struct dt *dt, int image)
{
	const char *type = dt_string(dt, image, "type");

	return type != NULL && strcmp(type, "linux") == 0;
}

/* Puts the image's new data and its hash into the tree that is being written. */
static bool write_image(void *fdt, const char *path, const struct blob *data)
{
	uint8_t digest[SHA256_SIZE];
	int node = fdt_path_offset(fdt, path), hash;

	sha256(digest, data->data, data->size);
	if (node < 0 || fdt_setprop(fdt, node, "data", data->data, (int)data->size) != 0) {
		return false;
	}
	hash = fdt_subnode_offset(fdt, node, "hash-1");
	if (hash == -FDT_ERR_NOTFOUND) {
		hash = fdt_add_subnode(fdt, node, "hash-1");
	}
	return hash >= 0 && fdt_setprop(fdt, hash, "value", digest, SHA256_SIZE) == 0 &&
	       fdt_setprop_string(fdt, hash, "algo", "sha256") == 0 &&
	       fdt_setprop_u32(fdt, hash, "crc32c", crc32c(0, data->data, data->size)) == 0;
}

/* Makes room for `more` bytes in the tree that is being written. */
static bool grow(struct blob *tree, size_t more)
{
	uint8_t *larger;
	size_t size = tree->size + more;

	if (size > INT32_MAX) {
		return false;
	}
	larger = must_alloc(size);
	if (fdt_open_into(tree->data, larger, (int)size) != 0) {
		free(larger);
		return false;
	}
	free(tree->data);
	*tree = (struct blob){larger, size};
	return true;
}

static bool prepare_image(struct blob *out, const struct dt *dt, int image, struct diag *diag)
{
	struct blob unpacked = {0}, whole;
	enum unpack_result result = UNPACK_PLAIN;
	char path[DT_PATH_MAX];
	struct dt_prop data;
	bool good;

	dt_path(dt, image, path, sizeof(path));
	if (!dt_prop(dt, image, "data", &data) || data.len == 0) {
		return true; /* the parser says so */
	}
	if (!check_hash(dt, image, &data, path, diag)) {
		return false;
	}
	if (is_linux(dt, image)) {
		result = unpack_kernel(&unpacked, data.value, data.len, path, diag);
	}
	if (result == UNPACK_FAILED) {
		return false;
	}
	whole = result == UNPACK_DONE ? unpacked :
					(struct blob){(uint8_t *)(uintptr_t)data.value, data.len};
	good = grow(out, unpacked.size + IMAGE_EXTRA) && write_image(out->data, path, &whole);
	if (!good) {
		diag_error(diag, path, "data", "does not fit: a config is smaller than 2 GiB");
	}
	blob_free(&unpacked);
	return good;
}

bool prepare_config(struct blob *out, const struct dt *dt, struct diag *diag)
{
	int images = dt_child(dt, DT_ROOT, "images");
	bool good = true;

	out->size = dt->size;
	out->data = must_alloc(dt->size);
	memcpy(out->data, dt->blob, dt->size);
	for (int image = dt_first_child(dt, images); image != DT_NONE;
	     image = dt_next_sibling(dt, image)) {
		if (dt_status_okay(dt, image)) {
			good = prepare_image(out, dt, image, diag) && good;
		}
	}
	fdt_pack(out->data);
	out->size = fdt_totalsize(out->data);
	return good;
}
