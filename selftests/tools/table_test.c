// SPDX-License-Identifier: GPL-2.0
/* Tables line up, whatever stands in them. */
#include <stdlib.h>
#include <string.h>

#include "ctl_test.h"
#include "table.h"

static const struct nx_column columns[] = {
	{ "NAME", false }, { "N", true }, { "LAST", false },
};

static char *print(const struct nx_table *table, int indent)
{
	char *text;
	size_t len;
	FILE *file = open_memstream(&text, &len);

	CU_ASSERT_EQUAL(nx_table_print(table, file, indent), 0);
	fclose(file);
	return text;
}

static void print__columns_are_as_wide_as_needed(void)
{
	struct nx_table table;
	char *text;

	nx_table_init(&table, columns, NX_ARRAY_SIZE(columns));
	nx_table_cell(&table, "a");
	nx_table_cell(&table, "%d", 12345);
	nx_table_cell(&table, "x");
	nx_table_cell(&table, "a longer name");
	nx_table_cell(&table, "%d", 1);
	nx_table_cell(&table, "something long");
	CU_ASSERT_EQUAL(nx_table_rows(&table), 2);
	text = print(&table, 0);
	CHECK_STR(text,
		  "NAME               N  LAST\n"
		  "a              12345  x\n"
		  "a longer name      1  something long\n");
	free(text);
	nx_table_free(&table);
}

static void print__no_rows(void)
{
	struct nx_table table;
	char *text;

	nx_table_init(&table, columns, NX_ARRAY_SIZE(columns));
	text = print(&table, 2);
	CHECK_STR(text, "  NAME  N  LAST\n");
	free(text);
	nx_table_free(&table);
}

static void cell__ten_thousand_rows(void)
{
	struct nx_table table;
	char *text;

	nx_table_init(&table, columns, NX_ARRAY_SIZE(columns));
	for (int i = 0; i < 10000; i++) {
		nx_table_cell(&table, "row");
		nx_table_cell(&table, "%d", i);
		nx_table_cell(&table, "end");
	}
	CU_ASSERT_EQUAL(nx_table_rows(&table), 10000);
	text = print(&table, 0);
	CHECK_HAS(text, "\nrow      0  end\n");
	CHECK_HAS(text, "\nrow   9999  end\n");
	free(text);
	nx_table_free(&table);
}

CU_TestInfo table_tests[] = {
	{ "print__columns_are_as_wide_as_needed", print__columns_are_as_wide_as_needed },
	{ "print__no_rows", print__no_rows },
	{ "cell__ten_thousand_rows", cell__ten_thousand_rows },
	CU_TEST_INFO_NULL,
};
