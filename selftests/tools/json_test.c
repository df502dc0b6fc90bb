// SPDX-License-Identifier: GPL-2.0
/* JSON is valid whatever it holds. */
#include <stdlib.h>
#include <string.h>

#include "ctl_test.h"
#include "json.h"

static char *write_document(bool pretty, void (*fill)(struct nx_json *json))
{
	struct nx_ctl ctl = { .pretty = pretty };
	struct nx_json json;
	char *text;
	size_t len;

	ctl.out = open_memstream(&text, &len);
	nx_json_init(&json, &ctl);
	fill(&json);
	nx_json_finish(&json);
	fclose(ctl.out);
	return text;
}

static void fill_nested(struct nx_json *json)
{
	nx_json_array(json, NULL);
	nx_json_object(json, NULL);
	nx_json_u64(json, "n", ~0ULL);
	nx_json_bool(json, "b", true);
	nx_json_array(json, "empty");
	nx_json_array_end(json);
	nx_json_object(json, "o");
	nx_json_object_end(json);
	nx_json_object_end(json);
	nx_json_object(json, NULL);
	nx_json_str(json, "s", "t");
	nx_json_object_end(json);
	nx_json_array_end(json);
}

static void nest__compact(void)
{
	char *text = write_document(false, fill_nested);

	CHECK_STR(text, "[{\"n\":18446744073709551615,\"b\":true,\"empty\":[],\"o\":{}},"
		  "{\"s\":\"t\"}]\n");
	free(text);
}

static void nest__pretty(void)
{
	char *text = write_document(true, fill_nested);

	CHECK_STR(text,
		  "[\n"
		  "    {\n"
		  "        \"n\": 18446744073709551615,\n"
		  "        \"b\": true,\n"
		  "        \"empty\": [],\n"
		  "        \"o\": {}\n"
		  "    },\n"
		  "    {\n"
		  "        \"s\": \"t\"\n"
		  "    }\n"
		  "]\n");
	free(text);
}

static const char *fill_text;

static void fill_string(struct nx_json *json)
{
	nx_json_str(json, NULL, fill_text);
}

static void check_string(const char *text, const char *wanted)
{
	char *got;

	fill_text = text;
	got = write_document(false, fill_string);
	CHECK_STR(got, wanted);
	free(got);
}

static void str__escapes(void)
{
	check_string("", "\"\"\n");
	check_string("a\"b\\c/", "\"a\\\"b\\\\c/\"\n");
	check_string("\n\t\033\x7f", "\"\\u000a\\u0009\\u001b\\u007f\"\n");
}

/* A process may call itself anything. */
static void str__only_utf8_passes(void)
{
	check_string("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80",
		     "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\"\n");
	check_string("\xff", "\"\\ufffd\"\n");
	check_string("\xc3", "\"\\ufffd\"\n");
	check_string("\xc3(", "\"\\ufffd(\"\n");
	check_string("\xc0\xaf", "\"\\ufffd\\ufffd\"\n");
	check_string("\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\"\n");
	check_string("\xf4\x90\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\"\n");
	check_string("\xe2\x82", "\"\\ufffd\\ufffd\"\n");
}

CU_TestInfo json_tests[] = {
	{ "nest__compact", nest__compact },
	{ "nest__pretty", nest__pretty },
	{ "str__escapes", str__escapes },
	{ "str__only_utf8_passes", str__only_utf8_passes },
	CU_TEST_INFO_NULL,
};
