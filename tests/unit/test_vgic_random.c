/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vgic against a simple GIC: one pending, active and enabled bit per interrupt, and at each
 * acknowledge the most urgent one that may come. No interrupt is lost, none comes twice, none out
 * of order, whatever devices and guests do, and whichever way an exit ends.
 */
#include <string.h>

#include "tests/unit/fake_gic.h"
#include "tests/unit/random.h"
#include "tests/unit/unit.h"

#define VCPUS 3
#define SPIS  32
#define LIMIT (32 + SPIS)
#define STEPS 4000
#define SEEDS 8
#define PHASE 400
#define TIMER 22 /* linked to hardware */

struct irq {
	bool enabled, edge, line, latch, active;
	bool by_register; /* active because ISACTIVER was written: no guest will end it */
	bool group0;	  /* which the distributor does not forward here */
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

enum ways {
	LONG_WAYS,  /* interrupts always come by vgic_process() */
	SHORT_WAYS, /* and the middle one */
	BOTH_WAYS,  /* now this, now that */
};
struct machine {
	uint32_t list_registers;
	enum ways ways;
};

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

	return ref.on && !irq->group0 && is_pending(irq) && irq->enabled && !irq->active &&
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

/* False: nothing comes. */
static bool acknowledge(uint32_t vcpu)
{
	uint32_t best = most_urgent(vcpu), intid = fake_ack(vcpu);
	struct irq *irq;

	if (intid == FAKE_SPURIOUS) {
		assert_int_equal(best, 0x100); /* nothing is lost */
		return false;
	}
	assert_true(intid < LIMIT);
	assert_true(may_come(vcpu, intid)); /* nothing comes twice, or though it may not */
	irq = irq_of(vcpu, intid);
	assert_int_equal(irq->priority, best);
	irq->latch = false;
	irq->active = true;
	ref.stack[vcpu][ref.depth[vcpu]++] = (struct taken){intid, irq->priority};
	return true;
}

static void end(uint32_t vcpu)
{
	if (ref.depth[vcpu] != 0) {
		uint32_t intid = ref.stack[vcpu][--ref.depth[vcpu]].intid;

		irq_of(vcpu, intid)->active = false;
		fake_eoi(vcpu, intid);
	}
}

/* Its handler runs: the guest is going to end it. */
static bool is_taken(const struct irq *irq)
{
	return irq->active && !irq->by_register;
}

static void move_timer(uint32_t vcpu)
{
	struct irq *irq = irq_of(vcpu, TIMER);

	irq->line = !irq->line;
	fake_linked_level(vcpu, TIMER, irq->line);
	if (!irq->line && !is_taken(irq)) {
		/* one that is listed comes for nothing, unless somebody looks at its line first */
		fake_wakes(vcpu);
	}
}

static void move_line(uint32_t vcpu, uint32_t intid)
{
	struct irq *irq = irq_of(vcpu, intid);

	if (intid < 16) {
		return;
	}
	if (intid == TIMER) {
		move_timer(vcpu);
		return;
	}
	irq->line = !irq->line;
	irq->latch |= irq->edge && irq->line;
	if (intid < 32) {
		fake_private_line(vcpu, intid, irq->line);
	} else {
		vgic_set_line(&fake_vm, intid, irq->line);
	}
}

static void send(uint32_t from)
{
	uint32_t targets = random_below(&rnd, 1 << VCPUS), sgi = random_below(&rnd, 4);

	for (uint32_t i = 0; i < VCPUS; i++) {
		/* nothing is sent where it is of the other group */
		ref.private[i][sgi].latch |=
			((targets >> i) & 1) != 0 && !ref.private[i][sgi].group0;
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

static void regroup(uint32_t by, uint32_t vcpu, uint32_t intid)
{
	struct irq *irq = irq_of(vcpu, intid);
	uint32_t off = intid < 32 ? vcpu * VGIC_REDIST_STRIDE + GICR_IGROUPR0 :
				    GICD_IGROUPR + intid / 32 * 4;
	uint64_t bit = UINT64_C(1) << (intid % 32);

	irq->group0 = !irq->group0;
	if (intid < 32) {
		fake_redist_write(by, off, 4, fake_redist_read(by, off, 4) ^ bit);
	} else {
		fake_dist_write(by, off, 4, fake_dist_read(by, off, 4) ^ bit);
	}
}

/* What only its own CPU knows of a linked one, and when its handler runs nobody: whether its line
 * is still high. */
static void compare(uint32_t by, uint32_t vcpu, uint32_t intid)
{
	const struct irq *irq = irq_of(vcpu, intid);

	if (intid == TIMER && vcpu == by) {
		fake_run(by);
	}
	if (intid != TIMER || (vcpu == by && !irq->active)) {
		assert_int_equal(fake_bit(by, vcpu, GICD_ISPENDR, intid), is_pending(irq));
	}
	assert_int_equal(fake_bit(by, vcpu, GICD_ISACTIVER, intid), irq->active);
}

/* A register write by one vCPU, of its own interrupts or another's. */
static void write_register(uint32_t by, uint32_t vcpu, uint32_t intid)
{
	struct irq *irq = irq_of(vcpu, intid);

	switch (random_below(&rnd, 14)) {
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
		if (intid == TIMER && is_taken(irq)) {
			break; /* its end in hardware is not seen: it comes later than others do */
		}
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
	case 11:
		regroup(by, vcpu, intid);
		break;
	default:
		compare(by, vcpu, intid);
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
	/* but for a linked one, which is let go in hardware */
	irq_of(vcpu, TIMER)->active = irq_of(vcpu, TIMER)->by_register = false;
	fake_vcpu_off(vcpu);
	fake_settle();
	fake_vcpu_on(vcpu);
}

static void begin(uint32_t list_registers)
{
	memset(&ref, 0, sizeof(ref));
	fake_gic_boot(VCPUS, list_registers, SPIS);
	ref.on = true;
	for (uint32_t i = 0; i < VCPUS; i++) {
		vgic_link_private(fake_vcpu(i), TIMER, fake_level);
		fake_linked_level(i, TIMER, false);
	}
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
		} else {
			fake_put_away(vcpu);
		}
		break;
	default:
		write_register(vcpu, other, some_intid());
		break;
	}
}

/* What there always is, SGIs and timers, and seldom something else. */
static void step_quietly(void)
{
	uint32_t vcpu = random_below(&rnd, VCPUS), other = random_below(&rnd, VCPUS);

	switch (random_below(&rnd, 8)) {
	case 0:
	case 1:
		send(vcpu);
		break;
	case 2:
		move_line(vcpu, TIMER);
		break;
	case 3:
	case 4:
		end(vcpu);
		break;
	case 5:
		if (random_below(&rnd, 2) == 0) {
			/* an edge of some device: registers run short */
			uint32_t intid = 33 + 2 * random_below(&rnd, 6);

			move_line(vcpu, intid);
			move_line(vcpu, intid);
		} else if (random_below(&rnd, 4) == 0) {
			write_register(vcpu, other,
				       random_below(&rnd, 4) == 0 ? TIMER : random_below(&rnd, 4));
		} else if (random_below(&rnd, 8) == 0) {
			fake_put_away(vcpu);
		}
		break;
	default:
		fake_settle();
		acknowledge(vcpu);
		break;
	}
}

/* Enabled, forwarded, and no line high. */
static void tidy(uint32_t vcpu, uint32_t intid)
{
	struct irq *irq = irq_of(vcpu, intid);

	if (irq->line) {
		move_line(vcpu, intid);
	}
	if (irq->by_register && irq->active) {
		toggle_active(0, vcpu, intid);
	}
	irq->enabled = true;
	fake_set_bit(0, vcpu, GICD_ISENABLER, intid);
	if (irq->group0) {
		regroup(0, vcpu, intid);
	}
	if (intid >= 32) {
		irq->route = 0;
		fake_dist_write(0, GICD_IROUTER + 8 * intid, 8, 0);
	}
}

/* Everything is enabled and routed, and taken until nothing comes. */
static void quieten(void)
{
	fake_dist_write(0, GICD_CTLR, 4, GICD_CTLR_ENGRP1);
	ref.on = true;
	for (uint32_t i = 0; i < VCPUS; i++) {
		for (uint32_t intid = 0; intid < (i == 0 ? LIMIT : 32U); intid++) {
			tidy(i, intid);
		}
	}
	for (uint32_t i = 0; i < VCPUS; i++) {
		uint32_t n = 0;

		do {
			assert_true(n++ < 4 * LIMIT);
			while (ref.depth[i] != 0) {
				end(i);
			}
			fake_settle();
		} while (acknowledge(i));
		assert_int_equal(fake_lost_eois(i), 0);
	}
}

/* Then no bit is left over. */
static void drain(void)
{
	quieten();
	/* list registers that the guest has emptied are looked at */
	for (uint32_t i = 0; i < VCPUS; i++) {
		fake_vcpu_off(i);
		assert_false(fake_physically_active(i, TIMER));
	}
	assert_int_equal(vgic_busy_count(&fake_vm), 0);
}

static void run(void **state)
{
	const struct machine *machine = *state;
	uint32_t taken = 0, middle = 0;

	for (uint32_t seed = 1; seed <= SEEDS; seed++) {
		rnd.state = seed;
		begin(machine->list_registers);
		for (uint32_t i = 0; i < STEPS; i++) {
			if (i == 0 || random_below(&rnd, 16) == 0) {
				fake_short_ways(
					machine->ways == SHORT_WAYS ||
					(machine->ways == BOTH_WAYS && random_below(&rnd, 2) == 0));
			}
			if (i % PHASE == PHASE / 2) {
				quieten();
			}
			if (i % PHASE < PHASE / 2) {
				step();
			} else {
				step_quietly();
			}
		}
		taken += fake_short_count();
		middle += fake_middle_count();
		drain();
	}
	/* it is about them */
	assert_true(machine->ways == LONG_WAYS ? taken == 0 : taken > SEEDS);
	assert_true(machine->ways == LONG_WAYS ? middle == 0 : middle > SEEDS);
}

#define MACHINE(count, name, ways)                                                                 \
	CASE_OF(name ": nothing is lost, doubled or late", run, &((struct machine){count, ways}))
#define MACHINES(count, name)                                                                      \
	MACHINE(count, name, LONG_WAYS), MACHINE(count, name ", short ways", SHORT_WAYS),          \
		MACHINE(count, name ", short ways at times", BOTH_WAYS)

int main(void)
{
	const struct CMUnitTest tests[] = {
		MACHINES(1, "one list register"),	MACHINES(2, "two list registers"),
		MACHINES(3, "three list registers"),	MACHINES(4, "four list registers"),
		MACHINES(16, "sixteen list registers"),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
