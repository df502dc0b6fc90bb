// SPDX-License-Identifier: GPL-2.0
/*
 * nexus-dnsd over nexus: one stack, one endpoint. The query is read where it
 * arrived and the answer written where it leaves from.
 */
#include <errno.h>
#include <nexus/nexus.h>
#include <stdlib.h>

#include "../common/common.h"
#include "dnsd.h"

/* Longer than what anybody asks. */
#define QUERY_MAX	4096

struct endpoint {
	struct nexus_stack	*stack;
	struct nexus_udp	*udp;
};

static void explain(int err)
{
	explain_nexus(err);
	complain("(--kernel serves with an ordinary socket instead)");
}

static void answer(struct dnsd *dnsd, struct nexus_udp *udp,
		   struct nexus_packet *query)
{
	struct endpoint *endpoint = dnsd->priv;
	uint8_t copy[QUERY_MAX];
	const uint8_t *bytes = query->data;
	size_t len = query->len;
	struct nexus_packet *reply;

	if (query->next) {
		bytes = copy;
		len = nexus_packet_read(query, 0, copy, sizeof(copy));
	}
	if (nexus_packet_alloc(endpoint->stack, DNS_UDP_MAX, &reply)) {
		dnsd->failed++;
		return;
	}
	len = dns_answer(&dnsd->zone, bytes, len, reply->data, reply->len);
	if (len) {
		nexus_packet_trim(endpoint->stack, reply, len);
		if (!nexus_udp_reply(udp, reply, query)) {
			dnsd->replies++;
			return;
		}
		dnsd->failed++;
	} else {
		dnsd->silent++;
	}
	nexus_packet_put(endpoint->stack, reply);
}

static void on_receive(struct nexus_udp *udp, struct nexus_packet *query,
		       void *arg)
{
	struct dnsd *dnsd = arg;
	struct endpoint *endpoint = dnsd->priv;

	dnsd->queries++;
	answer(dnsd, udp, query);
	nexus_packet_put(endpoint->stack, query);
}

/* An asker that went away is no matter of ours. */
static void on_error(struct nexus_udp *udp, const struct nexus_udp_error *error,
		     void *arg)
{
	(void)udp;
	(void)arg;
	if (error->err == EADDRNOTAVAIL)
		complain("the address that is served was removed from this host");
}

static void endpoint_close(struct dnsd *dnsd)
{
	struct endpoint *endpoint = dnsd->priv;

	nexus_udp_close(endpoint->udp);
	nexus_stack_close(endpoint->stack);
	free(endpoint);
	dnsd->priv = NULL;
}

static int endpoint_open(struct dnsd *dnsd, int fd)
{
	/* It keeps nothing from one query to the next. */
	const struct nexus_channel_options channel = {
		.name = dnsd->nexus,
		.flags = NEXUS_CHANNEL_DEFUNCT_OK,
	};
	const struct nexus_stack_options stack = { .channel = &channel };
	const struct nexus_udp_options udp = {
		.receive = on_receive,
		.error = on_error,
		.arg = dnsd,
	};
	struct endpoint *endpoint = calloc(1, sizeof(*endpoint));
	int err;

	if (!endpoint)
		return -ENOMEM;
	dnsd->priv = endpoint;
	err = nexus_stack_open(&endpoint->stack, &stack);
	if (!err)
		err = nexus_udp_adopt(endpoint->stack, fd, &udp, &endpoint->udp);
	if (err) {
		explain(err);
		endpoint_close(dnsd);
		return err;
	}
	return nexus_stack_fd(endpoint->stack);
}

static int endpoint_run(struct dnsd *dnsd)
{
	struct endpoint *endpoint = dnsd->priv;
	int ret;

	do
		ret = nexus_stack_run(endpoint->stack);
	while (ret > 0);
	if (ret < 0)
		complain("nexus: %s", nexus_strerror(ret));
	return ret;
}

static int endpoint_timeout_ms(struct dnsd *dnsd)
{
	struct endpoint *endpoint = dnsd->priv;
	int64_t ns = nexus_stack_timeout_ns(endpoint->stack);

	return ns < 0 ? -1 : (int)((ns + 999999) / 1000000);
}

const struct dnsd_transport dnsd_nexus = {
	.name = "nexus",
	.open = endpoint_open,
	.run = endpoint_run,
	.timeout_ms = endpoint_timeout_ms,
	.close = endpoint_close,
};
