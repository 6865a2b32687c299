/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the LPIs: their objects, and the lists of the pending ones. Under vgic_dist.lock. */
#ifndef IRQ_VGIC_VLPI_LIST_H
#define IRQ_VGIC_VLPI_LIST_H

#include "irq/vgic/vlpi.h"

/* struct vlpi.config; generation 0: not known */
#define CONFIG_ENABLE	  BIT(0)
#define CONFIG_LEVEL	  BITS(5, 1)
#define CONFIG_GENERATION BITS(15, 6)

/* struct vlpi.flags; neither VLPI_LINKED nor VLPI_LISTED: not pending */
#define VLPI_LINKED  BIT(0) /* in a list of `target` */
#define VLPI_LISTED  BIT(1) /* in a list register of its home */
#define VLPI_CHANGED BIT(2) /* listed, and to be taken back */
#define VLPI_AGAIN   BIT(3) /* listed, and sent again since */
#define VLPI_DROP    BIT(4) /* listed, and cleared since, but for VLPI_AGAIN */

/* Lists of a vCPU: one for each priority level, then these. */
#define VLPI_LEVELS	 32U
#define VLPI_LIST_FRESH	 32U
#define VLPI_LIST_ASLEEP 33U
#define VLPI_LISTS	 34U

static inline struct vlpi *vlpi_object(const struct vm *vm, uint32_t index)
{
	return &vm->vgic.lpis.lpi[index];
}

static inline uint32_t vlpi_level(const struct vlpi *lpi)
{
	return (uint32_t)FIELD_GET(CONFIG_LEVEL, lpi->config);
}

/* Heads lie behind the objects; a list is a ring through its head. */
static inline uint32_t vlpi_head_of(const struct vcpu *vcpu, uint32_t list)
{
	return vcpu->vm->vgic.lpis.count + vcpu->index * VLPI_LISTS + list;
}

static inline uint32_t vlpi_first(const struct vcpu *vcpu, uint32_t list)
{
	return vlpi_object(vcpu->vm, vlpi_head_of(vcpu, list))->next;
}

static inline bool vlpi_is_empty(const struct vcpu *vcpu, uint32_t list)
{
	return vlpi_first(vcpu, list) == vlpi_head_of(vcpu, list);
}

static inline void vlpi_link_between(const struct vm *vm, uint32_t prev, uint32_t index,
				     uint32_t next)
{
	vlpi_object(vm, index)->prev = (uint16_t)prev;
	vlpi_object(vm, index)->next = (uint16_t)next;
	vlpi_object(vm, prev)->next = (uint16_t)index;
	vlpi_object(vm, next)->prev = (uint16_t)index;
	vlpi_object(vm, index)->flags = VLPI_LINKED;
}

static inline void vlpi_link_last(const struct vcpu *vcpu, uint32_t list, uint32_t index)
{
	uint32_t head = vlpi_head_of(vcpu, list);

	vlpi_object(vcpu->vm, index)->target = (uint8_t)vcpu->index;
	vlpi_link_between(vcpu->vm, vlpi_object(vcpu->vm, head)->prev, index, head);
}

static inline void vlpi_link_first(const struct vcpu *vcpu, uint32_t list, uint32_t index)
{
	uint32_t head = vlpi_head_of(vcpu, list);

	vlpi_object(vcpu->vm, index)->target = (uint8_t)vcpu->index;
	vlpi_link_between(vcpu->vm, head, index, vlpi_object(vcpu->vm, head)->next);
}

static inline void vlpi_unlink(const struct vm *vm, uint32_t index)
{
	const struct vlpi *lpi = vlpi_object(vm, index);

	vlpi_object(vm, lpi->prev)->next = lpi->next;
	vlpi_object(vm, lpi->next)->prev = lpi->prev;
	vlpi_object(vm, index)->flags = 0;
}

/* All of one list behind another's. */
static inline void vlpi_splice(const struct vcpu *vcpu, uint32_t from, uint32_t to)
{
	struct vlpi *src = vlpi_object(vcpu->vm, vlpi_head_of(vcpu, from));
	struct vlpi *dst = vlpi_object(vcpu->vm, vlpi_head_of(vcpu, to));

	if (vlpi_is_empty(vcpu, from)) {
		return;
	}
	vlpi_object(vcpu->vm, src->next)->prev = dst->prev;
	vlpi_object(vcpu->vm, dst->prev)->next = src->next;
	vlpi_object(vcpu->vm, src->prev)->next = (uint16_t)vlpi_head_of(vcpu, to);
	dst->prev = src->prev;
	src->next = src->prev = (uint16_t)vlpi_head_of(vcpu, from);
}

#endif
