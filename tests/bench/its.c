/* SPDX-License-Identifier: Apache-2.0 */
/* The bench guest's ITS. IHI 0069H 5.3, 12.19. */
#include "tests/bench/its.h"

#include "tests/bench/machine.h"

/* In RAM that nothing else uses, zero at reset. */
#define TABLES	    UINT64_C(0x42000000)
#define COLLECTIONS (TABLES + 0x10000)
#define QUEUE	    (TABLES + 0x20000)
#define ITT	    (TABLES + 0x30000)
#define CONFIG	    (TABLES + 0x40000)
#define PENDING	    (TABLES + 0x60000)
#define DEVICES	    (TABLES + 0x80000)
#define DEVICE_64KS 8 /* of eight bytes: all 16 bits of a device ID */

#define ITT_STEP   256U
#define QUEUE_SIZE 4096U

#define GITS_CTLR    0x0000
#define GITS_TYPER   0x0008
#define GITS_CBASER  0x0080
#define GITS_CWRITER 0x0088
#define GITS_CREADR  0x0090
#define GITS_BASER   0x0100

#define BASER_TYPE	  BITS(58, 56)
#define BASER_DEVICES	  1
#define BASER_COLLECTIONS 4
#define PAGE_64K	  (UINT64_C(2) << 8)
#define VALID		  BIT(63)
#define TYPER_PTA	  BIT(19)
#define CACHED		  (UINT64_C(7) << 59 | BIT(10)) /* write-back, inner shareable */

#define GICR_PROPBASER 0x70
#define GICR_PENDBASER 0x78
#define PTZ	       BIT(62)
#define IDBITS	       13
#define GICR_CACHED    (UINT64_C(7) << 7 | BIT(10)) /* the same there */

#define CMD_INT	  0x03
#define CMD_SYNC  0x05
#define CMD_MAPD  0x08
#define CMD_MAPC  0x09
#define CMD_MAPTI 0x0a

static uint32_t tail;
static uint64_t target; /* the first CPU, as commands name it */

static inline void put_command(uint64_t w0, uint64_t w1, uint64_t w2)
{
	volatile uint64_t *entry = (volatile uint64_t *)(QUEUE + tail);

	entry[0] = w0;
	entry[1] = w1;
	entry[2] = w2;
	entry[3] = 0;
	tail = (tail + 32) % QUEUE_SIZE;
	__asm__ volatile("dsb sy" ::
				 : "memory"); /* the command before the write that announces it */
	mmio_write64(machine.its + GITS_CWRITER, tail);
}

void its_int(void)
{
	put_command(CMD_INT, 0, 0);
}

static void start_redist(void)
{
	for (uint32_t i = 0; i <= BENCH_LPI_DEVICE - BENCH_LPI; i++) {
		((volatile uint8_t *)CONFIG)[i] = 0xa0 | 1;
	}
	__asm__ volatile(
		"dsb sy" ::
			: "memory"); /* the configuration before the redistributor reads it */
	mmio_write64(machine.gicr + GICR_PROPBASER, CONFIG | GICR_CACHED | IDBITS);
	mmio_write64(machine.gicr + GICR_PENDBASER, PENDING | GICR_CACHED | PTZ);
	mmio_write32(machine.gicr + GICR_CTLR, 1);
}

static void wait_done(void)
{
	while (mmio_read64(machine.its + GITS_CREADR) != tail) {
		cpu_yield();
	}
}

void its_map(uint32_t device, uint32_t lpi)
{
	uint64_t itt = ITT + (lpi - BENCH_LPI) * ITT_STEP;

	put_command((uint64_t)device << 32 | CMD_MAPD, 0, VALID | itt);
	put_command((uint64_t)device << 32 | CMD_MAPTI, (uint64_t)lpi << 32, 0);
	put_command(CMD_SYNC, 0, target);
	wait_done();
}

bool its_start(void)
{
	if (!machine.its) {
		return false;
	}
	if (mmio_read64(machine.its + GITS_TYPER) & TYPER_PTA) {
		target = machine.gicr;
	}
	for (unsigned int i = 0; i < 8; i++) {
		uint64_t baser = machine.its + GITS_BASER + 8 * i;
		uint64_t type = FIELD_GET(BASER_TYPE, mmio_read64(baser));

		if (type == BASER_DEVICES || type == BASER_COLLECTIONS) {
			mmio_write64(baser,
				     VALID | CACHED | PAGE_64K |
					     (type == BASER_DEVICES ? DEVICES | (DEVICE_64KS - 1) :
								      COLLECTIONS));
		}
	}
	mmio_write64(machine.its + GITS_CBASER, VALID | CACHED | QUEUE);
	mmio_write64(machine.its + GITS_CWRITER, 0);
	mmio_write32(machine.its + GITS_CTLR, 1);
	start_redist();
	put_command(CMD_MAPC, 0, VALID | target);
	its_map(0, BENCH_LPI);
	return true;
}
