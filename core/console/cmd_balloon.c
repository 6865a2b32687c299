/* SPDX-License-Identifier: Apache-2.0 */
/* The command about balloons. */
#include "core/base/bits.h"
#include "core/base/errno.h"
#include "core/base/format.h"
#include "core/base/size.h"
#include "core/console/command.h"
#include "drivers/virtio/balloon.h"
#include "mm/frames.h"
#include "timer/deadline.h"

#define NEWS_MS 50 /* what guests that work have to tell their news */

static unsigned long long mib(uint64_t bytes)
{
	return bytes >> 20;
}

/* "12.5 of 20", what the guest says is free and available; "-": it says nothing. */
static void say_told(const struct balloon_view *view)
{
	const uint32_t both = BIT32(BALLOON_FREE) | BIT32(BALLOON_AVAILABLE);

	if (!view->up || (view->known & both) != both) {
		shell_say(" %8s %9s\n", "-", "-");
	} else {
		shell_say(" %8llu %9llu\n", mib(view->stat[BALLOON_FREE]),
			  mib(view->stat[BALLOON_AVAILABLE]));
	}
}

/* A row, in two parts. */
static void say_vm(struct shell_job *job, const struct balloon_view *view)
{
	if (job->part == 0) {
		shell_say("%-*s %10llu %8llu %8llu", vm_name_width(), view->vdev->vm->name,
			  mib(view->size), mib(view->now), mib(view->target));
		job->more = true;
	} else {
		shell_say(" %8llu %8llu", mib(view->min), mib(view->other));
		say_told(view);
	}
}

static void say_sum(void)
{
	struct frames_view view;
	bool sound = frames_look(&view);

	shell_say("%llu MiB in all, %llu with VMs, %llu free, %llu on the way%s\n",
		  mib((uint64_t)view.total * PAGE_SIZE), mib((uint64_t)view.held * PAGE_SIZE),
		  mib((uint64_t)view.pool * PAGE_SIZE), mib((uint64_t)view.limbo * PAGE_SIZE),
		  sound ? "" : ": they DON'T ADD UP");
}

/* The guests are asked for news first; then, at[0]: VM; at[1]: one has a balloon. */
static bool list_step(struct shell_job *job)
{
	struct balloon_view view;

	if (job->step < vm_count()) {
		balloon_ask(job->step);
		job->wait = job->step + 1 == vm_count() ? deadline_from_ms(NEWS_MS) : 0;
		return false;
	}
	while (job->at[0] < vm_count() && !balloon_view(job->at[0], &view)) {
		job->at[0]++;
	}
	if (job->at[0] == vm_count()) {
		if (job->at[1] == 0) {
			shell_say("no VM has a balloon: a `bulkhead,virtio-balloon` device makes "
				  "one\n");
		} else {
			say_sum();
		}
		return true;
	}
	if (job->at[1] == 0) {
		job->at[1] = 1;
		shell_say(
			"%-*s configured      now   target      min  others'     free available\n",
			vm_name_width(), "MiB of VM");
		return false;
	}
	say_vm(job, &view);
	job->at[0] += !job->more;
	return false;
}

static bool set_step(struct shell_job *job)
{
	struct vm *vm = shell_vm(job, 1);
	struct balloon_view view;
	uint64_t bytes;
	int err;

	if (vm == NULL) {
		return true;
	}
	if (!size_parse(job->word[2], &bytes)) {
		shell_say("\"%s\" is not a size: write 384 or 384M for MiB, or 1G\n", job->word[2]);
		return true;
	}
	err = balloon_set(vm->id, bytes);
	if (err == -ENODEV) {
		shell_say("%s has no balloon\n", vm->name);
	} else if (err != 0 && balloon_view(vm->id, &view)) {
		shell_say("%s has %llu MiB at least and %llu at most\n", vm->name, mib(view.min),
			  mib(view.size));
	}
	return true;
}

static bool balloon_step(struct shell_job *job)
{
	switch (job->count) {
	case 1:
		return list_step(job);
	case 3:
		return set_step(job);
	default:
		return shell_usage(job);
	}
}

const struct shell_command balloon_commands[] = {
	{"balloon", "[NAME SIZE]", 0, 2,
	 "memory that VMs have; or what one shall have\n"
	 "SIZE is in MiB, or with K, M or G; its guest gives and takes as it can: the list shows "
	 "how far.\n"
	 "others': of now, RAM that was another VM's at boot; free and available are the guest's "
	 "word (docs/balloon.md).",
	 balloon_step, shell_first_vm_choice},
	{0},
};
