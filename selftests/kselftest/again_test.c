// SPDX-License-Identifier: GPL-2.0
/*
 * Segments that an application sends behind others that are like them, but for one
 * thing: each is refused for the reason for which it is refused anywhere.
 */
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

#include "ctl.h"
#include "tcp.h"
#include "test.h"

#define NEXUS	"t"
#define PORT	4000
#define SERVER	4001
#define WAIT_MS	5000
#define NR_ALIKE	3

/* What every good segment carries. */
#define BYTES	"alike"
#define NR_BYTES	5

/**
 * struct bed - a connection, and who is at its other end
 * @net:  where
 * @chan, @conn: the application under test
 * @is_local: the other end is a channel of this host
 * @other, @end: that one
 * @peer: or else a socket of the kernel's TCP, behind a wire
 */
struct bed {
	const struct nx_net	*net;
	struct nx_chan	chan;
	struct nx_conn	conn;
	bool	is_local;
	struct nx_chan	other;
	struct nx_conn	end;
	int	peer;
};

static void adopt(NX_METADATA, struct bed *bed, bool is_ipv6, const char *to)
{
	const char *host = is_ipv6 ? NX_HOST6 : NX_HOST4;
	struct nexus_flow_add add;
	int sock = nx_tcp_socket(host, PORT);

	ASSERT_EQ(0, nx_tcp_adopt(&bed->chan, sock, NULL, to, SERVER, &add));
	close(sock);
	bed->conn = (struct nx_conn){
		.chan = &bed->chan,
		.flow = add.flow,
		.tuple = nx_tuple(host, PORT, to, SERVER),
		.snd_nxt = 1000,
	};
}

static void connect_wire(NX_METADATA, struct bed *bed, bool is_ipv6)
{
	const char *to = is_ipv6 ? NX_PEER6 : NX_PEER4;
	int server = nx_tcp_server(bed->net->peer, to, SERVER);

	adopt(_metadata, bed, is_ipv6, to);
	ASSERT_TRUE(nx_conn_open(&bed->conn));
	bed->peer = accept(server, NULL, NULL);
	ASSERT_GE(bed->peer, 0);
	close(server);
}

/* Both ends are driven by hand, in turn. */
static void connect_local(NX_METADATA, struct bed *bed, bool is_ipv6)
{
	const char *to = is_ipv6 ? NX_HOST6 : NX_HOST4;
	struct nx_conn *conn = &bed->conn, *end = &bed->end;
	int sock = nx_tcp_socket(to, SERVER);
	struct nexus_flow_add add;
	struct nx_seg seg;

	ASSERT_EQ(0, nx_tcp_adopt(&bed->other, sock, NULL, NULL, 0, &add));
	close(sock);
	adopt(_metadata, bed, is_ipv6, to);
	ASSERT_EQ(0, nx_conn_send(conn, NX_SYN, NULL, 0));
	*end = (struct nx_conn){ .chan = &bed->other, .flow = add.flow,
				 .snd_nxt = 5000 };
	ASSERT_TRUE(nx_chan_recv_seg(end, add.flow, &seg, WAIT_MS));
	end->tuple = nx_tuple_back(&seg.tuple);
	end->rcv_nxt = seg.seq + 1;
	ASSERT_EQ(0, nx_conn_send(end, NX_SYN | NX_ACK, NULL, 0));
	ASSERT_TRUE(nx_conn_recv(conn, &seg, WAIT_MS));
	conn->rcv_nxt = seg.seq + 1;
	ASSERT_EQ(0, nx_conn_send(conn, NX_ACK, NULL, 0));
	ASSERT_LE(0, nx_chan_recv_packet(&bed->other, 0, &end->desc, end->packet,
					 sizeof(end->packet), WAIT_MS));
	end->flow = end->desc.flow;
}

/* All its buffers have pages: what has none is not copied to at once. */
static void start_receiver(struct nx_chan *chan)
{
	size_t len;

	nx_chan_init(chan, NEXUS);
	chan->attach.nr_small = 64;
	nx_chan_begin(chan);
	len = chan->attach.regions[NEXUS_REGION_BUFFERS].data_len;
	memset(chan->data[NEXUS_REGION_BUFFERS], 0x5a, len);
}

static void bed_start(NX_METADATA, struct bed *bed, bool is_ipv6)
{
	nx_chan_start(&bed->chan, NEXUS);
	if (bed->is_local)
		start_receiver(&bed->other);
	if (bed->is_local)
		connect_local(_metadata, bed, is_ipv6);
	else
		connect_wire(_metadata, bed, is_ipv6);
}

static void bed_stop(struct bed *bed)
{
	nx_chan_close(&bed->chan);
	if (bed->is_local)
		nx_chan_close(&bed->other);
	else
		close(bed->peer);
}

/* Fails unless exactly @nr times BYTES have arrived at the other end. */
static void expect_bytes(NX_METADATA, struct bed *bed, int nr)
{
	char seen[16];

	for (int i = 0; i < nr; i++) {
		if (bed->is_local) {
			ASSERT_TRUE(nx_conn_read(&bed->end, seen, NR_BYTES));
		} else {
			ASSERT_EQ(NR_BYTES, recv(bed->peer, seen, NR_BYTES,
						 MSG_WAITALL));
		}
		EXPECT_EQ(0, memcmp(seen, BYTES, NR_BYTES));
	}
	if (bed->is_local) {
		EXPECT_EQ(0, nx_ring_used(nx_chan_ring(&bed->other, 0,
						       NEXUS_RING_RX)));
	} else {
		EXPECT_EQ(-1, recv(bed->peer, seen, sizeof(seen), MSG_DONTWAIT));
	}
}

/* ---------------------------------------------------------------- one thing */

/**
 * struct frame - a segment to be sent, and what a change may know of it
 * @is_ipv6: its version
 * @len:     of the packet
 */
struct frame {
	bool	is_ipv6;
	size_t	len;
	char	packet[256];
};

static struct tcphdr *tcp_of(struct frame *frame)
{
	return (void *)(frame->packet + (frame->is_ipv6 ? 40 : 20));
}

static void leave(struct frame *frame)
{
}

static void push(struct frame *frame)
{
	tcp_of(frame)->psh ^= 1;
}

static void mark_ecn(struct frame *frame)
{
	tcp_of(frame)->th_flags |= 0xc0;
}

/* Past whatever window: nobody here scales his. */
static void jump_ahead(struct frame *frame)
{
	tcp_of(frame)->seq = htonl(ntohl(tcp_of(frame)->seq) + 0x20000);
}

static void ack_ahead(struct frame *frame)
{
	tcp_of(frame)->ack_seq = htonl(ntohl(tcp_of(frame)->ack_seq) + 1);
}

static void open_again(struct frame *frame)
{
	tcp_of(frame)->syn = 1;
	tcp_of(frame)->ack = 0;
}

static void clear_flags(struct frame *frame)
{
	tcp_of(frame)->ack = 0;
}

static void set_reserved(struct frame *frame)
{
	((char *)tcp_of(frame))[12] |= 0x02;
}

static void open_and_end(struct frame *frame)
{
	tcp_of(frame)->syn = 1;
	tcp_of(frame)->fin = 1;
}

static void shorten_header(struct frame *frame)
{
	tcp_of(frame)->doff = 4;
}

static void lengthen_header(struct frame *frame)
{
	tcp_of(frame)->doff = 15;
}

static void change_source_port(struct frame *frame)
{
	tcp_of(frame)->source = htons(PORT + 7);
}

static void change_port(struct frame *frame)
{
	tcp_of(frame)->dest = htons(SERVER + 7);
}

/* The last byte, in both versions. */
static void change_source(struct frame *frame)
{
	frame->packet[frame->is_ipv6 ? 23 : 15] += 5;
}

static void change_destination(struct frame *frame)
{
	frame->packet[frame->is_ipv6 ? 39 : 19] += 5;
}

static void change_protocol(struct frame *frame)
{
	frame->packet[frame->is_ipv6 ? 6 : 9] = IPPROTO_UDP;
}

static void clear_ttl(struct frame *frame)
{
	frame->packet[frame->is_ipv6 ? 7 : 8] = 0;
}

static void shorten_ip(struct frame *frame)
{
	frame->packet[frame->is_ipv6 ? 5 : 3] -= 1;
}

static void flip_version(struct frame *frame)
{
	frame->packet[0] ^= 0x20;
}

static void set_fragment(struct frame *frame)
{
	frame->packet[6] = 0x20;
}

static void lengthen_ip_header(struct frame *frame)
{
	frame->packet[0] = 0x46;
}

/**
 * struct change - one thing that is another in a segment
 * @name:   for people
 * @make:   makes it so
 * @reason: for which it is refused, or NEXUS_DROP_NONE
 * @only4:  there is nothing like it in IPv6
 */
struct change {
	const char	*name;
	void	(*make)(struct frame *frame);
	enum nexus_drop_reason	reason;
	bool	only4;
};

static const struct change changes[] = {
	{ "nothing",		leave,			NEXUS_DROP_NONE },
	{ "PSH",		push,			NEXUS_DROP_NONE },
	{ "ECE and CWR",	mark_ecn,		NEXUS_DROP_NONE },
	{ "a sequence number behind the window", jump_ahead, NEXUS_DROP_TX_STATE },
	{ "the acknowledgement of what never came", ack_ahead, NEXUS_DROP_TX_STATE },
	{ "SYN",		open_again,		NEXUS_DROP_TX_STATE },
	{ "no ACK",		clear_flags,		NEXUS_DROP_TX_L4 },
	{ "a reserved flag",	set_reserved,		NEXUS_DROP_TX_L4 },
	{ "SYN and FIN",	open_and_end,		NEXUS_DROP_TX_L4 },
	{ "a header too short",	shorten_header,		NEXUS_DROP_TX_L4 },
	{ "a header too long",	lengthen_header,	NEXUS_DROP_TX_L4 },
	{ "the source port",	change_source_port,	NEXUS_DROP_TX_MISMATCH },
	{ "the port",		change_port,		NEXUS_DROP_TX_MISMATCH },
	{ "the source",		change_source,		NEXUS_DROP_TX_MISMATCH },
	{ "the destination",	change_destination,	NEXUS_DROP_TX_MISMATCH },
	{ "the protocol",	change_protocol,	NEXUS_DROP_TX_L4 },
	{ "no time to live",	clear_ttl,		NEXUS_DROP_TX_IP },
	{ "IP's length",	shorten_ip,		NEXUS_DROP_TX_IP },
	{ "the version",	flip_version,		NEXUS_DROP_TX_MISMATCH, true },
	{ "more fragments",	set_fragment,		NEXUS_DROP_TX_IP, true },
	{ "options of IP",	lengthen_ip_header,	NEXUS_DROP_TX_IP, true },
};

/* The next segment of the connection, into TX. */
static void put(struct bed *bed, const struct change *c)
{
	struct frame frame = { .is_ipv6 = bed->conn.tuple.family == AF_INET6 };
	struct nx_seg seg = {
		.tuple = bed->conn.tuple,
		.seq = bed->conn.snd_nxt,
		.ack = bed->conn.rcv_nxt,
		.window = 0xffff,
		.flags = NX_ACK | NX_PSH,
		.payload = BYTES,
		.len = NR_BYTES,
	};

	frame.len = nx_seg_build(frame.packet, &seg);
	c->make(&frame);
	/* The kernel sums it: what was changed shall be all that is wrong. */
	if (!nx_chan_send(&bed->chan, 0, bed->conn.flow, NEXUS_DESC_CSUM,
			  frame.packet, frame.len))
		nx_die("no buffer");
	if (c->reason == NEXUS_DROP_NONE)
		bed->conn.snd_nxt += NR_BYTES;
}

static void sync_tx(struct bed *bed)
{
	nx_chan_sync(&bed->chan, 0, NEXUS_SYNC_TX, 0);
}

/*
 * @nr good segments and one with another thing, all in one call or one by one; then
 * a good one again, which shows that nothing was changed.
 */
static void expect_refused(NX_METADATA, struct bed *bed, const struct change *c,
			   bool is_ipv6, int nr, bool is_batch)
{
	int is_good = c->reason == NEXUS_DROP_NONE;
	struct nexus_status before, after;

	bed_start(_metadata, bed, is_ipv6);
	nx_chan_status(&bed->chan, &before);
	for (int i = 0; i < nr; i++) {
		put(bed, &changes[0]);
		if (!is_batch)
			sync_tx(bed);
	}
	put(bed, c);
	if (!is_batch)
		sync_tx(bed);
	put(bed, &changes[0]);
	sync_tx(bed);
	nx_chan_status(&bed->chan, &after);
	for (int i = 1; i < NEXUS_NR_DROP_REASONS; i++) {
		EXPECT_EQ((__u64)(i == (int)c->reason),
			  after.drops[i] - before.drops[i]) {
			TH_LOG("reason %d, behind %d segments that are alike but for: %s",
			       i, nr, c->name);
		}
	}
	expect_bytes(_metadata, bed, nr + is_good + 1);
	bed_stop(bed);
}

static void change_one_thing(NX_METADATA, bool is_local, bool is_ipv6)
{
	static struct bed bed;
	struct nx_net net;

	nx_net_start(&net);
	nx_nexus_start(NEXUS, NX_DEV);
	bed.net = &net;
	bed.is_local = is_local;
	for (size_t i = 0; i < NX_ARRAY_SIZE(changes); i++) {
		const struct change *c = &changes[i];

		if (is_ipv6 && c->only4)
			continue;
		expect_refused(_metadata, &bed, c, is_ipv6, 0, false);
		expect_refused(_metadata, &bed, c, is_ipv6, NR_ALIKE, false);
		expect_refused(_metadata, &bed, c, is_ipv6, NR_ALIKE, true);
	}
}

NX_TEST(wire4, "META-2 TRK-3 behind segments that are alike, one with another thing is refused for its reason, and changes nothing")
{
	change_one_thing(_metadata, false, false);
}

NX_TEST(wire6, "META-2 TRK-3 the same over IPv6")
{
	change_one_thing(_metadata, false, true);
}

NX_TEST(local4, "META-2 TRK-3 the same to a channel of this host")
{
	change_one_thing(_metadata, true, false);
}

NX_TEST(local6, "META-2 TRK-3 the same to a channel of this host over IPv6")
{
	change_one_thing(_metadata, true, true);
}

/* -------------------------------------------------------- the connection ends */

static void expect_over(NX_METADATA, struct bed *bed, bool is_local)
{
	bed->is_local = is_local;
	bed_start(_metadata, bed, false);
	for (int i = 0; i < NR_ALIKE; i++)
		put(bed, &changes[0]);
	sync_tx(bed);
	expect_bytes(_metadata, bed, NR_ALIKE);
	ASSERT_EQ(0, nx_conn_send(&bed->conn, NX_RST | NX_ACK, NULL, 0));
	put(bed, &changes[0]);
	sync_tx(bed);
	EXPECT_EQ(1, nx_chan_drops(&bed->chan, NEXUS_DROP_TX_STATE));
	bed_stop(bed);
}

NX_TEST(reset, "TRK-3 behind a RST, a segment that is like those before it does not leave")
{
	static struct bed bed;
	struct nx_net net;

	nx_net_start(&net);
	nx_nexus_start(NEXUS, NX_DEV);
	bed.net = &net;
	expect_over(_metadata, &bed, false);
	expect_over(_metadata, &bed, true);
}

NX_TEST_MAIN("again")
