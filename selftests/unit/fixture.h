/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A stack on a fake kernel, in the state that a test begins with.
 */
#ifndef _FIXTURE_H
#define _FIXTURE_H

#include "fake_kernel.h"
#include "unit.h"

/**
 * struct fixture - a stack and the kernel below it
 * @fk:      the kernel
 * @channel: how the channel is opened
 * @options: how the stack is opened
 * @stack:   the stack
 * @now_ns:  its clock
 */
struct fixture {
	struct fake_kernel		fk;
	struct nexus_channel_options	channel;
	struct nexus_stack_options	options;
	struct nexus_stack		*stack;
	uint64_t			now_ns;
};

/* Indices begin shortly before 2^32, so that every test sees them wrap. */
#define FIXTURE_START	0xfffffff8u

/* Prepares; the test may change @channel, @options and @fk and then opens. */
void fixture_init(struct fixture *f);
void fixture_open(struct fixture *f);

/* Both. */
void fixture_start(struct fixture *f);

/* Closes; fails if the library broke a rule or kept a buffer. */
void fixture_end(struct fixture *f);

/* Lets everything happen that needs no time; and the same with @ns of time. */
void fixture_settle(struct fixture *f);
void fixture_pass(struct fixture *f, uint64_t ns);

/* An endpoint bound to @local, connected to @remote if that is not NULL. */
struct nexus_udp *fixture_udp(struct fixture *f, const char *local,
			      const char *remote);

/* The same with all of the options. */
struct nexus_udp *fixture_udp_with(struct fixture *f,
				   struct nexus_udp_options *options,
				   const char *local, const char *remote);

/* Delivers @len bytes of @payload from @src to the endpoint's own address. */
void fixture_deliver(struct fixture *f, struct nexus_udp *udp, const char *src,
		     const void *payload, size_t len);

/* An endpoint's flow index. */
uint32_t fixture_flow(const struct nexus_udp *udp);

#endif /* _FIXTURE_H */
