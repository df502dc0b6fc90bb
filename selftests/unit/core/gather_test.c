// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of kmod/core/gather.c: a sleeper in virtual time, and loads of several
 * shapes.
 */
#include "../unit.h"
#include "../../../kmod/core/gather.h"

#define MSEC	1000000ULL
#define SEC	(1000 * MSEC)
#define SLOTS	1024U

/**
 * struct bed - a sleeper that takes all there is when it wakes, at once
 * @gather:  under test
 * @now_ns:  virtual time
 * @timer_ns: when nx_gather_expire() has to be asked, 0: not at all
 * @packets, @bytes: so far
 * @slots:   of its ring
 * @waiting: packets that the sleeper has not taken
 * @first_ns: when the oldest of them came
 * @nr_wakes: of the sleeper
 * @nr_held: packets that did not wake it at once
 * @longest_ns: that one waited
 * @nr_changes: of the row
 */
struct bed {
	struct nx_gather	gather;
	u64	now_ns;
	u64	timer_ns;
	u64	packets;
	u64	bytes;
	u32	slots;
	u32	waiting;
	u64	first_ns;
	u32	nr_wakes;
	u32	nr_held;
	u64	longest_ns;
	u32	nr_changes;
};

static void start(struct bed *bed)
{
	*bed = (struct bed) { .now_ns = 1000 * SEC, .slots = SLOTS };
	nx_gather_init(&bed->gather);
}

static void wake(struct bed *bed)
{
	if (bed->now_ns - bed->first_ns > bed->longest_ns)
		bed->longest_ns = bed->now_ns - bed->first_ns;
	bed->nr_wakes++;
	bed->waiting = 0;
}

/* Time passes up to @until_ns, and the timer with it. */
static void pass(struct bed *bed, u64 until_ns)
{
	u64 left_ns;

	while (bed->timer_ns && bed->timer_ns <= until_ns) {
		bed->now_ns = bed->timer_ns;
		left_ns = nx_gather_expire(&bed->gather, bed->now_ns);
		bed->timer_ns = left_ns ? bed->now_ns + left_ns : 0;
		if (!left_ns && bed->waiting)
			wake(bed);
	}
	bed->now_ns = until_ns;
}

/* @nr packets of @len bytes arrive in one run; true: it woke the sleeper. */
static bool arrive(struct bed *bed, u32 nr, u32 len)
{
	u32 row = bed->gather.row;
	struct nx_gather_run run;
	u64 left_ns;

	if (!bed->waiting)
		bed->first_ns = bed->now_ns;
	bed->packets += nr;
	bed->bytes += (u64)nr * len;
	bed->waiting += nr;
	run = (struct nx_gather_run) {
		.now_ns = bed->now_ns,
		.packets = bed->packets,
		.bytes = bed->bytes,
		.waiting = bed->waiting,
		.room = bed->slots - bed->waiting,
	};
	left_ns = nx_gather_ask(&bed->gather, &run);
	bed->nr_changes += bed->gather.row != row;
	if (!left_ns) {
		wake(bed);
		return true;
	}
	if (!bed->timer_ns)
		bed->timer_ns = bed->now_ns + left_ns;
	bed->nr_held++;
	return false;
}

/* Packets of @len bytes at @rate a second, for @for_ns. */
static void load(struct bed *bed, u64 rate, u32 len, u64 for_ns)
{
	u64 end_ns = bed->now_ns + for_ns;

	while (bed->now_ns < end_ns) {
		pass(bed, bed->now_ns + SEC / rate);
		arrive(bed, 1, len);
	}
}

static void nx_gather_ask__sparse_wakes_at_once(void)
{
	static const u32 rates[] = { 1, 10, 100, 1000, 5000, 10000 };
	struct bed bed;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rates); i++) {
		start(&bed);
		load(&bed, rates[i], 1500, 5 * SEC);
		UNIT_ROW(i, bed.nr_held, 0);
		UNIT_ROW(i, bed.nr_wakes, bed.packets);
		UNIT_ROW(i, bed.longest_ns, 0);
	}
}

static void nx_gather_ask__dense_wakes_once_in_32(void)
{
	static const u32 rates[] = { 33000, 50000, 100000, 1000000 };
	struct bed bed;
	u32 wakes;
	u64 packets;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rates); i++) {
		start(&bed);
		load(&bed, rates[i], 92, 3 * SEC);
		wakes = bed.nr_wakes;
		packets = bed.packets;
		load(&bed, rates[i], 92, 5 * SEC);
		UNIT_ROW(i, (bed.nr_wakes - wakes) * 32 <= bed.packets - packets, 1);
		UNIT_ROW(i, bed.longest_ns <= NX_GATHER_MAX_US * 1000, 1);
	}
}

/* Bursts that fill a quarter of a small ring are not kept waiting for more. */
static void nx_gather_ask__leaves_room(void)
{
	struct bed bed;
	u32 most = 0, i;

	start(&bed);
	bed.slots = 64;
	for (i = 0; i < 400000; i++) {
		pass(&bed, bed.now_ns + 10000);
		arrive(&bed, 1, 300);
		if (bed.waiting > most)
			most = bed.waiting;
	}
	CU_ASSERT_TRUE(bed.nr_held > 0);
	CU_ASSERT_TRUE(most <= 64 / 4);
}

static void nx_gather_ask__lone_packet_is_never_held(void)
{
	struct bed bed;
	u32 held;

	start(&bed);
	load(&bed, 50000, 500, 2 * SEC);
	CU_ASSERT_EQUAL(bed.gather.delay_us, NX_GATHER_MAX_US);
	pass(&bed, bed.now_ns + 2 * NX_GATHER_MAX_US * 1000);
	held = bed.nr_held;
	/* The mode is still the dense one; but nobody came for so long. */
	CU_ASSERT_TRUE(arrive(&bed, 1, 500));
	CU_ASSERT_EQUAL(bed.gather.delay_us, NX_GATHER_MAX_US);
	load(&bed, 500, 500, SEC / 10);
	CU_ASSERT_EQUAL(bed.nr_held, held);
}

/* Up within three samples, down within what a row stays and three samples. */
static void nx_gather_ask__step_changes_mode(void)
{
	struct bed bed;

	start(&bed);
	load(&bed, 100, 500, SEC);
	CU_ASSERT_EQUAL(bed.gather.delay_us, 0);
	load(&bed, 60000, 500, 3 * NX_GATHER_SAMPLE_NS + 1 * MSEC);
	CU_ASSERT_NOT_EQUAL(bed.gather.delay_us, 0);
	CU_ASSERT_EQUAL(bed.gather.state, NX_GATHER_GROWS);
	load(&bed, 60000, 500, 3 * SEC);
	CU_ASSERT_EQUAL(bed.gather.state, NX_GATHER_HOLDS);
	CU_ASSERT_EQUAL(bed.gather.delay_us, NX_GATHER_MAX_US);
	load(&bed, 1000, 500, NX_GATHER_HOLD_NS + 3 * NX_GATHER_SAMPLE_NS);
	CU_ASSERT_EQUAL(bed.gather.state, NX_GATHER_SHRINKS);
	load(&bed, 1000, 500, NX_GATHER_HOLD_NS);
	CU_ASSERT_EQUAL(bed.gather.delay_us, 0);
	CU_ASSERT_EQUAL(bed.gather.state, NX_GATHER_RESTS);
}

/* Round the first row's packets, at several paces: sixteen seconds. */
static void nx_gather_ask__swing_changes_once_a_hold(void)
{
	static const u32 periods_ms[] = { 30, 100, 400, 900, 2500 };
	struct bed bed;
	size_t i;
	u32 ms;

	for (i = 0; i < ARRAY_SIZE(periods_ms); i++) {
		start(&bed);
		for (ms = 0; ms < 16000; ms += 5) {
			u32 is_high = ms % periods_ms[i] < periods_ms[i] / 2;

			load(&bed, is_high ? 20000 : 12000, 130, 5 * MSEC);
		}
		UNIT_ROW(i, bed.nr_changes <= 16, 1);
		UNIT_ROW(i, bed.longest_ns <= NX_GATHER_MAX_US * 1000, 1);
	}
	/* The slowest one does change. */
	CU_ASSERT_TRUE(bed.nr_changes > 2);
}

static void nx_gather_ask__needs_packets_and_bytes(void)
{
	struct bed bed;

	/* Acknowledgements. */
	start(&bed);
	load(&bed, 35000, 52, 5 * SEC);
	CU_ASSERT_EQUAL(bed.nr_held, 0);
	/* Super-packets. */
	start(&bed);
	load(&bed, 10000, 65000, 5 * SEC);
	CU_ASSERT_EQUAL(bed.nr_held, 0);
	/* Neither do they step down alone. */
	start(&bed);
	load(&bed, 50000, 500, 3 * SEC);
	load(&bed, 10000, 20000, 3 * SEC);
	CU_ASSERT_EQUAL(bed.gather.delay_us, NX_GATHER_MAX_US);
}

/* The other side has @window packets out, and 20 us after an answer a new one. */
static void answer(struct bed *bed, u32 window, u64 for_ns)
{
	u64 end_ns = bed->now_ns + for_ns;
	u32 i;

	while (bed->now_ns < end_ns) {
		for (i = 0; i < window; i++) {
			pass(bed, bed->now_ns + 1000);
			arrive(bed, 1, 1000);
		}
		while (bed->waiting)
			pass(bed, bed->timer_ns);
		pass(bed, bed->now_ns + 20000);
	}
}

/* Who waits for the sleeper loses next to nothing: under 2 % of its rate. */
static void nx_gather_expire__backs_off_from_a_closed_loop(void)
{
	static const u32 windows[] = { 1, 2, 4, 8, 16, 32 };
	struct bed bed, plain;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(windows); i++) {
		start(&bed);
		answer(&bed, windows[i], 100 * SEC);
		start(&plain);
		nx_gather_pin(&plain.gather, 0);
		answer(&plain, windows[i], 100 * SEC);
		UNIT_ROW(windows[i], bed.packets * 100 >= plain.packets * 98, 1);
		UNIT_ROW(windows[i], bed.nr_held > 0, 1);
		UNIT_ROW(windows[i], bed.gather.stays_ns > NX_GATHER_HOLD_NS, 1);
	}
}

/*
 * Who waits for an answer does so for no longer than a few of its round trips,
 * here of 21 us, and not for as long as dense traffic would.
 */
static void nx_gather_expire__lets_go_of_whom_nobody_follows(void)
{
	struct bed bed;

	start(&bed);
	answer(&bed, 1, 1500 * MSEC);
	CU_ASSERT_TRUE(bed.nr_held > 0);
	CU_ASSERT_TRUE(bed.nr_held <= NX_GATHER_VAIN_MAX);
	CU_ASSERT_TRUE(bed.longest_ns <=
		       (NX_GATHER_PROBE + 1) * 21000);
}

/* What was in vain is tried again, and then stays. */
static void nx_gather_expire__tries_again(void)
{
	struct bed bed;

	start(&bed);
	answer(&bed, 1, 3 * SEC);
	CU_ASSERT_EQUAL(bed.gather.delay_us, 0);
	load(&bed, 50000, 500, 10 * SEC);
	CU_ASSERT_EQUAL(bed.gather.delay_us, NX_GATHER_MAX_US);
	CU_ASSERT_EQUAL(bed.gather.stays_ns, NX_GATHER_HOLD_NS);
}

/* ------------------------------------------------------ who sends and sleeps */

/* @nr packets one by one, behind which the sender sleeps; true: that woke ours. */
static bool burst(struct bed *bed, u32 nr, u32 len)
{
	while (nr--) {
		pass(bed, bed->now_ns + 2000);
		arrive(bed, 1, len);
	}
	if (!nx_gather_let_go(&bed->gather, bed->now_ns))
		return false;
	wake(bed);
	return true;
}

/* One wake for each burst, and none waits for longer than that takes. */
static void nx_gather_let_go__wakes_once_a_burst(void)
{
	struct bed bed;
	u32 i, wakes;

	start(&bed);
	load(&bed, 60000, 500, 3 * SEC);
	CU_ASSERT_EQUAL(bed.gather.state, NX_GATHER_HOLDS);
	CU_ASSERT_TRUE(burst(&bed, 10, 500));
	wakes = bed.nr_wakes;
	bed.longest_ns = 0;
	for (i = 0; i < 10000; i++) {
		pass(&bed, bed.now_ns + 50000);
		CU_ASSERT_TRUE(burst(&bed, 10, 500));
	}
	CU_ASSERT_EQUAL(bed.nr_wakes - wakes, 10000);
	CU_ASSERT_TRUE(bed.longest_ns <= 20000);
	CU_ASSERT_EQUAL(bed.gather.state, NX_GATHER_HOLDS);
}

/* Whom nobody follows before the sender sleeps need not have waited. */
static void nx_gather_let_go__gives_up_on_lone_ones(void)
{
	struct bed bed;
	u32 i;

	start(&bed);
	load(&bed, 60000, 500, 3 * SEC);
	CU_ASSERT_TRUE(burst(&bed, 2, 500));
	for (i = 0; i < NX_GATHER_VAIN_MAX; i++)
		CU_ASSERT_TRUE(burst(&bed, 1, 500));
	CU_ASSERT_EQUAL(bed.gather.state, NX_GATHER_VAIN);
	CU_ASSERT_FALSE(burst(&bed, 1, 500));
	CU_ASSERT_EQUAL(bed.gather.delay_us, 0);
}

static void nx_gather_let_go__leaves_what_is_pinned(void)
{
	struct bed bed;

	start(&bed);
	CU_ASSERT_FALSE(nx_gather_let_go(&bed.gather, 1));
	nx_gather_pin(&bed.gather, 500);
	CU_ASSERT_FALSE(burst(&bed, 3, 500));
	CU_ASSERT_EQUAL(bed.waiting, 3);
}

/* ------------------------------------------------- beside what can be pinned */

/* Instructions, counted: receiving a small packet, and a wake with its sleep. */
#define PACKET_COST	3000
#define WAKE_COST	8100

static void round_trips(struct bed *bed)
{
	answer(bed, 1, 20 * SEC);
}

static void thousand(struct bed *bed)
{
	load(bed, 1000, 92, 20 * SEC);
}

static void fifty_thousand(struct bed *bed)
{
	load(bed, 50000, 92, 20 * SEC);
}

static void maximum(struct bed *bed)
{
	load(bed, 400000, 92, 20 * SEC);
}

static void bulk(struct bed *bed)
{
	answer(bed, 32, 20 * SEC);
}

static void mixed(struct bed *bed)
{
	u32 i;

	for (i = 0; i < 4; i++) {
		load(bed, 50000, 92, 3 * SEC);
		answer(bed, 1, SEC);
		load(bed, 1000, 92, SEC);
	}
}

/* @most_us: longer pins add delay where none is due, or packets that are lost. */
static const struct {
	void	(*run)(struct bed *bed);
	u32	most_us;
} six_loads[] = {
	{ round_trips, 0 }, { thousand, 0 }, { fifty_thousand, 1000 },
	{ maximum, 1000 }, { bulk, 0 }, { mixed, 0 },
};

static u64 cost_of(const struct bed *bed)
{
	return PACKET_COST + (u64)WAKE_COST * bed->nr_wakes / bed->packets;
}

static void nx_gather__is_within_a_tenth_of_the_best_pinned(void)
{
	static const u32 pins_us[] = { 0, 250, 500, 750, 1000 };
	struct bed self, pinned;
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(six_loads); i++) {
		start(&self);
		six_loads[i].run(&self);
		for (j = 0; j < ARRAY_SIZE(pins_us); j++) {
			start(&pinned);
			nx_gather_pin(&pinned.gather, pins_us[j]);
			six_loads[i].run(&pinned);
			UNIT_ROW(i, self.packets * 10 >= pinned.packets * 9, 1);
			if (pins_us[j] <= six_loads[i].most_us)
				UNIT_ROW(i, cost_of(&self) * 10 <=
					    cost_of(&pinned) * 11, 1);
		}
	}
}

static void nx_gather_show__rests_after_silence(void)
{
	struct bed bed;
	u32 delay_us;

	start(&bed);
	load(&bed, 50000, 500, 3 * SEC);
	CU_ASSERT_EQUAL(nx_gather_show(&bed.gather, bed.now_ns, &delay_us),
			NX_GATHER_HOLDS);
	CU_ASSERT_EQUAL(delay_us, NX_GATHER_MAX_US);
	pass(&bed, bed.now_ns + 2 * SEC);
	CU_ASSERT_EQUAL(nx_gather_show(&bed.gather, bed.now_ns, &delay_us),
			NX_GATHER_RESTS);
	CU_ASSERT_EQUAL(delay_us, 0);
	/* No timer without packets. */
	CU_ASSERT_EQUAL(bed.timer_ns, 0);
	CU_ASSERT_TRUE(arrive(&bed, 1, 500));
	CU_ASSERT_EQUAL(bed.gather.state, NX_GATHER_RESTS);
}

static void nx_gather_pin__waits_so_long(void)
{
	struct bed bed;

	start(&bed);
	nx_gather_pin(&bed.gather, 300);
	load(&bed, 100, 100, SEC);
	CU_ASSERT_EQUAL(bed.nr_held, bed.packets);
	CU_ASSERT_EQUAL(bed.longest_ns, 300000);
	CU_ASSERT_EQUAL(bed.gather.state, NX_GATHER_PINNED);
	nx_gather_init(&bed.gather);
	bed.nr_held = 0;
	load(&bed, 100, 100, SEC);
	CU_ASSERT_EQUAL(bed.nr_held, 0);
}

static const struct unit_case cases[] = {
	UNIT_CASE_ID(nx_gather_ask__sparse_wakes_at_once, "TUNE-1"),
	UNIT_CASE_ID(nx_gather_ask__dense_wakes_once_in_32, "TUNE-2"),
	UNIT_CASE_ID(nx_gather_ask__leaves_room, "TUNE-2"),
	UNIT_CASE_ID(nx_gather_ask__lone_packet_is_never_held, "TUNE-1"),
	UNIT_CASE_ID(nx_gather_ask__step_changes_mode, "TUNE-3"),
	UNIT_CASE_ID(nx_gather_ask__swing_changes_once_a_hold, "TUNE-3"),
	UNIT_CASE_ID(nx_gather_ask__needs_packets_and_bytes, "TUNE-4"),
	UNIT_CASE(nx_gather_expire__backs_off_from_a_closed_loop),
	UNIT_CASE(nx_gather_expire__lets_go_of_whom_nobody_follows),
	UNIT_CASE(nx_gather_expire__tries_again),
	UNIT_CASE_ID(nx_gather_let_go__wakes_once_a_burst, "TUNE-1"),
	UNIT_CASE(nx_gather_let_go__gives_up_on_lone_ones),
	UNIT_CASE(nx_gather_let_go__leaves_what_is_pinned),
	UNIT_CASE(nx_gather__is_within_a_tenth_of_the_best_pinned),
	UNIT_CASE(nx_gather_show__rests_after_silence),
	UNIT_CASE_ID(nx_gather_pin__waits_so_long, "TUNE-6"),
};

UNIT_SUITE(core_gather_suite, "core/gather.c", cases);
