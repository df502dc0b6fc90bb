/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The text of HTTP/1.1 (RFC 9112), as far as a server of files needs it: pure
 * functions of their arguments.
 */
#ifndef NEXUS_HTTPD_HTTP_H
#define NEXUS_HTTPD_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

/* RFC 9112 section 3: longer ones may be refused. */
#define HTTP_PATH_MAX	1024
#define HTTP_HEAD_MAX	8192
/* What an answer says before its content, and the text of one that is an error. */
#define HTTP_ANSWER_MAX	512

/**
 * enum http_range - which part of a file is asked for
 * @HTTP_RANGE_ALL:    all of it
 * @HTTP_RANGE_FROM:   from a first byte to a last one
 * @HTTP_RANGE_SUFFIX: so many at its end
 */
enum http_range {
	HTTP_RANGE_ALL,
	HTTP_RANGE_FROM,
	HTTP_RANGE_SUFFIX,
};

/**
 * struct http_request - the head of a request
 * @path:    decoded, without the leading slash and without a query; never empty
 * @is_head: HEAD, else GET
 * @is_last: the connection ends with its answer
 * @range:   asked for
 * @first, @last: bytes of HTTP_RANGE_FROM
 * @suffix:  bytes of HTTP_RANGE_SUFFIX
 */
struct http_request {
	char		path[HTTP_PATH_MAX];
	bool		is_head;
	bool		is_last;
	enum http_range	range;
	uint64_t	first;
	uint64_t	last;
	uint64_t	suffix;
};

/**
 * struct http_answer - what is sent
 * @status: 200, 206 or an error
 * @from:   first byte of the file
 * @nr:     of its bytes; 0 if there is no content, or it stands in @text
 * @len:    of @text
 * @text:   head, and the content of an error
 */
struct http_answer {
	int		status;
	uint64_t	from;
	uint64_t	nr;
	size_t		len;
	char		text[HTTP_ANSWER_MAX];
};

/*
 * Reads the head of a request at the beginning of @text. Its length, with the
 * blank line; 0: there must be more of it; else the status of the answer, which
 * is the connection's last one, negative: 400, 414, 431, 501 or 505.
 */
int http_parse(struct http_request *request, const char *text, size_t len);

/* A file of @size bytes: 200, 206 or 416. */
void http_answer_file(struct http_answer *answer,
		      const struct http_request *request, uint64_t size,
		      time_t now);

/* An error, of which HEAD gets no content. */
void http_answer_error(struct http_answer *answer, int status, bool is_head,
		       bool is_last, time_t now);

#endif /* NEXUS_HTTPD_HTTP_H */
