// SPDX-License-Identifier: GPL-2.0
/*
 * A datagram arrives that is longer than a descriptor's packet may be: an IPv6
 * packet's length leaves its own header out, and a device of the attacker's
 * namespace may take it in one piece.
 */
#include <string.h>
#include <unistd.h>

#include "bed.h"
#include "ctl.h"
#include "test.h"

/* RFC 8200 section 3, RFC 768: all that the length fields can say. */
#define LONGEST		(65535 - 8)
#define MTU		70000

static void send_long(NX_METADATA, int sock, size_t len)
{
	static char payload[LONGEST];

	memset(payload, 'x', sizeof(payload));
	ASSERT_EQ(len, nx_udp_send(sock, payload, len, "::1", NX_BED_PORT));
}

static void receive(NX_METADATA, __u32 nr_large)
{
	static char seen[NEXUS_PACKET_MAX];
	size_t fits = NEXUS_PACKET_MAX - NX_UDP6_HEADERS;
	struct nx_flow flow;
	struct nx_chan chan;
	struct nx_bed bed;
	int sock;

	nx_bed_start(&bed);
	nx_ip("link set lo mtu %d\n", MTU);
	ASSERT_EQ(0, nx_dev_add(NX_BED_NEXUS, nx_ifindex("lo")));
	nx_chan_init(&chan, NX_BED_NEXUS);
	chan.attach.nr_large = nr_large;
	nx_chan_begin(&chan);
	nx_flow_start(&flow, &chan, "::1", NX_BED_PORT, NULL, 0);
	sock = nx_udp_socket(-1, "::1", 0, NULL, 0);
	send_long(_metadata, sock, LONGEST);
	EXPECT_EQ(1, nx_chan_drops(&chan, NEXUS_DROP_RX_LENGTH));
	send_long(_metadata, sock, fits);
	EXPECT_EQ(fits, nx_flow_recv(&flow, seen, sizeof(seen), NULL, 3000));
	EXPECT_EQ(-1, nx_flow_recv(&flow, seen, sizeof(seen), NULL, 50));
	nx_bed_judge(&bed);
	nx_chan_close(&chan);
}

NX_TEST(small, "FLOW-8 OBS-1 an IPv6 datagram of 65,575 bytes: dropped as rx-length, where there are small buffers")
{
	receive(_metadata, 0);
}

NX_TEST(large, "FLOW-8 OBS-1 the same where there are large ones")
{
	receive(_metadata, 4);
}

NX_TEST_MAIN("jumbo")
