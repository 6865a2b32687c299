/* SPDX-License-Identifier: Apache-2.0 */
/* The default guest machine: the memory map of QEMU's `virt`, so that what runs there runs here. */
#ifndef CORE_CONFIG_GUEST_MAP_TYPES_H
#define CORE_CONFIG_GUEST_MAP_TYPES_H

#include "core/base/types.h"

#define GUEST_GICD_BASE	 UINT64_C(0x08000000)
#define GUEST_GICD_SIZE	 UINT64_C(0x00010000)
#define GUEST_GICC_BASE	 UINT64_C(0x08010000) /* GICv2 */
#define GUEST_GICC_SIZE	 UINT64_C(0x00010000)
#define GUEST_GICC_VCPUS 8
#define GUEST_V2M_BASE	 UINT64_C(0x08020000) /* GICv2m */
#define GUEST_V2M_SIZE	 UINT64_C(0x00001000)
#define GUEST_V2M_SPI	 48 /* the first of its messages */
#define GUEST_V2M_COUNT	 64
/* Lines that become LPIs, in a VM with an ITS that has such lines: hisilicon,mbigen-v2 */
#define GUEST_MBIGEN_BASE   UINT64_C(0x08040000)
#define GUEST_MBIGEN_SIZE   UINT64_C(0x00010000)
#define GUEST_MBIGEN_DEVICE 0xff00 /* its ID at the ITS: PCI functions come from below */
#define GUEST_MBIGEN_PIN    64	   /* the first */
#define GUEST_MBIGEN_PINS   128
#define GUEST_ITS_BASE	    UINT64_C(0x08080000)
#define GUEST_ITS_SIZE	    UINT64_C(0x00020000)
#define GUEST_MBI_COUNT	    64 /* SPIs for messages to the distributor: the last ones */
#define GUEST_GICR_BASE	    UINT64_C(0x080a0000)
#define GUEST_GICR_STRIDE   UINT64_C(0x00020000) /* per vCPU */
/* The second region of redistributors, for those that the config leaves no place in the first */
#define GUEST_GICR_HIGH UINT64_C(0x4000000000)

/* Small devices, one per 64 KiB; the first PL011 and PL031 have places of their own before these.
 */
#define GUEST_DEVICE_BASE UINT64_C(0x09040000)
#define GUEST_DEVICE_STEP UINT64_C(0x00010000)
#define GUEST_DEVICE_END  UINT64_C(0x0a000000)
/* As `virt` has its 32: places and interrupts in a row. */
#define GUEST_VIRTIO_BASE  UINT64_C(0x0a000000)
#define GUEST_VIRTIO_SIZE  UINT64_C(0x200)
#define GUEST_VIRTIO_SLOTS 32
#define GUEST_VIRTIO_SPI   16
#define GUEST_SPI_FIRST	   8 /* those below have their devices on `virt` */

/* Stolen time: a page, in a place of its own */
#define GUEST_PVTIME_BASE UINT64_C(0x090a0000)
#define GUEST_PVTIME_SIZE UINT64_C(0x00010000)

/* Of a guest-physical address, where the board's CPUs have as many: this layout's last word is ECAM
 * at 2^38, and tables of 40 bits begin at level 1. */
#define GUEST_IPA_BITS_MAX 40

#define GUEST_RAM_BASE	UINT64_C(0x40000000)
#define GUEST_RAM_ALIGN MIB(2)

/* Shared memory, unless the config says where: from here on, above RAM of up to 2 GiB */
#define GUEST_SHARED_BASE  UINT64_C(0xc0000000)
#define GUEST_SHARED_ALIGN MIB(2) /* blocks in stage 2, and what Linux asks of a pmem region */

#define GUEST_SPI_COUNT_DEFAULT 64
#define GUEST_SPI_COUNT_MAX	988
#define GUEST_LPI_COUNT_DEFAULT 8192

#endif
