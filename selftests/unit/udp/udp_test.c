// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of lib/udp/udp.c. Sockets are the host's own.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "../fixture.h"

static int open_error(struct fixture *f, const char *local, const char *remote,
		      uint32_t flags)
{
	struct nexus_udp_options options = { .flags = flags };
	struct nexus_udp *udp;
	int err;

	if (local)
		options.local = fake_addr(local);
	if (remote)
		options.remote = fake_addr(remote);
	err = nexus_udp_open(f->stack, &options, &udp);
	if (!err)
		nexus_udp_close(udp);
	return err;
}

static void nexus_udp_open__tells_its_addresses(void)
{
	struct nexus_addr addr;
	struct nexus_udp *udp;
	struct fixture f;
	char text[NEXUS_ADDR_STRLEN];

	fixture_start(&f);
	udp = fixture_udp(&f, "127.0.0.1:0", "127.0.0.1:5000");
	nexus_udp_local(udp, &addr);
	CU_ASSERT_EQUAL(addr.family, AF_INET);
	CU_ASSERT_NOT_EQUAL(addr.port, 0);
	CU_ASSERT_EQUAL(addr.ip[0], 127);
	nexus_udp_remote(udp, &addr);
	CU_ASSERT_STRING_EQUAL(nexus_addr_format(&addr, text, sizeof(text)),
			       "127.0.0.1:5000");
	CU_ASSERT_PTR_EQUAL(nexus_udp_stack(udp), f.stack);
	nexus_udp_close(udp);
	udp = fixture_udp(&f, "127.0.0.1:0", NULL);
	nexus_udp_remote(udp, &addr);
	CU_ASSERT_EQUAL(addr.family, 0);
	fixture_end(&f);
}

static void nexus_udp_open__says_what_the_kernel_says(void)
{
	struct nexus_udp *udp;
	struct nexus_addr addr;
	char text[NEXUS_ADDR_STRLEN];
	struct fixture f;

	fixture_start(&f);
	udp = fixture_udp(&f, "127.0.0.1:0", NULL);
	nexus_udp_local(udp, &addr);
	nexus_addr_format(&addr, text, sizeof(text));
	CU_ASSERT_EQUAL(open_error(&f, text, NULL, 0), -EADDRINUSE);
	CU_ASSERT_PTR_NOT_NULL(strstr(nexus_error_text(), text));
	CU_ASSERT_EQUAL(open_error(&f, "192.0.2.77:0", NULL, 0), -EADDRNOTAVAIL);
	f.fk.flow_error = -EEXIST;
	CU_ASSERT_EQUAL(open_error(&f, "127.0.0.1:0", NULL, 0), -EEXIST);
	fixture_end(&f);
}

static void nexus_udp_open__refuses_bad_options(void)
{
	struct fixture f;

	fixture_start(&f);
	CU_ASSERT_EQUAL(open_error(&f, NULL, NULL, 0), -EAFNOSUPPORT);
	CU_ASSERT_EQUAL(open_error(&f, "127.0.0.1:0", NULL, 1u << 20), -EINVAL);
	CU_ASSERT_EQUAL(open_error(&f, "127.0.0.1:0", "127.0.0.1:0", 0), -EINVAL);
	CU_ASSERT_EQUAL(open_error(&f, "127.0.0.1:0", "[::1]:5", 0),
			-EAFNOSUPPORT);
	fixture_end(&f);
}

static int option(int fd, int level, int name)
{
	socklen_t len = sizeof(int);
	int value = -1;

	getsockopt(fd, level, name, &value, &len);
	return value;
}

static void nexus_udp_open__sets_socket_options(void)
{
	struct nexus_udp_options options = {
		.flags = NEXUS_UDP_REUSEADDR | NEXUS_UDP_REUSEPORT |
			 NEXUS_UDP_BROADCAST | NEXUS_UDP_V6ONLY,
	};
	struct nexus_udp *udp;
	struct fixture f;
	int fd;

	fixture_start(&f);
	udp = fixture_udp_with(&f, &options, "[::1]:0", NULL);
	fd = nexus_udp_fd(udp);
	CU_ASSERT_EQUAL(option(fd, SOL_SOCKET, SO_REUSEADDR), 1);
	CU_ASSERT_EQUAL(option(fd, SOL_SOCKET, SO_REUSEPORT), 1);
	CU_ASSERT_EQUAL(option(fd, SOL_SOCKET, SO_BROADCAST), 1);
	CU_ASSERT_EQUAL(option(fd, IPPROTO_IPV6, IPV6_V6ONLY), 1);
	nexus_udp_close(udp);
	options.flags = 0;
	udp = fixture_udp_with(&f, &options, "[::]:0", NULL);
	CU_ASSERT_EQUAL(option(nexus_udp_fd(udp), IPPROTO_IPV6, IPV6_V6ONLY), 0);
	fixture_end(&f);
}

static void nexus_udp_open__asks_for_the_bulk_class(void)
{
	struct nexus_udp_options options = { .flags = NEXUS_UDP_BULK };
	struct nexus_udp *udp;
	struct fixture f;

	fixture_start(&f);
	udp = fixture_udp_with(&f, &options, "127.0.0.1:0", NULL);
	CU_ASSERT_EQUAL(f.fk.flows[fixture_flow(udp)].traffic_class,
			NEXUS_CLASS_BULK);
	fixture_end(&f);
}

static void nexus_udp_open__asks_for_low_latency(void)
{
	struct nexus_udp_options options = {
		.flags = NEXUS_UDP_LOW_LATENCY, .ll_permille = 50,
	};
	struct nexus_flow_add *flow;
	struct nexus_udp *udp;
	struct fixture f;

	fixture_start(&f);
	udp = fixture_udp_with(&f, &options, "127.0.0.1:0", NULL);
	flow = &f.fk.flows[fixture_flow(udp)];
	CU_ASSERT_EQUAL(flow->traffic_class, NEXUS_CLASS_LOW_LATENCY);
	CU_ASSERT_EQUAL(flow->ll_permille, 50);
	nexus_addr_parse(&options.local, "127.0.0.1:0");
	f.fk.flow_error = -EDQUOT;
	CU_ASSERT_EQUAL(nexus_udp_open(f.stack, &options, &udp), -EDQUOT);
	f.fk.flow_error = 0;
	fixture_end(&f);
}

static void nexus_udp_adopt__leaves_the_descriptor_to_the_caller(void)
{
	struct sockaddr_in sin = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	struct nexus_udp *udp;
	struct nexus_addr addr;
	struct fixture f;

	fixture_start(&f);
	CU_ASSERT_EQUAL(nexus_udp_adopt(f.stack, fd, NULL, &udp), -EDESTADDRREQ);
	CU_ASSERT_EQUAL(bind(fd, (void *)&sin, sizeof(sin)), 0);
	f.fk.flow_error = -EALREADY;
	CU_ASSERT_EQUAL(nexus_udp_adopt(f.stack, fd, NULL, &udp), -EALREADY);
	f.fk.flow_error = 0;
	CU_ASSERT_EQUAL_FATAL(nexus_udp_adopt(f.stack, fd, NULL, &udp), 0);
	CU_ASSERT_NOT_EQUAL(nexus_udp_fd(udp), fd);
	CU_ASSERT_EQUAL(close(fd), 0);
	nexus_udp_local(udp, &addr);
	CU_ASSERT_EQUAL(addr.ip[0], 127);
	CU_ASSERT_EQUAL(nexus_udp_adopt(f.stack, -1, NULL, &udp), -EBADF);
	fixture_end(&f);
}

static void nexus_udp_close__ends_the_flow_and_the_socket(void)
{
	struct nexus_udp *udp;
	struct fixture f;
	int fd;

	fixture_start(&f);
	udp = fixture_udp(&f, "127.0.0.1:0", NULL);
	fd = nexus_udp_fd(udp);
	CU_ASSERT_TRUE(f.fk.has_flow[0]);
	nexus_udp_close(udp);
	CU_ASSERT_FALSE(f.fk.has_flow[0]);
	CU_ASSERT_EQUAL(fcntl(fd, F_GETFD), -1);
	nexus_udp_close(NULL);
	fixture_end(&f);
}

static void nexus_udp_close__drops_what_was_queued(void)
{
	struct nexus_udp *udp;
	struct fixture f;

	fixture_start(&f);
	udp = fixture_udp(&f, "127.0.0.1:0", NULL);
	fixture_deliver(&f, udp, "127.0.0.1:5000", "x", 1);
	nexus_stack_run(f.stack);
	nexus_udp_close(udp);
	nexus_queue_sync(&nexus_stack_channel(f.stack)->queues[0],
			 NEXUS_SYNC_REFILL, 0);
	CU_ASSERT_EQUAL(fake_user_buffers(&f.fk), f.fk.alloc_target);
	fixture_end(&f);
}

static void close_itself(struct nexus_udp *udp, struct nexus_packet *pkt,
			 void *arg)
{
	++*(unsigned int *)arg;
	nexus_udp_close(udp);
	nexus_packet_put(nexus_udp_stack(udp), pkt);
	nexus_udp_close(udp);
}

static void nexus_udp_close__may_be_called_by_its_callback(void)
{
	unsigned int nr = 0;
	struct nexus_udp_options options = { .receive = close_itself, .arg = &nr };
	struct nexus_udp *udp;
	struct fixture f;

	fixture_start(&f);
	udp = fixture_udp_with(&f, &options, "127.0.0.1:0", NULL);
	fixture_deliver(&f, udp, "127.0.0.1:5000", "x", 1);
	fixture_deliver(&f, udp, "127.0.0.1:5000", "x", 1);
	CU_ASSERT_EQUAL(nexus_stack_run(f.stack), 2);
	CU_ASSERT_EQUAL(nr, 1);
	fixture_end(&f);
}

static struct nexus_flow_advisory *advisory(struct fixture *f, uint32_t flow)
{
	return (struct nexus_flow_advisory *)(f->fk.maps[NEXUS_REGION_ADVISORY] +
			f->fk.schema->flow_advisory_off) + flow;
}

static void nexus_udp_mtu__is_read_from_the_advisory(void)
{
	struct nexus_udp *udp;
	struct fixture f;
	uint32_t before;

	fixture_start(&f);
	fixture_udp(&f, "127.0.0.1:0", NULL);
	udp = fixture_udp(&f, "127.0.0.1:0", NULL);
	before = f.fk.nr_syncs;
	CU_ASSERT_EQUAL(nexus_udp_mtu(udp), 0);
	advisory(&f, 1)->mtu = 1300;
	CU_ASSERT_EQUAL(nexus_udp_mtu(udp), 1300);
	CU_ASSERT_FALSE(nexus_udp_is_suspended(udp));
	advisory(&f, 1)->flags = NEXUS_FLOW_SUSPENDED;
	CU_ASSERT_TRUE(nexus_udp_is_suspended(udp));
	CU_ASSERT_EQUAL(f.fk.nr_syncs, before);
	fixture_end(&f);
}

static const struct unit_case cases[] = {
	UNIT_CASE(nexus_udp_open__tells_its_addresses),
	UNIT_CASE(nexus_udp_open__says_what_the_kernel_says),
	UNIT_CASE(nexus_udp_open__refuses_bad_options),
	UNIT_CASE(nexus_udp_open__sets_socket_options),
	UNIT_CASE(nexus_udp_open__asks_for_the_bulk_class),
	UNIT_CASE_ID(nexus_udp_open__asks_for_low_latency, "LL-4"),
	UNIT_CASE(nexus_udp_adopt__leaves_the_descriptor_to_the_caller),
	UNIT_CASE(nexus_udp_close__ends_the_flow_and_the_socket),
	UNIT_CASE(nexus_udp_close__drops_what_was_queued),
	UNIT_CASE(nexus_udp_close__may_be_called_by_its_callback),
	UNIT_CASE(nexus_udp_mtu__is_read_from_the_advisory),
};

UNIT_SUITE(udp_udp_suite, "udp/udp", cases);
