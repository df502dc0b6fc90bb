// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * What a stack knows of Fast Open with its peers (RFC 7413 section 4.1.3): cookies,
 * the segment size that came with them, and for how long to do without.
 */
#include <stdlib.h>
#include <string.h>

#include "internal.h"

/* Peers, in rows of which each holds those of one hash; the oldest gives way. */
#define NR_ROWS		32
#define NR_PER_ROW	4

/*
 * Section 4.1.3.1 says "temporarily"; as Linux had it for single destinations: a
 * minute, twice as long each time, until an hour and a bit.
 */
#define PAUSE_NS	60000000000ull
#define PAUSE_SHIFT_MAX	6

/**
 * struct peer - a service, and us as it sees us
 * @local, @remote: addresses, as in struct nx_tcp_tuple
 * @port:    remote, network byte order: a cookie is good for all of them, but what
 *           fails with one of them need not with others
 * @nr_failures: since Fast Open last worked
 * @fo:      cookie and MSS
 * @used_ns: when it was asked for last; 0: nothing is here
 * @until_ns: no Fast Open before
 */
struct peer {
	uint8_t			local[16];
	uint8_t			remote[16];
	uint16_t		port;
	uint8_t			nr_failures;
	struct nx_fast_open	fo;
	uint64_t		used_ns;
	uint64_t		until_ns;
};

/**
 * struct nx_cookies - of one stack
 * @peers: by a hash of what identifies them
 */
struct nx_cookies {
	struct peer	peers[NR_ROWS][NR_PER_ROW];
};

/* What identifies the peer of @conn, from the headers of what it sends. */
static struct peer read_peer(const struct nexus_tcp *conn)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	unsigned int version = conn->path.version;
	const uint8_t *hdr = conn->path.hdr;
	struct peer peer = { .port = 0 };

	if (version == 6) {
		memcpy(peer.local, hdr + 8, 16);
		memcpy(peer.remote, hdr + 24, 16);
	} else {
		memcpy(peer.local, mapped, sizeof(mapped));
		memcpy(peer.local + sizeof(mapped), hdr + 12, 4);
		memcpy(peer.remote, mapped, sizeof(mapped));
		memcpy(peer.remote + sizeof(mapped), hdr + 16, 4);
	}
	memcpy(&peer.port, hdr + nx_path_l4_off(version) + 2, sizeof(peer.port));
	return peer;
}

static bool is_same(const struct peer *a, const struct peer *b)
{
	return a->used_ns && a->port == b->port &&
	       !memcmp(a->local, b->local, sizeof(a->local)) &&
	       !memcmp(a->remote, b->remote, sizeof(a->remote));
}

/* Peers do not choose where they stand: the secret does. */
static struct peer *row_of(struct nx_streams *s, const struct peer *peer)
{
	uint64_t h = nx_siphash(&s->key, peer, offsetof(struct peer, nr_failures));

	return s->cookies->peers[h % NR_ROWS];
}

static struct peer *find(struct nx_streams *s, const struct peer *wanted)
{
	struct peer *row = row_of(s, wanted);
	unsigned int i;

	for (i = 0; i < NR_PER_ROW; i++)
		if (is_same(&row[i], wanted))
			return &row[i];
	return NULL;
}

/* A place for @wanted: a free one, or who was not asked for for the longest. */
static struct peer *replace(struct nx_streams *s, const struct peer *wanted)
{
	struct peer *row = row_of(s, wanted), *oldest = row;
	unsigned int i;

	for (i = 1; i < NR_PER_ROW; i++)
		if (row[i].used_ns < oldest->used_ns)
			oldest = &row[i];
	*oldest = *wanted;
	return oldest;
}

bool nx_cookies_find(struct nx_streams *streams, const struct nexus_tcp *conn,
		     struct nx_fast_open *fo)
{
	uint64_t now_ns = nx_stack_run_ns(streams->stack);
	struct peer wanted = read_peer(conn), *peer;

	if (!streams->cookies)
		streams->cookies = calloc(1, sizeof(*streams->cookies));
	if (!streams->cookies)
		return false;
	*fo = wanted.fo;
	peer = find(streams, &wanted);
	if (!peer)
		return true;
	peer->used_ns = now_ns;
	*fo = peer->fo;
	return now_ns >= peer->until_ns;
}

static void pause_peer(struct peer *peer, uint64_t now_ns)
{
	peer->until_ns = now_ns + (PAUSE_NS << peer->nr_failures);
	if (peer->nr_failures < PAUSE_SHIFT_MAX)
		peer->nr_failures++;
}

void nx_cookies_learn(struct nx_streams *streams, const struct nexus_tcp *conn)
{
	uint64_t now_ns = nx_stack_run_ns(streams->stack);
	struct peer wanted = read_peer(conn), *peer;
	const struct nx_tcp *tcp = &conn->tcp;
	bool has_failed = nx_fast_open_failed(tcp);

	if (!has_failed && !tcp->has_new_cookie && !tcp->has_syn_data)
		return;
	peer = find(streams, &wanted);
	if (!peer)
		peer = replace(streams, &wanted);
	peer->used_ns = now_ns;
	if (has_failed) {
		pause_peer(peer, now_ns);
		return;
	}
	peer->nr_failures = 0;
	/* No longer one can be sent: syn_data.c says why there might be. */
	if (tcp->has_new_cookie &&
	    tcp->fast_open.cookie_len <= sizeof(tcp->fast_open.cookie))
		peer->fo = tcp->fast_open;
	peer->fo.mss = tcp->peer_mss;
}
