/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A clock of the board's whose alarm rings for ever: it matches once, and nobody takes that back.
 * A line a second, by the counter, tells that the CPU of this guest goes on.
 */
#include "tests/guest/lib/console.h"
#include "tests/guest/lib/cpu.h"
#include "tests/guest/lib/pl031_regs.h"

#define RTC(reg) (UINT64_C(PL031_BASE) + (reg))

int main(void)
{
	uint64_t due = counter_now();

	mmio_write32(RTC(RTC_MR), mmio_read32(RTC(RTC_DR)) + 1);
	mmio_write32(RTC(RTC_IMSC), 1);
	while ((mmio_read32(RTC(RTC_RIS)) & 1) == 0) {
	}
	for (unsigned int count = 1;; count++) {
		printf("stuck: second %u\n", count);
		due += counter_hz();
		while ((int64_t)(counter_now() - due) < 0) {
		}
	}
}
