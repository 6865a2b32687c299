/* SPDX-License-Identifier: Apache-2.0 */
/* The bench guest's disk: virtio-blk behind virtio-mmio, one request at a time. virtio 1.2 5.2. */
#ifndef TESTS_BENCH_DISK_H
#define TESTS_BENCH_DISK_H

#include "tests/guest/lib/types.h"

/* Sets it up and enables its SPI. False: the machine has none, or it refuses. First CPU. */
bool disk_start(void);

/* The same with a packed ring, prepared for requests of `size`. */
bool disk_start_packed(uint32_t size);

/* A request for `size` bytes from the disk's beginning, 0 or up to 4096: what disk_read() sends. */
void disk_prepare(uint32_t size);

/* Sends it; its interrupt follows. */
void disk_read(void);
void disk_read_packed(void);

/* Tells the device of a queue without anything new. */
void disk_notify(void);

/* Its interrupt was taken: the line goes down. */
void disk_taken(void);

/* The last request was done without error. */
bool disk_is_good(void);

#endif
