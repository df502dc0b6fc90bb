// SPDX-License-Identifier: GPL-2.0
/*
 * Fast Open (RFC 7413): SYNs that carry data, from both ends, and who may answer
 * them.
 */
#include <errno.h>
#include <string.h>

#include "../../../lib/tcp/internal.h"
#include "../../../lib/tcp/listen.h"
#include "script.h"

#define COOKIE		"0102030405060708"
#define SYN_OPTIONS	"mss 1460,sackOK,wscale 8"

static const struct nx_fast_open asks = { .cookie_len = 0 };

static const struct nx_fast_open knows = {
	.cookie = { 1, 2, 3, 4, 5, 6, 7, 8 }, .cookie_len = 8, .mss = 1400,
};

static const struct nx_fast_open takes = { .takes_data = true };

static const struct nx_fast_open takes_and_gives = {
	.cookie = { 1, 2, 3, 4, 5, 6, 7, 8 }, .cookie_len = 8,
	.takes_data = true,
};

static const struct nx_fast_open gives = {
	.cookie = { 1, 2, 3, 4, 5, 6, 7, 8 }, .cookie_len = 8,
};

static void begin(struct script *s, const struct nx_fast_open *fo)
{
	script_init(s);
	s->open.fast_open = fo;
}

#define FAST_SCRIPT(fo, ...)						\
	do {								\
		struct script s_;					\
									\
		begin(&s_, fo);						\
		script_run(&s_, __VA_ARGS__);				\
		script_end(&s_);					\
	} while (0)

/* -------------------------------------------------------------- the client */

/* Section 4.2.1. */
static void request__brings_a_cookie(void)
{
	struct script s;

	begin(&s, &asks);
	script_run(&s,
		   "+0 connect 100",
		   "+0 > S 0:0 <mss 1460,sackOK,wscale 7,FO >",
		   "+.1 < S. 0:0 ack 1 win 65535 <" SYN_OPTIONS ",FO a1b2c3d4e5f6>",
		   "+0 > P. 1:101 ack 1");
	CU_ASSERT_TRUE(s.tcp.has_new_cookie);
	CU_ASSERT_EQUAL(s.tcp.fast_open.cookie_len, 6);
	CU_ASSERT_EQUAL(memcmp(s.tcp.fast_open.cookie,
			       "\xa1\xb2\xc3\xd4\xe5\xf6", 6), 0);
	CU_ASSERT_FALSE(nx_fast_open_failed(&s.tcp));
	CU_ASSERT_FALSE(s.tcp.has_syn_data);
	script_end(&s);
}

/* A server that does not know the option answers as ever. */
static void request__without_answer(void)
{
	struct script s;

	begin(&s, &asks);
	script_run(&s,
		   "+0 connect",
		   "+0 > S 0:0 <mss 1460,sackOK,wscale 7,FO >",
		   "+.1 < S. 0:0 ack 1 win 65535 <" SYN_OPTIONS ">",
		   "+0 > . 1:1 ack 1");
	CU_ASSERT_FALSE(s.tcp.has_new_cookie);
	CU_ASSERT_FALSE(nx_fast_open_failed(&s.tcp));
	script_end(&s);
}

/* Nobody has asked for it. */
static void request__unasked_cookie(void)
{
	struct script s;

	begin(&s, NULL);
	script_run(&s,
		   "+0 connect",
		   "+0 > S 0:0 <mss 1460,sackOK,wscale 7>",
		   "+.1 < S. 0:0 ack 1 win 65535 <" SYN_OPTIONS ",FO " COOKIE ">",
		   "+0 > . 1:1 ack 1");
	CU_ASSERT_FALSE(s.tcp.has_new_cookie);
	script_end(&s);
}

/* Section 4.2.2: one round trip less. */
static void data__acknowledged_with_the_syn(void)
{
	struct script s;

	begin(&s, &knows);
	script_run(&s,
		   "+0 connect 500",
		   "+0 > S 0:500 <mss 1460,sackOK,wscale 7,FO " COOKIE ">",
		   "+.1 < S. 0:0 ack 501 win 65535 <" SYN_OPTIONS ">",
		   "+0 > . 501:501 ack 1",
		   "+0 event established",
		   "+0 event writable",
		   "+0 flight 0",
		   "+0 write 10",
		   "+0 > P. 501:511 ack 1",
		   "+.1 < . 1:1 ack 511 win 1000",
		   "+5 none");
	CU_ASSERT_TRUE(s.tcp.has_syn_data);
	CU_ASSERT_FALSE(nx_fast_open_failed(&s.tcp));
	CU_ASSERT_EQUAL(s.tcp.stats.bytes_acked, 510);
	CU_ASSERT_EQUAL(s.tcp.stats.nr_retrans, 0);
	script_end(&s);
}

/* At once, with the whole first window: nothing was lost by congestion. */
static void data__sent_again_at_once(void)
{
	struct script s;

	begin(&s, &knows);
	script_run(&s,
		   "+0 connect 500",
		   "+0 > S 0:500",
		   "+.1 < S. 0:0 ack 1 win 65535 <" SYN_OPTIONS ",FO a1b2c3d4>",
		   "+0 cwnd 14600",
		   "+0 > P. 1:501 ack 1",
		   "+0 recovery open",
		   "+.1 < . 1:1 ack 501 win 1000",
		   "+0 cwnd 14600",
		   "+0 rtos 0",
		   "+5 none");
	CU_ASSERT_TRUE(s.tcp.has_new_cookie);
	CU_ASSERT_FALSE(s.tcp.has_syn_data);
	CU_ASSERT_FALSE(nx_fast_open_failed(&s.tcp));
	CU_ASSERT_EQUAL(s.tcp.stats.retrans_bytes, 500);
	script_end(&s);
}

/* A server may take less than all. */
static void data__acknowledged_in_part(void)
{
	FAST_SCRIPT(&knows,
		    "+0 connect 500",
		    "+0 > S 0:500",
		    "+.1 < S. 0:0 ack 201 win 65535 <" SYN_OPTIONS ">",
		    "+0 > P. 201:501 ack 1",
		    "+.1 < . 1:1 ack 501 win 1000",
		    "+5 none");
}

/* What was never sent is acknowledged by an old connection alone. */
static void data__acknowledged_beyond(void)
{
	FAST_SCRIPT(&knows,
		    "+0 connect 500",
		    "+0 > S 0:500",
		    "+.1 < S. 0:0 ack 502 win 65535 <" SYN_OPTIONS ">",
		    "+0 > R 502:502",
		    "+0 state SYN-SENT");
}

/* The MSS of the cookie's time, less the options: 1400 - 4 - 4 - 4 - 12. */
static void data__up_to_the_cached_mss(void)
{
	FAST_SCRIPT(&knows,
		    "+0 connect 3000",
		    "+0 > S 0:1376",
		    "+.1 < S. 0:0 ack 1377 win 65535 <" SYN_OPTIONS ">",
		    "+0 > . 1377:2837 ack 1",
		    "+0 > P. 2837:3001 ack 1");
}

/* A cookie without data says nothing. */
static void data__none_no_option(void)
{
	FAST_SCRIPT(&knows,
		    "+0 connect",
		    "+0 > S 0:0 <mss 1460,sackOK,wscale 7>",
		    "+.1 < S. 0:0 ack 1 win 65535 <" SYN_OPTIONS ">",
		    "+0 > . 1:1 ack 1");
}

/* What is kept where the cookie was cannot make it longer than there is room. */
static void data__cookie_without_end(void)
{
	struct nx_fast_open endless = knows;

	endless.cookie_len = UINT8_MAX;
	FAST_SCRIPT(&endless,
		    "+0 connect 500",
		    "+0 > S 0:500 <mss 1460,sackOK,wscale 7,FO "
		    COOKIE "0000000000000000>");
}

/* Section 4.2.2: neither cookie nor data; the answer to the first may be late. */
static void lost__syn_again_is_bare(void)
{
	FAST_SCRIPT(&knows,
		    "+0 connect 500",
		    "+0 > S 0:500",
		    "+1 > S 0:0 <mss 1460,sackOK,wscale 7>",
		    "+.1 < S. 0:0 ack 501 win 65535 <" SYN_OPTIONS ">",
		    "+0 > . 501:501 ack 1",
		    "+5 none");
}

/* Section 4.1.3.1: only the SYN without option has come through. */
static void lost__is_a_failure(void)
{
	struct script s;

	begin(&s, &knows);
	script_run(&s,
		   "+0 connect 500",
		   "+0 > S 0:500",
		   "+1 > S 0:0 <mss 1460,sackOK,wscale 7>",
		   "+.1 < S. 0:0 ack 1 win 65535 <" SYN_OPTIONS ">",
		   "+0 > P. 1:501 ack 1",
		   "+0 cwnd 1460",
		   "+.1 < . 1:1 ack 501 win 1000");
	CU_ASSERT_TRUE(nx_fast_open_failed(&s.tcp));
	script_end(&s);
}

/* A request that is lost may have met a firewall that knows no such option. */
static void lost__request_is_a_failure(void)
{
	struct script s;

	begin(&s, &asks);
	script_run(&s,
		   "+0 connect",
		   "+0 > S 0:0 <mss 1460,sackOK,wscale 7,FO >",
		   "+1 > S 0:0 <mss 1460,sackOK,wscale 7>",
		   "+.1 < S. 0:0 ack 1 win 65535 <" SYN_OPTIONS ">",
		   "+0 > . 1:1 ack 1");
	CU_ASSERT_TRUE(nx_fast_open_failed(&s.tcp));
	script_end(&s);
}

static void lost__nobody_answers(void)
{
	struct script s;

	begin(&s, &knows);
	s.config.syn_retries = 1;
	script_run(&s,
		   "+0 connect 500",
		   "+0 > S 0:500",
		   "+1 > S 0:0",
		   "+2.1 event closed",
		   "+0 err ETIMEDOUT");
	CU_ASSERT_TRUE(nx_fast_open_failed(&s.tcp));
	script_end(&s);
}

/* A RST is an answer: nobody listens. */
static void lost__refused_is_none(void)
{
	struct script s;

	begin(&s, &knows);
	script_run(&s,
		   "+0 connect 500",
		   "+0 > S 0:500",
		   "+.1 < R. 0:0 ack 501",
		   "+0 err ECONNREFUSED");
	CU_ASSERT_FALSE(nx_fast_open_failed(&s.tcp));
	script_end(&s);
}

/* Both have opened at once: nothing of Fast Open, and no byte is missing. */
static void data__simultaneous_open(void)
{
	FAST_SCRIPT(&knows,
		    "+0 connect 500",
		    "+0 > S 0:500",
		    "+.1 < S 0:0 win 65535 <" SYN_OPTIONS ",FO >",
		    "+0 > S. 0:0 ack 1 <mss 1460,sackOK,wscale 7>",
		    "+.1 < S. 0:0 ack 1 win 65535 <" SYN_OPTIONS ">",
		    "+0 state ESTAB",
		    "+0 > P. 1:501 ack 1",
		    "+.1 < . 1:1 ack 501 win 1000",
		    "+5 none");
}

/* A SYN that is held waits without a timer, and is sent again once it has left. */
static void held__until_it_is_started(void)
{
	struct script s;

	begin(&s, &knows);
	s.open.is_held = true;
	script_run(&s,
		   "+0 connect",
		   "+3600 none",
		   "+0 state SYN-SENT");
	nx_tcp_start(&s.tcp, s.now_ns);
	script_run(&s,
		   "+0 write 100",
		   "+0 > S 0:100 <mss 1460,sackOK,wscale 7,FO " COOKIE ">",
		   "+1 > S 0:0 <mss 1460,sackOK,wscale 7>",
		   "+.1 < S. 0:0 ack 1 win 65535 <" SYN_OPTIONS ">",
		   "+0 > P. 1:101 ack 1",
		   "+0 state ESTAB");
	script_end(&s);
}

/* The peer opens, too: then ours waits no longer. */
static void held__until_the_peer_opens(void)
{
	struct script s;

	begin(&s, &knows);
	s.open.is_held = true;
	script_run(&s,
		   "+0 connect",
		   "+3600 < S 0:0 win 65535 <" SYN_OPTIONS ">",
		   "+0 > S. 0:0 ack 1 <mss 1460,sackOK,wscale 7>",
		   "+1 > S. 0:0 ack 1 <mss 1460,sackOK,wscale 7>",
		   "+.1 < . 1:1 ack 1 win 1000",
		   "+0 state ESTAB");
	script_end(&s);
}

static void data__simultaneous_open_that_takes_them(void)
{
	FAST_SCRIPT(&knows,
		    "+0 connect 500",
		    "+0 > S 0:500",
		    "+.1 < S 0:0 win 65535 <" SYN_OPTIONS ">",
		    "+0 > S. 0:0 ack 1",
		    "+.1 < S. 0:0 ack 501 win 65535 <" SYN_OPTIONS ">",
		    "+0 state ESTAB",
		    "+0 flight 0",
		    "+5 none");
}

/* -------------------------------------------------------------- the server */

/* Section 4.2.2: data are the program's and its answer leaves, in SYN-RECEIVED. */
static void early__data_and_answer(void)
{
	struct script s;

	begin(&s, &takes);
	script_run(&s,
		   "+0 < S 0:300 win 65535 <" SYN_OPTIONS ",FO " COOKIE ">",
		   "+0 > S. 0:0 ack 301 <mss 1460,sackOK,wscale 7>",
		   "+0 event early",
		   "+0 event readable",
		   "+0 read 300",
		   "+.01 write 3000",
		   "+0 > . 1:1461 ack 301",
		   "+0 > . 1461:2921 ack 301",
		   "+0 > P. 2921:3001 ack 301",
		   "+0 state SYN-RECV",
		   "+.1 < . 301:301 ack 3001 win 1000",
		   "+0 state ESTAB",
		   "+0 event established",
		   "+0 flight 0",
		   "+5 none");
	CU_ASSERT_TRUE(s.tcp.has_syn_data);
	CU_ASSERT_EQUAL(s.tcp.stats.nr_retrans, 0);
	CU_ASSERT_EQUAL(s.tcp.stats.bytes_acked, 3000);
	script_end(&s);
}

/* An answer that crosses the handshake's last segment: no round trip of its own. */
static void early__late_answer(void)
{
	struct script s;

	begin(&s, &takes);
	script_run(&s,
		   "+0 < S 0:300 win 65535 <" SYN_OPTIONS ">",
		   "+0 > S. 0:0 ack 301",
		   "+0 read 300",
		   "+.09 write 100",
		   "+0 > P. 1:101 ack 301",
		   "+.01 < . 301:301 ack 1 win 1000",
		   "+0 state ESTAB");
	CU_ASSERT_EQUAL(s.tcp.rtt.srtt_ns, 0);
	script_run(&s, "+.09 < . 301:301 ack 101 win 1000", "+5 none");
	CU_ASSERT(s.tcp.rtt.srtt_ns >= 99000000);
	script_end(&s);
}

/* What a SYN-ACK that is sent again cannot tell of the window stays open. */
static void early__window(void)
{
	FAST_SCRIPT(&takes,
		    "+0 < S 0:300 win 65535 <" SYN_OPTIONS ">",
		    "+0 > S. 0:0 ack 301 win 65535",
		    "+0 read 300",
		    "+0 write 100",
		    "+0 > P. 1:101 ack 301 win 1024",
		    "+1 > S. 0:0 ack 301 win 65535",
		    "+.1 < . 100301:100401 ack 101 win 1000",
		    "+0 > . 101:101 ack 301 win 1024 <sack 100301:100401>");
}

/* No more than a first window of RFC 6928, however large segments may be. */
static void early__is_limited(void)
{
	struct script s;

	begin(&s, &takes);
	s.open.mtu = 9000;
	script_run(&s,
		   "+0 < S 0:300 win 65535 <mss 8960,sackOK,wscale 8>",
		   "+0 > S. 0:0 ack 301",
		   "+0 read 300",
		   "+0 write 17000",
		   "+0 > . 1:8961 ack 301",
		   "+.1 none",
		   "+0 < . 301:301 ack 1 win 1000",
		   "+0 > P. 8961:17001 ack 301",
		   "+0 abort",
		   "+0 > R. 17001:17001 ack 301");
	script_end(&s);
}

/* The SYN-ACK is lost: it comes again, and acknowledges the data again. */
static void early__syn_ack_again(void)
{
	FAST_SCRIPT(&takes,
		    "+0 < S 0:300 win 65535 <" SYN_OPTIONS ">",
		    "+0 > S. 0:0 ack 301",
		    "+0 read 300",
		    "+0 write 100",
		    "+0 > P. 1:101 ack 301",
		    "+1 > S. 0:0 ack 301",
		    "+2 > S. 0:0 ack 301",
		    "+.1 < . 301:301 ack 1 win 1000",
		    "+0 state ESTAB",
		    "+1 > P. 1:101 ack 301",
		    "+.1 < . 301:301 ack 101 win 1000",
		    "+5 none");
}

/* The SYN comes twice: its data are delivered once (section 6.1). */
static void early__duplicate_syn(void)
{
	FAST_SCRIPT(&takes,
		    "+0 < S 0:300 win 65535 <" SYN_OPTIONS ">",
		    "+0 > S. 0:0 ack 301",
		    "+0 read 300",
		    "+.1 < S 0:300 win 65535 <" SYN_OPTIONS ">",
		    "+0 > S. 0:0 ack 301",
		    "+0 read 0",
		    "+.1 < . 301:301 ack 1 win 1000",
		    "+0 state ESTAB",
		    "+.1 < S 0:300 win 65535 <" SYN_OPTIONS ">",
		    "+0 > . 1:1 ack 301",
		    "+0 read 0");
}

/* The client has not seen that its data were taken, and sends them again. */
static void early__duplicate_data(void)
{
	FAST_SCRIPT(&takes,
		    "+0 < S 0:300 win 65535 <" SYN_OPTIONS ">",
		    "+0 > S. 0:0 ack 301",
		    "+0 read 300",
		    "+.1 < P. 1:301 ack 1 win 1000",
		    "+0 > . 1:1 ack 301",
		    "+0 read 0",
		    "+.9 > S. 0:0 ack 301",
		    "+.1 < . 301:301 ack 1 win 1000",
		    "+0 state ESTAB",
		    "+0 read 0");
}

static void early__cookie_once(void)
{
	FAST_SCRIPT(&takes_and_gives,
		    "+0 < S 0:300 win 65535 <" SYN_OPTIONS ">",
		    "+0 > S. 0:0 ack 301 <mss 1460,sackOK,wscale 7,FO " COOKIE ">",
		    "+1 > S. 0:0 ack 301 <mss 1460,sackOK,wscale 7>",
		    "+0 read 300");
}

/* A wrong cookie: the SYN alone is acknowledged, and the next cookie given. */
static void early__wrong_cookie(void)
{
	FAST_SCRIPT(&gives,
		    "+0 < S 0:300 win 65535 <" SYN_OPTIONS ",FO ffffffff>",
		    "+0 > S. 0:0 ack 1 <mss 1460,sackOK,wscale 7,FO " COOKIE ">",
		    "+.1 < P. 1:301 ack 1 win 1000",
		    "+0 read 300",
		    "+0 > . 1:1 ack 301");
}

/* Data and end in one flight: the handshake's last segment acknowledges all. */
static void early__answer_and_close(void)
{
	FAST_SCRIPT(&takes,
		    "+0 < S 0:300 win 65535 <" SYN_OPTIONS ">",
		    "+0 > S. 0:0 ack 301",
		    "+0 read 300",
		    "+0 write 100",
		    "+0 > P. 1:101 ack 301",
		    "+0 shutdown",
		    "+0 > F. 101:101 ack 301",
		    "+0 state SYN-RECV",
		    "+.1 < . 301:301 ack 102 win 1000",
		    "+0 state FIN-WAIT-2",
		    "+.1 < F. 301:301 ack 102 win 1000",
		    "+0 > . 102:102 ack 302",
		    "+0 state TIME-WAIT");
}

/* A host that has sent no SYN answers the SYN-ACK by RST. */
static void early__reset(void)
{
	FAST_SCRIPT(&takes,
		    "+0 < S 0:300 win 65535 <" SYN_OPTIONS ">",
		    "+0 > S. 0:0 ack 301",
		    "+.1 < R 301:301",
		    "+0 state UNCONN",
		    "+0 err ECONNRESET",
		    "+0 read 300");
}

static void early__timeout(void)
{
	struct script s;

	begin(&s, &takes);
	s.config.syn_retries = 1;
	script_run(&s,
		   "+0 < S 0:300 win 65535 <" SYN_OPTIONS ">",
		   "+0 > S. 0:0 ack 301",
		   "+0 read 300",
		   "+0 write 100",
		   "+0 > P. 1:101 ack 301",
		   "+1 > S. 0:0 ack 301",
		   "+2.1 event closed",
		   "+0 err ETIMEDOUT");
	script_end(&s);
}

/* Without memory for the data they are not acknowledged. */
static void early__no_memory(void)
{
	FAST_SCRIPT(&takes,
		    "+0 memory 0",
		    "+0 < S 0:300 win 65535 <" SYN_OPTIONS ">",
		    "+0 > S. 0:0 ack 1",
		    "+0 memory -1",
		    "+.1 < P. 1:301 ack 1 win 1000",
		    "+0 read 300",
		    "+0 > . 1:1 ack 301");
}

/* RFC 9768: the handshake's last segment has its codepoint and no count of marks. */
static void early__accecn(void)
{
	struct script s;

	begin(&s, &takes);
	s.config.ecn = NX_ECN_ACCURATE;
	script_run(&s,
		   "+0 < SEWA 0:300 win 65535 <" SYN_OPTIONS ">",
		   "+0 > SW. 0:0 ack 301",
		   "+0 read 300",
		   "+0 write 100",
		   "+0 > P.EA 1:101 ack 301",
		   "+.1 < W. 301:301 ack 101 win 1000",
		   "+0 state ESTAB",
		   "+0 cwnd 14600");
	script_end(&s);
}

/* ------------------------------------------------------------ the listener */

/**
 * struct bed - a listener with Fast Open, and one peer
 */
struct bed {
	struct nx_tcp_listener	listener;
	struct nx_tcp_tuple	tuple;
	struct nx_tcp_seg	seg;
	struct nx_fast_open	fo;
	uint64_t		now_ns;
};

static void start(struct bed *b)
{
	memset(b, 0, sizeof(*b));
	b->listener.key.k[0] = 1;
	b->listener.backlog = 1;
	b->listener.early_max = 2;
	memset(b->tuple.local, 1, 16);
	memset(b->tuple.remote, 2, 16);
	b->tuple.local_port = 80;
	b->tuple.remote_port = 5000;
	b->seg.hdr.flags = TCP_SYN;
	b->seg.hdr.has = NEXUS_WIRE_TCP_FAST_OPEN;
	b->now_ns = 5000 * NX_FAST_OPEN_PERIOD_NS;
}

static bool ask(struct bed *b)
{
	return nx_fast_open_answer(&b->listener, &b->tuple, &b->seg, b->now_ns,
				   &b->fo);
}

/* The peer keeps what it was given, and comes with data. */
static void learn(struct bed *b)
{
	b->seg.hdr.cookie_len = 0;
	b->seg.len = 0;
	CU_ASSERT_TRUE(ask(b));
	CU_ASSERT_EQUAL_FATAL(b->fo.cookie_len, NX_FAST_OPEN_COOKIE_LEN);
	CU_ASSERT_FALSE(b->fo.takes_data);
	memcpy(b->seg.hdr.cookie, b->fo.cookie, b->fo.cookie_len);
	b->seg.hdr.cookie_len = b->fo.cookie_len;
	b->seg.len = 100;
}

static void answer__right_cookie(void)
{
	struct bed b;

	start(&b);
	learn(&b);
	b.tuple.remote_port = 6000;
	CU_ASSERT_TRUE(ask(&b));
	CU_ASSERT_TRUE(b.fo.takes_data);
	CU_ASSERT_EQUAL(b.fo.cookie_len, 0);
	/* A cookie without data opens as ever. */
	b.seg.len = 0;
	CU_ASSERT_FALSE(ask(&b));
}

static void answer__off(void)
{
	struct bed b;

	start(&b);
	learn(&b);
	b.listener.early_max = 0;
	CU_ASSERT_FALSE(ask(&b));
	CU_ASSERT_FALSE(b.fo.takes_data);
	b.listener.early_max = 2;
	b.seg.hdr.has = 0;
	CU_ASSERT_FALSE(ask(&b));
}

/* Section 4.1.2: of both addresses and a secret; of the right length. */
static void answer__wrong_cookie(void)
{
	struct bed b;
	unsigned int i;

	for (i = 0; i < 5; i++) {
		start(&b);
		learn(&b);
		if (i == 0)
			b.tuple.local[15] ^= 1;
		else if (i == 1)
			b.tuple.remote[0] ^= 1;
		else if (i == 2)
			b.listener.key.k[1] ^= 1;
		else if (i == 3)
			b.seg.hdr.cookie[7] ^= 1;
		else
			b.seg.hdr.cookie_len = 6;
		CU_ASSERT_TRUE(ask(&b));
		UNIT_ROW(i, b.fo.takes_data, false);
		UNIT_ROW(i, b.fo.cookie_len, NX_FAST_OPEN_COOKIE_LEN);
	}
}

/* An old one is good for another day, and replaced; then it is wrong. */
static void answer__old_cookie(void)
{
	struct bed b;

	start(&b);
	learn(&b);
	b.now_ns += NX_FAST_OPEN_PERIOD_NS;
	CU_ASSERT_TRUE(ask(&b));
	CU_ASSERT_TRUE(b.fo.takes_data);
	CU_ASSERT_EQUAL(b.fo.cookie_len, NX_FAST_OPEN_COOKIE_LEN);
	CU_ASSERT_NOT_EQUAL(memcmp(b.fo.cookie, b.seg.hdr.cookie, 8), 0);
	b.now_ns += NX_FAST_OPEN_PERIOD_NS;
	CU_ASSERT_TRUE(ask(&b));
	CU_ASSERT_FALSE(b.fo.takes_data);
	CU_ASSERT_EQUAL(b.fo.cookie_len, NX_FAST_OPEN_COOKIE_LEN);
}

/* Section 5.1: beyond the limit an ordinary handshake; who was reset counts on. */
static void answer__limit(void)
{
	struct bed b;

	start(&b);
	learn(&b);
	nx_fast_open_begin(&b.listener);
	CU_ASSERT_TRUE(ask(&b));
	nx_fast_open_begin(&b.listener);
	CU_ASSERT_FALSE(ask(&b));
	nx_fast_open_end(&b.listener, true, b.now_ns);
	CU_ASSERT_FALSE(ask(&b));
	nx_fast_open_end(&b.listener, false, b.now_ns);
	CU_ASSERT_TRUE(ask(&b));
	nx_fast_open_begin(&b.listener);
	CU_ASSERT_FALSE(ask(&b));
	b.now_ns += 59000000000;
	CU_ASSERT_FALSE(ask(&b));
	b.now_ns += 1000000000;
	CU_ASSERT_TRUE(ask(&b));
	CU_ASSERT_TRUE(b.fo.takes_data);
	/* One that was reset long ago counts no more when the next one is. */
	nx_fast_open_end(&b.listener, true, b.now_ns);
	CU_ASSERT_EQUAL(b.listener.nr_early_resets, 1);
}

static const struct unit_case cases[] = {
	UNIT_CASE_ID(request__brings_a_cookie, "TCP-4 Fast Open"),
	UNIT_CASE(request__without_answer),
	UNIT_CASE(request__unasked_cookie),
	UNIT_CASE_ID(data__acknowledged_with_the_syn, "TCP-4 Fast Open"),
	UNIT_CASE_ID(data__sent_again_at_once, "TCP-4 Fast Open"),
	UNIT_CASE(data__acknowledged_in_part),
	UNIT_CASE(data__acknowledged_beyond),
	UNIT_CASE(data__up_to_the_cached_mss),
	UNIT_CASE(data__none_no_option),
	UNIT_CASE(data__cookie_without_end),
	UNIT_CASE(held__until_it_is_started),
	UNIT_CASE(held__until_the_peer_opens),
	UNIT_CASE(data__simultaneous_open),
	UNIT_CASE(data__simultaneous_open_that_takes_them),
	UNIT_CASE_ID(lost__syn_again_is_bare, "TCP-4 Fast Open"),
	UNIT_CASE(lost__is_a_failure),
	UNIT_CASE(lost__request_is_a_failure),
	UNIT_CASE(lost__nobody_answers),
	UNIT_CASE(lost__refused_is_none),
	UNIT_CASE_ID(early__data_and_answer, "TCP-4 Fast Open"),
	UNIT_CASE(early__late_answer),
	UNIT_CASE(early__window),
	UNIT_CASE(early__is_limited),
	UNIT_CASE(early__syn_ack_again),
	UNIT_CASE_ID(early__duplicate_syn, "TCP-4 Fast Open"),
	UNIT_CASE(early__duplicate_data),
	UNIT_CASE(early__cookie_once),
	UNIT_CASE_ID(early__wrong_cookie, "TCP-4 Fast Open"),
	UNIT_CASE(early__answer_and_close),
	UNIT_CASE(early__reset),
	UNIT_CASE(early__timeout),
	UNIT_CASE(early__no_memory),
	UNIT_CASE(early__accecn),
	UNIT_CASE(answer__right_cookie),
	UNIT_CASE(answer__off),
	UNIT_CASE(answer__wrong_cookie),
	UNIT_CASE(answer__old_cookie),
	UNIT_CASE(answer__limit),
};

UNIT_SUITE(tcp_fast_open_suite, "tcp/fast_open.c, tcp/syn_data.c", cases);
