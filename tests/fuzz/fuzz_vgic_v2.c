/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any accesses to a GICv2's distributor and to its CPU interface in software, by three vCPUs that
 * come and go, with lines that move: at each look the guest's line says what an acknowledge would
 * find, nobody works for ever, and a reset leaves nothing.
 */
#include "core/arm64/sysreg.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/gicv2.h"

#define VCPUS	3
#define SPIS	64
#define OPS_MAX 400

struct op {
	uint8_t what; /* bits 3:0; bits 5:4: vCPU */
	uint8_t intid;
	uint16_t off;
	uint32_t value;
};

static void access(const struct mmio_ops *ops, uint32_t i, const struct op *op, bool write)
{
	uint32_t size = (op->what & 0x40) != 0 ? 1 : 4;
	uint64_t value = size == 1 ? op->value & 0xff : op->value;
	uint32_t mask = ops == &vgic_v2_cpu_ops ? 0x1fff : 0xffff;

	if ((ops->sizes & size) == 0) {
		size = 4;
	}
	fake_access(i, ops, op->off & mask & ~(size - 1), write ? size | FAKE_WRITE : size, &value);
}

/* HCR_EL2's virtual lines are up exactly when there is something to acknowledge. */
static void look(uint32_t i)
{
	uint64_t lines;
	uint32_t group0, group1;

	if (!fake_vcpu(i)->vgic.on) {
		return;
	}
	fake_settle();
	lines = fake_vcpu(i)->hcr & (HCR_VI | HCR_VF);
	group0 = cpu_read(i, GICC_IAR) & 0x3ff;
	group1 = group0 >= 1020 ? cpu_read(i, GICC_AIAR) & 0x3ff : group0;
	PROMISE((lines != 0) == (group1 < 1020));
}

static void step(const struct op *op)
{
	uint32_t i = (op->what >> 4) % VCPUS;

	switch (op->what & 0xf) {
	case 0:
	case 1:
	case 2:
		access(&vgic_v2_dist_ops, i, op, true);
		break;
	case 3:
		access(&vgic_v2_dist_ops, i, op, false);
		break;
	case 4:
	case 5:
		access(&vgic_v2_cpu_ops, i, op, true);
		break;
	case 6:
		access(&vgic_v2_cpu_ops, i, op, false);
		break;
	case 7:
	case 8:
		vgic_set_line(&fake_vm, 32 + op->intid % SPIS, (op->value & 1) != 0);
		break;
	case 9:
		vgic_send_message(&fake_vm, op->off & 0x3ff);
		break;
	case 10:
		fake_vcpu_off(i);
		fake_settle();
		fake_vcpu_on(i);
		break;
	case 11:
		sgi(i, op->value & 3, op->intid, op->off & 0xf);
		break;
	case 12:
		look(i);
		break;
	case 13:
		eoi(i, op->value & 0x1fff);
		break;
	case 14:
		fake_wakes(i);
		break;
	default:
		if ((op->value & 1) != 0) {
			fake_put_away(i);
		} else {
			fake_settle();
		}
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = {data, size};
	struct op op;
	uint32_t registers = size == 0 ? 4 : data[0] % 5 + 1;

	fake_gicv2_create(VCPUS, registers, SPIS);
	for (uint32_t i = 0; i < VCPUS; i++) {
		fake_vcpu_on(i);
		cpu_write(i, GICC_PMR, 0xff);
		cpu_write(i, GICC_CTLR, 3);
	}
	dist_write(0, GICD_CTLR, 4, 3);
	for (uint32_t n = 0; n < OPS_MAX && fuzz_take(&input, &op, sizeof(op)); n++) {
		step(&op);
	}
	fake_settle();
	for (uint32_t i = 0; i < VCPUS; i++) {
		fake_vcpu_off(i);
	}
	vgic_reset(&fake_vm);
	PROMISE(vgic_busy_count(&fake_vm) == 0);
	return 0;
}
