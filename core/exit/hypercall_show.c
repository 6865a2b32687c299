/* SPDX-License-Identifier: Apache-2.0 */
/* Hypercalls that tell what the shell shows: docs/hypercalls.md. */
#include "core/exit/hypercall_show.h"

#include "core/base/string.h"
#include "core/console/command.h"
#include "core/exit/irq.h"
#include "core/sched/policy.h"
#include "drivers/emul/vdev.h"
#include "drivers/virtio/balloon.h"
#include "irq/vgic/vgic.h"
#include "timer/deadline.h"

/* -- lists -- */

void *hypercall_add(struct hypercall *call, uint32_t record_size)
{
	uint32_t at = call->data_size;

	if (at + record_size > HYPERCALL_DATA_SIZE) {
		return NULL;
	}
	memset(call->data.bytes + at, 0, record_size);
	call->data_size = call->data.list.head.size = at + record_size;
	call->data.list.count++;
	return call->data.bytes + at;
}

void hypercall_begin_list(struct hypercall *call, uint32_t record_size)
{
	hypercall_answer(call, sizeof(struct hypercall_list));
	call->data.list.record_size = record_size;
	call->data.list.next = HYPERCALL_LIST_END;
}

#define IRQS_A_CALL 4 /* looked at */

static void add_board_irq(struct hypercall *call, uint32_t intid)
{
	uint32_t taken = irq_count(intid);
	struct hypercall_irq_record *record =
		taken == 0 ? NULL : hypercall_add(call, sizeof(struct hypercall_irq_record));

	if (record != NULL) {
		record->intid = intid;
		record->taken = taken;
		hypercall_put_name(record->device, sizeof(record->device), irq_name(intid));
	}
}

static const char *device_of(const struct vm *vm, uint32_t intid)
{
	for (uint32_t i = 0; i < vm->vdev_count; i++) {
		const struct vdev_config *config = vm->vdev[i]->config;

		if (config != NULL && config->spi + INTID_SPI == intid) {
			return config->name;
		}
	}
	return NULL;
}

static void add_irq(struct vm *vm, struct hypercall *call, uint32_t intid)
{
	const char *device = device_of(vm, intid);
	struct hypercall_irq_record *record;
	struct vgic_look look;

	if (!vgic_look(vm, 0, intid, &look) ||
	    !(look.pintid != 0 || device != NULL || look.enabled || look.pending || look.active)) {
		return;
	}
	record = hypercall_add(call, sizeof(*record));
	if (record == NULL) {
		return;
	}
	record->intid = intid;
	record->flags = (look.enabled ? HYPERCALL_IRQ_ENABLED : 0) |
			(look.pending || look.listed ? HYPERCALL_IRQ_PENDING : 0) |
			(look.active ? HYPERCALL_IRQ_ACTIVE : 0) |
			(look.edge ? HYPERCALL_IRQ_EDGE : 0);
	record->priority = look.prio;
	record->vcpu = look.target;
	record->board = look.pintid;
	if (device != NULL) {
		hypercall_put_name(record->device, sizeof(record->device), device);
	}
}

void hypercall_irqs(struct vm *vm, struct hypercall *call)
{
	uint64_t limit = vm == NULL ? INTID_SPURIOUS : vm->vgic.spi_count + INTID_SPI;
	uint64_t intid = call->arg[1];

	if (vm != NULL) {
		intid = MAX(intid, (uint64_t)INTID_SPI);
	}
	hypercall_begin_list(call, sizeof(struct hypercall_irq_record));
	for (uint32_t i = 0; i < IRQS_A_CALL && intid < limit; i++, intid++) {
		if (call->data.list.count == ARRAY_COUNT(call->data.irq)) {
			break;
		}
		if (vm == NULL) {
			add_board_irq(call, (uint32_t)intid);
		} else {
			add_irq(vm, call, (uint32_t)intid);
		}
	}
	if (intid < limit) {
		call->data.list.next = intid;
	}
}

static bool is_asked(const struct vm *vm, const struct grant *grant)
{
	return vm == NULL || grant->owner == vm->id || grant->owner == REGISTRY_OWNER_EACH;
}

/* True: it has a name, and took as long as many that have none. */
static bool name_store(const struct grant *grant, struct hypercall_memory_record *record)
{
	const struct config *config = shell_sources()->config;
	const struct store_config *store;

	if (grant->store == 0) {
		return false;
	}
	store = &config->store[grant->store - 1];
	hypercall_put_name(record->name, sizeof(record->name), store->name);
	if (!store->shared) {
		hypercall_put_name(record->of, sizeof(record->of),
				   config->vm[__builtin_ctzll(store->users)].name);
	}
	return true;
}

#define GRANTS_A_CALL 12 /* looked at, up to the first that has a name */

void hypercall_memory(struct vm *vm, struct hypercall *call)
{
	static const uint8_t kinds[] = {
		[STAGE2_RAM] = HYPERCALL_MEMORY_RAM,
		[STAGE2_DEVICE] = HYPERCALL_MEMORY_DEVICE,
		[STAGE2_READ_ONLY] = HYPERCALL_MEMORY_READ_ONLY,
		[STAGE2_SHARED] = HYPERCALL_MEMORY_SHARED,
	};
	const struct registry *registry = shell_sources()->registry;
	uint64_t n = call->arg[1];
	bool named = false;

	hypercall_begin_list(call, sizeof(struct hypercall_memory_record));
	for (uint32_t i = 0; i < GRANTS_A_CALL && !named && n < registry->count; i++, n++) {
		const struct grant *grant = &registry->grant[n];
		struct hypercall_memory_record *record;

		if (!is_asked(vm, grant)) {
			continue;
		}
		record = hypercall_add(call, sizeof(*record));
		if (record == NULL) {
			break;
		}
		record->pa = grant->pa;
		record->ipa = grant->ipa;
		record->size = grant->size;
		record->owner = grant->owner;
		record->kind = kinds[grant->kind];
		named = name_store(grant, record);
	}
	if (n < registry->count) {
		call->data.list.next = n;
	}
}

void hypercall_audit(struct vm *vm, struct hypercall *call)
{
	struct hypercall_audit *audit = &call->data.audit;
	struct audit_result result = {0};
	uint64_t at = call->arg[1];
	bool more =
		audit_some(&vm->stage2, (uint16_t)vm->id, shell_sources()->registry, &at, &result);

	hypercall_answer(call, sizeof(*audit));
	audit->mappings = result.leaves;
	audit->faults = result.faults;
	audit->bytes = result.bytes;
	audit->first_ipa = result.first_ipa;
	audit->first_pa = result.first_pa;
	audit->next = more ? at : HYPERCALL_LIST_END;
}

void hypercall_balloon(struct vm *vm, struct hypercall *call)
{
	_Static_assert(HYPERCALL_BALLOON_STATS == (int)BALLOON_STATS, "each has its place");
	struct hypercall_balloon *to = &call->data.balloon;
	struct balloon_view view;

	if (!balloon_view(vm->id, &view)) {
		call->status = HYPERCALL_NOT_FOUND;
		return;
	}
	hypercall_answer(call, sizeof(*to));
	to->vm = vm->id;
	to->flags = view.up ? HYPERCALL_BALLOON_UP : 0;
	to->size = view.size;
	to->min = view.min;
	to->now = view.now;
	to->target = view.target;
	to->told = view.known == 0 ? 0 : hypercall_ns(deadline_now() - view.told_at);
	to->known = view.known;
	memcpy(to->stat, view.stat, sizeof(to->stat));
	balloon_ask(vm->id);
}

/* -- CPUs -- */

void hypercall_cpu_info(struct hypercall *call)
{
	struct hypercall_cpu_info *info = &call->data.cpu;
	uint32_t index = (uint32_t)call->arg[0];
	const struct sched_cpu *cpu = sched_state_of(index);
	const struct vcpu *vcpu = cpu->shared ? atomic_read(&cpu->current) : cpu->first;

	hypercall_answer(call, sizeof(*info));
	info->cpu = index;
	info->cpu_count = shell_sources()->board->cpu_count;
	info->vm = info->vcpu = HYPERCALL_NOBODY;
	if (!percpu_is_up(index)) {
		return;
	}
	info->flags = HYPERCALL_CPU_UP | (cpu->shared ? HYPERCALL_CPU_SHARED : 0);
	info->vcpu_count = cpu->count;
	info->window_count = cpu->window_count;
	if (vcpu != NULL) {
		info->vm = vcpu->vm->id;
		info->vcpu = vcpu->index;
	}
	info->major = hypercall_ns(cpu->major);
}

void hypercall_cpu_windows(struct hypercall *call)
{
	uint32_t index = (uint32_t)call->arg[0];
	const struct sched_cpu *cpu = sched_state_of(index);
	uint64_t n = percpu_is_up(index) ? call->arg[1] : UINT64_MAX;

	hypercall_begin_list(call, sizeof(struct hypercall_window_record));
	for (; n < cpu->window_count; n++) {
		struct hypercall_window_record *record = hypercall_add(call, sizeof(*record));
		const struct vm *owner = cpu->window_owner[n];

		if (record == NULL) {
			call->data.list.next = n;
			break;
		}
		record->vm = owner == NULL ? HYPERCALL_NOBODY : owner->id;
		record->length = hypercall_ns(cpu->window_length[n]);
	}
}
