/* SPDX-License-Identifier: Apache-2.0 */
/* What of Linux a program without a library needs, as arm64 has it. */
#ifndef TOOLS_BULKHEADCTL_LINUX_H
#define TOOLS_BULKHEADCTL_LINUX_H

#include "core/base/types.h"

/* A system call by its number; below 0: minus an errno. Any of the arguments may be unused. */
long linux_call(long number, long a, long b, long c, long d, long e, long f);

enum linux_number {
	LINUX_FLOCK = 32,
	LINUX_OPENAT = 56,
	LINUX_CLOSE = 57,
	LINUX_GETDENTS64 = 61,
	LINUX_READ = 63,
	LINUX_WRITE = 64,
	LINUX_EXIT_GROUP = 94,
	LINUX_NANOSLEEP = 101,
	LINUX_MMAP = 222,
};

#define LINUX_AT_FDCWD	 (-100)
#define LINUX_O_RDONLY	 0
#define LINUX_O_RDWR	 2
#define LINUX_O_SYNC	 04010000
#define LINUX_LOCK_EX	 2
#define LINUX_LOCK_UN	 8
#define LINUX_PROT_RW	 3
#define LINUX_MAP_SHARED 1
#define LINUX_ENOENT	 2
#define LINUX_EACCES	 13
#define LINUX_EPERM	 1
#define LINUX_ENOSPC	 28

/* What getdents64 gives; names end with 0. */
struct linux_dirent {
	uint64_t ino;
	int64_t off;
	uint16_t length;
	uint8_t type;
	char name[];
};

#endif
