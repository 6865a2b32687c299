/* SPDX-License-Identifier: Apache-2.0 */
/* The device models there are, for the table in vdevs.c. */
#ifndef DRIVERS_EMUL_MODELS_H
#define DRIVERS_EMUL_MODELS_H

#include "drivers/emul/vdev.h"

struct vcpu;
struct hypercall;

extern const struct vdev_type vcontrol_type;
extern const struct vdev_type vdoorbell_type;
extern const struct vdev_type vmbigen_type; /* no config names it */
extern const struct vdev_type vpl011_type;
extern const struct vdev_type vpl031_type;
extern const struct vdev_type vsp805_type;
extern const struct vdev_type virtio_balloon_type; /* drivers/virtio */
extern const struct vdev_type virtio_blk_type;
extern const struct vdev_type virtio_console_type;
extern const struct vdev_type virtio_net_type;
extern const struct vdev_type virtio_rng_type;
extern const struct vdev_type virtio_vsock_type;

/* A pin of a VM's message generator is driven: see vdev.set_pin. */
void vmbigen_set_pin(struct vdev *vdev, uint32_t pin, bool level);

/* Who makes the calls that a control device asks for; boot CPU, before any guest runs. */
void vcontrol_set_call(void (*call)(struct vcpu *vcpu, struct hypercall *call));

#endif
