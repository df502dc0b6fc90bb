/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What all fuzz targets share.
 */
#ifndef _FUZZ_H
#define _FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A broken invariant ends the run, with the input that broke it. */
#define CHECK(condition)						\
	do {								\
		if (!(condition)) {					\
			fprintf(stderr, "%s:%d: broken: %s\n",		\
				__FILE__, __LINE__, #condition);	\
			abort();					\
		}							\
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The next bytes of the input as a number; zeros when it has ended. */
static inline uint64_t fuzz_take(const uint8_t **data, size_t *size, size_t len)
{
	uint64_t v = 0;

	len = len < *size ? len : *size;
	memcpy(&v, *data, len);
	*data += len;
	*size -= len;
	return v;
}

#endif /* _FUZZ_H */
