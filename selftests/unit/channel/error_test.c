// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of lib/channel/error.c.
 */
#include <errno.h>
#include <pthread.h>
#include <string.h>

#include <nexus/channel.h>

#include "../unit.h"
#include "../../../lib/channel/error.h"

static void nexus_strerror__speaks_of_nexus_where_it_can(void)
{
	CU_ASSERT_PTR_NOT_NULL(strstr(nexus_strerror(-EPROTO), "quarantined"));
	CU_ASSERT_STRING_EQUAL(nexus_strerror(-ENXIO), nexus_strerror(ENXIO));
	CU_ASSERT_STRING_EQUAL(nexus_strerror(-ENOENT), strerror(ENOENT));
}

static void *read_text(void *arg)
{
	strcpy(arg, nexus_error_text());
	return NULL;
}

static void nx_error__keeps_the_text_for_the_thread(void)
{
	char other[256] = "x";
	pthread_t thread;

	CU_ASSERT_EQUAL(nx_error(-EINVAL, "%d bottles", 99), -EINVAL);
	CU_ASSERT_STRING_EQUAL(nexus_error_text(), "99 bottles");
	CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, read_text, other), 0);
	pthread_join(thread, NULL);
	CU_ASSERT_STRING_EQUAL(other, "");
}

static void nx_error__cuts_a_long_text(void)
{
	char text[400];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	nx_error(-EINVAL, "%s", text);
	CU_ASSERT_EQUAL(strlen(nexus_error_text()), 255);
}

static const struct unit_case cases[] = {
	UNIT_CASE(nexus_strerror__speaks_of_nexus_where_it_can),
	UNIT_CASE(nx_error__keeps_the_text_for_the_thread),
	UNIT_CASE(nx_error__cuts_a_long_text),
};

UNIT_SUITE(channel_error_suite, "channel/error", cases);
