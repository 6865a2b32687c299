/* SPDX-License-Identifier: Apache-2.0 */
/* What the bench guest runs on, as its device tree tells: a GICv3 or GICv2 and at most one PL011.
 */
#ifndef TESTS_BENCH_MACHINE_H
#define TESTS_BENCH_MACHINE_H

#include "tests/guest/lib/arm64.h"
#include "tests/guest/lib/gic_regs.h"

#define BENCH_SGI	 3 /* taken and counted */
#define BENCH_SGI_ANSWER 4 /* taken, counted and answered with a BENCH_SGI to the first CPU */
#define BENCH_TIMER_VIRT 27
#define BENCH_TIMER_PHYS 30
/* Taken and counted too: so many, from this one on */
#define BENCH_SGI_ROTATING	 8
#define BENCH_SGI_ROTATING_COUNT 8

/* Offset in the PL011 where tests/bench/kvm/vmm.c takes a store for a wish to yield. */
#define BENCH_UART_YIELD 0xf00

struct machine_virtio {
	uint64_t base;
	uint32_t intid;
};

struct machine {
	uint64_t gicd;
	uint64_t gicr; /* GICv3 */
	uint64_t gicc; /* GICv2 */
	uint64_t its;  /* 0 = none */
	/* A PL031 whose line is pin `rtc_pin` of a message generator, and the device it is to the
	 * ITS; 0 = none */
	uint64_t rtc;
	uint32_t rtc_pin, mbigen_device;
	uint64_t mbigen;
	/* a write of `message_intid` there is an edge of that SPI; 0 = nothing does that */
	uint64_t message;
	uint32_t message_intid;
	struct machine_virtio virtio[4]; /* the first ones of virtio-mmio */
	unsigned int virtio_count;
	uint64_t uart; /* PL011 or its SBSA subset; 0 = none */
	const char *bootargs;
};

extern struct machine machine;

/* Reads the device tree at `dtb`, which stays where it is. False without the GIC it is built for.
 * MMU on; before the other CPU. */
bool machine_find(uint64_t dtb);

/* Where the value of KEY= begins in bootargs, which a space ends; NULL: not there. */
const char *machine_word(const char *key);
/* The number there, or `otherwise` where there is none, or 0. */
uint64_t machine_number(const char *key, uint64_t otherwise);

/* Distributor, once; redistributor and CPU interface, on each CPU. IRQs stay masked. */
void gic_start(void);
void gic_start_cpu(unsigned int index);

/* An SPI to the first CPU, edge-triggered. */
void gic_start_edge(uint32_t intid);

/* Text to the UART, polled, \n as \r\n; dropped without one. Numbers: hundredths get a point. */
void put_char(char c);
void put_string(const char *s);
void put_number(uint64_t v);
void put_hundredths(uint64_t v);
void put_hex(uint64_t v);

#endif
