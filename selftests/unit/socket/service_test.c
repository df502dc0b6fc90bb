// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of lib/socket/service.c: the process's stack when its memory is taken
 * back, and it is refused other for a while. The service thread runs, on the real
 * clock.
 */
#include <errno.h>
#include <unistd.h>

#include "../unit.h"
#include "../fake_kernel.h"
#include "bed.h"

/* In the time that no machine needs for it. */
#define PATIENCE_NS	60000000000ULL

static void start(struct fake_kernel *fk)
{
	struct nexus_channel_options channel = {
		.backend = &fake_backend,
		.backend_arg = fk,
		.flags = NEXUS_CHANNEL_DEFUNCT_OK,
		.nr_small = 64,
	};

	bed_start();
	fake_init(fk);
	nx_lock();
	CU_ASSERT_EQUAL_FATAL(nx_service_start(&channel), 0);
	nx_unlock();
}

/* What the kernel does from now on: the memory goes, and @err is the answer. */
static void take_memory(struct fake_kernel *fk, int err)
{
	nx_lock();
	fk->attach_error = err;
	fake_set_state(fk, NEXUS_CHANNEL_DEFUNCT);
	nx_service_run();
	nx_unlock();
}

static bool is_attached(void)
{
	bool is;

	nx_lock();
	is = nx_service_stack() && !nexus_stack_check(nx_service_stack());
	nx_unlock();
	return is;
}

/* Nobody but the service thread does anything for it. */
static bool comes_back(void)
{
	uint64_t until_ns = nx_now_ns() + PATIENCE_NS;

	while (!is_attached() && nx_now_ns() < until_ns)
		usleep(1000);
	return is_attached();
}

static bool is_given_up(void)
{
	bool is;

	nx_lock();
	is = !nx_service_stack();
	nx_unlock();
	return is;
}

static void service__comes_back_when_it_may(void)
{
	static const int refusals[] = { -ENOMEM, -EBUSY, -EUSERS, -EDQUOT };
	struct fake_kernel fk;
	size_t i;

	start(&fk);
	for (i = 0; i < ARRAY_SIZE(refusals); i++) {
		take_memory(&fk, refusals[i]);
		nx_lock();
		CU_ASSERT_TRUE(nx_service_is_waiting());
		CU_ASSERT_PTR_NOT_NULL(nx_service_stack());
		fk.attach_error = 0;
		nx_unlock();
		CU_ASSERT_TRUE(comes_back());
		nx_lock();
		CU_ASSERT_FALSE(nx_service_is_waiting());
		UNIT_ROW(i, fk.nr_attaches, i + 2);
		nx_unlock();
	}
	/* What will not be another time, either: the kernel's stack serves. */
	CU_ASSERT_FALSE(is_given_up());
	take_memory(&fk, -EPERM);
	CU_ASSERT_TRUE(is_given_up());
	nx_socket_exit();
	CU_ASSERT_EQUAL(fk.nr_violations, 0);
	fake_exit(&fk);
}

static const struct unit_case cases[] = {
	UNIT_CASE_ID(service__comes_back_when_it_may, "DEF-8"),
};

UNIT_SUITE(socket_service_suite, "socket/service.c", cases);
