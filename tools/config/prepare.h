/* SPDX-License-Identifier: Apache-2.0 */
/* From the config as dtc made it to the one a bundle carries: kernels unpacked, hashes added. */
#ifndef TOOLS_CONFIG_PREPARE_H
#define TOOLS_CONFIG_PREPARE_H

#include "core/fdt/dt.h"
#include "tools/config/blob.h"

#define SHA256_SIZE 32

void sha256(uint8_t digest[SHA256_SIZE], const uint8_t *data, size_t size);

/*
 * Checks the hash of every enabled image that has one, unpacks compressed kernels, and gives every
 * image a hash-1 node with the sha256 of what then stands in `data`. False after DIAG_ERRORs; *out
 * is always a tree that can be checked further, the input's where an image failed.
 */
bool prepare_config(struct blob *out, const struct dt *dt, struct diag *diag);

#endif
