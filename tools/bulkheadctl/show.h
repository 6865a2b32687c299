/* SPDX-License-Identifier: Apache-2.0 */
/* What bulkheadctl shows. Each returns the exit status. */
#ifndef TOOLS_BULKHEADCTL_SHOW_H
#define TOOLS_BULKHEADCTL_SHOW_H

#include "tools/bulkheadctl/ask.h"

int show_vms(void);
int show_board(void);
int show_stat(const char *name);
int show_regs(const char *name, uint64_t vcpu);
int show_trace(const char *name, uint64_t vcpu);

/* `name`: a VM's, or NULL: the board's. */
int show_log(const char *name, uint32_t from, bool follow);
int show_irqs(const char *name);
int show_memory(const char *name);
int show_audit(const char *name);
int show_cpus(void);

const char *show_state(uint32_t state);

#endif
