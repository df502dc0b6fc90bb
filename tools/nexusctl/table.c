// SPDX-License-Identifier: GPL-2.0
/* Tables whose columns are as wide as what stands in them. */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "table.h"
#include "text.h"

/* Between two columns. */
#define NX_GAP 2

void nx_table_init(struct nx_table *table, const struct nx_column *columns, size_t nr)
{
	memset(table, 0, sizeof(*table));
	table->columns = columns;
	table->nr_columns = nr;
}

static bool grow(struct nx_table *table)
{
	size_t room = table->room ? table->room * 2 : 256;
	char **cells = reallocarray(table->cells, room, sizeof(*cells));

	if (!cells)
		return false;
	table->cells = cells;
	table->room = room;
	return true;
}

void nx_table_cell(struct nx_table *table, const char *format, ...)
{
	char *raw = NULL, *cell;
	va_list args;
	int len;

	va_start(args, format);
	len = vasprintf(&raw, format, args);
	va_end(args);
	cell = len < 0 ? NULL : nx_text_printable(raw);
	if (len >= 0)
		free(raw);
	if (!cell || (table->nr_cells == table->room && !grow(table))) {
		free(cell);
		table->is_broken = true;
		return;
	}
	table->cells[table->nr_cells++] = cell;
}

size_t nx_table_rows(const struct nx_table *table)
{
	return table->nr_cells / table->nr_columns;
}

static size_t column_width(const struct nx_table *table, size_t column)
{
	size_t width = strlen(table->columns[column].title);

	for (size_t i = column; i < table->nr_cells; i += table->nr_columns) {
		size_t len = strlen(table->cells[i]);

		if (len > width)
			width = len;
	}
	return width;
}

static void print_cell(const struct nx_table *table, FILE *out, size_t column,
		       const char *text, int width)
{
	bool is_last = column == table->nr_columns - 1;

	if (table->columns[column].is_number)
		fprintf(out, "%*s", width, text);
	else if (is_last)
		fputs(text, out);
	else
		fprintf(out, "%-*s", width, text);
	if (is_last)
		putc('\n', out);
	else
		fprintf(out, "%*s", NX_GAP, "");
}

static void print_rows(const struct nx_table *table, FILE *out, int indent,
		       const size_t *widths)
{
	fprintf(out, "%*s", indent, "");
	for (size_t c = 0; c < table->nr_columns; c++)
		print_cell(table, out, c, table->columns[c].title, widths[c]);
	for (size_t i = 0; i < table->nr_cells; i++) {
		size_t c = i % table->nr_columns;

		if (c == 0)
			fprintf(out, "%*s", indent, "");
		print_cell(table, out, c, table->cells[i], widths[c]);
	}
}

int nx_table_print(const struct nx_table *table, FILE *out, int indent)
{
	size_t *widths;

	if (table->is_broken)
		return -ENOMEM;
	widths = calloc(table->nr_columns, sizeof(*widths));
	if (!widths)
		return -ENOMEM;
	for (size_t c = 0; c < table->nr_columns; c++)
		widths[c] = column_width(table, c);
	print_rows(table, out, indent, widths);
	free(widths);
	return 0;
}

void nx_table_free(struct nx_table *table)
{
	for (size_t i = 0; i < table->nr_cells; i++)
		free(table->cells[i]);
	free(table->cells);
	memset(table, 0, sizeof(*table));
}
