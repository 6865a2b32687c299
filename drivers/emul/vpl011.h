/* SPDX-License-Identifier: Apache-2.0 */
/* A PL011 UART for guests. */
#ifndef DRIVERS_EMUL_VPL011_H
#define DRIVERS_EMUL_VPL011_H

#include "drivers/emul/vdev.h"

extern const struct vdev_type vpl011_type;

#endif
