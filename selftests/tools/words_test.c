// SPDX-License-Identifier: GPL-2.0
/* Words of a command line: abbreviated, misspelt, numbers, sizes, names. */
#include <stdlib.h>
#include <string.h>

#include "ctl_test.h"
#include "words.h"

static const char *const colours[] = { "red", "green", "grey", "greenish" };
#define NR_COLOURS NX_ARRAY_SIZE(colours)

static void find__exact_beats_prefix(void)
{
	CU_ASSERT_EQUAL(nx_word_find("green", colours, NR_COLOURS), 1);
	CU_ASSERT_EQUAL(nx_word_find("greenish", colours, NR_COLOURS), 3);
}

static void find__abbreviations(void)
{
	CU_ASSERT_EQUAL(nx_word_find("r", colours, NR_COLOURS), 0);
	CU_ASSERT_EQUAL(nx_word_find("greeni", colours, NR_COLOURS), 3);
	CU_ASSERT_EQUAL(nx_word_find("gre", colours, NR_COLOURS), NX_WORD_AMBIGUOUS);
	CU_ASSERT_EQUAL(nx_word_find("reds", colours, NR_COLOURS), NX_WORD_UNKNOWN);
	CU_ASSERT_EQUAL(nx_word_find("", colours, NR_COLOURS), NX_WORD_UNKNOWN);
}

static void nearest__typing_errors(void)
{
	CU_ASSERT_PTR_EQUAL(nx_word_nearest("rde", colours, NR_COLOURS), colours[0]);
	CU_ASSERT_PTR_EQUAL(nx_word_nearest("geen", colours, NR_COLOURS), colours[1]);
	CU_ASSERT_PTR_EQUAL(nx_word_nearest("gray", colours, NR_COLOURS), colours[2]);
	CU_ASSERT_PTR_NULL(nx_word_nearest("yellow", colours, NR_COLOURS));
	CU_ASSERT_PTR_NULL(nx_word_nearest("a-word-that-is-far-too-long-to-compare",
					   colours, NR_COLOURS));
}

/* Reads @word with @take, and keeps the complaint in err. */
static bool try_word(const char *word, bool (*take)(struct nx_words *words, u64 *value),
		     u64 *value)
{
	char *copy = strdup(word);
	struct nx_ctl ctl = { .out = stdout };
	struct nx_words words = { &ctl, &copy, 1 };
	size_t len;
	bool ok;

	free(err);
	ctl.err = open_memstream(&err, &len);
	ok = take(&words, value);
	fclose(ctl.err);
	free(copy);
	return ok;
}

static bool take_u32(struct nx_words *words, u64 *value)
{
	u32 number = 0;
	bool ok = nx_words_u32(words, "count", 1, 4000, &number);

	*value = number;
	return ok;
}

static bool take_size(struct nx_words *words, u64 *value)
{
	return nx_words_size(words, "size", value);
}

static bool take_nexus(struct nx_words *words, u64 *value)
{
	return nx_words_nexus(words);
}

static void u32__range_and_digits(void)
{
	static const char *const bad[] = {
		"0", "4001", "-1", "+1", " 1", "1 ", "0x10", "1e3", "", "99999999999999999999",
	};
	u64 value;

	CU_ASSERT_TRUE(try_word("1", take_u32, &value));
	CU_ASSERT_EQUAL(value, 1);
	CU_ASSERT_TRUE(try_word("4000", take_u32, &value));
	CU_ASSERT_EQUAL(value, 4000);
	for (size_t i = 0; i < NX_ARRAY_SIZE(bad); i++)
		CU_ASSERT_FALSE(try_word(bad[i], take_u32, &value));
	try_word("x", take_u32, &value);
	CHECK_STR(err, "nexusctl: count: 'x' is not a number from 1 to 4000\n");
}

static void size__units(void)
{
	static const struct {
		const char *word;
		u64 bytes;
	} good[] = {
		{ "1", 1 }, { "4096", 4096 }, { "4096B", 4096 }, { "64K", 65536 },
		{ "64k", 65536 }, { "64KB", 65536 }, { "64KiB", 65536 }, { "16M", 1 << 24 },
		{ "1G", 1 << 30 }, { "2TiB", 2ULL << 40 }, { "15E", 15ULL << 60 },
		{ "18446744073709551615", ~0ULL },
	};
	static const char *const bad[] = {
		"", "0", "0K", "K", "1X", "1KK", "1KiBi", "-1", "1.5G", "16E",
		"18446744073709551616", "18014398509481984K",
	};
	u64 value;

	for (size_t i = 0; i < NX_ARRAY_SIZE(good); i++) {
		CU_ASSERT_TRUE(try_word(good[i].word, take_size, &value));
		CU_ASSERT_EQUAL(value, good[i].bytes);
	}
	for (size_t i = 0; i < NX_ARRAY_SIZE(bad); i++)
		CU_ASSERT_FALSE(try_word(bad[i], take_size, &value));
}

static void nexus__names(void)
{
	static const char *const bad[] = {
		"", ".", "..", "a/b", "a:b", "a b", "a\tb", "abcdefghijklmnopqrstuvwxyz012345",
	};
	u64 none;

	CU_ASSERT_TRUE(try_word("abcdefghijklmnopqrstuvwxyz01234", take_nexus, &none));
	CU_ASSERT_TRUE(try_word("...", take_nexus, &none));
	for (size_t i = 0; i < NX_ARRAY_SIZE(bad); i++)
		CU_ASSERT_FALSE(try_word(bad[i], take_nexus, &none));
	CHECK_STR(err, "nexusctl: 'abcdefghijklmnopqrstuvwxyz012345' has 32 characters: "
		  "a nexus's name has 1 to 31\n");
}

CU_TestInfo words_tests[] = {
	{ "find__exact_beats_prefix", find__exact_beats_prefix },
	{ "find__abbreviations", find__abbreviations },
	{ "nearest__typing_errors", nearest__typing_errors },
	{ "u32__range_and_digits", u32__range_and_digits },
	{ "size__units", size__units },
	{ "nexus__names", nexus__names },
	CU_TEST_INFO_NULL,
};
