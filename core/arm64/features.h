/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the CPUs can do, read from ID registers at run time: the AND over all CPUs for what guests
 * see, and what EL2 itself decides by. Written at bring-up, one CPU at a time; constant after.
 */
#ifndef CORE_ARM64_FEATURES_H
#define CORE_ARM64_FEATURES_H

#include "core/base/percpu.h"

/* The ID registers whose fields guests may see: op0 3, op1 0, CRn 0, CRm 1-7, op2 0-7. */
#define IDREG_COUNT	      56
#define IDREG_INDEX(crm, op2) (((crm)-1) * 8 + (op2))
#define IDREG_PFR0	      IDREG_INDEX(4, 0)
#define IDREG_PFR1	      IDREG_INDEX(4, 1)
#define IDREG_ZFR0	      IDREG_INDEX(4, 4)
#define IDREG_SMFR0	      IDREG_INDEX(4, 5)
#define IDREG_DFR0	      IDREG_INDEX(5, 0)
#define IDREG_DFR1	      IDREG_INDEX(5, 1)
#define IDREG_AFR0	      IDREG_INDEX(5, 4)
#define IDREG_AFR1	      IDREG_INDEX(5, 5)
#define IDREG_ISAR0	      IDREG_INDEX(6, 0)
#define IDREG_ISAR1	      IDREG_INDEX(6, 1)
#define IDREG_ISAR2	      IDREG_INDEX(6, 2)
#define IDREG_MMFR0	      IDREG_INDEX(7, 0)
#define IDREG_MMFR1	      IDREG_INDEX(7, 1)
#define IDREG_MMFR2	      IDREG_INDEX(7, 2)
#define IDREG_MMFR3	      IDREG_INDEX(7, 3)
#define IDREG_MMFR4	      IDREG_INDEX(7, 4)
#define IDREG_DFR0_32	      IDREG_INDEX(1, 2)
#define IDREG_PFR0_32	      IDREG_INDEX(1, 0)
#define IDREG_PFR1_32	      IDREG_INDEX(1, 1)

/* One CPU's ID registers, as hardware has them. */
struct cpu_id {
	uint64_t midr;
	uint64_t mpidr; /* affinity fields only */
	uint64_t ctr;
	uint64_t idreg[IDREG_COUNT];
};

/* This CPU's; another's may be read once that is up. */
PERCPU_DECLARE(struct cpu_id, cpu_id);

/* Reads this CPU's. */
void cpu_id_read(struct cpu_id *id);

/*
 * The ID register `b` seen together with `a`: for each field the value that claims less, by the
 * rule of the field (unsigned, signed, or "must be equal, else 0"). Pure. `index` as IDREG_INDEX().
 */
uint64_t idreg_and(uint32_t index, uint64_t a, uint64_t b);

/*
 * What a guest is told: the AND over its CPUs with everything hidden that this version does not
 * give it: EL2, EL3, SVE, SME, MTE, PMU, SPE, trace, AMU, MPAM, RAS, nested virtualisation, pointer
 * authentication when keys are not switched. Pure. gicv3: system registers of the interrupt
 * controller are there.
 */
uint64_t idreg_for_guest(uint32_t index, uint64_t value, bool gicv3);

/* What EL2 decides by: true or smallest only if all CPUs have it. */
struct cpu_features {
	struct cpu_id all; /* AND over the CPUs; midr, mpidr, ctr of the boot CPU */
	uint8_t pa_bits;
	bool vhe, vmid16, fwb, crc32, bti, gicv3, ras, sve, sme, mte, hcx, fgt, ecv, evt, pauth,
		pan, mpam, amu;
	bool mixed_ctr; /* CTR_EL0 differs between CPUs */
};
extern struct cpu_features cpu_features;

/* Folds one CPU in. Boot CPU, or the CPU it waits for. */
void features_add(const struct cpu_id *id);

/* "cortex-a57 r1p0" for the banner; unknown ones in figures. Returns buf. */
const char *cpu_model(uint64_t midr, char *buf, size_t size);

/* This CPU has the instructions of FEAT_CRC32: crc32c() with them. */
uint32_t crc32c_instructions(uint32_t crc, const void *data, size_t size);

/*
 * Writes every EL2 register that exists on this CPU and affects EL1, none trusted to its reset
 * value. Each CPU, before it runs a guest.
 */
void cpu_el2_setup(void);

/* This CPU has AArch32 at EL1, and so the registers that hold its state. */
bool cpu_has_aarch32_el1(void);

/* HCR_EL2 for guests on this board; a VM adds what its own state needs. */
uint64_t cpu_guest_hcr(void);

#endif
