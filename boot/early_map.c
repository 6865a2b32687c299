/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first page tables, built with the MMU off: the image at IMAGE_VA with its final rights, and
 * one executable 1 GiB block over the code that turns the MMU on. This C uses no pointer that the
 * linker filled in.
 */
#include "boot/early_map.h"

#include "core/arm64/image.h"
#include "core/arm64/layout.h"
#include "core/base/bits.h"
#include "mm/pgtable_types.h"

#define TABLE_ENTRIES 512

static uint64_t boot_root[TABLE_ENTRIES]
	__attribute__((aligned(4096), section(".bss.boot_tables")));
static uint64_t boot_id_l1[TABLE_ENTRIES]
	__attribute__((aligned(4096), section(".bss.boot_tables")));
static uint64_t image_l1[TABLE_ENTRIES] __attribute__((aligned(4096), section(".bss.boot_tables")));
static uint64_t image_l2[TABLE_ENTRIES] __attribute__((aligned(4096), section(".bss.boot_tables")));
static uint64_t image_l3[TABLE_ENTRIES] __attribute__((aligned(4096), section(".bss.boot_tables")));

static uint64_t page_rights(uint64_t offset)
{
	uint64_t guarded_end = (uint64_t)text_guarded_end - (uint64_t)image_start;
	uint64_t text = (uint64_t)text_end - (uint64_t)image_start;
	uint64_t rodata = (uint64_t)rodata_end - (uint64_t)image_start;

	if (offset < text) {
		return S1_ATTR_NORMAL | S1_AP_RO | (offset < guarded_end ? S1_GP : 0);
	}
	if (offset < rodata) {
		return S1_ATTR_NORMAL | S1_AP_RO | S1_XN;
	}
	return S1_ATTR_NORMAL | S1_XN;
}

static void map_image(uint64_t image_pa)
{
	uint64_t size = (uint64_t)image_end - (uint64_t)image_start;
	uint64_t stack_guard = (uint64_t)boot_stack_guard - (uint64_t)image_start;
	uint64_t guard = (uint64_t)emergency_guard - (uint64_t)image_start;

	for (uint64_t offset = 0; offset < size; offset += PAGE_SIZE) {
		if (offset == stack_guard || offset + PAGE_SIZE == guard) {
			continue;
		}
		image_l3[offset / PAGE_SIZE] = (image_pa + offset) | page_rights(offset) | PTE_PAGE;
	}
}

uint64_t early_map(uint64_t image_pa)
{
	map_image(image_pa);
	image_l2[0] = (uint64_t)image_l3 | PTE_TABLE;
	image_l1[0] = (uint64_t)image_l2 | PTE_TABLE;
	boot_root[IMAGE_VA >> 39] = (uint64_t)image_l1 | PTE_TABLE;

	boot_id_l1[(image_pa >> 30) & (TABLE_ENTRIES - 1)] =
		align_down(image_pa, GIB(1)) | S1_ATTR_NORMAL | S1_AP_RO | PTE_BLOCK;
	boot_root[image_pa >> 39] = (uint64_t)boot_id_l1 | PTE_TABLE;
	return (uint64_t)boot_root;
}

const uint64_t *early_image_table(void)
{
	return image_l1;
}
