/* SPDX-License-Identifier: Apache-2.0 */
/* The table of emulated devices, one line each. */
#include "drivers/emul/models.h"

const struct vdev_type *const vdev_types[] = {
	&vpl011_type,	  &vpl031_type,		&vdoorbell_type,      &vcontrol_type,
	&vsp805_type,	  &virtio_console_type, &virtio_blk_type,     &virtio_net_type,
	&virtio_rng_type, &virtio_vsock_type,	&virtio_balloon_type, NULL,
};
