/* SPDX-License-Identifier: Apache-2.0 */
/* Which CPUs the vCPUs run on, and whether the budgets there are more than there is. */
#include "core/config/checker.h"
#include "core/sched/share.h"

bool checker_misses_cpu(const struct checker *c, uint32_t cpu)
{
	return c->board != NULL && cpu >= c->board->cpu_count && cpu < BOARD_CPU_MAX;
}

const struct schedule_config *checker_schedule_of(const struct config *config, uint32_t cpu)
{
	for (uint32_t i = 0; i < config->schedule_count; i++) {
		if (config->schedule[i].cpu == cpu) {
			return &config->schedule[i];
		}
	}
	return NULL;
}

static void check_cpus_exist(struct checker *c)
{
	for (uint32_t i = 0; i < c->vm->vcpu_count; i++) {
		uint32_t cpu = c->vm->vcpu[i].cpu;

		if (checker_misses_cpu(c, cpu)) {
			diag_error(c->diag, c->path, "vcpu-cpus",
				   "there is no CPU %u: the board has %u, 0 to %u", cpu,
				   c->board->cpu_count, c->board->cpu_count - 1);
			c->vm->refused = true;
		}
	}
}

static bool cpu_is_used(const struct config *config, uint32_t cpu)
{
	for (uint32_t i = 0; i < config->vm_count; i++) {
		for (uint32_t k = 0; k < config->vm[i].vcpu_count; k++) {
			if (config->vm[i].vcpu[k].cpu == cpu) {
				return true;
			}
		}
	}
	return false;
}

/* Its windows, if it has any, are others' or nobody's. */
static bool is_closed_to(const struct config *config, uint32_t cpu, const struct vm_config *vm)
{
	const struct schedule_config *schedule = checker_schedule_of(config, cpu);

	return schedule != NULL && share_window_us(schedule, (int32_t)vm->index) == 0;
}

/* The first from `cpu` on that nobody has and this VM can have. */
static uint32_t free_cpu(const struct checker *c, const struct vm_config *vm, uint32_t cpu)
{
	while (cpu < c->board->cpu_count &&
	       (cpu_is_used(c->config, cpu) || is_closed_to(c->config, cpu, vm))) {
		cpu++;
	}
	return cpu;
}

/* A CPU of its own for each vCPU that names none: the lowest that nobody has. */
static void choose_cpus(struct checker *c, struct vm_config *vm)
{
	uint32_t cpu = 0, missing = 0;

	for (uint32_t i = 0; i < vm->vcpu_count; i++) {
		if (vm->vcpu[i].cpu != CONFIG_CPU_ANY) {
			continue;
		}
		cpu = free_cpu(c, vm, cpu);
		if (cpu < c->board->cpu_count) {
			vm->vcpu[i].cpu = cpu;
		} else {
			missing++;
		}
	}
	if (missing > 0) {
		checker_look_at(c, vm);
		diag_error(c->diag, c->path, "vcpus",
			   "%u of its %u vCPUs get no CPU of their own: the board has %u and other "
			   "VMs%s have the rest; say by vcpu-cpus which CPUs are shared",
			   missing, vm->vcpu_count, c->board->cpu_count,
			   c->config->schedule_count == 0 ? "" : ", or their windows,");
		vm->refused = true;
	}
}

/* -- vCPUs of one CPU, in config order -- */

bool checker_next_on(const struct config *config, uint32_t cpu, struct checker_vcpu *at)
{
	for (; at->vm < config->vm_count; at->vm++, at->vcpu = 0) {
		const struct vm_config *vm = &config->vm[at->vm];

		for (; !vm->refused && at->vcpu < vm->vcpu_count; at->vcpu++) {
			if (vm->vcpu[at->vcpu].cpu == cpu) {
				return true;
			}
		}
	}
	return false;
}

/* The next CPU from *cpu on that a vCPU is on, by the config or chosen; false: there is none. */
static bool next_cpu(const struct config *config, uint32_t *cpu)
{
	uint32_t next = CONFIG_CPU_ANY;

	for (uint32_t i = 0; i < config->vcpu_total; i++) {
		uint32_t named = config->vcpu[i].cpu;

		next = named >= *cpu ? MIN(next, named) : next;
	}
	*cpu = next;
	return next != CONFIG_CPU_ANY;
}

static void check_count(struct checker *c, uint32_t cpu)
{
	uint32_t count = 0;

	CHECKER_EACH_ON(c->config, cpu, at)
	{
		if (++count > CONFIG_SHARING_MAX) {
			checker_look_at(c, &c->config->vm[at.vm]);
			diag_error(c->diag, c->path, "vcpu-cpus",
				   "CPU %u has more than %u vCPUs: use other CPUs too", cpu,
				   CONFIG_SHARING_MAX);
			c->vm->refused = true;
		}
	}
}

/* What is given away is there: the VM by which it is too much is refused. */
static void check_sum(struct checker *c, uint32_t cpu)
{
	uint64_t sum = 0;

	CHECKER_EACH_ON(c->config, cpu, at)
	{
		const struct vcpu_config *vcpu = checker_vcpu_at(c->config, &at);
		uint64_t more = share_of_budget(vcpu);

		if (sum + more > SHARE_WHOLE) {
			checker_look_at(c, &c->config->vm[at.vm]);
			diag_error(c->diag, c->path, "vcpu-budget-us",
				   "the budgets on CPU %u add up to %u.%u %% of its time with vCPU "
				   "%u: the VMs before have %u.%u %%",
				   cpu, share_permille_up(sum + more) / 10,
				   share_permille_up(sum + more) % 10, at.vcpu,
				   share_permille(sum) / 10, share_permille(sum) % 10);
			c->vm->refused = true;
			continue;
		}
		sum += more;
	}
}

static bool has_budgets(const struct config *config)
{
	for (uint32_t i = 0; i < config->vcpu_total; i++) {
		if (config->vcpu[i].budget_us != 0) {
			return true;
		}
	}
	return false;
}

static void check_cpu(struct checker *c, uint32_t cpu)
{
	if (c->config->vcpu_total > CONFIG_SHARING_MAX) {
		check_count(c, cpu);
	}
	if (has_budgets(c->config)) {
		check_sum(c, cpu);
	}
}

void checker_cpus(struct checker *c)
{
	struct config *config = c->config;

	for (uint32_t i = 0; i < config->vm_count; i++) {
		checker_look_at(c, &config->vm[i]);
		check_cpus_exist(c);
	}
	for (uint32_t i = 0; c->board != NULL && i < config->vm_count; i++) {
		choose_cpus(c, &config->vm[i]);
	}
	for (uint32_t cpu = 0; next_cpu(config, &cpu); cpu++) {
		check_cpu(c, cpu);
	}
}
