/* SPDX-License-Identifier: Apache-2.0 */
/* Commands about the board: irq, mem, sched, audit, reboot, poweroff. */
#include "core/base/format.h"
#include "core/base/panic.h"
#include "core/base/percpu.h"
#include "core/base/printk.h"
#include "core/base/string.h"
#include "core/console/mux.h"
#include "core/console/shell.h"
#include "core/exit/irq.h"
#include "core/sched/policy.h"
#include "drivers/emul/vdev.h"
#include "drivers/hw/psci.h"
#include "drivers/virtio/balloon.h"
#include "timer/deadline.h"

/* -- irq -- */

#define IRQS_A_STEP 2 /* looked at, where nothing is to be said */

static const struct vdev *device_of(const struct vm *vm, uint32_t intid)
{
	for (uint32_t i = 0; i < vm->vdev_count; i++) {
		if (vm->vdev[i]->config != NULL && vm->vdev[i]->config->spi + INTID_SPI == intid) {
			return vm->vdev[i];
		}
	}
	return NULL;
}

static bool say_physical(uint32_t intid)
{
	uint32_t count = irq_count(intid);

	if (count != 0) {
		shell_say("board  %4u %10u  %s\n", intid, count, irq_name(intid));
	}
	return count != 0;
}

/* A row, in two parts. */
static bool say_virtual(struct shell_job *job, struct vm *vm, uint32_t intid)
{
	const struct vdev *vdev = device_of(vm, intid);
	struct vgic_look look;
	char line[24] = "";

	if (!vgic_look(vm, 0, intid, &look) ||
	    !(job->part != 0 || look.pintid != 0 || vdev != NULL || look.enabled || look.pending ||
	      look.active)) {
		return false;
	}
	if (look.pintid != 0) {
		format(line, sizeof(line), "board's %u ", look.pintid);
	}
	if (job->part == 0) {
		shell_say("%-*s %4u  vcpu %-2u priority %3u ", vm_name_width(), vm->name, intid,
			  look.target, look.prio);
		job->more = true;
		return true;
	}
	shell_say("%s%s%s%s  %s%s\n", look.enabled ? "on " : "off", look.edge ? " edge" : " level",
		  look.pending || look.listed ? " pending" : "", look.active ? " active" : "", line,
		  vdev != NULL ? vdev->config->name : "");
	return true;
}

/* at[0]: VM + 1, 0: the board's own; at[1]: INTID. */
static bool irq_step(struct shell_job *job)
{
	uint32_t limit;
	bool said = false;

	if (job->step == 0) {
		shell_say("owner  INTID   taken, or how it stands\n");
		return false;
	}
	if (job->at[0] > vm_count()) {
		shell_say("Not counted: kicks of CPUs, and virtual timers that go on in line.\n");
		return true;
	}
	limit = job->at[0] == 0 ? INTID_SPURIOUS :
				  vm_by_id(job->at[0] - 1)->vgic.spi_count + INTID_SPI;
	for (uint32_t i = 0; i < IRQS_A_STEP && !said && job->at[1] < limit; i++, job->at[1]++) {
		said = job->at[0] == 0 ? say_physical(job->at[1]) :
					 say_virtual(job, vm_by_id(job->at[0] - 1), job->at[1]);
	}
	job->at[1] -= job->more;
	if (job->at[1] == limit) {
		job->at[0]++;
		job->at[1] = job->at[0] == 0 ? 0 : INTID_SPI;
	}
	return false;
}

/* -- mem -- */

#define PICTURE 64 /* letters of a row */
#define PART	4  /* of them in a step */

static char letter_of(const struct grant *grant)
{
	if (grant == NULL) {
		return '.';
	}
	if (grant->owner == REGISTRY_OWNER_DISK || grant->owner == REGISTRY_OWNER_SHARED) {
		return '=';
	}
	return grant->owner < 26 ? (char)('a' + grant->owner) :
	       grant->owner == REGISTRY_OWNER_HYP || grant->owner == REGISTRY_OWNER_EACH ? '#' :
											   '+';
}

/* One bank as a row: who has the middle of each slice. PART of them, from `first` on. */
static void say_picture(const struct prange *bank, uint32_t first)
{
	uint64_t slice = bank->size / PICTURE, at = bank->base + first * slice + slice / 2;
	char row[PART + 1];

	for (uint32_t i = 0; i < PART; i++, at += slice) {
		row[i] = letter_of(registry_find(shell_sources()->registry, at));
	}
	row[PART] = '\0';
	if (first == 0) {
		shell_say("%10llx ", (unsigned long long)bank->base);
	}
	shell_say("%s%s", row, first + PART == PICTURE ? "\n" : "");
}

#define OWNER_WIDTH 16

static const char *owner_name(uint16_t owner)
{
	if (owner == REGISTRY_OWNER_HYP) {
		return "hypervisor";
	}
	return owner == REGISTRY_OWNER_EACH   ? "each VM" :
	       owner == REGISTRY_OWNER_DISK   ? "disk" :
	       owner == REGISTRY_OWNER_SHARED ? "shared memory" :
	       owner < vm_count()	      ? vm_by_id(owner)->name :
						"?";
}

/* "ring", or of a disk "data of alpha". */
static void say_store(const struct store_config *store)
{
	const struct vm_config *vm = shell_sources()->config->vm;

	shell_say("%s", store->name);
	if (!store->shared) {
		shell_say(" of %s", vm[__builtin_ctzll(store->users)].name);
	}
}

/* Of RAM that goes from VM to VM: how much of its own the VM has now, wherever that lies. */
static void say_balloon(const struct grant *grant)
{
	struct balloon_view view;

	if (grant->kind == STAGE2_RAM && grant->owner < vm_count() &&
	    balloon_view(grant->owner, &view)) {
		shell_say(", balloon: %llu of its %llu KiB now", (unsigned long long)view.now >> 10,
			  (unsigned long long)view.size >> 10);
	}
}

/* A row, in two parts: grants are constant once guests run. */
static void say_grant(struct shell_job *job, const struct grant *grant)
{
	static const char *const kinds[] = {
		[STAGE2_RAM] = "RAM",
		[STAGE2_DEVICE] = "device",
		[STAGE2_READ_ONLY] = "read-only",
		[STAGE2_SHARED] = "shared",
	};

	if (job->part == 0) {
		shell_say("%10llx-%-10llx %8llu KiB", (unsigned long long)grant->pa,
			  (unsigned long long)(grant->pa + grant->size - 1),
			  (unsigned long long)(grant->size >> 10));
		job->more = true;
		return;
	}
	shell_say("  %-*s ", MAX(vm_name_width(), OWNER_WIDTH), owner_name(grant->owner));
	if (grant->owner == REGISTRY_OWNER_DISK || grant->owner == REGISTRY_OWNER_SHARED) {
		say_store(&shell_sources()->config->store[grant->store - 1]);
	} else if (grant->owner != REGISTRY_OWNER_HYP) {
		shell_say("%s%s at ipa %llx",
			  grant->store != 0 && grant->kind == STAGE2_READ_ONLY ? "shared, " : "",
			  kinds[grant->kind], (unsigned long long)grant->ipa);
		say_balloon(grant);
	}
	shell_say("\n");
}

/* Steps: banks, a key to their letters, then each range that has an owner. */
static bool mem_step(struct shell_job *job)
{
	const struct shell_sources *from = shell_sources();
	uint32_t n = job->step;

	if (n < from->board->ram_count * (PICTURE / PART)) {
		say_picture(&from->board->ram[n / (PICTURE / PART)], n % (PICTURE / PART) * PART);
		return false;
	}
	n -= from->board->ram_count * (PICTURE / PART);
	if (n < MIN(vm_count(), 26U)) {
		shell_say("%s%c %s",
			  n == 0 ? "           # hypervisor  = disk, shared  . free  " : "  ",
			  (char)('a' + n), vm_by_id(n)->name);
		return false;
	}
	n -= MIN(vm_count(), 26U);
	if (n == 0) {
		shell_say("\n");
		return false;
	}
	if (n - 1 < from->registry->count) {
		say_grant(job, &from->registry->grant[n - 1]);
		return false;
	}
	return true;
}

/* -- sched -- */

static uint32_t in_us(uint64_t ticks)
{
	/* the nearest: a window of 333 us may be 332.99 in ticks */
	return (uint32_t)deadline_to_us(ticks + deadline_frequency() / 2000000);
}

static void say_cpu(uint32_t index, const struct sched_cpu *cpu)
{
	const struct vcpu *first = atomic_read(&cpu->first);

	/* its vCPUs may come and go meanwhile */
	if (first == NULL) {
		shell_say("CPU %u: nobody's\n", index);
	} else if (!atomic_read(&cpu->shared)) {
		shell_say("CPU %u: %s vcpu %u alone: no tick, WFI does not exit\n", index,
			  first->vm->name, first->index);
	} else {
		shell_say("CPU %u: %u vCPUs%s\n", index, cpu->count,
			  cpu->window_count != 0 ? ", in windows" : "");
	}
}

/* A row, in two parts: the vCPU may have gone to another CPU between them. */
static void say_turn(struct shell_job *job, const struct sched_cpu *cpu, const struct vcpu *vcpu)
{
	shell_say("  %s %-*s vcpu %-2u priority %3u  ",
		  vcpu == cpu->current ? "runs " :
		  vcpu->sched.ready    ? "ready" :
					 "-    ",
		  vm_name_width(), vcpu->vm->name, vcpu->index, vcpu->sched.priority);
	job->vm = vcpu->vm;
	job->at[2] = vcpu->index;
	job->more = true;
}

static void say_share(const struct shell_job *job)
{
	const struct sched_vcpu *s = &job->vm->vcpu[job->at[2]]->sched;
	char budget[48] = "";

	if (s->budget != 0) {
		int64_t left = MAX(s->budget_left, (int64_t)0);

		format(budget, sizeof(budget), "budget %u of %u/%u us%s", in_us((uint64_t)left),
		       in_us(s->budget), in_us(s->period), s->background ? " +" : "");
	} else {
		format(budget, sizeof(budget), "slice %u of %u us", in_us(s->slice_left),
		       in_us(s->slice));
	}
	shell_say("%s\n", budget);
}

static void say_window(const struct sched_cpu *cpu, uint32_t n)
{
	shell_say("  window %u: %u us, %s\n", n, in_us(cpu->window_length[n]),
		  cpu->window_owner[n] == NULL ? "nobody" : cpu->window_owner[n]->name);
}

/* at[0]: CPU; at[1]: its line; vm, at[2]: vCPU of the row. */
static bool sched_step(struct shell_job *job)
{
	const struct sched_cpu *cpu;
	const struct vcpu *vcpu;
	uint32_t n;

	if (job->part != 0) {
		say_share(job);
		return false;
	}
	n = job->at[1]++;
	if (job->at[0] == shell_sources()->board->cpu_count) {
		return true;
	}
	cpu = sched_state_of(job->at[0]);
	if (n == 0) {
		if (percpu_is_up(job->at[0])) {
			say_cpu(job->at[0], cpu);
			return false;
		}
		shell_say("CPU %u: not up\n", job->at[0]);
	} else if (n - 1 < cpu->window_count) {
		say_window(cpu, n - 1);
		return false;
	} else if (cpu->shared && n - 1 - cpu->window_count < cpu->count) {
		vcpu = cpu->first;
		for (uint32_t i = n - 1 - cpu->window_count; i != 0 && vcpu != NULL; i--) {
			vcpu = vcpu->sched.next;
		}
		if (vcpu != NULL) {
			say_turn(job, cpu, vcpu);
		}
		return false;
	}
	job->at[0]++;
	job->at[1] = 0;
	return false;
}

/* -- audit -- */

#define AUDIT_TEXT_MAX 160

/* The line that says so; its length. */
static uint32_t audit_text(const struct audit_result *result, char *text, size_t size)
{
	char shared[40] = "";
	int len;

	if (result->faults == 0) {
		if (result->shared != 0) {
			format(shared, sizeof(shared), ", %u of them shared", result->shared);
		}
		len = format(text, size,
			     "isolation audit: %u mappings of %u VMs, %llu MiB, each covered by "
			     "its grant%s",
			     result->leaves, vm_count(), (unsigned long long)(result->bytes >> 20),
			     shared);
	} else {
		len = format(text, size,
			     "isolation audit FAILED: %u of %u mappings have no grant, first ipa "
			     "0x%llx -> pa 0x%llx",
			     result->faults, result->leaves, (unsigned long long)result->first_ipa,
			     (unsigned long long)result->first_pa);
	}
	return MIN((uint32_t)len, (uint32_t)size - 1);
}

static void log_audit(const struct audit_result *result, const char *text, uint32_t len)
{
	printk_text(result->faults == 0 ? LOG_INFO : LOG_ERROR, text, len);
}

void shell_audit(const struct registry *registry)
{
	struct audit_result result = {0};
	char text[AUDIT_TEXT_MAX];

	for (uint32_t i = 0; i < vm_count(); i++) {
		audit_stage2(&vm_by_id(i)->stage2, (uint16_t)i, registry, &result);
	}
	log_audit(&result, text, audit_text(&result, text, sizeof(text)));
}

/* at[0]: VM; value[0]: where its walk goes on. */
static bool audit_step(struct shell_job *job)
{
	static struct audit_result result;
	static char text[AUDIT_TEXT_MAX];
	static uint32_t len;

	if (job->step == 0) {
		memset(&result, 0, sizeof(result));
	}
	if (job->at[0] == vm_count()) {
		if (job->part == 0) {
			len = audit_text(&result, text, sizeof(text));
			job->more = true;
			return false;
		}
		log_audit(&result, text, len);
		return true;
	}
	if (!audit_some(&vm_by_id(job->at[0])->stage2, (uint16_t)job->at[0],
			shell_sources()->registry, &job->value[0], &result)) {
		job->at[0]++;
		job->value[0] = 0;
	}
	job->wait = 0; /* at once */
	return false;
}

/* -- reboot, poweroff -- */

/* Who names a VM does not mean the board. */
static bool means_board(const struct shell_job *job, const char *verb)
{
	if (job->count != 1) {
		shell_say("%s is for the whole board and takes no name; for a VM: vm %s %s\n",
			  job->word[0], verb, job->word[1]);
	}
	return job->count == 1;
}

static bool reboot_step(struct shell_job *job)
{
	if (means_board(job, "restart")) {
		mux_finish();
		psci_system_reset();
		shell_say("the board's firmware does not reset it\n");
	}
	return true;
}

static bool poweroff_step(struct shell_job *job)
{
	if (means_board(job, "stop")) {
		mux_finish();
		psci_system_off();
		shell_say("the board's firmware does not power it off\n");
	}
	return true;
}

#if DEBUG
/* Uses up the stack for the test of its guard page. */
static uint64_t __attribute__((noinline)) overflow(uint64_t depth)
{
	volatile uint64_t room[32];

	room[depth % 32] = depth;
	return depth == UINT64_MAX ? room[0] : overflow(depth + 1) + room[depth % 32];
}

static bool panic_step(struct shell_job *job)
{
	if (job->count == 2 && strcmp(job->word[1], "stack") == 0) {
		shell_say("%llu\n", (unsigned long long)overflow(0));
	} else if (job->count == 3 && strcmp(job->word[1], "abort") == 0) {
		shell_say("%x\n", *(volatile uint32_t *)strtoul(job->word[2], NULL, 0));
		return true;
	}
	panic("asked for by the shell");
}
#endif

const struct shell_command board_commands[] = {
	{"irq", "", 0, 0,
	 "interrupts of the board and of VMs\n"
	 "The board's with counts; of a VM those that are its devices', on, pending or active.",
	 irq_step, NULL},
	{"mem", "", 0, 0,
	 "the board's memory and who has it\nEach bank is a row; then each range with its owner.",
	 mem_step, NULL},
	{"sched", "", 0, 0,
	 "each CPU: whose it is, who runs\n"
	 "budget: left, of how much, in which period; +: goes on in the background.",
	 sched_step, NULL},
	{"audit", "", 0, 0, "hold stage 2 against what was granted", audit_step, NULL},
	{"reboot", "", 0, 1, "reset the board", reboot_step, NULL},
	{"poweroff", "", 0, 1, "power the board off", poweroff_step, NULL},
#if DEBUG
	{"panic", "[stack|abort ADDRESS]", 0, 2, "stop with a panic, or by that fault", panic_step,
	 NULL},
#endif
	{0},
};
