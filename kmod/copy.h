/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copies of payload.
 */
#ifndef NX_COPY_H
#define NX_COPY_H

#include <linux/types.h>

void nx_copy(void *to, const void *from, size_t len);

#endif /* NX_COPY_H */
