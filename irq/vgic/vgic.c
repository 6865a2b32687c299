/* SPDX-License-Identifier: Apache-2.0 */
/* The emulated controller: creation, reset, lines, posting, and asking other vCPUs. */
#include "irq/vgic/vgic.h"

#include "core/base/arena.h"
#include "core/base/atomic.h"
#include "core/base/errno.h"
#include "core/base/string.h"
#include "irq/hw/gic.h"
#include "irq/hw/vif.h"
#include "irq/vgic/softif.h"
#include "irq/vgic/vgic_frames.h"
#include "irq/vgic/vgic_state.h"
#include "irq/vgic/vits.h"
#include "irq/vgic/vlpi.h"

#define FEW_VCPUS 8U

/* What the distributor says of itself. */
static uint64_t typer_of(const struct vm *vm, const struct vgic_setup *setup)
{
	uint64_t lines = FIELD_PREP(GICD_TYPER_ITLINES, vm->vgic.bank_count);

	if (vm->vgic.v2) {
		return lines | FIELD_PREP(GICD_TYPER_CPUNUM, vm->vcpu_count - 1);
	}
	/* no security; 1 of N not offered: No1N = 1. What LPIs add: vlpi_create() */
	return lines | (setup->mbi ? GICD_TYPER_MBIS : 0) | FIELD_PREP(GICD_TYPER_IDBITS, 9) |
	       GICD_TYPER_A3V | GICD_TYPER_NO1N;
}

static int create_cpu(struct vcpu *vcpu, const struct vgic_setup *setup, struct arena *arena)
{
	struct vgic_cpu *cpu = &vcpu->vgic;

	cpu->bank.exists = UINT32_MAX;
	/* GICv2: ICC_SGI1R_EL1 isn't there, nobody can be named */
	cpu->sgi_named = setup->v2 ? UINT64_MAX : 0;
	cpu->vif_here = setup->vif;
	cpu->lr_count = MIN(setup->lr_count, (uint32_t)VGIC_LR_MAX);
	return setup->v2 && setup->vif == NULL ? softif_create(vcpu, arena) : 0;
}

/* Of the frames that such a VM has. */
static void index_registers(bool v2)
{
	if (v2) {
		vreg_index(&vgic_v2_dist_table);
		vreg_index(&softif_table);
	} else {
		vreg_index(&vgic_dist_table);
		vreg_index(&vgic_rd_table);
		vreg_index(&vgic_sgi_table);
	}
}

int vgic_create(struct vm *vm, const struct vgic_setup *setup, struct arena *arena)
{
	struct vgic_dist *dist = &vm->vgic;
	uint32_t spi_count = setup->spi_count;

	spin_init(&dist->lock, RANK_VGIC_DIST);
	dist->v2 = setup->v2;
	dist->redist_low = setup->redist_low != 0 ? setup->redist_low : vm->vcpu_count;
	dist->spi_count = spi_count;
	dist->bank_count = (spi_count + 31) / 32;
	dist->typer = typer_of(vm, setup);
	dist->bank = arena_alloc(arena, dist->bank_count * sizeof(*dist->bank));
	dist->route = arena_alloc(arena, spi_count * sizeof(*dist->route));
	dist->home = arena_alloc(arena, spi_count * sizeof(*dist->home));
	dist->pintid = arena_alloc(arena, spi_count * sizeof(*dist->pintid));
	dist->irouter = arena_alloc(arena, spi_count * sizeof(*dist->irouter));
	if (dist->bank == NULL || dist->route == NULL || dist->home == NULL ||
	    dist->pintid == NULL || dist->irouter == NULL) {
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < spi_count; i++) {
		dist->bank[i / 32].exists |= vgic_bit(i);
	}
	for (uint32_t i = 0; i < vm->vcpu_count; i++) {
		int err = create_cpu(vm->vcpu[i], setup, arena);

		if (err != 0) {
			return err;
		}
	}
	index_registers(dist->v2);
	vgic_reset(vm);
	return setup->lpi_count != 0 ? vlpi_create(vm, setup->lpi_count, arena) : 0;
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

/* Those of `mask`, of bank n. */
static void post_mask(struct vcpu *vcpu, uint32_t n, uint32_t mask)
{
	atomic_fetch_or(&vcpu->vgic.todo[n], mask);
	atomic_fetch_or(&vcpu->vgic.todo_banks, UINT32_C(1) << n);
	vcpu_post(vcpu, VCPU_EVENT_VGIC);
}

void vgic_post(struct vcpu *vcpu, uint32_t intid)
{
	if (vcpu != NULL) {
		post_mask(vcpu, intid / 32, vgic_bit(intid));
	}
}

/* SPIs of bank n, each to the vCPU that `where` names: all of one vCPU together, or where there are
 * many vCPUs, neighbours. */
static void post_spis(struct vm *vm, uint32_t n, uint32_t mask, const uint16_t *where)
{
	const uint16_t *index = &where[32 * n - INTID_SPI];
	uint32_t masks[FEW_VCPUS + 1] = {0}, run = 0, to = VGIC_ROUTE_NONE;

	for (; mask != 0; mask &= mask - 1) {
		uint32_t bit = (uint32_t)__builtin_ctz(mask);

		if (vm->vcpu_count <= FEW_VCPUS) {
			masks[MIN(index[bit], FEW_VCPUS)] |= UINT32_C(1) << bit;
			continue;
		}
		if (index[bit] != to && run != 0) {
			post_mask(vm->vcpu[to], n, run);
			run = 0;
		}
		to = index[bit];
		run |= to == VGIC_ROUTE_NONE ? 0 : UINT32_C(1) << bit;
	}
	if (run != 0) {
		post_mask(vm->vcpu[to], n, run);
	}
	for (uint32_t i = 0; i < FEW_VCPUS; i++) {
		if (masks[i] != 0) {
			post_mask(vm->vcpu[i], n, masks[i]);
		}
	}
}

/* One SPI, to its target and where it is listed. */
static void __attribute__((noinline)) post_spi(struct vm *vm, uint32_t intid)
{
	uint32_t spi = intid - INTID_SPI, n = intid / 32, bit = vgic_bit(intid);
	uint32_t route = vm->vgic.route[spi], home = vm->vgic.home[spi];

	if (likely(route != VGIC_ROUTE_NONE)) {
		post_mask(vm->vcpu[route], n, bit);
	}
	if (home != route && (vm->vgic.bank[n - 1].listed & bit) != 0) {
		post_mask(vm->vcpu[home], n, bit);
	}
}

/* The same, but at once where its target is in this CPU. */
static inline __attribute__((always_inline)) void pend_spi(struct vm *vm, struct vgic_bank *bank,
							   uint32_t intid)
{
	struct vcpu *vcpu = vcpu_loaded();

	if (vcpu == NULL || vcpu->vm != vm || !vgic_pend_spi_locked(vcpu, bank, intid)) {
		post_spi(vm, intid);
	}
}

void vgic_post_word_locked(struct vcpu *private_of, struct vm *vm, uint32_t n, uint32_t mask)
{
	uint32_t listed;

	SPIN_ASSERT_HELD(&vm->vgic.lock);
	if (mask == 0) {
		return;
	}
	if (n == 0) {
		post_mask(private_of, 0, mask);
		return;
	}
	if (likely((mask & (mask - 1)) == 0)) {
		post_spi(vm, 32 * n + (uint32_t)__builtin_ctz(mask));
		return;
	}
	listed = vm->vgic.bank[n - 1].listed & mask;
	post_spis(vm, n, mask, vm->vgic.route);
	if (listed != 0) {
		post_spis(vm, n, listed, vm->vgic.home);
	}
}

void vgic_sweep_locked(struct vcpu *vcpu)
{
	SPIN_ASSERT_HELD(&vcpu->vm->vgic.lock);
	vcpu->vgic.sweep = UINT32_MAX >> (31 - vcpu->vm->vgic.bank_count);
	vcpu_post(vcpu, VCPU_EVENT_VGIC);
}

/* A line has changed. True: somebody is to look at it. */
static inline bool line_matters_locked(struct vgic_bank *bank, uint32_t bit, bool level)
{
	if ((bank->edge & bit) != 0) {
		if (!level) {
			return false;
		}
		bank->latch |= bit;
	}
	return ((bank->enabled | bank->listed) & bit) != 0;
}

/* The same, if it has. */
static inline bool change_line_locked(struct vgic_bank *bank, uint32_t bit, bool level)
{
	uint32_t before = bank->line;

	bank->line = level ? before | bit : before & ~bit;
	return bank->line != before && line_matters_locked(bank, bit, level);
}

static void __attribute__((noinline))
pend_spi_and_unlock(struct vm *vm, struct vgic_bank *bank, uint32_t intid)
{
	pend_spi(vm, bank, intid);
	spin_unlock(&vm->vgic.lock);
}

void vgic_set_line(struct vm *vm, uint32_t intid, bool level)
{
	struct vgic_bank *bank = &vm->vgic.bank[intid / 32 - 1];

	spin_lock(&vm->vgic.lock);
	if (change_line_locked(bank, vgic_bit(intid), level)) {
		pend_spi_and_unlock(vm, bank, intid);
		return;
	}
	spin_unlock(&vm->vgic.lock);
}

void vgic_send_message(struct vm *vm, uint32_t intid)
{
	struct vgic_bank *bank;

	if (intid < INTID_SPI || intid >= vgic_limit(vm)) {
		return;
	}
	bank = &vm->vgic.bank[intid / 32 - 1];
	spin_lock(&vm->vgic.lock);
	/* the line of a linked one is its hardware's */
	if (((bank->edge | bank->hw) & vgic_bit(intid)) == 0) {
		if (change_line_locked(bank, vgic_bit(intid), true)) {
			pend_spi(vm, bank, intid);
		}
	} else {
		bank->latch |= vgic_bit(intid);
		if (((bank->enabled | bank->listed) & vgic_bit(intid)) != 0) {
			pend_spi(vm, bank, intid);
		}
	}
	spin_unlock(&vm->vgic.lock);
}

void vgic_set_private_line(struct vcpu *vcpu, uint32_t intid, bool level)
{
	struct vgic_bank *bank = &vcpu->vgic.bank;
	uint32_t bit = vgic_bit(intid);
	bool only_active;

	/* it is the owner's alone to change */
	if (((bank->line & bit) != 0) == level) {
		return;
	}
	spin_lock(&vcpu->vm->vgic.lock);
	only_active = !level && vgic_is_only_active_locked(vcpu, intid);
	bank->line ^= bit;
	/* level-sensitive: looked at again at its EOI, there is nothing to take back */
	if (!only_active && line_matters_locked(bank, bit, level)) {
		vgic_pend_locked(vcpu, intid);
	}
	spin_unlock(&vcpu->vm->vgic.lock);
}

void vgic_take_linked(struct vcpu *vcpu, uint32_t intid)
{
	spin_lock(&vcpu->vm->vgic.lock);
	vgic_linked_again_locked(vcpu, intid);
	spin_unlock(&vcpu->vm->vgic.lock);
}

/* -- active state -- */

/* Those of `mask` that are for another vCPU than the one that holds them. */
static uint32_t away_of(const struct vgic_dist *dist, uint32_t n, uint32_t mask)
{
	const uint16_t *home = &dist->home[32 * n - INTID_SPI];
	const uint16_t *route = &dist->route[32 * n - INTID_SPI];
	uint32_t away = 0;

	for (; mask != 0; mask &= mask - 1) {
		uint32_t bit = (uint32_t)__builtin_ctz(mask);

		away |= (uint32_t)(home[bit] != route[bit]) << bit;
	}
	return away;
}

void vgic_set_active_locked(struct vcpu *private_of, struct vm *vm, uint32_t n, uint32_t mask)
{
	struct vgic_bank *bank = n == 0 ? &private_of->vgic.bank : &vm->vgic.bank[n - 1];

	/* needs no list register: no guest has acknowledged it, or one has and it is undone. One
	   that must not come now is not listed as pending, the gather has seen to it. */
	bank->active |= mask;
}

void vgic_clear_active_locked(struct vcpu *private_of, struct vm *vm, uint32_t n, uint32_t mask)
{
	struct vgic_bank *bank = n == 0 ? &private_of->vgic.bank : &vm->vgic.bank[n - 1];

	uint64_t homes;

	mask &= bank->active;
	if (mask == 0) {
		return;
	}
	homes = n == 0 ? BIT(private_of->index) : vgic_homes_of(&vm->vgic, n, mask);
	bank->active &= ~mask;
	for (; homes != 0; homes &= homes - 1) {
		vgic_unspill_locked(vm->vcpu[__builtin_ctzll(homes)], n, mask);
	}
	if (n == 0) {
		post_mask(private_of, 0, mask);
		return;
	}
	if ((mask & (mask - 1)) == 0) {
		post_spi(vm, 32 * n + (uint32_t)__builtin_ctz(mask));
	} else {
		post_spis(vm, n, mask, vm->vgic.route);
	}
	mask = away_of(&vm->vgic, n, mask);
	if (mask != 0) {
		post_spis(vm, n, mask, vm->vgic.home);
	}
}

int vgic_deactivate(struct vcpu *vcpu, uint32_t intid)
{
	struct vm *vm = vcpu->vm;
	int err;

	/* with EOImode 0 ignored: IHI 0069H ICC_DIR_EL1 (GICv2: UNPREDICTABLE) */
	if (intid >= vgic_limit(vm) || (vif_vmcr_read(&vcpu->vgic.vif) & ICH_VMCR_VEOIM) == 0) {
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
	uint32_t count;

	spin_lock(&vm->vgic.lock);
	count = vlpi_busy_count_locked(vm);
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
