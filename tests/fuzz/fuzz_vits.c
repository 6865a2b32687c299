/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An ITS and its LPIs in the hands of a hostile guest: any accesses to GITS and GICR registers, any
 * commands, any contents of tables and queue, by two vCPUs whose owners list and take LPIs back as
 * they do: work is bounded, lists stay sound, RAM outside is not reached, and a reset leaves
 * nothing.
 */
#include "tests/fuzz/fuzz.h"

#include "irq/vgic/vlpi.h"
#include "tests/unit/fake_gic.h"
#include "tests/unit/fake_its.h"

#define VCPUS	   2
#define OPS_MAX	   400
#define STEPS_MAX  4000 /* of one vCPU until nothing is due: all LPIs, and the longest queue */
#define REACH_MAX  400	/* accesses to guest memory in one step */
#define LISTED_MAX 4

struct op {
	uint8_t what; /* bits 3:0; bit 7: vCPU; bits 6:4: log2 of the access size */
	uint8_t low;
	uint16_t off;
	uint32_t value;
};

static uint32_t listed[VCPUS][LISTED_MAX];

static void lock(void)
{
	spin_lock(&fake_vm.vgic.lock);
}

static void unlock(void)
{
	PROMISE(vlpi_is_sound_locked(&fake_vm));
	spin_unlock(&fake_vm.vgic.lock);
	PROMISE(fake_ram_count() < REACH_MAX);
}

static void unlist(uint32_t i, uint32_t slot, bool pending)
{
	if (listed[i][slot] != 0) {
		vlpi_unlisted_locked(fake_vcpu(i), listed[i][slot], pending);
		listed[i][slot] = 0;
	}
}

static void take_back(uint32_t i, uint32_t pending)
{
	uint32_t lpi;

	while ((lpi = vlpi_changed_locked(fake_vcpu(i))) != 0) {
		uint32_t slot = 0;

		while (listed[i][slot] != lpi) {
			slot++;
			PROMISE(slot < LISTED_MAX);
		}
		unlist(i, slot, ((pending >> slot) & 1) != 0);
	}
}

static void fill(uint32_t i)
{
	for (uint32_t slot = 0; slot < LISTED_MAX; slot++) {
		uint32_t lpi = listed[i][slot] == 0 ? vlpi_next_locked(fake_vcpu(i)) : 0;

		if (lpi != 0) {
			PROMISE(vlpi_exists(&fake_vm, lpi));
			PROMISE((vlpi_priority(&fake_vm, lpi) & 7) == 0);
			vlpi_listed_locked(fake_vcpu(i), lpi);
			PROMISE(vlpi_changed_locked(fake_vcpu(i)) != lpi);
			listed[i][slot] = lpi;
		}
	}
}

/* What the owner does on the way into the guest. True: it does it again. */
static bool process(uint32_t i, uint32_t pending)
{
	bool more;

	fake_ram_count();
	vits_continue(fake_vcpu(i));
	PROMISE(fake_ram_count() < REACH_MAX);
	lock();
	more = vlpi_look_locked(fake_vcpu(i));
	take_back(i, pending);
	fill(i);
	unlock();
	return more || vits_runner(fake_vm.vgic.vits) == fake_vcpu(i);
}

static void settle(uint32_t pending)
{
	uint32_t steps = 0;
	bool more;

	do {
		more = false;
		for (uint32_t i = 0; i < VCPUS; i++) {
			more |= process(i, pending);
		}
		PROMISE(++steps < STEPS_MAX);
	} while (more);
}

static void access(uint32_t i, const struct op *op, bool write)
{
	uint32_t size = 1U << ((op->what >> 4) & 3);
	bool its = (op->what & 1) != 0;
	const struct mmio_ops *ops = its ? &vits_ops : &vgic_redist_ops;
	/* registers of interest are in the first words */
	uint32_t off = ((op->low & 1) != 0 ? op->off & 0x1ffU : op->off) & ~(size - 1);
	uint64_t value = op->value | (uint64_t)op->off << 48 | (uint64_t)op->low << 32;

	if ((ops->sizes & size) == 0) {
		return; /* core/exit/mmio.c lets no such access through */
	}
	if (!its) {
		off += (op->low & 2) != 0 ? VGIC_REDIST_STRIDE : 0;
	} else if ((op->low & 6) == 6) {
		off += 0x10000;
	}
	value &= UINT64_MAX >> (64 - 8 * size);
	fake_ram_count();
	fake_access(i, ops, off, write ? size | FAKE_WRITE : size, &value);
	PROMISE(fake_ram_count() < REACH_MAX);
}

/* A command that means something, more often than not. */
static void command(const struct op *op)
{
	static const uint8_t opcodes[] = {1, 3, 4, 5, 8, 9, 10, 11, 12, 13, 14, 15, 3, 3, 0x2a, 10};
	uint32_t device = op->low & 7, event = op->off & 15;
	uint64_t lpi = 8192 + (op->value & 0x3f), icid = (op->value >> 8) & 3;
	uint64_t vcpu = (op->value >> 12) & 3, valid = (uint64_t)(op->value >> 31) << 63;
	struct fake_command cmd = {{opcodes[op->off >> 12] | (uint64_t)device << 32,
				    event | lpi << 32,
				    icid | vcpu << 16 | valid | FAKE_ITT(op->value >> 20 & 15),
				    (op->value >> 14 & 3) << 16}};

	if ((op->value >> 29 & 3) == 3) {
		cmd.word[op->low >> 3 & 3] ^= (uint64_t)op->value << (op->low & 31);
	}
	fake_its_put(cmd);
	if ((op->value >> 28 & 1) == 0) {
		fake_ram_count();
		fake_its_write(GITS_CWRITER, 8, fake_its_end());
		PROMISE(fake_ram_count() < REACH_MAX);
	}
}

static void memory(const struct op *op)
{
	uint64_t at = FAKE_RAM + ((uint64_t)op->off << 4 & (FAKE_RAM_SIZE - 8));
	uint64_t word = (uint64_t)op->value << (op->low & 32);

	if ((op->low & 1) != 0) {
		word |= BIT(63) | FAKE_RAM;
	}
	memcpy(fake_ram(at & ~UINT64_C(7)), &word, sizeof(word));
}

static void step(const struct op *op)
{
	uint32_t i = op->what >> 7;

	switch (op->what & 0xf) {
	case 0:
		access(i, op, false);
		break;
	case 1:
	case 2:
	case 3:
		access(i, op, true);
		break;
	case 4:
	case 5:
		memory(op);
		break;
	case 6:
		vgic_send_msi(&fake_vm, op->low & 7, op->off);
		break;
	case 7:
		process(i, op->value);
		break;
	case 8:
		lock();
		unlist(i, op->off % LISTED_MAX, (op->value & 1) != 0);
		unlock();
		break;
	case 9:
		settle(op->value);
		break;
	case 10:
		lock();
		fake_vm.vgic.ctlr = op->value & (GICD_CTLR_ENGRP0 | GICD_CTLR_ENGRP1);
		for (uint32_t n = 0; n < fake_vm.vcpu_count; n++) {
			vlpi_group_changed_locked(fake_vcpu(n));
		}
		unlock();
		break;
	default:
		command(op);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = {data, size};
	struct op op;

	memset(listed, 0, sizeof(listed));
	fake_its_boot(VCPUS, size % 2 != 0 ? GITS_BASER_INDIRECT : 0);
	for (uint32_t n = 0; n < OPS_MAX && fuzz_take(&input, &op, sizeof(op)); n++) {
		step(&op);
	}
	settle(0);
	lock();
	for (uint32_t i = 0; i < VCPUS; i++) {
		for (uint32_t slot = 0; slot < LISTED_MAX; slot++) {
			unlist(i, slot, true);
		}
	}
	unlock();
	vgic_reset(&fake_vm);
	PROMISE(fake_lpi_busy() == 0 && vits_runner(fake_vm.vgic.vits) == NULL);
	return 0;
}
