// SPDX-License-Identifier: GPL-2.0
/*
 * What the checks of transmission cost, in the module as it is: packets that are
 * refused at one check or another, with nothing else happening to them. Under a
 * guest that counts instructions a nanosecond is one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "flow.h"
#include "net.h"
#include "tcp.h"
#include "util.h"

#define NEXUS	"t"
#define PORT	4000
#define BATCH	32
#define BATCHES	400

/* Where packets are refused, each with all that comes before. */
enum check {
	NOTHING,	/* there is no packet */
	DESCRIPTOR,	/* its flow is none of the channel's */
	HEADERS,	/* UDP's length is not IP's */
	FLOW,		/* the source is not the flow's */
	STATE,		/* of TCP: there is no connection that it could belong to */
	NR_CHECKS,
};

static const char *const check_names[NR_CHECKS] = {
	"a system call that finds nothing", "refused by its descriptor",
	"refused by its headers", "refused by its flow",
	"a segment, refused by its tracker",
};

static const enum nexus_drop_reason reasons[NR_CHECKS] = {
	NEXUS_DROP_NONE, NEXUS_DROP_TX_FLOW, NEXUS_DROP_TX_L4,
	NEXUS_DROP_TX_MISMATCH, NEXUS_DROP_TX_STATE,
};

/* All that stands in a header as of an open connection, but there is none. */
static size_t build_segment(char *packet, const struct nx_flow *flow)
{
	struct nx_seg seg = {
		.tuple = flow->tuple,
		.seq = 1000,
		.ack = 2000,
		.window = 0xffff,
		.flags = NX_ACK | NX_PSH,
		.payload = "payload",
		.len = 7,
	};

	return nx_seg_build(packet, &seg);
}

/* What is asked, in the buffer that every packet of the batch has in turn. */
static void spoil(enum check check, const struct nx_flow *flow, char *packet,
		  struct nexus_desc *desc)
{
	desc->len = check == STATE ? build_segment(packet, flow) :
		    nx_udp_build(packet, &flow->tuple, "payload", 7);
	desc->flow = flow->add.flow;
	if (check == DESCRIPTOR)
		desc->flow += 2;
	if (check == HEADERS)
		packet[25]++;	/* RFC 768: the length's lower byte */
	if (check == FLOW)
		packet[15]++;	/* RFC 791: the source's last byte */
}

/* They stay ours, and are sent again and again. */
static void take_buffers(struct nx_chan *chan, struct nexus_desc *descs)
{
	for (int i = 0; i < BATCH; i++) {
		long buf = nx_buf_take(chan, 0);

		if (buf < 0)
			nx_die("there are no buffers");
		descs[i].buf = buf;
		descs[i].flags = NEXUS_DESC_KEEP;
	}
}

static int compare(const void *one, const void *two)
{
	long long a = *(const long long *)one, b = *(const long long *)two;

	return (a > b) - (a < b);
}

/* The median of all batches, for whatever interrupts one of them. */
static double measure(struct nx_flow *flow, enum check check,
		      struct nexus_desc *descs)
{
	struct nx_ring *tx = nx_chan_ring(flow->chan, 0, NEXUS_RING_TX);
	static long long ns[BATCHES];
	__u64 before = nx_chan_drops(flow->chan, reasons[check]);

	for (int i = 0; i < BATCH; i++)
		spoil(check, flow, nx_buf_ptr(flow->chan, descs[i].buf),
		      &descs[i]);
	for (int n = 0; n < BATCHES; n++) {
		long long start;

		for (int i = 0; check && i < BATCH; i++)
			nx_ring_push(tx, &descs[i]);
		start = nx_now_ns();
		if (nx_chan_sync(flow->chan, 0, NEXUS_SYNC_TX, 0))
			nx_die("%s: the channel was stopped", check_names[check]);
		ns[n] = nx_now_ns() - start;
	}
	if (check && nx_chan_drops(flow->chan, reasons[check]) - before !=
	    BATCH * BATCHES)
		nx_die("%s: not so", check_names[check]);
	qsort(ns, BATCHES, sizeof(*ns), compare);
	return ns[BATCHES / 2];
}

/* A flow of TCP that nobody has connected. */
static void adopt(struct nx_flow *flow, struct nx_chan *chan)
{
	int sock = nx_tcp_socket(NX_HOST4, PORT), err;

	err = nx_tcp_adopt(chan, sock, NULL, NX_PEER4, PORT, &flow->add);
	if (err)
		nx_die("a flow of TCP: %s", strerror(-err));
	flow->chan = chan;
	flow->tuple = nx_tuple(NX_HOST4, PORT, NX_PEER4, PORT);
}

int main(void)
{
	struct nexus_desc descs[BATCH] = {};
	struct nx_flow flow, connection;
	struct nx_chan chan;
	struct nx_net net;
	double nothing;

	nx_net_start(&net);
	nx_nexus_start(NEXUS, NX_DEV);
	nx_chan_start(&chan, NEXUS);
	nx_flow_start(&flow, &chan, NX_HOST4, PORT, NX_PEER4, PORT);
	adopt(&connection, &chan);
	take_buffers(&chan, descs);
	nothing = measure(&flow, NOTHING, descs);
	printf("%-34s %5.0f\n", check_names[NOTHING], nothing);
	for (int c = DESCRIPTOR; c < NR_CHECKS; c++)
		printf("%-34s %5.0f a packet, %d at a time\n", check_names[c],
		       (measure(c == STATE ? &connection : &flow, c, descs) -
			nothing) / BATCH, BATCH);
	nx_chan_close(&chan);
	return 0;
}
