/* SPDX-License-Identifier: Apache-2.0 */
/* A port of the VMM's network: a tap on a bridge, and vhost-net between its rings and the tap. All
 * that a frame passes is Linux's. */
#define _GNU_SOURCE
#include "tests/bench/kvm/virtio.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <linux/vhost.h>
#include <linux/virtio_mmio.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define BRIDGE "bridge"
#define PORTS  2

static struct {
	int control; /* any socket: for requests about interfaces */
	int taps[PORTS];
} net = {.control = -1};

static struct ifreq named(const char *name)
{
	struct ifreq request = {0};

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	return request;
}

static void set_up(const char *name)
{
	struct ifreq request = named(name);

	request.ifr_flags = IFF_UP;
	must(ioctl(net.control, SIOCSIFFLAGS, &request), name);
}

static void make_bridge(void)
{
	int snooping;

	net.control = must(socket(AF_UNIX, SOCK_DGRAM, 0), "socket");
	must(ioctl(net.control, SIOCBRADDBR, BRIDGE), "SIOCBRADDBR");
	/* It would send frames of its own, and the bench guest has buffers for its own alone. */
	snooping = must(open("/sys/class/net/" BRIDGE "/bridge/multicast_snooping", O_WRONLY),
			"multicast_snooping");
	must((int)write(snooping, "0", 1), "multicast_snooping");
	close(snooping);
	set_up(BRIDGE);
}

/* Onto the bridge, and a frame from there to itself, by which the bridge knows where it is. */
static void join(const struct virtio *device, const char *name)
{
	struct ifreq bridge = named(BRIDGE);
	struct {
		struct virtio_net_hdr_v1 header;
		uint8_t to[ETH_ALEN], from[ETH_ALEN], rest[ETH_ZLEN - 2 * ETH_ALEN];
	} hello = {0};

	bridge.ifr_ifindex = (int)if_nametoindex(name);
	must(ioctl(net.control, SIOCBRADDIF, &bridge), "SIOCBRADDIF");
	memcpy(hello.to, device->config, ETH_ALEN);
	memcpy(hello.from, device->config, ETH_ALEN);
	must((int)write(net.taps[device->port], &hello, sizeof(hello)), "hello");
}

void net_make(struct virtio *device)
{
	static const uint8_t address[ETH_ALEN] = {0x02};
	struct ifreq tap = {.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR};
	int header = sizeof(struct virtio_net_hdr_v1), fd;

	if (net.control < 0) {
		make_bridge();
	}
	memcpy(device->config, address, ETH_ALEN);
	device->config[ETH_ALEN - 1] = (uint8_t)(device->port + 1);
	fd = must(open("/dev/net/tun", O_RDWR), "/dev/net/tun");
	snprintf(tap.ifr_name, sizeof(tap.ifr_name), "tap%u", device->port);
	must(ioctl(fd, TUNSETIFF, &tap), "TUNSETIFF");
	must(ioctl(fd, TUNSETVNETHDRSZ, &header), "TUNSETVNETHDRSZ");
	/* what a sender leaves to be done its receiver takes as it is */
	must(ioctl(fd, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4), "TUNSETOFFLOAD");
	net.taps[device->port] = fd;
	set_up(tap.ifr_name);
	join(device, tap.ifr_name);
}

static void start_queue(const struct virtio *device, int vhost, unsigned int index)
{
	const struct virtio_queue *queue = &device->queues[index];
	struct vhost_vring_state size = {.index = index, .num = queue->size};
	struct vhost_vring_state base = {.index = index};
	struct vhost_vring_addr rings = {
		.index = index,
		.desc_user_addr = (uint64_t)vm_memory(device->vm, queue->descriptors),
		.avail_user_addr = (uint64_t)vm_memory(device->vm, queue->driver),
		.used_user_addr = (uint64_t)vm_memory(device->vm, queue->device),
	};
	struct vhost_vring_file kick = {
		.index = index,
		.fd = virtio_catch(device, VIRTIO_MMIO_QUEUE_NOTIFY, index),
	};
	struct vhost_vring_file call = {.index = index, .fd = virtio_line(device)};
	struct vhost_vring_file tap = {.index = index, .fd = net.taps[device->port]};

	must(ioctl(vhost, VHOST_SET_VRING_NUM, &size), "VHOST_SET_VRING_NUM");
	must(ioctl(vhost, VHOST_SET_VRING_BASE, &base), "VHOST_SET_VRING_BASE");
	must(ioctl(vhost, VHOST_SET_VRING_ADDR, &rings), "VHOST_SET_VRING_ADDR");
	must(ioctl(vhost, VHOST_SET_VRING_KICK, &kick), "VHOST_SET_VRING_KICK");
	must(ioctl(vhost, VHOST_SET_VRING_CALL, &call), "VHOST_SET_VRING_CALL");
	must(ioctl(vhost, VHOST_NET_SET_BACKEND, &tap), "VHOST_NET_SET_BACKEND");
}

/*
 * vhost's workers, which have this process's number in their names: to the vCPU's own CPU, at a
 * real-time priority, so that each begins as soon as it is woken. On another CPU a frame takes
 * 3,000 instructions more, and they would be ahead of the vCPU or behind it as CPUs take turns.
 */
static void place_workers(void)
{
	const struct sched_param urgent = {.sched_priority = 1};
	DIR *processes = opendir("/proc");
	char path[300], name[16] = "";

	if (processes == NULL) {
		fail("/proc");
	}
	for (struct dirent *entry; (entry = readdir(processes)) != NULL;) {
		int pid = atoi(entry->d_name), fd;

		snprintf(path, sizeof(path), "/proc/%s/comm", entry->d_name);
		fd = pid ? open(path, O_RDONLY) : -1;
		if (fd < 0) {
			continue; /* no thread, or gone meanwhile */
		}
		must((int)read(fd, name, sizeof(name)), path);
		close(fd);
		if (strncmp(name, "vhost-", 6) == 0) {
			pin(pid, 0);
			must(sched_setscheduler(pid, SCHED_FIFO, &urgent), "sched_setscheduler");
		}
	}
	closedir(processes);
}

void net_start(const struct virtio *device)
{
	uint64_t features = 1UL << VIRTIO_F_VERSION_1; /* the rest is the tap's */
	struct vhost_memory *memory = calloc(1, sizeof(*memory) + sizeof(memory->regions[0]));
	int vhost = must(open("/dev/vhost-net", O_RDWR), "/dev/vhost-net");

	if (memory == NULL) {
		fail("memory");
	}
	memory->nregions = 1;
	memory->regions[0] = (struct vhost_memory_region){
		.guest_phys_addr = RAM_BASE,
		.memory_size = RAM_SIZE,
		.userspace_addr = (uint64_t)device->vm->ram,
	};
	must(ioctl(vhost, VHOST_SET_OWNER, 0), "VHOST_SET_OWNER");
	must(ioctl(vhost, VHOST_SET_FEATURES, &features), "VHOST_SET_FEATURES");
	must(ioctl(vhost, VHOST_SET_MEM_TABLE, memory), "VHOST_SET_MEM_TABLE");
	free(memory);
	for (unsigned int i = 0; i < VIRTIO_QUEUES; i++) {
		start_queue(device, vhost, i);
	}
	place_workers();
}
