// SPDX-License-Identifier: GPL-2.0
/*
 * The attacker's socket is bound to every address or every device, is adopted,
 * and is then bound more narrowly, so that the kernel gives the port on the rest
 * to somebody else: the flow must not take it from him.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bed.h"
#include "test.h"

#define OTHER4	"10.9.0.77"
#define OTHER6	"fd09::77"

/**
 * struct robbery - who takes what from whom
 * @wild:   what the attacker binds
 * @first:  the host's address that connect() gives it
 * @other:  the victim's
 * @peer:   the peer's
 */
struct robbery {
	const char	*wild;
	const char	*first;
	const char	*other;
	const char	*peer;
};

static const struct robbery robbery4 = {
	"0.0.0.0", NX_HOST4, OTHER4, NX_PEER4,
};
static const struct robbery robbery6 = { "::", NX_HOST6, OTHER6, NX_PEER6 };

static void expect_victims(NX_METADATA, struct nx_flow *thief, int victim,
			   int peer, const char *to)
{
	char seen[16] = "";

	ASSERT_EQ(5, nx_udp_send(peer, "mine!", 5, to, NX_BED_PORT));
	EXPECT_EQ(5, nx_udp_recv(victim, seen, sizeof(seen), 3000));
	EXPECT_STREQ("mine!", seen);
	EXPECT_EQ(-1, nx_flow_recv(thief, seen, sizeof(seen), NULL, 50));
}

/* The thief says that it is the victim. */
static void expect_no_spoof(NX_METADATA, struct nx_flow *thief,
			    const struct robbery *r)
{
	__u64 drops = nx_chan_drops(thief->chan, NEXUS_DROP_TX_SOURCE);

	thief->tuple = nx_tuple(r->other, NX_BED_PORT, r->peer, NX_BED_PORT);
	EXPECT_EQ(0, nx_flow_send(thief, "forged", 6));
	EXPECT_EQ(drops + 1, nx_chan_drops(thief->chan, NEXUS_DROP_TX_SOURCE));
}

static void rob(NX_METADATA, const struct robbery *r)
{
	struct nx_flow thief;
	struct nx_chan chan;
	struct nx_bed bed;
	int victim, peer;
	char seen[16];

	nx_bed_start(&bed);
	/* Not an address that connect() would choose. */
	nx_ip("addr add %s dev %s\n", strchr(r->other, ':') ?
	      OTHER6 "/64 nodad preferred_lft 0" : OTHER4 "/24", NX_DEV);
	nx_chan_start(&chan, NX_BED_NEXUS);
	nx_flow_start(&thief, &chan, r->wild, NX_BED_PORT, NULL, 0);
	peer = nx_udp_socket(bed.net.peer, r->peer, NX_BED_PORT, NULL, 0);
	/* What it may, so that it is remembered. */
	thief.tuple = nx_tuple(r->other, NX_BED_PORT, r->peer, NX_BED_PORT);
	ASSERT_EQ(0, nx_flow_send(&thief, "honest", 6));
	ASSERT_EQ(6, nx_udp_recv(peer, seen, sizeof(seen), 3000));
	nx_udp_connect(thief.sock, r->peer, NX_BED_PORT);
	victim = nx_udp_socket(-1, r->other, NX_BED_PORT, NULL, 0);
	expect_victims(_metadata, &thief, victim, peer, r->other);
	expect_no_spoof(_metadata, &thief, r);
	EXPECT_EQ(-EAGAIN, nx_udp_recv(peer, seen, sizeof(seen), 100));
	nx_bed_judge(&bed);
	nx_chan_close(&chan);
}

NX_TEST(connect4, "FLOW-3 a wildcard socket is connected after it was adopted: the port on other addresses is others'")
{
	rob(_metadata, &robbery4);
}

NX_TEST(connect6, "FLOW-3 FLOW-8 the same over IPv6")
{
	rob(_metadata, &robbery6);
}

static void bind_device(int sock, const char *dev)
{
	if (setsockopt(sock, SOL_SOCKET, SO_BINDTODEVICE, dev, strlen(dev)))
		nx_die("SO_BINDTODEVICE %s: %s", dev, strerror(errno));
}

NX_TEST(device, "FLOW-3 a socket is bound to a device after it was adopted: the port on other devices is others'")
{
	struct sockaddr_storage addr;
	socklen_t len = nx_sockaddr(&addr, "0.0.0.0", NX_BED_PORT);
	const struct robbery r = {
		"0.0.0.0", NX_HOST4, NX_HOST4, NX_PEER4,
	};
	struct nx_flow thief;
	struct nx_chan chan;
	struct nx_bed bed;
	int victim, peer;

	nx_bed_start(&bed);
	nx_chan_start(&chan, NX_BED_NEXUS);
	nx_flow_start(&thief, &chan, "0.0.0.0", NX_BED_PORT, NULL, 0);
	peer = nx_udp_socket(bed.net.peer, NX_PEER4, NX_BED_PORT, NULL, 0);
	bind_device(thief.sock, "lo");
	victim = nx_socket(-1, AF_INET, SOCK_DGRAM, 0);
	bind_device(victim, NX_DEV);
	ASSERT_EQ(0, bind(victim, (void *)&addr, len));
	expect_victims(_metadata, &thief, victim, peer, NX_HOST4);
	expect_no_spoof(_metadata, &thief, &r);
	nx_bed_judge(&bed);
	nx_chan_close(&chan);
}

NX_TEST_MAIN("narrow")
