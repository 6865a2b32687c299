/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A GICv2 guest with its interface in software against a simple GIC: what is pending, active and
 * enabled, and at each acknowledge the most urgent one that may come. SGIs by sender. No interrupt
 * is lost, none comes twice, none out of order, whichever way an exit ends.
 */
#include <string.h>

#include "tests/unit/gicv2.h"
#include "tests/unit/random.h"
#include "tests/unit/unit.h"

#define VCPUS 3U
#define SPIS  32U
#define SGIS  4U /* as many as the test uses */
#define STEPS 3000U
#define SEEDS 8U
#define NONE  1023U
#define IDLE  0x100U

struct irq {
	bool enabled, pending, active;
	uint8_t sources; /* SGIs: who sent it and was not taken */
	uint8_t priority;
	uint32_t target;
};

static struct {
	struct irq sgi[VCPUS][SGIS];
	struct irq spi[SPIS];
	struct {
		uint32_t name, running;
	} stack[VCPUS][32];
	uint32_t depth[VCPUS];
} ref;

static struct random dice;

static uint32_t running(uint32_t v)
{
	return ref.depth[v] == 0 ? IDLE : ref.stack[v][ref.depth[v] - 1].running;
}

static bool may_come(const struct irq *irq, uint32_t v)
{
	return (irq->pending || irq->sources != 0) && irq->enabled && !irq->active &&
	       irq->target == v && irq->priority < running(v);
}

/* The priority of the most urgent one; IDLE: none. */
static uint32_t most_urgent(uint32_t v)
{
	uint32_t best = IDLE;

	for (uint32_t i = 0; i < SGIS; i++) {
		best = may_come(&ref.sgi[v][i], v) ? MIN(best, ref.sgi[v][i].priority) : best;
	}
	for (uint32_t i = 0; i < SPIS; i++) {
		best = may_come(&ref.spi[i], v) ? MIN(best, ref.spi[i].priority) : best;
	}
	return best;
}

static struct irq *irq_of(uint32_t v, uint32_t name)
{
	uint32_t intid = name & 0x3ff;

	return intid < 16 ? &ref.sgi[v][intid] : &ref.spi[intid - 32];
}

static void acknowledge(uint32_t v)
{
	uint32_t best = most_urgent(v), name = ack(v);
	struct irq *irq;

	if (best == IDLE) {
		assert_int_equal(name, NONE);
		return;
	}
	assert_int_not_equal(name, NONE);
	irq = irq_of(v, name);
	assert_true(may_come(irq, v));
	assert_int_equal(irq->priority, best);
	if ((name & 0x3ff) < 16) {
		assert_true((irq->sources >> (name >> 10) & 1) != 0);
		irq->sources &= (uint8_t) ~(1U << (name >> 10));
	} else {
		assert_int_equal(name >> 10, 0);
	}
	irq->pending = false;
	irq->active = true;
	ref.stack[v][ref.depth[v]].running = irq->priority;
	ref.stack[v][ref.depth[v]++].name = name;
	assert_int_equal(cpu_read(v, GICC_RPR), irq->priority);
}

static void end(uint32_t v)
{
	uint32_t name = ref.stack[v][--ref.depth[v]].name;

	irq_of(v, name)->active = false;
	eoi(v, name);
}

static void change(uint32_t v)
{
	uint32_t spi = random_below(&dice, SPIS), intid = 32 + spi, sgi_id;
	uint32_t to = random_below(&dice, VCPUS);
	struct irq *irq = &ref.spi[spi];

	switch (random_below(&dice, 6)) {
	case 0:
		irq->pending = true;
		set_bit(v, GICD_ISPENDR, intid);
		break;
	case 1:
		irq->enabled = !irq->enabled;
		set_bit(v, irq->enabled ? GICD_ISENABLER : GICD_ICENABLER, intid);
		break;
	case 2:
		irq->target = to;
		dist_write(v, GICD_ITARGETSR + intid, 1, 1U << to);
		break;
	case 3:
		irq->pending = false;
		set_bit(v, GICD_ICPENDR, intid);
		break;
	case 4:
		if (!irq->active) {
			irq->priority = (uint8_t)(random_below(&dice, 30) * 8);
			dist_write(v, GICD_IPRIORITYR + intid, 1, irq->priority);
		}
		break;
	default:
		sgi_id = random_below(&dice, SGIS);
		ref.sgi[to][sgi_id].sources |= (uint8_t)(1U << v);
		sgi(v, SGIR_LISTED, 1U << to, sgi_id);
		break;
	}
}

static void start(uint32_t registers)
{
	memset(&ref, 0, sizeof(ref));
	fake_gicv2_create(VCPUS, registers, SPIS);
	dist_write(0, GICD_CTLR, 4, 1);
	dist_write(0, GICD_ICFGR + 8, 4, 0xaaaaaaaa);
	dist_write(0, GICD_ICFGR + 12, 4, 0xaaaaaaaa);
	for (uint32_t v = 0; v < VCPUS; v++) {
		fake_vcpu_on(v);
		cpu_write(v, GICC_PMR, 0xff);
		cpu_write(v, GICC_CTLR, 1);
		for (uint32_t i = 0; i < SGIS; i++) {
			ref.sgi[v][i].enabled = true;
			ref.sgi[v][i].target = v;
			ref.sgi[v][i].priority = (uint8_t)(0x20 + 0x30 * i);
			dist_write(v, GICD_IPRIORITYR + i, 1, 0x20 + 0x30 * i);
		}
	}
	for (uint32_t i = 0; i < SPIS; i++) {
		dist_write(0, GICD_ITARGETSR + 32 + i, 1, 1);
	}
}

static void check_state(uint32_t v)
{
	uint32_t pending = 0, active = 0;

	for (uint32_t i = 0; i < SPIS; i++) {
		pending |= ref.spi[i].pending ? BIT(i) : 0;
		active |= ref.spi[i].active ? BIT(i) : 0;
	}
	assert_int_equal(dist_read(v, GICD_ISPENDR + 4, 4), pending);
	assert_int_equal(dist_read(v, GICD_ISACTIVER + 4, 4), active);
	for (uint32_t i = 0; i < SGIS; i++) {
		assert_int_equal(dist_read(v, GICD_SPENDSGIR + i, 1), ref.sgi[v][i].sources);
	}
}

static void run(uint32_t registers, bool short_ways)
{
	for (uint32_t seed = 1; seed <= SEEDS; seed++) {
		dice.state = seed;
		start(registers);
		fake_short_ways(short_ways);
		for (uint32_t step = 0; step < STEPS; step++) {
			uint32_t v = random_below(&dice, VCPUS), what = random_below(&dice, 8);

			if (what < 3) {
				change(v);
			} else if (what < 5 && ref.depth[v] < 30) {
				acknowledge(v);
			} else if (what < 7 && ref.depth[v] > 0) {
				end(v);
			} else if (step % 16 == 0) {
				check_state(v);
			}
		}
	}
}

#define WITH(n)                                                                                    \
	static void with_##n(void **state)                                                         \
	{                                                                                          \
		(void)state;                                                                       \
		run(n, false);                                                                     \
		assert_int_equal(fake_short_count(), 0);                                           \
		run(n, true);                                                                      \
		assert_true(fake_short_count() > 0);                                               \
	}
WITH(1)
WITH(2)
WITH(4)
WITH(16)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("one list register: nothing is lost, doubled or late", with_1),
		CASE("two list registers: nothing is lost, doubled or late", with_2),
		CASE("four list registers: nothing is lost, doubled or late", with_4),
		CASE("sixteen list registers: nothing is lost, doubled or late", with_16),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
