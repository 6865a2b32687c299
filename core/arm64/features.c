/* SPDX-License-Identifier: Apache-2.0 */
/* What the CPUs can do. DDI 0487 D19.2, ID_AA64*_EL1. */
#include "core/arm64/features.h"

#include "core/arm64/sysreg.h"
#include "core/base/format.h"

struct cpu_features cpu_features;
PERCPU(struct cpu_id, cpu_id);

static bool features_known; /* the first CPU has been folded in */

/* Reads CRm 1 to 7, op2 0 to 7: all of them exist, unallocated ones read as zero (DDI 0487
 * D18.3.1). */
#define READ(crm, op2) id->idreg[IDREG_INDEX(crm, op2)] = sysreg_read_raw("s3_0_c0_c" #crm "_" #op2)
#define READ_ROW(crm)                                                                              \
	READ(crm, 0), READ(crm, 1), READ(crm, 2), READ(crm, 3), READ(crm, 4), READ(crm, 5),        \
		READ(crm, 6), READ(crm, 7)

void cpu_id_read(struct cpu_id *id)
{
	id->midr = sysreg_read(midr_el1);
	id->mpidr = sysreg_read(mpidr_el1) & UINT64_C(0xff00ffffff);
	id->ctr = sysreg_read(ctr_el0);
	READ_ROW(1);
	READ_ROW(2);
	READ_ROW(3);
	READ_ROW(4);
	READ_ROW(5);
	READ_ROW(6);
	READ_ROW(7);
}

static uint64_t field(uint32_t index, uint64_t mask)
{
	return FIELD_GET(mask, cpu_features.all.idreg[index]);
}

static void features_decide(void)
{
	static const uint8_t pa_bits[] = {32, 36, 40, 42, 44, 48, 52, 52};
	struct cpu_features *f = &cpu_features;

	f->pa_bits = MIN(pa_bits[field(IDREG_MMFR0, ID_AA64MMFR0_PARANGE) & 7], 48);
	f->vhe = field(IDREG_MMFR1, ID_AA64MMFR1_VH) != 0;
	f->vmid16 = field(IDREG_MMFR1, ID_AA64MMFR1_VMIDBITS) == 2;
	f->fwb = field(IDREG_MMFR2, ID_AA64MMFR2_FWB) != 0;
	f->evt = field(IDREG_MMFR2, ID_AA64MMFR2_EVT) != 0;
	f->crc32 = field(IDREG_ISAR0, ID_AA64ISAR0_CRC32) != 0;
	f->bti = field(IDREG_PFR1, ID_AA64PFR1_BT) != 0;
	f->gicv3 = field(IDREG_PFR0, ID_AA64PFR0_GIC) != 0;
	f->ras = field(IDREG_PFR0, ID_AA64PFR0_RAS) != 0;
	f->sve = field(IDREG_PFR0, ID_AA64PFR0_SVE) != 0;
	f->mpam = field(IDREG_PFR0, ID_AA64PFR0_MPAM) != 0 ||
		  field(IDREG_PFR1, ID_AA64PFR1_MPAM_FRAC) != 0;
	f->amu = field(IDREG_PFR0, ID_AA64PFR0_AMU) != 0;
	f->sme = field(IDREG_PFR1, ID_AA64PFR1_SME) != 0;
	f->mte = field(IDREG_PFR1, ID_AA64PFR1_MTE) != 0;
	f->hcx = field(IDREG_MMFR1, ID_AA64MMFR1_HCX) != 0;
	f->pan = field(IDREG_MMFR1, ID_AA64MMFR1_PAN) != 0;
	f->fgt = field(IDREG_MMFR0, ID_AA64MMFR0_FGT) != 0;
	f->ecv = field(IDREG_MMFR0, ID_AA64MMFR0_ECV) != 0;
	f->pauth = (f->all.idreg[IDREG_ISAR1] & (ID_AA64ISAR1_APA | ID_AA64ISAR1_API |
						 ID_AA64ISAR1_GPA | ID_AA64ISAR1_GPI)) != 0 ||
		   field(IDREG_ISAR2, ID_AA64ISAR2_APA3) != 0;
}

void features_add(const struct cpu_id *id)
{
	struct cpu_features *f = &cpu_features;

	if (!features_known) {
		f->all = *id;
		features_known = true;
	} else {
		for (uint32_t i = 0; i < IDREG_COUNT; i++) {
			f->all.idreg[i] = idreg_and(i, f->all.idreg[i], id->idreg[i]);
		}
		f->mixed_ctr = f->mixed_ctr || f->all.ctr != id->ctr;
	}
	features_decide();
}

static const struct {
	uint16_t part;
	const char *name;
} arm_parts[] = {
	{0xd03, "cortex-a53"},	 {0xd04, "cortex-a35"},	 {0xd05, "cortex-a55"},
	{0xd07, "cortex-a57"},	 {0xd08, "cortex-a72"},	 {0xd09, "cortex-a73"},
	{0xd0a, "cortex-a75"},	 {0xd0b, "cortex-a76"},	 {0xd0c, "neoverse-n1"},
	{0xd40, "neoverse-v1"},	 {0xd41, "cortex-a78"},	 {0xd42, "cortex-a78ae"},
	{0xd47, "cortex-a710"},	 {0xd49, "neoverse-n2"}, {0xd46, "cortex-a510"},
	{0xd0e, "cortex-a76ae"},
};

const char *cpu_model(uint64_t midr, char *buf, size_t size)
{
	uint32_t implementer = (midr >> 24) & 0xff, part = (midr >> 4) & 0xfff;
	uint32_t major = (midr >> 20) & 0xf, minor = midr & 0xf;

	for (uint32_t i = 0; implementer == 0x41 && i < ARRAY_COUNT(arm_parts); i++) {
		if (arm_parts[i].part == part) {
			format(buf, size, "%s r%up%u", arm_parts[i].name, major, minor);
			return buf;
		}
	}
	format(buf, size, "implementer 0x%02x part 0x%03x r%up%u", implementer, part, major, minor);
	return buf;
}
