// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * What the owner of a connection asks of it (RFC 9293 section 3.10.1 to 3.10.5).
 */
#include <string.h>

#include "internal.h"

/* RFC 9293 section 3.7.1: before the peer has said anything. */
#define MSS_DEFAULT_IPV4	536
#define MSS_DEFAULT_IPV6	1220

const struct nx_tcp_config nx_tcp_config_default = {
	.cc		= &nx_tcp_cubic,
	.features	= NX_TCP_HAS_SACK | NX_TCP_HAS_TS | NX_TCP_HAS_WSCALE |
			  NX_TCP_HAS_TUNING | NX_TCP_HAS_PROBING |
			  NX_TCP_HAS_TLP | NX_TCP_HAS_PREDICTION,
	.ecn		= NX_ECN_NONE,
	.syn_retries	= 6,		/* as Linux: 127 s */
	.keep_probes	= 9,
	.rcv_buf_bytes	= 128 * 1024,
	.rcv_max_bytes	= 6 * 1024 * 1024,
	.snd_buf_bytes	= 4 * 1024 * 1024,
	.gso_max_bytes	= 64000,
	.delack_us	= 40000,	/* RFC 9293 section 3.8.6.3: below 0.5 s */
	.time_wait_ms	= 60000,	/* an MSL of 30 s */
	.user_timeout_ms = 900000,	/* RFC 9293 section 3.8.3: above 100 s */
	.keep_idle_ms	= 7200000,	/* RFC 9293 section 3.8.4 */
	.keep_intvl_ms	= 75000,
};

void nx_tcp_init(struct nx_tcp *tcp, struct nx_tcp_env *env,
		 const struct nx_tcp_config *config)
{
	memset(tcp, 0, sizeof(*tcp));
	tcp->env = env;
	tcp->config = config;
	tcp->rcv_buf_bytes = config->rcv_buf_bytes;
	tcp->ecn = config->ecn;
	nx_tcp_timers_stop(tcp);
}

void nx_tcp_exit(struct nx_tcp *tcp)
{
	nx_tcp_txq_clear(tcp);
	nx_tcp_rxq_clear(tcp);
}

/*
 * The shift that lets 16 bits tell the largest receive buffer, and half of the
 * first one: what is less than 1 << shift cannot be told.
 */
uint8_t nx_tcp_choose_wscale(const struct nx_tcp_config *config)
{
	uint8_t shift = 0;

	while (shift < NEXUS_WIRE_TCP_WSCALE_MAX &&
	       config->rcv_max_bytes >> shift > 0xffff &&
	       config->rcv_buf_bytes >> (shift + 2))
		shift++;
	return shift;
}

static void open_connection(struct nx_tcp *tcp, const struct nx_tcp_open *open,
			    uint64_t now_ns)
{
	tcp->iss = open->iss;
	tcp->ts_off = open->ts_off;
	tcp->mtu = (uint16_t)open->mtu;
	tcp->ip_len = (uint8_t)open->ip_len;
	tcp->peer_mss = open->ip_len == NEXUS_WIRE_IPV4_LEN ? MSS_DEFAULT_IPV4 :
							     MSS_DEFAULT_IPV6;
	tcp->rcv_mss = tcp->peer_mss;
	tcp->snd_una = open->iss;
	tcp->snd_nxt = open->iss + 1;
	tcp->write_seq = open->iss + 1;
	tcp->rcv_wscale = nx_tcp_choose_wscale(tcp->config);
	if (open->fast_open) {
		tcp->fast_open = *open->fast_open;
		tcp->must_offer = !tcp->is_passive || tcp->fast_open.cookie_len;
	}
	tcp->progress_ns = now_ns;
	nx_rtt_init(&tcp->rtt, now_ns);
	nx_pace_init(&tcp->pace);
	nx_accecn_init(&tcp->accecn);
	nx_tcp_update_mss(tcp);
	if (open->is_held)
		return;
	tcp->must_send_syn = true;
	nx_tcp_rto_restart(tcp, now_ns);
}

int nx_tcp_connect(struct nx_tcp *tcp, const struct nx_tcp_open *open,
		   uint64_t now_ns)
{
	if (tcp->state != NX_TCP_CLOSED)
		return -EISCONN;
	nx_tcp_set_state(tcp, NX_TCP_SYN_SENT);
	open_connection(tcp, open, now_ns);
	return 0;
}

void nx_tcp_start(struct nx_tcp *tcp, uint64_t now_ns)
{
	if (tcp->state != NX_TCP_SYN_SENT)
		return;
	tcp->must_send_syn = true;
	nx_tcp_rto_restart(tcp, now_ns);
}

int nx_tcp_accept(struct nx_tcp *tcp, const struct nx_tcp_open *open,
		  const struct nx_tcp_seg *seg, uint64_t now_ns)
{
	if (tcp->state != NX_TCP_CLOSED)
		return -EISCONN;
	if ((seg->hdr.flags & (TCP_SYN | TCP_ACK | TCP_RST)) != TCP_SYN)
		return -EINVAL;
	tcp->is_passive = true;
	nx_tcp_set_state(tcp, NX_TCP_SYN_RCVD);
	open_connection(tcp, open, now_ns);
	nx_tcp_take_syn(tcp, seg, now_ns);
	tcp->ecn = nx_ecn_from_syn(seg->hdr.flags, tcp->config->ecn);
	tcp->syn_ecn = seg->ecn;
	if (tcp->fast_open.takes_data)
		nx_tcp_accept_early(tcp, seg, now_ns);
	return 0;
}

/* ----------------------------------------------------------------- data */

static int check_writable(const struct nx_tcp *tcp)
{
	if (tcp->state == NX_TCP_CLOSED)
		return tcp->err ? tcp->err : -ENOTCONN;
	return tcp->fin_queued ? -EPIPE : 0;
}

uint32_t nx_tcp_writable(const struct nx_tcp *tcp)
{
	uint32_t queued = tcp->write_seq - tcp->snd_una;

	if (check_writable(tcp) || queued >= tcp->config->snd_buf_bytes)
		return 0;
	return tcp->config->snd_buf_bytes - queued;
}

bool nx_tcp_has_room(const struct nx_tcp *tcp)
{
	uint32_t room = nx_tcp_writable(tcp);

	return room && room >= (tcp->write_seq - tcp->snd_una) / 2;
}

int nx_tcp_write_anyway(struct nx_tcp *tcp, const struct nx_tcp_span *span)
{
	int err = check_writable(tcp);

	return err ? err : nx_tcp_txq_append(tcp, span, 0);
}

int nx_tcp_write(struct nx_tcp *tcp, const struct nx_tcp_span *span)
{
	int err = check_writable(tcp);

	if (err)
		return err;
	if (tcp->write_seq - tcp->snd_una >= tcp->config->snd_buf_bytes)
		return -EAGAIN;
	return nx_tcp_txq_append(tcp, span, 0);
}

void nx_tcp_consume(struct nx_tcp *tcp, uint32_t bytes)
{
	tcp->rcv_used_bytes -= bytes;
	tcp->has_consumed = true;
}

/* ---------------------------------------------------------------- close */

/* The FIN's record; without memory for one, the connection ends here. */
static int queue_fin(struct nx_tcp *tcp)
{
	struct nx_tcp_span fin = { .len = 1 };
	int err = nx_tcp_txq_append(tcp, &fin, NX_TX_FIN);

	if (!err)
		tcp->fin_queued = true;
	return err;
}

int nx_tcp_shutdown(struct nx_tcp *tcp)
{
	int err;

	if (tcp->state == NX_TCP_CLOSED)
		return -ENOTCONN;
	if (tcp->fin_queued)
		return 0;
	/* SYN-SENT: nobody knows of the connection, RFC 9293 section 3.10.4. */
	if (tcp->state == NX_TCP_SYN_SENT) {
		nx_tcp_close(tcp, 0);
		return 0;
	}
	err = queue_fin(tcp);
	if (err)
		return err;
	if (tcp->state == NX_TCP_ESTABLISHED)
		nx_tcp_set_state(tcp, NX_TCP_FIN_WAIT_1);
	else if (tcp->state == NX_TCP_CLOSE_WAIT)
		nx_tcp_set_state(tcp, NX_TCP_LAST_ACK);
	return 0;
}

void nx_tcp_orphan(struct nx_tcp *tcp, uint64_t now_ns)
{
	tcp->is_orphan = true;
	if (tcp->rcv_used_bytes || tcp->ooo.first || nx_tcp_shutdown(tcp))
		nx_tcp_abort(tcp);
	else
		nx_tcp_wait_arm(tcp, now_ns);
}

void nx_tcp_abort(struct nx_tcp *tcp)
{
	/* RFC 9293 section 3.10.5: these have a peer that knows of them. */
	tcp->must_reset = tcp->state != NX_TCP_CLOSED &&
			  tcp->state != NX_TCP_SYN_SENT &&
			  tcp->state != NX_TCP_TIME_WAIT;
	nx_tcp_close(tcp, -ECONNABORTED);
}

void nx_tcp_lose(struct nx_tcp *tcp)
{
	/* An end of the stream would hide what is missing in front of it. */
	if (tcp->state != NX_TCP_CLOSED || tcp->rcv_used_bytes) {
		tcp->err = -ECONNABORTED;
		tcp->fin_received = false;
	}
	nx_tcp_rxq_clear(tcp);
	nx_tcp_close(tcp, -ECONNABORTED);
	tcp->must_reset = false;
}

/* -------------------------------------------------------------- options */

void nx_tcp_set_nodelay(struct nx_tcp *tcp, bool is_nodelay)
{
	tcp->is_nodelay = is_nodelay;
}

void nx_tcp_set_cork(struct nx_tcp *tcp, bool is_corked)
{
	tcp->is_corked = is_corked;
}

void nx_tcp_set_keepalive(struct nx_tcp *tcp, bool is_keepalive,
			  uint64_t now_ns)
{
	tcp->is_keepalive = is_keepalive;
	nx_tcp_wait_arm(tcp, now_ns);
}

void nx_tcp_icmp(struct nx_tcp *tcp, uint32_t seq, int err)
{
	/* RFC 5927 section 4.1: of something that is in flight. */
	if (tcp->state == NX_TCP_CLOSED ||
	    !nx_seq_within(seq, tcp->snd_una, tcp->snd_nxt))
		return;
	tcp->soft_err = (int16_t)-err;
	if (tcp->state == NX_TCP_SYN_SENT && err == ECONNREFUSED)
		nx_tcp_close(tcp, -err);
}
