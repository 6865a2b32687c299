/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interrupt lines that become LPIs: a "hisilicon,mbigen-v2" message generator, as Linux'
 * drivers/irqchip/irq-mbigen.c drives it. Each pin has an event of one device of the ITS; a level
 * that is still high when the guest says that it has handled the message is sent again.
 *
 * A pin's state is one word that is only ever changed as a whole: no lock, since whoever drives a
 * pin may hold one.
 */
#include "core/base/arena.h"
#include "core/base/atomic.h"
#include "core/base/bits.h"
#include "core/base/errno.h"
#include "core/config/guest_map_types.h"
#include "core/fdt/guest_fdt.h"
#include "core/vm/vm.h"
#include "drivers/emul/models.h"
#include "drivers/emul/vdev.h"
#include "irq/vgic/vgic.h"

/* Nodes have 4 KiB each, the first is for pins that don't exist: pins 64 to 191 are the second's.
 */
#define TYPE_BASE   0x1000 /* a bit per pin: 1 level, 0 edge */
#define TYPE_SIZE   (PINS / 8)
#define VECTOR_BASE 0x1200 /* a word per pin */
#define CLEAR_BASE  0xa000 /* a bit per pin, the first 64 numbers included */
#define CLEAR_SIZE  ((GUEST_MBIGEN_PIN + PINS) / 8)

#define VECTOR_EVENT BITS(21, 12)

#define PINS GUEST_MBIGEN_PINS

/* state */
#define LINE UINT32_C(1)
#define SENT UINT32_C(2) /* and not handled yet */

struct vmbigen {
	struct vdev vdev; /* first */
	uint32_t type[PINS / 32];
	uint32_t vector[PINS]; /* all atomic */
	uint32_t state[PINS];
};

static struct vmbigen *vmbigen_of(const struct vdev *vdev)
{
	return CONTAINER_OF(vdev, struct vmbigen, vdev);
}

static void send(struct vmbigen *gen, uint32_t pin)
{
	uint32_t event = (uint32_t)FIELD_GET(VECTOR_EVENT, atomic_read(&gen->vector[pin]));

	if (vgic_send_msi(gen->vdev.vm, GUEST_MBIGEN_DEVICE, event) != 0) {
		/* nobody has it: whoever looks at the pin next tries again */
		atomic_fetch_and(&gen->state[pin], ~SENT);
	}
}

static bool is_by_level(const struct vmbigen *gen, uint32_t pin)
{
	return (atomic_read(&gen->type[pin / 32]) >> pin % 32 & 1) != 0;
}

/* The line is high: a message, unless one is on its way. */
static void send_once(struct vmbigen *gen, uint32_t pin)
{
	if ((atomic_fetch_or(&gen->state[pin], SENT) & SENT) == 0) {
		send(gen, pin);
	}
}

void vmbigen_set_pin(struct vdev *vdev, uint32_t pin, bool level)
{
	struct vmbigen *gen = vmbigen_of(vdev);
	uint32_t before;

	pin -= GUEST_MBIGEN_PIN;
	if (!level) {
		atomic_fetch_and(&gen->state[pin], ~LINE);
		return;
	}
	before = atomic_fetch_or(&gen->state[pin], LINE);
	if (is_by_level(gen, pin)) {
		send_once(gen, pin);
	} else if ((before & LINE) == 0) {
		send(gen, pin);
	}
}

/* Something about the pin was written. Forget: what was sent is handled, or may have gone nowhere.
 */
static void look_again(struct vmbigen *gen, uint32_t pin, bool forget)
{
	uint32_t state =
		forget ? atomic_fetch_and(&gen->state[pin], ~SENT) : atomic_read(&gen->state[pin]);

	if ((state & LINE) != 0 && is_by_level(gen, pin)) {
		send_once(gen, pin);
	}
}

static int vmbigen_read(struct vcpu *vcpu, void *dev, uint32_t off, uint32_t size, uint64_t *value)
{
	struct vmbigen *gen = dev;

	(void)vcpu;
	(void)size;
	*value = 0;
	if (off >= TYPE_BASE && off < TYPE_BASE + TYPE_SIZE) {
		*value = atomic_read(&gen->type[(off - TYPE_BASE) / 4]);
	} else if (off >= VECTOR_BASE && off < VECTOR_BASE + 4 * PINS) {
		*value = atomic_read(&gen->vector[(off - VECTOR_BASE) / 4]);
	}
	return 0;
}

static int vmbigen_write(struct vcpu *vcpu, void *dev, uint32_t off, uint32_t size, uint64_t value)
{
	struct vmbigen *gen = dev;
	uint32_t first = 0, mask = 0;
	bool forget = false;

	(void)vcpu;
	(void)size;
	if (off >= TYPE_BASE && off < TYPE_BASE + TYPE_SIZE) {
		atomic_set(&gen->type[(off - TYPE_BASE) / 4], (uint32_t)value);
		first = (off - TYPE_BASE) / 4 * 32;
		mask = (uint32_t)value;
	} else if (off >= VECTOR_BASE && off < VECTOR_BASE + 4 * PINS) {
		first = (off - VECTOR_BASE) / 4;
		atomic_set(&gen->vector[first], (uint32_t)value);
		mask = 1;
		forget = true;
	} else if (off >= CLEAR_BASE + GUEST_MBIGEN_PIN / 8 && off - CLEAR_BASE < CLEAR_SIZE) {
		first = (off - CLEAR_BASE) / 4 * 32 - GUEST_MBIGEN_PIN;
		mask = (uint32_t)value;
		forget = true;
	}
	for (; mask != 0; mask &= mask - 1) {
		look_again(gen, first + (uint32_t)__builtin_ctz(mask), forget);
	}
	return 0;
}

static void vmbigen_reset(struct vdev *vdev)
{
	struct vmbigen *gen = vmbigen_of(vdev);

	for (uint32_t i = 0; i < PINS; i++) {
		atomic_set(&gen->vector[i], 0);
		atomic_set(&gen->state[i], 0);
		atomic_set(&gen->type[i / 32], 0);
	}
}

static int vmbigen_create(struct vm *vm, const struct vdev_config *config, struct arena *arena,
			  struct vdev **out)
{
	struct vmbigen *gen = arena_alloc(arena, sizeof(*gen));

	if (gen == NULL) {
		return -ENOMEM;
	}
	gen->vdev.type = config->type;
	gen->vdev.config = config;
	gen->vdev.vm = vm;
	*out = &gen->vdev;
	return 0;
}

/*
 * Linux would have the devices behind it wait ten seconds for a driver of the inner node, which
 * binds only where one is there before the generator fills that node's device. So the generator is
 * on a bus that is looked at by the very driver that takes the inner node, too: docs/doorbell.md.
 */
static int vmbigen_describe(const struct vdev *vdev, struct guest_fdt *fdt)
{
	const uint64_t reg[] = {vdev->config->ipa, vdev->type->size};
	const uint32_t parent[] = {fdt->its_phandle, GUEST_MBIGEN_DEVICE};

	guest_fdt_node(fdt, "bus");
	guest_fdt_string(fdt, "compatible", "simple-pm-bus");
	guest_fdt_u32(fdt, "#address-cells", 2);
	guest_fdt_u32(fdt, "#size-cells", 2);
	guest_fdt_flag(fdt, "ranges");
	guest_fdt_u32(fdt, "clocks", fdt->clock_phandle);
	guest_fdt_node_at(fdt, "mbigen", vdev->config->ipa);
	guest_fdt_string(fdt, "compatible", "hisilicon,mbigen-v2");
	guest_fdt_u64s(fdt, "reg", reg, 2);
	guest_fdt_node(fdt, "intc");
	guest_fdt_string(fdt, "compatible", "simple-mfd");
	guest_fdt_flag(fdt, "interrupt-controller");
	guest_fdt_u32(fdt, "#interrupt-cells", 2);
	guest_fdt_cells(fdt, "msi-parent", parent, 2);
	guest_fdt_u32(fdt, "num-pins", PINS);
	guest_fdt_u32(fdt, "phandle", fdt->mbigen_phandle);
	guest_fdt_end_node(fdt);
	guest_fdt_end_node(fdt);
	guest_fdt_end_node(fdt);
	return 0;
}

static const struct mmio_ops vmbigen_mmio = {
	.name = "MBIGEN",
	.sizes = 4,
	.read = vmbigen_read,
	.write = vmbigen_write,
};

const struct vdev_type vmbigen_type = {
	.compatible = "hisilicon,mbigen-v2",
	.size = GUEST_MBIGEN_SIZE,
	.create = vmbigen_create,
	.reset = vmbigen_reset,
	.describe = vmbigen_describe,
	.mmio = &vmbigen_mmio,
};
