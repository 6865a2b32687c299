/* SPDX-License-Identifier: Apache-2.0 */
/* Devices of the board that VMs get: what they are there, and that nobody else has them. */
#include "core/base/bits.h"
#include "core/base/errno.h"
#include "core/base/format.h"
#include "core/base/ranges.h"
#include "core/config/checker.h"

#define INTID_SPI_FIRST 32
#define IRQ_RISING	1
#define IRQ_FALLING	2

/* A sentence about a board device of c->vm, which is then refused. */
#define REFUSE(c, p, property, ...)                                                                \
	do {                                                                                       \
		char path_[CHECKER_PATH_MAX];                                                      \
                                                                                                   \
		diag_error((c)->diag, checker_device_path(c, (p)->name, path_, sizeof(path_)),     \
			   property, __VA_ARGS__);                                                 \
		(c)->vm->refused = true;                                                           \
	} while (0)

/* The console is the hypervisor's while it writes to it. */
static struct prange console_regs(const struct checker *c)
{
	const char *ref = c->config->console;
	struct prange regs = {0};

	if (ref == NULL) {
		return c->board->uart.regs;
	}
	dt_reg(c->board->tree, dt_resolve(c->board->tree, ref), 0, &regs);
	return regs;
}

static uint32_t console_intid(const struct checker *c)
{
	const struct dt *tree = c->board->tree;
	struct dt_irq irq;

	if (c->config->console == NULL) {
		return c->board->uart.intid;
	}
	return dt_interrupt(tree, dt_resolve(tree, c->config->console), 0, &irq) == 0 ? irq.intid :
											INTID_NONE;
}

/* What of the board lies there that can't be given away; NULL: nothing. */
static const char *kept(const struct checker *c, struct prange regs)
{
	const struct board_gic *gic = &c->board->gic;
	const struct prange controller[] = {gic->dist, gic->cpuif, gic->vctrl, gic->vcpuif,
					    gic->its};
	const struct prange console = console_regs(c);

	for (size_t i = 0; i < ARRAY_COUNT(controller); i++) {
		if (ranges_overlap(controller[i].base, controller[i].size, regs.base, regs.size)) {
			return "the board's interrupt controller";
		}
	}
	if (ranges_find_overlap(gic->redist, gic->redist_count, regs) != NULL) {
		return "the board's interrupt controller";
	}
	if (ranges_overlap(console.base, console.size, regs.base, regs.size)) {
		return "the hypervisor's console: give it another one, or \"none\", in "
		       "hypervisor { console }";
	}
	if (ranges_find_overlap(c->board->ram, c->board->ram_count, regs) != NULL) {
		return "the board's memory";
	}
	if (checker_drives(c, regs, INTID_NONE)) {
		return "a device that the hypervisor drives for VMs, as a disk or NIC";
	}
	return NULL;
}

static bool find_node(struct checker *c, struct passthrough_config *p)
{
	const struct dt *tree = c->board->tree;

	p->node = dt_resolve(tree, p->board_node);
	if (p->node == DT_NONE) {
		REFUSE(c, p, "board-node",
		       "\"%s\" is neither a path nor an alias of the board's device tree",
		       p->board_node);
	} else if (!dt_status_okay(tree, p->node)) {
		REFUSE(c, p, "board-node", "\"%s\" is disabled in the board's device tree",
		       p->board_node);
	} else {
		return true;
	}
	return false;
}

static bool find_regs(struct checker *c, struct passthrough_config *p)
{
	const struct dt *tree = c->board->tree;
	struct prange regs, second;
	const char *what;

	if (dt_reg(tree, p->node, 0, &regs) != 0 || regs.size == 0) {
		REFUSE(c, p, "board-node", "\"%s\" has no registers that CPUs can reach",
		       p->board_node);
	} else if (dt_reg(tree, p->node, 1, &second) != -ENOENT) {
		REFUSE(c, p, "board-node",
		       "\"%s\" has several `reg` entries: such devices come with a later version",
		       p->board_node);
	} else if (!is_aligned(regs.base | regs.size, PAGE_SIZE)) {
		REFUSE(c, p, "board-node",
		       "\"%s\" has registers at 0x%lx to 0x%lx, which are not whole pages of 4 "
		       "KiB: its neighbours would be given along",
		       p->board_node, regs.base, regs.base + regs.size - 1);
	} else if ((what = kept(c, regs)) != NULL) {
		REFUSE(c, p, "board-node", "\"%s\" (0x%lx to 0x%lx) lies over %s", p->board_node,
		       regs.base, regs.base + regs.size - 1, what);
	} else {
		p->regs = regs;
		return true;
	}
	return false;
}

/* One interrupt of the device; false after a sentence. */
static bool take_interrupt(struct checker *c, struct passthrough_config *p, uint32_t i,
			   const struct dt_irq *irq)
{
	const struct board *board = c->board;
	struct prange controller = {0};

	dt_reg(board->tree, irq->controller, 0, &controller);
	if (controller.base != board->gic.dist.base) {
		REFUSE(c, p, "board-node",
		       "interrupt %u of \"%s\" goes to another controller than the board's GIC: "
		       "that comes with a later version",
		       i, p->board_node);
	} else if (irq->intid < INTID_SPI_FIRST) {
		REFUSE(c, p, "board-node",
		       "interrupt %u of \"%s\" is private to each CPU: only shared ones (SPIs) can "
		       "be given",
		       i, p->board_node);
	} else if (irq->intid == console_intid(c)) {
		REFUSE(c, p, "board-node", "interrupt %u of \"%s\" is the console's too", i,
		       p->board_node);
	} else if (checker_drives(c, (struct prange){0}, irq->intid)) {
		REFUSE(c, p, "board-node",
		       "interrupt %u of \"%s\" is also that of a disk or NIC which the "
		       "hypervisor drives",
		       i, p->board_node);
	} else {
		p->irq[i].intid = irq->intid;
		p->irq[i].edge = (irq->flags & (IRQ_RISING | IRQ_FALLING)) != 0;
		return true;
	}
	return false;
}

static bool find_interrupts(struct checker *c, struct passthrough_config *p)
{
	struct dt_irq irq;
	uint32_t count = 0;
	int err;

	while ((err = dt_interrupt(c->board->tree, p->node, count, &irq)) == 0) {
		if (count == CONFIG_PASSTHROUGH_SPI_MAX) {
			REFUSE(c, p, "board-node",
			       "\"%s\" has more than %u interrupts: such devices come with a later "
			       "version",
			       p->board_node, CONFIG_PASSTHROUGH_SPI_MAX);
			return false;
		}
		if (!take_interrupt(c, p, count, &irq)) {
			return false;
		}
		count++;
	}
	if (err != -ENOENT) {
		REFUSE(c, p, "board-node",
		       "interrupt %u of \"%s\" does not go to the board's GIC: that comes with a "
		       "later version",
		       count, p->board_node);
		return false;
	}
	if (p->spi_count != 0 && p->spi_count != count) {
		REFUSE(c, p, "spi", "has %u numbers for the %u interrupts of \"%s\"", p->spi_count,
		       count, p->board_node);
		return false;
	}
	for (uint32_t i = 0; i < count && p->spi_count == 0; i++) {
		p->spi[i] = p->irq[i].intid - INTID_SPI_FIRST;
	}
	p->spi_count = count;
	return true;
}

void checker_board_devices(struct checker *c)
{
	for (uint32_t i = 0; c->board != NULL && i < c->vm->passthrough_count; i++) {
		struct passthrough_config *p = &c->vm->passthrough[i];

		if (!find_node(c, p) || !find_regs(c, p) || !find_interrupts(c, p)) {
			p->regs.size = 0;
			p->spi_count = 0;
		} else if (p->ipa == CONFIG_IPA_ANY) {
			p->ipa = p->regs.base;
		} else if (p->ipa + p->regs.size < p->ipa) {
			REFUSE(c, p, "ipa", "is 0x%lx: the device would reach past 64 bits",
			       p->ipa);
			p->regs.size = 0;
		}
	}
}

/* The two have registers or an interrupt in common: *intid, or INTID_NONE. */
static bool share(const struct passthrough_config *a, const struct passthrough_config *b,
		  uint32_t *intid)
{
	*intid = INTID_NONE;
	if (ranges_overlap(a->regs.base, a->regs.size, b->regs.base, b->regs.size)) {
		return true;
	}
	for (uint32_t i = 0; i < a->spi_count; i++) {
		for (uint32_t k = 0; k < b->spi_count; k++) {
			if (a->irq[i].intid == b->irq[k].intid) {
				*intid = a->irq[i].intid;
				return true;
			}
		}
	}
	return false;
}

static struct vm_config *owner_of(struct config *config, const struct passthrough_config *p)
{
	for (uint32_t i = 0; i < config->vm_count; i++) {
		struct vm_config *vm = &config->vm[i];

		if (p >= vm->passthrough && p < vm->passthrough + vm->passthrough_count) {
			return vm;
		}
	}
	return NULL;
}

static void refuse_shared(struct checker *c, const struct passthrough_config *lost,
			  struct vm_config *winner, uint32_t intid)
{
	char what[32] = "";

	checker_look_at(c, owner_of(c->config, lost));
	if (intid != INTID_NONE) {
		format(what, sizeof(what), "interrupt %u of ", intid);
	}
	if (winner == c->vm) {
		REFUSE(c, lost, "board-node", "%s\"%s\" belongs to another device of this VM too",
		       what, lost->board_node);
	} else {
		REFUSE(c, lost, "board-node", "%s\"%s\" belongs to VM \"%s\" too", what,
		       lost->board_node, winner->name);
	}
}

void checker_board_devices_shared(struct checker *c)
{
	struct config *config = c->config;

	for (uint32_t i = 1; c->board != NULL && i < config->passthrough_count; i++) {
		for (uint32_t k = 0; k < i; k++) {
			const struct passthrough_config *me = &config->passthrough[i];
			const struct passthrough_config *other = &config->passthrough[k];
			struct vm_config *mine = owner_of(config, me);
			struct vm_config *theirs = owner_of(config, other);
			uint32_t intid;

			if (me->regs.size == 0 || other->regs.size == 0 ||
			    !share(me, other, &intid)) {
				continue;
			}
			if (checker_loser(theirs, mine) == mine) {
				refuse_shared(c, me, theirs, intid);
			} else {
				refuse_shared(c, other, mine, intid);
			}
		}
	}
}
