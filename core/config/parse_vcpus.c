/* SPDX-License-Identifier: Apache-2.0 */
/* What the config says of CPU time: where vCPUs run, how much they get, and when. */
#include "core/base/errno.h"
#include "core/base/string.h"
#include "core/config/parser.h"

#define PRIORITY_DEFAULT 100
#define SLICE_DEFAULT_US 10000

/* A list of one cell for all vCPUs or one for each. False: absent, or reported. */
static bool check_list(struct parser *p, const char *name, uint32_t vcpus,
		       const struct dt_prop *list)
{
	uint32_t count = list->len / 4;

	if (list->len == 0 || list->len % 4 != 0) {
		return false;
	}
	if (count != 1 && count != vcpus) {
		diag_error(p->diag, p->path, name,
			   "has %u cells for %u vCPU%s: write one for all or one for each", count,
			   vcpus, vcpus == 1 ? "" : "s");
		return false;
	}
	return true;
}

static uint32_t cell_of(const struct dt_prop *list, uint32_t vcpu)
{
	return dt_prop_cell(list, list->len == 4 ? 0 : vcpu);
}

static void parse_cpus(struct parser *p, int node, struct vm_config *vm)
{
	struct dt_prop list;
	uint32_t count;

	if (!dt_prop(p->dt, node, "vcpu-cpus", &list) || list.len == 0 || list.len % 4 != 0) {
		return;
	}
	count = list.len / 4;
	if (count != vm->vcpu_count) {
		diag_error(p->diag, p->path, "vcpu-cpus",
			   "has %u CPUs for %u vCPUs: write one CPU index per vCPU", count,
			   vm->vcpu_count);
		return;
	}
	for (uint32_t i = 0; i < count; i++) {
		vm->vcpu[i].cpu = dt_prop_cell(&list, i);
	}
}

static void parse_budgets(struct parser *p, int node, struct vm_config *vm)
{
	struct dt_prop budget, period;
	bool has_budget = dt_prop(p->dt, node, "vcpu-budget-us", &budget);
	bool has_period = dt_prop(p->dt, node, "vcpu-period-us", &period);

	if (has_budget != has_period) {
		diag_error(p->diag, p->path, has_budget ? "vcpu-budget-us" : "vcpu-period-us",
			   "stands alone: a budget is so many microseconds in each period, write "
			   "both");
	}
	if (!has_budget || !has_period ||
	    !check_list(p, "vcpu-budget-us", vm->vcpu_count, &budget) ||
	    !check_list(p, "vcpu-period-us", vm->vcpu_count, &period)) {
		return;
	}
	vm->background = dt_prop(p->dt, node, "vcpu-background", NULL);
	for (uint32_t i = 0; i < vm->vcpu_count; i++) {
		vm->vcpu[i].budget_us = cell_of(&budget, i);
		vm->vcpu[i].period_us = cell_of(&period, i);
		if (vm->vcpu[i].budget_us > vm->vcpu[i].period_us) {
			diag_error(p->diag, p->path, "vcpu-budget-us",
				   "is %u for vCPU %u, more than its period of %u: no CPU has more "
				   "time than there is",
				   vm->vcpu[i].budget_us, i, vm->vcpu[i].period_us);
			return;
		}
	}
}

void parser_vcpus(struct parser *p, int node, struct vm_config *vm)
{
	struct config *config = p->config;
	struct dt_prop priority;
	bool has_priority;

	vm->vcpu_count = parser_u32(p, node, "vcpus", 0);
	vm->slice_us = parser_u32(p, node, "vcpu-slice-us", SLICE_DEFAULT_US);
	vm->vcpu = &config->vcpu[config->vcpu_total];
	if (vm->vcpu_count > CONFIG_VCPU_MAX) {
		vm->vcpu_count = 0; /* reported by the table */
	} else if (vm->vcpu_count > CONFIG_VCPU_TOTAL_MAX - config->vcpu_total) {
		diag_error(p->diag, p->path, "vcpus",
			   "is %u: with those of the VMs before there are more than %u vCPUs",
			   vm->vcpu_count, CONFIG_VCPU_TOTAL_MAX);
		vm->vcpu_count = 0;
	}
	config->vcpu_total += vm->vcpu_count;
	if (vm->vcpu_count == 0) {
		return;
	}
	has_priority = dt_prop(p->dt, node, "vcpu-priority", &priority) &&
		       check_list(p, "vcpu-priority", vm->vcpu_count, &priority);
	for (uint32_t i = 0; i < vm->vcpu_count; i++) {
		vm->vcpu[i] = (struct vcpu_config){
			.cpu = CONFIG_CPU_ANY,
			.priority = has_priority ? cell_of(&priority, i) : PRIORITY_DEFAULT,
		};
	}
	parse_cpus(p, node, vm);
	parse_budgets(p, node, vm);
}

/* A node that is no VM's, or a VM's that is disabled: a window of that is as idle as one of a VM
 * that is off. */
static void report_window(struct parser *p, uint32_t window, int node)
{
	char path[CONFIG_PATH_MAX];

	dt_path(p->dt, node, path, sizeof(path));
	if (dt_parent(p->dt, node) == dt_child(p->dt, DT_ROOT, "vms") && !parser_enabled(p, node)) {
		diag_note(p->diag, p->path, "window-vms",
			  "window %u is of %s, which is disabled: nobody runs in it", window, path);
	} else {
		diag_error(p->diag, p->path, "window-vms",
			   "%s is no VM: write a reference to one, like <&label>, or 0 for an idle "
			   "window",
			   path);
	}
}

/* The VM of a phandle, by index; -1: idle, or reported. */
static int32_t window_vm(struct parser *p, uint32_t window, uint32_t phandle)
{
	const struct config *config = p->config;
	int node = dt_by_phandle(p->dt, phandle);

	if (phandle == 0) {
		return -1;
	}
	if (node == DT_NONE) {
		diag_error(p->diag, p->path, "window-vms",
			   "0x%x is no node of this config: write a reference, like <&label>, or 0 "
			   "for an idle window",
			   phandle);
		return -1;
	}
	for (uint32_t i = 0; i < config->vm_count; i++) {
		if (config->vm[i].node == node) {
			return (int32_t)i;
		}
	}
	report_window(p, window, node);
	return -1;
}

static void parse_windows(struct parser *p, int node, struct schedule_config *schedule)
{
	struct config *config = p->config;
	struct dt_prop us, vms;
	uint32_t count;

	if (!dt_prop(p->dt, node, "window-us", &us) || !dt_prop(p->dt, node, "window-vms", &vms) ||
	    us.len == 0 || us.len % 4 != 0 || vms.len % 4 != 0) {
		return; /* reported by the table */
	}
	count = us.len / 4;
	if (vms.len != us.len) {
		diag_error(p->diag, p->path, "window-vms",
			   "has %u VMs for %u windows: write one for each, 0 for an idle one",
			   vms.len / 4, count);
		return;
	}
	if (count > CONFIG_WINDOW_MAX || count > CONFIG_WINDOW_TOTAL_MAX - config->window_total) {
		diag_error(p->diag, p->path, "window-us",
			   "has %u windows: a schedule has at most %u, all together %u", count,
			   CONFIG_WINDOW_MAX, CONFIG_WINDOW_TOTAL_MAX);
		return;
	}
	schedule->window = &config->window[config->window_total];
	schedule->window_count = count;
	for (uint32_t i = 0; i < count; i++) {
		config->window[config->window_total++] = (struct window_config){
			.us = dt_prop_cell(&us, i),
			.vm = window_vm(p, i, dt_prop_cell(&vms, i)),
		};
	}
}

static void parse_schedule(struct parser *p, int node, struct schedule_config *schedule)
{
	unsigned int errors = p->diag->error_count;

	*schedule = (struct schedule_config){
		.name = dt_name(p->dt, node),
		.node = node,
		.cpu = parser_u32(p, node, "cpu", CONFIG_CPU_ANY),
	};
	parser_check_name(p, node);
	parser_check_node(p, node, BINDING_WINDOWS, NULL);
	parse_windows(p, node, schedule);
	schedule->refused = p->diag->error_count != errors;
	/* they refuse the VMs of that CPU; of no CPU in particular, everything */
	if (schedule->cpu != CONFIG_CPU_ANY) {
		p->inside += p->diag->error_count - errors;
	}
}

void parser_schedules(struct parser *p, int node)
{
	struct config *config = p->config;

	if (node == DT_NONE) {
		return;
	}
	parser_check_node(p, node, BINDING_SCHEDULE, NULL);
	for (int child = dt_first_child(p->dt, node); child != DT_NONE;
	     child = dt_next_sibling(p->dt, child)) {
		if (!parser_enabled(p, child)) {
			continue;
		}
		if (config->schedule_count == CONFIG_SCHEDULE_MAX) {
			parser_at(p, node);
			diag_error(p->diag, p->path, NULL, "has more than %u schedules",
				   CONFIG_SCHEDULE_MAX);
			return;
		}
		parse_schedule(p, child, &config->schedule[config->schedule_count++]);
	}
}
