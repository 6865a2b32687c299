/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of the ways past vgic_process() share. For one file of a program. */
#ifndef TESTS_UNIT_SHORT_SUITE_H
#define TESTS_UNIT_SHORT_SUITE_H

#include "tests/unit/fake_gic.h"
#include "tests/unit/unit.h"

#define LRS   4
#define SPIS  64
#define SGI   5
#define TIMER 27
#define LEVEL 30 /* private, level-sensitive, not linked */
#define EDGE  40 /* and some behind it */

static inline int set_up(void **state)
{
	(void)state;
	fake_gic_boot(2, LRS, SPIS);
	for (uint32_t i = 0; i < 2; i++) {
		vgic_link_private(fake_vcpu(i), TIMER, fake_level);
		fake_linked_level(i, TIMER, false);
		for (uint32_t intid = 0; intid < 32; intid++) {
			fake_set_priority(0, i, intid, 0x80);
			fake_set_bit(0, i, GICD_ISENABLER, intid);
		}
	}
	for (uint32_t intid = EDGE; intid < EDGE + 8; intid++) {
		fake_set_edge(0, 0, intid, true);
		fake_set_priority(0, 0, intid, 0x40);
		fake_set_bit(0, 0, GICD_ISENABLER, intid);
	}
	fake_settle();
	fake_short_ways(true);
	return 0;
}

static inline void send(uint32_t from, uint32_t to, uint32_t sgi)
{
	fake_send_sgi(from, (uint64_t)sgi << 24 | 1U << to, true);
}

static inline void take(uint32_t i, uint32_t intid)
{
	assert_int_equal(fake_ack(i), intid);
	fake_eoi(i, intid);
}

static inline void nothing_comes(uint32_t i)
{
	assert_int_equal(fake_pending(i), FAKE_SPURIOUS);
}

static inline void tick(uint32_t i)
{
	fake_linked_level(i, TIMER, true);
	assert_int_equal(fake_ack(i), TIMER);
	fake_linked_level(i, TIMER, false);
	fake_eoi(i, TIMER);
	assert_false(fake_physically_active(i, TIMER));
}

/* Delivered once, so that its list register is kept; what vCPU 1 has in `again` is of vCPU 1. */
static inline void warm(uint32_t i, uint32_t intid)
{
	if (intid == TIMER) {
		tick(i);
	} else {
		send(1 - i, i, intid);
		take(i, intid);
	}
	assert_true((fake_vcpu(i)->vgic.again & vgic_bit(intid)) != 0);
}

static inline void group0(uint32_t by, uint32_t i, uint32_t intid)
{
	fake_redist_write(by, i * VGIC_REDIST_STRIDE + GICR_IGROUPR0, 4, ~(UINT64_C(1) << intid));
}

/* `by` changes it; the next one is sent by each of both. */
static inline void for_each_writer(void (*fn)(uint32_t by, uint32_t sender))
{
	for (uint32_t by = 0; by < 2; by++) {
		for (uint32_t sender = 0; sender < 2; sender++) {
			void *none = NULL;

			set_up(&none);
			warm(0, SGI);
			fn(by, sender);
			nothing_comes(0);
			fake_vcpu_off(0);
			fake_vcpu_off(1);
			assert_int_equal(vgic_busy_count(&fake_vm), 0);
		}
	}
}

#endif
