// SPDX-License-Identifier: GPL-2.0
/* Shows TCP connections: what the kernel counts, and what applications report. */
#include <errno.h>
#include <string.h>
#include <netinet/in.h>
#include <linux/nexus.h>

#include "attr.h"
#include "flow.h"
#include "show.h"
#include "tcp.h"
#include "text.h"

/* Names in JSON; NULL: written in a way of its own. */
static const char *const names[NEXUS_TCP_A_MAX + 1] = {
	[NEXUS_TCP_A_UNACKED] = "unacked",
	[NEXUS_TCP_A_UNREAD] = "unread",
	[NEXUS_TCP_A_UNSENT] = "unsent",
	[NEXUS_TCP_A_MSS] = "mss",
	[NEXUS_TCP_A_CWND] = "cwnd",
	[NEXUS_TCP_A_SSTHRESH] = "ssthresh",
	[NEXUS_TCP_A_SND_WND] = "snd_wnd",
	[NEXUS_TCP_A_RCV_WND] = "rcv_wnd",
	[NEXUS_TCP_A_RETRANS] = "retrans",
	[NEXUS_TCP_A_RTOS] = "rtos",
	[NEXUS_TCP_A_SRTT_NS] = "srtt_ns",
	[NEXUS_TCP_A_RTTVAR_NS] = "rttvar_ns",
	[NEXUS_TCP_A_MIN_RTT_NS] = "min_rtt_ns",
	[NEXUS_TCP_A_RTO_NS] = "rto_ns",
	[NEXUS_TCP_A_BYTES_ACKED] = "bytes_acked",
	[NEXUS_TCP_A_BYTES_RECEIVED] = "bytes_received",
	[NEXUS_TCP_A_BYTES_RETRANS] = "bytes_retrans",
};

static const struct {
	u32 flag;
	const char *name;
} flags[] = {
	{ NEXUS_REPORT_SACK, "sack" }, { NEXUS_REPORT_TIMESTAMPS, "timestamps" },
	{ NEXUS_REPORT_WSCALE, "wscale" }, { NEXUS_REPORT_ECN, "ecn" },
};

static bool is_u64(int attr)
{
	return attr >= NEXUS_TCP_A_SRTT_NS && attr <= NEXUS_TCP_A_BYTES_RETRANS;
}

int nx_tcp_parse(struct nx_tcp *tcp, const struct nlattr *from)
{
	const struct nlattr *tb[NX_ATTRS];

	memset(tcp, 0, sizeof(*tcp));
	if (nx_attr_parse(NX_NEST_TCP, from, tb))
		return -EBADMSG;
	tcp->is_known = from;
	for (int i = 1; i <= NEXUS_TCP_A_MAX; i++) {
		tcp->has[i] = tb[i] && i != NEXUS_TCP_A_PAD;
		if (tcp->has[i])
			tcp->value[i] = is_u64(i) ? nx_attr_u64(tb[i]) : nx_attr_u32(tb[i]);
	}
	return 0;
}

static void flags_json(struct nx_json *json, u64 value)
{
	nx_json_array(json, "options");
	for (size_t i = 0; i < NX_ARRAY_SIZE(flags); i++)
		if (value & flags[i].flag)
			nx_json_str(json, NULL, flags[i].name);
	nx_json_array_end(json);
}

void nx_tcp_json(struct nx_json *json, const char *key, const struct nx_tcp *tcp)
{
	if (!tcp->is_known)
		return;
	nx_json_object(json, key);
	nx_json_str(json, "state", nx_text_tcp(tcp->value[NEXUS_TCP_A_STATE]));
	for (int i = 1; i <= NEXUS_TCP_A_MAX; i++)
		if (tcp->has[i] && names[i])
			nx_json_u64(json, names[i], tcp->value[i]);
	if (tcp->has[NEXUS_TCP_A_FLAGS])
		flags_json(json, tcp->value[NEXUS_TCP_A_FLAGS]);
	nx_json_object_end(json);
}

static int connection_json(const struct nx_ctl *ctl, struct nx_json *json,
			   const struct nlmsghdr *nlh)
{
	struct nx_flow flow;

	if (nx_flow_parse(&flow, nx_attr_nest(nlh, NEXUS_A_FLOW)))
		return -EBADMSG;
	nx_flow_json(ctl, json, NULL, &flow);
	return 0;
}

static void owner_cells(const struct nx_ctl *ctl, struct nx_table *table,
			const struct nx_flow *flow)
{
	char text[NX_TEXT_SIZE];

	nx_table_cell(table, "%s", nx_text_tcp(flow->tcp.value[NEXUS_TCP_A_STATE]));
	nx_flow_local(text, flow);
	nx_table_cell(table, "%s", text);
	nx_flow_remote(text, flow);
	nx_table_cell(table, "%s", text);
	if (flow->pid)
		nx_table_cell(table, "%u", flow->pid);
	else
		nx_table_cell(table, "-");
	nx_text_user(text, flow->uid, ctl->numeric);
	nx_table_cell(table, "%s", text);
}

static void counted_cells(const struct nx_ctl *ctl, struct nx_table *table,
			  const struct nx_flow *flow)
{
	nx_size_cell(ctl, table, flow->counters.value[NEXUS_COUNTERS_A_RX_BYTES]);
	nx_size_cell(ctl, table, flow->counters.value[NEXUS_COUNTERS_A_TX_BYTES]);
	nx_size_cell(ctl, table, flow->tcp.value[NEXUS_TCP_A_UNACKED]);
	nx_count_cell(ctl, table, flow->counters.dropped);
}

/* As ss has it: smoothed time and deviation, in milliseconds. */
static void rtt_cell(struct nx_table *table, const struct nx_tcp *tcp)
{
	if (tcp->value[NEXUS_TCP_A_SRTT_NS])
		nx_table_cell(table, "%.3f/%.3f", tcp->value[NEXUS_TCP_A_SRTT_NS] / 1e6,
			      tcp->value[NEXUS_TCP_A_RTTVAR_NS] / 1e6);
	else
		nx_table_cell(table, "-");
}

static void reported_cells(const struct nx_ctl *ctl, struct nx_table *table,
			   const struct nx_tcp *tcp)
{
	if (!tcp->is_known) {
		for (int i = 0; i < 6; i++)
			nx_table_cell(table, "-");
		return;
	}
	nx_table_cell(table, "%s", nx_text_tcp(tcp->value[NEXUS_TCP_A_STATE]));
	nx_size_cell(ctl, table, tcp->value[NEXUS_TCP_A_UNREAD]);
	nx_size_cell(ctl, table, tcp->value[NEXUS_TCP_A_UNSENT] +
		     tcp->value[NEXUS_TCP_A_UNACKED]);
	nx_size_cell(ctl, table, tcp->value[NEXUS_TCP_A_CWND]);
	rtt_cell(table, tcp);
	nx_count_cell(ctl, table, tcp->value[NEXUS_TCP_A_RETRANS]);
}

static int connection_row(const struct nx_ctl *ctl, struct nx_table *table,
			  const struct nlmsghdr *nlh)
{
	struct nx_flow flow;

	if (nx_flow_parse(&flow, nx_attr_nest(nlh, NEXUS_A_FLOW)))
		return -EBADMSG;
	owner_cells(ctl, table, &flow);
	counted_cells(ctl, table, &flow);
	reported_cells(ctl, table, &flow.reported);
	return 0;
}

/* What begins with ~ is what the application says, and nobody has checked. */
static const struct nx_column columns[] = {
	{ "STATE", false }, { "LOCAL", false }, { "REMOTE", false }, { "PID", true },
	{ "USER", false }, { "RX-BYTES", true }, { "TX-BYTES", true },
	{ "UNACKED", true }, { "DROPS", true },
	{ "~STATE", false }, { "~RECV-Q", true }, { "~SEND-Q", true }, { "~CWND", true },
	{ "~RTT-MS", true }, { "~RETRANS", true },
};

static const struct nx_view view = {
	.json = connection_json, .row = connection_row,
	.columns = columns, .nr_columns = NX_ARRAY_SIZE(columns),
	.nothing = "no TCP connections",
};

int nx_tcp_show(struct nx_ctl *ctl, int argc, char **argv)
{
	struct nx_reply reply;
	int ret;

	ret = nx_flow_select(ctl, argc, argv, IPPROTO_TCP, &reply);
	if (ret)
		return ret;
	ret = nx_show(ctl, &view, &reply);
	nx_reply_free(&reply);
	return ret;
}
