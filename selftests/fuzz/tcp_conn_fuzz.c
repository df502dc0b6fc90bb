// SPDX-License-Identifier: GPL-2.0
/*
 * Segments, calls and time against a connection, in whatever state they bring it
 * into: the sums of its queues stay right, and nothing is kept when it ends.
 */
#include "../../lib/tcp/internal.h"

#include "fuzz.h"

/* The fuzzer finds numbers near these by itself. */
#define ISS	0xfffff000u
#define IRS	0x7ffff000u

#define NR_STEPS	200
#define NR_SEGMENTS	10000

static int nr_records, nr_bufs, records_left;

static void *record_alloc(struct nx_tcp_env *env)
{
	(void)env;
	if (!records_left)
		return NULL;
	records_left--;
	nr_records++;
	return malloc(NX_TCP_RECORD_SIZE);
}

static void record_free(struct nx_tcp_env *env, void *record)
{
	(void)env;
	nr_records--;
	free(record);
}

static void buf_hold(struct nx_tcp_env *env, void *buf)
{
	(void)env;
	++*(int *)buf;
}

static void buf_put(struct nx_tcp_env *env, void *buf)
{
	(void)env;
	if (--*(int *)buf)
		return;
	nr_bufs--;
	free(buf);
}

static int *make_buf(void)
{
	int *buf = malloc(sizeof(*buf));

	*buf = 1;
	nr_bufs++;
	return buf;
}

static struct nx_tcp_env env = {
	.record_alloc = record_alloc, .record_free = record_free,
	.buf_hold = buf_hold, .buf_put = buf_put,
};

/* What the send queue's sums must be. */
static void check_txq(const struct nx_tcp *tcp)
{
	uint32_t sacked = 0, lost = 0, retrans = 0, seq;
	const struct nx_tcp_tx *tx = tcp->txq.first;

	if (!tx)
		return;
	seq = tx->seq;
	for (; tx; tx = tx->next) {
		CHECK(tx->seq == seq && tx->len);
		seq += tx->len;
		CHECK(!(tx->flags & NX_TX_SACKED) ||
		      !(tx->flags & (NX_TX_LOST | NX_TX_RETRANS)));
		sacked += tx->flags & NX_TX_SACKED ? tx->len : 0;
		lost += tx->flags & NX_TX_LOST ? tx->len : 0;
		retrans += tx->flags & NX_TX_RETRANS ? tx->len : 0;
		CHECK(!tx->next || tx->next->prev == tx);
	}
	CHECK(seq == tcp->write_seq);
	CHECK(!tcp->has_sack || sacked == tcp->txq.sacked_bytes);
	CHECK(lost == tcp->txq.lost_bytes);
	CHECK(retrans == tcp->txq.retrans_bytes);
	CHECK(sacked + lost <= tcp->snd_nxt - tcp->snd_una);
}

static void check(const struct nx_tcp *tcp)
{
	CHECK(tcp->state < NX_TCP_NR_STATES);
	CHECK(tcp->err != -EPROTO);
	CHECK(!nx_seq_after(tcp->snd_una, tcp->snd_nxt));
	CHECK(!nx_seq_after(tcp->snd_nxt, tcp->write_seq));
	CHECK(!nx_seq_after(tcp->rcv_nxt, tcp->rcv_adv + 1));
	CHECK(tcp->nr_sacks <= NEXUS_WIRE_TCP_SACKS_MAX);
	if (tcp->state >= NX_TCP_ESTABLISHED)
		CHECK(tcp->mss && tcp->cc.cwnd);
	check_txq(tcp);
}

static void drain(struct nx_tcp *tcp, uint64_t now_ns)
{
	bool is_quiet = nx_tcp_is_quiet(tcp, now_ns);
	struct nx_tcp_seg seg;
	unsigned int nr = 0;

	while (nx_tcp_output(tcp, &seg, now_ns)) {
		CHECK(!is_quiet);
		CHECK(nexus_wire_tcp_len(&seg.hdr) <= NEXUS_WIRE_TCP_LEN_MAX);
		CHECK(++nr < NR_SEGMENTS);
	}
	CHECK(nx_tcp_deadline(tcp) > now_ns);
	check(tcp);
}

static void take_options(struct nx_tcp_seg *seg, uint32_t iss,
			 const uint8_t **data, size_t *size)
{
	struct nexus_wire_tcp *h = &seg->hdr;
	unsigned int i;

	h->has = (uint16_t)fuzz_take(data, size, 2) & 0x3ff;
	if (h->flags & TCP_SYN)
		h->has &= (uint16_t)~NEXUS_WIRE_TCP_SACK;
	h->mss = (uint16_t)fuzz_take(data, size, 2);
	h->wscale = (uint8_t)fuzz_take(data, size, 1) % 15;
	h->ts_val = (uint32_t)fuzz_take(data, size, 1);
	h->ts_ecr = (uint32_t)fuzz_take(data, size, 2);
	h->ee0b = h->eceb = h->ee1b = (uint32_t)fuzz_take(data, size, 1);
	if (!(h->has & NEXUS_WIRE_TCP_SACK))
		return;
	h->nr_sacks = (uint8_t)(1 + fuzz_take(data, size, 1) % 4);
	for (i = 0; i < h->nr_sacks; i++) {
		h->sacks[i].left = iss + (uint32_t)fuzz_take(data, size, 2);
		h->sacks[i].right = h->sacks[i].left +
				    (uint32_t)fuzz_take(data, size, 2);
	}
}

/* Mostly near the windows; the high bit of @how goes anywhere. */
static void take_segment(struct nx_tcp *tcp, struct nx_tcp_seg *seg,
			 const uint8_t **data, size_t *size)
{
	uint8_t how = (uint8_t)fuzz_take(data, size, 1);
	struct nexus_wire_tcp *h = &seg->hdr;

	*seg = (struct nx_tcp_seg) { 0 };
	h->flags = (uint16_t)fuzz_take(data, size, 2) & NEXUS_WIRE_TCP_FLAGS;
	if (h->flags & TCP_SYN)
		h->flags &= (uint16_t)~(TCP_FIN | TCP_RST);
	h->seq = (how & 1 ? tcp->rcv_nxt : IRS) +
		 (uint32_t)(int16_t)fuzz_take(data, size, 2);
	h->ack = (how & 2 ? tcp->snd_nxt : tcp->snd_una) +
		 (uint32_t)(int16_t)fuzz_take(data, size, 2);
	if (how & 0x80) {
		h->seq = (uint32_t)fuzz_take(data, size, 4);
		h->ack = (uint32_t)fuzz_take(data, size, 4);
	}
	h->window = (uint16_t)fuzz_take(data, size, 2);
	seg->len = (uint32_t)fuzz_take(data, size, 2);
	seg->gso_size = how & 4 ? 1000 : 0;
	seg->ecn = how >> 3 & 3;
	if (how & 0x20)
		take_options(seg, tcp->snd_una, data, size);
}

static void arrive(struct nx_tcp *tcp, const uint8_t **data, size_t *size,
		   const struct nx_tcp_open *open, uint64_t now_ns)
{
	struct nx_tcp_seg seg;
	int *buf = NULL;

	take_segment(tcp, &seg, data, size);
	if (seg.len) {
		buf = make_buf();
		seg.nr_spans = 1;
		seg.spans[0] = (struct nx_tcp_span) { buf, 0, seg.len };
	}
	if (!tcp->iss)
		nx_tcp_accept(tcp, open, &seg, now_ns);
	else
		nx_tcp_input(tcp, &seg, now_ns);
	if (buf)
		buf_put(&env, buf);
}

static void call(struct nx_tcp *tcp, const uint8_t **data, size_t *size,
		 uint64_t now_ns)
{
	uint8_t what = (uint8_t)fuzz_take(data, size, 1);
	uint32_t n = (uint32_t)fuzz_take(data, size, 2);
	struct nx_tcp_span span;

	switch (what % 10) {
	case 0:
	case 1:
		span = (struct nx_tcp_span) { make_buf(), 0, n + 1 };
		if (nx_tcp_write(tcp, &span))
			buf_put(&env, span.buf);
		break;
	case 2:
		if (nx_tcp_read(tcp, &span)) {
			nx_tcp_consume(tcp, span.len);
			buf_put(&env, span.buf);
		}
		break;
	case 3:
		nx_tcp_shutdown(tcp);
		break;
	case 4:
		n % 64 ? nx_tcp_set_nodelay(tcp, n & 1) : nx_tcp_abort(tcp);
		break;
	case 5:
		nx_tcp_set_keepalive(tcp, n & 1, now_ns);
		break;
	case 6:
		if (tcp->state >= NX_TCP_ESTABLISHED)
			nx_tcp_icmp_mtu(tcp, tcp->snd_una, n, now_ns);
		break;
	case 7:
		nx_tcp_icmp(tcp, tcp->snd_una, n & 1 ? ECONNREFUSED :
						       EHOSTUNREACH);
		break;
	case 8:
		nx_tcp_set_cork(tcp, n & 1);
		break;
	case 9:
		n % 16 ? (void)nx_tcp_take_events(tcp) :
			 nx_tcp_orphan(tcp, now_ns);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct nx_tcp_open open = { .iss = ISS, .mtu = 1500, .ip_len = 20 };
	struct nx_tcp_config config = nx_tcp_config_default;
	uint64_t now_ns = 1000000000;
	struct nx_tcp tcp;
	unsigned int i;
	uint8_t how = (uint8_t)fuzz_take(&data, &size, 1);

	config.features = (uint32_t)fuzz_take(&data, &size, 1);
	config.ecn = (uint8_t)fuzz_take(&data, &size, 1) % 3;
	config.gso_max_bytes = how & 1 ? 64000 : 0;
	config.cc = how & 2 ? &nx_tcp_newreno : &nx_tcp_cubic;
	records_left = how & 4 ? (int)fuzz_take(&data, &size, 1) : 1000000;
	nx_tcp_init(&tcp, &env, &config);
	if (how & 8)
		nx_tcp_connect(&tcp, &open, now_ns);
	for (i = 0; i < NR_STEPS && size; i++) {
		switch (fuzz_take(&data, &size, 1) % 4) {
		case 0:
		case 1:
			arrive(&tcp, &data, &size, &open, now_ns);
			break;
		case 2:
			call(&tcp, &data, &size, now_ns);
			break;
		case 3:
			now_ns += fuzz_take(&data, &size, 2) * 1000000;
			break;
		}
		drain(&tcp, now_ns);
	}
	nx_tcp_exit(&tcp);
	CHECK(!nr_records && !nr_bufs);
	return 0;
}
