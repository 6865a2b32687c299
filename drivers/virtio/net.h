/* SPDX-License-Identifier: Apache-2.0 */
/* Network devices, for who tells of them. Any CPU, no locks. */
#ifndef DRIVERS_VIRTIO_NET_H
#define DRIVERS_VIRTIO_NET_H

#include "drivers/emul/vdev.h"
#include "drivers/virtio/switch.h"

/* Whose port it is. */
const struct vdev *net_vdev(const struct switch_port *port);

/* What its driver has negotiated; 0 while nobody drives it. */
uint64_t net_features(const struct switch_port *port);

#endif
