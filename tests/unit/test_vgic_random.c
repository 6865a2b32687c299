/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vgic against a simple GIC: one pending, active and enabled bit per interrupt, and at each
 * acknowledge the most urgent one that may come. No interrupt is lost, none comes twice, none out
 * of order, whatever devices and guests do.
 */
#include <string.h>

#include "tests/unit/fake_gic.h"
#include "tests/unit/random.h"
#include "tests/unit/unit.h"

#define VCPUS 3
#define SPIS  32
#define LIMIT (32 + SPIS)
#define STEPS 4000

struct irq {
	bool enabled, edge, line, latch, active;
	bool by_register; /* active because ISACTIVER was written: no guest will end it */
	uint8_t priority;
	uint32_t route;
};

struct taken {
	uint32_t intid, running; /* and the running priority while its handler runs */
};

static struct {
	struct irq private[VCPUS][32];
	struct irq spi[SPIS];
	struct taken stack[VCPUS][32];
	uint32_t depth[VCPUS];
	bool on;	 /* the distributor's group 1 */
	bool all_listed; /* as many list registers as priorities */
} ref;

static struct random rnd;

static struct irq *irq_of(uint32_t vcpu, uint32_t intid)
{
	return intid < 32 ? &ref.private[vcpu][intid] : &ref.spi[intid - 32];
}

static bool is_pending(const struct irq *irq)
{
	return irq->latch || (irq->line && !irq->edge);
}

static bool may_come(uint32_t vcpu, uint32_t intid)
{
	const struct irq *irq = irq_of(vcpu, intid);
	uint32_t depth = ref.depth[vcpu];
	uint32_t running = depth == 0 ? 0x100 : ref.stack[vcpu][depth - 1].running;

	return ref.on && is_pending(irq) && irq->enabled && !irq->active &&
	       (intid < 32 || irq->route == vcpu) && irq->priority < running;
}

/* The highest priority among those that may come; 0x100: none. */
static uint32_t most_urgent(uint32_t vcpu)
{
	uint32_t best = 0x100;

	for (uint32_t intid = 0; intid < LIMIT; intid++) {
		if (may_come(vcpu, intid) && irq_of(vcpu, intid)->priority < best) {
			best = irq_of(vcpu, intid)->priority;
		}
	}
	return best;
}

static void acknowledge(uint32_t vcpu)
{
	uint32_t best = most_urgent(vcpu), intid = fake_ack(vcpu);
	struct irq *irq;

	if (intid == FAKE_SPURIOUS) {
		assert_int_equal(best, 0x100); /* nothing is lost */
		return;
	}
	assert_true(intid < LIMIT);
	assert_true(may_come(vcpu, intid)); /* nothing comes twice, or though it may not */
	irq = irq_of(vcpu, intid);
	assert_int_equal(irq->priority, best);
	irq->latch = false;
	irq->active = true;
	ref.stack[vcpu][ref.depth[vcpu]++] = (struct taken){intid, irq->priority};
}

static void end(uint32_t vcpu)
{
	if (ref.depth[vcpu] != 0) {
		uint32_t intid = ref.stack[vcpu][--ref.depth[vcpu]].intid;

		irq_of(vcpu, intid)->active = false;
		fake_eoi(vcpu, intid);
	}
}

static void move_line(uint32_t vcpu, uint32_t intid)
{
	struct irq *irq = irq_of(vcpu, intid);

	if (intid < 16) {
		return;
	}
	irq->line = !irq->line;
	irq->latch |= irq->edge && irq->line;
	if (intid < 32) {
		vgic_set_private_line(fake_vcpu(vcpu), intid, irq->line);
	} else {
		vgic_set_line(&fake_vm, intid, irq->line);
	}
}

static void send(uint32_t from)
{
	uint32_t targets = random_below(&rnd, 1 << VCPUS), sgi = random_below(&rnd, 4);

	for (uint32_t i = 0; i < VCPUS; i++) {
		ref.private[i][sgi].latch |= ((targets >> i) & 1) != 0;
	}
	fake_send_sgi(from, (uint64_t)sgi << 24 | targets, true);
}

static void route(uint32_t by, uint32_t intid)
{
	if (intid >= 32) {
		/* to nobody at times */
		ref.spi[intid - 32].route = random_below(&rnd, VCPUS + 1);
		fake_dist_write(by, GICD_IROUTER + 8 * intid, 8, ref.spi[intid - 32].route);
	}
}

static void toggle_active(uint32_t by, uint32_t vcpu, uint32_t intid)
{
	struct irq *irq = irq_of(vcpu, intid);

	if (irq->active && irq->by_register) {
		irq->active = irq->by_register = false;
		fake_set_bit(by, vcpu, GICD_ICACTIVER, intid);
	} else if (!irq->active) {
		irq->active = irq->by_register = true;
		fake_set_bit(by, vcpu, GICD_ISACTIVER, intid);
	}
}

/* A register write by one vCPU, of its own interrupts or another's. */
static void write_register(uint32_t by, uint32_t vcpu, uint32_t intid)
{
	struct irq *irq = irq_of(vcpu, intid);

	switch (random_below(&rnd, 12)) {
	case 0:
	case 1:
		irq->enabled = true;
		fake_set_bit(by, vcpu, GICD_ISENABLER, intid);
		break;
	case 2:
		irq->enabled = false;
		fake_set_bit(by, vcpu, GICD_ICENABLER, intid);
		break;
	case 3:
	case 4:
		irq->latch = true;
		fake_set_bit(by, vcpu, GICD_ISPENDR, intid);
		break;
	case 5:
		irq->latch = false;
		fake_set_bit(by, vcpu, GICD_ICPENDR, intid);
		break;
	case 6:
	case 7:
		if (irq->active && !ref.all_listed) {
			break; /* its end could not be told from another's */
		}
		irq->priority = (uint8_t)(0x40 + 8 * random_below(&rnd, 16));
		fake_set_priority(by, vcpu, intid, irq->priority);
		break;
	case 8:
		route(by, intid);
		break;
	case 9:
		toggle_active(by, vcpu, intid);
		break;
	case 10:
		ref.on = random_below(&rnd, 4) != 0;
		fake_dist_write(by, GICD_CTLR, 4, ref.on ? GICD_CTLR_ENGRP1 : 0);
		break;
	default:
		assert_int_equal(fake_bit(by, vcpu, GICD_ISPENDR, intid), is_pending(irq));
		assert_int_equal(fake_bit(by, vcpu, GICD_ISACTIVER, intid), irq->active);
		break;
	}
}

/* Off and on again: what is pending and active stays so; its guest has dropped all priorities. */
static void restart(uint32_t vcpu)
{
	for (uint32_t i = 0; i < ref.depth[vcpu]; i++) {
		irq_of(vcpu, ref.stack[vcpu][i].intid)->by_register = true;
	}
	ref.depth[vcpu] = 0;
	fake_vcpu_off(vcpu);
	fake_settle();
	fake_vcpu_on(vcpu);
}

static void begin(uint32_t list_registers)
{
	memset(&ref, 0, sizeof(ref));
	fake_gic_boot(VCPUS, list_registers, SPIS);
	ref.on = true;
	ref.all_listed = list_registers == 16;
	for (uint32_t i = 0; i < VCPUS; i++) {
		for (uint32_t intid = 0; intid < 32; intid++) {
			ref.private[i][intid].edge = intid < 16 || (intid & 1) != 0;
			fake_set_edge(i, i, intid, ref.private[i][intid].edge);
		}
	}
	for (uint32_t i = 0; i < SPIS; i++) {
		ref.spi[i].edge = (i & 1) != 0;
		fake_set_edge(0, 0, 32 + i, ref.spi[i].edge);
	}
}

static uint32_t some_intid(void)
{
	/* few of each kind, so that they meet */
	switch (random_below(&rnd, 3)) {
	case 0:
		return random_below(&rnd, 4);
	case 1:
		return 20 + random_below(&rnd, 4);
	default:
		return 32 + random_below(&rnd, 12);
	}
}

static void step(void)
{
	uint32_t vcpu = random_below(&rnd, VCPUS), other = random_below(&rnd, VCPUS);

	switch (random_below(&rnd, 16)) {
	case 0:
	case 1:
	case 2:
		move_line(vcpu, some_intid());
		break;
	case 3:
		send(vcpu);
		break;
	case 4:
	case 5:
	case 6:
		end(vcpu);
		break;
	case 7:
	case 8:
	case 9:
	case 10:
		fake_settle(); /* what others changed has reached it */
		acknowledge(vcpu);
		break;
	case 11:
		if (random_below(&rnd, 40) == 0) {
			restart(vcpu);
		}
		break;
	default:
		write_register(vcpu, other, some_intid());
		break;
	}
}

/* Everything is enabled and routed, and taken until nothing comes; then no bit is left over. */
static void drain(void)
{
	fake_dist_write(0, GICD_CTLR, 4, GICD_CTLR_ENGRP1);
	ref.on = true;
	for (uint32_t i = 0; i < VCPUS; i++) {
		for (uint32_t intid = 0; intid < (i == 0 ? LIMIT : 32U); intid++) {
			struct irq *irq = irq_of(i, intid);

			if (irq->line) {
				move_line(i, intid);
			}
			if (irq->by_register && irq->active) {
				toggle_active(0, i, intid);
			}
			irq->enabled = true;
			fake_set_bit(0, i, GICD_ISENABLER, intid);
			if (intid >= 32) {
				irq->route = 0;
				fake_dist_write(0, GICD_IROUTER + 8 * intid, 8, 0);
			}
		}
	}
	for (uint32_t i = 0; i < VCPUS; i++) {
		for (uint32_t n = 0; n < 4 * LIMIT; n++) {
			while (ref.depth[i] != 0) {
				end(i);
			}
			fake_settle();
			acknowledge(i);
		}
		assert_int_equal(ref.depth[i], 0);
		assert_int_equal(fake_lost_eois(i), 0);
	}
	/* list registers that the guest has emptied are looked at */
	for (uint32_t i = 0; i < VCPUS; i++) {
		fake_vcpu_off(i);
	}
	assert_int_equal(vgic_busy_count(&fake_vm), 0);
}

static void run(uint32_t list_registers)
{
	for (uint32_t seed = 1; seed <= 12; seed++) {
		rnd.state = seed;
		begin(list_registers);
		for (uint32_t i = 0; i < STEPS; i++) {
			step();
		}
		drain();
	}
}

static void one(void **state)
{
	(void)state;
	run(1);
}

static void two(void **state)
{
	(void)state;
	run(2);
}

static void three(void **state)
{
	(void)state;
	run(3);
}

static void four(void **state)
{
	(void)state;
	run(4);
}

static void sixteen(void **state)
{
	(void)state;
	run(16);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("one list register: nothing is lost, doubled or late", one),
		CASE("two list registers: nothing is lost, doubled or late", two),
		CASE("three list registers: nothing is lost, doubled or late", three),
		CASE("four list registers: nothing is lost, doubled or late", four),
		CASE("sixteen list registers: nothing is lost, doubled or late", sixteen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
