/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The arm64 Image header (Linux Documentation/arch/arm64/booting.rst): 64 bytes that U-Boot, UEFI
 * loaders and QEMU know. res3 of that page is ours: offset 40 holds the distance from the image's
 * start to a bundle that was joined to it (build/NAME.flash.img), or 0.
 */
	.section .head, "ax"
	.global	image_head
image_head:
	b	boot_entry			// code0
	.long	0				// code1
	.quad	0				// text_offset
	.global	image_total_size
image_total_size:
	.quad	image_size			// image_size: with a joined bundle, both
	// flags: anywhere in memory, 4K pages, little-endian
	.quad	(1 << 3) | (1 << 1)
	.quad	0				// res2
	.global	image_flash_bundle
image_flash_bundle:
	.quad	0				// res3: joined bundle
	.quad	0				// res4
	.ascii	"ARM\x64"			// magic
	.long	0				// res5: offset of a PE header
