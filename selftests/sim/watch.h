/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Watches one end of a connection: what it sends is judged by what was received
 * and written, whatever the library believes; and what it believes must agree
 * with itself.
 */
#ifndef SIM_WATCH_H
#define SIM_WATCH_H

#include <stdbool.h>
#include <stdint.h>

struct nx_cookie_syn;
struct nx_tcp_open;
struct nx_tcp_seg;
struct sim_conn;

/**
 * struct sim_watch - what is known of one end from its segments
 * @conn:     whose
 * @state:    enum nx_tcp_state when it was looked at last
 * @nr_records: of the send queue, when it was walked last
 * @nr_skipped: checks since then
 * @iss:      its initial sequence number
 * @syn_has:  options of the SYN it sent; 0: none was sent
 * @wscale:   of that SYN
 * @got_syn:  the peer's SYN has arrived
 * @irs:      the peer's initial sequence number
 * @peer_has: options of the peer's SYN
 * @peer_wscale: of the peer's SYN
 * @peer_mss: of the peer's SYN, or what RFC 9293 section 3.7.1 says without
 * @send_edge: first sequence number that the peer never allowed
 * @recv_next: first sequence number that no segment of the peer has had
 * @got_ts:   largest timestamp that arrived
 * @has_sent_ack: @last_ack and @recv_edge are set
 * @last_ack: last acknowledgment sent
 * @recv_edge: rightmost edge of a window offered
 * @has_sent_ts: @last_ts is set
 * @last_ts:  last timestamp sent
 */
struct sim_watch {
	struct sim_conn	*conn;
	uint8_t		state;
	uint32_t	nr_records;
	uint32_t	nr_skipped;
	uint32_t	iss;
	uint16_t	syn_has;
	uint8_t		wscale;
	bool		got_syn;
	uint32_t	irs;
	uint16_t	peer_has;
	uint8_t		peer_wscale;
	uint16_t	peer_mss;
	uint32_t	send_edge;
	uint32_t	recv_next;
	uint32_t	got_ts;
	bool		has_sent_ack;
	uint32_t	last_ack;
	uint32_t	recv_edge;
	bool		has_sent_ts;
	uint32_t	last_ts;
};

void sim_watch_init(struct sim_watch *watch, struct sim_conn *conn);

/** sim_watch_open - the connection is about to be opened */
void sim_watch_open(struct sim_watch *watch, const struct nx_tcp_open *open);

/** sim_watch_resume - it comes out of a cookie, that @seg brought */
void sim_watch_resume(struct sim_watch *watch, const struct nx_cookie_syn *cookie,
		      const struct nx_tcp_seg *seg);

/** sim_watch_input - a segment is about to be given to it */
void sim_watch_input(struct sim_watch *watch, const struct nx_tcp_seg *seg);

/** sim_watch_output - it gave a segment to be sent */
void sim_watch_output(struct sim_watch *watch, const struct nx_tcp_seg *seg);

/** sim_watch_check - it was served, and waits for its deadline now */
void sim_watch_check(struct sim_watch *watch);

#endif /* SIM_WATCH_H */
