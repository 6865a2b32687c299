/* SPDX-License-Identifier: Apache-2.0 */
/* Where Linux enters a static program, and how it is asked for services: no library is linked. */

	.text
	.global	_start
_start:
	mov	x29, xzr
	mov	x30, xzr
	ldr	x0, [sp]			// argc
	add	x1, sp, #8			// argv
	bl	main
	mov	w0, w0
	mov	x8, #94				// exit_group
	svc	#0
	b	.

/* long linux_call(long number, long a, long b, long c, long d, long e, long f): Linux' system calls
 * on arm64. Out: x0, below 0 an errno. */
	.global	linux_call
	.type	linux_call, %function
linux_call:
	bti	c
	mov	x8, x0
	mov	x0, x1
	mov	x1, x2
	mov	x2, x3
	mov	x3, x4
	mov	x4, x5
	mov	x5, x6
	svc	#0
	ret
	.size	linux_call, . - linux_call
