/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of core/config share: the state of one parse, and properties checked against a
 * table. */
#ifndef CORE_CONFIG_PARSER_H
#define CORE_CONFIG_PARSER_H

#include "core/config/binding.h"
#include "core/config/config.h"

#define CONFIG_PATH_MAX 128
#define CONFIG_NAME_MAX 31

struct parser {
	struct config *config;
	const struct dt *dt;
	struct diag *diag;
	unsigned int inside;	    /* errors inside a VM or an image: they refuse no other VM */
	bool has_life;		    /* parser_check_node() has met a property marked so */
	char path[CONFIG_PATH_MAX]; /* of the node that messages are about */
};

/* Messages are about `node` from here on. */
void parser_at(struct parser *p, int node);

/* Not status = "disabled"; a `status` that is neither is an error, and the node is taken as
 * enabled. */
bool parser_enabled(struct parser *p, int node);

/*
 * Checks every property and child name of `node` against its kind's table, and `more` (a device
 * type's own; NULL: none): known, not refused until later, of the right type and range, nothing
 * required missing. Nodes of later kinds are checked all the same. Leaves messages at `node`.
 */
void parser_check_node(struct parser *p, int node, enum binding_kind kind,
		       const struct config_prop *more);

/* The node's name is an object's: 1 to 31 of a-z, 0-9 and '-', unique among its siblings. */
void parser_check_name(struct parser *p, int node);

/* Whether the value has the type's form and range; says so if not. */
bool parser_check_value(struct parser *p, const struct config_prop *rule,
			const struct dt_prop *prop);

/* "did you mean" for values: true when `list` ("a|b|c") has the string; else reports it against
 * property `name`. */
bool parser_check_choice(struct parser *p, const char *name, const char *list, const char *value);

/* A two-cell number, or `dflt` when absent or malformed (which has been reported). */
uint64_t parser_u64(const struct parser *p, int node, const char *name, uint64_t dflt);
uint32_t parser_u32(const struct parser *p, int node, const char *name, uint32_t dflt);

/* The string's place in "a|b|c", 0 when the property is absent or has been reported. */
unsigned int parser_choice(const struct parser *p, int node, const char *name, const char *list);

/* What a VM's node says of its vCPUs and their CPUs; their number is 0 after an error in it. */
void parser_vcpus(struct parser *p, int node, struct vm_config *vm);

/* The nodes below /schedule, after the VMs. */
void parser_schedules(struct parser *p, int node);

/* What stands below /networks (DT_NONE: nothing), before the VMs. */
void parser_networks(struct parser *p, int node);

/* What stands below /shared-memory (DT_NONE: nothing), before the VMs. */
void parser_shared_memories(struct parser *p, int node);

/* A bulkhead,shared-memory node of the VM. */
void parser_share(struct parser *p, int node, struct vm_config *vm);

/* A bulkhead,virtio-net node of the VM. */
void parser_port(struct parser *p, int node, const struct vm_config *vm, struct port_config *port);

/* One VM's node, checked and taken over into `vm`, which is zeroed before. */
void parser_vm(struct parser *p, int node, struct vm_config *vm);

/*
 * The image that a phandle property names; `types` has a bit for each type that may stand there,
 * `wanted` says them in words. NULL when absent or reported.
 */
const struct image_config *parser_image(struct parser *p, int node, const char *name,
					unsigned int types, const char *wanted);

/* One region of RAM from its node; `name` NULL: from memory-size of the VM. */
void parser_ram(struct parser *p, int node, struct vm_config *vm, const char *name);

/* What is a disk's own of its node. */
void parser_disk(struct parser *p, int node, const struct vm_config *vm, struct disk_config *disk);

/* What stands below its devices/ (DT_NONE: nothing). */
void parser_devices(struct parser *p, int node, struct vm_config *vm);

#endif
