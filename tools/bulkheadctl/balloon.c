/* SPDX-License-Identifier: Apache-2.0 */
/* bulkheadctl's balloon: what VMs have of their memory, and what one shall have. */
#include "core/base/size.h"
#include "tools/bulkheadctl/show.h"

#define MIBIBYTE 20

typedef unsigned long long ull;

/* By tag: virtio 1.2 5.5.6.3 */
static const char *const names[HYPERCALL_BALLOON_STATS] = {
	"swap_in", "swap_out",	"major_faults", "minor_faults",	   "free",
	"total",   "available", "caches",	"huge_pages_made", "huge_pages_failed",
};
enum {
	STAT_FREE = 4,
	STAT_AVAILABLE = 6,
};

static void print_json(const char *name, const struct hypercall_balloon *balloon, bool first)
{
	bool up = (balloon->flags & HYPERCALL_BALLOON_UP) != 0;

	say("%s{\"name\": \"%s\", \"driver\": %s, \"configured\": %llu, \"now\": %llu, "
	    "\"target\": %llu, \"min\": %llu, \"told_ns\": %llu, \"told\": {",
	    first ? "" : ",\n ", name, up ? "true" : "false", (ull)balloon->size, (ull)balloon->now,
	    (ull)balloon->target, (ull)balloon->min, (ull)balloon->told);
	first = true;
	for (uint32_t i = 0; i < HYPERCALL_BALLOON_STATS; i++) {
		if ((balloon->known >> i & 1) != 0) {
			say("%s\"%s\": %llu", first ? "" : ", ", names[i], (ull)balloon->stat[i]);
			first = false;
		}
	}
	say("}}");
}

static void print_stat(const struct hypercall_balloon *balloon, uint32_t stat)
{
	if ((balloon->known >> stat & 1) != 0) {
		say(" %9llu", (ull)(balloon->stat[stat] >> MIBIBYTE));
	} else {
		say(" %9s", "-");
	}
}

static void print(const char *name, const struct hypercall_balloon *balloon, bool first)
{
	if (say_json) {
		print_json(name, balloon, first);
		return;
	}
	if (first) {
		say("%-*s %10s %8s %8s %8s %9s %9s\n", ask_name_width(), "MiB of VM", "configured",
		    "now", "target", "min", "free", "available");
	}
	say("%-*s %10llu %8llu %8llu %8llu", ask_name_width(), name,
	    (ull)(balloon->size >> MIBIBYTE), (ull)(balloon->now >> MIBIBYTE),
	    (ull)(balloon->target >> MIBIBYTE), (ull)(balloon->min >> MIBIBYTE));
	print_stat(balloon, STAT_FREE);
	print_stat(balloon, STAT_AVAILABLE);
	say("\n");
}

int show_balloons(void)
{
	static struct hypercall call;
	uint64_t ids = ask_vms();
	bool first = true;

	say_list_begin();
	for (uint32_t id = 0; id < ASK_VMS; id++) {
		if ((ids >> id & 1) != 0 && ask(&call, HYPERCALL_VM_BALLOON, id, 0)) {
			const struct hypercall_balloon balloon = call.data.balloon;

			print(ask_name(id), &balloon, first);
			first = false;
		}
	}
	say_list_end();
	return STATUS_DONE;
}

int set_balloon(const char *name, const char *size)
{
	static struct hypercall call;
	uint64_t bytes;

	if (!size_parse(size, &bytes)) {
		return fail(STATUS_WRONG, "\"%s\" is not a size: 384 or 384M is MiB; or 1G", size);
	}
	if (!ask_named(&call, name)) {
		return STATUS_REFUSED;
	}
	if (ask(&call, HYPERCALL_VM_SET_MEMORY, call.data.vm.id, bytes)) {
		return STATUS_DONE;
	}
	switch (call.status) {
	case HYPERCALL_DENIED:
		return fail(STATUS_REFUSED, "`manages` of this VM does not name %s", name);
	case HYPERCALL_NOT_FOUND:
		return fail(STATUS_REFUSED, "%s has no balloon", name);
	default:
		return fail(STATUS_REFUSED,
			    "%s has its min-size at least, and what it was "
			    "configured with at most",
			    name);
	}
}
