/* SPDX-License-Identifier: Apache-2.0 */
/* The VMM's virtio devices: their registers, the disk and the console. virtio 1.2 2.7, 4.2.2, 5.2,
 * 5.3. */
#include "tests/bench/kvm/virtio.h"

#include <linux/virtio_blk.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_mmio.h>
#include <linux/virtio_ring.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* devices.dts has these too. */
#define FIRST_BASE 0x0a000000UL
#define STRIDE	   0x200UL
#define FIRST_SPI  16

#define MAGIC	  0x74726976
#define DRIVER_OK 15 /* and what comes before it */
#define QUEUE_MAX 256

#define DISK_SIZE   (1UL << 20)
#define SECTOR_SIZE 512

static const uint32_t kinds[] = {VIRTIO_ID_BLOCK, VIRTIO_ID_CONSOLE, VIRTIO_ID_NET, VIRTIO_ID_NET};

#define DEVICES (sizeof(kinds) / sizeof(kinds[0]))

static struct virtio devices[DEVICES];
static uint8_t disk[DISK_SIZE];
static char written[65536]; /* to the console; when it is full, from its beginning again */
static size_t written_length;

int virtio_catch(const struct virtio *device, uint32_t offset, int64_t value)
{
	struct kvm_ioeventfd store = {
		.addr = device->base + offset,
		.len = 4,
		.fd = must(eventfd(0, 0), "eventfd"),
		.datamatch = value < 0 ? 0 : (uint64_t)value,
		.flags = value < 0 ? 0 : KVM_IOEVENTFD_FLAG_DATAMATCH,
	};

	must(ioctl(device->vm->fd, KVM_IOEVENTFD, &store), "KVM_IOEVENTFD");
	return store.fd;
}

int virtio_line(const struct virtio *device)
{
	int fd = must(eventfd(0, 0), "eventfd");
	struct kvm_irqfd line = {.fd = (uint32_t)fd, .gsi = device->spi};

	must(ioctl(device->vm->fd, KVM_IRQFD, &line), "KVM_IRQFD");
	return fd;
}

/* The guest takes it by edge: the line need not go down. */
static void interrupt(const struct virtio *device)
{
	struct kvm_irq_level line = {
		.irq = KVM_ARM_IRQ_TYPE_SPI << KVM_ARM_IRQ_TYPE_SHIFT | (32 + device->spi),
		.level = 1,
	};
	uint64_t once = 1;

	if (device->call >= 0) {
		must((int)write(device->call, &once, sizeof(once)), "interrupt of the disk");
	} else {
		must(ioctl(device->vm->fd, KVM_IRQ_LINE, &line), "KVM_IRQ_LINE");
	}
}

/* A read; the bytes that went into the request's buffers. */
static uint32_t disk_request(const struct vm *vm, const struct vring_desc *table, uint32_t head)
{
	const struct vring_desc *d = &table[head];
	const struct virtio_blk_outhdr *header = vm_memory(vm, d->addr);
	uint64_t from = header->sector * SECTOR_SIZE, end = from;
	uint8_t status = header->type == VIRTIO_BLK_T_IN ? VIRTIO_BLK_S_OK : VIRTIO_BLK_S_UNSUPP;

	for (d = &table[d->next]; d->flags & VRING_DESC_F_NEXT; d = &table[d->next]) {
		if (end > DISK_SIZE || d->len > DISK_SIZE - end) {
			status = VIRTIO_BLK_S_IOERR;
		} else if (status == VIRTIO_BLK_S_OK) {
			memcpy(vm_memory(vm, d->addr), disk + end, d->len);
			end += d->len;
		}
	}
	*(uint8_t *)vm_memory(vm, d->addr) = status;
	return (uint32_t)(end - from) + 1;
}

static uint32_t console_request(const struct vm *vm, const struct vring_desc *table, uint32_t head)
{
	const struct vring_desc *d = &table[head];
	const char *text = vm_memory(vm, d->addr);

	for (uint32_t i = 0; i < d->len; i++) {
		written[written_length++ % sizeof(written)] = text[i];
	}
	return 0;
}

/* All that is in the queue, and one interrupt for it. */
static void queue_do(const struct virtio *device, struct virtio_queue *queue)
{
	const struct vm *vm = device->vm;
	const struct vring_desc *table = vm_memory(vm, queue->descriptors);
	const struct vring_avail *available = vm_memory(vm, queue->driver);
	struct vring_used *used = vm_memory(vm, queue->device);
	uint16_t last = __atomic_load_n(&available->idx, __ATOMIC_ACQUIRE);

	if (queue->seen == last) {
		return;
	}
	while (queue->seen != last) {
		uint32_t head = available->ring[queue->seen % queue->size];
		struct vring_used_elem *done = &used->ring[queue->seen++ % queue->size];

		done->id = head;
		done->len = device->id == VIRTIO_ID_BLOCK ? disk_request(vm, table, head) :
							    console_request(vm, table, head);
	}
	/* what was done before its number, as the driver sees them */
	__atomic_store_n(&used->idx, queue->seen, __ATOMIC_RELEASE);
	interrupt(device);
}

static void *disk_thread(void *arg)
{
	struct virtio *device = arg;
	uint64_t times;

	pin(0, 1);
	while (must((int)read(device->kick, &times, sizeof(times)), "notification of the disk")) {
		queue_do(device, &device->queues[0]);
	}
	return NULL;
}

static void make_disk_thread(struct virtio *device)
{
	pthread_t thread;

	device->kick = virtio_catch(device, VIRTIO_MMIO_QUEUE_NOTIFY, 0);
	device->call = virtio_line(device);
	if (pthread_create(&thread, NULL, disk_thread, device) != 0) {
		fail("thread of the disk");
	}
}

void virtio_make(const struct vm *vm, bool with_disk_thread)
{
	unsigned int ports = 0;

	for (unsigned int i = 0; i < DEVICES; i++) {
		struct virtio *device = &devices[i];

		device->vm = vm;
		device->base = FIRST_BASE + i * STRIDE;
		device->spi = FIRST_SPI + i;
		device->id = kinds[i];
		device->kick = device->call = -1;
		/* With MSI-X a driver has nothing to acknowledge, with virtio-mmio it has. What KVM
		 * takes by itself, and tells nobody of, comes closest to that. */
		virtio_catch(device, VIRTIO_MMIO_INTERRUPT_ACK, -1);
		if (device->id == VIRTIO_ID_NET) {
			device->port = ports++;
			net_make(device);
		} else if (device->id == VIRTIO_ID_BLOCK && with_disk_thread) {
			make_disk_thread(device);
		}
	}
}

static uint32_t read_register(const struct virtio *device, uint64_t offset)
{
	switch (offset) {
	case VIRTIO_MMIO_MAGIC_VALUE:
		return MAGIC;
	case VIRTIO_MMIO_VERSION:
		return 2;
	case VIRTIO_MMIO_DEVICE_ID:
		return device->id;
	case VIRTIO_MMIO_QUEUE_NUM_MAX:
		return QUEUE_MAX;
	case VIRTIO_MMIO_STATUS:
		return device->status;
	default:
		return 0;
	}
}

/* The driver's features are those that the bench guest always takes: net.c knows them. */
static void write_register(struct virtio *device, uint64_t offset, uint32_t value)
{
	struct virtio_queue *queue = &device->queues[device->selected_queue];

	switch (offset) {
	case VIRTIO_MMIO_QUEUE_SEL:
		device->selected_queue = value % VIRTIO_QUEUES;
		break;
	case VIRTIO_MMIO_QUEUE_NUM:
		queue->size = value;
		break;
	case VIRTIO_MMIO_QUEUE_DESC_LOW:
		queue->descriptors = value;
		break;
	case VIRTIO_MMIO_QUEUE_AVAIL_LOW:
		queue->driver = value;
		break;
	case VIRTIO_MMIO_QUEUE_USED_LOW:
		queue->device = value;
		break;
	case VIRTIO_MMIO_QUEUE_NOTIFY:
		queue_do(device, &device->queues[value % VIRTIO_QUEUES]);
		break;
	case VIRTIO_MMIO_STATUS:
		device->status = value;
		if (value == DRIVER_OK && device->id == VIRTIO_ID_NET) {
			net_start(device);
		}
		break;
	}
}

void virtio_access(struct kvm_run *run)
{
	uint64_t offset = run->mmio.phys_addr - FIRST_BASE;
	struct virtio *device = &devices[offset / STRIDE % DEVICES];
	uint32_t value = 0;

	if (offset >= DEVICES * STRIDE || device->vm == NULL) {
		fail("an access to no device");
	}
	offset %= STRIDE;
	if (run->mmio.is_write) {
		memcpy(&value, run->mmio.data, sizeof(value));
		write_register(device, offset, value);
		return;
	}
	if (offset >= VIRTIO_MMIO_CONFIG) {
		value = device->config[(offset - VIRTIO_MMIO_CONFIG) % sizeof(device->config)];
	} else {
		value = read_register(device, offset);
	}
	memset(run->mmio.data, 0, sizeof(run->mmio.data));
	memcpy(run->mmio.data, &value, sizeof(value));
}
