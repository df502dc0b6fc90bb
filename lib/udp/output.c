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

	if (total_len <= mtu || nx_unlikely(udp->flags & NEXUS_UDP_DONTFRAG))
		return htonl(NX_IPV4_DF);
	return htonl((uint32_t)udp->stack->ip_id++ << 16);
}

/* In front of the payload. The UDP checksum stays 0: it is the kernel's. */
static inline void write_ipv4(struct nexus_udp *udp, struct nexus_packet *pkt)
{
	size_t udp_len = NEXUS_WIRE_UDP_LEN + pkt->total_len;
	size_t total_len = NEXUS_WIRE_IPV4_LEN + udp_len;
	uint8_t *p = pkt->data - NEXUS_WIRE_IPV4_LEN - NEXUS_WIRE_UDP_LEN;
	uint16_t len = htons((uint16_t)udp_len);

	nx_path_write_ipv4(&udp->path, p, total_len,
			   choose_id_frag(udp, total_len));
	memcpy(p + NEXUS_WIRE_IPV4_LEN + 4, &len, sizeof(len));
	pkt->head = p;
}

static inline void write_ipv6(struct nexus_udp *udp, struct nexus_packet *pkt)
{
	size_t udp_len = NEXUS_WIRE_UDP_LEN + pkt->total_len;
	uint8_t *p = pkt->data - NEXUS_WIRE_IPV6_LEN - NEXUS_WIRE_UDP_LEN;
	uint16_t len = htons((uint16_t)udp_len);

	nx_path_write_ipv6(&udp->path, p, udp_len);
	memcpy(p + NEXUS_WIRE_IPV6_LEN + 4, &len, sizeof(len));
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

static inline size_t headers_len(const struct nexus_udp *udp)
{
	return nx_path_l4_off(udp->path.version) + NEXUS_WIRE_UDP_LEN;
}

/* Into the descriptor that was filled last. */
static void fill_wish(struct nexus_udp *udp)
{
	struct nexus_desc *d = nexus_tx_slot(udp->stack->queue, 0);

	d->flags |= udp->wish->flags;
	d->cookie = udp->wish->cookie;
	if (udp->wish->flags & NEXUS_DESC_DEADLINE)
		d->time_ns = udp->wish->deadline_ns;
}

static int transmit(struct nexus_udp *udp, struct nexus_packet *pkt)
{
	uint32_t nr = pkt->info.nr_parts, flags = udp->tx_flags;

	if (!nx_stack_tx_reserve(udp->stack, nr))
		return -EAGAIN;
	if (udp->path.version == 4)
		write_ipv4(udp, pkt);
	else
		write_ipv6(udp, pkt);
	if (!(udp->tx_flags & NEXUS_DESC_CSUM))
		fill_checksum(pkt, udp->path.version);
	if (nr > 1)
		flags |= NEXUS_DESC_MORE;
	nx_stack_tx_fill(udp->stack, pkt, udp->flow, flags, udp->traffic_class);
	if (udp->wish)
		fill_wish(udp);
	nx_stack_tx_parts(udp->stack, pkt, udp->flow);
	udp->stats.tx_datagrams++;
	udp->stats.tx_bytes += pkt->total_len;
	nx_stack_tx_submit(udp->stack, pkt, nr);
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

/* Not the only owner, or no room for headers in front. */
static int transmit_copy(struct nexus_udp *udp, struct nexus_packet *pkt)
{
	struct nexus_packet *copy;
	int err;

	err = copy_packet(udp->stack, pkt, &copy);
	if (err)
		return err;
	err = transmit(udp, copy);
	nexus_packet_put(udp->stack, err ? copy : pkt);
	return err;
}

/* DONTFRAG and a known path MTU: what is longer cannot leave. */
static bool is_too_long(const struct nexus_udp *udp, size_t total_len)
{
	uint32_t mtu = nexus_udp_mtu(udp);

	if (total_len > NEXUS_PACKET_MAX)
		return true;
	return udp->flags & NEXUS_UDP_DONTFRAG && mtu && total_len > mtu;
}

static __attribute__((noinline)) int send_slowly(struct nexus_udp *udp,
						 struct nexus_packet *pkt)
{
	size_t hdr_len = headers_len(udp);

	if (nx_packet_is_stale(pkt))
		return -ENETRESET;
	if (udp->sink.flow == NEXUS_FLOW_NONE)
		return -ENXIO;
	if (nx_udp_is_suspended(udp)) {
		udp->is_held = true;
		return -EAGAIN;
	}
	if (is_too_long(udp, hdr_len + pkt->total_len))
		return -EMSGSIZE;
	if (!nx_packet_is_exclusive(pkt) || headroom(pkt) < hdr_len)
		return transmit_copy(udp, pkt);
	return transmit(udp, pkt);
}

/*
 * One part, owned alone, with room in front and in TX: nothing is called, and
 * nothing can fail.
 */
static inline __attribute__((always_inline)) int
send_on_path(struct nexus_udp *udp, struct nexus_packet *pkt)
{
	struct nexus_stack *stack = udp->stack;

	if (nx_unlikely(pkt->total_len >= udp->fast_len || pkt->next ||
			!nx_packet_is_exclusive(pkt) ||
			headroom(pkt) < headers_len(udp) ||
			nx_udp_is_suspended(udp) ||
			!nx_stack_has_slot(stack)))
		return send_slowly(udp, pkt);
	if (nx_likely(udp->path.version == 4))
		write_ipv4(udp, pkt);
	else
		write_ipv6(udp, pkt);
	udp->stats.tx_datagrams++;
	udp->stats.tx_bytes += pkt->total_len;
	nx_stack_tx_fill(stack, pkt, udp->flow, NEXUS_DESC_CSUM,
			 udp->traffic_class);
	nx_stack_tx_submit(stack, pkt, 1);
	return 0;
}

/* It may have been suspended again: then there will be another event. */
void nx_udp_resume(struct nexus_udp *udp)
{
	if (!udp->is_held || nx_udp_is_suspended(udp))
		return;
	udp->is_held = false;
	if (udp->writable)
		udp->writable(udp, udp->arg);
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
	udp->fast_len = 0;
	if (udp->tx_flags & NEXUS_DESC_CSUM &&
	    !(udp->flags & NEXUS_UDP_DONTFRAG) &&
	    udp->sink.flow != NEXUS_FLOW_NONE)
		udp->fast_len = NEXUS_PACKET_MAX + 1 -
				(uint32_t)headers_len(udp);
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

static bool is_on_path(const struct nexus_udp *udp, const struct nexus_addr *to)
{
	return nx_addr_is_identical(to, &udp->path_to) &&
	       (!udp->is_wildcard ||
		udp->path_until_ns > nx_stack_coarse_ns(udp->stack));
}

/* ------------------------------------------------------------ to an address */

static int choose_path(struct nexus_udp *udp, const struct nexus_addr *to)
{
	if (!to)
		return -EDESTADDRREQ;
	if (udp->is_connected)
		return nx_addr_is_same(to, &udp->remote) ? 0 : -EISCONN;
	return is_on_path(udp, to) ? 0 : find_path(udp, to);
}

static __attribute__((noinline)) int send_to(struct nexus_udp *udp,
					     struct nexus_packet *pkt,
					     const struct nexus_addr *to)
{
	int err = choose_path(udp, to);

	return err ? err : send_on_path(udp, pkt);
}

int nexus_udp_send(struct nexus_udp *udp, struct nexus_packet *pkt,
		   const struct nexus_addr *to)
{
	int err = nx_stack_enter(udp->stack);

	if (nx_unlikely(err))
		return err;
	if (to || !udp->is_connected)
		return send_to(udp, pkt, to);
	return send_on_path(udp, pkt);
}

static int check_wish(const struct nexus_udp *udp,
		      const struct nexus_udp_wish *wish)
{
	const uint32_t known = NEXUS_DESC_NOTIFY | NEXUS_DESC_DEADLINE |
			       NEXUS_DESC_LATE;

	if (wish->flags & ~known || wish->reserved)
		return -EINVAL;
	if (!(wish->flags & NEXUS_DESC_DEADLINE) &&
	    (wish->flags & NEXUS_DESC_LATE || !wish->flags))
		return -EINVAL;
	return udp->stack->channel->features & NEXUS_FEATURE_NOTIFY ?
	       0 : -EOPNOTSUPP;
}

int nexus_udp_send_with(struct nexus_udp *udp, struct nexus_packet *pkt,
			const struct nexus_addr *to,
			const struct nexus_udp_wish *wish)
{
	int err = nx_stack_enter(udp->stack);

	if (!err)
		err = check_wish(udp, wish);
	if (!err && (to || !udp->is_connected))
		err = choose_path(udp, to);
	if (err)
		return err;
	udp->wish = wish;
	err = send_slowly(udp, pkt);
	udp->wish = NULL;
	return err;
}

/* ------------------------------------------------------------- an answer */

/* From the address that the question came to, if one can send from it. */
static int find_path_back(struct nexus_udp *udp,
			  const struct nexus_packet *request)
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

static __attribute__((noinline)) int
reply_elsewhere(struct nexus_udp *udp, struct nexus_packet *pkt,
		const struct nexus_packet *request)
{
	int err = udp->is_connected ? 0 : find_path_back(udp, request);

	return err ? err : send_slowly(udp, pkt);
}

int nexus_udp_reply(struct nexus_udp *udp, struct nexus_packet *pkt,
		    const struct nexus_packet *request)
{
	int err = nx_stack_enter(udp->stack);

	if (nx_unlikely(err))
		return err;
	if (nx_unlikely(!is_path_back(udp, request)))
		return reply_elsewhere(udp, pkt, request);
	return send_on_path(udp, pkt);
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
