// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * The virtual wire: IP packets in, IP packets out.
 */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

/* RFC 4291 section 2.5.5.2. */
static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

static bool is_ipv4(const uint8_t ip[16])
{
	return !memcmp(ip, mapped, sizeof(mapped));
}

static void set_ipv4(uint8_t ip[16], const uint8_t v4[4])
{
	memcpy(ip, mapped, sizeof(mapped));
	memcpy(ip + 12, v4, 4);
}

/* -------------------------------------------------------------- sending */

static void queue(struct nx_pd_host *host, struct nx_pd_packet *packet)
{
	packet->next = NULL;
	packet->left_ns = host->now_ns;
	if (host->first)
		host->last->next = packet;
	else
		host->first = packet;
	host->last = packet;
}

/* From @ends' local end to its remote one; returns bytes of the header. */
static size_t put_ip(struct nx_pd_host *host, const struct nx_tcp_tuple *ends,
		     uint8_t ecn, size_t len, uint8_t *p)
{
	struct nexus_wire_ipv4 ip4 = {
		.total_len = (uint16_t)(NEXUS_WIRE_IPV4_LEN + len), .ttl = 64,
		.protocol = IPPROTO_TCP, .tos = ecn, .has_df = true,
	};
	struct nexus_wire_ipv6 ip6 = {
		.payload_len = (uint16_t)len, .next_header = IPPROTO_TCP,
		.hop_limit = 64, .traffic_class = ecn,
	};

	if (is_ipv4(ends->remote)) {
		ip4.id = host->ip_id++;
		memcpy(ip4.src, ends->local + 12, 4);
		memcpy(ip4.dst, ends->remote + 12, 4);
		return (size_t)nexus_wire_ipv4_build(&ip4, p,
						     NEXUS_WIRE_IPV4_LEN);
	}
	memcpy(ip6.src, ends->local, 16);
	memcpy(ip6.dst, ends->remote, 16);
	return (size_t)nexus_wire_ipv6_build(&ip6, p, NEXUS_WIRE_IPV6_LEN);
}

static uint16_t checksum(const struct nx_tcp_tuple *ends, const uint8_t *tcp,
			 size_t len)
{
	if (is_ipv4(ends->remote))
		return nexus_wire_tcp_checksum(4, ends->local + 12,
					       ends->remote + 12, tcp, len);
	return nexus_wire_tcp_checksum(6, ends->local, ends->remote, tcp, len);
}

static void put_payload(const struct nx_tcp_seg *seg, uint8_t *p)
{
	const struct nx_pd_buf *buf;
	uint32_t i;

	for (i = 0; i < seg->nr_spans; i++) {
		buf = seg->spans[i].buf;
		memcpy(p, buf->data + seg->spans[i].off, seg->spans[i].len);
		p += seg->spans[i].len;
	}
}

static void emit(struct nx_pd_host *host, const struct nx_tcp_tuple *ends,
		 const struct nx_tcp_seg *seg)
{
	struct nexus_wire_tcp hdr = seg->hdr;
	size_t hdr_len = nexus_wire_tcp_len(&hdr), len = hdr_len + seg->len;
	struct nx_pd_packet *packet;
	uint16_t csum;
	uint8_t *tcp;

	packet = malloc(sizeof(*packet) + NEXUS_WIRE_IPV6_LEN + len);
	if (!packet)
		abort();
	tcp = packet->data + put_ip(host, ends, seg->ecn, len, packet->data);
	hdr.src_port = ends->local_port;
	hdr.dst_port = ends->remote_port;
	hdr.checksum = 0;
	nexus_wire_tcp_build(&hdr, tcp, hdr_len);
	put_payload(seg, tcp + hdr_len);
	csum = checksum(ends, tcp, len);
	memcpy(tcp + 16, &csum, sizeof(csum));
	packet->len = (size_t)(tcp - packet->data) + len;
	queue(host, packet);
}

void nx_pd_emit(struct nx_pd_sock *sock, const struct nx_tcp_seg *seg)
{
	emit(sock->host, &sock->ends, seg);
}

int nx_pd_packet_out(void *self, void *data, size_t *len, long long *left_us)
{
	struct nx_pd_host *host = self;
	struct nx_pd_packet *packet;
	int ret = 0;

	pthread_mutex_lock(&host->lock);
	if (!nx_pd_advance_to_packet(host)) {
		*len = 0;
		goto unlock;
	}
	packet = host->first;
	host->first = packet->next;
	if (packet->len <= *len) {
		memcpy(data, packet->data, packet->len);
		*len = packet->len;
		*left_us = (long long)(packet->left_ns / 1000);
	} else {
		ret = -1;
	}
	free(packet);
unlock:
	pthread_mutex_unlock(&host->lock);
	return ret;
}

/* ------------------------------------------------------------ receiving */

static bool is_same_end(const uint8_t a[16], const uint8_t b[16])
{
	return !memcmp(a, b, 16);
}

static struct nx_pd_sock *find_connection(struct nx_pd_host *host,
					  const struct nx_tcp_tuple *ends)
{
	struct nx_pd_sock *s;

	for (s = host->socks; s < host->socks + NX_PD_NR_SOCKS; s++)
		if (s->is_used && s->is_open && s->tcp.state != NX_TCP_CLOSED &&
		    !memcmp(&s->ends, ends, sizeof(*ends)))
			return s;
	return NULL;
}

static struct nx_pd_sock *find_listener(struct nx_pd_host *host,
					const struct nx_tcp_tuple *ends)
{
	static const uint8_t any[16];
	uint8_t any4[16] = { 0 };
	struct nx_pd_sock *s;

	memcpy(any4, mapped, sizeof(mapped));
	for (s = host->socks; s < host->socks + NX_PD_NR_SOCKS; s++)
		if (s->is_used && s->is_listening &&
		    s->ends.local_port == ends->local_port &&
		    (is_same_end(s->ends.local, ends->local) ||
		     is_same_end(s->ends.local, any) ||
		     (is_same_end(s->ends.local, any4) &&
		      is_ipv4(ends->local))))
			return s;
	return NULL;
}

/* Children of a listener: half-open ones, or those that wait for accept(). */
static uint32_t nr_children(const struct nx_pd_sock *parent, bool is_acceptable)
{
	const struct nx_pd_sock *s = parent->host->socks;
	uint32_t nr = 0;

	for (; s < parent->host->socks + NX_PD_NR_SOCKS; s++)
		nr += s->is_used && s->listener == parent &&
		      s->is_acceptable == is_acceptable;
	return nr;
}

static void answer_closed(struct nx_pd_host *host,
			  const struct nx_tcp_tuple *ends,
			  const struct nx_tcp_seg *seg)
{
	struct nx_tcp_seg rst;

	if (nx_tcp_answer_closed(seg, &rst))
		emit(host, ends, &rst);
}

static struct nx_pd_sock *child_of(struct nx_pd_sock *listener,
				   const struct nx_tcp_tuple *ends)
{
	struct nx_pd_sock *child;

	child = nx_pd_sock_alloc(listener->host, listener->family);
	if (!child)
		return NULL;
	child->ends = *ends;
	child->listener = listener;
	child->config = listener->config;
	child->is_nodelay = listener->is_nodelay;
	child->is_corked = listener->is_corked;
	child->is_keepalive = listener->is_keepalive;
	nx_pd_sock_init(child);
	return child;
}

static void input_listen(struct nx_pd_sock *listener,
			 const struct nx_tcp_tuple *ends,
			 const struct nx_tcp_seg *seg)
{
	struct nx_pd_host *host = listener->host;
	struct nx_tcp_open open = nx_pd_open_of(host, ends, listener->family);
	enum nx_tcp_verdict verdict;
	struct nx_cookie_syn cookie;
	struct nx_tcp_seg answer;
	struct nx_pd_sock *child;

	if (nr_children(listener, true) > (uint32_t)listener->backlog)
		return;
	listener->listen.nr_half = nr_children(listener, false);
	verdict = nx_tcp_listen_input(&listener->listen, &listener->config, ends,
				      &open, seg, &answer, &cookie,
				      host->now_ns);
	if (verdict == NX_TCP_ANSWER)
		emit(host, ends, &answer);
	if (verdict != NX_TCP_OPEN_IT && verdict != NX_TCP_RESUME)
		return;
	child = child_of(listener, ends);
	if (!child)
		return;
	if (verdict == NX_TCP_RESUME) {
		nx_tcp_resume(&child->tcp, &open, &cookie, seg, host->now_ns);
		nx_tcp_input(&child->tcp, seg, host->now_ns);
	} else if (nx_tcp_accept(&child->tcp, &open, seg, host->now_ns)) {
		nx_pd_sock_free(child);
	}
}

static void input_tcp(struct nx_pd_host *host, const struct nx_tcp_tuple *ends,
		      const struct nx_tcp_seg *seg)
{
	struct nx_pd_sock *sock = find_connection(host, ends);

	if (sock) {
		nx_tcp_input(&sock->tcp, seg, host->now_ns);
		if (!(sock->tcp.events & NX_TCP_EV_REOPEN))
			return;
	}
	sock = find_listener(host, ends);
	if (sock)
		input_listen(sock, ends, seg);
	else
		answer_closed(host, ends, seg);
}

static int take_segment(struct nx_pd_host *host, struct nx_tcp_tuple *ends,
			uint8_t ecn, const uint8_t *data, size_t len)
{
	struct nx_tcp_seg seg = { .ecn = ecn };
	struct nx_pd_buf *buf;
	int hdr_len = nexus_wire_tcp_parse(&seg.hdr, data, len);

	/* What is illegal, or was broken on the way, is lost. */
	if (hdr_len < 0 || checksum(ends, data, len))
		return 0;
	ends->local_port = seg.hdr.dst_port;
	ends->remote_port = seg.hdr.src_port;
	seg.len = (uint32_t)(len - (size_t)hdr_len);
	buf = nx_pd_buf_alloc(seg.len);
	if (!buf)
		return -1;
	memcpy(buf->data, data + hdr_len, seg.len);
	seg.nr_spans = seg.len > 0;
	seg.spans[0] = (struct nx_tcp_span){ .buf = buf, .len = seg.len };
	input_tcp(host, ends, &seg);
	nx_pd_buf_put(buf);
	return 0;
}

/* An ICMP error; the quoted packet is one that this host has sent. */
static void take_error(struct nx_pd_host *host, unsigned int version,
		       const struct nexus_wire_icmp *icmp,
		       struct nx_tcp_tuple *ends, const uint8_t *data,
		       size_t len)
{
	struct nexus_wire_tcp hdr;
	struct nx_pd_sock *sock;
	int err;

	if (nexus_wire_tcp_parse_quoted(&hdr, data, len) < 0)
		return;
	ends->local_port = hdr.src_port;
	ends->remote_port = hdr.dst_port;
	sock = find_connection(host, ends);
	if (!sock)
		return;
	err = nexus_wire_icmp_errno(version, icmp);
	if (err == EMSGSIZE)
		nx_tcp_set_mtu(&sock->tcp, icmp->mtu, host->now_ns);
	else if (err)
		nx_tcp_icmp(&sock->tcp, hdr.seq, err);
}

static void take_icmp(struct nx_pd_host *host, const uint8_t *data, size_t len)
{
	struct nx_tcp_tuple ends = { .local_port = 0 };
	struct nexus_wire_icmp icmp;
	struct nexus_wire_ipv4 ip;
	int quoted;

	if (nexus_wire_icmp_parse(&icmp, data, len) < 0 || !icmp.is_error)
		return;
	data += NEXUS_WIRE_ICMP_LEN;
	len -= NEXUS_WIRE_ICMP_LEN;
	quoted = nexus_wire_ipv4_parse_quoted(&ip, data, len);
	if (quoted < 0 || ip.protocol != IPPROTO_TCP)
		return;
	set_ipv4(ends.local, ip.src);
	set_ipv4(ends.remote, ip.dst);
	take_error(host, 4, &icmp, &ends, data + quoted, len - (size_t)quoted);
}

static void take_icmpv6(struct nx_pd_host *host, const uint8_t *data,
			size_t len)
{
	struct nx_tcp_tuple ends = { .local_port = 0 };
	struct nexus_wire_icmp icmp;
	struct nexus_wire_ipv6 ip;

	if (nexus_wire_icmpv6_parse(&icmp, data, len) < 0 || !icmp.is_error)
		return;
	data += NEXUS_WIRE_ICMP_LEN;
	len -= NEXUS_WIRE_ICMP_LEN;
	if (nexus_wire_ipv6_parse(&ip, data, len) < 0 ||
	    ip.next_header != IPPROTO_TCP)
		return;
	memcpy(ends.local, ip.src, 16);
	memcpy(ends.remote, ip.dst, 16);
	take_error(host, 6, &icmp, &ends, data + NEXUS_WIRE_IPV6_LEN,
		   len - NEXUS_WIRE_IPV6_LEN);
}

static int take_ipv4(struct nx_pd_host *host, const uint8_t *data, size_t len)
{
	struct nx_tcp_tuple ends = { .local_port = 0 };
	struct nexus_wire_ipv4 ip;
	int hdr_len = nexus_wire_ipv4_parse(&ip, data, len);

	if (hdr_len < 0 || ip.total_len > len)
		return -1;
	data += hdr_len;
	len = (size_t)(ip.total_len - hdr_len);
	if (ip.protocol == IPPROTO_ICMP)
		take_icmp(host, data, len);
	if (ip.protocol != IPPROTO_TCP)
		return 0;
	set_ipv4(ends.local, ip.dst);
	set_ipv4(ends.remote, ip.src);
	return take_segment(host, &ends, ip.tos & NX_IP_ECN_MASK, data, len);
}

static int take_ipv6(struct nx_pd_host *host, const uint8_t *data, size_t len)
{
	struct nx_tcp_tuple ends = { .local_port = 0 };
	struct nexus_wire_ipv6 ip;

	if (nexus_wire_ipv6_parse(&ip, data, len) < 0 ||
	    ip.payload_len > len - NEXUS_WIRE_IPV6_LEN)
		return -1;
	data += NEXUS_WIRE_IPV6_LEN;
	len = ip.payload_len;
	if (ip.next_header == IPPROTO_ICMPV6)
		take_icmpv6(host, data, len);
	if (ip.next_header != IPPROTO_TCP)
		return 0;
	memcpy(ends.local, ip.dst, 16);
	memcpy(ends.remote, ip.src, 16);
	return take_segment(host, &ends, ip.traffic_class & NX_IP_ECN_MASK,
			    data, len);
}

int nx_pd_packet_in(void *self, const void *packet, size_t len)
{
	struct nx_pd_host *host = self;
	const uint8_t *data = packet;
	int ret;

	if (!len)
		return -1;
	pthread_mutex_lock(&host->lock);
	ret = data[0] >> 4 == 4 ? take_ipv4(host, data, len) :
				  take_ipv6(host, data, len);
	nx_pd_run(host);
	pthread_mutex_unlock(&host->lock);
	return ret;
}
