// SPDX-License-Identifier: GPL-2.0
/*
 * Files of packets, in the format that libpcap's pcap-savefile(5) describes.
 */
#include <stdint.h>

#include "trace.h"

#define PCAP_MAGIC_NS	0xa1b23c4d
#define PCAP_SNAPLEN	262144
/* The packet begins with its IP header. */
#define LINKTYPE_RAW	101

FILE *sim_pcap_begin(const char *path)
{
	const struct {
		uint32_t magic;
		uint16_t major, minor;
		uint32_t zone, sigfigs, snaplen, linktype;
	} header = {
		.magic = PCAP_MAGIC_NS,
		.major = 2,
		.minor = 4,
		.snaplen = PCAP_SNAPLEN,
		.linktype = LINKTYPE_RAW,
	};
	FILE *file = fopen(path, "wb");

	if (file)
		fwrite(&header, sizeof(header), 1, file);
	return file;
}

void sim_pcap_packet(FILE *file, uint64_t now_ns,
		     const struct sim_packet *packet)
{
	const uint32_t record[4] = {
		(uint32_t)(now_ns / SIM_NS_PER_S),
		(uint32_t)(now_ns % SIM_NS_PER_S),
		packet->len,
		packet->len,
	};

	fwrite(record, sizeof(record), 1, file);
	fwrite(packet->data, packet->len, 1, file);
}
