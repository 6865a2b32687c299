/* SPDX-License-Identifier: Apache-2.0 */
/* How the drivers name a CPU (IHI 0069H ICC_SGI1R_EL1, IHI 0048B GICD_SGIR), and GICv2's registers
 * behind list registers in GICv3's layout. */
#include <string.h>

#include "core/base/types.h"
#include "irq/hw/gic.h"
#include "irq/hw/gic_regs.h"
#include "irq/hw/gich.h"
#include "irq/hw/ich.h"
#include "tests/unit/fake_sysreg.h"
#include "tests/unit/unit.h"

static const struct {
	uint64_t mpidr, target;
} cases[] = {
	/* one of 16 bits by Aff0 */
	{0x80000000, UINT64_C(0x0000000000000001)},
	{0x80000001, UINT64_C(0x0000000000000002)},
	{0x8000000f, UINT64_C(0x0000000000008000)},
	/* RS, bits 47:44: which 16 of Aff0 */
	{0x80000010, UINT64_C(0x0000100000000001)},
	{0x800000ff, UINT64_C(0x0000f00000008000)},
	/* Aff1 at 23:16, Aff2 at 39:32, Aff3 at 55:48 */
	{0x80000100, UINT64_C(0x0000000000010001)},
	{0x8000ff00, UINT64_C(0x0000000000ff0001)},
	{0x80010000, UINT64_C(0x0000000100000001)},
	{0x80ff0000, UINT64_C(0x000000ff00000001)},
	{UINT64_C(0x0180000000), UINT64_C(0x0001000000000001)},
	{UINT64_C(0xff80000000), UINT64_C(0x00ff000000000001)},
	{UINT64_C(0x1280345678), UINT64_C(0x0012703400560100)},
	/* MT, U and what is reserved name nothing */
	{UINT64_C(0xffffff00ff000000), UINT64_C(0x0000000000000001)},
};

void ich_init(void)
{
}

static void targets(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		assert_int_equal(gic_sgi_target(cases[i].mpidr), cases[i].target);
	}
}

static void send_sgi(uint32_t sgi, uint64_t mpidr)
{
	uint64_t to = gic_sgi_to(sgi, mpidr);

	gic_send_sgi(&to);
}

static void sent(void **state)
{
	(void)state;
	for (uint32_t sgi = 0; sgi < 16; sgi++) {
		for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
			fake_sysreg_reset();
			send_sgi(sgi, cases[i].mpidr);
			/* INTID at 27:24; IRM, bit 40, is never set */
			assert_int_equal(sysreg_read_raw(SYSREG_ICC_SGI1R_EL1),
					 cases[i].target | (uint64_t)sgi << 24);
		}
	}
}

/* -- GICv2: registers that are memory -- */

static uint8_t dist[0x1000], cpuif[0x21000], vctrl[GICH_SIZE];
static struct board_gic v2_board;

static uint32_t *reg(uint8_t *frame, uint32_t off)
{
	return (uint32_t *)(frame + off);
}

static void start_v2(uint64_t cpuif_size)
{
	memset(dist, 0, sizeof(dist));
	memset(cpuif, 0, sizeof(cpuif));
	memset(vctrl, 0, sizeof(vctrl));
	*reg(dist, GICD_TYPER) = 2; /* 96 interrupts */
	*reg(vctrl, GICH_VTR) = 3;  /* 4 list registers */
	*reg(cpuif, GICC_IIDR) = 0x0202043b;
	v2_board = (struct board_gic){
		.kind = BOARD_GIC_V2,
		.dist = {(uintptr_t)dist, sizeof(dist)},
		.cpuif = {(uintptr_t)cpuif, cpuif_size},
		.vctrl = {(uintptr_t)vctrl, sizeof(vctrl)},
		.vcpuif = {0x8040000, cpuif_size},
	};
}

static int cpu_of_number(uint32_t number, uint64_t mpidr)
{
	*reg(dist, GICD_ITARGETSR) = UINT32_C(0x01010101) << number;
	return gic_cpu_init(mpidr);
}

static void v2_targets(void **state)
{
	(void)state;
	start_v2(0x2000);
	assert_int_equal(gic_init(&v2_board), 0);
	/* interfaces are numbered as the board likes */
	assert_int_equal(cpu_of_number(5, 0x100), 0);
	assert_int_equal(cpu_of_number(0, 0x101), 0);
	send_sgi(GIC_SGI_KICK, 0x100);
	assert_int_equal(*reg(dist, GICD_SGIR), 0x00200001);
	send_sgi(GIC_SGI_STOP, 0x101);
	assert_int_equal(*reg(dist, GICD_SGIR), 0x00010002);
	/* a CPU that is not up is nobody */
	send_sgi(GIC_SGI_KICK, 0x102);
	assert_int_equal(*reg(dist, GICD_SGIR), 0x00000001);
	gic_enable_spi(41, 0, 0x100);
	assert_int_equal(dist[GICD_ITARGETSR + 41], 0x20);
	assert_int_equal(*reg(dist, GICD_ISENABLER + 4), 1 << 9);
}

static void v2_own_number(void **state)
{
	(void)state;
	start_v2(0x2000);
	gic_init(&v2_board);
	/* a uniprocessor's registers read as zero: its interface is the first */
	assert_int_equal(gic_cpu_init(0), 0);
	send_sgi(GIC_SGI_KICK, 0);
	assert_int_equal(*reg(dist, GICD_SGIR), 0x00010001);
	/* two numbers at once are nobody's */
	*reg(dist, GICD_ITARGETSR) = 0x03030303;
	assert_int_not_equal(gic_cpu_init(1), 0);
}

static void v2_interface(void **state)
{
	(void)state;
	start_v2(0x2000);
	gic_init(&v2_board);
	assert_int_equal(gic_list_register_count(), 4);
	assert_int_equal(gich_gicv(), 0x8040000);
	assert_int_equal(cpu_of_number(1, 1), 0);
	/* enabled, priority drop and deactivation apart; SGIs 1 to 4 */
	assert_int_equal(*reg(cpuif, GICC_CTLR), 0x201);
	assert_int_equal(*reg(cpuif, GICC_PMR), 0xff);
	assert_int_equal(*reg(dist, GICD_ISENABLER), 0x1e);
	assert_int_equal(*reg(dist, GICD_CTLR), 1);
}

/* Windows of 64 KiB: pages in a row are the last of the first and the first of the second. */
static void v2_aliased(void **state)
{
	(void)state;
	start_v2(0x20000);
	*reg(cpuif, 0xf000 + GICC_IIDR) = 0x0202043b;
	gic_init(&v2_board);
	assert_ptr_equal(gic_cpuif, cpuif + 0xf000);
	assert_int_equal(gich_gicv(), 0x804f000);
	/* as large, but not aliased */
	start_v2(0x20000);
	gic_init(&v2_board);
	assert_ptr_equal(gic_cpuif, cpuif);
	assert_int_equal(gich_gicv(), 0x8040000);
}

static const struct {
	uint64_t ich;
	uint32_t gich;
} list_registers[] = {
	{0, 0},
	/* pending 62 -> 28, active 63 -> 29, HW 61 -> 31, group 60 -> 30 */
	{UINT64_C(1) << 62 | 27, UINT32_C(0x1000001b)},
	{UINT64_C(1) << 63 | 1019, UINT32_C(0x200003fb)},
	{UINT64_C(3) << 62 | 33, UINT32_C(0x30000021)},
	{UINT64_C(1) << 60, UINT32_C(0x40000000)},
	/* linked: the physical INTID at 41:32 -> 19:10 */
	{UINT64_C(1) << 61 | UINT64_C(1019) << 32 | 27, UINT32_C(0x800fec1b)},
	/* EOI 41 -> 19, source 34:32 -> 12:10 */
	{UINT64_C(1) << 41 | 40, UINT32_C(0x00080028)},
	{UINT64_C(7) << 32 | 15, UINT32_C(0x00001c0f)},
	/* five bits of priority, 55:51 -> 27:23 */
	{UINT64_C(0xf8) << 48, UINT32_C(0x0f800000)},
	{UINT64_C(0xa0) << 48, UINT32_C(0x0a000000)},
};

static void list_register_layout(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(list_registers); i++) {
		assert_int_equal(gich_lr_from(list_registers[i].ich), list_registers[i].gich);
		assert_int_equal(gich_lr_to(list_registers[i].gich), list_registers[i].ich);
	}
	/* what a priority has below these is not kept */
	assert_int_equal(gich_lr_from(UINT64_C(0x07) << 48), 0);
}

static void virtual_control(void **state)
{
	const struct vif_ops *ops = &gich_vif_ops;
	const struct vif vif = {.ops = ops};

	(void)state;
	start_v2(0x2000);
	gic_init(&v2_board);
	ops->lr_write(&vif, 3, UINT64_C(1) << 62 | 27);
	assert_int_equal(*reg(vctrl, GICH_LR + 12), 0x1000001b);
	assert_int_equal(ops->lr_read(&vif, 3), UINT64_C(1) << 62 | 27);
	*reg(vctrl, GICH_ELRSR) = 0x7;
	*reg(vctrl, GICH_EISR) = 0x8;
	assert_int_equal(ops->empty(&vif), 0x7);
	assert_int_equal(ops->eoi(&vif), 0x8);
	/* En, UIE, LRENPIE, NPIE; EOIcount at 31:27; nothing that is GICv3's alone */
	ops->hcr_write(&vif, UINT64_C(0xf800ffff));
	assert_int_equal(*reg(vctrl, GICH_HCR), 0xf80000ff);
	assert_int_equal(ops->hcr_read(&vif), 0xf80000ff);
	ops->vmcr_write(&vif, UINT64_C(0xfffc021f));
	assert_int_equal(*reg(vctrl, GICH_VMCR), 0xf8fc021f);
	assert_int_equal(ops->vmcr_read(&vif), 0xf8fc021f);
	*reg(vctrl, GICH_APR) = 0xffffffff;
	ops->clear_active_priorities(&vif);
	assert_int_equal(*reg(vctrl, GICH_APR), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("a CPU is named by its affinity", targets),
		CASE("an SGI goes to that CPU", sent),
		CASE("GICv2: a CPU is named by the number of its interface", v2_targets),
		CASE("GICv2: a CPU learns its number", v2_own_number),
		CASE("GICv2: what each CPU's interface is set to", v2_interface),
		CASE("GICv2: windows of 64 KiB are recognised", v2_aliased),
		CASE("GICv2: list registers from one layout to the other", list_register_layout),
		CASE("GICv2: control of virtual interrupts", virtual_control),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
