/* SPDX-License-Identifier: Apache-2.0 */
/* A guest's ITS driver for tests. Encodings as in IHI 0069H 5.3.3 and following. */
#include "tests/unit/fake_its.h"

#include <string.h>

#include "irq/vgic/vlpi.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/fake_gic.h"

#define QUEUE_SIZE 0x1000U

static uint8_t memory[(FAKE_LPIS + FAKE_VCPU_MAX * 64) * 8 + 4096] __attribute__((aligned(16)));
static uint32_t end;

uint64_t fake_its_read(uint32_t off, uint32_t size)
{
	uint64_t value = 0;

	PROMISE(fake_access(0, &vits_ops, off, size, &value) == 0);
	return value;
}

void fake_its_write(uint32_t off, uint32_t size, uint64_t value)
{
	PROMISE(fake_access(0, &vits_ops, off, size | FAKE_WRITE, &value) == 0);
}

static void redists_on(uint32_t vcpus)
{
	for (uint32_t i = 0; i < vcpus; i++) {
		uint32_t base = i * VGIC_REDIST_STRIDE;

		fake_redist_write(0, base + GICR_PROPBASER, 8, FAKE_CONFIG | GICR_TABLE_CACHE | 15);
		fake_redist_write(0, base + GICR_PENDBASER, 8,
				  FAKE_PENDING(i % 2) | GICR_TABLE_CACHE | GICR_PENDBASER_PTZ);
		fake_redist_write(0, base + GICR_CTLR, 4, GICR_CTLR_LPIS);
	}
}

void fake_its_boot(uint32_t vcpus, uint64_t indirect)
{
	struct arena arena = {.base = memory, .size = sizeof(memory)};
	struct vits *its;

	fake_ram_reset();
	fake_gic_create(vcpus, 4, 64);
	PROMISE(vlpi_create(&fake_vm, FAKE_LPIS, &arena) == 0);
	PROMISE(vits_create(&fake_vm, 0x8080000, &arena, &its) == 0);
	fake_vm.vgic.ctlr = GICD_CTLR_ENGRP1;
	memset(fake_ram(FAKE_CONFIG), 0xa1, FAKE_LPIS);
	redists_on(vcpus);
	end = 0;
	fake_its_write(GITS_CBASER, 8, GITS_CBASER_VALID | GITS_INNER_CACHE | FAKE_QUEUE);
	if (indirect != 0) {
		*(uint64_t *)fake_ram(FAKE_DEVICES) = BIT(63) | (FAKE_DEVICES + 0x20000);
		*(uint64_t *)fake_ram(FAKE_DEVICES + 0x10000) = BIT(63) | FAKE_COLLECTIONS;
	}
	fake_its_write(GITS_BASER, 8,
		       GITS_BASER_VALID | GITS_INNER_CACHE | indirect | FAKE_DEVICES | 2 << 8 | 7);
	fake_its_write(GITS_BASER + 8, 8,
		       GITS_BASER_VALID | GITS_INNER_CACHE | indirect |
			       (indirect != 0 ? FAKE_DEVICES + 0x10000 : FAKE_COLLECTIONS) |
			       2 << 8);
	fake_its_write(GITS_CTLR, 4, GITS_CTLR_ENABLED);
}

void fake_its_put(struct fake_command cmd)
{
	memcpy(fake_ram(FAKE_QUEUE + end), &cmd, sizeof(cmd));
	end = (end + (uint32_t)sizeof(cmd)) % QUEUE_SIZE;
}

uint64_t fake_its_end(void)
{
	return end;
}

void fake_its_finish(void)
{
	struct vits *its = fake_vm.vgic.vits;

	for (uint32_t round = 0; vits_runner(its) != NULL; round++) {
		PROMISE(round < 4096);
		vits_continue(fake_vcpu(vits_runner(its)->index));
	}
}

void fake_its_go(void)
{
	fake_its_write(GITS_CWRITER, 8, end);
	fake_its_finish();
}

void fake_its_command(struct fake_command cmd)
{
	fake_its_put(cmd);
	fake_its_go();
}

void fake_its_map(uint32_t device, uint32_t event, uint32_t lpi, uint32_t vcpu)
{
	fake_its_command(fake_mapd(device, 7, FAKE_ITT(device % 32), true));
	fake_its_command(fake_mapc(vcpu, vcpu, true));
	fake_its_command(fake_mapti(device, event, lpi, vcpu));
}

void fake_its_int(uint32_t device, uint32_t event)
{
	fake_its_command(fake_int(device, event));
}

static void lock(void)
{
	spin_lock(&fake_vm.vgic.lock);
}

static void unlock(void)
{
	PROMISE(vlpi_is_sound_locked(&fake_vm));
	spin_unlock(&fake_vm.vgic.lock);
}

uint32_t fake_lpi_take(uint32_t i)
{
	uint32_t lpi;

	lock();
	while (vlpi_look_locked(fake_vcpu(i))) {
	}
	lpi = vlpi_next_locked(fake_vcpu(i));
	if (lpi != 0) {
		vlpi_listed_locked(fake_vcpu(i), lpi);
		vlpi_unlisted_locked(fake_vcpu(i), lpi, false);
	}
	unlock();
	return lpi;
}

uint32_t fake_lpi_busy(void)
{
	uint32_t count;

	lock();
	count = vlpi_busy_count_locked(&fake_vm);
	unlock();
	return count;
}

static struct fake_command of_event(uint64_t opcode, uint64_t device, uint64_t word1,
				    uint64_t word2)
{
	return (struct fake_command){{opcode | device << 32, word1, word2, 0}};
}

static uint64_t rdbase(uint64_t vcpu)
{
	return vcpu << 16;
}

struct fake_command fake_mapd(uint32_t device, uint32_t bits_less_one, uint64_t itt, bool valid)
{
	return of_event(0x08, device, bits_less_one, itt | (uint64_t)valid << 63);
}

struct fake_command fake_mapc(uint32_t icid, uint32_t vcpu, bool valid)
{
	return of_event(0x09, 0, 0, icid | rdbase(vcpu) | (uint64_t)valid << 63);
}

struct fake_command fake_mapti(uint32_t device, uint32_t event, uint32_t lpi, uint32_t icid)
{
	return of_event(0x0a, device, event | (uint64_t)lpi << 32, icid);
}

struct fake_command fake_mapi(uint32_t device, uint32_t event, uint32_t icid)
{
	return of_event(0x0b, device, event, icid);
}

struct fake_command fake_movi(uint32_t device, uint32_t event, uint32_t icid)
{
	return of_event(0x01, device, event, icid);
}

struct fake_command fake_movall(uint32_t from, uint32_t to)
{
	return (struct fake_command){{0x0e, 0, rdbase(from), rdbase(to)}};
}

struct fake_command fake_discard(uint32_t device, uint32_t event)
{
	return of_event(0x0f, device, event, 0);
}

struct fake_command fake_inv(uint32_t device, uint32_t event)
{
	return of_event(0x0c, device, event, 0);
}

struct fake_command fake_invall(uint32_t icid)
{
	return of_event(0x0d, 0, 0, icid);
}

struct fake_command fake_int(uint32_t device, uint32_t event)
{
	return of_event(0x03, device, event, 0);
}

struct fake_command fake_clear(uint32_t device, uint32_t event)
{
	return of_event(0x04, device, event, 0);
}

struct fake_command fake_sync(uint32_t vcpu)
{
	return of_event(0x05, 0, 0, rdbase(vcpu));
}
