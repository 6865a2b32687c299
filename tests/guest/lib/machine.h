/* SPDX-License-Identifier: Apache-2.0 */
/* The guest machine: the part of the memory map of QEMU's `virt` that these programs use. */
#ifndef TESTS_GUEST_LIB_MACHINE_H
#define TESTS_GUEST_LIB_MACHINE_H

/* Also read by assembly: plain numbers only. */
#ifndef MACHINE_MAX_CPUS
#define MACHINE_MAX_CPUS 8
#endif
#define MACHINE_MAX_V2	   8 /* of a GICv2 */
#define MACHINE_STACK_SIZE 0x4000

#define RAM_BASE	0x40000000
#define RAM_MAPPED_SIZE 0x02000000 /* a VM needs at least these 32 MiB; the rest is not mapped */
#define RAM_USER_ALIAS	0x40000000 /* VA - PA of the same RAM as EL0 may use it */

#define GICD_BASE   0x08000000
#define GICC_BASE   0x08010000
#define ITS_BASE    0x08080000
#define GICR_BASE   0x080a0000
#define GICR_STRIDE 0x20000
#define PL011_BASE  0x09000000
#define PL031_BASE  0x09010000
#define SP805_BASE  0x090d0000 /* not in QEMU's `virt` */

/* Nothing answers here: between the last device of `virt` and its RAM. */
#define HOLE_BASE 0x0f000000

#define INTID_TIMER_HYP	 26
#define INTID_TIMER_VIRT 27
#define INTID_TIMER_PHYS 30
#define INTID_PL011	 33
#define INTID_PL031	 34
#define INTID_SP805	 42

#endif
