/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hypercalls for programs: EL0 has no HVC, but may map a page of registers (struct hypercall_page).
 * Arguments are written, then the number of the call; the answer is there when that store is done.
 *
 * One call at a time has the registers: programs agree among themselves (bulkheadctl takes a lock
 * on /dev/mem). Two that don't mix their answers up, and nothing else.
 */
#include "core/base/arena.h"
#include "core/base/bits.h"
#include "core/base/errno.h"
#include "core/base/spinlock.h"
#include "core/base/string.h"
#include "core/exit/hypercall_types.h"
#include "core/fdt/guest_fdt.h"
#include "core/vm/vm.h"
#include "drivers/emul/models.h"
#include "drivers/emul/vdev.h"

struct vcontrol {
	struct vdev vdev;     /* first */
	struct spinlock lock; /* protects the rest */
	struct hypercall_page page;
};

/* Constant after boot. */
static void (*make_call)(struct vcpu *vcpu, struct hypercall *call);

void vcontrol_set_call(void (*call)(struct vcpu *vcpu, struct hypercall *call))
{
	make_call = call;
}

static struct vcontrol *vcontrol_of(struct vdev *vdev)
{
	return CONTAINER_OF(vdev, struct vcontrol, vdev);
}

static int vcontrol_read(struct vcpu *vcpu, void *dev, uint32_t off, uint32_t size, uint64_t *value)
{
	struct vcontrol *control = dev;

	(void)vcpu;
	*value = 0;
	if (off + size <= sizeof(control->page)) {
		spin_lock(&control->lock);
		memcpy(value, (const uint8_t *)&control->page + off, size);
		spin_unlock(&control->lock);
	}
	return 0;
}

/* The call is made without the lock: it may take those of VMs. */
static void call(struct vcontrol *control, struct vcpu *vcpu, uint32_t number)
{
	struct hypercall_page *page = &control->page;
	struct hypercall one;

	one.number = number;
	spin_lock(&control->lock);
	memcpy(one.arg, page->arg, sizeof(one.arg));
	spin_unlock(&control->lock);
	make_call(vcpu, &one);
	spin_lock(&control->lock);
	page->number = number;
	page->status = one.status;
	memcpy(page->result, one.result, sizeof(page->result));
	page->data_size = one.data_size;
	memcpy(page->data, one.data.bytes, one.data_size);
	memset(page->data + one.data_size, 0, sizeof(page->data) - one.data_size);
	spin_unlock(&control->lock);
}

static int vcontrol_write(struct vcpu *vcpu, void *dev, uint32_t off, uint32_t size, uint64_t value)
{
	const uint32_t args = __builtin_offsetof(struct hypercall_page, arg);
	struct vcontrol *control = dev;

	if (off == __builtin_offsetof(struct hypercall_page, number) && size == 4) {
		call(control, vcpu, (uint32_t)value);
	} else if (off >= args && off + size <= args + sizeof(control->page.arg)) {
		spin_lock(&control->lock);
		memcpy((uint8_t *)&control->page + off, &value, size);
		spin_unlock(&control->lock);
	}
	return 0;
}

static void vcontrol_reset(struct vdev *vdev)
{
	struct vcontrol *control = vcontrol_of(vdev);

	spin_lock(&control->lock);
	memset(&control->page, 0, sizeof(control->page));
	control->page.magic = HYPERCALL_PAGE_MAGIC;
	control->page.version = HYPERCALL_MAJOR << 16 | HYPERCALL_MINOR;
	spin_unlock(&control->lock);
}

static int vcontrol_create(struct vm *vm, const struct vdev_config *config, struct arena *arena,
			   struct vdev **out)
{
	struct vcontrol *control = arena_alloc(arena, sizeof(*control));

	if (control == NULL) {
		return -ENOMEM;
	}
	spin_init(&control->lock, RANK_DEVICE);
	control->vdev.type = config->type;
	control->vdev.config = config;
	control->vdev.vm = vm;
	*out = &control->vdev;
	vcontrol_reset(*out);
	return 0;
}

static int vcontrol_describe(const struct vdev *vdev, struct guest_fdt *fdt)
{
	const uint64_t reg[] = {vdev->config->ipa, vdev->type->size};

	guest_fdt_node_at(fdt, "control", vdev->config->ipa);
	guest_fdt_string(fdt, "compatible", "bulkhead,control");
	guest_fdt_u64s(fdt, "reg", reg, ARRAY_COUNT(reg));
	guest_fdt_end_node(fdt);
	return 0;
}

static const struct mmio_ops vcontrol_mmio = {
	.name = "control",
	.sizes = 4 | 8,
	.read = vcontrol_read,
	.write = vcontrol_write,
};

static const struct config_prop vcontrol_props[] = {{.name = NULL}};

const struct vdev_type vcontrol_type = {
	.compatible = "bulkhead,control",
	.help = DOC("Hypercalls for programs, as a page of registers: docs/hypercalls.md. Guest "
		    "node: `bulkhead,control`. It has no interrupt."),
	.size = 0x1000,
	.ipa = 0x090c0000,
	.spi = CONFIG_SPI_ANY,
	.no_spi = true,
	.max_count = 1,
	.props = vcontrol_props,
	.create = vcontrol_create,
	.reset = vcontrol_reset,
	.describe = vcontrol_describe,
	.mmio = &vcontrol_mmio,
};
