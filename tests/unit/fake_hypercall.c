/* SPDX-License-Identifier: Apache-2.0 */
/* What hypercalls look at. */
#include "tests/unit/fake_hypercall.h"

#include <assert.h>
#include <string.h>

#include "boot/banner.h"
#include "core/base/format.h"
#include "core/console/command.h"
#include "core/exit/irq.h"
#include "core/exit/regs.h"
#include "core/exit/times.h"
#include "core/exit/trace.h"
#include "core/fdt/dt.h"
#include "core/sched/policy.h"
#include "core/vm/manage.h"
#include "drivers/emul/vdev.h"
#include "drivers/hw/psci.h"
#include "drivers/virtio/net.h"
#include "drivers/virtio/uplink.h"
#include "irq/vgic/vgic.h"
#include "mm/page_alloc.h"
#include "tests/unit/tree.h"
#include "timer/deadline.h"

struct vm fake_vms[FAKE_VMS];
struct vcpu fake_vcpus[FAKE_VMS][FAKE_VCPUS];
struct vm_config fake_configs[FAKE_VMS];
struct fake_calls fake_calls;

static struct vcpu *tables[FAKE_VMS][FAKE_VCPUS];
static uint8_t low[FAKE_EXTENT], high[FAKE_EXTENT];
static uint8_t log_bytes[256];
static uint64_t waited[FAKE_VMS][FAKE_VCPUS][SCHED_HAD(FAKE_VMS)];
static uint8_t region[KEEP_SIZE_MIN] __attribute__((aligned(4096)));
static struct keep keep;
static uint8_t tree_arena[4096] __attribute__((aligned(8)));
static struct dt tree;
static struct registry registry;
static struct config stores = {
	.vm[STRANGER].name = "stranger",
	.store = {{.name = "ring", .shared = true, .users = 7},
		  {.name = "a-disk-whose-name-is-longer-than-31", .users = 1 << STRANGER}},
};
static struct board board = {.cpu_count = FAKE_CPUS};
struct sched_cpu fake_cpus[FAKE_CPUS];
static uint64_t window_length[FAKE_WINDOWS];
static struct vm *window_owner[FAKE_WINDOWS];
static struct regs_answer answers[FAKE_VMS];
static struct vdev uart;
static struct vdev_config uart_config = {.name = "uart", .spi = 1};

static const struct vsock_counters socket_counters = {1, 2, 3, 4, 5, 6, 7, 8};

uint8_t *fake_byte(uint64_t at)
{
	return at < FAKE_EXTENT ? &low[at] : &high[at - FAKE_EXTENT];
}

uint32_t fake_written(void)
{
	uint32_t written = 0;

	for (uint64_t at = 0; at < 2 * FAKE_EXTENT; at++) {
		written += *fake_byte(at) != FAKE_CANARY;
	}
	return written;
}

static void set_up_vm(uint32_t id)
{
	static const char *const names[] = {"boss", "worker", "stranger"};
	struct vm *vm = &fake_vms[id];

	vm->id = id;
	vm->name = names[id];
	vm->config = &fake_configs[id];
	fake_configs[id].index = id;
	vm->vcpu = tables[id];
	vm->vcpu_count = FAKE_VCPUS;
	vm->state = VM_RUNNING;
	vm->vgic.spi_count = FAKE_SPIS;
	vm->vdev[0] = &uart;
	vm->vdev_count = 1;
	vm->own_log = (struct log){.data = log_bytes, .size = sizeof(log_bytes)};
	vm->log = &vm->own_log;
	for (uint32_t i = 0; i < FAKE_VCPUS; i++) {
		tables[id][i] = &fake_vcpus[id][i];
		fake_vcpus[id][i].vm = vm;
		fake_vcpus[id][i].index = i;
		fake_vcpus[id][i].cpu = i;
		fake_vcpus[id][i].power = VCPU_ON;
		fake_vcpus[id][i].sched.waited = waited[id][i];
	}
}

static void set_up_ports(void);

static void set_up_board(void)
{
	memset(fake_cpus, 0, sizeof(fake_cpus));
	fake_cpus[0] = (struct sched_cpu){.count = 3, .shared = true, .current = tables[WORKER][0]};
	fake_cpus[0].window_count = FAKE_WINDOWS;
	fake_cpus[0].window_length = window_length;
	fake_cpus[0].window_owner = window_owner;
	fake_cpus[1] = (struct sched_cpu){.count = 1, .first = tables[BOSS][1]};
	for (uint32_t i = 0; i < FAKE_WINDOWS; i++) {
		window_length[i] = i + 1;
		window_owner[i] = i == 0 ? NULL : &fake_vms[WORKER];
	}
	registry.count = FAKE_GRANTS;
	for (uint32_t i = 0; i < FAKE_GRANTS; i++) {
		registry.grant[i] = (struct grant){
			.pa = i * PAGE_SIZE,
			.ipa = i * PAGE_SIZE,
			.size = PAGE_SIZE,
			.owner = i == 0 ? REGISTRY_OWNER_HYP :
				 i == 1 ? REGISTRY_OWNER_EACH :
					  (uint16_t)(i % FAKE_VMS),
			.kind = STAGE2_RAM,
		};
	}
	registry.grant[FAKE_DISK].owner = REGISTRY_OWNER_DISK;
	registry.grant[FAKE_DISK].store = 2;
	registry.grant[FAKE_SHARED].owner = REGISTRY_OWNER_SHARED;
	registry.grant[FAKE_SHARED].store = 1;
	registry.grant[FAKE_SHARE].kind = STAGE2_SHARED;
	registry.grant[FAKE_SHARE].store = 1;
}

/* What the boss said, and nobody else, before the board was reset. */
static void set_up_last_log(void)
{
	struct log *log;

	keep_open(&keep, region, sizeof(region), crc32c);
	log = keep_add(&keep, "boss", 4096);
	log_put_line(log, FAKE_LAST, strlen(FAKE_LAST));
	keep_open(&keep, region, sizeof(region), crc32c);
}

static void write_tree(struct tree_writer *to)
{
	uint8_t seed[32], filler[1500];

	memset(seed, FAKE_SEED, sizeof(seed));
	memset(filler, 'x', sizeof(filler));
	tree_start(to);
	tree_begin(to, "");
	tree_prop(to, "filler", filler, sizeof(filler));
	tree_begin(to, "chosen");
	tree_string(to, "bootargs", "quiet");
	tree_prop(to, "rng-seed", seed, 32);
	tree_prop(to, "kaslr-seed", seed, 8);
	tree_end(to);
	tree_begin(to, "secure-chosen");
	tree_prop(to, "kaslr-seed", seed, 8);
	tree_end(to);
	tree_end(to);
}

const uint8_t *fake_tree(uint32_t *size)
{
	static struct tree_writer writer;
	static uint32_t written;

	if (written == 0) {
		write_tree(&writer);
		written = tree_finish(&writer);
	}
	*size = written;
	return writer.blob;
}

static void set_up_tree(void)
{
	struct arena arena = {.base = tree_arena, .size = sizeof(tree_arena)};
	uint32_t size;
	const uint8_t *blob = fake_tree(&size);
	int err = dt_index(&tree, blob, size, &arena, NULL);

	assert(err == 0);
	(void)err;
	board.tree = &tree;
}

int fake_hypercall_set_up(void **state)
{
	(void)state;
	memset(waited, 0, sizeof(waited));
	set_up_last_log();
	set_up_tree();
	memset(fake_vms, 0, sizeof(fake_vms));
	memset(fake_vcpus, 0, sizeof(fake_vcpus));
	memset(fake_configs, 0, sizeof(fake_configs));
	memset(answers, 0, sizeof(answers));
	memset(low, FAKE_CANARY, sizeof(low));
	memset(high, FAKE_CANARY, sizeof(high));
	/* past the second in which a question of the test before is somebody's */
	fake_calls = (struct fake_calls){.now = fake_calls.now + 2 * FAKE_HZ};
	uart.config = &uart_config;
	for (uint32_t id = 0; id < FAKE_VMS; id++) {
		set_up_vm(id);
	}
	set_up_ports();
	fake_calls.sockets.count = &socket_counters;
	set_up_board();
	/* all but the last are up; nobody goes to these copies */
	percpu_set_offset(1, 8);
	percpu_set_offset(2, 8);
	fake_configs[BOSS].manages = 1 << WORKER;
	fake_vms[BOSS].extent_count = 2;
	fake_vms[BOSS].extent[0] = (struct vm_extent){FAKE_RAM, (uint64_t)low, FAKE_EXTENT};
	fake_vms[BOSS].extent[1] =
		(struct vm_extent){FAKE_RAM + FAKE_EXTENT, (uint64_t)high, FAKE_EXTENT};
	return 0;
}

/* -- VMs -- */

void *frames_pointer(const struct frames_space *space, uint64_t ipa, uint64_t size)
{
	(void)space;
	(void)ipa;
	(void)size;
	return NULL; /* none of them has a balloon that takes pages */
}

bool frames_is_range(const struct frames_space *space, uint64_t ipa, uint64_t size)
{
	return frames_pointer(space, ipa, size) != NULL;
}

struct vm *vm_by_id(uint32_t id)
{
	return &fake_vms[id];
}

uint32_t vm_count(void)
{
	return FAKE_VMS;
}

int vm_name_width(void)
{
	return 12;
}

const struct vm_extent *vm_extent_of(const struct vm *vm, uint64_t ipa, uint64_t size)
{
	for (uint32_t i = 0; i < vm->extent_count; i++) {
		if (range_contains(vm->extent[i].ipa, vm->extent[i].size, ipa, size)) {
			return &vm->extent[i];
		}
	}
	return NULL;
}

bool manage_may(const struct vm *by, const struct vm *vm)
{
	return (by->config->manages >> vm->id & 1) != 0;
}

static int act(struct vm *vm, uint32_t number)
{
	fake_calls.asked++;
	fake_calls.about = vm;
	fake_calls.number = number;
	return fake_calls.answer;
}

#define VERB(name, number)                                                                         \
	int manage_##name(struct vm *vm)                                                           \
	{                                                                                          \
		return act(vm, number);                                                            \
	}
VERB(start, HYPERCALL_VM_START)
VERB(stop, HYPERCALL_VM_STOP)
VERB(pause, HYPERCALL_VM_PAUSE)
VERB(resume, HYPERCALL_VM_RESUME)
VERB(restart, HYPERCALL_VM_RESTART)
VERB(kill, HYPERCALL_VM_KILL)

#define PLACE(name, number)                                                                        \
	int manage_set_##name(const struct vm *by, struct vm *vm, uint32_t index, uint32_t value)  \
	{                                                                                          \
		fake_calls.by = by;                                                                \
		fake_calls.index = index;                                                          \
		fake_calls.value = value;                                                          \
		return act(vm, number);                                                            \
	}
PLACE(cpu, HYPERCALL_VCPU_SET_CPU)
PLACE(priority, HYPERCALL_VCPU_SET_PRIORITY)

void manage_measure_idle(struct vm *vm, bool on)
{
	fake_calls.value = on;
	act(vm, HYPERCALL_VM_MEASURE);
	fake_calls.index = HYPERCALL_MEASURE_IDLE;
}

int balloon_set(uint32_t vm, uint64_t bytes)
{
	fake_calls.bytes = bytes;
	return act(&fake_vms[vm], HYPERCALL_VM_SET_MEMORY);
}

bool balloon_view(uint32_t vm, struct balloon_view *view)
{
	*view = fake_calls.balloon;
	return fake_calls.no_balloon != vm + 1;
}

void balloon_ask(uint32_t vm)
{
	fake_calls.news = &fake_vms[vm];
}

bool vsock_view(uint32_t vm, struct vsock_view *view)
{
	*view = fake_calls.sockets;
	return fake_calls.no_sockets != vm + 1;
}

static struct port_config port_configs[FAKE_PORTS];
static struct switch_port ports[FAKE_PORTS];
static struct vdev port_vdevs[FAKE_VMS];

static bool is_uplink(uint32_t n)
{
	return n % (FAKE_VMS + 1) == FAKE_VMS;
}

static void set_up_ports(void)
{
	static const struct network_config lan = {.name = "a-network-whose-name-is-31-long"};
	static const struct vdev_config config = {.name = "net0"};

	for (uint32_t n = 0; n < FAKE_PORTS; n++) {
		struct switch_counters *count = &ports[n].count;

		port_configs[n] = (struct port_config){.network = &lan, .mac = {2, (uint8_t)n}};
		port_configs[n].vlan = n;
		port_configs[n].rate_kbps = n * 1000;
		ports[n] = (struct switch_port){.config = &port_configs[n]};
		ports[n].all = n + 1 < FAKE_PORTS ? &ports[n + 1] : NULL;
		ports[n].uplink = is_uplink(n) ? (struct uplink *)&ports[n] : NULL;
		count->sent_frames = FAKE_COUNT(n, 0);
		count->sent_bytes = FAKE_COUNT(n, 1);
		count->received_frames = FAKE_COUNT(n, 2);
		count->received_bytes = FAKE_COUNT(n, 3);
		for (uint32_t i = 0; i < SWITCH_DROP_COUNT; i++) {
			count->dropped[i] = FAKE_COUNT(n, 4 + i);
		}
	}
	for (uint32_t id = 0; id < FAKE_VMS; id++) {
		port_vdevs[id].vm = &fake_vms[id];
		port_vdevs[id].config = &config;
	}
}

struct switch_port *switch_port_at(uint32_t n)
{
	return n < FAKE_PORTS ? &ports[n] : NULL;
}

const struct vdev *net_vdev(const struct switch_port *port)
{
	assert(port->uplink == NULL);
	return &port_vdevs[(uint32_t)(port - ports) % (FAKE_VMS + 1)];
}

uint64_t net_features(const struct switch_port *port)
{
	return fake_calls.driven >> (port - ports) & 1;
}

const struct nic *uplink_nic(const struct uplink *uplink)
{
	static struct nic nic = {.name = FAKE_NIC, .up = true, .spent = 77};

	assert(uplink != NULL);
	nic.broken = fake_calls.nic_broken;
	return &nic;
}

void times_ask(struct vm *vm, bool on)
{
	fake_calls.value = on;
	act(vm, HYPERCALL_VM_MEASURE);
	fake_calls.index = HYPERCALL_MEASURE_TIME;
}

/* -- the board -- */

void mux_finish(void)
{
	fake_calls.finished++;
}

void psci_system_reset(void)
{
	fake_calls.number = HYPERCALL_BOARD_RESET;
	fake_calls.asked++;
}

void psci_system_off(void)
{
	fake_calls.number = HYPERCALL_BOARD_OFF;
	fake_calls.asked++;
}

bool banner_line(const struct board *of, struct prange image, uint32_t n, char *text, size_t size)
{
	(void)image;
	assert(of == &board);
	format(text, size, "line %u", n);
	return n < FAKE_BANNER;
}

uint64_t deadline_now(void)
{
	return fake_calls.now;
}

uint64_t deadline_frequency(void)
{
	return FAKE_HZ;
}

uint32_t page_alloc_used(void)
{
	return 3;
}

uint32_t page_alloc_left(void)
{
	return 4;
}

const struct shell_sources *shell_sources(void)
{
	static const struct shell_sources sources = {.registry = &registry,
						     .config = &stores,
						     .board = &board,
						     .keep = &keep};

	return &sources;
}

const struct sched_cpu *sched_state_of(uint32_t cpu)
{
	/* of one that is not up a template is looked at, which says nothing */
	assert(cpu < FAKE_CPUS);
	return &fake_cpus[cpu];
}

bool audit_some(const struct stage2 *stage2, uint16_t owner, const struct registry *from,
		uint64_t *at, struct audit_result *result)
{
	(void)stage2;
	(void)owner;
	(void)from;
	for (uint32_t i = 0; i < 4; i++, *at += PAGE_SIZE) {
		if (*at >= FAKE_LEAVES * PAGE_SIZE) {
			return false;
		}
		result->leaves++;
		result->bytes += PAGE_SIZE;
	}
	return true;
}

const char *irq_name(uint32_t intid)
{
	return intid == 40 ? "a disk whose name is longer than 31" : "a VM's";
}

uint32_t irq_count(uint32_t intid)
{
	return intid >= 32 && intid < 32 + fake_calls.irqs ? intid : 0;
}

bool vgic_look(struct vm *vm, uint32_t vcpu, uint32_t intid, struct vgic_look *look)
{
	(void)vm;
	assert(vcpu == 0 && intid >= 32 && intid < 32 + FAKE_SPIS);
	*look = (struct vgic_look){.enabled = fake_calls.all_irqs, .prio = 0xa0};
	return true;
}

/* -- logs, traces, registers -- */

uint32_t mux_log_read(const struct log *log, uint64_t *at, uint8_t *bytes, uint32_t size,
		      uint64_t *end)
{
	static struct log own;

	log = log == NULL ? &own : log;
	*end = log->head;
	return log_read(log, at, bytes, size);
}

/* A CPU has made FAKE_RECORDS; those that are no interrupt 27 are one of another line, and marks.
 */
bool trace_part_begin(const struct vcpu *vcpu, struct trace_part *part, uint32_t max)
{
	part->cpu = vcpu->cpu;
	part->end = FAKE_RECORDS + 1;
	if (part->at == 0) {
		part->at = part->end - max;
	}
	part->its = part->its || !fake_calls.shared_trace;
	fake_calls.knew = part->its;
	part->at = MIN(part->at, part->end);
	return !part->its;
}

uint32_t trace_part_read(const struct vcpu *vcpu, struct trace_part *part,
			 struct trace_record *records, uint32_t max)
{
	uint32_t count = (uint32_t)MIN(part->end - part->at, (uint64_t)max);

	(void)vcpu;
	for (uint32_t i = 0; i < count; i++, part->at++) {
		records[i].what = part->at % 100 == 0 ? TRACE_MARK : 27;
		records[i].pc = part->at;
	}
	part->its = true;
	return fake_calls.lost_trace ? 0 : count;
}

uint32_t trace_part_count(const struct vcpu *vcpu, struct trace_part *part,
			  struct trace_counts *counts, uint32_t max, uint32_t most)
{
	uint32_t count = (uint32_t)MIN(part->end - part->at, (uint64_t)most);

	(void)vcpu;
	assert(most <= max && max * 9 + most * 17 < 960); /* a step's instructions */
	for (uint32_t i = 0; i < count; i++, part->at++) {
		counts->cause[HYPERCALL_CAUSE_INTERRUPT]++;
		if (part->at % 10 == 0) {
			counts->other[counts->other_count++] = 100;
		} else {
			counts->interrupt[27]++;
		}
	}
	part->its = true;
	return fake_calls.lost_trace ? 0 : count;
}

static struct vcpu **asked_by(uint32_t asker)
{
	assert(asker >= REGS_VM(0) && asker < REGS_VM(FAKE_VMS));
	return &fake_calls.asked_regs[asker - REGS_VM(0)];
}

bool regs_ask(uint32_t asker, struct vcpu *vcpu)
{
	if (*asked_by(asker) != NULL) {
		return false;
	}
	*asked_by(asker) = vcpu;
	return true;
}

const struct regs_answer *regs_get(uint32_t asker)
{
	return *asked_by(asker) == NULL ? &answers[asker - REGS_VM(0)] : NULL;
}

bool regs_withdraw(uint32_t asker)
{
	bool open = *asked_by(asker) != NULL;

	*asked_by(asker) = NULL;
	return open;
}

void fake_answer_regs(void)
{
	for (uint32_t i = 0; i < FAKE_VMS; i++) {
		const struct vcpu *vcpu = fake_calls.asked_regs[i];
		struct regs_answer *answer = &answers[i];

		if (vcpu == NULL) {
			continue;
		}
		answer->power = vcpu->power;
		answer->hold = vcpu->hold;
		answer->pc = 0x1000 + vcpu->vm->id;
		answer->regs.x[30] = 30;
		answer->el1.sctlr_el1 = 1;
		answer->el1.mdccint_el1 = 24;
		fake_calls.asked_regs[i] = NULL;
	}
}
