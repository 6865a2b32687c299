/* SPDX-License-Identifier: Apache-2.0 */
/* System registers of the one CPU a test has. */
#include "tests/unit/fake_sysreg.h"

#include <stdlib.h>
#include <string.h>

#define FAKE_SYSREG_MAX 128

static struct {
	const char *name;
	uint64_t value;
} registers[FAKE_SYSREG_MAX];

static uint64_t *find(const char *name)
{
	for (size_t i = 0; i < FAKE_SYSREG_MAX; i++) {
		if (registers[i].name == NULL) {
			registers[i].name = name;
		}
		if (strcmp(registers[i].name, name) == 0) {
			return &registers[i].value;
		}
	}
	abort();
}

uint64_t sysreg_host_read(const char *name)
{
	return *find(name);
}

void sysreg_host_write(const char *name, uint64_t value)
{
	*find(name) = value;
}

void fake_sysreg_reset(void)
{
	memset(registers, 0, sizeof(registers));
}
