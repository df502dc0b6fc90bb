// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * UDP datagrams to send: their headers, their source address, and their way
 * into TX.
 */
#include <string.h>

#include "../ip/addr.h"
#include "internal.h"

/* -------------------------------------------------------------- headers */

/*
 * IPv4 without DF may be fragmented on the way and then needs an identification
 * (RFC 6864). A datagram that fits the path MTU carries DF, so that the path
 * MTU is discovered (RFC 1191); what is longer may be fragmented.
 */
static inline uint32_t choose_id_frag(struct nexus_udp *udp, size_t total_len)
{
	uint32_t mtu = __atomic_load_n(&udp->advisory->mtu, __ATOMIC_RELAXED);

	if (total_len <= mtu || udp->flags & NEXUS_UDP_DONTFRAG)
		return htonl(NX_IPV4_DF);
	return htonl((uint32_t)udp->stack->ip_id++ << 16);
}

/* In front of the payload. The UDP checksum stays 0: it is the kernel's. */
static inline void write_headers(struct nexus_udp *udp,
				 struct nexus_packet *pkt,
				 const struct nx_path *path, size_t hdr_len)
{
	size_t udp_len = NEXUS_WIRE_UDP_LEN + pkt->total_len;
	uint16_t len = htons((uint16_t)udp_len);
	uint8_t *p = pkt->data - hdr_len;

	if (nx_likely(path->version == 4)) {
		size_t total_len = NEXUS_WIRE_IPV4_LEN + udp_len;

		nx_path_write_ipv4(path, p, total_len,
				   choose_id_frag(udp, total_len));
		memcpy(p + NEXUS_WIRE_IPV4_LEN + 4, &len, sizeof(len));
	} else {
		nx_path_write_ipv6(path, p, udp_len);
		memcpy(p + NEXUS_WIRE_IPV6_LEN + 4, &len, sizeof(len));
	}
	pkt->head = p;
}

/* A kernel without NEXUS_FEATURE_CSUM_TX. */
static __attribute__((noinline)) void
fill_checksum(struct nexus_packet *pkt, unsigned int version)
{
	const uint8_t *src = pkt->head + (version == 4 ? 12 : 8);
	const uint8_t *dst = pkt->head + (version == 4 ? 16 : 24);
	size_t l4_off = nx_path_l4_off(version);
	size_t len = NEXUS_WIRE_UDP_LEN + pkt->total_len;
	uint32_t sum = nexus_wire_pseudo_sum(version, src, dst, IPPROTO_UDP,
					     (uint32_t)len);
	uint16_t csum = nexus_wire_fold(nx_packet_sum(pkt, sum, l4_off));

	csum = csum ? csum : 0xffff;
	memcpy(pkt->head + l4_off + 6, &csum, sizeof(csum));
}

/* ------------------------------------------------------------- into TX */

static inline size_t headroom(const struct nexus_packet *pkt)
{
	return (size_t)(pkt->data - pkt->base);
}

static inline int transmit(struct nexus_udp *udp, struct nexus_packet *pkt,
			   const struct nx_path *path, size_t hdr_len)
{
	if (nx_unlikely(!nx_stack_tx_reserve(udp->stack, pkt->nr_parts)))
		return -EAGAIN;
	write_headers(udp, pkt, path, hdr_len);
	if (nx_unlikely(!(udp->tx_flags & NEXUS_DESC_CSUM)))
		fill_checksum(pkt, path->version);
	udp->stats.tx_datagrams++;
	udp->stats.tx_bytes += pkt->total_len;
	nx_stack_tx(udp->stack, pkt, udp->flow, udp->tx_flags,
		    udp->traffic_class);
	return 0;
}

static int copy_packet(struct nexus_stack *stack, const struct nexus_packet *pkt,
		       struct nexus_packet **copy)
{
	const struct nexus_packet *part;
	size_t off = 0;
	int err;

	err = nexus_packet_alloc(stack, pkt->total_len, copy);
	if (err)
		return err;
	for (part = pkt; part; part = part->next)
		off += nexus_packet_write(*copy, off, part->data, part->len);
	return 0;
}

/* Not the only owner, or no room for headers in front: send a copy. */
static __attribute__((noinline)) int
transmit_copy(struct nexus_udp *udp, struct nexus_packet *pkt,
	      const struct nx_path *path, size_t hdr_len)
{
	struct nexus_packet *copy;
	int err;

	err = copy_packet(udp->stack, pkt, &copy);
	if (err)
		return err;
	err = transmit(udp, copy, path, hdr_len);
	nexus_packet_put(udp->stack, err ? copy : pkt);
	return err;
}

/* DONTFRAG and a known path MTU: what is longer cannot leave. */
static bool is_too_long(const struct nexus_udp *udp, size_t total_len)
{
	uint32_t mtu = nexus_udp_mtu(udp);

	return udp->flags & NEXUS_UDP_DONTFRAG && mtu && total_len > mtu;
}

static inline int send_on(struct nexus_udp *udp, struct nexus_packet *pkt,
			  const struct nx_path *path)
{
	size_t hdr_len = nx_path_l4_off(path->version) + NEXUS_WIRE_UDP_LEN;
	size_t total_len = hdr_len + pkt->total_len;

	if (nx_unlikely(total_len > NEXUS_PACKET_MAX ||
			udp->flags & NEXUS_UDP_DONTFRAG) &&
	    (total_len > NEXUS_PACKET_MAX || is_too_long(udp, total_len)))
		return -EMSGSIZE;
	if (nx_unlikely(!nx_packet_is_exclusive(pkt) ||
			headroom(pkt) < hdr_len))
		return transmit_copy(udp, pkt, path, hdr_len);
	return transmit(udp, pkt, path, hdr_len);
}

/* ----------------------------------------------------------------- paths */

static unsigned int version_of(const struct nexus_addr *addr)
{
	return addr->family == AF_INET ? 4 : 6;
}

/* Makes the endpoint's path lead from @src to @to. */
static void make_path(struct nexus_udp *udp, const uint8_t src[16],
		      const struct nexus_addr *to, uint64_t until_ns)
{
	unsigned int version = version_of(to);
	const struct nx_udp_hops *h = &udp->hops[version == 6];
	struct nx_hops hops = { .hops = h->unicast, .tos = h->tos };
	uint16_t ports[2] = { udp->local_port, to->port };

	if (nx_ip_is_multicast(version, to->ip))
		hops.hops = h->multicast;
	nx_path_init(&udp->path, version, src, to->ip, IPPROTO_UDP, hops);
	memcpy(udp->path.hdr + nx_path_l4_off(version), ports, sizeof(ports));
	udp->path_to = *to;
	udp->path_until_ns = until_ns;
}

void nx_udp_init_path(struct nexus_udp *udp)
{
	make_path(udp, udp->local.ip, &udp->remote, UINT64_MAX);
}

static int check_destination(const struct nexus_udp *udp,
			     const struct nexus_addr *to)
{
	if (to->family != AF_INET && to->family != AF_INET6)
		return -EAFNOSUPPORT;
	if (to->family == AF_INET ? !udp->has_ipv4 : !udp->has_ipv6)
		return -EAFNOSUPPORT;
	if (!to->port || nx_addr_is_any(to))
		return -EINVAL;
	return 0;
}

/* A path to @to from the address that the endpoint has, or the kernel names. */
static __attribute__((noinline)) int find_path(struct nexus_udp *udp,
					       const struct nexus_addr *to)
{
	struct nexus_stack *stack = udp->stack;
	uint64_t now_ns;
	uint8_t src[16];
	int err;

	err = check_destination(udp, to);
	if (err)
		return err;
	if (!udp->is_wildcard) {
		make_path(udp, udp->local.ip, to, UINT64_MAX);
		return 0;
	}
	now_ns = nx_stack_coarse_ns(stack);
	err = nx_source_find(&stack->source, to, udp->ifindex, udp->fd, now_ns,
			     src);
	if (!err)
		make_path(udp, src, to, now_ns + NX_SOURCE_LIFE_NS);
	return err;
}

static inline bool is_on_path(const struct nexus_udp *udp,
			      const struct nexus_addr *to)
{
	if (nx_unlikely(to->scope_id != udp->path_to.scope_id ||
			!nx_addr_is_same(to, &udp->path_to)))
		return false;
	return !udp->is_wildcard ||
	       udp->path_until_ns > nx_stack_coarse_ns(udp->stack);
}

/* ------------------------------------------------------------ to an address */

static __attribute__((noinline)) int
check_connected(const struct nexus_udp *udp, const struct nexus_addr *to)
{
	return nx_addr_is_same(to, &udp->remote) ? 0 : -EISCONN;
}

int nexus_udp_send(struct nexus_udp *udp, struct nexus_packet *pkt,
		   const struct nexus_addr *to)
{
	int err = nx_stack_check(udp->stack);

	if (nx_unlikely(err))
		return err;
	if (udp->is_connected) {
		if (nx_unlikely(to))
			err = check_connected(udp, to);
	} else if (nx_unlikely(!to)) {
		err = -EDESTADDRREQ;
	} else if (!is_on_path(udp, to)) {
		err = find_path(udp, to);
	}
	if (nx_unlikely(err))
		return err;
	return send_on(udp, pkt, &udp->path);
}

/* ------------------------------------------------------------- an answer */

/* From the address that the question came to, if one can send from it. */
static __attribute__((noinline)) int
find_path_back(struct nexus_udp *udp, const struct nexus_packet *request)
{
	struct nexus_addr to, local;

	nexus_udp_source(request, &to);
	if (!to.port)
		return -EDESTADDRREQ;	/* RFC 768: no answer is wanted */
	nexus_udp_destination(request, &local);
	if (!udp->is_wildcard ||
	    !nx_source_is_local(&udp->stack->source, &local))
		return find_path(udp, &to);
	/* nexus_udp_send() must ask: the kernel might choose another source. */
	make_path(udp, local.ip, &to, 0);
	return 0;
}

static inline bool is_path_back(const struct nexus_udp *udp,
				const struct nexus_packet *request)
{
	unsigned int version = request->info.ip_version;
	const uint8_t *hdr = udp->path.hdr + nx_path_l4_off(version);
	uint32_t path_ports, ports;

	memcpy(&path_ports, hdr, sizeof(path_ports));
	memcpy(&ports, request->head + request->info.l4_off, sizeof(ports));
	return version == udp->path.version &&
	       path_ports == (ports << 16 | ports >> 16) &&
	       nx_path_is_back(&udp->path, request->head, version);
}

int nexus_udp_reply(struct nexus_udp *udp, struct nexus_packet *pkt,
		    const struct nexus_packet *request)
{
	int err = nx_stack_check(udp->stack);

	if (nx_unlikely(err))
		return err;
	if (nx_unlikely(!is_path_back(udp, request)) && !udp->is_connected)
		err = find_path_back(udp, request);
	if (nx_unlikely(err))
		return err;
	return send_on(udp, pkt, &udp->path);
}

/* -------------------------------------------------------------- copying */

ssize_t nexus_udp_sendto(struct nexus_udp *udp, const void *buf, size_t len,
			 const struct nexus_addr *to)
{
	struct nexus_packet *pkt;
	int err;

	if (nx_unlikely(len > NEXUS_UDP_PAYLOAD_MAX))
		return -EMSGSIZE;
	err = nexus_packet_alloc(udp->stack, len, &pkt);
	if (nx_unlikely(err))
		return err;
	if (nx_likely(!pkt->next))
		memcpy(pkt->data, buf, len);
	else
		nexus_packet_write(pkt, 0, buf, len);
	err = nexus_udp_send(udp, pkt, to);
	if (nx_unlikely(err)) {
		nexus_packet_put(udp->stack, pkt);
		return err;
	}
	return (ssize_t)len;
}
