// SPDX-License-Identifier: GPL-2.0
/* Flows of a channel, and packets of theirs to and from a kernel socket. */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "flow.h"
#include "util.h"

/* Longest that something local may take, on a slow machine too. */
#define PATIENCE_MS	3000

void nx_flow_to(struct nx_flow *flow, const char *remote, __u16 port)
{
	if (inet_pton(flow->tuple.family, remote, flow->tuple.dst) != 1)
		nx_die("%s: no address", remote);
	flow->tuple.dport = htons(port);
}

void nx_flow_start(struct nx_flow *flow, struct nx_chan *chan,
		   const char *local, __u16 port,
		   const char *remote, __u16 remote_port)
{
	int err;

	memset(flow, 0, sizeof(*flow));
	flow->chan = chan;
	flow->sock = nx_udp_socket(-1, local, port, remote, remote_port);
	flow->tuple = nx_tuple(local, nx_local_port(flow->sock), local, 0);
	memset(flow->tuple.dst, 0, sizeof(flow->tuple.dst));
	if (remote)
		nx_flow_to(flow, remote, remote_port);
	err = nx_flow_add(chan, flow->sock, &flow->add);
	if (err)
		nx_die("flow on %s port %u: %s", local, port, strerror(-err));
}

void nx_flow_stop(struct nx_flow *flow)
{
	nx_flow_del(flow->chan, &flow->add);
	close(flow->sock);
}

int nx_flow_send(struct nx_flow *flow, const void *payload, size_t len)
{
	static char packet[NEXUS_PACKET_MAX + 1];
	size_t size = nx_udp_build(packet, &flow->tuple, payload, len);

	if (!nx_chan_send(flow->chan, 0, flow->add.flow, 0, packet, size))
		return -ENOBUFS;
	return nx_chan_sync(flow->chan, 0, NEXUS_SYNC_TX, 0);
}

long nx_flow_recv(struct nx_flow *flow, void *payload, size_t size,
		  struct nexus_desc *desc, unsigned int ms)
{
	static char packet[NEXUS_PACKET_MAX + 1];
	struct nexus_desc first;
	struct nx_udp udp;
	const char *wrong;
	long len;

	len = nx_chan_recv_packet(flow->chan, 0, &first, packet,
				  sizeof(packet), ms);
	if (len < 0)
		return -1;
	if (desc)
		*desc = first;
	if (first.flow != flow->add.flow) {
		nx_note("a packet of flow %u reached flow %u", first.flow,
			flow->add.flow);
		return -1;
	}
	if (first.flags & NEXUS_DESC_CSUM)
		nx_udp_sum(packet);	/* verified, but perhaps not filled in */
	wrong = nx_udp_parse(packet, len, !(first.flags & NEXUS_DESC_CSUM),
			     &udp);
	if (wrong) {
		nx_note("received packet: %s is wrong", wrong);
		return -1;
	}
	if (udp.len > size)
		nx_die("a datagram of %zu bytes", udp.len);
	memcpy(payload, udp.payload, udp.len);
	return udp.len;
}

void nx_pair_start(struct nx_pair *pair, struct nx_chan *chan,
		   struct nx_net *net, int family, __u16 port)
{
	const char *host = family == AF_INET ? NX_HOST4 : NX_HOST6;
	const char *peer = family == AF_INET ? NX_PEER4 : NX_PEER6;

	pair->peer = nx_udp_socket(net->peer, peer, port, NULL, 0);
	nx_udp_connect(pair->peer, host, port);
	nx_flow_start(&pair->flow, chan, host, port, peer, port);
}

void nx_pair_stop(struct nx_pair *pair)
{
	nx_flow_stop(&pair->flow);
	close(pair->peer);
}

bool nx_pair_ping(struct nx_pair *pair, __u32 number)
{
	__u32 seen = ~number;
	int err;

	err = nx_flow_send(&pair->flow, &number, sizeof(number));
	if (err) {
		nx_note("send %u: %s", number, strerror(-err));
		return false;
	}
	if (nx_udp_recv(pair->peer, &seen, sizeof(seen), PATIENCE_MS) !=
	    sizeof(seen) || seen != number) {
		nx_note("datagram %u did not reach the peer", number);
		return false;
	}
	seen = ~number;
	if (nx_udp_send(pair->peer, &number, sizeof(number), NULL, 0) < 0 ||
	    nx_flow_recv(&pair->flow, &seen, sizeof(seen), NULL,
			 PATIENCE_MS) != sizeof(seen) || seen != number) {
		nx_note("datagram %u did not reach the flow", number);
		return false;
	}
	return true;
}
