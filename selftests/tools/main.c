// SPDX-License-Identifier: GPL-2.0
/* Runs the suites, and the command lines that they ask for. */
#include <stdlib.h>
#include <string.h>
#include <CUnit/Basic.h>

#include "ctl_test.h"

char *out, *err;
int status;

#define WORDS 64

void run_with(struct nx_ctl ctl, const char *line)
{
	char *words[WORDS], *copy = strdup(line), *save;
	size_t out_len, err_len;
	int nr = 0;

	free(out);
	free(err);
	ctl.out = open_memstream(&out, &out_len);
	ctl.err = open_memstream(&err, &err_len);
	for (char *word = strtok_r(copy, " ", &save); word && nr < WORDS;
	     word = strtok_r(NULL, " ", &save))
		words[nr++] = word;
	status = nx_command_run(&ctl, nr, words);
	fclose(ctl.out);
	fclose(ctl.err);
	free(copy);
}

void run(const char *line)
{
	run_with((struct nx_ctl){ .json = false }, line);
}

static void set_up(void)
{
	mock_reset();
}

#define SUITE(name, tests) { name, NULL, NULL, set_up, NULL, tests }

int main(void)
{
	CU_SuiteInfo suites[] = {
		SUITE("words", words_tests),
		SUITE("text", text_tests),
		SUITE("table", table_tests),
		SUITE("json", json_tests),
		SUITE("reply", reply_tests),
		SUITE("commands", command_tests),
		SUITE("show", show_tests),
		SUITE("monitor", monitor_tests),
		SUITE("qdisc", qdisc_tests),
		SUITE("ll", ll_tests),
		CU_SUITE_INFO_NULL,
	};
	unsigned int failures;

	if (CU_initialize_registry() || CU_register_suites(suites)) {
		fprintf(stderr, "%s\n", CU_get_error_msg());
		return 1;
	}
	CU_basic_set_mode(CU_BRM_NORMAL);
	CU_basic_run_tests();
	failures = CU_get_number_of_failures() + CU_get_number_of_suites_failed();
	CU_cleanup_registry();
	mock_reset();
	free(out);
	free(err);
	return failures ? 1 : 0;
}
