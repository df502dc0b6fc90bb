/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The names that kmod/core needs from its surroundings, in the kernel and in
 * user space alike.
 */
#ifndef NX_CORE_TYPES_H
#define NX_CORE_TYPES_H

#ifdef __KERNEL__

#include <linux/types.h>
#include <linux/build_bug.h>
#include <linux/compiler.h>
#include <asm/barrier.h>
#include <linux/math64.h>
#include <asm/byteorder.h>
#include <linux/string.h>

#define nx_div_u64(a, b)	div64_u64(a, b)

#else

#include <arpa/inet.h>
#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <linux/types.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int32_t s32;
typedef int64_t s64;

#define __force
#define WRITE_ONCE(x, v)	__atomic_store_n(&(x), v, __ATOMIC_RELAXED)
#define smp_wmb()		__atomic_thread_fence(__ATOMIC_RELEASE)
#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif
#define cpu_to_be16(x)	((__be16)htons(x))
#define be16_to_cpu(x)	ntohs((uint16_t)(x))
#define cpu_to_be32(x)	((__be32)htonl(x))
#define be32_to_cpu(x)	ntohl((uint32_t)(x))
#define nx_div_u64(a, b)	((u64)(a) / (u64)(b))

#endif /* __KERNEL__ */

#endif /* NX_CORE_TYPES_H */
