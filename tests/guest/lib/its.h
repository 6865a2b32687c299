/* SPDX-License-Identifier: Apache-2.0 */
/* GICv3 ITS and LPIs: set-up, commands, configuration bytes. IHI 0069H 5, 12.19. */
#ifndef TESTS_GUEST_LIB_ITS_H
#define TESTS_GUEST_LIB_ITS_H

#include "tests/guest/lib/machine.h"
#include "tests/guest/lib/types.h"

#define ITS_LPI	  8192U
#define ITS_LPIS  1024U /* for which there are tables */
#define ITS_QUEUE 4096U /* bytes */

#define GITS_CTLR    0x0000
#define GITS_IIDR    0x0004
#define GITS_TYPER   0x0008
#define GITS_CBASER  0x0080
#define GITS_CWRITER 0x0088
#define GITS_CREADR  0x0090
#define GITS_BASER   0x0100
#define GITS_PIDR2   0xffe8

#define GITS_TYPER_PHYSICAL BIT(0)
#define GITS_TYPER_ITT_SIZE BITS(7, 4)
#define GITS_TYPER_IDBITS   BITS(12, 8)
#define GITS_TYPER_DEVBITS  BITS(17, 13)
#define GITS_BASER_TYPE	    BITS(58, 56)
#define GITS_BASER_ENTRY    BITS(52, 48)
#define GITS_BASER_INDIRECT BIT(62)

#define GICR_CTLR_LPIS	   BIT(0)
#define GICR_CTLR_CES	   BIT(1)
#define GICR_TYPER_PLPIS   BIT(0)
#define GICR_PROPBASER	   0x0070
#define GICR_PENDBASER	   0x0078
#define GICR_PENDBASER_PTZ BIT(62)

struct its_command {
	uint64_t word[4];
};

/* This machine has an ITS. */
bool its_is_there(void);

/* Tables and queue, all LPIs disabled at priority 0xa0, LPIs on at CPUs 0 .. count - 1; the ITS on,
 * with collection n for CPU n, and flat tables. Once gic_setup() has run. */
void its_setup(unsigned int count);

/* The same anew, with nothing mapped: device table in two levels or flat. */
void its_restart(bool two_levels);

/* Registers of 64 bits are written in halves of 32 from now on, the low one first. */
void its_write_halves(bool on);

/* LPIs of a CPU off or on; waits for RWP. ptz: its pending table is zero. */
void its_lpis_off(unsigned int cpu);
void its_lpis_on(unsigned int cpu, bool ptz);
/* Off, and none pending. */
void its_lpis_forget(unsigned int cpu);

/* An LPI's byte in the pending table of a CPU, and in the configuration table; what is written
 * there counts after its_inv() or its_invall(). */
uint8_t its_pending_byte(unsigned int cpu, unsigned int lpi);
void its_configure(unsigned int lpi, uint8_t byte);

/* Into the queue; its_wait(): GITS_CWRITER is written, and all executed: false: not within two
 * seconds. its_do(): both, and a SYNC for each CPU. */
void its_put(struct its_command cmd);
bool its_wait(void);
bool its_do(struct its_command cmd);

/* Device `device` with 32 events. */
struct its_command its_mapd(unsigned int device, bool valid);
struct its_command its_mapc(unsigned int icid, unsigned int cpu, bool valid);
struct its_command its_mapti(unsigned int device, unsigned int event, unsigned int lpi,
			     unsigned int icid);
struct its_command its_movi(unsigned int device, unsigned int event, unsigned int icid);
struct its_command its_movall(unsigned int from, unsigned int to);
struct its_command its_discard(unsigned int device, unsigned int event);
struct its_command its_inv(unsigned int device, unsigned int event);
struct its_command its_invall(unsigned int icid);
struct its_command its_int(unsigned int device, unsigned int event);
struct its_command its_clear(unsigned int device, unsigned int event);

#endif
