/* SPDX-License-Identifier: Apache-2.0 */
/* Checks the properties and children of a config's node against the binding's tables. */
#include "core/base/errno.h"
#include "core/base/string.h"
#include "core/config/parser.h"
#include "core/config/suggest.h"

#define U64_EXAMPLE "<0x0 0x20000000> is 512 MiB"

void parser_at(struct parser *p, int node)
{
	dt_path(p->dt, node, p->path, sizeof(p->path));
}

bool parser_enabled(struct parser *p, int node)
{
	const char *status;

	if (!dt_prop(p->dt, node, "status", NULL)) {
		return true;
	}
	status = dt_string(p->dt, node, "status");
	if (status != NULL && strcmp(status, "disabled") == 0) {
		return false;
	}
	if (status == NULL || (strcmp(status, "okay") != 0 && strcmp(status, "ok") != 0)) {
		parser_at(p, node);
		diag_error(p->diag, p->path, "status", "must be \"okay\" or \"disabled\"");
	}
	return true;
}

/* Reads the next word of "a|b|c"; false at the end. */
static bool next_choice(const char **list, char *word, size_t size)
{
	size_t len = 0;

	if (**list == '\0') {
		return false;
	}
	while (**list != '\0' && **list != '|') {
		if (len + 1 < size) {
			word[len++] = **list;
		}
		(*list)++;
	}
	word[len] = '\0';
	if (**list == '|') {
		(*list)++;
	}
	return true;
}

/* The place of `value` in "a|b|c", or -1. */
static int find_choice(const char *list, const char *value)
{
	char word[SUGGEST_WORD_MAX];

	for (int i = 0; next_choice(&list, word, sizeof(word)); i++) {
		if (strcmp(word, value) == 0) {
			return i;
		}
	}
	return -1;
}

bool parser_check_choice(struct parser *p, const char *name, const char *list, const char *value)
{
	char word[SUGGEST_WORD_MAX], best[SUGGEST_WORD_MAX] = "";
	struct suggest s;
	const char *rest = list;

	if (find_choice(list, value) >= 0) {
		return true;
	}
	suggest_begin(&s, value);
	while (next_choice(&rest, word, sizeof(word))) {
		suggest_try(&s, word);
		if (s.best == word) {
			memcpy(best, word, sizeof(best));
			s.best = NULL;
		}
	}
	if (best[0] != '\0') {
		diag_error(p->diag, p->path, name, "\"%s\" is not known: did you mean \"%s\"?",
			   value, best);
	} else {
		diag_error(p->diag, p->path, name, "\"%s\" is not known: it must be one of %s",
			   value, list);
	}
	return false;
}

/* Text where a number should stand: a string with at least one printable character. */
static bool looks_like_text(const struct dt_prop *prop)
{
	if (!dt_prop_is_strings(prop) || prop->len < 2) {
		return false;
	}
	for (uint32_t i = 0; i + 1 < prop->len; i++) {
		if (prop->value[i] < ' ' || prop->value[i] > '~') {
			return false;
		}
	}
	return true;
}

static bool refuse_length(struct parser *p, const char *name, const struct dt_prop *prop,
			  const char *wanted)
{
	if (prop->len == 0) {
		diag_error(p->diag, p->path, name, "has no value: it must be %s", wanted);
	} else if (looks_like_text(prop)) {
		diag_error(p->diag, p->path, name, "is the text \"%s\": it must be %s",
			   (const char *)prop->value, wanted);
	} else if (prop->len % 4 == 0) {
		diag_error(p->diag, p->path, name, "has %u cell%s: it must be %s", prop->len / 4,
			   prop->len == 4 ? "" : "s", wanted);
	} else {
		diag_error(p->diag, p->path, name, "has %u bytes: it must be %s", prop->len,
			   wanted);
	}
	return false;
}

static bool check_range(struct parser *p, const struct config_prop *rule, uint64_t value)
{
	if (value < rule->min) {
		diag_error(p->diag, p->path, rule->name, "is %lu: the smallest is %u", value,
			   rule->min);
		return false;
	}
	if (rule->max != 0 && value > rule->max) {
		diag_error(p->diag, p->path, rule->name, "is %lu: the largest is %u", value,
			   rule->max);
		return false;
	}
	return true;
}

static bool check_u32s(struct parser *p, const struct config_prop *rule, const struct dt_prop *prop)
{
	bool list = rule->type == PROP_U32_LIST;

	if (list ? (prop->len == 0 || prop->len % 4 != 0 || looks_like_text(prop)) :
		   prop->len != 4) {
		return refuse_length(p, rule->name, prop,
				     list ? "a list of cells, like <0 1>" :
					    "a number of one cell, like <1>");
	}
	for (uint32_t i = 0; i < prop->len / 4; i++) {
		if (!check_range(p, rule, dt_prop_cell(prop, i))) {
			return false;
		}
	}
	return true;
}

/* All ones are what the config structures have for "any" (CONFIG_IPA_ANY and others). */
static bool check_address_or_size(struct parser *p, const struct config_prop *rule, uint64_t value)
{
	if (value == UINT64_MAX) {
		diag_error(p->diag, p->path, rule->name,
			   "is 0xffffffffffffffff, which no address and no size is: write the one "
			   "that you mean, or leave it out");
		return false;
	}
	return check_range(p, rule, value);
}

static bool check_u64(struct parser *p, const struct config_prop *rule, const struct dt_prop *prop)
{
	if (prop->len == 4) {
		uint32_t value = dt_prop_cell(prop, 0);

		diag_error(p->diag, p->path, rule->name,
			   "has one cell, but is a 64-bit number of two: write <0x0 0x%x>", value);
		return false;
	}
	if (prop->len != 8) {
		return refuse_length(p, rule->name, prop,
				     "a 64-bit number of two cells, as " U64_EXAMPLE);
	}
	return check_address_or_size(p, rule,
				     (uint64_t)dt_prop_cell(prop, 0) << 32 | dt_prop_cell(prop, 1));
}

static bool check_string(struct parser *p, const struct config_prop *rule,
			 const struct dt_prop *prop)
{
	const char *value = dt_prop_string(prop, 0);

	if (value == NULL || strlen(value) + 1 != prop->len) {
		diag_error(p->diag, p->path, rule->name, "must be one text, like \"%s\"",
			   rule->type == PROP_BOARD_REF ? "serial0" : "text");
		return false;
	}
	if (rule->values != NULL) {
		return parser_check_choice(p, rule->name, rule->values, value);
	}
	if (rule->type == PROP_BOARD_REF && value[0] == '\0') {
		diag_error(
			p->diag, p->path, rule->name,
			"is empty: it must be a full path or an alias of the board's device tree");
		return false;
	}
	return true;
}

static bool check_strings(struct parser *p, const struct config_prop *rule,
			  const struct dt_prop *prop)
{
	if (!dt_prop_is_strings(prop)) {
		diag_error(p->diag, p->path, rule->name, "must be one or more texts");
		return false;
	}
	return true;
}

static bool check_phandles(struct parser *p, const struct config_prop *rule,
			   const struct dt_prop *prop)
{
	if (prop->len == 0 || prop->len % 4 != 0 || looks_like_text(prop) ||
	    (rule->type == PROP_PHANDLE && prop->len != 4)) {
		return refuse_length(p, rule->name, prop, "a reference, like <&label>");
	}
	for (uint32_t i = 0; i < prop->len / 4; i++) {
		uint32_t phandle = dt_prop_cell(prop, i);

		if (dt_by_phandle(p->dt, phandle) == DT_NONE) {
			diag_error(
				p->diag, p->path, rule->name,
				"0x%x is no node of this config: write a reference, like <&label>",
				phandle);
			return false;
		}
	}
	return true;
}

bool parser_check_value(struct parser *p, const struct config_prop *rule,
			const struct dt_prop *prop)
{
	switch (rule->type) {
	case PROP_FLAG:
		if (prop->len != 0) {
			diag_error(p->diag, p->path, rule->name,
				   "is a flag: it stands without a value, or not at all");
		}
		return prop->len == 0;
	case PROP_U32:
	case PROP_U32_LIST:
		return check_u32s(p, rule, prop);
	case PROP_U64:
		return check_u64(p, rule, prop);
	case PROP_U64_LIST:
		return prop->len != 0 && prop->len % 8 == 0 ?
			       true :
			       refuse_length(p, rule->name, prop,
					     "64-bit numbers of two cells each");
	case PROP_STRING:
	case PROP_BOARD_REF:
		return check_string(p, rule, prop);
	case PROP_STRINGS:
		return check_strings(p, rule, prop);
	case PROP_PHANDLE:
	case PROP_PHANDLE_LIST:
		return check_phandles(p, rule, prop);
	case PROP_BYTES:
		if (prop->len == 0) {
			diag_error(p->diag, p->path, rule->name, "is empty");
		}
		return prop->len != 0;
	case PROP_NODE:
	default:
		diag_error(p->diag, p->path, rule->name, "must be a node, not a property");
		return false;
	}
}

static const struct config_prop *find_rule(const struct config_prop *table, const char *name)
{
	for (; table != NULL && table->name != NULL; table++) {
		if (str_is(table->name, name)) {
			return table;
		}
	}
	return NULL;
}

static void suggest_from(struct suggest *s, const struct config_prop *table, bool nodes)
{
	for (; table != NULL && table->name != NULL; table++) {
		if ((table->type == PROP_NODE) == nodes) {
			suggest_try(s, table->name);
		}
	}
}

/* A name that the tables don't have: a word for users of other hypervisors, or the nearest name. */
static void refuse_unknown(struct parser *p, const char *name, const char *noun,
			   const struct suggest *s)
{
	const char *hint = binding_hint(name);

	if (hint != NULL) {
		diag_error(p->diag, p->path, name, "is not part of %s: %s", noun, hint);
	} else if (s->best != NULL) {
		diag_error(p->diag, p->path, name, "is not part of %s: did you mean %s?", noun,
			   s->best);
	} else {
		diag_error(p->diag, p->path, name,
			   "is not part of %s: vm-configs/README.md lists what is", noun);
	}
}

static bool is_generic(const char *name)
{
	return str_is(name, "phandle") || str_is(name, "linux,phandle") || str_is(name, "status");
}

static void check_property(struct parser *p, enum binding_kind kind, const struct config_prop *more,
			   const struct dt_prop *prop)
{
	const struct config_prop *rule = find_rule(binding_nodes[kind].props, prop->name);
	struct suggest s;

	if (rule == NULL) {
		rule = find_rule(more, prop->name);
	}
	if (rule == NULL) {
		suggest_begin(&s, prop->name);
		suggest_from(&s, binding_nodes[kind].props, false);
		suggest_from(&s, more, false);
		suggest_try(&s, "status");
		refuse_unknown(p, prop->name, binding_nodes[kind].noun, &s);
		return;
	}
	p->has_life |= rule->life;
	if (parser_check_value(p, rule, prop) && rule->later != NULL) {
		diag_error(p->diag, p->path, rule->name, "%s", rule->later);
	}
}

/* dtc refuses the same name twice; another writer of trees may not. */
static bool stands_before(struct parser *p, int node, const struct dt_prop *prop)
{
	struct dt_prop other = {0};

	while (dt_next_prop(p->dt, node, &other) && other.value != prop->value) {
		if (str_is(other.name, prop->name)) {
			return true;
		}
	}
	return false;
}

static void check_required(struct parser *p, int node, const struct config_prop *table)
{
	for (; table != NULL && table->name != NULL; table++) {
		if (table->required && !dt_prop(p->dt, node, table->name, NULL)) {
			diag_error(p->diag, p->path, table->name, "is missing: %s",
				   table->type == PROP_U64 ? "write it as two cells" :
				   table->type == PROP_U32 ? "write it as one cell" :
				   table->type == PROP_PHANDLE ?
							     "write a reference, like <&label>" :
				   table->type == PROP_BYTES ? "write /incbin/(\"file\")" :
							       "it is required");
		}
	}
}

/* Containers of objects take any child; the others those that a table names. */
static bool has_objects(enum binding_kind kind)
{
	return kind == BINDING_IMAGES || kind == BINDING_SHARED_MEMORIES ||
	       kind == BINDING_NETWORKS || kind == BINDING_SCHEDULE || kind == BINDING_VMS ||
	       kind == BINDING_DEVICES;
}

/* dtc -@ adds these to the root. */
static bool is_symbol_table(int parent, const char *name)
{
	return parent == DT_ROOT &&
	       (strcmp(name, "__symbols__") == 0 || strcmp(name, "__fixups__") == 0 ||
		strcmp(name, "__local_fixups__") == 0);
}

static void check_children(struct parser *p, int node, enum binding_kind kind,
			   const struct config_prop *more)
{
	for (int child = dt_first_child(p->dt, node); child != DT_NONE;
	     child = dt_next_sibling(p->dt, child)) {
		const char *name = dt_name(p->dt, child);
		const struct config_prop *rule = find_rule(binding_nodes[kind].props, name);
		struct suggest s;

		if (rule == NULL) {
			rule = find_rule(more, name);
		}
		if (rule != NULL && rule->type == PROP_NODE && rule->later != NULL) {
			diag_error(p->diag, p->path, name, "%s", rule->later);
		}
		if ((rule != NULL && rule->type == PROP_NODE) || is_symbol_table(node, name)) {
			continue;
		}
		if (rule != NULL) {
			diag_error(p->diag, p->path, name, "is a property here, not a node");
			continue;
		}
		suggest_begin(&s, name);
		suggest_from(&s, binding_nodes[kind].props, true);
		suggest_from(&s, more, true);
		refuse_unknown(p, name, binding_nodes[kind].noun, &s);
	}
}

void parser_check_node(struct parser *p, int node, enum binding_kind kind,
		       const struct config_prop *more)
{
	struct dt_prop prop = {0};

	parser_at(p, node);
	while (dt_next_prop(p->dt, node, &prop)) {
		if (stands_before(p, node, &prop)) {
			diag_error(p->diag, p->path, prop.name, "stands here twice");
		} else if (!is_generic(prop.name)) {
			check_property(p, kind, more, &prop);
		}
	}
	check_required(p, node, binding_nodes[kind].props);
	check_required(p, node, more);
	if (!has_objects(kind)) {
		check_children(p, node, kind, more);
	}
}

static bool is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
}

void parser_check_name(struct parser *p, int node)
{
	const char *name = dt_name(p->dt, node);
	size_t len = 0;

	parser_at(p, node);
	while (is_name_char(name[len])) {
		len++;
	}
	if (name[len] != '\0') {
		diag_error(p->diag, p->path, NULL,
			   "the name has '%c' in it: a name is made of a-z, 0-9 and '-'%s",
			   name[len], name[len] == '@' ? ", without a unit address" : "");
	} else if (len > CONFIG_NAME_MAX) {
		diag_error(p->diag, p->path, NULL,
			   "the name has %zu characters: a name has at most %u", len,
			   CONFIG_NAME_MAX);
	}
	for (int other = dt_first_child(p->dt, dt_parent(p->dt, node)); other != node;
	     other = dt_next_sibling(p->dt, other)) {
		if (str_is(dt_name(p->dt, other), name)) {
			diag_error(p->diag, p->path, NULL, "there are two nodes of this name");
			return;
		}
	}
}

uint64_t parser_u64(const struct parser *p, int node, const char *name, uint64_t dflt)
{
	struct dt_prop prop;

	if (!dt_prop(p->dt, node, name, &prop) || prop.len != 8) {
		return dflt;
	}
	return (uint64_t)dt_prop_cell(&prop, 0) << 32 | dt_prop_cell(&prop, 1);
}

uint32_t parser_u32(const struct parser *p, int node, const char *name, uint32_t dflt)
{
	dt_u32(p->dt, node, name, &dflt);
	return dflt;
}

unsigned int parser_choice(const struct parser *p, int node, const char *name, const char *list)
{
	const char *value = dt_string(p->dt, node, name);
	int at = value == NULL ? -1 : find_choice(list, value);

	return at < 0 ? 0 : (unsigned int)at;
}
