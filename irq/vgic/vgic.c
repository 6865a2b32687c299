/* SPDX-License-Identifier: Apache-2.0 */
/* The emulated GICv3: creation, reset, lines, SGIs, posting, and asking other vCPUs. */
#include "irq/vgic/vgic.h"

#include "core/base/arena.h"
#include "core/base/atomic.h"
#include "core/base/errno.h"
#include "core/base/string.h"
#include "irq/hw/gic.h"
#include "irq/vgic/vgic_frames.h"
#include "irq/vgic/vgic_state.h"

int vgic_create(struct vm *vm, uint32_t spi_count, uint32_t lr_count, struct arena *arena)
{
	struct vgic_dist *dist = &vm->vgic;

	spin_init(&dist->lock, RANK_VGIC_DIST);
	dist->spi_count = spi_count;
	dist->bank_count = spi_count / 32;
	/* no LPIs, no message-based SPIs, no security; 1 of N not offered: No1N = 1 */
	dist->typer = FIELD_PREP(GICD_TYPER_ITLINES, spi_count / 32) |
		      FIELD_PREP(GICD_TYPER_IDBITS, 9) | GICD_TYPER_A3V | GICD_TYPER_NO1N;
	dist->bank = arena_alloc(arena, dist->bank_count * sizeof(*dist->bank));
	dist->route = arena_alloc(arena, spi_count * sizeof(*dist->route));
	dist->home = arena_alloc(arena, spi_count * sizeof(*dist->home));
	dist->irouter = arena_alloc(arena, spi_count * sizeof(*dist->irouter));
	if (dist->bank == NULL || dist->route == NULL || dist->home == NULL ||
	    dist->irouter == NULL) {
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < vm->vcpu_count; i++) {
		vm->vcpu[i]->vgic.lr_count = MIN(lr_count, (uint32_t)VGIC_LR_MAX);
	}
	vreg_index(&vgic_dist_table);
	vreg_index(&vgic_rd_table);
	vreg_index(&vgic_sgi_table);
	vgic_reset(vm);
	return 0;
}

void vgic_bank_reset(struct vgic_bank *bank, bool private)
{
	uint32_t hw = bank->hw;

	memset(bank, 0, sizeof(*bank));
	bank->hw = hw;
	bank->edge = private ? 0xffff : 0;
}

static void cpu_reset(struct vgic_cpu *cpu)
{
	vgic_bank_reset(&cpu->bank, true);
	memset(cpu->spilled, 0, sizeof(cpu->spilled));
	memset(cpu->todo, 0, sizeof(cpu->todo));
	cpu->spilled_count = 0;
	cpu->todo_banks = 0;
	cpu->waker = GICR_WAKER_SLEEP;
}

void vgic_reset(struct vm *vm)
{
	struct vgic_dist *dist = &vm->vgic;

	spin_lock(&dist->lock);
	dist->ctlr = 0;
	for (uint32_t i = 0; i < dist->bank_count; i++) {
		vgic_bank_reset(&dist->bank[i], false);
	}
	memset(dist->route, 0, dist->spi_count * sizeof(*dist->route));
	memset(dist->home, 0, dist->spi_count * sizeof(*dist->home));
	memset(dist->irouter, 0, dist->spi_count * sizeof(*dist->irouter));
	for (uint32_t i = 0; i < vm->vcpu_count; i++) {
		cpu_reset(&vm->vcpu[i]->vgic);
		atomic_fetch_and(&vm->vcpu[i]->events, ~VCPU_EVENT_SGIS);
	}
	spin_unlock(&dist->lock);
}

void vgic_link_private(struct vcpu *vcpu, uint32_t intid,
		       bool (*level)(struct vcpu *vcpu, uint32_t intid))
{
	vcpu->vgic.bank.hw |= vgic_bit(intid);
	vcpu->vgic.linked_level = level;
}

struct vcpu *vgic_target(struct vcpu *private_of, struct vm *vm, uint32_t intid)
{
	uint32_t route;

	if (intid < INTID_SPI) {
		return private_of;
	}
	route = vm->vgic.route[intid - INTID_SPI];
	return route == VGIC_ROUTE_NONE ? NULL : vm->vcpu[route];
}

void vgic_post(struct vcpu *vcpu, uint32_t intid)
{
	if (vcpu == NULL) {
		return;
	}
	atomic_fetch_or(&vcpu->vgic.todo[intid / 32], vgic_bit(intid));
	atomic_fetch_or(&vcpu->vgic.todo_banks, UINT32_C(1) << (intid / 32));
	vcpu_post(vcpu, VCPU_EVENT_VGIC);
}

void vgic_post_word_locked(struct vcpu *private_of, struct vm *vm, uint32_t n, uint32_t mask)
{
	SPIN_ASSERT_HELD(&vm->vgic.lock);
	for (; mask != 0; mask &= mask - 1) {
		uint32_t intid = 32 * n + (uint32_t)__builtin_ctz(mask);
		struct vcpu *target = vgic_target(private_of, vm, intid);

		if (n != 0 && (vm->vgic.bank[n - 1].listed & vgic_bit(intid)) != 0) {
			struct vcpu *home = vm->vcpu[vm->vgic.home[intid - INTID_SPI]];

			if (home != target) {
				vgic_post(home, intid);
			}
		}
		vgic_post(target, intid);
	}
}

static void set_line_locked(struct vcpu *private_of, struct vm *vm, struct vgic_bank *bank,
			    uint32_t intid, bool level)
{
	uint32_t bit = vgic_bit(intid);
	uint32_t before = bank->line;

	bank->line = level ? before | bit : before & ~bit;
	if (bank->line == before) {
		return;
	}
	if ((bank->edge & bit) != 0) {
		if (!level) {
			return;
		}
		bank->latch |= bit;
	}
	if ((bank->enabled & bit) == 0 && (bank->listed & bit) == 0) {
		return;
	}
	if (intid < INTID_SPI) {
		vgic_pend_locked(private_of, intid);
	} else {
		vgic_post_word_locked(NULL, vm, intid / 32, bit);
	}
}

void vgic_set_line(struct vm *vm, uint32_t intid, bool level)
{
	spin_lock(&vm->vgic.lock);
	set_line_locked(NULL, vm, &vm->vgic.bank[intid / 32 - 1], intid, level);
	spin_unlock(&vm->vgic.lock);
}

void vgic_set_private_line(struct vcpu *vcpu, uint32_t intid, bool level)
{
	bool linked = (vcpu->vgic.bank.hw & vgic_bit(intid)) != 0;

	/* its line is the owner's alone to change */
	if (!linked && ((vcpu->vgic.bank.line & vgic_bit(intid)) != 0) == level) {
		return;
	}
	spin_lock(&vcpu->vm->vgic.lock);
	if (linked) {
		vgic_linked_again_locked(vcpu, intid);
	} else if (!level && vgic_is_only_active_locked(vcpu, intid)) {
		/* level-sensitive: looked at again at its EOI, there is nothing to take back */
		vcpu->vgic.bank.line &= ~vgic_bit(intid);
	} else {
		set_line_locked(vcpu, vcpu->vm, &vcpu->vgic.bank, intid, level);
	}
	spin_unlock(&vcpu->vm->vgic.lock);
}

uint32_t vgic_latch_sgis_locked(struct vcpu *vcpu)
{
	uint32_t sgis = atomic_fetch_and(&vcpu->events, ~VCPU_EVENT_SGIS) >> VCPU_EVENT_SGI_SHIFT;

	vcpu->vgic.bank.latch |= sgis;
	return sgis;
}

/* The vCPUs that a write of ICC_SGI<n>R_EL1 names, by index. IHI 0069H ICC_SGI1R_EL1. */
static uint64_t targets_of(const struct vcpu *vcpu, uint64_t value)
{
	const struct vm *vm = vcpu->vm;
	uint64_t targets = 0;

	for (uint32_t i = 0; i < vm->vcpu_count; i++) {
		uint64_t named = gic_sgi_target(vm->vcpu[i]->mpidr);
		bool hit;

		if ((value & SGI1R_IRM) != 0) {
			hit = i != vcpu->index;
		} else {
			hit = ((named ^ value) & ~SGI1R_TARGETS) == 0 &&
			      (named & value & SGI1R_TARGETS) != 0;
		}
		targets |= hit ? BIT(i) : 0;
	}
	return targets;
}

static void send_one(struct vcpu *vcpu, struct vcpu *target, uint32_t sgi)
{
	if (target != vcpu) {
		/* pending from here on: atomic_fetch_or orders what the sender wrote before */
		vcpu_post(target, VCPU_EVENT_SGI(sgi));
	} else if (!vgic_list_again(vcpu, sgi)) {
		vgic_pend_sgi(vcpu, sgi);
	}
}

void vgic_send_sgi(struct vcpu *vcpu, uint64_t value, bool group1)
{
	struct vgic_cpu *cpu = &vcpu->vgic;
	uint64_t named = value & SGI1R_NAMED;
	uint32_t sgi = (uint32_t)FIELD_GET(SGI1R_INTID, value);

	if (unlikely(named != cpu->sgi_named)) {
		cpu->sgi_named = named;
		cpu->sgi_targets = targets_of(vcpu, named);
	}
	for (uint64_t targets = cpu->sgi_targets; targets != 0; targets &= targets - 1) {
		struct vcpu *target = vcpu->vm->vcpu[__builtin_ctzll(targets)];

		/* an SGI of the other group is not sent: IHI 0069H ICC_SGI1R_EL1, security disabled
		 */
		if (((atomic_read(&target->vgic.bank.group) >> sgi) & 1) == (group1 ? 1U : 0U)) {
			send_one(vcpu, target, sgi);
		}
	}
}

/* -- pending and active state that others hold -- */

/* True when `target` has brought its list registers back and holds still. */
static bool ask(struct vcpu *asker, struct vcpu *target)
{
	uint64_t bit = BIT(target->index);

	if ((asker->vgic.asking & bit) == 0) {
		asker->vgic.asking |= bit;
		target->vgic.ask_count++;
		vcpu_post(target, VCPU_EVENT_VGIC);
	}
	return target->vgic.synced;
}

int vgic_gather_locked(struct vcpu *asker, struct vcpu *private_of, uint32_t n, uint32_t mask)
{
	struct vm *vm = asker->vm;
	const struct vgic_bank *bank = n == 0 ? &private_of->vgic.bank : &vm->vgic.bank[n - 1];
	int err = 0;

	SPIN_ASSERT_HELD(&vm->vgic.lock);
	for (uint32_t word = bank->listed & mask; word != 0; word &= word - 1) {
		uint32_t intid = 32 * n + (uint32_t)__builtin_ctz(word);
		struct vcpu *home =
			n == 0 ? private_of : vm->vcpu[vm->vgic.home[intid - INTID_SPI]];

		if (home == asker) {
			vgic_sync_locked(asker);
		} else if (!ask(asker, home)) {
			err = -EAGAIN;
		}
	}
	return err;
}

void vgic_release_locked(struct vcpu *asker)
{
	struct vm *vm = asker->vm;

	for (uint64_t asked = asker->vgic.asking; asked != 0; asked &= asked - 1) {
		struct vcpu *target = vm->vcpu[__builtin_ctzll(asked)];

		if (--target->vgic.ask_count == 0) {
			target->vgic.synced = false;
			vcpu_post(target, VCPU_EVENT_VGIC);
		}
	}
	asker->vgic.asking = 0;
}

void vgic_set_active_locked(struct vcpu *private_of, struct vm *vm, uint32_t n, uint32_t mask)
{
	struct vgic_bank *bank = n == 0 ? &private_of->vgic.bank : &vm->vgic.bank[n - 1];

	/* needs no list register: no guest has acknowledged it, so none will end it. One that must
	   not come now is not listed as pending, the gather has seen to it. */
	bank->active |= mask;
}

void vgic_clear_active_locked(struct vcpu *private_of, struct vm *vm, uint32_t n, uint32_t mask)
{
	struct vgic_bank *bank = n == 0 ? &private_of->vgic.bank : &vm->vgic.bank[n - 1];

	for (mask &= bank->active; mask != 0; mask &= mask - 1) {
		uint32_t intid = 32 * n + (uint32_t)__builtin_ctz(mask);
		struct vcpu *home =
			n == 0 ? private_of : vm->vcpu[vm->vgic.home[intid - INTID_SPI]];

		bank->active &= ~vgic_bit(intid);
		if ((home->vgic.spilled[n] & vgic_bit(intid)) != 0) {
			home->vgic.spilled[n] &= ~vgic_bit(intid);
			home->vgic.spilled_count--;
		}
		vgic_post(vgic_target(private_of, vm, intid), intid);
		vgic_post(home, intid);
	}
}

int vgic_deactivate(struct vcpu *vcpu, uint32_t intid)
{
	struct vm *vm = vcpu->vm;
	int err;

	if (intid >= vgic_limit(vm)) {
		return 0;
	}
	spin_lock(&vm->vgic.lock);
	err = vgic_gather_locked(vcpu, vcpu, intid / 32, vgic_bit(intid));
	if (err == 0) {
		vgic_clear_active_locked(vcpu, vm, intid / 32, vgic_bit(intid));
		vgic_release_locked(vcpu);
	}
	spin_unlock(&vm->vgic.lock);
	return err;
}

uint32_t vgic_busy_count(struct vm *vm)
{
	uint32_t count = 0;

	spin_lock(&vm->vgic.lock);
	for (uint32_t i = 0; i < vm->vcpu_count; i++) {
		const struct vgic_bank *bank = &vm->vcpu[i]->vgic.bank;

		count += bits_count(bank->latch | bank->active | bank->listed);
	}
	for (uint32_t n = 0; n < vm->vgic.bank_count; n++) {
		const struct vgic_bank *bank = &vm->vgic.bank[n];

		count += bits_count(bank->latch | bank->active | bank->listed);
	}
	spin_unlock(&vm->vgic.lock);
	return count;
}
