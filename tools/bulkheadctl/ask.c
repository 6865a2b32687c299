/* SPDX-License-Identifier: Apache-2.0 */
/* Calls as bulkheadctl makes them. */
#include "tools/bulkheadctl/ask.h"

#include "core/base/string.h"
#include "tools/bulkheadctl/linux.h"

bool ask_place(struct hypercall *call, uint32_t number, uint64_t about, uint64_t vcpu,
	       uint64_t value)
{
	call->number = number;
	call->arg[0] = about;
	call->arg[1] = vcpu;
	call->arg[2] = value;
	call->arg[3] = 0;
	control_call(call);
	return call->status == HYPERCALL_OK;
}

bool ask(struct hypercall *call, uint32_t number, uint64_t about, uint64_t more)
{
	return ask_place(call, number, about, more, 0);
}

uint64_t ask_vms(void)
{
	static struct hypercall call;

	return ask(&call, HYPERCALL_VM_LIST, 0, 0) ? call.result[0] : 0;
}

bool ask_named(struct hypercall *call, const char *name)
{
	uint64_t ids = ask_vms();

	for (uint32_t id = 0; id < ASK_VMS; id++) {
		if ((ids >> id & 1) != 0 && ask(call, HYPERCALL_VM_INFO, id, 0) &&
		    strcmp(call->data.vm.name, name) == 0) {
			return true;
		}
	}
	fail(STATUS_REFUSED, "no VM that this one may look at is called \"%s\"", name);
	return false;
}

bool ask_about(const char *name, uint32_t *about)
{
	static struct hypercall call;

	*about = HYPERCALL_BOARD;
	if (name == NULL) {
		return true;
	}
	if (!ask_named(&call, name)) {
		return false;
	}
	*about = call.data.vm.id;
	return true;
}

int ask_refused(const struct hypercall *call)
{
	switch (call->status) {
	case HYPERCALL_DENIED:
		return fail(STATUS_REFUSED, "that is of the whole board: only a VM whose `manages` "
					    "names all others may ask; name a VM");
	case HYPERCALL_INVALID:
		return fail(STATUS_REFUSED, "there is no such CPU");
	case HYPERCALL_NOT_SUPPORTED:
		return fail(STATUS_REFUSED, "this hypervisor does not have that call yet");
	case HYPERCALL_NOT_FOUND:
		return fail(STATUS_REFUSED, "no such log was kept: `log-region` of the config, and "
					    "a reset that leaves memory alone, keep them");
	case HYPERCALL_BUSY:
		return fail(STATUS_REFUSED, "no answer within a second: it has had no turn");
	default:
		return fail(STATUS_REFUSED, "the hypervisor answers %d: docs/hypercalls.md",
			    call->status);
	}
}

const char *ask_name(uint32_t vm)
{
	static struct hypercall call;

	return ask(&call, HYPERCALL_VM_INFO, vm, 0) ? call.data.vm.name : "";
}

#define NAME_WIDTH_LEAST 12

int ask_name_width(void)
{
	static struct hypercall call; /* what ask_name() gave stays good */
	static int width;	      /* as names do, until the board is reset */
	uint64_t ids = width == 0 ? ask_vms() : 0;

	width = MAX(width, NAME_WIDTH_LEAST);
	for (uint32_t id = 0; id < ASK_VMS; id++) {
		if ((ids >> id & 1) != 0 && ask(&call, HYPERCALL_VM_INFO, id, 0)) {
			width = MAX(width, (int)strlen(call.data.vm.name));
		}
	}
	return width;
}

void ask_later(uint32_t ms)
{
	const int64_t span[] = {ms / 1000, (int64_t)(ms % 1000) * 1000000};

	/* others may ask meanwhile */
	control_lock(false);
	linux_call(LINUX_NANOSLEEP, (long)span, 0, 0, 0, 0, 0);
	control_lock(true);
}
