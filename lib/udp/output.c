// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * UDP datagrams to send: their headers, their source address, and their way
 * into TX.
 */
#include <arpa/inet.h>
#include <string.h>

#include "../ip/addr.h"
#include "../ip/header.h"
#include "internal.h"

/* -------------------------------------------------------------- headers */

/*
 * IPv4 without DF may be fragmented on the way and then needs an identification
 * (RFC 6864). A datagram that fits the path MTU carries DF, so that the path
 * MTU is discovered (RFC 1191); what is longer may be fragmented.
 */
static void write_ipv4(struct nexus_udp *udp, uint8_t *p,
		       const struct nx_ip_path *path, size_t total_len)
{
	uint32_t mtu = __atomic_load_n(&udp->advisory->mtu, __ATOMIC_RELAXED);

	if (total_len <= mtu || udp->flags & NEXUS_UDP_DONTFRAG)
		nx_ipv4_write(p, path, IPPROTO_UDP, total_len, 0, NX_IPV4_DF);
	else
		nx_ipv4_write(p, path, IPPROTO_UDP, total_len,
			      udp->stack->ip_id++, 0);
}

/* RFC 768. The checksum is the kernel's to fill in. */
static inline void write_udp(uint8_t *p, uint16_t src_port, uint16_t dst_port,
			     size_t len)
{
	uint16_t h[4] = { src_port, dst_port, htons((uint16_t)len), 0 };

	memcpy(p, h, sizeof(h));
}

/* A kernel without NEXUS_FEATURE_CSUM_TX. */
static void fill_checksum(struct nexus_packet *pkt,
			  const struct nx_ip_path *path, size_t l4_off)
{
	size_t len = NEXUS_WIRE_UDP_LEN + pkt->total_len;
	uint32_t sum = nexus_wire_pseudo_sum(path->version, path->src,
					     path->dst, IPPROTO_UDP,
					     (uint32_t)len);
	uint16_t csum = nexus_wire_fold(nx_packet_sum(pkt, sum, l4_off));

	csum = csum ? csum : 0xffff;
	memcpy(pkt->head + l4_off + 6, &csum, sizeof(csum));
}

/* ------------------------------------------------------------ ownership */

/* Not the only owner, or no room for headers in front: send a copy. */
static __attribute__((noinline)) int
copy_packet(struct nexus_stack *stack, const struct nexus_packet *pkt,
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

static inline bool has_headroom(const struct nexus_stack *stack,
				const struct nexus_packet *pkt, size_t len)
{
	return (size_t)(pkt->data - nx_packet_base(stack, pkt)) >= len;
}

/* ----------------------------------------------------------- into TX */

static int check_length(const struct nexus_udp *udp, size_t total_len)
{
	if (nx_unlikely(total_len > NEXUS_PACKET_MAX))
		return -EMSGSIZE;
	if (nx_unlikely(udp->flags & NEXUS_UDP_DONTFRAG) &&
	    nexus_udp_mtu(udp) && total_len > nexus_udp_mtu(udp))
		return -EMSGSIZE;
	return 0;
}

/* The headers in front of the payload, and off it goes. */
static inline int transmit(struct nexus_udp *udp, struct nexus_packet *pkt,
			   const struct nx_ip_path *path, uint16_t dst_port)
{
	size_t ip_len = nx_ip_header_len(path->version);
	size_t udp_len = NEXUS_WIRE_UDP_LEN + pkt->total_len;

	if (nx_unlikely(!nx_stack_tx_reserve(udp->stack, pkt->nr_parts)))
		return -EAGAIN;
	pkt->head = pkt->data - ip_len - NEXUS_WIRE_UDP_LEN;
	if (path->version == 4)
		write_ipv4(udp, pkt->head, path, ip_len + udp_len);
	else
		nx_ipv6_write(pkt->head, path, IPPROTO_UDP, udp_len);
	write_udp(pkt->head + ip_len, udp->local_port, dst_port, udp_len);
	if (nx_unlikely(!(udp->tx_flags & NEXUS_DESC_CSUM)))
		fill_checksum(pkt, path, ip_len);

	udp->stats.tx_datagrams++;
	udp->stats.tx_bytes += pkt->total_len;
	nx_stack_tx(udp->stack, pkt, udp->flow, udp->tx_flags,
		    udp->traffic_class);
	return 0;
}

static __attribute__((noinline)) int
transmit_copy(struct nexus_udp *udp, struct nexus_packet *pkt,
	      const struct nx_ip_path *path, uint16_t dst_port)
{
	size_t len = nx_ip_header_len(path->version) + NEXUS_WIRE_UDP_LEN;
	struct nexus_packet *copy;
	int err;

	err = copy_packet(udp->stack, pkt, &copy);
	if (err)
		return err;
	/* IPv6 headers leave no room for the longest payload of IPv4. */
	err = has_headroom(udp->stack, copy, len) ?
		transmit(udp, copy, path, dst_port) : -EMSGSIZE;
	nexus_packet_put(udp->stack, err ? copy : pkt);
	return err;
}

static inline int send_on(struct nexus_udp *udp, struct nexus_packet *pkt,
			  const struct nx_ip_path *path, uint16_t dst_port)
{
	size_t len = nx_ip_header_len(path->version) + NEXUS_WIRE_UDP_LEN;
	int err = check_length(udp, len + pkt->total_len);

	if (nx_unlikely(err))
		return err;
	if (nx_unlikely(!nx_packet_is_exclusive(pkt) ||
			!has_headroom(udp->stack, pkt, len)))
		return transmit_copy(udp, pkt, path, dst_port);
	return transmit(udp, pkt, path, dst_port);
}

/* ----------------------------------------------------------------- paths */

static inline unsigned int version_of(const struct nexus_addr *addr)
{
	return addr->family == AF_INET ? 4 : 6;
}

static inline void init_path(struct nx_ip_path *path,
			     const struct nexus_udp *udp,
			     const struct nexus_addr *to)
{
	const struct nx_udp_hops *hops;

	path->version = (uint8_t)version_of(to);
	hops = &udp->hops[path->version == 6];
	memcpy(path->dst, to->ip, sizeof(path->dst));
	path->tos = hops->tos;
	path->hops = nx_unlikely(nx_ip_is_multicast(path->version, to->ip)) ?
		hops->multicast : hops->unicast;
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

/* The source that an endpoint without an address uses towards @to. */
static int choose_source(struct nexus_udp *udp, const struct nexus_addr *to,
			 struct nx_ip_path *path)
{
	struct nexus_stack *stack = udp->stack;

	if (!udp->is_wildcard) {
		memcpy(path->src, udp->local.ip, sizeof(path->src));
		return 0;
	}
	return nx_source_find(&stack->source, to, udp->ifindex, udp->fd,
			      nx_stack_coarse_ns(stack), path->src);
}

static int send_connected(struct nexus_udp *udp, struct nexus_packet *pkt)
{
	struct nx_ip_path path;

	init_path(&path, udp, &udp->remote);
	memcpy(path.src, udp->local.ip, sizeof(path.src));
	return send_on(udp, pkt, &path, udp->remote.port);
}

int nexus_udp_send(struct nexus_udp *udp, struct nexus_packet *pkt,
		   const struct nexus_addr *to)
{
	int err = nx_stack_check(udp->stack);
	struct nx_ip_path path;

	if (nx_unlikely(err))
		return err;
	if (udp->is_connected) {
		if (nx_unlikely(to && !nx_addr_is_same(to, &udp->remote)))
			return -EISCONN;
		return send_connected(udp, pkt);
	}
	if (nx_unlikely(!to))
		return -EDESTADDRREQ;
	err = check_destination(udp, to);
	if (nx_unlikely(err))
		return err;
	init_path(&path, udp, to);
	err = choose_source(udp, to, &path);
	if (nx_unlikely(err))
		return err;
	return send_on(udp, pkt, &path, to->port);
}

/* From the address that the question came to, if one can send from it. */
static int choose_reply_source(struct nexus_udp *udp,
			       const struct nexus_packet *request,
			       const struct nexus_addr *to,
			       struct nx_ip_path *path)
{
	struct nexus_addr local;

	nexus_udp_destination(request, &local);
	if (nx_unlikely(!udp->is_wildcard) ||
	    !nx_source_is_local(&udp->stack->source, &local))
		return choose_source(udp, to, path);
	memcpy(path->src, local.ip, sizeof(path->src));
	return 0;
}

int nexus_udp_reply(struct nexus_udp *udp, struct nexus_packet *pkt,
		    const struct nexus_packet *request)
{
	int err = nx_stack_check(udp->stack);
	struct nexus_addr to;
	struct nx_ip_path path;

	if (nx_unlikely(err))
		return err;
	if (udp->is_connected)
		return send_connected(udp, pkt);
	nexus_udp_source(request, &to);
	if (nx_unlikely(!to.port))
		return -EDESTADDRREQ;	/* RFC 768: no answer is wanted */
	init_path(&path, udp, &to);
	err = choose_reply_source(udp, request, &to, &path);
	if (nx_unlikely(err))
		return err;
	return send_on(udp, pkt, &path, to.port);
}

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
