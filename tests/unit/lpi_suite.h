/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of LPIs share: the test is the owner of each vCPU; it lists what is next, and
 * takes back what has changed. For one file of a program. */
#ifndef TESTS_UNIT_LPI_SUITE_H
#define TESTS_UNIT_LPI_SUITE_H

#include <string.h>

#include "irq/vgic/vlpi.h"
#include "tests/unit/fake_gic.h"
#include "tests/unit/fake_ram.h"
#include "tests/unit/unit.h"

#define LPIS	     1024U
#define CONFIG	     FAKE_RAM		  /* configuration table */
#define PENDING0     (FAKE_RAM + 0x10000) /* pending tables */
#define PENDING1     (FAKE_RAM + 0x20000)
#define OTHER_CONFIG (FAKE_RAM + 0x30000)
#define SHARED	     UINT64_C(0x0700000000000f80) /* cacheability and shareability, all ones */
#define CACHED	     UINT64_C(0x780)		  /* write-back, inner shareable */
#define PTZ	     BIT(62)
#define IDBITS	     13U /* 14 bits of INTID: LPIs 8192 to 16383 */

#define ENABLED 1U
#define LPI(n)	(INTID_LPI + (n))
#define RD(i)	((i)*VGIC_REDIST_STRIDE)

static uint8_t lpi_memory[(VLPI_COUNT_MAX + 64 * 34) * 8] __attribute__((aligned(16)));

static inline void create(uint32_t vcpus, uint32_t lpis)
{
	struct arena arena = {.base = lpi_memory, .size = sizeof(lpi_memory)};

	fake_ram_reset();
	fake_gic_create(vcpus, 4, 64);
	assert_int_equal(vlpi_create(&fake_vm, lpis, &arena), 0);
	fake_vm.vgic.ctlr = GICD_CTLR_ENGRP1;
}

static inline void set_config(uint32_t lpi, uint8_t byte)
{
	*(uint8_t *)fake_ram(CONFIG + lpi - INTID_LPI) = byte;
}

static inline void set_tables(uint32_t i, uint64_t ptz)
{
	fake_redist_write(0, RD(i) + GICR_PROPBASER, 8, CONFIG | CACHED | IDBITS);
	fake_redist_write(0, RD(i) + GICR_PENDBASER, 8,
			  (i == 0 ? PENDING0 : PENDING1) | CACHED | ptz);
}

static inline void enable(uint32_t i, bool on)
{
	fake_redist_write(0, RD(i) + GICR_CTLR, 4, on ? GICR_CTLR_LPIS : 0);
}

static inline bool reads_rwp(uint32_t i)
{
	return (fake_redist_read(0, RD(i) + GICR_CTLR, 4) & GICR_CTLR_RWP) != 0;
}

static inline int set_up(void **state)
{
	(void)state;
	create(2, LPIS);
	memset(fake_ram(CONFIG), 0xa0 | ENABLED, LPIS);
	for (uint32_t i = 0; i < 2; i++) {
		set_tables(i, PTZ);
		enable(i, true);
	}
	return 0;
}

static inline void lock(void)
{
	spin_lock(&fake_vm.vgic.lock);
}

static inline void unlock(void)
{
	assert_true(vlpi_is_sound_locked(&fake_vm));
	spin_unlock(&fake_vm.vgic.lock);
}

/* Was the vCPU told to look? */
static inline bool was_posted(uint32_t i)
{
	struct vgic_cpu *cpu = &fake_vcpu(i)->vgic;
	uint32_t bit = vgic_bit(VGIC_LOOK_LPIS), was = cpu->todo[VGIC_LOOK_LPIS / 32];

	cpu->todo[VGIC_LOOK_LPIS / 32] &= ~bit;
	return (was & bit) != 0;
}

/* All steps that are due; how many. */
static inline uint32_t look(uint32_t i)
{
	uint32_t steps = 1;

	lock();
	while (vlpi_look_locked(fake_vcpu(i))) {
		assert_true(was_posted(i));
		steps++;
	}
	unlock();
	return steps;
}

static inline void pend(uint32_t i, uint32_t lpi)
{
	lock();
	vlpi_pend_locked(fake_vcpu(i), lpi);
	unlock();
}

static inline void clear(uint32_t i, uint32_t lpi)
{
	lock();
	vlpi_clear_locked(fake_vcpu(i), lpi);
	unlock();
}

static inline void move(uint32_t from, uint32_t to, uint32_t lpi)
{
	lock();
	vlpi_move_locked(fake_vcpu(from), fake_vcpu(to), lpi);
	unlock();
}

static inline void inv(uint32_t lpi)
{
	lock();
	vlpi_inv_locked(&fake_vm, lpi);
	unlock();
}

static inline void invall(uint32_t i)
{
	lock();
	vlpi_invall_locked(fake_vcpu(i));
	unlock();
	look(i);
}

static inline uint32_t next(uint32_t i)
{
	uint32_t lpi;

	lock();
	lpi = vlpi_next_locked(fake_vcpu(i));
	unlock();
	return lpi;
}

/* Into a list register; which it was. */
static inline uint32_t list(uint32_t i)
{
	uint32_t lpi;

	lock();
	lpi = vlpi_next_locked(fake_vcpu(i));
	if (lpi != 0) {
		vlpi_listed_locked(fake_vcpu(i), lpi);
	}
	unlock();
	return lpi;
}

static inline uint32_t changed(uint32_t i)
{
	uint32_t lpi;

	lock();
	lpi = vlpi_changed_locked(fake_vcpu(i));
	unlock();
	return lpi;
}

static inline void unlist(uint32_t i, uint32_t lpi, bool pending)
{
	lock();
	vlpi_unlisted_locked(fake_vcpu(i), lpi, pending);
	unlock();
}

/* Delivered and acknowledged at once. */
static inline uint32_t take(uint32_t i)
{
	uint32_t lpi = list(i);

	if (lpi != 0) {
		unlist(i, lpi, false);
	}
	return lpi;
}

static inline uint32_t busy(void)
{
	uint32_t count;

	lock();
	count = vlpi_busy_count_locked(&fake_vm);
	unlock();
	return count;
}

#endif
