/* SPDX-License-Identifier: GPL-2.0 */
/* UDP packets by hand: built, and checked byte by byte as an enemy would. */
#ifndef NX_PACKET_H
#define NX_PACKET_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <netinet/in.h>

#define NX_UDP4_HEADERS	28
#define NX_UDP6_HEADERS	48

/**
 * struct nx_tuple - addresses and ports of a packet, in its own direction
 * @family: AF_INET or AF_INET6
 */
struct nx_tuple {
	int	family;
	__u8	src[16];
	__u8	dst[16];
	__be16	sport;
	__be16	dport;
};

/* Fails the test if an address is none; ports in host byte order. */
struct nx_tuple nx_tuple(const char *src, __u16 sport,
			 const char *dst, __u16 dport);
struct nx_tuple nx_tuple_back(const struct nx_tuple *tuple);

size_t nx_addr_len(int family);
size_t nx_udp_headers(int family);
/* The length of the packet: headers, checksums and all; up to 65535. */
size_t nx_udp_build(void *packet, const struct nx_tuple *tuple,
		    const void *payload, size_t len);
/* Fills in both checksums of what may have been changed since. */
void nx_udp_sum(void *packet);

__u16 nx_csum(const void *bytes, size_t len, __u32 sum);
/* Of the pseudo header, to go on from. */
__u32 nx_pseudo_sum(const struct nx_tuple *tuple, __u8 protocol, __u32 len);

/**
 * struct nx_udp - what nx_udp_parse() found
 * @tuple:   from the packet's header
 * @payload: in the packet
 * @len:     of the payload
 * @ttl:     or hop limit
 * @tos:     or traffic class
 */
struct nx_udp {
	struct nx_tuple	tuple;
	const char	*payload;
	size_t	len;
	__u8	ttl;
	__u8	tos;
};

/*
 * NULL if all of an IP packet of exactly @size bytes is right, both checksums
 * included, or else what is wrong. Where the kernel vouches for the UDP
 * checksum, @is_summed is false: then it need not be filled in.
 */
const char *nx_udp_parse(const void *packet, size_t size, bool is_summed,
			 struct nx_udp *udp);
int nx_tuple_equal(const struct nx_tuple *a, const struct nx_tuple *b);
/* "10.0.0.1:5 > 10.0.0.2:6", in a buffer that the next call uses again. */
const char *nx_tuple_text(const struct nx_tuple *tuple);

/* For socket calls. */
socklen_t nx_sockaddr(struct sockaddr_storage *addr, const char *text,
		      __u16 port);

#endif
