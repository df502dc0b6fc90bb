// SPDX-License-Identifier: GPL-2.0
/*
 * TCP headers: what is accepted keeps the promises of its representation, and is
 * built again so that it parses to the same, where that has room.
 */
#include <nexus/wire.h>

#include "fuzz.h"

static void check_promises(const struct nexus_wire_tcp *tcp)
{
	CHECK(tcp->src_port && tcp->dst_port);
	CHECK(!(tcp->flags & ~NEXUS_WIRE_TCP_FLAGS));
	CHECK(!(tcp->has & NEXUS_WIRE_TCP_WSCALE) ||
	      tcp->wscale <= NEXUS_WIRE_TCP_WSCALE_MAX);
	CHECK(!(tcp->has & NEXUS_WIRE_TCP_SACK) ==
	      !tcp->nr_sacks);
	CHECK(tcp->nr_sacks <= NEXUS_WIRE_TCP_SACKS_MAX);
	CHECK(tcp->cookie_len <= NEXUS_WIRE_TCP_COOKIE_MAX);
	CHECK(!(tcp->flags & NEXUS_WIRE_TCP_SYN) ||
	      !(tcp->has & NEXUS_WIRE_TCP_SACK));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct nexus_wire_tcp tcp, again;
	uint8_t buf[NEXUS_WIRE_TCP_LEN_MAX];
	int len;

	memset(&tcp, 0, sizeof(tcp));
	memset(&again, 0, sizeof(again));
	if (nexus_wire_tcp_parse(&tcp, data, size) < 0)
		return 0;
	check_promises(&tcp);
	/* Options that stood without gaps may not fit when they are aligned. */
	if (nexus_wire_tcp_len(&tcp) > sizeof(buf))
		return 0;
	len = nexus_wire_tcp_build(&tcp, buf, sizeof(buf));
	CHECK(len == (int)nexus_wire_tcp_len(&tcp));
	CHECK(nexus_wire_tcp_parse(&again, buf, (size_t)len) == len);
	CHECK(!memcmp(&tcp, &again, sizeof(tcp)));
	return 0;
}
