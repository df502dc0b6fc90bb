// SPDX-License-Identifier: GPL-2.0
/*
 * Unit tests of nexus-dnsd's names, zone files and answers.
 */
#include <CUnit/Basic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dns.h"

#define HEAD	"$ORIGIN example.test.\n$TTL 300\n" \
		"@ SOA ns hostmaster 1 2 3 4 60\n@ NS ns\n"

static const char zone_text[] = HEAD
	"ns A 192.0.2.53\n"
	"www A 192.0.2.80\n"
	"\tAAAA 2001:db8::80\n"
	"a.b TXT \"one\" two\n"
	"sub NS ns.sub\n"
	"ns.sub A 192.0.2.99\n"
	"far NS ns.elsewhere.invalid.\n"
	/* 3 strings of 200 bytes: over 512, under 1232. */
	"big TXT \"%1$s\" \"%1$s\" \"%1$s\"\n";

static struct dns_zone zone;

static int load(void)
{
	struct dns_zone_error error;
	char fill[201], text[4096];

	memset(fill, 'x', 200);
	fill[200] = '\0';
	snprintf(text, sizeof(text), zone_text, fill);
	if (dns_zone_parse(&zone, text, &error)) {
		fprintf(stderr, "line %u: %s\n", error.line, error.text);
		return 1;
	}
	return 0;
}

static int unload(void)
{
	dns_zone_free(&zone);
	return 0;
}

/* --------------------------------------------------------------- queries */

/**
 * struct message - a query, and the answer to it
 * @q, @q_len: the query
 * @r, @r_len: the reply
 */
struct message {
	uint8_t	q[2048];
	size_t	q_len;
	uint8_t	r[2048];
	size_t	r_len;
};

static void put(struct message *m, const void *bytes, size_t len)
{
	memcpy(m->q + m->q_len, bytes, len);
	m->q_len += len;
}

static void put16(struct message *m, unsigned int value)
{
	uint8_t bytes[2] = { value >> 8, value };

	put(m, bytes, 2);
}

/* Identifier 0x1234, recursion desired, one question. */
static void ask(struct message *m, const char *name, unsigned int type)
{
	struct dns_name wire;

	memset(m, 0, sizeof(*m));
	put16(m, 0x1234);
	put16(m, 0x0100);
	put16(m, 1);
	put16(m, 0);
	put16(m, 0);
	put16(m, 0);
	CU_ASSERT_FATAL(!dns_name_parse(&wire, name, NULL));
	put(m, wire.bytes, wire.len);
	put16(m, type);
	put16(m, DNS_CLASS_IN);
}

static void ask_edns(struct message *m, unsigned int size,
		     unsigned int version, unsigned int flags)
{
	m->q[11]++;
	put(m, "", 1);
	put16(m, DNS_OPT);
	put16(m, size);
	put16(m, version);
	put16(m, flags);
	put16(m, 0);
}

/* From a heap block of the exact size, so that a sanitizer sees any overrun. */
static void answer(struct message *m)
{
	uint8_t *exact = malloc(m->q_len ? m->q_len : 1);
	uint8_t *reply = malloc(DNS_UDP_MAX);

	memcpy(exact, m->q, m->q_len);
	m->r_len = dns_answer(&zone, exact, m->q_len, reply, DNS_UDP_MAX);
	memcpy(m->r, reply, m->r_len);
	free(exact);
	free(reply);
}

static unsigned int at16(const struct message *m, size_t off)
{
	return m->r[off] << 8 | m->r[off + 1];
}

static unsigned int rcode(const struct message *m)
{
	return m->r[3] & 15;
}

static bool has_aa(const struct message *m)
{
	return m->r[2] & 4;
}

static bool has_tc(const struct message *m)
{
	return m->r[2] & 2;
}

/* The answer's head: rcode, and how many records its sections hold. */
static void expect(const struct message *m, unsigned int code, unsigned int an,
		   unsigned int ns, unsigned int ar)
{
	CU_ASSERT_FATAL(m->r_len >= DNS_HEADER_SIZE);
	CU_ASSERT_EQUAL(at16(m, 0), 0x1234);
	CU_ASSERT(m->r[2] & 0x80);
	CU_ASSERT(m->r[2] & 1);
	CU_ASSERT_EQUAL(rcode(m), code);
	CU_ASSERT_EQUAL(at16(m, 6), an);
	CU_ASSERT_EQUAL(at16(m, 8), ns);
	CU_ASSERT_EQUAL(at16(m, 10), ar);
}

/* ----------------------------------------------------------------- names */

static void name_parse__good(void)
{
	static const struct {
		const char *text, *result;
	} table[] = {
		{ "@", "example.test." },
		{ "www", "www.example.test." },
		{ "WWW.Sub", "www.sub.example.test." },
		{ "www.other.", "www.other." },
		{ ".", "." },
		{ "a\\.b", "a\\.b.example.test." },
		{ "a\\046b", "a\\.b.example.test." },
		{ "\\000", "\\000.example.test." },
	};
	struct dns_name origin, name;
	char text[4 * DNS_NAME_MAX];
	size_t i;

	CU_ASSERT(!dns_name_parse(&origin, "example.test.", NULL));
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		CU_ASSERT(!dns_name_parse(&name, table[i].text, &origin));
		dns_name_format(&name, text, sizeof(text));
		CU_ASSERT_STRING_EQUAL(text, table[i].result);
	}
}

static void name_parse__bad(void)
{
	static const char * const table[] = {
		"", "..", ".a", "a..b", "a\\", "a\\1", "a\\12", "a\\256", "a\\1x3",
		"0123456789012345678901234567890123456789012345678901234567890123",
	};
	struct dns_name origin, name;
	size_t i;

	CU_ASSERT(!dns_name_parse(&origin, "example.test.", NULL));
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		CU_ASSERT(dns_name_parse(&name, table[i], &origin));
	CU_ASSERT(dns_name_parse(&name, "relative", NULL));
	CU_ASSERT(dns_name_parse(&name, "@", NULL));
}

/* 255 bytes are a name, 256 are none: RFC 1035 section 2.3.4. */
static void name_parse__longest(void)
{
	char text[400] = "";
	struct dns_name name;
	int i;

	for (i = 0; i < 3; i++)
		strcat(text, "012345678901234567890123456789012345678901234567890123456789012.");
	strcat(text, "0123456789012345678901234567890123456789012345678901234567890.");
	CU_ASSERT(!dns_name_parse(&name, text, NULL));
	CU_ASSERT_EQUAL(name.len, 255);
	strcpy(text + strlen(text) - 1, "1.");
	CU_ASSERT(dns_name_parse(&name, text, NULL));
}

static void name_compare__order(void)
{
	/* RFC 4034 section 6.1's example. */
	static const char * const sorted[] = {
		"example.", "a.example.", "yljkjljk.a.example.",
		"Z.a.example.", "zABC.a.EXAMPLE.", "z.example.",
		"\\001.z.example.", "*.z.example.", "\\200.z.example.",
	};
	struct dns_name a, b;
	size_t i;

	for (i = 1; i < sizeof(sorted) / sizeof(sorted[0]); i++) {
		CU_ASSERT(!dns_name_parse(&a, sorted[i - 1], NULL));
		CU_ASSERT(!dns_name_parse(&b, sorted[i], NULL));
		CU_ASSERT(dns_name_compare(&a, &b) < 0);
		CU_ASSERT(dns_name_compare(&b, &a) > 0);
	}
}

static void name_is_under__labels(void)
{
	struct dns_name top, name;

	CU_ASSERT(!dns_name_parse(&top, "ample.test.", NULL));
	CU_ASSERT(!dns_name_parse(&name, "example.test.", NULL));
	CU_ASSERT_FALSE(dns_name_is_under(&name, &top));
	CU_ASSERT(!dns_name_parse(&name, "x.ample.test.", NULL));
	CU_ASSERT(dns_name_is_under(&name, &top));
	CU_ASSERT(dns_name_is_under(&top, &top));
	CU_ASSERT_FALSE(dns_name_is_under(&top, &name));
}

/* ------------------------------------------------------------------ zone */

static void zone_parse__errors(void)
{
	static const struct {
		const char *text;
		unsigned int line;
		const char *says;
	} table[] = {
		{ "", 0, "no SOA" },
		{ "www A 192.0.2.1\n", 1, "$ORIGIN" },
		{ HEAD "www A 192.0.2.256\n", 5, "IPv4" },
		{ HEAD "www AAAA 192.0.2.1\n", 5, "IPv6" },
		{ HEAD "www MX 10 a\n", 5, "type MX" },
		{ HEAD "www CH A 192.0.2.1\n", 5, "class" },
		{ HEAD "www\n", 5, "type is missing" },
		{ HEAD "*.x A 192.0.2.1\n", 5, "wildcard" },
		{ HEAD "www TXT \"open\n", 5, "quotation" },
		{ HEAD "www TXT (\n", 6, "')' is missing" },
		{ HEAD "www TXT )\n", 5, "partner" },
		{ HEAD "www TXT \"a\\400\"\n", 5, "255 bytes" },
		{ HEAD "www A 192.0.2.1\nwww A 192.0.2.1\n", 6, "twice" },
		{ HEAD "www A 192.0.2.1\nwww 5 A 192.0.2.2\n", 6, "two TTLs" },
		{ HEAD "x.other. A 192.0.2.1\n", 5, "not in the zone" },
		{ HEAD "@ SOA a b 1 2 3 4 5\n", 5, "two SOA" },
		{ HEAD "$TTL 2147483648\n", 5, "2147483647" },
		{ HEAD "$INCLUDE x\n", 5, "$INCLUDE" },
		{ "$ORIGIN x.\n$TTL 1\n@ SOA a b 1 2 3 4\n", 3, "6 words" },
		{ "$ORIGIN x.\n@ SOA a b 1 2 3 4 5\n", 2, "TTL" },
		{ "$ORIGIN x.\n$TTL 1\n@ SOA a b 1 2 3 4 5\n", 3, "no NS" },
		{ "$ORIGIN x.\n$TTL 1\n A 192.0.2.1\n", 3, "owner" },
	};
	struct dns_zone_error error;
	struct dns_zone bad;
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		CU_ASSERT(dns_zone_parse(&bad, table[i].text, &error));
		CU_ASSERT_EQUAL(error.line, table[i].line);
		CU_ASSERT_PTR_NOT_NULL(strstr(error.text, table[i].says));
		if (!strstr(error.text, table[i].says))
			fprintf(stderr, "%zu: %u: %s\n", i, error.line,
				error.text);
		CU_ASSERT_EQUAL(bad.nr, 0);
	}
}

static void zone_parse__syntax(void)
{
	static const char text[] =
		"$TTL 60 ; default\n"
		"$ORIGIN example.test.\n"
		"@ IN 30 SOA ns ( hostmaster ; who\n 1 2\n 3 4 5 )\r\n"
		"@ 40 IN NS ns\n"
		"\n; nothing\n"
		"ns A 192.0.2.1";		/* no newline at the end */
	struct dns_zone_error error;
	struct dns_zone good;

	CU_ASSERT_FATAL(!dns_zone_parse(&good, text, &error));
	CU_ASSERT_EQUAL(good.nr, 3);
	CU_ASSERT_EQUAL(good.soa->ttl, 30);
	CU_ASSERT_EQUAL(good.records[0].type, DNS_NS);
	CU_ASSERT_EQUAL(good.records[0].ttl, 40);
	CU_ASSERT_EQUAL(good.records[2].ttl, 60);
	dns_zone_free(&good);
}

/* --------------------------------------------------------------- answers */

static void answer__address(void)
{
	static const uint8_t record[] = {
		0xc0, 12, 0, 1, 0, 1, 0, 0, 1, 44, 0, 4, 192, 0, 2, 80
	};
	struct message m;

	ask(&m, "www.example.test.", DNS_A);
	answer(&m);
	expect(&m, DNS_NOERROR, 1, 0, 0);
	CU_ASSERT(has_aa(&m));
	CU_ASSERT_EQUAL(m.r_len, m.q_len + sizeof(record));
	CU_ASSERT(!memcmp(m.r + 12, m.q + 12, m.q_len - 12));
	CU_ASSERT(!memcmp(m.r + m.q_len, record, sizeof(record)));

	ask(&m, "www.example.test.", DNS_AAAA);
	answer(&m);
	expect(&m, DNS_NOERROR, 1, 0, 0);
}

/* The question comes back in the letters in which it was asked. */
static void answer__case(void)
{
	struct message m;

	ask(&m, "www.example.test.", DNS_A);
	m.q[13] = 'W';
	m.q[17] = 'E';
	answer(&m);
	expect(&m, DNS_NOERROR, 1, 0, 0);
	CU_ASSERT_EQUAL(m.r[13], 'W');
	CU_ASSERT_EQUAL(m.r[17], 'E');
}

static void answer__txt(void)
{
	struct message m;

	ask(&m, "a.b.example.test.", DNS_TXT);
	answer(&m);
	expect(&m, DNS_NOERROR, 1, 0, 0);
	CU_ASSERT(!memcmp(m.r + m.r_len - 8, "\3one\3two", 8));
}

static void answer__negative(void)
{
	struct message m;

	ask(&m, "nope.example.test.", DNS_A);
	answer(&m);
	expect(&m, DNS_NXDOMAIN, 0, 1, 0);
	CU_ASSERT(has_aa(&m));
	/* The SOA's TTL is its minimum: RFC 2308 section 5. */
	CU_ASSERT_EQUAL(at16(&m, m.q_len + 8), 60);

	ask(&m, "www.example.test.", DNS_TXT);
	answer(&m);
	expect(&m, DNS_NOERROR, 0, 1, 0);
	/* Others are below it, so it exists: RFC 8020. */
	ask(&m, "b.example.test.", DNS_A);
	answer(&m);
	expect(&m, DNS_NOERROR, 0, 1, 0);
	/* "b" with letters before it is another name. */
	ask(&m, "xb.example.test.", DNS_A);
	answer(&m);
	expect(&m, DNS_NXDOMAIN, 0, 1, 0);
}

static void answer__referral(void)
{
	struct message m;

	ask(&m, "x.y.sub.example.test.", DNS_A);
	answer(&m);
	expect(&m, DNS_NOERROR, 0, 1, 1);
	CU_ASSERT_FALSE(has_aa(&m));
	ask(&m, "far.example.test.", DNS_NS);
	answer(&m);
	expect(&m, DNS_NOERROR, 0, 1, 0);
	ask(&m, "sub.example.test.", DNS_DS);
	answer(&m);
	expect(&m, DNS_NOERROR, 0, 1, 0);
	CU_ASSERT(has_aa(&m));
}

static void answer__apex(void)
{
	struct message m;

	ask(&m, "example.test.", DNS_SOA);
	answer(&m);
	expect(&m, DNS_NOERROR, 1, 0, 0);
	ask(&m, "example.test.", DNS_NS);
	answer(&m);
	expect(&m, DNS_NOERROR, 1, 0, 1);
	ask(&m, "example.test.", DNS_ANY);
	answer(&m);
	expect(&m, DNS_NOERROR, 1, 0, 1);
}

static void answer__refused(void)
{
	struct message m;

	ask(&m, "example.com.", DNS_A);
	answer(&m);
	expect(&m, DNS_REFUSED, 0, 0, 0);
	ask(&m, "test.", DNS_A);
	answer(&m);
	expect(&m, DNS_REFUSED, 0, 0, 0);
	ask(&m, "example.test.", DNS_AXFR);
	answer(&m);
	expect(&m, DNS_REFUSED, 0, 0, 0);
	ask(&m, "www.example.test.", DNS_A);
	m.q[m.q_len - 1] = 3;		/* class CH */
	answer(&m);
	expect(&m, DNS_REFUSED, 0, 0, 0);
}

static void answer__truncation(void)
{
	struct message m;
	size_t whole;

	ask(&m, "big.example.test.", DNS_TXT);
	answer(&m);
	expect(&m, DNS_NOERROR, 0, 0, 0);
	CU_ASSERT(has_tc(&m));
	CU_ASSERT_EQUAL(m.r_len, m.q_len);

	ask(&m, "big.example.test.", DNS_TXT);
	ask_edns(&m, 4096, 0, 0);
	answer(&m);
	expect(&m, DNS_NOERROR, 1, 0, 1);
	CU_ASSERT_FALSE(has_tc(&m));
	CU_ASSERT(m.r_len > DNS_UDP_MIN && m.r_len <= DNS_UDP_MAX);
	whole = m.r_len;

	/* The last size that is too small, and the first that is not. */
	ask(&m, "big.example.test.", DNS_TXT);
	ask_edns(&m, whole - 1, 0, 0);
	answer(&m);
	CU_ASSERT(has_tc(&m));
	ask(&m, "big.example.test.", DNS_TXT);
	ask_edns(&m, whole, 0, 0);
	answer(&m);
	CU_ASSERT_FALSE(has_tc(&m));
	CU_ASSERT_EQUAL(m.r_len, whole);
}

static void answer__edns(void)
{
	struct message m;

	ask(&m, "www.example.test.", DNS_A);
	ask_edns(&m, 1232, 0, 0x8000);
	answer(&m);
	expect(&m, DNS_NOERROR, 1, 0, 1);
	CU_ASSERT_EQUAL(at16(&m, m.r_len - 10), DNS_OPT);
	CU_ASSERT_EQUAL(at16(&m, m.r_len - 8), DNS_UDP_MAX);
	CU_ASSERT_EQUAL(at16(&m, m.r_len - 4), 0x8000);	/* RFC 3225 */

	/* A size below 512 means 512: RFC 6891 section 6.2.3. */
	ask(&m, "www.example.test.", DNS_A);
	ask_edns(&m, 0, 0, 0);
	answer(&m);
	expect(&m, DNS_NOERROR, 1, 0, 1);

	ask(&m, "www.example.test.", DNS_A);
	ask_edns(&m, 1232, 1, 0);
	answer(&m);
	expect(&m, 0, 0, 0, 1);
	CU_ASSERT_EQUAL(m.r[m.r_len - 6], DNS_BADVERS >> 4);

	/* Two of them: RFC 6891 section 6.1.1. */
	ask(&m, "www.example.test.", DNS_A);
	ask_edns(&m, 1232, 0, 0);
	ask_edns(&m, 1232, 0, 0);
	answer(&m);
	expect(&m, DNS_FORMERR, 0, 0, 0);
}

static void answer__formerr(void)
{
	struct message m;
	size_t len;

	ask(&m, "www.example.test.", DNS_A);
	for (len = DNS_HEADER_SIZE; len < m.q_len; len++) {
		struct message cut = m;

		cut.q_len = len;
		answer(&cut);
		expect(&cut, DNS_FORMERR, 0, 0, 0);
		CU_ASSERT_EQUAL(cut.r_len, DNS_HEADER_SIZE);
		CU_ASSERT_EQUAL(at16(&cut, 4), 0);
	}
	put(&m, "x", 1);			/* something behind it */
	answer(&m);
	expect(&m, DNS_FORMERR, 0, 0, 0);

	ask(&m, "www.example.test.", DNS_A);
	m.q[5] = 0;				/* no question */
	answer(&m);
	expect(&m, DNS_FORMERR, 0, 0, 0);
	m.q[5] = 2;				/* two: RFC 9619 */
	answer(&m);
	expect(&m, DNS_FORMERR, 0, 0, 0);
	m.q[5] = 1;
	m.q[7] = 1;				/* an answer in a query */
	answer(&m);
	expect(&m, DNS_FORMERR, 0, 0, 0);

	ask(&m, "www.example.test.", DNS_A);
	m.q[12] = 0xc0;				/* a pointer to itself */
	m.q[13] = 12;
	answer(&m);
	expect(&m, DNS_FORMERR, 0, 0, 0);
	m.q[12] = 0x40;				/* a label type of the past */
	answer(&m);
	expect(&m, DNS_FORMERR, 0, 0, 0);

	/* An OPT that belongs to a name. */
	ask(&m, "www.example.test.", DNS_A);
	m.q[11] = 1;
	put(&m, "\1a\0\0\51\4\320\0\0\0\0\0\0", 13);
	answer(&m);
	expect(&m, DNS_FORMERR, 0, 0, 0);
}

static void answer__notimp(void)
{
	struct message m;

	ask(&m, "www.example.test.", DNS_A);
	m.q[2] |= 5 << 3;			/* UPDATE */
	answer(&m);
	expect(&m, DNS_NOTIMP, 0, 0, 0);
	CU_ASSERT_EQUAL(m.r[2] >> 3 & 15, 5);
}

static void answer__silence(void)
{
	struct message m;
	size_t len;

	ask(&m, "www.example.test.", DNS_A);
	for (len = 0; len < DNS_HEADER_SIZE; len++) {
		m.q_len = len;
		answer(&m);
		CU_ASSERT_EQUAL(m.r_len, 0);
	}
	ask(&m, "www.example.test.", DNS_A);
	m.q[2] |= 0x80;				/* a reply: no loops */
	answer(&m);
	CU_ASSERT_EQUAL(m.r_len, 0);
}

#define CASE(name)	{ #name, name }

int main(void)
{
	CU_TestInfo cases[] = {
		CASE(name_parse__good),
		CASE(name_parse__bad),
		CASE(name_parse__longest),
		CASE(name_compare__order),
		CASE(name_is_under__labels),
		CASE(zone_parse__errors),
		CASE(zone_parse__syntax),
		CASE(answer__address),
		CASE(answer__case),
		CASE(answer__txt),
		CASE(answer__negative),
		CASE(answer__referral),
		CASE(answer__apex),
		CASE(answer__refused),
		CASE(answer__truncation),
		CASE(answer__edns),
		CASE(answer__formerr),
		CASE(answer__notimp),
		CASE(answer__silence),
		CU_TEST_INFO_NULL,
	};
	CU_SuiteInfo suites[] = {
		{ "dnsd", load, unload, NULL, NULL, cases },
		CU_SUITE_INFO_NULL,
	};
	unsigned int failures;

	if (CU_initialize_registry() || CU_register_suites(suites))
		return 2;
	CU_basic_set_mode(CU_BRM_NORMAL);
	CU_basic_run_tests();
	failures = CU_get_number_of_failures() +
		   CU_get_number_of_suites_failed();
	CU_cleanup_registry();
	return failures ? 1 : 0;
}
