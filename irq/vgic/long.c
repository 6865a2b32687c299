/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The long way: what was posted is looked at, and the most urgent of what is to come gets list
 * registers. All of it on the CPU that runs the vCPU, under vgic_dist.lock.
 *
 * It goes in steps: what one leaves is posted again, and the guest is not entered before all is
 * done. What is deliverable and finds no list register waits (vgic_cpu.waiting) and is looked at
 * only when one may be free, the most urgent first; so neither how many wait nor how many are
 * posted at once makes a step longer.
 */
#include "core/base/atomic.h"
#include "irq/hw/vif.h"
#include "irq/vgic/lr.h"
#include "irq/vgic/set.h"
#include "irq/vgic/vits.h"
#include "irq/vgic/vlpi.h"

/* What one step may cost, in parts of 120 to 140 instructions; and where commands of the ITS were
 * executed in the same. */
#define STEP	   10
#define STEP_SHORT 3
#define STEP_LEAST 1 /* beside commands of the ITS */
#define STEP_SLOW  5 /* list registers are no system registers */

#define COST_SWEEP 4 /* a bank of which something is pending or listed, here or not */
#define COST_LPIS  9
#define COST_SPILL 5
#define COST_FILL  5 /* and nothing else in this step */

/* What is left of a step after that. */
static inline uint32_t pay(uint32_t left, uint32_t cost)
{
	return left - MIN(left, cost);
}

/* -- LPIs -- */

static void take_back_lpi(struct vcpu *vcpu, uint32_t intid)
{
	int lr = lr_of_lpi(&vcpu->vgic, intid);

	if (lr >= 0) {
		lr_pull(vcpu, (uint32_t)lr);
	}
}

static void list_lpi(struct vcpu *vcpu, uint32_t lr, uint32_t intid)
{
	lr_write_lpi(vcpu, lr, intid, vlpi_priority(vcpu->vm, intid));
	vlpi_listed_locked(vcpu, intid);
}

/* Those about which something has changed leave their registers; what that cost. */
static uint32_t take_back_changed(struct vcpu *vcpu)
{
	struct vgic_cpu *cpu = &vcpu->vgic;
	uint32_t intid, cost = 0;

	/* what these post to this vCPU is posted below */
	cpu->lpi.looking = true;
	while (cost < COST_LPIS && (intid = vlpi_changed_locked(vcpu)) != 0) {
		take_back_lpi(vcpu, intid);
		cost += LR_COST_LISTED;
	}
	cpu->lpi.looking = false;
	return cost;
}

/* lr_consider(), for all LPIs of the vCPU. */
static uint32_t consider_lpis(struct vcpu *vcpu)
{
	struct vgic_cpu *cpu = &vcpu->vgic;
	uint32_t intid, cost = take_back_changed(vcpu);

	if (cost != 0) {
		vgic_post(vcpu, VGIC_LOOK_LPIS);
		return cost;
	}
	if (!vlpi_is_settled_locked(vcpu)) {
		if (!vlpi_look_locked(vcpu) && vlpi_next_locked(vcpu) != 0) {
			vgic_post(vcpu, VGIC_LOOK_LPIS);
		}
		return COST_LPIS;
	}
	for (cost = COST_LPIS; (intid = vlpi_next_locked(vcpu)) != 0; cost += LR_COST_LIST) {
		int lr = cpu->waiting.banks == 0 ? lr_free(vcpu) : -1;

		if (lr < 0) {
			vgic_set_add(&cpu->waiting, VGIC_LOOK_LPIS, vlpi_priority(vcpu->vm, intid));
			break;
		}
		list_lpi(vcpu, (uint32_t)lr, intid);
	}
	return cost;
}

/* -- what was posted -- */

/* Something can be done with so much of a step: LPIs, which are looked at last, need more. */
static bool affords(uint32_t left, uint32_t intid)
{
	return left >= (intid == VGIC_LOOK_LPIS ? COST_LPIS : 1);
}

static inline uint32_t look_at_posted(struct vcpu *vcpu, uint32_t left)
{
	struct vgic_cpu *cpu = &vcpu->vgic;
	uint32_t banks = atomic_exchange(&cpu->todo_banks, 0);

	while (banks != 0) {
		uint32_t n = (uint32_t)__builtin_ctz(banks);
		uint32_t word = atomic_exchange(&cpu->todo[n], 0);

		while (word != 0) {
			uint32_t intid = 32 * n + (uint32_t)__builtin_ctz(word);

			if (!affords(left, intid)) {
				atomic_fetch_or(&cpu->todo[n], word);
				atomic_fetch_or(&cpu->todo_banks, banks);
				vcpu_post(vcpu, VCPU_EVENT_VGIC);
				return left;
			}
			if (unlikely(cpu->waiting.banks != 0)) {
				vgic_set_remove(&cpu->waiting, intid);
			}
			left = pay(left, intid == VGIC_LOOK_LPIS ? consider_lpis(vcpu) :
								   lr_consider(vcpu, intid));
			word &= word - 1;
		}
		banks &= banks - 1;
	}
	return left;
}

/* -- those that wait -- */

static uint32_t waiting_priority(struct vcpu *vcpu, uint32_t intid)
{
	if (intid == VGIC_LOOK_LPIS) {
		intid = vlpi_next_locked(vcpu);
		return intid == 0 ? UINT8_MAX : vlpi_priority(vcpu->vm, intid);
	}
	return vgic_bank_of(vcpu, intid)->prio[intid % 32];
}

static bool may_come(struct vcpu *vcpu, uint32_t intid)
{
	if (intid == VGIC_LOOK_LPIS) {
		return vlpi_next_locked(vcpu) != 0;
	}
	if ((vgic_bank_of(vcpu, intid)->listed & vgic_bit(intid)) != 0) {
		/* active, and to be pending again; or listed by another, who had it meanwhile */
		vgic_post(vcpu, intid);
		return false;
	}
	return lr_judge(vcpu, intid);
}

static void list_waiting(struct vcpu *vcpu, uint32_t lr, uint32_t intid)
{
	if (intid != VGIC_LOOK_LPIS) {
		vgic_set_remove(&vcpu->vgic.waiting, intid);
		lr_list(vcpu, lr, intid, ICH_LR_PENDING);
		return;
	}
	/* it stands for others too */
	list_lpi(vcpu, lr, vlpi_next_locked(vcpu));
}

/*
 * One that is active and pending is pending alone after its end, which nobody sees: where a more
 * urgent one waits for a register, it waits too.
 */
static void hold_back(struct vcpu *vcpu, uint32_t prio)
{
	struct vgic_cpu *cpu = &vcpu->vgic;

	for (uint32_t used = cpu->lr_used; used != 0; used &= used - 1) {
		uint32_t lr = (uint32_t)__builtin_ctz(used);
		uint32_t intid = cpu->lr_intid[lr];
		uint64_t value = vif_lr_read(&vcpu->vgic.vif, lr);

		if ((value & ICH_LR_STATE) != ICH_LR_STATE ||
		    FIELD_GET(ICH_LR_PRIORITY, value) <= prio) {
			continue;
		}
		lr_latch_again(vcpu, intid, value);
		vif_lr_write(&vcpu->vgic.vif, lr, value & ~ICH_LR_PENDING);
		vgic_set_add(&cpu->waiting, intid, vgic_bank_of(vcpu, intid)->prio[intid % 32]);
	}
}

/* Those that wait get registers, the most urgent first, while they are more urgent than what is
 * there. */
static void __attribute__((noinline)) fill(struct vcpu *vcpu, uint32_t left)
{
	struct vgic_set *waiting = &vcpu->vgic.waiting;

	while (waiting->banks != 0) {
		uint32_t intid, prio;
		int lr;

		if (left < COST_FILL) {
			vcpu_post(vcpu, VCPU_EVENT_VGIC);
			return;
		}
		left = 0;
		intid = vgic_set_look(waiting, vcpu, waiting_priority);
		if (intid == VGIC_SET_AGAIN) {
			continue;
		}
		if (!may_come(vcpu, intid)) {
			vgic_set_remove(waiting, intid);
			continue;
		}
		prio = waiting_priority(vcpu, intid);
		lr = lr_free(vcpu);
		if (lr < 0) {
			lr = lr_make_room(vcpu, (uint8_t)prio);
		}
		if (lr < 0) {
			hold_back(vcpu, prio);
			return;
		}
		list_waiting(vcpu, (uint32_t)lr, intid);
	}
}

/* -- the rest of a step -- */

/* Active interrupts that had to leave the list registers come back where there is room, highest
 * priority first, but for one register. */
static uint32_t __attribute__((noinline)) unspill(struct vcpu *vcpu, uint32_t left)
{
	struct vgic_cpu *cpu = &vcpu->vgic;

	while (cpu->spilled.banks != 0) {
		int lr = lr_free(vcpu);
		uint32_t best;

		if (lr < 0 || bits_count(cpu->lr_used) + 1 >= cpu->lr_count) {
			break;
		}
		if (left < COST_SPILL) {
			vcpu_post(vcpu, VCPU_EVENT_VGIC);
			break;
		}
		left = pay(left, COST_SPILL);
		best = lr_best_spilled(vcpu);
		lr_take_spilled(vcpu, best);
		lr_list(vcpu, (uint32_t)lr, best, ICH_LR_ACTIVE);
		vgic_post(vcpu, best);
	}
	return left;
}

/* What is pending or listed of bank n: here, and anywhere. */
static uint32_t here(const struct vcpu *vcpu, uint32_t n, uint32_t *anywhere)
{
	const struct vgic_dist *dist = &vcpu->vm->vgic;
	const struct vgic_bank *bank = n == 0 ? &vcpu->vgic.bank : &dist->bank[n - 1];
	uint32_t some = vgic_pending_word(bank) | bank->listed, mine = 0;

	*anywhere = some;
	if (n == 0) {
		return some;
	}
	for (; some != 0; some &= some - 1) {
		uint32_t bit = (uint32_t)__builtin_ctz(some), spi = 32 * (n - 1) + bit;

		if (dist->route[spi] == vcpu->index ||
		    (((bank->listed >> bit) & 1) != 0 && dist->home[spi] == vcpu->index)) {
			mine |= UINT32_C(1) << bit;
		}
	}
	return mine;
}

/* Posts, bank by bank, what vgic_sweep_locked() asked for. */
static uint32_t sweep(struct vcpu *vcpu, uint32_t left)
{
	struct vgic_cpu *cpu = &vcpu->vgic;

	if ((cpu->sweep & 1) != 0) {
		vlpi_group_changed_locked(vcpu);
	}
	while (cpu->sweep != 0 && left != 0) {
		uint32_t n = (uint32_t)__builtin_ctz(cpu->sweep), anywhere;
		uint32_t word = here(vcpu, n, &anywhere);

		cpu->sweep &= cpu->sweep - 1;
		if (word != 0) {
			atomic_fetch_or(&cpu->todo[n], word);
			atomic_fetch_or(&cpu->todo_banks, UINT32_C(1) << n);
		}
		left = pay(left, anywhere != 0 ? COST_SWEEP : 1);
	}
	if (cpu->sweep != 0) {
		vcpu_post(vcpu, VCPU_EVENT_VGIC);
	}
	return left;
}

/* Which maintenance is wanted from now on. */
static void update_hcr(struct vcpu *vcpu, bool waiting)
{
	struct vgic_cpu *cpu = &vcpu->vgic;
	uint64_t hcr = cpu->hcr_base;

	if (waiting) {
		hcr |= ICH_HCR_NPIE;
	}
	if ((cpu->spilled.banks | cpu->undone) != 0) {
		/* one register in use or none: room for those that wait, so that an EOI finds them.
		 * LRENPIE tells of one that came sooner, and of each where so few registers are
		 * that UIE would never end, or that will never be in one. */
		hcr |= ICH_HCR_LRENPIE |
		       (cpu->spilled.banks != 0 && cpu->lr_count >= 3 ? ICH_HCR_UIE : 0);
	}
	lr_set_hcr(cpu, hcr);
}

/* What comes seldom: sweeps, and what is to be done for the distributor also where the vCPU is off.
 */
static uint32_t __attribute__((noinline)) do_chores(struct vcpu *vcpu, uint32_t left)
{
	struct vgic_cpu *cpu = &vcpu->vgic;

	if (cpu->letting_go) {
		vgic_release_locked(vcpu);
		return STEP_SHORT;
	}
	if (cpu->reroute) {
		vgic_v2_route_step_locked(vcpu);
		return STEP_SHORT;
	}
	if (cpu->follow != 0) {
		vgic_link_follow_locked(vcpu);
		return STEP_SHORT;
	}
	return cpu->on && cpu->ask_count == 0 ? sweep(vcpu, left) : left;
}

void vgic_process(struct vcpu *vcpu)
{
	struct vgic_cpu *cpu = &vcpu->vgic;
	uint32_t sgis, left = likely(cpu->vif_here == NULL) ? STEP : STEP_SLOW;

	if (unlikely(vcpu->vm->vgic.vits != NULL) && unlikely(vits_continue(vcpu))) {
		left = STEP_LEAST;
	}
	spin_lock(&vcpu->vm->vgic.lock);
	if (unlikely((cpu->sweep | cpu->follow | cpu->reroute | cpu->letting_go) != 0)) {
		left = do_chores(vcpu, left);
	}
	lr_end_spilled(vcpu);
	sgis = vgic_latch_sgis_locked(vcpu);
	if (sgis != 0) {
		/* no event: they are looked at below, or when whatever holds the vCPU is over */
		atomic_fetch_or(&cpu->todo[0], sgis);
		atomic_fetch_or(&cpu->todo_banks, 1);
	}
	if (cpu->ask_count != 0 || !cpu->on) {
		vgic_answer_locked(vcpu);
		if (!cpu->on) {
			/* its redistributor works all the same */
			vlpi_look_locked(vcpu);
		}
		spin_unlock(&vcpu->vm->vgic.lock);
		return;
	}
	if (unlikely(cpu->spilled.banks != 0)) {
		left = unspill(vcpu, left);
	}
	left = look_at_posted(vcpu, left);
	if (unlikely(cpu->waiting.banks != 0)) {
		fill(vcpu, left);
		/* nothing comes past them */
		atomic_fetch_or(&cpu->todo_banks, cpu->waiting.banks);
	}
	/* not while steps are left: they come sooner */
	update_hcr(vcpu,
		   cpu->waiting.banks != 0 && (atomic_read(&vcpu->events) & VCPU_EVENT_VGIC) == 0);
	spin_unlock(&vcpu->vm->vgic.lock);
}

bool vgic_is_held(const struct vcpu *vcpu)
{
	return atomic_read_acquire(&vcpu->vgic.ask_count) != 0;
}
