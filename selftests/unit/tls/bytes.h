/* SPDX-License-Identifier: GPL-2.0 */
/* Bytes that tests of TLS write down. */
#ifndef _TLS_BYTES_H
#define _TLS_BYTES_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* From hexadecimal digits; returns how many there are. */
static inline size_t bytes_of(const char *hex, uint8_t *out)
{
	unsigned int byte;
	size_t len = 0;

	for (; sscanf(hex, "%2x", &byte) == 1; hex += 2)
		out[len++] = (uint8_t)byte;
	return len;
}

#endif /* _TLS_BYTES_H */
