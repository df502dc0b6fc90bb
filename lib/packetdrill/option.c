// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Socket options, and TCP_INFO.
 */
#include <linux/tcp.h>
#include <netinet/in.h>
#include <string.h>

#include "internal.h"

#define MS_A_SECOND	1000u
#define NS_A_US		1000u

/* --------------------------------------------------------------- setting */

static int get_int(const void *value, socklen_t len, int *number)
{
	if (len < sizeof(*number))
		return -EINVAL;
	memcpy(number, value, sizeof(*number));
	return 0;
}

static int set_linger(struct nx_pd_sock *sock, const void *value, socklen_t len)
{
	struct linger linger;

	if (len < sizeof(linger))
		return -EINVAL;
	memcpy(&linger, value, sizeof(linger));
	sock->does_reset = linger.l_onoff && !linger.l_linger;
	return 0;
}

static int set_congestion(struct nx_pd_sock *sock, const void *value,
			  socklen_t len)
{
	const struct nx_tcp_cc_ops *cc;
	char name[16] = "";

	memcpy(name, value, len < sizeof(name) - 1 ? len : sizeof(name) - 1);
	cc = nx_tcp_cc_find(name);
	if (!cc)
		return -ENOENT;
	/* A connection keeps the one that it began with. */
	if (sock->is_open && cc != sock->config.cc)
		return -EBUSY;
	sock->config.cc = cc;
	return 0;
}

static void set_rcvbuf(struct nx_pd_sock *sock, uint32_t bytes)
{
	sock->config.rcv_buf_bytes = bytes;
	sock->config.rcv_max_bytes = bytes;
	sock->config.features &= ~NX_TCP_HAS_TUNING;
}

static int set_socket(struct nx_pd_sock *sock, int name, int n)
{
	switch (name) {
	case SO_REUSEADDR:
	case SO_REUSEPORT:
		return 0;
	case SO_KEEPALIVE:
		sock->is_keepalive = n;
		if (sock->is_open)
			nx_tcp_set_keepalive(&sock->tcp, n, sock->host->now_ns);
		return 0;
	case SO_SNDBUF:
		sock->config.snd_buf_bytes = (uint32_t)n * 2;
		return 0;
	case SO_RCVBUF:
		set_rcvbuf(sock, (uint32_t)n * 2);
		return 0;
	default:
		return -ENOPROTOOPT;
	}
}

static int set_tcp(struct nx_pd_sock *sock, int name, int n)
{
	switch (name) {
	case TCP_NODELAY:
		sock->is_nodelay = n;
		if (sock->is_open)
			nx_tcp_set_nodelay(&sock->tcp, n);
		return 0;
	case TCP_CORK:
		sock->is_corked = n;
		if (sock->is_open)
			nx_tcp_set_cork(&sock->tcp, n);
		return 0;
	case TCP_KEEPIDLE:
		sock->config.keep_idle_ms = (uint32_t)n * MS_A_SECOND;
		return 0;
	case TCP_KEEPINTVL:
		sock->config.keep_intvl_ms = (uint32_t)n * MS_A_SECOND;
		return 0;
	case TCP_KEEPCNT:
		sock->config.keep_probes = (uint8_t)n;
		return 0;
	case TCP_SYNCNT:
		sock->config.syn_retries = (uint8_t)n;
		return 0;
	case TCP_USER_TIMEOUT:
		sock->config.user_timeout_ms = (uint32_t)n;
		return 0;
	default:
		return -ENOPROTOOPT;
	}
}

static int do_set(struct nx_pd_sock *sock, int level, int name,
		  const void *value, socklen_t len)
{
	int n, err;

	if (level == SOL_SOCKET && name == SO_LINGER)
		return set_linger(sock, value, len);
	if (level == IPPROTO_TCP && name == TCP_CONGESTION)
		return set_congestion(sock, value, len);
	err = get_int(value, len, &n);
	if (err)
		return err;
	if (n < 0)
		return -EINVAL;
	if (level == SOL_SOCKET)
		err = set_socket(sock, name, n);
	else if (level == IPPROTO_TCP)
		err = set_tcp(sock, name, n);
	else
		err = -ENOPROTOOPT;
	nx_pd_run(sock->host);
	return err;
}

/* -------------------------------------------------------------- getting */

/* Linux's numbers of states and of phases of recovery. */
static uint8_t linux_state(enum nx_tcp_state state)
{
	static const uint8_t states[NX_TCP_NR_STATES] = {
		[NX_TCP_CLOSED] = 7, [NX_TCP_SYN_SENT] = 2,
		[NX_TCP_SYN_RCVD] = 3, [NX_TCP_ESTABLISHED] = 1,
		[NX_TCP_FIN_WAIT_1] = 4, [NX_TCP_FIN_WAIT_2] = 5,
		[NX_TCP_CLOSE_WAIT] = 8, [NX_TCP_CLOSING] = 11,
		[NX_TCP_LAST_ACK] = 9, [NX_TCP_TIME_WAIT] = 6,
	};

	return states[state];
}

static uint8_t linux_recovery(enum nx_tcp_recovery recovery)
{
	switch (recovery) {
	case NX_TCP_OPEN:
		return TCP_CA_Open;
	case NX_TCP_CWR:
		return TCP_CA_CWR;
	case NX_TCP_FAST:
		return TCP_CA_Recovery;
	case NX_TCP_LOSS:
		return TCP_CA_Loss;
	}
	return TCP_CA_Open;
}

static uint32_t segments(const struct nx_tcp *tcp, uint32_t bytes)
{
	return tcp->mss ? (bytes + tcp->mss - 1) / tcp->mss : 0;
}

static void fill_options(const struct nx_tcp *tcp, struct tcp_info *info)
{
	info->tcpi_options = (uint8_t)((tcp->has_ts ? TCPI_OPT_TIMESTAMPS : 0) |
				       (tcp->has_sack ? TCPI_OPT_SACK : 0) |
				       (tcp->has_wscale ? TCPI_OPT_WSCALE : 0) |
				       (tcp->ecn ? TCPI_OPT_ECN : 0));
	info->tcpi_snd_wscale = tcp->snd_wscale & 0xf;
	info->tcpi_rcv_wscale = tcp->rcv_wscale & 0xf;
}

static void fill_sending(const struct nx_tcp *tcp, struct tcp_info *info)
{
	info->tcpi_unacked = segments(tcp, tcp->snd_nxt - tcp->snd_una);
	info->tcpi_sacked = segments(tcp, tcp->txq.sacked_bytes);
	info->tcpi_lost = segments(tcp, tcp->txq.lost_bytes);
	info->tcpi_retrans = segments(tcp, tcp->txq.retrans_bytes);
	info->tcpi_snd_cwnd = tcp->mss ? tcp->cc.cwnd / tcp->mss : 0;
	info->tcpi_snd_ssthresh = tcp->cc.ssthresh == NX_TCP_SSTHRESH_NONE ?
				  0x7fffffff : segments(tcp, tcp->cc.ssthresh);
	info->tcpi_notsent_bytes = tcp->write_seq - tcp->snd_nxt;
	info->tcpi_total_retrans = tcp->stats.nr_retrans;
	info->tcpi_bytes_retrans = tcp->stats.retrans_bytes;
	info->tcpi_bytes_acked = tcp->stats.bytes_acked;
	info->tcpi_snd_wnd = tcp->snd_wnd;
}

static void fill_info(const struct nx_tcp *tcp, struct tcp_info *info)
{
	memset(info, 0, sizeof(*info));
	info->tcpi_state = linux_state((enum nx_tcp_state)tcp->state);
	info->tcpi_ca_state =
		linux_recovery((enum nx_tcp_recovery)tcp->recovery);
	info->tcpi_backoff = tcp->rtt.nr_backoffs;
	info->tcpi_rto = (uint32_t)(nx_rtt_rto_ns(&tcp->rtt) / NS_A_US);
	info->tcpi_snd_mss = tcp->mss;
	info->tcpi_rcv_mss = tcp->rcv_mss;
	info->tcpi_pmtu = tcp->mtu;
	info->tcpi_rtt = (uint32_t)(tcp->rtt.srtt_ns / NS_A_US);
	info->tcpi_rttvar = (uint32_t)(tcp->rtt.rttvar_ns / NS_A_US);
	info->tcpi_advmss = (uint32_t)tcp->mtu - tcp->ip_len -
			    NEXUS_WIRE_TCP_LEN;
	info->tcpi_bytes_received = tcp->stats.bytes_received;
	info->tcpi_segs_in = tcp->stats.segs_in;
	info->tcpi_segs_out = tcp->stats.segs_out;
	fill_options(tcp, info);
	fill_sending(tcp, info);
}

static int put_value(const void *from, socklen_t size, void *value,
		     socklen_t *len)
{
	if (*len > size)
		*len = size;
	memcpy(value, from, *len);
	return 0;
}

static int get_info(const struct nx_pd_sock *sock, void *value, socklen_t *len)
{
	struct tcp_info info = { .tcpi_state = sock->is_listening ? 10 : 7 };

	if (sock->is_open)
		fill_info(&sock->tcp, &info);
	return put_value(&info, sizeof(info), value, len);
}

static int get_number(struct nx_pd_sock *sock, int level, int name, int *n)
{
	if (level == SOL_SOCKET && name == SO_ERROR) {
		*n = sock->err;
		sock->err = 0;
	} else if (level == SOL_SOCKET && name == SO_TYPE) {
		*n = SOCK_STREAM;
	} else if (level == SOL_SOCKET && name == SO_SNDBUF) {
		*n = (int)sock->config.snd_buf_bytes;
	} else if (level == SOL_SOCKET && name == SO_RCVBUF) {
		*n = (int)sock->config.rcv_buf_bytes;
	} else if (level == IPPROTO_TCP && name == TCP_NODELAY) {
		*n = sock->is_nodelay;
	} else if (level == IPPROTO_TCP && name == TCP_CORK) {
		*n = sock->is_corked;
	} else if (level == IPPROTO_TCP && name == TCP_MAXSEG) {
		*n = sock->is_open ? sock->tcp.mss : 0;
	} else {
		return -ENOPROTOOPT;
	}
	return 0;
}

static int do_get(struct nx_pd_sock *sock, int level, int name, void *value,
		  socklen_t *len)
{
	int n, err;

	if (level == IPPROTO_TCP && name == TCP_INFO)
		return get_info(sock, value, len);
	if (level == IPPROTO_TCP && name == TCP_CONGESTION)
		return put_value(sock->config.cc->name,
				 (socklen_t)strlen(sock->config.cc->name) + 1,
				 value, len);
	err = get_number(sock, level, name, &n);
	return err ? err : put_value(&n, sizeof(n), value, len);
}

/* ---------------------------------------------------------------- calls */

static int finish(struct nx_pd_host *host, int ret)
{
	pthread_mutex_unlock(&host->lock);
	if (ret >= 0)
		return ret;
	errno = -ret;
	return -1;
}

static int call_setsockopt(void *self, int fd, int level, int name,
			   const void *value, socklen_t len)
{
	struct nx_pd_host *host = self;
	struct nx_pd_sock *sock;

	pthread_mutex_lock(&host->lock);
	sock = nx_pd_sock_get(host, fd);
	return finish(host, sock ? do_set(sock, level, name, value, len) :
				   -EBADF);
}

static int call_getsockopt(void *self, int fd, int level, int name, void *value,
			   socklen_t *len)
{
	struct nx_pd_host *host = self;
	struct nx_pd_sock *sock;

	pthread_mutex_lock(&host->lock);
	sock = nx_pd_sock_get(host, fd);
	return finish(host, sock ? do_get(sock, level, name, value, len) :
				   -EBADF);
}

void nx_pd_option_calls(struct packetdrill_interface *calls)
{
	calls->setsockopt = call_setsockopt;
	calls->getsockopt = call_getsockopt;
}
