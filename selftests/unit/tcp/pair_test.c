// SPDX-License-Identifier: GPL-2.0
/*
 * Two connections that talk to each other over a link that loses, duplicates and
 * reorders: whatever happens, all bytes arrive, in their order, and both end.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../../lib/tcp/internal.h"
#include "../unit.h"

#define NR_FLYING	4096
#define END_NS		2000000000000ULL	/* no transfer takes 2,000 s */

/**
 * struct pair_buf - payload; no byte of it is looked at
 * @refs: references
 * @pos:  stream position of its first byte
 */
struct pair_buf {
	int		refs;
	uint32_t	pos;
};

/**
 * struct peer - one end
 * @env: what its connection is given; the first field
 * @tcp: the connection
 * @nr_records, @nr_bufs: held
 * @to_write, @written: stream positions
 * @read_pos: likewise
 * @is_shut: it has closed its half
 */
struct peer {
	struct nx_tcp_env	env;
	struct nx_tcp		tcp;
	int			nr_records;
	uint32_t		to_write;
	uint32_t		written;
	uint32_t		read_pos;
	bool			is_shut;
};

/**
 * struct flying - a segment on the link
 * @at_ns: when it arrives
 * @to:    which end
 * @is_used: the entry is in use
 * @seg:   the segment
 * @pos:   of its payload
 */
struct flying {
	uint64_t		at_ns;
	unsigned int		to;
	bool			is_used;
	struct nx_tcp_seg	seg;
	uint32_t		pos;
};

/**
 * struct link - what happens on the way
 * @delay_ns: one way
 * @loss, @dup, @reorder: of 1,000
 */
struct link {
	uint64_t	delay_ns;
	unsigned int	loss;
	unsigned int	dup;
	unsigned int	reorder;
};

/**
 * struct pair - both ends and the link
 */
struct pair {
	struct peer	peers[2];
	struct flying	flying[NR_FLYING];
	struct link	link;
	uint64_t	now_ns;
	uint64_t	rng;
	uint64_t	digest;
};

static int nr_bufs;

static void *record_alloc(struct nx_tcp_env *env)
{
	((struct peer *)env)->nr_records++;
	return malloc(NX_TCP_RECORD_SIZE);
}

static void record_free(struct nx_tcp_env *env, void *record)
{
	((struct peer *)env)->nr_records--;
	free(record);
}

static void buf_hold(struct nx_tcp_env *env, void *buf)
{
	(void)env;
	((struct pair_buf *)buf)->refs++;
}

static void buf_put(struct nx_tcp_env *env, void *buf)
{
	struct pair_buf *b = buf;

	(void)env;
	if (--b->refs)
		return;
	nr_bufs--;
	free(b);
}

static struct pair_buf *make_buf(uint32_t pos)
{
	struct pair_buf *b = malloc(sizeof(*b));

	*b = (struct pair_buf) { .refs = 1, .pos = pos };
	nr_bufs++;
	return b;
}

/* xorshift64*: seeded, so that a failure can be seen again. */
static uint32_t random_of(struct pair *p, uint32_t n)
{
	p->rng ^= p->rng >> 12;
	p->rng ^= p->rng << 25;
	p->rng ^= p->rng >> 27;
	return (uint32_t)((p->rng * 0x2545f4914f6cdd1dULL) >> 33) % n;
}

static bool happens(struct pair *p, unsigned int of_1000)
{
	return random_of(p, 1000) < of_1000;
}

static void fly(struct pair *p, unsigned int from, const struct nx_tcp_seg *seg)
{
	const struct pair_buf *b = seg->nr_spans ? seg->spans[0].buf : NULL;
	unsigned int i;

	if (happens(p, p->link.loss))
		return;
	for (i = 0; i < NR_FLYING && p->flying[i].is_used; i++)
		;
	/* A full queue drops. */
	if (i == NR_FLYING)
		return;
	p->flying[i] = (struct flying) {
		.at_ns	= p->now_ns + p->link.delay_ns,
		.to	= !from,
		.is_used = true,
		.seg	= *seg,
		.pos	= b ? b->pos + seg->spans[0].off : 0,
	};
	if (happens(p, p->link.reorder))
		p->flying[i].at_ns += random_of(p, 3) * p->link.delay_ns;
	if (happens(p, p->link.dup))
		fly(p, from, seg);
}

/* Who is quiet has nothing to send. */
static bool output(struct nx_tcp *tcp, struct nx_tcp_seg *seg, uint64_t now_ns)
{
	bool is_quiet = nx_tcp_is_quiet(tcp, now_ns);
	bool has_more = nx_tcp_output(tcp, seg, now_ns);

	CU_ASSERT_FATAL(!is_quiet || !has_more);
	return has_more;
}

static void drain(struct pair *p, unsigned int i)
{
	struct peer *peer = &p->peers[i];
	struct nx_tcp_seg seg;
	unsigned int nr = 0;

	while (output(&peer->tcp, &seg, p->now_ns)) {
		p->digest = p->digest * 31 + seg.hdr.seq + seg.hdr.ack +
			    seg.hdr.flags + seg.len;
		fly(p, i, &seg);
		if (++nr == NR_FLYING) {
			CU_FAIL_FATAL("it never stops sending");
			return;
		}
	}
	CU_ASSERT_FATAL(nx_tcp_deadline(&peer->tcp) > p->now_ns);
}

static void use(struct pair *p, struct peer *peer)
{
	struct nx_tcp_span span;
	uint32_t len;

	while (nx_tcp_read(&peer->tcp, &span)) {
		const struct pair_buf *b = span.buf;

		CU_ASSERT_EQUAL_FATAL(b->pos + span.off, peer->read_pos);
		peer->read_pos += span.len;
		nx_tcp_consume(&peer->tcp, span.len);
		buf_put(&peer->env, span.buf);
	}
	while (peer->written < peer->to_write && nx_tcp_writable(&peer->tcp)) {
		len = 1 + random_of(p, 20000);
		if (len > peer->to_write - peer->written)
			len = peer->to_write - peer->written;
		span = (struct nx_tcp_span) {
			make_buf(peer->written), 0, len,
		};
		CU_ASSERT_EQUAL_FATAL(nx_tcp_write(&peer->tcp, &span), 0);
		peer->written += len;
	}
	if (peer->written == peer->to_write && !peer->is_shut &&
	    peer->tcp.state >= NX_TCP_ESTABLISHED) {
		peer->is_shut = true;
		nx_tcp_shutdown(&peer->tcp);
	}
}

static const struct nx_tcp_open opens[2] = {
	{ .iss = 0xffff0000, .mtu = 1500, .ip_len = 20 },
	{ .iss = 0x7fff0000, .mtu = 1500, .ip_len = 20 },
};

static void arrive(struct pair *p, struct flying *f)
{
	struct peer *peer = &p->peers[f->to];
	struct pair_buf *b = NULL;

	if (f->seg.len) {
		b = make_buf(f->pos);
		f->seg.nr_spans = 1;
		f->seg.spans[0] = (struct nx_tcp_span) { b, 0, f->seg.len };
	}
	f->is_used = false;
	if (peer->tcp.state == NX_TCP_CLOSED && !peer->tcp.iss)
		nx_tcp_accept(&peer->tcp, &opens[f->to], &f->seg, p->now_ns);
	else
		nx_tcp_input(&peer->tcp, &f->seg, p->now_ns);
	if (b)
		buf_put(&peer->env, b);
	use(p, peer);
	drain(p, f->to);
}

static struct flying *next_arrival(struct pair *p)
{
	struct flying *first = NULL;
	unsigned int i;

	for (i = 0; i < NR_FLYING; i++)
		if (p->flying[i].is_used &&
		    (!first || p->flying[i].at_ns < first->at_ns))
			first = &p->flying[i];
	return first;
}

/* True while something is still to happen. */
static bool step(struct pair *p)
{
	struct flying *f = next_arrival(p);
	uint64_t at_ns = f ? f->at_ns : NX_TCP_NEVER;
	unsigned int i, who = 2;

	for (i = 0; i < 2; i++)
		if (nx_tcp_deadline(&p->peers[i].tcp) < at_ns) {
			at_ns = nx_tcp_deadline(&p->peers[i].tcp);
			who = i;
		}
	if (at_ns > END_NS)
		return false;
	p->now_ns = at_ns;
	if (who == 2) {
		arrive(p, f);
	} else {
		drain(p, who);
		use(p, &p->peers[who]);
		drain(p, who);
	}
	return true;
}

static void start(struct pair *p, const struct link *link, uint64_t seed,
		  const struct nx_tcp_config *config, uint32_t bytes)
{
	unsigned int i;

	memset(p, 0, sizeof(*p));
	p->link = *link;
	p->rng = seed * 0x9e3779b97f4a7c15ULL + 1;
	p->now_ns = 1000000000;
	for (i = 0; i < 2; i++) {
		p->peers[i].env = (struct nx_tcp_env) {
			.record_alloc = record_alloc,
			.record_free = record_free,
			.buf_hold = buf_hold,
			.buf_put = buf_put,
		};
		p->peers[i].to_write = i ? bytes / 2 : bytes;
		nx_tcp_init(&p->peers[i].tcp, &p->peers[i].env, config);
	}
}

static uint64_t run(struct pair *p)
{
	unsigned int i;

	nx_tcp_connect(&p->peers[0].tcp, &opens[0], p->now_ns);
	drain(p, 0);
	while (step(p))
		;
	for (i = 0; i < 2; i++) {
		CU_ASSERT_EQUAL(p->peers[i].read_pos, p->peers[!i].to_write);
		CU_ASSERT_EQUAL(p->peers[i].tcp.state, NX_TCP_CLOSED);
		CU_ASSERT_EQUAL(p->peers[i].tcp.err, 0);
		nx_tcp_exit(&p->peers[i].tcp);
		CU_ASSERT_EQUAL(p->peers[i].nr_records, 0);
	}
	CU_ASSERT_EQUAL(nr_bufs, 0);
	return p->digest;
}

static const struct link links[] = {
	{ 10000000, 0, 0, 0 },
	{ 10000000, 10, 0, 0 },
	{ 50000000, 50, 10, 0 },
	{ 10000000, 0, 0, 100 },
	{ 1000000, 20, 20, 50 },
	{ 10000000, 200, 0, 0 },
};

static void transfer(uint32_t features, uint32_t gso)
{
	struct nx_tcp_config config = nx_tcp_config_default;
	static struct pair pair;
	uint64_t seed;
	size_t i;

	config.features = features;
	config.gso_max_bytes = gso;
	for (i = 0; i < ARRAY_SIZE(links); i++)
		for (seed = 1; seed <= 8; seed++) {
			start(&pair, &links[i], seed, &config, 400000);
			run(&pair);
			if (CU_get_number_of_failures())
				return;
		}
}

static void transfer__default(void)
{
	transfer(nx_tcp_config_default.features, 0);
}

static void transfer__gso(void)
{
	transfer(nx_tcp_config_default.features, 64000);
}

static void transfer__without_options(void)
{
	transfer(0, 0);
}

static void transfer__without_sack(void)
{
	transfer(NX_TCP_HAS_TS | NX_TCP_HAS_WSCALE, 64000);
}

static void transfer__paced(void)
{
	transfer(nx_tcp_config_default.features | NX_TCP_HAS_PACING, 64000);
}

static void transfer__same_seed(void)
{
	static struct pair pair;
	uint64_t digest;

	start(&pair, &links[4], 7, &nx_tcp_config_default, 200000);
	digest = run(&pair);
	start(&pair, &links[4], 7, &nx_tcp_config_default, 200000);
	CU_ASSERT_EQUAL(run(&pair), digest);
}

static const struct unit_case cases[] = {
	UNIT_CASE(transfer__default),
	UNIT_CASE(transfer__gso),
	UNIT_CASE(transfer__without_options),
	UNIT_CASE(transfer__without_sack),
	UNIT_CASE(transfer__paced),
	UNIT_CASE(transfer__same_seed),
};

UNIT_SUITE(tcp_pair_suite, "tcp", cases);
