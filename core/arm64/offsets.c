/* SPDX-License-Identifier: Apache-2.0 */
/* Structure offsets for assembly: compiled to text, from which build/core/arm64/offsets.h is made.
 */
#include "core/exit/action.h"
#include "core/exit/trace_types.h"
#include "core/vm/vcpu.h"

#define OFFSET(name, type, member)                                                                 \
	__asm__ volatile("\n.ascii \"->" #name " %0 " #type "." #member                            \
			 "\"" ::"i"(offsetof(type, member)))

#define CONSTANT(name, value) __asm__ volatile("\n.ascii \"->" #name " %0 \"" ::"i"(value))

void offsets(void);

void offsets(void)
{
	OFFSET(VCPU_REGS, struct vcpu, regs);
	OFFSET(VCPU_STACK_TOP, struct vcpu, stack_top);
	OFFSET(VCPU_TRACE, struct vcpu, trace);
	OFFSET(VCPU_TRACE_WRAPS, struct vcpu, trace_wraps);
	OFFSET(VCPU_LEFT_AT, struct vcpu, times.left_at);
	CONSTANT(TRACE_WRAP, TRACE_WRAP);
	CONSTANT(TRACE_WRAP_BIT, __builtin_ctz(TRACE_WRAP));
	CONSTANT(EXIT_WHOLE, EXIT_WHOLE);
}
