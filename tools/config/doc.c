/* SPDX-License-Identifier: Apache-2.0 */
/* Prints vm-configs/README.md from the tables that the validator reads, so that the two can't drift
 * apart. */
#include <stdio.h>
#include <string.h>

#include "core/config/binding.h"
#include "tools/config/commands.h"

static const char intro[] =
	"<!-- SPDX-License-Identifier: Apache-2.0 -->\n"
	"<!-- Printed by `bulkhead-config doc` from the validator's tables: change those. -->\n"
	"# Partition configs, version 1\n"
	"\n"
	"A config says which VMs run and what each of them gets. `make bundle CONFIG=NAME`\n"
	"compiles vm-configs/NAME.dts with `dtc`, checks it, and packs it with the images it\n"
	"names into one file; `make check CONFIG=NAME [BOARD=board.dtb]` only checks, against a\n"
	"board's device tree if one is given. `demo.dts` is a config to start from. Those in\n"
	"`examples/` show the whole binding; the first lines of each say what this version\n"
	"still refuses.\n"
	"\n"
	"A config is policy, not hardware. Outside `guest-dtb { }` it never uses `reg`,\n"
	"`interrupts` or `#*-cells`; instead every number names its space: `ipa`\n"
	"guest-physical, `pa` the board's memory, `spi` a guest's interrupt (INTID less 32).\n"
	"Numbers of 64 bits are **always two cells**. References (`<&label>`) point inside the\n"
	"config only; the board's nodes are named by a *board ref*: a full path or an alias of\n"
	"the board's device tree. The name of a node is the name of the object: 1 to 31 of\n"
	"`a-z`, `0-9` and `-`. Any node may have `status = \"disabled\"`: it is then as if\n"
	"absent, but still must be well-formed device tree. An unknown node or property is an\n"
	"error, and the message says which one was probably meant.\n"
	"\n"
	"An error inside a VM refuses that VM, and one in an image, a network or a shared\n"
	"memory those VMs that use it: the others run. An error elsewhere refuses the whole\n"
	"config. All errors are reported at once, by the host tools and, against the real board,\n"
	"again at boot.\n"
	"\n"
	"*(later)* marks what is known but refused in this version, with a sentence that says\n"
	"so.\n";

static const char *type_name(const struct config_prop *prop)
{
	static const char *const names[] = {
		[PROP_FLAG] = "flag",
		[PROP_U32] = "u32",
		[PROP_U64] = "u64",
		[PROP_STRING] = "text",
		[PROP_STRINGS] = "texts",
		[PROP_U32_LIST] = "u32 list",
		[PROP_U64_LIST] = "u64 list",
		[PROP_PHANDLE] = "reference",
		[PROP_PHANDLE_LIST] = "references",
		[PROP_BOARD_REF] = "board ref",
		[PROP_BYTES] = "bytes",
		[PROP_NODE] = "node",
	};

	return names[prop->type];
}

/* Allowed words and numbers, in the column of the type. */
static void print_type(const struct config_prop *prop)
{
	const char *values = prop->values;

	printf("%s", type_name(prop));
	if (values != NULL && (prop->type == PROP_PHANDLE || prop->type == PROP_PHANDLE_LIST)) {
		printf(" to %s", values);
	} else if (values != NULL) {
		printf(": `");
		for (; *values != '\0'; values++) {
			printf(*values == '|' ? "`, `" : "%c", *values);
		}
		printf("`");
	} else if (prop->max != 0) {
		printf(" %u-%u", prop->min, prop->max);
	}
}

static void print_props(const struct config_prop *props)
{
	bool any = false;

	for (; props != NULL && props->name != NULL; props++) {
		if (props->help == NULL) { /* nodes that have a section of their own */
			continue;
		}
		if (!any) {
			puts("\n| property | type | default | |\n|---|---|---|---|");
			any = true;
		}
		printf("| `%s`%s | ", props->name, props->later != NULL ? " *(later)*" : "");
		print_type(props);
		printf(" | %s | %s |\n",
		       props->required	   ? "**required**" :
		       props->dflt != NULL ? props->dflt :
					     "-",
		       props->help);
	}
}

static void print_node(const struct binding_node *node)
{
	if (node->help[0] == '\0' && node->props->name == NULL) {
		return; /* a container */
	}
	printf("\n## `%s`\n", node->path);
	if (node->help[0] != '\0') {
		printf("\n%s\n", node->help);
	}
	print_props(node->props);
}

static void print_device(const struct vdev_type *type)
{
	printf("\n### `%s`\n\n%s", type->compatible, type->help);
	if (type->no_spi) {
		printf(" It is at 0x%08lx unless `ipa` says otherwise.", type->ipa);
	} else {
		printf(" The first is at 0x%08lx, SPI %u, unless `ipa` and `spi` say "
		       "otherwise.",
		       type->ipa, type->spi);
	}
	if (type->max_count != 0) {
		printf(" At most %u per VM.", type->max_count);
	}
	putchar('\n');
	print_props(type->props);
}

int command_doc(void)
{
	fputs(intro, stdout);
	for (size_t i = 0; i < BINDING_RAM_DEVICE; i++) {
		print_node(&binding_nodes[i]);
	}
	printf("\n### `%s`\n\n%s\n", BINDING_RAM, binding_nodes[BINDING_RAM_DEVICE].help);
	print_props(binding_nodes[BINDING_RAM_DEVICE].props);
	printf("\n### `%s`\n\n%s\n", BINDING_PASSTHROUGH,
	       binding_nodes[BINDING_PASSTHROUGH_DEVICE].help);
	print_props(binding_nodes[BINDING_PASSTHROUGH_DEVICE].props);
	printf("\n### `%s`\n\n%s\n", BINDING_SHARED, binding_nodes[BINDING_SHARED_DEVICE].help);
	print_props(binding_nodes[BINDING_SHARED_DEVICE].props);
	for (size_t i = 0; vdev_types[i] != NULL; i++) {
		print_device(vdev_types[i]);
	}
	return 0;
}
