/* SPDX-License-Identifier: Apache-2.0 */
/* What a virtio disk and its driver say to each other: virtio 1.2 5.2. */
#ifndef DRIVERS_HW_VIRTIO_BLK_REGS_H
#define DRIVERS_HW_VIRTIO_BLK_REGS_H

#include "core/base/bits.h"

#define VIRTIO_ID_BLK 2

#define BLK_F_SIZE_MAX	   BIT(1)
#define BLK_F_SEG_MAX	   BIT(2)
#define BLK_F_RO	   BIT(5)
#define BLK_F_BLK_SIZE	   BIT(6)
#define BLK_F_FLUSH	   BIT(9)
#define BLK_F_TOPOLOGY	   BIT(10)
#define BLK_F_DISCARD	   BIT(13)
#define BLK_F_WRITE_ZEROES BIT(14)

/* Configuration, 5.2.4: offsets; 32 bits each but for the capacity, which has 64 */
#define BLK_CONFIG_CAPACITY	    0 /* sectors */
#define BLK_CONFIG_SIZE_MAX	    8
#define BLK_CONFIG_SEG_MAX	    12
#define BLK_CONFIG_BLK_SIZE	    20
#define BLK_CONFIG_TOPOLOGY	    24 /* exponent of blocks, alignment; shortest I/O (16 bits) */
#define BLK_CONFIG_MAX_DISCARD	    36
#define BLK_CONFIG_MAX_DISCARD_SEG  40
#define BLK_CONFIG_DISCARD_ALIGN    44
#define BLK_CONFIG_MAX_ZEROES	    48
#define BLK_CONFIG_MAX_ZEROES_SEG   52
#define BLK_CONFIG_ZEROES_MAY_UNMAP 56
#define BLK_CONFIG_SIZE		    60

/* Requests: 5.2.6 */
#define BLK_TYPE_IN	      0
#define BLK_TYPE_OUT	      1
#define BLK_TYPE_FLUSH	      4
#define BLK_TYPE_GET_ID	      8
#define BLK_TYPE_DISCARD      11
#define BLK_TYPE_WRITE_ZEROES 13

#define BLK_STATUS_OK	  0
#define BLK_STATUS_IOERR  1
#define BLK_STATUS_UNSUPP 2

#define BLK_SECTOR_SIZE 512
#define BLK_ID_SIZE	20
#define BLK_RANGE_UNMAP BIT32(0)

struct blk_header {
	uint32_t type, reserved;
	uint64_t sector;
};

struct blk_range {
	uint64_t sector;
	uint32_t count, flags;
};

#endif
