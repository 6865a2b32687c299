/* SPDX-License-Identifier: Apache-2.0 */
/* Looks into images: enough to place them, and to say so when they are not what the config calls
 * them. */
#include "core/config/image.h"

#include "core/base/bits.h"
#include "core/base/errno.h"
#include "core/base/string.h"

/* Linux: Documentation/arch/arm64/booting.rst. PE/COFF: Microsoft PE format, COFF header and
 * section table. */
enum linux_header {
	LINUX_AT_TEXT_OFFSET = 8,
	LINUX_AT_IMAGE_SIZE = 16,
	LINUX_AT_MAGIC = 56,
	LINUX_AT_PE = 60,
	LINUX_HEADER_SIZE = 64,
	PE_AT_SECTION_COUNT = 6,
	PE_AT_OPTIONAL_SIZE = 20,
	PE_HEADER_SIZE = 24,
	PE_SECTION_SIZE = 40,
	PE_SECTION_AT_SIZE = 16,
	PE_SECTION_AT_OFFSET = 20,
};

#define LINUX_MAGIC UINT32_C(0x644d5241) /* "ARM\x64" */
#define PE_MAGIC    UINT32_C(0x00004550) /* "PE\0\0" */

/* ELF-64 object file format, version 1.5. */
enum elf_header {
	ELF_AT_CLASS = 4,
	ELF_AT_DATA = 5,
	ELF_AT_TYPE = 16,
	ELF_AT_MACHINE = 18,
	ELF_AT_ENTRY = 24,
	ELF_AT_PHOFF = 32,
	ELF_AT_PHENTSIZE = 54,
	ELF_AT_PHNUM = 56,
	ELF_HEADER_SIZE = 64,
	PH_AT_TYPE = 0,
	PH_AT_OFFSET = 8,
	PH_AT_VADDR = 16,
	PH_AT_PADDR = 24,
	PH_AT_FILESZ = 32,
	PH_AT_MEMSZ = 40,
	PH_SIZE = 56,
};

#define ELF_CLASS_64	 2
#define ELF_LITTLE	 1
#define ELF_EXEC	 2
#define ELF_DYN		 3
#define ELF_AARCH64	 183
#define PT_LOAD		 1
#define PT_INTERP	 3
#define SECTOR_SIZE	 512
#define ELF_SEGMENTS_MAX 64

static uint64_t get(const uint8_t *at, unsigned int size)
{
	uint64_t value = 0;

	while (size > 0) {
		value = value << 8 | at[--size];
	}
	return value;
}

/* What a file that is not an arm64 Image seems to be. */
static const char *guess(const struct image_config *image)
{
	static const struct {
		const char *start;
		uint8_t size, at;
		const char *what;
	} magics[] = {
		{"\x7f"
		 "ELF",
		 4, 0, "; it is an ELF file: write type = \"elf\""},
		{"\x1f\x8b", 2, 0, "; it is compressed with gzip: make bundle unpacks it"},
		{"\xfd"
		 "7zXZ",
		 5, 0, "; it is compressed with xz: unpack it"},
		{"\x28\xb5\x2f\xfd", 4, 0, "; it is compressed with zstd: unpack it"},
		{"MZ\0\0zimg", 8, 0, "; it is an EFI zboot image: make bundle unpacks it"},
		{"\xd0\x0d\xfe\xed", 4, 0, "; it is a device tree: write type = \"dtb\""},
		{"070701", 6, 0, "; it is a cpio archive: write type = \"ramdisk\""},
		{"\x18\x28\x6f\x01", 4, 36, "; it is a kernel for 32-bit Arm"},
	};

	for (size_t i = 0; i < ARRAY_COUNT(magics); i++) {
		if (range_contains(0, image->size, magics[i].at, magics[i].size) &&
		    memcmp(image->data + magics[i].at, magics[i].start, magics[i].size) == 0) {
			return magics[i].what;
		}
	}
	return "";
}

/*
 * A kernel with an EFI stub lists its sections: the file must hold them all. 0 where there is no
 * such list to ask.
 */
static uint64_t linux_file_size(const struct image_config *image)
{
	uint64_t pe = get(image->data + LINUX_AT_PE, 4), end = 0, table;
	uint32_t count;

	if (!range_contains(0, image->size, pe, PE_HEADER_SIZE) ||
	    get(image->data + pe, 4) != PE_MAGIC) {
		return 0;
	}
	count = (uint32_t)get(image->data + pe + PE_AT_SECTION_COUNT, 2);
	table = pe + PE_HEADER_SIZE + get(image->data + pe + PE_AT_OPTIONAL_SIZE, 2);
	for (uint32_t i = 0; i < count; i++, table += PE_SECTION_SIZE) {
		if (!range_contains(0, image->size, table, PE_SECTION_SIZE)) {
			return table + PE_SECTION_SIZE;
		}
		end = MAX(end, get(image->data + table + PE_SECTION_AT_SIZE, 4) +
				       get(image->data + table + PE_SECTION_AT_OFFSET, 4));
	}
	return end;
}

static int inspect_linux(struct image_config *image, const char *path, struct diag *diag)
{
	uint64_t file_size;

	if (image->size < LINUX_HEADER_SIZE ||
	    get(image->data + LINUX_AT_MAGIC, 4) != LINUX_MAGIC) {
		diag_error(diag, path, "data",
			   "is not an arm64 Image: the magic \"ARM\\x64\" is not at byte 56%s",
			   guess(image));
		return -EINVAL;
	}
	image->text_offset = get(image->data + LINUX_AT_TEXT_OFFSET, 8);
	image->mem_size = get(image->data + LINUX_AT_IMAGE_SIZE, 8);
	if (image->mem_size == 0) {
		diag_error(diag, path, "data",
			   "is a kernel older than Linux 3.17, which does not say how much memory "
			   "it needs: "
			   "use a newer one");
		return -EINVAL;
	}
	if (image->text_offset >= MIB(2) || image->mem_size > GIB(64)) {
		diag_error(diag, path, "data",
			   "is damaged: its header asks for 0x%lx bytes of memory at offset 0x%lx",
			   image->mem_size, image->text_offset);
		return -EINVAL;
	}
	file_size = linux_file_size(image);
	if (file_size > image->size) {
		diag_error(diag, path, "data",
			   "was cut short: it has %lu bytes, its header lists %lu", image->size,
			   file_size);
		return -EINVAL;
	}
	image->mem_size = MAX(image->mem_size, image->size);
	return 0;
}

static const uint8_t *program_header(const struct image_config *image, uint32_t i)
{
	return image->data + get(image->data + ELF_AT_PHOFF, 8) + (uint64_t)i * PH_SIZE;
}

static int check_elf_header(const struct image_config *image, const char *path, struct diag *diag)
{
	const uint8_t *e = image->data;
	uint64_t type, count;

	if (image->size < ELF_HEADER_SIZE || memcmp(e,
						    "\x7f"
						    "ELF",
						    4) != 0) {
		diag_error(diag, path, "data", "is not an ELF file%s", guess(image));
		return -EINVAL;
	}
	type = get(e + ELF_AT_TYPE, 2);
	if (e[ELF_AT_CLASS] != ELF_CLASS_64 || e[ELF_AT_DATA] != ELF_LITTLE ||
	    get(e + ELF_AT_MACHINE, 2) != ELF_AARCH64 || (type != ELF_EXEC && type != ELF_DYN)) {
		diag_error(diag, path, "data",
			   "is not an executable for 64-bit little-endian Arm: see `readelf -h`");
		return -EINVAL;
	}
	count = get(e + ELF_AT_PHNUM, 2);
	if (count == 0 || count > ELF_SEGMENTS_MAX || get(e + ELF_AT_PHENTSIZE, 2) != PH_SIZE ||
	    !range_contains(0, image->size, get(e + ELF_AT_PHOFF, 8), count * PH_SIZE)) {
		diag_error(diag, path, "data",
			   "has no usable list of segments, or was cut short: see `readelf -l`");
		return -EINVAL;
	}
	return 0;
}

static int check_segment(const struct image_config *image, const uint8_t *ph, const char *path,
			 struct diag *diag)
{
	uint64_t paddr = get(ph + PH_AT_PADDR, 8), mem_size = get(ph + PH_AT_MEMSZ, 8);
	uint64_t file_size = get(ph + PH_AT_FILESZ, 8), end;

	if (get(ph + PH_AT_TYPE, 4) == PT_INTERP) {
		diag_error(diag, path, "data", "is linked dynamically: link it with -static");
		return -EINVAL;
	}
	if (get(ph + PH_AT_TYPE, 4) != PT_LOAD) {
		return 0;
	}
	if (!range_contains(0, image->size, get(ph + PH_AT_OFFSET, 8), file_size)) {
		diag_error(diag, path, "data", "was cut short: a segment lies behind its end");
		return -EINVAL;
	}
	if (file_size > mem_size || __builtin_add_overflow(paddr, mem_size, &end)) {
		diag_error(diag, path, "data",
			   "is damaged: a segment at 0x%lx has a size that makes no sense", paddr);
		return -EINVAL;
	}
	return 0;
}

/* The entry is a virtual address; with the MMU off the guest starts at its physical counterpart. */
static uint64_t elf_entry(const struct image_config *image, uint32_t count)
{
	uint64_t entry = get(image->data + ELF_AT_ENTRY, 8);

	for (uint32_t i = 0; i < count; i++) {
		const uint8_t *ph = program_header(image, i);
		uint64_t vaddr = get(ph + PH_AT_VADDR, 8);

		if (get(ph + PH_AT_TYPE, 4) == PT_LOAD &&
		    range_contains(vaddr, get(ph + PH_AT_MEMSZ, 8), entry, 1)) {
			return entry - vaddr + get(ph + PH_AT_PADDR, 8);
		}
	}
	return CONFIG_ADDR_NONE;
}

static int inspect_elf(struct image_config *image, const char *path, struct diag *diag)
{
	uint64_t low = UINT64_MAX, high = 0;
	struct image_segment segment;
	uint32_t count;

	if (check_elf_header(image, path, diag) != 0) {
		return -EINVAL;
	}
	count = (uint32_t)get(image->data + ELF_AT_PHNUM, 2);
	for (uint32_t i = 0; i < count; i++) {
		if (check_segment(image, program_header(image, i), path, diag) != 0) {
			return -EINVAL;
		}
	}
	for (uint32_t i = 0; image_elf_segment(image, i, &segment); i++) {
		low = MIN(low, segment.ipa);
		high = MAX(high, segment.ipa + segment.mem_size);
	}
	image->entry = elf_entry(image, count);
	if (low >= high || image->entry == CONFIG_ADDR_NONE) {
		diag_error(diag, path, "data",
			   "has no segment that holds its entry point: see `readelf -hl`");
		return -EINVAL;
	}
	image->load = low;
	image->mem_size = high - low;
	return 0;
}

bool image_elf_segment(const struct image_config *image, uint32_t i, struct image_segment *out)
{
	uint32_t count = (uint32_t)get(image->data + ELF_AT_PHNUM, 2);

	for (uint32_t at = 0; at < count; at++) {
		const uint8_t *ph = program_header(image, at);

		if (get(ph + PH_AT_TYPE, 4) != PT_LOAD || get(ph + PH_AT_MEMSZ, 8) == 0 ||
		    i-- != 0) {
			continue;
		}
		*out = (struct image_segment){
			.ipa = get(ph + PH_AT_PADDR, 8),
			.data = image->data + get(ph + PH_AT_OFFSET, 8),
			.file_size = get(ph + PH_AT_FILESZ, 8),
			.mem_size = get(ph + PH_AT_MEMSZ, 8),
		};
		return true;
	}
	return false;
}

static int inspect_dtb(struct image_config *image, const char *path, struct diag *diag)
{
	uint32_t total;

	if (image->size < 40 || get(image->data, 4) != UINT32_C(0xedfe0dd0)) {
		diag_error(diag, path, "data",
			   "is not a device tree: it does not begin with d0 0d fe ed; compile it "
			   "with dtc");
		return -EINVAL;
	}
	total = __builtin_bswap32((uint32_t)get(image->data + 4, 4));
	if (total > image->size || total < 40) {
		diag_error(diag, path, "data",
			   "was cut short: it has %lu bytes, its header says %u", image->size,
			   total);
		return -EINVAL;
	}
	image->mem_size = total;
	return 0;
}

static int inspect_disk(struct image_config *image, const char *path, struct diag *diag)
{
	if (image->size % SECTOR_SIZE != 0) {
		diag_error(
			diag, path, "data",
			"has %lu bytes, but a disk has whole sectors of 512: `truncate -s %%512` "
			"fills the file up",
			image->size);
		return -EINVAL;
	}
	return 0;
}

int image_inspect(struct image_config *image, const char *path, struct diag *diag)
{
	image->mem_size = image->size;
	switch (image->type) {
	case IMAGE_LINUX:
		return inspect_linux(image, path, diag);
	case IMAGE_ELF:
		return inspect_elf(image, path, diag);
	case IMAGE_DTB:
		return inspect_dtb(image, path, diag);
	case IMAGE_DISK:
		return inspect_disk(image, path, diag);
	case IMAGE_RAW:
	case IMAGE_RAMDISK:
	default:
		return 0;
	}
}
