/* SPDX-License-Identifier: Apache-2.0 */
/* EL2's own stage 1. */
#include "mm/hyp_map.h"

#include "core/arm64/barrier.h"
#include "core/arm64/layout.h"
#include "core/arm64/sysreg.h"
#include "core/base/errno.h"
#include "core/base/panic.h"
#include "mm/page_alloc.h"
#include "mm/pgtable.h"

static uint64_t alloc_table(void *ctx)
{
	void *page = page_alloc(1);

	(void)ctx;
	return page == NULL ? 0 : virt_to_phys(page);
}

static const struct pgtable_ops hyp_ops = {.alloc = alloc_table, .virt = phys_to_virt};

static struct {
	struct pgtable pt;
	struct prange image;
} hyp = {.pt = {.ops = &hyp_ops, .input_bits = 48, .start_level = 0}};

static void switch_root(uint64_t root)
{
	sysreg_write(ttbr0_el2, root);
	isb();
	/* the boot root's one-to-one block must not outlive it, on this CPU */
	__asm__ volatile("tlbi alle2" ::: "memory");
	dsb(nsh);
	isb();
}

void hyp_map_init(struct prange image, const uint64_t *image_table)
{
	uint64_t *root;

	hyp.pt.root = alloc_table(NULL);
	hyp.image = image;
	root = phys_to_virt(hyp.pt.root);
	root[IMAGE_VA >> 39] = virt_to_phys(image_table) | PTE_TABLE;
	/* the root's entries before the walks that begin with the new TTBR */
	dsb(ishst);
	switch_root(hyp.pt.root);
}

void hyp_map_init_boot_root(struct prange image, uint64_t boot_root)
{
	hyp.pt.root = boot_root;
	hyp.image = image;
}

uint64_t hyp_map_root(void)
{
	return hyp.pt.root;
}

/* Around the image, which is reached at IMAGE_VA alone. */
static int map_one_to_one(struct prange range, uint64_t attrs)
{
	uint64_t base = align_down(range.base, PAGE_SIZE);
	uint64_t end = align_up(range.base + range.size, PAGE_SIZE);
	uint64_t below = MIN(end, hyp.image.base);
	uint64_t above = MAX(base, hyp.image.base + hyp.image.size);
	int err = 0;

	if (range.size == 0) {
		return 0;
	}
	if (end > PHYS_LIMIT || end < base) {
		return -ERANGE;
	}
	if (base < below) {
		err = pgtable_map_holes(&hyp.pt, base, base, below - base, attrs);
	}
	if (err == 0 && above < end) {
		err = pgtable_map_holes(&hyp.pt, above, above, end - above, attrs);
	}
	return err;
}

int hyp_map_ram(struct prange range)
{
	return map_one_to_one(range, S1_ATTR_NORMAL | S1_XN);
}

int hyp_map_read_only(struct prange range)
{
	return map_one_to_one(range, S1_ATTR_NORMAL | S1_XN | S1_AP_RO);
}

int hyp_map_device(struct prange range)
{
	return map_one_to_one(range, S1_ATTR_DEVICE);
}

int hyp_map_uncached(struct prange range)
{
	return map_one_to_one(range, S1_ATTR_UNCACHED);
}

int hyp_map_stacks(uint32_t cpu, uint64_t *stack_top, uint64_t *emergency_top)
{
	uint64_t slot = STACK_VA + (uint64_t)cpu * STACK_SLOT;
	uint64_t stack = slot + PAGE_SIZE;
	uint64_t emergency = stack + STACK_SIZE + PAGE_SIZE;
	void *pages = page_alloc_dirty((STACK_SIZE + EMERGENCY_SIZE) / PAGE_SIZE);
	uint64_t pa;
	int err;

	if (pages == NULL) {
		return -ENOMEM;
	}
	pa = virt_to_phys(pages);
	err = pgtable_map(&hyp.pt, stack, pa, STACK_SIZE, S1_ATTR_NORMAL | S1_XN);
	if (err == 0) {
		err = pgtable_map(&hyp.pt, emergency, pa + STACK_SIZE, EMERGENCY_SIZE,
				  S1_ATTR_NORMAL | S1_XN);
	}
	*stack_top = stack + STACK_SIZE;
	*emergency_top = emergency + EMERGENCY_SIZE;
	return err;
}

int hyp_map_trace(uint32_t cpu)
{
	void *pages = page_alloc_dirty(TRACE_SIZE / PAGE_SIZE);

	return pages == NULL ?
		       -ENOMEM :
		       pgtable_map(&hyp.pt, STACK_VA + (uint64_t)cpu * STACK_SLOT + TRACE_OFFSET,
				   virt_to_phys(pages), TRACE_SIZE, S1_ATTR_NORMAL | S1_XN);
}

uint32_t hyp_map_pages(void)
{
	return hyp.pt.page_count + 1;
}
