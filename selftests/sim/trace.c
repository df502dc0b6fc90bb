// SPDX-License-Identifier: GPL-2.0
/*
 * The hash over a run, and the lines and packets that are kept of it.
 */
#include <stdarg.h>
#include <string.h>

#include "rng.h"
#include "trace.h"

static const char *const fates[SIM_NR_FATES] = {
	[SIM_SENT]		= "",
	[SIM_ARRIVED]		= " (arrived)",
	[SIM_QUEUE_DROPPED]	= " (dropped by the queue)",
	[SIM_LOST]		= " (lost)",
	[SIM_CORRUPTED]		= " (corrupted)",
	[SIM_DUPLICATED]	= " (duplicated)",
	[SIM_DELAYED]		= " (out of order)",
	[SIM_TOO_BIG]		= " (too big)",
};

void sim_trace_number(struct sim_trace *trace, uint64_t number)
{
	trace->hash = sim_mix(trace->hash + number + 0x9e3779b97f4a7c15);
}

void sim_trace_bytes(struct sim_trace *trace, const void *bytes, uint32_t len)
{
	const uint8_t *data = bytes;
	uint64_t word, hash = trace->hash;

	for (; len >= sizeof(word); data += sizeof(word), len -= sizeof(word)) {
		memcpy(&word, data, sizeof(word));
		hash = (hash ^ word) * 0x9fb21c651e98df25;
		hash ^= hash >> 29;
	}
	word = 0;
	memcpy(&word, data, len);
	trace->hash = hash;
	sim_trace_number(trace, word);
}

void sim_trace_packet(struct sim_trace *trace, uint64_t now_ns,
		      const char *link, enum sim_fate fate,
		      const struct sim_packet *packet)
{
	sim_trace_number(trace, now_ns);
	sim_trace_number(trace, (uint64_t)fate << 32 | packet->len);
	sim_trace_bytes(trace, packet->data, packet->len);
	if (trace->pcap && fate == SIM_SENT)
		sim_pcap_packet(trace->pcap, now_ns, packet);
	if (!trace->lines)
		return;
	fprintf(trace->lines, "%llu.%09llu %s ",
		(unsigned long long)(now_ns / SIM_NS_PER_S),
		(unsigned long long)(now_ns % SIM_NS_PER_S), link);
	sim_dump(trace->lines, packet);
	fprintf(trace->lines, "%s\n", fates[fate]);
}

void sim_trace_note(struct sim_trace *trace, uint64_t now_ns,
		    const char *format, ...)
{
	va_list args;

	if (!trace->lines)
		return;
	fprintf(trace->lines, "%llu.%09llu # ",
		(unsigned long long)(now_ns / SIM_NS_PER_S),
		(unsigned long long)(now_ns % SIM_NS_PER_S));
	va_start(args, format);
	vfprintf(trace->lines, format, args);
	va_end(args);
	fputc('\n', trace->lines);
}
