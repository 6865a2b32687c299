/* SPDX-License-Identifier: Apache-2.0 */
/* What an exit handler decides; core/exit/exit.c alone carries it out. */
#ifndef CORE_EXIT_ACTION_H
#define CORE_EXIT_ACTION_H

enum exit_action {
	EXIT_RESUME,  /* re-enter at the same PC */
	EXIT_ADVANCE, /* emulated: step over the instruction */
	EXIT_RETRY,   /* parked until a peer has answered, then executed again */
	EXIT_INJECT_UNDEF,
	EXIT_INJECT_DABT,      /* external data abort at the faulting address */
	EXIT_INJECT_IABT,      /* external instruction abort */
	EXIT_STANDBY,	       /* at the PC it has, once an interrupt came */
	EXIT_ADVANCE_STANDBY,  /* the same after the instruction */
	EXIT_GIVE_WAY,	       /* at the PC it has, when others had their turns */
	EXIT_ADVANCE_GIVE_WAY, /* the same after the instruction */
	EXIT_VCPU_OFF,	       /* PSCI CPU_OFF */
	EXIT_VM_SUSPEND,       /* PSCI SYSTEM_SUSPEND; start_pc and start_context are set */
	EXIT_VM_OFF,	       /* PSCI SYSTEM_OFF */
	EXIT_VM_RESET,	       /* PSCI SYSTEM_RESET */
	EXIT_HYPERCALL,	       /* of the hypervisor's own services; arguments in registers */
	EXIT_KILL_VM,	       /* nothing architectural fits; logged once */
	EXIT_WHOLE,	       /* not decided yet: needs all general registers in memory */
	EXIT_NEXT,	       /* done; somebody posted an event, or this vCPU can't go on now */
};

#endif
