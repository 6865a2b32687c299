/* SPDX-License-Identifier: Apache-2.0 */
/* check, bundle and show. */
#include "tools/config/commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "boot/bundle.h"
#include "drivers/emul/vdev.h"
#include "tools/config/prepare.h"

#define SHOWN_HASH 8 /* bytes */

int command_check(const char *file, const struct validate_options *options)
{
	struct config *config = must_alloc(sizeof(*config));
	struct tree tree = {0};
	bool good = validate_file(file, options, &tree, config);

	if (good) {
		printf("%s: no errors%s\n", validate_name(file, options),
		       options->board_file == NULL ?
			       ". Left out without a board's device tree: CPU indices and their "
			       "number, which CPUs vCPUs without vcpu-cpus get and how their "
			       "budgets and windows fit there, the board's devices, disks and "
			       "NICs, fixed memory addresses, whether all memory fits, the "
			       "console's name, board-compatible, the interrupt controller" :
			       "");
	}
	tree_free(&tree);
	free(config);
	return good ? 0 : 1;
}

/* Header, config, and zeros up to the next 4 KiB. */
static bool write_bundle(const char *output, const struct blob *config)
{
	uint64_t total = bundle_total_size(config->size);
	uint8_t header[BUNDLE_HEADER_SIZE];
	struct blob body, parts[2];
	bool good;

	if (total > BUNDLE_SIZE_MAX) {
		report_error("%s would have %lu bytes: a bundle is smaller than 2 GiB", output,
			     total);
		return false;
	}
	body.size = total - BUNDLE_HEADER_SIZE;
	body.data = must_alloc(body.size);
	memcpy(body.data, config->data, config->size);
	memset(body.data + config->size, 0, body.size - config->size);
	bundle_write_header(header, config->size, total, crc32c(0, body.data, body.size));
	parts[0] = (struct blob){header, sizeof(header)};
	parts[1] = body;
	good = blob_write(output, parts, ARRAY_COUNT(parts));
	blob_free(&body);
	return good;
}

int command_bundle(const char *input, const char *output, const struct validate_options *options)
{
	struct config *config = must_alloc(sizeof(*config));
	struct tree tree = {0};
	bool good =
		validate_file(input, options, &tree, config) && write_bundle(output, &tree.blob);

	tree_free(&tree);
	free(config);
	return good ? 0 : 1;
}

static void show_cpus(const struct vm_config *vm)
{
	char text[64] = "any";
	size_t len = 0;

	for (uint32_t i = 0; i < vm->vcpu_count && len + 5 < sizeof(text); i++) {
		if (vm->vcpu[i].cpu != CONFIG_CPU_ANY) {
			len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%u",
						len == 0 ? "" : " ", vm->vcpu[i].cpu);
		}
	}
	printf("%-10s", text);
}

static void show_vm(const struct vm_config *vm)
{
	uint64_t ram = 0;

	for (uint32_t i = 0; i < vm->ram_count; i++) {
		ram += vm->ram[i].size;
	}
	printf("%-16s %5u  ", vm->name, vm->vcpu_count);
	show_cpus(vm);
	printf(" %5lu MiB  %-12s %-12s", ram >> 20, vm->kernel->name,
	       vm->initrd == NULL ? "-" : vm->initrd->name);
	for (uint32_t i = 0; i < vm->device_count; i++) {
		const struct vdev_config *device = &vm->device[i];

		printf(" %s@%lx", device->name, device->ipa);
		if (device->pin != 0) {
			printf("(lpi)");
		} else if (!device->type->no_spi) {
			printf("(spi %u)", device->spi);
		}
	}
	putchar('\n');
}

static void show_image(const struct image_config *image)
{
	static const char *const types[] = {
		[IMAGE_LINUX] = "linux",     [IMAGE_RAW] = "raw", [IMAGE_ELF] = "elf",
		[IMAGE_RAMDISK] = "ramdisk", [IMAGE_DTB] = "dtb", [IMAGE_DISK] = "disk",
	};
	uint8_t digest[SHA256_SIZE];

	sha256(digest, image->data, image->size);
	printf("%-16s %-8s %10lu bytes  sha256 ", image->name, types[image->type], image->size);
	for (size_t i = 0; i < SHOWN_HASH; i++) {
		printf("%02x", digest[i]);
	}
	printf("...\n");
}

static void show_config(const struct config *config)
{
	printf("\n%-16s %5s  %-10s %9s  %-12s %-12s devices\n", "VM", "vCPUs", "on CPUs", "RAM",
	       "kernel", "initrd");
	for (uint32_t i = 0; i < config->vm_count; i++) {
		show_vm(&config->vm[i]);
	}
	printf("\n%-16s %-8s\n", "image", "type");
	for (uint32_t i = 0; i < config->image_count; i++) {
		show_image(&config->image[i]);
	}
}

/* What is in a bundle's config; `bundle` points into `file`. */
static bool show_bundle(const struct bundle *bundle, struct report *report)
{
	struct blob blob = {must_alloc(bundle->config_size), bundle->config_size};
	struct config *config = must_alloc(sizeof(*config));
	struct tree tree;
	bool good;

	memcpy(blob.data, bundle->config, blob.size);
	good = tree_index(&tree, blob, &report->diag) &&
	       config_parse(config, &tree.dt, &report->diag) == 0 &&
	       config_check(config, NULL, NULL, &report->diag) == 0 &&
	       report->diag.error_count == 0;
	if (good) {
		printf("%s: format version %u, %lu bytes, CRC-32C 0x%08x\n", report->file,
		       (unsigned int)BUNDLE_VERSION, bundle->size, bundle->body_crc);
		show_config(config);
	}
	tree_free(&tree);
	free(config);
	return good;
}

int command_show(const char *file)
{
	struct report report;
	struct bundle bundle;
	struct blob blob;
	bool good;

	report_init(&report, file);
	if (!blob_read(&blob, file)) {
		return 1;
	}
	good = bundle_check(&bundle, blob.data, blob.size, crc32c, &report.diag) == 0 &&
	       show_bundle(&bundle, &report);
	blob_free(&blob);
	return good ? 0 : 1;
}
