// SPDX-License-Identifier: GPL-2.0
/*
 * Runs scripts; see script.h.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../../lib/tcp/internal.h"
#include "script.h"

/**
 * struct script_buf - payload; no byte of it is ever looked at
 * @refs: references
 * @pos:  stream position of its first byte
 */
struct script_buf {
	int		refs;
	uint32_t	pos;
};

static void fail(struct script *s, const char *why, const char *got)
{
	char text[1024];

	if (s->failed)
		return;
	s->failed = true;
	snprintf(text, sizeof(text), "\"%s\" at %.6f s: %s%s%s", s->line,
		 (double)s->now_ns / 1e9, why, got ? ": " : "", got ? got : "");
	CU_assertImplementation(CU_FALSE, 0, text, "script", "", CU_FALSE);
}

/* ---------------------------------------------------------- environment */

static struct script *script_of(struct nx_tcp_env *env)
{
	return (struct script *)((char *)env - offsetof(struct script, env));
}

static void *alloc_record(struct nx_tcp_env *env)
{
	struct script *s = script_of(env);

	if (!s->records_left)
		return NULL;
	if (s->records_left > 0)
		s->records_left--;
	s->nr_records++;
	return malloc(NX_TCP_RECORD_SIZE);
}

static void free_record(struct nx_tcp_env *env, void *record)
{
	script_of(env)->nr_records--;
	free(record);
}

static void hold_buf(struct nx_tcp_env *env, void *buf)
{
	(void)env;
	((struct script_buf *)buf)->refs++;
}

static void put_buf(struct nx_tcp_env *env, void *buf)
{
	struct script_buf *b = buf;

	if (--b->refs)
		return;
	script_of(env)->nr_bufs--;
	free(b);
}

static struct script_buf *make_buf(struct script *s, uint32_t pos)
{
	struct script_buf *b = malloc(sizeof(*b));

	b->refs = 1;
	b->pos = pos;
	s->nr_bufs++;
	return b;
}

void script_init(struct script *s)
{
	memset(s, 0, sizeof(*s));
	s->env = (struct nx_tcp_env) {
		.record_alloc = alloc_record,
		.record_free = free_record,
		.buf_hold = hold_buf,
		.buf_put = put_buf,
	};
	s->config = nx_tcp_config_default;
	s->config.features &= ~NX_TCP_HAS_TS;
	s->config.gso_max_bytes = 0;
	s->open = (struct nx_tcp_open) {
		.iss	= SCRIPT_ISS,
		.mtu	= 1500,
		.ip_len	= 20,
	};
	s->now_ns = 1000000000;
	s->tolerance_ns = 1000000;
	s->records_left = -1;
	s->line = "";
}

/* ------------------------------------------------------- segments as text */

static const char flag_letters[] = "FSRP.UEWA";

static void format_seg(const struct nx_tcp_seg *seg, char *text, size_t size)
{
	const struct nexus_wire_tcp *h = &seg->hdr;
	int n = 0, i;

	for (i = 0; flag_letters[i]; i++)
		if (h->flags & 1 << i)
			n += snprintf(text + n, size - (size_t)n, "%c",
				      flag_letters[i]);
	n += snprintf(text + n, size - (size_t)n, " %u:%u ack %u win %u",
		      h->seq - SCRIPT_ISS, h->seq - SCRIPT_ISS + seg->len,
		      h->ack - SCRIPT_IRS, h->window);
	if (seg->gso_size)
		n += snprintf(text + n, size - (size_t)n, " gso %u",
			      seg->gso_size);
	if (seg->ecn)
		n += snprintf(text + n, size - (size_t)n, " ecn %u", seg->ecn);
	n += snprintf(text + n, size - (size_t)n, " <has %#x", h->has);
	if (h->has & NEXUS_WIRE_TCP_MSS)
		n += snprintf(text + n, size - (size_t)n, ",mss %u", h->mss);
	if (h->has & NEXUS_WIRE_TCP_WSCALE)
		n += snprintf(text + n, size - (size_t)n, ",wscale %u",
			      h->wscale);
	if (h->has & NEXUS_WIRE_TCP_TS)
		n += snprintf(text + n, size - (size_t)n, ",TS %u ecr %u",
			      h->ts_val, h->ts_ecr);
	if (h->has & NEXUS_WIRE_TCP_ACCECN)
		n += snprintf(text + n, size - (size_t)n, ",accecn %u %u %u",
			      h->ee0b, h->eceb, h->ee1b);
	if (h->has & NEXUS_WIRE_TCP_SACK)
		for (i = 0; i < h->nr_sacks; i++)
			n += snprintf(text + n, size - (size_t)n, ",%u:%u",
				      h->sacks[i].left - SCRIPT_IRS,
				      h->sacks[i].right - SCRIPT_IRS);
	snprintf(text + n, size - (size_t)n, ">");
}

/**
 * struct parse - a segment of a script
 * @seg: what the line says; numbers absolute
 * @has_ack, @has_win, @has_gso, @has_ecn, @has_opts: was it said
 * @has_ts_val: the timestamp was given
 */
struct parse {
	struct nx_tcp_seg	seg;
	bool			has_ack;
	bool			has_win;
	bool			has_gso;
	bool			has_ecn;
	bool			has_opts;
	bool			has_ts_val;
};

static const char *skip_space(const char *p)
{
	while (*p == ' ')
		p++;
	return p;
}

static uint32_t number(const char **p)
{
	char *end;
	unsigned long v = strtoul(*p, &end, 10);

	*p = end;
	return (uint32_t)v;
}

static bool word(const char **p, const char *w)
{
	size_t len = strlen(w);

	*p = skip_space(*p);
	if (strncmp(*p, w, len) || ((*p)[len] >= 'a' && (*p)[len] <= 'z'))
		return false;
	*p = skip_space(*p + len);
	return true;
}

static void parse_cookie(const char **p, struct nexus_wire_tcp *h)
{
	unsigned int byte;

	h->has |= NEXUS_WIRE_TCP_FAST_OPEN;
	while (sscanf(*p, "%2x", &byte) == 1 &&
	       h->cookie_len < sizeof(h->cookie)) {
		h->cookie[h->cookie_len++] = (uint8_t)byte;
		*p += 2;
	}
}

static void parse_sacks(const char **p, struct nexus_wire_tcp *h, uint32_t base)
{
	h->has |= NEXUS_WIRE_TCP_SACK;
	while (**p >= '0' && **p <= '9') {
		h->sacks[h->nr_sacks].left = number(p) + base;
		(*p)++;
		h->sacks[h->nr_sacks++].right = number(p) + base;
		*p = skip_space(*p);
	}
}

static void parse_accecn(const char **p, struct nexus_wire_tcp *h)
{
	h->has |= NEXUS_WIRE_TCP_ACCECN;
	if (**p < '0' || **p > '9')
		return;
	h->has |= NEXUS_WIRE_TCP_EE0B | NEXUS_WIRE_TCP_ECEB |
		  NEXUS_WIRE_TCP_EE1B;
	h->ee0b = number(p);
	*p = skip_space(*p);
	h->eceb = number(p);
	*p = skip_space(*p);
	h->ee1b = number(p);
}

static void parse_ts(const char **p, struct parse *ps)
{
	struct nexus_wire_tcp *h = &ps->seg.hdr;

	h->has |= NEXUS_WIRE_TCP_TS;
	if (**p < '0' || **p > '9')
		return;
	ps->has_ts_val = true;
	h->ts_val = number(p);
	if (word(p, "ecr"))
		h->ts_ecr = number(p);
}

static bool parse_opts(const char *p, struct parse *ps, uint32_t sack_base)
{
	struct nexus_wire_tcp *h = &ps->seg.hdr;

	ps->has_opts = true;
	while (*(p = skip_space(p)) != '>') {
		if (word(&p, "mss")) {
			h->has |= NEXUS_WIRE_TCP_MSS;
			h->mss = (uint16_t)number(&p);
		} else if (word(&p, "wscale")) {
			h->has |= NEXUS_WIRE_TCP_WSCALE;
			h->wscale = (uint8_t)number(&p);
		} else if (word(&p, "sackOK")) {
			h->has |= NEXUS_WIRE_TCP_SACK_OK;
		} else if (word(&p, "sack")) {
			parse_sacks(&p, h, sack_base);
		} else if (word(&p, "TS")) {
			parse_ts(&p, ps);
		} else if (word(&p, "FO")) {
			parse_cookie(&p, h);
		} else if (word(&p, "accecn")) {
			parse_accecn(&p, h);
		} else {
			return false;
		}
		p = skip_space(p);
		if (*p == ',')
			p++;
	}
	return true;
}

static uint8_t parse_ecn(const char **p)
{
	if (word(p, "ect0"))
		return NX_IP_ECN_ECT0;
	if (word(p, "ect1"))
		return NX_IP_ECN_ECT1;
	if (word(p, "ce"))
		return NX_IP_ECN_CE;
	word(p, "none");
	return NX_IP_ECN_NOT_ECT;
}

static bool parse_rest(const char *p, struct parse *ps, uint32_t ack_base)
{
	while (*(p = skip_space(p))) {
		if (word(&p, "ack")) {
			ps->has_ack = true;
			ps->seg.hdr.ack = number(&p) + ack_base;
		} else if (word(&p, "win")) {
			ps->has_win = true;
			ps->seg.hdr.window = (uint16_t)number(&p);
		} else if (word(&p, "gso")) {
			ps->has_gso = true;
			ps->seg.gso_size = (uint16_t)number(&p);
		} else if (word(&p, "ecn")) {
			ps->has_ecn = true;
			ps->seg.ecn = parse_ecn(&p);
		} else if (*p == '<') {
			return parse_opts(p + 1, ps, ack_base);
		} else {
			return false;
		}
	}
	return true;
}

/* @is_in: from the peer. */
static bool parse_seg(const char *p, struct parse *ps, bool is_in)
{
	uint32_t seq_base = is_in ? SCRIPT_IRS : SCRIPT_ISS;
	struct nexus_wire_tcp *h = &ps->seg.hdr;
	const char *at;

	memset(ps, 0, sizeof(*ps));
	for (p = skip_space(p); *p && *p != ' '; p++) {
		if (*p == '-')
			continue;
		at = strchr(flag_letters, *p);
		if (!at)
			return false;
		h->flags |= (uint16_t)(1U << (at - flag_letters));
	}
	p = skip_space(p);
	h->seq = number(&p) + seq_base;
	if (*p++ != ':')
		return false;
	ps->seg.len = number(&p) + seq_base - h->seq;
	return parse_rest(p, ps, is_in ? SCRIPT_ISS : SCRIPT_IRS);
}

/* --------------------------------------------------------------- running */

static void check_payload(struct script *s, const struct nx_tcp_seg *seg)
{
	uint32_t pos = seg->hdr.seq + !!(seg->hdr.flags & NEXUS_WIRE_TCP_SYN) -
		       SCRIPT_ISS - 1, len = 0, i;
	struct script_buf *b;

	for (i = 0; i < seg->nr_spans; i++) {
		b = seg->spans[i].buf;
		if (b->pos + seg->spans[i].off != pos + len)
			fail(s, "other bytes than those of the stream leave", NULL);
		len += seg->spans[i].len;
	}
	if (len != seg->len)
		fail(s, "the spans are not as long as the segment", NULL);
}

/* Takes all that the connection has to send now. */
static void pump(struct script *s)
{
	struct nx_tcp_seg *seg;

	for (;;) {
		if (s->last == SCRIPT_QUEUE) {
			fail(s, "it never stops sending", NULL);
			return;
		}
		seg = &s->sent[s->last];
		if (!(s->is_held ? nx_tcp_output_control : nx_tcp_output)
		    (&s->tcp, seg, s->now_ns))
			break;
		check_payload(s, seg);
		if (seg->hdr.has & NEXUS_WIRE_TCP_TS)
			s->last_ts = seg->hdr.ts_val;
		s->sent_ns[s->last++] = s->now_ns;
		if (s->failed)
			return;
	}
	if (s->first == s->last)
		s->first = s->last = 0;
	s->events |= nx_tcp_take_events(&s->tcp);
}

/* Lets time pass, with its timers, until @until_ns or until something leaves. */
static void advance(struct script *s, uint64_t until_ns, bool stops)
{
	uint64_t at;

	while (s->is_opened && !s->failed) {
		if (stops && s->first != s->last)
			return;
		at = nx_tcp_deadline(&s->tcp);
		if (at > until_ns)
			break;
		if (at < s->now_ns)
			at = s->now_ns;
		s->now_ns = at;
		pump(s);
		if (nx_tcp_deadline(&s->tcp) <= s->now_ns) {
			fail(s, "a deadline stays after it has passed", NULL);
			return;
		}
	}
	if (s->now_ns < until_ns && !(stops && s->first != s->last))
		s->now_ns = until_ns;
}

static void check_none(struct script *s)
{
	char text[512];

	if (s->first == s->last || s->failed)
		return;
	format_seg(&s->sent[s->first], text, sizeof(text));
	fail(s, "left unexpectedly before", text);
}

static bool has_same_opts(const struct parse *ps, const struct nexus_wire_tcp *h)
{
	const struct nexus_wire_tcp *w = &ps->seg.hdr;
	unsigned int i;

	if (w->has != h->has)
		return false;
	if (w->has & NEXUS_WIRE_TCP_MSS && w->mss != h->mss)
		return false;
	if (w->has & NEXUS_WIRE_TCP_WSCALE && w->wscale != h->wscale)
		return false;
	if (ps->has_ts_val &&
	    (w->ts_val != h->ts_val || w->ts_ecr != h->ts_ecr))
		return false;
	if (w->has & NEXUS_WIRE_TCP_FAST_OPEN &&
	    (w->cookie_len != h->cookie_len ||
	     memcmp(w->cookie, h->cookie, h->cookie_len)))
		return false;
	if (w->has & NEXUS_WIRE_TCP_EE0B &&
	    (w->ee0b != h->ee0b || w->eceb != h->eceb || w->ee1b != h->ee1b))
		return false;
	if (!(w->has & NEXUS_WIRE_TCP_SACK))
		return true;
	if (w->nr_sacks != h->nr_sacks)
		return false;
	for (i = 0; i < w->nr_sacks; i++)
		if (w->sacks[i].left != h->sacks[i].left ||
		    w->sacks[i].right != h->sacks[i].right)
			return false;
	return true;
}

static bool is_same_seg(const struct parse *ps, const struct nx_tcp_seg *seg)
{
	const struct nexus_wire_tcp *w = &ps->seg.hdr, *h = &seg->hdr;

	return w->flags == h->flags && w->seq == h->seq &&
	       ps->seg.len == seg->len &&
	       (!ps->has_ack || w->ack == h->ack) &&
	       (!ps->has_win || w->window == h->window) &&
	       (!ps->has_gso || ps->seg.gso_size == seg->gso_size) &&
	       (!ps->has_ecn || ps->seg.ecn == seg->ecn) &&
	       (!ps->has_opts || has_same_opts(ps, h));
}

static void expect(struct script *s, const char *p, uint64_t at_ns)
{
	struct parse ps;
	char text[512];

	if (!parse_seg(p, &ps, false)) {
		fail(s, "not a segment", NULL);
		return;
	}
	advance(s, at_ns + s->tolerance_ns, true);
	if (s->failed)
		return;
	if (s->first == s->last) {
		fail(s, "nothing leaves", NULL);
		return;
	}
	format_seg(&s->sent[s->first], text, sizeof(text));
	if (!is_same_seg(&ps, &s->sent[s->first]))
		fail(s, "leaves instead", text);
	else if (s->sent_ns[s->first] + s->tolerance_ns < at_ns)
		fail(s, "leaves too early", text);
	else if (at_ns + s->tolerance_ns < s->sent_ns[s->first])
		fail(s, "leaves too late", text);
	s->first++;
	if (s->first == s->last)
		s->first = s->last = 0;
}

static void fill_ts(struct script *s, struct parse *ps)
{
	if (ps->has_ts_val || !(ps->seg.hdr.has & NEXUS_WIRE_TCP_TS))
		return;
	ps->seg.hdr.ts_val = (uint32_t)(s->now_ns / 1000000);
	ps->seg.hdr.ts_ecr = s->last_ts;
}

static void inject(struct script *s, const char *p)
{
	struct script_buf *b = NULL;
	struct parse ps;
	struct nx_tcp_seg *seg = &ps.seg;

	if (!parse_seg(p, &ps, true)) {
		fail(s, "not a segment", NULL);
		return;
	}
	fill_ts(s, &ps);
	if (seg->len) {
		b = make_buf(s, seg->hdr.seq +
			     !!(seg->hdr.flags & NEXUS_WIRE_TCP_SYN) -
			     SCRIPT_IRS - 1);
		seg->nr_spans = 1;
		seg->spans[0] = (struct nx_tcp_span) { b, 0, seg->len };
	}
	if (!s->is_opened) {
		s->is_opened = true;
		nx_tcp_init(&s->tcp, &s->env, &s->config);
		CU_ASSERT_EQUAL(nx_tcp_accept(&s->tcp, &s->open, seg, s->now_ns),
				0);
	} else {
		nx_tcp_input(&s->tcp, seg, s->now_ns);
	}
	if (b)
		put_buf(&s->env, b);
	pump(s);
}

/* -------------------------------------------------------------- commands */

static void do_write(struct script *s, const char *p)
{
	uint32_t len = number(&p);
	struct nx_tcp_span span = { make_buf(s, s->write_pos), 0, len };
	int err = nx_tcp_write(&s->tcp, &span);
	char text[16];

	if (!err) {
		s->write_pos += len;
		return;
	}
	put_buf(&s->env, span.buf);
	snprintf(text, sizeof(text), "%d", err);
	if (!word(&p, "fails"))
		fail(s, "write fails", text);
}

/* "connect N": and N bytes are written before the SYN leaves. */
static void do_connect(struct script *s, const char *p)
{
	s->is_opened = true;
	nx_tcp_init(&s->tcp, &s->env, &s->config);
	CU_ASSERT_EQUAL(nx_tcp_connect(&s->tcp, &s->open, s->now_ns), 0);
	if (*p)
		do_write(s, p);
}

/* "read N": exactly N bytes wait; they are taken. */
static void do_read(struct script *s, const char *p)
{
	uint32_t wanted = number(&p), got = 0;
	struct nx_tcp_span span;
	struct script_buf *b;
	char text[32];

	while (nx_tcp_read(&s->tcp, &span)) {
		b = span.buf;
		if (b->pos + span.off != s->read_pos)
			fail(s, "other bytes than those of the stream", NULL);
		s->read_pos += span.len;
		got += span.len;
		put_buf(&s->env, b);
	}
	nx_tcp_consume(&s->tcp, got);
	snprintf(text, sizeof(text), "%u bytes", got);
	if (got != wanted)
		fail(s, "there was something else to read", text);
}

static void do_shutdown(struct script *s, const char *p)
{
	(void)p;
	CU_ASSERT_EQUAL(nx_tcp_shutdown(&s->tcp), 0);
}

static void do_abort(struct script *s, const char *p)
{
	(void)p;
	nx_tcp_abort(&s->tcp);
}

static void do_orphan(struct script *s, const char *p)
{
	(void)p;
	nx_tcp_orphan(&s->tcp, s->now_ns);
}

static void do_state(struct script *s, const char *p)
{
	const char *name = nx_tcp_state_name(s->tcp.state);

	if (strcmp(name, skip_space(p)))
		fail(s, "the state is", name);
}

static void do_err(struct script *s, const char *p)
{
	const char *name = s->tcp.err ? strerrorname_np(-s->tcp.err) : "Success";

	if (strcmp(name, skip_space(p)))
		fail(s, "the error is", name);
}

static void do_none(struct script *s, const char *p)
{
	(void)s;
	(void)p;
}

/* "event NAME": it happened since the last such line that named it. */
static void do_event(struct script *s, const char *p)
{
	static const char *const names[] = {
		"established", "readable", "writable", "peer-closed",
		"time-wait", "closed", "reopen", "early",
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcmp(names[i], skip_space(p)))
			continue;
		if (!(s->events & 1U << i))
			fail(s, "it did not happen", NULL);
		s->events &= ~(1U << i);
		return;
	}
	fail(s, "no such event", NULL);
}

static void do_nodelay(struct script *s, const char *p)
{
	nx_tcp_set_nodelay(&s->tcp, number(&p));
}

/* "hold 1": no data may leave. */
static void do_hold(struct script *s, const char *p)
{
	s->is_held = number(&p);
}

static void do_cork(struct script *s, const char *p)
{
	nx_tcp_set_cork(&s->tcp, number(&p));
}

static void do_keepalive(struct script *s, const char *p)
{
	nx_tcp_set_keepalive(&s->tcp, number(&p), s->now_ns);
}

static void do_mtu(struct script *s, const char *p)
{
	nx_tcp_set_mtu(&s->tcp, number(&p), s->now_ns);
}

/* "toobig SEQ MTU": ICMP quotes the segment at SEQ. */
static void do_toobig(struct script *s, const char *p)
{
	uint32_t seq = number(&p) + SCRIPT_ISS;

	p = skip_space(p);
	nx_tcp_icmp_mtu(&s->tcp, seq, number(&p), s->now_ns);
}

/* "icmp SEQ ERRNO" */
static void do_icmp(struct script *s, const char *p)
{
	uint32_t seq = number(&p) + SCRIPT_ISS;

	p = skip_space(p);
	nx_tcp_icmp(&s->tcp, seq, (int)number(&p));
}

/* "cwnd N", "flight N", "mss N": bytes; "undone N", "rtos N": times. */
static void compare(struct script *s, uint32_t got, const char *p)
{
	char text[32];

	snprintf(text, sizeof(text), "%u", got);
	if (number(&p) != got)
		fail(s, "it is", text);
}

static void do_cwnd(struct script *s, const char *p)
{
	compare(s, s->tcp.cc.cwnd, p);
}

static void do_flight(struct script *s, const char *p)
{
	compare(s, nx_tcp_in_flight(&s->tcp), p);
}

static void do_mss(struct script *s, const char *p)
{
	compare(s, s->tcp.mss, p);
}

static void do_undone(struct script *s, const char *p)
{
	compare(s, s->tcp.stats.nr_undone, p);
}

static void do_rtos(struct script *s, const char *p)
{
	compare(s, s->tcp.stats.nr_rtos, p);
}

static void do_rcvlimit(struct script *s, const char *p)
{
	s->env.rcv_limit_bytes = (uint32_t)strtoul(p, NULL, 10);
}

static void do_rcvbuf(struct script *s, const char *p)
{
	compare(s, s->tcp.rcv_buf_bytes, p);
}

static void do_recovery(struct script *s, const char *p)
{
	static const char *const names[] = { "open", "cwr", "fast", "loss" };

	if (strcmp(names[s->tcp.recovery], skip_space(p)))
		fail(s, "recovery is", names[s->tcp.recovery]);
}

/* "memory N": so many records can still be had. */
static void do_memory(struct script *s, const char *p)
{
	s->records_left = atoi(p);
}

/* Those that only look do not care what has left by then. */
static const struct {
	const char	*name;
	void		(*run)(struct script *s, const char *p);
	bool		looks_only;
} commands[] = {
	{ "connect",	do_connect, false },
	{ "write",	do_write, false },
	{ "read",	do_read, false },
	{ "shutdown",	do_shutdown, false },
	{ "abort",	do_abort, false },
	{ "orphan",	do_orphan, false },
	{ "state",	do_state, true },
	{ "err",	do_err, true },
	{ "event",	do_event, true },
	{ "none",	do_none, false },
	{ "memory",	do_memory, false },
	{ "nodelay",	do_nodelay, false },
	{ "cork",	do_cork, false },
	{ "hold",	do_hold, false },
	{ "keepalive",	do_keepalive, false },
	{ "mtu",	do_mtu, false },
	{ "toobig",	do_toobig, false },
	{ "icmp",	do_icmp, false },
	{ "cwnd",	do_cwnd, true },
	{ "flight",	do_flight, true },
	{ "mss",	do_mss, true },
	{ "undone",	do_undone, true },
	{ "rtos",	do_rtos, true },
	{ "rcvbuf",	do_rcvbuf, true },
	{ "rcvlimit",	do_rcvlimit, false },
	{ "recovery",	do_recovery, true },
};

static void come_to(struct script *s, uint64_t at_ns)
{
	check_none(s);
	advance(s, at_ns, false);
	check_none(s);
}

static void command(struct script *s, const char *p, uint64_t at_ns)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(commands); i++) {
		if (!word(&p, commands[i].name))
			continue;
		if (!commands[i].looks_only || at_ns > s->now_ns)
			come_to(s, at_ns);
		if (s->failed)
			return;
		commands[i].run(s, p);
		if (s->is_opened)
			pump(s);
		return;
	}
	fail(s, "no such command", NULL);
}


static void run_line(struct script *s)
{
	const char *p = s->line + 1;
	char *end;
	uint64_t at_ns = s->now_ns + (uint64_t)(strtod(p, &end) * 1e9 + .5);

	p = skip_space(end);
	if (*s->line != '+') {
		fail(s, "no time", NULL);
		return;
	}
	if (*p == '>') {
		expect(s, p + 1, at_ns);
		return;
	}
	if (*p != '<') {
		command(s, p, at_ns);
		return;
	}
	come_to(s, at_ns);
	if (!s->failed)
		inject(s, p + 1);
}

void script_lines(struct script *s, const char *const *lines)
{
	for (; *lines && !s->failed; lines++) {
		s->line = *lines;
		run_line(s);
	}
}

void script_end(struct script *s)
{
	s->line = "end";
	check_none(s);
	if (s->is_opened)
		nx_tcp_exit(&s->tcp);
	CU_ASSERT_EQUAL(s->nr_records, 0);
	CU_ASSERT_EQUAL(s->nr_bufs, 0);
}
