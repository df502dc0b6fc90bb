// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Options of sockets. The kernel's own socket judges and remembers all of them but
 * two of connections; here is what has an effect on nexus, and what nexus cannot do.
 */
#include <limits.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <string.h>

#include "internal.h"

/* ------------------------------------------------- what nexus cannot serve */

static bool is_foreign_level_socket(int name)
{
	switch (name) {
	case SO_ATTACH_FILTER:
	case SO_ATTACH_BPF:
	case SO_TIMESTAMP:
	case SO_TIMESTAMPNS:
	case SO_TIMESTAMPING:
	case SO_RXQ_OVFL:
	case SO_ZEROCOPY:
	case SO_TXTIME:
		return true;
	}
	return false;
}

static bool is_foreign_udp(int level, int name)
{
	if (level == IPPROTO_UDP)
		return true;
	if (level == IPPROTO_IP)
		return name == IP_RECVERR || name == IP_RECVTTL ||
		       name == IP_RECVTOS || name == IP_RECVOPTS ||
		       name == IP_OPTIONS || name == IP_RECVORIGDSTADDR ||
		       name == IP_TRANSPARENT || name == IP_HDRINCL;
	if (level == IPPROTO_IPV6)
		return name == IPV6_RECVERR || name == IPV6_RECVHOPLIMIT ||
		       name == IPV6_RECVTCLASS || name == IPV6_RECVRTHDR ||
		       name == IPV6_TRANSPARENT;
	return false;
}

static bool is_foreign_tcp(int level, int name, const void *value,
			   socklen_t len)
{
	if (level == IPPROTO_IP)
		return name == IP_TRANSPARENT || name == IP_OPTIONS;
	if (level == IPPROTO_IPV6)
		return name == IPV6_TRANSPARENT;
	if (level != IPPROTO_TCP)
		return false;
	if (name == TCP_CONGESTION)
		return !(len >= 5 && !memcmp(value, "cubic", 5)) &&
		       !(len >= 4 && !memcmp(value, "reno", 4));
	return name == TCP_REPAIR || name == TCP_MD5SIG ||
	       nx_fast_open_is_foreign(name);
}

/* An option that is switched off asks for nothing. */
static bool is_off(const void *value, socklen_t len)
{
	int number;

	if (len != sizeof(number))
		return false;
	memcpy(&number, value, sizeof(number));
	return !number;
}

static bool is_foreign(const struct nx_socket *s, int level, int name,
		       const void *value, socklen_t len)
{
	if (is_off(value, len))
		return false;
	if (level == SOL_SOCKET)
		return is_foreign_level_socket(name);
	return s->type == SOCK_DGRAM ? is_foreign_udp(level, name) :
				       is_foreign_tcp(level, name, value, len);
}

/* ------------------------------------------------------------- remembered */

static int64_t timeout_of(const void *value, socklen_t len)
{
	struct timeval tv;

	if (len < sizeof(tv))
		return NEXUS_TIMEOUT_NONE;
	memcpy(&tv, value, sizeof(tv));
	if (!tv.tv_sec && !tv.tv_usec)
		return NEXUS_TIMEOUT_NONE;
	return (int64_t)tv.tv_sec * 1000000000 + tv.tv_usec * 1000;
}

static bool is_reset(const void *value, socklen_t len)
{
	struct linger linger;

	if (len < sizeof(linger))
		return false;
	memcpy(&linger, value, sizeof(linger));
	return linger.l_onoff && !linger.l_linger;
}

/* As the kernel has it: twice what was asked for, for its own needs. */
static uint32_t buffer_of(int number)
{
	return number > 0 && number < INT32_MAX / 2 ? (uint32_t)number * 2 : 0;
}

static void remember_socket(struct nx_socket *s, int name, int number,
			    const void *value, socklen_t len)
{
	switch (name) {
	case SO_RCVTIMEO:
		s->set.rcv_timeout_ns = timeout_of(value, len);
		break;
	case SO_SNDTIMEO:
		s->set.snd_timeout_ns = timeout_of(value, len);
		break;
	case SO_LINGER:
		s->set.linger_reset = is_reset(value, len);
		break;
	case SO_KEEPALIVE:
		s->set.keepalive = number;
		if (s->tcp)
			nexus_tcp_set_keepalive(s->tcp, number);
		break;
	case SO_RCVBUF:
		s->set.rcv_buf_bytes = buffer_of(number);
		break;
	case SO_SNDBUF:
		s->set.snd_buf_bytes = buffer_of(number);
		break;
	}
}

static void remember_congestion(struct nx_socket *s, const char *value)
{
	strcpy(s->set.congestion, value[0] == 'r' ? "newreno" : "cubic");
}

/* A connection that exists has other patience from now on. */
static void be_patient(struct nx_socket *s)
{
	struct nexus_tcp_options options = {
		.user_timeout_ms = s->set.user_timeout_ms,
		.keep_idle_s	= s->set.keep_idle_s,
		.keep_intvl_s	= s->set.keep_intvl_s,
		.keep_probes	= s->set.keep_probes,
	};

	if (s->tcp && nexus_tcp_set_patience(s->tcp, &options))
		nx_explain("an option has no effect: %s", nexus_error_text());
}

static void remember_tcp(struct nx_socket *s, int name, int number,
			 const void *value)
{
	switch (name) {
	case TCP_NODELAY:
		s->set.nodelay = number;
		if (s->tcp)
			nexus_tcp_set_nodelay(s->tcp, number);
		break;
	case TCP_CORK:
		s->is_corked = number;
		if (s->tcp)
			nexus_tcp_set_cork(s->tcp, number);
		break;
	case TCP_KEEPIDLE:
		s->set.keep_idle_s = (uint32_t)number;
		be_patient(s);
		break;
	case TCP_KEEPINTVL:
		s->set.keep_intvl_s = (uint32_t)number;
		be_patient(s);
		break;
	case TCP_KEEPCNT:
		s->set.keep_probes = (uint32_t)number;
		be_patient(s);
		break;
	case TCP_USER_TIMEOUT:
		s->set.user_timeout_ms = (uint32_t)number;
		be_patient(s);
		break;
	case TCP_CONGESTION:
		remember_congestion(s, value);
		break;
	case TCP_FASTOPEN_CONNECT:
		s->set.fast_connect = number;
		break;
	}
}

static void remember(struct nx_socket *s, int level, int name,
		     const void *value, socklen_t len)
{
	int number = 0;

	memcpy(&number, value, len < sizeof(number) ? len : sizeof(number));
	if (level == SOL_SOCKET)
		remember_socket(s, name, number, value, len);
	else if (level == IPPROTO_TCP)
		remember_tcp(s, name, number, value);
	else if (level == IPPROTO_IP && name == IP_PKTINFO)
		s->wants_pktinfo4 = number;
	else if (level == IPPROTO_IPV6 && name == IPV6_RECVPKTINFO)
		s->wants_pktinfo6 = number;
}

int nx_socket_refuse_option(int fd, int level, int name)
{
	struct nx_socket *s;
	int err = 0;

	if (level != IPPROTO_TCP || !nx_fast_open_is_option(name))
		return 0;
	nx_lock();
	s = nx_socket_get(fd);
	if (s) {
		err = nx_fast_open_refuse(s, name);
		nx_socket_put(s);
	}
	nx_unlock();
	return err;
}

/*
 * Programs set these for each answer, and nothing that the kernel's socket knows is
 * to judge them.
 */
static bool is_own(const struct nx_socket *s, int level, int name)
{
	return s->state == NX_SOCKET_TCP && level == IPPROTO_TCP &&
	       (name == TCP_NODELAY || name == TCP_CORK);
}

/* A connection stays, and so does a listener whose connections keep its port. */
static bool must_stay(const struct nx_socket *s)
{
	return s->state == NX_SOCKET_TCP ||
	       (s->state == NX_SOCKET_LISTEN && s->has_accepted);
}

static void leave(struct nx_socket *s, int fd, int level, int name)
{
	if (must_stay(s)) {
		nx_explain("%d sets option %d of level %d: no effect", fd, name,
			   level);
		return;
	}
	nx_explain("%d sets option %d of level %d: the kernel", fd, name, level);
	nx_socket_to_kernel(s);
}

static void apply(struct nx_socket *s, int fd, int level, int name,
		  const void *value, socklen_t len)
{
	remember(s, level, name, value, len);
	/* What was held back by Nagle or cork may leave. */
	if (s->state == NX_SOCKET_TCP)
		nx_service_flush();
	else if (s->state == NX_SOCKET_LISTEN && level == IPPROTO_TCP &&
		 name == TCP_FASTOPEN)
		nx_fast_open_change(s, fd);
}

int nx_socket_set_own_option(int fd, int level, int name, const void *value,
			     socklen_t len)
{
	struct nx_socket *s;
	int ret = NX_PASS;

	/* The kernel knows what is wrong. */
	if (level != IPPROTO_TCP || !value || len < sizeof(int) || len > INT_MAX)
		return NX_PASS;
	nx_lock();
	s = nx_socket_get(fd);
	if (s && is_own(s, level, name)) {
		apply(s, fd, level, name, value, len);
		ret = 0;
	}
	if (s)
		nx_socket_put(s);
	nx_unlock();
	return ret;
}

void nx_socket_setsockopt(int fd, int level, int name, const void *value,
			  socklen_t len)
{
	struct nx_socket *s;

	nx_lock();
	s = nx_socket_get(fd);
	if (s && is_foreign(s, level, name, value, len))
		leave(s, fd, level, name);
	else if (s)
		apply(s, fd, level, name, value, len);
	if (s)
		nx_socket_put(s);
	nx_unlock();
}

/* ---------------------------------------------------------------- asked for */

static int put(const void *from, socklen_t size, void *value, socklen_t *len)
{
	*len = *len < size ? *len : size;
	memcpy(value, from, *len);
	return 0;
}

static int put_int(int number, void *value, socklen_t *len)
{
	return put(&number, sizeof(number), value, len);
}

/* Linux's names for the states that ss writes. */
static uint8_t state_number(const char *name)
{
	static const struct {
		const char	*name;
		uint8_t		number;
	} states[] = {
		{ "ESTAB", TCP_ESTABLISHED }, { "SYN-SENT", TCP_SYN_SENT },
		{ "SYN-RECV", TCP_SYN_RECV }, { "FIN-WAIT-1", TCP_FIN_WAIT1 },
		{ "FIN-WAIT-2", TCP_FIN_WAIT2 }, { "TIME-WAIT", TCP_TIME_WAIT },
		{ "CLOSE-WAIT", TCP_CLOSE_WAIT }, { "LAST-ACK", TCP_LAST_ACK },
		{ "CLOSING", TCP_CLOSING },
	};
	unsigned int i;

	for (i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		if (!strcmp(name, states[i].name))
			return states[i].number;
	return TCP_CLOSE;
}

static void fill_tcp_info(const struct nexus_tcp_info *from,
			  struct tcp_info *info)
{
	uint32_t mss = from->mss ? from->mss : 1;

	memset(info, 0, sizeof(*info));
	info->tcpi_state = state_number(from->state);
	info->tcpi_options = (uint8_t)
		((from->has_timestamps ? TCPI_OPT_TIMESTAMPS : 0) |
		 (from->has_sack ? TCPI_OPT_SACK : 0) |
		 (from->has_wscale ? TCPI_OPT_WSCALE : 0) |
		 (from->has_syn_data ? TCPI_OPT_SYN_DATA : 0));
	info->tcpi_rto = from->rto_us;
	info->tcpi_snd_mss = mss;
	info->tcpi_rcv_mss = mss;
	info->tcpi_advmss = mss;
	info->tcpi_unacked = (from->unacked + mss - 1) / mss;
	info->tcpi_pmtu = from->mtu;
	info->tcpi_rtt = from->srtt_us;
	info->tcpi_rttvar = from->rttvar_us;
	info->tcpi_snd_ssthresh = from->ssthresh / mss;
	info->tcpi_snd_cwnd = from->cwnd / mss;
	info->tcpi_rcv_space = from->rcv_wnd;
	info->tcpi_total_retrans = from->nr_retrans;
}

static int put_tcp_info(struct nx_socket *s, void *value, socklen_t *len)
{
	struct nexus_tcp_info from;
	struct tcp_info info;

	nexus_tcp_info(s->tcp, &from);
	fill_tcp_info(&from, &info);
	return put(&info, sizeof(info), value, len);
}

static int get_locked(struct nx_socket *s, int level, int name, void *value,
		      socklen_t *len)
{
	struct nexus_tcp_info info;

	if (s->state < NX_SOCKET_UDP)
		return NX_PASS;
	if (level == SOL_SOCKET && name == SO_ERROR)
		return put_int(nx_socket_take_error(s), value, len);
	if (level == SOL_SOCKET && name == SO_ACCEPTCONN)
		return put_int(s->state == NX_SOCKET_LISTEN, value, len);
	if (s->state != NX_SOCKET_TCP || level != IPPROTO_TCP)
		return NX_PASS;
	if (name == TCP_NODELAY)
		return put_int(s->set.nodelay, value, len);
	if (name == TCP_CORK)
		return put_int(s->is_corked, value, len);
	if (name == TCP_INFO)
		return put_tcp_info(s, value, len);
	if (name == TCP_MAXSEG) {
		nexus_tcp_info(s->tcp, &info);
		return put_int((int)info.mss, value, len);
	}
	return NX_PASS;
}

int nx_socket_getsockopt(int fd, int level, int name, void *value,
			 socklen_t *len)
{
	struct nx_socket *s;
	int ret = NX_PASS;

	nx_lock();
	s = nx_socket_get(fd);
	if (s) {
		ret = get_locked(s, level, name, value, len);
		nx_socket_put(s);
	}
	nx_unlock();
	return ret;
}
