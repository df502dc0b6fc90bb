// SPDX-License-Identifier: GPL-2.0
/*
 * The receive queues against a simple model: an array with a mark for each byte
 * that has arrived within the window.
 */
#include "../../lib/tcp/internal.h"

#include "fuzz.h"

#define IRS		0xffffff00u
#define WINDOW		2000u
/* Fewer than short records may lie behind gaps. */
#define NR_STEPS	250

static int nr_records, nr_bufs;

/**
 * struct buffer - payload
 * @refs: references
 * @pos:  stream position of its first byte
 */
struct buffer {
	int		refs;
	uint32_t	pos;
};

static void *record_alloc(struct nx_tcp_env *env)
{
	(void)env;
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
	((struct buffer *)buf)->refs++;
}

static void buf_put(struct nx_tcp_env *env, void *buf)
{
	(void)env;
	if (--((struct buffer *)buf)->refs)
		return;
	nr_bufs--;
	free(buf);
}

static struct nx_tcp_env env = {
	.record_alloc = record_alloc, .record_free = record_free,
	.buf_hold = buf_hold, .buf_put = buf_put,
};

/**
 * struct model - what a stream should be
 * @has: by position
 * @next: the first position that has not arrived
 * @read: by the owner
 * @edge: right edge of the window
 */
struct model {
	bool		has[NR_STEPS * 1000 + 2 * WINDOW];
	uint32_t	next;
	uint32_t	read;
	uint32_t	edge;
};

static struct model model;

static void model_arrive(uint32_t pos, uint32_t len)
{
	uint32_t i;

	/* RFC 9293 section 3.10.7.4: a part of it must lie in the window. */
	if ((pos < model.next || pos >= model.edge) &&
	    (pos + len - 1 < model.next || pos + len - 1 >= model.edge))
		return;
	for (i = pos; i < pos + len && i < model.edge; i++)
		model.has[i] = true;
	while (model.has[model.next])
		model.next++;
}

static void arrive(struct nx_tcp *tcp, uint32_t pos, uint32_t len,
		   uint64_t now_ns)
{
	struct buffer *b = malloc(sizeof(*b));
	struct nx_tcp_seg seg = { .len = len, .nr_spans = 1 };

	*b = (struct buffer) { .refs = 1, .pos = pos };
	nr_bufs++;
	seg.hdr.flags = TCP_ACK;
	seg.hdr.seq = IRS + 1 + pos;
	seg.hdr.ack = tcp->snd_una;
	seg.hdr.window = 1000;
	seg.spans[0] = (struct nx_tcp_span) { b, 0, len };
	nx_tcp_input(tcp, &seg, now_ns);
	buf_put(&env, b);
}

static void read_some(struct nx_tcp *tcp)
{
	struct nx_tcp_span span;

	while (nx_tcp_read(tcp, &span)) {
		struct buffer *b = span.buf;

		CHECK(b->pos + span.off == model.read);
		model.read += span.len;
		nx_tcp_consume(tcp, span.len);
		buf_put(&env, b);
	}
	CHECK(model.read == model.next);
}

static void drain(struct nx_tcp *tcp, uint64_t now_ns)
{
	struct nx_tcp_seg seg;

	while (nx_tcp_output(tcp, &seg, now_ns)) {
		/* No block tells of what is not there. */
		for (unsigned int i = 0; i < seg.hdr.nr_sacks; i++) {
			uint32_t left = seg.hdr.sacks[i].left - IRS - 1;
			uint32_t right = seg.hdr.sacks[i].right - IRS - 1;

			for (; left < right && left < model.edge; left++)
				CHECK(model.has[left] || left < model.next);
		}
	}
	model.edge = tcp->rcv_adv - IRS - 1;
	CHECK(tcp->rcv_nxt == IRS + 1 + model.next);
}

static void open_connection(struct nx_tcp *tcp, uint64_t now_ns)
{
	struct nx_tcp_open open = { .iss = 1, .mtu = 1500, .ip_len = 20 };
	struct nx_tcp_seg seg = { 0 };

	nx_tcp_connect(tcp, &open, now_ns);
	while (nx_tcp_output(tcp, &seg, now_ns))
		;
	seg = (struct nx_tcp_seg) { 0 };
	seg.hdr.flags = TCP_SYN | TCP_ACK;
	seg.hdr.seq = IRS;
	seg.hdr.ack = 2;
	seg.hdr.window = 1000;
	seg.hdr.has = NEXUS_WIRE_TCP_SACK_OK;
	nx_tcp_input(tcp, &seg, now_ns);
	model.edge = WINDOW;
	drain(tcp, now_ns);
	CHECK(tcp->state == NX_TCP_ESTABLISHED);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct nx_tcp_config config = nx_tcp_config_default;
	uint64_t now_ns = 1000000000;
	struct nx_tcp tcp;
	uint32_t pos, len;
	unsigned int i;

	/* No byte beyond the last edge was marked. */
	memset(model.has, 0, model.edge);
	model.next = model.read = model.edge = 0;
	config.features = NX_TCP_HAS_SACK;
	config.rcv_buf_bytes = config.rcv_max_bytes = WINDOW;
	nx_tcp_init(&tcp, &env, &config);
	open_connection(&tcp, now_ns);
	for (i = 0; i < NR_STEPS && size; i++) {
		pos = model.next + (uint32_t)fuzz_take(&data, &size, 2) % 2500;
		len = 1 + (uint32_t)fuzz_take(&data, &size, 2) % 1000;
		/* Some of it may be old. */
		pos -= pos < 300 ? pos : 300;
		arrive(&tcp, pos, len, now_ns);
		model_arrive(pos, len);
		if (fuzz_take(&data, &size, 1) & 1)
			read_some(&tcp);
		drain(&tcp, now_ns);
	}
	read_some(&tcp);
	nx_tcp_exit(&tcp);
	CHECK(!nr_records && !nr_bufs);
	return 0;
}
