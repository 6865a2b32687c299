/* SPDX-License-Identifier: Apache-2.0 */
/* The table of emulated devices, one line each; those that are known but not built yet say so. */
#include "drivers/emul/models.h"

/* Fragments of the sentence that refuses a device. */
#define LATER_VIRTIO   "virtio devices come with a later version: leave the device out"
#define LATER_DOORBELL "doorbells come with a later version: leave the device out"

/* What is refused is checked no further: its properties are for the document alone. */
#if __STDC_HOSTED__
static const struct config_prop virtio_balloon_props[] = {
	{.name = "min-size", .type = PROP_U64, .help = "Bytes the guest keeps in any case."},
	{0},
};
#define PROPS(table) table
#else
#define PROPS(table) NULL
#endif

static const struct vdev_type virtio_balloon_type = {
	.compatible = "bulkhead,virtio-balloon",
	.later = LATER_VIRTIO,
	.help = DOC("Takes memory from the guest and gives it back."),
	.props = PROPS(virtio_balloon_props),
};

const struct vdev_type *const vdev_types[] = {
	&vpl011_type,	  &vpl031_type,		&vdoorbell_type,      &vcontrol_type,
	&vsp805_type,	  &virtio_console_type, &virtio_blk_type,     &virtio_net_type,
	&virtio_rng_type, &virtio_vsock_type,	&virtio_balloon_type, NULL,
};
