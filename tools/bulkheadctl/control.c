/* SPDX-License-Identifier: Apache-2.0 */
/* Finding and using the page of registers. */
#include "tools/bulkheadctl/control.h"

#include "core/base/format.h"
#include "core/base/string.h"
#include "tools/bulkheadctl/linux.h"

#define TREE	   "/proc/device-tree"
#define NODE	   "control@" /* as drivers/emul/vcontrol.c names it */
#define COMPATIBLE "bulkhead,control"
#define PATH_SIZE  320
#define PAGE	   4096

static volatile struct hypercall_page *page;
static int memory; /* /dev/mem */

static int open_file(const char *path, int flags)
{
	return (int)linux_call(LINUX_OPENAT, LINUX_AT_FDCWD, (long)path, flags, 0, 0, 0);
}

static void close_file(int file)
{
	linux_call(LINUX_CLOSE, file, 0, 0, 0, 0, 0);
}

/* A property of a node below the tree's root: bytes of it, or below 0. */
static long read_property(const char *node, const char *name, void *to, size_t size)
{
	char path[PATH_SIZE];
	int file;
	long got;

	format(path, sizeof(path), TREE "/%s/%s", node, name);
	file = open_file(path, LINUX_O_RDONLY);
	if (file < 0) {
		return file;
	}
	got = linux_call(LINUX_READ, file, (long)to, (long)size, 0, 0, 0);
	close_file(file);
	return got;
}

/* The address in `reg` of a node that is ours; 0: it isn't. */
static uint64_t address_of(const char *node)
{
	char compatible[64] = "";
	uint8_t reg[16];
	uint64_t address = 0;

	if (read_property(node, "compatible", compatible, sizeof(compatible) - 1) <= 0 ||
	    strcmp(compatible, COMPATIBLE) != 0 ||
	    read_property(node, "reg", reg, sizeof(reg)) != sizeof(reg)) {
		return 0;
	}
	for (uint32_t i = 0; i < 8; i++) {
		address = address << 8 | reg[i];
	}
	return address;
}

static uint64_t find_in(const uint8_t *entries, long bytes)
{
	for (long at = 0; at < bytes;) {
		const struct linux_dirent *entry = (const void *)(entries + at);
		uint64_t address = strncmp(entry->name, NODE, sizeof(NODE) - 1) == 0 ?
					   address_of(entry->name) :
					   0;

		if (address != 0) {
			return address;
		}
		at += entry->length;
	}
	return 0;
}

static uint64_t find(void)
{
	static uint8_t entries[4096] __attribute__((aligned(8)));
	int dir = open_file(TREE, LINUX_O_RDONLY);
	uint64_t address = 0;
	long got = dir < 0 ? 0 : 1;

	while (address == 0 && got > 0) {
		got = linux_call(LINUX_GETDENTS64, dir, (long)entries, sizeof(entries), 0, 0, 0);
		address = got > 0 ? find_in(entries, got) : 0;
	}
	if (dir >= 0) {
		close_file(dir);
	}
	return address;
}

void control_lock(bool on)
{
	linux_call(LINUX_FLOCK, memory, on ? LINUX_LOCK_EX : LINUX_LOCK_UN, 0, 0, 0, 0);
}

const char *control_open(void)
{
	uint64_t address = find();
	long mapped;

	if (address == 0) {
		return "this VM has no control device: give it one in its config, "
		       "`devices { control "
		       "{ compatible = \"bulkhead,control\"; }; };`";
	}
	memory = open_file("/dev/mem", LINUX_O_RDWR | LINUX_O_SYNC);
	if (memory < 0) {
		return memory == -LINUX_EACCES || memory == -LINUX_EPERM ?
			       "/dev/mem can't be opened: run this as root" :
			       "/dev/mem can't be opened: this kernel has none";
	}
	control_lock(true);
	mapped = linux_call(LINUX_MMAP, 0, PAGE, LINUX_PROT_RW, LINUX_MAP_SHARED, memory,
			    (long)address);
	if (mapped <= 0) {
		return "/dev/mem does not let the control device be mapped: the kernel may be "
		       "locked "
		       "down";
	}
	page = (volatile struct hypercall_page *)mapped;
	return page->magic == HYPERCALL_PAGE_MAGIC && page->version >> 16 == HYPERCALL_MAJOR ?
		       NULL :
		       "the control device speaks another version of hypercalls than this program: "
		       "use the bulkheadctl of that hypervisor";
}

void control_call(struct hypercall *call)
{
	volatile uint64_t *data = (volatile uint64_t *)page->data;
	uint8_t *to = call->data.bytes;

	for (uint32_t i = 0; i < HYPERCALL_ARGS; i++) {
		page->arg[i] = call->arg[i];
	}
	page->number = call->number;
	call->status = page->status;
	call->result[0] = page->result[0];
	call->result[1] = page->result[1];
	call->data_size = page->data_size;
	memset(to, 0, HYPERCALL_DATA_SIZE);
	for (uint32_t i = 0; i < HYPERCALL_DATA_SIZE && i < call->data_size; i += sizeof(*data)) {
		uint64_t piece = data[i / sizeof(*data)];

		memcpy(to + i, &piece, sizeof(piece));
	}
}
