/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The config: parsed and checked. Pure: the host's checker and the hypervisor run the same code.
 *
 * config_parse() reads structure, types and references out of the tree; config_check() then judges
 * what the values mean together and on this board, and fills in what was left to be chosen. Both
 * report every error they find. An error inside a VM refuses that VM (vm_config.refused); an error
 * elsewhere refuses all.
 */
#ifndef CORE_CONFIG_CONFIG_H
#define CORE_CONFIG_CONFIG_H

#include "boot/board_types.h"
#include "core/base/diag.h"
#include "core/config/config_types.h"
#include "core/fdt/dt.h"

#define CONFIG_PLACE_OWN_MAX 4

/* Where the config would run: what the hypervisor itself holds, and what it can give. */
struct config_place {
	struct prange own[CONFIG_PLACE_OWN_MAX]; /* RAM the hypervisor keeps: image, heap, ... */
	uint32_t own_count;
	struct prange bundle; /* size 0: not known */
	uint32_t vcpu_max;    /* per VM; 0: CONFIG_VCPU_MAX */
	uint32_t ipa_bits;    /* that the CPUs' stage 2 reaches; 0: not known */
};

/*
 * Fills `out` (large: never on the EL2 stack) from an indexed tree, which must stay as long as
 * `out`. 0, or -EINVAL when an error outside every VM was reported: nothing of `out` may then be
 * started.
 */
int config_parse(struct config *out, const struct dt *dt, struct diag *diag);

/*
 * Checks what config_parse() accepted and resolves *_ANY: vcpu[].cpu, devices' ipa and spi, gic,
 * spi_count. Without `board` the checks that need one are left out, and vcpu[].cpu may stay
 * CONFIG_CPU_ANY. `place` may be NULL. 0, or -EINVAL as above. Does not choose physical addresses:
 * see core/resource/ram_plan.h.
 */
int config_check(struct config *config, const struct board *board, const struct config_place *place,
		 struct diag *diag);

/*
 * Applies `bulkhead.NAME=VALUE` words of the board's bootargs over hypervisor { }. Call between
 * config_parse() and config_check(). A word that is not understood is an error sentence and changes
 * nothing; it refuses no VM. The console's name is copied into the arena of the config's index.
 */
void config_override(struct config *config, const struct board *board, struct diag *diag);

/* The path of a VM's node for messages: "/vms/alpha". Returns buf. */
const char *config_vm_path(const struct vm_config *vm, char *buf, size_t size);

#endif
