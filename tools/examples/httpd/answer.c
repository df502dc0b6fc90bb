// SPDX-License-Identifier: GPL-2.0
/* Answers to requests: RFC 9110 sections 6.6.1, 8, 14 and 15. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "http.h"

static const char *reason(int status)
{
	switch (status) {
	case 200: return "OK";
	case 206: return "Partial Content";
	case 400: return "Bad Request";
	case 403: return "Forbidden";
	case 404: return "Not Found";
	case 408: return "Request Timeout";
	case 414: return "URI Too Long";
	case 416: return "Range Not Satisfiable";
	case 431: return "Request Header Fields Too Large";
	case 501: return "Not Implemented";
	case 503: return "Service Unavailable";
	case 505: return "HTTP Version Not Supported";
	default: return "Internal Server Error";
	}
}

static const char *type_of(const char *path)
{
	static const char *const types[][2] = {
		{ ".css", "text/css" },
		{ ".html", "text/html; charset=utf-8" },
		{ ".jpg", "image/jpeg" },
		{ ".js", "text/javascript" },
		{ ".json", "application/json" },
		{ ".png", "image/png" },
		{ ".svg", "image/svg+xml" },
		{ ".txt", "text/plain; charset=utf-8" },
	};
	const char *dot = strrchr(path, '.');
	size_t i;

	for (i = 0; dot && i < sizeof(types) / sizeof(types[0]); i++)
		if (!strcmp(dot, types[i][0]))
			return types[i][1];
	return "application/octet-stream";
}

/* All that is ever added has room: the longest answer is about 350 bytes. */
static void __attribute__((format(printf, 2, 3)))
add(struct http_answer *answer, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	answer->len += (size_t)vsnprintf(answer->text + answer->len,
					 sizeof(answer->text) - answer->len,
					 format, args);
	va_end(args);
}

static void begin(struct http_answer *answer, int status, bool is_last, time_t now)
{
	char date[64];
	struct tm tm;

	memset(answer, 0, sizeof(*answer));
	answer->status = status;
	strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT",
		 gmtime_r(&now, &tm));
	add(answer, "HTTP/1.1 %d %s\r\nServer: nexus-httpd\r\nDate: %s\r\n",
	    status, reason(status), date);
	if (is_last)
		add(answer, "Connection: close\r\n");
}

/* False: none of it is there. */
static bool choose(const struct http_request *request, uint64_t size,
		   uint64_t *from, uint64_t *nr)
{
	uint64_t end = size;

	*from = 0;
	switch (request->range) {
	case HTTP_RANGE_ALL:
		break;
	case HTTP_RANGE_FROM:
		*from = request->first;
		if (request->last < size)
			end = request->last + 1;
		break;
	case HTTP_RANGE_SUFFIX:
		*from = request->suffix < size ? size - request->suffix : 0;
		break;
	}
	*nr = end > *from ? end - *from : 0;
	return *nr || request->range == HTTP_RANGE_ALL;
}

void http_answer_file(struct http_answer *answer,
		      const struct http_request *request, uint64_t size,
		      time_t now)
{
	bool is_part = request->range != HTTP_RANGE_ALL;
	uint64_t from, nr;

	if (!choose(request, size, &from, &nr)) {
		begin(answer, 416, request->is_last, now);
		add(answer, "Content-Range: bytes */%llu\r\n"
		    "Content-Length: 0\r\n\r\n", (unsigned long long)size);
		return;
	}
	begin(answer, is_part ? 206 : 200, request->is_last, now);
	add(answer, "Content-Type: %s\r\nAccept-Ranges: bytes\r\n"
	    "Content-Length: %llu\r\n", type_of(request->path),
	    (unsigned long long)nr);
	if (is_part)
		add(answer, "Content-Range: bytes %llu-%llu/%llu\r\n",
		    (unsigned long long)from, (unsigned long long)(from + nr - 1),
		    (unsigned long long)size);
	add(answer, "\r\n");
	answer->from = from;
	answer->nr = request->is_head ? 0 : nr;
}

void http_answer_error(struct http_answer *answer, int status, bool is_head,
		       bool is_last, time_t now)
{
	begin(answer, status, is_last, now);
	/* The number, a blank, the reason, a line's end. */
	add(answer, "Content-Type: text/plain\r\nContent-Length: %zu\r\n\r\n",
	    strlen(reason(status)) + 5);
	if (!is_head)
		add(answer, "%d %s\n", status, reason(status));
}
