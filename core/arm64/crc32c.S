/* SPDX-License-Identifier: Apache-2.0 */
/* CRC-32C with the CPU's instructions (FEAT_CRC32). */
	.arch	armv8-a+crc

	.text

/* uint32_t crc32c_instructions(uint32_t crc, const void *data, size_t size): clobbers x0-x5 */
	.global	crc32c_instructions
	.type	crc32c_instructions, %function
crc32c_instructions:
	bti	c
	mvn	w0, w0
	lsr	x3, x2, #6
	cbz	x3, 2f
1:	ldp	x4, x5, [x1], #64		// most of it by 64 bytes: a bundle is large
	crc32cx	w0, w0, x4
	crc32cx	w0, w0, x5
	ldp	x4, x5, [x1, #-48]
	crc32cx	w0, w0, x4
	crc32cx	w0, w0, x5
	ldp	x4, x5, [x1, #-32]
	crc32cx	w0, w0, x4
	crc32cx	w0, w0, x5
	ldp	x4, x5, [x1, #-16]
	crc32cx	w0, w0, x4
	crc32cx	w0, w0, x5
	subs	x3, x3, #1
	b.ne	1b
2:	ands	x2, x2, #63
	b.eq	4f
3:	ldrb	w4, [x1], #1
	crc32cb	w0, w0, w4
	subs	x2, x2, #1
	b.ne	3b
4:	mvn	w0, w0
	ret
	.size	crc32c_instructions, . - crc32c_instructions
