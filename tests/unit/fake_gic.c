/* SPDX-License-Identifier: Apache-2.0 */
/* A machine for the vgic's tests. IHI 0069H 4.8, 6.2 and 12.4. */
#include "tests/unit/fake_gic.h"

#include <stdlib.h>
#include <string.h>

#include "core/arm64/sysreg.h"
#include "core/base/errno.h"
#include "irq/hw/gic.h"
#include "irq/hw/ich.h"
#include "irq/vgic/vlpi.h"
#include "tests/fuzz/fuzz.h"

#define MISR_EOI   BIT(0)
#define MISR_U	   BIT(1)
#define MISR_LRENP BIT(2)
#define MISR_NP	   BIT(3)

#define ROUNDS_MAX	  200 /* of the run loop: more is a livelock */
#define ACCESS_ROUNDS_MAX 24  /* of an access: some gather, then a word's eight pieces */

struct fake_cpu {
	uint64_t lr[VGIC_LR_MAX];
	/* as ICH_ELRSR_EL2 and ICH_EISR_EL2 tell of them: writes may be seen there no sooner than
	 * at the next context synchronization (IHI 0069H 12.1) */
	uint64_t told[VGIC_LR_MAX];
	uint64_t hcr;
	uint32_t active_priorities; /* bit per level of 8 */
	bool split;
	uint32_t lost_eois;
	uint32_t phys_level, phys_active, phys_enabled; /* private interrupts that are linked */
	bool in_guest; /* not in the run loop: an exit may end where it began */
	bool at_el2;   /* an exit has begun and the guest was not entered since */
};

struct vm fake_vm;
static struct vcpu vcpus[FAKE_VCPU_MAX];
static struct vcpu *vcpu_table[FAKE_VCPU_MAX];
static struct fake_cpu cpus[FAKE_VCPU_MAX];
static uint32_t here; /* the CPU that runs now */
static uint32_t lr_count;
static bool short_ways, lpis_stay;
static uint32_t short_count, middle_count;
static uint32_t lr_accesses, longest_step, step_count;

struct vcpu *fake_vcpu(uint32_t i)
{
	return &vcpus[i];
}

/* -- irq/hw/ich.h -- */

static uint32_t state_of(uint64_t lr)
{
	return (uint32_t)(lr >> 62);
}

static uint32_t priority_of(uint64_t lr)
{
	return (uint32_t)(lr >> 48) & 0xff;
}

uint64_t ich_lr_read(uint32_t n)
{
	lr_accesses++;
	PROMISE(n < lr_count);
	return cpus[here].lr[n];
}

void ich_lr_write(uint32_t n, uint64_t value)
{
	lr_accesses++;
	PROMISE(n < lr_count);
	cpus[here].lr[n] = value;
	if (state_of(value) == 0) {
		return;
	}
	/* active and pending with HW is UNPREDICTABLE; two registers with one INTID too */
	PROMISE((value & ICH_LR_HW) == 0 || state_of(value) != 3);
	for (uint32_t i = 0; i < lr_count; i++) {
		PROMISE(i == n || state_of(cpus[here].lr[i]) == 0 ||
			(uint32_t)cpus[here].lr[i] != (uint32_t)value);
	}
}

/* An isb, or an exception's entry or return. */
static void synchronize(struct fake_cpu *cpu)
{
	memcpy(cpu->told, cpu->lr, sizeof(cpu->told));
}

static void exit_guest(uint32_t i)
{
	if (!cpus[i].at_el2) {
		synchronize(&cpus[i]);
		cpus[i].at_el2 = true;
	}
}

static void enter_guest(uint32_t i)
{
	synchronize(&cpus[i]);
	cpus[i].at_el2 = false;
}

void host_isb(void)
{
	synchronize(&cpus[here]);
}

static uint32_t eoi_of(const uint64_t *lrs)
{
	uint32_t bits = 0;

	for (uint32_t i = 0; i < lr_count; i++) {
		bits |= (uint32_t)(state_of(lrs[i]) == 0 && (lrs[i] & ICH_LR_HW) == 0 &&
				   (lrs[i] & ICH_LR_EOI) != 0)
			<< i;
	}
	return bits;
}

uint32_t ich_eoi(void)
{
	return eoi_of(cpus[here].told);
}

uint32_t ich_empty(void)
{
	uint32_t bits = 0;

	for (uint32_t i = 0; i < lr_count; i++) {
		uint64_t lr = cpus[here].told[i];

		bits |= (uint32_t)(state_of(lr) == 0 &&
				   ((lr & ICH_LR_HW) != 0 || (lr & ICH_LR_EOI) == 0))
			<< i;
	}
	return bits;
}

void ich_hcr_write(uint64_t hcr)
{
	cpus[here].hcr = hcr & ~ICH_HCR_EOICOUNT;
	cpus[here].lost_eois = (uint32_t)FIELD_GET(ICH_HCR_EOICOUNT, hcr);
}

uint64_t ich_hcr_read(void)
{
	return cpus[here].hcr | FIELD_PREP(ICH_HCR_EOICOUNT, cpus[here].lost_eois);
}

void ich_vmcr_write(uint64_t vmcr)
{
	cpus[here].split = (vmcr & ICH_VMCR_VEOIM) != 0;
}

uint64_t ich_vmcr_read(void)
{
	return cpus[here].split ? ICH_VMCR_VEOIM : 0;
}

void ich_clear_active_priorities(void)
{
	cpus[here].active_priorities = 0;
}

bool ich_is_idle(void)
{
	return cpus[here].active_priorities == 0;
}

void ich_hide(void)
{
}

void ich_save(struct vif_saved *saved, uint32_t used)
{
	for (uint32_t n = 0; n < lr_count; n++) {
		/* what is not in use is empty */
		PROMISE(((used >> n) & 1) != 0 || state_of(cpus[here].lr[n]) == 0);
		saved->lr[n] = cpus[here].lr[n];
		cpus[here].lr[n] = 0;
	}
	saved->hcr = ich_hcr_read();
	saved->vmcr = ich_vmcr_read();
	saved->ap1r[0] = cpus[here].active_priorities;
	ich_hcr_write(0);
}

void ich_load(const struct vif_saved *saved, uint32_t used)
{
	cpus[here].active_priorities = saved->ap1r[0];
	ich_vmcr_write(saved->vmcr);
	for (uint32_t n = 0; n < lr_count; n++) {
		if (((used >> n) & 1) != 0) {
			ich_lr_write(n, saved->lr[n]);
		}
	}
	ich_hcr_write(saved->hcr);
}

bool ich_traps_dir(void)
{
	return true;
}

/* -- the rest of the hardware -- */

/* The board's SPIs from FAKE_PSPI on, bit each. */
static struct {
	uint32_t edge, enabled, line, latch, active;
	uint32_t cpu[32]; /* where it goes */
} board;

static uint32_t spi_bit(uint32_t pintid)
{
	PROMISE(pintid >= FAKE_PSPI && pintid < FAKE_PSPI + 32);
	return UINT32_C(1) << (pintid - FAKE_PSPI);
}

void gic_deactivate(uint32_t intid)
{
	if (intid < INTID_SPI) {
		cpus[here].phys_active &= ~(1U << intid);
	} else {
		board.active &= ~spi_bit(intid);
	}
}

void gic_set_ppi_active(uint32_t intid, bool active)
{
	cpus[here].phys_active = (cpus[here].phys_active & ~(1U << intid)) | (uint32_t)active
										     << intid;
}

void gic_deactivate_spi(uint32_t intid)
{
	board.active &= ~spi_bit(intid);
}

void gic_set_spi_trigger(uint32_t intid, bool edge)
{
	board.edge = edge ? board.edge | spi_bit(intid) : board.edge & ~spi_bit(intid);
}

void gic_set_spi_enable(uint32_t intid, bool on)
{
	board.enabled = on ? board.enabled | spi_bit(intid) : board.enabled & ~spi_bit(intid);
}

void gic_route_spi(uint32_t intid, uint64_t mpidr)
{
	board.cpu[(intid - FAKE_PSPI) % 32] = (uint32_t)mpidr;
}

static uint32_t spis_pending(void)
{
	return board.latch | (board.line & ~board.edge);
}

bool gic_spi_is_pending(uint32_t intid)
{
	return (spis_pending() & spi_bit(intid)) != 0;
}

void gic_clear_spi_pending(uint32_t intid)
{
	board.latch &= ~spi_bit(intid);
}

void fake_spi_line(uint32_t pintid, bool level)
{
	board.latch |= level ? board.edge & ~board.line & spi_bit(pintid) : 0;
	board.line = level ? board.line | spi_bit(pintid) : board.line & ~spi_bit(pintid);
}

bool fake_spi_is_active(uint32_t pintid)
{
	return (board.active & spi_bit(pintid)) != 0;
}

bool fake_spi_is_enabled(uint32_t pintid)
{
	return (board.enabled & spi_bit(pintid)) != 0;
}

uint32_t fake_spi_cpu(uint32_t pintid)
{
	return board.cpu[(pintid - FAKE_PSPI) % 32];
}

/* One that goes to this CPU is acknowledged, as irq_handle() does. */
static bool take_spi(uint32_t i)
{
	uint32_t fires = spis_pending() & board.enabled & ~board.active;

	for (uint32_t bit = 0; bit < 32; bit++) {
		if (((fires >> bit) & 1) != 0 && board.cpu[bit] == i) {
			board.active |= UINT32_C(1) << bit;
			board.latch &= ~(UINT32_C(1) << bit);
			if (!vgic_linked_interrupt(FAKE_PSPI + bit)) {
				gic_deactivate(FAKE_PSPI + bit);
			}
			return true;
		}
	}
	return false;
}

bool fake_level(struct vcpu *vcpu, uint32_t intid)
{
	/* another CPU's timer can't be seen; one in memory can */
	PROMISE(vcpu->index == here || !vcpu->vgic.here);
	return ((cpus[vcpu->index].phys_level >> intid) & 1) != 0;
}

void fake_linked_level(uint32_t i, uint32_t intid, bool level)
{
	cpus[i].phys_enabled |= 1U << intid;
	cpus[i].phys_level = (cpus[i].phys_level & ~(1U << intid)) | (uint32_t)level << intid;
}

bool fake_physically_active(uint32_t i, uint32_t intid)
{
	return ((cpus[i].phys_active >> intid) & 1) != 0;
}

void vcpu_post(struct vcpu *vcpu, uint32_t events)
{
	atomic_fetch_or(&vcpu->events, events);
}

struct vm *vm_by_id(uint32_t id)
{
	return id == fake_vm.id ? &fake_vm : NULL;
}

struct vcpu *vcpu_loaded(void)
{
	return vcpus[here].vgic.here ? &vcpus[here] : NULL;
}

uint64_t gic_sgi_target(uint64_t mpidr)
{
	return FIELD_PREP(SGI1R_AFF3, (mpidr >> 32) & 0xff) | FIELD_PREP(SGI1R_AFF2, mpidr >> 16) |
	       FIELD_PREP(SGI1R_AFF1, mpidr >> 8) | FIELD_PREP(SGI1R_RS, mpidr >> 4) |
	       BIT(mpidr & 0xf);
}

static uint64_t maintenance(const struct fake_cpu *cpu)
{
	uint32_t valid = 0, pending = 0;
	uint64_t misr = eoi_of(cpu->lr) != 0 ? MISR_EOI : 0;

	for (uint32_t i = 0; i < lr_count; i++) {
		valid += state_of(cpu->lr[i]) != 0;
		pending += state_of(cpu->lr[i]) == 1;
	}
	misr |= (cpu->hcr & ICH_HCR_UIE) != 0 && valid <= 1 ? MISR_U : 0;
	misr |= (cpu->hcr & ICH_HCR_NPIE) != 0 && pending == 0 ? MISR_NP : 0;
	misr |= (cpu->hcr & ICH_HCR_LRENPIE) != 0 && cpu->lost_eois != 0 ? MISR_LRENP : 0;
	return (cpu->hcr & ICH_HCR_EN) != 0 ? misr : 0;
}

/* -- the run loop -- */

void fake_short_ways(bool on)
{
	short_ways = on;
}

uint32_t fake_short_count(void)
{
	return short_count;
}

uint32_t fake_longest_step(uint32_t *count)
{
	*count = step_count;
	return longest_step;
}

uint32_t fake_middle_count(void)
{
	return middle_count;
}

/* Around what may go the middle way. One that is held never does; and nobody else lists a private
 * interrupt there. */
static uint32_t middle_begins(struct vcpu *vcpu)
{
	if (!short_ways) {
		vcpu->hold |= VCPU_HOLD_STANDBY;
	}
	return vcpu->vgic.bank.listed;
}

static void middle_ends(struct vcpu *vcpu, uint32_t listed)
{
	vcpu->hold &= ~(uint32_t)VCPU_HOLD_STANDBY;
	middle_count += (vcpu->vgic.bank.listed & ~listed) != 0;
}

/* As irq_take() does in the run loop, and irq_take_in_guest() on the way out of a guest. */
static bool take_physical(struct vcpu *vcpu, bool in_guest)
{
	struct fake_cpu *cpu = &cpus[vcpu->index];
	uint32_t fires = cpu->phys_level & cpu->phys_enabled & ~cpu->phys_active;
	uint32_t intid, listed;

	if (take_spi(vcpu->index)) {
		return true;
	}
	if (fires == 0 || !vcpu->vgic.on) {
		return false;
	}
	intid = (uint32_t)__builtin_ctz(fires);
	cpu->phys_active |= 1U << intid;
	if (in_guest && vgic_list_again(vcpu, intid)) {
		short_count++;
	} else {
		listed = middle_begins(vcpu);
		vgic_take_linked(vcpu, intid);
		middle_ends(vcpu, listed);
	}
	return true;
}

/* Exits from the guest, as long as each ends with its being entered again: what exit.c does. False:
 * the run loop is asked. */
static bool stays_in_guest(struct vcpu *vcpu)
{
	for (uint32_t round = 0;; round++) {
		bool interrupted = true;
		uint32_t listed;

		PROMISE(round < ROUNDS_MAX);
		exit_guest(vcpu->index);
		if (maintenance(&cpus[vcpu->index]) != 0) {
			vgic_maintenance(vcpu);
		} else {
			interrupted = take_physical(vcpu, true);
		}
		if (vcpu_wants_attention(vcpu)) {
			bool taken, posted = (vcpu->events & VCPU_EVENT_VGIC) != 0;

			listed = middle_begins(vcpu);
			taken = vgic_take_events(vcpu);
			middle_ends(vcpu, listed);
			if (!taken) {
				return false;
			}
			short_count += !posted && vcpu->vgic.bank.listed == listed;
		} else if (!interrupted) {
			enter_guest(vcpu->index);
			return true;
		}
		enter_guest(vcpu->index);
	}
}

void fake_put_away(uint32_t i)
{
	uint32_t before = here;

	if (!vcpus[i].vgic.here) {
		return;
	}
	here = i;
	exit_guest(i);
	cpus[i].in_guest = false;
	vgic_cpu_save(&vcpus[i]);
	/* nothing is left here for the next one, which leaves nothing here either, but in registers
	   that are loaded always */
	PROMISE(cpus[i].phys_active == 0 && maintenance(&cpus[i]) == 0);
	cpus[i].active_priorities = UINT32_MAX;
	cpus[i].split = !cpus[i].split;
	synchronize(&cpus[i]);
	here = before;
}

void fake_bring(uint32_t i)
{
	uint32_t before = here;

	here = i;
	if (vcpus[i].vgic.on && !vcpus[i].vgic.here) {
		vgic_cpu_load(&vcpus[i]);
	}
	here = before;
}

/* Those whose CPUs run something else do not answer. */
static void others_run(void)
{
	for (uint32_t i = 0; i < fake_vm.vcpu_count; i++) {
		if (vcpus[i].vgic.here) {
			fake_run(i);
		}
	}
}

static uint32_t posted_count(const struct vcpu *vcpu)
{
	uint32_t count = 0;

	for (uint32_t n = 0; n < VGIC_BANK_MAX; n++) {
		count += bits_count(vcpu->vgic.todo[n]);
	}
	return count;
}

static void process_step(struct vcpu *vcpu)
{
	uint32_t before = posted_count(vcpu), after;

	lr_accesses = 0;
	vgic_process(vcpu);
	after = posted_count(vcpu);
	longest_step = MAX(longest_step, lr_accesses + (before > after ? before - after : 0));
	step_count++;
}

bool fake_run(uint32_t i)
{
	struct vcpu *vcpu = &vcpus[i];
	uint32_t before = here;
	bool may_go_on;

	here = i;
	fake_bring(i);
	exit_guest(i);
	if (short_ways && cpus[i].in_guest && stays_in_guest(vcpu)) {
		here = before;
		return true;
	}
	for (uint32_t round = 0;; round++) {
		PROMISE(round < ROUNDS_MAX);
		if ((atomic_fetch_and(&vcpu->events, ~(uint32_t)VCPU_EVENT_VGIC) &
		     (VCPU_EVENT_VGIC | VCPU_EVENT_SGIS)) != 0) {
			process_step(vcpu);
		} else if (vgic_is_held(vcpu)) {
			may_go_on = false;
			break;
		} else if (vcpu->vgic.on && maintenance(&cpus[i]) != 0) {
			vgic_maintenance(vcpu);
		} else if (!take_physical(vcpu, false)) {
			may_go_on = true;
			break;
		}
	}
	cpus[i].in_guest = may_go_on && vcpu->vgic.on;
	if (may_go_on) {
		enter_guest(i);
	}
	here = before;
	return may_go_on;
}

static bool anyone_has_events(void)
{
	for (uint32_t i = 0; i < fake_vm.vcpu_count; i++) {
		if ((vcpus[i].events & (VCPU_EVENT_VGIC | VCPU_EVENT_SGIS)) != 0) {
			return true;
		}
	}
	return false;
}

void fake_settle(void)
{
	uint32_t round = 0;

	do {
		PROMISE(round++ < ROUNDS_MAX);
		for (uint32_t i = 0; i < fake_vm.vcpu_count; i++) {
			fake_run(i);
		}
	} while (anyone_has_events());
}

static void create(uint32_t vcpu_count, const struct vgic_setup *setup)
{
	static uint8_t memory[65536] __attribute__((aligned(16)));
	struct arena arena = {.base = memory, .size = sizeof(memory)};

	memset(&fake_vm, 0, sizeof(fake_vm));
	memset(vcpus, 0, sizeof(vcpus));
	memset(cpus, 0, sizeof(cpus));
	memset(&board, 0, sizeof(board));
	here = 0;
	lr_count = setup->lr_count;
	short_ways = false;
	short_count = middle_count = 0;
	longest_step = step_count = 0;
	fake_vm.vcpu = vcpu_table;
	fake_vm.vcpu_count = vcpu_count;
	for (uint32_t i = 0; i < vcpu_count; i++) {
		vcpu_table[i] = &vcpus[i];
		vcpus[i].vm = &fake_vm;
		vcpus[i].index = i;
		vcpus[i].cpu = i;
		vcpus[i].cpu_mpidr = i;
		vcpus[i].mpidr = BIT(31) | i;
	}
	PROMISE(vgic_create(&fake_vm, setup, &arena) == 0);
}

void fake_gic_create(uint32_t vcpu_count, uint32_t list_registers, uint32_t spis)
{
	const struct vgic_setup setup = {.spi_count = spis, .lr_count = list_registers};

	create(vcpu_count, &setup);
}

void fake_gicv2_create(uint32_t vcpu_count, uint32_t list_registers, uint32_t spis)
{
	const struct vgic_setup setup = {.v2 = true, .spi_count = spis, .lr_count = list_registers};

	create(vcpu_count, &setup);
}

void fake_vcpu_on(uint32_t i)
{
	/* whatever was left in the CPU */
	synchronize(&cpus[i]);
	cpus[i].at_el2 = true;
	cpus[i].active_priorities = UINT32_MAX;
	here = i;
	vgic_cpu_start(&vcpus[i]);
	fake_run(i);
}

void fake_vcpu_off(uint32_t i)
{
	here = i;
	exit_guest(i);
	fake_put_away(i);
	vgic_cpu_stop(&vcpus[i]);
}

void fake_gic_boot(uint32_t vcpu_count, uint32_t list_registers, uint32_t spis)
{
	fake_gic_create(vcpu_count, list_registers, spis);
	for (uint32_t i = 0; i < vcpu_count; i++) {
		fake_vcpu_on(i);
		fake_redist_write(i, i * VGIC_REDIST_STRIDE + GICR_IGROUPR0, 4, UINT32_MAX);
	}
	for (uint32_t off = 4; off <= spis / 8; off += 4) {
		fake_dist_write(0, GICD_IGROUPR + off, 4, UINT32_MAX);
	}
	fake_dist_write(0, GICD_CTLR, 4, GICD_CTLR_ENGRP1);
}

/* -- the guest -- */

uint32_t fake_running_priority(uint32_t i)
{
	uint32_t active = cpus[i].active_priorities;

	return active == 0 ? 0x100 : (uint32_t)__builtin_ctz(active) * 8;
}

/* The guest executes on this CPU now: what it was owed has been done. */
static struct fake_cpu *enter(uint32_t i)
{
	PROMISE(vcpus[i].vgic.on);
	PROMISE(fake_run(i));
	here = i;
	return &cpus[i];
}

void fake_clear_active_priorities(uint32_t i)
{
	enter(i)->active_priorities = 0;
}

static int best_pending(const struct fake_cpu *cpu)
{
	uint32_t best_priority = cpu->active_priorities == 0 ?
					 0x100 :
					 (uint32_t)__builtin_ctz(cpu->active_priorities) * 8;
	int best = -1;

	for (uint32_t i = 0; i < lr_count; i++) {
		if (state_of(cpu->lr[i]) == 1 && priority_of(cpu->lr[i]) < best_priority) {
			best = (int)i;
			best_priority = priority_of(cpu->lr[i]);
		}
	}
	return best;
}

bool fake_wakes(uint32_t i)
{
	enter(i);
	exit_guest(i);
	return vgic_wakes(&vcpus[i]);
}

uint32_t fake_pending(uint32_t i)
{
	struct fake_cpu *cpu = enter(i);
	int lr = best_pending(cpu);

	return lr < 0 ? FAKE_SPURIOUS : (uint32_t)cpu->lr[lr];
}

uint32_t fake_ack(uint32_t i)
{
	struct fake_cpu *cpu = enter(i);
	int lr = best_pending(cpu);

	if (lr < 0) {
		return FAKE_SPURIOUS;
	}
	cpu->active_priorities |= 1U << (priority_of(cpu->lr[lr]) / 8);
	cpu->lr[lr] ^= ICH_LR_PENDING;
	/* an LPI has no active state; there are interfaces that hold it active to its EOI */
	cpu->lr[lr] |= (uint32_t)cpu->lr[lr] < INTID_LPI || lpis_stay ? ICH_LR_ACTIVE : 0;
	return (uint32_t)cpu->lr[lr];
}

void fake_lpis_stay(bool stay)
{
	lpis_stay = stay;
}

void fake_eoi(uint32_t i, uint32_t intid)
{
	struct fake_cpu *cpu = enter(i);
	uint32_t dropped;

	PROMISE(cpu->active_priorities != 0);
	dropped = (uint32_t)__builtin_ctz(cpu->active_priorities) << 3;
	cpu->active_priorities &= cpu->active_priorities - 1;
	if (cpu->split) {
		return;
	}
	for (uint32_t n = 0; n < lr_count; n++) {
		uint64_t lr = cpu->lr[n];

		if ((uint32_t)lr == intid && (lr & ICH_LR_ACTIVE) != 0) {
			/* ended by its priority, which has to be the one that is dropped */
			if (FIELD_GET(ICH_LR_PRIORITY, lr) != dropped) {
				return;
			}
			if ((lr & ICH_LR_HW) != 0) {
				here = i;
				gic_deactivate((uint32_t)FIELD_GET(ICH_LR_PINTID, lr));
			}
			cpu->lr[n] &= ~ICH_LR_ACTIVE;
			return;
		}
	}
	if (intid >= INTID_LPI) {
		return; /* not counted: IHI 0069H ICH_HCR_EL2.EOIcount */
	}
	cpu->lost_eois = (cpu->lost_eois + 1) % 32;
	fake_run(i); /* which it interrupts for */
}

int fake_step(uint32_t i, const struct mmio_ops *ops, uint32_t off, uint32_t size, uint64_t *value)
{
	bool write = (size & FAKE_WRITE) != 0;
	int err;

	if (vcpus[i].vgic.on && !vcpus[i].vgic.here) {
		fake_run(i);
	}
	here = i;
	exit_guest(i);
	err = write ? ops->write(&vcpus[i], &fake_vm, off, (uint8_t)(size & ~FAKE_WRITE), *value) :
		      ops->read(&vcpus[i], &fake_vm, off, (uint8_t)size, value);
	if (err == -EAGAIN) {
		cpus[i].in_guest = false; /* parked */
	} else {
		vgic_access_over(&vcpus[i]);
	}
	return err;
}

/* Others go on where they have to answer, and it is done again. */
int fake_access(uint32_t i, const struct mmio_ops *ops, uint32_t off, uint32_t size,
		uint64_t *value)
{
	for (uint32_t round = 0;; round++) {
		int err = fake_step(i, ops, off, size, value);

		PROMISE(round < ACCESS_ROUNDS_MAX);
		if (err != -EAGAIN) {
			return err;
		}
		others_run();
		vcpus[i].events &= ~(uint32_t)VCPU_EVENT_ANSWER;
	}
}

void fake_dir(uint32_t i, uint32_t intid)
{
	struct fake_cpu *cpu = enter(i);

	PROMISE((cpu->hcr & ICH_HCR_TDIR) != 0);
	exit_guest(i);
	while (vgic_deactivate(&vcpus[i], intid) == -EAGAIN) {
		others_run();
		here = i;
	}
	vgic_access_over(&vcpus[i]);
}

void fake_private_line(uint32_t i, uint32_t intid, bool level)
{
	uint32_t before = here, listed = middle_begins(&vcpus[i]);

	here = i;
	if (vcpus[i].vgic.here) {
		exit_guest(i);
	}
	vgic_set_private_line(&vcpus[i], intid, level);
	here = before;
	middle_ends(&vcpus[i], listed);
}

bool fake_send_sgi_step(uint32_t i, uint64_t value, bool group1)
{
	uint32_t listed;
	bool over;

	here = i;
	exit_guest(i);
	listed = middle_begins(&vcpus[i]);
	over = vgic_write_sgi(&vcpus[i], group1, value) != EXIT_RETRY;
	middle_ends(&vcpus[i], listed);
	if (over) {
		vgic_access_over(&vcpus[i]);
	}
	return over;
}

void fake_send_sgi(uint32_t i, uint64_t value, bool group1)
{
	enter(i);
	if (!short_ways) {
		vcpus[i].vgic.again = 0; /* to itself the long way, too */
	}
	while (!fake_send_sgi_step(i, value, group1)) {
		/* the next */
	}
}

void fake_split_eoi(uint32_t i, bool split)
{
	cpus[i].split = split;
}

uint64_t fake_list_register(uint32_t i, uint32_t n)
{
	return cpus[i].lr[n];
}

uint32_t fake_listed_count(uint32_t i)
{
	uint32_t count = 0;

	for (uint32_t n = 0; n < lr_count; n++) {
		count += state_of(cpus[i].lr[n]) != 0;
	}
	return count;
}

uint32_t fake_lost_eois(uint32_t i)
{
	return cpus[i].lost_eois;
}
