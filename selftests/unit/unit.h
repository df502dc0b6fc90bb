/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Suites of unit tests: one for each file under test, one case for each
 * behaviour of a function, in the file's order.
 */
#ifndef _UNIT_H
#define _UNIT_H

#include <CUnit/CUnit.h>
#include <stdbool.h>
#include <stddef.h>

struct unit_case {
	const char	*name;
	void		(*run)(void);
};

struct unit_suite {
	const char		*name;
	const struct unit_case	*cases;
	size_t			nr_cases;
};

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/* A case is named by its function; @id says which behaviour it shows. */
#define UNIT_CASE(fn)		{ #fn, fn }
#define UNIT_CASE_ID(fn, id)	{ #fn ": " id, fn }

#define UNIT_SUITE(id, file, table)				\
	const struct unit_suite id = {				\
		.name = file, .cases = table,			\
		.nr_cases = ARRAY_SIZE(table),			\
	}

/* Fails with both values, for table tests where the line says too little. */
void unit_equal(const char *file, unsigned int line, const char *what,
		size_t row, long long got, long long wanted);

#define UNIT_ROW(row, got, wanted)				\
	unit_equal(__FILE__, __LINE__, #got, (size_t)(row),	\
		   (long long)(got), (long long)(wanted))

#endif /* _UNIT_H */
