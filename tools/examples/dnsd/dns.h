/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A zone in memory, and the answers to questions about it (RFC 1034, 1035,
 * 2181, 2308, 6891). No input or output happens here, but for the zone file's
 * text, which comes in as a string.
 */
#ifndef NEXUS_DNSD_DNS_H
#define NEXUS_DNSD_DNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* RFC 1035 section 2.3.4. */
#define DNS_NAME_MAX		255
#define DNS_LABEL_MAX		63
/* RFC 1035 section 4.2.1: what everybody takes. */
#define DNS_UDP_MIN		512
/* What we send and take at most: DNS flag day 2020, fits every path. */
#define DNS_UDP_MAX		1232
#define DNS_HEADER_SIZE		12

enum dns_type {
	DNS_A = 1,
	DNS_NS = 2,
	DNS_SOA = 6,
	DNS_TXT = 16,
	DNS_AAAA = 28,
	DNS_OPT = 41,
	DNS_DS = 43,
	DNS_IXFR = 251,
	DNS_AXFR = 252,
	DNS_ANY = 255,
};

#define DNS_CLASS_IN		1
#define DNS_CLASS_ANY		255

enum dns_rcode {
	DNS_NOERROR = 0,
	DNS_FORMERR = 1,
	DNS_NXDOMAIN = 3,
	DNS_NOTIMP = 4,
	DNS_REFUSED = 5,
	DNS_BADVERS = 16,
};

/**
 * struct dns_name - a name in wire format, without compression
 * @len:   bytes, the root label included
 * @bytes: labels; lower case in a zone, as it came in a question
 */
struct dns_name {
	uint8_t	len;
	uint8_t	bytes[DNS_NAME_MAX];
};

/**
 * struct dns_record - one record of a zone
 * @owner: lower case
 * @type:  enum dns_type
 * @ttl:   seconds
 * @len:   bytes of @data
 * @data:  in wire format, names in it not compressed
 */
struct dns_record {
	struct dns_name	owner;
	uint16_t	type;
	uint32_t	ttl;
	uint16_t	len;
	uint8_t		*data;
};

/**
 * struct dns_zone - all records, sorted by owner in canonical order, then type
 * @apex:    of the zone
 * @records: the records
 * @nr:      of them
 * @soa:     the one at the apex
 */
struct dns_zone {
	struct dns_name		apex;
	struct dns_record	*records;
	size_t			nr;
	const struct dns_record	*soa;
};

/* What is wrong with a zone file, and where. */
struct dns_zone_error {
	unsigned int	line;
	char		text[160];
};

int dns_zone_parse(struct dns_zone *zone, const char *text,
		   struct dns_zone_error *error);
void dns_zone_free(struct dns_zone *zone);

size_t dns_answer(const struct dns_zone *zone, const uint8_t *query,
		  size_t query_len, uint8_t *reply, size_t reply_max);

/* dns_name.c */
int dns_name_parse(struct dns_name *name, const char *text,
		   const struct dns_name *origin);
void dns_name_format(const struct dns_name *name, char *text, size_t size);
void dns_name_lower(struct dns_name *name);
int dns_name_compare(const struct dns_name *a, const struct dns_name *b);
bool dns_name_equal(const struct dns_name *a, const struct dns_name *b);
bool dns_name_is_under(const struct dns_name *name, const struct dns_name *top);

/* dns_zone.c */

/* A run of records with one owner, or with one owner and one type. */
struct dns_set {
	const struct dns_record	*first;
	size_t			nr;
};

struct dns_set dns_zone_find(const struct dns_zone *zone,
			     const struct dns_name *name);
struct dns_set dns_set_of_type(struct dns_set set, uint16_t type);
bool dns_zone_has_below(const struct dns_zone *zone,
			const struct dns_name *name);

#endif
