// SPDX-License-Identifier: GPL-2.0
/* TCP by hand: segments, and connections that do what a test says, no more. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tcp.h"
#include "util.h"

/* Longest that something local may take, on a slow machine too. */
#define PATIENCE_MS	3000

/* RFC 9293 section 3.1. */
struct header {
	__be16	sport;
	__be16	dport;
	__be32	seq;
	__be32	ack;
	__be16	flags;
	__be16	window;
	__be16	check;
	__be16	urgent;
};

static size_t ip_len(int family)
{
	return family == AF_INET ? sizeof(struct iphdr) :
				   sizeof(struct ip6_hdr);
}

static void build_ip(void *packet, const struct nx_tuple *tuple, size_t len)
{
	struct ip6_hdr *ip6 = packet;
	struct iphdr *ip4 = packet;

	memset(packet, 0, ip_len(tuple->family));
	if (tuple->family == AF_INET) {
		ip4->version = 4;
		ip4->ihl = 5;
		ip4->tot_len = htons(len);
		ip4->frag_off = htons(IP_DF);
		ip4->ttl = 64;
		ip4->protocol = IPPROTO_TCP;
		memcpy(&ip4->saddr, tuple->src, 4);
		memcpy(&ip4->daddr, tuple->dst, 4);
		return;
	}
	ip6->ip6_flow = htonl(6 << 28);
	ip6->ip6_plen = htons(len - sizeof(*ip6));
	ip6->ip6_nxt = IPPROTO_TCP;
	ip6->ip6_hlim = 64;
	memcpy(&ip6->ip6_src, tuple->src, 16);
	memcpy(&ip6->ip6_dst, tuple->dst, 16);
}

size_t nx_seg_build(void *packet, const struct nx_seg *seg)
{
	struct header *tcp = (void *)((char *)packet +
				      ip_len(seg->tuple.family));
	size_t options = (seg->nr_options + 3) & ~3;
	size_t head = ip_len(seg->tuple.family) + sizeof(*tcp) + options;

	build_ip(packet, &seg->tuple, head + seg->len);
	*tcp = (struct header){
		.sport = seg->tuple.sport,
		.dport = seg->tuple.dport,
		.seq = htonl(seg->seq),
		.ack = htonl(seg->ack),
		.flags = htons((sizeof(*tcp) + options) / 4 << 12 | seg->flags),
		.window = htons(seg->window),
	};
	memset(tcp + 1, 0, options);
	memcpy(tcp + 1, seg->options, seg->nr_options);
	memcpy((char *)packet + head, seg->payload, seg->len);
	nx_seg_sum(packet);
	return head + seg->len;
}

static void read_tuple(const void *packet, struct nx_tuple *tuple)
{
	const struct ip6_hdr *ip6 = packet;
	const struct iphdr *ip4 = packet;
	const struct header *tcp;

	memset(tuple, 0, sizeof(*tuple));
	tuple->family = ip4->version == 4 ? AF_INET : AF_INET6;
	if (tuple->family == AF_INET) {
		memcpy(tuple->src, &ip4->saddr, 4);
		memcpy(tuple->dst, &ip4->daddr, 4);
	} else {
		memcpy(tuple->src, &ip6->ip6_src, 16);
		memcpy(tuple->dst, &ip6->ip6_dst, 16);
	}
	tcp = (const void *)((const char *)packet + ip_len(tuple->family));
	tuple->sport = tcp->sport;
	tuple->dport = tcp->dport;
}

static size_t l4_len(const void *packet)
{
	const struct ip6_hdr *ip6 = packet;
	const struct iphdr *ip4 = packet;

	return ip4->version == 4 ? ntohs(ip4->tot_len) - sizeof(*ip4) :
				   ntohs(ip6->ip6_plen);
}

void nx_seg_sum(void *packet)
{
	struct iphdr *ip4 = packet;
	struct nx_tuple tuple;
	struct header *tcp;
	size_t len = l4_len(packet);

	read_tuple(packet, &tuple);
	if (tuple.family == AF_INET) {
		ip4->check = 0;
		ip4->check = nx_csum(ip4, sizeof(*ip4), 0);
	}
	tcp = (void *)((char *)packet + ip_len(tuple.family));
	tcp->check = 0;
	tcp->check = nx_csum(tcp, len, nx_pseudo_sum(&tuple, IPPROTO_TCP, len));
}

static const char *check_ip(const void *packet, size_t size)
{
	const struct ip6_hdr *ip6 = packet;
	const struct iphdr *ip4 = packet;

	if (ip4->version == 4) {
		if (ip4->ihl != 5 || ip4->protocol != IPPROTO_TCP)
			return "IP header";
		if (nx_csum(ip4, sizeof(*ip4), 0))
			return "IP header checksum";
	} else if (ip4->version != 6 || ip6->ip6_nxt != IPPROTO_TCP) {
		return "IP version or next header";
	}
	if (l4_len(packet) + ip_len(ip4->version == 4 ? AF_INET : AF_INET6) !=
	    size)
		return "IP length";
	return NULL;
}

const char *nx_seg_parse(const void *packet, size_t size, bool is_summed,
			 struct nx_seg *seg)
{
	const struct header *tcp;
	const char *wrong;
	size_t len, head;

	if (size < sizeof(struct iphdr) + sizeof(*tcp))
		return "length";
	wrong = check_ip(packet, size);
	if (wrong)
		return wrong;
	read_tuple(packet, &seg->tuple);
	tcp = (const void *)((const char *)packet + ip_len(seg->tuple.family));
	len = l4_len(packet);
	head = ntohs(tcp->flags) >> 12 << 2;
	if (head < sizeof(*tcp) || head > len)
		return "TCP data offset";
	if (is_summed &&
	    nx_csum(tcp, len, nx_pseudo_sum(&seg->tuple, IPPROTO_TCP, len)))
		return "TCP checksum";
	seg->seq = ntohl(tcp->seq);
	seg->ack = ntohl(tcp->ack);
	seg->flags = ntohs(tcp->flags) & 0xfff;
	seg->window = ntohs(tcp->window);
	seg->nr_options = head - sizeof(*tcp);
	memcpy(seg->options, tcp + 1, seg->nr_options);
	seg->payload = (const char *)tcp + head;
	seg->len = len - head;
	return NULL;
}

const char *nx_seg_flags(__u16 flags)
{
	static const char letters[] = "FSRP.U";
	static char text[sizeof(letters)];
	int at = 0;

	for (int i = 0; letters[i]; i++)
		if (flags & 1 << i)
			text[at++] = letters[i];
	text[at] = '\0';
	return text;
}

int nx_tcp_socket(const char *local, __u16 port)
{
	struct sockaddr_storage addr;
	socklen_t len = nx_sockaddr(&addr, local, port);
	int sock = nx_socket(-1, addr.ss_family, SOCK_STREAM, 0);

	if (bind(sock, (void *)&addr, len))
		nx_die("bind to %s port %u: %s", local, port, strerror(errno));
	return sock;
}

int nx_tcp_server(int ns, const char *local, __u16 port)
{
	struct sockaddr_storage addr;
	socklen_t len = nx_sockaddr(&addr, local, port);
	int sock = nx_socket(ns, addr.ss_family, SOCK_STREAM, 0), on = 1;

	setsockopt(sock, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(sock, (void *)&addr, len) || listen(sock, 128))
		nx_die("listen on %s port %u: %s", local, port,
		       strerror(errno));
	return sock;
}

int nx_tcp_adopt(struct nx_chan *chan, int sock, const char *local,
		 const char *remote, __u16 port, struct nexus_flow_add *add)
{
	bool is_ipv6 = remote && strchr(remote, ':');

	memset(add, 0, sizeof(*add));
	add->size = sizeof(*add);
	add->fd = sock;
	add->queue = NEXUS_QUEUE_ANY;
	if (remote) {
		add->family = is_ipv6 ? AF_INET6 : AF_INET;
		add->remote_port = htons(port);
		if (inet_pton(add->family, remote, add->remote) != 1)
			nx_die("%s: no address", remote);
		if (local && inet_pton(add->family, local, add->local) != 1)
			nx_die("%s: no address", local);
	}
	return ioctl(chan->fd, NEXUS_IOC_FLOW_ADD, add) ? -errno : 0;
}

int nx_tcp_beside(struct nx_chan *chan, int sock, struct nexus_flow_add *add)
{
	*add = (struct nexus_flow_add){
		.size = sizeof(*add),
		.flags = NEXUS_FLOW_BESIDE,
		.fd = sock,
		.queue = NEXUS_QUEUE_ANY,
	};
	return ioctl(chan->fd, NEXUS_IOC_FLOW_ADD, add) ? -errno : 0;
}

int nx_tcp_room(struct nx_chan *chan, const struct nexus_flow_add *add, __u32 nr)
{
	struct nexus_flow_room room = {
		.size = sizeof(room),
		.flow = add->flow,
		.generation = add->generation,
		.nr = nr,
	};

	return ioctl(chan->fd, NEXUS_IOC_FLOW_ROOM, &room) ? -errno : 0;
}

int nx_tcp_begin(int ns, const char *to, __u16 port)
{
	struct sockaddr_storage addr;
	socklen_t len = nx_sockaddr(&addr, to, port);
	int sock = nx_socket(ns, addr.ss_family, SOCK_STREAM | SOCK_NONBLOCK, 0);

	if (!connect(sock, (void *)&addr, len) || errno != EINPROGRESS)
		nx_die("connect to %s port %u: %s", to, port, strerror(errno));
	return sock;
}

static int send_seg(struct nx_conn *conn, const struct nx_seg *seg)
{
	static char packet[NEXUS_PACKET_MAX + 1];
	size_t len = nx_seg_build(packet, seg);

	if (!nx_chan_send(conn->chan, 0, conn->flow, 0, packet, len))
		return -ENOBUFS;
	conn->snd_nxt += seg->len + !!(seg->flags & (NX_SYN | NX_FIN));
	return nx_chan_sync(conn->chan, 0, NEXUS_SYNC_TX, 0);
}

static struct nx_seg next_seg(const struct nx_conn *conn, __u16 flags)
{
	return (struct nx_seg){
		.tuple = conn->tuple,
		.seq = conn->snd_nxt,
		.ack = flags & NX_ACK ? conn->rcv_nxt : 0,
		.window = 65535,
		.flags = flags,
		.payload = "",
	};
}

int nx_conn_send(struct nx_conn *conn, __u16 flags, const void *payload,
		 size_t len)
{
	struct nx_seg seg = next_seg(conn, flags);

	if (len) {
		seg.payload = payload;
		seg.len = len;
	}
	return send_seg(conn, &seg);
}

int nx_conn_send_options(struct nx_conn *conn, __u16 flags,
			 const void *options, __u8 nr_options)
{
	struct nx_seg seg = next_seg(conn, flags);

	memcpy(seg.options, options, nr_options);
	seg.nr_options = nr_options;
	return send_seg(conn, &seg);
}

static bool recv_any(struct nx_conn *conn, struct nx_seg *seg, unsigned int ms)
{
	const char *wrong;
	bool is_summed;
	long len;

	len = nx_chan_recv_packet(conn->chan, 0, &conn->desc, conn->packet,
				  sizeof(conn->packet), ms);
	if (len < 0)
		return false;
	is_summed = !(conn->desc.flags & NEXUS_DESC_CSUM);
	wrong = nx_seg_parse(conn->packet, len, is_summed, seg);
	if (wrong)
		nx_note("received segment: %s is wrong", wrong);
	return !wrong;
}

bool nx_chan_recv_seg(struct nx_conn *conn, __u32 flow, struct nx_seg *seg,
		      unsigned int ms)
{
	if (!recv_any(conn, seg, ms))
		return false;
	if (conn->desc.flow != flow)
		nx_note("%s [%s] reached flow %u instead of %u",
			nx_tuple_text(&seg->tuple), nx_seg_flags(seg->flags),
			conn->desc.flow, flow);
	return conn->desc.flow == flow;
}

static bool is_mine(const struct nx_conn *conn, const struct nx_seg *seg)
{
	struct nx_tuple back = nx_tuple_back(&conn->tuple);

	if (nx_tuple_equal(&seg->tuple, &back))
		return true;
	nx_note("a segment of another connection: %s",
		nx_tuple_text(&seg->tuple));
	return false;
}

bool nx_conn_recv(struct nx_conn *conn, struct nx_seg *seg, unsigned int ms)
{
	return nx_chan_recv_seg(conn, conn->flow, seg, ms) &&
	       is_mine(conn, seg);
}

/* Acknowledges what @seg has, if it is the next. */
static bool take(struct nx_conn *conn, const struct nx_seg *seg)
{
	if (seg->seq != conn->rcv_nxt)
		return false;
	conn->rcv_nxt += seg->len + !!(seg->flags & NX_FIN);
	return true;
}

bool nx_conn_open(struct nx_conn *conn)
{
	struct nx_seg seg;

	if (nx_conn_send(conn, NX_SYN, NULL, 0) ||
	    !nx_conn_recv(conn, &seg, PATIENCE_MS))
		return false;
	if (seg.flags != (NX_SYN | NX_ACK) || seg.ack != conn->snd_nxt) {
		nx_note("the answer to a SYN is [%s]", nx_seg_flags(seg.flags));
		return false;
	}
	conn->rcv_nxt = seg.seq + 1;
	return !nx_conn_send(conn, NX_ACK, NULL, 0);
}

int nx_conn_open_to(struct nx_conn *conn, int ns, const char *local,
		    const char *to, __u16 port)
{
	int server = nx_tcp_server(ns, to, port), peer = -1;
	int sock = nx_tcp_socket(local, port);
	struct nexus_flow_add add;
	int err = nx_tcp_adopt(conn->chan, sock, NULL, to, port, &add);

	close(sock);
	if (err)
		nx_note("FLOW_ADD: %s", strerror(-err));
	conn->flow = add.flow;
	conn->tuple = nx_tuple(local, port, to, port);
	if (!err && nx_conn_open(conn))
		peer = accept(server, NULL, NULL);
	close(server);
	return peer;
}

int nx_conn_answer(struct nx_conn *conn, __u32 flow, const struct nx_seg *syn)
{
	conn->flow = flow;
	conn->tuple = nx_tuple_back(&syn->tuple);
	conn->rcv_nxt = syn->seq + 1;
	return nx_conn_send(conn, NX_SYN | NX_ACK, NULL, 0);
}

bool nx_conn_accept(struct nx_conn *conn, __u32 flow)
{
	struct nx_seg seg;

	if (!nx_chan_recv_seg(conn, flow, &seg, PATIENCE_MS))
		return false;
	if ((seg.flags & (NX_SYN | NX_ACK | NX_RST)) != NX_SYN) {
		nx_note("instead of a SYN: [%s]", nx_seg_flags(seg.flags));
		return false;
	}
	if (nx_conn_answer(conn, flow, &seg) ||
	    !recv_any(conn, &seg, PATIENCE_MS))
		return false;
	/* From here on it is a flow of its own. */
	conn->flow = conn->desc.flow;
	return conn->flow != flow && is_mine(conn, &seg) &&
	       seg.flags == NX_ACK && seg.ack == conn->snd_nxt &&
	       take(conn, &seg);
}

bool nx_conn_read(struct nx_conn *conn, void *bytes, size_t len)
{
	struct nx_seg seg;
	size_t at = 0;

	while (at < len) {
		if (!nx_conn_recv(conn, &seg, PATIENCE_MS))
			return false;
		if (!seg.len)
			continue;	/* an acknowledgement */
		if (seg.len > len - at || !take(conn, &seg))
			return false;
		memcpy((char *)bytes + at, seg.payload, seg.len);
		at += seg.len;
		if (nx_conn_send(conn, NX_ACK, NULL, 0))
			return false;
	}
	return true;
}

bool nx_conn_talk(struct nx_conn *conn, int peer)
{
	char seen[16];

	return !nx_conn_send(conn, NX_ACK | NX_PSH, "hello", 5) &&
	       read(peer, seen, sizeof(seen)) == 5 &&
	       !memcmp("hello", seen, 5) && write(peer, "good bye!", 9) == 9 &&
	       nx_conn_read(conn, seen, 9) && !memcmp("good bye!", seen, 9);
}

bool nx_conn_end(struct nx_conn *conn, int peer)
{
	struct nx_seg seg;
	char seen[16];

	if (nx_conn_send(conn, NX_FIN | NX_ACK, NULL, 0) ||
	    read(peer, seen, sizeof(seen)))
		return false;
	close(peer);
	do {
		if (!nx_conn_recv(conn, &seg, PATIENCE_MS))
			return false;
	} while (!(seg.flags & NX_FIN));
	conn->rcv_nxt = seg.seq + 1;
	return seg.ack == conn->snd_nxt &&
	       !nx_conn_send(conn, NX_ACK, NULL, 0);
}
