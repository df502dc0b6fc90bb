/* SPDX-License-Identifier: GPL-2.0 */
/* A table whose columns are as wide as what stands in them. */
#ifndef NX_TABLE_H
#define NX_TABLE_H

#include "nexusctl.h"

/**
 * struct nx_column - one column
 * @title:    its heading
 * @is_number: flush right
 */
struct nx_column {
	const char *title;
	bool is_number;
};

/**
 * struct nx_table - rows that wait to be printed
 * @columns:  of the table
 * @nr_columns: how many
 * @cells:    row after row; an own copy of each text
 * @nr_cells: how many
 * @room:     how many fit
 * @is_broken: out of memory: rows are missing
 */
struct nx_table {
	const struct nx_column *columns;
	size_t nr_columns;
	char **cells;
	size_t nr_cells;
	size_t room;
	bool is_broken;
};

void nx_table_init(struct nx_table *table, const struct nx_column *columns, size_t nr);
/* Fills the next cell. Bytes that could steer a terminal become \xNN. */
void nx_table_cell(struct nx_table *table, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
size_t nx_table_rows(const struct nx_table *table);
/* Prints headings and rows, @indent spaces before each. 0 or -ENOMEM. */
int nx_table_print(const struct nx_table *table, FILE *out, int indent);
void nx_table_free(struct nx_table *table);

#endif
