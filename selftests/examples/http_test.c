// SPDX-License-Identifier: GPL-2.0
/*
 * Unit tests of nexus-httpd's requests and answers.
 */
#include <CUnit/Basic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/* In a table's row. */
static void expect(const char *what, size_t row, long long got, long long wanted)
{
	if (got != wanted)
		fprintf(stderr, "row %zu: %s is %lld, not %lld\n", row, what, got,
			wanted);
	CU_ASSERT_EQUAL(got, wanted);
}

#define EXPECT(row, got, wanted)	expect(#got, row, (long long)(got), \
					       (long long)(wanted))

/* From a copy of its exact size: who reads past the end is seen. */
static int parse_bytes(struct http_request *request, const char *text, size_t len)
{
	char *exact = malloc(len ? len : 1);
	int ret;

	memcpy(exact, text, len);
	ret = http_parse(request, exact, len);
	free(exact);
	return ret;
}

static int parse(struct http_request *request, const char *text)
{
	return parse_bytes(request, text, strlen(text));
}

/* With a Host and the blank line. */
static int parse_fields(struct http_request *request, const char *fields)
{
	char text[1024] = "GET /a HTTP/1.1\r\nHost: h\r\n";

	strcat(text, fields);
	strcat(text, "\r\n");
	return parse(request, text);
}

static void http_parse__reads_a_request(void)
{
	static const char text[] = "GET /a/b.txt HTTP/1.1\r\nHost: h\r\n\r\n";
	struct http_request request;

	CU_ASSERT_EQUAL(parse(&request, text), sizeof(text) - 1);
	CU_ASSERT_STRING_EQUAL(request.path, "a/b.txt");
	CU_ASSERT_FALSE(request.is_head);
	CU_ASSERT_FALSE(request.is_last);
	CU_ASSERT_EQUAL(request.range, HTTP_RANGE_ALL);
}

static void http_parse__reads_head_and_what_comes_behind_is_left(void)
{
	static const char text[] = "HEAD / HTTP/1.1\r\nHost: h\r\n\r\nGET /";
	struct http_request request;

	CU_ASSERT_EQUAL(parse(&request, text), sizeof(text) - 1 - 5);
	CU_ASSERT_STRING_EQUAL(request.path, "index.html");
	CU_ASSERT_TRUE(request.is_head);
}

static void http_parse__waits_for_each_byte(void)
{
	static const char text[] = "\r\nGET /a HTTP/1.1\r\nHost: h\r\n\r\n";
	struct http_request request;
	size_t len;

	for (len = 0; len < sizeof(text) - 1; len++)
		EXPECT(len, parse_bytes(&request, text, len), 0);
	CU_ASSERT_EQUAL(parse(&request, text), sizeof(text) - 1);
}

static void http_parse__targets(void)
{
	static const struct {
		const char *target;
		const char *path;
		int status;
	} rows[] = {
		{ "/", "index.html", 0 },
		{ "/d/", "d/index.html", 0 },
		{ "/d/?x=/y", "d/index.html", 0 },
		{ "/%41%2fb", "A/b", 0 },
		{ "/a+b", "a+b", 0 },
		{ "/%e2%82%ac", "\xe2\x82\xac", 0 },
		{ "http://host:80/p", "p", 0 },
		{ "http://host", NULL, -400 },
		{ "http:///p", NULL, -400 },
		{ "*", NULL, -400 },
		{ "a", NULL, -400 },
		{ "/%", NULL, -400 },
		{ "/%4", NULL, -400 },
		{ "/%4g", NULL, -400 },
		{ "/%00", NULL, -400 },
		{ "/a\tb", NULL, -400 },
		{ "/\xc3\xa4", NULL, -400 },
	};
	struct http_request request;
	char text[256];
	size_t i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nHost: h\r\n\r\n",
			 rows[i].target);
		ret = parse(&request, text);
		EXPECT(i, ret > 0 ? 0 : ret, rows[i].status);
		if (rows[i].path)
			EXPECT(i, strcmp(request.path, rows[i].path), 0);
	}
}

/* Paths that leave the folder are the kernel's to refuse (RESOLVE_BENEATH). */
static void http_parse__leaves_dots_alone(void)
{
	struct http_request request;

	CU_ASSERT(parse(&request, "GET /../%2e%2e/x HTTP/1.0\r\n\r\n") > 0);
	CU_ASSERT_STRING_EQUAL(request.path, "../../x");
}

static void http_parse__lines(void)
{
	static const struct {
		const char *line;
		int status;
	} rows[] = {
		{ "GET /a HTTP/1.1", 0 },
		{ "GET /a HTTP/1.9", 0 },
		{ "GET /a HTTP/1.0", 0 },
		{ "POST /a HTTP/1.1", -501 },
		{ "get /a HTTP/1.1", -501 },
		{ "GETS /a HTTP/1.1", -501 },
		{ "GET /a HTTP/2.0", -505 },
		{ "GET /a HTTP/0.9", -505 },
		{ "GET /a HTTP/1.10", -400 },
		{ "GET /a http/1.1", -400 },
		{ "GET /a", -400 },
		{ "GET  /a HTTP/1.1", -400 },
		{ "GET /a HTTP/1.1 ", -400 },
		{ "GET /a b HTTP/1.1", -400 },
		{ "G(T /a HTTP/1.1", -400 },
		{ "GET", -400 },
	};
	struct http_request request;
	char text[128];
	size_t i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		snprintf(text, sizeof(text), "%s\r\nHost: h\r\n\r\n", rows[i].line);
		ret = parse(&request, text);
		EXPECT(i, ret > 0 ? 0 : ret, rows[i].status);
	}
}

static void http_parse__fields(void)
{
	static const struct {
		const char *fields;
		int status;
		bool is_last;
	} rows[] = {
		{ "", 0, false },
		{ "Connection: close\r\n", 0, true },
		{ "connection:\tfoo , CLOSE ,bar \r\n", 0, true },
		{ "Connection: closed\r\n", 0, false },
		{ "Connection: keep-alive\r\n", 0, false },
		{ "Content-Length: 0\r\n", 0, false },
		{ "Content-Length: 7\r\n", 0, true },
		{ "Content-Length: 7\r\nContent-Length: 7\r\n", -400, false },
		{ "Content-Length: 7, 7\r\n", -400, false },
		{ "Content-Length: -1\r\n", -400, false },
		{ "Content-Length:\r\n", -400, false },
		{ "Content-Length: 99999999999999999999\r\n", -400, false },
		{ "Transfer-Encoding: chunked\r\n", -501, false },
		{ "Host: h\r\n", -400, false },
		{ "X : y\r\n", -400, false },
		{ ": y\r\n", -400, false },
		{ "X y\r\n", -400, false },
		{ "X: a\r\n b\r\n", -400, false },
		{ "X: a\nY: b\r\n", -400, false },
		{ "X: \x7f\r\n", -400, false },
		{ "X: \xe4\r\n", 0, false },
		{ "X:\r\n", 0, false },
	};
	struct http_request request;
	size_t i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		ret = parse_fields(&request, rows[i].fields);
		EXPECT(i, ret > 0 ? 0 : ret, rows[i].status);
		if (ret > 0)
			EXPECT(i, request.is_last, rows[i].is_last);
	}
}

static void http_parse__only_1_0_needs_no_host_and_ends(void)
{
	struct http_request request;

	CU_ASSERT(parse(&request, "GET / HTTP/1.0\r\n\r\n") > 0);
	CU_ASSERT_TRUE(request.is_last);
	CU_ASSERT_EQUAL(parse(&request, "GET / HTTP/1.1\r\n\r\n"), -400);
}

static void http_parse__ranges(void)
{
	static const struct {
		const char *fields;
		enum http_range range;
		uint64_t first, last, suffix;
	} rows[] = {
		{ "Range: bytes=0-0\r\n", HTTP_RANGE_FROM, 0, 0, 0 },
		{ "range: BYTES=5-\r\n", HTTP_RANGE_FROM, 5, UINT64_MAX, 5 },
		{ "Range: bytes=-7\r\n", HTTP_RANGE_SUFFIX, 7, UINT64_MAX, 7 },
		{ "Range: bytes=2-1\r\n", HTTP_RANGE_ALL, 0, 0, 0 },
		{ "Range: bytes=0-1,4-5\r\n", HTTP_RANGE_ALL, 0, 0, 0 },
		{ "Range: bytes=-\r\n", HTTP_RANGE_ALL, 0, 0, 0 },
		{ "Range: bytes=x-\r\n", HTTP_RANGE_ALL, 0, 0, 0 },
		{ "Range: lines=0-1\r\n", HTTP_RANGE_ALL, 0, 0, 0 },
		{ "Range: bytes=9999999999999999999-\r\n", HTTP_RANGE_ALL, 0, 0, 0 },
		{ "Range: bytes=0-1\r\nIf-Range: \"x\"\r\n", HTTP_RANGE_ALL, 0, 1, 0 },
	};
	struct http_request request;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		EXPECT(i, parse_fields(&request, rows[i].fields) > 0, true);
		EXPECT(i, request.range, rows[i].range);
		EXPECT(i, request.first, rows[i].first);
		EXPECT(i, request.last, rows[i].last);
		EXPECT(i, request.suffix, rows[i].suffix);
	}
}

/* @len bytes of @c behind "GET /". */
static int parse_long(size_t len, char c, const char *end)
{
	static char text[2 * HTTP_HEAD_MAX];
	struct http_request request;

	strcpy(text, "GET /");
	memset(text + 5, c, len);
	strcpy(text + 5 + len, end);
	return parse(&request, text);
}

static void http_parse__lengths(void)
{
	static const char end[] = " HTTP/1.0\r\n\r\n";
	const size_t most = HTTP_PATH_MAX - sizeof("index.html");

	CU_ASSERT(parse_long(most, 'a', end) > 0);
	CU_ASSERT_EQUAL(parse_long(most + 1, 'a', end), -414);
	CU_ASSERT(parse_long(most, '/', end) > 0);
	CU_ASSERT_EQUAL(parse_long(HTTP_HEAD_MAX - 6, 'a', ""), 0);
	CU_ASSERT_EQUAL(parse_long(HTTP_HEAD_MAX - 5, 'a', ""), -414);
	CU_ASSERT_EQUAL(parse_long(HTTP_HEAD_MAX - 16, 'a', "\r\nX: y\r\nZ: z"), -431);
}

static void http_parse__does_not_wait_for_the_rest_of_what_is_no_request(void)
{
	struct http_request request;

	CU_ASSERT_EQUAL(parse(&request, "\x16\x03\x01"), -400);
	CU_ASSERT_EQUAL(parse(&request, " GET"), -400);
}

/* ---------------------------------------------------------------- garbage */

static uint32_t next_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

static void check_result(const struct http_request *request, int ret, size_t len,
			 size_t row)
{
	static const int errors[] = { -400, -414, -431, -501, -505 };
	bool is_known = ret >= 0 && (size_t)ret <= len;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(errors); i++)
		is_known |= ret == errors[i];
	EXPECT(row, is_known, true);
	if (ret <= 0)
		return;
	EXPECT(row, *request->path != '\0', true);
	EXPECT(row, memchr(request->path, 0, sizeof(request->path)) != NULL, true);
	EXPECT(row, request->range == HTTP_RANGE_ALL ||
		 request->first <= request->last, true);
}

/* Good requests with some bytes changed, cut off anywhere. */
static void http_parse__survives_garbage(void)
{
	static const char good[] =
		"GET http://h/%41b/c?d HTTP/1.1\r\nHost: h\r\nRange: bytes=1-22\r\n"
		"Connection: a, close\r\nContent-Length: 0\r\nIf-Range: x\r\n\r\nGET ";
	static const char likely[] = "\r\n :%/=-,09AZaz?\t\0\x7f\xff";
	struct http_request request;
	char text[sizeof(good)];
	uint32_t state = 1;
	size_t row, len, i;

	for (row = 0; row < 200000; row++) {
		memcpy(text, good, sizeof(good));
		for (i = next_random(&state) % 6; i; i--)
			text[next_random(&state) % sizeof(text)] =
				next_random(&state) & 1 ?
				likely[next_random(&state) % sizeof(likely)] :
				(char)next_random(&state);
		len = next_random(&state) & 3 ? sizeof(text) :
						next_random(&state) % sizeof(text);
		check_result(&request, parse_bytes(&request, text, len), len, row);
	}
}

/* --------------------------------------------------------------- answers */

/* RFC 9110 section 5.6.7 has this one. */
#define SOME_DAY	784111777

static void http_answer_file__says_all_of_it(void)
{
	const struct http_request request = { .path = "a/b.txt" };
	struct http_answer answer;

	http_answer_file(&answer, &request, 7, SOME_DAY);
	CU_ASSERT_EQUAL(answer.status, 200);
	CU_ASSERT_EQUAL(answer.from, 0);
	CU_ASSERT_EQUAL(answer.nr, 7);
	CU_ASSERT_EQUAL(answer.len, strlen(answer.text));
	CU_ASSERT_STRING_EQUAL(answer.text,
			       "HTTP/1.1 200 OK\r\nServer: nexus-httpd\r\n"
			       "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
			       "Content-Type: text/plain; charset=utf-8\r\n"
			       "Accept-Ranges: bytes\r\nContent-Length: 7\r\n\r\n");
}

static void http_answer_file__head_has_no_content(void)
{
	const struct http_request request = {
		.path = "a.x", .is_head = true, .is_last = true,
	};
	struct http_answer answer;

	http_answer_file(&answer, &request, 7, SOME_DAY);
	CU_ASSERT_EQUAL(answer.nr, 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(answer.text, "Content-Length: 7\r\n"));
	CU_ASSERT_PTR_NOT_NULL(strstr(answer.text, "Connection: close\r\n"));
	CU_ASSERT_PTR_NOT_NULL(strstr(answer.text, "application/octet-stream"));
}

static void http_answer_file__ranges(void)
{
	static const struct {
		enum http_range range;
		uint64_t first, last, size;
		int status;
		uint64_t from, nr;
		const char *says;
	} rows[] = {
		{ HTTP_RANGE_ALL, 0, 0, 0, 200, 0, 0, "Content-Length: 0\r\n" },
		{ HTTP_RANGE_FROM, 0, 0, 10, 206, 0, 1, " bytes 0-0/10\r\n" },
		{ HTTP_RANGE_FROM, 9, 9, 10, 206, 9, 1, " bytes 9-9/10\r\n" },
		{ HTTP_RANGE_FROM, 3, UINT64_MAX, 10, 206, 3, 7, " bytes 3-9/10\r\n" },
		{ HTTP_RANGE_FROM, 3, 10, 10, 206, 3, 7, " bytes 3-9/10\r\n" },
		{ HTTP_RANGE_FROM, 10, 11, 10, 416, 0, 0, " bytes */10\r\n" },
		{ HTTP_RANGE_FROM, 0, 0, 0, 416, 0, 0, " bytes */0\r\n" },
		{ HTTP_RANGE_SUFFIX, 4, 0, 10, 206, 6, 4, " bytes 6-9/10\r\n" },
		{ HTTP_RANGE_SUFFIX, 40, 0, 10, 206, 0, 10, " bytes 0-9/10\r\n" },
		{ HTTP_RANGE_SUFFIX, 0, 0, 10, 416, 0, 0, " bytes */10\r\n" },
		{ HTTP_RANGE_SUFFIX, 1, 0, 0, 416, 0, 0, " bytes */0\r\n" },
	};
	struct http_answer answer;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct http_request request = {
			.path = "a", .range = rows[i].range, .first = rows[i].first,
			.last = rows[i].last, .suffix = rows[i].first,
		};

		http_answer_file(&answer, &request, rows[i].size, SOME_DAY);
		EXPECT(i, answer.status, rows[i].status);
		EXPECT(i, answer.from, rows[i].from);
		EXPECT(i, answer.nr, rows[i].nr);
		EXPECT(i, strstr(answer.text, rows[i].says) != NULL, true);
	}
}

/* The longest numbers and names that there are. */
static void http_answer_file__always_has_room(void)
{
	struct http_request request = {
		.path = "a.html", .is_last = true, .range = HTTP_RANGE_FROM,
		.first = 1, .last = UINT64_MAX,
	};
	struct http_answer answer;

	http_answer_file(&answer, &request, INT64_MAX, SOME_DAY);
	CU_ASSERT(answer.len < sizeof(answer.text));
	CU_ASSERT_EQUAL(answer.len, strlen(answer.text));
}

static void http_answer_error__says_its_length(void)
{
	static const int errors[] = { 400, 403, 404, 408, 414, 431, 501, 503, 505 };
	struct http_answer answer;
	const char *content;
	char length[64];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(errors); i++) {
		http_answer_error(&answer, errors[i], false, true, SOME_DAY);
		EXPECT(i, answer.len, strlen(answer.text));
		content = strstr(answer.text, "\r\n\r\n") + 4;
		snprintf(length, sizeof(length), "Content-Length: %zu\r\n",
			 strlen(content));
		EXPECT(i, strstr(answer.text, length) != NULL, true);
		EXPECT(i, atoi(content), errors[i]);
		http_answer_error(&answer, errors[i], true, false, SOME_DAY);
		EXPECT(i, strstr(answer.text, length) != NULL, true);
		EXPECT(i, !strcmp(strstr(answer.text, "\r\n\r\n"), "\r\n\r\n"), true);
	}
}

#define CASE(f)	{ #f, f }

int main(void)
{
	CU_TestInfo requests[] = {
		CASE(http_parse__reads_a_request),
		CASE(http_parse__reads_head_and_what_comes_behind_is_left),
		CASE(http_parse__waits_for_each_byte),
		CASE(http_parse__targets),
		CASE(http_parse__leaves_dots_alone),
		CASE(http_parse__lines),
		CASE(http_parse__fields),
		CASE(http_parse__only_1_0_needs_no_host_and_ends),
		CASE(http_parse__ranges),
		CASE(http_parse__lengths),
		CASE(http_parse__does_not_wait_for_the_rest_of_what_is_no_request),
		CASE(http_parse__survives_garbage),
		CU_TEST_INFO_NULL,
	};
	CU_TestInfo answers[] = {
		CASE(http_answer_file__says_all_of_it),
		CASE(http_answer_file__head_has_no_content),
		CASE(http_answer_file__ranges),
		CASE(http_answer_file__always_has_room),
		CASE(http_answer_error__says_its_length),
		CU_TEST_INFO_NULL,
	};
	CU_SuiteInfo suites[] = {
		{ "requests", NULL, NULL, NULL, NULL, requests },
		{ "answers", NULL, NULL, NULL, NULL, answers },
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
