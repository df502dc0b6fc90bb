/* SPDX-License-Identifier: GPL-2.0 */
/* TCP by hand: segments, and connections that do what a test says, no more. */
#ifndef NX_TCP_H
#define NX_TCP_H

#include "channel.h"
#include "net.h"

#define NX_FIN	0x001
#define NX_SYN	0x002
#define NX_RST	0x004
#define NX_PSH	0x008
#define NX_ACK	0x010
#define NX_URG	0x020

#define NX_TCP_HEADERS_MAX	100

/**
 * struct nx_seg - a segment
 * @tuple:   in its own direction
 * @seq, @ack, @window: as in its header, host byte order
 * @flags:   NX_*, and the reserved bits
 * @options: bytes of them, padded to four by nx_seg_build()
 * @nr_options: how many
 * @payload: in the packet, if it was parsed
 * @len:     of the payload
 */
struct nx_seg {
	struct nx_tuple	tuple;
	__u32	seq;
	__u32	ack;
	__u16	window;
	__u16	flags;
	__u8	options[40];
	__u8	nr_options;
	const char	*payload;
	size_t	len;
};

/* The length of the packet: headers, checksums and all. */
size_t nx_seg_build(void *packet, const struct nx_seg *seg);
/* Fills in both checksums of what may have been changed since. */
void nx_seg_sum(void *packet);
/* NULL, or what is wrong with an IP packet of @size bytes; as nx_udp_parse(). */
const char *nx_seg_parse(const void *packet, size_t size, bool is_summed,
			 struct nx_seg *seg);
/* "S", "F.", ... as tcpdump has it, in a buffer that the next call uses again. */
const char *nx_seg_flags(__u16 flags);

/**
 * struct nx_conn - one end of a connection, driven by hand
 * @chan:    its channel
 * @flow:    by which it sends
 * @tuple:   of what it sends
 * @snd_nxt, @rcv_nxt: the next byte that it sends, and that it expects
 * @desc:    the first descriptor of what was received last
 * @packet:  its bytes
 */
struct nx_conn {
	struct nx_chan	*chan;
	__u32	flow;
	struct nx_tuple	tuple;
	__u32	snd_nxt;
	__u32	rcv_nxt;
	struct nexus_desc	desc;
	char	packet[NEXUS_PACKET_MAX + 1];
};

/* A bound TCP socket of this namespace; fails the test if that fails. */
int nx_tcp_socket(const char *local, __u16 port);
/* A kernel's server in namespace @ns (-1: here). */
int nx_tcp_server(int ns, const char *local, __u16 port);
/* The caller's side of FLOW_ADD; 0 or -errno. @remote NULL: a listener. */
int nx_tcp_adopt(struct nx_chan *chan, int sock, const char *local,
		 const char *remote, __u16 port, struct nexus_flow_add *add);
/* The same beside @sock, which listens; and NEXUS_IOC_FLOW_ROOM of such a flow. */
int nx_tcp_beside(struct nx_chan *chan, int sock, struct nexus_flow_add *add);
int nx_tcp_room(struct nx_chan *chan, const struct nexus_flow_add *add, __u32 nr);
/* A kernel's client in namespace @ns that is on its way, and does not block. */
int nx_tcp_begin(int ns, const char *to, __u16 port);

/*
 * Sends a segment of @len bytes at snd_nxt, which goes on by its length; 0 or
 * -errno.
 */
int nx_conn_send(struct nx_conn *conn, __u16 flags, const void *payload,
		 size_t len);
/* The same with an option. */
int nx_conn_send_options(struct nx_conn *conn, __u16 flags,
			 const void *options, __u8 nr_options);
/* The next segment to this connection within @ms; false: none, or a wrong one. */
bool nx_conn_recv(struct nx_conn *conn, struct nx_seg *seg, unsigned int ms);
/* The next segment to flow @flow, whoever sent it. */
bool nx_chan_recv_seg(struct nx_conn *conn, __u32 flow, struct nx_seg *seg,
		      unsigned int ms);
/*
 * SYN, SYN-ACK, ACK. @conn has its channel, flow and tuple; false: no answer.
 */
bool nx_conn_open(struct nx_conn *conn);
/*
 * The same to a kernel's server in namespace @ns, whose end it returns, by a flow that
 * is added, with one port at both ends; @conn has its channel and snd_nxt. -1: no
 * connection.
 */
int nx_conn_open_to(struct nx_conn *conn, int ns, const char *local,
		    const char *to, __u16 port);
/*
 * Answers the next SYN to listener @flow; @conn has its channel, and gets a flow
 * of its own. False: none came, or its SYN-ACK was not acknowledged.
 */
bool nx_conn_accept(struct nx_conn *conn, __u32 flow);
/* Answers a SYN that came to listener @flow; @conn has its channel and snd_nxt. */
int nx_conn_answer(struct nx_conn *conn, __u32 flow, const struct nx_seg *syn);
/* Receives @len bytes in order, and acknowledges them; false: others came. */
bool nx_conn_read(struct nx_conn *conn, void *bytes, size_t len);
/* Bytes both ways, with @peer at the other end, which blocks. */
bool nx_conn_talk(struct nx_conn *conn, int peer);
/* An orderly end that this side begins, in TIME-WAIT therefore; closes @peer. */
bool nx_conn_end(struct nx_conn *conn, int peer);

#endif
