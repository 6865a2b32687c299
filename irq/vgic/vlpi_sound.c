/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the lists of LPIs are as they have to be, for tests. */
#include "irq/vgic/vlpi_list.h"

static uint32_t busy_objects(const struct vm *vm)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < vm->vgic.lpis.count; i++) {
		count += (vlpi_object(vm, i)->flags & (VLPI_LINKED | VLPI_LISTED)) != 0;
	}
	return count;
}

/* How many are in a list, each of them of this vCPU; more than there are: it is no ring. */
static uint32_t list_length(const struct vcpu *vcpu, uint32_t list)
{
	const struct vm *vm = vcpu->vm;
	uint32_t head = vlpi_head_of(vcpu, list), at = head, length = 0;

	for (at = vlpi_first(vcpu, list); at != head; at = vlpi_object(vm, at)->next) {
		const struct vlpi *lpi = vlpi_object(vm, at);

		if (at >= vm->vgic.lpis.count || lpi->flags != VLPI_LINKED ||
		    lpi->target != vcpu->index || vlpi_object(vm, lpi->next)->prev != at ||
		    (list < VLPI_LEVELS &&
		     (vlpi_level(lpi) != list || ((vcpu->vgic.lpi.ready >> list) & 1) == 0)) ||
		    ++length > vm->vgic.lpis.count) {
			return VLPI_COUNT_MAX + 1;
		}
	}
	return length;
}

static bool is_cpu_sound(const struct vcpu *vcpu, uint32_t *total)
{
	const struct vlpi_cpu *cpu = &vcpu->vgic.lpi;
	uint32_t linked = 0, changed = 0;

	for (uint32_t list = 0; list < VLPI_LISTS; list++) {
		uint32_t length = list_length(vcpu, list);

		if (length > VLPI_COUNT_MAX) {
			return false;
		}
		linked += length;
	}
	for (uint32_t i = 0; i < cpu->listed_count; i++) {
		const struct vlpi *lpi = vlpi_object(vcpu->vm, cpu->listed[i]);

		if ((lpi->flags & VLPI_LISTED) == 0 || lpi->next != vcpu->index || lpi->prev != i) {
			return false;
		}
		changed += (lpi->flags & VLPI_CHANGED) != 0;
	}
	*total += linked + cpu->listed_count;
	return changed == cpu->changed_count && (cpu->phase != VLPI_OFF || linked == 0);
}

bool vlpi_is_sound_locked(const struct vm *vm)
{
	uint32_t total = 0;

	for (uint32_t i = 0; i < vm->vcpu_count; i++) {
		if (!is_cpu_sound(vm->vcpu[i], &total)) {
			return false;
		}
	}
	return total == busy_objects(vm) && total == vlpi_busy_count_locked(vm);
}
