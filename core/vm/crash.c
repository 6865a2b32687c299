/* SPDX-License-Identifier: Apache-2.0 */
/* What is left of a guest that can't go on: its registers and a backtrace, for the log. */
#include "core/vm/crash.h"

#include "core/arm64/sysreg.h"
#include "core/vm/vm.h"
#include "mm/guest_access.h"

#define BACKTRACE_MAX 16

static void log_registers(const struct vcpu *vcpu)
{
	const uint64_t *x = vcpu->regs.x;

	for (uint32_t i = 0; i < 28; i += 4) {
		log_error("  x%-2u %016llx %016llx %016llx %016llx", i, (unsigned long long)x[i],
			  (unsigned long long)x[i + 1], (unsigned long long)x[i + 2],
			  (unsigned long long)x[i + 3]);
	}
	log_error("  x28 %016llx fp  %016llx lr  %016llx", (unsigned long long)x[28],
		  (unsigned long long)x[29], (unsigned long long)x[30]);
	log_error("  pc  %016llx pstate %08llx sp_el1 %016llx sp_el0 %016llx",
		  (unsigned long long)vcpu_pc(vcpu), (unsigned long long)vcpu_pstate(vcpu),
		  (unsigned long long)sysreg_read(sp_el1), (unsigned long long)sysreg_read(sp_el0));
	log_error("  esr_el1 %08llx far_el1 %016llx elr_el1 %016llx vbar_el1 %016llx",
		  (unsigned long long)sysreg_read(esr_el1),
		  (unsigned long long)sysreg_read(far_el1),
		  (unsigned long long)sysreg_read(elr_el1),
		  (unsigned long long)sysreg_read(vbar_el1));
	log_error("  sctlr_el1 %08llx ttbr0_el1 %016llx ttbr1_el1 %016llx",
		  (unsigned long long)sysreg_read(sctlr_el1),
		  (unsigned long long)sysreg_read(ttbr0_el1),
		  (unsigned long long)sysreg_read(ttbr1_el1));
}

/* Frame records as the procedure call standard has them: addresses only, the guest's symbols are
 * its own. */
static void log_backtrace(const struct vcpu *vcpu)
{
	uint64_t fp = vcpu->regs.x[29];

	log_error("  backtrace: %016llx", (unsigned long long)vcpu_pc(vcpu));
	for (uint32_t i = 0; i < BACKTRACE_MAX && fp != 0 && (fp & 7) == 0; i++) {
		uint64_t record[2], ipa;

		if (guest_translate(fp, &ipa) != 0 ||
		    guest_read(vcpu->vm, ipa, record, sizeof(record)) != 0 || record[1] == 0) {
			break;
		}
		log_error("             %016llx", (unsigned long long)record[1]);
		fp = record[0] > fp ? record[0] : 0;
	}
}

void crash_log(const struct vcpu *vcpu, const char *why)
{
	log_error("%s vcpu %u can't go on: %s", vcpu->vm->name, vcpu->index, why);
	log_registers(vcpu);
	log_backtrace(vcpu);
}
