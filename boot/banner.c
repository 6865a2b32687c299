/* SPDX-License-Identifier: Apache-2.0 */
/* What this build found. */
#include "boot/banner.h"

#include "boot/smp.h"
#include "core/arm64/errata.h"
#include "core/arm64/features.h"
#include "core/base/format.h"
#include "core/base/printk.h"
#include "core/base/string.h"
#include "drivers/hw/entropy.h"
#include "drivers/hw/psci.h"
#include "irq/hw/gic.h"
#include "timer/deadline.h"
#include "version.h"

#define CPUS_SHOWN 16

/* One of the lines about CPUs; false: there are fewer. */
static bool cpu_line(const struct board *board, uint32_t i, char *text, size_t size)
{
	char model[64];

	if (i >= board->cpu_count) {
		return false;
	}
	if (!smp_is_up(i)) {
		format(text, size, "CPU %-3u MPIDR 0x%llx: not up", i,
		       (unsigned long long)board->cpu[i].mpidr);
	} else {
		format(text, size, "CPU %-3u MPIDR 0x%llx: %s", i,
		       (unsigned long long)board->cpu[i].mpidr,
		       cpu_model(percpu_of(cpu_id, i)->midr, model, sizeof(model)));
	}
	return true;
}

static void memory_line(const struct board *board, uint32_t i, char *text, size_t size)
{
	uint64_t total = 0;

	if (i < board->ram_count) {
		format(text, size, "memory 0x%llx-0x%llx", (unsigned long long)board->ram[i].base,
		       (unsigned long long)(board->ram[i].base + board->ram[i].size - 1));
		return;
	}
	for (uint32_t bank = 0; bank < board->ram_count; bank++) {
		total += board->ram[bank].size;
	}
	format(text, size, "memory: %llu MiB in %u bank%s", (unsigned long long)(total >> 20),
	       board->ram_count, board->ram_count == 1 ? "" : "s");
}

static void features_line(char *out, size_t size)
{
	const struct cpu_features *f = &cpu_features;
	const struct {
		const char *word;
		bool present;
	} features[] = {
		{"VHE", f->vhe},	 {"VMID16", f->vmid16},	  {"FWB", f->fwb},
		{"CRC32", f->crc32},	 {"BTI", f->bti},	  {"PAuth", f->pauth},
		{"RAS", f->ras},	 {"SVE(hidden)", f->sve}, {"SME(hidden)", f->sme},
		{"MTE(hidden)", f->mte}, {"FGT", f->fgt},	  {"ECV", f->ecv},
	};
	const char *before = ", ";
	size_t len =
		(size_t)format(out, size, "features of all CPUs: %u-bit addresses", f->pa_bits);

	for (uint32_t i = 0; i < ARRAY_COUNT(features) && len < size; i++) {
		if (features[i].present) {
			len += (size_t)format(out + len, size - len, "%s%s", before,
					      features[i].word);
			before = " ";
		}
	}
}

/* Those that come first: the version, the image, firmware and what it gives. */
static void head_line(const struct board *board, struct prange image, uint32_t n, char *text,
		      size_t size)
{
	if (n == 0) {
		format(text, size, "Bulkhead %s on %s", BULKHEAD_VERSION, board->model);
	} else if (n == 1) {
		format(text, size, "image 0x%llx-0x%llx", (unsigned long long)image.base,
		       (unsigned long long)(image.base + image.size - 1));
	} else if (n == 2) {
		format(text, size, "random numbers: %s", entropy_source_name());
	} else if (psci_version() != 0) {
		format(text, size, "firmware: PSCI %u.%u by smc", psci_version() >> 16,
		       psci_version() & 0xffff);
	} else {
		format(text, size, "firmware: no PSCI");
	}
}

#define HEAD_LINES 4

bool banner_line(const struct board *board, struct prange image, uint32_t n, char *text,
		 size_t size)
{
	if (n < HEAD_LINES) {
		head_line(board, image, n, text, size);
		return true;
	}
	n -= HEAD_LINES;
	if (cpu_line(board, n, text, size)) {
		return true;
	}
	n -= board->cpu_count;
	if (n <= board->ram_count) {
		memory_line(board, n, text, size);
		return true;
	}
	n -= board->ram_count + 1;
	if (n == 0) {
		gic_describe(text, size);
	} else if (n == 1) {
		features_line(text, size);
	}
	return n <= 1;
}

void banner_print(const struct board *board, struct prange image)
{
	uint32_t last_cpu = HEAD_LINES + CPUS_SHOWN;
	char text[160];

	for (uint32_t n = 0; banner_line(board, image, n, text, sizeof(text)); n++) {
		/* of many CPUs that are up only the first */
		if (n < last_cpu || n >= HEAD_LINES + board->cpu_count ||
		    !smp_is_up(n - HEAD_LINES)) {
			printk_text(LOG_INFO, text, strlen(text));
		}
	}
	if (board->cpu_count > CPUS_SHOWN) {
		log_info("CPUs %u to %u: as those", CPUS_SHOWN, board->cpu_count - 1);
	}
	errata_print(board->cpu_count);
}

static uint32_t us(uint64_t from, uint64_t to)
{
	return (uint32_t)((to - from) * 1000000 / deadline_frequency());
}

void banner_print_times(const struct boot_times *t)
{
	log_info("boot took %u us: board %u, CPUs %u, bundle %u, VMs %u", us(t->start, t->built),
		 us(t->start, t->board), us(t->cpus_begin, t->cpus_end), us(t->cpus_end, t->bundle),
		 us(t->bundle, t->built));
}
