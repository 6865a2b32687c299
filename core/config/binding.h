/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The config binding as tables: the validator reads them, and vm-configs/README.md is printed from
 * them. Devices have their tables beside their models (drivers/emul/vdev.h). Pure.
 */
#ifndef CORE_CONFIG_BINDING_H
#define CORE_CONFIG_BINDING_H

#include "drivers/emul/vdev.h"

#define BINDING_COMPATIBLE    "bulkhead,config-1"
#define BINDING_FAMILY	      "bulkhead,config-" /* a number follows: the major version */
#define BINDING_VERSIONS_READ "1"
#define BINDING_VENDOR	      "bulkhead," /* what every device's compatible begins with */
#define BINDING_VM_COMPATIBLE "bulkhead,vm"
#define BINDING_RAM	      "bulkhead,ram"
#define BINDING_PASSTHROUGH   "bulkhead,passthrough"
#define BINDING_SHARED	      "bulkhead,shared-memory"

/* A kind of node of the binding. */
struct binding_node {
	const char *path;		 /* in the document: "/vms/NAME" */
	const char *noun;		 /* in messages: "a VM" */
	const struct config_prop *props; /* ends with name NULL */
	DOC_FIELD(help);
};

enum binding_kind {
	BINDING_ROOT,
	BINDING_HYPERVISOR,
	BINDING_IMAGES,
	BINDING_IMAGE,
	BINDING_HASH,
	BINDING_SHARED_MEMORIES,
	BINDING_SHARED_MEMORY,
	BINDING_NETWORKS,
	BINDING_NETWORK,
	BINDING_SCHEDULE,
	BINDING_WINDOWS,
	BINDING_VMS,
	BINDING_VM,
	BINDING_DEVICES,
	BINDING_DEVICE,		    /* what every device has */
	BINDING_RAM_DEVICE,	    /* bulkhead,ram: memory, so no vdev_type */
	BINDING_PASSTHROUGH_DEVICE, /* bulkhead,passthrough: the board's, so no vdev_type */
	BINDING_SHARED_DEVICE,	    /* bulkhead,shared-memory: memory, so no vdev_type */
	BINDING_COUNT,
};

extern const struct binding_node binding_nodes[BINDING_COUNT];

/*
 * What to write instead of a name that users of other hypervisors bring along, or of ordinary
 * device tree; NULL when it is not one of these.
 */
const char *binding_hint(const char *name);

#endif
