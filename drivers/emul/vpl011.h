/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest's PL011: FIFOs, trigger levels and masks as Arm DDI 0183G has them. Behind the transmit
 * FIFO is the guest's ring on the console, so a full ring is a full FIFO. The model itself is pure;
 * its lock (rank device) protects all of struct vpl011.
 */
#ifndef DRIVERS_EMUL_VPL011_H
#define DRIVERS_EMUL_VPL011_H

#include "core/base/spinlock.h"
#include "core/console/mux.h"
#include "drivers/emul/vdev.h"

#define VPL011_FIFO 16

struct vpl011 {
	struct vdev vdev; /* first */
	struct console_port port;
	struct spinlock lock;
	uint16_t rx[VPL011_FIFO]; /* data and error bits, as UARTDR reads */
	uint32_t rx_head, rx_count;
	uint16_t overrun; /* UARTDR_OE once a byte has been lost, for the next one */
	bool line;	  /* as the interrupt controller was told */
	uint32_t rsr, ilpr, ibrd, fbrd, lcr_h, cr, ifls, imsc, ris, dmacr;
	uint8_t rx_ring[MUX_RX_SIZE], tx_ring[MUX_TX_SIZE];
};

extern const struct vdev_type vpl011_type;

#endif
