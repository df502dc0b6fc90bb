// SPDX-License-Identifier: GPL-2.0
/* Names for the ABI's numbers, and numbers as people read them. */
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <netinet/in.h>
#include <linux/nexus.h>
#include <linux/nexus_netlink.h>

#include "text.h"

static const char *const kinds[] = {
	[NEXUS_KIND_FLOW_SWITCH] = "flow-switch",
};

static const char *const states[] = {
	[NEXUS_CHANNEL_ACTIVE] = "active",
	[NEXUS_CHANNEL_QUARANTINED] = "quarantined",
	[NEXUS_CHANNEL_DETACHED] = "detached",
	[NEXUS_CHANNEL_DEFUNCT] = "defunct",
};

static const char *const classes[] = {
	[NEXUS_CLASS_BEST_EFFORT] = "best-effort",
	[NEXUS_CLASS_BULK] = "bulk",
	[NEXUS_CLASS_LOW_LATENCY] = "low-latency",
};

static const char *const tcp_states[] = {
	[NEXUS_TCP_NONE] = "none",
	[NEXUS_TCP_LISTEN] = "listen",
	[NEXUS_TCP_SYN_SENT] = "syn-sent",
	[NEXUS_TCP_SYN_RCVD] = "syn-recv",
	[NEXUS_TCP_ESTABLISHED] = "estab",
	[NEXUS_TCP_FIN_WAIT_1] = "fin-wait-1",
	[NEXUS_TCP_FIN_WAIT_2] = "fin-wait-2",
	[NEXUS_TCP_CLOSE_WAIT] = "close-wait",
	[NEXUS_TCP_CLOSING] = "closing",
	[NEXUS_TCP_LAST_ACK] = "last-ack",
	[NEXUS_TCP_TIME_WAIT] = "time-wait",
	[NEXUS_TCP_CLOSED] = "closed",
};

static const char *const rules[] = {
	[NEXUS_RULE_ANY] = "any",
	[NEXUS_RULE_UID] = "uid",
	[NEXUS_RULE_GID] = "gid",
};

static const char *const monitors[] = {
	[NEXUS_MONITOR_NEXUS_NEW] = "nexus-new",
	[NEXUS_MONITOR_NEXUS_DEL] = "nexus-del",
	[NEXUS_MONITOR_DEV_ADD] = "dev-add",
	[NEXUS_MONITOR_DEV_DEL] = "dev-del",
	[NEXUS_MONITOR_ATTACH] = "attach",
	[NEXUS_MONITOR_ATTACH_DENIED] = "attach-denied",
	[NEXUS_MONITOR_DETACH] = "detach",
	[NEXUS_MONITOR_FLOW_ADD] = "flow-add",
	[NEXUS_MONITOR_FLOW_DEL] = "flow-del",
	[NEXUS_MONITOR_VIOLATION] = "violation",
	[NEXUS_MONITOR_ADDR_GONE] = "addr-gone",
	[NEXUS_MONITOR_POLICY] = "policy",
	[NEXUS_MONITOR_DEFUNCT] = "defunct",
	[NEXUS_MONITOR_SHED] = "shed",
};

static const char *const defuncts[][2] = {
	[NEXUS_DEFUNCT_ASKED] = { "asked", "an administrator asked for it" },
	[NEXUS_DEFUNCT_IDLE] = { "idle", "it was idle for longer than the policy allows" },
	[NEXUS_DEFUNCT_PRESSURE] = { "pressure", "the host ran short of memory" },
};

static const char *const violations[][2] = {
	[NEXUS_VIOLATION_NONE] = { "none", "nothing" },
	[NEXUS_VIOLATION_TX_INDEX] = {
		"tx-index", "its TX index is past what the ring holds" },
	[NEXUS_VIOLATION_FREE_INDEX] = {
		"free-index", "its FREE index is past what the ring holds" },
	[NEXUS_VIOLATION_RX_INDEX] = {
		"rx-index", "its RX index is past what the kernel produced" },
	[NEXUS_VIOLATION_ALLOC_INDEX] = {
		"alloc-index", "its ALLOC index is past what the kernel produced" },
	[NEXUS_VIOLATION_EVENT_INDEX] = {
		"event-index", "its EVENT index is past what the kernel produced" },
	[NEXUS_VIOLATION_BUFFER_RANGE] = {
		"buffer-range", "it named a buffer that does not exist" },
	[NEXUS_VIOLATION_BUFFER_OWNER] = {
		"buffer-owner", "it named a buffer that it did not own" },
};

static const char *const drops[][2] = {
#define NX_DROP_TEXT(id, name, text) [NEXUS_DROP_##id] = { name, text },
	NEXUS_DROP_REASONS(NX_DROP_TEXT)
};

static const char *name_of(const char *const *names, size_t nr, u32 value)
{
	return value < nr && names[value] ? names[value] : "unknown";
}

const char *nx_text_kind(u32 kind)
{
	return name_of(kinds, NX_ARRAY_SIZE(kinds), kind);
}

const char *nx_text_state(u32 state)
{
	return name_of(states, NX_ARRAY_SIZE(states), state);
}

const char *nx_text_class(u32 class)
{
	return name_of(classes, NX_ARRAY_SIZE(classes), class);
}

const char *nx_text_tcp(u32 state)
{
	return name_of(tcp_states, NX_ARRAY_SIZE(tcp_states), state);
}

const char *nx_text_rule(u32 type)
{
	return name_of(rules, NX_ARRAY_SIZE(rules), type);
}

const char *nx_text_monitor(u32 type)
{
	return name_of(monitors, NX_ARRAY_SIZE(monitors), type);
}

static const char *defunct_text(u32 reason, int which)
{
	if (reason >= NX_ARRAY_SIZE(defuncts) || !defuncts[reason][which])
		return "unknown";
	return defuncts[reason][which];
}

const char *nx_text_defunct(u32 reason)
{
	return defunct_text(reason, 0);
}

const char *nx_text_defunct_meaning(u32 reason)
{
	return defunct_text(reason, 1);
}

const char *nx_text_violation(u32 violation)
{
	return violation < NX_ARRAY_SIZE(violations) ? violations[violation][0] : "unknown";
}

const char *nx_text_violation_meaning(u32 violation)
{
	return violation < NX_ARRAY_SIZE(violations) ? violations[violation][1] :
	       "something that this nexusctl does not know";
}

const char *nx_text_drop(u32 reason)
{
	return reason < NX_ARRAY_SIZE(drops) ? drops[reason][0] : NULL;
}

const char *nx_text_drop_meaning(u32 reason)
{
	return reason < NX_ARRAY_SIZE(drops) ? drops[reason][1] : NULL;
}

void nx_text_protocol(char buf[NX_TEXT_SIZE], u8 protocol)
{
	if (protocol == IPPROTO_UDP)
		snprintf(buf, NX_TEXT_SIZE, "udp");
	else if (protocol == IPPROTO_TCP)
		snprintf(buf, NX_TEXT_SIZE, "tcp");
	else
		snprintf(buf, NX_TEXT_SIZE, "%u", protocol);
}

/* Three digits and a unit; never rounds up, so that a limit is not overstated. */
static void scale(char buf[NX_TEXT_SIZE], u64 value, u64 base, const char *const *units)
{
	u64 unit = base;

	while (value / unit >= base && units[1]) {
		unit *= base;
		units++;
	}
	u64 whole = value / unit;
	u64 hundredths = (u64)((value % unit) / (unit / 100.0));

	if (hundredths > 99)
		hundredths = 99;
	if (whole >= 100 || value % unit == 0)
		snprintf(buf, NX_TEXT_SIZE, "%llu%s", (unsigned long long)whole, *units);
	else if (whole >= 10)
		snprintf(buf, NX_TEXT_SIZE, "%llu.%llu%s", (unsigned long long)whole,
			 (unsigned long long)hundredths / 10, *units);
	else
		snprintf(buf, NX_TEXT_SIZE, "%llu.%02llu%s", (unsigned long long)whole,
			 (unsigned long long)hundredths, *units);
}

void nx_text_count(char buf[NX_TEXT_SIZE], u64 count, bool numeric)
{
	static const char *const units[] = { "k", "M", "G", "T", "P", "E", NULL };

	if (numeric || count < 100000)
		snprintf(buf, NX_TEXT_SIZE, "%llu", (unsigned long long)count);
	else
		scale(buf, count, 1000, units);
}

void nx_text_size(char buf[NX_TEXT_SIZE], u64 bytes, bool numeric)
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB", "PiB", "EiB", NULL };

	if (numeric)
		snprintf(buf, NX_TEXT_SIZE, "%llu", (unsigned long long)bytes);
	else if (bytes < 1024)
		snprintf(buf, NX_TEXT_SIZE, "%lluB", (unsigned long long)bytes);
	else
		scale(buf, bytes, 1024, units);
}

/**
 * struct nx_owner - a user's or group's name that was looked up
 * @id:   number
 * @name: or the number in digits; empty: this entry is not in use
 */
struct nx_owner {
	u32 id;
	char name[NX_TEXT_SIZE];
};

/* Ten thousand flows must not ask the directory ten thousand times. */
#define NX_OWNERS 64

static void look_up_user(char buf[NX_TEXT_SIZE], u32 uid)
{
	struct passwd *pw = getpwuid(uid);

	if (pw)
		snprintf(buf, NX_TEXT_SIZE, "%s", pw->pw_name);
	else
		snprintf(buf, NX_TEXT_SIZE, "%u", uid);
}

static void look_up_group(char buf[NX_TEXT_SIZE], u32 gid)
{
	struct group *gr = getgrgid(gid);

	if (gr)
		snprintf(buf, NX_TEXT_SIZE, "%s", gr->gr_name);
	else
		snprintf(buf, NX_TEXT_SIZE, "%u", gid);
}

static void owner(char buf[NX_TEXT_SIZE], u32 id, struct nx_owner *cache,
		  void (*look_up)(char *buf, u32 id))
{
	struct nx_owner *entry = &cache[id % NX_OWNERS];

	if (!entry->name[0] || entry->id != id) {
		entry->id = id;
		look_up(entry->name, id);
	}
	memcpy(buf, entry->name, NX_TEXT_SIZE);
}

void nx_text_user(char buf[NX_TEXT_SIZE], u32 uid, bool numeric)
{
	static struct nx_owner cache[NX_OWNERS];

	if (numeric)
		snprintf(buf, NX_TEXT_SIZE, "%u", uid);
	else
		owner(buf, uid, cache, look_up_user);
}

void nx_text_group(char buf[NX_TEXT_SIZE], u32 gid, bool numeric)
{
	static struct nx_owner cache[NX_OWNERS];

	if (numeric)
		snprintf(buf, NX_TEXT_SIZE, "%u", gid);
	else
		owner(buf, gid, cache, look_up_group);
}

void nx_text_time(char buf[NX_TEXT_SIZE], u64 time_ns)
{
	time_t seconds = time_ns / 1000000000;
	struct tm tm;
	size_t len = 0;

	if (localtime_r(&seconds, &tm))
		len = strftime(buf, NX_TEXT_SIZE, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(buf + len, NX_TEXT_SIZE - len, ".%06llu",
		 (unsigned long long)(time_ns % 1000000000) / 1000);
}

char *nx_text_printable(const char *text)
{
	char *copy = malloc(strlen(text) * 4 + 1);
	char *to = copy;

	if (!copy)
		return NULL;
	for (; *text; text++) {
		unsigned char c = *text;

		if (c >= 0x20 && c < 0x7f)
			*to++ = c;
		else
			to += sprintf(to, "\\x%02x", c);
	}
	*to = '\0';
	return copy;
}
