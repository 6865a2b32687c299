/* SPDX-License-Identifier: Apache-2.0 */
/* What the checker must know of the device models, which themselves need the hypervisor around
 * them. */
#include "drivers/emul/vpl011.h"
#include "drivers/emul/vpl031.h"

static const struct config_prop vpl011_props[] = {
	{.name = "input",
	 .type = PROP_STRING,
	 .values = "switched|none",
	 .dflt = "`\"switched\"`",
	 .help = "Whether the keys reach it when the console is switched to this VM, or never."},
	{0},
};

const struct vdev_type vpl011_type = {
	.compatible = "bulkhead,pl011",
	.help = "A PL011 UART: the VM's console.",
	.size = 0x1000,
	.ipa = 0x09000000,
	.spi = 1,
	.props = vpl011_props,
};

const struct vdev_type vpl031_type = {
	.compatible = "bulkhead,pl031",
	.help = "A PL031 real-time clock.",
	.size = 0x1000,
	.ipa = 0x09010000,
	.spi = 2,
	.max_count = 1,
};
