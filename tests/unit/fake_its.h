/* SPDX-License-Identifier: Apache-2.0 */
/* A guest's ITS driver for tests: a VM with LPIs and an ITS whose tables are in fake RAM, commands,
 * and taking LPIs as the owner of a vCPU. Register accesses are vCPU 0's. */
#ifndef TESTS_UNIT_FAKE_ITS_H
#define TESTS_UNIT_FAKE_ITS_H

#include "irq/vgic/vits_state.h"
#include "tests/unit/fake_ram.h"

#define FAKE_LPIS 1024U
#define LPI(n)	  (8192U + (n))

/* Where things are. */
#define FAKE_CONFIG	 FAKE_RAM
#define FAKE_PENDING(i)	 (FAKE_RAM + 0x10000 + (i)*UINT64_C(0x10000))
#define FAKE_QUEUE	 (FAKE_RAM + 0x30000)
#define FAKE_TABLES	 (FAKE_RAM + 0x40000) /* from here on */
#define FAKE_COLLECTIONS FAKE_TABLES
#define FAKE_ITT(n)	 (FAKE_RAM + 0x50000 + (n)*UINT64_C(0x1000)) /* 512 events each */
#define FAKE_DEVICES	 (FAKE_RAM + 0x80000)
#define FAKE_TABLES_SIZE (FAKE_RAM_SIZE - 0x40000)
#define FAKE_NOWHERE	 UINT64_C(0x80000000)

struct fake_command {
	uint64_t word[4];
};

/* GICv3 with LPIs on everywhere, all LPIs enabled at priority 0xa0; the ITS is on, with a queue of
 * 4K, and tables of 64K pages that are flat or (GITS_BASER_INDIRECT) in two levels. */
void fake_its_boot(uint32_t vcpus, uint64_t indirect);

uint64_t fake_its_read(uint32_t off, uint32_t size);
void fake_its_write(uint32_t off, uint32_t size, uint64_t value);

/* One more command in the queue; go: GITS_CWRITER is written, and all that is left executed. */
void fake_its_put(struct fake_command cmd);
void fake_its_go(void);
void fake_its_finish(void);			/* what is left */
uint64_t fake_its_end(void);			/* GITS_CWRITER, as it is then */
void fake_its_command(struct fake_command cmd); /* both */

/* Device with 256 events, whose ITT is FAKE_ITT(device % 32); event; collection `vcpu`. */
void fake_its_map(uint32_t device, uint32_t event, uint32_t lpi, uint32_t vcpu);
void fake_its_int(uint32_t device, uint32_t event);

/* The vCPU takes its next LPI; 0: none. */
uint32_t fake_lpi_take(uint32_t i);

/* Pending anywhere; lists are checked too. */
uint32_t fake_lpi_busy(void);

struct fake_command fake_mapd(uint32_t device, uint32_t bits_less_one, uint64_t itt, bool valid);
struct fake_command fake_mapc(uint32_t icid, uint32_t vcpu, bool valid);
struct fake_command fake_mapti(uint32_t device, uint32_t event, uint32_t lpi, uint32_t icid);
struct fake_command fake_mapi(uint32_t device, uint32_t event, uint32_t icid);
struct fake_command fake_movi(uint32_t device, uint32_t event, uint32_t icid);
struct fake_command fake_movall(uint32_t from, uint32_t to);
struct fake_command fake_discard(uint32_t device, uint32_t event);
struct fake_command fake_inv(uint32_t device, uint32_t event);
struct fake_command fake_invall(uint32_t icid);
struct fake_command fake_int(uint32_t device, uint32_t event);
struct fake_command fake_clear(uint32_t device, uint32_t event);
struct fake_command fake_sync(uint32_t vcpu);

#endif
