/* SPDX-License-Identifier: Apache-2.0 */
/* Calls as bulkheadctl makes them. */
#ifndef TOOLS_BULKHEADCTL_ASK_H
#define TOOLS_BULKHEADCTL_ASK_H

#include "tools/bulkheadctl/control.h"
#include "tools/bulkheadctl/say.h"

#define ASK_VMS 64 /* of which VM_LIST tells at once */

/* Bit n: VM n may be looked at. */
uint64_t ask_vms(void);

/* Makes the call; false: it was refused, call->status says why. */
bool ask(struct hypercall *call, uint32_t number, uint64_t about, uint64_t more);

/* The same for a call that sets something of a vCPU. */
bool ask_place(struct hypercall *call, uint32_t number, uint64_t about, uint64_t vcpu,
	       uint64_t value);

/* The VM of this name that may be looked at, its VM_INFO in call->data; false after a sentence. */
bool ask_named(struct hypercall *call, const char *name);

/* What is asked of a VM by its name, or, without one, of the board; false after a sentence. */
bool ask_about(const char *name, uint32_t *about);

/* A sentence about a call that was refused; STATUS_REFUSED. */
int ask_refused(const struct hypercall *call);

/* The name of a VM; "" for one that may not be looked at. Good until the next one is asked for. */
const char *ask_name(uint32_t vm);

/* Of a column with the name of any VM that may be looked at, at least 12. */
int ask_name_width(void);

/* Sleeps. */
void ask_later(uint32_t ms);

#endif
