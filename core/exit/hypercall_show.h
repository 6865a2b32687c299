/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside core/exit/hypercall.c: the calls that tell what the shell shows, in
 * core/exit/hypercall_show.c, hypercall_vcpu.c, hypercall_net.c and hypercall_log.c. Who may ask
 * has been looked at. Any CPU, no locks held.
 */
#ifndef CORE_EXIT_HYPERCALL_SHOW_H
#define CORE_EXIT_HYPERCALL_SHOW_H

#include "core/exit/hypercall_types.h"
#include "core/vm/vm.h"

/* The answer is a structure of `size` bytes in call->data: head and status are filled in, the rest
 * is 0. */
void hypercall_answer(struct hypercall *call, uint32_t size);

/* A string that may be longer than its field, whose `size` bytes are 0. */
void hypercall_put_name(char *to, size_t size, const char *name);

/* Nanoseconds. */
uint64_t hypercall_ns(uint64_t ticks);

/* Room for a record more in a list that hypercall_begin_list() began, filled with 0; NULL: there is
 * none. */
void hypercall_begin_list(struct hypercall *call, uint32_t record_size);
void *hypercall_add(struct hypercall *call, uint32_t record_size);

/* `vm`: of which; where it may be NULL the board. arg[1] is the guest's. */
void hypercall_log_read(struct vm *vm, struct hypercall *call);
void hypercall_log_last(struct vm *vm, struct hypercall *call);
void hypercall_times(struct vm *vm, struct hypercall *call);
void hypercall_waits(struct vm *vm, struct hypercall *call);
void hypercall_irqs(struct vm *vm, struct hypercall *call);
void hypercall_memory(struct vm *vm, struct hypercall *call);
void hypercall_audit(struct vm *vm, struct hypercall *call);
void hypercall_balloon(struct vm *vm, struct hypercall *call);
void hypercall_ports(struct vm *vm, struct hypercall *call);
void hypercall_sockets(struct vm *vm, struct hypercall *call);

/* Of its vCPU arg[1], in two of them HYPERCALL_FROM_RECORD(), which exists. `by`: who asks. */
void hypercall_vcpu_stat(const struct vm *by, struct vm *vm, struct hypercall *call);
void hypercall_vcpu_regs(const struct vm *by, struct vm *vm, struct hypercall *call);
void hypercall_vcpu_trace(const struct vm *by, struct vm *vm, struct hypercall *call);

/* What a porter sends; arg[1]: from which line or byte. */
void hypercall_banner(struct hypercall *call);
void hypercall_tree(struct hypercall *call);

/* Of the board's CPU arg[0]. */
void hypercall_cpu_info(struct hypercall *call);
void hypercall_cpu_windows(struct hypercall *call);

#endif
