// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * The Internet checksum (RFC 1071) and the pseudo-headers it covers.
 */
#include <netinet/in.h>
#include <string.h>

#include <nexus/wire.h>

#include "bytes.h"

static uint64_t load64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return (v & 0xffffffff) + (v >> 32);
}

static uint32_t load32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* At most 7 bytes; a missing last byte counts as 0 in either byte order. */
static uint64_t sum_tail(const uint8_t *p, size_t len)
{
	uint8_t last[2] = { 0, 0 };
	uint64_t acc = 0;
	uint16_t word;

	if (len & 4) {
		acc += load32(p);
		p += 4;
	}
	if (len & 2) {
		memcpy(&word, p, sizeof(word));
		acc += word;
		p += 2;
	}
	if (len & 1) {
		last[0] = *p;
		memcpy(&word, last, sizeof(word));
		acc += word;
	}
	return acc;
}

/*
 * Adding 32-bit words into 64 bits gives the same sum modulo 2^16 - 1 as adding
 * 16-bit words, in any byte order (RFC 1071 sections 2B and 2C).
 */
uint32_t nexus_wire_sum(uint32_t sum, const void *data, size_t len)
{
	const uint8_t *p = data;
	uint64_t acc = sum;

	for (; len >= 32; p += 32, len -= 32)
		acc += load64(p) + load64(p + 8) + load64(p + 16) +
		       load64(p + 24);
	for (; len >= 8; p += 8, len -= 8)
		acc += load64(p);
	acc += sum_tail(p, len);

	acc = (acc & 0xffffffff) + (acc >> 32);
	acc = (acc & 0xffffffff) + (acc >> 32);
	return (uint32_t)acc;
}

uint32_t nexus_wire_pseudo_sum(unsigned int version, const void *src,
			       const void *dst, uint8_t protocol, uint32_t len)
{
	size_t addr_len = version == 4 ? 4 : 16;
	uint8_t tail[8] = { 0 };
	uint32_t sum;

	nx_put32(tail, len);
	tail[7] = protocol;
	sum = nexus_wire_sum(0, src, addr_len);
	sum = nexus_wire_sum(sum, dst, addr_len);
	return nexus_wire_sum(sum, tail, sizeof(tail));
}

uint16_t nexus_wire_udp_checksum(unsigned int version, const void *src,
				 const void *dst, const void *data, size_t len)
{
	uint32_t sum = nexus_wire_pseudo_sum(version, src, dst, IPPROTO_UDP,
					     (uint32_t)len);
	uint16_t csum = nexus_wire_fold(nexus_wire_sum(sum, data, len));

	return csum ? csum : 0xffff;
}

bool nexus_wire_udp_verify(unsigned int version, const void *src,
			   const void *dst, const void *data, size_t len)
{
	const uint8_t *p = data;
	uint32_t sum;

	if (len < NEXUS_WIRE_UDP_LEN)
		return false;
	if (!p[6] && !p[7])
		return version == 4;
	sum = nexus_wire_pseudo_sum(version, src, dst, IPPROTO_UDP,
				    (uint32_t)len);
	return nexus_wire_fold(nexus_wire_sum(sum, data, len)) == 0;
}
