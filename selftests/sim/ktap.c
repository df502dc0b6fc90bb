// SPDX-License-Identifier: GPL-2.0
/*
 * Counts tests and prints their results.
 */
#include <stdarg.h>
#include <stdio.h>

#include "ktap.h"

static unsigned int nr_tests, nr_failed;

void ktap_begin(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	puts("KTAP version 1");
}

bool ktap_ok(bool is_ok, const char *format, ...)
{
	va_list args;

	nr_tests++;
	nr_failed += !is_ok;
	printf("%sok %u - ", is_ok ? "" : "not ", nr_tests);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	return is_ok;
}

void ktap_say(const char *format, ...)
{
	va_list args;

	fputs("# ", stdout);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}

int ktap_end(void)
{
	printf("1..%u\n", nr_tests);
	return nr_failed ? 1 : 0;
}
