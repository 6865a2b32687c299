/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the board's device tree: one pass over the nodes sorts out those that matter by
 * `compatible` and device_type, the rest is asked for by path.
 */
#include "boot/board.h"

#include "core/base/bits.h"
#include "core/base/errno.h"
#include "core/base/ranges.h"
#include "core/base/string.h"

#define MPIDR_AFFINITY (BITS(39, 32) | BITS(23, 0))
#define PATH_MAX_SHOWN 128
#define GICV2_IF_SIZE  0x2000

/* What a node is to the hypervisor. */
enum kind {
	KIND_NONE,
	KIND_GIC_V2,
	KIND_GIC_V3,
	KIND_TIMER,
	KIND_PSCI,
	KIND_PSCI_V0_1,
	KIND_SMMU,
	KIND_PL011,
	KIND_CADENCE,
	KIND_PL031,
};

/* Told apart by their lengths first: all are of a few vendors, whose names they begin with. */
#define KIND(string, kind)                                                                         \
	{                                                                                          \
		string, sizeof(string) - 1, kind                                                   \
	}
static const struct {
	const char *compatible;
	uint32_t len;
	enum kind kind;
} kinds[] = {
	KIND("arm,armv8-timer", KIND_TIMER),   KIND("arm,armv7-timer", KIND_TIMER),
	KIND("arm,psci-1.0", KIND_PSCI),       KIND("arm,psci-0.2", KIND_PSCI),
	KIND("arm,psci", KIND_PSCI_V0_1),      KIND("arm,smmu-v3", KIND_SMMU),
	KIND("arm,mmu-500", KIND_SMMU),	       KIND("arm,smmu-v2", KIND_SMMU),
	KIND("arm,smmu-v1", KIND_SMMU),	       KIND("arm,mmu-401", KIND_SMMU),
	KIND("arm,mmu-400", KIND_SMMU),	       KIND("arm,pl011", KIND_PL011),
	KIND("arm,sbsa-uart", KIND_PL011),     KIND("xlnx,xuartps", KIND_CADENCE),
	KIND("cdns,uart-r1p12", KIND_CADENCE), KIND("cdns,uart-r1p8", KIND_CADENCE),
	KIND("arm,pl031", KIND_PL031),
};
#undef KIND

/* One call of board_parse(). */
struct parse {
	struct board *board;
	const struct dt *dt;
	struct diag *diag;
	int gic, timer, psci; /* first enabled node of each kind, or DT_NONE */
};

/* Every string of `kinds` and of dt_gic_version(): arm, cdns, qcom, xlnx. */
static bool begins_like_known(char letter)
{
	return letter == 'a' || letter == 'c' || letter == 'q' || letter == 'x';
}

static enum kind kind_by_compatible(const struct dt *dt, int node, const struct dt_prop *prop)
{
	const char *end = (const char *)prop->value + prop->len;
	bool may_be_gic = false;

	if (!dt_prop_is_strings(prop)) {
		return KIND_NONE;
	}
	for (const char *at = (const char *)prop->value, *next; at < end; at = next) {
		uint32_t len = (uint32_t)strlen(at);

		next = at + len + 1;
		/* most nodes are of nobody's in these lists: told by a letter */
		if (!begins_like_known(*at)) {
			continue;
		}
		may_be_gic = true;
		for (size_t k = 0; k < ARRAY_COUNT(kinds); k++) {
			if (len == kinds[k].len && strcmp(at, kinds[k].compatible) == 0) {
				return kinds[k].kind;
			}
		}
	}
	if (!may_be_gic) {
		return KIND_NONE;
	}
	/* A GIC's strings stand in core/fdt, which needs them to make INTIDs. */
	switch (dt_prop(dt, node, "#interrupt-cells", NULL) ? dt_gic_version(dt, node) : 0) {
	case 3:
		return KIND_GIC_V3;
	case 2:
		return KIND_GIC_V2;
	default:
		return KIND_NONE;
	}
}

static enum kind kind_of(const struct dt *dt, int node)
{
	struct dt_prop prop;

	return dt_prop(dt, node, "compatible", &prop) ? kind_by_compatible(dt, node, &prop) :
							KIND_NONE;
}

static void complain(struct parse *p, int node, const char *property, const char *what)
{
	char path[PATH_MAX_SHOWN];

	diag_error(p->diag, dt_path(p->dt, node, path, sizeof(path)), property, "%s", what);
}

static void remark(struct parse *p, int node, const char *property, const char *what)
{
	char path[PATH_MAX_SHOWN];

	diag_note(p->diag, dt_path(p->dt, node, path, sizeof(path)), property, "%s", what);
}

static void add_memory(struct parse *p, int node)
{
	struct board *board = p->board;
	struct prange range;
	int ret;

	for (uint32_t i = 0; (ret = dt_reg(p->dt, node, i, &range)) == 0; i++) {
		if (!ranges_add(board->ram, &board->ram_count, BOARD_RAM_MAX, range)) {
			remark(p, node, "reg",
			       "there are more than 32 banks of memory: this one is not used");
		}
	}
	if (ret != -ENOENT) {
		remark(p, node, "reg", "is malformed: this memory is not used");
	}
}

static void add_reserved(struct parse *p, int node, struct prange range)
{
	struct board *board = p->board;

	/* Reserved memory that can't be recorded could be given to a VM: nothing is started then.
	 */
	if (range.base + range.size < range.base ||
	    !ranges_add(board->reserved, &board->reserved_count, BOARD_RESERVED_MAX, range)) {
		complain(p, node, "reg",
			 "there are more than 64 reserved ranges, or this one is malformed");
	}
}

static void parse_reserved(struct parse *p, uint64_t dtb_pa)
{
	const struct dt *dt = p->dt;
	int parent = dt_find(dt, "/reserved-memory");
	struct prange range;
	int ret;

	for (uint32_t i = 0; i < dt->reserve_count; i++) {
		add_reserved(p, DT_ROOT, dt_memreserve(dt, i));
	}
	for (int node = dt_first_child(dt, parent); node != DT_NONE;
	     node = dt_next_sibling(dt, node)) {
		if (!dt_status_okay(dt, node)) {
			continue;
		}
		for (uint32_t i = 0; (ret = dt_reg(dt, node, i, &range)) == 0; i++) {
			add_reserved(p, node, range);
		}
		if (ret != -ENOENT) {
			complain(p, node, "reg", "is malformed, so what it reserves is not known");
		}
	}
	if (dtb_pa != BOARD_DTB_NOWHERE) {
		p->board->dtb = (struct prange){.base = dtb_pa, .size = dt->size};
		add_reserved(p, DT_ROOT, p->board->dtb);
	}
	add_reserved(p, DT_ROOT, p->board->initrd);
}

static void parse_chosen(struct parse *p)
{
	struct board *board = p->board;
	int chosen = dt_find(p->dt, "/chosen");
	uint64_t start, end;
	int ret_start, ret_end;

	board->chosen = chosen;
	board->bootargs = dt_string(p->dt, chosen, "bootargs");
	if (board->bootargs == NULL) {
		board->bootargs = "";
	}
	ret_start = dt_u64(p->dt, chosen, "linux,initrd-start", &start);
	ret_end = dt_u64(p->dt, chosen, "linux,initrd-end", &end);
	if (ret_start == 0 && ret_end == 0 && end >= start) {
		board->initrd = (struct prange){.base = start, .size = end - start};
	} else if (ret_start != -ENOENT || ret_end != -ENOENT) {
		remark(p, chosen, "linux,initrd-start",
		       "linux,initrd-start and -end do not describe a range");
	}
}

static void parse_cpu(struct parse *p, int node)
{
	static const struct {
		const char *method;
		enum board_enable enable;
	} methods[] = {
		{"psci", BOARD_ENABLE_PSCI},
		{"spin-table", BOARD_ENABLE_SPIN_TABLE},
	};
	struct board *board = p->board;
	struct board_cpu *cpu = &board->cpu[board->cpu_count];
	const char *method = dt_string(p->dt, node, "enable-method");
	struct prange reg;

	if (board->cpu_count == BOARD_CPU_MAX) {
		remark(p, node, NULL, "this is the 513th CPU: it stays off");
		return;
	}
	if (dt_bus_reg(p->dt, node, 0, &reg) != 0 || (reg.base & ~MPIDR_AFFINITY) != 0) {
		remark(p, node, "reg", "is not an MPIDR: this CPU stays off");
		return;
	}
	if (board_cpu_by_mpidr(board, reg.base) >= 0) {
		remark(p, node, "reg", "is the MPIDR of another CPU too: this one stays off");
		return;
	}
	*cpu = (struct board_cpu){.mpidr = reg.base, .path_name = dt_name(p->dt, node)};
	if (method == NULL) { /* older trees say it once for all */
		method = dt_string(p->dt, dt_parent(p->dt, node), "enable-method");
	}
	for (size_t i = 0; method != NULL && i < ARRAY_COUNT(methods); i++) {
		if (strcmp(method, methods[i].method) == 0) {
			cpu->enable = methods[i].enable;
		}
	}
	if (cpu->enable == BOARD_ENABLE_SPIN_TABLE &&
	    dt_u64(p->dt, node, "cpu-release-addr", &cpu->release_addr) != 0) {
		remark(p, node, "cpu-release-addr", "is missing or malformed: this CPU stays off");
		cpu->enable = BOARD_ENABLE_NONE;
	}
	board->cpu_count++;
}

static bool has_device_type(const struct dt *dt, int node, const char *type)
{
	const char *have = dt_string(dt, node, "device_type");

	return have != NULL && strcmp(have, type) == 0;
}

static void parse_cpus(struct parse *p)
{
	int cpus = dt_find(p->dt, "/cpus");

	for (int node = dt_first_child(p->dt, cpus); node != DT_NONE;
	     node = dt_next_sibling(p->dt, node)) {
		bool is_cpu = has_device_type(p->dt, node, "cpu") ||
			      strncmp(dt_name(p->dt, node), "cpu@", 4) == 0;

		if (is_cpu && dt_status_okay(p->dt, node)) {
			parse_cpu(p, node);
		}
	}
	if (p->board->cpu_count == 0) {
		complain(p, cpus == DT_NONE ? DT_ROOT : cpus, NULL,
			 "there is no enabled CPU: /cpus must have cpu@* nodes with reg");
	}
}

/* The n-th range of a GIC, empty where it is absent. */
static struct prange gic_range(struct parse *p, uint32_t i)
{
	struct prange range = {0};
	int ret = dt_reg(p->dt, p->gic, i, &range);

	if (ret != 0 && ret != -ENOENT) {
		complain(p, p->gic, "reg", "is malformed");
	}
	return range;
}

static void parse_gic_v3(struct parse *p)
{
	struct board_gic *gic = &p->board->gic;
	uint32_t regions = 1;

	dt_u32(p->dt, p->gic, "#redistributor-regions", &regions);
	dt_u64(p->dt, p->gic, "redistributor-stride", &gic->redist_stride);
	if (regions == 0 || regions > BOARD_REDIST_MAX) {
		complain(p, p->gic, "#redistributor-regions", "must be 1 to 8");
		return;
	}
	for (uint32_t i = 0; i < regions; i++) {
		gic->redist[i] = gic_range(p, 1 + i);
		if (gic->redist[i].size == 0) {
			complain(p, p->gic, "reg",
				 "has too few entries for its redistributor regions");
			return;
		}
	}
	gic->redist_count = regions;
	gic->cpuif = gic_range(p, 1 + regions);
	gic->vctrl = gic_range(p, 2 + regions);
	gic->vcpuif = gic_range(p, 3 + regions);
	for (int node = dt_first_child(p->dt, p->gic); node != DT_NONE && gic->its.size == 0;
	     node = dt_next_sibling(p->dt, node)) {
		if (dt_compatible(p->dt, node, "arm,gic-v3-its") && dt_status_okay(p->dt, node)) {
			dt_reg(p->dt, node, 0, &gic->its);
		}
	}
}

static void parse_gic_v2(struct parse *p)
{
	struct board_gic *gic = &p->board->gic;

	gic->cpuif = gic_range(p, 1);
	gic->vctrl = gic_range(p, 2);
	gic->vcpuif = gic_range(p, 3);
	if (gic->vcpuif.size == 0) {
		complain(p, p->gic, "reg",
			 "names fewer than four ranges: a GICv2 that guests can be run on has a "
			 "distributor, a CPU interface, and the control and CPU interface of "
			 "virtual interrupts");
	} else if (gic->cpuif.size < GICV2_IF_SIZE || gic->vcpuif.size < GICV2_IF_SIZE) {
		complain(p, p->gic, "reg",
			 "says that a CPU interface has less than 8 KiB: a GICv2's has two pages "
			 "of 4 KiB, and interrupts are deactivated in the second");
	} else if (!is_aligned(gic->vcpuif.base, PAGE_SIZE)) {
		complain(p, p->gic, "reg",
			 "puts the virtual CPU interface at an address that is no multiple of "
			 "4 KiB: it can't be given to guests");
	}
}

/* No GIC that is known: name what the tree has instead. */
static void complain_no_gic(struct parse *p)
{
	uint32_t phandle = 0;
	const char *compatible;
	struct dt_prop prop;

	dt_u32(p->dt, DT_ROOT, "interrupt-parent", &phandle);
	dt_prop(p->dt, dt_by_phandle(p->dt, phandle), "compatible", &prop);
	compatible = dt_prop_string(&prop, 0);
	p->board->gic.compatible = compatible;
	if (compatible == NULL) {
		complain(p, DT_ROOT, NULL, "there is no enabled GIC: interrupts can't be taken");
		return;
	}
	diag_error(p->diag, "/", NULL,
		   "the interrupt controller \"%s\" is not known: a GICv3 or GICv2 is needed",
		   compatible);
}

static void parse_gic(struct parse *p)
{
	struct board_gic *gic = &p->board->gic;
	struct dt_prop prop;
	struct dt_irq irq;

	gic->maintenance_intid = INTID_NONE;
	if (p->gic == DT_NONE) {
		complain_no_gic(p);
		return;
	}
	dt_prop(p->dt, p->gic, "compatible", &prop);
	gic->compatible = dt_prop_string(&prop, 0);
	gic->kind = dt_gic_version(p->dt, p->gic) == 3 ? BOARD_GIC_V3 : BOARD_GIC_V2;
	gic->dist = gic_range(p, 0);
	if (gic->dist.size == 0) {
		complain(p, p->gic, "reg", "does not say where the distributor is");
	}
	if (gic->kind == BOARD_GIC_V3) {
		parse_gic_v3(p);
	} else {
		parse_gic_v2(p);
	}
	if (dt_interrupt(p->dt, p->gic, 0, &irq) == 0) {
		gic->maintenance_intid = irq.intid;
	}
}

/* By interrupt-names where the tree has them, else by the binding's order. */
static uint32_t timer_intid(struct parse *p, const char *name, uint32_t index)
{
	struct dt_prop names;
	struct dt_irq irq;
	const char *have;

	if (dt_prop(p->dt, p->timer, "interrupt-names", &names)) {
		for (index = 0; (have = dt_prop_string(&names, index)) != NULL; index++) {
			if (strcmp(have, name) == 0) {
				break;
			}
		}
	}
	return dt_interrupt(p->dt, p->timer, index, &irq) == 0 ? irq.intid : INTID_NONE;
}

static void parse_timer(struct parse *p)
{
	struct board *board = p->board;

	board->timer_phys_intid = timer_intid(p, "phys", 1);
	board->timer_virt_intid = timer_intid(p, "virt", 2);
	board->timer_hyp_intid = timer_intid(p, "hyp-phys", 3);
}

static void parse_psci(struct parse *p)
{
	struct board_psci *psci = &p->board->psci;
	const char *method;

	if (p->psci == DT_NONE) {
		return;
	}
	psci->present = true;
	psci->v0_1 = kind_of(p->dt, p->psci) == KIND_PSCI_V0_1;
	method = dt_string(p->dt, p->psci, "method");
	psci->use_hvc = method != NULL && strcmp(method, "hvc") == 0;
	if (method == NULL || (!psci->use_hvc && strcmp(method, "smc") != 0)) {
		complain(p, p->psci, "method", "must be \"smc\" or \"hvc\"");
	}
	psci->cpu_on_id = UINT32_C(0xc4000003);
	if (psci->v0_1 && dt_u32(p->dt, p->psci, "cpu_on", &psci->cpu_on_id) != 0) {
		remark(p, p->psci, "cpu_on",
		       "is missing: other CPUs can't be started by this PSCI 0.1");
		psci->present = false;
	}
}

static int first(int have, int node)
{
	return have == DT_NONE ? node : have;
}

/* Sorts out one node. */
static void classify(struct parse *p, int node)
{
	struct dt_prop compatible;
	enum kind kind;

	if (!dt_prop(p->dt, node, "compatible", &compatible)) {
		/* memory has none: DT specification 3.4 */
		if (has_device_type(p->dt, node, "memory") && dt_status_okay(p->dt, node)) {
			add_memory(p, node);
		}
		return;
	}
	kind = kind_by_compatible(p->dt, node, &compatible);
	if (kind == KIND_NONE || !dt_status_okay(p->dt, node)) {
		return;
	}
	switch (kind) {
	case KIND_GIC_V2:
	case KIND_GIC_V3:
		p->gic = first(p->gic, node);
		break;
	case KIND_TIMER:
		p->timer = first(p->timer, node);
		break;
	case KIND_PSCI:
	case KIND_PSCI_V0_1:
		p->psci = first(p->psci, node);
		break;
	case KIND_SMMU:
		p->board->has_smmu = true;
		break;
	case KIND_PL031:
		if (p->board->clock.size == 0 && dt_reg(p->dt, node, 0, &p->board->clock) != 0) {
			p->board->clock.size = 0;
		}
		break;
	default:
		break;
	}
}

static void parse_root(struct parse *p)
{
	struct board *board = p->board;
	struct dt_prop prop;

	dt_prop(p->dt, DT_ROOT, "compatible", &prop);
	board->compatible = dt_prop_string(&prop, 0) != NULL ? (const char *)prop.value : "";
	board->compatible_len = board->compatible[0] != '\0' ? prop.len : 0;
	board->model = dt_string(p->dt, DT_ROOT, "model");
	if (board->model == NULL) {
		board->model = board->compatible[0] != '\0' ? board->compatible : "unnamed board";
	}
}

int board_parse(struct board *out, const struct dt *dt, uint64_t dtb_pa, struct diag *diag)
{
	struct board_uart uart;

	board_parse_uart(&uart, dt);
	return board_parse_beside(out, dt, dtb_pa, &uart, diag);
}

int board_parse_beside(struct board *out, const struct dt *dt, uint64_t dtb_pa,
		       const struct board_uart *uart, struct diag *diag)
{
	struct parse p = {
		.board = out,
		.dt = dt,
		.diag = diag,
		.gic = DT_NONE,
		.timer = DT_NONE,
		.psci = DT_NONE,
	};
	unsigned int errors = diag->error_count;

	memset(out, 0, offsetof(struct board, cpu));
	out->tree = dt;
	parse_root(&p);
	for (int node = DT_ROOT; node != DT_NONE; node = dt_next_below(dt, node, DT_ROOT)) {
		classify(&p, node);
	}
	parse_chosen(&p);
	parse_reserved(&p, dtb_pa);
	parse_cpus(&p);
	parse_gic(&p);
	parse_timer(&p);
	parse_psci(&p);
	out->uart = *uart;
	if (out->ram_count == 0) {
		complain(&p, DT_ROOT, NULL,
			 "there is no memory: an enabled node with device_type = \"memory\" must "
			 "say where it is");
	}
	return diag->error_count == errors ? 0 : -EINVAL;
}

/* What stdout-path names; else serial0; else the first UART there is a driver for. */
static int find_uart(const struct dt *dt)
{
	static const char *const properties[] = {"stdout-path", "linux,stdout-path"};
	int chosen = dt_find(dt, "/chosen");
	int node;

	for (size_t i = 0; i < ARRAY_COUNT(properties); i++) {
		const char *path = dt_string(dt, chosen, properties[i]);

		node = path == NULL ? DT_NONE : dt_resolve(dt, path);
		if (node != DT_NONE && dt_status_okay(dt, node)) {
			return node;
		}
	}
	node = dt_resolve(dt, "serial0");
	if (node != DT_NONE && dt_status_okay(dt, node)) {
		return node;
	}
	for (node = DT_ROOT; node != DT_NONE; node = dt_next_below(dt, node, DT_ROOT)) {
		enum kind kind = kind_of(dt, node);

		if ((kind == KIND_PL011 || kind == KIND_CADENCE) && dt_status_okay(dt, node)) {
			return node;
		}
	}
	return DT_NONE;
}

void board_uart_at(struct board_uart *out, const struct dt *dt, int node)
{
	char *path;
	struct dt_prop prop;
	struct dt_irq irq;

	*out = (struct board_uart){.intid = INTID_NONE};
	if (node == DT_NONE) {
		return;
	}
	dt_prop(dt, node, "compatible", &prop);
	out->compatible = dt_prop_string(&prop, 0);
	switch (kind_of(dt, node)) {
	case KIND_PL011:
		out->kind = BOARD_UART_PL011;
		break;
	case KIND_CADENCE:
		out->kind = BOARD_UART_CADENCE;
		break;
	default:
		out->kind = BOARD_UART_UNKNOWN;
		break;
	}
	if (dt_reg(dt, node, 0, &out->regs) != 0) {
		out->kind = BOARD_UART_UNKNOWN;
	}
	if (dt_interrupt(dt, node, 0, &irq) == 0) {
		out->intid = irq.intid;
	}
	path = arena_alloc(dt->arena, DT_PATH_MAX);
	out->path = path == NULL ? dt_name(dt, node) : dt_path(dt, node, path, DT_PATH_MAX);
}

void board_parse_uart(struct board_uart *out, const struct dt *dt)
{
	board_uart_at(out, dt, find_uart(dt));
}

int board_cpu_by_mpidr(const struct board *board, uint64_t mpidr)
{
	for (uint32_t i = 0; i < board->cpu_count; i++) {
		if (board->cpu[i].mpidr == mpidr) {
			return (int)i;
		}
	}
	return -1;
}

const char *board_bootarg(const struct board *board, const char *name, size_t *len)
{
	static const char prefix[] = "bulkhead.";
	const size_t prefix_len = sizeof(prefix) - 1, name_len = strlen(name);
	const char *found = NULL;

	for (const char *p = board->bootargs; *p != '\0';) {
		const char *word = p;

		while (*p != '\0' && *p != ' ') {
			p++;
		}
		if (strncmp(word, prefix, prefix_len) == 0 &&
		    strncmp(word + prefix_len, name, name_len) == 0 &&
		    word[prefix_len + name_len] == '=') {
			found = word + prefix_len + name_len + 1;
			*len = (size_t)(p - found);
		}
		while (*p == ' ') {
			p++;
		}
	}
	return found;
}
