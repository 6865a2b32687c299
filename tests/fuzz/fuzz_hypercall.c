/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any hypercalls of three VMs, in any order: each answer is one that docs/hypercalls.md has, no
 * register is changed but x0 to x3, and nothing is written but to the caller's RAM, within the room
 * that it gave. ASan watches the ends of what is read and written.
 */
#include "core/base/errno.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/fake_hypercall.h"

#define KEPT UINT64_C(0x0123456789abcdef)

struct op {
	uint8_t number;
	uint8_t who;	/* bits 1:0 VM, 2 vCPU, 3 the 32-bit form, 7:4 what else goes on */
	uint8_t places; /* what ipa (3:0) and size (7:4) are taken from */
	uint8_t manages;
	uint32_t about, more, value;
};

static uint64_t place(uint8_t how, uint64_t value)
{
	switch (how) {
	case 0:
		return value;
	case 1:
		return value << 32;
	case 2:
		return UINT64_MAX - value;
	case 3:
		return FAKE_RAM_END - value % 64;
	case 4:
		return FAKE_RAM + FAKE_EXTENT - value % 64;
	case 5:
		return value % 64;
	default:
		return FAKE_RAM + value % (2 * FAKE_EXTENT);
	}
}

static void meanwhile(const struct op *op)
{
	fake_calls.answer = (op->who & 0x10) != 0 ? -EBUSY : 0;
	fake_calls.all_irqs = (op->who & 0x20) != 0;
	if ((op->who & 0x40) != 0) {
		fake_answer_regs();
	}
	if ((op->who & 0x80) != 0) {
		fake_calls.now += op->value;
		for (uint32_t i = op->value % 600; i != 0; i--) {
			log_put(fake_vms[op->value % FAKE_VMS].log, (uint8_t)i);
		}
	}
	fake_configs[BOSS].manages = op->manages % 8;
}

static void run(const struct op *op)
{
	struct vcpu *vcpu = &fake_vcpus[op->who % FAKE_VMS][op->who >> 2 & 1];
	uint64_t ipa = place(op->places & 15, op->value), size = place(op->places >> 4, op->value);
	uint64_t *x = vcpu->regs.x;
	bool narrow = (op->who & 8) != 0;

	meanwhile(op);
	for (uint32_t i = 5; i < 31; i++) {
		x[i] = KEPT;
	}
	x[0] = (narrow ? HYPERCALL_ID32(0) : HYPERCALL_ID64(0)) + op->number % 40;
	x[1] = op->about % 8 == 7 ? HYPERCALL_BOARD : op->about;
	x[2] = op->more;
	x[3] = ipa;
	x[4] = size;
	for (uint64_t at = 0; at < 2 * FAKE_EXTENT; at++) {
		*fake_byte(at) = FAKE_CANARY;
	}
	hypercall_call(vcpu);
	PROMISE((int64_t)x[0] <= HYPERCALL_OK && (int64_t)x[0] >= HYPERCALL_NOT_FOUND);
	PROMISE(x[4] == size);
	for (uint32_t i = 5; i < 31; i++) {
		PROMISE(x[i] == KEPT);
	}
	if (x[0] != HYPERCALL_OK || vcpu->vm->id != BOSS) {
		PROMISE(fake_written() == 0);
		return;
	}
	for (uint64_t at = 0, from = (narrow ? (uint32_t)ipa : ipa) - FAKE_RAM;
	     at < 2 * FAKE_EXTENT; at++) {
		PROMISE(*fake_byte(at) == FAKE_CANARY ||
			at - from <
				MIN(narrow ? (uint32_t)size : size, (uint64_t)HYPERCALL_DATA_SIZE));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fake_hypercall_set_up(NULL);
	for (size_t at = 0; at + sizeof(struct op) <= size; at += sizeof(struct op)) {
		struct op op;

		memcpy(&op, data + at, sizeof(op));
		run(&op);
	}
	return 0;
}
