// SPDX-License-Identifier: GPL-2.0
/* The head of a request: RFC 9112 sections 2 to 6, RFC 9110 section 14. */
#include <string.h>
#include <strings.h>

#include "http.h"

/**
 * struct span - a part of the text
 * @at:  first character
 * @end: behind the last one
 */
struct span {
	const char	*at;
	const char	*end;
};

/**
 * struct fields - what the fields have said so far
 * @request:   to fill in
 * @nr_hosts:  fields "Host"
 * @has_length: there was a Content-Length
 * @if_range:  the range depends on a validator, of which there is none
 */
struct fields {
	struct http_request	*request;
	unsigned int		nr_hosts;
	bool			has_length;
	bool			if_range;
};

static size_t span_len(struct span span)
{
	return (size_t)(span.end - span.at);
}

static bool span_is(struct span span, const char *text)
{
	return span_len(span) == strlen(text) &&
	       !strncasecmp(span.at, text, span_len(span));
}

static bool begins(struct span *span, const char *with)
{
	size_t len = strlen(with);

	if (span_len(*span) < len || strncasecmp(span->at, with, len))
		return false;
	span->at += len;
	return true;
}

/* Up to @c, which is skipped; false: there is none. */
static bool split(struct span *rest, char c, struct span *first)
{
	const char *at = memchr(rest->at, c, span_len(*rest));

	if (!at)
		return false;
	*first = (struct span) { rest->at, at };
	rest->at = at + 1;
	return true;
}

/* RFC 9110 section 5.6.3. */
static struct span trim(struct span span)
{
	while (span.at < span.end && (*span.at == ' ' || *span.at == '\t'))
		span.at++;
	while (span.at < span.end &&
	       (span.end[-1] == ' ' || span.end[-1] == '\t'))
		span.end--;
	return span;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_alpha(char c)
{
	return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

/* RFC 9110 section 5.6.2. */
static bool is_token(struct span span)
{
	if (span.at == span.end)
		return false;
	for (; span.at < span.end; span.at++)
		if (!*span.at || (!is_digit(*span.at) && !is_alpha(*span.at) &&
				  !strchr("!#$%&'*+-.^_`|~", *span.at)))
			return false;
	return true;
}

/* RFC 9110 section 5.5: no control characters but the tabulator. */
static bool is_value(struct span span)
{
	for (; span.at < span.end; span.at++)
		if (((unsigned char)*span.at < ' ' && *span.at != '\t') ||
		    *span.at == 0x7f)
			return false;
	return true;
}

/* At most 18 digits, so that it cannot overflow. */
static bool read_number(struct span *span, uint64_t *number)
{
	const char *begin = span->at;

	for (*number = 0; span->at < span->end && is_digit(*span->at); span->at++)
		if (span->at - begin < 18)
			*number = *number * 10 + (uint64_t)(*span->at - '0');
		else
			return false;
	return span->at > begin;
}

/* ------------------------------------------------------------ the target */

static int hex(char c)
{
	if (is_digit(c))
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The next byte of the target; -1: not allowed there. */
static int next_byte(struct span *span)
{
	int high, low;

	if (*span->at != '%')
		return *span->at > ' ' && *span->at != 0x7f ? *span->at++ : -1;
	if (span_len(*span) < 3)
		return -1;
	high = hex(span->at[1]);
	low = hex(span->at[2]);
	span->at += 3;
	return high < 0 || low < 0 ? -1 : high << 4 | low;
}

/* RFC 9112 section 3.2.2: "http://host/path" stands for "/path". */
static bool skip_authority(struct span *target)
{
	struct span host;

	if (!begins(target, "http://"))
		return true;
	if (!split(target, '/', &host) || host.at == host.end)
		return false;
	target->at--;
	return true;
}

/* Section 3.2.1. A folder stands for its index. */
static int parse_target(struct http_request *request, struct span target)
{
	static const char index[] = "index.html";
	size_t len = 0;
	int c;

	if (!skip_authority(&target) || !begins(&target, "/"))
		return -400;
	while (target.at < target.end && *target.at != '?') {
		c = next_byte(&target);
		if (c <= 0)
			return -400;
		if (len == sizeof(request->path) - sizeof(index))
			return -414;
		request->path[len++] = (char)c;
	}
	if (!len || request->path[len - 1] == '/')
		memcpy(request->path + len, index, sizeof(index));
	else
		request->path[len] = '\0';
	return 0;
}

/* Section 2.3; only 1.1 keeps the connection unless told otherwise. */
static int parse_version(struct http_request *request, struct span version)
{
	if (version.end - version.at != 8 || memcmp(version.at, "HTTP/", 5) ||
	    !is_digit(version.at[5]) || version.at[6] != '.' ||
	    !is_digit(version.at[7]))
		return -400;
	if (version.at[5] != '1')
		return -505;
	request->is_last = version.at[7] == '0';
	return 0;
}

/* Section 3. */
static int parse_line(struct http_request *request, struct span line)
{
	struct span method, target;
	int err;

	if (!split(&line, ' ', &method) || !is_token(method) ||
	    !split(&line, ' ', &target))
		return -400;
	err = parse_version(request, line);
	if (err)
		return err;
	/* Methods are case-sensitive. */
	request->is_head = span_len(method) == 4 && !memcmp(method.at, "HEAD", 4);
	if (!request->is_head &&
	    (span_len(method) != 3 || memcmp(method.at, "GET", 3)))
		return -501;
	return parse_target(request, target);
}

/* ------------------------------------------------------------ the fields */

/* RFC 9110 section 14.2: what is not understood is ignored. */
static void parse_range(struct http_request *request, struct span value)
{
	uint64_t first = 0, last = UINT64_MAX;
	bool is_suffix;

	if (!begins(&value, "bytes="))
		return;
	is_suffix = begins(&value, "-");
	if (!read_number(&value, &first))
		return;
	if (!is_suffix) {
		if (!begins(&value, "-"))
			return;
		if (value.at < value.end && !read_number(&value, &last))
			return;
	}
	if (value.at != value.end || last < first)
		return;
	request->range = is_suffix ? HTTP_RANGE_SUFFIX : HTTP_RANGE_FROM;
	request->first = first;
	request->last = last;
	request->suffix = first;
}

static void parse_connection(struct http_request *request, struct span value)
{
	struct span option;

	while (split(&value, ',', &option))
		request->is_last |= span_is(trim(option), "close");
	request->is_last |= span_is(trim(value), "close");
}

/* What follows the head is not looked at, and so nothing behind it either. */
static int parse_length(struct fields *fields, struct span value)
{
	uint64_t length;

	if (fields->has_length || !read_number(&value, &length) ||
	    value.at != value.end)
		return -400;
	fields->has_length = true;
	fields->request->is_last |= length > 0;
	return 0;
}

static int parse_field(struct fields *fields, struct span line)
{
	struct span name, value;

	/* RFC 9112 section 5.1: no blank before the colon, 5.2: no folding. */
	if (!split(&line, ':', &name) || !is_token(name) || !is_value(line))
		return -400;
	value = trim(line);
	if (span_is(name, "Host"))
		fields->nr_hosts++;
	else if (span_is(name, "Connection"))
		parse_connection(fields->request, value);
	else if (span_is(name, "Content-Length"))
		return parse_length(fields, value);
	else if (span_is(name, "Transfer-Encoding"))
		return -501;
	else if (span_is(name, "Range"))
		parse_range(fields->request, value);
	else if (span_is(name, "If-Range"))
		fields->if_range = true;
	return 0;
}

/* The text up to the next CRLF, which is skipped; there is one. */
static struct span next_line(struct span *rest)
{
	const char *end = memmem(rest->at, span_len(*rest), "\r\n", 2);
	struct span line = { rest->at, end };

	rest->at = end + 2;
	return line;
}

/* @rest: lines, each with its CRLF. */
static int parse_fields(struct http_request *request, struct span rest,
			bool needs_host)
{
	struct fields fields = { .request = request };
	int err;

	while (rest.at < rest.end) {
		err = parse_field(&fields, next_line(&rest));
		if (err)
			return err;
	}
	/* Section 3.2. */
	if (fields.nr_hosts > 1 || (needs_host && !fields.nr_hosts))
		return -400;
	/* RFC 9110 section 14.2: a range is GET's alone. */
	if (fields.if_range || request->is_head)
		request->range = HTTP_RANGE_ALL;
	return 0;
}

/* There is no blank line yet. */
static int judge_part(const char *text, size_t len)
{
	/* Nobody waits for the rest of what is no request. */
	if (len && !is_alpha(*text) && *text != '\r')
		return -400;
	if (len < HTTP_HEAD_MAX)
		return 0;
	return memmem(text, len, "\r\n", 2) ? -431 : -414;
}

int http_parse(struct http_request *request, const char *text, size_t len)
{
	struct span rest = { text, text + len };
	const char *end;
	int err;

	memset(request, 0, sizeof(*request));
	/* Section 2.2: an empty line before a request is no offence. */
	begins(&rest, "\r\n");
	end = memmem(rest.at, span_len(rest), "\r\n\r\n", 4);
	if (!end)
		return judge_part(rest.at, span_len(rest));
	rest.end = end + 2;
	err = parse_line(request, next_line(&rest));
	if (!err)
		err = parse_fields(request, rest, !request->is_last);
	return err ? err : (int)(end + 4 - text);
}
