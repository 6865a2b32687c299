/* SPDX-License-Identifier: Apache-2.0 */
/* The device tree a guest gets. Names and shapes as Linux' bindings have them. */
#include "core/vm/describe.h"

#include "core/base/bits.h"
#include "core/base/format.h"
#include "core/config/guest_map_types.h"
#include "core/fdt/guest_fdt.h"
#include "core/vm/passthrough.h"
#include "core/vm/share.h"
#include "drivers/emul/vdev.h"
#include "drivers/hw/entropy.h"
#include "irq/hw/gic_regs.h"
#include "timer/vtimer.h"

#define LEVEL_HIGH 4
#define GIC_PPI	   1
#define PPI(intid) ((intid)-16)
#define PPI_CPUS   BITS(15, 8)

#define UART_CLOCK_HZ 24000000

static void describe_chosen(struct vm *vm, struct guest_fdt *fdt)
{
	const struct vm_config *config = vm->config;

	guest_fdt_node(fdt, "chosen");
	if (config->bootargs[0] != '\0') {
		guest_fdt_string(fdt, "bootargs", config->bootargs);
	}
	for (uint32_t i = 0; i < vm->vdev_count; i++) {
		const struct vdev_config *device = vm->vdev[i]->config;
		char path[40];

		if (device->type->spi == 1) {
			format(path, sizeof(path), "/pl011@%llx", (unsigned long long)device->ipa);
			guest_fdt_string(fdt, "stdout-path", path);
			break;
		}
	}
	if (config->initrd != NULL) {
		const uint64_t start = config->layout.initrd;
		const uint64_t end = start + config->initrd->size;

		guest_fdt_u64s(fdt, "linux,initrd-start", &start, 1);
		guest_fdt_u64s(fdt, "linux,initrd-end", &end, 1);
	}
	if (entropy_source() != ENTROPY_NONE) {
		vm->load.seed = guest_fdt_room(fdt, "rng-seed", VM_SEED_SIZE);
	}
	guest_fdt_end_node(fdt);
}

static void describe_memory(const struct vm *vm, struct guest_fdt *fdt)
{
	for (uint32_t i = 0; i < vm->config->ram_count; i++) {
		const uint64_t reg[] = {vm->config->ram[i].ipa, vm->config->ram[i].size};

		guest_fdt_node_at(fdt, "memory", reg[0]);
		guest_fdt_string(fdt, "device_type", "memory");
		guest_fdt_u64s(fdt, "reg", reg, 2);
		guest_fdt_end_node(fdt);
	}
}

static void describe_cpus(const struct vm *vm, struct guest_fdt *fdt)
{
	guest_fdt_node(fdt, "cpus");
	guest_fdt_u32(fdt, "#address-cells", 1);
	guest_fdt_u32(fdt, "#size-cells", 0);
	for (uint32_t i = 0; i < vm->vcpu_count; i++) {
		uint32_t affinity = (uint32_t)(vm->vcpu[i]->mpidr & 0xffffff);

		guest_fdt_node_at(fdt, "cpu", affinity);
		guest_fdt_string(fdt, "device_type", "cpu");
		guest_fdt_string(fdt, "compatible", "arm,armv8");
		guest_fdt_u32(fdt, "reg", affinity);
		guest_fdt_string(fdt, "enable-method", "psci");
		guest_fdt_end_node(fdt);
	}
	guest_fdt_end_node(fdt);
}

static void describe_psci(struct guest_fdt *fdt)
{
	static const char compatible[] = "arm,psci-1.0\0arm,psci-0.2";

	guest_fdt_node(fdt, "psci");
	guest_fdt_prop(fdt, "compatible", compatible, sizeof(compatible));
	guest_fdt_string(fdt, "method", "hvc");
	guest_fdt_end_node(fdt);
}

static void describe_timer(const struct vm *vm, struct guest_fdt *fdt)
{
	/* GICv2: which CPU interfaces a private interrupt belongs to */
	const uint32_t cpus =
		vm->vgic.v2 ? (uint32_t)FIELD_PREP(PPI_CPUS, BIT(vm->vcpu_count) - 1) : 0;
	const uint32_t flags = LEVEL_HIGH | cpus;
	const uint32_t interrupts[] = {
		GIC_PPI,
		PPI(29),
		flags,
		GIC_PPI,
		PPI(VTIMER_PHYS_INTID),
		flags,
		GIC_PPI,
		PPI(VTIMER_VIRT_INTID),
		flags,
		GIC_PPI,
		PPI(26),
		flags,
	};

	guest_fdt_node(fdt, "timer");
	guest_fdt_string(fdt, "compatible", "arm,armv8-timer");
	guest_fdt_cells(fdt, "interrupts", interrupts, ARRAY_COUNT(interrupts));
	guest_fdt_flag(fdt, "always-on");
	guest_fdt_end_node(fdt);
}

static void describe_its(struct guest_fdt *fdt)
{
	const uint64_t reg[] = {GUEST_ITS_BASE, GUEST_ITS_SIZE};

	guest_fdt_node_at(fdt, "its", GUEST_ITS_BASE);
	guest_fdt_string(fdt, "compatible", "arm,gic-v3-its");
	guest_fdt_flag(fdt, "msi-controller");
	guest_fdt_u32(fdt, "#msi-cells", 1);
	guest_fdt_u64s(fdt, "reg", reg, 2);
	guest_fdt_u32(fdt, "phandle", fdt->its_phandle);
	guest_fdt_end_node(fdt);
}

static void describe_v2m(struct guest_fdt *fdt)
{
	const uint64_t reg[] = {GUEST_V2M_BASE, GUEST_V2M_SIZE};

	guest_fdt_node_at(fdt, "v2m", GUEST_V2M_BASE);
	guest_fdt_string(fdt, "compatible", "arm,gic-v2m-frame");
	guest_fdt_flag(fdt, "msi-controller");
	guest_fdt_u64s(fdt, "reg", reg, 2);
	guest_fdt_end_node(fdt);
}

static void describe_gic(const struct vm *vm, struct guest_fdt *fdt)
{
	bool v2 = vm->vgic.v2;
	uint32_t low = vm->config->redist_low;
	bool split = !v2 && low < vm->vcpu_count;
	const uint64_t reg[] = {
		GUEST_GICD_BASE,
		GUEST_GICD_SIZE,
		v2 ? GUEST_GICC_BASE : GUEST_GICR_BASE,
		v2 ? GUEST_GICC_SIZE : low * GUEST_GICR_STRIDE,
		GUEST_GICR_HIGH,
		(vm->vcpu_count - low) * GUEST_GICR_STRIDE,
	};

	const uint32_t mbi[] = {
		INTID_SPI + vm->config->spi_count - GUEST_MBI_COUNT,
		GUEST_MBI_COUNT,
	};

	guest_fdt_node_at(fdt, "intc", GUEST_GICD_BASE);
	guest_fdt_string(fdt, "compatible", v2 ? "arm,cortex-a15-gic" : "arm,gic-v3");
	guest_fdt_flag(fdt, "interrupt-controller");
	guest_fdt_u32(fdt, "#interrupt-cells", 3);
	guest_fdt_u32(fdt, "#address-cells", 2);
	guest_fdt_u32(fdt, "#size-cells", 2);
	guest_fdt_flag(fdt, "ranges");
	guest_fdt_u64s(fdt, "reg", reg, split ? 6 : 4);
	if (split) {
		guest_fdt_u32(fdt, "#redistributor-regions", 2);
	}
	guest_fdt_u32(fdt, "phandle", fdt->gic_phandle);
	if (vm->config->mbi) {
		guest_fdt_flag(fdt, "msi-controller");
		guest_fdt_cells(fdt, "mbi-ranges", mbi, ARRAY_COUNT(mbi));
	}
	if (vm->config->its) {
		describe_its(fdt);
	}
	if (vm->config->gicv2m) {
		describe_v2m(fdt);
	}
	guest_fdt_end_node(fdt);
}

static void describe_clock(struct guest_fdt *fdt)
{
	guest_fdt_node(fdt, "apb-pclk");
	guest_fdt_string(fdt, "compatible", "fixed-clock");
	guest_fdt_u32(fdt, "#clock-cells", 0);
	guest_fdt_u32(fdt, "clock-frequency", UART_CLOCK_HZ);
	guest_fdt_string(fdt, "clock-output-names", "clk24mhz");
	guest_fdt_u32(fdt, "phandle", fdt->clock_phandle);
	guest_fdt_end_node(fdt);
}

int describe_vm(struct vm *vm, const struct dt *config_tree, const struct dt *board_tree, void *buf,
		uint32_t size)
{
	static struct guest_fdt writer; /* too large for a stack; boot CPU only */
	struct guest_fdt *fdt = &writer;
	int err = 0;

	guest_fdt_begin(fdt, buf, size, config_tree, vm->config->guest_dtb);
	guest_fdt_u32(fdt, "interrupt-parent", fdt->gic_phandle);
	guest_fdt_string(fdt, "model", "Bulkhead virtual machine");
	guest_fdt_u32(fdt, "#address-cells", 2);
	guest_fdt_u32(fdt, "#size-cells", 2);
	guest_fdt_string(fdt, "compatible", "linux,dummy-virt");
	describe_chosen(vm, fdt);
	describe_memory(vm, fdt);
	describe_cpus(vm, fdt);
	describe_psci(fdt);
	describe_timer(vm, fdt);
	describe_gic(vm, fdt);
	describe_clock(fdt);
	for (uint32_t i = 0; i < vm->vdev_count && err == 0; i++) {
		err = vm->vdev[i]->type->describe(vm->vdev[i], fdt);
	}
	passthrough_describe(vm, board_tree, fdt);
	share_describe(vm, fdt);
	return err != 0 ? err : guest_fdt_finish(fdt);
}
