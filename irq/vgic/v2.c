/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The distributor of GICv2, as a machine without the Security Extensions has it, both groups there.
 * IHI 0048B 4.3. Its banks are those of GICv3 (irq/vgic/dist_bank.c); what differs is that targets
 * stand in place of routes, and that SGIs are pending by sender (irq/vgic/sgi.c).
 */
#include "irq/vgic/vreg.h"

#include "irq/vgic/vgic_frames.h"
#include "irq/vgic/vgic_state.h"

#define BYTES_FIRST UINT32_C(0x01010101)
#define ROUTE_STEP  5 /* SPIs that get another target at once */

/* GIC-400's: PIDR4-7, PIDR0-3 (architecture revision 2), CIDR0-3, from offset 0xfd0 on. */
static const uint8_t pidr[12] = {0x04, 0, 0, 0, 0x90, 0xb4, 0x2b, 0, 0x0d, 0xf0, 0x05, 0xb1};

VREG_READ(read_ctlr)
{
	*value = vcpu->vm->vgic.ctlr;
	return 0;
}

VREG_READ(read_pidr)
{
	*value = pidr[index];
	return 0;
}

/* -- targets: one byte per interrupt; a machine of one CPU interface has none -- */

VREG_READ(read_targets)
{
	const struct vm *vm = vcpu->vm;

	*value = 0;
	if (vm->vcpu_count == 1 || index >= vgic_limit(vm)) {
		return 0;
	}
	for (uint32_t i = 0; i < size; i++) {
		uint64_t targets = index < INTID_SPI ? BIT(vcpu->index) :
						       vm->vgic.irouter[index + i - INTID_SPI];

		*value |= targets << (8 * i);
	}
	return 0;
}

/*
 * 1 of N: any of the targets may take it (IHI 0048B 3.2.3). It goes to the first whose interface is
 * in use, or the first.
 */
static uint16_t route_of(const struct vm *vm, uint64_t targets)
{
	for (uint64_t on = targets; on != 0; on &= on - 1) {
		uint32_t i = (uint32_t)__builtin_ctzll(on);

		if (vm->vcpu[i]->vgic.on) {
			return (uint16_t)i;
		}
	}
	return targets == 0 ? VGIC_ROUTE_NONE : (uint16_t)__builtin_ctzll(targets);
}

static void set_targets_locked(struct vm *vm, uint32_t spi, uint64_t targets)
{
	struct vgic_dist *dist = &vm->vgic;
	uint16_t route = route_of(vm, targets);

	dist->irouter[spi] = targets;
	if ((targets & (targets - 1)) != 0) {
		dist->bank[spi / 32].many |= vgic_bit(spi);
		dist->many |= UINT32_C(1) << (spi / 32);
	} else {
		dist->bank[spi / 32].many &= ~vgic_bit(spi);
	}
	if (dist->route[spi] != route) {
		dist->route[spi] = route;
		vgic_link_route_locked(vm, INTID_SPI + spi);
		vgic_post_word_locked(NULL, vm, (INTID_SPI + spi) / 32, vgic_bit(INTID_SPI + spi));
	}
}

VREG_WRITE(write_targets)
{
	struct vm *vm = vcpu->vm;
	uint64_t mask = BIT(vm->vcpu_count) - 1;

	if (vm->vcpu_count == 1 || index < INTID_SPI || index >= vgic_limit(vm)) {
		return 0;
	}
	spin_lock(&vm->vgic.lock);
	for (uint32_t i = 0; i < size; i++) {
		set_targets_locked(vm, index + i - INTID_SPI, (value >> (8 * i)) & mask);
	}
	spin_unlock(&vm->vgic.lock);
	return 0;
}

void vgic_v2_route_again_locked(struct vcpu *vcpu)
{
	SPIN_ASSERT_HELD(&vcpu->vm->vgic.lock);
	if (vcpu->vm->vgic.many != 0) {
		vcpu->vm->vgic.reroute = 0;
		vcpu->vgic.reroute = true;
		vcpu_post(vcpu, VCPU_EVENT_VGIC);
	}
}

void vgic_v2_route_step_locked(struct vcpu *vcpu)
{
	struct vm *vm = vcpu->vm;
	uint32_t at = vm->vgic.reroute, done = 0;

	SPIN_ASSERT_HELD(&vm->vgic.lock);
	while (at < vm->vgic.spi_count && done < ROUTE_STEP) {
		uint32_t word = vm->vgic.bank[at / 32].many & (UINT32_MAX << at % 32);

		if (word == 0) {
			at = at / 32 * 32 + 32;
			continue;
		}
		at = at / 32 * 32 + (uint32_t)__builtin_ctz(word);
		set_targets_locked(vm, at, vm->vgic.irouter[at]);
		at++;
		done++;
	}
	vm->vgic.reroute = at;
	vcpu->vgic.reroute = at < vm->vgic.spi_count;
	if (vcpu->vgic.reroute) {
		vcpu_post(vcpu, VCPU_EVENT_VGIC);
	}
}

/* -- SGIs -- */

VREG_WRITE(write_sgir)
{
	uint64_t all = BIT(vcpu->vm->vcpu_count) - 1, self = BIT(vcpu->index), targets;
	uint32_t sgi = (uint32_t)FIELD_GET(GICD_SGIR_INTID, value);

	switch (FIELD_GET(GICD_SGIR_FILTER, value)) {
	case SGIR_LISTED:
		targets = FIELD_GET(GICD_SGIR_LIST, value) & all;
		break;
	case SGIR_OTHERS:
		targets = all & ~self;
		break;
	case SGIR_SELF:
		targets = self;
		break;
	default:
		return 0; /* reserved */
	}
	vgic_v2_send_sgi(vcpu, targets, sgi);
	return 0;
}

/* Four SGIs a word, the byte of each has a bit for each CPU interface that may have sent it. */
VREG_READ(read_sgi_source)
{
	return vgic_v2_read_sources(vcpu, index, size, value);
}

VREG_WRITE(write_cpendsgi)
{
	return vgic_v2_write_sources(vcpu, index, (uint32_t)value, false);
}

VREG_WRITE(write_spendsgi)
{
	uint32_t all = (uint32_t)(BIT(vcpu->vm->vcpu_count) - 1) * BYTES_FIRST;

	return vgic_v2_write_sources(vcpu, index, (uint32_t)value & all, true);
}

static const struct vreg regs[] = {
	VREG_WORD(GICD_CTLR, read_ctlr, vgic_dist_write_ctlr),
	VREG_WORD(GICD_TYPER, vgic_read_typer, NULL),
	VREG_WORD(GICD_IIDR, vgic_read_iidr, NULL),
	VGIC_DIST_BANKS,
	/* GICD_ITARGETSR */
	{.start = GICD_ITARGETSR,
	 .end = GICD_ITARGETSR + 0x400,
	 .shift = 0,
	 .sizes = 1 | 4,
	 .read = read_targets,
	 .write = write_targets},
	VGIC_DIST_CONFIG,
	/* GICD_NSACR: RAZ/WI without the Security Extensions */
	{.start = GICD_NSACR, .end = GICD_NSACR + 0x100, .shift = 2, .sizes = 4},
	VREG_WORD(GICD_SGIR, NULL, write_sgir),
	/* GICD_CPENDSGIR */
	{.start = GICD_CPENDSGIR,
	 .end = GICD_CPENDSGIR + 0x10,
	 .shift = 0,
	 .sizes = 1 | 4,
	 .read = read_sgi_source,
	 .write = write_cpendsgi},
	/* GICD_SPENDSGIR */
	{.start = GICD_SPENDSGIR,
	 .end = GICD_SPENDSGIR + 0x10,
	 .shift = 0,
	 .sizes = 1 | 4,
	 .read = read_sgi_source,
	 .write = write_spendsgi},
	/* ICPIDR, ICCIDR */
	{.start = 0x0fd0, .end = 0x1000, .shift = 2, .sizes = 4, .read = read_pidr},
	/* reserved */
	{.start = VREG_FRAME_SIZE, .end = VREG_FRAME_SIZE},
};

static uint8_t v2_index[VREG_INDEX_COUNT];
const struct vreg_table vgic_v2_dist_table = {regs, ARRAY_COUNT(regs), v2_index};

static int v2_read(struct vcpu *vcpu, void *dev, uint32_t off, uint32_t size, uint64_t *value)
{
	(void)dev;
	return vreg_read(&vgic_v2_dist_table, (struct vreg_by){vcpu, vcpu}, off, size, value);
}

static int v2_write(struct vcpu *vcpu, void *dev, uint32_t off, uint32_t size, uint64_t value)
{
	(void)dev;
	return vreg_write(&vgic_v2_dist_table, (struct vreg_by){vcpu, vcpu}, off, size, value);
}

const struct mmio_ops vgic_v2_dist_ops = {
	.name = "GICD",
	.sizes = 1 | 4,
	.read = v2_read,
	.write = v2_write,
};
