/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A vCPU's interface comes to its CPU, and goes: with the vCPU's life, and at each switch.
 *
 * What is listed stays listed while its list registers are in memory (vif_saved_ops). Private
 * interrupts that are linked are the CPU's, which another vCPU is given next: of what was taken and
 * not ended, the state in hardware goes with the vCPU too.
 */
#include "core/base/string.h"
#include "irq/hw/gic.h"
#include "irq/hw/vif.h"
#include "irq/vgic/vgic_state.h"

/*
 * Linked private interrupts that were taken in hardware and that the guest has not ended are active
 * there while the interface is here.
 */
static void __attribute__((noinline)) set_active(const struct vgic_cpu *cpu, bool active)
{
	for (uint32_t word = cpu->bank.hw & cpu->bank.line; word != 0; word &= word - 1) {
		uint32_t intid = (uint32_t)__builtin_ctz(word);

		if ((cpu->bank.listed & vgic_bit(intid)) == 0 ||
		    (vif_lr_read(&cpu->vif, cpu->bank.lr[intid]) & ICH_LR_STATE) != 0) {
			gic_set_ppi_active(intid, active);
		}
	}
}

static inline bool some_taken(const struct vgic_cpu *cpu)
{
	return (cpu->bank.hw & cpu->bank.line) != 0;
}

/* An interface in software is where it is. */
static bool moves(const struct vgic_cpu *cpu)
{
	return cpu->vif_here == NULL || cpu->vif_here->save != NULL;
}

void vgic_cpu_save(struct vcpu *vcpu)
{
	struct vgic_cpu *cpu = &vcpu->vgic;

	if (likely(cpu->vif_here == NULL)) {
		ich_save(&cpu->saved, cpu->lr_used);
		cpu->vif.ops = &vif_saved_ops;
	} else if (moves(cpu)) {
		cpu->vif_here->save(&cpu->saved, cpu->lr_used);
		cpu->vif.ops = &vif_saved_ops;
	}
	if (unlikely(some_taken(cpu))) {
		set_active(cpu, false);
	}
	/* all of it is in memory before others look there */
	atomic_set_release(&cpu->here, false);
}

void vgic_cpu_load(struct vcpu *vcpu)
{
	struct vgic_cpu *cpu = &vcpu->vgic;

	atomic_set(&cpu->here, true);
	/* who looks at it from now on sees that; who does already is waited for:
	 * vgic_visit_locked() */
	dmb(ish);
	while (unlikely(atomic_read_acquire(&cpu->visited))) {
		cpu_yield();
	}
	if (unlikely(some_taken(cpu))) {
		set_active(cpu, true);
	}
	if (likely(cpu->vif_here == NULL)) {
		ich_load(&cpu->saved, cpu->lr_used);
		cpu->vif.ops = NULL;
	} else {
		cpu->vif_here->load(&cpu->saved, cpu->lr_used);
		cpu->vif.ops = cpu->vif_here;
	}
}

void vgic_cpu_start(struct vcpu *vcpu)
{
	const struct vif here = {vcpu->vgic.vif_here, NULL};
	struct vgic_cpu *cpu = &vcpu->vgic;

	spin_lock(&vcpu->vm->vgic.lock);
	cpu->here = false;
	if (moves(cpu)) {
		cpu->vif = (struct vif){&vif_saved_ops, &cpu->saved};
		memset(&cpu->saved, 0, sizeof(cpu->saved));
	} else {
		for (uint32_t lr = 0; lr < cpu->lr_count; lr++) {
			vif_lr_write(&cpu->vif, lr, 0);
		}
		vif_clear_active_priorities(&cpu->vif);
		vif_vmcr_write(&cpu->vif, 0);
	}
	cpu->lr_used = 0;
	/* DIR names an interrupt that may be active in another vCPU or in no list register: always
	   trapped. Only guests that split EOI from deactivation use it. */
	cpu->hcr_base = ICH_HCR_EN | (vif_traps_dir(&here) ? ICH_HCR_TDIR : 0);
	cpu->hcr = cpu->hcr_base;
	vif_hcr_write(&cpu->vif, cpu->hcr);
	cpu->on = true;
	if (vcpu->vm->vgic.v2) {
		vgic_v2_route_again_locked(vcpu);
	}
	spin_unlock(&vcpu->vm->vgic.lock);
	vcpu_post(vcpu, VCPU_EVENT_VGIC);
}

void vgic_cpu_stop(struct vcpu *vcpu)
{
	struct vgic_cpu *cpu = &vcpu->vgic;

	spin_lock(&vcpu->vm->vgic.lock);
	vgic_sync_locked(vcpu, UINT32_MAX);
	/* what was taken is let go: inactive in hardware since it was put away */
	cpu->bank.line &= ~cpu->bank.hw;
	vgic_clear_active_locked(vcpu, vcpu->vm, 0, cpu->bank.hw);
	/* others stay active, but its guest is not going to end them */
	if (cpu->spilled.banks != 0) {
		memset(&cpu->spilled, 0, sizeof(cpu->spilled));
	}
	cpu->undone = 0;
	cpu->hcr = 0;
	vif_hcr_write(&cpu->vif, 0);
	cpu->on = false;
	if (vcpu->vm->vgic.v2) {
		vgic_v2_route_again_locked(vcpu);
	}
	vgic_forget_locked(vcpu);
	spin_unlock(&vcpu->vm->vgic.lock);
}
