/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Scripts for one TCP connection, in the manner of packetdrill: lines that do
 * something, inject a segment or expect one, at times of a virtual clock.
 *
 *	"+0 connect"
 *	"+0 > S 0:0 <mss 1460,sackOK,TS,wscale 7>"
 *	"+.1 < S. 0:0 ack 1 win 65535 <mss 1460,sackOK>"
 *	"+0 > . 1:1 ack 1"
 *	"+0 write 1000"
 *	"+0 > P. 1:1001 ack 1"
 *
 * The time is relative to the line before, in seconds. A segment that is
 * expected must leave at that time (or within @tolerance_ns); one that leaves
 * unexpectedly fails the script, at the next line. Sequence numbers count from
 * the initial ones; seq:end excludes SYN and FIN.
 *
 * Segments: "<" arrives, ">" leaves; flags of "SFRPEWA." ("." is ACK, "A" AE) or
 * "-" for none; seq:end; then any of "ack N", "win N" (as on the wire), "gso N",
 * "ecn ect0|ect1|ce" and options in <>: "mss N", "wscale N", "sackOK",
 * "sack L:R L:R", "TS" (V ecr E), "FO cookie" in hex, "accecn E0 CE E1". What a
 * ">" line leaves out is not looked at, but for the options: a kind that is not
 * named must be absent, unless there is no <> at all. "TS" in "<" lines without
 * numbers is the script's clock in milliseconds and the last echo.
 *
 * Commands: connect, connect N (with data queued), write N, read N, shutdown, abort,
 * state NAME, err N, event NAME..., none (nothing leaves until this time), mtu N,
 * icmp ... and what the table in script.c has besides.
 */
#ifndef _SCRIPT_H
#define _SCRIPT_H

#include "../../../lib/tcp/tcp.h"
#include "../unit.h"

#define SCRIPT_ISS	0xfffffc00u	/* so that numbers wrap soon */
#define SCRIPT_IRS	0x7ffffff0u
#define SCRIPT_QUEUE	512

/**
 * struct script - a connection under test
 * @tcp:      the connection
 * @env:      what it is given
 * @config:   may be changed before the first line
 * @open:     likewise
 * @now_ns:   virtual clock
 * @tolerance_ns: by how much a segment may leave late
 * @line:     that runs, for messages
 * @sent:     segments that left, not yet expected, [first, last)
 * @sent_ns:  when
 * @is_opened: connect or the first SYN was seen
 * @nr_records, @nr_bufs: that it holds
 * @records_left: until alloc() fails; negative: never
 * @read_pos: stream position of the next byte to be read
 * @write_pos: stream position of the next byte to be written
 * @last_ts:  last timestamp of the connection, to be echoed
 * @is_held:  no data may leave
 * @failed:   stops
 */
struct script {
	struct nx_tcp		tcp;
	struct nx_tcp_env	env;
	struct nx_tcp_config	config;
	struct nx_tcp_open	open;
	uint64_t		now_ns;
	uint64_t		tolerance_ns;
	const char		*line;
	struct nx_tcp_seg	sent[SCRIPT_QUEUE];
	uint64_t		sent_ns[SCRIPT_QUEUE];
	uint32_t		first;
	uint32_t		last;
	bool			is_opened;
	bool			is_held;
	bool			failed;
	int			nr_records;
	int			nr_bufs;
	int			records_left;
	uint32_t		read_pos;
	uint32_t		write_pos;
	uint32_t		last_ts;
	uint32_t		events;
};

void script_init(struct script *s);

/* Runs lines until NULL. */
void script_lines(struct script *s, const char *const *lines);

#define script_run(s, ...) \
	script_lines(s, (const char *const []) { __VA_ARGS__, NULL })

/* Drops the connection; fails if it kept memory or something was not expected. */
void script_end(struct script *s);

/* The whole of a simple test. */
#define SCRIPT(...)							\
	do {								\
		struct script s_;					\
									\
		script_init(&s_);					\
		script_run(&s_, __VA_ARGS__);				\
		script_end(&s_);					\
	} while (0)

/* Lines that open a connection, MSS 1460, no timestamps unless said. */
#define ACTIVE_OPEN							\
	"+0 connect",							\
	"+0 > S 0:0",							\
	"+.1 < S. 0:0 ack 1 win 65535 <mss 1460,sackOK,wscale 8>",	\
	"+0 > . 1:1 ack 1",						\
	"+0 state ESTAB"

#define PASSIVE_OPEN							\
	"+0 < S 0:0 win 65535 <mss 1460,sackOK,wscale 8>",		\
	"+0 > S. 0:0 ack 1",						\
	"+.1 < . 1:1 ack 1 win 1000",					\
	"+0 state ESTAB"

#endif /* _SCRIPT_H */
