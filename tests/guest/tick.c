/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tick: a line a second from the virtual timer's interrupt. The smallest whole guest, and the
 * template for yours: copy this file, name the copy in the Makefile's GUESTS, change it.
 *
 * What has happened before main(): lib/start.S has turned the MMU on (devices below 1 GiB, 32 MiB
 * of RAM from 0x40000000, physical = virtual), installed the exception vectors and cleared .bss.
 * Interrupts are still masked, the other CPUs still off (cpu_start() turns one on).
 */
#include "tests/guest/lib/console.h"
#include "tests/guest/lib/cpu.h"
#include "tests/guest/lib/gic.h"
#include "tests/guest/lib/timer.h"

/* When the next tick is due, in ticks of the virtual counter. */
static uint64_t due;

/*
 * Runs between acknowledge and end of interrupt. The timer holds its line up for as long as the
 * counter is past the compare value, so moving that into the future is what ends the interrupt.
 * Counting from `due` and not from now keeps lateness from adding up.
 */
static void on_timer(unsigned int intid, void *arg)
{
	static unsigned int count;

	(void)intid;
	(void)arg;
	due += counter_hz();
	timer_set(due);
	printf("tick %u\n", ++count);
}

int main(void)
{
	printf("tick: a bare-metal guest, one line a second from its timer interrupt\n");

	gic_setup();				       /* distributor, redistributor, interface */
	gic_connect(INTID_TIMER_VIRT, on_timer, NULL); /* handler, and the interrupt enabled */
	due = counter_now() + counter_hz();
	timer_set(due);
	irq_unmask();
	for (;;) {
		cpu_wfi(); /* asleep until the next interrupt: the CPU is free for others */
	}
}
