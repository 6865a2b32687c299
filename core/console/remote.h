/* SPDX-License-Identifier: Apache-2.0 */
/* Commands that a VM gives by a socket to the hypervisor: docs/vsock.md. */
#ifndef CORE_CONSOLE_REMOTE_H
#define CORE_CONSOLE_REMOTE_H

#include "core/vm/vcpu.h"
#include "drivers/virtio/vsock.h"

/* A step of what a line asks for; true: done. All it tells and does are hypercalls in the name of
 * `by`'s VM: what that may not ask for is refused there. Any CPU, no locks. */
bool remote_step(struct vcpu *by, struct vsock_job *job);

#endif
