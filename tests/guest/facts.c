/* SPDX-License-Identifier: Apache-2.0 */
/* Prints what this VM was given, a line each, for the tests of a config's properties. Never ends.
 */
#include "tests/guest/lib/console.h"
#include "tests/guest/lib/cpu.h"
#include "tests/guest/lib/exc.h"
#include "tests/guest/lib/gic.h"
#include "tests/guest/lib/pl031_regs.h"
#include "tests/guest/lib/psci.h"

#define FDT_MAGIC 0xedfe0dd0 /* big-endian */
#define MARK	  UINT64_C(0x6b72616d6b72616d)
#define MARK_AT	  (RAM_BASE + RAM_MAPPED_SIZE - 0x200000)

#define PL031_ID      0x31
#define PERIPH_ID0    0xfe0
#define SPI_INTID_MAX 1019

static void print_tree(void)
{
	uint64_t dtb = cpus[0].entry.x0;

	printf("facts: tree at 0x%lx, %s\n", dtb,
	       *(volatile uint32_t *)dtb == FDT_MAGIC ? "good" : "bad");
}

/* What nobody loads: as it was found. It is marked for the next life. */
static void print_memory(void)
{
	volatile uint64_t *mark = (volatile uint64_t *)MARK_AT;

	printf("facts: memory 0x%lx is 0x%lx\n", (uint64_t)MARK_AT, *mark);
	*mark = MARK;
}

static void print_spis(void)
{
	unsigned int count = 0;

	for (unsigned int intid = 32; intid <= SPI_INTID_MAX; intid++) {
		gic_write_bit(GICD_ISENABLER, intid);
		count += gic_bit(GICD_ISENABLER, intid);
		gic_write_bit(GICD_ICENABLER, intid);
	}
	printf("facts: %u SPIs announced, %u usable\n",
	       32 * (mmio_read32(GICD_BASE + GICD_TYPER) & 31), count);
}

/* A clock, wherever it is, by its identification; its interrupt by making it match now. */
static void print_clock(void)
{
	static const uint64_t places[] = {PL031_BASE, 0x0a100000};

	for (unsigned int i = 0; i < ARRAY_SIZE(places); i++) {
		uint64_t base = places[i];
		uint32_t id = 0;
		struct exc_record r = EXC_OF(id = mmio_read32(base + PERIPH_ID0));

		if (r.count != 0 || id != PL031_ID) {
			continue;
		}
		mmio_write32(base + RTC_IMSC, 1);
		mmio_write32(base + RTC_MR, mmio_read32(base + RTC_DR));
		mmio_write32(base + RTC_LR, mmio_read32(base + RTC_MR));
		for (unsigned int intid = 32; intid <= SPI_INTID_MAX; intid++) {
			if (gic_bit(GICD_ISPENDR, intid)) {
				printf("facts: PL031 at 0x%lx, SPI %u\n", base, intid - 32);
			}
		}
		mmio_write32(base + RTC_ICR, 1);
	}
}

/* No VM's time has been stopped in this version: both counters are the board's. */
static void print_counters(void)
{
	uint64_t virtual = counter_now(), apart = sysreg_read(cntpct_el0) - virtual;

	printf("facts: the counters %s\n", apart < counter_hz() ? "agree" : "differ");
}

static void print_call(void (*call)(struct smccc_regs *), const char *how, uint32_t id)
{
	struct smccc_regs r = {.x = {id, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66}};

	call(&r);
	printf("facts: %s 0x%x gives 0x%lx 0x%lx 0x%lx 0x%lx\n", how, id, r.x[0], r.x[1], r.x[2],
	       r.x[3]);
}

static void print_calls(void)
{
	static const uint32_t ids[] = {0x8200000f, 0x82000010, 0x82000011, 0x82000012, 0xc2000011};
	static const uint32_t workarounds[] = {SMCCC_ARCH_WORKAROUND_1, SMCCC_ARCH_WORKAROUND_2,
					       SMCCC_ARCH_WORKAROUND_3};

	for (unsigned int i = 0; i < ARRAY_SIZE(ids); i++) {
		print_call(smccc_smc, "smc", ids[i]);
		print_call(smccc_hvc, "hvc", ids[i]);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(workarounds); i++) {
		printf("facts: workaround %u is %d\n", i + 1,
		       (int)psci_call(SMCCC_ARCH_FEATURES, workarounds[i], 0, 0));
		print_call(smccc_hvc, "hvc", workarounds[i]);
		print_call(smccc_smc, "smc", workarounds[i]);
	}
	/* what firmware has counted: tests/system/firmware.S */
	print_call(smccc_smc, "after all smc", 0x82000011);
}

int main(void)
{
	gic_setup();
	print_tree();
	print_memory();
	print_spis();
	print_clock();
	printf("facts: %u CPUs\n", cpu_count());
	print_counters();
	print_calls();
	printf("facts: end\n");
	for (;;) {
		cpu_wfi();
	}
}
