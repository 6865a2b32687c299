/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SGIs: who is meant, how they are sent, and GICv2's, which are pending by sender.
 *
 * With GICv2 an SGI is as many interrupts as there are senders (IHI 0048B 4.3.15). Its bits in
 * vgic_cpu.sgi_source say which of them are pending outside list registers; the latch in the bank
 * says that there is any. One at a time is listed; while others wait, its end is asked for.
 */
#include "core/base/atomic.h"
#include "irq/hw/gic.h"
#include "irq/vgic/vgic_state.h"

#define SEND_MAX 12U /* targets in a step */
#define FIND_MAX 16U /* vCPUs that are compared in the same */

static uint32_t source_bit(uint32_t sgi, uint32_t source)
{
	return UINT32_C(1) << (8 * (sgi % 4) + source);
}

static uint32_t sources_of(const struct vgic_cpu *cpu, uint32_t sgi)
{
	return (atomic_read(&cpu->sgi_source[sgi / 4]) >> (8 * (sgi % 4))) & 0xff;
}

/* SGIs, bit per INTID, that somebody has sent and that are not in a list register. GICv2. */
static uint32_t with_source(struct vgic_cpu *cpu)
{
	uint32_t sgis = 0;

	for (uint32_t i = 0; i < INTID_SGI_COUNT / 4; i++) {
		uint32_t word = atomic_read(&cpu->sgi_source[i]);

		for (uint32_t n = 0; word != 0; n++, word >>= 8) {
			sgis |= (word & 0xff) != 0 ? vgic_bit(4 * i + n) : 0;
		}
	}
	return sgis;
}

uint32_t vgic_latch_sgis_locked(struct vcpu *vcpu)
{
	uint32_t sgis = atomic_fetch_and(&vcpu->events, ~VCPU_EVENT_SGIS) >> VCPU_EVENT_SGI_SHIFT;

	SPIN_ASSERT_HELD(&vcpu->vm->vgic.lock);
	if (sgis != 0 && vcpu->vm->vgic.v2) {
		/* looked at already, together with one sent before, or taken back */
		sgis &= with_source(&vcpu->vgic);
	}
	vcpu->vgic.bank.latch |= sgis;
	return sgis;
}

/* The vCPUs that a write of ICC_SGI<n>R_EL1 names, by index. IHI 0069H ICC_SGI1R_EL1. */
static uint64_t __attribute__((noinline)) targets_of(const struct vcpu *vcpu, uint64_t value)
{
	const struct vm *vm = vcpu->vm;
	uint64_t targets = 0;

	if ((value & SGI1R_IRM) != 0) {
		return BITS(vm->vcpu_count - 1, 0) & ~BIT(vcpu->index);
	}
	for (uint32_t i = 0; i < vm->vcpu_count; i++) {
		uint64_t named = gic_sgi_target(vm->vcpu[i]->mpidr);
		bool hit = ((named ^ value) & ~SGI1R_TARGETS) == 0 &&
			   (named & value & SGI1R_TARGETS) != 0;

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

/* To those of `targets`: an SGI of the other group is not sent. IHI 0069H ICC_SGI1R_EL1, security
 * disabled */
static inline void send_to(struct vcpu *vcpu, uint64_t targets, uint32_t group1, uint32_t sgi)
{
	for (; targets != 0; targets &= targets - 1) {
		struct vcpu *target = vcpu->vm->vcpu[__builtin_ctzll(targets)];

		if (((atomic_read(&target->vgic.bank.group) >> sgi) & 1) == group1) {
			send_one(vcpu, target, sgi);
		}
	}
}

/* To more than SEND_MAX, in as many steps as that takes. */
static enum exit_action __attribute__((noinline))
send_in_steps(struct vcpu *vcpu, uint32_t group1, uint64_t value)
{
	struct vgic_access access =
		vgic_access_begin(vcpu, VGIC_PLACE_KEY(VGIC_PLACE_SGI, vcpu, group1), value,
				  vcpu->vgic.sgi_targets);
	uint64_t now = vgic_access_piece(vcpu, &access, UINT64_MAX, SEND_MAX);

	send_to(vcpu, now, group1, (uint32_t)FIELD_GET(SGI1R_INTID, value));
	return vgic_access_keep(vcpu, &access, now) == 0 ? EXIT_ADVANCE : EXIT_RETRY;
}

enum exit_action vgic_write_sgi(struct vcpu *vcpu, uint32_t group1, uint64_t value)
{
	struct vgic_cpu *cpu = &vcpu->vgic;
	uint64_t named = value & SGI1R_NAMED;

	if (unlikely(named != cpu->sgi_named)) {
		if (vcpu->vm->vgic.v2) {
			return EXIT_INJECT_UNDEF;
		}
		cpu->sgi_named = named;
		cpu->sgi_targets = targets_of(vcpu, named);
		cpu->sgi_many = bits_count((uint32_t)cpu->sgi_targets) +
					bits_count((uint32_t)(cpu->sgi_targets >> 32)) >
				SEND_MAX;
		if (vcpu->vm->vcpu_count > FIND_MAX && (named & SGI1R_IRM) == 0) {
			vgic_again(vcpu);
			return EXIT_RETRY;
		}
	}
	if (unlikely(cpu->sgi_many)) {
		return send_in_steps(vcpu, group1, value);
	}
	send_to(vcpu, cpu->sgi_targets, group1, (uint32_t)FIELD_GET(SGI1R_INTID, value));
	return EXIT_ADVANCE;
}

/* -- GICv2 -- */

void vgic_v2_send_sgi(struct vcpu *vcpu, uint64_t targets, uint32_t sgi)
{
	for (; targets != 0; targets &= targets - 1) {
		struct vcpu *target = vcpu->vm->vcpu[__builtin_ctzll(targets)];

		atomic_fetch_or(&target->vgic.sgi_source[sgi / 4], source_bit(sgi, vcpu->index));
		send_one(vcpu, target, sgi);
	}
}

uint64_t vgic_v2_take_source_locked(struct vcpu *vcpu, uint32_t sgi, uint32_t among)
{
	struct vgic_cpu *cpu = &vcpu->vgic;
	uint32_t sources = sources_of(cpu, sgi), source;
	uint64_t more = ICH_LR_EOI;

	SPIN_ASSERT_HELD(&vcpu->vm->vgic.lock);
	/* the lowest first: IHI 0048B leaves the choice */
	if ((sources & -sources & among) != 0) {
		source = (uint32_t)__builtin_ctz(sources);
		atomic_fetch_and(&cpu->sgi_source[sgi / 4], ~source_bit(sgi, source));
		sources &= ~(UINT32_C(1) << source);
		more = ICH_LR_PENDING | FIELD_PREP(VIF_LR_SOURCE, source) |
		       (sources != 0 ? ICH_LR_EOI : 0);
	}
	cpu->bank.latch &= ~vgic_bit(sgi);
	cpu->bank.latch |= sources != 0 ? vgic_bit(sgi) : 0;
	return more;
}

void vgic_v2_put_source_locked(struct vcpu *vcpu, uint32_t sgi, uint64_t lr)
{
	SPIN_ASSERT_HELD(&vcpu->vm->vgic.lock);
	atomic_fetch_or(&vcpu->vgic.sgi_source[sgi / 4],
			source_bit(sgi, (uint32_t)FIELD_GET(VIF_LR_SOURCE, lr)));
}

/* The INTIDs of SGIs whose bytes an access to `size` bytes from that of `sgi` on concerns. */
static uint32_t accessed(uint32_t sgi, uint32_t size)
{
	return ((UINT32_C(1) << size) - 1) << sgi;
}

int vgic_v2_read_sources(struct vcpu *vcpu, uint32_t sgi, uint32_t size, uint64_t *value)
{
	int err;

	spin_lock(&vcpu->vm->vgic.lock);
	err = vgic_gather_locked(vcpu, vcpu, 0, accessed(sgi, size));
	if (err == 0) {
		*value = (atomic_read(&vcpu->vgic.sgi_source[sgi / 4]) >> (8 * (sgi % 4))) &
			 (UINT64_MAX >> (64 - 8 * size));
		vgic_release_locked(vcpu);
	}
	spin_unlock(&vcpu->vm->vgic.lock);
	return err;
}

int vgic_v2_write_sources(struct vcpu *vcpu, uint32_t sgi, uint32_t value, bool set)
{
	struct vgic_cpu *cpu = &vcpu->vgic;
	uint32_t bits = value << (8 * (sgi % 4)), sgis;
	int err;

	spin_lock(&vcpu->vm->vgic.lock);
	err = vgic_gather_locked(vcpu, vcpu, 0, accessed(sgi & ~3U, 4));
	if (err == 0) {
		if (set) {
			atomic_fetch_or(&cpu->sgi_source[sgi / 4], bits);
		} else {
			atomic_fetch_and(&cpu->sgi_source[sgi / 4], ~bits);
		}
		sgis = with_source(cpu);
		cpu->bank.latch = (cpu->bank.latch & ~0xffffU) | sgis;
		vgic_post_word_locked(vcpu, vcpu->vm, 0, sgis);
		vgic_release_locked(vcpu);
	}
	spin_unlock(&vcpu->vm->vgic.lock);
	return err;
}
