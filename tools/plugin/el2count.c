/* SPDX-License-Identifier: Apache-2.0 */
/*
 * QEMU TCG plugin: counts instructions executed at EL2 and elsewhere, told apart by address: EL2
 * runs at 2^47 and nothing else does. What EL2 executes before the first guest instruction is told
 * separately: the guest's first is guessed, or named exactly by the argument guest=ADDRESS (hex).
 * The counts are told when QEMU ends, or at the first execution of EL2's function at stop=ADDRESS:
 * then a run's figures don't hang on when it is ended.
 *
 * Declares the few functions of QEMU's plugin interface (version 1) it uses: Debian ships no header
 * for it.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define IMAGE_VA   UINT64_C(0x800000000000)
#define IMAGE_SIZE UINT64_C(0x200000)
#define RAM_START  UINT64_C(0x40000000) /* before the MMU is on EL2 runs here, and so do guests */

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_info;

enum qemu_plugin_op {
	QEMU_PLUGIN_INLINE_ADD_U64,
};

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id,
					   void (*cb)(qemu_plugin_id_t id,
						      struct qemu_plugin_tb *tb));
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *tb, enum qemu_plugin_op op,
					      void *ptr, uint64_t imm);
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id,
				    void (*cb)(qemu_plugin_id_t id, void *data), void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);
void qemu_plugin_outs(const char *string);

int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info, int argc, char **argv);

int qemu_plugin_version = 1;

static uint64_t at_el2, elsewhere, at_el2_before;
static bool guest_seen, el2_seen, told;
static uint64_t guest_entry, stop;	 /* 0 = not told */
static uint64_t profile[IMAGE_SIZE / 4]; /* by the block's first instruction */
static uint64_t boot[IMAGE_SIZE / 4];	 /* the same, before the guest's first one */

/* EL2 is about to run the guest's first block, or has just begun to. */
static bool guest_starts(uint64_t address, bool el2)
{
	if (guest_entry != 0) {
		return address == guest_entry;
	}
	return !el2 && el2_seen && at_el2 > 20000 && address != RAM_START;
}

static void print_blocks(const char *name, const uint64_t *counts)
{
	char line[80];

	for (uint32_t i = 0; i < IMAGE_SIZE / 4; i++) {
		if (counts[i] != 0) {
			snprintf(line, sizeof(line), "%s: %x %" PRIu64 "\n", name, i * 4,
				 counts[i]);
			qemu_plugin_outs(line);
		}
	}
}

static void tell(void)
{
	char line[160];

	told = true;
	snprintf(line, sizeof(line),
		 "el2count: before %" PRIu64 " el2 %" PRIu64 " guest %" PRIu64 "\n", at_el2_before,
		 at_el2, elsewhere);
	qemu_plugin_outs(line);
	print_blocks("el2block", profile);
	print_blocks("el2boot", boot);
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	uint64_t address = qemu_plugin_tb_vaddr(tb);
	bool el2 = address - IMAGE_VA < IMAGE_SIZE;

	(void)id;
	if (stop != 0 && address == stop && !told) {
		tell();
	}
	/* until the first instruction at EL2's address, the boot code runs with the MMU off: EL2's
	 * too */
	el2_seen = el2_seen || el2;
	if (!guest_seen && guest_starts(address, el2)) {
		guest_seen = true;
		at_el2_before = at_el2 + elsewhere;
		at_el2 = elsewhere = 0;
		memcpy(boot, profile, sizeof(boot));
		memset(profile, 0, sizeof(profile));
	}
	if (el2) {
		qemu_plugin_register_vcpu_tb_exec_inline(tb, QEMU_PLUGIN_INLINE_ADD_U64,
							 &profile[(address - IMAGE_VA) / 4],
							 qemu_plugin_tb_n_insns(tb));
	}
	qemu_plugin_register_vcpu_tb_exec_inline(tb, QEMU_PLUGIN_INLINE_ADD_U64,
						 el2 ? &at_el2 : &elsewhere,
						 qemu_plugin_tb_n_insns(tb));
}

static void at_exit(qemu_plugin_id_t id, void *data)
{
	(void)id;
	(void)data;
	if (!told) {
		tell();
	}
}

/* By hand: strtoull of a newer C library is a symbol that an older QEMU's library lacks. */
static uint64_t hex(const char *text)
{
	uint64_t value = 0;

	for (; *text != '\0'; text++) {
		value = value << 4 | (uint64_t)(*text <= '9' ? *text - '0' : *text - 'a' + 10);
	}
	return value;
}

int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info, int argc, char **argv)
{
	(void)info;
	for (int i = 0; i < argc; i++) {
		if (strncmp(argv[i], "guest=", 6) == 0) {
			guest_entry = hex(argv[i] + 6);
		} else if (strncmp(argv[i], "stop=", 5) == 0) {
			stop = hex(argv[i] + 5);
		}
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	qemu_plugin_register_atexit_cb(id, at_exit, NULL);
	return 0;
}
