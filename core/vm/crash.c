/* SPDX-License-Identifier: Apache-2.0 */
/* What is left of a guest that can't go on: its registers and a backtrace, for the log. */
#include "core/vm/crash.h"

#include "core/arm64/sysreg.h"
#include "core/base/format.h"
#include "core/vm/vm.h"
#include "mm/guest_access.h"

#define BACKTRACE_MAX 16
#define REGISTER_ROWS 7 /* of four general registers; the last three have one of their own */

/* A row is formatted in one step and written in the next. */
static void PRINTF_LIKE(2, 3) say(struct vcpu *vcpu, const char *fmt, ...)
{
	struct crash_job *crash = &vcpu->crash;
	va_list args;
	int len;

	va_start(args, fmt);
	len = format_v(crash->text, sizeof(crash->text), fmt, args);
	va_end(args);
	crash->len = MIN((uint32_t)len, (uint32_t)sizeof(crash->text) - 1);
}

static void log_general(struct vcpu *vcpu, uint32_t n)
{
	const uint64_t *x = &vcpu->regs.x[n];

	say(vcpu, "  x%-2u %016llx %016llx %016llx %016llx", n, (unsigned long long)x[0],
	    (unsigned long long)x[1], (unsigned long long)x[2], (unsigned long long)x[3]);
}

static void log_system(struct vcpu *vcpu, uint32_t row)
{
	const uint64_t *x = vcpu->regs.x;

	switch (row) {
	case 0:
		say(vcpu, "  x28 %016llx fp  %016llx lr  %016llx", (unsigned long long)x[28],
		    (unsigned long long)x[29], (unsigned long long)x[30]);
		break;
	case 1:
		say(vcpu, "  pc  %016llx pstate %08llx sp_el1 %016llx sp_el0 %016llx",
		    (unsigned long long)vcpu_pc(vcpu), (unsigned long long)vcpu_pstate(vcpu),
		    (unsigned long long)sysreg_read(sp_el1),
		    (unsigned long long)sysreg_read(sp_el0));
		break;
	case 2:
		say(vcpu, "  esr_el1 %08llx far_el1 %016llx elr_el1 %016llx vbar_el1 %016llx",
		    (unsigned long long)sysreg_read(esr_el1),
		    (unsigned long long)sysreg_read(far_el1),
		    (unsigned long long)sysreg_read(elr_el1),
		    (unsigned long long)sysreg_read(vbar_el1));
		break;
	case 3:
		say(vcpu, "  sctlr_el1 %08llx ttbr0_el1 %016llx ttbr1_el1 %016llx",
		    (unsigned long long)sysreg_read(sctlr_el1),
		    (unsigned long long)sysreg_read(ttbr0_el1),
		    (unsigned long long)sysreg_read(ttbr1_el1));
		break;
	default:
		say(vcpu, "  backtrace: %016llx", (unsigned long long)vcpu_pc(vcpu));
		break;
	}
}
#define SYSTEM_ROWS 5

/* A frame record as the procedure call standard has it: addresses only, the guest's symbols are its
 * own. False: there is none. */
static bool log_frame(struct vcpu *vcpu, uint64_t *fp)
{
	uint64_t record[2], ipa;

	if (*fp == 0 || (*fp & 7) != 0 || guest_translate(*fp, &ipa) != 0 ||
	    guest_read(vcpu->vm, ipa, record, sizeof(record)) != 0 || record[1] == 0) {
		return false;
	}
	say(vcpu, "             %016llx", (unsigned long long)record[1]);
	*fp = record[0] > *fp ? record[0] : 0;
	return true;
}

void crash_begin(struct vcpu *vcpu, const char *why)
{
	vcpu->crash.why = why;
	vcpu->crash.line = vcpu->crash.len = 0;
	vcpu->crash.fp = vcpu->regs.x[29];
}

bool crash_log_step(struct vcpu *vcpu)
{
	struct crash_job *crash = &vcpu->crash;
	uint32_t line;

	if (crash->len != 0) {
		printk_text(LOG_ERROR, crash->text, crash->len);
		crash->len = 0;
		return false;
	}
	line = crash->line++;
	if (line == 0) {
		say(vcpu, "%s vcpu %u can't go on: %s%s", vcpu->vm->name, vcpu->index, crash->why,
		    crash->tail.text);
		return false;
	}
	line--;
	if (line < REGISTER_ROWS) {
		log_general(vcpu, 4 * line);
		return false;
	}
	line -= REGISTER_ROWS;
	if (line < SYSTEM_ROWS) {
		log_system(vcpu, line);
		return false;
	}
	return line - SYSTEM_ROWS == BACKTRACE_MAX || !log_frame(vcpu, &crash->fp);
}
