// SPDX-License-Identifier: GPL-2.0
/*
 * nexus through libnexus: one stack with one UDP endpoint, zero-copy both
 * ways. What is sent leaves with the system call that sleeps.
 */
#include <errno.h>
#include <nexus/nexus.h>
#include <stdlib.h>
#include <string.h>

#include "perf.h"

#define RING_SLOTS	1024
#define NR_SMALL	4096
#define NR_LARGE	128
/* How long a sender without buffers sleeps before it looks again. */
#define RETRY_NS	1000000

/**
 * struct stack_end - one endpoint
 * @stack:    below it
 * @udp:      the endpoint
 * @to:       the peer; family 0 if connected
 * @payload:  what is copied into each packet that is sent
 * @received: packets so far
 * @err:      of an answer that could not be sent
 */
struct stack_end {
	struct nexus_stack	*stack;
	struct nexus_udp	*udp;
	struct nexus_addr	to;
	uint8_t			*payload;
	uint64_t		received;
	int			err;
};

static void stack_close(struct perf_end *end)
{
	struct stack_end *se = end->priv;

	if (!se)
		return;
	nexus_udp_close(se->udp);
	nexus_stack_close(se->stack);
	free(se->payload);
	free(se);
	end->priv = NULL;
}

static void on_receive(struct nexus_udp *udp, struct nexus_packet *pkt,
		       void *arg)
{
	struct perf_end *end = arg;
	struct stack_end *se = end->priv;

	se->received++;
	end->bytes += pkt->total_len;
	if (end->role == PERF_ROLE_SERVER) {
		se->err = nexus_udp_reply(udp, pkt, pkt);
		if (!se->err)
			return;
	}
	nexus_packet_put(se->stack, pkt);
}

/* An ICMP error ends a run: its figures would be those of the error path. */
static void on_error(struct nexus_udp *udp, const struct nexus_udp_error *error,
		     void *arg)
{
	struct perf_end *end = arg;
	struct stack_end *se = end->priv;

	(void)udp;
	if (end->role == PERF_ROLE_CLIENT)
		se->err = -error->err;
}

static int stack_open_stack(struct perf_end *end, struct stack_end *se)
{
	const struct nexus_channel_options channel = {
		.name = end->local.nexus,
		.tx_slots = RING_SLOTS,
		.rx_slots = RING_SLOTS,
		.nr_small = NR_SMALL,
		.nr_large = end->cfg->size > 1472 ? NR_LARGE : 0,
	};
	const struct nexus_stack_options options = {
		.channel = &channel,
		.budget = end->cfg->batch,
	};

	return nexus_stack_open(&se->stack, &options);
}

static int stack_open_udp(struct perf_end *end, struct stack_end *se)
{
	struct nexus_udp_options options = {
		.receive = on_receive,
		.error = on_error,
		.arg = end,
	};

	if (end->cfg->ll_permille && end->role != PERF_ROLE_SERVER &&
	    end->role != PERF_ROLE_RECEIVER) {
		options.flags = NEXUS_UDP_LOW_LATENCY;
		options.ll_permille = end->cfg->ll_permille;
	}
	nexus_addr_from_sockaddr(&options.local, &end->local.addr.sa,
				 perf_addr_len(&end->local.addr));
	nexus_addr_from_sockaddr(&se->to, &end->remote.addr.sa,
				 perf_addr_len(&end->remote.addr));
	if (end->cfg->connected && end->role != PERF_ROLE_SERVER)
		options.remote = se->to;
	return nexus_udp_open(se->stack, &options, &se->udp);
}

static int stack_open(struct perf_end *end)
{
	struct stack_end *se = calloc(1, sizeof(*se));
	int err;

	if (!se)
		return -ENOMEM;
	end->priv = se;
	se->payload = malloc(end->cfg->size + 1);
	if (!se->payload) {
		err = -ENOMEM;
		goto fail;
	}
	memset(se->payload, 'n', end->cfg->size + 1);
	err = stack_open_stack(end, se);
	if (!err)
		err = stack_open_udp(end, se);
	if (err)
		goto fail;
	return 0;
fail:
	perf_error("nexus: %s", *nexus_error_text() ? nexus_error_text() :
						      nexus_strerror(err));
	stack_close(end);
	return err;
}

static int stack_queue(struct perf_end *end)
{
	struct stack_end *se = end->priv;
	struct nexus_packet *pkt;
	int err;

	err = nexus_packet_alloc(se->stack, end->cfg->size, &pkt);
	if (err)
		return err;
	if (pkt->next)
		nexus_packet_write(pkt, 0, se->payload, end->cfg->size);
	else
		memcpy(pkt->data, se->payload, end->cfg->size);
	err = nexus_udp_send(se->udp, pkt, end->cfg->connected ? NULL : &se->to);
	if (err)
		nexus_packet_put(se->stack, pkt);
	return err;
}

/* Sleeps until something arrives, a signal comes or @timeout_ns passes. */
static int stack_sleep(struct perf_end *end, int64_t timeout_ns)
{
	struct stack_end *se = end->priv;
	int ret = nexus_stack_poll(se->stack, timeout_ns);

	if (ret < 0)
		return ret;
	if (perf_stop)
		return -EINTR;
	return se->err;
}

static int stack_fail(const char *what, int err)
{
	perf_error("nexus: %s: %s", what, nexus_strerror(err));
	return err;
}

static int stack_send(struct perf_end *end, unsigned int nr)
{
	struct stack_end *se = end->priv;
	int err = 0;

	while (nr && !err) {
		err = stack_queue(end);
		if (!err)
			nr--;
		else if (err == -EAGAIN)
			err = stack_sleep(end, RETRY_NS);
	}
	/* Sent is what has left: the other end is waited for next. */
	while (!err) {
		err = nexus_stack_flush(se->stack);
		if (err != -EAGAIN)
			break;
		err = stack_sleep(end, RETRY_NS);
	}
	return err ? stack_fail("send", err) : 0;
}

static int stack_recv(struct perf_end *end, unsigned int max, bool wait)
{
	struct stack_end *se = end->priv;
	uint64_t before = se->received;
	int err;

	(void)max;	/* the stack's budget */
	do {
		if (wait)
			err = stack_sleep(end, NEXUS_TIMEOUT_NONE);
		else
			err = nexus_stack_run(se->stack);
		if (err < 0)
			return stack_fail("receive", err);
	} while (wait && se->received == before);
	return se->received - before;
}

static int stack_ping(struct perf_end *end)
{
	struct stack_end *se = end->priv;
	uint64_t before = se->received;
	int err = stack_queue(end);

	while (!err && se->received == before)
		err = stack_sleep(end, NEXUS_TIMEOUT_NONE);
	return err ? stack_fail("round trip", err) : 0;
}

static int stack_pong(struct perf_end *end)
{
	int err = stack_sleep(end, NEXUS_TIMEOUT_NONE);

	return err ? stack_fail("echo", err) : 0;
}

const struct perf_backend perf_backend_nexus = {
	.name = "nexus",
	.large = true,
	.open = stack_open,
	.ping = stack_ping,
	.pong = stack_pong,
	.send = stack_send,
	.recv = stack_recv,
	.close = stack_close,
	.tcp = &perf_tcp_nexus,
	.tls = &perf_tls_nexus,
};
