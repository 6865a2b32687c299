/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Doorbells between VMs: a PL061 (Arm DDI 0190B) for each four of a VM's. docs/doorbell.md.
 *
 * A doorbell is two wires, crossed: what one VM drives on the line that rings (4 to 7) the other
 * reads on the line that is rung (0 to 3). Each PL061 has a lock of its own, and nobody holds two:
 * the VM that rings counts the changes of its wire, the low bit is the wire's level, and then has
 * the other side look. So no edge gets lost, however many CPUs ring.
 */
#include "core/base/arena.h"
#include "core/base/atomic.h"
#include "core/base/bits.h"
#include "core/base/errno.h"
#include "core/base/format.h"
#include "core/base/spinlock.h"
#include "core/base/string.h"
#include "core/fdt/guest_fdt.h"
#include "core/vm/vm.h"
#include "drivers/emul/models.h"
#include "drivers/emul/vdev.h"
#include "drivers/emul/vdev_line.h"

/* 0x000-0x3fc: address bits 9:2 are the mask of the lines that are read or written */
#define GPIODATA      0x000
#define GPIODATA_ALL  0x3fc
#define GPIODIR	      0x400
#define GPIOIS	      0x404
#define GPIOIBE	      0x408
#define GPIOIEV	      0x40c
#define GPIOIE	      0x410
#define GPIORIS	      0x414
#define GPIOMIS	      0x418
#define GPIOIC	      0x41c
#define GPIOAFSEL     0x420
#define GPIOPERIPHID0 0xfe0

#define BELLS	   CONFIG_DOORBELLS_OF_PL061
#define RUNG_MASK  BITS(BELLS - 1, 0)
#define LINES_MASK 0xff

static const uint8_t gpio_id[] = {0x61, 0x10, 0x04, 0x00, 0x0d, 0xf0, 0x05, 0xb1};

struct vdoorbell {
	struct vdev vdev;	       /* first */
	struct vdoorbell *next;	       /* of all VMs; constant after boot, as are the next two */
	struct vdoorbell *peer[BELLS]; /* NULL: nobody is there */
	uint8_t peer_bell[BELLS];
	uint32_t changes[BELLS]; /* of the wires it drives. Written under its lock, read by the peer
				  */
	struct spinlock lock;	 /* protects the rest */
	uint32_t seen[BELLS];	 /* changes of the peer's wires that are in `rung` */
	uint8_t rung;		 /* levels of lines 0 to 3 */
	uint8_t data, dir, is, ibe, iev, ie, ris, afsel;
};

/* Of all VMs, linked while they are built by the boot CPU. */
static struct vdoorbell *all;

static struct vdoorbell *vdoorbell_of(const struct vdev *vdev)
{
	return CONTAINER_OF(vdev, struct vdoorbell, vdev);
}

/* What the pins carry: outputs what is driven, rung lines what the peers drive, the others nothing.
 */
static uint8_t pins(const struct vdoorbell *bell)
{
	return (uint8_t)((bell->data & bell->dir) | (bell->rung & ~bell->dir));
}

/* GPIORIS: edges as they were latched, levels as they are. DDI 0190B 2.3.2. */
static uint8_t raw_status(const struct vdoorbell *bell)
{
	uint8_t level = (uint8_t)(bell->is & ~bell->dir & ~(bell->rung ^ bell->iev));

	return (bell->ris & ~bell->is) | level;
}

static void set_line_locked(struct vdoorbell *bell)
{
	vdev_set_line(&bell->vdev, (raw_status(bell) & bell->ie) != 0);
}

/* Takes over what has changed on the wires that peers drive. */
static void look_locked(struct vdoorbell *bell)
{
	uint8_t rise = 0, fall = 0;

	for (uint32_t i = 0; i < BELLS; i++) {
		const struct vdoorbell *peer = bell->peer[i];
		uint32_t changes =
			peer == NULL ? 0 : atomic_read_acquire(&peer->changes[bell->peer_bell[i]]);
		uint32_t count = changes - bell->seen[i];
		uint8_t bit = (uint8_t)BIT(i);

		bell->seen[i] = changes;
		bell->rung = (changes & 1) != 0 ? bell->rung | bit : bell->rung & (uint8_t)~bit;
		/* two changes are an edge of each kind; one is that to the level it has now */
		rise |= count > 1 || (count == 1 && (changes & 1) != 0) ? bit : 0;
		fall |= count > 1 || (count == 1 && (changes & 1) == 0) ? bit : 0;
	}
	bell->ris |=
		(uint8_t)(((rise & (bell->iev | bell->ibe)) | (fall & (~bell->iev | bell->ibe))) &
			  ~bell->is & ~bell->dir);
}

/* Called without a lock: the wire of its doorbell i has changed. */
static void tell_peer(struct vdoorbell *bell, uint32_t i)
{
	struct vdoorbell *peer = bell->peer[i];

	spin_lock(&peer->lock);
	look_locked(peer);
	set_line_locked(peer);
	spin_unlock(&peer->lock);
}

/* The wires get what data and direction now say; which doorbells' peers are to be told. */
static uint32_t drive_locked(struct vdoorbell *bell)
{
	uint32_t changed = 0;

	for (uint32_t i = 0; i < BELLS; i++) {
		uint32_t level = (uint32_t)((bell->data & bell->dir) >> (BELLS + i)) & 1;

		if (bell->peer[i] != NULL && (bell->changes[i] & 1) != level) {
			atomic_set_release(&bell->changes[i], bell->changes[i] + 1);
			changed |= UINT32_C(1) << i;
		}
	}
	return changed;
}

static void tell_peers(struct vdoorbell *bell, uint32_t changed)
{
	for (; changed != 0; changed &= changed - 1) {
		tell_peer(bell, (uint32_t)__builtin_ctz(changed));
	}
}

static uint8_t read_register(const struct vdoorbell *bell, uint32_t off)
{
	switch (off) {
	case GPIODIR:
		return bell->dir;
	case GPIOIS:
		return bell->is;
	case GPIOIBE:
		return bell->ibe;
	case GPIOIEV:
		return bell->iev;
	case GPIOIE:
		return bell->ie;
	case GPIORIS:
		return raw_status(bell);
	case GPIOMIS:
		return raw_status(bell) & bell->ie;
	case GPIOAFSEL:
		return bell->afsel;
	default:
		if (off <= GPIODATA_ALL) {
			return (uint8_t)(pins(bell) & off >> 2);
		}
		return off >= GPIOPERIPHID0 ? gpio_id[(off - GPIOPERIPHID0) / 4] : 0;
	}
}

static int vdoorbell_read(struct vcpu *vcpu, void *dev, uint32_t off, uint32_t size,
			  uint64_t *value)
{
	struct vdoorbell *bell = dev;

	(void)vcpu;
	(void)size;
	*value = 0;
	if (off % 4 == 0) {
		spin_lock(&bell->lock);
		*value = read_register(bell, off);
		spin_unlock(&bell->lock);
	}
	return 0;
}

static void write_register(struct vdoorbell *bell, uint32_t off, uint8_t value)
{
	uint8_t mask = (uint8_t)(off >> 2);

	switch (off) {
	case GPIODIR:
		bell->dir = value;
		break;
	case GPIOIS:
		bell->is = value;
		break;
	case GPIOIBE:
		bell->ibe = value;
		break;
	case GPIOIEV:
		bell->iev = value;
		break;
	case GPIOIE:
		bell->ie = value;
		break;
	case GPIOIC:
		bell->ris &= (uint8_t)~value;
		break;
	case GPIOAFSEL:
		bell->afsel = value;
		break;
	default:
		if (off <= GPIODATA_ALL) {
			bell->data = (uint8_t)((bell->data & ~mask) | (value & mask));
		}
		break;
	}
}

static int vdoorbell_write(struct vcpu *vcpu, void *dev, uint32_t off, uint32_t size,
			   uint64_t value)
{
	struct vdoorbell *bell = dev;
	uint32_t changed;

	(void)vcpu;
	(void)size;
	if (off % 4 != 0) {
		return 0;
	}
	spin_lock(&bell->lock);
	write_register(bell, off, (uint8_t)(value & LINES_MASK));
	changed = drive_locked(bell);
	set_line_locked(bell);
	spin_unlock(&bell->lock);
	tell_peers(bell, changed);
	return 0;
}

/* All lines are inputs again: its own wires fall, and what peers drive stays to be read. */
static void vdoorbell_reset(struct vdev *vdev)
{
	struct vdoorbell *bell = vdoorbell_of(vdev);
	uint32_t changed;

	spin_lock(&bell->lock);
	bell->data = bell->dir = bell->is = bell->ibe = bell->iev = bell->ie = bell->afsel = 0;
	look_locked(bell);
	bell->ris = 0;
	changed = drive_locked(bell);
	set_line_locked(bell);
	spin_unlock(&bell->lock);
	tell_peers(bell, changed);
}

/* The PL061 that has this doorbell, and which of its four it is; NULL: not made (yet). */
static struct vdoorbell *find(const struct doorbell_config *config, uint8_t *which)
{
	for (struct vdoorbell *bell = all; bell != NULL; bell = bell->next) {
		const struct vdev_config *own = bell->vdev.config;

		if (config >= own->doorbell && config < own->doorbell + own->doorbell_count) {
			*which = (uint8_t)(config - own->doorbell);
			return bell;
		}
	}
	return NULL;
}

/* Wires each doorbell whose other side is there already, both ways. */
static void connect(struct vdoorbell *bell)
{
	for (uint8_t i = 0; i < bell->vdev.config->doorbell_count; i++) {
		uint8_t other = 0;
		struct vdoorbell *peer = find(bell->vdev.config->doorbell[i].peer, &other);

		if (peer != NULL) {
			bell->peer[i] = peer;
			bell->peer_bell[i] = other;
			peer->peer[other] = bell;
			peer->peer_bell[other] = i;
		}
	}
}

static int vdoorbell_create(struct vm *vm, const struct vdev_config *config, struct arena *arena,
			    struct vdev **out)
{
	struct vdoorbell *bell = arena_alloc(arena, sizeof(*bell));

	if (bell == NULL) {
		return -ENOMEM;
	}
	spin_init(&bell->lock, RANK_DEVICE);
	bell->vdev.type = config->type;
	bell->vdev.config = config;
	bell->vdev.vm = vm;
	connect(bell);
	bell->next = all;
	all = bell;
	*out = &bell->vdev;
	return 0;
}

/* Lines are called as their doorbells; the one that rings NAME is NAME-ring. */
static void describe_names(const struct vdev_config *config, struct guest_fdt *fdt)
{
	char names[2 * BELLS * (CONFIG_DOORBELL_NAME_MAX + sizeof("-ring"))];
	uint32_t used = 0;

	for (uint32_t i = 0; i < 2 * BELLS; i++) {
		uint32_t bell = i % BELLS;
		bool there = bell < config->doorbell_count;

		used += 1 + (uint32_t)format(names + used, sizeof(names) - used, "%s%s",
					     there ? config->doorbell[bell].name : "",
					     there && i >= BELLS ? "-ring" : "");
	}
	guest_fdt_prop(fdt, "gpio-line-names", names, used);
}

static int vdoorbell_describe(const struct vdev *vdev, struct guest_fdt *fdt)
{
	static const char compatible[] = "arm,pl061\0arm,primecell";

	guest_fdt_node_at(fdt, "pl061", vdev->config->ipa);
	guest_fdt_prop(fdt, "compatible", compatible, sizeof(compatible));
	vdev_describe_place(vdev, fdt);
	guest_fdt_u32(fdt, "clocks", fdt->clock_phandle);
	guest_fdt_string(fdt, "clock-names", "apb_pclk");
	guest_fdt_flag(fdt, "gpio-controller");
	guest_fdt_u32(fdt, "#gpio-cells", 2);
	guest_fdt_flag(fdt, "interrupt-controller");
	guest_fdt_u32(fdt, "#interrupt-cells", 2);
	describe_names(vdev->config, fdt);
	guest_fdt_end_node(fdt);
	return 0;
}

static const struct mmio_ops vdoorbell_mmio = {
	.name = "PL061",
	.sizes = 1 | 2 | 4,
	.read = vdoorbell_read,
	.write = vdoorbell_write,
};

static const struct config_prop vdoorbell_props[] = {
	{
		.name = "peer",
		.type = PROP_PHANDLE,
		.required = true,
		.values = "doorbell",
		.help = DOC("The other VM's doorbell, which must point back."),
	},
	{.name = NULL},
};

const struct vdev_type vdoorbell_type = {
	.compatible = "bulkhead,doorbell",
	.help = DOC("An interrupt to and from another VM: docs/doorbell.md. Guest node: "
		    "`arm,pl061`, one for each four doorbells of a VM, in their order; `ipa`, "
		    "`spi` and `lpi` stand at the first of the four. An LPI in a VM with `its`, "
		    "unless `spi` is there."),
	.size = 0x1000,
	.ipa = 0x09030000,
	.spi = 7,
	.max_count = 0,
	.props = vdoorbell_props,
	.create = vdoorbell_create,
	.reset = vdoorbell_reset,
	.describe = vdoorbell_describe,
	.mmio = &vdoorbell_mmio,
};
