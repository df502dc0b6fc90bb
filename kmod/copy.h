/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copies of payload. On x86 the kernel's memcpy() moves eight bytes an instruction,
 * unless the CPU is among the newest (FSRM); copies from and to users have used the
 * string instructions for long. So do these, where there is enough to copy.
 */
#ifndef NX_COPY_H
#define NX_COPY_H

#include <linux/kasan-checks.h>
#include <linux/string.h>
#include <linux/types.h>

#ifdef CONFIG_X86_64
#include <asm/cpufeature.h>

/* From here on they are the faster ones: see design-notes.rst. */
#define NX_COPY_STRING_MIN	1024

static inline void nx_copy_string(void *to, const void *from, size_t len)
{
	size_t words = len / 8, bytes = len % 8;

	kasan_check_read(from, len);
	kasan_check_write(to, len);
	asm volatile("rep movsq\n\t"
		     "mov %[bytes], %%rcx\n\t"
		     "rep movsb"
		     : "+D" (to), "+S" (from), "+c" (words)
		     : [bytes] "r" (bytes)
		     : "memory");
}

static inline bool nx_copy_has_string(size_t len)
{
	return len >= NX_COPY_STRING_MIN &&
	       static_cpu_has(X86_FEATURE_REP_GOOD);
}
#else
static inline void nx_copy_string(void *to, const void *from, size_t len)
{
	memcpy(to, from, len);
}

static inline bool nx_copy_has_string(size_t len)
{
	return false;
}
#endif

/* As memcpy(). */
static __always_inline void nx_copy(void *to, const void *from, size_t len)
{
	if (nx_copy_has_string(len))
		nx_copy_string(to, from, len);
	else
		memcpy(to, from, len);
}

#endif /* NX_COPY_H */
