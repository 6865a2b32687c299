/* SPDX-License-Identifier: Apache-2.0 */
/* Checks a flattened device tree, indexes its nodes, and finds nodes by path, alias and phandle. */
#include "core/fdt/dt.h"

#include "core/base/bits.h"
#include "core/base/errno.h"
#include "core/base/string.h"
#include "core/fdt/dt_blob.h"

#define FDT_MAGIC	UINT32_C(0xd00dfeed)
#define FDT_VERSION_MIN 17
#define FDT_HEADER_SIZE 40
#define FDT_NAME_MAX	255
#define FDT_SIZE_MAX	INT32_MAX

/* Byte offsets of the header's fields. */
enum fdt_header {
	FDT_AT_MAGIC = 0,
	FDT_AT_TOTALSIZE = 4,
	FDT_AT_OFF_STRUCT = 8,
	FDT_AT_OFF_STRINGS = 12,
	FDT_AT_OFF_RESERVE = 16,
	FDT_AT_VERSION = 20,
	FDT_AT_LAST_COMPATIBLE = 24,
	FDT_AT_SIZE_STRINGS = 32,
	FDT_AT_SIZE_STRUCT = 36,
};

struct dt_phandle {
	uint32_t phandle; /* 0: the slot is free */
	int32_t node;
};

/* The first pass: where it stands and what it has seen. */
struct check {
	const struct dt *dt;
	struct diag *diag;
	uint32_t pos, end;    /* in the structure block; offsets from the start of the blob */
	uint32_t strings_end; /* one past the last NUL of the strings block */
	uint32_t depth;
	uint32_t node_count;
	uint32_t phandle_count;
	bool props_allowed;    /* no child of the current node has begun yet */
	const char *last_node; /* for messages */
};

static int refuse(struct check *c, const char *what)
{
	diag_error(c->diag, NULL, NULL,
		   "the device tree is damaged: %s (byte 0x%x of its structure, near node \"%s\")",
		   what, c->pos, c->last_node);
	return -EINVAL;
}

/* Four characters at once, each from '!' to '~' and no '/'. No sum carries into the next byte
 * unless a byte has its high bit set, and that is none. */
static bool are_name_chars(uint32_t four)
{
	const uint32_t high = UINT32_C(0x80808080);
	uint32_t none = four | (four + UINT32_C(0x01010101)); /* above '~' */
	uint32_t all = (four + UINT32_C(0x5f5f5f5f)) &	      /* at least '!' */
		       ((four ^ UINT32_C(0x2f2f2f2f)) + UINT32_C(0x7f7f7f7f));

	return ((none | ~all) & high) == 0;
}

static int check_begin_node(struct check *c)
{
	const char *name = (const char *)c->dt->blob + c->pos;
	uint32_t room = MIN(c->end - c->pos, FDT_NAME_MAX + 1U), len = 0;

	while (len + 4 <= room && are_name_chars(be32_at(c->dt->blob, c->pos + len))) {
		len += 4;
	}
	while (len < room && name[len] != '\0') {
		/* one comparison for both ends: from '!' to '~' */
		if ((uint8_t)(name[len] - '!') > '~' - '!' || name[len] == '/') {
			return refuse(c, "a node's name has a character that no name may have");
		}
		len++;
	}
	if (len == room) {
		return refuse(c, "a node's name does not end");
	}
	if ((len == 0) != (c->depth == 0)) {
		return refuse(c, len == 0 ? "a node has no name" : "the root has a name");
	}
	if (c->depth == 0 && c->node_count != 0) {
		return refuse(c, "there is a second root");
	}
	c->last_node = name;
	c->pos += (uint32_t)align_up(len + 1, 4);
	c->props_allowed = true;
	if (++c->depth > DT_DEPTH_MAX) {
		return refuse(c, "nodes are nested more than 32 deep");
	}
	if (++c->node_count > DT_NODE_MAX) {
		return refuse(c, "it has more than 16384 nodes");
	}
	return 0;
}

static bool is_phandle_name(const char *name)
{
	return str_is(name, "phandle") || str_is(name, "linux,phandle");
}

static int check_prop(struct check *c)
{
	uint32_t len, name;

	if (!c->props_allowed) {
		return refuse(c, "a property stands outside the place for properties");
	}
	if (c->end - c->pos < 8) {
		return refuse(c, "it ends in the middle of a property");
	}
	len = be32_at(c->dt->blob, c->pos);
	name = be32_at(c->dt->blob, c->pos + 4);
	c->pos += 8;
	if (len > c->end - c->pos) {
		return refuse(c, "a property is longer than the tree");
	}
	if (name >= c->strings_end - c->dt->strings) {
		return refuse(c, "a property's name lies outside the strings");
	}
	if (len == 4 && is_phandle_name((const char *)c->dt->blob + c->dt->strings + name)) {
		c->phandle_count++;
	}
	c->pos = (uint32_t)align_up(c->pos + len, 4);
	return 0;
}

/*
 * The properties from c->pos on as far as they are as they should be: what comes then, be it a
 * damaged one, is for check_token().
 */
static void check_props(struct check *c)
{
	const uint8_t *blob = c->dt->blob;
	const char *names = (const char *)blob + c->dt->strings;
	uint32_t pos = c->pos, end = c->end, names_size = c->strings_end - c->dt->strings;

	while ((uint64_t)pos + 12 <= end && be32_at(blob, pos) == FDT_TOKEN_PROP) {
		uint32_t len = be32_at(blob, pos + 4), name = be32_at(blob, pos + 8);

		if (len > end - pos - 12 || name >= names_size) {
			break;
		}
		if (len == 4 && is_phandle_name(names + name)) {
			c->phandle_count++;
		}
		pos = (uint32_t)align_up(pos + 12 + len, 4);
	}
	c->pos = pos;
}

static int check_end_node(struct check *c)
{
	if (c->depth == 0) {
		return refuse(c, "a node ends that has not begun");
	}
	c->depth--;
	c->props_allowed = false;
	return 0;
}

/* One token; 1 at the end of the tree. */
static int check_token(struct check *c)
{
	uint32_t token;

	if (c->pos > c->end || c->end - c->pos < 4) {
		return refuse(c, "it ends without an end mark");
	}
	token = be32_at(c->dt->blob, c->pos);
	c->pos += 4;
	switch (token) {
	case FDT_TOKEN_BEGIN_NODE:
		return check_begin_node(c);
	case FDT_TOKEN_PROP:
		return check_prop(c);
	case FDT_TOKEN_END_NODE:
		return check_end_node(c);
	case FDT_TOKEN_NOP:
		return 0;
	case FDT_TOKEN_END:
		if (c->depth != 0 || c->node_count == 0) {
			return refuse(c, "it ends in the middle of a node");
		}
		return 1;
	default:
		return refuse(c, "there is an unknown token");
	}
}

static int check_structure(struct check *c)
{
	int ret;

	do {
		if (c->props_allowed) {
			check_props(c);
		}
		ret = check_token(c);
	} while (ret == 0);
	return ret < 0 ? ret : 0;
}

/* The part of the header that says how much there is to read. */
static int check_size(struct dt *dt, const void *blob, size_t limit, struct diag *diag)
{
	if (!is_aligned((uintptr_t)blob, 8)) {
		diag_error(
			diag, NULL, NULL,
			"the device tree does not begin at a multiple of 8 bytes: load it at one");
		return -EINVAL;
	}
	if (limit < FDT_HEADER_SIZE || be32_at(blob, FDT_AT_MAGIC) != FDT_MAGIC) {
		diag_error(
			diag, NULL, NULL,
			"this is not a device tree: it does not begin with the bytes d0 0d fe ed");
		return -EINVAL;
	}
	dt->blob = blob;
	dt->size = be32_at(blob, FDT_AT_TOTALSIZE);
	if (dt->size > limit) {
		diag_error(
			diag, NULL, NULL,
			"the device tree says it is %u bytes long, but only %zu bytes are there: "
			"it was cut "
			"short, or its header is damaged",
			dt->size, limit);
		return -E2BIG;
	}
	if (dt->size < FDT_HEADER_SIZE || dt->size > FDT_SIZE_MAX) {
		diag_error(diag, NULL, NULL,
			   "the device tree says it is %u bytes long: its header is damaged",
			   dt->size);
		return -EINVAL;
	}
	if (be32_at(blob, FDT_AT_VERSION) < FDT_VERSION_MIN ||
	    be32_at(blob, FDT_AT_LAST_COMPATIBLE) > FDT_VERSION_MIN) {
		diag_error(
			diag, NULL, NULL,
			"the device tree has format version %u: version 17 is read; make it with "
			"dtc "
			"1.4 or later",
			be32_at(blob, FDT_AT_VERSION));
		return -EINVAL;
	}
	return 0;
}

static int refuse_block(struct diag *diag, const char *which)
{
	diag_error(diag, NULL, NULL, "the device tree is damaged: its %s lies outside it", which);
	return -EINVAL;
}

static int check_reserve(struct dt *dt, struct diag *diag)
{
	uint32_t pos = be32_at(dt->blob, FDT_AT_OFF_RESERVE);
	struct prange range;

	dt->reserve = pos;
	if (!is_aligned(pos, 8)) {
		return refuse_block(diag, "memory reservation list");
	}
	for (dt->reserve_count = 0;; dt->reserve_count++, pos += 16) {
		if (pos > dt->size || dt->size - pos < 16) {
			return refuse_block(diag, "memory reservation list");
		}
		range = dt_memreserve(dt, dt->reserve_count);
		if (range.base == 0 && range.size == 0) {
			return 0;
		}
		if (range.base + range.size < range.base) {
			diag_error(diag, NULL, NULL,
				   "the device tree is damaged: memory reservation %u wraps around",
				   dt->reserve_count);
			return -EINVAL;
		}
	}
}

/* Where the three blocks lie; fills the bounds of the first pass. */
static int check_blocks(struct dt *dt, struct check *c)
{
	uint32_t start = be32_at(dt->blob, FDT_AT_OFF_STRUCT);
	uint32_t size = be32_at(dt->blob, FDT_AT_SIZE_STRUCT);
	uint32_t strings_size = be32_at(dt->blob, FDT_AT_SIZE_STRINGS);

	if (!is_aligned(start, 4) || !range_contains(0, dt->size, start, size)) {
		return refuse_block(c->diag, "structure block");
	}
	c->pos = start;
	c->end = start + size;
	dt->strings = be32_at(dt->blob, FDT_AT_OFF_STRINGS);
	if (!range_contains(0, dt->size, dt->strings, strings_size)) {
		return refuse_block(c->diag, "strings block");
	}
	c->strings_end = dt->strings + strings_size;
	while (c->strings_end > dt->strings && dt->blob[c->strings_end - 1] != '\0') {
		c->strings_end--;
	}
	return check_reserve(dt, c->diag);
}

static struct dt_phandle *phandle_slot(const struct dt *dt, uint32_t phandle)
{
	uint32_t i = (phandle * UINT32_C(0x9e3779b1)) >> 7;

	for (;; i++) {
		struct dt_phandle *slot = &dt->phandle[i & dt->phandle_mask];

		if (slot->phandle == 0 || slot->phandle == phandle) {
			return slot;
		}
	}
}

static int add_phandle(struct dt *dt, int node, uint32_t phandle, struct diag *diag)
{
	char path[2][DT_PATH_MAX / 2];
	struct dt_phandle *slot;

	if (phandle == 0 || phandle == UINT32_MAX) {
		diag_error(diag, dt_path(dt, node, path[0], sizeof(path[0])), "phandle",
			   "0x%x is not a phandle", phandle);
		return -EINVAL;
	}
	slot = phandle_slot(dt, phandle);
	if (slot->phandle != 0 && slot->node != node) {
		diag_error(diag, dt_path(dt, node, path[0], sizeof(path[0])), "phandle",
			   "0x%x is the phandle of %s already", phandle,
			   dt_path(dt, slot->node, path[1], sizeof(path[1])));
		return -EINVAL;
	}
	slot->phandle = phandle;
	slot->node = node;
	return 0;
}

/* The second pass: the bounds are known to be right. Links come from a stack of open nodes. */
struct fill {
	struct dt *dt;
	struct diag *diag;
	int open[DT_DEPTH_MAX], last_child[DT_DEPTH_MAX + 1];
	int depth, count;
};

/* The node whose name is at `pos`; returns where its properties begin. */
static uint32_t fill_node(struct fill *f, uint32_t pos)
{
	struct dt *dt = f->dt;
	struct dt_node *node = &dt->node[f->count];

	node->name = pos;
	node->parent = f->depth > 0 ? f->open[f->depth - 1] : DT_NONE;
	node->child = DT_NONE;
	node->next = DT_NONE;
	if (f->last_child[f->depth] != DT_NONE) {
		dt->node[f->last_child[f->depth]].next = f->count;
	} else if (f->depth > 0) {
		dt->node[node->parent].child = f->count;
	}
	f->last_child[f->depth] = f->count;
	f->open[f->depth++] = f->count++;
	f->last_child[f->depth] = DT_NONE;
	node->props = pos + (uint32_t)align_up(strlen((const char *)dt->blob + pos) + 1, 4);
	return node->props;
}

/* The properties from `*pos` on, of the node opened last; leaves `*pos` at the first other token.
 */
static int fill_props(struct fill *f, uint32_t *pos)
{
	const uint8_t *blob = f->dt->blob, *at = blob + *pos;
	const char *names = (const char *)blob + f->dt->strings;
	int ret = 0;

	while (be32_at(at, 0) == FDT_TOKEN_PROP && ret == 0) {
		uint32_t len = be32_at(at, 4);

		if (len == 4 && is_phandle_name(names + be32_at(at, 8))) {
			ret = add_phandle(f->dt, f->count - 1, be32_at(at, 12), f->diag);
		}
		at += 12 + align_up(len, 4);
	}
	*pos = (uint32_t)(at - blob);
	return ret;
}

static int fill(struct dt *dt, uint32_t pos, struct diag *diag)
{
	struct fill f = {.dt = dt, .diag = diag};
	int ret = 0;

	f.last_child[0] = DT_NONE;
	while (ret == 0) {
		uint32_t token = be32_at(dt->blob, pos);

		if (token == FDT_TOKEN_PROP) {
			ret = fill_props(&f, &pos);
			continue;
		}
		pos += 4;
		if (token == FDT_TOKEN_BEGIN_NODE) {
			pos = fill_node(&f, pos);
		} else if (token == FDT_TOKEN_END_NODE) {
			f.depth--;
		} else if (token == FDT_TOKEN_END) {
			break;
		}
	}
	return ret;
}

/* Room for `count` phandles, found by hash. */
static int make_phandles(struct dt *dt, uint32_t count, struct diag *diag)
{
	uint32_t slots = 4;

	if (count == 0) {
		return 0;
	}
	while (slots < count * 2) {
		slots *= 2;
	}
	dt->phandle = arena_alloc(dt->arena, slots * sizeof(*dt->phandle));
	if (dt->phandle == NULL) {
		diag_error(diag, NULL, NULL, "the device tree has too many phandles: %u", count);
		return -ENOMEM;
	}
	dt->phandle_mask = slots - 1;
	return 0;
}

int dt_index(struct dt *dt, const void *blob, size_t limit, struct arena *arena, struct diag *diag)
{
	struct check c = {.dt = dt, .diag = diag, .last_node = "/"};
	uint32_t structure;
	int ret;

	*dt = (struct dt){.arena = arena, .aliases = DT_NONE};
	ret = check_size(dt, blob, limit, diag);
	if (ret == 0) {
		ret = check_blocks(dt, &c);
	}
	if (ret != 0) {
		return ret;
	}
	structure = c.pos;
	ret = check_structure(&c);
	if (ret != 0) {
		return ret;
	}
	dt->node = arena_alloc(arena, c.node_count * sizeof(*dt->node));
	if (dt->node == NULL) {
		diag_error(diag, NULL, NULL,
			   "the device tree has too many nodes for the memory set aside: %u",
			   c.node_count);
		return -ENOMEM;
	}
	dt->node_count = c.node_count;
	ret = make_phandles(dt, c.phandle_count, diag);
	ret = ret != 0 ? ret : fill(dt, structure, diag);
	if (ret == 0) {
		dt->aliases = dt_find(dt, "/aliases");
	}
	return ret;
}

struct prange dt_memreserve(const struct dt *dt, uint32_t i)
{
	uint32_t pos = dt->reserve + i * 16;

	return (struct prange){.base = be64_at(dt->blob, pos), .size = be64_at(dt->blob, pos + 8)};
}

static const struct dt_node *get(const struct dt *dt, int node)
{
	static const struct dt_node none = {.parent = DT_NONE, .child = DT_NONE, .next = DT_NONE};

	return node >= 0 && (uint32_t)node < dt->node_count ? &dt->node[node] : &none;
}

int dt_parent(const struct dt *dt, int node)
{
	return get(dt, node)->parent;
}

int dt_first_child(const struct dt *dt, int node)
{
	return get(dt, node)->child;
}

int dt_next_sibling(const struct dt *dt, int node)
{
	return get(dt, node)->next;
}

int dt_next_below(const struct dt *dt, int node, int top)
{
	int next = dt_first_child(dt, node);

	while (next == DT_NONE && node != top && node != DT_NONE) {
		next = dt_next_sibling(dt, node);
		node = dt_parent(dt, node);
	}
	return next;
}

const char *dt_name(const struct dt *dt, int node)
{
	const struct dt_node *n = get(dt, node);

	return n->name == 0 ? "" : (const char *)dt->blob + n->name;
}

static int child_of_length(const struct dt *dt, int node, const char *name, size_t len)
{
	bool exact = memchr(name, '@', len) != NULL;
	int child;

	for (child = dt_first_child(dt, node); child != DT_NONE; child = dt->node[child].next) {
		const char *have = (const char *)dt->blob + dt->node[child].name;

		if (have[0] == name[0] && strncmp(have, name, len) == 0 &&
		    (have[len] == '\0' || (!exact && have[len] == '@'))) {
			return child;
		}
	}
	return DT_NONE;
}

int dt_child(const struct dt *dt, int node, const char *name)
{
	return child_of_length(dt, node, name, strlen(name));
}

/* Steps down from `node` along `path`, which ends at NUL or ':'. */
static int descend(const struct dt *dt, int node, const char *path)
{
	while (node != DT_NONE) {
		size_t len = 0;

		while (*path == '/') {
			path++;
		}
		while (path[len] != '\0' && path[len] != '/' && path[len] != ':') {
			len++;
		}
		if (len == 0) {
			return node;
		}
		node = child_of_length(dt, node, path, len);
		path += len;
	}
	return DT_NONE;
}

int dt_find(const struct dt *dt, const char *path)
{
	return path[0] == '/' && dt->node_count > 0 ? descend(dt, DT_ROOT, path) : DT_NONE;
}

int dt_resolve(const struct dt *dt, const char *ref)
{
	struct dt_prop prop = {0};
	const char *path;
	size_t len = 0;

	if (ref[0] == '/') {
		return dt_find(dt, ref);
	}
	while (ref[len] != '\0' && ref[len] != '/' && ref[len] != ':') {
		len++;
	}
	while (dt_next_prop(dt, dt->aliases, &prop)) {
		if (strncmp(prop.name, ref, len) == 0 && prop.name[len] == '\0') {
			path = dt_prop_string(&prop, 0);
			return path == NULL ? DT_NONE : descend(dt, dt_find(dt, path), ref + len);
		}
	}
	return DT_NONE;
}

int dt_by_phandle(const struct dt *dt, uint32_t phandle)
{
	struct dt_phandle *slot;

	if (phandle == 0 || dt->phandle == NULL) {
		return DT_NONE;
	}
	slot = phandle_slot(dt, phandle);
	return slot->phandle == phandle ? slot->node : DT_NONE;
}

const char *dt_path(const struct dt *dt, int node, char *buf, size_t size)
{
	int step[DT_DEPTH_MAX];
	int depth = 0;
	size_t len = 0;

	for (; node > DT_ROOT && depth < DT_DEPTH_MAX; node = dt_parent(dt, node)) {
		step[depth++] = node;
	}
	if (size == 0) {
		return buf;
	}
	if (depth == 0 && size > 1) {
		buf[len++] = '/';
	}
	while (depth > 0) {
		const char *name = dt_name(dt, step[--depth]);

		for (const char *p = "/"; len + 1 < size && *p != '\0'; p++) {
			buf[len++] = *p;
		}
		for (; len + 1 < size && *name != '\0'; name++) {
			buf[len++] = *name;
		}
	}
	buf[len] = '\0';
	return buf;
}
