// SPDX-License-Identifier: GPL-2.0
/*
 * Ethernet frames with a UDP datagram, for the back ends that see a device
 * rather than a socket.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <net/ethernet.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/udp.h>
#include <string.h>

#include "perf.h"

in_port_t perf_addr_port(const union perf_addr *addr)
{
	return addr->sa.sa_family == AF_INET6 ? addr->in6.sin6_port :
						addr->in.sin_port;
}

socklen_t perf_addr_len(const union perf_addr *addr)
{
	return addr->sa.sa_family == AF_INET6 ? sizeof(addr->in6) :
						sizeof(addr->in);
}

static uint32_t sum_add(uint32_t sum, const void *data, size_t len)
{
	const uint8_t *byte = data;
	size_t i;

	for (i = 0; i + 1 < len; i += 2)
		sum += byte[i] << 8 | byte[i + 1];
	if (len & 1)
		sum += byte[len - 1] << 8;
	return sum;
}

static uint16_t sum_fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons(~sum & 0xffff);
}

size_t perf_frame_overhead(int family)
{
	return sizeof(struct ether_header) + sizeof(struct udphdr) +
	       (family == AF_INET6 ? sizeof(struct ip6_hdr) : sizeof(struct ip));
}

static void *build_ip4(void *at, const struct perf_place *from,
		       const struct perf_place *to, size_t len)
{
	struct ip ip = {
		.ip_v = 4,
		.ip_hl = sizeof(ip) / 4,
		.ip_len = htons(sizeof(ip) + len),
		.ip_off = htons(IP_DF),
		.ip_ttl = 64,
		.ip_p = IPPROTO_UDP,
		.ip_src = from->addr.in.sin_addr,
		.ip_dst = to->addr.in.sin_addr,
	};

	ip.ip_sum = sum_fold(sum_add(0, &ip, sizeof(ip)));
	memcpy(at, &ip, sizeof(ip));
	return (char *)at + sizeof(ip);
}

static void *build_ip6(void *at, const struct perf_place *from,
		       const struct perf_place *to, size_t len)
{
	struct ip6_hdr ip = {
		.ip6_flow = htonl(6U << 28),
		.ip6_plen = htons(len),
		.ip6_nxt = IPPROTO_UDP,
		.ip6_hlim = 64,
		.ip6_src = from->addr.in6.sin6_addr,
		.ip6_dst = to->addr.in6.sin6_addr,
	};

	memcpy(at, &ip, sizeof(ip));
	return (char *)at + sizeof(ip);
}

static uint32_t pseudo_sum(const struct perf_place *from,
			   const struct perf_place *to, size_t len)
{
	uint32_t sum = IPPROTO_UDP + len;

	if (from->addr.sa.sa_family == AF_INET6) {
		sum = sum_add(sum, &from->addr.in6.sin6_addr, 16);
		return sum_add(sum, &to->addr.in6.sin6_addr, 16);
	}
	sum = sum_add(sum, &from->addr.in.sin_addr, 4);
	return sum_add(sum, &to->addr.in.sin_addr, 4);
}

/* Returns the frame's length. */
int perf_frame_build(void *frame, size_t max, const struct perf_place *from,
		     const struct perf_place *to, size_t payload)
{
	bool is_v6 = from->addr.sa.sa_family == AF_INET6;
	size_t udp_len = sizeof(struct udphdr) + payload;
	size_t len = perf_frame_overhead(from->addr.sa.sa_family) + payload;
	struct ether_header eth = {
		.ether_type = htons(is_v6 ? ETHERTYPE_IPV6 : ETHERTYPE_IP),
	};
	struct udphdr udp = {
		.source = perf_addr_port(&from->addr),
		.dest = perf_addr_port(&to->addr),
		.len = htons(udp_len),
	};
	char *at = frame;
	char *body;

	if (len > max) {
		perf_error("%zu bytes do not fit in one frame", payload);
		return -EMSGSIZE;
	}
	memcpy(eth.ether_shost, from->mac, sizeof(eth.ether_shost));
	memcpy(eth.ether_dhost, to->mac, sizeof(eth.ether_dhost));
	memcpy(at, &eth, sizeof(eth));
	at += sizeof(eth);
	at = is_v6 ? build_ip6(at, from, to, udp_len) :
		     build_ip4(at, from, to, udp_len);
	body = at + sizeof(udp);
	memset(body, 'n', payload);
	udp.check = sum_fold(sum_add(sum_add(pseudo_sum(from, to, udp_len),
					     &udp, sizeof(udp)),
				     body, payload));
	if (!udp.check)
		udp.check = 0xffff;
	memcpy(at, &udp, sizeof(udp));
	return len;
}

/*
 * Payload bytes of a UDP datagram for @port, with its 8 bytes of header so
 * that an empty one counts; 0 if the frame is anything else.
 */
size_t perf_frame_payload(const void *frame, size_t len, in_port_t port)
{
	const struct ether_header *eth = frame;
	const uint8_t *ip = (const uint8_t *)(eth + 1);
	const struct udphdr *udp;
	size_t ip_len;

	if (len < perf_frame_overhead(AF_INET))
		return 0;
	if (eth->ether_type == htons(ETHERTYPE_IP)) {
		ip_len = (ip[0] & 15) * 4;
		if (ip[9] != IPPROTO_UDP)
			return 0;
	} else if (eth->ether_type == htons(ETHERTYPE_IPV6)) {
		ip_len = sizeof(struct ip6_hdr);
		if (ip[6] != IPPROTO_UDP)
			return 0;
	} else {
		return 0;
	}
	if (len < sizeof(*eth) + ip_len + sizeof(*udp))
		return 0;
	udp = (const struct udphdr *)(ip + ip_len);
	return udp->dest == port ? ntohs(udp->len) : 0;
}

static void swap(void *a, void *b, size_t len)
{
	uint8_t tmp[16];

	memcpy(tmp, a, len);
	memcpy(a, b, len);
	memcpy(b, tmp, len);
}

/* Sends it back where it came from; no checksum changes by swapping. */
void perf_frame_turn(void *frame)
{
	struct ether_header *eth = frame;
	uint8_t *ip = (uint8_t *)(eth + 1);
	bool is_v6 = eth->ether_type == htons(ETHERTYPE_IPV6);
	uint8_t *udp = ip + (is_v6 ? sizeof(struct ip6_hdr) : (ip[0] & 15) * 4);

	swap(eth->ether_shost, eth->ether_dhost, sizeof(eth->ether_shost));
	if (is_v6)
		swap(ip + 8, ip + 24, 16);
	else
		swap(ip + 12, ip + 16, 4);
	swap(udp, udp + 2, 2);
}
