/* SPDX-License-Identifier: Apache-2.0 */
/* GICv2's CPU interface in software. IHI 0048B 4.4 (GICC_*), 5.3 (GICH_*). */
#include "irq/vgic/softif.h"

#include "core/arm64/sysreg.h"
#include "core/base/errno.h"
#include "irq/hw/gic.h"
#include "irq/hw/ich.h"
#include "irq/vgic/vgic_frames.h"
#include "irq/vgic/vgic_state.h"

#define PRIO_SHIFT    3	   /* bits of a priority that don't exist */
#define IDLE_PRIORITY 0xff /* GICC_RPR when nothing is active */
#define EOICOUNT_MAX  31
#define GROUP0	      0
#define GROUP1	      1
#define CTLR_WRITABLE                                                                              \
	(GICC_CTLR_ENGRP0 | GICC_CTLR_ENGRP1 | GICC_CTLR_ACKCTL | GICC_CTLR_FIQEN |                \
	 GICC_CTLR_CBPR | GICC_CTLR_EOIMODE)

/* Product "B", architecture version 2: IHI 0048B GICC_IIDR. */
#define SOFTIF_IIDR UINT32_C(0x4202043b)

/* In the layouts of ICH_*_EL2. GICC_CTLR's bits are where ICH_VMCR_EL2 has them. */
struct softif {
	struct vcpu *vcpu;
	uint64_t lr[VGIC_LR_MAX];
	uint64_t hcr, vmcr;
	uint32_t active; /* priorities, bit per level: GICC_APR0 */
};

static struct softif *softif_of(const struct vif *vif)
{
	return vif->state;
}

static uint32_t group_of(uint64_t lr)
{
	return (lr & ICH_LR_GROUP) != 0 ? GROUP1 : GROUP0;
}

static bool is_valid(uint64_t lr)
{
	return (lr & ICH_LR_STATE) != 0;
}

/* Its end was asked for, and has come: GICH_EISR. */
static bool has_ended(uint64_t lr)
{
	return !is_valid(lr) && (lr & (ICH_LR_HW | ICH_LR_EOI)) == ICH_LR_EOI;
}

/* The bits of a priority that decide whether one of this group preempts. IHI 0048B 3.3.3. */
static uint32_t group_priority_mask(const struct softif *s, uint32_t group)
{
	uint64_t point = FIELD_GET(ICH_VMCR_VBPR0, s->vmcr);

	if (group == GROUP1 && (s->vmcr & ICH_VMCR_VCBPR) == 0) {
		point = FIELD_GET(ICH_VMCR_VBPR1, s->vmcr) - 1;
	}
	return (UINT32_MAX << (point + 1)) & 0xff;
}

static uint32_t running_priority(const struct softif *s)
{
	return s->active == 0 ? IDLE_PRIORITY : (uint32_t)__builtin_ctz(s->active) << PRIO_SHIFT;
}

static uint32_t priority_of(uint64_t lr)
{
	return (uint32_t)FIELD_GET(ICH_LR_PRIORITY, lr);
}

/* The list register with the pending interrupt of highest priority whose group is enabled, and
 * among equals the least INTID; -1: none. */
static int best_pending(const struct softif *s)
{
	int best = -1;

	for (uint32_t i = 0; i < s->vcpu->vgic.lr_count; i++) {
		uint64_t lr = s->lr[i];
		uint64_t enable = group_of(lr) == GROUP1 ? ICH_VMCR_VENG1 : ICH_VMCR_VENG0;

		if ((lr & ICH_LR_STATE) != ICH_LR_PENDING || (s->vmcr & enable) == 0) {
			continue;
		}
		if (best < 0 || priority_of(lr) < priority_of(s->lr[best]) ||
		    (priority_of(lr) == priority_of(s->lr[best]) &&
		     FIELD_GET(ICH_LR_VINTID, lr) < FIELD_GET(ICH_LR_VINTID, s->lr[best]))) {
			best = (int)i;
		}
	}
	return best;
}

/* The one that the CPU is told of: it also passes the mask and preempts what runs; -1: none. */
static int signalled(const struct softif *s)
{
	int best = best_pending(s);
	uint32_t prio, mask;

	if (best < 0) {
		return -1;
	}
	prio = priority_of(s->lr[best]);
	mask = group_priority_mask(s, group_of(s->lr[best]));
	if (prio >= FIELD_GET(ICH_VMCR_VPMR, s->vmcr) ||
	    (s->active != 0 && (prio & mask) >= (running_priority(s) & mask))) {
		return -1;
	}
	return best;
}

/*
 * The guest's lines: FIQ for group 0 where GICC_CTLR.FIQEn says so. They are those of the CPU that
 * has the vCPU: who changes the interface of another one (vgic_visit_locked()) leaves them alone,
 * and load() sees to them.
 */
static void drive_lines(struct softif *s)
{
	struct vcpu *vcpu = s->vcpu;
	uint64_t line = 0;
	int lr;

	if (vcpu != vcpu_loaded()) {
		return;
	}
	lr = (s->hcr & ICH_HCR_EN) != 0 ? signalled(s) : -1;
	if (lr >= 0) {
		bool fiq = group_of(s->lr[lr]) == GROUP0 && (s->vmcr & ICH_VMCR_VFIQEN) != 0;

		line = fiq ? HCR_VF : HCR_VI;
	}
	if ((vcpu->hcr & (HCR_VI | HCR_VF)) != line) {
		vcpu->hcr = (vcpu->hcr & ~(HCR_VI | HCR_VF)) | line;
		sysreg_write(hcr_el2, vcpu->hcr | (sysreg_read(hcr_el2) & HCR_VSE));
	}
}

/* -- GICH_* -- */

static uint64_t lr_read(const struct vif *vif, uint32_t n)
{
	return softif_of(vif)->lr[n];
}

static void lr_write(const struct vif *vif, uint32_t n, uint64_t value)
{
	softif_of(vif)->lr[n] = value;
	drive_lines(softif_of(vif));
}

static bool lr_refill(const struct vif *vif, uint32_t n, uint64_t value)
{
	uint64_t lr = softif_of(vif)->lr[n];

	if (is_valid(lr) || has_ended(lr)) {
		return false;
	}
	lr_write(vif, n, value);
	return true;
}

static uint32_t empty(const struct vif *vif)
{
	const struct softif *s = softif_of(vif);
	uint32_t mask = 0;

	for (uint32_t i = 0; i < s->vcpu->vgic.lr_count; i++) {
		mask |= !is_valid(s->lr[i]) && !has_ended(s->lr[i]) ? UINT32_C(1) << i : 0;
	}
	return mask;
}

static uint32_t eoi(const struct vif *vif)
{
	const struct softif *s = softif_of(vif);
	uint32_t mask = 0;

	for (uint32_t i = 0; i < s->vcpu->vgic.lr_count; i++) {
		mask |= has_ended(s->lr[i]) ? UINT32_C(1) << i : 0;
	}
	return mask;
}

static uint64_t hcr_read(const struct vif *vif)
{
	return softif_of(vif)->hcr;
}

static void hcr_write(const struct vif *vif, uint64_t hcr)
{
	softif_of(vif)->hcr = hcr;
	drive_lines(softif_of(vif));
}

static uint64_t vmcr_read(const struct vif *vif)
{
	return softif_of(vif)->vmcr;
}

static void set_binary_points(struct softif *s, uint64_t bpr, uint64_t abpr)
{
	s->vmcr &= ~(ICH_VMCR_VBPR0 | ICH_VMCR_VBPR1);
	s->vmcr |= FIELD_PREP(ICH_VMCR_VBPR0, MAX(bpr, (uint64_t)SOFTIF_BPR_MIN)) |
		   FIELD_PREP(ICH_VMCR_VBPR1, MAX(abpr, (uint64_t)SOFTIF_ABPR_MIN));
}

static void vmcr_write(const struct vif *vif, uint64_t vmcr)
{
	struct softif *s = softif_of(vif);

	s->vmcr = vmcr;
	set_binary_points(s, FIELD_GET(ICH_VMCR_VBPR0, vmcr), FIELD_GET(ICH_VMCR_VBPR1, vmcr));
	drive_lines(s);
}

static void clear_active_priorities(const struct vif *vif)
{
	softif_of(vif)->active = 0;
	drive_lines(softif_of(vif));
}

/* Software needs no hardware: the guest has none of it either. */
static void load(const struct vif_saved *saved, uint32_t used)
{
	(void)saved;
	(void)used;
	ich_hide();
	drive_lines(softif_of(&vcpu_loaded()->vgic.vif));
}

static bool is_idle(const struct vif *vif)
{
	return softif_of(vif)->active == 0;
}

static const struct vif_ops softif_ops = {
	.load = load,
	.lr_read = lr_read,
	.lr_write = lr_write,
	.lr_refill = lr_refill,
	.empty = empty,
	.eoi = eoi,
	.hcr_read = hcr_read,
	.hcr_write = hcr_write,
	.vmcr_read = vmcr_read,
	.vmcr_write = vmcr_write,
	.clear_active_priorities = clear_active_priorities,
	.is_idle = is_idle,
	.traps_dir = true,
};

/* Does the hypervisor want to know? GICH_MISR. */
static bool wants_maintenance(const struct softif *s)
{
	uint32_t valid = 0, pending = 0, ended = 0;

	for (uint32_t i = 0; i < s->vcpu->vgic.lr_count; i++) {
		valid += is_valid(s->lr[i]);
		pending += (s->lr[i] & ICH_LR_STATE) == ICH_LR_PENDING;
		ended += has_ended(s->lr[i]);
	}
	return ended != 0 || ((s->hcr & ICH_HCR_UIE) != 0 && valid <= 1) ||
	       ((s->hcr & ICH_HCR_LRENPIE) != 0 && (s->hcr & ICH_HCR_EOICOUNT) != 0) ||
	       ((s->hcr & ICH_HCR_NPIE) != 0 && pending == 0);
}

/* After everything that the guest does to it. What comes of it is looked at before the guest is
 * entered, in a step of its own. */
static void settle(struct softif *s)
{
	if (wants_maintenance(s) && vgic_retire(s->vcpu)) {
		vcpu_post(s->vcpu, VCPU_EVENT_VGIC);
	}
	drive_lines(s);
}

/* -- GICC_* -- */

static struct softif *interface_of(struct vcpu *vcpu)
{
	return softif_of(&vcpu->vgic.vif);
}

static uint32_t name_of(uint64_t lr)
{
	uint32_t intid = (uint32_t)FIELD_GET(ICH_LR_VINTID, lr);

	return intid < INTID_SGI_COUNT ?
		       intid | (uint32_t)FIELD_PREP(GICC_IAR_SOURCE, FIELD_GET(VIF_LR_SOURCE, lr)) :
		       intid;
}

/* What a read of an acknowledge or highest-pending register answers for this list register: the
 * registers of group 0 name one of group 1 only with AckCtl, those of group 1 none of group 0. */
static uint32_t answer(const struct softif *s, int lr, uint32_t group)
{
	if (lr < 0) {
		return INTID_NONE_PENDING;
	}
	if (group_of(s->lr[lr]) == group) {
		return name_of(s->lr[lr]);
	}
	if (group == GROUP1) {
		return INTID_NONE_PENDING;
	}
	return (s->vmcr & ICH_VMCR_VACKCTL) != 0 ? name_of(s->lr[lr]) : INTID_GROUP1_PENDING;
}

static uint32_t acknowledge(struct vcpu *vcpu, uint32_t group)
{
	struct softif *s = interface_of(vcpu);
	int lr = (s->hcr & ICH_HCR_EN) != 0 ? signalled(s) : -1;
	uint32_t name = answer(s, lr, group), prio;

	if ((name & GICC_IAR_INTID) >= INTID_SPURIOUS) {
		return name;
	}
	prio = priority_of(s->lr[lr]) & group_priority_mask(s, group_of(s->lr[lr]));
	s->active |= UINT32_C(1) << (prio >> PRIO_SHIFT);
	s->lr[lr] ^= ICH_LR_STATE;
	settle(s);
	return name;
}

/* The active interrupt of this name leaves its list register. False: none has it. */
static bool deactivate(struct softif *s, uint32_t name)
{
	for (uint32_t i = 0; i < s->vcpu->vgic.lr_count; i++) {
		uint64_t lr = s->lr[i];

		if ((lr & ICH_LR_ACTIVE) == 0 || name_of(lr) != name) {
			continue;
		}
		s->lr[i] = lr & ~ICH_LR_ACTIVE;
		if ((lr & ICH_LR_HW) != 0) {
			gic_deactivate((uint32_t)FIELD_GET(ICH_LR_PINTID, lr));
		}
		return true;
	}
	return false;
}

static void end(struct vcpu *vcpu, uint32_t name)
{
	struct softif *s = interface_of(vcpu);

	if ((name & GICC_IAR_INTID) >= INTID_SPURIOUS || s->active == 0) {
		return;
	}
	s->active &= s->active - 1;
	if ((s->vmcr & ICH_VMCR_VEOIM) == 0 && !deactivate(s, name)) {
		uint64_t count = FIELD_GET(ICH_HCR_EOICOUNT, s->hcr);

		s->hcr &= ~ICH_HCR_EOICOUNT;
		s->hcr |= FIELD_PREP(ICH_HCR_EOICOUNT, MIN(count + 1, (uint64_t)EOICOUNT_MAX));
	}
	settle(s);
}

VREG_READ(read_ctlr)
{
	*value = interface_of(vcpu)->vmcr & CTLR_WRITABLE;
	return 0;
}

VREG_WRITE(write_ctlr)
{
	struct softif *s = interface_of(vcpu);

	s->vmcr = (s->vmcr & ~CTLR_WRITABLE) | (value & CTLR_WRITABLE);
	drive_lines(s);
	return 0;
}

VREG_READ(read_pmr)
{
	*value = FIELD_GET(ICH_VMCR_VPMR, interface_of(vcpu)->vmcr);
	return 0;
}

VREG_WRITE(write_pmr)
{
	struct softif *s = interface_of(vcpu);

	s->vmcr = (s->vmcr & ~ICH_VMCR_VPMR) | FIELD_PREP(ICH_VMCR_VPMR, value & VGIC_PRIO_MASK);
	drive_lines(s);
	return 0;
}

VREG_READ(read_bpr)
{
	*value = FIELD_GET(ICH_VMCR_VBPR0, interface_of(vcpu)->vmcr);
	return 0;
}

VREG_WRITE(write_bpr)
{
	struct softif *s = interface_of(vcpu);

	set_binary_points(s, value & 7, FIELD_GET(ICH_VMCR_VBPR1, s->vmcr));
	drive_lines(s);
	return 0;
}

VREG_READ(read_abpr)
{
	*value = FIELD_GET(ICH_VMCR_VBPR1, interface_of(vcpu)->vmcr);
	return 0;
}

VREG_WRITE(write_abpr)
{
	struct softif *s = interface_of(vcpu);

	set_binary_points(s, FIELD_GET(ICH_VMCR_VBPR0, s->vmcr), value & 7);
	drive_lines(s);
	return 0;
}

VREG_READ(read_iar)
{
	*value = acknowledge(vcpu, GROUP0);
	return 0;
}

VREG_READ(read_aiar)
{
	*value = acknowledge(vcpu, GROUP1);
	return 0;
}

VREG_WRITE(write_eoir)
{
	end(vcpu, (uint32_t)(value & (GICC_IAR_INTID | GICC_IAR_SOURCE)));
	return 0;
}

VREG_READ(read_rpr)
{
	*value = running_priority(interface_of(vcpu));
	return 0;
}

VREG_READ(read_hppir)
{
	*value = answer(interface_of(vcpu), best_pending(interface_of(vcpu)), GROUP0);
	return 0;
}

VREG_READ(read_ahppir)
{
	*value = answer(interface_of(vcpu), best_pending(interface_of(vcpu)), GROUP1);
	return 0;
}

VREG_READ(read_apr)
{
	*value = index == 0 ? interface_of(vcpu)->active : 0;
	return 0;
}

VREG_WRITE(write_apr)
{
	struct softif *s = interface_of(vcpu);

	if (index == 0) {
		s->active = (uint32_t)value;
		drive_lines(s);
	}
	return 0;
}

VREG_READ(read_iidr)
{
	*value = SOFTIF_IIDR;
	return 0;
}

VREG_WRITE(write_dir)
{
	struct softif *s = interface_of(vcpu);
	uint32_t name = (uint32_t)(value & (GICC_IAR_INTID | GICC_IAR_SOURCE));
	int err = 0;

	if ((s->vmcr & ICH_VMCR_VEOIM) == 0) {
		return 0; /* UNPREDICTABLE: IHI 0048B GICC_DIR */
	}
	if (!deactivate(s, name)) {
		/* active outside list registers, or in those of another vCPU */
		err = vgic_deactivate(vcpu, (uint32_t)(value & GICC_IAR_INTID));
	}
	settle(s);
	return err;
}

static const struct vreg regs[] = {
	VREG_WORD(GICC_CTLR, read_ctlr, write_ctlr),
	VREG_WORD(GICC_PMR, read_pmr, write_pmr),
	VREG_WORD(GICC_BPR, read_bpr, write_bpr),
	VREG_WORD(GICC_IAR, read_iar, NULL),
	VREG_WORD(GICC_EOIR, NULL, write_eoir),
	VREG_WORD(GICC_RPR, read_rpr, NULL),
	VREG_WORD(GICC_HPPIR, read_hppir, NULL),
	VREG_WORD(GICC_ABPR, read_abpr, write_abpr),
	VREG_WORD(GICC_AIAR, read_aiar, NULL),
	VREG_WORD(GICC_AEOIR, NULL, write_eoir),
	VREG_WORD(GICC_AHPPIR, read_ahppir, NULL),
	/* GICC_APR */
	{.start = GICC_APR,
	 .end = GICC_APR + 0x10,
	 .shift = 2,
	 .sizes = 4,
	 .read = read_apr,
	 .write = write_apr},
	/* GICC_NSAPR: RAZ/WI without the Security Extensions */
	{.start = GICC_NSAPR, .end = GICC_NSAPR + 0x10, .shift = 2, .sizes = 4},
	VREG_WORD(GICC_IIDR, read_iidr, NULL),
	VREG_WORD(GICC_DIR, NULL, write_dir),
	/* reserved */
	{.start = VREG_FRAME_SIZE, .end = VREG_FRAME_SIZE},
};

static uint8_t softif_index[VREG_INDEX_COUNT];
const struct vreg_table softif_table = {regs, ARRAY_COUNT(regs), softif_index};

static int cpu_read(struct vcpu *vcpu, void *dev, uint32_t off, uint32_t size, uint64_t *value)
{
	(void)dev;
	return vreg_read(&softif_table, (struct vreg_by){vcpu, vcpu}, off, size, value);
}

static int cpu_write(struct vcpu *vcpu, void *dev, uint32_t off, uint32_t size, uint64_t value)
{
	(void)dev;
	return vreg_write(&softif_table, (struct vreg_by){vcpu, vcpu}, off, size, value);
}

const struct mmio_ops vgic_v2_cpu_ops = {
	.name = "GICC",
	.sizes = 4,
	.read = cpu_read,
	.write = cpu_write,
};

int softif_create(struct vcpu *vcpu, struct arena *arena)
{
	struct softif *s = arena_alloc(arena, sizeof(*s));

	if (s == NULL) {
		return -ENOMEM;
	}
	s->vcpu = vcpu;
	vcpu->vgic.vif_here = &softif_ops;
	vcpu->vgic.vif.ops = &softif_ops;
	vcpu->vgic.vif.state = s;
	return 0;
}
