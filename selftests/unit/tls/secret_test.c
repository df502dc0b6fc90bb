// SPDX-License-Identifier: GPL-2.0
/*
 * Memory for secrets: what /proc says of it, and that nothing stays in it.
 */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../../lib/tls/secret.h"
#include "../unit.h"

/* The line VmFlags of the mapping that @p lies in. */
static bool has_flag(const void *p, const char *flag)
{
	FILE *file = fopen("/proc/self/smaps", "r");
	unsigned long from, to;
	bool is_it = false, has = false;
	char line[512];

	CU_ASSERT_PTR_NOT_NULL_FATAL(file);
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
			is_it = (unsigned long)p >= from &&
				(unsigned long)p < to;
		if (is_it && !strncmp(line, "VmFlags:", 8))
			has = strstr(line, flag) != NULL;
	}
	fclose(file);
	return has;
}

static void alloc__is_locked_and_in_no_dump(void)
{
	struct nx_tls_secret *s = nx_tls_secret_alloc();

	CU_ASSERT_PTR_NOT_NULL_FATAL(s);
	CU_ASSERT(has_flag(s, " lo"));
	CU_ASSERT(has_flag(s, " dd"));
	CU_ASSERT(has_flag(s, " wf"));
	nx_tls_secret_free(s);
}

static void alloc__is_empty_in_a_child(void)
{
	struct nx_tls_secret *s = nx_tls_secret_alloc();
	int status;
	pid_t pid;

	CU_ASSERT_PTR_NOT_NULL_FATAL(s);
	memset(s, 'x', sizeof(*s));
	pid = fork();
	if (!pid)
		_exit(s->traffic[0] || s->iv[0]);
	CU_ASSERT_EQUAL(waitpid(pid, &status, 0), pid);
	CU_ASSERT_EQUAL(status, 0);
	nx_tls_secret_free(s);
}

#define NR_SECRETS	200	/* several pages */

static void free__clears_and_gives_back(void)
{
	static const struct nx_tls_secret zero;
	struct nx_tls_secret *s[NR_SECRETS];
	unsigned int i;

	for (i = 0; i < NR_SECRETS; i++) {
		s[i] = nx_tls_secret_alloc();
		CU_ASSERT_PTR_NOT_NULL_FATAL(s[i]);
		CU_ASSERT(!memcmp(s[i], &zero, sizeof(zero)));
		memset(s[i], (int)i, sizeof(*s[i]));
	}
	for (i = 0; i < NR_SECRETS; i++)
		CU_ASSERT_EQUAL(s[i]->iv[0], (uint8_t)i);
	/* Its page stays, for its neighbours. */
	nx_tls_secret_free(s[1]);
	CU_ASSERT(!memcmp(s[1], &zero, sizeof(zero)));
	for (i = 0; i < NR_SECRETS; i++)
		if (i != 1)
			nx_tls_secret_free(s[i]);
	CU_ASSERT(!has_flag(s[0], " wf"));
	nx_tls_secret_free(NULL);
}

static const struct unit_case cases[] = {
	UNIT_CASE(alloc__is_locked_and_in_no_dump),
	UNIT_CASE(alloc__is_empty_in_a_child),
	UNIT_CASE(free__clears_and_gives_back),
};

UNIT_SUITE(tls_secret_suite, "tls/secret", cases);
