/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a device model meets the exit path. core/exit/mmio.c has decoded the access, found the
 * region, checked size and alignment and extends loads; a model sees an offset and a value.
 */
#ifndef DRIVERS_EMUL_MMIO_OPS_H
#define DRIVERS_EMUL_MMIO_OPS_H

#include "core/base/types.h"

struct vcpu;

/*
 * Return 0; -EAGAIN when another CPU has to answer first (the access is executed again when it
 * has); -EBUSY when another vCPU is at it (the guest executes it again, as soon as interrupts
 * allow); or any other negative errno: the guest gets an external abort. Called without locks, on
 * the CPU that runs `vcpu`. A value has no bits above its size, either way.
 */
struct mmio_ops {
	const char *name; /* appears in every log line about it */
	uint8_t sizes;	  /* allowed access sizes: OR of 1, 2, 4, 8 */
	int (*read)(struct vcpu *vcpu, void *dev, uint32_t off, uint32_t size, uint64_t *val);
	int (*write)(struct vcpu *vcpu, void *dev, uint32_t off, uint32_t size, uint64_t val);
};

#endif
