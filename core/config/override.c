/* SPDX-License-Identifier: Apache-2.0 */
/* `bulkhead.NAME=VALUE` in the board's bootargs: changes hypervisor { } without making a bundle
 * anew. */
#include "core/base/string.h"
#include "core/config/parser.h"
#include "core/config/suggest.h"

#define PREFIX	   "bulkhead."
#define PREFIX_LEN (sizeof(PREFIX) - 1)
#define WORD_MAX   128

/* Read before there is a config: boot/ knows them. */
static bool is_early(const char *name)
{
	return strcmp(name, "earlycon") == 0;
}

static const struct config_prop *find_rule(const char *name)
{
	for (const struct config_prop *r = binding_nodes[BINDING_HYPERVISOR].props; r->name; r++) {
		if (strcmp(r->name, name) == 0) {
			return r;
		}
	}
	return NULL;
}

static void refuse_name(struct parser *p, const char *name)
{
	struct suggest s;

	suggest_begin(&s, name);
	for (const struct config_prop *r = binding_nodes[BINDING_HYPERVISOR].props; r->name; r++) {
		suggest_try(&s, r->name);
	}
	if (s.best != NULL) {
		diag_error(p->diag, p->path, name, "is not known: did you mean " PREFIX "%s?",
			   s.best);
	} else {
		diag_error(p->diag, p->path, name,
			   "is not known: the properties of hypervisor are");
	}
}

static bool read_number(struct parser *p, const struct config_prop *rule, const char *value,
			uint8_t *out)
{
	char *end;
	uint64_t number = strtoul(value, &end, 0);

	if (value[0] < '0' || value[0] > '9' || *end != '\0' || number < rule->min ||
	    number > rule->max) {
		diag_error(p->diag, p->path, rule->name, "\"%s\" is not a number from %u to %u",
			   value, rule->min, rule->max);
		return false;
	}
	*out = (uint8_t)number;
	return true;
}

static void set_text(struct parser *p, const char *value, const char **out)
{
	size_t size = strlen(value) + 1;
	char *copy = arena_alloc(p->dt->arena, size);

	if (copy != NULL) {
		memcpy(copy, value, size);
		*out = copy;
	}
}

static void apply(struct parser *p, const char *name, const char *value)
{
	const struct config_prop *rule = find_rule(name);
	struct config *config = p->config;

	if (rule == NULL) {
		if (!is_early(name)) {
			refuse_name(p, name);
		}
	} else if (rule->later != NULL) {
		diag_error(p->diag, p->path, name, "%s", rule->later);
	} else if (rule->values != NULL && !parser_check_choice(p, name, rule->values, value)) {
		return;
	} else if (strcmp(name, "console") == 0) {
		set_text(p, value, &config->console);
	} else if (strcmp(name, "log-region") == 0) {
		set_text(p, value, &config->log_region);
	} else if (strcmp(name, "console-escape") == 0) {
		read_number(p, rule, value, &config->console_escape);
	} else if (strcmp(name, "log-level") == 0) {
		read_number(p, rule, value, &config->log_level);
	} else if (strcmp(name, "when-all-off") == 0) {
		config->when_all_off = value[0] == 's' ? ALL_OFF_SHELL :
				       value[0] == 'p' ? ALL_OFF_POWEROFF :
							 ALL_OFF_REBOOT;
	} else if (strcmp(name, "panic") == 0) {
		config->panic_reboot = value[0] == 'r';
	}
}

/* One word of the bootargs, cut at its '='. */
static void apply_word(struct parser *p, const char *word, size_t len)
{
	char text[WORD_MAX];
	char *value;

	if (len <= PREFIX_LEN || strncmp(word, PREFIX, PREFIX_LEN) != 0) {
		return;
	}
	word += PREFIX_LEN;
	len = MIN(len - PREFIX_LEN, sizeof(text) - 1);
	memcpy(text, word, len);
	text[len] = '\0';
	value = strchr(text, '=');
	if (value == NULL) {
		diag_error(p->diag, p->path, text, "has no value: write " PREFIX "%s=VALUE", text);
		return;
	}
	*value = '\0';
	apply(p, text, value + 1);
}

void config_override(struct config *config, const struct board *board, struct diag *diag)
{
	struct parser p = {
		.config = config,
		.dt = config->tree,
		.diag = diag,
		.path = "/chosen/bootargs of the board",
	};

	for (const char *at = board->bootargs; *at != '\0';) {
		const char *word = at;

		while (*at != '\0' && *at != ' ') {
			at++;
		}
		apply_word(&p, word, (size_t)(at - word));
		while (*at == ' ') {
			at++;
		}
	}
}
