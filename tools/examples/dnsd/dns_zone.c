// SPDX-License-Identifier: GPL-2.0
/*
 * Reads a zone from a strict subset of RFC 1035's master files: A, AAAA, NS,
 * SOA and TXT of class IN, $ORIGIN, $TTL, comments and parentheses.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dns.h"

/* Words of one record at most: a SOA has 11, a TXT as many as fit. */
#define WORDS_MAX	64
#define WORD_SIZE	1024
#define TTL_MAX		0x7fffffffU	/* RFC 2181 section 8 */

/**
 * struct word - one field of a record
 * @text:      its characters
 * @is_quoted: it stood in quotation marks
 */
struct word {
	char	text[WORD_SIZE];
	bool	is_quoted;
};

/**
 * struct reader - where the reading of a file has got to
 * @zone:      that is being read
 * @at:        next character
 * @line:      where it is
 * @words:     of the record that is read now
 * @nr_words:  of them
 * @is_indented: the record began with a blank: the owner is the last one's
 * @origin:    of relative names
 * @owner:     of the last record
 * @has_origin, @has_owner: they are known
 * @ttl:       of $TTL
 * @has_ttl:   it was given
 * @error:     filled in with the first error
 */
struct reader {
	struct dns_zone		*zone;
	const char		*at;
	unsigned int		line;
	struct word		words[WORDS_MAX];
	unsigned int		nr_words;
	bool			is_indented;
	struct dns_name		origin;
	struct dns_name		owner;
	bool			has_origin;
	bool			has_owner;
	uint32_t		ttl;
	bool			has_ttl;
	struct dns_zone_error	*error;
};

static int __attribute__((format(printf, 2, 3)))
fail(struct reader *reader, const char *format, ...)
{
	va_list args;

	reader->error->line = reader->line;
	va_start(args, format);
	vsnprintf(reader->error->text, sizeof(reader->error->text), format,
		  args);
	va_end(args);
	return -EINVAL;
}

/* ---------------------------------------------------------------- words */

static int read_quoted(struct reader *reader, struct word *word)
{
	size_t len = 0;

	word->is_quoted = true;
	for (reader->at++; *reader->at != '"'; reader->at++) {
		if (!*reader->at || *reader->at == '\n')
			return fail(reader, "a quotation mark is missing");
		if (len + 3 >= sizeof(word->text))
			return fail(reader, "a string is too long");
		word->text[len++] = *reader->at;
		if (*reader->at == '\\' && reader->at[1] &&
		    reader->at[1] != '\n')
			word->text[len++] = *++reader->at;
	}
	reader->at++;
	word->text[len] = '\0';
	return 0;
}

static int read_plain(struct reader *reader, struct word *word)
{
	size_t len = 0;

	word->is_quoted = false;
	while (*reader->at && !strchr(" \t\r\n;()\"", *reader->at)) {
		if (len + 1 >= sizeof(word->text))
			return fail(reader, "a word is too long");
		word->text[len++] = *reader->at++;
	}
	word->text[len] = '\0';
	return 0;
}

static int read_word(struct reader *reader)
{
	struct word *word = &reader->words[reader->nr_words];

	if (reader->nr_words == WORDS_MAX)
		return fail(reader, "a record has more than %u words", WORDS_MAX);
	reader->nr_words++;
	return *reader->at == '"' ? read_quoted(reader, word) :
				    read_plain(reader, word);
}

/* The words up to the end of a line that is not within parentheses. */
static int read_entry(struct reader *reader)
{
	bool is_open = false;
	int err = 0;

	reader->nr_words = 0;
	reader->is_indented = *reader->at == ' ' || *reader->at == '\t';
	while (*reader->at && !err) {
		char c = *reader->at;

		if (c == ';') {
			reader->at += strcspn(reader->at, "\n");
		} else if (c == '\n') {
			reader->at++;
			if (!is_open)
				return 0;
			reader->line++;
		} else if (strchr(" \t\r", c)) {
			reader->at++;
		} else if (c == '(' || c == ')') {
			if (is_open == (c == '('))
				return fail(reader, "'%c' without its partner", c);
			is_open = c == '(';
			reader->at++;
		} else {
			err = read_word(reader);
		}
	}
	if (!err && is_open)
		return fail(reader, "')' is missing");
	return err;
}

/* --------------------------------------------------------------- records */

static int read_number(struct reader *reader, const char *text, uint32_t max,
		       uint32_t *value)
{
	char *tail;
	unsigned long long number;

	errno = 0;
	number = strtoull(text, &tail, 10);
	if (*text < '0' || *text > '9' || *tail || errno || number > max)
		return fail(reader, "'%.40s': a number from 0 to %u is needed",
			    text, max);
	*value = number;
	return 0;
}

static int read_name(struct reader *reader, const char *text,
		     struct dns_name *name)
{
	int err = dns_name_parse(name, text,
				 reader->has_origin ? &reader->origin : NULL);

	if (err == -ENAMETOOLONG)
		return fail(reader, "'%.40s...' is longer than a name may be",
			    text);
	if (err)
		return fail(reader, "'%.60s' is no name%s", text,
			    reader->has_origin ? "" :
			    " (a relative one needs $ORIGIN before it)");
	return 0;
}

static int read_address(struct reader *reader, const struct word *words,
			unsigned int nr, struct dns_record *record)
{
	bool is_v6 = record->type == DNS_AAAA;

	if (nr != 1 || inet_pton(is_v6 ? AF_INET6 : AF_INET, words[0].text,
				 record->data) != 1)
		return fail(reader, "%s needs one IPv%c address",
			    is_v6 ? "AAAA" : "A", is_v6 ? '6' : '4');
	record->len = is_v6 ? 16 : 4;
	return 0;
}

static void append(struct dns_record *record, const void *data, size_t len)
{
	memcpy(record->data + record->len, data, len);
	record->len += len;
}

static int read_ns(struct reader *reader, const struct word *words,
		   unsigned int nr, struct dns_record *record)
{
	struct dns_name name;
	int err;

	if (nr != 1)
		return fail(reader, "NS needs one name");
	err = read_name(reader, words[0].text, &name);
	if (!err)
		append(record, name.bytes, name.len);
	return err;
}

static int read_soa(struct reader *reader, const struct word *words,
		    unsigned int nr, struct dns_record *record)
{
	struct dns_name name;
	uint32_t value;
	unsigned int i;
	int err;

	if (nr != 7)
		return fail(reader,
			    "SOA needs 2 names and 5 numbers, not %u words", nr);
	for (i = 0; i < 2; i++) {
		err = read_name(reader, words[i].text, &name);
		if (err)
			return err;
		append(record, name.bytes, name.len);
	}
	for (; i < 7; i++) {
		err = read_number(reader, words[i].text,
				  i == 2 ? UINT32_MAX : TTL_MAX, &value);
		if (err)
			return err;
		value = htonl(value);
		append(record, &value, sizeof(value));
	}
	return 0;
}

/* Removes the escapes; returns the length, or -1 for a wrong one. */
static int unquote(const char *text, uint8_t *bytes, size_t max)
{
	unsigned int value;
	size_t len = 0;

	while (*text) {
		if (len == max)
			return -1;
		if (*text != '\\') {
			bytes[len++] = *text++;
		} else if (text[1] >= '0' && text[1] <= '9') {
			if (sscanf(text + 1, "%3u", &value) != 1 || value > 255 ||
			    strspn(text + 1, "0123456789") < 3)
				return -1;
			bytes[len++] = value;
			text += 4;
		} else if (text[1]) {
			bytes[len++] = text[1];
			text += 2;
		} else {
			return -1;
		}
	}
	return len;
}

static int read_txt(struct reader *reader, const struct word *words,
		    unsigned int nr, struct dns_record *record)
{
	uint8_t bytes[256];
	unsigned int i;
	int len;

	if (!nr)
		return fail(reader, "TXT needs a string");
	for (i = 0; i < nr; i++) {
		len = unquote(words[i].text, bytes + 1, 255);
		if (len < 0)
			return fail(reader, "a string of TXT has 255 bytes at most, and \\ before a character or three digits");
		bytes[0] = len;
		append(record, bytes, len + 1);
	}
	return 0;
}

static const struct record_kind {
	const char	*name;
	enum dns_type	type;
	int (*read)(struct reader *reader, const struct word *words,
		    unsigned int nr, struct dns_record *record);
} kinds[] = {
	{ "A", DNS_A, read_address },
	{ "AAAA", DNS_AAAA, read_address },
	{ "NS", DNS_NS, read_ns },
	{ "SOA", DNS_SOA, read_soa },
	{ "TXT", DNS_TXT, read_txt },
};

static const struct record_kind *find_kind(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcasecmp(kinds[i].name, name))
			return &kinds[i];
	return NULL;
}

static struct dns_record *add_record(struct reader *reader)
{
	struct dns_zone *zone = reader->zone;
	struct dns_record *records, *record;

	records = realloc(zone->records, (zone->nr + 1) * sizeof(*records));
	if (!records)
		return NULL;
	zone->records = records;
	record = &records[zone->nr];
	memset(record, 0, sizeof(*record));
	record->data = malloc(WORDS_MAX * 256);
	if (!record->data)
		return NULL;
	zone->nr++;
	return record;
}

/* "[TTL] [IN]" or "[IN] [TTL]"; returns how many words it took, or -EINVAL. */
static int read_ttl_class(struct reader *reader, const struct word *words,
			  unsigned int nr, uint32_t *ttl, bool *has_ttl)
{
	unsigned int i;

	for (i = 0; i < 2 && i < nr; i++) {
		const char *text = words[i].text;

		if (!strcasecmp(text, "IN"))
			continue;
		if (!strcasecmp(text, "CH") || !strcasecmp(text, "HS"))
			return fail(reader, "class %s: IN alone is served", text);
		if (*text < '0' || *text > '9')
			break;
		if (read_number(reader, text, TTL_MAX, ttl))
			return -EINVAL;
		*has_ttl = true;
	}
	return i;
}

static int read_owner(struct reader *reader, unsigned int *used)
{
	int err;

	*used = 0;
	if (reader->is_indented) {
		if (!reader->has_owner)
			return fail(reader, "the first record needs an owner");
		return 0;
	}
	err = read_name(reader, reader->words[0].text, &reader->owner);
	if (err)
		return err;
	if (reader->owner.bytes[0] == 1 && reader->owner.bytes[1] == '*')
		return fail(reader, "wildcards are not served");
	reader->has_owner = true;
	*used = 1;
	return 0;
}

static int read_record(struct reader *reader)
{
	const struct record_kind *kind;
	struct dns_record *record;
	unsigned int at;
	uint32_t ttl = reader->ttl;
	bool has_ttl = reader->has_ttl;
	uint8_t *data;
	int used, err;

	err = read_owner(reader, &at);
	if (err)
		return err;
	used = read_ttl_class(reader, reader->words + at, reader->nr_words - at,
			      &ttl, &has_ttl);
	if (used < 0)
		return used;
	at += used;
	if (at >= reader->nr_words)
		return fail(reader, "the record's type is missing");
	if (!has_ttl)
		return fail(reader, "no TTL here, and no $TTL before");
	kind = find_kind(reader->words[at].text);
	if (!kind)
		return fail(reader, "type %.20s: A, AAAA, NS, SOA and TXT are served",
			    reader->words[at].text);
	record = add_record(reader);
	if (!record)
		return -ENOMEM;
	record->owner = reader->owner;
	record->type = kind->type;
	record->ttl = ttl;
	at++;
	err = kind->read(reader, reader->words + at, reader->nr_words - at,
			 record);
	data = realloc(record->data, record->len ? record->len : 1);
	if (data)
		record->data = data;
	return err;
}

static int read_directive(struct reader *reader)
{
	const char *name = reader->words[0].text;
	int err;

	if (reader->nr_words != 2)
		return fail(reader, "%.20s needs one value", name);
	if (!strcasecmp(name, "$TTL")) {
		err = read_number(reader, reader->words[1].text, TTL_MAX,
				  &reader->ttl);
		reader->has_ttl = !err;
		return err;
	}
	if (strcasecmp(name, "$ORIGIN"))
		return fail(reader, "%.20s: $ORIGIN and $TTL are known", name);
	err = read_name(reader, reader->words[1].text, &reader->origin);
	reader->has_origin = !err;
	return err;
}

/* ----------------------------------------------------------------- zone */

static int compare_records(const void *a, const void *b)
{
	const struct dns_record *x = a, *y = b;
	int order = dns_name_compare(&x->owner, &y->owner);

	return order ? order : (int)x->type - (int)y->type;
}

static int find_soa(struct reader *reader)
{
	struct dns_zone *zone = reader->zone;
	size_t i;

	for (i = 0; i < zone->nr; i++) {
		if (zone->records[i].type != DNS_SOA)
			continue;
		if (zone->soa)
			return fail(reader, "there are two SOA records");
		zone->soa = &zone->records[i];
		zone->apex = zone->soa->owner;
	}
	return zone->soa ? 0 : fail(reader, "there is no SOA record");
}

/* Neighbours in the sorted records: one TTL a set, and nothing twice. */
static int check_neighbours(struct reader *reader, const struct dns_record *a,
			    const struct dns_record *b)
{
	char owner[4 * DNS_NAME_MAX];

	if (compare_records(a, b))
		return 0;
	dns_name_format(&a->owner, owner, sizeof(owner));
	if (a->ttl != b->ttl)
		return fail(reader, "%.80s: one type with two TTLs", owner);
	if (a->len == b->len && !memcmp(a->data, b->data, a->len))
		return fail(reader, "%.80s: a record stands there twice", owner);
	return 0;
}

static int check_zone(struct reader *reader)
{
	struct dns_zone *zone = reader->zone;
	char owner[4 * DNS_NAME_MAX];
	struct dns_set apex;
	size_t i;
	int err;

	if (zone->nr)
		qsort(zone->records, zone->nr, sizeof(*zone->records),
		      compare_records);
	err = find_soa(reader);
	for (i = 0; i < zone->nr && !err; i++) {
		dns_name_format(&zone->records[i].owner, owner, sizeof(owner));
		if (!dns_name_is_under(&zone->records[i].owner, &zone->apex))
			err = fail(reader, "%.80s is not in the zone", owner);
		else if (i)
			err = check_neighbours(reader, &zone->records[i - 1],
					       &zone->records[i]);
	}
	if (err)
		return err;
	apex = dns_zone_find(zone, &zone->apex);
	if (!dns_set_of_type(apex, DNS_NS).nr)
		return fail(reader, "the zone itself has no NS record");
	return 0;
}

/* On failure the zone is empty and @error tells what is wrong where. */
int dns_zone_parse(struct dns_zone *zone, const char *text,
		   struct dns_zone_error *error)
{
	struct reader *reader = calloc(1, sizeof(*reader));
	int err = 0;

	memset(zone, 0, sizeof(*zone));
	memset(error, 0, sizeof(*error));
	if (!reader)
		return -ENOMEM;
	reader->zone = zone;
	reader->at = text;
	reader->error = error;
	while (!err && *reader->at) {
		reader->line++;
		err = read_entry(reader);
		if (err || !reader->nr_words)
			continue;
		err = reader->words[0].text[0] == '$' &&
		      !reader->words[0].is_quoted ? read_directive(reader) :
						    read_record(reader);
	}
	if (!err)
		err = check_zone(reader);
	free(reader);
	if (err)
		dns_zone_free(zone);
	return err;
}

void dns_zone_free(struct dns_zone *zone)
{
	size_t i;

	for (i = 0; i < zone->nr; i++)
		free(zone->records[i].data);
	free(zone->records);
	memset(zone, 0, sizeof(*zone));
}

/* The first record that does not come before @name. */
static size_t lower_bound(const struct dns_zone *zone,
			  const struct dns_name *name)
{
	size_t low = 0, high = zone->nr, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (dns_name_compare(&zone->records[middle].owner, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct dns_set dns_zone_find(const struct dns_zone *zone,
			     const struct dns_name *name)
{
	size_t at = lower_bound(zone, name);
	struct dns_set set = { .first = zone->records + at };

	while (at + set.nr < zone->nr &&
	       dns_name_equal(&set.first[set.nr].owner, name))
		set.nr++;
	return set;
}

struct dns_set dns_set_of_type(struct dns_set set, uint16_t type)
{
	while (set.nr && set.first->type != type) {
		set.first++;
		set.nr--;
	}
	while (set.nr && set.first[set.nr - 1].type != type)
		set.nr--;
	return set;
}

/* A name without records that others are below exists (RFC 8020). */
bool dns_zone_has_below(const struct dns_zone *zone,
			const struct dns_name *name)
{
	size_t at = lower_bound(zone, name);

	return at < zone->nr &&
	       dns_name_is_under(&zone->records[at].owner, name);
}
