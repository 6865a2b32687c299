/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any accesses to the doorbells of three VMs and to the message generator behind one of them: a
 * model that knows docs/doorbell.md says what each register reads, which interrupt lines are high,
 * and which messages go to the ITS. None is lost, and none comes twice.
 */
#include "core/config/guest_map_types.h"
#include "core/fdt/guest_fdt.h"
#include "core/vm/vm.h"
#include "drivers/emul/models.h"
#include "irq/vgic/vgic.h"
#include "tests/fuzz/fuzz.h"

#define OPS_MAX 400
#define BELLS	CONFIG_DOORBELLS_OF_PL061
#define PIN	66 /* of the third VM's PL061 */
#define PINS	GUEST_MBIGEN_PINS
#define FIRST	GUEST_MBIGEN_PIN

#define DIR    0x400
#define RIS    0x414
#define MIS    0x418
#define IC     0x41c
#define AFSEL  0x420
#define TYPE   0x1000
#define VECTOR 0x1200
#define CLEAR  0xa000

enum {
	A,
	B,
	C,
	VMS,
};

struct op {
	uint8_t what; /* bits 2:0; bits 4:3: size; bits 6:5: VM */
	uint8_t low;
	uint16_t off;
	uint32_t value;
};

/* Whom each doorbell rings: VM and doorbell; itself: nobody. */
static const struct {
	uint8_t vm, bell;
} peers[VMS][BELLS] = {
	[A] = {{B, 3}, {C, 0}, {A, 2}, {A, 3}},
	[B] = {{B, 0}, {C, 1}, {B, 2}, {A, 0}},
	[C] = {{A, 1}, {B, 1}, {C, 2}, {C, 3}},
};

/* What is tested. */
static struct vm vms[VMS];
static struct vcpu vcpus[VMS];
static struct vdev *devs[VMS], *generator;
static bool line[VMS]; /* as the interrupt controller was told last */
static uint32_t sent, sent_event;
static int answer; /* of the ITS */

/* What is expected: registers by number, GPIODIR to GPIOAFSEL; edges; the generator's pins. */
static struct {
	uint8_t data, reg[9], edges;
} model[VMS];
static struct {
	bool line, sent, by_level;
	uint32_t vector;
} pins[PINS];
static uint32_t expected, expected_event;

/* -- the model -- */

enum {
	M_DIR,
	M_IS,
	M_IBE,
	M_IEV,
	M_IE,
	M_AFSEL = 8,
};

static bool has_peer(uint32_t vm, uint32_t bell)
{
	return peers[vm][bell].vm != vm;
}

/* The levels that a VM drives on the wires of its doorbells. */
static uint8_t driven(uint32_t vm)
{
	return (uint8_t)((model[vm].data & model[vm].reg[M_DIR]) >> BELLS);
}

static uint8_t rung(uint32_t vm)
{
	uint8_t levels = 0;

	for (uint32_t i = 0; i < BELLS; i++) {
		if (has_peer(vm, i)) {
			levels |=
				(uint8_t)((driven(peers[vm][i].vm) >> peers[vm][i].bell & 1) << i);
		}
	}
	return levels;
}

static uint8_t raw_status(uint32_t vm)
{
	const uint8_t *reg = model[vm].reg;
	uint8_t level = (uint8_t) ~(rung(vm) ^ reg[M_IEV]) & (uint8_t)~reg[M_DIR];

	return (model[vm].edges & (uint8_t)~reg[M_IS]) | (level & reg[M_IS]);
}

/* Peers see the wires change that this VM drove so before. */
static void tell(uint32_t vm, uint8_t before)
{
	uint8_t changed = before ^ driven(vm);

	for (uint32_t i = 0; i < BELLS; i++) {
		uint32_t to = peers[vm][i].vm, bit = 1U << peers[vm][i].bell;
		const uint8_t *reg = model[to].reg;
		bool rose = (driven(vm) >> i & 1) != 0;
		bool wanted = (reg[M_IBE] & bit) != 0 || ((reg[M_IEV] & bit) != 0) == rose;

		if (has_peer(vm, i) && (changed >> i & 1) != 0 && wanted &&
		    ((reg[M_IS] | reg[M_DIR]) & bit) == 0) {
			model[to].edges |= (uint8_t)bit;
		}
	}
}

static void model_write(uint32_t vm, uint32_t off, uint8_t value)
{
	uint8_t before = driven(vm), mask = (uint8_t)(off >> 2);

	if (off % 4 != 0) {
		return;
	}
	if (off < DIR) {
		model[vm].data = (uint8_t)((model[vm].data & ~mask) | (value & mask));
	} else if (off == IC) {
		model[vm].edges &= (uint8_t)~value;
	} else if (off <= AFSEL && off != RIS && off != MIS) {
		model[vm].reg[(off - DIR) / 4] = value;
	}
	tell(vm, before);
}

static uint32_t model_read(uint32_t vm, uint32_t off)
{
	static const uint8_t id[] = {0x61, 0x10, 0x04, 0x00, 0x0d, 0xf0, 0x05, 0xb1};
	uint8_t out = model[vm].reg[M_DIR];

	if (off % 4 != 0) {
		return 0;
	}
	if (off < DIR) {
		return ((model[vm].data & out) | (rung(vm) & ~out)) & (off >> 2) & 0xff;
	}
	if (off == RIS || off == MIS) {
		return raw_status(vm) & (off == RIS ? 0xff : model[vm].reg[M_IE]);
	}
	if (off <= AFSEL) {
		return off == IC ? 0 : model[vm].reg[(off - DIR) / 4];
	}
	return off >= 0xfe0 ? id[(off - 0xfe0) / 4] : 0;
}

static void model_reset(uint32_t vm)
{
	uint8_t before = driven(vm);

	memset(&model[vm], 0, sizeof(model[vm]));
	tell(vm, before);
}

static void expect_message(uint32_t pin)
{
	expected++;
	expected_event = pins[pin].vector >> 12 & 0x3ff;
	if (answer != 0) {
		pins[pin].sent = false;
	}
}

/* A level that is high has one message on its way. */
static void expect_level(uint32_t pin)
{
	if (pins[pin].line && pins[pin].by_level && !pins[pin].sent) {
		pins[pin].sent = true;
		expect_message(pin);
	}
}

static void expect_pin(uint32_t pin, bool level)
{
	bool rose = level && !pins[pin].line;

	pins[pin].line = level;
	if (pins[pin].by_level) {
		expect_level(pin);
	} else if (rose) {
		expect_message(pin);
	}
}

static void expect_write(uint32_t off, uint32_t value)
{
	for (uint32_t pin = 0; pin < PINS; pin++) {
		bool bit = (value >> pin % 32 & 1) != 0;

		if (off == TYPE + pin / 32 * 4) {
			pins[pin].by_level = bit;
		} else if (off == VECTOR + pin * 4) {
			pins[pin].vector = value;
			pins[pin].sent = false;
		} else if (off == CLEAR + (FIRST + pin) / 32 * 4 && bit) {
			pins[pin].sent = false;
		} else {
			continue;
		}
		expect_level(pin);
	}
}

/* -- around what is tested -- */

void vgic_set_line(struct vm *of, uint32_t intid, bool level)
{
	PROMISE((of == &vms[A] || of == &vms[B]) && intid == 32 + 7);
	line[of - vms] = level;
}

static void set_pin(struct vdev *lines, uint32_t pin, bool level)
{
	PROMISE(lines == generator && pin == PIN);
	line[C] = level;
	expect_pin(pin - FIRST, level);
	vmbigen_set_pin(lines, pin, level);
}

int vgic_send_msi(struct vm *of, uint32_t device_id, uint32_t event_id)
{
	PROMISE(of == &vms[C] && device_id == GUEST_MBIGEN_DEVICE);
	sent++;
	sent_event = event_id;
	return answer;
}

static void make(void)
{
	static const struct vdev_config generator_config = {.type = &vmbigen_type};
	static struct doorbell_config bells[VMS][BELLS];
	static struct vdev_config configs[VMS];
	static uint8_t memory[16384] __attribute__((aligned(16)));
	struct arena arena = {.base = memory, .size = sizeof(memory)};

	PROMISE(vmbigen_type.create(&vms[C], &generator_config, &arena, &generator) == 0);
	for (uint32_t vm = 0; vm < VMS; vm++) {
		vcpus[vm].vm = &vms[vm];
		configs[vm] = (struct vdev_config){.type = &vdoorbell_type,
						   .spi = 7,
						   .pin = vm == C ? PIN : 0,
						   .doorbell = bells[vm],
						   .doorbell_count = BELLS};
		for (uint32_t i = 0; i < BELLS; i++) {
			bells[vm][i].peer =
				has_peer(vm, i) ? &bells[peers[vm][i].vm][peers[vm][i].bell] : NULL;
		}
		PROMISE(vdoorbell_type.create(&vms[vm], &configs[vm], &arena, &devs[vm]) == 0);
	}
	devs[C]->lines = generator;
	devs[C]->set_pin = set_pin;
}

static void restart(uint32_t vm)
{
	model_reset(vm);
	vdoorbell_type.reset(devs[vm]);
	if (vm == C) {
		vmbigen_type.reset(generator);
		memset(pins, 0, sizeof(pins));
	}
}

static void access_bell(uint32_t vm, const struct op *op, bool write)
{
	const struct mmio_ops *ops = vdoorbell_type.mmio;
	uint32_t size = 1U << (op->what >> 3 & 3) % 3, off = op->off & 0xfff & ~(size - 1);
	uint64_t value = ~UINT64_C(0);

	if ((op->low & 0x80) != 0) {
		off = DIR + op->off % 9 * 4;
	} else if ((op->low & 0x40) != 0) {
		off = op->off & 0x3fc;
	}
	PROMISE((ops->sizes & size) != 0);
	if (write) {
		value = op->value & UINT32_MAX >> (32 - 8 * size);
		model_write(vm, off, (uint8_t)value);
		PROMISE(ops->write(&vcpus[vm], devs[vm], off, size, value) == 0);
	} else {
		PROMISE(ops->read(&vcpus[vm], devs[vm], off, size, &value) == 0);
		PROMISE(value == model_read(vm, off));
	}
}

static void access_generator(const struct op *op, bool write)
{
	const uint32_t places[] = {TYPE + op->off % 4 * 4, VECTOR + op->off % PINS * 4,
				   CLEAR + op->off % 6 * 4, op->off & ~3U};
	uint32_t off = places[op->low & 3], wanted = 0;
	uint64_t value = ~UINT64_C(0);

	if (write) {
		expect_write(off, op->value);
		PROMISE(vmbigen_type.mmio->write(&vcpus[C], generator, off, 4, op->value) == 0);
		return;
	}
	for (uint32_t pin = 0; pin < PINS; pin++) {
		wanted |= off == TYPE + pin / 32 * 4 && pins[pin].by_level ? 1U << pin % 32 : 0;
		wanted |= off == VECTOR + pin * 4 ? pins[pin].vector : 0;
	}
	PROMISE(vmbigen_type.mmio->read(&vcpus[C], generator, off, 4, &value) == 0);
	PROMISE(value == wanted);
}

static void step(const struct op *op)
{
	uint32_t vm = (op->what >> 5 & 3) % VMS, pin = op->off % PINS;

	switch (op->what & 7) {
	case 0:
	case 1:
	case 2:
		access_bell(vm, op, true);
		break;
	case 3:
		access_bell(vm, op, false);
		break;
	case 4:
		access_generator(op, true);
		break;
	case 5:
		access_generator(op, false);
		break;
	case 6: /* another device of the third VM */
		if (pin != PIN - FIRST) {
			expect_pin(pin, (op->value & 1) != 0);
			vmbigen_set_pin(generator, FIRST + pin, (op->value & 1) != 0);
		}
		break;
	default:
		if ((op->low & 0xf) == 0) {
			restart(vm);
		}
		answer = (op->low & 0x70) == 0 ? -1 : 0;
		break;
	}
}

static void look(void)
{
	PROMISE(sent == expected && (sent == 0 || sent_event == expected_event));
	for (uint32_t vm = 0; vm < VMS; vm++) {
		PROMISE(line[vm] == ((raw_status(vm) & model[vm].reg[M_IE]) != 0));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = {data, size};
	struct op op;

	if (generator == NULL) {
		make();
	}
	/* twice: one that is reset may ring another */
	for (uint32_t i = 0; i < 2 * VMS; i++) {
		restart(i % VMS);
	}
	sent = expected = 0;
	answer = 0;
	for (uint32_t n = 0; n < OPS_MAX && fuzz_take(&input, &op, sizeof(op)); n++) {
		step(&op);
		look();
	}
	return 0;
}
