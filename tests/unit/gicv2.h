/* SPDX-License-Identifier: Apache-2.0 */
/* A GICv2's registers as the guest of tests/unit/fake_gic.h has them. */
#ifndef TESTS_UNIT_GICV2_H
#define TESTS_UNIT_GICV2_H

#include "tests/unit/fake_gic.h"

static inline uint32_t dist_read(uint32_t i, uint32_t off, uint32_t size)
{
	uint64_t value = ~UINT64_C(0);
	int err = fake_access(i, &vgic_v2_dist_ops, off, size, &value);

	return err == 0 ? (uint32_t)value : 0xdead0000U + (uint32_t)-err;
}

static inline void dist_write(uint32_t i, uint32_t off, uint32_t size, uint32_t v)
{
	uint64_t value = v;

	fake_access(i, &vgic_v2_dist_ops, off, size | FAKE_WRITE, &value);
	fake_settle();
}

static inline uint32_t cpu_read(uint32_t i, uint32_t off)
{
	uint64_t value = ~UINT64_C(0);

	fake_settle();
	fake_access(i, &vgic_v2_cpu_ops, off, 4, &value);
	return (uint32_t)value;
}

static inline void cpu_write(uint32_t i, uint32_t off, uint32_t v)
{
	uint64_t value = v;

	fake_access(i, &vgic_v2_cpu_ops, off, 4 | FAKE_WRITE, &value);
	fake_settle();
}

static inline void set_bit(uint32_t i, uint32_t array, uint32_t intid)
{
	dist_write(i, array + intid / 32 * 4, 4, UINT32_C(1) << intid % 32);
}

static inline bool get_bit(uint32_t i, uint32_t array, uint32_t intid)
{
	return ((dist_read(i, array + intid / 32 * 4, 4) >> intid % 32) & 1) != 0;
}

static inline void sgi(uint32_t i, uint32_t filter, uint32_t list, uint32_t intid)
{
	dist_write(i, GICD_SGIR, 4, filter << 24 | list << 16 | intid);
}

static inline uint32_t ack(uint32_t i)
{
	return cpu_read(i, GICC_IAR);
}

static inline void eoi(uint32_t i, uint32_t name)
{
	cpu_write(i, GICC_EOIR, name);
}

#endif
