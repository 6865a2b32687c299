/* SPDX-License-Identifier: Apache-2.0 */
/* The page of registers by which programs make hypercalls: docs/hypercalls.md. */
#include <string.h>

#include "core/base/arena.h"
#include "core/base/errno.h"
#include "core/exit/hypercall_types.h"
#include "core/fdt/guest_fdt.h"
#include "core/vm/vm.h"
#include "drivers/emul/models.h"
#include "tests/unit/unit.h"

#define MAGIC	0x00
#define VERSION 0x04
#define NUMBER	0x08
#define STATUS	0x0c
#define ARG	0x10
#define RESULT	0x30
#define SIZE	0x40
#define DATA	0x100
#define END	(DATA + HYPERCALL_DATA_SIZE)
#define PAGE	0x1000

static struct vm vm;
static struct vcpu vcpu;
static struct vdev *control;
static struct hypercall last; /* as it was made */
static uint32_t calls, answer_size;
static struct vcpu *caller;

static void make_call(struct vcpu *by, struct hypercall *call)
{
	caller = by;
	last = *call;
	calls++;
	call->status = -(int32_t)call->number;
	call->result[0] = 0x1111111122222222;
	call->result[1] = 0x3333333344444444;
	call->data_size = answer_size;
	for (uint32_t i = 0; i < answer_size; i++) {
		call->data.bytes[i] = (uint8_t)(i + 1);
	}
}

/* -- what it is described with -- */

static char node[64];
static uint64_t reg[2];

void guest_fdt_node_at(struct guest_fdt *fdt, const char *name, uint64_t address)
{
	(void)fdt;
	assert_int_equal(address, 0x090c0000);
	strcpy(node, name);
}

void guest_fdt_string(struct guest_fdt *fdt, const char *name, const char *value)
{
	(void)fdt;
	assert_string_equal(name, "compatible");
	assert_string_equal(value, "bulkhead,control");
}

void guest_fdt_u64s(struct guest_fdt *fdt, const char *name, const uint64_t *value, uint32_t count)
{
	(void)fdt;
	assert_string_equal(name, "reg");
	assert_int_equal(count, 2);
	memcpy(reg, value, sizeof(reg));
}

void guest_fdt_end_node(struct guest_fdt *fdt)
{
	(void)fdt;
}

/* -- helpers -- */

static uint64_t read_at(uint32_t off, uint32_t size)
{
	uint64_t value = UINT64_MAX;

	assert_int_equal(control->type->mmio->read(&vcpu, control, off, size, &value), 0);
	return value;
}

static void write_at(uint32_t off, uint32_t size, uint64_t value)
{
	assert_int_equal(control->type->mmio->write(&vcpu, control, off, size, value), 0);
}

static int set_up(void **state)
{
	static uint8_t memory[8192] __attribute__((aligned(16)));
	static struct vdev_config config = {.name = "control", .ipa = 0x090c0000};
	struct arena arena = {.base = memory, .size = sizeof(memory)};

	(void)state;
	memset(memory, 0, sizeof(memory));
	config.type = &vcontrol_type;
	calls = 0;
	answer_size = 0;
	vcontrol_set_call(make_call);
	assert_int_equal(vcontrol_type.create(&vm, &config, &arena, &control), 0);
	return 0;
}

/* -- cases -- */

static void described(void **state)
{
	struct arena none = {0};
	struct vdev *no = NULL;

	(void)state;
	assert_int_equal(vcontrol_type.describe(control, NULL), 0);
	assert_string_equal(node, "control");
	assert_int_equal(reg[0], 0x090c0000);
	assert_int_equal(reg[1], PAGE);
	assert_int_equal(vcontrol_type.create(&vm, control->config, &none, &no), -ENOMEM);
}

static void a_call(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < HYPERCALL_ARGS; i++) {
		write_at(ARG + 8 * i, 8, UINT64_C(0x0101010101010101) * (i + 1));
	}
	assert_int_equal(calls, 0);
	answer_size = 20;
	write_at(NUMBER, 4, 77);
	assert_int_equal(calls, 1);
	assert_ptr_equal(caller, &vcpu);
	assert_int_equal(last.number, 77);
	for (uint32_t i = 0; i < HYPERCALL_ARGS; i++) {
		assert_int_equal(last.arg[i], UINT64_C(0x0101010101010101) * (i + 1));
		assert_int_equal(read_at(ARG + 8 * i, 8), last.arg[i]);
	}
	assert_int_equal(read_at(NUMBER, 4), 77);
	assert_int_equal((int32_t)read_at(STATUS, 4), -77);
	assert_int_equal(read_at(RESULT, 8), 0x1111111122222222);
	assert_int_equal(read_at(RESULT + 12, 4), 0x33333333);
	assert_int_equal(read_at(SIZE, 4), 20);
	assert_int_equal(read_at(DATA, 8), 0x0807060504030201);
	assert_int_equal(read_at(DATA + 16, 8), 0x14131211);
}

/* What was there of another, longer answer. */
static void nothing_stays(void **state)
{
	(void)state;
	answer_size = HYPERCALL_DATA_SIZE;
	write_at(NUMBER, 4, 1);
	assert_int_equal(read_at(END - 4, 4), 0x00fffefd);
	answer_size = 8;
	write_at(NUMBER, 4, 2);
	for (uint32_t off = DATA + 8; off < END; off += 8) {
		assert_int_equal(read_at(off, 8), 0);
	}
	vcontrol_type.reset(control);
	assert_int_equal(read_at(MAGIC, 4), HYPERCALL_PAGE_MAGIC);
	assert_int_equal(read_at(VERSION, 4), 0x10002);
	for (uint32_t off = 8; off < PAGE; off += 8) {
		assert_int_equal(read_at(off, 8), 0);
	}
}

/* A write to anything that is no argument and not the number's four bytes does nothing. */
static void read_only(void **state)
{
	static const uint32_t sizes[] = {4, 8};
	uint8_t before[PAGE];

	(void)state;
	answer_size = HYPERCALL_DATA_SIZE;
	write_at(NUMBER, 4, 3);
	for (uint32_t off = 0; off < PAGE; off += 4) {
		uint64_t value = read_at(off, 4);

		memcpy(before + off, &value, 4);
	}
	for (uint32_t s = 0; s < ARRAY_COUNT(sizes); s++) {
		for (uint32_t off = 0; off + sizes[s] <= PAGE; off += sizes[s]) {
			bool is_arg = off >= ARG && off < RESULT;
			bool makes_call = off == NUMBER && sizes[s] == 4;

			if (!is_arg && !makes_call) {
				write_at(off, sizes[s], 0x5a5a5a5a5a5a5a5a);
			}
		}
	}
	assert_int_equal(calls, 1);
	for (uint32_t off = 0; off < PAGE; off += 4) {
		assert_memory_equal(&(uint32_t){(uint32_t)read_at(off, 4)}, before + off, 4);
	}
}

/* Half of an argument at a time. */
static void halves(void **state)
{
	(void)state;
	write_at(ARG + 4, 4, 0xaaaaaaaa);
	write_at(ARG, 4, 0xbbbbbbbb);
	write_at(ARG + 28, 4, 0xcccccccc);
	write_at(NUMBER, 4, 5);
	assert_int_equal(last.arg[0], 0xaaaaaaaabbbbbbbb);
	assert_int_equal(last.arg[3], 0xcccccccc00000000);
	assert_int_equal(read_at(RESULT, 4), 0x22222222);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE_IN("its node says where it is", described, set_up),
		CASE_IN("writing the number makes the call", a_call, set_up),
		CASE_IN("nothing of an answer before is left", nothing_stays, set_up),
		CASE_IN("answers can't be written", read_only, set_up),
		CASE_IN("an argument may come in halves", halves, set_up),
	};

	return cmocka_run_group_tests(cases, NULL, NULL);
}
