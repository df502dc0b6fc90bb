// SPDX-License-Identifier: GPL-2.0
/*
 * From a query to its answer: reads the query, looks into the zone, writes the
 * reply. A pure function of its arguments.
 */
#include <string.h>

#include "dns.h"

/* The header's flags. */
#define FLAG_QR		0x8000
#define FLAG_AA		0x0400
#define FLAG_TC		0x0200
#define FLAG_RD		0x0100
#define OPCODE(flags)	((flags) >> 11 & 15)
#define OPCODE_MASK	0x7800

/* An OPT record without options: RFC 6891 section 6.1.2. */
#define OPT_SIZE	11
#define OPT_DO		0x8000
/* A pointer to the question's name, which always stands there. */
#define POINTER		0xc000
#define QUESTION_OFF	DNS_HEADER_SIZE

/**
 * struct query - what a query asks
 * @id, @flags: of its header
 * @name:     as it was written
 * @type, @class: of the question
 * @question_len: bytes of the question
 * @has_opt:  it speaks EDNS
 * @version:  of EDNS
 * @udp_size: that the asker takes
 * @opt_flags: of EDNS
 */
struct query {
	uint16_t	id;
	uint16_t	flags;
	struct dns_name	name;
	uint16_t	type;
	uint16_t	class;
	size_t		question_len;
	bool		has_opt;
	uint8_t		version;
	uint16_t	udp_size;
	uint16_t	opt_flags;
};

/* Which sections of the reply have how many records. */
enum section {
	ANSWER,
	AUTHORITY,
	ADDITIONAL,
	NR_SECTIONS,
};

/**
 * struct reply - a reply that is being written
 * @bytes: where
 * @len:   so far
 * @max:   at most, the OPT record that follows not counted
 * @flags: of the header
 * @rcode: with EDNS's upper bits
 * @counts: records by section
 * @apex_off: where the zone's name begins in the question's; 0: nowhere
 * @apex:  the zone's name
 * @query: that is answered
 */
struct reply {
	uint8_t			*bytes;
	size_t			len;
	size_t			max;
	uint16_t		flags;
	unsigned int		rcode;
	uint16_t		counts[NR_SECTIONS];
	unsigned int		apex_off;
	const struct dns_name	*apex;
	const struct query	*query;
};

static uint16_t get16(const uint8_t *at)
{
	return at[0] << 8 | at[1];
}

static void put16(uint8_t *at, uint16_t value)
{
	at[0] = value >> 8;
	at[1] = value;
}

static void put32(uint8_t *at, uint32_t value)
{
	put16(at, value >> 16);
	put16(at + 2, value);
}

/* ---------------------------------------------------------------- query */

/* The question's name can point nowhere: nothing stands before it. */
static bool read_name(const uint8_t *bytes, size_t len, size_t *off,
		      struct dns_name *name)
{
	size_t at = *off, step;

	name->len = 0;
	do {
		if (at >= len || bytes[at] > DNS_LABEL_MAX)
			return false;
		step = 1 + bytes[at];
		if (at + step > len || name->len + step > DNS_NAME_MAX)
			return false;
		memcpy(name->bytes + name->len, bytes + at, step);
		name->len += step;
		at += step;
	} while (step > 1);
	*off = at;
	return true;
}

/* Past the owner of a record, which may be compressed; what it is is no matter. */
static bool skip_name(const uint8_t *bytes, size_t len, size_t *off)
{
	size_t at = *off;

	while (at < len) {
		uint8_t label = bytes[at];

		if (label >= POINTER >> 8) {
			*off = at + 2;
			return *off <= len;
		}
		if (label > DNS_LABEL_MAX)
			return false;
		at += 1 + label;
		if (!label) {
			*off = at;
			return true;
		}
	}
	return false;
}

static bool read_opt(const uint8_t *record, struct query *query)
{
	/* RFC 6891 section 6.1.1: a second one is a format error. */
	if (query->has_opt)
		return false;
	query->has_opt = true;
	query->udp_size = get16(record + 2);
	query->version = record[5];
	query->opt_flags = get16(record + 6);
	return true;
}

/* One record of the additional section; of interest is OPT alone. */
static bool read_additional(const uint8_t *bytes, size_t len, size_t *off,
			    struct query *query)
{
	size_t owner_off = *off;
	const uint8_t *record;

	if (!skip_name(bytes, len, off) || *off + 10 > len)
		return false;
	record = bytes + *off;
	*off += 10 + get16(record + 8);
	if (*off > len)
		return false;
	if (get16(record) != DNS_OPT)
		return true;
	return !bytes[owner_off] && read_opt(record, query);
}

/* After the header: false if it is malformed. */
static bool read_query(const uint8_t *bytes, size_t len, struct query *query)
{
	unsigned int nr_additional = get16(bytes + 10);
	size_t off = QUESTION_OFF;

	/* One question (RFC 9619), and nothing that only replies have. */
	if (get16(bytes + 4) != 1 || get16(bytes + 6) || get16(bytes + 8))
		return false;
	if (!read_name(bytes, len, &off, &query->name) || off + 4 > len)
		return false;
	query->type = get16(bytes + off);
	query->class = get16(bytes + off + 2);
	query->question_len = off + 4 - QUESTION_OFF;
	off += 4;
	while (nr_additional--)
		if (!read_additional(bytes, len, &off, query))
			return false;
	return off == len;
}

/* ---------------------------------------------------------------- reply */

static bool put_bytes(struct reply *reply, const void *bytes, size_t len)
{
	if (reply->len + len > reply->max)
		return false;
	memcpy(reply->bytes + reply->len, bytes, len);
	reply->len += len;
	return true;
}

static bool put_pointer(struct reply *reply, unsigned int off)
{
	uint8_t pointer[2];

	put16(pointer, POINTER | off);
	return put_bytes(reply, pointer, sizeof(pointer));
}

/* Compressed against the question's name and the zone's name in it. */
static bool put_name(struct reply *reply, const struct dns_name *name)
{
	if (dns_name_equal(name, &reply->query->name))
		return put_pointer(reply, QUESTION_OFF);
	if (!reply->apex_off || !dns_name_is_under(name, reply->apex))
		return put_bytes(reply, name->bytes, name->len);
	return put_bytes(reply, name->bytes, name->len - reply->apex->len) &&
	       put_pointer(reply, reply->apex_off);
}

static bool put_record(struct reply *reply, enum section section,
		       const struct dns_record *record, uint32_t ttl)
{
	uint8_t fixed[10];

	put16(fixed, record->type);
	put16(fixed + 2, DNS_CLASS_IN);
	put32(fixed + 4, ttl);
	put16(fixed + 8, record->len);
	if (!put_name(reply, &record->owner) ||
	    !put_bytes(reply, fixed, sizeof(fixed)) ||
	    !put_bytes(reply, record->data, record->len))
		return false;
	reply->counts[section]++;
	return true;
}

/* A set fits as a whole or not at all: RFC 2181 section 9. */
static bool put_set(struct reply *reply, enum section section,
		    struct dns_set set)
{
	size_t len = reply->len, i;
	uint16_t count = reply->counts[section];

	for (i = 0; i < set.nr; i++) {
		if (put_record(reply, section, &set.first[i], set.first[i].ttl))
			continue;
		reply->len = len;
		reply->counts[section] = count;
		return false;
	}
	return true;
}

/* The asker comes back by TCP, or with a larger size. */
static void truncate(struct reply *reply)
{
	reply->flags |= FLAG_TC;
	reply->len = QUESTION_OFF + reply->query->question_len;
	memset(reply->counts, 0, sizeof(reply->counts));
}

/* The SOA that comes with a "no": RFC 2308 section 3. */
static void put_negative(struct reply *reply, const struct dns_zone *zone)
{
	const struct dns_record *soa = zone->soa;
	const uint8_t *minimum = soa->data + soa->len - 4;
	uint32_t ttl = (uint32_t)get16(minimum) << 16 | get16(minimum + 2);

	reply->flags |= FLAG_AA;
	if (!put_record(reply, AUTHORITY, soa, ttl < soa->ttl ? ttl : soa->ttl))
		truncate(reply);
}

static struct dns_name ns_target(const struct dns_record *ns)
{
	struct dns_name name = { .len = ns->len };

	memcpy(name.bytes, ns->data, ns->len);
	return name;
}

/* Addresses of name servers; false if some did not fit. */
static bool put_glue(struct reply *reply, const struct dns_zone *zone,
		     struct dns_set servers)
{
	bool is_whole = true;
	size_t i;

	for (i = 0; i < servers.nr; i++) {
		struct dns_name target = ns_target(&servers.first[i]);
		struct dns_set set = dns_zone_find(zone, &target);

		if (!put_set(reply, ADDITIONAL, dns_set_of_type(set, DNS_A)) ||
		    !put_set(reply, ADDITIONAL, dns_set_of_type(set, DNS_AAAA)))
			is_whole = false;
	}
	return is_whole;
}

/* Glue is not optional in a referral: RFC 9471. */
static void put_referral(struct reply *reply, const struct dns_zone *zone,
			 struct dns_set servers)
{
	if (!put_set(reply, AUTHORITY, servers) ||
	    !put_glue(reply, zone, servers))
		truncate(reply);
}

static void put_answer(struct reply *reply, const struct dns_zone *zone,
		       struct dns_set set)
{
	reply->flags |= FLAG_AA;
	if (!put_set(reply, ANSWER, set))
		truncate(reply);
	else if (set.first->type == DNS_NS)
		put_glue(reply, zone, set);
}

/* --------------------------------------------------------------- look-up */

/* The name servers of the zone that was cut off here or above, if any. */
static struct dns_set find_cut(const struct dns_zone *zone,
			       const struct dns_name *name)
{
	struct dns_set cut = { 0 }, set;
	struct dns_name at = *name;

	while (at.len > zone->apex.len) {
		set = dns_set_of_type(dns_zone_find(zone, &at), DNS_NS);
		if (set.nr)
			cut = set;	/* the highest one decides */
		at.len -= 1 + name->bytes[name->len - at.len];
		memcpy(at.bytes, name->bytes + name->len - at.len, at.len);
	}
	return cut;
}

static void look_up(struct reply *reply, const struct dns_zone *zone)
{
	const struct query *query = reply->query;
	struct dns_set cut = find_cut(zone, &query->name);
	struct dns_set all, set;

	/* DS at the cut is the parent's: RFC 4035 section 3.1.4.1. */
	if (cut.nr && !(query->type == DNS_DS &&
			dns_name_equal(&cut.first->owner, &query->name))) {
		put_referral(reply, zone, cut);
		return;
	}
	all = dns_zone_find(zone, &query->name);
	/* ANY gets one set: RFC 8482 section 4.1. */
	set = dns_set_of_type(all, query->type == DNS_ANY && all.nr ?
					   all.first->type : query->type);
	if (set.nr) {
		put_answer(reply, zone, set);
		return;
	}
	if (!all.nr && !dns_zone_has_below(zone, &query->name))
		reply->rcode = DNS_NXDOMAIN;
	put_negative(reply, zone);
}

static void answer_query(struct reply *reply, const struct dns_zone *zone)
{
	const struct query *query = reply->query;

	if (query->has_opt && query->version) {
		reply->rcode = DNS_BADVERS;
	} else if ((query->class != DNS_CLASS_IN &&
		    query->class != DNS_CLASS_ANY) ||
		   query->type == DNS_AXFR || query->type == DNS_IXFR ||
		   !dns_name_is_under(&query->name, &zone->apex)) {
		reply->rcode = DNS_REFUSED;
	} else {
		reply->apex_off = QUESTION_OFF + query->name.len -
				  zone->apex.len;
		look_up(reply, zone);
	}
}

/* -------------------------------------------------------------- together */

static void put_header(struct reply *reply, bool has_question)
{
	const struct query *query = reply->query;
	uint16_t flags = FLAG_QR | reply->flags | (reply->rcode & 15) |
			 (query->flags & (OPCODE_MASK | FLAG_RD));

	put16(reply->bytes, query->id);
	put16(reply->bytes + 2, flags);
	put16(reply->bytes + 4, has_question);
	put16(reply->bytes + 6, reply->counts[ANSWER]);
	put16(reply->bytes + 8, reply->counts[AUTHORITY]);
	put16(reply->bytes + 10, reply->counts[ADDITIONAL]);
}

/* The space for it was kept free. */
static void put_opt(struct reply *reply)
{
	uint8_t *opt = reply->bytes + reply->len;

	memset(opt, 0, OPT_SIZE);
	put16(opt + 1, DNS_OPT);
	put16(opt + 3, DNS_UDP_MAX);
	opt[5] = reply->rcode >> 4;
	put16(opt + 7, reply->query->opt_flags & OPT_DO);
	reply->len += OPT_SIZE;
	reply->counts[ADDITIONAL]++;
}

static size_t answer_error(const struct query *query, enum dns_rcode rcode,
			   uint8_t *bytes)
{
	struct reply reply = {
		.bytes = bytes,
		.query = query,
		.rcode = rcode,
	};

	put_header(&reply, false);
	return DNS_HEADER_SIZE;
}

static size_t reply_size(const struct query *query, size_t max)
{
	size_t size = query->has_opt ? query->udp_size : DNS_UDP_MIN;

	if (size < DNS_UDP_MIN)		/* RFC 6891 section 6.2.3 */
		size = DNS_UDP_MIN;
	if (size > DNS_UDP_MAX)
		size = DNS_UDP_MAX;
	if (size > max)
		size = max;
	return size - (query->has_opt ? OPT_SIZE : 0);
}

/*
 * Writes the answer to @query into @reply, which holds at least DNS_UDP_MIN
 * bytes and may not overlap it. Returns its length, or 0 for silence: what is
 * no query (too short for a header, or itself a reply) is not answered.
 */
size_t dns_answer(const struct dns_zone *zone, const uint8_t *query_bytes,
		  size_t query_len, uint8_t *reply_bytes, size_t reply_max)
{
	struct query query = { 0 };
	struct reply reply = {
		.bytes = reply_bytes,
		.query = &query,
		.apex = &zone->apex,
	};

	if (query_len < DNS_HEADER_SIZE || reply_max < DNS_UDP_MIN)
		return 0;
	query.id = get16(query_bytes);
	query.flags = get16(query_bytes + 2);
	if (query.flags & FLAG_QR)
		return 0;
	if (OPCODE(query.flags))
		return answer_error(&query, DNS_NOTIMP, reply_bytes);
	if (!read_query(query_bytes, query_len, &query))
		return answer_error(&query, DNS_FORMERR, reply_bytes);

	reply.max = reply_size(&query, reply_max);
	reply.len = QUESTION_OFF + query.question_len;
	memcpy(reply_bytes + QUESTION_OFF, query_bytes + QUESTION_OFF,
	       query.question_len);
	answer_query(&reply, zone);
	if (query.has_opt)
		put_opt(&reply);
	put_header(&reply, true);
	return reply.len;
}
