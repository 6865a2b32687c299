/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A network's way out of the board: frames between the ports of VMs and a NIC that EL2 drives.
 *
 * Frames are EL2's on their way. A VM's is copied into a buffer of the NIC's, by its own vCPU and
 * in steps, whole: sums made, segments cut. What comes is copied from the buffer it came in to each
 * receiver, by the CPU that takes the NIC's interrupt (drivers/hw/net/nic.h says how much of it).
 * Nobody waits for either: docs/network.md.
 *
 * An uplink is a port of each ring of its network: of the ports without a VLAN, which speak without
 * a tag there, and of those of each VLAN, whose frames have its tag on the wire.
 *
 * Data: what came last is the interrupt's CPU's. What is on its way out is its sender's device's,
 * with that one's lock.
 */
#ifndef DRIVERS_VIRTIO_UPLINK_H
#define DRIVERS_VIRTIO_UPLINK_H

#include "drivers/hw/net/nic.h"
#include "drivers/virtio/switch.h"

struct net;
struct uplink;

/* The ports of a network: how many, and in which VLANs there are some. */
struct uplink_members {
	uint32_t count, vlan_count;
	uint16_t vlan[CONFIG_DEVICE_TOTAL_MAX];
};

/* Bytes that an uplink takes. */
size_t uplink_size(const struct uplink_members *members);

/* Leads a network out by `nic`; `memory` is zeroes, aligned to 16 bytes. The CPU of its interrupt,
 * before any guest runs. */
struct uplink *uplink_open(void *memory, const struct network_config *network, struct nic *nic,
			   const struct uplink_members *members);

/* What it leads out by. */
const struct nic *uplink_nic(const struct uplink *uplink);

/* -- for net.c, with the sender's lock -- */

/* A step of the sender's frame. 1: more steps; 0: it is over; or an error of the sender's. */
int uplink_send(struct net *net, struct switch_port *to);

/* What was on its way out is not any more. */
void uplink_abandon(struct net *net);

#endif
