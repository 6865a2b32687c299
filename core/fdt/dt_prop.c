/* SPDX-License-Identifier: Apache-2.0 */
/* Properties of an indexed tree: cells, strings, and the three that every node may have. */
#include "core/base/errno.h"
#include "core/base/string.h"
#include "core/fdt/dt.h"
#include "core/fdt/dt_blob.h"

/*
 * The properties of a node stand one after the other until the first token that is none; dt_index()
 * has checked their bounds. The iterator's value points at the current one, so the next begins
 * behind it.
 */
bool dt_next_prop(const struct dt *dt, int node, struct dt_prop *prop)
{
	uint32_t pos;

	if (node < 0 || (uint32_t)node >= dt->node_count) {
		return false;
	}
	pos = prop->name == NULL ? dt->node[node].props :
				   (uint32_t)(prop->value - dt->blob) + ((prop->len + 3) & ~3U);
	while (be32_at(dt->blob, pos) == FDT_TOKEN_NOP) {
		pos += 4;
	}
	if (be32_at(dt->blob, pos) != FDT_TOKEN_PROP) {
		return false;
	}
	prop->len = be32_at(dt->blob, pos + 4);
	prop->name = (const char *)dt->blob + dt->strings + be32_at(dt->blob, pos + 8);
	prop->value = dt->blob + pos + 12;
	return true;
}

bool dt_prop(const struct dt *dt, int node, const char *name, struct dt_prop *out)
{
	struct dt_prop prop = {0};
	bool found = false;

	while (!found && dt_next_prop(dt, node, &prop)) {
		found = prop.name[0] == name[0] && strcmp(prop.name, name) == 0;
	}
	if (out != NULL) {
		*out = found ? prop : (struct dt_prop){0};
	}
	return found;
}

uint32_t dt_prop_cell(const struct dt_prop *prop, uint32_t i)
{
	return i < prop->len / 4 ? be32_at(prop->value, i * 4) : 0;
}

int dt_u32(const struct dt *dt, int node, const char *name, uint32_t *out)
{
	struct dt_prop prop;

	if (!dt_prop(dt, node, name, &prop)) {
		return -ENOENT;
	}
	if (prop.len != 4) {
		return -EINVAL;
	}
	*out = dt_prop_cell(&prop, 0);
	return 0;
}

int dt_u64(const struct dt *dt, int node, const char *name, uint64_t *out)
{
	struct dt_prop prop;

	if (!dt_prop(dt, node, name, &prop)) {
		return -ENOENT;
	}
	if (prop.len != 4 && prop.len != 8) {
		return -EINVAL;
	}
	*out = prop.len == 8 ? be64_at(prop.value, 0) : be32_at(prop.value, 0);
	return 0;
}

const char *dt_string(const struct dt *dt, int node, const char *name)
{
	struct dt_prop prop;

	if (!dt_prop(dt, node, name, &prop) || !dt_prop_is_strings(&prop) ||
	    strlen((const char *)prop.value) + 1 != prop.len) {
		return NULL;
	}
	return (const char *)prop.value;
}

bool dt_prop_is_strings(const struct dt_prop *prop)
{
	return prop->len > 0 && prop->value[prop->len - 1] == '\0';
}

const char *dt_prop_string(const struct dt_prop *prop, uint32_t i)
{
	uint32_t pos = 0;

	if (!dt_prop_is_strings(prop)) {
		return NULL;
	}
	for (; i > 0 && pos < prop->len; i--) {
		pos += (uint32_t)strlen((const char *)prop->value + pos) + 1;
	}
	return pos < prop->len ? (const char *)prop->value + pos : NULL;
}

bool dt_prop_has_string(const struct dt_prop *prop, const char *string)
{
	uint32_t pos = 0;

	if (!dt_prop_is_strings(prop)) {
		return false;
	}
	while (pos < prop->len) {
		const char *have = (const char *)prop->value + pos;

		if (strcmp(have, string) == 0) {
			return true;
		}
		pos += (uint32_t)strlen(have) + 1;
	}
	return false;
}

static bool status_is_okay(const struct dt *dt, int node)
{
	struct dt_prop prop;
	const char *status;

	if (!dt_prop(dt, node, "status", &prop)) {
		return true;
	}
	status = dt_prop_string(&prop, 0);
	return status != NULL && (strcmp(status, "okay") == 0 || strcmp(status, "ok") == 0);
}

bool dt_status_okay(const struct dt *dt, int node)
{
	for (; node != DT_NONE; node = dt_parent(dt, node)) {
		if (!status_is_okay(dt, node)) {
			return false;
		}
	}
	return true;
}

bool dt_compatible(const struct dt *dt, int node, const char *compatible)
{
	struct dt_prop prop;

	return dt_prop(dt, node, "compatible", &prop) && dt_prop_has_string(&prop, compatible);
}

int dt_find_compatible(const struct dt *dt, int after, const char *compatible)
{
	for (int node = after + 1; node < (int)dt->node_count; node++) {
		if (dt_compatible(dt, node, compatible) && dt_status_okay(dt, node)) {
			return node;
		}
	}
	return DT_NONE;
}
