/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any accesses to the interrupt controller's registers, by two vCPUs whose guests acknowledge, end
 * and deactivate as they like, with devices that move their lines: list registers stay as the
 * architecture wants them (tests/unit/fake_gic.c watches), everybody who asks is answered, nobody
 * works for ever, and a reset leaves nothing.
 */
#include "tests/fuzz/fuzz.h"
#include "tests/unit/fake_gic.h"

#define VCPUS	2
#define SPIS	64
#define TIMER	27
#define OPS_MAX 400

struct op {
	uint8_t what; /* bits 3:0; bit 7: vCPU; bits 6:4: log2 of the access size */
	uint8_t intid;
	uint16_t off;
	uint32_t value;
};

static void on(uint32_t i)
{
	fake_vcpu_on(i);
	fake_linked_level(i, TIMER, false);
}

static void access(uint32_t i, const struct op *op, bool write)
{
	const struct mmio_ops *ops = (op->what & 1) != 0 ? &vgic_dist_ops : &vgic_redist_ops;
	uint8_t size = (uint8_t)(1U << ((op->what >> 4) & 3));
	uint32_t off = op->off & ~(size - 1U);
	uint64_t value = op->value | (uint64_t)op->value << 32;

	if (size == 2) {
		return; /* core/exit/mmio.c lets no such access through */
	}
	if (ops == &vgic_redist_ops) {
		/* bits of the value choose vCPU and frame, so that both are met */
		off |= (op->value & 3) << 16;
	}
	value &= UINT64_MAX >> (64 - 8 * size);
	fake_access(i, ops, off, write ? size | FAKE_WRITE : size, &value);
}

static void hardware(uint32_t i, const struct op *op)
{
	uint32_t intid = op->intid % (32 + SPIS);

	if (intid >= 32) {
		vgic_set_line(&fake_vm, intid, (op->value & 1) != 0);
	} else if (intid == TIMER) {
		fake_linked_level(i, TIMER, (op->value & 1) != 0);
	} else {
		fake_private_line(i, intid, (op->value & 1) != 0);
	}
}

static void guest(uint32_t i, const struct op *op)
{
	fake_bring(i);
	switch (op->value & 3) {
	case 0:
		fake_ack(i);
		break;
	case 1:
		if (fake_running_priority(i) < 0x100) {
			fake_eoi(i, op->intid);
		}
		break;
	case 2:
		fake_dir(i, op->off & 0x3ff);
		break;
	default:
		fake_split_eoi(i, (op->value & 4) != 0);
		break;
	}
}

static void step(const struct op *op)
{
	uint32_t i = op->what >> 7;

	switch (op->what & 0xf) {
	case 0:
	case 1:
		access(i, op, false);
		break;
	case 2:
	case 3:
		hardware(i, op);
		break;
	case 4:
		fake_settle();
		break;
	case 5:
		fake_send_sgi(i, op->value | (uint64_t)op->off << 32, (op->intid & 1) != 0);
		break;
	case 6:
		fake_vcpu_off(i);
		fake_settle();
		on(i);
		break;
	case 7:
		fake_wakes(i);
		break;
	case 8:
	case 9:
	case 10:
		guest(i, op);
		break;
	case 11:
		fake_short_ways((op->value & 1) != 0);
		break;
	case 12:
		fake_put_away(i);
		break;
	default:
		access(i, op, true);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = {data, size};
	struct op op;

	fake_gic_boot(VCPUS, 4, SPIS);
	for (uint32_t i = 0; i < VCPUS; i++) {
		fake_vcpu_off(i);
		vgic_link_private(fake_vcpu(i), TIMER, fake_level);
		on(i);
	}
	for (uint32_t n = 0; n < OPS_MAX && fuzz_take(&input, &op, sizeof(op)); n++) {
		step(&op);
	}
	fake_settle();
	for (uint32_t i = 0; i < VCPUS; i++) {
		fake_vcpu_off(i);
		PROMISE(fake_listed_count(i) == 0 && !fake_physically_active(i, TIMER));
	}
	vgic_reset(&fake_vm);
	PROMISE(vgic_busy_count(&fake_vm) == 0);
	return 0;
}
