/* SPDX-License-Identifier: Apache-2.0 */
/* Barriers. Each use says which two accesses it orders, and for which observer. */
#ifndef CORE_ARM64_BARRIER_H
#define CORE_ARM64_BARRIER_H

#include "core/base/types.h"

#if defined(__aarch64__) && !defined(BULKHEAD_HOST)
#define dsb(scope)  __asm__ volatile("dsb " #scope ::: "memory")
#define dmb(scope)  __asm__ volatile("dmb " #scope ::: "memory")
#define isb()	    __asm__ volatile("isb" ::: "memory")
#define wfi()	    __asm__ volatile("wfi" ::: "memory")
#define wfe()	    __asm__ volatile("wfe" ::: "memory")
#define sev()	    __asm__ volatile("sev" ::: "memory")
#define cpu_yield() __asm__ volatile("yield" ::: "memory")
#else
#define dsb(scope)  __sync_synchronize()
#define dmb(scope)  __sync_synchronize()
/* defined by a test whose model of the hardware wants to know */
void host_isb(void) __attribute__((weak));
#define isb()	    (host_isb != NULL ? host_isb() : __sync_synchronize())
#define cpu_yield() ((void)0)
#endif

#endif
