/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pending and active state that others hold, and accesses that take several steps.
 *
 * To see or change what is in list registers, an access brings it back into the banks: its own
 * vCPU's, those that are in memory, and those in other CPUs, whose owners are asked. Whoever was
 * brought back or asked is held until the access is over: nothing is listed there, and its guest
 * stays out. So what was brought back stays so, however many steps that takes and whatever others
 * do. Two that hold each other go on all the same: an access needs no guest.
 *
 * One step does a bounded part; then the access is executed again from its saved syndrome. What it
 * has done by then stands in its place: of an interrupt that is done nothing is done again, so that
 * an access ends even if another vCPU keeps taking what was done already. A vCPU has two places,
 * since one instruction may access two registers, which are neighbours.
 */
#include "core/base/errno.h"
#include "core/base/string.h"
#include "irq/vgic/lr.h"

/* What a step may cost, in parts of about 50 instructions. */
#define GATHER_MAX   10
#define COST_LR	     2
#define COST_LR_SLOW 3 /* list registers are no system registers */
#define COST_ASK     1

#define RELEASE_MAX 8

/* List registers of one vCPU. */
static uint32_t step_of(const struct vcpu *vcpu)
{
	return vcpu->vgic.vif_here == NULL ? 5 : 3;
}

/* -- the place of an access -- */

int vgic_again(struct vcpu *vcpu)
{
	vcpu->vgic.retried = true;
	vcpu_post(vcpu, VCPU_EVENT_ANSWER);
	return -EAGAIN;
}

static struct vgic_place *place_of(struct vcpu *vcpu, uint32_t key)
{
	return &vcpu->vgic.place[key % ARRAY_COUNT(vcpu->vgic.place)];
}

struct vgic_access vgic_access_begin(struct vcpu *vcpu, uint32_t key, uint64_t value, uint64_t all)
{
	const struct vgic_place *place = place_of(vcpu, key);
	bool known = vcpu->vgic.retried && place->key == key && place->value == value;

	vcpu->vgic.spent = 0;
	return (struct vgic_access){
		.key = key,
		.value = value,
		.all = all,
		.rest = known ? all & ~place->done : all,
	};
}

bool vgic_has_spent_much(const struct vcpu *vcpu)
{
	return vcpu->vgic.spent > GATHER_MAX / 2;
}

uint64_t vgic_access_piece(const struct vcpu *vcpu, const struct vgic_access *access,
			   uint64_t heavy, uint32_t count)
{
	if (vgic_has_spent_much(vcpu)) {
		count = 1;
	}
	for (heavy &= access->rest; heavy != 0 && count != 0; count--) {
		heavy &= heavy - 1;
	}
	return access->rest & ~heavy;
}

int vgic_access_keep(struct vcpu *vcpu, const struct vgic_access *access, uint64_t now)
{
	struct vgic_place *place = place_of(vcpu, access->key);

	if (now != access->rest || vcpu->vgic.retried) {
		*place = (struct vgic_place){
			.key = access->key,
			.value = access->value,
			.done = (access->all & ~access->rest) | now,
		};
	}
	return now != access->rest ? vgic_again(vcpu) : 0;
}

int vgic_access_end_locked(struct vcpu *vcpu, const struct vgic_access *access, uint64_t now)
{
	int err = vgic_access_keep(vcpu, access, now);

	if (err == 0) {
		vgic_release_locked(vcpu);
	}
	return err;
}

bool vgic_access_recall(struct vcpu *vcpu, uint32_t key, uint64_t *value)
{
	const struct vgic_place *place = place_of(vcpu, key);

	vcpu->vgic.spent = 0;
	if (!vcpu->vgic.retried || place->key != key) {
		return false;
	}
	*value = place->value;
	return true;
}

void vgic_access_note_locked(struct vcpu *vcpu, uint32_t key, uint64_t value)
{
	if (vcpu->vgic.retried) {
		*place_of(vcpu, key) = (struct vgic_place){.key = key, .value = value};
	}
	vgic_release_locked(vcpu);
}

void vgic_forget_locked(struct vcpu *vcpu)
{
	struct vgic_cpu *cpu = &vcpu->vgic;

	cpu->retried = false;
	memset(cpu->place, 0, sizeof(cpu->place));
	if (!cpu->letting_go) {
		vgic_release_locked(vcpu);
	}
}

void vgic_access_over(struct vcpu *vcpu)
{
	if (vcpu->vgic.retried) {
		spin_lock(&vcpu->vm->vgic.lock);
		vgic_forget_locked(vcpu);
		spin_unlock(&vcpu->vm->vgic.lock);
	}
}

/* -- what others hold -- */

/* Its guest is kept out until it is released. True: it was before. */
static bool hold(struct vcpu *asker, struct vcpu *target)
{
	uint64_t bit = BIT(target->index);
	bool held = (asker->vgic.asking & bit) != 0;

	if (!held) {
		asker->vgic.asking |= bit;
		target->vgic.ask_count++;
	}
	return held;
}

uint64_t vgic_homes_of(const struct vgic_dist *dist, uint32_t n, uint32_t mask)
{
	const uint16_t *home = &dist->home[32 * n - INTID_SPI];
	uint64_t homes = 0;

	for (; mask != 0; mask &= mask - 1) {
		homes |= BIT(home[__builtin_ctz(mask)]);
	}
	return homes;
}

/* Its list registers are in its CPU. True: it has brought them back and holds still. */
static bool ask(struct vcpu *asker, struct vcpu *target)
{
	if (!hold(asker, target)) {
		target->vgic.askers |= BIT(asker->index);
		vcpu_post(target, VCPU_EVENT_VGIC);
		asker->vgic.spent += COST_ASK;
	}
	return target->vgic.synced;
}

/* They are the asker's own, or in memory. False: not all of them in this step. */
static bool bring_back(struct vcpu *asker, struct vcpu *home)
{
	struct vgic_cpu *cpu = &home->vgic;
	uint32_t cost =
		bits_count(cpu->lr_used) * (asker->vgic.vif_here == NULL ? COST_LR : COST_LR_SLOW);

	if (asker->vgic.spent != 0 && asker->vgic.spent + cost > GATHER_MAX) {
		return false;
	}
	asker->vgic.spent += cost + COST_ASK;
	hold(asker, home);
	if (!vgic_sync_locked(home, step_of(home))) {
		return false;
	}
	if (home != asker) {
		vgic_link_sample_private_locked(home);
	}
	cpu->synced = true;
	return true;
}

int vgic_gather_locked(struct vcpu *asker, struct vcpu *private_of, uint32_t n, uint32_t mask)
{
	struct vm *vm = asker->vm;
	const struct vgic_bank *bank = n == 0 ? &private_of->vgic.bank : &vm->vgic.bank[n - 1];
	uint32_t word = bank->listed & mask;
	uint64_t homes;
	int err = 0;

	SPIN_ASSERT_HELD(&vm->vgic.lock);
	asker->vgic.letting_go = false;
	asker->vgic.spent = 0;
	if (n == 0 && private_of != asker) {
		/* only the owner sees whether what was asserted still is */
		word |= bank->hw & bank->line & mask;
	}
	if (word == 0) {
		return 0;
	}
	homes = n == 0 ? BIT(private_of->index) : vgic_homes_of(&vm->vgic, n, word);
	for (; homes != 0; homes &= homes - 1) {
		struct vcpu *home = vm->vcpu[__builtin_ctzll(homes)];
		bool visited = home != asker && vgic_visit_locked(home), done;

		if (asker->vgic.spent >= GATHER_MAX) {
			done = false;
		} else if (home == asker || visited) {
			done = bring_back(asker, home);
		} else if (!ask(asker, home)) {
			asker->vgic.retried = true;
			err = -EAGAIN;
			continue;
		} else {
			continue;
		}
		if (visited) {
			vgic_leave_locked(home);
		}
		if (!done) {
			/* the others when the access is handled again */
			return vgic_again(asker);
		}
	}
	return err;
}

void vgic_release_locked(struct vcpu *asker)
{
	struct vm *vm = asker->vm;
	struct vgic_cpu *cpu = &asker->vgic;

	for (uint32_t i = 0; i < RELEASE_MAX && cpu->asking != 0; i++) {
		struct vcpu *target = vm->vcpu[__builtin_ctzll(cpu->asking)];

		cpu->asking &= cpu->asking - 1;
		target->vgic.askers &= ~BIT(asker->index);
		if (--target->vgic.ask_count == 0) {
			target->vgic.synced = false;
			vcpu_post(target, VCPU_EVENT_VGIC);
		}
	}
	/* the others in steps of their own, before the guest goes on */
	cpu->letting_go = cpu->asking != 0;
	if (cpu->letting_go) {
		vcpu_post(asker, VCPU_EVENT_VGIC);
	}
}

void vgic_answer_locked(struct vcpu *vcpu)
{
	struct vgic_cpu *cpu = &vcpu->vgic;
	struct vm *vm = vcpu->vm;

	if (!vgic_sync_locked(vcpu, step_of(vcpu))) {
		vcpu_post(vcpu, VCPU_EVENT_VGIC);
		return;
	}
	vgic_link_sample_private_locked(vcpu);
	cpu->synced = cpu->ask_count != 0;
	for (uint32_t i = 0; i < RELEASE_MAX && cpu->askers != 0; i++) {
		vcpu_post(vm->vcpu[__builtin_ctzll(cpu->askers)], VCPU_EVENT_ANSWER);
		cpu->askers &= cpu->askers - 1;
	}
	if (cpu->askers != 0) {
		vcpu_post(vcpu, VCPU_EVENT_VGIC);
	}
}
