/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A VM's intermediate physical address space.
 *
 * Nothing is mapped without a grant from the registry (core/resource/registry.h), which is what the
 * callers of stage2_map() hold. Mapped at boot, before the VM runs, and constant after, but for the
 * RAM of a VM with a balloon; table pages come from page_alloc, at boot.
 */
#ifndef MM_STAGE2_H
#define MM_STAGE2_H

#include "mm/pgtable.h"

struct frames_space;

struct stage2 {
	struct pgtable pt;
	uint64_t vttbr; /* root and VMID */
	uint64_t vtcr;
	bool fwb; /* attributes as HCR_EL2.FWB reads them */
	/* NULL: constant after boot; else its RAM is mapped in pages that come and go, see
	 * mm/frames.h */
	struct frames_space *frames;
};

enum stage2_kind {
	STAGE2_RAM,	  /* read, write, execute; write-back */
	STAGE2_DEVICE,	  /* read, write; nGnRE */
	STAGE2_READ_ONLY, /* read; write-back, not executable */
	STAGE2_SHARED,	  /* read, write; write-back, not executable */
};

/* An empty space. vmid: 1 and up. pa_bits: what every CPU can address. 0 or -ENOMEM. */
int stage2_init(struct stage2 *stage2, uint16_t vmid, uint8_t pa_bits, bool vmid16, bool fwb);

/* Pages of tables, the root included. */
uint32_t stage2_pages(const struct stage2 *stage2);

/* The attributes a leaf of that kind has. */
uint64_t stage2_attrs(const struct stage2 *stage2, enum stage2_kind kind);

/* As pgtable_map(). */
int stage2_map(struct stage2 *stage2, uint64_t ipa, uint64_t pa, uint64_t size,
	       enum stage2_kind kind);

/* The same, each page by itself. */
int stage2_map_pages(struct stage2 *stage2, uint64_t ipa, uint64_t pa, uint64_t size,
		     enum stage2_kind kind);

#endif
