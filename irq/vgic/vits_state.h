/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the ITS: its state, its tables in guest memory, its commands. Everything _locked wants
 * vits.lock. */
#ifndef IRQ_VGIC_VITS_STATE_H
#define IRQ_VGIC_VITS_STATE_H

#include "core/base/bits.h"
#include "core/base/spinlock.h"
#include "irq/vgic/vits.h"
#include "mm/guest_access.h"

#define GITS_CTLR    0x0000
#define GITS_IIDR    0x0004
#define GITS_TYPER   0x0008
#define GITS_STATUSR 0x0040
#define GITS_CBASER  0x0080
#define GITS_CWRITER 0x0088
#define GITS_CREADR  0x0090
#define GITS_BASER   0x0100
#define GITS_PIDR    0xffd0

#define GITS_CTLR_ENABLED   BIT(0)
#define GITS_CTLR_QUIESCENT BIT(31)

#define GITS_TYPER_PHYSICAL BIT(0)
#define GITS_TYPER_ITT_SIZE BITS(7, 4)
#define GITS_TYPER_IDBITS   BITS(12, 8)
#define GITS_TYPER_DEVBITS  BITS(17, 13)
#define GITS_TYPER_CIDBITS  BITS(35, 32)
#define GITS_TYPER_CIL	    BIT(36)

/* cacheability, shareability, address, size: the same places in both kinds */
#define GITS_CBASER_VALID    BIT(63)
#define GITS_CBASER_ADDRESS  BITS(51, 12)
#define GITS_CBASER_SIZE     BITS(7, 0)
#define GITS_CBASER_WRITABLE (BIT(63) | BITS(61, 59) | BITS(55, 53) | BITS(51, 10) | BITS(7, 0))

#define GITS_BASER_VALID    BIT(63)
#define GITS_BASER_INDIRECT BIT(62)
#define GITS_BASER_TYPE	    BITS(58, 56)
#define GITS_BASER_ENTRY    BITS(52, 48)
#define GITS_BASER_ADDRESS  BITS(47, 12)
#define GITS_BASER_HIGH	    BITS(15, 12) /* 64K pages: bits 51:48 of the address */
#define GITS_BASER_PAGE	    BITS(9, 8)
#define GITS_BASER_SIZE	    BITS(7, 0)
#define GITS_BASER_WRITABLE (BITS(63, 59) | BITS(55, 53) | BITS(47, 0))
#define GITS_BASER_COUNT    8
/* of the queue and of a table */
#define GITS_INNER_CACHE     BITS(61, 59)
#define GITS_INNER_CACHEABLE 2 /* and above: not device, not non-cacheable memory */
#define BASER_DEVICES	     0
#define BASER_COLLECTIONS    1
#define BASER_USED	     2

#define GITS_CWRITER_OFFSET BITS(19, 5)
#define GITS_CWRITER_RETRY  BIT(0)
#define GITS_CREADR_STALLED BIT(0)

#define VITS_ID_BITS	  16 /* of events, devices and collections alike */
#define VITS_ENTRY_SIZE	  8  /* in all tables */
#define VITS_COMMAND_SIZE 32

/* Table entries, all of them. The first level of a table has just VALID and the address. */
#define ENTRY_VALID   BIT(63)
#define ENTRY_ADDRESS BITS(51, 8)  /* of a device's ITT, or of a page of the second level */
#define ENTRY_BITS    BITS(4, 0)   /* device: bits of an event less one */
#define ENTRY_RDBASE  BITS(15, 0)  /* collection: index of the vCPU */
#define ENTRY_INTID   BITS(31, 0)  /* event */
#define ENTRY_ICID    BITS(47, 32) /* event: its collection */

/* Collections whose vCPU is remembered, and what says that it isn't. */
#define VITS_CACHED    64
#define VITS_NO_CACHE  0xff
#define VITS_NO_DEVICE UINT64_MAX

/* As GITS_BASER has it when the ITS is enabled. */
struct vits_table {
	uint64_t base;
	uint32_t entries; /* 0: there is no table */
	uint32_t page;	  /* bytes */
	bool indirect;
	bool uncached; /* the guest reaches it past the caches */
};

struct vits {
	struct vm *vm; /* constant */
	uint64_t ipa;  /* constant */

	struct spinlock lock; /* rank vits; protects the next group */
	bool enabled, stalled;
	uint64_t cbaser, baser[BASER_USED]; /* as they read */
	uint32_t read, write;		    /* offsets in the queue; write as the guest wrote it */
	uint32_t queue_size;		    /* bytes, 0: none; like the tables, from when enabled */
	bool queue_uncached;
	struct vits_table table[BASER_USED];
	/* the device looked up last, VITS_NO_DEVICE: none, and its entry */
	uint64_t last_device;
	uint64_t last_entry;
	uint8_t cached[VITS_CACHED]; /* index of the vCPU of collection n, or VITS_NO_CACHE */

	struct vcpu *runner; /* atomic; written under the lock */
};

/* What MSI and most commands want to know of an event. */
struct vits_event {
	uint64_t at; /* of its entry */
	uint64_t entry;
	struct vcpu *target;
};

/* EL2's address of guest memory that doesn't cross 4 KiB; NULL: it is not there. Mostly in the
 * first extent. */
static inline void *vits_reach(const struct vits *its, uint64_t ipa, uint64_t size)
{
	const struct vm_extent *extent = &its->vm->extent[0];

	return likely(ipa - extent->ipa < extent->size) ?
		       (void *)(uintptr_t)(ipa - extent->ipa + extent->pa) :
		       guest_pointer(its->vm, ipa, size);
}

/* -- vits_table.c: 0; -ENOENT: not mapped; -ERANGE: a number too large; -EFAULT: no memory -- */

/* The tables and the queue as the registers have them now. */
void vits_tables_locked(struct vits *its);

int vits_find_event_locked(struct vits *its, uint32_t device, uint32_t event,
			   struct vits_event *found);
int vits_find_collection_locked(struct vits *its, uint32_t icid, struct vcpu **target);

/* The place of an event in its device's ITT, mapped or not. */
int vits_find_place_locked(struct vits *its, uint32_t device, uint32_t event, uint64_t *at);

/* entry 0: unmapped */
int vits_map_device_locked(struct vits *its, uint32_t device, uint64_t entry);
int vits_map_collection_locked(struct vits *its, uint32_t icid, uint64_t entry);
int vits_map_event_locked(struct vits *its, uint64_t at, uint64_t entry);

/* -- vits_cmd.c -- */

/* Commands are due, and may be executed. */
bool vits_is_due_locked(const struct vits *its);

/* Executes some; `by` goes on if more are due. */
void vits_run_locked(struct vits *its, struct vcpu *by);

#endif
