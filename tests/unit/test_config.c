/* SPDX-License-Identifier: Apache-2.0 */
/* What a good config becomes; the bad ones, with their sentences, are in tests/config/. */
#include <string.h>

#include "core/base/errno.h"
#include "core/config/config.h"
#include "core/config/image.h"
#include "core/config/suggest.h"
#include "tests/unit/said.h"
#include "tests/unit/tree.h"
#include "tests/unit/unit.h"

static struct tree_writer tree;
static struct said said;
static struct dt dt;
static struct config config;
static struct board board;
static struct dt board_dt;

static void image(const char *name, const char *type, uint32_t phandle, size_t size)
{
	static uint8_t data[4096];

	memset(data, 0, sizeof(data));
	if (strcmp(type, "linux") == 0) {
		memcpy(data + 56, "ARM\x64", 4);
		data[10] = 8;	 /* text_offset 0x80000 */
		data[18] = 0x40; /* image_size 0x400000 */
	}
	tree_begin(&tree, name);
	tree_cell(&tree, "phandle", phandle);
	tree_string(&tree, "type", type);
	tree_prop(&tree, "data", data, size);
	if (strcmp(type, "raw") == 0) {
		tree_cells(&tree, "load", TREE_CELLS(0, 0x40080000));
		tree_cells(&tree, "entry", TREE_CELLS(0, 0x40080004));
	}
	tree_end(&tree);
}

static void start(void)
{
	tree_start(&tree);
	tree_begin(&tree, "");
	tree_string(&tree, "compatible", "bulkhead,config-1");
	tree_begin(&tree, "images");
	image("kernel", "linux", 1, 2048);
	image("initrd", "ramdisk", 2, 4096);
	image("rtos", "raw", 3, 1024);
	tree_end(&tree);
	tree_begin(&tree, "vms");
}

/* Leaves the node open, at its properties. */
static void vm(const char *name, uint32_t vcpus, uint32_t mib, uint32_t kernel)
{
	tree_begin(&tree, name);
	tree_string(&tree, "compatible", "bulkhead,vm");
	tree_cell(&tree, "vcpus", vcpus);
	tree_cells(&tree, "memory-size", TREE_CELLS(0, mib << 20));
	tree_cell(&tree, "kernel", kernel);
}

static void device(const char *name, const char *compatible)
{
	tree_begin(&tree, name);
	tree_string(&tree, "compatible", compatible);
	tree_end(&tree);
}

/* Four CPUs, 1 GiB at 0x40000000, a GICv3. */
static void set_board(void)
{
	static uint8_t memory[4096];
	static struct arena arena;

	memset(&board, 0, sizeof(board));
	arena = (struct arena){memory, sizeof(memory), 0};
	board_dt = (struct dt){.arena = &arena, .aliases = DT_NONE};
	board.tree = &board_dt;
	board.compatible = "acme,board";
	board.compatible_len = sizeof("acme,board");
	board.bootargs = "";
	board.ram[0] = (struct prange){GIB(1), GIB(1)};
	board.ram_count = 1;
	board.cpu_count = 4;
	board.gic.kind = BOARD_GIC_V3;
}

static void parse(void)
{
	static uint8_t memory[1 << 16];
	static struct arena arena;
	uint32_t size;

	tree_end(&tree);
	tree_end(&tree);
	size = tree_finish(&tree);
	arena = (struct arena){memory, sizeof(memory), 0};
	said_init(&said);
	set_board();
	assert_int_equal(dt_index(&dt, tree.blob, size, &arena, &said.diag), 0);
	assert_int_equal(config_parse(&config, &dt, &said.diag), 0);
}

static void accept(void)
{
	parse();
	assert_int_equal(config_check(&config, &board, NULL, &said.diag), 0);
	assert_string_equal(said.text, "");
}

static void defaults(void **state)
{
	(void)state;
	start();
	vm("a", 2, 64, 1);
	tree_end(&tree);
	accept();
	assert_int_equal(config.vm_count, 1);
	assert_int_equal(config.console_escape, 0x1d);
	assert_int_equal(config.log_level, 6);
	assert_int_equal(config.when_all_off, ALL_OFF_SHELL);
	assert_null(config.console);
	assert_int_equal(config.vm[0].vcpu[0].cpu, 0);
	assert_int_equal(config.vm[0].vcpu[1].cpu, 1);
	assert_int_equal(config.vm[0].spi_count, 64);
	assert_int_equal(config.vm[0].gic, VM_GIC_V3);
	assert_int_equal(config.vm[0].ram[0].ipa, 0x40000000);
	assert_int_equal(config.vm[0].ram[0].pa, CONFIG_PA_ANY);
	assert_string_equal(config.vm[0].bootargs, "");
	assert_false(config.vm[0].scrub_always);
}

static void chosen_cpus(void **state)
{
	(void)state;
	start();
	vm("any", 2, 64, 1);
	tree_end(&tree);
	vm("fixed", 2, 64, 1);
	tree_cells(&tree, "vcpu-cpus", TREE_CELLS(2, 0));
	tree_end(&tree);
	accept();
	assert_int_equal(config.vm[0].vcpu[0].cpu, 1);
	assert_int_equal(config.vm[0].vcpu[1].cpu, 3);
	assert_int_equal(config.vm[1].vcpu[0].cpu, 2);
}

static void places(void **state)
{
	(void)state;
	start();
	vm("a", 1, 64, 3);
	tree_begin(&tree, "devices");
	tree_begin(&tree, "uart");
	tree_string(&tree, "compatible", "bulkhead,pl011");
	tree_cells(&tree, "ipa", TREE_CELLS(0, 0x09010000));
	tree_cell(&tree, "spi", 2);
	tree_string(&tree, "input", "none");
	tree_end(&tree);
	device("clock", "bulkhead,pl031");
	tree_end(&tree);
	tree_end(&tree);
	vm("b", 1, 64, 3);
	tree_begin(&tree, "devices");
	device("clock", "bulkhead,pl031");
	device("uart", "bulkhead,pl011");
	tree_end(&tree);
	tree_end(&tree);
	accept();
	assert_int_equal(config.vm[0].device_count, 2);
	assert_true(config.vm[0].device[0].input_none);
	/* Its own place is taken: it gets the next one. */
	assert_int_equal(config.vm[0].device[1].ipa, 0x09040000);
	assert_int_equal(config.vm[0].device[1].spi, 8);
	assert_true(config.vm[0].pvtime);
	assert_int_equal(config.vm[1].device[0].ipa, 0x09010000);
	assert_int_equal(config.vm[1].device[0].spi, 2);
	assert_int_equal(config.vm[1].device[1].ipa, 0x09000000);
	assert_int_equal(config.vm[1].device[1].spi, 1);
	assert_false(config.vm[1].device[1].input_none);
}

/* Stolen time makes way for what the config places. */
/* A VM has 3 and its place, or the next that nobody has. */
static void addresses_of_sockets(void **state)
{
	static const uint32_t given[] = {0, 3, 6, 0}, expected[] = {4, 3, 6, 7};

	(void)state;
	start();
	for (uint32_t i = 0; i < ARRAY_COUNT(given); i++) {
		vm((const char *[]){"a", "b", "c", "d"}[i], 1, 64, 1);
		tree_begin(&tree, "devices");
		tree_begin(&tree, "sockets");
		tree_string(&tree, "compatible", "bulkhead,virtio-vsock");
		if (given[i] != 0) {
			tree_cell(&tree, "guest-cid", given[i]);
		}
		tree_end(&tree);
		tree_end(&tree);
		tree_end(&tree);
	}
	accept();
	for (uint32_t i = 0; i < ARRAY_COUNT(given); i++) {
		assert_int_equal(config.vm[i].device[0].cid, expected[i]);
	}
}

static void place_of_stolen_time(void **state)
{
	(void)state;
	start();
	vm("placed", 1, 64, 3);
	tree_begin(&tree, "devices");
	tree_begin(&tree, "clock");
	tree_string(&tree, "compatible", "bulkhead,pl031");
	tree_cells(&tree, "ipa", TREE_CELLS(0, 0x090af000));
	tree_end(&tree);
	tree_end(&tree);
	tree_end(&tree);
	accept();
	assert_false(config.vm[0].pvtime);
}

/* Says what the PL061 and the clock of VM `of` are, in a config whose VMs ring each other. */
static void a_pair(const char *own, const char *with, const char *name, uint32_t of)
{
	bool first = of == 0;

	vm(name, 1, 64, 3);
	tree_prop(&tree, "its", NULL, 0);
	tree_begin(&tree, "devices");
	tree_begin(&tree, "clock");
	tree_string(&tree, "compatible", "bulkhead,pl031");
	if (with != NULL) {
		tree_prop(&tree, with, NULL, 0);
	}
	tree_end(&tree);
	tree_begin(&tree, "bell");
	tree_string(&tree, "compatible", "bulkhead,doorbell");
	tree_cell(&tree, "phandle", first ? 50 : 51);
	tree_cell(&tree, "peer", first ? 51 : 50);
	if (own != NULL) {
		tree_cell(&tree, own, 40);
	}
	tree_end(&tree);
	tree_end(&tree);
	tree_end(&tree);
}

static void messages(void **state)
{
	(void)state;
	start();
	a_pair(NULL, "lpi", "a", 0);
	a_pair("spi", NULL, "b", 1);
	accept();
	assert_int_equal(config.vm[0].device[0].pin, 65);
	assert_int_equal(config.vm[0].device[1].pin, 64);
	assert_true(config.vm[0].mbigen);
	assert_int_equal(config.vm[1].device[0].pin, 0);
	assert_int_equal(config.vm[1].device[0].spi, 2);
	assert_int_equal(config.vm[1].device[1].pin, 0);
	assert_int_equal(config.vm[1].device[1].spi, 40);
	assert_false(config.vm[1].mbigen);
}

/* A device among the redistributors leaves those behind it for a second region. */
static void redistributors(void **state)
{
	static const struct {
		uint32_t ipa, low;
	} cases[] = {
		{0x08120000, 4}, /* behind all of them */
		{0x0811f000, 3}, {0x08100000, 3}, {0x080ff000, 2}, {0x080c0000, 1},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		start();
		vm("a", 4, 64, 3);
		tree_begin(&tree, "devices");
		tree_begin(&tree, "clock");
		tree_string(&tree, "compatible", "bulkhead,pl031");
		tree_cells(&tree, "ipa", TREE_CELLS(0, cases[i].ipa));
		tree_end(&tree);
		tree_end(&tree);
		tree_end(&tree);
		accept();
		assert_int_equal(config.vm[0].redist_low, cases[i].low);
		assert_int_equal(config.vm[0].device[0].ipa, cases[i].ipa);
	}
	/* but for the first one's place */
	start();
	vm("a", 4, 64, 3);
	tree_begin(&tree, "devices");
	tree_begin(&tree, "clock");
	tree_string(&tree, "compatible", "bulkhead,pl031");
	tree_cells(&tree, "ipa", TREE_CELLS(0, 0x080bf000));
	tree_end(&tree);
	tree_end(&tree);
	tree_end(&tree);
	parse();
	config_check(&config, &board, NULL, &said.diag);
	assert_true(said_has(&said, "lies over the interrupt controller's redistributors"));
}

static void linux_layout(void **state)
{
	const struct vm_layout *layout = &config.vm[0].layout;

	(void)state;
	start();
	vm("a", 1, 64, 1);
	tree_cell(&tree, "initrd", 2);
	tree_end(&tree);
	accept();
	assert_int_equal(layout->kernel, 0x40080000);
	assert_int_equal(layout->entry, 0x40080000);
	assert_int_equal(layout->kernel_size, 0x400000);
	assert_int_equal(layout->initrd, 0x40480000);
	assert_int_equal(layout->dtb, 0x40600000);
	assert_int_equal(layout->dtb_max, MIB(2));
}

static void raw_layout(void **state)
{
	const struct vm_layout *layout = &config.vm[0].layout;

	(void)state;
	start();
	vm("a", 1, 2, 3);
	tree_end(&tree);
	vm("b", 1, 2, 3);
	tree_cells(&tree, "dtb-address", TREE_CELLS(0, 0x40100008));
	tree_end(&tree);
	accept();
	assert_int_equal(layout->kernel, 0x40080000);
	assert_int_equal(layout->entry, 0x40080004);
	assert_int_equal(layout->dtb, 0x40000000);
	assert_int_equal(layout->dtb_max, 0x80000);
	assert_int_equal(layout->initrd, CONFIG_ADDR_NONE);
	assert_int_equal(config.vm[1].layout.dtb, 0x40100008);
	assert_int_equal(config.vm[1].layout.dtb_max, 0x100000 - 8);
}

static void ram_devices(void **state)
{
	(void)state;
	start();
	tree_begin(&tree, "a");
	tree_string(&tree, "compatible", "bulkhead,vm");
	tree_cell(&tree, "vcpus", 1);
	tree_cell(&tree, "kernel", 1);
	tree_begin(&tree, "devices");
	tree_begin(&tree, "low");
	tree_string(&tree, "compatible", "bulkhead,ram");
	tree_cells(&tree, "size", TREE_CELLS(0, 0x200000));
	tree_end(&tree);
	tree_begin(&tree, "high");
	tree_string(&tree, "compatible", "bulkhead,ram");
	tree_cells(&tree, "size", TREE_CELLS(0, 0x800000));
	tree_cells(&tree, "pa", TREE_CELLS(0, 0x50000000));
	tree_end(&tree);
	tree_end(&tree);
	tree_end(&tree);
	accept();
	assert_int_equal(config.vm[0].ram_count, 2);
	assert_int_equal(config.vm[0].ram[1].ipa, 0x40200000); /* adjacent: the kernel spans both */
	assert_int_equal(config.vm[0].ram[1].pa, 0x50000000);
	assert_int_equal(config.vm[0].layout.kernel, 0x40080000);
}

/* A node below /shared-memory, behind the VMs. */
static void memory(const char *name, uint32_t phandle, uint32_t size, uint64_t pa)
{
	tree_begin(&tree, name);
	tree_cell(&tree, "phandle", phandle);
	tree_cells(&tree, "size", TREE_CELLS(0, size));
	if (pa != CONFIG_PA_ANY) {
		tree_cells(&tree, "pa", TREE_CELLS((uint32_t)(pa >> 32), (uint32_t)pa));
	}
	tree_end(&tree);
}

/* Leaves the node open. */
static void share(const char *name, uint32_t phandle)
{
	tree_begin(&tree, name);
	tree_string(&tree, "compatible", "bulkhead,shared-memory");
	tree_cell(&tree, "memory-region", phandle);
}

static void shared_memory(void **state)
{
	const struct vm_config *a = &config.vm[0], *b = &config.vm[1];

	(void)state;
	start();
	vm("a", 1, 64, 1);
	tree_begin(&tree, "devices");
	share("ring", 20);
	tree_end(&tree);
	device("uart", "bulkhead,pl011");
	share("pipe", 21);
	tree_cells(&tree, "ipa", TREE_CELLS(0, 0xc0200000));
	tree_end(&tree);
	share("third", 22);
	tree_end(&tree);
	tree_end(&tree);
	tree_end(&tree);
	/* RAM up to 4 GiB */
	vm("b", 1, 3072, 1);
	tree_begin(&tree, "devices");
	share("pipe", 21);
	tree_prop(&tree, "read-only", "", 0);
	tree_end(&tree);
	tree_end(&tree);
	tree_end(&tree);
	tree_end(&tree);
	tree_begin(&tree, "shared-memory");
	memory("ring", 20, 0x201000, CONFIG_PA_ANY);
	memory("pipe", 21, 0x1000, GIB(1) + MIB(512));
	memory("third", 22, 0x1000, CONFIG_PA_ANY);
	memory("nobody", 23, 0x1000, CONFIG_PA_ANY);
	parse();
	assert_int_equal(config_check(&config, &board, NULL, &said.diag), 0);
	assert_string_equal(said.text,
			    "/shared-memory/nobody: no VM has it, so it takes no memory: a device "
			    "\"bulkhead,shared-memory\" with this `memory-region` gives it to a "
			    "VM\n");
	assert_int_equal(config.store_count, 4);
	assert_int_equal(config.store[0].users, 1);
	assert_int_equal(config.store[0].pa, CONFIG_PA_ANY);
	assert_int_equal(config.store[1].users, 3);
	assert_int_equal(config.store[1].index, 1);
	assert_int_equal(config.store[1].pa, GIB(1) + MIB(512));
	assert_int_equal(config.store[3].users, 0);
	assert_int_equal(a->share_count, 3);
	assert_ptr_equal(a->share[0].store, &config.store[0]);
	/* beside what has its place, at multiples of 2 MiB */
	assert_int_equal(a->share[0].ipa, 0xc0400000);
	assert_int_equal(a->share[1].ipa, 0xc0200000);
	assert_int_equal(a->share[2].ipa, 0xc0000000);
	assert_false(a->share[0].read_only);
	assert_int_equal(a->device_count, 1);
	assert_int_equal(b->share_count, 1);
	assert_ptr_equal(b->share[0].store, &config.store[1]);
	assert_true(b->share[0].read_only);
	/* above the RAM */
	assert_int_equal(b->share[0].ipa, GIB(4));
}

static void disabled_nodes(void **state)
{
	(void)state;
	start();
	vm("a", 1, 64, 1);
	tree_end(&tree);
	vm("off", 99, 1, 77);
	tree_string(&tree, "status", "disabled");
	tree_end(&tree);
	accept();
	assert_int_equal(config.vm_count, 1);
}

static void refusing(void **state)
{
	char path[64];

	(void)state;
	start();
	vm("bad", 1, 63, 1);
	tree_cell(&tree, "vcpu-cpus", 1);
	tree_end(&tree);
	vm("good", 1, 64, 1);
	tree_cell(&tree, "vcpu-cpus", 1);
	tree_end(&tree);
	parse();
	assert_true(config.vm[0].refused);
	assert_int_equal(config_check(&config, &board, NULL, &said.diag), 0);
	assert_false(config.vm[1].refused);
	assert_true(said_has(&said, "/vms/bad: memory-size: is 0x3f00000 bytes"));
	assert_string_equal(config_vm_path(&config.vm[1], path, sizeof(path)), "/vms/good");
	assert_string_equal(config_vm_path(&config.vm[1], path, 8), "/vms/go");
}

static void limits(void **state)
{
	struct config_place place = {.vcpu_max = 4, .ipa_bits = 30};

	(void)state;
	start();
	vm("a", 8, 64, 1);
	tree_end(&tree);
	parse();
	assert_int_equal(config_check(&config, &board, &place, &said.diag), 0);
	assert_true(said_has(&said, "serves at most 4 vCPUs"));
	assert_true(said_has(&said, "4 of its 8 vCPUs get no CPU of their own: the board has 4"));
	assert_true(
		said_has(&said, "beyond the 30 bits of a guest-physical address on this board"));
	/* CPUs that reach farther than stage 2's tables do */
	place = (struct config_place){.vcpu_max = 4, .ipa_bits = 48};
	start();
	tree_begin(&tree, "a");
	tree_string(&tree, "compatible", "bulkhead,vm");
	tree_cell(&tree, "vcpus", 1);
	tree_cells(&tree, "memory-size", TREE_CELLS(0x100, 0));
	tree_cell(&tree, "kernel", 1);
	tree_end(&tree);
	parse();
	assert_int_equal(config_check(&config, &board, &place, &said.diag), 0);
	assert_true(said_has(&said, "0x40000000 to 0x1003fffffff is beyond the 40 bits of a "
				    "guest-physical address"));
	assert_false(said_has(&said, "40 bits of a guest-physical address on this board"));
}

static void overrides(void **state)
{
	(void)state;
	start();
	vm("a", 1, 64, 1);
	tree_end(&tree);
	parse();
	board.bootargs = "quiet bulkhead.log-level=3 bulkhead.when-all-off=reboot "
			 "bulkhead.console=/serial@0 bulkhead.panic=reboot "
			 "bulkhead.console-escape=0x01 bulkhead.earlycon=pl011,0x9000000";
	config_override(&config, &board, &said.diag);
	assert_string_equal(said.text, "");
	assert_int_equal(config.log_level, 3);
	assert_int_equal(config.when_all_off, ALL_OFF_REBOOT);
	assert_string_equal(config.console, "/serial@0");
	assert_true(config.panic_reboot);
	assert_int_equal(config.console_escape, 1);
	board.bootargs = "bulkhead.log-levl=3 bulkhead.log-level=9 bulkhead.panic=halt "
			 "bulkhead.log-level=4x bulkhead.console bulkhead.log-region=/x";
	config_override(&config, &board, &said.diag);
	assert_true(said_has(&said, "log-levl: is not known: did you mean bulkhead.log-level?"));
	assert_true(said_has(&said, "log-level: \"9\" is not a number from 0 to 7"));
	assert_true(said_has(&said, "panic: \"halt\" is not known: it must be one of stop|reboot"));
	assert_true(said_has(&said, "log-level: \"4x\" is not a number"));
	assert_true(said_has(&said, "console: has no value"));
	assert_string_equal(config.log_region, "/x");
	assert_int_equal(said.diag.error_count, 5);
	assert_int_equal(config.log_level, 3);
}

static void suggesting(void **state)
{
	struct suggest s;

	(void)state;
	assert_int_equal(suggest_distance("", "abc"), 3);
	assert_int_equal(suggest_distance("kitten", "sitting"), 3);
	assert_int_equal(suggest_distance("same", "same"), 0);
	assert_int_equal(suggest_distance("vpl01l", "pl011"), 2);
	suggest_begin(&s, "memory-siz");
	suggest_try(&s, "scrub");
	suggest_try(&s, "memory-size");
	suggest_try(&s, "memory-slice");
	assert_string_equal(s.best, "memory-size");
	suggest_begin(&s, "xyz");
	suggest_try(&s, "abc");
	assert_null(s.best);
}

/* Two segments, linked at a high address and loaded at a low one. */
static size_t write_elf(uint8_t *elf)
{
	static const uint8_t start_of_elf[] = {0x7f, 'E', 'L', 'F', 2, 1, 1};
	uint64_t *word = (uint64_t *)elf;

	memset(elf, 0, 512);
	memcpy(elf, start_of_elf, sizeof(start_of_elf));
	elf[16] = 2;
	elf[18] = 183;
	word[3] = 0xffff000000001010; /* entry */
	word[4] = 64;		      /* program headers */
	elf[54] = 56;
	elf[56] = 3;
	elf[64] = 1;
	word[9] = 256; /* offset */
	word[10] = 0xffff000000001000;
	word[11] = 0x40081000;
	word[12] = 32; /* in the file */
	word[13] = 64; /* in memory */
	elf[120] = 4;  /* a note: not loaded */
	elf[176] = 1;
	word[23] = 300;
	word[24] = 0xffff000000000000;
	word[25] = 0x40080000;
	word[26] = 16;
	word[27] = 16;
	return 512;
}

static void elf_images(void **state)
{
	static _Alignas(8) uint8_t elf[512];
	struct image_config elf_image = {.type = IMAGE_ELF, .data = elf};
	struct image_segment segment;

	(void)state;
	elf_image.size = write_elf(elf);
	said_init(&said);
	assert_int_equal(image_inspect(&elf_image, "/images/e", &said.diag), 0);
	assert_int_equal(elf_image.load, 0x40080000);
	assert_int_equal(elf_image.mem_size, 0x1040);
	assert_int_equal(elf_image.entry, 0x40081010);
	assert_true(image_elf_segment(&elf_image, 1, &segment));
	assert_int_equal(segment.ipa, 0x40080000);
	assert_ptr_equal(segment.data, elf + 300);
	assert_false(image_elf_segment(&elf_image, 2, &segment));
	for (size_t size = 0; size < 316; size++) {
		elf_image.size = size;
		assert_int_equal(image_inspect(&elf_image, "/images/e", &said.diag), -EINVAL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE("what is left out gets its default", defaults),
		CASE("vCPUs without a CPU get the lowest that nobody wants", chosen_cpus),
		CASE("a VM with a device in its place is not told of stolen time",
		     place_of_stolen_time),
		CASE("devices without a place get the next free one of virt", places),
		CASE("lines are LPIs where the config says so, doorbells unless it says not",
		     messages),
		CASE("sockets without an address get one that nobody has", addresses_of_sockets),
		CASE("redistributors make way for a device", redistributors),
		CASE("Linux, initrd and tree are laid out as the boot protocol says", linux_layout),
		CASE("a raw image keeps its place, the tree goes to the start of RAM", raw_layout),
		CASE("bulkhead,ram devices follow each other", ram_devices),
		CASE("shared memory goes to those that name it, above their RAM", shared_memory),
		CASE("disabled nodes are as if absent", disabled_nodes),
		CASE("an error refuses its VM and no other", refusing),
		CASE("limits of the place are held", limits),
		CASE("words of the bootargs override hypervisor { }", overrides),
		CASE("the nearest word is suggested, or none", suggesting),
		CASE("ELF files are placed by physical address", elf_images),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
