/* SPDX-License-Identifier: Apache-2.0 */
/* From the config's tree to struct config: the root, hypervisor { } and images/. VMs are in
 * parse_vm.c. */
#include "core/base/errno.h"
#include "core/base/format.h"
#include "core/base/string.h"
#include "core/config/image.h"
#include "core/config/parser.h"
#include "core/config/suggest.h"

#define CONSOLE_ESCAPE_DEFAULT 0x1d /* Ctrl-] */
#define LOG_LEVEL_DEFAULT      6

#define IMAGE_TYPES	   "linux|raw|elf|ramdisk|dtb|disk"
#define WHEN_ALL_OFF_WORDS "shell|poweroff|reboot"
#define PANIC_WORDS	   "stop|reboot"

/* The config may come from another age: say which versions this build reads. */
static bool check_version(struct parser *p)
{
	const char *compatible = dt_string(p->dt, DT_ROOT, "compatible");
	size_t family = sizeof(BINDING_FAMILY) - 1;

	if (compatible == NULL) {
		diag_error(p->diag, "/", "compatible",
			   "is missing or malformed: a config begins with compatible = "
			   "\"" BINDING_COMPATIBLE "\"");
		return false;
	}
	if (strcmp(compatible, BINDING_COMPATIBLE) == 0) {
		return true;
	}
	if (strncmp(compatible, BINDING_FAMILY, family) == 0) {
		diag_error(p->diag, "/", "compatible",
			   "the config has version %s, this build reads version "
			   "" BINDING_VERSIONS_READ,
			   compatible + family);
		return false;
	}
	if (suggest_distance(compatible, BINDING_COMPATIBLE) <= 4) {
		diag_error(p->diag, "/", "compatible",
			   "\"%s\" is not known: did you mean \"" BINDING_COMPATIBLE "\"?",
			   compatible);
		return false;
	}
	diag_error(p->diag, "/", "compatible",
		   "\"%s\" is no config: a config begins with compatible = \"" BINDING_COMPATIBLE
		   "\"",
		   compatible);
	return false;
}

static void parse_hypervisor(struct parser *p, int node)
{
	struct config *config = p->config;

	parser_check_node(p, node, BINDING_HYPERVISOR, NULL);
	config->console = dt_string(p->dt, node, "console");
	config->log_region = dt_string(p->dt, node, "log-region");
	config->console_escape =
		(uint8_t)parser_u32(p, node, "console-escape", CONSOLE_ESCAPE_DEFAULT);
	config->log_level = (uint8_t)parser_u32(p, node, "log-level", LOG_LEVEL_DEFAULT);
	config->when_all_off =
		(enum when_all_off)parser_choice(p, node, "when-all-off", WHEN_ALL_OFF_WORDS);
	config->panic_reboot = parser_choice(p, node, "panic", PANIC_WORDS) == 1;
}

/* load and entry belong to raw images alone: the others know, or are placed. */
static void check_image_addresses(struct parser *p, int node, const struct image_config *image)
{
	static const char *const names[] = {"load", "entry"};

	for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
		bool given = dt_prop(p->dt, node, names[i], NULL);

		if (image->type == IMAGE_RAW && !given) {
			diag_error(p->diag, p->path, names[i],
				   "is missing: a raw image must say where it goes, like <0x0 "
				   "0x40080000>");
		} else if (image->type != IMAGE_RAW && given) {
			diag_error(p->diag, p->path, names[i],
				   image->type == IMAGE_LINUX || image->type == IMAGE_ELF ?
					   "the image itself says so: leave it out" :
				   image->type == IMAGE_DTB ?
					   "leave it out: the VM's dtb-address says where the tree "
					   "goes" :
					   "leave it out: the place is chosen");
		}
	}
}

static void parse_image(struct parser *p, int node, struct image_config *image)
{
	unsigned int errors = p->diag->error_count;
	struct dt_prop data;
	int hash = dt_child(p->dt, node, "hash-1");

	*image = (struct image_config){.name = dt_name(p->dt, node), .node = node};
	parser_check_name(p, node);
	if (hash != DT_NONE) {
		parser_check_node(p, hash, BINDING_HASH, NULL);
		image->has_crc = dt_u32(p->dt, hash, "crc32c", &image->crc) == 0;
	}
	parser_check_node(p, node, BINDING_IMAGE, NULL);
	image->type = (enum image_type)parser_choice(p, node, "type", IMAGE_TYPES);
	image->load = parser_u64(p, node, "load", CONFIG_ADDR_NONE);
	image->entry = parser_u64(p, node, "entry", CONFIG_ADDR_NONE);
	dt_prop(p->dt, node, "data", &data);
	image->data = data.value;
	image->size = data.len;
	if (dt_string(p->dt, node, "type") != NULL && p->diag->error_count == errors) {
		check_image_addresses(p, node, image);
		if (data.len != 0) {
			image_inspect(image, p->path, p->diag);
		}
	}
	image->refused = p->diag->error_count != errors;
	p->inside += p->diag->error_count - errors;
}

static void parse_images(struct parser *p, int node)
{
	struct config *config = p->config;

	parser_check_node(p, node, BINDING_IMAGES, NULL);
	for (int child = dt_first_child(p->dt, node); child != DT_NONE;
	     child = dt_next_sibling(p->dt, child)) {
		if (!parser_enabled(p, child)) {
			continue;
		}
		if (config->image_count == CONFIG_IMAGE_MAX) {
			parser_at(p, node);
			diag_error(p->diag, p->path, NULL, "has more than %u images",
				   CONFIG_IMAGE_MAX);
			return;
		}
		parse_image(p, child, &config->image[config->image_count++]);
	}
}

static void parse_vms(struct parser *p, int node)
{
	struct config *config = p->config;

	parser_check_node(p, node, BINDING_VMS, NULL);
	for (int child = dt_first_child(p->dt, node); child != DT_NONE;
	     child = dt_next_sibling(p->dt, child)) {
		unsigned int errors = p->diag->error_count;
		struct vm_config *vm = &config->vm[config->vm_count];

		if (config->vm_count == CONFIG_VM_MAX) {
			parser_at(p, node);
			diag_error(p->diag, p->path, NULL, "has more than %u VMs", CONFIG_VM_MAX);
			return;
		}
		if (parser_enabled(p, child)) {
			parser_vm(p, child, vm);
			vm->refused = p->diag->error_count != errors;
			p->inside += p->diag->error_count - errors;
			config->vm_count++;
		}
	}
	if (config->vm_count == 0) {
		diag_error(p->diag, "/vms", NULL, "has no enabled VM: there is nothing to run");
	}
}

/* A container of the root, or DT_NONE when absent or disabled. */
static int container(struct parser *p, const char *name)
{
	int node = dt_child(p->dt, DT_ROOT, name);

	return node != DT_NONE && parser_enabled(p, node) ? node : DT_NONE;
}

int config_parse(struct config *out, const struct dt *dt, struct diag *diag)
{
	struct parser p = {.config = out, .dt = dt, .diag = diag};
	unsigned int before = diag->error_count;
	int images, vms;

	memset(out, 0, offsetof(struct config, image));
	out->tree = dt;
	if (!check_version(&p)) {
		return -EINVAL;
	}
	parser_check_node(&p, DT_ROOT, BINDING_ROOT, NULL);
	parse_hypervisor(&p, container(&p, "hypervisor"));
	parser_shared_memories(&p, container(&p, "shared-memory"));
	parser_networks(&p, container(&p, "networks"));
	images = container(&p, "images");
	if (images != DT_NONE) {
		parse_images(&p, images);
	}
	vms = container(&p, "vms");
	if (vms == DT_NONE) {
		diag_error(diag, "/", "vms", "is missing: there is nothing to run");
	} else {
		parse_vms(&p, vms);
		parser_schedules(&p, container(&p, "schedule"));
	}
	return diag->error_count - before == p.inside ? 0 : -EINVAL;
}

const char *config_vm_path(const struct vm_config *vm, char *buf, size_t size)
{
	format(buf, size, "/vms/%s", vm->name);
	return buf;
}
