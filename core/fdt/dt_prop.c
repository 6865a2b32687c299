/* SPDX-License-Identifier: Apache-2.0 */
/* Properties of an indexed tree: cells, strings, and the three that every node may have. */
#include "core/base/errno.h"
#include "core/base/string.h"
#include "core/fdt/dt.h"
#include "core/fdt/dt_blob.h"

/*
 * The properties of a node stand one after the other until the first token that is none; dt_index()
 * has checked their bounds. Each is three words, token, length and name, and its value.
 */
enum {
	PROP_TOKEN,
	PROP_LEN,
	PROP_NAME,
	PROP_VALUE,
};

/* What every property that is looked at costs: inline where small code is asked for, too. */
#define INLINE static inline __attribute__((always_inline))

INLINE uint32_t be32(uint32_t word)
{
	return __builtin_bswap32(word);
}

/* The property at `word` or behind NOPs there; NULL when something else follows. */
INLINE const uint32_t *prop_at(const uint32_t *word)
{
	while (*word != be32(FDT_TOKEN_PROP)) {
		if (*word++ != be32(FDT_TOKEN_NOP)) {
			return NULL;
		}
	}
	return word;
}

INLINE const uint32_t *first_prop(const struct dt *dt, int node)
{
	if (node < 0 || (uint32_t)node >= dt->node_count) {
		return NULL;
	}
	return prop_at((const void *)(dt->blob + dt->node[node].props));
}

INLINE const uint32_t *next_prop(const uint32_t *word)
{
	uint32_t size = (be32(word[PROP_LEN]) + PROP_VALUE * 4 + 3) & ~3U;

	return prop_at((const void *)((const uint8_t *)word + size));
}

INLINE const char *name_of(const struct dt *dt, const uint32_t *word)
{
	return (const char *)dt->blob + dt->strings + be32(word[PROP_NAME]);
}

static void read_prop(const struct dt *dt, const uint32_t *word, struct dt_prop *prop)
{
	prop->name = name_of(dt, word);
	prop->value = (const uint8_t *)(word + PROP_VALUE);
	prop->len = be32(word[PROP_LEN]);
}

bool dt_next_prop(const struct dt *dt, int node, struct dt_prop *prop)
{
	const uint32_t *word;

	if (prop->name == NULL) {
		word = first_prop(dt, node);
	} else {
		word = next_prop((const uint32_t *)(const void *)prop->value - PROP_VALUE);
	}
	if (word == NULL) {
		return false;
	}
	read_prop(dt, word, prop);
	return true;
}

/* Names that begin alike. */
INLINE bool is_same(const char *have, const char *want)
{
	do {
		if (*want == '\0') {
			return true;
		}
		have++;
		want++;
	} while (*have == *want);
	return false;
}

/* Most of what reading a tree costs is spent here. */
INLINE const uint32_t *find_prop(const struct dt *dt, int node, const char *name)
{
	const char *names = (const char *)dt->blob + dt->strings;
	const uint32_t *word;

	/* the sum is made once, and each name's address too */
	__asm__("" : "+r"(names));
	for (word = first_prop(dt, node); word != NULL; word = next_prop(word)) {
		const char *have = names + be32(word[PROP_NAME]);

		__asm__("" : "+r"(have));

		/* most differ in the first character */
		if (unlikely(*have == *name) && is_same(have, name)) {
			return word;
		}
	}
	return NULL;
}

bool dt_prop(const struct dt *dt, int node, const char *name, struct dt_prop *out)
{
	const uint32_t *word = find_prop(dt, node, name);

	if (out != NULL && word != NULL) {
		read_prop(dt, word, out);
	} else if (out != NULL) {
		*out = (struct dt_prop){0};
	}
	return word != NULL;
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

		if (str_is(have, string)) {
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
