// SPDX-License-Identifier: GPL-2.0
/*
 * Fuzzes nexus-httpd: the head of any request, and what is answered to it.
 */
#include <stdlib.h>
#include <string.h>

#include "http.h"

/* RFC 9112 section 2.2: who reads byte by byte must come to the same end. */
static void check_prefix(const uint8_t *data, size_t len, int whole)
{
	struct http_request request;
	int ret = http_parse(&request, (const char *)data, len);

	if (ret > 0 && ret != whole)
		abort();
}

static void check_answer(const struct http_request *request, size_t size)
{
	struct http_answer answer;

	http_answer_file(&answer, request, size, (time_t)size);
	if (answer.len >= sizeof(answer.text) || answer.len != strlen(answer.text))
		abort();
	if (answer.nr && (answer.from >= size || answer.nr > size - answer.from))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct http_request request;
	int ret = http_parse(&request, (const char *)data, size);

	if (ret > 0 && ((size_t)ret > size || !*request.path ||
			!memchr(request.path, 0, sizeof(request.path))))
		abort();
	if (ret > 0) {
		check_prefix(data, (size_t)ret, ret);
		check_answer(&request, size);
		check_answer(&request, 0);
	}
	return 0;
}
