/* SPDX-License-Identifier: Apache-2.0 */
/* Prints which nodes this VM's tree has and where in its memory map devices answer, a line each,
 * for system tests. Never ends. */
#include "tests/guest/lib/console.h"
#include "tests/guest/lib/cpu.h"
#include "tests/guest/lib/exc.h"
#include "tests/guest/lib/gic.h"
#include "tests/guest/lib/machine.h"

/* Devicetree Specification 0.4, 5 */
#define FDT_STRUCT 8 /* of the header: offset of the blocks */
#define FDT_BEGIN  1
#define FDT_PROP   3
#define FDT_END	   9

/* Where devices may be: between the interrupt controllers and what no device of this version has.
 */
#define DEVICES_BEGIN UINT64_C(0x09000000)
#define DEVICES_END   UINT64_C(0x0b000000)
#define PAGE	      0x1000
#define SLOTS_BEGIN   UINT64_C(0x0a000000) /* of virtio, in smaller steps */
#define SLOTS_END     UINT64_C(0x0a004000)
#define SLOT	      0x200

static uint32_t word_at(uint64_t at)
{
	return __builtin_bswap32(*(volatile uint32_t *)at);
}

static void print_nodes(uint64_t tree)
{
	uint64_t at = tree + word_at(tree + FDT_STRUCT);

	for (;;) {
		uint32_t token = word_at(at);

		at += 4;
		if (token == FDT_END) {
			return;
		}
		if (token == FDT_BEGIN) {
			printf("inventory: node /%s\n", (const char *)at);
			while (*(volatile char *)at++ != '\0') {
			}
			at = (at + 3) & ~UINT64_C(3);
		} else if (token == FDT_PROP) {
			at += 8 + ((word_at(at) + 3) & ~3U);
		}
	}
}

/* Where something begins to answer to a load. */
static void print_places(uint64_t begin, uint64_t end, uint64_t step)
{
	bool before = false;

	for (uint64_t at = begin; at < end; at += step) {
		bool answers = EXC_OF((void)mmio_read32(at)).count == 0;

		if (answers && (!before || step == SLOT)) {
			printf("inventory: something at 0x%lx\n", at);
		}
		before = answers;
	}
}

int main(void)
{
	gic_setup();
	print_nodes(cpus[0].entry.x0);
	print_places(DEVICES_BEGIN, SLOTS_BEGIN, PAGE);
	print_places(SLOTS_BEGIN, SLOTS_END, SLOT);
	print_places(SLOTS_END, DEVICES_END, PAGE);
	printf("inventory: end\n");
	for (;;) {
		cpu_wfi();
	}
}
