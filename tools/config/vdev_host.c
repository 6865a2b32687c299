/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the checker must know of the device models, which themselves need the hypervisor around
 * them. tests/config/test_configs.py holds it against drivers/emul/.
 */
#include "core/config/guest_map_types.h"
#include "drivers/emul/models.h"

static const struct config_prop vcontrol_props[] = {{.name = NULL}};

const struct vdev_type vcontrol_type = {
	.compatible = "bulkhead,control",
	.help = "Hypercalls for programs, as a page of registers: docs/hypercalls.md. Guest node: "
		"`bulkhead,control`. It has no interrupt.",
	.size = 0x1000,
	.ipa = 0x090c0000,
	.spi = CONFIG_SPI_ANY,
	.no_spi = true,
	.max_count = 1,
	.props = vcontrol_props,
};

static const struct config_prop vpl011_props[] = {
	{
		.name = "input",
		.type = PROP_STRING,
		.values = "switched|none",
		.dflt = "switched",
		.help = "`switched`: it gets the keys while it has the console's focus; `none`: "
			"never.",
	},
	{.name = NULL},
};

const struct vdev_type vpl011_type = {
	.compatible = "bulkhead,pl011",
	.help = "A serial port on the console. Guest node: `arm,pl011`.",
	.size = 0x1000,
	.ipa = 0x09000000,
	.spi = 1,
	.max_count = 1,
	.props = vpl011_props,
};

static const struct config_prop vpl031_props[] = {{.name = NULL}};

const struct vdev_type vpl031_type = {
	.compatible = "bulkhead,pl031",
	.help = "A real-time clock. Guest node: `arm,pl031`.",
	.size = 0x1000,
	.ipa = 0x09010000,
	.spi = 2,
	.max_count = 1,
	.props = vpl031_props,
};

static const struct config_prop vsp805_props[] = {
	{
		.name = "on-expiry",
		.type = PROP_STRING,
		.values = "restart|stop|log",
		.dflt = "`\"restart\"`",
		.help = "What happens when the guest lets it run out, whatever `restart` says. A "
			"restart by it counts for `restart-limit`, and waits for "
			"`restart-delay-ms`.",
	},
	{.name = NULL},
};

const struct vdev_type vsp805_type = {
	.compatible = "bulkhead,sp805",
	.help = "A watchdog. Guest node: `arm,sp805`, with a clock of 24 MHz. It stands still "
		"while the VM is paused.",
	.size = 0x1000,
	.ipa = 0x090d0000,
	.spi = 10,
	.max_count = 1,
	.props = vsp805_props,
};

static const struct config_prop vdoorbell_props[] = {
	{
		.name = "peer",
		.type = PROP_PHANDLE,
		.required = true,
		.values = "doorbell",
		.help = "The other VM's doorbell, which must point back.",
	},
	{.name = NULL},
};

const struct vdev_type vdoorbell_type = {
	.compatible = "bulkhead,doorbell",
	.help = "An interrupt to and from another VM: docs/doorbell.md. Guest node: "
		"`arm,pl061`, one for each four doorbells of a VM, in their order; `ipa`, `spi` "
		"and `lpi` stand at the first of the four. An LPI in a VM with `its`, unless `spi` "
		"is there.",
	.size = 0x1000,
	.ipa = 0x09030000,
	.spi = 7,
	.max_count = 0,
	.props = vdoorbell_props,
};

static const struct config_prop rng_props[] = {{.name = NULL}};

static const struct config_prop console_props[] = {{.name = NULL}};

const struct vdev_type virtio_console_type = {
	.compatible = "bulkhead,virtio-console",
	.help = "A console (`hvc0` of Linux) on the hypervisor's, beside or in place of a serial "
		"port. Guest node: `virtio,mmio`.",
	.size = GUEST_VIRTIO_SIZE,
	.ipa = GUEST_VIRTIO_BASE,
	.spi = GUEST_VIRTIO_SPI,
	.slots = GUEST_VIRTIO_SLOTS,
	.max_count = 1,
	.props = console_props,
};

const struct vdev_type virtio_rng_type = {
	.compatible = "bulkhead,virtio-rng",
	.help = "A source of random numbers, of those of the board: without any the device does "
		"not exist, and the log says so. Guest node: `virtio,mmio`.",
	.size = GUEST_VIRTIO_SIZE,
	.ipa = GUEST_VIRTIO_BASE,
	.spi = GUEST_VIRTIO_SPI,
	.slots = GUEST_VIRTIO_SLOTS,
	.props = rng_props,
};

static const struct config_prop net_props[] = {
	{
		.name = "network",
		.type = PROP_PHANDLE,
		.required = true,
		.values = "network",
		.help = "The network it is plugged into.",
	},
	{
		.name = "local-mac-address",
		.type = PROP_BYTES,
		.dflt = "made from the names of VM and device, the same at each boot",
		.help = "Its address, six bytes, not that of a group; no two of a network have "
			"the same.",
	},
	{
		.name = "vlan",
		.type = PROP_U32,
		.min = 1,
		.max = 4094,
		.dflt = "none",
		.help = "It sees only ports of the network with the same number, and sends no "
			"frames with a tag of its own.",
	},
	{
		.name = "rate-kbps",
		.type = PROP_U32,
		.min = 8,
		.max = 100000000,
		.dflt = "no limit",
		.help = "How much it may send, in kilobits a second: what is beyond waits in the "
			"guest's queue.",
	},
	{
		.name = "mtu",
		.type = PROP_U32,
		.min = 1280,
		.max = 9000,
		.dflt = "the guest is told nothing, and begins with 1500",
		.help = "The size of packets that the guest begins with, and its limit: of longer "
			"ones it sends and gets none.",
	},
	{
		.name = "own-mac-only",
		.type = PROP_FLAG,
		.help = "It sends in the name of its own address alone. Without it the VM may have "
			"others behind it (a bridge, containers), and may take the address of a "
			"station outside for one of these.",
	},
	{.name = NULL},
};

const struct vdev_type virtio_net_type = {
	.compatible = "bulkhead,virtio-net",
	.help = "A network interface: docs/network.md. Guest node: `virtio,mmio`.",
	.size = GUEST_VIRTIO_SIZE,
	.ipa = GUEST_VIRTIO_BASE,
	.spi = GUEST_VIRTIO_SPI,
	.slots = GUEST_VIRTIO_SLOTS,
	.props = net_props,
};

static const struct config_prop blk_props[] = {
	{.name = "image",
	 .type = PROP_PHANDLE,
	 .values = "image",
	 .help = "An image of type `disk`; beside it `overlay-size` or `read-only`. Several "
		 "disks may have one image."},
	{.name = "overlay-size",
	 .type = PROP_U64,
	 .help = "Bytes of memory, a multiple of 4 KiB, that take what is written over the "
		 "image; the disk's alone."},
	{.name = "read-only",
	 .type = PROP_FLAG,
	 .help = "The image, or the partition, can't be written to."},
	{.name = "ram-size",
	 .type = PROP_U64,
	 .help = "In place of an image: bytes of a disk in memory, a multiple of 512, zeroes "
		 "at first."},
	{.name = "disk",
	 .type = PROP_BOARD_REF,
	 .help = "In place of an image: a disk of the board, by path or alias of its "
		 "device tree; beside it `partition`, and `read-only` if it is."},
	{.name = "partition",
	 .type = PROP_STRING,
	 .help = "GPT name (ASCII) or PARTUUID on `disk`; no other disk of a VM has it."},
	{.name = "serial",
	 .type = PROP_STRING,
	 .dflt = "empty",
	 .help = "What the guest reads as serial number, at most 20 characters."},
	{.name = NULL},
};

const struct vdev_type virtio_blk_type = {
	.compatible = "bulkhead,virtio-blk",
	.help = "A disk: docs/disks.md. Guest node: `virtio,mmio`.",
	.size = GUEST_VIRTIO_SIZE,
	.ipa = GUEST_VIRTIO_BASE,
	.spi = GUEST_VIRTIO_SPI,
	.slots = GUEST_VIRTIO_SLOTS,
	.props = blk_props,
};

static const struct config_prop vsock_props[] = {
	{
		.name = "guest-cid",
		.type = PROP_U32,
		.min = 3,
		.max = 0xfffffffe,
		.dflt = "3 and the place of the VM in the config, or the next that is free",
		.help = "Its address, that of no other VM. 2 is the hypervisor.",
	},
	{.name = NULL},
};

const struct vdev_type virtio_vsock_type = {
	.compatible = "bulkhead,virtio-vsock",
	.help = "Sockets between VMs, and to the hypervisor: docs/vsock.md. VMs that have one "
		"reach each other. Guest node: `virtio,mmio`.",
	.size = GUEST_VIRTIO_SIZE,
	.ipa = GUEST_VIRTIO_BASE,
	.spi = GUEST_VIRTIO_SPI,
	.slots = GUEST_VIRTIO_SLOTS,
	.max_count = 1,
	.props = vsock_props,
};

static const struct config_prop balloon_props[] = {
	{
		.name = "min-size",
		.type = PROP_U64,
		.dflt = "half of its RAM",
		.help = "Bytes, a multiple of 4 KiB: less RAM than that the VM never has, "
			"whoever asks for it.",
	},
	{.name = NULL},
};

const struct vdev_type virtio_balloon_type = {
	.compatible = "bulkhead,virtio-balloon",
	.help = "Takes RAM from the guest and gives it back, so that it can go to another VM "
		"with a balloon: docs/balloon.md. All of the VM's RAM is mapped by pages "
		"then. Guest node: `virtio,mmio`.",
	.size = GUEST_VIRTIO_SIZE,
	.ipa = GUEST_VIRTIO_BASE,
	.spi = GUEST_VIRTIO_SPI,
	.slots = GUEST_VIRTIO_SLOTS,
	.max_count = 1,
	.props = balloon_props,
};
