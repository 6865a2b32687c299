/* SPDX-License-Identifier: Apache-2.0 */
/* Ways out of VMs' networks. */
#include "boot/uplinks.h"

#include "core/arm64/features.h"
#include "core/base/bits.h"
#include "core/base/errno.h"
#include "core/base/percpu.h"
#include "core/base/printk.h"
#include "core/config/board_virtio.h"
#include "core/exit/irq.h"
#include "drivers/emul/models.h"
#include "drivers/hw/net/virtio_net.h"
#include "drivers/virtio/uplink.h"
#include "mm/hyp_map.h"
#include "mm/page_alloc.h"

#define TABLE_PAGES 3 /* for its registers */

static void add_vlan(struct uplink_members *members, uint32_t vlan)
{
	for (uint32_t i = 0; i < members->vlan_count; i++) {
		if (members->vlan[i] == vlan) {
			return;
		}
	}
	if (vlan != 0) {
		members->vlan[members->vlan_count++] = (uint16_t)vlan;
	}
}

static void add_member(struct uplink_members *members, const struct vdev_config *device,
		       const struct network_config *network)
{
	if (device->type == &virtio_net_type && device->port.network == network) {
		members->count++;
		add_vlan(members, device->port.vlan);
	}
}

/* False: it has none, or no way out. */
static bool find_members(const struct config *config, const struct network_config *network,
			 struct uplink_members *members)
{
	members->count = members->vlan_count = 0;
	if (network->uplink == NULL || network->refused) {
		return false;
	}
	for (uint32_t i = 0; i < config->vm_count; i++) {
		const struct vm_config *vm = &config->vm[i];

		for (uint32_t k = 0; k < vm->device_count && !vm->refused; k++) {
			add_member(members, &vm->device[k], network);
		}
	}
	return members->count != 0;
}

static uint32_t pages_of(size_t size)
{
	return (uint32_t)(align_up(size, PAGE_SIZE) / PAGE_SIZE);
}

uint32_t uplinks_pages(const struct config *config)
{
	struct uplink_members members;
	uint32_t pages = 0;

	for (uint32_t i = 0; i < config->network_count; i++) {
		if (find_members(config, &config->network[i], &members)) {
			pages += VIRTIO_NET_PAGES + TABLE_PAGES + pages_of(uplink_size(&members));
		}
	}
	return pages;
}

static void nic_interrupted(void *nic)
{
	nic_interrupt(nic);
}

static const char *fault_of(int err)
{
	switch (err) {
	case -ENOMEM:
		return "can't be driven: the hypervisor's own memory does not suffice";
	case -ENODEV:
		return "is no NIC: no virtio device is there, or one of another kind";
	case -ENOSYS:
		return "is a virtio device of version 1 (legacy), and version 2 is needed: in QEMU "
		       "add -global virtio-mmio.force-legacy=false";
	case -ERANGE:
		return "has packets or queues of sizes that this driver can't use";
	default:
		return "does not answer as a virtio device must";
	}
}

static void say_there(const struct network_config *network, const struct nic *nic)
{
	const uint8_t *mac = nic->mac;

	if (nic->has_mac) {
		log_info("network %s: leads out by %s, %02x:%02x:%02x:%02x:%02x:%02x, packets of "
			 "up to %u bytes",
			 network->name, network->uplink, mac[0], mac[1], mac[2], mac[3], mac[4],
			 mac[5], nic->mtu);
	} else {
		log_info("network %s: leads out by %s, packets of up to %u bytes", network->name,
			 network->uplink, nic->mtu);
	}
}

/* Its registers are EL2's, and it works. 0 or an error of virtio_net_open(). */
static int start(const struct network_config *network, const struct uplink_members *members,
		 const struct board_virtio *found)
{
	void *memory = page_alloc(VIRTIO_NET_PAGES);
	void *uplink = page_alloc(pages_of(uplink_size(members)));
	struct nic *nic;
	int err;

	if (memory == NULL || uplink == NULL || hyp_map_device(found->regs) != 0) {
		return -ENOMEM;
	}
	nic = virtio_net_open((volatile uint8_t *)found->regs.base, memory, &err);
	if (nic == NULL) {
		return err;
	}
	nic->name = network->uplink;
	uplink_open(uplink, network, nic, members);
	nic->line.intid = found->intid;
	irq_drive(found->intid, nic_interrupted, nic, "a NIC");
	gic_enable_spi(found->intid, found->irq_flags, this_cpu(cpu_id).mpidr);
	say_there(network, nic);
	virtio_net_begin(nic);
	return 0;
}

void uplinks_open(const struct config *config, const struct board *board, struct registry *registry)
{
	struct uplink_members members;

	for (uint32_t i = 0; i < config->network_count; i++) {
		const struct network_config *network = &config->network[i];
		struct board_virtio found;
		const char *fault;
		int err = 0;

		if (!find_members(config, network, &members)) {
			continue;
		}
		fault = board_virtio_find(board, network->uplink, &found);
		if (fault == NULL) {
			/* others may have places in the same page */
			registry_claim(registry, found.regs);
			err = start(network, &members, &found);
			fault = err != 0 ? fault_of(err) : NULL;
		}
		if (fault != NULL) {
			log_error("the NIC %s %s; the network \"%s\" has no way out",
				  network->uplink, fault, network->name);
		}
	}
}
