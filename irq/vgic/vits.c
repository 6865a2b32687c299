/* SPDX-License-Identifier: Apache-2.0 */
/* The ITS: its registers, and MSIs. IHI 0069H 12.19, 12.20. */
#include "irq/vgic/vits.h"

#include "core/base/errno.h"
#include "core/base/string.h"
#include "irq/vgic/vgic_frames.h"
#include "irq/vgic/vits_state.h"
#include "irq/vgic/vlpi.h"

/* The registers' functions are called for a VM that has one. */
static struct vits *its_of(const struct vcpu *vcpu)
{
	return vcpu->vm->vgic.vits;
}

static void reset_locked(struct vits *its)
{
	its->enabled = its->stalled = false;
	its->cbaser = 0;
	/* types; 64K pages, which most guests want */
	its->baser[BASER_DEVICES] = FIELD_PREP(GITS_BASER_TYPE, 1);
	its->baser[BASER_COLLECTIONS] = FIELD_PREP(GITS_BASER_TYPE, 4);
	for (uint32_t i = 0; i < BASER_USED; i++) {
		its->baser[i] |= FIELD_PREP(GITS_BASER_ENTRY, VITS_ENTRY_SIZE - 1) |
				 FIELD_PREP(GITS_BASER_PAGE, 2);
	}
	its->read = its->write = 0;
	vits_tables_locked(its);
	atomic_set(&its->runner, NULL);
}

void vits_reset(struct vits *its)
{
	spin_lock(&its->lock);
	reset_locked(its);
	spin_unlock(&its->lock);
}

int vits_create(struct vm *vm, uint64_t ipa, struct arena *arena, struct vits **out)
{
	struct vits *its;

	if (vm->vgic.lpis.count == 0 || vm->vgic.vits != NULL) {
		return -EINVAL;
	}
	its = arena_alloc(arena, sizeof(*its));
	if (its == NULL) {
		return -ENOMEM;
	}
	spin_init(&its->lock, RANK_VITS);
	its->vm = vm;
	its->ipa = ipa;
	vreg_index(&vits_control_table);
	vm->vgic.vits = its;
	*out = its;
	vits_reset(its);
	return 0;
}

const struct vcpu *vits_runner(const struct vits *its)
{
	return atomic_read(&its->runner);
}

bool vits_continue(struct vcpu *vcpu)
{
	struct vits *its = its_of(vcpu);
	bool mine;

	if (its == NULL || likely(vits_runner(its) != vcpu)) {
		return false;
	}
	spin_lock(&its->lock);
	/* another may have taken it over */
	mine = vits_runner(its) == vcpu;
	if (mine) {
		vits_run_locked(its, vcpu);
	}
	spin_unlock(&its->lock);
	return mine;
}

int vgic_send_msi(struct vm *vm, uint32_t device_id, uint32_t event_id)
{
	struct vits *its = vm->vgic.vits;
	struct vits_event event;
	int err;

	if (its == NULL) {
		return -ENODEV;
	}
	spin_lock(&its->lock);
	err = its->enabled ? vits_find_event_locked(its, device_id, event_id, &event) : -ENOENT;
	if (err == 0) {
		spin_lock(&vm->vgic.lock);
		vlpi_pend_locked(event.target, (uint32_t)FIELD_GET(ENTRY_INTID, event.entry));
		spin_unlock(&vm->vgic.lock);
	}
	spin_unlock(&its->lock);
	return err;
}

/* -- registers -- */

static uint64_t half(uint64_t whole, uint32_t index, uint32_t size)
{
	return size == 8 ? whole : (uint32_t)(whole >> (32 * (index % 2)));
}

static uint64_t with_half(uint64_t whole, uint32_t index, uint32_t size, uint64_t value)
{
	return size == 8      ? value :
	       index % 2 == 0 ? (whole & BITS(63, 32)) | value :
				(uint32_t)whole | (value << 32);
}

VREG_READ(read_ctlr)
{
	struct vits *its = its_of(vcpu);

	spin_lock(&its->lock);
	*value = (its->enabled ? GITS_CTLR_ENABLED : 0) |
		 (vits_is_due_locked(its) ? 0 : GITS_CTLR_QUIESCENT);
	spin_unlock(&its->lock);
	return 0;
}

VREG_WRITE(write_ctlr)
{
	struct vits *its = its_of(vcpu);
	bool enable = (value & GITS_CTLR_ENABLED) != 0;

	spin_lock(&its->lock);
	if (enable && !its->enabled) {
		vits_tables_locked(its);
	}
	its->enabled = enable;
	vits_run_locked(its, vcpu);
	spin_unlock(&its->lock);
	return 0;
}

/* Numbers of vCPUs for targets (PTA = 0), no collections without memory (HCC = 0). */
VREG_READ(read_typer)
{
	*value = half(GITS_TYPER_PHYSICAL | FIELD_PREP(GITS_TYPER_ITT_SIZE, VITS_ENTRY_SIZE - 1) |
			      FIELD_PREP(GITS_TYPER_IDBITS, VITS_ID_BITS - 1) |
			      FIELD_PREP(GITS_TYPER_DEVBITS, VITS_ID_BITS - 1) |
			      FIELD_PREP(GITS_TYPER_CIDBITS, VITS_ID_BITS - 1) | GITS_TYPER_CIL,
		      index, size);
	return 0;
}

VREG_READ(read_cbaser)
{
	*value = half(its_of(vcpu)->cbaser, index, size);
	return 0;
}

/* UNPREDICTABLE while enabled: nothing then, as for GITS_BASER<n>. */
VREG_WRITE(write_cbaser)
{
	struct vits *its = its_of(vcpu);

	spin_lock(&its->lock);
	if (!its->enabled) {
		its->cbaser = with_half(its->cbaser, index, size, value) & GITS_CBASER_WRITABLE;
		its->read = 0;
		its->stalled = false;
	}
	spin_unlock(&its->lock);
	return 0;
}

VREG_READ(read_cwriter)
{
	*value = half(atomic_read(&its_of(vcpu)->write), index, size);
	return 0;
}

VREG_WRITE(write_cwriter)
{
	struct vits *its = its_of(vcpu);

	if (index != 0) {
		return 0;
	}
	spin_lock(&its->lock);
	its->write = (uint32_t)(value & GITS_CWRITER_OFFSET);
	if ((value & GITS_CWRITER_RETRY) != 0) {
		its->stalled = false;
	}
	vits_run_locked(its, vcpu);
	spin_unlock(&its->lock);
	return 0;
}

VREG_READ(read_creadr)
{
	struct vits *its = its_of(vcpu);

	spin_lock(&its->lock);
	*value = half(its->read | (its->stalled ? GITS_CREADR_STALLED : 0), index, size);
	spin_unlock(&its->lock);
	return 0;
}

VREG_READ(read_baser)
{
	if (index / 2 < BASER_USED) {
		*value = half(its_of(vcpu)->baser[index / 2], index, size);
	}
	return 0;
}

VREG_WRITE(write_baser)
{
	struct vits *its = its_of(vcpu);
	uint64_t *baser;

	if (index / 2 >= BASER_USED) {
		return 0;
	}
	baser = &its->baser[index / 2];
	spin_lock(&its->lock);
	if (!its->enabled) {
		*baser = (with_half(*baser, index, size, value) & GITS_BASER_WRITABLE) |
			 (*baser & (GITS_BASER_TYPE | GITS_BASER_ENTRY));
	}
	spin_unlock(&its->lock);
	return 0;
}

/* PIDR0: a part of its own. */
VREG_READ(read_pidr)
{
	*value = index == 4 ? 0x94 : vgic_pidr[index];
	return 0;
}

#define LONGS(START, COUNT, READ, WRITE)                                                           \
	{                                                                                          \
		.start = (START), .end = (START) + 8 * (COUNT), .shift = 2, .sizes = 4 | 8,        \
		.read = (READ), .write = (WRITE)                                                   \
	}

static const struct vreg control_regs[] = {
	VREG_WORD(GITS_CTLR, read_ctlr, write_ctlr),
	VREG_WORD(GITS_IIDR, vgic_read_iidr, NULL),
	LONGS(GITS_TYPER, 1, read_typer, NULL),
	VREG_WORD(GITS_STATUSR, NULL, NULL),
	LONGS(GITS_CBASER, 1, read_cbaser, write_cbaser),
	LONGS(GITS_CWRITER, 1, read_cwriter, write_cwriter),
	LONGS(GITS_CREADR, 1, read_creadr, NULL),
	LONGS(GITS_BASER, GITS_BASER_COUNT, read_baser, write_baser),
	/* GITS_PIDR */
	{.start = GITS_PIDR, .end = 0x10000, .shift = 2, .sizes = 4, .read = read_pidr},
};

static uint8_t control_index[VREG_INDEX_COUNT];
const struct vreg_table vits_control_table = {control_regs, ARRAY_COUNT(control_regs),
					      control_index};

/*
 * The translation frame: GITS_TRANSLATER takes the event from a device, whose ID comes with the
 * write (IHI 0069H GITS_TRANSLATER). A CPU has none: its writes are ignored, like those to the rest
 * of the frame, and all of it reads as zero.
 */
static bool is_translation(uint32_t off)
{
	return off >= VREG_FRAME_SIZE;
}

static int its_read(struct vcpu *vcpu, void *dev, uint32_t off, uint32_t size, uint64_t *value)
{
	(void)dev;
	*value = 0;
	return is_translation(off) ? 0 :
				     vreg_read(&vits_control_table, (struct vreg_by){vcpu, vcpu},
					       off, size, value);
}

static int its_write(struct vcpu *vcpu, void *dev, uint32_t off, uint32_t size, uint64_t value)
{
	(void)dev;
	return is_translation(off) ? 0 :
				     vreg_write(&vits_control_table, (struct vreg_by){vcpu, vcpu},
						off, size, value);
}

const struct mmio_ops vits_ops = {
	.name = "GITS",
	.sizes = 2 | 4 | 8, /* 2: GITS_TRANSLATER */
	.read = its_read,
	.write = its_write,
};
