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

static void print_cpus(const struct board *board)
{
	char model[64];

	for (uint32_t i = 0; i < board->cpu_count; i++) {
		if (!smp_is_up(i)) {
			log_info("CPU %-3u MPIDR 0x%llx: not up", i,
				 (unsigned long long)board->cpu[i].mpidr);
		} else if (i < CPUS_SHOWN) {
			log_info("CPU %-3u MPIDR 0x%llx: %s", i,
				 (unsigned long long)board->cpu[i].mpidr,
				 cpu_model(percpu_of(cpu_id, i)->midr, model, sizeof(model)));
		}
	}
	if (board->cpu_count > CPUS_SHOWN) {
		log_info("CPUs %u to %u: as those", CPUS_SHOWN, board->cpu_count - 1);
	}
}

static void print_memory(const struct board *board)
{
	uint64_t total = 0;

	for (uint32_t i = 0; i < board->ram_count; i++) {
		total += board->ram[i].size;
		log_info("memory 0x%llx-0x%llx", (unsigned long long)board->ram[i].base,
			 (unsigned long long)(board->ram[i].base + board->ram[i].size - 1));
	}
	log_info("memory: %llu MiB in %u bank%s", (unsigned long long)(total >> 20),
		 board->ram_count, board->ram_count == 1 ? "" : "s");
}

static void append(char *text, size_t size, const char *word, bool present)
{
	size_t len = strlen(text);

	if (present) {
		format(text + len, size - len, "%s%s", len == 0 ? "" : " ", word);
	}
}

static void print_features(void)
{
	const struct cpu_features *f = &cpu_features;
	char text[160] = "";

	append(text, sizeof(text), "VHE", f->vhe);
	append(text, sizeof(text), "VMID16", f->vmid16);
	append(text, sizeof(text), "FWB", f->fwb);
	append(text, sizeof(text), "CRC32", f->crc32);
	append(text, sizeof(text), "BTI", f->bti);
	append(text, sizeof(text), "PAuth", f->pauth);
	append(text, sizeof(text), "RAS", f->ras);
	append(text, sizeof(text), "SVE(hidden)", f->sve);
	append(text, sizeof(text), "SME(hidden)", f->sme);
	append(text, sizeof(text), "MTE(hidden)", f->mte);
	append(text, sizeof(text), "FGT", f->fgt);
	append(text, sizeof(text), "ECV", f->ecv);
	log_info("features of all CPUs: %u-bit addresses%s%s", f->pa_bits,
		 text[0] == '\0' ? "" : ", ", text);
}

void banner_print(const struct board *board, struct prange image)
{
	char text[128];

	log_info("Bulkhead %s on %s", BULKHEAD_VERSION, board->model);
	log_info("image 0x%llx-0x%llx", (unsigned long long)image.base,
		 (unsigned long long)(image.base + image.size - 1));
	if (psci_version() != 0) {
		log_info("firmware: PSCI %u.%u by smc", psci_version() >> 16,
			 psci_version() & 0xffff);
	}
	log_info("random numbers: %s", entropy_source_name());
	print_cpus(board);
	print_memory(board);
	log_info("%s", gic_describe(text, sizeof(text)));
	print_features();
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
