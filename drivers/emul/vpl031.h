/* SPDX-License-Identifier: Apache-2.0 */
/* A PL031 real-time clock for guests. */
#ifndef DRIVERS_EMUL_VPL031_H
#define DRIVERS_EMUL_VPL031_H

#include "drivers/emul/vdev.h"

extern const struct vdev_type vpl031_type;

#endif
