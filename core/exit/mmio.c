/* SPDX-License-Identifier: Apache-2.0 */
/* Stage-2 data aborts. */
#include "core/exit/mmio.h"

#include "core/arm64/sysreg.h"
#include "core/base/errno.h"
#include "core/exit/insn.h"
#include "core/vm/vm.h"
#include "mm/guest_access.h"

/* The access is not over. */
static bool is_again(int err)
{
	return err == -EAGAIN || err == -EBUSY;
}

static enum exit_action action_of(int err)
{
	switch (err) {
	case 0:
		return EXIT_ADVANCE;
	case -EAGAIN:
		return EXIT_RETRY;
	case -EBUSY:
		return EXIT_RESUME;
	default:
		return EXIT_INJECT_DABT;
	}
}

/* One register to or from the model; its result goes to *loaded. */
static int access_register(struct vcpu *vcpu, const struct mmio_access *access, uint64_t *loaded)
{
	struct mmio_target to;
	uint64_t value = 0;
	int err = mmio_aim(vcpu, access->ipa, access->size, &to);

	if (err != 0) {
		return err;
	}
	if (access->write) {
		value = vcpu_reg(vcpu, access->rt) & (UINT64_MAX >> (64 - 8 * access->size));
		return to.ops->write(vcpu, to.dev, to.off, access->size, value);
	}
	err = to.ops->read(vcpu, to.dev, to.off, access->size, &value);
	*loaded = mmio_extend_load(access->size, access->sign_extend, access->sf, value);
	return err;
}

static void complain(struct vcpu *vcpu, uint64_t ipa, bool write, const char *why)
{
	vm_complain(vcpu, "%s at ipa 0x%llx (va 0x%llx): %s", write ? "store" : "load",
		    (unsigned long long)ipa, (unsigned long long)sysreg_read(far_el2), why);
}

static const char *reason(int err)
{
	switch (err) {
	case -ENODEV:
		return "nothing is there; external abort";
	case -EACCES:
		return "it may only be read there; external abort";
	case -EINVAL:
		return "the device takes no access of this size or alignment; external abort";
	default:
		return "the device refuses it; external abort";
	}
}

static uint64_t base_value(const struct vcpu *vcpu, uint32_t rn)
{
	if (rn != 31) {
		return vcpu->regs.x[rn];
	}
	/* the stack pointer in use: SP_EL0 at EL0 and where SPSel is 0 */
	return (vcpu_pstate(vcpu) & (BIT(0) | BIT(2))) == (BIT(0) | BIT(2)) ? sysreg_read(sp_el1) :
									      sysreg_read(sp_el0);
}

static void set_base(struct vcpu *vcpu, uint32_t rn, uint64_t value)
{
	if (rn != 31) {
		vcpu->regs.x[rn] = value;
	} else if ((vcpu_pstate(vcpu) & (BIT(0) | BIT(2))) == (BIT(0) | BIT(2))) {
		sysreg_write(sp_el1, value);
	} else {
		sysreg_write(sp_el0, value);
	}
}

static bool fetch_instruction(struct vcpu *vcpu, uint32_t *insn)
{
	uint64_t ipa;

	return (vcpu_pstate(vcpu) & SPSR_M_AARCH32) == 0 &&
	       guest_translate(vcpu_pc(vcpu), &ipa) == 0 &&
	       guest_read(vcpu->vm, ipa, insn, sizeof(*insn)) == 0;
}

/* Carries out a decoded pair or indexed form whose first byte is at `ipa`. */
static int run_instruction(struct vcpu *vcpu, const struct insn_access *insn, uint64_t ipa)
{
	const uint8_t target[2] = {insn->rt, insn->rt2};
	uint64_t loaded[2] = {0, 0};
	struct mmio_access access = {
		.ipa = ipa,
		.size = insn->size,
		.write = insn->write,
		.sign_extend = insn->sign_extend,
		.sf = insn->sf,
	};

	for (uint32_t i = 0; i < insn->count; i++) {
		int err;

		access.rt = target[i];
		err = access_register(vcpu, &access, &loaded[i]);
		if (err != 0) {
			return err;
		}
		access.ipa += insn->size;
	}
	for (uint32_t i = 0; i < insn->count && !insn->write; i++) {
		vcpu_set_reg(vcpu, target[i], loaded[i]);
	}
	if (insn->write_back) {
		set_base(vcpu, insn->rn, base_value(vcpu, insn->rn) + (uint64_t)insn->offset);
	}
	return 0;
}

/* No valid syndrome: pairs and write-back forms are decoded, everything else gets an abort. */
static int decode_and_run(struct vcpu *vcpu, uint64_t ipa)
{
	struct insn_access insn;
	uint64_t address;
	uint32_t word;

	if (!fetch_instruction(vcpu, &word) || insn_decode(word, &insn) != 0) {
		return -ENOSYS;
	}
	/* the guest may have changed the instruction since: it must be the one that faulted */
	address = base_value(vcpu, insn.rn) + (insn.post_index ? 0 : (uint64_t)insn.offset);
	if ((address & (PAGE_SIZE - 1)) != (ipa & (PAGE_SIZE - 1)) ||
	    (address & (insn.size - 1U)) != 0) {
		return -ENOSYS;
	}
	return run_instruction(vcpu, &insn, ipa);
}

static bool is_emulated_abort(uint64_t esr)
{
	/* translation, access flag and permission faults are types 1 to 3, with two bits of level
	 */
	return FIELD_GET(ESR_FSC_TYPE, esr) - FSC_TRANSLATION <= FSC_PERMISSION - FSC_TRANSLATION &&
	       (esr & (ESR_S1PTW | ESR_FNV | ESR_DABT_CM)) == 0;
}

/* Everything that is no plain load or store of one register at a device. */
static enum exit_action abort_slowly(struct vcpu *vcpu, uint64_t esr, uint64_t ipa)
{
	bool write = (esr & ESR_DABT_WNR) != 0;
	int err;

	if (!is_emulated_abort(esr)) {
		/* a table walk, a cache operation, an error from the bus: not for a model */
		complain(vcpu, ipa, write,
			 (esr & ESR_S1PTW) != 0 ?
				 "its page tables lie where no RAM is; external abort" :
				 "no RAM is there; external abort");
		return EXIT_INJECT_DABT;
	}
	if (mmio_map_find(&vcpu->vm->mmio, ipa) == NULL) {
		err = FIELD_GET(ESR_FSC_TYPE, esr) == FSC_PERMISSION ? -EACCES : -ENODEV;
	} else {
		err = (esr & ESR_DABT_ISV) != 0 ? -EINVAL : decode_and_run(vcpu, ipa);
	}
	if (err != 0 && !is_again(err)) {
		complain(vcpu, ipa, write,
			 err == -ENOSYS ? "this instruction can't be emulated; external abort" :
					  reason(err));
	}
	return action_of(err);
}

enum exit_action mmio_abort_slowly(struct vcpu *vcpu, uint64_t esr, int err)
{
	return is_again(err) ? action_of(err) : abort_slowly(vcpu, esr, mmio_fault_ipa());
}
