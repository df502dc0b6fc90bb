// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Segments that come to a listener, and connections that come out of cookies.
 */
#include "internal.h"
#include "listen.h"

/* How long after the last cookie one may still come back. */
#define COOKIE_LIFE_NS	(2 * NX_COOKIE_PERIOD_NS)

/* RFC 9293 section 3.7.1, where the SYN says nothing. */
static uint16_t default_mss(const struct nx_tcp_open *open)
{
	return open->ip_len == NEXUS_WIRE_IPV4_LEN ? 536 : 1220;
}

static struct nx_cookie_syn read_syn(const struct nx_tcp_config *config,
				     const struct nx_tcp_open *open,
				     const struct nx_tcp_seg *seg)
{
	const struct nexus_wire_tcp *h = &seg->hdr;
	uint32_t f = config->features;
	struct nx_cookie_syn syn = {
		.peer_isn = h->seq,
		.mss	= h->has & NEXUS_WIRE_TCP_MSS ? h->mss :
							default_mss(open),
		.has_ts	= h->has & NEXUS_WIRE_TCP_TS && f & NX_TCP_HAS_TS,
		.has_sack = h->has & NEXUS_WIRE_TCP_SACK_OK &&
			    f & NX_TCP_HAS_SACK,
		.has_wscale = h->has & NEXUS_WIRE_TCP_WSCALE &&
			      f & NX_TCP_HAS_WSCALE,
		.has_ecn = nx_ecn_from_syn(h->flags, config->ecn) !=
			   NX_ECN_NONE,
	};

	syn.wscale = syn.has_wscale ? h->wscale : 0;
	/* They have no room in a cookie alone. */
	if (!syn.has_ts)
		syn.has_sack = syn.has_wscale = syn.has_ecn = false;
	return syn;
}

static void fill_options(const struct nx_tcp_config *config,
			 const struct nx_tcp_open *open,
			 const struct nx_cookie_syn *syn,
			 const struct nx_tcp_seg *seg, struct nexus_wire_tcp *h,
			 uint64_t now_ns)
{
	h->has = NEXUS_WIRE_TCP_MSS;
	h->mss = (uint16_t)(open->mtu - open->ip_len - NEXUS_WIRE_TCP_LEN);
	if (!syn->has_ts)
		return;
	h->has |= NEXUS_WIRE_TCP_TS;
	h->ts_val = nx_cookie_ts(syn, (uint32_t)(now_ns / NX_TCP_TS_NS) +
				      open->ts_off);
	h->ts_ecr = seg->hdr.ts_val;
	if (syn->has_sack)
		h->has |= NEXUS_WIRE_TCP_SACK_OK;
	if (syn->has_wscale) {
		h->has |= NEXUS_WIRE_TCP_WSCALE;
		h->wscale = nx_tcp_choose_wscale(config);
	}
	if (syn->has_ecn)
		h->flags |= TCP_ECE;
}

static enum nx_tcp_verdict send_cookie(struct nx_tcp_listener *listener,
				       const struct nx_tcp_config *config,
				       const struct nx_tcp_tuple *tuple,
				       const struct nx_tcp_open *open,
				       const struct nx_tcp_seg *seg,
				       struct nx_tcp_seg *answer,
				       uint64_t now_ns)
{
	struct nx_cookie_syn syn = read_syn(config, open, seg);

	answer->hdr = (struct nexus_wire_tcp) {
		.flags	= TCP_SYN | TCP_ACK,
		.seq	= nx_cookie_make(&listener->key, tuple, &syn, now_ns),
		.ack	= seg->hdr.seq + 1,
		.window	= (uint16_t)nx_min32(config->rcv_buf_bytes, 0xffff),
	};
	answer->len = 0;
	answer->nr_spans = 0;
	answer->gso_size = 0;
	answer->ecn = NX_IP_ECN_NOT_ECT;
	fill_options(config, open, &syn, seg, &answer->hdr, now_ns);
	listener->cookie_ns = now_ns;
	listener->nr_cookies++;
	return NX_TCP_ANSWER;
}

/* Without state, a cookie is all that makes an ACK believable. */
static bool check_cookie(const struct nx_tcp_listener *listener,
			 const struct nx_tcp_tuple *tuple,
			 const struct nx_tcp_seg *seg,
			 struct nx_cookie_syn *cookie, uint64_t now_ns)
{
	const struct nexus_wire_tcp *h = &seg->hdr;

	if (!listener->cookie_ns ||
	    now_ns - listener->cookie_ns > COOKIE_LIFE_NS)
		return false;
	cookie->peer_isn = h->seq - 1;
	cookie->has_ts = h->has & NEXUS_WIRE_TCP_TS;
	return nx_cookie_check(&listener->key, tuple, cookie, h->ack - 1,
			       h->ts_ecr, now_ns);
}

enum nx_tcp_verdict
nx_tcp_listen_input(struct nx_tcp_listener *listener,
		    const struct nx_tcp_config *config,
		    const struct nx_tcp_tuple *tuple,
		    const struct nx_tcp_open *open,
		    const struct nx_tcp_seg *seg, struct nx_tcp_seg *answer,
		    struct nx_cookie_syn *cookie, uint64_t now_ns)
{
	uint16_t flags = seg->hdr.flags;

	/* First: RST. It cannot be about anything here. */
	if (flags & TCP_RST)
		return NX_TCP_DROP;
	/* Second: ACK. Of a cookie, or of a connection that is gone. */
	if (flags & TCP_ACK) {
		if (!(flags & TCP_SYN) &&
		    check_cookie(listener, tuple, seg, cookie, now_ns))
			return NX_TCP_RESUME;
		return nx_tcp_answer_closed(seg, answer) ? NX_TCP_ANSWER :
							   NX_TCP_DROP;
	}
	/* Third: SYN. Fourth: anything else is not a beginning. */
	if (!(flags & TCP_SYN))
		return NX_TCP_DROP;
	if (listener->nr_half < listener->backlog)
		return NX_TCP_OPEN_IT;
	return send_cookie(listener, config, tuple, open, seg, answer, now_ns);
}

void nx_tcp_resume(struct nx_tcp *tcp, const struct nx_tcp_open *open,
		   const struct nx_cookie_syn *cookie,
		   const struct nx_tcp_seg *seg, uint64_t now_ns)
{
	struct nx_tcp_open o = *open;
	struct nx_tcp_seg syn;

	o.iss = seg->hdr.ack - 1;
	syn.hdr = (struct nexus_wire_tcp) {
		.flags	= TCP_SYN,
		.seq	= cookie->peer_isn,
		.window	= seg->hdr.window,
		.has	= NEXUS_WIRE_TCP_MSS,
		.mss	= cookie->mss,
		.wscale	= cookie->wscale,
		.ts_val	= seg->hdr.ts_val,
	};
	syn.len = 0;
	syn.ecn = NX_IP_ECN_NOT_ECT;
	if (cookie->has_ts)
		syn.hdr.has |= NEXUS_WIRE_TCP_TS;
	if (cookie->has_sack)
		syn.hdr.has |= NEXUS_WIRE_TCP_SACK_OK;
	if (cookie->has_wscale)
		syn.hdr.has |= NEXUS_WIRE_TCP_WSCALE;
	if (cookie->has_ecn)
		syn.hdr.flags |= TCP_ECE | TCP_CWR;
	nx_tcp_accept(tcp, &o, &syn, now_ns);
	/* The SYN-ACK has left already; when, nobody remembers. */
	tcp->must_send_syn = false;
	if (cookie->has_ecn)
		tcp->ecn = NX_ECN_CLASSIC;
	tcp->rcv_adv = tcp->rcv_nxt + nx_min32(nx_tcp_window(tcp), 0xffff);
}
