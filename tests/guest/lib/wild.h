/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a guest can do to its hypervisor, at random, by a seed: each operation in a box (box.h), so
 * that the CPU comes back from most. What it does not come back from is the program's to deal with.
 */
#ifndef TESTS_GUEST_LIB_WILD_H
#define TESTS_GUEST_LIB_WILD_H

#include "tests/guest/lib/box.h"
#include "tests/guest/lib/types.h"

/* RAM that wild ones may write, and that translation, interrupt and ITS tables are made in. */
#define WILD_AREA      (UINT64_C(RAM_BASE) + 0x01000000)
#define WILD_AREA_SIZE UINT64_C(0x00e00000)

struct wild {
	uint64_t state; /* of the random numbers */
	struct box *box;
	unsigned int me;
	unsigned int code_count;
	bool careful;  /* nothing that this CPU may not come back from */
	bool reckless; /* the vectors themselves may be lost: faults without end, inside EL1 */
	unsigned int devices; /* virtio devices that the VM has, from the first place on */
	uint64_t operations;
	uint64_t traps; /* of those that certainly exit to a hypervisor */
};

/* The map that all CPUs share gets aliases of devices and of what is not there; once, first CPU. */
void wild_map(void);

/* The calling CPU's: `seed` makes its numbers. gic_setup() has run. Who wants virtio devices driven
 * sets w->devices afterwards. */
void wild_start(struct wild *w, uint64_t seed, bool careful);

/* One random operation. */
void wild_once(struct wild *w);

uint64_t wild_random(struct wild *w);

/* -- wild.c's ways, for wild_gic.c -- */

/* An instruction more in the box; a box with x0 = addr, x2 = value, all else random. */
void wild_code(struct wild *w, uint32_t insn);
void wild_box(struct wild *w, uint64_t addr, uint64_t value);
/* Enters the box with the code that was given. Value: all of it was executed. */
bool wild_run(struct wild *w);
/* A value as registers of devices take them. */
uint64_t wild_value(struct wild *w);
/* Something in WILD_AREA, aligned to `align`, a power of two. */
uint64_t wild_memory(struct wild *w, uint64_t align);

/* Random registers and commands of the interrupt controller. */
void wild_gic(struct wild *w);
/* Random registers, rings and requests of a virtio device; w->devices is not 0. */
void wild_virtio(struct wild *w);
/* None of them interrupts any more. */
void wild_virtio_calm(struct wild *w);
/* Interrupts can be taken again, the virtual timer's among them: as far as that can be had. */
void wild_heal(struct wild *w);
/* Acknowledge and end of whatever is there. */
void wild_take(struct wild *w);

#endif
