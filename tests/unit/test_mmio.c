/* SPDX-License-Identifier: Apache-2.0 */
/* From a data abort to a device model and back. */
#include "core/exit/mmio.h"

#include <string.h>

#include "core/base/errno.h"
#include "core/vm/vm.h"
#include "mm/guest_access.h"
#include "tests/unit/fake_sysreg.h"
#include "tests/unit/unit.h"

#define DEVICE	UINT64_C(0x09000000)
#define PAGE_VA UINT64_C(0xffff000000001000)

static struct vm vm;
static struct vcpu vcpu;
static uint32_t instruction; /* at the guest's PC */

/* The device: a memory of 64 bytes that may refuse or ask to wait. */
static struct {
	uint8_t bytes[64];
	uint32_t accesses;
	int err;
	uint32_t err_after; /* accesses that work first */
} device;

static int access_device(uint32_t off, uint32_t size)
{
	assert_true(off + size <= sizeof(device.bytes));
	return device.accesses++ >= device.err_after ? device.err : 0;
}

static int device_read(struct vcpu *by, void *dev, uint32_t off, uint32_t size, uint64_t *value)
{
	assert_ptr_equal(by, &vcpu);
	assert_ptr_equal(dev, &device);
	*value = 0;
	memcpy(value, device.bytes + off, size);
	return access_device(off, size);
}

static int device_write(struct vcpu *by, void *dev, uint32_t off, uint32_t size, uint64_t value)
{
	int err = access_device(off, size);

	assert_ptr_equal(by, &vcpu);
	assert_ptr_equal(dev, &device);
	assert_true(size == 8 || value >> (8 * size) == 0);
	if (err == 0) {
		memcpy(device.bytes + off, &value, size);
	}
	return err;
}

static const struct mmio_ops ops = {"device", 1 | 2 | 4 | 8, device_read, device_write};

void vm_complain(struct vcpu *by, const char *fmt, ...)
{
	(void)by;
	(void)fmt;
}

int guest_translate(uint64_t va, uint64_t *ipa)
{
	*ipa = va;
	return 0;
}

int guest_read(const struct vm *of, uint64_t ipa, void *buf, uint64_t size)
{
	assert_ptr_equal(of, &vm);
	assert_int_equal(ipa, 0x40080000);
	assert_int_equal(size, 4);
	memcpy(buf, &instruction, 4);
	return 0;
}

static int set_up(void **state)
{
	(void)state;
	memset(&vm, 0, sizeof(vm));
	memset(&vcpu, 0, sizeof(vcpu));
	memset(&device, 0, sizeof(device));
	fake_sysreg_reset();
	vcpu.vm = &vm;
	vcpu.mmio_last = &vm.mmio.region[0];
	sysreg_write(elr_el2, 0x40080000);
	sysreg_write(spsr_el2, 5);
	for (uint32_t i = 0; i < sizeof(device.bytes); i++) {
		device.bytes[i] = (uint8_t)(0x80 + i);
	}
	return mmio_map_add(&vm.mmio, DEVICE, 64, &ops, &device);
}

/* -- loads into registers -- */

static void extended(void **state)
{
	static const struct {
		uint8_t size;
		bool sign, sf;
		uint64_t raw, value;
	} cases[] = {
		{1, false, false, 0xff80, 0x80},
		{1, true, false, 0x80, 0xffffff80}, /* ldrsb w */
		{1, true, true, 0x80, UINT64_C(0xffffffffffffff80)},
		{1, true, true, 0x7f, 0x7f},
		{2, false, false, 0x18000, 0x8000},
		{2, true, false, 0x8000, 0xffff8000},
		{2, true, true, 0x8000, UINT64_C(0xffffffffffff8000)},
		{4, false, false, UINT64_C(0x1ffffffff), 0xffffffff},
		{4, true, true, 0x80000000, UINT64_C(0xffffffff80000000)}, /* ldrsw */
		{8, false, true, UINT64_MAX, UINT64_MAX},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		assert_int_equal(mmio_extend_load(cases[i].size, cases[i].sign, cases[i].sf,
						  cases[i].raw),
				 cases[i].value);
	}
}

/* -- the table of regions -- */

static void regions(void **state)
{
	static const struct {
		uint64_t ipa, size;
		int result;
	} cases[] = {
		{0x8000, 0x1000, 0},
		{0x4000, 0x1000, 0},
		{0x6000, 0x1000, 0},
		{0x4000, 0x1000, -EEXIST},
		{0x4fff, 1, -EEXIST},
		{0x3fff, 2, -EEXIST},
		{0, 0x10000, -EEXIST},
		{0x5000, 0x1000, 0},
		{0x7000, 0x1000, 0},
		{0x7fff, 0x8002, -EEXIST},
		{UINT64_MAX - 0xfff, 0x800, 0},
	};
	struct mmio_map map = {0};

	(void)state;
	assert_null(mmio_map_find(&map, 0));
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		assert_int_equal(mmio_map_add(&map, cases[i].ipa, cases[i].size, &ops,
					      (void *)&cases[i]),
				 cases[i].result);
	}
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		if (cases[i].result == 0) {
			uint64_t end = cases[i].ipa + cases[i].size;

			assert_ptr_equal(mmio_map_find(&map, cases[i].ipa)->dev, &cases[i]);
			assert_ptr_equal(mmio_map_find(&map, end - 1)->dev, &cases[i]);
		}
	}
	assert_null(mmio_map_find(&map, 0x3fff));
	assert_null(mmio_map_find(&map, 0x9000));
	assert_null(mmio_map_find(&map, UINT64_MAX));
	while (map.count < MMIO_REGION_MAX) {
		assert_int_equal(mmio_map_add(&map, 0x100000 * (map.count + 1), 1, &ops, NULL), 0);
	}
	assert_int_equal(mmio_map_add(&map, 0x8000000, 1, &ops, NULL), -ENOSPC);
}

/* -- what an access goes to -- */

static void aimed(void **state)
{
	static const struct mmio_ops words = {"words", 4, device_read, device_write};
	const struct {
		uint64_t ipa;
		uint32_t size;
		int result;
		const struct mmio_ops *ops;
		uint32_t off;
	} cases[] = {
		{DEVICE, 1, 0, &ops, 0},
		{DEVICE + 63, 1, 0, &ops, 63},
		{DEVICE + 56, 8, 0, &ops, 56},
		{DEVICE + 60, 8, -EINVAL, NULL, 0}, /* unaligned, and across its end */
		{DEVICE + 1, 2, -EINVAL, NULL, 0},
		{DEVICE + 64, 1, -ENODEV, NULL, 0},
		{DEVICE - 1, 1, -ENODEV, NULL, 0},
		{DEVICE + 0x1000, 4, 0, &words, 0},
		{DEVICE + 0x10fc, 4, 0, &words, 0xfc},
		{DEVICE + 0x1100, 4, -ENODEV, NULL, 0},
		{DEVICE + 0x1000, 1, -EINVAL, NULL, 0}, /* takes words alone */
		{DEVICE + 0x1000, 8, -EINVAL, NULL, 0},
		{DEVICE + 0x1002, 4, -EINVAL, NULL, 0},
		{0, 4, -ENODEV, NULL, 0},
		{DEVICE | BIT(40), 4, -ENODEV, NULL, 0},
		{UINT64_MAX & ~UINT64_C(7), 8, -ENODEV, NULL, 0},
	};

	(void)state;
	assert_int_equal(mmio_map_add(&vm.mmio, DEVICE + 0x1000, 0x100, &words, &vm), 0);
	/* whichever of the others was found last */
	for (size_t before = 0; before < ARRAY_COUNT(cases); before++) {
		for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
			struct mmio_target to = {0};

			mmio_aim(&vcpu, cases[before].ipa, cases[before].size, &to);
			assert_int_equal(mmio_aim(&vcpu, cases[i].ipa, cases[i].size, &to),
					 cases[i].result);
			if (cases[i].result == 0) {
				assert_ptr_equal(to.ops, cases[i].ops);
				assert_ptr_equal(to.dev, cases[i].ops == &ops ? (void *)&device :
										(void *)&vm);
				assert_int_equal(to.off, cases[i].off);
			}
		}
	}
	assert_int_equal(device.accesses, 0);
}

/* -- aborts -- */

#define DABT   (UINT64_C(0x24) << 26 | BIT(25) | 0x07) /* translation fault, level 3 */
#define ISV    BIT(24)
#define SAS(n) ((uint64_t)(n) << 22)
#define SSE    BIT(21)
#define SRT(n) ((uint64_t)(n) << 16)
#define SF     BIT(15)
#define WNR    BIT(6)

static enum exit_action abort_at(uint64_t ipa, uint64_t esr)
{
	/* FIPA is IPA[..:12] from bit 4 on; the rest comes from FAR */
	sysreg_write(hpfar_el2, ipa >> 12 << 4);
	sysreg_write(far_el2, PAGE_VA | (ipa & 0xfff));
	return mmio_abort(&vcpu, esr);
}

static void plain(void **state)
{
	(void)state;
	vcpu.regs.x[3] = UINT64_MAX;
	assert_int_equal(abort_at(DEVICE + 4, DABT | ISV | SAS(2) | SRT(3)), EXIT_ADVANCE);
	assert_int_equal(vcpu.regs.x[3], 0x87868584); /* W3: the rest is cleared */
	assert_int_equal(abort_at(DEVICE + 5, DABT | ISV | SAS(0) | SSE | SF | SRT(30)),
			 EXIT_ADVANCE);
	assert_int_equal(vcpu.regs.x[30], UINT64_C(0xffffffffffffff85));
	vcpu.regs.x[4] = UINT64_C(0x1122334455667788);
	assert_int_equal(abort_at(DEVICE + 2, DABT | ISV | SAS(1) | SRT(4) | WNR), EXIT_ADVANCE);
	assert_int_equal(device.bytes[2], 0x88);
	assert_int_equal(device.bytes[3], 0x77);
	assert_int_equal(device.bytes[4], 0x84);
	/* register 31 is the zero register, read and written */
	assert_int_equal(abort_at(DEVICE, DABT | ISV | SAS(3) | SF | SRT(31) | WNR), EXIT_ADVANCE);
	assert_int_equal(device.bytes[0] | device.bytes[7], 0);
	assert_int_equal(abort_at(DEVICE + 8, DABT | ISV | SAS(3) | SF | SRT(31)), EXIT_ADVANCE);
	assert_int_equal(vcpu.regs.unused, 0);
}

static void refused(void **state)
{
	static const struct {
		uint64_t ipa, esr;
	} cases[] = {
		{DEVICE + 64, ISV | SAS(2)},	  /* behind it */
		{DEVICE - 4, ISV | SAS(2)},	  /* before it */
		{DEVICE + 2, ISV | SAS(2)},	  /* unaligned */
		{DEVICE, ISV | SAS(2) | BIT(8)},  /* cache maintenance */
		{DEVICE, ISV | SAS(2) | BIT(7)},  /* a walk of the guest's tables */
		{DEVICE, ISV | SAS(2) | BIT(10)}, /* FAR is not valid */
		{DEVICE, 0},			  /* no syndrome, and no such instruction */
	};

	(void)state;
	instruction = 0xf9400020; /* ldr x0, [x1] */
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		assert_int_equal(abort_at(cases[i].ipa, DABT | cases[i].esr), EXIT_INJECT_DABT);
	}
	/* an external abort or a permission fault's neighbours: only faults of stage 2 are ours */
	assert_int_equal(abort_at(DEVICE, (DABT & ~UINT64_C(0x3f)) | 0x10 | ISV), EXIT_INJECT_DABT);
	assert_int_equal(device.accesses, 0);
	device.err = -EIO;
	vcpu.regs.x[0] = 77;
	assert_int_equal(abort_at(DEVICE, DABT | ISV | SAS(2)), EXIT_INJECT_DABT);
	assert_int_equal(vcpu.regs.x[0], 77);
}

/* Another CPU has to answer: nothing has happened, so that all can be done again. */
static void again(void **state)
{
	(void)state;
	device.err = -EAGAIN;
	vcpu.regs.x[3] = 77;
	assert_int_equal(abort_at(DEVICE, DABT | ISV | SAS(2) | SRT(3)), EXIT_RETRY);
	assert_int_equal(vcpu.regs.x[3], 77);
	/* the second of a pair: neither register nor base has changed */
	instruction = 0xa8c10440; /* ldp x0, x1, [x2], #16 */
	vcpu.regs.x[0] = vcpu.regs.x[1] = 77;
	vcpu.regs.x[2] = PAGE_VA + 16;
	device.accesses = 0;
	device.err_after = 1;
	assert_int_equal(abort_at(DEVICE + 16, DABT), EXIT_RETRY);
	assert_int_equal(vcpu.regs.x[0], 77);
	assert_int_equal(vcpu.regs.x[2], PAGE_VA + 16);
	/* another vCPU is at it: likewise */
	device.err = -EBUSY;
	device.accesses = 0;
	assert_int_equal(abort_at(DEVICE + 16, DABT), EXIT_RESUME);
	assert_int_equal(vcpu.regs.x[0], 77);
	device.err = 0;
	assert_int_equal(abort_at(DEVICE + 16, DABT), EXIT_ADVANCE);
	assert_int_equal(vcpu.regs.x[0], UINT64_C(0x9796959493929190));
	assert_int_equal(vcpu.regs.x[1], UINT64_C(0x9f9e9d9c9b9a9998));
	assert_int_equal(vcpu.regs.x[2], PAGE_VA + 32);
}

static void decoded(void **state)
{
	(void)state;
	/* str w0, [x1, #-4]! */
	instruction = 0xb81fcc20;
	vcpu.regs.x[0] = 0x11223344;
	vcpu.regs.x[1] = PAGE_VA + 12;
	assert_int_equal(abort_at(DEVICE + 8, DABT | WNR), EXIT_ADVANCE);
	assert_memory_equal(device.bytes + 8, ((uint8_t[]){0x44, 0x33, 0x22, 0x11}), 4);
	assert_int_equal(vcpu.regs.x[1], PAGE_VA + 8);
	/* ldpsw x5, x6, [sp, #8]: from SP_EL1 */
	instruction = 0x69411be5;
	sysreg_write(sp_el1, PAGE_VA + 8);
	assert_int_equal(abort_at(DEVICE + 16, DABT), EXIT_ADVANCE);
	assert_int_equal(vcpu.regs.x[5], UINT64_C(0xffffffff93929190));
	assert_int_equal(vcpu.regs.x[6], UINT64_C(0xffffffff97969594));
	/* ldrb w7, [sp], #1: from SP_EL0 where that is selected */
	instruction = 0x384017e7;
	sysreg_write(spsr_el2, 4);
	sysreg_write(sp_el0, PAGE_VA + 3);
	assert_int_equal(abort_at(DEVICE + 3, DABT), EXIT_ADVANCE);
	assert_int_equal(vcpu.regs.x[7], 0x83);
	assert_int_equal(sysreg_read(sp_el0), PAGE_VA + 4);
	assert_int_equal(sysreg_read(sp_el1), PAGE_VA + 8);
}

/* Guest code may change between the fault and the look at it. */
static void another_instruction(void **state)
{
	(void)state;
	instruction = 0xa8c10440; /* ldp x0, x1, [x2], #16, but x2 points elsewhere */
	vcpu.regs.x[2] = PAGE_VA + 24;
	assert_int_equal(abort_at(DEVICE + 16, DABT), EXIT_INJECT_DABT);
	vcpu.regs.x[2] = PAGE_VA + 12; /* unaligned */
	assert_int_equal(abort_at(DEVICE + 12, DABT), EXIT_INJECT_DABT);
	/* a pair whose second half lies outside the device */
	vcpu.regs.x[2] = PAGE_VA + 56;
	assert_int_equal(abort_at(DEVICE + 56, DABT), EXIT_INJECT_DABT);
	assert_int_equal(vcpu.regs.x[2], PAGE_VA + 56);
	/* 32-bit code is not decoded */
	sysreg_write(spsr_el2, 0x10);
	vcpu.regs.x[2] = PAGE_VA + 16;
	assert_int_equal(abort_at(DEVICE + 16, DABT), EXIT_INJECT_DABT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE_IN("loads extend as the instruction says", extended, set_up),
		CASE_IN("regions are found by address and don't overlap", regions, set_up),
		CASE_IN("an access goes to its region, whichever was found before", aimed, set_up),
		CASE_IN("a plain access reaches its register and its bytes", plain, set_up),
		CASE_IN("what no device answers is an external abort", refused, set_up),
		CASE_IN("an access that has to wait changes nothing", again, set_up),
		CASE_IN("pairs and write-back forms are carried out", decoded, set_up),
		CASE_IN("an instruction that can't have faulted there is not carried out",
			another_instruction, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
