/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What happened, as a hash, and on demand as lines like tcpdump's and as a file
 * that Wireshark reads.
 */
#ifndef SIM_TRACE_H
#define SIM_TRACE_H

#include <stdio.h>

#include "packet.h"

/**
 * struct sim_trace - where a run's packets are written down
 * @hash:  over the times, kinds and bytes of all of them, in order
 * @lines: where lines go, or NULL
 * @pcap:  where packets go, or NULL; see sim_pcap_begin()
 */
struct sim_trace {
	uint64_t	hash;
	FILE		*lines;
	FILE		*pcap;
};

/** enum sim_fate - what became of a packet, as its line tells */
enum sim_fate {
	SIM_SENT,
	SIM_ARRIVED,
	SIM_QUEUE_DROPPED,
	SIM_LOST,
	SIM_CORRUPTED,
	SIM_DUPLICATED,
	SIM_DELAYED,
	SIM_TOO_BIG,
	SIM_NR_FATES,
};

/**
 * sim_trace_packet - note what became of a packet
 * @trace:  where
 * @now_ns: when
 * @link:   the name of the link
 * @fate:   what
 * @packet: of IP
 *
 * The file gets what was sent, as a tcpdump beside the sender would see it.
 */
void sim_trace_packet(struct sim_trace *trace, uint64_t now_ns,
		      const char *link, enum sim_fate fate,
		      const struct sim_packet *packet);

/** sim_trace_bytes - let the hash depend on so many bytes */
void sim_trace_bytes(struct sim_trace *trace, const void *bytes, uint32_t len);

/** sim_trace_number - let a number count in the hash */
void sim_trace_number(struct sim_trace *trace, uint64_t number);

/** sim_trace_note - write a line of other kind, if lines are wanted */
void sim_trace_note(struct sim_trace *trace, uint64_t now_ns,
		    const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/**
 * sim_pcap_begin - open a file of packets (pcap, nanoseconds, LINKTYPE_RAW)
 *
 * Return: the file, or NULL with errno.
 */
FILE *sim_pcap_begin(const char *path);

/** sim_pcap_packet - append a packet */
void sim_pcap_packet(FILE *file, uint64_t now_ns,
		     const struct sim_packet *packet);

/** sim_dump - print a packet in tcpdump's manner, without the line's end */
void sim_dump(FILE *file, const struct sim_packet *packet);

#endif /* SIM_TRACE_H */
