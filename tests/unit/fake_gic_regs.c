/* SPDX-License-Identifier: Apache-2.0 */
/* The machine's registers as its guests use them: words, bits and bytes of an interrupt. */
#include "tests/fuzz/fuzz.h"
#include "tests/unit/fake_gic.h"

uint64_t fake_dist_read(uint32_t i, uint32_t off, uint8_t size)
{
	uint64_t value = ~UINT64_C(0);

	PROMISE(fake_access(i, &vgic_dist_ops, off, size, &value) == 0);
	return value;
}

void fake_dist_write(uint32_t i, uint32_t off, uint8_t size, uint64_t value)
{
	PROMISE(fake_access(i, &vgic_dist_ops, off, size | FAKE_WRITE, &value) == 0);
}

uint64_t fake_redist_read(uint32_t i, uint32_t off, uint8_t size)
{
	uint64_t value = ~UINT64_C(0);

	PROMISE(fake_access(i, &vgic_redist_ops, off, size, &value) == 0);
	return value;
}

void fake_redist_write(uint32_t i, uint32_t off, uint8_t size, uint64_t value)
{
	PROMISE(fake_access(i, &vgic_redist_ops, off, size | FAKE_WRITE, &value) == 0);
}

static uint32_t private_frame(uint32_t redist)
{
	return redist * VGIC_REDIST_STRIDE + GICR_SGI_FRAME;
}

bool fake_bit(uint32_t i, uint32_t redist, uint32_t array, uint32_t intid)
{
	uint64_t word = intid < INTID_SPI ? fake_redist_read(i, private_frame(redist) + array, 4) :
					    fake_dist_read(i, array + intid / 32 * 4, 4);

	return ((word >> (intid % 32)) & 1) != 0;
}

void fake_set_bit(uint32_t i, uint32_t redist, uint32_t array, uint32_t intid)
{
	if (intid < INTID_SPI) {
		fake_redist_write(i, private_frame(redist) + array, 4, 1U << intid);
	} else {
		fake_dist_write(i, array + intid / 32 * 4, 4, 1U << (intid % 32));
	}
}

void fake_set_priority(uint32_t i, uint32_t redist, uint32_t intid, uint8_t priority)
{
	if (intid < INTID_SPI) {
		fake_redist_write(i, private_frame(redist) + GICD_IPRIORITYR + intid, 1, priority);
	} else {
		fake_dist_write(i, GICD_IPRIORITYR + intid, 1, priority);
	}
}

void fake_set_edge(uint32_t i, uint32_t redist, uint32_t intid, bool edge)
{
	uint32_t off = GICD_ICFGR + intid / 16 * 4, bit = intid % 16 * 2 + 1;
	uint64_t word;

	if (intid < INTID_SPI) {
		off += private_frame(redist);
		word = fake_redist_read(i, off, 4) & ~BIT(bit);
		fake_redist_write(i, off, 4, word | (uint64_t)edge << bit);
	} else {
		word = fake_dist_read(i, off, 4) & ~BIT(bit);
		fake_dist_write(i, off, 4, word | (uint64_t)edge << bit);
	}
}
