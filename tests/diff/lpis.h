/* SPDX-License-Identifier: Apache-2.0 */
/*
 * LPIs and the ITS. A few devices with a few events each, each event with two LPIs of its own, a
 * few collections. What the architecture leaves open is not done here, whatever the program says:
 * the guest keeps what is mapped, and the INT of an LPI whose configuration changed without an INV
 * waits for one.
 */
#ifndef TESTS_DIFF_LPIS_H
#define TESTS_DIFF_LPIS_H

#include "tests/diff/op.h"

/* tests/diff/program.py has the same. */
enum its_op {
	ITS_MAPD,
	ITS_UNMAPD, /* a DISCARD of each event before it */
	ITS_MAPTI,  /* MAPI for the last device; a DISCARD before it where it is mapped */
	ITS_MAPC,   /* its events' LPIs are cleared before it */
	ITS_UNMAPC, /* the same */
	ITS_MOVI,
	ITS_MOVALL, /* and MAPC of the collections that go with it */
	ITS_DISCARD,
	ITS_INV,
	ITS_INVALL,
	ITS_INT,
	ITS_CLEAR,
	ITS_SYNC,
	ITS_CONFIG,	/* without INV; a CLEAR before it */
	ITS_CONFIG_INV, /* with INV */
	ITS_LPIS_OFF,
	ITS_LPIS_ON,
	ITS_PENDING, /* the pending table's bytes, where LPIs are off */
};

/* Fields of an operation's value. */
#define ITS_DEVICE	BITS(7, 0)
#define ITS_EVENT	BITS(15, 8)
#define ITS_ICID	BITS(23, 16)
#define ITS_OTHER	BITS(31, 24) /* LPI of the event (0, 1), or CPU */
#define ITS_CONFIG_BYTE BITS(39, 32)
#define ITS_QUEUED	BIT(40) /* GITS_CWRITER is not written yet */

/* A sequence begins: nothing mapped but collection n to CPU n, no LPI enabled or pending. how: of
 * PROGRAM_*. */
void lpis_reset(unsigned int cpus, unsigned int how);

void lpis_do(const volatile struct op *op);

#endif
