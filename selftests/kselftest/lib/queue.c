// SPDX-License-Identifier: GPL-2.0
/*
 * A host whose link to the peer is shaped by the discipline "nexus", flows that
 * send through it, and a socket at the peer that takes everything in.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "ctl.h"
#include "queue.h"
#include "util.h"

void nx_qdisc(const char *options)
{
	const char *build = getenv("NEXUS_BUILD");

	if (nx_shell("TC_LIB_DIR=%s/tools/tc tc qdisc replace dev %s root nexus %s",
		     build ? build : ".", NX_DEV, options))
		nx_die("tc: nexus %s", options);
}

int nx_sink_socket(struct nx_net *net, __u16 port)
{
	int sock = nx_udp_socket(net->peer, NX_PEER4, port, NULL, 0);
	int bytes = 64 << 20;

	setsockopt(sock, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes));
	return sock;
}

void nx_queue_start(struct nx_queue_bed *bed, const char *options)
{
	nx_net_start(&bed->net);
	nx_nexus_start(NX_QUEUE_NEXUS, NX_DEV);
	nx_qdisc(options);
	nx_chan_start(&bed->chan, NX_QUEUE_NEXUS);
	bed->sink = nx_sink_socket(&bed->net, NX_QUEUE_PORT);
	bed->nr_arrived = 0;
}

#define PROBES		64
#define PROBE_PORT	4999

unsigned long nx_queue_kbit(struct nx_queue_bed *bed, unsigned long max_kbit)
{
	char payload[NX_QUEUE_LEN] = { 0 };
	unsigned long kbit;
	struct nx_flow flow;
	long long start;
	__u16 port;
	int i;

	nx_queue_flow(bed, &flow, PROBE_PORT);
	start = nx_now_ns();
	for (i = 0; i < PROBES; i++)
		if (nx_flow_send(&flow, payload, sizeof(payload)))
			nx_die("a probe was not sent");
	start = nx_now_ns() - start;
	for (i = 0; i < PROBES; i++)
		if (nx_next_number(bed->sink, &port) < 0)
			nx_die("a probe did not arrive");
	nx_flow_stop(&flow);
	nx_take_events(&bed->chan, 0, 0);
	kbit = PROBES * NX_MSEC * NX_QUEUE_LEN / start;
	return kbit < max_kbit ? kbit : max_kbit;
}

void nx_queue_start_slow(struct nx_queue_bed *bed, unsigned long max_kbit,
			 const char *options)
{
	char text[256];

	nx_queue_start(bed, "limit 10000");
	snprintf(text, sizeof(text), "rate %lukbit %s",
		 nx_queue_kbit(bed, max_kbit), options);
	nx_note("%s", text);
	nx_qdisc(text);
}

void nx_send_room(int sock)
{
	int bytes = 8 << 20;

	setsockopt(sock, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes));
}

void nx_queue_flow(struct nx_queue_bed *bed, struct nx_flow *flow, __u16 port)
{
	nx_flow_start(flow, &bed->chan, NX_HOST4, port, NX_PEER4, NX_QUEUE_PORT);
	nx_send_room(flow->sock);
}

const struct nexus_flow_advisory *nx_advisory(const struct nx_flow *flow)
{
	const struct nx_chan *chan = flow->chan;
	const char *entries = chan->data[NEXUS_REGION_ADVISORY] +
			      chan->schema->flow_advisory_off;

	return (const void *)(entries + flow->add.flow *
					chan->schema->flow_advisory_size);
}

bool nx_is_suspended(const struct nx_flow *flow)
{
	return __atomic_load_n(&nx_advisory(flow)->flags, __ATOMIC_ACQUIRE) &
	       NEXUS_FLOW_SUSPENDED;
}

bool nx_wait_suspended(const struct nx_flow *flow, bool wanted)
{
	long long end = nx_now_ns() + NX_QUEUE_PATIENCE_MS * NX_MSEC;

	while (nx_is_suspended(flow) != wanted)
		if (nx_now_ns() > end)
			return false;
	return true;
}

long nx_released(const struct nx_flow *flow)
{
	return __atomic_load_n(&nx_advisory(flow)->released_packets,
			       __ATOMIC_ACQUIRE);
}

int nx_take_events(struct nx_chan *chan, __u32 type, __u32 flow)
{
	struct nexus_event event;
	int nr = 0;

	while (nx_ring_pop(nx_chan_ring(chan, 0, NEXUS_RING_EVENT), &event))
		nr += event.type == type && event.flow == flow;
	return nr;
}

long nx_next_number(int sock, __u16 *port)
{
	struct pollfd p = { .fd = sock, .events = POLLIN };
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	char payload[NX_QUEUE_LEN];
	__u32 number;

	if (poll(&p, 1, NX_QUEUE_PATIENCE_MS) != 1 ||
	    recvfrom(sock, payload, sizeof(payload), 0, (void *)&from, &len) < 4)
		return -1;
	*port = ntohs(from.sin_port);
	memcpy(&number, payload, sizeof(number));
	return number;
}

long nx_queue_wait_by(struct nx_queue_bed *bed, struct nx_flow *greedy,
		      void (*send)(void *arg), void *arg)
{
	__u16 own = ntohs(greedy->tuple.sport), port;
	long before, after, number;

	before = nx_released(greedy);
	send(arg);
	after = nx_released(greedy);
	while ((number = nx_next_number(bed->sink, &port)) >= 0 && port == own)
		bed->nr_arrived++;
	if (number < 0)
		nx_die("a packet did not arrive");
	if (after - before > 1)
		return -1;
	return bed->nr_arrived < before ? 0 : bed->nr_arrived - before;
}

static void send_datagram(void *arg)
{
	if (send(*(int *)arg, "wait", 4, 0) != 4)
		nx_die("send failed");
}

long nx_queue_wait(struct nx_queue_bed *bed, struct nx_flow *greedy, int sock)
{
	return nx_queue_wait_by(bed, greedy, send_datagram, &sock);
}

int nx_compare_longs(const void *a, const void *b)
{
	const long *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}
