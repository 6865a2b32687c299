/* SPDX-License-Identifier: Apache-2.0 */
/* Random programming of the interrupt controller, GICv2's or GICv3's with its ITS. */
#include "tests/guest/lib/exc.h"
#include "tests/guest/lib/gic.h"
#include "tests/guest/lib/its.h"
#include "tests/guest/lib/wild.h"

#define STR_W 0xb9000000 /* str w<n>, [x<m>] */
#define STR_X 0xf9000000
#define LDR_W 0xb9400000

#define ITS_TRANSLATER 0x10040
#define V2M_SETSPI     0x08020040
#define MBIGEN_BASE    0x08040000
#define GUARD_PRIORITY 0x40

/* Register files: first offset, bytes, width of an access. */
struct file {
	uint32_t first, size, width;
};

static const struct file dist_files[] = {
	{GICD_CTLR, 4, 4},	     {GICD_IGROUPR, 0x80, 4},	 {GICD_ISENABLER, 0x80, 4},
	{GICD_ICENABLER, 0x80, 4},   {GICD_ISPENDR, 0x80, 4},	 {GICD_ICPENDR, 0x80, 4},
	{GICD_ISACTIVER, 0x80, 4},   {GICD_ICACTIVER, 0x80, 4},	 {GICD_IPRIORITYR, 0x400, 4},
	{GICD_IPRIORITYR, 0x400, 1}, {GICD_ITARGETSR, 0x400, 1}, {GICD_ITARGETSR, 0x400, 4},
	{GICD_ICFGR, 0x100, 4},	     {GICD_SGIR, 4, 4},		 {GICD_CPENDSGIR, 0x20, 4},
	{GICD_SETSPI_NSR, 0x20, 4},  {GICD_IROUTER, 0x2000, 8},	 {0, 0x10000, 4},
};

static const struct file redist_files[] = {
	{GICR_CTLR, 4, 4},  {GICR_WAKER, 4, 4}, {GICR_PROPBASER, 8, 8}, {GICR_PENDBASER, 8, 8},
	{0xa0, 0x60, 8},    {0x10080, 4, 4},	{0x10100, 4, 4},	{0x10180, 4, 4},
	{0x10200, 4, 4},    {0x10280, 4, 4},	{0x10300, 4, 4},	{0x10380, 4, 4},
	{0x10400, 0x20, 4}, {0x10c00, 8, 4},	{0, 0x20000, 4},
};

static const struct file its_files[] = {
	{GITS_CTLR, 4, 4},     {GITS_CBASER, 8, 8},   {GITS_CWRITER, 8, 8},   {GITS_CREADR, 8, 8},
	{GITS_BASER, 0x40, 8}, {GITS_BASER, 0x10, 8}, {ITS_TRANSLATER, 4, 4}, {0, 0x20000, 8},
};

static const struct file cpu_files[] = {
	{GICC_CTLR, 4, 4}, {GICC_PMR, 4, 4},  {GICC_BPR, 4, 4},	  {GICC_IAR, 4, 4},
	{GICC_EOIR, 4, 4}, {GICC_AIAR, 4, 4}, {GICC_AEOIR, 4, 4}, {GICC_APR, 0x30, 4},
	{GICC_DIR, 4, 4},  {0, 0x2000, 4},
};

static uint64_t pick(struct wild *w, uint64_t base, const struct file *f)
{
	uint64_t off = wild_random(w) % f->size & ~(uint64_t)(f->width - 1);

	/* the lines that there are, mostly */
	if (f->size >= 0x80 && f->size < 0x10000 && (wild_random(w) & 3)) {
		off %= f->size / 8;
		off &= ~(uint64_t)(f->width - 1);
	}
	return base + f->first + off;
}

static uint64_t some_register(struct wild *w, unsigned int *width)
{
	uint64_t r = wild_random(w), base = GICD_BASE;
	const struct file *f = &dist_files[(r >> 8) % ARRAY_SIZE(dist_files)];

	if (gic_v2 && (r & 3) == 0) {
		base = GICC_BASE;
		f = &cpu_files[(r >> 8) % ARRAY_SIZE(cpu_files)];
	} else if (!gic_v2 && (r & 3) == 0) {
		base = ITS_BASE;
		f = &its_files[(r >> 8) % ARRAY_SIZE(its_files)];
	} else if (!gic_v2 && (r & 3) == 1) {
		base = GICR_BASE + (r >> 4 & 3) * GICR_STRIDE;
		f = &redist_files[(r >> 8) % ARRAY_SIZE(redist_files)];
	} else if ((r & 0x3c) == 0) {
		base = r & 0x40 ? V2M_SETSPI : MBIGEN_BASE;
		f = &dist_files[0];
	}
	*width = f->width;
	return pick(w, base, f);
}

/* Three accesses, one after the other: x0, x4 and x6 say where. */
static void wild_registers(struct wild *w)
{
	static const unsigned int at[] = {0, 4, 6}, what[] = {2, 5, 7};
	unsigned int width = 4;

	wild_box(w, 0, 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(at); i++) {
		uint32_t operands = at[i] << 5 | what[i];

		w->box->x[at[i]] = some_register(w, &width);
		w->box->x[what[i]] = wild_value(w);
		wild_code(w, (wild_random(w) & 3) == 0 ? LDR_W | operands :
			     width == 8		       ? STR_X | operands :
			     width == 1		       ? (STR_W ^ 0x80000000) | operands :
							 STR_W | operands);
	}
	w->traps += wild_run(w) ? ARRAY_SIZE(at) : 0;
}

static const uint8_t commands[] = {
	0x01 /* MOVI */, 0x03 /* INT */,    0x04 /* CLEAR */,  0x05 /* SYNC */,
	0x08 /* MAPD */, 0x09 /* MAPC */,   0x0a /* MAPTI */,  0x0b /* MAPI */,
	0x0c /* INV */,	 0x0d /* INVALL */, 0x0e /* MOVALL */, 0x0f /* DISCARD */,
};

/* A command whose fields are likely to be good, and then are changed or not. */
static void some_command(struct wild *w, uint64_t at)
{
	uint64_t r = wild_random(w), word[4];

	word[0] = commands[r % ARRAY_SIZE(commands)] | (r >> 8 & 7) << 32;
	word[1] = (r >> 16 & 0x1f) | (ITS_LPI + (r >> 24 & 0xff)) << 32;
	word[2] = (r & BIT(63)) | (r >> 40 & 3) << 16 | (r >> 44 & 3);
	if ((word[0] & 0xff) == 0x08) {
		word[1] = r >> 16 & 0x1f;
		word[2] = (r & BIT(63)) | wild_memory(w, 256);
	}
	word[3] = (r >> 48 & 3) << 16;
	for (unsigned int i = 0; i < 4; i++) {
		if ((wild_random(w) & 7) == 0) {
			word[i] ^= wild_value(w);
		}
		mmio_write64(at + i * 8, word[i]);
	}
}

/* A queue, tables in WILD_AREA, and a page of commands that all are executed. */
static void wild_its(struct wild *w)
{
	uint64_t queue = wild_memory(w, 0x10000), r = wild_random(w);

	for (uint64_t at = 0; at < 0x1000; at += 32) {
		some_command(w, queue + at);
	}
	wild_box(w, 0, 0);
	w->box->x[8] = GICR_BASE + (r & 3) * GICR_STRIDE;
	w->box->x[9] = wild_memory(w, 0x10000) | 15;
	w->box->x[10] = BIT(63) | queue | (r >> 8 & 3);
	w->box->x[11] = ITS_BASE;
	w->box->x[12] = (r >> 16 & 0xfe0) | (r >> 60 == 0);
	w->box->x[13] = 1;
	w->box->x[14] = BIT(63) | (r >> 32 & 1) << 62 | wild_memory(w, 0x10000) | (r >> 40 & 3);
	w->box->x[15] = wild_memory(w, 0x10000);
	if (r >> 59 & 1) {
		wild_code(w, 0xb900017f);     /* str wzr, [x11]: off */
		wild_code(w, 0xf900816e);     /* str x14, [x11, #GITS_BASER] */
		wild_code(w, 0xf900856f | 0); /* str x15, [x11, #GITS_BASER + 8] */
		wild_code(w, 0xf900416a);     /* str x10, [x11, #GITS_CBASER] */
	} else {
		wild_code(w, 0xf9003909); /* str x9, [x8, #GICR_PROPBASER] */
		wild_code(w, 0xb900010d); /* str w13, [x8]: LPIs are on */
	}
	wild_code(w, 0xb900016d); /* str w13, [x11]: on */
	wild_code(w, 0xf900456c); /* str x12, [x11, #GITS_CWRITER] */
	w->traps += wild_run(w) ? w->code_count : 0;
}

void wild_gic(struct wild *w)
{
	uint64_t r = wild_random(w);

	if (!gic_v2 && (r & 3) == 0) {
		wild_its(w);
	} else if (!gic_v2 && (r & 3) == 1) {
		exc_begin();
		icc_write(ICC_SGI1R, r >> 2 & (BITS(40, 40) | BITS(27, 24) | BITS(7, 0)));
		exc_end();
		w->traps++;
	} else {
		wild_registers(w);
	}
}

static void heal_interface(void)
{
	if (gic_v2) {
		mmio_write32(GICC_BASE + GICC_CTLR, 3);
		mmio_write32(GICC_BASE + GICC_PMR, 0xff);
		mmio_write32(GICC_BASE + GICC_BPR, 0);
		mmio_write32(GICC_BASE + GICC_APR, 0);
		return;
	}
	sysreg_write(ICC_PMR, 0xff);
	sysreg_write(ICC_CTLR, 0);
	sysreg_write(ICC_BPR1, 0);
	sysreg_write(ICC_AP1R0, 0);
	sysreg_write(S3_0_C12_C8_4, 0); /* ICC_AP0R0_EL1 */
	sysreg_write(ICC_IGRPEN1, 1);
	isb(); /* the interface is as written before it is used */
}

void wild_heal(struct wild *w)
{
	exc_begin();
	heal_interface();
	mmio_write32(GICD_BASE + GICD_CTLR, gic_v2 ? 1 : 0x12);
	mmio_write32(gic_reg(GICD_ICACTIVER, 0, 1), ~UINT32_C(0));
	mmio_write32(gic_reg(GICD_IGROUPR, 0, 1), gic_v2 ? 0 : ~UINT32_C(0));
	mmio_write8(gic_reg(GICD_IPRIORITYR, INTID_TIMER_VIRT, 8), GUARD_PRIORITY);
	mmio_write32(gic_reg(GICD_ISENABLER, 0, 1), BIT(INTID_TIMER_VIRT));
	exc_end();
	w->traps += 5;
}

void wild_take(struct wild *w)
{
	uint64_t intid;

	exc_begin();
	if (gic_v2) {
		intid = mmio_read32(GICC_BASE + GICC_IAR);
		if ((intid & GICC_IAR_INTID) == INTID_GROUP1) {
			intid = mmio_read32(GICC_BASE + GICC_AIAR);
			mmio_write32(GICC_BASE + GICC_AEOIR, (uint32_t)intid);
		} else {
			mmio_write32(GICC_BASE + GICC_EOIR, (uint32_t)intid);
		}
		w->traps++;
	} else if ((intid = sysreg_read(ICC_IAR1)) != INTID_SPURIOUS) {
		icc_write(ICC_EOIR1, intid);
	} else {
		intid = sysreg_read(ICC_IAR0);
		icc_write(ICC_EOIR0, intid);
	}
	/* a level that nobody lowers would come for ever */
	if (intid < 256 && intid != INTID_TIMER_VIRT) {
		mmio_write32(gic_reg(GICD_ICENABLER, (unsigned int)intid, 1), BIT(intid % 32));
	}
	exc_end();
	sysreg_write(cntv_ctl_el0, 0);
}
