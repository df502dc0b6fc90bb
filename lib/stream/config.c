// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * How connections behave: a configuration that those of a listener share.
 */
#include <stdlib.h>

#include "../channel/error.h"
#include "internal.h"

/* A receive window may be one part in so many of the pool. */
#define WINDOW_SHARE	4

/**
 * struct shared_config - how the connections of a listener, or one, behave
 * @config: the first field
 * @refs:   listeners and connections that have it
 */
struct shared_config {
	struct nx_tcp_config	config;
	uint32_t		refs;
};

void nx_stream_config_get(const struct nx_tcp_config *config)
{
	((struct shared_config *)config)->refs++;
}

void nx_stream_config_put(const struct nx_tcp_config *config)
{
	struct shared_config *shared = (struct shared_config *)config;

	if (!--shared->refs)
		free(shared);
}

static void set_features(struct nx_tcp_config *c,
			 const struct nexus_tcp_options *o)
{
	if (o->congestion)
		c->cc = nx_tcp_cc_find(o->congestion);
	if (o->flags & NEXUS_TCP_ECN)
		c->ecn = NX_ECN_CLASSIC;
	if (o->flags & NEXUS_TCP_ACCECN)
		c->ecn = NX_ECN_ACCURATE;
	if (o->flags & NEXUS_TCP_PACING)
		c->features |= NX_TCP_HAS_PACING;
}

/* What is not read holds buffers too, and the window promises as many. */
static void limit_window(struct nx_tcp_config *c,
			 const struct nexus_stack *stack)
{
	size_t most = nx_streams_pool_bytes(stack) / WINDOW_SHARE;

	if (c->rcv_max_bytes > most)
		c->rcv_max_bytes = (uint32_t)most;
	if (c->rcv_buf_bytes > c->rcv_max_bytes)
		c->rcv_buf_bytes = c->rcv_max_bytes;
}

static void set_buffers(struct nx_tcp_config *c,
			const struct nexus_tcp_options *o)
{
	if (o->rcv_buf_bytes)
		c->rcv_max_bytes = o->rcv_buf_bytes;
	if (o->snd_buf_bytes)
		c->snd_buf_bytes = o->snd_buf_bytes;
}

static void set_patience(struct nx_tcp_config *c,
			 const struct nexus_tcp_options *o)
{
	if (o->user_timeout_ms)
		c->user_timeout_ms = o->user_timeout_ms;
	if (o->keep_idle_s)
		c->keep_idle_ms = o->keep_idle_s * 1000;
	if (o->keep_intvl_s)
		c->keep_intvl_ms = o->keep_intvl_s * 1000;
	if (o->keep_probes)
		c->keep_probes = (uint8_t)o->keep_probes;
}

const struct nx_tcp_config *
nx_stream_config_make(const struct nexus_stack *stack,
		      const struct nexus_tcp_options *options)
{
	struct shared_config *shared = malloc(sizeof(*shared));

	if (!shared)
		return NULL;
	shared->refs = 1;
	shared->config = nx_tcp_config_default;
	/* Where segments are cut CWR stays in the first one: no counter that way. */
	if (!(stack->channel->features & NEXUS_FEATURE_TSO) ||
	    options->flags & NEXUS_TCP_ACCECN)
		shared->config.gso_max_bytes = 0;
	set_features(&shared->config, options);
	set_buffers(&shared->config, options);
	set_patience(&shared->config, options);
	limit_window(&shared->config, stack);
	return &shared->config;
}

/* A copy of what @conn has, for itself alone. */
static struct nx_tcp_config *make_own(struct nexus_tcp *conn)
{
	struct shared_config *own = malloc(sizeof(*own));

	if (!own)
		return NULL;
	own->config = *conn->tcp.config;
	own->refs = 1;
	nx_stream_config_put(conn->tcp.config);
	conn->tcp.config = &own->config;
	return &own->config;
}

int nexus_tcp_set_patience(struct nexus_tcp *tcp,
			   const struct nexus_tcp_options *options)
{
	struct nx_tcp_config *config;

	if (options->keep_probes > UINT8_MAX)
		return nx_error(-EINVAL, "%u keepalive probes",
				options->keep_probes);
	config = make_own(tcp);
	if (!config)
		return nx_error(-ENOMEM, "no memory for a connection's options");
	set_patience(config, options);
	nexus_tcp_set_keepalive(tcp, tcp->tcp.is_keepalive);
	return 0;
}
