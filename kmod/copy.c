// SPDX-License-Identifier: GPL-2.0
/*
 * Copies of payload. On x86 the kernel's memcpy() moves eight bytes an instruction,
 * unless the CPU is among the newest (FSRM); copies from and to users have used the
 * string instructions for long. So do these, where there is enough to copy.
 */
#include <linux/kasan-checks.h>
#include <linux/string.h>
#include "copy.h"

#ifdef CONFIG_X86_64
#include <asm/cpufeature.h>

/* From here on they are the faster ones: see design-notes.rst. */
#define STRING_MIN	1024

static bool has_string(size_t len)
{
	return len >= STRING_MIN && static_cpu_has(X86_FEATURE_REP_GOOD);
}

static void copy_string(void *to, const void *from, size_t len)
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
#else
static bool has_string(size_t len)
{
	return false;
}

static void copy_string(void *to, const void *from, size_t len)
{
}
#endif

/**
 * nx_copy - as memcpy()
 * @to:   where to
 * @from: payload, which may change meanwhile
 * @len:  bytes
 *
 * Not inlined: who sends short packets in a loop has better use for the registers.
 */
void nx_copy(void *to, const void *from, size_t len)
{
	if (has_string(len))
		copy_string(to, from, len);
	else
		memcpy(to, from, len);
}
