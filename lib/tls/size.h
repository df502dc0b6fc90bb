/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * How long the next record is to be.
 */
#ifndef _NX_TLS_SIZE_H
#define _NX_TLS_SIZE_H

#include <stddef.h>
#include <stdint.h>

/**
 * struct nx_tls_flight - what TCP can send
 * @mss:    bytes of payload of a segment
 * @window: that may be in flight: the congestion window, or the peer's
 * @queued: in flight, or waiting for it
 * @max:    of a record's payload, as both ends have agreed
 * @overhead: of a record
 */
struct nx_tls_flight {
	uint32_t	mss;
	uint32_t	window;
	uint64_t	queued;
	uint32_t	max;
	uint32_t	overhead;
};

/*
 * Payload of the next record: what one segment holds while the window is small,
 * since nothing can be opened before its record is complete; then as much as there
 * may be, but not beyond the end of a flight, if that is not reached yet.
 */
size_t nx_tls_record_len(const struct nx_tls_flight *flight);

#endif /* _NX_TLS_SIZE_H */
