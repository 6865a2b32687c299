/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The least that runs the bench guest under KVM: one VM, two pinned vCPUs, the in-kernel GICv3 and
 * PSCI, a UART that only takes characters. It is process 1 of an initramfs that also holds
 * /guest.bin and /guest.dtb; when the guest turns itself off it prints what the guest wrote, so
 * that no console works meanwhile, and powers the machine off.
 *
 * With /vhost_net.ko and the other modules that a network needs it has virtio devices (virtio.h);
 * `disk-thread` in its command line gives the disk a thread.
 *
 * With /other.dtb there are two VMs with that program, a vCPU each, equals on one CPU, where a
 * store to UART_YIELD gives way to the other: KVM itself offers a guest no way to another VM's
 * vCPU.
 */
#define _GNU_SOURCE
#include "tests/bench/kvm/virtio.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <unistd.h>

/* guest.dts has these too. */
#define ENTRY	  0x40080000UL
#define DTB	  0x43000000UL
#define GICD_BASE 0x08000000UL
#define GICR_BASE 0x080a0000UL
#define UART_BASE 0x09000000UL

#define UART_SIZE  0x1000
#define UART_DR	   0x00
#define UART_FR	   0x18
#define FR_EMPTY   0x90 /* receive and transmit FIFOs */
#define UART_YIELD 0xf00

static struct {
	int kvm;
	struct vm vm[2];
	char text[65536]; /* the vCPU that prints is one at a time */
	size_t length;
} vmm;

/* Whose thread it is, and where it runs. */
struct place {
	struct vm *vm;
	int vcpu, cpu;
};

static __attribute__((noreturn)) void finish(void)
{
	fwrite(vmm.text, 1, vmm.length, stdout);
	fflush(stdout);
	reboot(RB_POWER_OFF);
	for (;;) {
		pause();
	}
}

void fail(const char *what)
{
	printf("vmm: %s: %s\n", what, strerror(errno));
	finish();
}

int must(int result, const char *what)
{
	if (result < 0) {
		fail(what);
	}
	return result;
}

void pin(int thread, int cpu)
{
	cpu_set_t pinned;

	CPU_ZERO(&pinned);
	CPU_SET(cpu, &pinned);
	must(sched_setaffinity(thread, sizeof(pinned), &pinned), "sched_setaffinity");
}

static void load(struct vm *vm, const char *path, uint64_t address)
{
	int fd = must(open(path, O_RDONLY), path);

	must((int)read(fd, vm_memory(vm, address), RAM_BASE + RAM_SIZE - address), path);
	close(fd);
}

static void make_memory(struct vm *vm, const char *dtb)
{
	struct kvm_userspace_memory_region region = {
		.guest_phys_addr = RAM_BASE,
		.memory_size = RAM_SIZE,
	};

	vm->ram = mmap(NULL, RAM_SIZE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (vm->ram == MAP_FAILED) {
		fail("memory of the guest");
	}
	region.userspace_addr = (uint64_t)vm->ram;
	must(ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, &region), "KVM_SET_USER_MEMORY_REGION");
	load(vm, "/guest.bin", ENTRY);
	load(vm, dtb, DTB);
}

static void set_register(int vcpu, uint64_t offset, uint64_t value)
{
	struct kvm_one_reg reg = {
		.id = KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE | offset / 4,
		.addr = (uint64_t)&value,
	};

	must(ioctl(vcpu, KVM_SET_ONE_REG, &reg), "KVM_SET_ONE_REG");
}

static void make_vcpus(struct vm *vm)
{
	int size = must(ioctl(vmm.kvm, KVM_GET_VCPU_MMAP_SIZE, 0), "KVM_GET_VCPU_MMAP_SIZE");
	struct kvm_vcpu_init init;

	must(ioctl(vm->fd, KVM_ARM_PREFERRED_TARGET, &init), "KVM_ARM_PREFERRED_TARGET");
	init.features[0] |= 1U << KVM_ARM_VCPU_PSCI_0_2;
	for (int i = 0; i < CPUS; i++) {
		vm->vcpu[i] = must(ioctl(vm->fd, KVM_CREATE_VCPU, (long)i), "KVM_CREATE_VCPU");
		vm->run[i] = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED,
				  vm->vcpu[i], 0);
		if (vm->run[i] == MAP_FAILED) {
			fail("struct kvm_run");
		}
		must(ioctl(vm->vcpu[i], KVM_ARM_VCPU_INIT, &init), "KVM_ARM_VCPU_INIT");
		init.features[0] |= 1U << KVM_ARM_VCPU_POWER_OFF;
	}
	set_register(vm->vcpu[0], offsetof(struct kvm_regs, regs.pc), ENTRY);
	set_register(vm->vcpu[0], offsetof(struct kvm_regs, regs.regs[0]), DTB);
}

static void set_gic(int gic, uint32_t group, uint64_t attr, void *value)
{
	struct kvm_device_attr set = {.group = group, .attr = attr, .addr = (uint64_t)value};

	must(ioctl(gic, KVM_SET_DEVICE_ATTR, &set), "KVM_SET_DEVICE_ATTR");
}

static void make_gic(struct vm *vm)
{
	struct kvm_create_device gic = {.type = KVM_DEV_TYPE_ARM_VGIC_V3};
	uint64_t distributor = GICD_BASE, redistributors = GICR_BASE;
	uint32_t lines = 96;

	must(ioctl(vm->fd, KVM_CREATE_DEVICE, &gic), "KVM_CREATE_DEVICE");
	set_gic((int)gic.fd, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V3_ADDR_TYPE_DIST, &distributor);
	set_gic((int)gic.fd, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V3_ADDR_TYPE_REDIST,
		&redistributors);
	set_gic((int)gic.fd, KVM_DEV_ARM_VGIC_GRP_NR_IRQS, 0, &lines);
	set_gic((int)gic.fd, KVM_DEV_ARM_VGIC_GRP_CTRL, KVM_DEV_ARM_VGIC_CTRL_INIT, NULL);
}

static void mmio(struct kvm_run *run)
{
	uint64_t offset = run->mmio.phys_addr - UART_BASE;

	if (offset >= UART_SIZE) {
		virtio_access(run);
	} else if (offset == UART_YIELD) {
		sched_yield();
	} else if (!run->mmio.is_write) {
		memset(run->mmio.data, 0, sizeof(run->mmio.data));
		run->mmio.data[0] = offset == UART_FR ? FR_EMPTY : 0;
	} else if (offset == UART_DR && vmm.length < sizeof(vmm.text)) {
		vmm.text[vmm.length++] = (char)run->mmio.data[0];
	}
}

static __attribute__((noreturn)) void run_vcpu(const struct place *at)
{
	struct kvm_run *run = at->vm->run[at->vcpu];

	pin(0, at->cpu);
	for (;;) {
		if (ioctl(at->vm->vcpu[at->vcpu], KVM_RUN, 0) < 0 && errno != EINTR) {
			fail("KVM_RUN");
		}
		switch (run->exit_reason) {
		case KVM_EXIT_MMIO:
			mmio(run);
			break;
		case KVM_EXIT_INTR:
			break;
		case KVM_EXIT_SYSTEM_EVENT:
			finish();
		default:
			printf("vmm: vCPU %d left with reason %u\n", at->vcpu, run->exit_reason);
			finish();
		}
	}
}

static void *other_thread(void *arg)
{
	run_vcpu(arg);
}

static void make_vm(struct vm *vm, const char *dtb)
{
	vm->fd = must(ioctl(vmm.kvm, KVM_CREATE_VM, 0UL), "KVM_CREATE_VM");
	make_memory(vm, dtb);
	make_vcpus(vm);
	make_gic(vm);
}

/* Who yields goes behind the other, always: turns of equals without slices, and no share of the
 * CPU's time kept from them. */
static void make_equals(void)
{
	const struct sched_param param = {.sched_priority = 1};
	int fd;

	fd = must(open("/proc/sys/kernel/sched_rt_runtime_us", O_WRONLY), "sched_rt_runtime_us");
	must((int)write(fd, "-1", 2), "sched_rt_runtime_us");
	close(fd);
	must(sched_setscheduler(0, SCHED_FIFO, &param), "sched_setscheduler");
}

/* What Debian's kernel has not built in of the network, each after what it needs. */
static void load_modules(void)
{
	static const char *const paths[] = {
		"/llc.ko", "/stp.ko",	      "/bridge.ko", "/tun.ko",
		"/tap.ko", "/vhost_iotlb.ko", "/vhost.ko",  "/vhost_net.ko",
	};

	for (unsigned int i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		int fd = must(open(paths[i], O_RDONLY), paths[i]);

		must((int)syscall(SYS_finit_module, fd, "", 0), paths[i]);
		close(fd);
	}
}

int main(int argc, char **argv)
{
	bool two = access("/other.dtb", R_OK) == 0;
	static struct place first, other;
	pthread_t thread;
	int console;

	mount("none", "/dev", "devtmpfs", 0, NULL);
	mount("none", "/proc", "proc", 0, NULL);
	mount("none", "/sys", "sysfs", 0, NULL);
	console = open("/dev/console", O_RDWR);
	dup2(console, STDOUT_FILENO);
	vmm.kvm = must(open("/dev/kvm", O_RDWR), "/dev/kvm");
	make_vm(&vmm.vm[0], "/guest.dtb");
	if (access("/vhost_net.ko", R_OK) == 0) {
		load_modules();
		virtio_make(&vmm.vm[0], argc > 1 && strcmp(argv[1], "disk-thread") == 0);
	}
	first = (struct place){&vmm.vm[0], 0, 0};
	other = (struct place){&vmm.vm[0], 1, 1};
	if (two) {
		make_vm(&vmm.vm[1], "/other.dtb");
		make_equals();
		other = (struct place){&vmm.vm[1], 0, 0};
	}
	if (pthread_create(&thread, NULL, other_thread, &other) != 0) {
		fail("the other thread");
	}
	run_vcpu(&first);
}
