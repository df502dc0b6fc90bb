// SPDX-License-Identifier: GPL-2.0
/* The rest of Linux on the same device: taps, filters, stacked devices. */
#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "ctl.h"
#include "flow.h"
#include "test.h"

#define NEXUS	"t"
#define PORT	4000
#define WAIT_MS	3000
#define SILENCE_MS	150

struct bed {
	struct nx_net	net;
	struct nx_chan	chan;
	struct nx_pair	pair;
};

static void bed_start(struct bed *bed)
{
	nx_net_start(&bed->net);
	nx_nexus_start(NEXUS, NX_DEV);
	nx_chan_start(&bed->chan, NEXUS);
	nx_pair_start(&bed->pair, &bed->chan, &bed->net, AF_INET, PORT);
}

/* Whether a datagram passes each way. */
static bool passes_in(struct bed *bed)
{
	char seen[16];

	nx_udp_send(bed->pair.peer, "in", 2, NULL, 0);
	return nx_flow_recv(&bed->pair.flow, seen, sizeof(seen), NULL,
			    SILENCE_MS) == 2;
}

static bool passes_out(struct bed *bed)
{
	char seen[16];

	nx_flow_send(&bed->pair.flow, "out", 3);
	return nx_udp_recv(bed->pair.peer, seen, sizeof(seen),
			   SILENCE_MS) == 3;
}

/* ------------------------------------------------------- taps and filters */

NX_TEST(tcpdump, "COEX-1 tcpdump sees nexus traffic both ways")
{
	struct bed bed;
	pid_t pid;

	bed_start(&bed);
	pid = nx_fork();
	if (!pid) {
		execlp("sh", "sh", "-c",
		       "timeout 20 tcpdump --immediate-mode -Z root -lni " NX_DEV
		       " -c 2 udp port 4000 2>&1 | tee /tmp/nexus-tcpdump >&2",
		       NULL);
		_exit(1);
	}
	for (int i = 0; i < 500; i++) {
		if (!nx_shell("grep -q listening /tmp/nexus-tcpdump 2>/dev/null"))
			break;
		nx_sleep_ms(20);
	}
	EXPECT_TRUE(nx_pair_ping(&bed.pair, 1));
	EXPECT_EQ(0, nx_wait_child(pid));
	EXPECT_EQ(0, nx_shell("grep -q '10.9.0.1.4000 > 10.9.0.2.4000'"
			      " /tmp/nexus-tcpdump"));
	EXPECT_EQ(0, nx_shell("grep -q '10.9.0.2.4000 > 10.9.0.1.4000'"
			      " /tmp/nexus-tcpdump"));
	unlink("/tmp/nexus-tcpdump");
	nx_chan_close(&bed.chan);
}

static bool has_nft(void)
{
	return !nx_shell("nft add table netdev f >/dev/null 2>&1");
}

NX_TEST(nft_ingress, "COEX-1 an nft netdev ingress rule drops what a flow would receive, and no more")
{
	struct bed bed;

	bed_start(&bed);
	if (!has_nft())
		SKIP(return, "the kernel has no nftables");
	ASSERT_EQ(0, nx_shell("nft 'add chain netdev f in { type filter hook"
			      " ingress device " NX_DEV " priority 0; }' >&2 &&"
			      " nft add rule netdev f in udp dport 4000 drop"
			      " >&2"));
	EXPECT_FALSE(passes_in(&bed));
	EXPECT_TRUE(passes_out(&bed));
	ASSERT_EQ(0, nx_shell("nft flush chain netdev f in >&2"));
	EXPECT_TRUE(passes_in(&bed));
	nx_chan_close(&bed.chan);
}

NX_TEST(nft_egress, "COEX-1 an nft netdev egress rule drops what a flow sends, and no more")
{
	struct bed bed;

	bed_start(&bed);
	if (!has_nft())
		SKIP(return, "the kernel has no nftables");
	if (nx_shell("nft 'add chain netdev f out { type filter hook egress"
		     " device " NX_DEV " priority 0; }' >&2"))
		SKIP(return, "the kernel has no egress hook for nftables");
	ASSERT_EQ(0, nx_shell("nft add rule netdev f out udp sport 4000 drop"
			      " >&2"));
	EXPECT_FALSE(passes_out(&bed));
	EXPECT_LT(0, nx_chan_drops(&bed.chan, NEXUS_DROP_TX_DEVICE));
	EXPECT_TRUE(passes_in(&bed));
	ASSERT_EQ(0, nx_shell("nft flush chain netdev f out >&2"));
	EXPECT_TRUE(passes_out(&bed));
	nx_chan_close(&bed.chan);
}

NX_TEST(tc_filters, "COEX-1 tc filters drop what a flow receives and sends")
{
	struct bed bed;

	bed_start(&bed);
	ASSERT_EQ(0, nx_shell("tc qdisc add dev " NX_DEV " clsact >&2"));
	ASSERT_EQ(0, nx_shell("tc filter add dev " NX_DEV " ingress protocol ip"
			      " matchall action drop >&2"));
	EXPECT_FALSE(passes_in(&bed));
	EXPECT_TRUE(passes_out(&bed));
	ASSERT_EQ(0, nx_shell("tc filter del dev " NX_DEV " ingress >&2"));
	EXPECT_TRUE(passes_in(&bed));
	ASSERT_EQ(0, nx_shell("tc filter add dev " NX_DEV " egress protocol ip"
			      " matchall action drop >&2"));
	EXPECT_FALSE(passes_out(&bed));
	ASSERT_EQ(0, nx_shell("tc filter del dev " NX_DEV " egress >&2"));
	EXPECT_TRUE(passes_out(&bed));
	nx_chan_close(&bed.chan);
}

/* -------------------------------------------------------- stacked devices */

static void expect_kernel_ping(NX_METADATA, const char *addr)
{
	EXPECT_EQ(0, nx_shell("ping -q -c 2 -i 0.2 -W 3 %s >&2", addr)) {
		TH_LOG("no answer from %s", addr);
	}
}

NX_TEST(vlan, "COEX-2 a VLAN on the device keeps working, with the same port in use")
{
	struct bed bed;
	int kernel, peer;
	char seen[16];

	bed_start(&bed);
	if (nx_shell("ip link add link " NX_DEV " name v5 type vlan id 5 >&2"))
		SKIP(return, "the kernel has no VLANs");
	nx_ip("addr add 10.5.0.1/24 dev v5\nlink set v5 up\n");
	nx_ip_peer(&bed.net,
		   "link add link " NX_PEER_DEV " name v5 type vlan id 5\n"
		   "addr add 10.5.0.2/24 dev v5\nlink set v5 up\n");
	expect_kernel_ping(_metadata, "10.5.0.2");
	kernel = nx_udp_socket(-1, "10.5.0.1", PORT, NULL, 0);
	peer = nx_udp_socket(bed.net.peer, "10.5.0.2", PORT, NULL, 0);
	EXPECT_EQ(4, nx_udp_send(peer, "vlan", 4, "10.5.0.1", PORT));
	EXPECT_EQ(4, nx_udp_recv(kernel, seen, sizeof(seen), WAIT_MS));
	EXPECT_TRUE(nx_pair_ping(&bed.pair, 1));
	nx_chan_close(&bed.chan);
}

NX_TEST(macvlan, "COEX-2 a macvlan on the device keeps working")
{
	struct bed bed;

	bed_start(&bed);
	if (nx_shell("ip link add link " NX_DEV " name m0 type macvlan mode"
		     " bridge >&2"))
		SKIP(return, "the kernel has no macvlan");
	nx_ip("addr add 10.6.0.1/24 dev m0\nlink set m0 up\n");
	nx_ip_peer(&bed.net, "addr add 10.6.0.2/24 dev " NX_PEER_DEV "\n");
	expect_kernel_ping(_metadata, "10.6.0.2");
	EXPECT_TRUE(nx_pair_ping(&bed.pair, 1));
	nx_chan_close(&bed.chan);
}

/* A nexus on @master, which has n1 as its port. */
static void on_master(NX_METADATA, struct bed *bed, const char *master)
{
	struct nx_flow flow;
	char seen[16];
	int peer;

	nx_ip("addr add 10.7.0.1/24 dev %s\nlink set %s up\n", master, master);
	nx_ip_peer(&bed->net, "addr add 10.7.0.2/24 dev p1\n");
	EXPECT_EQ(0, nx_dev_add(NEXUS, nx_ifindex(master)));
	expect_kernel_ping(_metadata, "10.7.0.2");
	nx_flow_start(&flow, &bed->chan, "10.7.0.1", PORT, "10.7.0.2", PORT);
	peer = nx_udp_socket(bed->net.peer, "10.7.0.2", PORT, "10.7.0.1",
			     PORT);
	EXPECT_EQ(0, nx_flow_send(&flow, "master", 6));
	EXPECT_EQ(6, nx_udp_recv(peer, seen, sizeof(seen), WAIT_MS));
	EXPECT_EQ(6, nx_udp_send(peer, "master", 6, NULL, 0));
	EXPECT_EQ(6, nx_flow_recv(&flow, seen, sizeof(seen), NULL, WAIT_MS));
	EXPECT_TRUE(nx_pair_ping(&bed->pair, 1));
}

NX_TEST(bridge, "COEX-2 a nexus on a bridge: its flows and the kernel's stack work")
{
	struct bed bed;

	bed_start(&bed);
	nx_net_more(&bed.net, 1);
	if (nx_shell("ip link add br0 type bridge >&2"))
		SKIP(return, "the kernel has no bridges");
	nx_ip("addr flush dev n1\nlink set n1 master br0\n");
	on_master(_metadata, &bed, "br0");
	nx_chan_close(&bed.chan);
}

NX_TEST(bond, "COEX-2 a nexus on a bond: its flows and the kernel's stack work")
{
	struct bed bed;

	bed_start(&bed);
	nx_net_more(&bed.net, 1);
	if (nx_shell("ip link add b0 type bond mode active-backup >&2"))
		SKIP(return, "the kernel has no bonds");
	nx_ip("addr flush dev n1\nlink set n1 down\nlink set n1 master b0\n");
	on_master(_metadata, &bed, "b0");
	nx_chan_close(&bed.chan);
}

/* --------------------------------------------------------- attach, detach */

struct stream {
	int	from;
	int	to;
	__u32	nr;
	volatile __u32	nr_lost;
	volatile __u32	is_over;
};

/* One datagram after another through the kernel's stack; none may be lost. */
static void *stream_run(void *arg)
{
	struct stream *stream = arg;
	__u32 seen;

	while (!stream->is_over) {
		__u32 number = stream->nr++;

		nx_udp_send(stream->from, &number, sizeof(number), NULL, 0);
		if (nx_udp_recv(stream->to, &seen, sizeof(seen), 1000) !=
		    sizeof(seen) || seen != number)
			stream->nr_lost++;
	}
	return NULL;
}

/* Whether anybody was told that a link had changed. */
static bool link_changed(int rtnl)
{
	char buf[8192];
	ssize_t len;

	while ((len = recv(rtnl, buf, sizeof(buf), MSG_DONTWAIT)) > 0) {
		const struct nlmsghdr *message = (void *)buf;
		const struct ifinfomsg *info = NLMSG_DATA(message);

		if (message->nlmsg_type == RTM_NEWLINK && info->ifi_change)
			return true;
	}
	return false;
}

NX_TEST_LONG(attach_detach, "COEX-3 attaching and detaching under kernel traffic: no packet lost, no link flap", 240)
{
	__u32 nr = nx_loops("NEXUS_TEST_ATTACHES", 1000);
	struct sockaddr_nl group = {
		.nl_family = AF_NETLINK,
		.nl_groups = RTMGRP_LINK,
	};
	struct stream stream = {};
	int rtnl, ifindex;
	pthread_t thread;
	struct bed bed;

	bed_start(&bed);
	ifindex = nx_ifindex(NX_DEV);
	stream.to = nx_udp_socket(-1, NX_HOST4, 5000, NULL, 0);
	stream.from = nx_udp_socket(bed.net.peer, NX_PEER4, 5000, NX_HOST4,
				    5000);
	rtnl = nx_socket(-1, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	ASSERT_EQ(0, bind(rtnl, (void *)&group, sizeof(group)));
	ASSERT_EQ(0, pthread_create(&thread, NULL, stream_run, &stream));
	for (__u32 i = 0; i < nr; i++) {
		ASSERT_EQ(0, nx_dev_del(NEXUS, ifindex));
		ASSERT_EQ(0, nx_dev_add(NEXUS, ifindex));
		EXPECT_FALSE(link_changed(rtnl));
	}
	stream.is_over = 1;
	pthread_join(thread, NULL);
	nx_note("%u datagrams passed meanwhile", stream.nr);
	EXPECT_LT(0, stream.nr);
	EXPECT_EQ(0, stream.nr_lost);
	EXPECT_TRUE(nx_pair_ping(&bed.pair, 1));
	nx_chan_close(&bed.chan);
}

NX_TEST_MAIN("coex")
