/* SPDX-License-Identifier: Apache-2.0 */
/* Cyclic schedules against CPUs and VMs. */
#include "core/config/checker.h"
#include "core/sched/share.h"

static const char *path_of(const struct checker *c, const struct schedule_config *schedule,
			   char *buf, size_t size)
{
	return dt_path(c->config->tree, schedule->node, buf, size);
}

static bool uses(const struct vm_config *vm, uint32_t cpu)
{
	for (uint32_t i = 0; i < vm->vcpu_count; i++) {
		if (vm->vcpu[i].cpu == cpu) {
			return true;
		}
	}
	return false;
}

/* It says where its vCPUs are, or that has been chosen, and none is here. */
static bool is_elsewhere(const struct vm_config *vm, uint32_t cpu)
{
	return vm->vcpu_count != 0 && !uses(vm, CONFIG_CPU_ANY) && !uses(vm, cpu);
}

/* The CPU exists, has no schedule before this one, and whoever has a window can use it. */
static void check_schedule(struct checker *c, uint32_t index)
{
	struct schedule_config *schedule = &c->config->schedule[index];
	char path[CHECKER_PATH_MAX];
	unsigned int errors = c->diag->error_count;

	path_of(c, schedule, path, sizeof(path));
	if (checker_misses_cpu(c, schedule->cpu)) {
		diag_error(c->diag, path, "cpu", "there is no CPU %u: the board has %u, 0 to %u",
			   schedule->cpu, c->board->cpu_count, c->board->cpu_count - 1);
	}
	for (uint32_t i = 0; i < index; i++) {
		if (c->config->schedule[i].cpu == schedule->cpu) {
			diag_error(c->diag, path, "cpu", "CPU %u has a schedule, \"%s\": join them",
				   schedule->cpu, c->config->schedule[i].name);
			break;
		}
	}
	for (uint32_t i = 0; i < schedule->window_count; i++) {
		int32_t vm = schedule->window[i].vm;

		if (vm >= 0 && is_elsewhere(&c->config->vm[vm], schedule->cpu)) {
			diag_error(
				c->diag, path, "window-vms",
				"window %u is of VM \"%s\", which has no vCPU on CPU %u: name the "
				"CPU in its vcpu-cpus",
				i, c->config->vm[vm].name, schedule->cpu);
		}
	}
	schedule->refused = schedule->refused || c->diag->error_count != errors;
}

/* What the budgets of one VM there ask for is not more than its windows are. */
static void check_budgets(struct checker *c, const struct schedule_config *schedule,
			  uint64_t windows)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < c->vm->vcpu_count; i++) {
		const struct vcpu_config *vcpu = &c->vm->vcpu[i];

		if (vcpu->cpu == schedule->cpu && vcpu->budget_us != 0) {
			sum += share_of_budget(vcpu);
		}
	}
	if (sum > windows) {
		diag_error(c->diag, c->path, "vcpu-budget-us",
			   "asks for %u.%u %% of CPU %u, but its windows there are %u.%u %%",
			   share_permille_up(sum) / 10, share_permille_up(sum) % 10, schedule->cpu,
			   share_permille(windows) / 10, share_permille(windows) % 10);
		c->vm->refused = true;
	}
}

static void check_vm(struct checker *c, const struct schedule_config *schedule, uint32_t vm)
{
	uint64_t windows;

	checker_look_at(c, &c->config->vm[vm]);
	if (c->vm->refused || !uses(c->vm, schedule->cpu)) {
		return;
	}
	if (schedule->refused) {
		diag_error(c->diag, c->path, "vcpu-cpus",
			   "CPU %u has a schedule with errors, \"%s\"", schedule->cpu,
			   schedule->name);
		c->vm->refused = true;
		return;
	}
	windows = share_of_windows(schedule, (int32_t)vm);
	if (windows == 0) {
		diag_error(c->diag, c->path, "vcpu-cpus",
			   "CPU %u has a schedule, \"%s\", without a window of this VM: it would "
			   "never run there",
			   schedule->cpu, schedule->name);
		c->vm->refused = true;
	} else {
		check_budgets(c, schedule, windows);
	}
}

void checker_schedules(struct checker *c)
{
	for (uint32_t i = 0; i < c->config->schedule_count; i++) {
		if (c->config->schedule[i].cpu == CONFIG_CPU_ANY) {
			continue; /* it does not say of which: reported, and nothing is started */
		}
		check_schedule(c, i);
		for (uint32_t vm = 0; vm < c->config->vm_count; vm++) {
			check_vm(c, &c->config->schedule[i], vm);
		}
	}
}
