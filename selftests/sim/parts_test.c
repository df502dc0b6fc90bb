// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of what the simulator is made of: random numbers, clock, queues, links,
 * traces, diagrams.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ktap.h"
#include "link.h"
#include "svg.h"

#define LEN	1000

/* ------------------------------------------------------- random numbers */

static void rng_next__is_xoshiro256ss(void)
{
	/* From the state 1, 2, 3, 4, worked out by hand from the definition. */
	static const uint64_t expected[] = { 11520, 0, 1509978240, 1215971899390074240 };
	struct sim_rng rng = { .s = { 1, 2, 3, 4 } };
	bool is_ok = true;

	for (int i = 0; i < 4; i++)
		is_ok &= sim_rng_next(&rng) == expected[i];
	ktap_ok(is_ok, "rng: the numbers are those of xoshiro256**");
}

static void rng_seed__streams_differ(void)
{
	struct sim_rng a, b, c;
	int nr_same = 0;

	sim_rng_seed(&a, 7, 1);
	sim_rng_seed(&b, 7, 1);
	sim_rng_seed(&c, 7, 2);
	for (int i = 0; i < 1000; i++) {
		uint64_t x = sim_rng_next(&a);

		if (x != sim_rng_next(&b))
			nr_same += 1000;
		nr_same += x == sim_rng_next(&c);
	}
	ktap_ok(!nr_same, "rng: a seed gives one stream, its streams differ");
}

static void rng_chance__is_as_often(void)
{
	struct sim_rng rng;
	int nr = 0;

	sim_rng_seed(&rng, 1, 1);
	for (int i = 0; i < 100000; i++)
		nr += sim_rng_chance(&rng, 5 * SIM_PERCENT);
	/* Five standard deviations of 69. */
	ktap_ok(abs(nr - 5000) < 345 && !sim_rng_chance(&rng, 0) &&
		sim_rng_chance(&rng, SIM_ALWAYS),
		"rng: 5 %% of 100000 is %d", nr);
}

/* ---------------------------------------------------------------- clock */

struct alarm {
	struct sim_event	event;
	unsigned int		nr;
};

static uint64_t last_ns, last_order;
static bool is_in_order;
static unsigned int nr_alarms;
static struct sim_clock *alarm_clock;

static void ring(struct sim_event *event)
{
	if (alarm_clock->now_ns < last_ns ||
	    (alarm_clock->now_ns == last_ns && event->order < last_order) ||
	    alarm_clock->now_ns != event->at_ns)
		is_in_order = false;
	last_ns = alarm_clock->now_ns;
	last_order = event->order;
	nr_alarms++;
}

/* Arms, moves and disarms at random, against a plain count of what is armed. */
static void clock_step__comes_in_order(void)
{
	static struct alarm alarms[500];
	struct sim_clock clock;
	struct sim_rng rng;
	unsigned int nr_armed = 0;

	sim_rng_seed(&rng, 3, 3);
	sim_clock_init(&clock);
	alarm_clock = &clock;
	is_in_order = true;
	for (int i = 0; i < 20000; i++) {
		struct sim_event *event = &alarms[sim_rng_below(&rng, 500)].event;

		event->run = ring;
		if (sim_rng_chance(&rng, 30 * SIM_PERCENT))
			sim_clock_disarm(&clock, event);
		else
			sim_clock_arm(&clock, event, sim_rng_below(&rng, 900));
	}
	for (int i = 0; i < 500; i++)
		nr_armed += sim_event_is_armed(&alarms[i].event);
	while (sim_clock_step(&clock, UINT64_MAX))
		;
	ktap_ok(is_in_order && nr_alarms == nr_armed,
		"clock: %u events come in order, those of one time as armed",
		nr_alarms);
	sim_clock_exit(&clock);
}

static void clock_step__stops_at_the_limit(void)
{
	struct sim_event event = { .run = ring };
	struct sim_clock clock;
	bool is_ok;

	sim_clock_init(&clock);
	alarm_clock = &clock;
	sim_clock_arm(&clock, &event, 100);
	is_ok = !sim_clock_step(&clock, 99) && clock.now_ns == 99 &&
		sim_clock_step(&clock, 100) && clock.now_ns == 100 &&
		!sim_clock_step(&clock, 1000);
	sim_clock_arm(&clock, &event, 50);
	is_ok &= event.at_ns == 100;
	ktap_ok(is_ok, "clock: stops at the limit, and never goes back");
	sim_clock_exit(&clock);
}

/* ---------------------------------------------------- a link on its own */

struct bench {
	struct sim_sink		sink;
	struct sim_clock	clock;
	struct sim_pool		pool;
	struct sim_trace	trace;
	struct sim_link		link;
	unsigned int		nr_sent;
	unsigned int		nr_got;
	unsigned int		nr_late;
	unsigned int		nr_turned;
	unsigned int		nr_marked;
	unsigned int		nr_runs;
	unsigned int		nr_refused;
	uint64_t		last_ns;
	uint32_t		last_id;
	uint64_t		max_wait_ns;
};

/* An IPv4 header that holds its number where no link looks, zeros behind. */
static struct sim_packet *make_packet(struct bench *bench, enum sim_ecn ecn)
{
	struct sim_packet *packet = sim_packet_get(&bench->pool, LEN);
	uint32_t id = ++bench->nr_sent;

	memset(packet->data, 0, LEN);
	packet->data[0] = 0x45;
	packet->data[1] = ecn;
	memcpy(packet->data + 12, &id, sizeof(id));
	memcpy(packet->data + 40, &bench->clock.now_ns, sizeof(uint64_t));
	return packet;
}

static void bench_receive(struct sim_sink *sink, struct sim_packet *packet)
{
	struct bench *bench = sim_container(sink, struct bench, sink);
	uint64_t sent_ns, wait_ns;
	uint32_t id, bits = 0;

	memcpy(&id, packet->data + 12, sizeof(id));
	memcpy(&sent_ns, packet->data + 40, sizeof(sent_ns));
	wait_ns = bench->clock.now_ns - sent_ns;
	if (wait_ns > bench->max_wait_ns)
		bench->max_wait_ns = wait_ns;
	bench->nr_got++;
	bench->nr_late += id < bench->last_id;
	bench->nr_runs += id > bench->last_id + 1;
	bench->nr_marked += sim_packet_ecn(packet) == SIM_ECN_CE;
	for (uint32_t i = 48; i < LEN; i++)
		bits += (uint32_t)__builtin_popcount(packet->data[i]);
	bench->nr_turned += bits;
	bench->last_ns = bench->clock.now_ns;
	bench->last_id = id;
	sim_packet_put(packet);
}

static void bench_refuse(struct sim_sink *sink, const struct sim_packet *packet,
			 uint32_t mtu)
{
	struct bench *bench = sim_container(sink, struct bench, sink);

	bench->nr_refused += packet->len > mtu;
}

static void bench_init(struct bench *bench, const struct sim_link_config *config)
{
	*bench = (struct bench){
		.sink = { .receive = bench_receive, .refuse = bench_refuse },
		.link = { .name = "link", .config = *config },
	};
	sim_clock_init(&bench->clock);
	bench->link.clock = &bench->clock;
	bench->link.trace = &bench->trace;
	bench->link.to = &bench->sink;
	bench->link.from = &bench->sink;
	sim_link_init(&bench->link, 11, 1);
}

/* @nr packets, one each @gap_ns. */
static void bench_load(struct bench *bench, unsigned int nr, uint64_t gap_ns,
		      enum sim_ecn ecn)
{
	uint64_t start_ns = bench->clock.now_ns;

	for (unsigned int i = 0; i < nr; i++) {
		while (sim_clock_step(&bench->clock, start_ns + i * gap_ns))
			;
		bench->clock.now_ns = start_ns + i * gap_ns;
		sim_link_send(&bench->link, make_packet(bench, ecn));
	}
}

/* The same, until the last has arrived. */
static void bench_run(struct bench *bench, unsigned int nr, uint64_t gap_ns,
		      enum sim_ecn ecn)
{
	bench_load(bench, nr, gap_ns, ecn);
	while (sim_clock_step(&bench->clock, UINT64_MAX))
		;
}

static void bench_exit(struct bench *bench)
{
	sim_link_exit(&bench->link);
	if (bench->pool.nr_out)
		ktap_ok(false, "packet: %ld were not given back",
			bench->pool.nr_out);
	sim_pool_exit(&bench->pool);
	sim_clock_exit(&bench->clock);
}

static void link_send__takes_rate_and_delay(void)
{
	struct bench bench;

	/* 1000 bytes at 8 Mbit/s are 1 ms. */
	bench_init(&bench, &(struct sim_link_config){
		.rate_bps = 8000000, .delay_ns = 30 * SIM_NS_PER_MS });
	bench_run(&bench, 100, 0, SIM_ECN_NOT_ECT);
	ktap_ok(bench.nr_got == 100 && bench.last_ns == 130 * SIM_NS_PER_MS &&
		!bench.nr_late,
		"link: 100 packets of 1 ms take 100 ms and the delay");
	bench_exit(&bench);
}

static void link_send__drops_past_the_limit(void)
{
	struct bench bench;

	bench_init(&bench, &(struct sim_link_config){
		.rate_bps = 8000000, .queue.limit_bytes = 10 * LEN });
	bench_run(&bench, 100, 0, SIM_ECN_NOT_ECT);
	/* One is being sent, ten wait. */
	ktap_ok(bench.nr_got == 11 && bench.link.queue.nr_dropped == 89,
		"queue: drop-tail keeps %u of 100", bench.nr_got);
	bench_exit(&bench);
}

static void link_send__loses_at_random(void)
{
	struct bench bench;

	bench_init(&bench, &(struct sim_link_config){
		.loss_ppb = 5 * SIM_PERCENT });
	bench_run(&bench, 100000, 1, SIM_ECN_NOT_ECT);
	ktap_ok(abs((int)bench.link.nr_lost - 5000) < 345 &&
		bench.nr_got + bench.link.nr_lost == 100000 && !bench.nr_late,
		"link: loss of 5 %% loses %u of 100000",
		(unsigned int)bench.link.nr_lost);
	bench_exit(&bench);
}

/* Bad for one packet in 101, 10 packets long, half of them lost. */
static void link_send__loses_in_bursts(void)
{
	struct bench bench;
	unsigned int lost;
	double length;

	bench_init(&bench, &(struct sim_link_config){
		.burst_ppb = SIM_ALWAYS / 1000,
		.burst_end_ppb = SIM_ALWAYS / 10,
		.burst_loss_ppb = SIM_ALWAYS });
	bench_run(&bench, 200000, 1, SIM_ECN_NOT_ECT);
	lost = (unsigned int)bench.link.nr_lost;
	length = (double)lost / bench.nr_runs;
	ktap_ok(lost > 1600 && lost < 2400 && length > 8 && length < 12,
		"link: bursts lose %u of 200000, %.1f in a row", lost, length);
	bench_exit(&bench);
}

static void link_send__reorders(void)
{
	struct bench bench;

	bench_init(&bench, &(struct sim_link_config){
		.delay_ns = SIM_NS_PER_MS, .reorder_ppb = 10 * SIM_PERCENT,
		.reorder_ns = 100000 });
	bench_run(&bench, 10000, 1000, SIM_ECN_NOT_ECT);
	ktap_ok(bench.nr_got == 10000 && bench.nr_late > 800 &&
		bench.nr_late < 1100 && bench.max_wait_ns <= SIM_NS_PER_MS + 100000,
		"link: reordering of 10 %% has %u of 10000 overtaken",
		bench.nr_late);
	bench_exit(&bench);
}

static void link_send__duplicates_and_corrupts(void)
{
	struct bench bench;

	bench_init(&bench, &(struct sim_link_config){
		.duplicate_ppb = 10 * SIM_PERCENT,
		.corrupt_ppb = 10 * SIM_PERCENT });
	bench_run(&bench, 10000, 1000, SIM_ECN_NOT_ECT);
	/* 952 of a packet's 1000 bytes are looked at. */
	ktap_ok(abs((int)bench.nr_got - 11000) < 150 &&
		abs((int)bench.nr_turned - 952) < 150,
		"link: of 10000 %u come twice, %u with a bit turned",
		bench.nr_got - 10000, bench.nr_turned);
	bench_exit(&bench);
}

static void link_send__refuses_what_is_too_big(void)
{
	struct bench bench;

	bench_init(&bench, &(struct sim_link_config){ .mtu = LEN - 1 });
	bench_run(&bench, 5, 0, SIM_ECN_NOT_ECT);
	bench.link.config.is_black_hole = true;
	bench_run(&bench, 5, 0, SIM_ECN_NOT_ECT);
	bench.link.config.mtu = LEN;
	bench_run(&bench, 5, 0, SIM_ECN_NOT_ECT);
	ktap_ok(bench.nr_refused == 5 && bench.nr_got == 5,
		"link: refuses what is too big, a black hole without a word");
	bench_exit(&bench);
}

/* ---------------------------------------------------------------- CoDel */

static void queue_pop__codel_is_silent_below_target(void)
{
	struct bench bench;

	bench_init(&bench, &(struct sim_link_config){
		.rate_bps = 8000000, .queue = { .is_codel = true } });
	bench_run(&bench, 1000, SIM_NS_PER_MS, SIM_ECN_NOT_ECT);
	ktap_ok(bench.nr_got == 1000, "queue: CoDel drops nothing below target");
	bench_exit(&bench);
}

/* RFC 8289: the first 100 ms over target, the next 100/sqrt(2) ms later ... */
static void queue_pop__codel_follows_the_control_law(void)
{
	double expected_ms = 105, interval_ms = 100;
	unsigned int nr_expected = 0;
	struct bench bench;

	for (unsigned int count = 1; expected_ms < 2000; count++) {
		nr_expected++;
		expected_ms += interval_ms / sqrt(count);
	}
	bench_init(&bench, &(struct sim_link_config){
		.rate_bps = 8000000, .queue = { .is_codel = true } });
	/* A standing queue of half a second that nothing but its end relieves. */
	for (int i = 0; i < 500; i++)
		sim_link_send(&bench.link, make_packet(&bench, SIM_ECN_NOT_ECT));
	bench_load(&bench, 2000, SIM_NS_PER_MS, SIM_ECN_NOT_ECT);
	ktap_ok(abs((int)(bench.link.queue.nr_dropped - nr_expected)) <=
		(int)nr_expected / 5,
		"queue: CoDel drops %u in 2 s over target, its law says %u",
		(unsigned int)bench.link.queue.nr_dropped, nr_expected);
	bench_exit(&bench);
}

static void queue_pop__codel_marks(void)
{
	struct bench bench;

	bench_init(&bench, &(struct sim_link_config){
		.rate_bps = 8000000,
		.queue = { .is_codel = true, .has_ecn = true } });
	for (int i = 0; i < 500; i++)
		sim_link_send(&bench.link, make_packet(&bench, SIM_ECN_ECT0));
	bench_run(&bench, 1000, SIM_NS_PER_MS, SIM_ECN_ECT0);
	ktap_ok(bench.nr_got == 1500 && bench.nr_marked > 15 &&
		bench.nr_marked == bench.link.queue.nr_marked,
		"queue: CoDel marks %u of what is ECN-capable, and drops none",
		bench.nr_marked);
	bench_exit(&bench);
}

/* --------------------------------------------------------------- traces */

/* A SYN with options as a client sends it, then one byte of data. */
static const uint8_t syn[] = {
	0x45, 2, 0, 60, 0, 0, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2,
	0x30, 0x39, 0, 80, 0, 0, 0, 9, 0, 0, 0, 0, 0xa0, 0xc2, 0xff, 0xff,
	0, 0, 0, 0, 2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 0, 7, 0, 0, 0, 0, 1, 3, 3, 7,
};
static const uint8_t data[] = {
	0x60, 0, 0, 0, 0, 37, 6, 64,
	0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
	0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2,
	0x30, 0x39, 0, 80, 0, 0, 0, 10, 0, 0, 0, 20, 0x80, 0x18, 0, 99,
	0, 0, 0, 0, 1, 1, 5, 10, 0, 0, 0, 30, 0, 0, 0, 40, 'x', 'y', 'z', '!', '\n',
};

static void check_dump(struct sim_pool *pool, const uint8_t *bytes, size_t len,
		       const char *expected)
{
	struct sim_packet *packet = sim_packet_get(pool, (uint32_t)len);
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	memcpy(packet->data, bytes, len);
	sim_dump(file, packet);
	fclose(file);
	if (!ktap_ok(!strcmp(text, expected), "trace: a line like tcpdump's"))
		ktap_say("%s", text);
	free(text);
	sim_packet_put(packet);
}

static void dump__reads_like_tcpdump(void)
{
	struct sim_pool pool = { 0 };

	check_dump(&pool, syn, sizeof(syn),
		   "IP ECT(0) 10.0.0.1.12345 > 10.0.0.2.80: Flags [SEW], seq 9, "
		   "win 65535, options [mss 1460,sackOK,TS val 7 ecr 0,nop,wscale 7], "
		   "length 0");
	check_dump(&pool, data, sizeof(data),
		   "IP6 fd00::1.12345 > fd00::2.80: Flags [P.], seq 10:15, ack 20, "
		   "win 99, options [nop,nop,sack 1 {30:40}], length 5");
	sim_pool_exit(&pool);
}

static void dump__survives_anything(void)
{
	struct sim_pool pool = { 0 };
	FILE *file = fopen("/dev/null", "w");
	struct sim_rng rng;

	sim_rng_seed(&rng, 5, 5);
	for (int i = 0; i < 100000; i++) {
		uint32_t len = 1 + (uint32_t)sim_rng_below(&rng, 90);
		struct sim_packet *packet = sim_packet_get(&pool, len);

		for (uint32_t j = 0; j < len; j++)
			packet->data[j] = (uint8_t)sim_rng_next(&rng);
		sim_dump(file, packet);
		sim_packet_put(packet);
	}
	fclose(file);
	ktap_ok(!pool.nr_out, "trace: lines of 100000 random packets");
	sim_pool_exit(&pool);
}

static void trace_packet__hashes_everything(void)
{
	struct sim_trace trace[5] = { 0 };
	struct sim_pool pool = { 0 };
	struct sim_packet *packet = sim_packet_get(&pool, sizeof(syn));
	bool is_ok = true;

	memcpy(packet->data, syn, sizeof(syn));
	sim_trace_packet(&trace[0], 5, "a", SIM_SENT, packet);
	sim_trace_packet(&trace[1], 6, "a", SIM_SENT, packet);
	sim_trace_packet(&trace[2], 5, "a", SIM_LOST, packet);
	packet->data[sizeof(syn) - 1] ^= 1;
	sim_trace_packet(&trace[3], 5, "a", SIM_SENT, packet);
	packet->data[sizeof(syn) - 1] ^= 1;
	sim_trace_packet(&trace[4], 5, "a", SIM_SENT, packet);
	for (int i = 1; i < 4; i++)
		is_ok &= trace[i].hash != trace[0].hash;
	ktap_ok(is_ok && trace[4].hash == trace[0].hash,
		"trace: the hash depends on time, fate and every byte");
	sim_packet_put(packet);
	sim_pool_exit(&pool);
}

static void pcap_packet__is_a_pcap_file(void)
{
	char path[] = "/tmp/sim-parts-XXXXXX";
	struct sim_pool pool = { 0 };
	struct sim_packet *packet = sim_packet_get(&pool, sizeof(syn));
	uint32_t words[10] = { 0 };
	int fd = mkstemp(path);
	long size = 0;
	FILE *file;

	memcpy(packet->data, syn, sizeof(syn));
	file = fd < 0 ? NULL : sim_pcap_begin(path);
	if (file) {
		sim_pcap_packet(file, 3000000007, packet);
		size = ftell(file);
		fclose(file);
		if (read(fd, words, sizeof(words)) != sizeof(words))
			size = 0;
	}
	/* pcap-savefile(5): a header of 24 bytes, 16 for each packet. */
	ktap_ok(size == 24 + 16 + sizeof(syn) && words[0] == 0xa1b23c4d &&
		words[5] == 101 && words[6] == 3 && words[7] == 7 &&
		words[8] == sizeof(syn) && words[9] == sizeof(syn),
		"pcap: header and packet are where they belong");
	if (fd >= 0)
		close(fd);
	unlink(path);
	sim_packet_put(packet);
	sim_pool_exit(&pool);
}

/* ------------------------------------------------------------- diagrams */

static void plot_write__draws_all_lines(void)
{
	struct sim_plot plot = { .title = "t", .x_label = "x", .y_label = "y" };
	char path[] = "/tmp/sim-parts-XXXXXX", text[65536] = "";
	struct sim_series *one = sim_plot_add(&plot, "one", false);
	struct sim_series *two = sim_plot_add(&plot, "two", true);
	int fd = mkstemp(path), error;

	for (int i = 0; i < 1000; i++)
		sim_series_add(one, i, i % 10);
	sim_series_add(two, 0, 5);
	sim_series_add(two, 999, 5);
	error = sim_plot_write(&plot, path);
	ktap_ok(!error && read(fd, text, sizeof(text) - 1) > 0 &&
		strstr(text, "<polyline") && strstr(text, ">two</text>") &&
		strstr(text, "70.0,") && strstr(text, "820.0,") &&
		sim_series_at(one, 13.5) == 3,
		"plot: lines from axis to edge, and a legend");
	ktap_ok(sim_plot_write(&plot, "/nonexistent/plot.svg") == -ENOENT,
		"plot: says why it cannot write");
	sim_plot_exit(&plot);
	close(fd);
	unlink(path);
}

int main(void)
{
	ktap_begin();
	rng_next__is_xoshiro256ss();
	rng_seed__streams_differ();
	rng_chance__is_as_often();
	clock_step__comes_in_order();
	clock_step__stops_at_the_limit();
	link_send__takes_rate_and_delay();
	link_send__drops_past_the_limit();
	link_send__loses_at_random();
	link_send__loses_in_bursts();
	link_send__reorders();
	link_send__duplicates_and_corrupts();
	link_send__refuses_what_is_too_big();
	queue_pop__codel_is_silent_below_target();
	queue_pop__codel_follows_the_control_law();
	queue_pop__codel_marks();
	dump__reads_like_tcpdump();
	dump__survives_anything();
	trace_packet__hashes_everything();
	pcap_packet__is_a_pcap_file();
	plot_write__draws_all_lines();
	return ktap_end();
}
