// SPDX-License-Identifier: GPL-2.0
/* UDP packets by hand: built, and checked byte by byte as an enemy would. */
#include <arpa/inet.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <string.h>

#include "packet.h"
#include "util.h"

size_t nx_addr_len(int family)
{
	return family == AF_INET ? 4 : 16;
}

size_t nx_udp_headers(int family)
{
	return family == AF_INET ? NX_UDP4_HEADERS : NX_UDP6_HEADERS;
}

struct nx_tuple nx_tuple(const char *src, __u16 sport,
			 const char *dst, __u16 dport)
{
	struct nx_tuple tuple = {
		.family = strchr(src, ':') ? AF_INET6 : AF_INET,
		.sport = htons(sport),
		.dport = htons(dport),
	};

	if (inet_pton(tuple.family, src, tuple.src) != 1 ||
	    inet_pton(tuple.family, dst, tuple.dst) != 1)
		nx_die("%s, %s: no addresses", src, dst);
	return tuple;
}

struct nx_tuple nx_tuple_back(const struct nx_tuple *tuple)
{
	struct nx_tuple back = {
		.family = tuple->family,
		.sport = tuple->dport,
		.dport = tuple->sport,
	};

	memcpy(back.src, tuple->dst, sizeof(back.src));
	memcpy(back.dst, tuple->src, sizeof(back.dst));
	return back;
}

int nx_tuple_equal(const struct nx_tuple *a, const struct nx_tuple *b)
{
	size_t len = nx_addr_len(a->family);

	return a->family == b->family && !memcmp(a->src, b->src, len) &&
	       !memcmp(a->dst, b->dst, len) && a->sport == b->sport &&
	       a->dport == b->dport;
}

const char *nx_tuple_text(const struct nx_tuple *tuple)
{
	static char text[2 * INET6_ADDRSTRLEN + 32];
	char src[INET6_ADDRSTRLEN], dst[INET6_ADDRSTRLEN];

	inet_ntop(tuple->family, tuple->src, src, sizeof(src));
	inet_ntop(tuple->family, tuple->dst, dst, sizeof(dst));
	snprintf(text, sizeof(text), "%s:%u > %s:%u", src, ntohs(tuple->sport),
		 dst, ntohs(tuple->dport));
	return text;
}

static __u32 sum_bytes(const void *bytes, size_t len, __u32 sum)
{
	const __u8 *p = bytes;

	for (size_t i = 0; i + 1 < len; i += 2)
		sum += p[i] << 8 | p[i + 1];
	if (len & 1)
		sum += p[len - 1] << 8;
	return (sum & 0xffff) + (sum >> 16);
}

/* RFC 1071; the result is in network byte order. */
__u16 nx_csum(const void *bytes, size_t len, __u32 sum)
{
	sum = sum_bytes(bytes, len, sum);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return htons(~sum & 0xffff);
}

__u32 nx_pseudo_sum(const struct nx_tuple *tuple, __u8 protocol, __u32 len)
{
	__u32 sum = sum_bytes(tuple->src, nx_addr_len(tuple->family), 0);

	sum = sum_bytes(tuple->dst, nx_addr_len(tuple->family), sum);
	return sum + protocol + (len >> 16) + (len & 0xffff);
}

static void build_ip4(struct iphdr *ip, const struct nx_tuple *tuple,
		      size_t len)
{
	*ip = (struct iphdr){
		.version = 4,
		.ihl = 5,
		.tot_len = htons(len),
		.ttl = 64,
		.protocol = IPPROTO_UDP,
	};
	memcpy(&ip->saddr, tuple->src, 4);
	memcpy(&ip->daddr, tuple->dst, 4);
}

static void build_ip6(struct ip6_hdr *ip, const struct nx_tuple *tuple,
		      size_t len)
{
	memset(ip, 0, sizeof(*ip));
	ip->ip6_flow = htonl(6 << 28);
	ip->ip6_plen = htons(len - sizeof(*ip));
	ip->ip6_nxt = IPPROTO_UDP;
	ip->ip6_hlim = 64;
	memcpy(&ip->ip6_src, tuple->src, 16);
	memcpy(&ip->ip6_dst, tuple->dst, 16);
}

size_t nx_udp_build(void *packet, const struct nx_tuple *tuple,
		    const void *payload, size_t len)
{
	size_t headers = nx_udp_headers(tuple->family);
	struct udphdr *udp = (void *)((char *)packet + headers - sizeof(*udp));

	if (tuple->family == AF_INET)
		build_ip4(packet, tuple, headers + len);
	else
		build_ip6(packet, tuple, headers + len);
	udp->source = tuple->sport;
	udp->dest = tuple->dport;
	udp->len = htons(sizeof(*udp) + len);
	udp->check = 0;
	memcpy(udp + 1, payload, len);
	nx_udp_sum(packet);
	return headers + len;
}

static void tuple_read(const void *packet, struct nx_tuple *tuple)
{
	const struct iphdr *ip4 = packet;
	const struct ip6_hdr *ip6 = packet;
	const struct udphdr *udp;

	memset(tuple, 0, sizeof(*tuple));
	tuple->family = ip4->version == 4 ? AF_INET : AF_INET6;
	if (tuple->family == AF_INET) {
		memcpy(tuple->src, &ip4->saddr, 4);
		memcpy(tuple->dst, &ip4->daddr, 4);
	} else {
		memcpy(tuple->src, &ip6->ip6_src, 16);
		memcpy(tuple->dst, &ip6->ip6_dst, 16);
	}
	udp = (const void *)((const char *)packet +
			     nx_udp_headers(tuple->family) - sizeof(*udp));
	tuple->sport = udp->source;
	tuple->dport = udp->dest;
}

void nx_udp_sum(void *packet)
{
	struct iphdr *ip = packet;
	struct nx_tuple tuple;
	struct udphdr *udp;
	size_t len;

	tuple_read(packet, &tuple);
	udp = (void *)((char *)packet + nx_udp_headers(tuple.family) -
		       sizeof(*udp));
	len = ntohs(udp->len);
	if (tuple.family == AF_INET) {
		ip->check = 0;
		ip->check = nx_csum(ip, sizeof(*ip), 0);
	}
	udp->check = 0;
	udp->check = nx_csum(udp, len, nx_pseudo_sum(&tuple, IPPROTO_UDP, len));
	if (!udp->check)
		udp->check = 0xffff;
}

static const char *parse_ip4(const struct iphdr *ip, size_t size,
			     struct nx_udp *udp)
{
	if (ip->ihl != 5)
		return "IP options";
	if (ntohs(ip->tot_len) != size)
		return "IP total length";
	if (nx_csum(ip, sizeof(*ip), 0))
		return "IP header checksum";
	if (ip->frag_off & htons(IP_MF | IP_OFFMASK))
		return "a fragment";
	if (ip->protocol != IPPROTO_UDP)
		return "IP protocol";
	udp->ttl = ip->ttl;
	udp->tos = ip->tos;
	return NULL;
}

static const char *parse_ip6(const struct ip6_hdr *ip, size_t size,
			     struct nx_udp *udp)
{
	if (ntohs(ip->ip6_plen) + sizeof(*ip) != size)
		return "IPv6 payload length";
	if (ip->ip6_nxt != IPPROTO_UDP)
		return "IPv6 next header";
	udp->ttl = ip->ip6_hlim;
	udp->tos = ntohl(ip->ip6_flow) >> 20;
	return NULL;
}

static const char *parse_udp(const struct udphdr *header, size_t size,
			     bool is_summed, struct nx_udp *udp)
{
	if (ntohs(header->len) != size)
		return "UDP length";
	if (!header->check && udp->tuple.family == AF_INET6)
		return "no UDP checksum over IPv6";
	if (is_summed && header->check &&
	    nx_csum(header, size,
		    nx_pseudo_sum(&udp->tuple, IPPROTO_UDP, size)))
		return "UDP checksum";
	udp->payload = (const char *)(header + 1);
	udp->len = size - sizeof(*header);
	return NULL;
}

const char *nx_udp_parse(const void *packet, size_t size, bool is_summed,
			 struct nx_udp *udp)
{
	const struct iphdr *ip = packet;
	const char *wrong;
	size_t l4_off;

	if (size < 1 || (ip->version != 4 && ip->version != 6))
		return "IP version";
	if (size < nx_udp_headers(ip->version == 4 ? AF_INET : AF_INET6))
		return "length";
	wrong = ip->version == 4 ? parse_ip4(packet, size, udp) :
				   parse_ip6(packet, size, udp);
	if (wrong)
		return wrong;
	tuple_read(packet, &udp->tuple);
	l4_off = nx_udp_headers(udp->tuple.family) - sizeof(struct udphdr);
	return parse_udp((const void *)((const char *)packet + l4_off),
			 size - l4_off, is_summed, udp);
}

socklen_t nx_sockaddr(struct sockaddr_storage *addr, const char *text,
		      __u16 port)
{
	struct sockaddr_in6 *in6 = (void *)addr;
	struct sockaddr_in *in = (void *)addr;

	memset(addr, 0, sizeof(*addr));
	if (inet_pton(AF_INET, text, &in->sin_addr) == 1) {
		in->sin_family = AF_INET;
		in->sin_port = htons(port);
		return sizeof(*in);
	}
	if (inet_pton(AF_INET6, text, &in6->sin6_addr) != 1)
		nx_die("%s: no address", text);
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(port);
	return sizeof(*in6);
}
