// SPDX-License-Identifier: GPL-2.0
/*
 * See fixture.h.
 */
#include <string.h>

#include "fixture.h"

#include "../../lib/udp/internal.h"

static uint64_t read_now(void *arg)
{
	return ((struct fixture *)arg)->now_ns;
}

void fixture_init(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	fake_init(&f->fk);
	f->fk.start = FIXTURE_START;
	f->now_ns = 1000000000;
	f->channel.backend = &fake_backend;
	f->channel.backend_arg = &f->fk;
	f->options.channel = &f->channel;
	f->options.clock = read_now;
	f->options.clock_arg = f;
}

void fixture_open(struct fixture *f)
{
	int err = nexus_stack_open(&f->stack, &f->options);

	if (err)
		CU_FAIL_FATAL("the stack does not open");
}

void fixture_start(struct fixture *f)
{
	fixture_init(f);
	fixture_open(f);
}

void fixture_end(struct fixture *f)
{
	nexus_stack_close(f->stack);
	CU_ASSERT_EQUAL(f->fk.nr_violations, 0);
	CU_ASSERT_EQUAL(f->fk.nr_mmaps, f->fk.nr_munmaps);
	CU_ASSERT_EQUAL(f->fk.nr_closes, f->fk.nr_attaches);
	fake_exit(&f->fk);
}

/* No more runs than this until nothing happens any more. */
#define NR_RUNS		2000

void fixture_settle(struct fixture *f)
{
	unsigned int i, nr_idle = 0;

	/* Who waits for room is looked at in every run. */
	for (i = 0; i < NR_RUNS && nr_idle < 4; i++) {
		nexus_stack_run(f->stack);
		nr_idle = nexus_rx_peek(f->stack->queue) ? 0 : nr_idle + 1;
	}
	CU_ASSERT(nr_idle == 4);
}

void fixture_pass(struct fixture *f, uint64_t ns)
{
	uint64_t end_ns = f->now_ns + ns;
	int64_t left;

	fixture_settle(f);
	while ((left = nexus_stack_timeout_ns(f->stack)) >= 0 &&
	       f->now_ns + (uint64_t)left <= end_ns) {
		f->now_ns += (uint64_t)left;
		fixture_settle(f);
	}
	f->now_ns = end_ns;
}

struct nexus_udp *fixture_udp_with(struct fixture *f,
				   struct nexus_udp_options *options,
				   const char *local, const char *remote)
{
	struct nexus_udp *udp = NULL;

	options->local = fake_addr(local);
	if (remote)
		options->remote = fake_addr(remote);
	if (nexus_udp_open(f->stack, options, &udp))
		CU_FAIL_FATAL("the endpoint does not open");
	return udp;
}

struct nexus_udp *fixture_udp(struct fixture *f, const char *local,
			      const char *remote)
{
	struct nexus_udp_options options = { 0 };

	return fixture_udp_with(f, &options, local, remote);
}

uint32_t fixture_flow(const struct nexus_udp *udp)
{
	return udp->flow;
}

void fixture_deliver(struct fixture *f, struct nexus_udp *udp, const char *src,
		     const void *payload, size_t len)
{
	struct nexus_addr from = fake_addr(src), to;

	nexus_udp_local(udp, &to);
	CU_ASSERT_EQUAL(fake_deliver_udp(&f->fk, udp->flow, &from, &to, payload,
					 len), 0);
}
