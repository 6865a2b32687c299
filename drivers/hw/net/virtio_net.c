/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A network interface of the board that is a virtio device. virtio 1.2 5.1.
 *
 * A buffer is one descriptor, of the same index, in a queue of its own: whose it is, the device's
 * or not, is a bit each, against which what the device says is held. Nothing of its offloads is
 * agreed on, so a frame is what stands in its buffer.
 */
#include "drivers/hw/net/virtio_net.h"

#include "core/base/atomic.h"
#include "core/base/errno.h"
#include "core/base/printk.h"
#include "drivers/hw/virtio/hwvirtio.h"
#include "drivers/hw/virtio/net_regs.h"
#include "mm/page_alloc.h"

#define HEADER_SIZE sizeof(struct net_header)
#define QUEUE_MIN   8
#define MTU_MIN	    68 /* of IPv4: RFC 791 */
#define UNKNOWN	    0xff

#define WANTED (NET_F_MTU | NET_F_MAC | NET_F_STATUS | NET_F_CTRL_VQ | NET_F_CTRL_RX)

struct virtio_net {
	struct nic nic; /* first */
	struct hwvirtio device;
	struct hwring in, out, control;
	uint64_t coming,
		going; /* buffers that are the device's, by bit; of the nic's lock: going */
	/* a command, and its answer: memory of the device's too */
	struct {
		uint8_t class, command, on, ack;
	} ask;
	bool asked; /* and not answered */
};

_Static_assert(sizeof(struct virtio_net) <= PAGE_SIZE, "it has a page");
_Static_assert(HEADER_SIZE == NIC_ROOM, "its header stands in the room");
_Static_assert(HEADER_SIZE + NET_FRAME_MAX <= NIC_BUFFER_SIZE, "the largest frame fits");

static struct virtio_net *net_of(struct nic *nic)
{
	return CONTAINER_OF(nic, struct virtio_net, nic);
}

static void notify(const struct virtio_net *net, const struct hwring *ring, uint32_t queue)
{
	if (hwring_wants_notice(ring)) {
		hwvirtio_notify(&net->device, queue);
	}
}

/* What the device says to have done, of those in `*given`. As hwring_take(). */
static int take(struct hwring *ring, uint64_t *given, uint32_t *index, uint32_t *written)
{
	int got = hwring_take(ring, index, written);

	if (got <= 0) {
		return got == 0 ? 0 : -EIO;
	}
	if (*index >= ring->size || (*given & BIT(*index)) == 0) {
		return -EIO; /* nobody gave it that */
	}
	*given &= ~BIT(*index);
	return 1;
}

/* -- sending -- */

static void net_send(struct nic *nic, uint32_t buffer, uint32_t size)
{
	struct virtio_net *net = net_of(nic);
	uint8_t *at = nic->out + buffer * NIC_BUFFER_SIZE;

	hwring_describe(&net->out, (uint16_t)buffer,
			(struct hwring_desc){virt_to_phys(at), (uint32_t)HEADER_SIZE + size, 0, 0});
	net->going |= BIT(buffer);
	hwring_offer(&net->out, (uint16_t)buffer);
	notify(net, &net->out, NET_QUEUE_SEND);
}

static int net_sent(struct nic *nic, uint32_t *buffer)
{
	struct virtio_net *net = net_of(nic);
	uint32_t written;

	return take(&net->out, &net->going, buffer, &written);
}

/* -- receiving -- */

static int net_received(struct nic *nic, uint32_t *buffer, uint32_t *size)
{
	struct virtio_net *net = net_of(nic);
	const struct net_header *header;
	uint32_t written;
	int got = take(&net->in, &net->coming, buffer, &written);

	if (got <= 0) {
		return got;
	}
	if (written < HEADER_SIZE || written > NIC_BUFFER_SIZE) {
		return -EIO;
	}
	header = (const struct net_header *)(const void *)(nic->in + *buffer * NIC_BUFFER_SIZE);
	*size = atomic_read(&header->flags) == 0 && atomic_read(&header->gso_type) == NET_GSO_NONE ?
			written - (uint32_t)HEADER_SIZE :
			0;
	return 1;
}

static void offer(struct virtio_net *net, uint32_t buffer)
{
	net->coming |= BIT(buffer);
	hwring_offer(&net->in, (uint16_t)buffer);
}

static void net_give(struct nic *nic, uint32_t buffer)
{
	struct virtio_net *net = net_of(nic);

	offer(net, buffer);
	notify(net, &net->in, NET_QUEUE_RECEIVE);
}

static bool net_is_spent(struct nic *nic)
{
	return hwring_is_spent(&net_of(nic)->in);
}

/* -- what else it says -- */

static void look_at_link(struct virtio_net *net)
{
	bool up = (net->device.features & NET_F_STATUS) == 0 ||
		  (hwvirtio_config16(&net->device, NET_CONFIG_STATUS) & NET_STATUS_LINK_UP) != 0;

	atomic_set(&net->nic.up, up);
}

/* That all frames are to come in, whatever their address; its answer is looked at when it
 * interrupts. */
static void ask_for_all(struct virtio_net *net)
{
	uint64_t pa = virt_to_phys(&net->ask);

	net->ask.class = NET_CONTROL_RX;
	net->ask.command = NET_CONTROL_RX_PROMISC;
	net->ask.on = 1;
	net->ask.ack = UNKNOWN;
	hwring_describe(&net->control, 0, (struct hwring_desc){pa, 2, HWRING_NEXT, 1});
	hwring_describe(&net->control, 1, (struct hwring_desc){pa + 2, 1, HWRING_NEXT, 2});
	hwring_describe(&net->control, 2, (struct hwring_desc){pa + 3, 1, HWRING_WRITE, 0});
	net->asked = true;
	hwring_offer(&net->control, 0);
	hwvirtio_notify(&net->device, NET_QUEUE_CONTROL);
}

static void look_at_answer(struct virtio_net *net)
{
	uint32_t id, written;

	if (!net->asked || hwring_take(&net->control, &id, &written) == 0) {
		return;
	}
	net->asked = false;
	if (atomic_read(&net->ask.ack) != NET_CONTROL_OK) {
		log_warn("the NIC %s does not take frames for all addresses: VMs whose address is "
			 "not its own hear only what is for groups",
			 net->nic.name);
	}
}

static bool net_acknowledge(struct nic *nic)
{
	struct virtio_net *net = net_of(nic);
	bool fine = true;

	if ((hwvirtio_interrupts(&net->device) & VIRTIO_INTERRUPT_CONFIG) != 0) {
		fine = !hwvirtio_is_broken(&net->device);
		look_at_link(net);
	}
	look_at_answer(net);
	return fine;
}

static void net_quiet(struct nic *nic, bool quiet)
{
	hwring_quiet(&net_of(nic)->in, quiet);
}

static bool net_reset(struct nic *nic)
{
	return hwvirtio_reset(&net_of(nic)->device);
}

static const struct nic_ops virtio_net_ops = {
	.name = "virtio",
	.send = net_send,
	.sent = net_sent,
	.received = net_received,
	.give = net_give,
	.is_spent = net_is_spent,
	.acknowledge = net_acknowledge,
	.quiet = net_quiet,
	.reset = net_reset,
};

/* -- beginning -- */

/* 0 or -ERANGE. */
static int read_config(struct virtio_net *net)
{
	struct nic *nic = &net->nic;

	nic->has_mac = (net->device.features & NET_F_MAC) != 0;
	for (uint32_t i = 0; i < sizeof(nic->mac) && nic->has_mac; i++) {
		nic->mac[i] = hwvirtio_config8(&net->device, NET_CONFIG_MAC + i);
	}
	nic->mtu = (net->device.features & NET_F_MTU) == 0 ?
			   NIC_MTU_MAX :
			   MIN(hwvirtio_config16(&net->device, NET_CONFIG_MTU), NIC_MTU_MAX);
	look_at_link(net);
	return nic->mtu < MTU_MIN ? -ERANGE : 0;
}

static bool has_control(const struct virtio_net *net)
{
	uint64_t needed = NET_F_CTRL_VQ | NET_F_CTRL_RX;

	return (net->device.features & needed) == needed;
}

/* 0 or an error of virtio_net_open(). */
static int set_up_queues(struct virtio_net *net, uint8_t *pages)
{
	const struct hwvirtio *device = &net->device;
	size_t size = HWRING_PAGES * PAGE_SIZE;
	int err = hwvirtio_queue(device, NET_QUEUE_RECEIVE, &net->in, pages, NIC_BUFFERS);

	err = err != 0 ?
		      err :
		      hwvirtio_queue(device, NET_QUEUE_SEND, &net->out, pages + size, NIC_BUFFERS);
	if (err == 0 && has_control(net)) {
		err = hwvirtio_queue(device, NET_QUEUE_CONTROL, &net->control, pages + 2 * size,
				     QUEUE_MIN);
	}
	if (err == 0 && (net->in.size < QUEUE_MIN || net->out.size < QUEUE_MIN ||
			 (has_control(net) && net->control.size < QUEUE_MIN))) {
		err = -ERANGE;
	}
	return err;
}

struct nic *virtio_net_open(volatile uint8_t *regs, void *memory, int *err)
{
	struct virtio_net *net = memory;
	uint8_t *pages = (uint8_t *)memory + PAGE_SIZE;
	struct nic *nic = &net->nic;

	*err = hwvirtio_open(&net->device, regs);
	if (*err == 0 && net->device.id != VIRTIO_ID_NET) {
		*err = -ENODEV;
	}
	*err = *err != 0 ? *err : hwvirtio_agree(&net->device, WANTED);
	*err = *err != 0 ? *err : read_config(net);
	*err = *err != 0 ? *err : set_up_queues(net, pages);
	if (*err != 0) {
		return NULL;
	}
	nic->ops = &virtio_net_ops;
	nic->in = pages + 3 * HWRING_PAGES * PAGE_SIZE;
	nic->out = nic->in + NIC_BUFFERS * NIC_BUFFER_SIZE;
	nic->in_count = net->in.size;
	nic->out_count = net->out.size;
	/* what has gone is looked at by who sends the next */
	hwring_quiet(&net->out, true);
	nic_init(nic);
	return nic;
}

void virtio_net_begin(struct nic *nic)
{
	struct virtio_net *net = net_of(nic);

	for (uint32_t i = 0; i < nic->in_count; i++) {
		uint64_t pa = virt_to_phys(nic->in + i * NIC_BUFFER_SIZE);

		hwring_describe(&net->in, (uint16_t)i,
				(struct hwring_desc){pa, NIC_BUFFER_SIZE, HWRING_WRITE, 0});
		offer(net, i);
	}
	hwvirtio_begin(&net->device);
	hwvirtio_notify(&net->device, NET_QUEUE_RECEIVE);
	if (has_control(net)) {
		ask_for_all(net);
	}
}
