/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * Headers as bytes and as representations: IPv4 (RFC 791), IPv6 (RFC 8200), UDP
 * (RFC 768), TCP (RFC 9293), ICMP (RFC 792), ICMPv6 (RFC 4443), and the Internet
 * checksum (RFC 1071). An illegal header becomes an error here and is never
 * represented.
 *
 * All functions are pure: no allocation, no I/O, no state; any thread. Buffers
 * need no alignment. Numbers of a representation are in host byte order,
 * addresses are bytes as on the wire.
 *
 * parse: returns the bytes that the header takes, or -EMSGSIZE the data end too
 * early, -EBADMSG the header is illegal, -EPROTONOSUPPORT another IP version.
 * build: returns the bytes written, or -ENOSPC, or -EINVAL for a representation
 * that no header can have. What parse accepts, build gives back byte for byte
 * (reserved bits, which must be ignored on receipt, are sent as 0); of TCP, whose
 * options have no one order, it gives back what parses to the same.
 */
#ifndef _NEXUS_WIRE_H
#define _NEXUS_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

/* ------------------------------------------------------------- checksum */

/**
 * nexus_wire_sum - add bytes to a sum of 16-bit words (RFC 1071)
 * @sum:  0, or the result for an even number of bytes before
 * @data: bytes
 * @len:  how many; an odd last byte counts as followed by 0
 *
 * Return: the sum, not yet folded, in the machine's byte order.
 */
uint32_t nexus_wire_sum(uint32_t sum, const void *data, size_t len);

/**
 * nexus_wire_fold - fold a sum and complement it
 * @sum: of nexus_wire_sum()
 *
 * Return: checksum to be stored as it is (no byte swap); 0 for data that hold a
 * right checksum.
 */
static inline uint16_t nexus_wire_fold(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/**
 * nexus_wire_pseudo_sum - sum of a pseudo-header (RFC 768, RFC 8200 section 8.1)
 * @version:  4 or 6
 * @src:      4 or 16 bytes
 * @dst:      4 or 16 bytes
 * @protocol: IPPROTO_*
 * @len:      of the transport header and its payload
 */
uint32_t nexus_wire_pseudo_sum(unsigned int version, const void *src,
			       const void *dst, uint8_t protocol, uint32_t len);

/* ----------------------------------------------------------------- IPv4 */

#define NEXUS_WIRE_IPV4_LEN		20
#define NEXUS_WIRE_IPV4_LEN_MAX		60
#define NEXUS_WIRE_IPV4_OPTIONS_MAX	40

/**
 * struct nexus_wire_ipv4 - an IPv4 header (RFC 791)
 * @src, @dst:   addresses
 * @total_len:   header and payload, bytes
 * @id:          identification
 * @frag_off:    bytes, a multiple of 8
 * @tos:         DSCP and ECN
 * @ttl:         time to live
 * @protocol:    IPPROTO_*
 * @has_df:      don't fragment
 * @has_mf:      more fragments
 * @options_len: bytes, a multiple of 4
 * @options:     as on the wire
 */
struct nexus_wire_ipv4 {
	uint8_t		src[4];
	uint8_t		dst[4];
	uint16_t	total_len;
	uint16_t	id;
	uint16_t	frag_off;
	uint8_t		tos;
	uint8_t		ttl;
	uint8_t		protocol;
	bool		has_df;
	bool		has_mf;
	uint8_t		options_len;
	uint8_t		options[NEXUS_WIRE_IPV4_OPTIONS_MAX];
};

/**
 * nexus_wire_ipv4_parse - check and read a header
 * @ip:   out
 * @data: first byte of the packet
 * @len:  bytes there; may be less than the packet's total length, as for the
 *        packet that an ICMP error quotes, but must hold the header
 *
 * The header's checksum must be right.
 */
int nexus_wire_ipv4_parse(struct nexus_wire_ipv4 *ip, const void *data,
			  size_t len);

/**
 * nexus_wire_ipv4_parse_quoted - the same for a header that an ICMP error quotes
 * @ip:   out
 * @data: first byte
 * @len:  bytes there
 *
 * The checksum is not looked at: routers quote what they have changed.
 */
int nexus_wire_ipv4_parse_quoted(struct nexus_wire_ipv4 *ip, const void *data,
				 size_t len);

/**
 * nexus_wire_ipv4_build - write a header with its checksum
 * @ip:   what
 * @buf:  room for @size bytes
 * @size: bytes
 */
int nexus_wire_ipv4_build(const struct nexus_wire_ipv4 *ip, void *buf,
			  size_t size);

/* ----------------------------------------------------------------- IPv6 */

#define NEXUS_WIRE_IPV6_LEN		40

/**
 * struct nexus_wire_ipv6 - the fixed header (RFC 8200 section 3)
 * @src, @dst:    addresses
 * @flow_label:   20 bits
 * @payload_len:  bytes behind the fixed header
 * @traffic_class: DSCP and ECN
 * @next_header:  IPPROTO_*
 * @hop_limit:    hop limit
 */
struct nexus_wire_ipv6 {
	uint8_t		src[16];
	uint8_t		dst[16];
	uint32_t	flow_label;
	uint16_t	payload_len;
	uint8_t		traffic_class;
	uint8_t		next_header;
	uint8_t		hop_limit;
};

/**
 * nexus_wire_ipv6_parse - check and read the fixed header
 * @ip:   out
 * @data: first byte of the packet
 * @len:  bytes there; may be less than the packet's, but must hold the header
 */
int nexus_wire_ipv6_parse(struct nexus_wire_ipv6 *ip, const void *data,
			  size_t len);

/**
 * nexus_wire_ipv6_build - write the fixed header
 * @ip:   what
 * @buf:  room for @size bytes
 * @size: bytes
 */
int nexus_wire_ipv6_build(const struct nexus_wire_ipv6 *ip, void *buf,
			  size_t size);

/**
 * struct nexus_wire_ipv6_upper - where the extension headers end
 * @off:      of the upper-layer header from the packet's first byte
 * @protocol: IPPROTO_*
 * @is_fragment: a fragment header stood on the way, that says more than "whole"
 * @frag_off: of this fragment, bytes
 * @has_mf:   more fragments follow
 */
struct nexus_wire_ipv6_upper {
	uint16_t	off;
	uint8_t		protocol;
	bool		is_fragment;
	uint16_t	frag_off;
	bool		has_mf;
};

/**
 * nexus_wire_ipv6_find_upper - skip the extension headers (RFC 8200 section 4)
 * @upper: out
 * @data:  first byte of a packet that nexus_wire_ipv6_parse() accepted
 * @len:   bytes there
 *
 * Knows hop-by-hop, routing, fragment, destination options and AH (RFC 4302);
 * stops behind a fragment header that is not the first fragment's.
 *
 * Return: @upper->off, or -EMSGSIZE, -EBADMSG (hop-by-hop not first, more than
 * 16 headers).
 */
int nexus_wire_ipv6_find_upper(struct nexus_wire_ipv6_upper *upper,
			       const void *data, size_t len);

/* ------------------------------------------------------------------ UDP */

#define NEXUS_WIRE_UDP_LEN		8

/**
 * struct nexus_wire_udp - a UDP header
 * @src_port: host byte order
 * @dst_port: host byte order
 * @len:      header and payload, bytes
 * @checksum: as on the wire, network byte order; 0: none (IPv4 only)
 */
struct nexus_wire_udp {
	uint16_t	src_port;
	uint16_t	dst_port;
	uint16_t	len;
	uint16_t	checksum;
};

/**
 * nexus_wire_udp_parse - check and read a header
 * @udp:  out
 * @data: first byte of the header
 * @len:  bytes there; may be less than the datagram's (a quoted one)
 *
 * The checksum is not looked at: see nexus_wire_udp_verify().
 */
int nexus_wire_udp_parse(struct nexus_wire_udp *udp, const void *data,
			 size_t len);

/**
 * nexus_wire_udp_build - write a header
 * @udp:  what; @checksum is written as it is
 * @buf:  room for @size bytes
 * @size: bytes
 */
int nexus_wire_udp_build(const struct nexus_wire_udp *udp, void *buf,
			 size_t size);

/**
 * nexus_wire_udp_checksum - checksum of a datagram in one piece
 * @version: of IP, 4 or 6
 * @src:     4 or 16 bytes
 * @dst:     4 or 16 bytes
 * @data:    UDP header, its checksum field 0, and payload
 * @len:     bytes, 8 to 65,535
 *
 * Return: value for the checksum field, never 0: RFC 768 sends 0 as 0xffff.
 */
uint16_t nexus_wire_udp_checksum(unsigned int version, const void *src,
				 const void *dst, const void *data, size_t len);

/**
 * nexus_wire_udp_verify - is the checksum of a datagram in one piece right?
 * @version: of IP, 4 or 6
 * @src:     4 or 16 bytes
 * @dst:     4 or 16 bytes
 * @data:    UDP header and payload
 * @len:     bytes, 8 to 65,535
 *
 * Return: true if it is, or if it is 0 over IPv4.
 */
bool nexus_wire_udp_verify(unsigned int version, const void *src,
			   const void *dst, const void *data, size_t len);

/* ------------------------------------------------------------------ TCP */

#define NEXUS_WIRE_TCP_LEN		20
#define NEXUS_WIRE_TCP_LEN_MAX		60
#define NEXUS_WIRE_TCP_SACKS_MAX	4	/* RFC 2018 section 3 */
#define NEXUS_WIRE_TCP_COOKIE_MAX	16	/* RFC 7413 section 4.1.1 */
#define NEXUS_WIRE_TCP_WSCALE_MAX	14	/* RFC 7323 section 2.3 */

/* Flags, as in the header's 13th and 14th byte: RFC 9293 section 3.1; AE is of
 * RFC 9768 section 3.1. */
#define NEXUS_WIRE_TCP_FIN		0x001
#define NEXUS_WIRE_TCP_SYN		0x002
#define NEXUS_WIRE_TCP_RST		0x004
#define NEXUS_WIRE_TCP_PSH		0x008
#define NEXUS_WIRE_TCP_ACK		0x010
#define NEXUS_WIRE_TCP_URG		0x020
#define NEXUS_WIRE_TCP_ECE		0x040
#define NEXUS_WIRE_TCP_CWR		0x080
#define NEXUS_WIRE_TCP_AE		0x100
#define NEXUS_WIRE_TCP_FLAGS		0x1ff

/**
 * enum nexus_wire_tcp_has - which options a segment has
 * @NEXUS_WIRE_TCP_MSS:       RFC 9293 section 3.7.1; only with SYN
 * @NEXUS_WIRE_TCP_WSCALE:    RFC 7323 section 2; only with SYN
 * @NEXUS_WIRE_TCP_SACK_OK:   RFC 2018 section 2; only with SYN
 * @NEXUS_WIRE_TCP_SACK:      RFC 2018 section 3; never with SYN
 * @NEXUS_WIRE_TCP_TS:        RFC 7323 section 3
 * @NEXUS_WIRE_TCP_FAST_OPEN: RFC 7413 section 4.1.1; only with SYN
 * @NEXUS_WIRE_TCP_ACCECN:    RFC 9768 section 3.2.3, perhaps without a counter
 * @NEXUS_WIRE_TCP_EE0B:      with the ECT(0) byte counter
 * @NEXUS_WIRE_TCP_ECEB:      with the CE byte counter
 * @NEXUS_WIRE_TCP_EE1B:      with the ECT(1) byte counter
 */
enum nexus_wire_tcp_has {
	NEXUS_WIRE_TCP_MSS		= 1 << 0,
	NEXUS_WIRE_TCP_WSCALE		= 1 << 1,
	NEXUS_WIRE_TCP_SACK_OK		= 1 << 2,
	NEXUS_WIRE_TCP_SACK		= 1 << 3,
	NEXUS_WIRE_TCP_TS		= 1 << 4,
	NEXUS_WIRE_TCP_FAST_OPEN	= 1 << 5,
	NEXUS_WIRE_TCP_ACCECN		= 1 << 6,
	NEXUS_WIRE_TCP_EE0B		= 1 << 7,
	NEXUS_WIRE_TCP_ECEB		= 1 << 8,
	NEXUS_WIRE_TCP_EE1B		= 1 << 9,
};

/**
 * struct nexus_wire_tcp_sack - a block of data that has arrived
 * @left:  its first sequence number
 * @right: the one behind its last
 */
struct nexus_wire_tcp_sack {
	uint32_t	left;
	uint32_t	right;
};

/**
 * struct nexus_wire_tcp - a TCP header with its options
 * @src_port: never 0
 * @dst_port: never 0
 * @seq:      sequence number
 * @ack:      acknowledgment number; without meaning if ACK is not set
 * @flags:    NEXUS_WIRE_TCP_FIN and so on
 * @window:   as on the wire, not scaled
 * @checksum: as on the wire, network byte order
 * @urgent:   urgent pointer; without meaning if URG is not set
 * @has:      enum nexus_wire_tcp_has; fields of absent options are undefined
 * @mss:      largest segment that the sender of this one receives
 * @wscale:   shift count, 0 to 14
 * @nr_sacks: blocks in @sacks, 1 to 4 if there is a SACK option
 * @cookie_len: bytes in @cookie, 0 (a request) or 4 to 16
 * @ts_val:   timestamp
 * @ts_ecr:   echoed timestamp; without meaning if ACK is not set
 * @ee0b, @eceb, @ee1b: counters of bytes, modulo 2^24
 * @sacks:    blocks, in the order of the option
 * @cookie:   of Fast Open
 */
struct nexus_wire_tcp {
	uint16_t			src_port;
	uint16_t			dst_port;
	uint32_t			seq;
	uint32_t			ack;
	uint16_t			flags;
	uint16_t			window;
	uint16_t			checksum;
	uint16_t			urgent;
	uint16_t			has;
	uint16_t			mss;
	uint8_t				wscale;
	uint8_t				nr_sacks;
	uint8_t				cookie_len;
	uint8_t				reserved;
	uint32_t			ts_val;
	uint32_t			ts_ecr;
	uint32_t			ee0b;
	uint32_t			eceb;
	uint32_t			ee1b;
	struct nexus_wire_tcp_sack	sacks[NEXUS_WIRE_TCP_SACKS_MAX];
	uint8_t				cookie[NEXUS_WIRE_TCP_COOKIE_MAX];
};

/**
 * nexus_wire_tcp_parse - check and read a header and its options
 * @tcp:  out
 * @data: first byte of the header
 * @len:  bytes there; must hold the header with its options
 *
 * Illegal is: a port of 0, a data offset below 5, SYN together with FIN or RST,
 * an option that has no length or one past the header's end. Options that are
 * unknown, have a length that their RFC does not name, stand where they have no
 * meaning (see enum nexus_wire_tcp_has), or came before, are passed over. A
 * window scale above 14 is 14 (RFC 7323 section 2.3). The checksum is not looked
 * at: see nexus_wire_tcp_verify().
 */
int nexus_wire_tcp_parse(struct nexus_wire_tcp *tcp, const void *data,
			 size_t len);

/**
 * nexus_wire_tcp_parse_quoted - read what an ICMP error quotes of a header
 * @tcp:  out: ports and sequence number; all else is 0
 * @data: first byte of the header
 * @len:  bytes there, at least 8
 *
 * Return: 8, or -EMSGSIZE, or -EBADMSG for a port of 0.
 */
int nexus_wire_tcp_parse_quoted(struct nexus_wire_tcp *tcp, const void *data,
				size_t len);

/**
 * nexus_wire_tcp_len - bytes that nexus_wire_tcp_build() writes
 * @tcp: what; only @has, @nr_sacks and @cookie_len are looked at
 *
 * Return: 20 and the options, a multiple of 4; above NEXUS_WIRE_TCP_LEN_MAX if
 * that is too much for one header.
 */
size_t nexus_wire_tcp_len(const struct nexus_wire_tcp *tcp);

/**
 * nexus_wire_tcp_build - write a header with its options
 * @tcp:  what; @checksum is written as it is
 * @buf:  room for @size bytes
 * @size: bytes
 *
 * AccECN counters leave in the order EE0B, ECEB, EE1B, which cannot express ECEB
 * alone, or EE1B in front: with EE1B and without EE0B they leave in the order
 * EE1B, ECEB. -EINVAL also if the options take more than 40 bytes.
 */
int nexus_wire_tcp_build(const struct nexus_wire_tcp *tcp, void *buf,
			 size_t size);

/**
 * nexus_wire_tcp_checksum - checksum of a segment in one piece
 * @version: of IP, 4 or 6
 * @src:     4 or 16 bytes
 * @dst:     4 or 16 bytes
 * @data:    TCP header, its checksum field 0, and payload
 * @len:     bytes, 20 to 65,535
 *
 * Return: value for the checksum field.
 */
uint16_t nexus_wire_tcp_checksum(unsigned int version, const void *src,
				 const void *dst, const void *data, size_t len);

/**
 * nexus_wire_tcp_verify - is the checksum of a segment in one piece right?
 * @version: of IP, 4 or 6
 * @src:     4 or 16 bytes
 * @dst:     4 or 16 bytes
 * @data:    TCP header and payload
 * @len:     bytes, 20 to 65,535
 */
bool nexus_wire_tcp_verify(unsigned int version, const void *src,
			   const void *dst, const void *data, size_t len);

/* ------------------------------------------------------ ICMP and ICMPv6 */

#define NEXUS_WIRE_ICMP_LEN		8

/**
 * struct nexus_wire_icmp - an ICMP or ICMPv6 message without its body
 * @type:   of the message
 * @code:   of the message
 * @is_error: destination unreachable, source quench, redirect, time exceeded,
 *          parameter problem; packet too big: quotes a packet
 * @id:     of an echo message
 * @seq:    of an echo message
 * @mtu:    of "fragmentation needed" (RFC 1191) and "packet too big", bytes; 0
 *          if an old router left it out
 * @pointer: of a parameter problem
 * @gateway: of an ICMP redirect, bytes as on the wire
 * @checksum: as on the wire
 */
struct nexus_wire_icmp {
	uint8_t		type;
	uint8_t		code;
	bool		is_error;
	uint8_t		reserved;
	uint16_t	id;
	uint16_t	seq;
	uint32_t	mtu;
	uint32_t	pointer;
	uint8_t		gateway[4];
	uint16_t	checksum;
};

/**
 * nexus_wire_icmp_parse - check and read an ICMP message's first 8 bytes
 * @icmp: out
 * @data: first byte of the message
 * @len:  bytes of the whole message
 *
 * Knows echo and the errors; every other type is -EBADMSG. The checksum is not
 * looked at: fold nexus_wire_sum() over the message, it gives 0.
 */
int nexus_wire_icmp_parse(struct nexus_wire_icmp *icmp, const void *data,
			  size_t len);

/**
 * nexus_wire_icmp_build - write an ICMP message's first 8 bytes
 * @icmp: what; @checksum is written as it is
 * @buf:  room for @size bytes
 * @size: bytes
 */
int nexus_wire_icmp_build(const struct nexus_wire_icmp *icmp, void *buf,
			  size_t size);

/**
 * nexus_wire_icmpv6_parse - the same for ICMPv6
 * @icmp: out
 * @data: first byte of the message
 * @len:  bytes of the whole message
 *
 * The checksum is over nexus_wire_pseudo_sum() as well.
 */
int nexus_wire_icmpv6_parse(struct nexus_wire_icmp *icmp, const void *data,
			    size_t len);

/**
 * nexus_wire_icmpv6_build - the same for ICMPv6
 * @icmp: what
 * @buf:  room for @size bytes
 * @size: bytes
 */
int nexus_wire_icmpv6_build(const struct nexus_wire_icmp *icmp, void *buf,
			    size_t size);

/**
 * nexus_wire_icmp_errno - what an error means to the sender of the quoted packet
 * @version: of IP: 4 for ICMP, 6 for ICMPv6
 * @icmp:    the message
 *
 * The values that a Linux socket shows for the same message.
 *
 * Return: errno value, positive; 0 for what is no error to the sender (source
 * quench, redirect, echo).
 */
int nexus_wire_icmp_errno(unsigned int version,
			  const struct nexus_wire_icmp *icmp);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* _NEXUS_WIRE_H */
