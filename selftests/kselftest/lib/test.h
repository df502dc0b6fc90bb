/* SPDX-License-Identifier: GPL-2.0 */
/* Titles with behaviour IDs for the tests of kselftest_harness.h. */
#ifndef NX_TEST_H
#define NX_TEST_H

#include "kselftest_harness.h"
#include "util.h"

/* As long as a test may take, unless it says otherwise. */
#define NX_TEST_SECONDS	60

/*
 * NX_TEST(test, "RING-2 what is seen") { ... } is TEST(test) whose line reads
 * "ok 1 ring.RING-2 what is seen". NX_TEST_LONG() has a time limit of its own.
 */
#define NX_TEST(test, title)	NX_TEST_LONG(test, title, NX_TEST_SECONDS)

#define NX_TEST_LONG(test, title, seconds) \
	static struct __test_metadata _##test##_object; \
	static void __attribute__((constructor(KSELFTEST_PRIO_XFAIL))) \
	_title_##test(void) \
	{ \
		_##test##_object.name = title; \
		_##test##_object.timeout = nx_timeout(seconds); \
	} \
	TEST(test)

/* For helpers that hold ASSERT_*: NX_METADATA in their list of parameters. */
#define NX_METADATA	struct __test_metadata *_metadata

/*
 * Runs all tests, or those whose title contains one of the arguments; options
 * of the harness are passed on.
 */
static inline int nx_test_run(const char *program, int argc, char **argv)
{
	char *picked[256] = { argv[0] };
	struct __test_metadata *test;
	int nr = 1;

	_fixture_global.name = program;
	if (argc < 2 || argv[1][0] == '-')
		return test_harness_run(argc, argv);
	for (test = _fixture_global.tests; test; test = test->next) {
		for (int i = 1; i < argc; i++) {
			if (!strstr(test->name, argv[i]) || nr > 252)
				continue;
			picked[nr++] = (char *)"-t";
			picked[nr++] = (char *)test->name;
			break;
		}
	}
	if (nr == 1)
		ksft_exit_fail_msg("no test has such a title\n");
	return test_harness_run(nr, picked);
}

#define NX_TEST_MAIN(program) \
	int main(int argc, char **argv) \
	{ \
		return nx_test_run(program, argc, argv); \
	}

#endif
