/* SPDX-License-Identifier: Apache-2.0 */
/* The message generator of a VM with an ITS: docs/doorbell.md, "With an ITS". */
#include <string.h>

#include "core/base/arena.h"
#include "core/base/errno.h"
#include "core/config/guest_map_types.h"
#include "core/fdt/guest_fdt.h"
#include "core/vm/vm.h"
#include "drivers/emul/models.h"
#include "irq/vgic/vgic.h"
#include "tests/unit/unit.h"

#define FIRST 64
#define PINS  128

/* where Linux' drivers/irqchip/irq-mbigen.c looks for them: the node of pin 64 is number 1 */
#define NODE	    0x1000
#define TYPE(pin)   (NODE + ((pin)-FIRST) / 32 * 4)
#define VECTOR(pin) (NODE + 0x200 + 4 * ((pin)-FIRST))
#define CLEAR(pin)  (0xa000 + (pin) / 32 * 4)
#define BIT_OF(pin) (1U << (pin) % 32)
#define EVENT(id)   ((uint32_t)(id) << 12)

static struct vm vm;
static struct vcpu vcpu;
static struct vdev *gen;
static uint32_t sent, event; /* messages since it was asked, the last one's event */
static int answer;	     /* of the ITS */

int vgic_send_msi(struct vm *of, uint32_t device_id, uint32_t event_id)
{
	assert_ptr_equal(of, &vm);
	assert_int_equal(device_id, 0xff00);
	sent++;
	event = event_id;
	return answer;
}

void guest_fdt_node(struct guest_fdt *fdt, const char *name)
{
	(void)fdt;
	(void)name;
}

void guest_fdt_node_at(struct guest_fdt *fdt, const char *name, uint64_t address)
{
	(void)fdt;
	(void)name;
	(void)address;
}

void guest_fdt_end_node(struct guest_fdt *fdt)
{
	(void)fdt;
}

void guest_fdt_string(struct guest_fdt *fdt, const char *name, const char *value)
{
	(void)fdt;
	(void)name;
	(void)value;
}

void guest_fdt_flag(struct guest_fdt *fdt, const char *name)
{
	(void)fdt;
	(void)name;
}

void guest_fdt_cells(struct guest_fdt *fdt, const char *name, const uint32_t *cells, uint32_t count)
{
	(void)fdt;
	(void)name;
	(void)cells;
	(void)count;
}

void guest_fdt_u32(struct guest_fdt *fdt, const char *name, uint32_t value)
{
	(void)fdt;
	(void)name;
	(void)value;
}

void guest_fdt_u64s(struct guest_fdt *fdt, const char *name, const uint64_t *values, uint32_t count)
{
	(void)fdt;
	(void)name;
	(void)values;
	(void)count;
}

static uint32_t get(uint32_t off)
{
	uint64_t value = ~UINT64_C(0);

	assert_int_equal(vmbigen_type.mmio->read(&vcpu, gen, off, 4, &value), 0);
	assert_int_equal(value >> 32, 0);
	return (uint32_t)value;
}

static void put(uint32_t off, uint32_t value)
{
	assert_int_equal(vmbigen_type.mmio->write(&vcpu, gen, off, 4, value), 0);
}

static void drive(uint32_t pin, bool level)
{
	vmbigen_set_pin(gen, pin, level);
}

/* So many messages since the last time, the last of this event. */
static void messages(uint32_t count, uint32_t id)
{
	assert_int_equal(sent, count);
	if (count != 0) {
		assert_int_equal(event, id);
	}
	sent = 0;
}

static int set_up(void **state)
{
	static _Alignas(16) uint8_t memory[4096];
	static const struct vdev_config config = {.type = &vmbigen_type};
	struct arena arena = {memory, sizeof(memory), 0};

	(void)state;
	memset(memory, 0, sizeof(memory));
	sent = 0;
	answer = 0;
	return vmbigen_type.create(&vm, &config, &arena, &gen);
}

static void no_room(void **state)
{
	const struct vdev_config config = {.type = &vmbigen_type};
	struct arena none = {NULL, 0, 0};
	struct vdev *out = NULL;

	(void)state;
	assert_int_equal(vmbigen_type.create(&vm, &config, &none, &out), -ENOMEM);
	assert_null(out);
}

static void registers(void **state)
{
	(void)state;
	assert_int_equal(vmbigen_type.mmio->sizes, 4);
	for (uint32_t pin = FIRST; pin < FIRST + PINS; pin++) {
		put(VECTOR(pin), 0xa5000000 | pin);
		put(TYPE(pin), pin);
	}
	for (uint32_t pin = FIRST; pin < FIRST + PINS; pin++) {
		assert_int_equal(get(VECTOR(pin)), 0xa5000000 | pin);
		assert_int_equal(get(TYPE(pin)), pin | 31); /* the last written */
		assert_int_equal(get(CLEAR(pin)), 0);
	}
	vmbigen_type.reset(gen);
	for (uint32_t off = 0; off < vmbigen_type.size; off += 4) {
		assert_int_equal(get(off), 0);
	}
	messages(0, 0);
}

/* Everything is written, with all lines up: nobody else's registers exist. */
static void garbage(void **state)
{
	(void)state;
	for (uint32_t pin = FIRST; pin < FIRST + PINS; pin++) {
		drive(pin, true);
	}
	sent = 0;
	for (uint32_t off = 0; off < vmbigen_type.size; off += 4) {
		bool type = off >= TYPE(FIRST) && off < TYPE(FIRST + PINS);
		bool vector = off >= VECTOR(FIRST) && off < VECTOR(FIRST + PINS);
		bool clear = off >= CLEAR(FIRST) && off < CLEAR(FIRST + PINS);

		put(off, UINT32_MAX);
		assert_int_equal(get(off), type || vector ? UINT32_MAX : 0);
		assert_int_equal(sent, type || clear ? 32 : vector ? 1 : 0);
		sent = 0;
	}
}

static void event_of_a_pin(void **state)
{
	(void)state;
	for (uint32_t pin = FIRST; pin < FIRST + PINS; pin++) {
		put(VECTOR(pin), EVENT(1023 - pin) | 0xffc00fff);
		drive(pin, true);
		messages(1, 1023 - pin);
	}
}

static void edges(void **state)
{
	(void)state;
	put(VECTOR(70), EVENT(5));
	for (uint32_t i = 0; i < 3; i++) {
		drive(70, true);
		messages(1, 5);
		drive(70, true); /* no edge */
		put(CLEAR(70), BIT_OF(70));
		drive(70, false);
		messages(0, 0);
	}
	/* each is a message, handled or not */
	drive(70, true);
	drive(70, false);
	drive(70, true);
	messages(2, 5);
}

static void levels(void **state)
{
	(void)state;
	for (uint32_t pin = FIRST; pin < FIRST + PINS; pin += 9) {
		put(VECTOR(pin), EVENT(pin));
		put(TYPE(pin), BIT_OF(pin));
		drive(pin, true);
		messages(1, pin);
		/* one until it is handled */
		drive(pin, true);
		drive(pin, false);
		drive(pin, true);
		messages(0, 0);
		put(CLEAR(pin), ~BIT_OF(pin));
		messages(0, 0);
		/* still high: again */
		put(CLEAR(pin), BIT_OF(pin));
		messages(1, pin);
		drive(pin, false);
		put(CLEAR(pin), BIT_OF(pin));
		messages(0, 0);
		drive(pin, true);
		messages(1, pin);
	}
}

/* Nothing is mapped at the ITS: the pin is tried again when somebody looks at it. */
static void nobody_takes_it(void **state)
{
	(void)state;
	put(TYPE(FIRST), BIT_OF(FIRST));
	answer = -ENODEV;
	drive(FIRST, true);
	messages(1, 0);
	drive(FIRST, true);
	messages(1, 0);
	answer = 0;
	put(VECTOR(FIRST), EVENT(7));
	messages(1, 7);
	drive(FIRST, true);
	messages(0, 0);
}

/* A line that was high before the guest said that it goes by level. */
static void told_late(void **state)
{
	(void)state;
	answer = -ENODEV;
	drive(191, true);
	messages(1, 0);
	answer = 0;
	put(VECTOR(191), EVENT(3));
	messages(0, 0);
	put(TYPE(191), BIT_OF(191));
	messages(1, 3);
}

/* Only what is said of a pin itself sends its level again. */
static void said_again(void **state)
{
	(void)state;
	put(VECTOR(70), EVENT(5));
	put(TYPE(70), BIT_OF(70));
	drive(70, true);
	messages(1, 5);
	put(TYPE(70), BIT_OF(70) | BIT_OF(71)); /* that of its neighbour */
	messages(0, 0);
	/* its new event, or the same: who writes it begins anew */
	put(VECTOR(70), EVENT(6));
	messages(1, 6);
	/* an edge for a while */
	put(TYPE(70), 0);
	put(TYPE(70), BIT_OF(70));
	messages(0, 0);
	put(CLEAR(70), BIT_OF(70));
	messages(1, 6);
}

static void reset(void **state)
{
	(void)state;
	put(TYPE(FIRST), BIT_OF(FIRST));
	drive(FIRST, true);
	vmbigen_type.reset(gen);
	sent = 0;
	put(TYPE(FIRST), BIT_OF(FIRST));
	put(CLEAR(FIRST), BIT_OF(FIRST));
	messages(0, 0);
	put(VECTOR(FIRST), EVENT(9));
	drive(FIRST, true);
	messages(1, 9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE_IN("without memory it is not made", no_room, set_up),
		CASE_IN("types and vectors are kept until a reset", registers, set_up),
		CASE_IN("nothing else does anything", garbage, set_up),
		CASE_IN("a pin's event is what the guest wrote", event_of_a_pin, set_up),
		CASE_IN("each edge is a message", edges, set_up),
		CASE_IN("a level is one until it is handled, and again", levels, set_up),
		CASE_IN("one that nobody takes is tried again", nobody_takes_it, set_up),
		CASE_IN("a level that was there before is sent", told_late, set_up),
		CASE_IN("a level on its way is not sent again for a neighbour", said_again, set_up),
		CASE_IN("a restart leaves nothing", reset, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
