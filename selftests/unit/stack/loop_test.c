// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of lib/stack/loop.c.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>

#include "../fixture.h"
#include "../../../lib/stack/internal.h"

static struct nexus_addr peer(void)
{
	return fake_addr("127.0.0.1:5000");
}

static void echo(struct nexus_udp *udp, struct nexus_packet *pkt, void *arg)
{
	++*(unsigned int *)arg;
	if (nexus_udp_reply(udp, pkt, pkt))
		nexus_packet_put(nexus_udp_stack(udp), pkt);
}

static struct nexus_udp *open_echo(struct fixture *f, unsigned int *nr)
{
	struct nexus_udp_options options = { .receive = echo, .arg = nr };

	return fixture_udp_with(f, &options, "127.0.0.1:0", NULL);
}

static void drain(struct nexus_udp *udp)
{
	struct nexus_packet *pkt;

	while ((pkt = nexus_udp_recv(udp)))
		nexus_packet_put(nexus_udp_stack(udp), pkt);
}

/* ------------------------------------------------------------------ flush */

static void nexus_stack_flush__sends_a_batch_with_one_call(void)
{
	struct nexus_addr to = peer();
	struct nexus_udp *udp;
	struct fixture f;
	uint32_t i, before;

	fixture_start(&f);
	udp = fixture_udp(&f, "127.0.0.1:0", NULL);
	CU_ASSERT_EQUAL(nexus_udp_sendto(udp, "x", 1, &to), 1);
	nexus_stack_flush(f.stack);
	before = f.fk.nr_syncs;
	for (i = 0; i < 32; i++)
		CU_ASSERT_EQUAL(nexus_udp_sendto(udp, "x", 1, &to), 1);
	CU_ASSERT_EQUAL(f.fk.nr_syncs, before);
	CU_ASSERT_EQUAL(nexus_stack_flush(f.stack), 0);
	CU_ASSERT_EQUAL(f.fk.nr_syncs, before + 1);
	CU_ASSERT_EQUAL(f.fk.nr_sent, 33);
	CU_ASSERT_EQUAL(nexus_stack_flush(f.stack), 0);
	CU_ASSERT_EQUAL(f.fk.nr_syncs, before + 1);
	fixture_end(&f);
}

static void nx_stack_tx_reserve__flushes_a_full_ring(void)
{
	struct nexus_addr to = peer();
	struct nexus_udp *udp;
	struct fixture f;
	uint32_t i;

	fixture_init(&f);
	f.channel.tx_slots = 8;
	fixture_open(&f);
	udp = fixture_udp(&f, "127.0.0.1:0", NULL);
	for (i = 0; i < 100; i++)
		CU_ASSERT_EQUAL(nexus_udp_sendto(udp, "x", 1, &to), 1);
	CU_ASSERT_TRUE(f.fk.nr_sent >= 92);
	fixture_end(&f);
}

/* The kernel says EAGAIN and leaves TX as it is: nothing is lost. */
static void nexus_stack_flush__keeps_what_cannot_leave(void)
{
	struct nexus_addr to = peer();
	struct nexus_udp *udp;
	struct fixture f;

	fixture_start(&f);
	udp = fixture_udp(&f, "127.0.0.1:0", NULL);
	CU_ASSERT_EQUAL(nexus_udp_sendto(udp, "x", 1, &to), 1);
	CU_ASSERT_EQUAL(nexus_stack_poll_events(f.stack), POLLIN);
	f.fk.sync_error = -EAGAIN;
	CU_ASSERT_EQUAL(nexus_stack_flush(f.stack), -EAGAIN);
	CU_ASSERT_EQUAL(nexus_stack_poll_events(f.stack), POLLIN | POLLOUT);
	CU_ASSERT_EQUAL(f.fk.nr_sent, 0);
	CU_ASSERT_EQUAL(nexus_stack_flush(f.stack), 0);
	CU_ASSERT_EQUAL(nexus_stack_poll_events(f.stack), POLLIN);
	CU_ASSERT_EQUAL(f.fk.nr_sent, 1);
	fixture_end(&f);
}

/* -------------------------------------------------------------------- run */

static void nexus_stack_run__makes_no_call_without_work(void)
{
	struct nexus_udp *udp;
	struct fixture f;
	uint32_t i;

	fixture_start(&f);
	udp = fixture_udp(&f, "127.0.0.1:0", NULL);
	for (i = 0; i < 20; i++) {
		fixture_deliver(&f, udp, "127.0.0.1:5000", "x", 1);
		CU_ASSERT_EQUAL(nexus_stack_run(f.stack), 1);
		drain(udp);
	}
	CU_ASSERT_EQUAL(nexus_stack_run(f.stack), 0);
	CU_ASSERT_EQUAL(f.fk.nr_syncs, 0);
	fixture_end(&f);
}

static void nexus_stack_run__sends_what_callbacks_sent(void)
{
	struct nexus_udp *udp;
	unsigned int nr = 0;
	struct fixture f;
	uint32_t i;

	fixture_start(&f);
	udp = open_echo(&f, &nr);
	for (i = 0; i < 32; i++)
		fixture_deliver(&f, udp, "127.0.0.1:5000", "x", 1);
	CU_ASSERT_EQUAL(nexus_stack_run(f.stack), 32);
	CU_ASSERT_EQUAL(nr, 32);
	CU_ASSERT_EQUAL(f.fk.nr_sent, 32);
	CU_ASSERT_EQUAL(f.fk.nr_syncs, 1);
	fixture_end(&f);
}

static void nexus_stack_run__stops_at_the_budget(void)
{
	struct nexus_udp *udp;
	struct fixture f;
	uint32_t i;

	fixture_init(&f);
	f.options.budget = 5;
	fixture_open(&f);
	udp = fixture_udp(&f, "127.0.0.1:0", NULL);
	for (i = 0; i < 12; i++)
		fixture_deliver(&f, udp, "127.0.0.1:5000", "x", 1);
	CU_ASSERT_EQUAL(nexus_stack_run(f.stack), 5);
	CU_ASSERT_EQUAL(nexus_stack_run(f.stack), 5);
	CU_ASSERT_EQUAL(nexus_stack_run(f.stack), 2);
	CU_ASSERT_EQUAL(nexus_stack_run(f.stack), 0);
	drain(udp);
	fixture_end(&f);
}

/* Rings of 8 slots and 32 buffers, 10,000 packets: every index wraps. */
static void nexus_stack_run__goes_on_across_all_wraps(void)
{
	struct nexus_udp *udp;
	unsigned int nr = 0;
	struct fixture f;
	uint32_t i;

	fixture_init(&f);
	f.channel.tx_slots = 8;
	f.channel.rx_slots = 8;
	f.channel.nr_small = 32;
	fixture_open(&f);
	udp = open_echo(&f, &nr);
	for (i = 0; i < 10000; i++) {
		fixture_deliver(&f, udp, "127.0.0.1:5000", &i, sizeof(i));
		CU_ASSERT_EQUAL(nexus_stack_run(f.stack), 1);
		CU_ASSERT_EQUAL_FATAL(f.fk.nr_sent, 1);
		CU_ASSERT_EQUAL(memcmp(f.fk.sent[0].data + 28, &i, 4), 0);
		fake_forget_sent(&f.fk);
	}
	CU_ASSERT_EQUAL(nr, 10000);
	fixture_end(&f);
}

/*
 * Answers in place move buffers from RX to ALLOC: they must come back, or the
 * kernel has none left to receive.
 */
static void nexus_stack_run__does_not_let_alloc_swallow_the_pool(void)
{
	struct nexus_udp *udp;
	unsigned int nr = 0;
	struct fixture f;
	uint32_t i;

	fixture_init(&f);
	f.channel.nr_small = 32;
	f.channel.tx_slots = 64;
	fixture_open(&f);
	udp = open_echo(&f, &nr);
	for (i = 0; i < 1000; i++) {
		struct nexus_addr from = peer(), to;

		nexus_udp_local(udp, &to);
		CU_ASSERT_EQUAL_FATAL(fake_deliver_udp(&f.fk, fixture_flow(udp),
						       &from, &to, "x", 1), 0);
		nexus_stack_run(f.stack);
		fake_forget_sent(&f.fk);
	}
	CU_ASSERT_EQUAL(nr, 1000);
	fixture_end(&f);
}

/* What FREE holds is worth a call only when it is a good part of the pool. */
static void nexus_stack_run__refills_rarely(void)
{
	struct nexus_udp *udp;
	struct fixture f;
	uint32_t i;

	fixture_init(&f);
	f.channel.nr_small = 64;
	f.fk.alloc_target = 8;
	fixture_open(&f);
	udp = fixture_udp(&f, "127.0.0.1:0", NULL);
	for (i = 0; i < 18 + 9 * 17; i++) {
		fixture_deliver(&f, udp, "127.0.0.1:5000", "x", 1);
		nexus_stack_run(f.stack);
		drain(udp);
	}
	CU_ASSERT_EQUAL(f.fk.nr_syncs, 10);
	CU_ASSERT_EQUAL(f.fk.last_sync.flags, NEXUS_SYNC_REFILL);
	fixture_end(&f);
}

static int inner_result;

static void run_within(struct nexus_udp *udp, struct nexus_packet *pkt, void *arg)
{
	struct nexus_stack *stack = nexus_udp_stack(udp);

	(void)arg;
	inner_result = nexus_stack_run(stack);
	CU_ASSERT_EQUAL(nexus_stack_poll(stack, 0), -EBUSY);
	nexus_packet_put(stack, pkt);
}

static void nexus_stack_run__refuses_to_nest(void)
{
	struct nexus_udp_options options = { .receive = run_within };
	struct nexus_udp *udp;
	struct fixture f;

	fixture_start(&f);
	udp = fixture_udp_with(&f, &options, "127.0.0.1:0", NULL);
	fixture_deliver(&f, udp, "127.0.0.1:5000", "x", 1);
	CU_ASSERT_EQUAL(nexus_stack_run(f.stack), 1);
	CU_ASSERT_EQUAL(inner_result, -EBUSY);
	fixture_end(&f);
}

static void nexus_stack_run__reports_what_moved(void)
{
	struct nexus_udp *udp;
	unsigned int nr = 0;
	struct fixture f;
	const struct nexus_ustats *ustats;

	fixture_start(&f);
	ustats = nexus_stack_channel(f.stack)->ustats;
	udp = open_echo(&f, &nr);
	fixture_deliver(&f, udp, "127.0.0.1:5000", "abc", 3);
	fixture_deliver(&f, udp, "127.0.0.1:5000", "defg", 4);
	nexus_stack_run(f.stack);
	CU_ASSERT_EQUAL(ustats->rx_packets, 2);
	CU_ASSERT_EQUAL(ustats->rx_bytes, 7);
	CU_ASSERT_EQUAL(ustats->tx_packets, 2);
	CU_ASSERT_EQUAL(ustats->tx_bytes, 7);
	fixture_end(&f);
}

/* ----------------------------------------------------------------- events */

static struct nexus_event seen[4];
static unsigned int nr_seen;

static void note_event(struct nexus_stack *stack, const struct nexus_event *event,
		       void *arg)
{
	(void)stack;
	(void)arg;
	seen[nr_seen++ % 4] = *event;
}

static void nexus_stack_run__hands_events_on(void)
{
	struct nexus_event link = {
		.type = NEXUS_EVENT_LINK, .flow = NEXUS_FLOW_NONE, .value = 3,
	};
	struct nexus_event gone = { .type = NEXUS_EVENT_ADDR_GONE };
	struct nexus_udp_error error;
	struct nexus_udp *udp;
	struct fixture f;

	fixture_init(&f);
	f.options.event = note_event;
	fixture_open(&f);
	nr_seen = 0;
	udp = fixture_udp(&f, "127.0.0.1:0", NULL);
	gone.flow = fixture_flow(udp);
	fake_post(&f.fk, &link);
	fake_post(&f.fk, &gone);
	CU_ASSERT_EQUAL(nexus_stack_run(f.stack), 0);
	CU_ASSERT_EQUAL(nr_seen, 2);
	CU_ASSERT_EQUAL(seen[0].value, 3);
	CU_ASSERT_TRUE(nexus_udp_take_error(udp, &error));
	CU_ASSERT_EQUAL(error.err, EADDRNOTAVAIL);
	fixture_end(&f);
}

static void nexus_stack_run__forgets_sources_when_addresses_change(void)
{
	struct nexus_event link = {
		.type = NEXUS_EVENT_LINK, .flow = NEXUS_FLOW_NONE,
	};
	struct nexus_addr to = peer();
	struct nexus_udp *udp;
	struct fixture f;

	fixture_start(&f);
	udp = fixture_udp(&f, "0.0.0.0:0", NULL);
	CU_ASSERT_EQUAL(nexus_udp_sendto(udp, "x", 1, &to), 1);
	f.stack->source.nr_locals = 1;
	fake_post(&f.fk, &link);
	nexus_stack_run(f.stack);
	CU_ASSERT_EQUAL(f.stack->source.nr_locals, 0);
	fixture_end(&f);
}

/* ------------------------------------------------------------------- poll */

/* The peer answers while the program sleeps. */
static void answer(struct fake_kernel *fk, void *arg)
{
	struct nexus_addr from = peer(), to;

	nexus_udp_local(arg, &to);
	fake_deliver_udp(fk, fixture_flow(arg), &from, &to, "pong", 4);
}

static void nexus_stack_poll__needs_one_call_for_a_round_trip(void)
{
	struct nexus_addr to = peer();
	struct nexus_udp *udp;
	struct fixture f;
	uint32_t i;

	fixture_start(&f);
	udp = fixture_udp(&f, "127.0.0.1:0", NULL);
	f.fk.on_wait = answer;
	f.fk.wait_arg = udp;
	CU_ASSERT_EQUAL(nexus_udp_sendto(udp, "ping", 4, &to), 4);
	f.fk.nr_syncs = 0;
	for (i = 0; i < 10; i++) {
		CU_ASSERT_EQUAL(nexus_stack_poll(f.stack, NEXUS_TIMEOUT_NONE), 1);
		drain(udp);
		CU_ASSERT_EQUAL(nexus_udp_sendto(udp, "ping", 4, &to), 4);
	}
	CU_ASSERT_EQUAL(f.fk.nr_syncs, 10);
	CU_ASSERT_EQUAL(f.fk.nr_waits, 10);
	CU_ASSERT_EQUAL(f.fk.nr_sent, 10);
	CU_ASSERT_EQUAL(f.fk.last_sync.flags, NEXUS_SYNC_TX | NEXUS_SYNC_WAIT_RX);
	CU_ASSERT_EQUAL(f.fk.last_sync.timeout_ns, NEXUS_TIMEOUT_NONE);
	fixture_end(&f);
}

static void nexus_stack_poll__does_not_sleep_on_a_full_ring(void)
{
	struct nexus_udp *udp;
	struct fixture f;

	fixture_start(&f);
	udp = fixture_udp(&f, "127.0.0.1:0", NULL);
	fixture_deliver(&f, udp, "127.0.0.1:5000", "x", 1);
	CU_ASSERT_EQUAL(nexus_stack_poll(f.stack, NEXUS_TIMEOUT_NONE), 1);
	CU_ASSERT_EQUAL(f.fk.nr_syncs, 0);
	drain(udp);
	fixture_end(&f);
}

/* Packets keep coming: what is to be sent leaves nevertheless. */
static void nexus_stack_poll__sends_while_packets_wait(void)
{
	struct nexus_udp *udp;
	unsigned int nr = 0;
	struct fixture f;

	fixture_start(&f);
	udp = open_echo(&f, &nr);
	fixture_deliver(&f, udp, "127.0.0.1:5000", "x", 1);
	CU_ASSERT_EQUAL(nexus_stack_poll(f.stack, NEXUS_TIMEOUT_NONE), 1);
	CU_ASSERT_EQUAL(f.fk.nr_sent, 0);
	fixture_deliver(&f, udp, "127.0.0.1:5000", "x", 1);
	CU_ASSERT_EQUAL(nexus_stack_poll(f.stack, NEXUS_TIMEOUT_NONE), 1);
	CU_ASSERT_EQUAL(f.fk.nr_sent, 1);
	CU_ASSERT_EQUAL(f.fk.nr_waits, 0);
	fixture_end(&f);
}

static void nexus_stack_poll__returns_0_after_the_timeout(void)
{
	struct fixture f;

	fixture_start(&f);
	CU_ASSERT_EQUAL(nexus_stack_poll(f.stack, 5000), 0);
	CU_ASSERT_EQUAL(f.fk.last_sync.timeout_ns, 5000);
	CU_ASSERT_EQUAL(nexus_stack_poll(f.stack, 0), 0);
	CU_ASSERT_EQUAL(f.fk.nr_syncs, 1);
	f.fk.sync_error = -EINTR;
	CU_ASSERT_EQUAL(nexus_stack_poll(f.stack, NEXUS_TIMEOUT_NONE), 0);
	fixture_end(&f);
}

static void fired(struct nexus_timer *timer, void *arg)
{
	(void)timer;
	++*(unsigned int *)arg;
}

static void nexus_stack_poll__wakes_for_the_next_timer(void)
{
	unsigned int nr = 0;
	struct nexus_timer timer = { .fire = fired, .arg = &nr };
	struct fixture f;

	fixture_start(&f);
	nexus_timer_set(f.stack, &timer, f.now_ns + 700);
	nexus_stack_poll(f.stack, NEXUS_TIMEOUT_NONE);
	CU_ASSERT_EQUAL(f.fk.last_sync.timeout_ns, 700);
	nexus_stack_poll(f.stack, 300);
	CU_ASSERT_EQUAL(f.fk.last_sync.timeout_ns, 300);
	CU_ASSERT_EQUAL(nr, 0);
	f.now_ns += 700;
	f.fk.nr_syncs = 0;
	CU_ASSERT_EQUAL(nexus_stack_poll(f.stack, NEXUS_TIMEOUT_NONE), 0);
	CU_ASSERT_EQUAL(nr, 1);
	CU_ASSERT_EQUAL(f.fk.nr_syncs, 0);
	fixture_end(&f);
}

/* On the machine's clock, a kernel that can is told when, and nobody looks. */
static void nexus_stack_poll__tells_when_it_wakes(void)
{
	const uint32_t both = NEXUS_SYNC_WAIT_RX | NEXUS_SYNC_UNTIL;
	struct nexus_timer timer = { .fire = fired };
	uint64_t at_ns;
	struct fixture f;

	fixture_start(&f);
	f.stack->clock = NULL;
	at_ns = nexus_stack_now_ns(f.stack) + 3600000000000ULL;
	nexus_timer_set(f.stack, &timer, at_ns);
	nexus_stack_poll(f.stack, NEXUS_TIMEOUT_NONE);
	CU_ASSERT_EQUAL(f.fk.last_sync.flags, NEXUS_SYNC_WAIT_RX);
	CU_ASSERT(f.fk.last_sync.timeout_ns <= 3600000000000LL);
	f.stack->channel->features |= NEXUS_FEATURE_UNTIL;
	nexus_stack_poll(f.stack, NEXUS_TIMEOUT_NONE);
	CU_ASSERT_EQUAL(f.fk.last_sync.flags, both);
	CU_ASSERT_EQUAL(f.fk.last_sync.timeout_ns, (int64_t)at_ns);
	nexus_stack_poll(f.stack, 300);
	CU_ASSERT_EQUAL(f.fk.last_sync.flags, NEXUS_SYNC_WAIT_RX);
	CU_ASSERT_EQUAL(f.fk.last_sync.timeout_ns, 300);
	nexus_timer_cancel(f.stack, &timer);
	nexus_timer_set(f.stack, &timer, UINT64_MAX);
	nexus_stack_poll(f.stack, NEXUS_TIMEOUT_NONE);
	CU_ASSERT_EQUAL(f.fk.last_sync.timeout_ns, NEXUS_TIMEOUT_NONE);
	nexus_timer_cancel(f.stack, &timer);
	fixture_end(&f);
}

static void nexus_stack_prepare_sleep__needs_kernel_and_clock(void)
{
	struct nexus_sleep sleep;
	struct fixture f;

	fixture_start(&f);
	f.stack->channel->features |= NEXUS_FEATURE_BESIDE;
	CU_ASSERT_EQUAL(nexus_stack_prepare_sleep(f.stack, &sleep, 5, UINT64_MAX),
			-EOPNOTSUPP);
	f.stack->clock = NULL;
	CU_ASSERT_EQUAL(nexus_stack_prepare_sleep(f.stack, &sleep, 5, UINT64_MAX),
			1);
	f.stack->channel->features &= ~NEXUS_FEATURE_BESIDE;
	CU_ASSERT_EQUAL(nexus_stack_prepare_sleep(f.stack, &sleep, 5, UINT64_MAX),
			-EOPNOTSUPP);
	fixture_end(&f);
}

static void nexus_stack_prepare_sleep__ends_with_whatever_comes(void)
{
	struct nexus_timer timer = { .fire = fired };
	struct nexus_addr to = peer();
	struct nexus_sleep sleep;
	struct nexus_udp *udp;
	struct fixture f;
	uint64_t at_ns;
	uint32_t sent;

	fixture_start(&f);
	f.stack->channel->features |= NEXUS_FEATURE_BESIDE;
	f.stack->clock = NULL;
	udp = fixture_udp(&f, "127.0.0.1:0", NULL);
	sent = f.fk.nr_sent;
	CU_ASSERT_EQUAL(nexus_udp_sendto(udp, "x", 1, &to), 1);
	CU_ASSERT_EQUAL(nexus_stack_prepare_sleep(f.stack, &sleep, 5, UINT64_MAX),
			1);
	/* What stood in TX has left. */
	CU_ASSERT_EQUAL(f.fk.nr_sent, sent + 1);
	CU_ASSERT_EQUAL(sleep.sync.timeout_ns, NEXUS_TIMEOUT_NONE);
	CU_ASSERT_EQUAL(sleep.sync.fd, 5);
	CU_ASSERT_EQUAL(nexus_sleep(&sleep), 0);
	CU_ASSERT_EQUAL(f.fk.last_sync.flags,
			NEXUS_SYNC_WAIT_RX | NEXUS_SYNC_WAIT_FD |
			NEXUS_SYNC_FIRST | NEXUS_SYNC_UNTIL);
	at_ns = nexus_stack_now_ns(f.stack) + 3600000000000ULL;
	nexus_timer_set(f.stack, &timer, at_ns);
	nexus_stack_prepare_sleep(f.stack, &sleep, 5, UINT64_MAX);
	CU_ASSERT_EQUAL(sleep.sync.timeout_ns, (int64_t)at_ns);
	nexus_stack_prepare_sleep(f.stack, &sleep, 5, 7);
	CU_ASSERT_EQUAL(sleep.sync.timeout_ns, 7);
	f.fk.sync_error = -EINTR;
	CU_ASSERT_EQUAL(nexus_sleep(&sleep), -EINTR);
	f.fk.sync_error = -ENXIO;
	CU_ASSERT_EQUAL(nexus_sleep(&sleep), 0);
	nexus_timer_cancel(f.stack, &timer);
	fixture_end(&f);
}

static uint32_t attended_word(const struct fixture *f)
{
	const uint32_t *cons = f->stack->queue->rings[NEXUS_RING_RX].cons;

	return cons[NEXUS_ATTENDED_OFF / sizeof(*cons)];
}

static void nexus_stack_unattend__tells_what_has_come(void)
{
	struct nexus_udp *udp;
	struct fixture f;

	fixture_start(&f);
	f.stack->channel->features |= NEXUS_FEATURE_ATTENDED;
	udp = fixture_udp(&f, "127.0.0.1:0", NULL);
	nexus_stack_attend(f.stack);
	CU_ASSERT_EQUAL(attended_word(&f), 1);
	CU_ASSERT_FALSE(nexus_stack_unattend(f.stack));
	CU_ASSERT_EQUAL(attended_word(&f), 0);
	nexus_stack_attend(f.stack);
	fixture_deliver(&f, udp, "127.0.0.1:5000", "x", 1);
	CU_ASSERT_TRUE(nexus_stack_unattend(f.stack));
	CU_ASSERT_EQUAL(attended_word(&f), 0);
	CU_ASSERT_EQUAL(nexus_stack_run(f.stack), 1);
	CU_ASSERT_FALSE(nexus_stack_unattend(f.stack));
	drain(udp);
	fixture_end(&f);
}

/* A kernel that does not read the word wakes whoever sleeps. */
static void nexus_stack_attend__needs_the_kernel(void)
{
	struct fixture f;

	fixture_start(&f);
	f.stack->channel->features &= ~NEXUS_FEATURE_ATTENDED;
	nexus_stack_attend(f.stack);
	CU_ASSERT_EQUAL(attended_word(&f), 0);
	CU_ASSERT_FALSE(nexus_stack_unattend(f.stack));
	fixture_end(&f);
}

/* The send buffer is full: sleep for room as well. */
static void nexus_stack_poll__waits_for_room_to_send(void)
{
	struct nexus_addr to = peer();
	struct nexus_udp *udp;
	struct fixture f;

	fixture_start(&f);
	udp = fixture_udp(&f, "127.0.0.1:0", NULL);
	CU_ASSERT_EQUAL(nexus_udp_sendto(udp, "x", 1, &to), 1);
	f.fk.sync_error = -EAGAIN;
	CU_ASSERT_EQUAL(nexus_stack_poll(f.stack, 1000), 0);
	CU_ASSERT_EQUAL(f.fk.last_sync.flags,
			NEXUS_SYNC_WAIT_RX | NEXUS_SYNC_WAIT_TX);
	CU_ASSERT_EQUAL(nexus_stack_poll(f.stack, 1000), 0);
	CU_ASSERT_EQUAL(f.fk.nr_sent, 1);
	fixture_end(&f);
}

/* ------------------------------------------------------------------ death */

/* Every call says so, none crashes, whatever the channel's memory reads as. */
static void nexus_stack_poll__says_what_became_of_the_channel(void)
{
	static const struct {
		enum nexus_channel_state	state;
		int				err;
	} rows[] = {
		{ NEXUS_CHANNEL_QUARANTINED, -EPROTO },
		{ NEXUS_CHANNEL_DETACHED, -ENXIO },
		{ NEXUS_CHANNEL_DEFUNCT, -ENXIO },
	};
	struct nexus_addr to = peer();
	struct nexus_packet *kept, *pkt;
	struct nexus_udp_options options = { .local = to };
	struct nexus_udp *udp, *other;
	struct fixture f;
	char buf[8];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		fixture_start(&f);
		udp = fixture_udp(&f, "127.0.0.1:0", NULL);
		CU_ASSERT_EQUAL(nexus_packet_alloc(f.stack, 10, &kept), 0);
		CU_ASSERT_EQUAL(nexus_udp_sendto(udp, "x", 1, &to), 1);
		fixture_deliver(&f, udp, "127.0.0.1:5000", "x", 1);
		fake_set_state(&f.fk, rows[i].state);
		UNIT_ROW(i, nexus_stack_poll(f.stack, 0), rows[i].err);
		UNIT_ROW(i, nexus_stack_run(f.stack), rows[i].err);
		UNIT_ROW(i, nexus_stack_flush(f.stack), rows[i].err);
		UNIT_ROW(i, nexus_stack_check(f.stack), rows[i].err);
		UNIT_ROW(i, nexus_packet_alloc(f.stack, 1, &pkt), rows[i].err);
		UNIT_ROW(i, nexus_udp_send(udp, kept, &to), rows[i].err);
		UNIT_ROW(i, nexus_udp_sendto(udp, "x", 1, &to), rows[i].err);
		UNIT_ROW(i, nexus_udp_recvfrom(udp, buf, 8, NULL), rows[i].err);
		UNIT_ROW(i, nexus_udp_open(f.stack, &options, &other),
			 rows[i].err);
		UNIT_ROW(i, nexus_udp_mtu(udp), 0);
		nexus_packet_put(f.stack, kept);
		nexus_udp_close(udp);
		fixture_end(&f);
	}
}

/* It happens while the program sleeps. */
static void become_defunct(struct fake_kernel *fk, void *arg)
{
	(void)arg;
	fake_set_state(fk, NEXUS_CHANNEL_DEFUNCT);
}

static void nexus_stack_poll__notices_the_end_in_its_sleep(void)
{
	struct fixture f;

	fixture_start(&f);
	f.fk.on_wait = become_defunct;
	CU_ASSERT_EQUAL(nexus_stack_poll(f.stack, NEXUS_TIMEOUT_NONE), -ENXIO);
	fixture_end(&f);
}

/*
 * The memory goes between the check and the rings: zeros for indices and
 * descriptors, also where zero is just the next index.
 */
static void nexus_stack_run__survives_memory_that_turns_into_zeros(void)
{
	struct nexus_udp *udp;
	struct fixture f;
	uint32_t i;

	for (i = 0; i < 20; i++) {
		fixture_init(&f);
		f.fk.start = 0u - i;
		fixture_open(&f);
		udp = fixture_udp(&f, "127.0.0.1:0", NULL);
		fixture_deliver(&f, udp, "127.0.0.1:5000", "x", 1);
		fake_set_state(&f.fk, NEXUS_CHANNEL_DEFUNCT);
		f.fk.schema->state = NEXUS_CHANNEL_ACTIVE;
		UNIT_ROW(i, nexus_stack_run(f.stack), 0);
		UNIT_ROW(i, nexus_udp_recv(udp) == NULL, true);
		f.fk.schema->state = NEXUS_CHANNEL_DEFUNCT;
		fixture_end(&f);
	}
}

static const struct unit_case cases[] = {
	UNIT_CASE_ID(nexus_stack_flush__sends_a_batch_with_one_call,
		     "RING-11 one call for 32 packets"),
	UNIT_CASE(nx_stack_tx_reserve__flushes_a_full_ring),
	UNIT_CASE(nexus_stack_flush__keeps_what_cannot_leave),
	UNIT_CASE(nexus_stack_run__makes_no_call_without_work),
	UNIT_CASE(nexus_stack_run__sends_what_callbacks_sent),
	UNIT_CASE(nexus_stack_run__stops_at_the_budget),
	UNIT_CASE_ID(nexus_stack_run__goes_on_across_all_wraps,
		     "RING-1 through the whole library"),
	UNIT_CASE(nexus_stack_run__does_not_let_alloc_swallow_the_pool),
	UNIT_CASE(nexus_stack_run__refills_rarely),
	UNIT_CASE(nexus_stack_run__refuses_to_nest),
	UNIT_CASE(nexus_stack_run__reports_what_moved),
	UNIT_CASE(nexus_stack_run__hands_events_on),
	UNIT_CASE(nexus_stack_run__forgets_sources_when_addresses_change),
	UNIT_CASE(nexus_stack_poll__needs_one_call_for_a_round_trip),
	UNIT_CASE(nexus_stack_poll__does_not_sleep_on_a_full_ring),
	UNIT_CASE(nexus_stack_poll__sends_while_packets_wait),
	UNIT_CASE(nexus_stack_poll__returns_0_after_the_timeout),
	UNIT_CASE(nexus_stack_poll__wakes_for_the_next_timer),
	UNIT_CASE(nexus_stack_poll__tells_when_it_wakes),
	UNIT_CASE(nexus_stack_prepare_sleep__needs_kernel_and_clock),
	UNIT_CASE(nexus_stack_prepare_sleep__ends_with_whatever_comes),
	UNIT_CASE(nexus_stack_unattend__tells_what_has_come),
	UNIT_CASE(nexus_stack_attend__needs_the_kernel),
	UNIT_CASE(nexus_stack_poll__waits_for_room_to_send),
	UNIT_CASE(nexus_stack_poll__says_what_became_of_the_channel),
	UNIT_CASE(nexus_stack_poll__notices_the_end_in_its_sleep),
	UNIT_CASE(nexus_stack_run__survives_memory_that_turns_into_zeros),
};

UNIT_SUITE(stack_loop_suite, "stack/loop", cases);
