// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Knobs of the stack under test, by the names that Linux's sysctls have, as
 * packetdrill's --so_flags brings them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>

#include "internal.h"

/**
 * struct knob - a number that can be set
 * @name:     as in net.ipv4
 * @min, @max: bounds
 * @set:      takes it
 */
struct knob {
	const char	*name;
	unsigned long	min;
	unsigned long	max;
	void		(*set)(struct nx_pd_host *host, unsigned long value);
};

static void set_feature(struct nx_pd_host *host, uint32_t feature, bool is_on)
{
	if (is_on)
		host->config.features |= feature;
	else
		host->config.features &= ~feature;
}

#define FEATURE(knob, feature)						\
static void set_##knob(struct nx_pd_host *host, unsigned long value)	\
{									\
	set_feature(host, feature, value);				\
}

FEATURE(sack, NX_TCP_HAS_SACK)
FEATURE(timestamps, NX_TCP_HAS_TS)
FEATURE(window_scaling, NX_TCP_HAS_WSCALE)
FEATURE(moderate_rcvbuf, NX_TCP_HAS_TUNING)
FEATURE(mtu_probing, NX_TCP_HAS_PROBING)
FEATURE(early_retrans, NX_TCP_HAS_TLP)
FEATURE(pacing, NX_TCP_HAS_PACING)

/* 0 none; 1 and 2 RFC 3168; 3 AccECN. This end asks for what it grants. */
static void set_ecn(struct nx_pd_host *host, unsigned long value)
{
	host->config.ecn = !value ? NX_ECN_NONE :
			   value < 3 ? NX_ECN_CLASSIC : NX_ECN_ACCURATE;
}

#define NUMBER(knob, field, unit)					\
static void set_##knob(struct nx_pd_host *host, unsigned long value)	\
{									\
	host->field = (__typeof__(host->field))(value * (unit));	\
}

NUMBER(syn_retries, config.syn_retries, 1)
NUMBER(keepalive_probes, config.keep_probes, 1)
NUMBER(keepalive_time, config.keep_idle_ms, 1000)
NUMBER(keepalive_intvl, config.keep_intvl_ms, 1000)
NUMBER(fin_timeout, config.time_wait_ms, 1000)
NUMBER(delack, config.delack_us, 1)
NUMBER(wmem, config.snd_buf_bytes, 1)
NUMBER(mtu, mtu, 1)

static void set_rmem(struct nx_pd_host *host, unsigned long value)
{
	host->config.rcv_buf_bytes = (uint32_t)value;
	if (host->config.rcv_max_bytes < value)
		host->config.rcv_max_bytes = (uint32_t)value;
}

static void set_rmem_max(struct nx_pd_host *host, unsigned long value)
{
	host->config.rcv_max_bytes = (uint32_t)value;
	if (host->config.rcv_buf_bytes > value)
		host->config.rcv_buf_bytes = (uint32_t)value;
}

static const struct knob knobs[] = {
	{ "tcp_sack", 0, 1, set_sack },
	{ "tcp_timestamps", 0, 1, set_timestamps },
	{ "tcp_window_scaling", 0, 1, set_window_scaling },
	{ "tcp_moderate_rcvbuf", 0, 1, set_moderate_rcvbuf },
	{ "tcp_mtu_probing", 0, 2, set_mtu_probing },
	{ "tcp_early_retrans", 0, 4, set_early_retrans },
	{ "tcp_pacing", 0, 1, set_pacing },
	{ "tcp_ecn", 0, 3, set_ecn },
	{ "tcp_syn_retries", 1, 127, set_syn_retries },
	{ "tcp_keepalive_probes", 1, 127, set_keepalive_probes },
	{ "tcp_keepalive_time", 1, 4294967, set_keepalive_time },
	{ "tcp_keepalive_intvl", 1, 4294967, set_keepalive_intvl },
	{ "tcp_fin_timeout", 1, 120, set_fin_timeout },
	{ "tcp_delack_us", 0, 500000, set_delack },
	{ "tcp_rmem", 2304, 1 << 30, set_rmem },
	{ "tcp_rmem_max", 2304, 1 << 30, set_rmem_max },
	{ "tcp_wmem", 4608, 1 << 30, set_wmem },
	{ "mtu", 68, 65535, set_mtu },
};

static bool set_number(struct nx_pd_host *host, const char *name,
		       const char *text)
{
	unsigned long value;
	char *end;
	size_t i;

	for (i = 0; i < sizeof(knobs) / sizeof(knobs[0]); i++) {
		if (strcmp(knobs[i].name, name))
			continue;
		value = strtoul(text, &end, 10);
		if (end == text || *end || value < knobs[i].min ||
		    value > knobs[i].max)
			return false;
		knobs[i].set(host, value);
		return true;
	}
	return false;
}

static bool set_local_ip(struct nx_pd_host *host, const char *text)
{
	uint8_t v4[4];

	if (inet_pton(AF_INET, text, v4) == 1) {
		memcpy(host->local4 + 12, v4, 4);
		return true;
	}
	return inet_pton(AF_INET6, text, host->local6) == 1;
}

static bool set(struct nx_pd_host *host, const char *name, const char *text)
{
	const struct nx_tcp_cc_ops *cc;

	if (!strcmp(name, "local_ip"))
		return set_local_ip(host, text);
	if (strcmp(name, "tcp_congestion_control"))
		return set_number(host, name, text);
	cc = nx_tcp_cc_find(text);
	if (cc)
		host->config.cc = cc;
	return cc;
}

/* Longest knob with its value; IPv6 addresses are the longest values. */
#define KNOB_MAX	96

const char *nx_pd_knobs_read(struct nx_pd_host *host, const char *flags)
{
	char knob[KNOB_MAX], *value;
	size_t len;

	for (; flags && *flags; flags += len + (flags[len] == ',')) {
		len = strcspn(flags, ",");
		if (!len || len >= sizeof(knob))
			return flags;
		memcpy(knob, flags, len);
		knob[len] = '\0';
		value = strchr(knob, '=');
		if (!value)
			return flags;
		*value++ = '\0';
		/* As sysctl has it, or short. */
		if (!set(host, !strncmp(knob, "net.ipv4.", 9) ? knob + 9 : knob,
			 value))
			return flags;
	}
	return NULL;
}
