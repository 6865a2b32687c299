/* SPDX-License-Identifier: Apache-2.0 */
/* The emulated controller as after a hardware reset, in steps: its banks, then its vCPUs' parts,
 * then its LPIs. */
#include "core/base/string.h"
#include "irq/vgic/vgic_frames.h"
#include "irq/vgic/vgic_state.h"
#include "irq/vgic/vits.h"
#include "irq/vgic/vlpi.h"

/* What a step may cost, in parts of about a hundred instructions. */
#define STEP	    10
#define COST_BANK   3
#define COST_LINKED 1
#define COST_VCPU   3
#define COST_BEGIN  8 /* vCPUs, in one part */

static void bank_reset(struct vgic_bank *bank, bool private)
{
	uint32_t hw = bank->hw, exists = bank->exists, edge = bank->edge & hw;

	memset(bank, 0, sizeof(*bank));
	bank->hw = hw;
	bank->exists = exists;
	/* linked ones are as their hardware is; SGIs are edge-triggered */
	bank->edge = edge | (private ? 0xffff : 0);
}

/* SPIs of bank n: where they go, and the rest. */
static void spis_reset(struct vm *vm, uint32_t n)
{
	struct vgic_dist *dist = &vm->vgic;
	uint32_t first = 32 * n, count = MIN(dist->spi_count - first, 32U);

	bank_reset(&dist->bank[n], false);
	/* v3: to affinity 0; v2: no targets, but where there is only one */
	memset(&dist->route[first], dist->v2 && vm->vcpu_count > 1 ? 0xff : 0,
	       count * sizeof(*dist->route));
	memset(&dist->home[first], 0, count * sizeof(*dist->home));
	memset(&dist->irouter[first], 0, count * sizeof(*dist->irouter));
}

static void vcpu_reset_part(struct vcpu *vcpu)
{
	struct vgic_cpu *cpu = &vcpu->vgic;

	bank_reset(&cpu->bank, true);
	if (vcpu->vm->vgic.v2) {
		/* always enabled: irq/vgic/v2.c */
		cpu->bank.enabled = 0xffff;
	}
	memset(&cpu->spilled, 0, sizeof(cpu->spilled));
	memset(&cpu->waiting, 0, sizeof(cpu->waiting));
	memset(cpu->todo, 0, sizeof(cpu->todo));
	memset(cpu->sgi_source, 0, sizeof(cpu->sgi_source));
	cpu->sweep = cpu->follow = 0;
	cpu->reroute = false;
	cpu->undone = 0;
	cpu->todo_banks = 0;
	cpu->waker = GICR_WAKER_SLEEP;
	atomic_fetch_and(&vcpu->events, ~VCPU_EVENT_SGIS);
}

/* Nobody is on: where a life was stopped in the middle of accesses, nobody holds anybody now. */
static void release_all(struct vgic_cpu *cpu)
{
	cpu->ask_count = 0;
	cpu->asking = cpu->askers = 0;
	cpu->letting_go = cpu->synced = false;
}

/* Nothing is forwarded, and no LPI moves, from here on. */
static void begin_locked(struct vm *vm)
{
	struct vgic_dist *dist = &vm->vgic;

	dist->ctlr = 0;
	dist->many = 0;
	for (uint32_t i = 0; i < vm->vcpu_count; i++) {
		vm->vcpu[i]->vgic.lpi.phase = VLPI_OFF;
		release_all(&vm->vcpu[i]->vgic);
	}
}

/*
 * Place number `at`, counted from the one after the beginning: 32 for each bank, one for each of
 * its SPIs, the last for the bank; then one for each vCPU; then those of the LPIs. Its cost; 0:
 * there is none.
 */
static uint32_t place_locked(struct vm *vm, uint32_t *at)
{
	struct vgic_dist *dist = &vm->vgic;
	uint32_t n = *at / 32, vcpu = *at - 32 * dist->bank_count;

	if (n < dist->bank_count) {
		uint32_t linked = dist->bank[n].hw & (UINT32_MAX << *at % 32);

		if (linked != 0) {
			uint32_t spi = 32 * n + (uint32_t)__builtin_ctz(linked);

			vgic_link_reset_locked(vm, INTID_SPI + spi);
			if (spi % 32 != 31) {
				*at = spi + 1;
				return COST_LINKED;
			}
		}
		spis_reset(vm, n);
		*at = 32 * (n + 1);
		return COST_BANK;
	}
	*at += 1;
	if (vcpu < vm->vcpu_count) {
		vcpu_reset_part(vm->vcpu[vcpu]);
		return COST_VCPU;
	}
	return vlpi_reset_locked(vm, vcpu - vm->vcpu_count) ? STEP : 0;
}

bool vgic_reset_step(struct vm *vm)
{
	struct vgic_dist *dist = &vm->vgic;
	uint32_t cost = 0;

	if (dist->reset_at == 0 && dist->vits != NULL) {
		vits_reset(dist->vits);
	}
	spin_lock(&dist->lock);
	if (dist->reset_at == 0) {
		begin_locked(vm);
		dist->reset_at = 1;
		cost = vm->vcpu_count / COST_BEGIN;
	}
	while (cost < STEP) {
		uint32_t at = dist->reset_at - 1, part = place_locked(vm, &at);

		dist->reset_at = part == 0 ? 0 : at + 1;
		if (part == 0) {
			break;
		}
		cost += part;
	}
	spin_unlock(&dist->lock);
	return dist->reset_at == 0;
}

void vgic_reset(struct vm *vm)
{
	while (!vgic_reset_step(vm)) {
		/* the next */
	}
}
