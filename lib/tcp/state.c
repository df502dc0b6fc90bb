// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * The states of a connection, and the one function that changes them.
 */
#include "internal.h"

#define TO(state)	(1U << NX_TCP_##state)

/* RFC 9293 figure 5; every state can end in CLOSED, by RST, abort or timeout. */
static const uint16_t transitions[NX_TCP_NR_STATES] = {
	[NX_TCP_CLOSED]		= TO(SYN_SENT) | TO(SYN_RCVD),
	[NX_TCP_SYN_SENT]	= TO(SYN_RCVD) | TO(ESTABLISHED) | TO(CLOSED),
	[NX_TCP_SYN_RCVD]	= TO(ESTABLISHED) | TO(FIN_WAIT_1) | TO(CLOSED),
	[NX_TCP_ESTABLISHED]	= TO(FIN_WAIT_1) | TO(CLOSE_WAIT) | TO(CLOSED),
	[NX_TCP_FIN_WAIT_1]	= TO(FIN_WAIT_2) | TO(CLOSING) | TO(TIME_WAIT) |
				  TO(CLOSED),
	[NX_TCP_FIN_WAIT_2]	= TO(TIME_WAIT) | TO(CLOSED),
	[NX_TCP_CLOSE_WAIT]	= TO(LAST_ACK) | TO(CLOSED),
	[NX_TCP_CLOSING]	= TO(TIME_WAIT) | TO(CLOSED),
	[NX_TCP_LAST_ACK]	= TO(CLOSED),
	[NX_TCP_TIME_WAIT]	= TO(CLOSED),
};

static const char *const names[NX_TCP_NR_STATES] = {
	[NX_TCP_CLOSED]		= "UNCONN",
	[NX_TCP_SYN_SENT]	= "SYN-SENT",
	[NX_TCP_SYN_RCVD]	= "SYN-RECV",
	[NX_TCP_ESTABLISHED]	= "ESTAB",
	[NX_TCP_FIN_WAIT_1]	= "FIN-WAIT-1",
	[NX_TCP_FIN_WAIT_2]	= "FIN-WAIT-2",
	[NX_TCP_CLOSE_WAIT]	= "CLOSE-WAIT",
	[NX_TCP_CLOSING]	= "CLOSING",
	[NX_TCP_LAST_ACK]	= "LAST-ACK",
	[NX_TCP_TIME_WAIT]	= "TIME-WAIT",
};

void nx_tcp_set_state(struct nx_tcp *tcp, enum nx_tcp_state state)
{
	if (!(transitions[tcp->state] & 1U << state)) {
		nx_tcp_close(tcp, -EPROTO);
		return;
	}
	tcp->state = (uint8_t)state;
	switch (state) {
	case NX_TCP_ESTABLISHED:
		tcp->events |= NX_TCP_EV_ESTABLISHED;
		break;
	case NX_TCP_TIME_WAIT:
		tcp->events |= NX_TCP_EV_TIME_WAIT;
		break;
	case NX_TCP_CLOSED:
		tcp->events |= NX_TCP_EV_CLOSED;
		break;
	case NX_TCP_SYN_SENT:
	case NX_TCP_SYN_RCVD:
	case NX_TCP_FIN_WAIT_1:
	case NX_TCP_FIN_WAIT_2:
	case NX_TCP_CLOSE_WAIT:
	case NX_TCP_CLOSING:
	case NX_TCP_LAST_ACK:
	case NX_TCP_NR_STATES:
		break;
	}
}

void nx_tcp_close(struct nx_tcp *tcp, int err)
{
	if (tcp->state == NX_TCP_CLOSED)
		return;
	tcp->err = (int16_t)err;
	tcp->must_ack = false;
	tcp->must_send_syn = false;
	nx_tcp_timers_stop(tcp);
	nx_tcp_txq_clear(tcp);
	nx_tcp_set_state(tcp, NX_TCP_CLOSED);
}

const char *nx_tcp_state_name(enum nx_tcp_state state)
{
	return names[state];
}
