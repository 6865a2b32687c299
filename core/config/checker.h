/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of config_check() share. */
#ifndef CORE_CONFIG_CHECKER_H
#define CORE_CONFIG_CHECKER_H

#include "core/config/config.h"

#define CHECKER_PATH_MAX 128

struct checker {
	struct config *config;
	const struct board *board;	  /* NULL: checks that need one are left out */
	const struct config_place *place; /* never NULL; fields may be 0 */
	struct diag *diag;
	struct vm_config *vm;	     /* the VM that is being looked at */
	char path[CHECKER_PATH_MAX]; /* of it */
};

/* Guest-physical places: RAM, interrupt controller and devices of one VM don't overlap; free places
 * are given out. */
void checker_places(struct checker *c);

/* Kernel, initrd and dtb fit into the VM's RAM; fills vm->layout. */
void checker_layout(struct checker *c);

/* Devices of the board that c->vm gets: what the board's tree says of them, and that the hypervisor
 * does not need them. Nothing without a board. */
void checker_board_devices(struct checker *c);

/* The same of all VMs: each has one owner. */
void checker_board_devices_shared(struct checker *c);

/* Doorbells of c->vm: each has another VM's, which points back. */
void checker_doorbells(struct checker *c);

/* All VMs: partitions of the board's disks, of which each has one owner. */
void checker_disks(struct checker *c);

/* Two names of nodes of the board's tree name one. Without that tree, as far as the names say. */
bool checker_same_node(const struct checker *c, const char *one, const char *other);

/* One is a disk that VMs have partitions of. */
bool checker_is_disk(const struct checker *c, const char *ref);

/* The hypervisor drives a device that has these registers, or this interrupt, as a disk or NIC of
 * VMs'. With a board. */
bool checker_drives(const struct checker *c, struct prange regs, uint32_t intid);

/* What start-after and manages of c->vm name. */
void checker_life(struct checker *c);

/* All VMs: no two ports of a network have one address; a NIC that a network leads out by is there,
 * and no other network's or VM's. */
void checker_networks(struct checker *c);

/* Socket devices have an address each, and no two the same. */
void checker_cids(struct checker *c);

/* c->vm keeps some of its RAM, and has nothing that a balloon would hurt. */
void checker_balloon(struct checker *c);

/* All VMs: none waits for itself by way of others, or for one that is refused. */
void checker_starts(struct checker *c);

/* Messages are about this VM from here on. */
void checker_look_at(struct checker *c, struct vm_config *vm);

/*
 * Two VMs want the same: the later one is refused, unless the earlier one does not run anyway. Then
 * it is an error of the earlier one, and the later one runs.
 */
struct vm_config *checker_loser(struct vm_config *earlier, struct vm_config *later);

/* CPUs of all VMs: they exist, and bear what is asked of them. Fills vcpu[].cpu where the board is
 * known. */
void checker_cpus(struct checker *c);

/* The board is known and has no such CPU, which the table of the property lets through. */
bool checker_misses_cpu(const struct checker *c, uint32_t cpu);

/* A vCPU by its VM's index and its own. */
struct checker_vcpu {
	uint32_t vm, vcpu;
};

/* The next one of `cpu`, from *at on, whose VM is not refused; false: there is none. */
bool checker_next_on(const struct config *config, uint32_t cpu, struct checker_vcpu *at);

#define CHECKER_EACH_ON(config, cpu, at)                                                           \
	for (struct checker_vcpu at = {0}; checker_next_on((config), (cpu), &at); at.vcpu++)

static inline const struct vcpu_config *checker_vcpu_at(const struct config *config,
							const struct checker_vcpu *at)
{
	return &config->vm[at->vm].vcpu[at->vcpu];
}

/* The cyclic schedule of a CPU, the first where there are two; NULL: it has none. */
const struct schedule_config *checker_schedule_of(const struct config *config, uint32_t cpu);

/* Cyclic schedules: each is some CPU's, and every VM of that CPU has a window. */
void checker_schedules(struct checker *c);

/* Whether each vCPU has its budget in each period: what can't be proved is noted. After CPUs and
 * schedules, whose sums it counts on. */
void checker_budgets(struct checker *c);

/* Fixed physical addresses of all VMs' RAM. */
void checker_memory(struct checker *c);

/* Memory that VMs share: its fixed places, after the RAM's; an error refuses all that have it. */
void checker_shared(struct checker *c);

/* What lies where memory is to be, by the board and what the hypervisor keeps: its name, and where
 * it is; NULL: nothing. */
const char *checker_find_taken(const struct checker *c, struct prange wanted, struct prange *taken);

/* All of it is memory of the board, or that is not known. */
bool checker_is_memory(const struct checker *c, struct prange wanted);

/* The path of a device or RAM region of c->vm by name; of the VM itself for "memory-size". */
const char *checker_device_path(struct checker *c, const char *name, char *buf, size_t size);

#endif
