// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * What a connection sends next (RFC 9293 section 3.8).
 */
#include "internal.h"

static void output_rst(struct nx_tcp *tcp, struct nx_tcp_seg *seg,
		       uint64_t now_ns)
{
	uint32_t seq = tcp->reset_bare ? tcp->reset_seq : tcp->snd_nxt;

	tcp->must_reset = false;
	nx_tcp_fill(tcp, seg, seq,
		    tcp->reset_bare ? TCP_RST : TCP_RST | TCP_ACK, now_ns);
	tcp->reset_bare = false;
}

/*
 * A number that was acknowledged long ago: the answer tells the window, or that
 * somebody is there (RFC 9293 section 3.8.4). Nothing is sent beyond the window.
 */
static void output_probe(struct nx_tcp *tcp, struct nx_tcp_seg *seg,
			 uint64_t now_ns)
{
	tcp->must_probe = false;
	nx_tcp_fill_ack(tcp, seg, tcp->snd_una - 1, now_ns);
}

/* RFC 9293 section 3.8.6.2.2: worth an ACK of its own? */
static bool has_window_update(struct nx_tcp *tcp)
{
	uint32_t adv = tcp->rcv_nxt + nx_tcp_window(tcp);
	uint32_t step = nx_min32(tcp->rcv_buf_bytes / 2, 2U * tcp->mss);
	bool has_consumed = tcp->has_consumed;

	tcp->has_consumed = false;
	return has_consumed && nx_tcp_may_receive(tcp) &&
	       nx_tcp_is_synchronized(tcp) &&
	       (int32_t)(adv - tcp->rcv_adv) >= (int32_t)step &&
	       /* Of a window that is wide open nobody needs to be told. */
	       adv - tcp->rcv_nxt >= 2 * (tcp->rcv_adv - tcp->rcv_nxt);
}

/* Blocks stand in ACKs alone: in data they would make the segment longer. */
static bool has_sacks(const struct nx_tcp *tcp)
{
	return tcp->has_sack &&
	       (tcp->nr_sacks || tcp->dsack.left != tcp->dsack.right);
}

static bool output_ack(struct nx_tcp *tcp, struct nx_tcp_seg *seg,
		       uint64_t now_ns)
{
	nx_tcp_fill_ack(tcp, seg, tcp->snd_nxt, now_ns);
	return true;
}

static bool output_control(struct nx_tcp *tcp, struct nx_tcp_seg *seg,
			   uint64_t now_ns)
{
	if (tcp->must_reset)
		output_rst(tcp, seg, now_ns);
	else if (tcp->must_send_syn)
		nx_tcp_fill_syn(tcp, seg, now_ns);
	else
		return false;
	return true;
}

bool nx_tcp_output(struct nx_tcp *tcp, struct nx_tcp_seg *seg, uint64_t now_ns)
{
	if (tcp->config->features & NX_TCP_HAS_PREDICTION &&
	    nx_tcp_output_predicted(tcp, seg, now_ns))
		return true;
	nx_tcp_timers_run(tcp, now_ns);
	if (output_control(tcp, seg, now_ns))
		return true;
	if (!nx_tcp_may_send(tcp))
		return false;
	if (tcp->must_ack && has_sacks(tcp))
		return output_ack(tcp, seg, now_ns);
	if (nx_tcp_output_data(tcp, seg, now_ns))
		return true;
	if (tcp->must_probe) {
		output_probe(tcp, seg, now_ns);
		return true;
	}
	if (tcp->must_ack || has_window_update(tcp))
		return output_ack(tcp, seg, now_ns);
	return false;
}

bool nx_tcp_output_control(struct nx_tcp *tcp, struct nx_tcp_seg *seg,
			   uint64_t now_ns)
{
	nx_tcp_timers_run(tcp, now_ns);
	if (output_control(tcp, seg, now_ns))
		return true;
	if (!nx_tcp_may_send(tcp))
		return false;
	return (tcp->must_ack || has_window_update(tcp)) &&
	       output_ack(tcp, seg, now_ns);
}
