// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Starts and ends a stack for packetdrill.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

/* A clock that does not begin at zero, which is nobody's time of day. */
#define EPOCH_NS		1000000000000000000ull

#define PORT_FIRST		32768

static void *record_alloc(struct nx_tcp_env *env)
{
	(void)env;
	return malloc(NX_TCP_RECORD_SIZE);
}

static void record_free(struct nx_tcp_env *env, void *record)
{
	(void)env;
	free(record);
}

static void buf_hold(struct nx_tcp_env *env, void *buf)
{
	(void)env;
	((struct nx_pd_buf *)buf)->nr_refs++;
}

static void buf_put(struct nx_tcp_env *env, void *buf)
{
	(void)env;
	nx_pd_buf_put(buf);
}

/*
 * As little as possible that Linux's scripts do not expect: segments one by one,
 * and at once. packetdrill's own default addresses are this host's.
 */
static void init_host(struct nx_pd_host *host)
{
	static const uint8_t local4[16] = { [10] = 0xff, 0xff, 192, 168, 0, 1 };
	static const uint8_t local6[16] = { 0xfd, 0x3d, 0xfa, 0x7b, 0xd1, 0x7d,
					    [15] = 1 };

	host->env = (struct nx_tcp_env){
		.record_alloc = record_alloc, .record_free = record_free,
		.buf_hold = buf_hold, .buf_put = buf_put,
	};
	host->config = nx_tcp_config_default;
	host->config.gso_max_bytes = 0;
	host->config.features &= ~(NX_TCP_HAS_PACING | NX_TCP_HAS_PROBING);
	memcpy(host->local4, local4, 16);
	memcpy(host->local6, local6, 16);
	host->now_ns = EPOCH_NS;
	host->mtu = 1500;
	host->next_port = PORT_FIRST;
	host->driver = pthread_self();
	pthread_mutex_init(&host->lock, NULL);
	pthread_cond_init(&host->wake, NULL);
	pthread_cond_init(&host->settled, NULL);
}

static void stop(void *self)
{
	struct nx_pd_host *host = self;
	struct nx_pd_packet *packet;
	size_t i;

	for (i = 0; i < NX_PD_NR_SOCKS; i++)
		if (host->socks[i].is_used)
			nx_pd_sock_free(&host->socks[i]);
	while ((packet = host->first)) {
		host->first = packet->next;
		free(packet);
	}
	pthread_cond_destroy(&host->settled);
	pthread_cond_destroy(&host->wake);
	pthread_mutex_destroy(&host->lock);
	free(host);
}

__attribute__((visibility("default")))
void packetdrill_interface_init(const char *flags,
				struct packetdrill_interface *calls)
{
	struct nx_pd_host *host = calloc(1, sizeof(*host));
	const char *wrong;

	if (!host) {
		fprintf(stderr, "nexus: no memory\n");
		exit(1);
	}
	init_host(host);
	wrong = nx_pd_knobs_read(host, flags);
	if (wrong) {
		fprintf(stderr, "nexus: no such knob, or value: %s\n", wrong);
		exit(1);
	}
	memset(calls, 0, sizeof(*calls));
	calls->self = host;
	calls->stop = stop;
	calls->packet_in = nx_pd_packet_in;
	calls->packet_out = nx_pd_packet_out;
	calls->usleep = nx_pd_usleep;
	calls->gettimeofday = nx_pd_gettimeofday;
	nx_pd_sock_calls(calls);
	nx_pd_data_calls(calls);
	nx_pd_option_calls(calls);
	nx_pd_poll_calls(calls);
}
