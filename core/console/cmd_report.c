/* SPDX-License-Identifier: Apache-2.0 */
/* The command for porters: what this build found, and the board's tree as text that dtc reads. */
#include "boot/banner.h"
#include "core/base/string.h"
#include "core/console/command.h"
#include "core/console/mux.h"
#include "core/fdt/dt.h"

#define CELLS_A_LINE 6
#define BYTES_A_LINE 16
#define CELLS_A_STEP 3
#define BYTES_A_STEP 4
#define TEXT_MAX     120 /* a string that is longer is written as bytes */

/* What a step does; at[0] of the job. */
enum part {
	PART_BANNER,
	PART_HEAD,
	PART_RESERVE,
	PART_NODE,  /* opens at[2] */
	PART_PROPS, /* the name of the next one */
	PART_KIND,  /* of its value */
	PART_TEXT,  /* string at[3] of it */
	PART_VALUE, /* cells or bytes, from byte at[3] on */
	PART_CLOSE, /* the deepest node that ends before the next one; at[3]: those that did */
	PART_END,
};

/* The property that is being written; the console's CPU. */
static struct dt_prop prop;

static int depth_of(const struct dt *dt, int node)
{
	int depth = 0;

	for (; node != DT_ROOT && node != DT_NONE; node = dt_parent(dt, node)) {
		depth++;
	}
	return depth;
}

static void indent(int depth)
{
	shell_say("%*s", 2 * depth, "");
}

/* One or more strings of ordinary characters. */
static bool is_text(const struct dt_prop *p)
{
	if (!dt_prop_is_strings(p) || p->len > TEXT_MAX || p->value[0] == '\0') {
		return false;
	}
	for (uint32_t i = 0; i < p->len; i++) {
		uint8_t byte = p->value[i];

		if ((byte < ' ' && byte != '\0') || byte > '~' || byte == '"' || byte == '\\' ||
		    (byte == '\0' && i != 0 && p->value[i - 1] == '\0')) {
			return false;
		}
	}
	return true;
}

/* A string in a step. */
static void say_text(struct shell_job *job)
{
	const char *string = dt_prop_string(&prop, job->at[3]);

	if (string != NULL) {
		shell_say("%s\"%s\"", job->at[3] == 0 ? " = " : ", ", string);
		job->at[3]++;
	} else {
		shell_say(";\n");
		job->at[0] = PART_PROPS;
	}
}

/* A part of a row of cells or bytes. */
static void say_value(struct shell_job *job)
{
	uint32_t *at = &job->at[3];
	bool cells = prop.len % 4 == 0;
	uint32_t row = cells ? 4 * CELLS_A_LINE : BYTES_A_LINE;
	uint32_t step = cells ? 4 * CELLS_A_STEP : BYTES_A_STEP;

	if (*at == 0) {
		shell_say(cells ? " = <" : " = [");
	} else if (*at % row == 0) {
		shell_say("\n");
	}
	for (uint32_t end = MIN(*at + step, prop.len); *at < end; *at += cells ? 4 : 1) {
		shell_say(cells ? "%s0x%x" : "%s%02x", *at == 0 ? "" : " ",
			  cells ? dt_prop_cell(&prop, *at / 4) : prop.value[*at]);
	}
	if (*at >= prop.len) {
		shell_say(cells ? ">;\n" : "];\n");
		job->at[0] = PART_PROPS;
	}
}

static void say_kind(struct shell_job *job)
{
	job->at[3] = 0;
	if (prop.len == 0) {
		shell_say(";\n");
		job->at[0] = PART_PROPS;
	} else {
		job->at[0] = is_text(&prop) ? PART_TEXT : PART_VALUE;
	}
}

static void say_name(struct shell_job *job, const struct dt *dt)
{
	int node = (int)job->at[2];

	if (!dt_next_prop(dt, node, &prop)) {
		job->at[0] = PART_CLOSE;
		job->at[3] = 0;
		return;
	}
	indent(depth_of(dt, node) + 1);
	if (strcmp(prop.name, "rng-seed") == 0 || strcmp(prop.name, "kaslr-seed") == 0) {
		shell_say("// %s: not for others' eyes\n", prop.name);
		return;
	}
	shell_say("%s", prop.name);
	job->at[0] = PART_KIND;
}

/* Up to the parent of the node that is next, one brace for each. */
static void close_node(struct shell_job *job, const struct dt *dt)
{
	int next = (int)job->at[2] + 1;
	int depth = (uint32_t)next < dt->node_count ? depth_of(dt, next) : 0;
	int at = depth_of(dt, (int)job->at[2]) - (int)job->at[3]++;

	if (at >= depth) {
		indent(at);
		shell_say("};\n");
		return;
	}
	job->at[2] = (uint32_t)next;
	job->at[0] = (uint32_t)next < dt->node_count ? PART_NODE : PART_END;
}

static void say_reserve(struct shell_job *job, const struct dt *dt)
{
	struct prange range;

	if (job->at[1] == dt->reserve_count) {
		job->at[0] = PART_NODE;
		return;
	}
	range = dt_memreserve(dt, job->at[1]++);
	shell_say("/memreserve/ 0x%llx 0x%llx;\n", (unsigned long long)range.base,
		  (unsigned long long)range.size);
}

/* A row, in two parts. */
static void say_banner(struct shell_job *job)
{
	static char text[160];

	if (job->part != 0) {
		shell_say("// %s\n", text);
	} else if (banner_line(shell_sources()->board, shell_sources()->image, job->at[1]++, text,
			       sizeof(text))) {
		job->more = true;
	} else {
		job->at[0] = PART_HEAD;
		job->at[1] = 0;
	}
}

static bool report_step(struct shell_job *job)
{
	const struct dt *dt = shell_sources()->board->tree;

	if (job->at[0] == PART_KIND || job->at[0] == PART_TEXT || job->at[0] == PART_VALUE) {
		job->wait = 0; /* it goes on with a row */
	}
	if (job->step == 0) {
		/* nothing of guests in between: a file of it is a source for dtc */
		mux_show_only(NULL);
	}
	switch ((enum part)job->at[0]) {
	case PART_BANNER:
		say_banner(job);
		break;
	case PART_HEAD:
		shell_say("/dts-v1/;\n");
		job->at[0] = PART_RESERVE;
		break;
	case PART_RESERVE:
		say_reserve(job, dt);
		break;
	case PART_NODE:
		indent(depth_of(dt, (int)job->at[2]));
		shell_say("%s {\n", job->at[2] == DT_ROOT ? "/" : dt_name(dt, (int)job->at[2]));
		memset(&prop, 0, sizeof(prop));
		job->at[0] = PART_PROPS;
		break;
	case PART_PROPS:
		say_name(job, dt);
		break;
	case PART_KIND:
		say_kind(job);
		break;
	case PART_TEXT:
		say_text(job);
		break;
	case PART_VALUE:
		say_value(job);
		break;
	case PART_CLOSE:
		close_node(job, dt);
		break;
	case PART_END:
		shell_say("// end of report\n");
		mux_show_all();
		return true;
	}
	if (job->ends) {
		mux_show_all();
	}
	return false;
}

const struct shell_command report_commands[] = {
	{"report", "", 0, 0,
	 "what a porter sends: banner and board's tree\n"
	 "As text that dtc takes back; VMs' lines wait in their logs meanwhile.",
	 report_step, NULL},
	{0},
};
