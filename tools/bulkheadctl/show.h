/* SPDX-License-Identifier: Apache-2.0 */
/* What bulkheadctl shows. Each returns the exit status. */
#ifndef TOOLS_BULKHEADCTL_SHOW_H
#define TOOLS_BULKHEADCTL_SHOW_H

#include "tools/bulkheadctl/ask.h"

int show_vms(void);
int show_balloons(void);
int set_balloon(const char *name, const char *size);
int show_board(void);
int show_stat(const char *name);
int show_regs(const char *name, uint64_t vcpu);
/* The last `last` of those that are kept. */
int show_trace(const char *name, uint64_t vcpu, uint64_t last);

/* `name`: a VM's, or NULL: the board's. */
int show_irqs(const char *name);
int show_memory(const char *name);
int show_audit(const char *name);
int show_ports(const char *name);
int show_cpus(void);
int show_sockets(void);

/* From a log: the board's without a name. */
struct show_log {
	const char *name;
	uint64_t from; /* no byte before that one */
	bool follow;   /* and what comes */
	bool last;     /* that of the boot before */
};
int show_log(const struct show_log *what);

int show_top(void);
int show_banner(void);
int show_tree(void);

/* All records of a call that lists, each to `print`, with its number. */
int show_list(struct hypercall *call, uint32_t number, uint32_t about,
	      void (*print)(const void *record, bool first));

const char *show_state(const struct hypercall_vm_info *vm);

#endif
