/* SPDX-License-Identifier: Apache-2.0 */
/* Exceptions: record and step over the expected ones, dump and stop at the others. */
#include "tests/guest/lib/exc.h"

#include "tests/guest/lib/console.h"
#include "tests/guest/lib/cpu.h"
#include "tests/guest/lib/psci.h"

/* Vector slots: four of each origin (EL1 with SP0, EL1, EL0 64-bit, EL0 32-bit). */
enum {
	SLOT_SYNC,
	SLOT_IRQ,
	SLOT_FIQ,
	SLOT_SERROR,
	SLOT_KINDS
};
enum {
	FROM_EL1_SP0,
	FROM_EL1,
	FROM_EL0,
	FROM_EL0_32
};

static exc_hook_fn exc_hook;
static exc_irq_fn exc_irq;

/* start.S */
uint64_t user_enter(uint64_t pc, uint64_t sp, uint64_t arg, uint64_t spsr, uint64_t *save);
void user_leave(uint64_t saved_sp, uint64_t value);

void exc_begin(void)
{
	struct cpu *cpu = cpu_this();

	cpu->exc = (struct exc_record){0};
	cpu->exc_expected = true;
	__asm__ volatile("" ::: "memory");
}

struct exc_record exc_end(void)
{
	struct cpu *cpu = cpu_this();

	/* Aborts of device writes may be asynchronous: they belong to what was just tried. */
	dsb(sy);
	isb();
	cpu->exc_expected = false;
	return cpu->exc;
}

void exc_set_hook(exc_hook_fn hook)
{
	exc_hook = hook;
}

void exc_set_irq(exc_irq_fn fn)
{
	exc_irq = fn;
}

uint64_t exc_run_user(uint64_t pc, uint64_t sp, uint64_t arg, uint64_t spsr_extra)
{
	uint64_t daif = sysreg_read(daif);
	/* masked; bit 9 is D in AArch64 state, but big-endian data in AArch32 state */
	uint64_t masks = (spsr_extra & SPSR_M_AARCH32) != 0 ? 0x1c0 : 0x3c0;
	uint64_t ret = user_enter(pc, sp, arg, masks | spsr_extra, &cpu_this()->user_sp);

	sysreg_write(daif, daif);
	return ret;
}

static __attribute__((noreturn)) void exc_fatal(const struct exc_frame *f, unsigned int slot)
{
	static const char *const kinds[] = {"synchronous exception", "IRQ", "FIQ", "SError"};

	printf("\nBail out! unexpected %s from EL%u on CPU %u\n", kinds[slot % SLOT_KINDS],
	       slot / SLOT_KINDS < FROM_EL0, cpu_this()->index);
	printf("# ESR %016lx (EC %02lx) FAR %016lx\n", f->esr, FIELD_GET(ESR_EC, f->esr), f->far);
	printf("# PC  %016lx SPSR %08lx SP %016lx\n", f->elr, f->spsr, (uint64_t)(f + 1));
	for (unsigned int i = 0; i < 31; i++) {
		printf("%s x%u %016lx%s", i % 4 ? "" : "#", i, f->x[i],
		       i % 4 == 3 || i == 30 ? "\n" : "");
	}
	psci_system_off();
}

static void exc_record(struct exc_record *r, const struct exc_frame *f)
{
	r->esr = f->esr;
	r->far = f->far;
	r->elr = f->elr;
	r->spsr = f->spsr;
}

static bool exc_skip(struct cpu *cpu, struct exc_frame *f)
{
	if (!cpu->exc_expected) {
		return false;
	}
	cpu->exc.count++;
	exc_record(&cpu->exc, f);
	switch (FIELD_GET(ESR_EC, f->esr)) {
	case EC_IABT:
	case EC_IABT_EL0:
	case EC_PC_ALIGN:
		f->elr = f->x[30];
		break;
	case EC_ILLEGAL:
		f->spsr &=
			~SPSR_IL; /* that the return set; the instruction itself was never tried */
		break;
	case EC_SVC:
	case EC_HVC:
		break; /* the preferred return address is already past it */
	default:
		f->elr += 4;
		break;
	}
	return true;
}

void exc_dispatch(struct exc_frame *f, unsigned int slot)
{
	struct cpu *cpu = cpu_this();

	switch (slot % SLOT_KINDS) {
	case SLOT_SYNC:
		if (exc_hook && exc_hook(f)) {
			return;
		}
		if ((slot / SLOT_KINDS == FROM_EL0 && FIELD_GET(ESR_EC, f->esr) == EC_SVC) ||
		    (slot / SLOT_KINDS == FROM_EL0_32 && FIELD_GET(ESR_EC, f->esr) == EC_SVC32)) {
			user_leave(cpu->user_sp, f->x[0]);
		}
		if (exc_skip(cpu, f)) {
			return;
		}
		break;
	case SLOT_IRQ:
	case SLOT_FIQ:
		if (exc_irq) {
			exc_irq(f, slot % SLOT_KINDS == SLOT_FIQ);
			return;
		}
		break;
	default:
		if (cpu->exc_expected) {
			cpu->exc.serror_count++;
			exc_record(&cpu->exc, f);
			return;
		}
		break;
	}
	exc_fatal(f, slot);
}
