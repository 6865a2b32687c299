/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a checked config to VMs: memory, tables, vCPUs, interrupt controller, devices, device tree.
 * Everything a VM will ever use is taken here. Boot CPU, before any guest runs.
 */
#ifndef CORE_VM_BUILD_H
#define CORE_VM_BUILD_H

#include "core/base/diag.h"
#include "core/console/keep.h"
#include "core/fdt/dt.h"
#include "core/resource/ram_plan.h"
#include "core/resource/registry.h"

struct build_context {
	const struct config *config;
	const struct dt *config_tree;
	const struct board *board;
	const struct ram_plan *plan;
	struct registry *registry;
	struct keep *keep; /* of their logs; NULL: none is kept */
	struct diag *diag;
};

/* Builds VM `index` of the config and registers it; 0, or -errno after a sentence: this VM is left
 * out. */
int build_vm(const struct build_context *build, uint32_t index);

/* Pages that build_vm() may take for all VMs that are not refused: an upper bound, for sizing EL2's
 * heap. */
uint32_t build_pages(const struct config *config);

#endif
