// SPDX-License-Identifier: GPL-2.0
/* Shows flows and queues live: who sends how much, and who waits. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "ask.h"
#include "attr.h"
#include "flow.h"
#include "json.h"
#include "qdisc.h"
#include "qdisc_options.h"
#include "table.h"
#include "text.h"
#include "words.h"

#define NSEC_PER_SEC	1000000000ULL
/* Lines of a screen that hold no flow: time, queues' heading, an empty one, heading. */
#define OTHER_LINES	5

/**
 * struct seen - a flow, or a queue, at a moment
 * @id:    what makes it that one: channel, index, generation; or device, handle
 * @tx, @rx: bytes so far
 * @msg:   of it
 */
struct seen {
	u32 id[3];
	u64 tx;
	u64 rx;
	const struct nlmsghdr *msg;
};

/**
 * struct list - what was seen of one kind
 * @reply: the messages
 * @seen:  of each that could be read, by id
 * @nr:    how many
 */
struct list {
	struct nx_reply reply;
	struct seen *seen;
	size_t nr;
};

/**
 * struct moment - all that was seen at one time
 * @time_ns: CLOCK_MONOTONIC
 */
struct moment {
	u64 time_ns;
	struct list flows;
	struct list queues;
};

/**
 * struct screen - what the command line asked for
 * @nexus:  of this one only; NULL: of all
 * @nr:     screens; 0: until it is interrupted
 * @every_ns: between two
 * @is_tty: there is one to be cleared
 */
struct screen {
	struct nx_ctl *ctl;
	const char *nexus;
	u32 nr;
	u64 every_ns;
	bool is_tty;
};

static u64 now_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * NSEC_PER_SEC + now.tv_nsec;
}

static int by_id(const void *a, const void *b)
{
	const struct seen *x = a, *y = b;

	for (int i = 0; i < 3; i++)
		if (x->id[i] != y->id[i])
			return x->id[i] < y->id[i] ? -1 : 1;
	return 0;
}

static bool see_flow(struct seen *seen, const struct nlmsghdr *msg)
{
	struct nx_flow flow;

	if (nx_flow_parse(&flow, nx_attr_nest(msg, NEXUS_A_FLOW)))
		return false;
	*seen = (struct seen){
		.id = { flow.channel, flow.index, flow.generation },
		.tx = flow.counters.value[NEXUS_COUNTERS_A_TX_BYTES],
		.rx = flow.counters.value[NEXUS_COUNTERS_A_RX_BYTES],
		.msg = msg,
	};
	return true;
}

static bool see_queue(struct seen *seen, const struct nlmsghdr *msg)
{
	struct nx_qdisc qdisc;

	if (!nx_qdisc_parse(&qdisc, msg))
		return false;
	*seen = (struct seen){
		.id = { qdisc.ifindex, qdisc.parent, qdisc.handle },
		.tx = qdisc.bytes,
		.msg = msg,
	};
	return true;
}

static int sort(struct list *list, bool (*see)(struct seen *, const struct nlmsghdr *))
{
	list->nr = 0;
	list->seen = calloc(list->reply.nr + 1, sizeof(*list->seen));
	if (!list->seen)
		return -ENOMEM;
	for (size_t i = 0; i < list->reply.nr; i++)
		list->nr += see(&list->seen[list->nr], list->reply.msgs[i]);
	qsort(list->seen, list->nr, sizeof(*list->seen), by_id);
	return 0;
}

static void moment_free(struct moment *m)
{
	nx_reply_free(&m->flows.reply);
	nx_reply_free(&m->queues.reply);
	free(m->flows.seen);
	free(m->queues.seen);
	memset(m, 0, sizeof(*m));
}

static int look(const struct screen *screen, struct moment *m)
{
	int ret;

	memset(m, 0, sizeof(*m));
	ret = nx_ask_list(screen->ctl, NEXUS_CMD_GET_FLOW, screen->nexus, &m->flows.reply);
	if (!ret)
		ret = nx_qdisc_list(screen->ctl, 0, &m->queues.reply);
	if (ret)
		return ret;
	m->time_ns = now_ns(CLOCK_MONOTONIC);
	if (sort(&m->flows, see_flow) || sort(&m->queues, see_queue))
		return nx_refused(screen->ctl, "%s", strerror(ENOMEM));
	return NX_OK;
}

/**
 * struct pace - what a flow or a queue did between two moments
 * @seen: as it is now
 * @tx, @rx: bytes a second
 */
struct pace {
	const struct seen *seen;
	u64 tx;
	u64 rx;
};

static u64 rate(u64 now, u64 then, u64 ns)
{
	return now > then && ns ? (u64)((double)(now - then) * NSEC_PER_SEC / ns) : 0;
}

/* One that is new has done all that it did since. */
static struct pace pace_of(const struct seen *seen, const struct list *before, u64 ns)
{
	static const struct seen nothing;
	const struct seen *old = bsearch(seen, before->seen, before->nr, sizeof(*seen), by_id);

	old = old ?: &nothing;
	return (struct pace){ seen, rate(seen->tx, old->tx, ns), rate(seen->rx, old->rx, ns) };
}

static int by_rate(const void *a, const void *b)
{
	const struct pace *x = a, *y = b;
	u64 p = x->tx + x->rx, q = y->tx + y->rx;

	return p != q ? (p > q ? -1 : 1) : by_id(x->seen, y->seen);
}

/* The busiest first; to be freed. NULL: no memory. */
static struct pace *paces(const struct list *now, const struct list *before, u64 ns)
{
	struct pace *all = calloc(now->nr + 1, sizeof(*all));

	for (size_t i = 0; all && i < now->nr; i++)
		all[i] = pace_of(&now->seen[i], before, ns);
	if (all)
		qsort(all, now->nr, sizeof(*all), by_rate);
	return all;
}

/* --------------------------------------------------------------- as text */

static void rate_cell(struct nx_table *table, const struct nx_ctl *ctl, u64 bytes)
{
	char text[QDISC_TEXT_SIZE];

	if (ctl->numeric)
		nx_table_cell(table, "%llu", bytes * 8);
	else if (bytes)
		nx_table_cell(table, "%s", qdisc_value_text(QDISC_RATE, bytes, text));
	else
		nx_table_cell(table, "-");
}

static void queue_row(struct nx_table *table, const struct nx_ctl *ctl,
		      const struct pace *pace)
{
	char name[32], handle[16], text[QDISC_TEXT_SIZE];
	struct nx_qdisc q;

	nx_qdisc_parse(&q, pace->seen->msg);
	nx_table_cell(table, "%s", nx_qdisc_device(name, q.ifindex));
	nx_table_cell(table, "%s", nx_qdisc_handle(handle, q.parent));
	rate_cell(table, ctl, nx_qdisc_option(&q, "rate"));
	rate_cell(table, ctl, pace->tx);
	nx_table_cell(table, "%s", q.qlen ? qdisc_value_text(QDISC_TIME,
				nx_qdisc_stat(&q, "delay_ns"), text) : "-");
	nx_table_cell(table, "%u", q.qlen);
	nx_table_cell(table, "%llu", nx_qdisc_stat(&q, "nr_flows"));
	nx_table_cell(table, "%llu", nx_qdisc_stat(&q, "suspended") -
				     nx_qdisc_stat(&q, "resumed"));
	nx_table_cell(table, "%llu", nx_qdisc_stat(&q, "marked") +
				     nx_qdisc_stat(&q, "marked_l4s"));
	nx_table_cell(table, "%u", q.drops);
}

static void flow_row(struct nx_table *table, const struct nx_ctl *ctl,
		     const struct pace *pace)
{
	char text[NX_TEXT_SIZE], share[QDISC_TEXT_SIZE];
	struct nx_flow flow;

	nx_flow_parse(&flow, nx_attr_nest(pace->seen->msg, NEXUS_A_FLOW));
	nx_table_cell(table, "%s", flow.nexus);
	if (flow.pid)
		nx_table_cell(table, "%u", flow.pid);
	else
		nx_table_cell(table, "-");
	nx_text_protocol(text, flow.protocol);
	nx_table_cell(table, "%s", text);
	nx_flow_local(text, &flow);
	nx_table_cell(table, "%s", text);
	nx_flow_remote(text, &flow);
	nx_table_cell(table, "%s", text);
	nx_table_cell(table, "%s", nx_text_class(flow.class));
	nx_table_cell(table, "%s", flow.ll_permille ?
		      qdisc_value_text(QDISC_SHARE, flow.ll_permille, share) : "-");
	rate_cell(table, ctl, pace->tx);
	rate_cell(table, ctl, pace->rx);
	nx_table_cell(table, "%s", flow.is_suspended ? "yes" : "-");
	nx_table_cell(table, "%u", flow.congestion);
}

static const struct nx_column queue_columns[] = {
	{ "DEVICE", false }, { "PARENT", false }, { "RATE", true }, { "SENT", true },
	{ "DELAY", true }, { "STANDING", true }, { "FLOWS", true }, { "SUSPENDED", true },
	{ "MARKED", true }, { "DROPS", true },
};

static const struct nx_column flow_columns[] = {
	{ "NEXUS", false }, { "PID", true }, { "PROTO", false }, { "LOCAL", false },
	{ "REMOTE", false }, { "CLASS", false }, { "SHARE", true }, { "TX", true },
	{ "RX", true }, { "SUSPENDED", false }, { "CONGESTION", true },
};

typedef void (*row_fn)(struct nx_table *table, const struct nx_ctl *ctl,
		       const struct pace *pace);

static int show_table(const struct nx_ctl *ctl, const struct nx_column *columns, size_t width,
		      row_fn row, const struct pace *all, size_t nr)
{
	struct nx_table table;
	int ret;

	nx_table_init(&table, columns, width);
	for (size_t i = 0; i < nr; i++)
		row(&table, ctl, &all[i]);
	ret = nx_table_print(&table, ctl->out, 0);
	nx_table_free(&table);
	return ret;
}

/* Flows that fit on the terminal; all, if there is none. */
static size_t fitting(const struct screen *screen, size_t nr_flows, size_t nr_queues)
{
	struct winsize size;

	if (!screen->is_tty ||
	    ioctl(fileno(screen->ctl->out), TIOCGWINSZ, &size) ||
	    size.ws_row < nr_queues + OTHER_LINES)
		return nr_flows;
	size.ws_row -= nr_queues + OTHER_LINES;
	return nr_flows < size.ws_row ? nr_flows : size.ws_row;
}

static int show_text(const struct screen *screen, const struct moment *now,
		     const struct pace *flows, const struct pace *queues)
{
	const struct nx_ctl *ctl = screen->ctl;
	size_t nr = fitting(screen, now->flows.nr, now->queues.nr);
	char time[NX_TEXT_SIZE];
	int ret = 0;

	nx_text_time(time, now_ns(CLOCK_REALTIME));
	/* Home, and clear what is below. */
	fprintf(ctl->out, "%s%s  flows: %zu, shown: %zu\n", screen->is_tty ? "\033[H\033[J" : "",
		time, now->flows.nr, nr);
	if (now->queues.nr)
		ret = show_table(ctl, queue_columns, NX_ARRAY_SIZE(queue_columns), queue_row,
				 queues, now->queues.nr);
	fputc('\n', ctl->out);
	if (!ret && nr)
		ret = show_table(ctl, flow_columns, NX_ARRAY_SIZE(flow_columns), flow_row,
				 flows, nr);
	return ret;
}

/* --------------------------------------------------------------- as JSON */

static void pace_json(struct nx_json *json, const struct pace *pace, bool has_rx)
{
	nx_json_u64(json, "tx_rate", pace->tx);
	if (has_rx)
		nx_json_u64(json, "rx_rate", pace->rx);
}

/* One line a moment, whatever was asked: that is what readers rely on. */
static int show_json(const struct screen *screen, const struct moment *now, u64 ns,
		     const struct pace *flows, const struct pace *queues)
{
	struct nx_json json;
	struct nx_qdisc qdisc;
	struct nx_flow flow;

	nx_json_init(&json, screen->ctl);
	json.pretty = false;
	nx_json_object(&json, NULL);
	nx_json_u64(&json, "time_ns", now_ns(CLOCK_REALTIME));
	nx_json_u64(&json, "interval_ns", ns);
	nx_json_array(&json, "queues");
	for (size_t i = 0; i < now->queues.nr; i++) {
		nx_json_object(&json, NULL);
		pace_json(&json, &queues[i], false);
		nx_qdisc_parse(&qdisc, queues[i].seen->msg);
		nx_qdisc_json(&json, "queue", &qdisc);
		nx_json_object_end(&json);
	}
	nx_json_array_end(&json);
	nx_json_array(&json, "flows");
	for (size_t i = 0; i < now->flows.nr; i++) {
		nx_json_object(&json, NULL);
		pace_json(&json, &flows[i], true);
		nx_flow_parse(&flow, nx_attr_nest(flows[i].seen->msg, NEXUS_A_FLOW));
		nx_flow_json(screen->ctl, &json, "flow", &flow);
		nx_json_object_end(&json);
	}
	nx_json_array_end(&json);
	nx_json_object_end(&json);
	nx_json_finish(&json);
	return 0;
}

/* ------------------------------------------------------------- the loop */

static int show(const struct screen *screen, const struct moment *now,
		const struct moment *before)
{
	u64 ns = now->time_ns - before->time_ns;
	struct pace *flows = paces(&now->flows, &before->flows, ns);
	struct pace *queues = paces(&now->queues, &before->queues, ns);
	int ret = -ENOMEM;

	if (flows && queues)
		ret = screen->ctl->json ? show_json(screen, now, ns, flows, queues) :
					  show_text(screen, now, flows, queues);
	free(flows);
	free(queues);
	if (!ret && fflush(screen->ctl->out))
		ret = -errno;
	return ret ? nx_refused(screen->ctl, "%s", strerror(-ret)) : NX_OK;
}

static void pause_for(u64 ns)
{
	struct timespec left = { ns / NSEC_PER_SEC, ns % NSEC_PER_SEC };

	while (nanosleep(&left, &left) && errno == EINTR)
		;
}

static int run(const struct screen *screen)
{
	struct moment before, now;
	int ret = look(screen, &before);

	for (u32 nr = 0; !ret && (!screen->nr || nr < screen->nr); nr++) {
		pause_for(screen->every_ns);
		ret = look(screen, &now);
		if (!ret && nr && !screen->is_tty && !screen->ctl->json)
			fputc('\n', screen->ctl->out);
		if (!ret)
			ret = show(screen, &now, &before);
		moment_free(&before);
		before = now;
	}
	moment_free(&before);
	return ret;
}

/* Seconds, with a fraction. */
static bool take_interval(struct nx_words *words, u64 *ns)
{
	const char *word = nx_words_take(words, "the number of seconds");
	double seconds;
	char *end;

	if (!word)
		return false;
	seconds = strtod(word, &end);
	if (end == word || *end || !(seconds >= 0.01 && seconds <= 3600)) {
		nx_usage(words->ctl, "every: '%s' is not a number of seconds from 0.01 to 3600",
			 word);
		return false;
	}
	*ns = seconds * NSEC_PER_SEC;
	return true;
}

static bool take_condition(struct nx_words *words, struct screen *screen)
{
	static const char *const keywords[] = { "count", "every", "nexus" };

	switch (nx_words_keyword(words, keywords, NX_ARRAY_SIZE(keywords))) {
	case 0:
		return nx_words_u32(words, "count", 1, ~0U, &screen->nr);
	case 1:
		return take_interval(words, &screen->every_ns);
	case 2:
		screen->nexus = nx_words_nexus(words);
		return screen->nexus;
	default:
		return false;
	}
}

int nx_top(struct nx_ctl *ctl, int argc, char **argv)
{
	struct screen screen = { .ctl = ctl, .every_ns = NSEC_PER_SEC };
	struct nx_words words = { ctl, argv, argc };

	/* "top -n 3", as one knows it from elsewhere: -n is taken, the number left. */
	if (argc && argv[0][0] >= '0' && argv[0][0] <= '9' &&
	    !nx_words_u32(&words, "count", 1, ~0U, &screen.nr))
		return NX_USAGE;
	while (words.argc)
		if (!take_condition(&words, &screen))
			return NX_USAGE;
	screen.is_tty = !ctl->json && isatty(fileno(ctl->out));
	return run(&screen);
}
