// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Errors that befell what an endpoint sent: ICMP messages that quote it, and
 * its address being removed.
 */
#include <string.h>

#include "internal.h"

/**
 * struct quote - the beginning of a datagram of ours, inside an ICMP message
 * @src, @dst: addresses
 * @l4_off:    of its UDP header from its first byte
 */
struct quote {
	const uint8_t	*src;
	const uint8_t	*dst;
	size_t		l4_off;
};

static void post(struct nexus_udp *udp, const struct nexus_udp_error *error)
{
	udp->stats.errors++;
	if (udp->error) {
		udp->error(udp, error, udp->arg);
		return;
	}
	if (udp->nr_errors == NX_UDP_NR_ERRORS) {
		udp->first_error = (udp->first_error + 1) % NX_UDP_NR_ERRORS;
		udp->nr_errors--;
		udp->stats.error_drops++;
	}
	udp->errors[(udp->first_error + udp->nr_errors) % NX_UDP_NR_ERRORS] =
		*error;
	udp->nr_errors++;
}

bool nexus_udp_take_error(struct nexus_udp *udp, struct nexus_udp_error *error)
{
	if (!udp->nr_errors)
		return false;
	*error = udp->errors[udp->first_error];
	udp->first_error = (udp->first_error + 1) % NX_UDP_NR_ERRORS;
	udp->nr_errors--;
	return true;
}

/* Datagrams in the channel that was lost may have left or not. */
void nx_udp_reset(struct nx_sink *sink, int err)
{
	struct nexus_udp *udp = nx_udp_of(sink);
	struct nexus_udp_error error = {
		.err	= -err,
		.remote	= udp->remote,
		.local	= udp->local,
	};

	post(udp, &error);
	/* Nobody suspends a new flow, and nobody would say so. */
	nx_udp_resume(udp);
}

void nx_udp_event(struct nx_sink *sink, const struct nexus_event *event)
{
	struct nexus_udp *udp = nx_udp_of(sink);
	struct nexus_udp_error error = {
		.err	= EADDRNOTAVAIL,
		.remote	= udp->remote,
		.local	= udp->local,
	};

	if (event->type == NEXUS_EVENT_ADDR_GONE)
		post(udp, &error);
	if (event->type == NEXUS_EVENT_RESUMED)
		nx_udp_resume(udp);
}

/* ----------------------------------------------------------------- ICMP */

static void put_addr(struct nexus_addr *addr, unsigned int version,
		     const uint8_t *ip)
{
	memset(addr, 0, sizeof(*addr));
	addr->family = version == 4 ? AF_INET : AF_INET6;
	memcpy(addr->ip, ip, version == 4 ? 4 : 16);
}

/* At least the 8 bytes that RFC 792 promises must be there. */
static int parse_quote(struct quote *q, unsigned int version,
		       const uint8_t *data, size_t len)
{
	struct nexus_wire_ipv6_upper upper;
	struct nexus_wire_ipv4 ip4;
	struct nexus_wire_ipv6 ip6;
	int l4_off;

	if (version == 4) {
		l4_off = nexus_wire_ipv4_parse_quoted(&ip4, data, len);
		if (l4_off < 0 || ip4.frag_off || ip4.protocol != IPPROTO_UDP)
			return -EBADMSG;
	} else {
		l4_off = nexus_wire_ipv6_parse(&ip6, data, len);
		if (l4_off < 0)
			return -EBADMSG;
		l4_off = nexus_wire_ipv6_find_upper(&upper, data, len);
		if (l4_off < 0 || upper.frag_off ||
		    upper.protocol != IPPROTO_UDP)
			return -EBADMSG;
	}
	if (len - (size_t)l4_off < NEXUS_WIRE_UDP_LEN)
		return -EBADMSG;
	q->src = data + (version == 4 ? 12 : 8);
	q->dst = data + (version == 4 ? 16 : 24);
	q->l4_off = (size_t)l4_off;
	return 0;
}

static int parse_icmp(struct nexus_udp_error *error, unsigned int version,
		      const uint8_t *data, size_t len)
{
	struct nexus_wire_icmp icmp;
	struct quote q;
	int off;

	off = version == 4 ? nexus_wire_icmp_parse(&icmp, data, len) :
			     nexus_wire_icmpv6_parse(&icmp, data, len);
	if (off < 0 || !icmp.is_error)
		return -EBADMSG;
	if (parse_quote(&q, version, data + off, len - (size_t)off))
		return -EBADMSG;
	error->err = nexus_wire_icmp_errno(version, &icmp);
	error->type = icmp.type;
	error->code = icmp.code;
	error->ip_version = (uint8_t)version;
	error->mtu = icmp.mtu;
	put_addr(&error->local, version, q.src);
	put_addr(&error->remote, version, q.dst);
	memcpy(&error->local.port, data + off + q.l4_off, 2);
	memcpy(&error->remote.port, data + off + q.l4_off + 2, 2);
	return 0;
}

/* The kernel has found the flow by the quoted ports; here they are read. */
void nx_udp_input_error(struct nexus_udp *udp, const struct nexus_packet *pkt)
{
	size_t len = (size_t)(pkt->data + pkt->len - pkt->head);
	struct nexus_udp_error error = { 0 };

	if (pkt->info.l4_off >= len ||
	    parse_icmp(&error, pkt->info.ip_version, pkt->head + pkt->info.l4_off,
		       len - pkt->info.l4_off)) {
		udp->stats.rx_bad++;
		return;
	}
	put_addr(&error.offender, pkt->info.ip_version,
		 pkt->head + (pkt->info.ip_version == 4 ? 12 : 8));
	if (error.err)
		post(udp, &error);
}
