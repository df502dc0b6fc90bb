// SPDX-License-Identifier: GPL-2.0
/* Who may attach, and how much one user may have. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "ctl.h"
#include "flow.h"
#include "test.h"

#define NEXUS	"t"
#define PORT	4000
#define NOBODY	65534
#define SOMEBODY	12345

/* What an unprivileged process has, with the default limit of locked memory. */
static void become(uid_t uid, gid_t gid, gid_t extra)
{
	struct rlimit locked = { 8 << 20, 8 << 20 };

	setrlimit(RLIMIT_MEMLOCK, &locked);
	if (setgroups(extra ? 1 : 0, &extra) || setresgid(gid, gid, gid) ||
	    setresuid(uid, uid, uid))
		nx_die("setuid: %s", strerror(errno));
}

static int attach_now(void)
{
	struct nx_chan chan;
	int err;

	nx_chan_init(&chan, NEXUS);
	err = nx_chan_open(&chan);
	if (err)
		nx_die("%s: %s", NEXUS_DEVICE, strerror(-err));
	err = nx_chan_attach(&chan);
	nx_chan_close(&chan);
	return err;
}

/* What attaching says to a process of that user and those groups. */
static int attach_as(uid_t uid, gid_t gid, gid_t extra)
{
	volatile int *err = nx_shared_alloc(sizeof(*err));
	pid_t pid = nx_fork();

	if (!pid) {
		become(uid, gid, extra);
		*err = attach_now();
		_exit(0);
	}
	if (nx_wait_child(pid))
		return 1;
	return *err;
}

NX_TEST(default_policy, "FLOW-14 without a rule only CAP_NET_ADMIN attaches: EPERM for others, and the monitor says so")
{
	struct mnl_socket *monitor;
	struct nx_ctl_event event;

	nx_net_alone();
	nx_nexus_start(NEXUS, "lo");
	monitor = nx_monitor_open();
	EXPECT_EQ(-EPERM, attach_as(NOBODY, NOBODY, 0));
	EXPECT_TRUE(nx_monitor_wait(monitor, NEXUS_MONITOR_ATTACH_DENIED,
				    &event, 1000));
	EXPECT_EQ(NOBODY, event.uid);
	EXPECT_NE(0, event.pid);
	EXPECT_STREQ(NEXUS, event.nexus);
	EXPECT_EQ(0, attach_now());
	EXPECT_TRUE(nx_monitor_wait(monitor, NEXUS_MONITOR_ATTACH, &event,
				    1000));
	EXPECT_EQ(getpid(), event.pid);
	mnl_socket_close(monitor);
}

NX_TEST(rules, "FLOW-14 rules for anybody, a user, a group: attached where they allow it, EPERM where not")
{
	nx_net_alone();
	nx_nexus_start(NEXUS, "lo");
	ASSERT_EQ(0, nx_policy_set(NEXUS, NEXUS_RULE_ANY, 0, 0, 0, 0));
	EXPECT_EQ(0, attach_as(NOBODY, NOBODY, 0));
	EXPECT_EQ(0, attach_as(SOMEBODY, SOMEBODY, 0));

	ASSERT_EQ(0, nx_policy_set(NEXUS, NEXUS_RULE_UID, SOMEBODY, 0, 0, 0));
	EXPECT_EQ(-EPERM, attach_as(NOBODY, NOBODY, 0));
	EXPECT_EQ(-EPERM, attach_as(NOBODY, SOMEBODY, SOMEBODY));
	EXPECT_EQ(0, attach_as(SOMEBODY, NOBODY, 0));

	ASSERT_EQ(0, nx_policy_set(NEXUS, NEXUS_RULE_GID, SOMEBODY, 0, 0, 0));
	EXPECT_EQ(-EPERM, attach_as(SOMEBODY, NOBODY, 0));
	EXPECT_EQ(0, attach_as(NOBODY, SOMEBODY, 0));
	EXPECT_EQ(0, attach_as(NOBODY, NOBODY, SOMEBODY));

	ASSERT_EQ(0, nx_policy_set(NEXUS, 0, 0, 0, 0, 0));
	EXPECT_EQ(-EPERM, attach_as(SOMEBODY, SOMEBODY, 0));
	EXPECT_EQ(0, attach_now());
}

NX_TEST(nobody_talks, "FLOW-14 nobody, without a capability and with the default memlock limit, exchanges packets")
{
	struct nx_net net;
	pid_t pid;

	nx_net_start(&net);
	nx_nexus_start(NEXUS, NX_DEV);
	ASSERT_EQ(0, nx_policy_set(NEXUS, NEXUS_RULE_UID, NOBODY, 0, 0, 0));
	pid = nx_fork();
	if (!pid) {
		struct nx_chan chan;
		struct nx_flow flow;
		struct nx_pair pair;

		pair.peer = nx_udp_socket(net.peer, NX_PEER4, PORT, NX_HOST4,
					  PORT);
		become(NOBODY, NOBODY, 0);
		nx_chan_init(&chan, NEXUS);
		chan.attach.nr_small = 8192;
		nx_chan_begin(&chan);
		nx_flow_start(&flow, &chan, NX_HOST4, PORT, NX_PEER4, PORT);
		pair.flow = flow;
		for (int i = 0; i < 100; i++)
			EXPECT_TRUE(nx_pair_ping(&pair, i));
		_exit(_metadata->exit_code);
	}
	EXPECT_EQ(0, nx_wait_child(pid));
}

/* Attaches @nr channels at once as @uid; how many it got, and why no more. */
static int attach_many(uid_t uid, int nr, int *why)
{
	volatile int *answer = nx_shared_alloc(2 * sizeof(*answer));
	pid_t pid = nx_fork();

	if (!pid) {
		become(uid, uid, 0);
		while (answer[0] < nr) {
			struct nx_chan chan;

			nx_chan_init(&chan, NEXUS);
			answer[1] = nx_chan_open(&chan);
			if (!answer[1])
				answer[1] = nx_chan_attach(&chan);
			if (answer[1])
				break;
			answer[0]++;
		}
		_exit(0);
	}
	nx_wait_child(pid);
	*why = answer[1];
	return answer[0];
}

NX_TEST(limits, "FLOW-14 limits of one user: EUSERS past the channels, EDQUOT past the bytes, EUSERS past the flows")
{
	struct nexus_flow_add flow;
	struct nx_chan chan;
	int why = 0, sock;

	nx_net_alone();
	nx_nexus_start(NEXUS, "lo");
	ASSERT_EQ(0, nx_policy_set(NEXUS, NEXUS_RULE_ANY, 0, 3, 0, 0));
	EXPECT_EQ(3, attach_many(NOBODY, 10, &why));
	EXPECT_EQ(-EUSERS, why);
	/* They are gone with their process; another user has his own. */
	nx_sleep_ms(50);
	EXPECT_EQ(3, attach_many(NOBODY, 3, &why));
	EXPECT_EQ(0, why);

	ASSERT_EQ(0, nx_policy_set(NEXUS, NEXUS_RULE_ANY, 0, 100, 0, 2 << 20));
	nx_sleep_ms(50);
	EXPECT_GT(10, attach_many(NOBODY, 10, &why));
	EXPECT_EQ(-EDQUOT, why);

	ASSERT_EQ(0, nx_policy_set(NEXUS, NEXUS_RULE_ANY, 0, 100, 2,
				   1ULL << 40));
	nx_chan_start(&chan, NEXUS);
	for (int i = 0; i < 3; i++) {
		sock = nx_udp_socket(-1, "127.0.0.1", PORT + i, NULL, 0);
		EXPECT_EQ(i < 2 ? 0 : -EUSERS, nx_flow_add(&chan, sock, &flow));
	}
	nx_chan_close(&chan);
}

NX_TEST(user_flows, "FLOW-14 flows of all channels of one user are limited: EUSERS; one that ends makes room, another user has his own")
{
	struct nexus_flow_add flow[4];
	struct nx_chan chans[2];
	pid_t pid;
	int sock;

	nx_net_alone();
	nx_nexus_start(NEXUS, "lo");
	ASSERT_EQ(0, nx_policy_set(NEXUS, NEXUS_RULE_ANY, 0, 0, 0, 0));
	ASSERT_EQ(0, nx_policy_limit(NEXUS, NEXUS_POLICY_A_MAX_USER_FLOWS, 3));
	nx_chan_start(&chans[0], NEXUS);
	nx_chan_start(&chans[1], NEXUS);
	for (int i = 0; i < 4; i++) {
		sock = nx_udp_socket(-1, "127.0.0.1", PORT + i, NULL, 0);
		EXPECT_EQ(i < 3 ? 0 : -EUSERS,
			  nx_flow_add(&chans[i % 2], sock, &flow[i]));
	}
	pid = nx_fork();
	if (!pid) {
		become(NOBODY, NOBODY, 0);
		nx_chan_start(&chans[0], NEXUS);
		sock = nx_udp_socket(-1, "127.0.0.1", PORT + 4, NULL, 0);
		EXPECT_EQ(0, nx_flow_add(&chans[0], sock, &flow[0]));
		_exit(_metadata->exit_code);
	}
	EXPECT_EQ(0, nx_wait_child(pid));
	EXPECT_EQ(-EUSERS, nx_flow_add(&chans[1], sock, &flow[3]));
	ASSERT_EQ(0, nx_flow_del(&chans[0], &flow[0]));
	EXPECT_EQ(0, nx_flow_add(&chans[1], sock, &flow[3]));
	nx_chan_close(&chans[0]);
	nx_chan_close(&chans[1]);
}

static __u64 limits_value(__u16 attr)
{
	struct nx_ctl_limits limits;

	if (nx_limits_get(&limits))
		nx_die("limits of the namespace");
	return limits.value[attr];
}

static int attach_to(struct nx_chan *chan, const char *nexus)
{
	nx_chan_init(chan, nexus);
	if (nx_chan_open(chan))
		nx_die("%s", NEXUS_DEVICE);
	return nx_chan_attach(chan);
}

NX_TEST(namespace_channels, "FLOW-14 limits of a network namespace, over all its nexuses and users: EUSERS, EDQUOT; what is closed makes room")
{
	struct nx_chan chans[4];
	__u64 bytes;

	nx_net_alone();
	nx_nexus_start(NEXUS, "lo");
	ASSERT_EQ(0, nx_nexus_add("u"));
	EXPECT_EQ(0, limits_value(NEXUS_LIMITS_A_BYTES));
	ASSERT_EQ(0, nx_limits_set(NEXUS_LIMITS_A_MAX_CHANNELS, 3));
	for (int i = 0; i < 4; i++)
		EXPECT_EQ(i < 3 ? 0 : -EUSERS,
			  attach_to(&chans[i], i % 2 ? "u" : NEXUS));
	EXPECT_EQ(3, limits_value(NEXUS_LIMITS_A_NR_CHANNELS));
	EXPECT_EQ(3, limits_value(NEXUS_LIMITS_A_MAX_CHANNELS));
	nx_chan_close(&chans[0]);
	EXPECT_EQ(0, nx_chan_attach(&chans[3]));
	nx_chan_close(&chans[3]);
	EXPECT_EQ(2, limits_value(NEXUS_LIMITS_A_NR_CHANNELS));
	/* No room for half a channel more. */
	bytes = limits_value(NEXUS_LIMITS_A_BYTES);
	EXPECT_LT(0, bytes);
	ASSERT_EQ(0, nx_limits_set(NEXUS_LIMITS_A_MAX_BYTES, bytes * 5 / 4));
	EXPECT_EQ(-EDQUOT, attach_to(&chans[0], NEXUS));
	EXPECT_EQ(2, limits_value(NEXUS_LIMITS_A_NR_CHANNELS));
	nx_chan_close(&chans[1]);
	EXPECT_EQ(bytes / 2, limits_value(NEXUS_LIMITS_A_BYTES));
	EXPECT_EQ(0, nx_chan_attach(&chans[0]));
	nx_chan_close(&chans[0]);
	nx_chan_close(&chans[2]);
	EXPECT_EQ(0, limits_value(NEXUS_LIMITS_A_NR_CHANNELS));
	EXPECT_EQ(0, limits_value(NEXUS_LIMITS_A_BYTES));
}

NX_TEST(namespace_flows, "FLOW-14 flows of a network namespace are limited over all its nexuses: EUSERS; what ends makes room")
{
	struct nexus_flow_add flow;
	struct nx_chan chans[2];
	int socks[4];

	nx_net_alone();
	nx_nexus_start(NEXUS, "lo");
	ASSERT_EQ(0, nx_nexus_add("u"));
	ASSERT_EQ(0, nx_limits_set(NEXUS_LIMITS_A_MAX_FLOWS, 3));
	nx_chan_start(&chans[0], NEXUS);
	nx_chan_start(&chans[1], "u");
	for (int i = 0; i < 4; i++) {
		socks[i] = nx_udp_socket(-1, "127.0.0.1", PORT + i, NULL, 0);
		EXPECT_EQ(i < 3 ? 0 : -EUSERS,
			  nx_flow_add(&chans[i % 2], socks[i], &flow));
	}
	/* What was refused for another reason has taken nothing. */
	ASSERT_EQ(0, nx_limits_set(NEXUS_LIMITS_A_MAX_FLOWS, 4));
	EXPECT_EQ(-EALREADY, nx_flow_add(&chans[0], socks[0], &flow));
	EXPECT_EQ(3, limits_value(NEXUS_LIMITS_A_NR_FLOWS));
	EXPECT_EQ(0, nx_flow_add(&chans[1], socks[3], &flow));
	EXPECT_EQ(4, limits_value(NEXUS_LIMITS_A_NR_FLOWS));
	nx_chan_close(&chans[1]);
	EXPECT_EQ(2, limits_value(NEXUS_LIMITS_A_NR_FLOWS));
	nx_chan_close(&chans[0]);
	EXPECT_EQ(0, limits_value(NEXUS_LIMITS_A_NR_FLOWS));
}

#define INHERITED	4000000000U

NX_TEST(namespace_inherits, "FLOW-14 a network namespace begins with the limits of the initial one, and has its own from then on")
{
	ASSERT_EQ(0, nx_limits_set(NEXUS_LIMITS_A_MAX_FLOWS, INHERITED));
	if (unshare(CLONE_NEWNET))
		nx_die("a network namespace: %s", strerror(errno));
	EXPECT_EQ(INHERITED, limits_value(NEXUS_LIMITS_A_MAX_FLOWS));
	EXPECT_EQ(0, limits_value(NEXUS_LIMITS_A_MAX_SYNS));
	EXPECT_EQ(0, nx_limits_set(NEXUS_LIMITS_A_MAX_FLOWS, 7));
	nx_net_enter(open("/proc/1/ns/net", O_RDONLY | O_CLOEXEC));
	EXPECT_EQ(INHERITED, limits_value(NEXUS_LIMITS_A_MAX_FLOWS));
	EXPECT_EQ(0, nx_limits_set(NEXUS_LIMITS_A_MAX_FLOWS, 0));
}

NX_TEST(commands_need_admin, "FLOW-14 commands of others: EPERM; what they may see they see")
{
	pid_t pid;

	nx_net_alone();
	nx_nexus_start(NEXUS, "lo");
	pid = nx_fork();
	if (!pid) {
		int lo = nx_ifindex("lo");

		become(NOBODY, NOBODY, 0);
		EXPECT_EQ(-EPERM, nx_nexus_add("mine"));
		EXPECT_EQ(-EPERM, nx_nexus_del(NEXUS));
		EXPECT_EQ(-EPERM, nx_dev_add(NEXUS, lo));
		EXPECT_EQ(-EPERM, nx_dev_del(NEXUS, lo));
		EXPECT_EQ(-EPERM, nx_policy_set(NEXUS, NEXUS_RULE_ANY, 0, 0, 0,
						0));
		EXPECT_EQ(-EPERM, nx_flow_kill(1, 0, 1));
		EXPECT_EQ(-EPERM, nx_limits_set(NEXUS_LIMITS_A_MAX_FLOWS, 0));
		EXPECT_EQ(1, nx_ctl_count(NEXUS_CMD_GET_NEXUS));
		_exit(_metadata->exit_code);
	}
	EXPECT_EQ(0, nx_wait_child(pid));
}

/* ----------------------------------------------------------- containers */

static void map_root(uid_t uid, gid_t gid)
{
	char line[64];

	nx_file_write("/proc/self/setgroups", "deny");
	snprintf(line, sizeof(line), "0 %u 1", uid);
	if (nx_file_write("/proc/self/uid_map", line))
		nx_die("uid_map");
	snprintf(line, sizeof(line), "0 %u 1", gid);
	if (nx_file_write("/proc/self/gid_map", line))
		nx_die("gid_map");
}

/* From a process without any privilege to the root of its own namespaces. */
static void enter_container(void)
{
	int fd = open("/proc/sys/kernel/unprivileged_userns_clone", O_RDWR);

	if (fd >= 0) {
		if (write(fd, "1", 1) < 0)
			nx_die("user namespaces: %s", strerror(errno));
		close(fd);
	}
	become(NOBODY, NOBODY, 0);
	/* Its own files in /proc are root's after setuid() otherwise. */
	prctl(PR_SET_DUMPABLE, 1);
	if (unshare(CLONE_NEWUSER))
		nx_die("a user namespace: %s", strerror(errno));
	map_root(NOBODY, NOBODY);
}

static long long module_refs(void)
{
	return nx_file_number("/sys/module/nexus/refcnt", NULL);
}

static void wait_refs(long long refs)
{
	for (int i = 0; i < 500 && module_refs() > refs; i++)
		nx_sleep_ms(20);
}

NX_TEST(container, "FLOW-15 an unprivileged container makes its nexus on veth, and its end takes it away")
{
	long long refs = module_refs();
	pid_t pid;

	ASSERT_LE(0, refs);
	pid = nx_fork();
	if (!pid) {
		struct nx_net net;
		struct nx_chan chan;
		struct nx_pair pair, pair6;

		enter_container();
		nx_net_start(&net);
		EXPECT_EQ(0, nx_ctl_count(NEXUS_CMD_GET_NEXUS));
		nx_nexus_start(NEXUS, NX_DEV);
		nx_chan_start(&chan, NEXUS);
		nx_pair_start(&pair, &chan, &net, AF_INET, PORT);
		nx_pair_start(&pair6, &chan, &net, AF_INET6, PORT);
		for (int i = 0; i < 20; i++) {
			EXPECT_TRUE(nx_pair_ping(&pair, i));
			EXPECT_TRUE(nx_pair_ping(&pair6, i));
		}
		_exit(_metadata->exit_code);
	}
	EXPECT_EQ(0, nx_wait_child(pid));
	wait_refs(refs);
	EXPECT_EQ(refs, module_refs());
}

NX_TEST(container_rules, "FLOW-15 a rule's IDs are those of the container, its root is not the host's")
{
	volatile __u32 *step = nx_shared_alloc(sizeof(*step));
	pid_t pid;

	nx_net_alone();
	nx_nexus_start(NEXUS, "lo");
	pid = nx_fork();
	if (!pid) {
		/* In the host's network namespace: root of a container only. */
		enter_container();
		EXPECT_EQ(-EPERM, attach_now());
		EXPECT_EQ(-EPERM, nx_nexus_del(NEXUS));
		EXPECT_EQ(-EPERM, nx_nexus_add("u"));
		/* In its own: 0 is its own user. */
		if (unshare(CLONE_NEWNET))
			nx_die("a network namespace: %s", strerror(errno));
		nx_ip("link set lo up\n");
		nx_nexus_start(NEXUS, "lo");
		EXPECT_EQ(0, nx_policy_set(NEXUS, NEXUS_RULE_UID, 0, 0, 0, 0));
		EXPECT_NE(0, nx_policy_set(NEXUS, NEXUS_RULE_UID, 77, 0, 0, 0));
		EXPECT_EQ(0, attach_now());
		*step = 1;
		_exit(_metadata->exit_code);
	}
	EXPECT_EQ(0, nx_wait_child(pid));
	EXPECT_EQ(1, *step);
	EXPECT_EQ(1, nx_ctl_count(NEXUS_CMD_GET_NEXUS));
}

NX_TEST(container_limits, "FLOW-15 the host's administrator limits a container's network namespace, its own root does not")
{
	volatile __u32 *step = nx_shared_alloc(sizeof(*step));
	char path[64];
	pid_t pid;

	pid = nx_fork();
	if (!pid) {
		struct nx_chan chans[2];

		enter_container();
		nx_net_alone();
		nx_nexus_start(NEXUS, "lo");
		*step = 1;
		if (!nx_wait_word(step, 2, 10000))
			nx_die("no limit was set");
		EXPECT_EQ(-EPERM, nx_limits_set(NEXUS_LIMITS_A_MAX_CHANNELS, 0));
		EXPECT_EQ(1, limits_value(NEXUS_LIMITS_A_MAX_CHANNELS));
		EXPECT_EQ(0, nx_policy_set(NEXUS, NEXUS_RULE_ANY, 0, 9, 0, 0));
		EXPECT_EQ(0, attach_to(&chans[0], NEXUS));
		EXPECT_EQ(-EUSERS, attach_to(&chans[1], NEXUS));
		*step = 3;
		_exit(_metadata->exit_code);
	}
	ASSERT_TRUE(nx_wait_word(step, 1, 10000));
	snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
	nx_net_enter(open(path, O_RDONLY | O_CLOEXEC));
	EXPECT_EQ(0, nx_limits_set(NEXUS_LIMITS_A_MAX_CHANNELS, 1));
	*step = 2;
	EXPECT_EQ(0, nx_wait_child(pid));
	EXPECT_EQ(3, *step);
}

/* --------------------------------------------------- malformed commands */

/* A message with a NEXUS nest that @fill completes. */
static int malformed(__u8 cmd, void (*fill)(struct nlmsghdr *message))
{
	char buf[NX_CTL_BYTES];
	struct nlmsghdr *message = nx_ctl_message(buf, cmd);

	fill(message);
	return nx_ctl_call(message);
}

static struct nlattr *put_name(struct nlmsghdr *message, const char *name)
{
	struct nlattr *nest = mnl_attr_nest_start(message, NEXUS_A_NEXUS);

	mnl_attr_put_strz(message, NEXUS_NEXUS_A_NAME, name);
	return nest;
}

static void no_nest(struct nlmsghdr *message)
{
}

static void no_name(struct nlmsghdr *message)
{
	struct nlattr *nest = mnl_attr_nest_start(message, NEXUS_A_NEXUS);

	mnl_attr_put_u32(message, NEXUS_NEXUS_A_KIND, NEXUS_KIND_FLOW_SWITCH);
	mnl_attr_nest_end(message, nest);
}

static void empty_name(struct nlmsghdr *message)
{
	mnl_attr_nest_end(message, put_name(message, ""));
}

static void long_name(struct nlmsghdr *message)
{
	mnl_attr_nest_end(message,
			  put_name(message, "a-name-of-thirty-two-characters."));
}

static void bad_kind(struct nlmsghdr *message)
{
	struct nlattr *nest = put_name(message, "u");

	mnl_attr_put_u32(message, NEXUS_NEXUS_A_KIND, 99);
	mnl_attr_nest_end(message, nest);
}

static void short_kind(struct nlmsghdr *message)
{
	struct nlattr *nest = put_name(message, "u");

	mnl_attr_put_u8(message, NEXUS_NEXUS_A_KIND, 1);
	mnl_attr_nest_end(message, nest);
}

static void unknown_attr(struct nlmsghdr *message)
{
	struct nlattr *nest = put_name(message, "u");

	mnl_attr_put_u32(message, NEXUS_NEXUS_A_MAX + 5, 1);
	mnl_attr_nest_end(message, nest);
}

static void no_dev(struct nlmsghdr *message)
{
	mnl_attr_nest_end(message, put_name(message, NEXUS));
}

static void empty_dev(struct nlmsghdr *message)
{
	struct nlattr *nest = put_name(message, NEXUS);

	mnl_attr_nest_end(message,
			  mnl_attr_nest_start(message, NEXUS_NEXUS_A_DEV));
	mnl_attr_nest_end(message, nest);
}

static void no_policy(struct nlmsghdr *message)
{
	mnl_attr_nest_end(message, put_name(message, NEXUS));
}

static void policy_nests(struct nlmsghdr *message, __u32 type, bool has_id,
			 int nr)
{
	struct nlattr *nest = put_name(message, NEXUS);
	struct nlattr *policy = mnl_attr_nest_start(message,
						    NEXUS_NEXUS_A_POLICY);

	while (nr--) {
		struct nlattr *rule = mnl_attr_nest_start(message,
							  NEXUS_POLICY_A_RULE);

		if (type)
			mnl_attr_put_u32(message, NEXUS_RULE_A_TYPE, type);
		if (has_id)
			mnl_attr_put_u32(message, NEXUS_RULE_A_ID, nr);
		mnl_attr_nest_end(message, rule);
	}
	mnl_attr_nest_end(message, policy);
	mnl_attr_nest_end(message, nest);
}

static void rule_without_type(struct nlmsghdr *message)
{
	policy_nests(message, 0, true, 1);
}

static void rule_of_no_type(struct nlmsghdr *message)
{
	policy_nests(message, 99, true, 1);
}

static void rule_without_id(struct nlmsghdr *message)
{
	policy_nests(message, NEXUS_RULE_UID, false, 1);
}

static void rule_any_with_id(struct nlmsghdr *message)
{
	policy_nests(message, NEXUS_RULE_ANY, true, 1);
}

static void empty_limits(struct nlmsghdr *message)
{
	mnl_attr_nest_end(message, mnl_attr_nest_start(message, NEXUS_A_LIMITS));
}

static void limits_used(struct nlmsghdr *message)
{
	struct nlattr *nest = mnl_attr_nest_start(message, NEXUS_A_LIMITS);

	mnl_attr_put_u32(message, NEXUS_LIMITS_A_NR_FLOWS, 0);
	mnl_attr_nest_end(message, nest);
}

static void limits_twice(struct nlmsghdr *message)
{
	struct nlattr *nest = mnl_attr_nest_start(message, NEXUS_A_LIMITS);

	mnl_attr_put_u32(message, NEXUS_LIMITS_A_MAX_FLOWS, 1);
	mnl_attr_put_u32(message, NEXUS_LIMITS_A_MAX_FLOWS, 2);
	mnl_attr_nest_end(message, nest);
}

static void rules_too_many(struct nlmsghdr *message)
{
	policy_nests(message, NEXUS_RULE_UID, true, NEXUS_RULES_MAX + 1);
}

NX_TEST(malformed_commands, "FLOW-14 commands with attributes missing, long, unknown or too many: an error, nothing changed")
{
	static const struct {
		const char *what;
		__u8 cmd;
		void (*fill)(struct nlmsghdr *message);
	} table[] = {
		{ "no nest", NEXUS_CMD_NEW_NEXUS, no_nest },
		{ "no name", NEXUS_CMD_NEW_NEXUS, no_name },
		{ "an empty name", NEXUS_CMD_NEW_NEXUS, empty_name },
		{ "a long name", NEXUS_CMD_NEW_NEXUS, long_name },
		{ "no such kind", NEXUS_CMD_NEW_NEXUS, bad_kind },
		{ "a short kind", NEXUS_CMD_NEW_NEXUS, short_kind },
		{ "an unknown attribute", NEXUS_CMD_NEW_NEXUS, unknown_attr },
		{ "delete: no nest", NEXUS_CMD_DEL_NEXUS, no_nest },
		{ "delete: no name", NEXUS_CMD_DEL_NEXUS, no_name },
		{ "no device", NEXUS_CMD_ADD_DEV, no_dev },
		{ "a device without index", NEXUS_CMD_ADD_DEV, empty_dev },
		{ "remove: no device", NEXUS_CMD_DEL_DEV, no_dev },
		{ "no policy", NEXUS_CMD_SET_POLICY, no_policy },
		{ "rule without type", NEXUS_CMD_SET_POLICY,
		  rule_without_type },
		{ "rule of no type", NEXUS_CMD_SET_POLICY, rule_of_no_type },
		{ "rule without id", NEXUS_CMD_SET_POLICY, rule_without_id },
		{ "any with an id", NEXUS_CMD_SET_POLICY, rule_any_with_id },
		{ "too many rules", NEXUS_CMD_SET_POLICY, rules_too_many },
		{ "no limits", NEXUS_CMD_SET_LIMITS, no_nest },
		{ "empty limits", NEXUS_CMD_SET_LIMITS, empty_limits },
		{ "no limit", NEXUS_CMD_SET_LIMITS, limits_used },
		{ "a limit twice", NEXUS_CMD_SET_LIMITS, limits_twice },
		{ "no flow", NEXUS_CMD_DEL_FLOW, no_nest },
		{ "no such command", __NEXUS_CMD_MAX, no_nest },
	};

	nx_net_alone();
	nx_nexus_start(NEXUS, "lo");
	for (int i = 0; i < NX_ARRAY_SIZE(table); i++) {
		EXPECT_GT(0, malformed(table[i].cmd, table[i].fill)) {
			TH_LOG("%s was accepted", table[i].what);
		}
	}
	EXPECT_EQ(1, nx_ctl_count(NEXUS_CMD_GET_NEXUS));
	EXPECT_EQ(-EPERM, attach_as(NOBODY, NOBODY, 0));
	EXPECT_EQ(0, attach_now());
}

NX_TEST(wrong_objects, "FLOW-14 objects that are there already, missing, foreign or busy: an error with its reason")
{
	nx_net_alone();
	nx_nexus_start(NEXUS, "lo");
	EXPECT_EQ(-EEXIST, nx_nexus_add(NEXUS));
	EXPECT_STRNE("", nx_ctl_reason());
	EXPECT_EQ(-ENODEV, nx_nexus_del("none"));
	EXPECT_STRNE("", nx_ctl_reason());
	EXPECT_EQ(-ENODEV, nx_dev_add(NEXUS, 9999));
	EXPECT_STRNE("", nx_ctl_reason());
	EXPECT_EQ(-EEXIST, nx_dev_add(NEXUS, nx_ifindex("lo")));
	EXPECT_STRNE("", nx_ctl_reason());
	ASSERT_EQ(0, nx_nexus_add("u"));
	EXPECT_EQ(-EBUSY, nx_dev_add("u", nx_ifindex("lo")));
	EXPECT_STRNE("", nx_ctl_reason());
	EXPECT_EQ(-ENOENT, nx_dev_del("u", nx_ifindex("lo")));
	EXPECT_STRNE("", nx_ctl_reason());
	EXPECT_EQ(-ENOENT, nx_flow_kill(1, 2, 3));
	nx_ip("link add br0 type bridge\n"
	      "link add d0 type dummy\n"
	      "link set d0 master br0\n");
	EXPECT_EQ(-EBUSY, nx_dev_add("u", nx_ifindex("d0")));
	EXPECT_STRNE("", nx_ctl_reason());
	EXPECT_EQ(0, nx_dev_add("u", nx_ifindex("br0")));
}

NX_TEST_MAIN("policy")
