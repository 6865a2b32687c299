/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of the config binding, version 1. */
#include "core/config/binding.h"

#include "boot/board_types.h"
#include "core/base/string.h"

/* Why a part of the binding is refused by this version. */
#define LATER_DIRECT "direct mapping comes with a later version: leave it out"
#define LATER_MERGE                                                                                \
	"merging into the node of a board device comes with a later version: leave it out, or "    \
	"write into guest-dtb"

static const struct config_prop root_props[] = {
	{.name = "compatible",
	 .type = PROP_STRINGS,
	 .required = true,
	 .help = DOC("`bulkhead,config-1`: this binding, version 1.")},
	{.name = "board-compatible",
	 .type = PROP_STRINGS,
	 .dflt = DOC("any board"),
	 .help = DOC("The boards this config is for: at least one of these strings must be in the "
		     "board's root "
		     "`compatible`, else nothing is started.")},
	{.name = "hypervisor", .type = PROP_NODE},
	{.name = "images", .type = PROP_NODE},
	{.name = "shared-memory", .type = PROP_NODE},
	{.name = "networks", .type = PROP_NODE},
	{.name = "schedule", .type = PROP_NODE},
	{.name = "vms", .type = PROP_NODE},
	{0},
};

static const struct config_prop hypervisor_props[] = {
	{.name = "console",
	 .type = PROP_BOARD_REF,
	 .dflt = DOC("`/chosen/stdout-path` of the board"),
	 .help = DOC("The UART that carries log, shell and guest consoles; `\"none\"`: the memory "
		     "rings alone.")},
	{.name = "console-escape",
	 .type = PROP_U32,
	 .min = 1,
	 .max = 127,
	 .dflt = DOC("0x1d (Ctrl-])"),
	 .help = DOC("The ASCII code that switches who gets the keys; typed twice it goes to the "
		     "guest.")},
	{.name = "log-level",
	 .type = PROP_U32,
	 .max = 7,
	 .dflt = DOC("6"),
	 .help = DOC("Messages up to this level reach the console: 0 emergencies only, 7 debugging "
		     "too.")},
	{.name = "log-region",
	 .type = PROP_BOARD_REF,
	 .help = DOC("A /reserved-memory node of the board, of 64 KiB or more: the logs of "
		     "hypervisor and VMs are there too, and `log --last` shows them after a warm "
		     "reset.")},
	{.name = "when-all-off",
	 .type = PROP_STRING,
	 .values = "shell|poweroff|reboot",
	 .dflt = DOC("`\"shell\"`"),
	 .help = DOC("What happens when the last VM is off. One that waits for its disk or for "
		     "another VM is not, unless only a command ends that.")},
	{.name = "panic",
	 .type = PROP_STRING,
	 .values = "stop|reboot",
	 .dflt = DOC("`\"stop\"`"),
	 .help = DOC(
		 "What the board does after a failure of the hypervisor itself has been printed.")},
	{0},
};

static const struct config_prop container_props[] = {{0}};

static const struct config_prop image_props[] = {
	{.name = "type",
	 .type = PROP_STRING,
	 .required = true,
	 .values = "linux|raw|elf|ramdisk|dtb|disk",
	 .help = DOC(
		 "`linux`: an arm64 Image (compressed ones are unpacked when the bundle is "
		 "made); `raw`: bytes as "
		 "they are; `elf`: a static arm64 ELF file; `ramdisk`, `dtb`: what `initrd` and "
		 "`dtb` of a VM "
		 "name; `disk`: what `bulkhead,virtio-blk` devices name, of whole sectors of 512 "
		 "bytes.")},
	{.name = "data",
	 .type = PROP_BYTES,
	 .required = true,
	 .help = DOC("The file itself: `/incbin/(\"path\")`, relative to the config's file.")},
	{.name = "load",
	 .type = PROP_U64,
	 .help = DOC("`raw` only, required there: the guest-physical address of the first byte.")},
	{.name = "entry",
	 .type = PROP_U64,
	 .help = DOC("`raw` only, required there: the guest-physical address where the first vCPU "
		     "starts, with the "
		     "address of the guest's device tree in x0.")},
	{.name = "hash-1", .type = PROP_NODE},
	{0},
};

static const struct config_prop hash_props[] = {
	{.name = "algo",
	 .type = PROP_STRING,
	 .required = true,
	 .values = "sha256",
	 .help = DOC("`sha256`.")},
	{.name = "value", .type = PROP_BYTES, .required = true, .help = DOC("The hash of `data`.")},
	{.name = "crc32c",
	 .type = PROP_U32,
	 .dflt = DOC("not checked"),
	 .help = DOC("The CRC-32C of `data`: the hypervisor looks whether it still holds before it "
		     "starts a VM again.")},
	{0},
};

static const struct config_prop shared_memory_props[] = {
	{.name = "size",
	 .type = PROP_U64,
	 .required = true,
	 .help = DOC("Bytes, a multiple of 4 KiB; for Linux' pmem driver a multiple of 2 MiB.")},
	{.name = "pa",
	 .type = PROP_U64,
	 .dflt = DOC("chosen, in one piece"),
	 .help = DOC("The address in the board's memory, a multiple of 2 MiB.")},
	{0},
};

static const struct config_prop network_props[] = {
	{.name = "uplink",
	 .type = PROP_BOARD_REF,
	 .dflt = DOC("none"),
	 .help = DOC("The board's NIC by which it leads out, a virtio one: docs/network.md.")},
	{0},
};

static const struct config_prop window_props[] = {
	{.name = "cpu",
	 .type = PROP_U32,
	 .required = true,
	 .max = BOARD_CPU_MAX - 1,
	 .help = DOC("CPU index.")},
	{.name = "window-us",
	 .type = PROP_U32_LIST,
	 .required = true,
	 .min = 100,
	 .max = 10000000,
	 .help = DOC("The windows' lengths; their sum is the major frame.")},
	{.name = "window-vms",
	 .type = PROP_U32_LIST,
	 .required = true,
	 .help = DOC("Whose each window is: VM phandles, or `<0>` for idle.")},
	{0},
};

static const struct config_prop vms_props[] = {{0}};

static const struct config_prop vm_props[] = {
	{.name = "compatible",
	 .type = PROP_STRINGS,
	 .required = true,
	 .help = DOC("`bulkhead,vm`.")},
	{.name = "vcpus",
	 .type = PROP_U32,
	 .required = true,
	 .min = 1,
	 .max = CONFIG_VCPU_MAX,
	 .help = DOC("How many vCPUs the VM has: a count.")},
	{.name = "vcpu-cpus",
	 .type = PROP_U32_LIST,
	 .max = BOARD_CPU_MAX - 1,
	 .dflt = DOC("a CPU of its own for each vCPU"),
	 .help = DOC(
		 "The CPU each vCPU runs on, one index per vCPU. The index is the position among "
		 "the enabled "
		 "/cpus/cpu@* nodes of the board; the banner prints it with MPIDR and model. "
		 "A CPU may stand several times, here and in other VMs: then it is shared.")},
	{.name = "vcpu-priority",
	 .type = PROP_U32_LIST,
	 .max = 255,
	 .dflt = DOC("100"),
	 .help = DOC(
		 "On a CPU that is shared, higher runs first; one cell for all vCPUs or one for "
		 "each.")},
	{.name = "vcpu-budget-us",
	 .type = PROP_U32_LIST,
	 .min = 50,
	 .max = 1000000,
	 .dflt = DOC("none"),
	 .help = DOC("CPU time in each period, and no more; among vCPUs of one priority those with "
		     "a budget go first. One cell for all vCPUs or one for each; together with "
		     "vcpu-period-us.")},
	{.name = "vcpu-period-us",
	 .type = PROP_U32_LIST,
	 .min = 100,
	 .max = 1000000,
	 .dflt = DOC("none"),
	 .help = DOC("The period of the budget.")},
	{.name = "vcpu-background",
	 .type = PROP_FLAG,
	 .help = DOC(
		 "vCPUs that have used up their budgets may go on while no other vCPU of the CPU "
		 "wants to run.")},
	{.name = "vcpu-slice-us",
	 .type = PROP_U32,
	 .min = 100,
	 .max = 1000000,
	 .dflt = DOC("10000"),
	 .help = DOC("How long a vCPU runs before others of its priority, or of its VM, do.")},
	{.name = "memory-size",
	 .type = PROP_U64,
	 .help = DOC("Bytes of RAM, a multiple of 2 MiB, as one region at 0x40000000; where in the "
		     "board's memory is "
		     "chosen. Left out when `bulkhead,ram` devices describe the RAM.")},
	{.name = "direct-map",
	 .type = PROP_FLAG,
	 .later = LATER_DIRECT,
	 .help = DOC("Guest-physical addresses of RAM equal those of the board.")},
	{.name = "scrub",
	 .type = PROP_STRING,
	 .values = "owner-change|always",
	 .dflt = DOC("`\"owner-change\"`"),
	 .help = DOC(
		 "When RAM is cleared: before memory that another VM held is given out, or also "
		 "at first boot and "
		 "at each restart.")},
	{.name = "kernel",
	 .type = PROP_PHANDLE,
	 .required = true,
	 .values = "image",
	 .help = DOC("The image that the first vCPU starts in: type `linux`, `raw` or `elf`.")},
	{.name = "initrd",
	 .type = PROP_PHANDLE,
	 .values = "image",
	 .dflt = DOC("none"),
	 .help = DOC("An image of type `ramdisk`.")},
	{.name = "bootargs",
	 .type = PROP_STRING,
	 .dflt = DOC("empty"),
	 .help = DOC("The kernel's command line.")},
	{.name = "dtb",
	 .type = PROP_PHANDLE,
	 .values = "image",
	 .dflt = DOC("a tree written by the hypervisor"),
	 .help = DOC("An image of type `dtb`: the guest's own device tree, passed as it is.")},
	{.name = "dtb-address",
	 .type = PROP_U64,
	 .dflt = DOC("chosen"),
	 .help = DOC("The guest-physical address of the device tree, a multiple of 8: some raw "
		     "images want it at the "
		     "start of RAM, others above.")},
	{.name = "guest-dtb",
	 .type = PROP_NODE,
	 .help = DOC("Ordinary device tree, merged over the root of the generated one: the last "
		     "word.")},
	{.name = "gic",
	 .type = PROP_STRING,
	 .values = "v2|v3",
	 .dflt = DOC("what the board has"),
	 .help = DOC("The interrupt controller the guest sees. A GICv2 serves at most 8 vCPUs; a "
		     "board with a GICv2 has no other.")},
	{.name = "its",
	 .type = PROP_FLAG,
	 .help = DOC("An interrupt translation service, and LPIs; with a GICv3.")},
	{.name = "gicv2m",
	 .type = PROP_FLAG,
	 .help = DOC("A GICv2m frame, for messages as interrupts: it has SPIs 48 to 111, where "
		     "QEMU's virt machine has them.")},
	{.name = "mbi",
	 .type = PROP_FLAG,
	 .help = DOC("Messages as SPIs by the distributor of a GICv3 (GICD_SETSPI_NSR): it keeps "
		     "the last 64 for them.")},
	{.name = "spi-count",
	 .type = PROP_U32,
	 .min = 32,
	 .max = 988,
	 .dflt = DOC("64, or what the devices, `gicv2m` and `mbi` need"),
	 .help = DOC("SPIs of the guest's interrupt controller, a multiple of 32, or 988.")},
	{.name = "lpi-count",
	 .type = PROP_U32,
	 .min = 64,
	 .max = 57344,
	 .dflt = DOC("8192"),
	 .help = DOC("LPIs of a VM with `its`, rounded up to a power of two, or 57344.")},
	{.name = "smc-allow",
	 .type = PROP_U32_LIST,
	 .dflt = DOC("none"),
	 .help = DOC(
		 "Pairs `<first last>` of SMCCC function ids that are passed on to the firmware; "
		 "all others "
		 "return NOT_SUPPORTED.")},
	{.name = "start",
	 .life = true,
	 .type = PROP_STRING,
	 .values = "boot|manual",
	 .dflt = DOC("`\"boot\"`"),
	 .help = DOC("Whether it starts with the board or by command.")},
	{.name = "start-after",
	 .life = true,
	 .type = PROP_PHANDLE_LIST,
	 .values = "VM",
	 .dflt = DOC("none"),
	 .help = DOC("It starts with the board once these run (docs/life.md); a command starts it "
		     "at once.")},
	{.name = "restart",
	 .life = true,
	 .type = PROP_STRING,
	 .values = "never|on-crash|always",
	 .dflt = DOC("`\"never\"`"),
	 .help = DOC("What starts it again: nothing, a crash, or also its own SYSTEM_OFF. "
		     "SYSTEM_RESET always does, a watchdog says so itself, and a VM that a "
		     "command stopped stays off.")},
	{.name = "restart-limit",
	 .life = true,
	 .type = PROP_U32,
	 .dflt = DOC("5"),
	 .help = DOC(
		 "How many times an hour `restart` or a watchdog starts it again, then it stays "
		 "off; 0: no limit. The hour begins with the first of them. SYSTEM_RESET and "
		 "commands don't count.")},
	{.name = "restart-delay-ms",
	 .life = true,
	 .type = PROP_U32,
	 .dflt = DOC("0"),
	 .help = DOC("How long it is off before `restart` or a watchdog starts it again.")},
	{.name = "manages",
	 .life = true,
	 .type = PROP_PHANDLE_LIST,
	 .values = "VM",
	 .dflt = DOC("none"),
	 .help = DOC(
		 "VMs it may start, stop, inspect, and give another CPU or priority, which takes "
		 "no CPU time from VMs that it does not manage. It may be among them.")},
	{.name = "time-when-paused",
	 .life = true,
	 .type = PROP_STRING,
	 .values = "stops|runs",
	 .dflt = DOC("`\"stops\"`"),
	 .help = DOC("Whether its counters run while it is paused. The time of day (PL031) always "
		     "does, a watchdog never.")},
	{.name = "devices", .type = PROP_NODE},
	{0},
};

static const struct config_prop device_props[] = {
	{.name = "compatible",
	 .type = PROP_STRINGS,
	 .required = true,
	 .help = DOC("One of the devices below.")},
	{.name = "ipa",
	 .type = PROP_U64,
	 .dflt = DOC("the next free place of QEMU's virt machine"),
	 .help = DOC(
		 "The guest-physical address, a multiple of 4 KiB; of a virtio device of 0x200.")},
	{.name = "spi",
	 .type = PROP_U32,
	 .max = 959,
	 .dflt = DOC("the next free one of QEMU's virt machine"),
	 .help = DOC("The interrupt: its INTID less 32.")},
	{.name = "lpi",
	 .type = PROP_FLAG,
	 .help = DOC("The interrupt is an LPI in place of an SPI, in a VM with `its`, by a message "
		     "generator (docs/doorbell.md) whose driver the guest needs.")},
	{0},
};

static const struct config_prop ram_props[] = {
	{.name = "compatible",
	 .type = PROP_STRINGS,
	 .required = true,
	 .help = DOC("`bulkhead,ram`.")},
	{.name = "size",
	 .type = PROP_U64,
	 .required = true,
	 .help = DOC("Bytes, a multiple of 2 MiB.")},
	{.name = "ipa",
	 .type = PROP_U64,
	 .dflt = DOC("after the last region; the first at 0x40000000"),
	 .help = DOC("The guest-physical address, a multiple of 2 MiB.")},
	{.name = "pa",
	 .type = PROP_U64,
	 .dflt = DOC("chosen; may become several pieces"),
	 .help = DOC("The address in the board's memory, a multiple of 2 MiB.")},
	{0},
};

static const struct config_prop passthrough_props[] = {
	{.name = "compatible",
	 .type = PROP_STRINGS,
	 .required = true,
	 .help = DOC("`bulkhead,passthrough`.")},
	{.name = "board-node",
	 .type = PROP_BOARD_REF,
	 .required = true,
	 .help = DOC("The device: registers and interrupts come from the board's tree. In this "
		     "version it has one `reg` entry, of whole pages, and its interrupts are SPIs "
		     "of the board's GIC.")},
	{.name = "ipa",
	 .type = PROP_U64_LIST,
	 .dflt = DOC("the board's numbers"),
	 .help = DOC("The guest-physical address, a multiple of 4 KiB; one per `reg` entry.")},
	{.name = "spi",
	 .type = PROP_U32_LIST,
	 .max = 987,
	 .dflt = DOC("the board's numbers"),
	 .help = DOC("The guest's interrupts, one per interrupt of the device.")},
	{.name = "dma",
	 .type = PROP_STRING,
	 .required = true,
	 .values = "none|smmu|unsafe",
	 .help = DOC("What keeps its DMA inside the VM. `none`: it does none, which the "
		     "hypervisor can't know; `smmu` and `unsafe` come with a later version.")},
	{.name = "guest",
	 .type = PROP_NODE,
	 .later = LATER_MERGE,
	 .help = DOC("Merged over the copied node.")},
	{0},
};

static const struct config_prop share_props[] = {
	{.name = "compatible",
	 .type = PROP_STRINGS,
	 .required = true,
	 .help = DOC("`bulkhead,shared-memory`.")},
	{.name = "memory-region",
	 .type = PROP_PHANDLE,
	 .required = true,
	 .values = "shared memory",
	 .help = DOC("Which shared memory; a VM has each once.")},
	{.name = "ipa",
	 .type = PROP_U64,
	 .dflt = DOC("the first free multiple of 2 MiB from 0xc0000000 on"),
	 .help = DOC("The guest-physical address, a multiple of 4 KiB.")},
	{.name = "read-only",
	 .type = PROP_FLAG,
	 .help = DOC("The VM can't write to it: a store there is an external abort.")},
	{0},
};

const struct binding_node binding_nodes[BINDING_COUNT] = {
	[BINDING_ROOT] = {"/", "the config", root_props, DOC("")},
	[BINDING_HYPERVISOR] =
		{"/hypervisor", "hypervisor", hypervisor_props,
		 DOC("Optional. The word `bulkhead.NAME=VALUE` in the board's /chosen/bootargs "
		     "overrides a "
		     "property of this node.")},
	[BINDING_IMAGES] = {"/images", "images", container_props, DOC("")},
	[BINDING_IMAGE] = {"/images/NAME", "an image", image_props,
			   DOC("A file that VMs start from.")},
	[BINDING_HASH] = {"/images/NAME/hash-1", "a hash", hash_props,
			  DOC("Added when the bundle is made and checked by the host tools. The "
			      "hypervisor checks the "
			      "CRC of the whole bundle; signatures are the firmware's business.")},
	[BINDING_SHARED_MEMORIES] = {"/shared-memory", "shared-memory", container_props, DOC("")},
	[BINDING_SHARED_MEMORY] =
		{"/shared-memory/NAME", "shared memory", shared_memory_props,
		 DOC("A piece of memory that several VMs see, those that have a "
		     "`bulkhead,shared-memory` device for it: docs/shared-memory.md. Zeroes at "
		     "first; what is in it stays when a VM restarts.")},
	[BINDING_NETWORKS] = {"/networks", "networks", container_props, DOC("")},
	[BINDING_NETWORK] = {"/networks/NAME", "a network", network_props,
			     DOC("A switch between the VMs' network devices: docs/network.md.")},
	[BINDING_SCHEDULE] = {"/schedule", "schedule", container_props, DOC("")},
	[BINDING_WINDOWS] = {"/schedule/NAME", "a schedule", window_props,
			     DOC("Cyclic time windows of one CPU.")},
	[BINDING_VMS] = {"/vms", "vms", vms_props, DOC("")},
	[BINDING_VM] = {"/vms/NAME", "a VM", vm_props, DOC("One virtual machine.")},
	[BINDING_DEVICES] = {"/vms/NAME/devices", "devices", container_props, DOC("")},
	[BINDING_DEVICE] =
		{"/vms/NAME/devices/NAME", "a device", device_props,
		 DOC("What the guest finds besides vCPUs, interrupt controller and timer.")},
	[BINDING_RAM_DEVICE] = {"/vms/NAME/devices/NAME", "RAM", ram_props,
				DOC("A region of RAM, in place of `memory-size`.")},
	[BINDING_PASSTHROUGH_DEVICE] =
		{"/vms/NAME/devices/NAME", "a board device", passthrough_props,
		 DOC("A device of the board, given to this VM alone. Its interrupts are the "
		     "hardware's: enabled, routed and ended as the guest says. The guest's node is "
		     "a copy of the board's, less what refers to other nodes (clocks, resets, "
		     "pins, supplies): the log says what was left out. A device whose only clock "
		     "is `apb_pclk` gets one of that name. The device is not reset when its VM "
		     "is.")},
	[BINDING_SHARED_DEVICE] =
		{"/vms/NAME/devices/NAME", "a share of memory", share_props,
		 DOC("A shared memory that this VM sees: docs/shared-memory.md. Guest nodes: a "
		     "child of `/reserved-memory`, `shared-dma-pool` and `no-map`, and a "
		     "`pmem-region`, `volatile`, with the same `reg`. It is no part of the VM's "
		     "`/memory`, can't be executed, and buffers and rings of virtio devices can't "
		     "lie there.")},
};

/* For those who write a config: `make bundle` gives them. At boot the plain sentence is enough. */
#if __STDC_HOSTED__
static const struct {
	const char *name, *hint;
} hints[] = {
	{"cpus", "`vcpus` is a count, `vcpu-cpus` says where"},
	{"cpu", "`vcpus` is a count, `vcpu-cpus` says where"},
	{"cpu-count", "write `vcpus`, a count"},
	{"maxcpus", "write `vcpus`, a count"},
	{"affinity", "write `vcpu-cpus`, one CPU index per vCPU"},
	{"cpu-affinity", "write `vcpu-cpus`, one CPU index per vCPU"},
	{"memory", "write `memory-size`, bytes, in two cells: <0x0 0x20000000> is 512 MiB"},
	{"ram", "write `memory-size`, bytes, or a `bulkhead,ram` device"},
	{"image", "write `kernel`, the phandle of a node below /images"},
	{"module", "write `kernel` and `initrd`, references to nodes below /images"},
	{"ramdisk", "write `initrd`, the phandle of a node below /images"},
	{"cmdline", "write `bootargs`"},
	{"command-line", "write `bootargs`"},
	{"chosen", "write `bootargs` and `initrd` as properties of the VM"},
	{"vpl011", "write a device with compatible = \"bulkhead,pl011\""},
	{"uart", "write a device with compatible = \"bulkhead,pl011\" below `devices`"},
	{"console", "a VM's console is a device with compatible = \"bulkhead,pl011\""},
	{"reg", "a config says whose addresses it means: write `ipa` or `pa`"},
	{"address", "write `ipa` (guest-physical) or `pa` (the board's)"},
	{"base", "write `ipa` (guest-physical) or `pa` (the board's)"},
	{"interrupts", "write `spi`, the INTID less 32"},
	{"irq", "write `spi`, the INTID less 32"},
	{"interrupt-parent", "write `spi`, the INTID less 32"},
	{"#address-cells", "a config needs none: numbers of 64 bits are always two cells"},
	{"#size-cells", "a config needs none: numbers of 64 bits are always two cells"},
	{"passthrough",
	 "write a device with compatible = \"bulkhead,passthrough\" and `board-node`"},
	{"file", "write `data = /incbin/(\"path\")`"},
	{"path", "write `data = /incbin/(\"path\")`"},
	{"load-address", "write `load`"},
	{"entry-point", "write `entry`"},
	{"on_crash", "write `restart`"},
	{"vm", "VMs stand below `vms`"},
	{"vm_list", "VMs stand below `vms`"},
	{"domain", "VMs stand below `vms`"},
	{"domains", "VMs stand below `vms`"},
};

const char *binding_hint(const char *name)
{
	for (size_t i = 0; i < ARRAY_COUNT(hints); i++) {
		size_t len = strlen(hints[i].name);

		/* Nodes may carry a unit address: memory@40000000. */
		if (strncmp(name, hints[i].name, len) == 0 &&
		    (name[len] == '\0' || name[len] == '@')) {
			return hints[i].hint;
		}
	}
	return strncmp(name, "xen,", 4) == 0 ? "this is not a Xen domU: see vm-configs/README.md" :
					       NULL;
}
#else
const char *binding_hint(const char *name)
{
	(void)name;
	return NULL;
}
#endif
