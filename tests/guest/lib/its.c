/* SPDX-License-Identifier: Apache-2.0 */
/* GICv3 ITS and LPIs. */
#include "tests/guest/lib/its.h"

#include "tests/guest/lib/cpu.h"
#include "tests/guest/lib/gic.h"

#define DEVICES	      64U  /* that have an ITT */
#define ITT_SIZE      512U /* 32 events of 16 bytes at most */
#define EVENT_BITS    5U
#define PAGE	      0x10000U
#define ATTRIBUTES    (UINT64_C(7) << 59 | BIT(10)) /* write-back, inner shareable */
#define RD_ATTRIBUTES (UINT64_C(7) << 7 | BIT(10))

static uint8_t configs[ITS_LPIS] __attribute__((aligned(4096)));
#define ITS_CPUS 8 /* whose LPIs are on */
static uint8_t pending[ITS_CPUS][PAGE] __attribute__((aligned(PAGE)));
static uint8_t devices[PAGE] __attribute__((aligned(PAGE)));
static uint8_t second[PAGE] __attribute__((aligned(PAGE)));
static uint8_t collections[PAGE] __attribute__((aligned(PAGE)));
static uint8_t queue[ITS_QUEUE] __attribute__((aligned(PAGE)));
static uint8_t itts[DEVICES][ITT_SIZE] __attribute__((aligned(256)));
static unsigned int queue_end, cpu_total;

static bool halves;

void its_write_halves(bool on)
{
	halves = on;
}

/* A register of 64 bits. */
static void write64(uint64_t addr, uint64_t value)
{
	if (halves) {
		mmio_write32(addr, (uint32_t)value);
		mmio_write32(addr + 4, (uint32_t)(value >> 32));
	} else {
		mmio_write64(addr, value);
	}
}

static uint64_t redist(unsigned int cpu)
{
	return gic_redist(cpu_mpidr(cpu));
}

bool its_is_there(void)
{
	return (mmio_read64(redist(0) + GICR_TYPER) & GICR_TYPER_PLPIS) != 0;
}

static void zero(uint8_t *bytes, unsigned int size)
{
	for (unsigned int i = 0; i < size; i++) {
		bytes[i] = 0;
	}
}

void its_lpis_off(unsigned int cpu)
{
	uint64_t base = redist(cpu);

	mmio_write32(base + GICR_CTLR, 0);
	while (mmio_read32(base + GICR_CTLR) & GICR_CTLR_RWP) {
		cpu_yield();
	}
}

void its_lpis_on(unsigned int cpu, bool ptz)
{
	uint64_t base = redist(cpu);

	dsb(ish); /* the tables, before the redistributor reads them */
	write64(base + GICR_PROPBASER, (uint64_t)configs | RD_ATTRIBUTES | 13);
	write64(base + GICR_PENDBASER,
		(uint64_t)pending[cpu] | RD_ATTRIBUTES | (ptz ? GICR_PENDBASER_PTZ : 0));
	mmio_write32(base + GICR_CTLR, GICR_CTLR_LPIS);
}

void its_lpis_forget(unsigned int cpu)
{
	its_lpis_off(cpu);
	zero(&pending[cpu][ITS_LPI / 8], ITS_LPIS / 8);
}

uint8_t its_pending_byte(unsigned int cpu, unsigned int lpi)
{
	dsb(ish); /* RWP read as 0, before what the redistributor wrote */
	return *(volatile uint8_t *)&pending[cpu][lpi / 8];
}

void its_configure(unsigned int lpi, uint8_t byte)
{
	*(volatile uint8_t *)&configs[lpi - ITS_LPI] = byte;
}

static void set_table(uint64_t type, uint64_t value)
{
	for (unsigned int n = 0; n < 8; n++) {
		uint64_t addr = ITS_BASE + GITS_BASER + 8 * n;

		if (FIELD_GET(GITS_BASER_TYPE, mmio_read64(addr)) == type) {
			write64(addr, BIT(63) | ATTRIBUTES | value | 2 << 8);
		}
	}
}

void its_restart(bool two_levels)
{
	mmio_write32(ITS_BASE + GITS_CTLR, 0);
	while (!(mmio_read32(ITS_BASE + GITS_CTLR) & BIT(31))) {
		cpu_yield();
	}
	zero(devices, sizeof(devices));
	zero(second, sizeof(second));
	zero(collections, sizeof(collections));
	queue_end = 0;
	if (two_levels) {
		*(uint64_t *)devices = BIT(63) | (uint64_t)second;
	}
	dsb(ish); /* the tables, before the ITS reads them */
	set_table(1, (uint64_t)devices | (two_levels ? GITS_BASER_INDIRECT : 0));
	set_table(4, (uint64_t)collections);
	write64(ITS_BASE + GITS_CBASER, BIT(63) | ATTRIBUTES | (uint64_t)queue);
	write64(ITS_BASE + GITS_CWRITER, 0);
	mmio_write32(ITS_BASE + GITS_CTLR, 1);
	for (unsigned int cpu = 0; cpu < cpu_total; cpu++) {
		its_do(its_mapc(cpu, cpu, true));
	}
}

void its_setup(unsigned int count)
{
	cpu_total = count;
	for (unsigned int lpi = 0; lpi < ITS_LPIS; lpi++) {
		configs[lpi] = 0xa0;
	}
	for (unsigned int cpu = 0; cpu < count; cpu++) {
		its_lpis_on(cpu, true);
	}
	its_restart(false);
}

void its_put(struct its_command cmd)
{
	volatile uint64_t *place = (volatile uint64_t *)&queue[queue_end];

	for (unsigned int i = 0; i < 4; i++) {
		place[i] = cmd.word[i];
	}
	queue_end = (queue_end + 32) % ITS_QUEUE;
}

bool its_wait(void)
{
	dsb(ish); /* commands and what they refer to, before the ITS reads them */
	write64(ITS_BASE + GITS_CWRITER, queue_end);
	return WAIT(mmio_read64(ITS_BASE + GITS_CREADR) == queue_end);
}

bool its_do(struct its_command cmd)
{
	its_put(cmd);
	for (uint64_t cpu = 0; cpu < cpu_total; cpu++) {
		its_put((struct its_command){{0x05, 0, cpu << 16, 0}});
	}
	return its_wait();
}

static struct its_command of_event(uint64_t opcode, uint64_t device, uint64_t word1, uint64_t word2)
{
	return (struct its_command){{opcode | device << 32, word1, word2, 0}};
}

struct its_command its_mapd(unsigned int device, bool valid)
{
	uint8_t *itt = itts[device % DEVICES];

	if (valid) {
		zero(itt, ITT_SIZE);
	}
	return of_event(0x08, device, EVENT_BITS - 1, (uint64_t)itt | (uint64_t)valid << 63);
}

struct its_command its_mapc(unsigned int icid, unsigned int cpu, bool valid)
{
	return of_event(0x09, 0, 0, icid | (uint64_t)cpu << 16 | (uint64_t)valid << 63);
}

struct its_command its_mapti(unsigned int device, unsigned int event, unsigned int lpi,
			     unsigned int icid)
{
	return of_event(0x0a, device, event | (uint64_t)lpi << 32, icid);
}

struct its_command its_movi(unsigned int device, unsigned int event, unsigned int icid)
{
	return of_event(0x01, device, event, icid);
}

struct its_command its_movall(unsigned int from, unsigned int to)
{
	return (struct its_command){{0x0e, 0, (uint64_t)from << 16, (uint64_t)to << 16}};
}

struct its_command its_discard(unsigned int device, unsigned int event)
{
	return of_event(0x0f, device, event, 0);
}

struct its_command its_inv(unsigned int device, unsigned int event)
{
	return of_event(0x0c, device, event, 0);
}

struct its_command its_invall(unsigned int icid)
{
	return of_event(0x0d, 0, 0, icid);
}

struct its_command its_int(unsigned int device, unsigned int event)
{
	return of_event(0x03, device, event, 0);
}

struct its_command its_clear(unsigned int device, unsigned int event)
{
	return of_event(0x04, device, event, 0);
}
