// SPDX-License-Identifier: GPL-2.0
/* Names for numbers, and numbers as people read them. */
#include <stdlib.h>
#include <string.h>

#include "ctl_test.h"
#include "text.h"

static void names__every_value_has_one(void)
{
	for (u32 i = NEXUS_MONITOR_NEXUS_NEW; i <= NEXUS_MONITOR_POLICY; i++)
		CU_ASSERT_STRING_NOT_EQUAL(nx_text_monitor(i), "unknown");
	for (u32 i = NEXUS_CHANNEL_ACTIVE; i <= NEXUS_CHANNEL_DEFUNCT; i++)
		CU_ASSERT_STRING_NOT_EQUAL(nx_text_state(i), "unknown");
	for (u32 i = 0; i < NEXUS_NR_CLASSES; i++)
		CU_ASSERT_STRING_NOT_EQUAL(nx_text_class(i), "unknown");
	for (u32 i = 0; i < NEXUS_NR_VIOLATIONS; i++) {
		CU_ASSERT_PTR_NOT_NULL_FATAL(nx_text_violation(i));
		CU_ASSERT_PTR_NOT_NULL_FATAL(nx_text_violation_meaning(i));
	}
	for (u32 i = NEXUS_DROP_NONE + 1; i < NEXUS_NR_DROP_REASONS; i++)
		CU_ASSERT_PTR_NOT_NULL_FATAL(nx_text_drop_meaning(i));
}

static void names__unknown_values(void)
{
	CHECK_STR(nx_text_state(0), "unknown");
	CHECK_STR(nx_text_state(~0U), "unknown");
	CHECK_STR(nx_text_monitor(0), "unknown");
	CHECK_STR(nx_text_class(77), "unknown");
	CHECK_STR(nx_text_violation(NEXUS_NR_VIOLATIONS), "unknown");
	CU_ASSERT_PTR_NULL(nx_text_drop(NEXUS_DROP_NONE));
	CU_ASSERT_PTR_NULL(nx_text_drop(NEXUS_NR_DROP_REASONS));
	CU_ASSERT_PTR_NULL(nx_text_drop_meaning(~0U));
}

static void count__units(void)
{
	static const struct {
		u64 count;
		const char *text;
	} table[] = {
		{ 0, "0" }, { 99999, "99999" }, { 100000, "100k" }, { 123456, "123k" },
		{ 999999, "999k" }, { 1000000, "1M" }, { 1234567, "1.23M" },
		{ 12345678, "12.3M" }, { 999999999, "999M" }, { ~0ULL, "18.4E" },
	};
	char buf[NX_TEXT_SIZE];

	for (size_t i = 0; i < NX_ARRAY_SIZE(table); i++) {
		nx_text_count(buf, table[i].count, false);
		CHECK_STR(buf, table[i].text);
	}
	nx_text_count(buf, 1234567, true);
	CHECK_STR(buf, "1234567");
}

static void size__units(void)
{
	static const struct {
		u64 bytes;
		const char *text;
	} table[] = {
		{ 0, "0B" }, { 1023, "1023B" }, { 1024, "1KiB" }, { 1536, "1.50KiB" },
		{ 65536, "64KiB" }, { 10 << 20, "10MiB" }, { (10 << 20) + 52430, "10.0MiB" },
		{ 1ULL << 30, "1GiB" }, { (1ULL << 30) - 1, "1023MiB" },
		{ ~0ULL, "15.9EiB" },
	};
	char buf[NX_TEXT_SIZE];

	for (size_t i = 0; i < NX_ARRAY_SIZE(table); i++) {
		nx_text_size(buf, table[i].bytes, false);
		CHECK_STR(buf, table[i].text);
	}
	nx_text_size(buf, 65536, true);
	CHECK_STR(buf, "65536");
}

static void user__names_and_numbers(void)
{
	char buf[NX_TEXT_SIZE];

	nx_text_user(buf, 0, false);
	CHECK_STR(buf, "root");
	nx_text_user(buf, 0, true);
	CHECK_STR(buf, "0");
	/* Same place in the cache as root. */
	nx_text_user(buf, 64 * 60000000U, false);
	CHECK_STR(buf, "3840000000");
	nx_text_user(buf, 0, false);
	CHECK_STR(buf, "root");
	nx_text_group(buf, 0, false);
	CHECK_STR(buf, "root");
}

static void time__microseconds(void)
{
	char buf[NX_TEXT_SIZE];

	nx_text_time(buf, 1000000000000001999ULL);
	CHECK_STR(buf, "2001-09-09T01:46:40.000001");
}

static void printable__no_terminal_is_steered(void)
{
	char *text = nx_text_printable("a\033[2J\nb\x9b\x7f\xc3\xa4 ~");

	CHECK_STR(text, "a\\x1b[2J\\x0ab\\x9b\\x7f\\xc3\\xa4 ~");
	free(text);
}

CU_TestInfo text_tests[] = {
	{ "names__every_value_has_one", names__every_value_has_one },
	{ "names__unknown_values", names__unknown_values },
	{ "count__units", count__units },
	{ "size__units", size__units },
	{ "user__names_and_numbers", user__names_and_numbers },
	{ "time__microseconds", time__microseconds },
	{ "printable__no_terminal_is_steered", printable__no_terminal_is_steered },
	CU_TEST_INFO_NULL,
};
