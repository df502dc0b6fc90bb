// SPDX-License-Identifier: GPL-2.0
/*
 * The tracker between an honest TCP and its peer, with segments that come late,
 * twice or not at all, and others that nobody sent: it refuses nothing that an
 * honest end sends, and knows the number that a RST must have.
 */
#include "fuzz.h"
#include "../../kmod/core/tcp_track.h"

#define WINDOW	20000
#define ON_WAY	8

/**
 * struct model - both ends, as they are
 * @track:  what is tested
 * @nxt, @una, @edge: of the owner
 * @rcv:    what the owner has in order
 * @told:   what it has acknowledged
 * @peer_nxt, @peer_rcv: of the peer, which gets all that is sent, in order
 * @on_way: segments of the peer's that have not come yet, the oldest overwritten
 * @nr:     ever put there
 */
struct model {
	struct nx_tcp_track	track;
	u32	nxt;
	u32	una;
	u32	edge;
	u32	rcv;
	u32	told;
	u32	peer_nxt;
	u32	peer_rcv;
	struct nx_tcp_seg	on_way[ON_WAY];
	u32	nr;
};

static bool emit(struct model *m, u16 flags, u32 seq, u32 len)
{
	struct nx_tcp_seg seg = {
		.seq = seq,
		.ack = flags == NX_TCP_SYN ? 0 : m->rcv,
		.len = len + !!(flags & NX_TCP_SYN),
		.window = WINDOW,
		.flags = flags,
		.scale = NX_TCP_SCALE_NONE,
	};

	m->told = m->rcv;
	return nx_tcp_track_out(&m->track, &seg);
}

static struct nx_tcp_seg from_peer(const struct model *m, u16 flags, u32 len)
{
	return (struct nx_tcp_seg){
		.seq = m->peer_nxt,
		.ack = m->peer_rcv,
		.len = len + !!(flags & NX_TCP_SYN),
		.window = WINDOW,
		.flags = flags,
		.scale = NX_TCP_SCALE_NONE,
	};
}

static void connect_ends(struct model *m)
{
	struct nx_tcp_seg syn_ack;

	CHECK(emit(m, NX_TCP_SYN, m->nxt, 0));
	m->una = m->nxt;
	m->nxt++;
	m->peer_rcv = m->nxt;
	syn_ack = from_peer(m, NX_TCP_SYN | NX_TCP_ACK, 0);
	nx_tcp_track_in(&m->track, &syn_ack);
	m->peer_nxt++;
	m->rcv = m->peer_nxt;
	m->una = m->nxt;
	m->edge = m->nxt + WINDOW;
	CHECK(emit(m, NX_TCP_ACK, m->nxt, 0));
}

/* A segment of the peer's comes, perhaps once more. */
static void arrive(struct model *m, const struct nx_tcp_seg *seg)
{
	nx_tcp_track_in(&m->track, seg);
	if (seg->seq == m->rcv)
		m->rcv += seg->len;
	if ((int32_t)(seg->ack - m->una) > 0)
		m->una = seg->ack;
	if ((int32_t)(seg->ack + seg->window - m->edge) > 0)
		m->edge = seg->ack + seg->window;
}

/* Anything but a RST: of those the right one could be among them. */
static void forge(struct model *m, const uint8_t **data, size_t *size)
{
	struct nx_tcp_seg seg = {
		.seq = m->rcv + (u32)fuzz_take(data, size, 4),
		.ack = m->nxt + (u32)fuzz_take(data, size, 4),
		.len = (u32)fuzz_take(data, size, 2),
		.window = (u16)fuzz_take(data, size, 2),
		.flags = (u16)fuzz_take(data, size, 2) & ~NX_TCP_RST,
		.scale = (u8)fuzz_take(data, size, 1),
	};

	nx_tcp_track_in(&m->track, &seg);
}

static void step(struct model *m, u8 what, const uint8_t **data, size_t *size)
{
	u32 len = (u32)fuzz_take(data, size, 2) % 3000;
	u32 room;

	switch (what % 6) {
	case 0:	/* new data, as far as the window goes */
		room = m->edge - m->nxt;
		len = len < room ? len : room;
		CHECK(emit(m, NX_TCP_ACK, m->nxt, len));
		m->nxt += len;
		m->peer_rcv = m->nxt;
		break;
	case 1:	/* what is not acknowledged, again */
		CHECK(emit(m, NX_TCP_ACK, m->una, m->nxt - m->una));
		break;
	case 2:
		CHECK(emit(m, NX_TCP_ACK, m->nxt, 0));
		break;
	case 3:	/* the peer sends, as far as the owner allows */
		room = m->told + WINDOW - m->peer_nxt;
		len = len < room ? len : room;
		m->on_way[m->nr++ % ON_WAY] = from_peer(m, NX_TCP_ACK, len);
		m->peer_nxt += len;
		break;
	case 4:
		if (m->nr)
			arrive(m, &m->on_way[len % (m->nr < ON_WAY ? m->nr :
								      ON_WAY)]);
		break;
	case 5:
		forge(m, data, size);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct nx_tcp_seg rst;
	struct model m;

	memset(&m, 0, sizeof(m));
	m.nxt = (u32)fuzz_take(&data, &size, 4);
	m.peer_nxt = (u32)fuzz_take(&data, &size, 4);
	connect_ends(&m);
	while (size) {
		step(&m, (u8)fuzz_take(&data, &size, 1), &data, &size);
		CHECK(m.track.state == NX_TCP_OPEN);
		CHECK(nx_tcp_track_reset(&m.track, &rst));
		CHECK(rst.seq == m.nxt);
	}
	return 0;
}
