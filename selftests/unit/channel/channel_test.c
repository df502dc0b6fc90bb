// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of lib/channel/channel.c.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../fake_kernel.h"
#include "../unit.h"

static struct nexus_channel_options options_for(struct fake_kernel *fk)
{
	return (struct nexus_channel_options) {
		.backend = &fake_backend, .backend_arg = fk,
	};
}

static void nexus_channel_open__maps_all_and_close_unmaps(void)
{
	struct nexus_channel_options options;
	struct nexus_channel *channel;
	struct fake_kernel fk;

	fake_init(&fk);
	options = options_for(&fk);
	options.nr_queues = 3;
	options.nr_large = 4;
	CU_ASSERT_EQUAL_FATAL(nexus_channel_open(&channel, &options), 0);
	CU_ASSERT_EQUAL(fk.nr_mmaps, NEXUS_NR_REGIONS);
	CU_ASSERT_EQUAL(channel->nr_queues, 3);
	CU_ASSERT_EQUAL(channel->queues[2].index, 2);
	CU_ASSERT_EQUAL(channel->nr_buffers, 256 + 4);
	CU_ASSERT_EQUAL(channel->features, fk.features);
	CU_ASSERT_EQUAL(channel->ustats->size, sizeof(struct nexus_ustats));
	nexus_channel_close(channel);
	CU_ASSERT_EQUAL(fk.nr_munmaps, NEXUS_NR_REGIONS);
	CU_ASSERT_EQUAL(fk.nr_closes, 1);
	fake_exit(&fk);
}

static void nexus_channel_open__asks_for_what_the_options_say(void)
{
	struct nexus_channel_options options;
	struct nexus_channel *channel;
	struct fake_kernel fk;

	fake_init(&fk);
	options = options_for(&fk);
	options.name = "sw0";
	options.port = 5;
	options.flags = NEXUS_CHANNEL_PORT | NEXUS_CHANNEL_DEFUNCT_OK;
	options.tx_slots = 16;
	options.rx_slots = 32;
	options.event_slots = 8;
	options.nr_small = 100;
	options.nr_flows = 9;
	CU_ASSERT_EQUAL_FATAL(nexus_channel_open(&channel, &options), 0);
	CU_ASSERT_STRING_EQUAL(fk.attach.name, "sw0");
	CU_ASSERT_EQUAL(fk.attach.size, sizeof(struct nexus_attach));
	CU_ASSERT_EQUAL(fk.attach.port, 5);
	CU_ASSERT_EQUAL(fk.attach.flags, NEXUS_ATTACH_DEFUNCT_OK);
	CU_ASSERT_EQUAL(channel->queues[0].rings[NEXUS_RING_TX].nr_slots, 16);
	CU_ASSERT_EQUAL(channel->queues[0].rings[NEXUS_RING_RX].nr_slots, 32);
	CU_ASSERT_EQUAL(channel->queues[0].rings[NEXUS_RING_EVENT].nr_slots, 8);
	CU_ASSERT_EQUAL(channel->nr_buffers, 100);
	CU_ASSERT_EQUAL(channel->nr_flows, 9);
	nexus_channel_close(channel);
	fake_exit(&fk);
}

static void nexus_channel_open__refuses_bad_options(void)
{
	struct nexus_channel_options options;
	struct nexus_channel *channel;
	struct fake_kernel fk;

	fake_init(&fk);
	options = options_for(&fk);
	options.flags = 1u << 31;
	CU_ASSERT_EQUAL(nexus_channel_open(&channel, &options), -EINVAL);
	options.flags = 0;
	options.name = "a-name-of-thirty-two-characters-";
	CU_ASSERT_EQUAL(nexus_channel_open(&channel, &options), -EINVAL);
	CU_ASSERT_PTR_NOT_NULL(strstr(nexus_error_text(), "longer than 31"));
	fake_exit(&fk);
}

static void nexus_channel_open__tells_another_abi_before_it_maps(void)
{
	struct nexus_channel_options options;
	struct nexus_channel *channel;
	struct fake_kernel fk;

	fake_init(&fk);
	fk.abi_version = NEXUS_ABI_VERSION + 6;
	options = options_for(&fk);
	CU_ASSERT_EQUAL(nexus_channel_open(&channel, &options), -EPROTONOSUPPORT);
	CU_ASSERT_EQUAL(fk.nr_mmaps, 0);
	CU_ASSERT_EQUAL(fk.nr_closes, 1);
	CU_ASSERT_PTR_NOT_NULL(strstr(nexus_error_text(), "ABI version 7"));
	fake_exit(&fk);
}

static void nexus_channel_open__passes_errors_on_with_a_text(void)
{
	static const struct {
		int		err;
		const char	*text;
	} rows[] = {
		{ -EPERM, "policy" }, { -EBUSY, "port" }, { -ENODEV, "no such nexus" },
		{ -ENOTUNIQ, "name one" }, { -EINVAL, "numbers" },
		{ -EUSERS, "limit" }, { -EDQUOT, "limit" },
	};
	struct nexus_channel_options options;
	struct nexus_channel *channel;
	struct fake_kernel fk;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		fake_init(&fk);
		fk.attach_error = rows[i].err;
		options = options_for(&fk);
		UNIT_ROW(i, nexus_channel_open(&channel, &options), rows[i].err);
		UNIT_ROW(i, strstr(nexus_error_text(), rows[i].text) != NULL, true);
		UNIT_ROW(i, fk.nr_closes, 1);
		fake_exit(&fk);
	}
}

static int no_device(void *arg)
{
	(void)arg;
	return -ENOENT;
}

static void nexus_channel_open__says_what_to_do_without_a_module(void)
{
	struct nexus_backend backend = fake_backend;
	struct nexus_channel_options options = { .backend = &backend };
	struct nexus_channel *channel;

	backend.open = no_device;
	CU_ASSERT_EQUAL(nexus_channel_open(&channel, &options), -ENOENT);
	CU_ASSERT_PTR_NOT_NULL(strstr(nexus_error_text(), "modprobe nexus"));
}

static int maps_left;

static void *mmap_fails(void *arg, int fd, size_t len, int prot, uint64_t off)
{
	if (!maps_left--) {
		errno = ENOMEM;
		return MAP_FAILED;
	}
	return fake_backend.mmap(arg, fd, len, prot, off);
}

static void nexus_channel_open__undoes_what_it_had_mapped(void)
{
	struct nexus_backend backend = fake_backend;
	struct nexus_channel_options options;
	struct nexus_channel *channel;
	struct fake_kernel fk;
	int i;

	backend.mmap = mmap_fails;
	for (i = 0; i < NEXUS_NR_REGIONS; i++) {
		fake_init(&fk);
		options = options_for(&fk);
		options.backend = &backend;
		maps_left = i;
		UNIT_ROW(i, nexus_channel_open(&channel, &options), -ENOMEM);
		UNIT_ROW(i, fk.nr_munmaps, i);
		UNIT_ROW(i, fk.nr_closes, 1);
		fake_exit(&fk);
	}
}

static void nexus_channel_close__takes_null(void)
{
	nexus_channel_close(NULL);
}

static void nexus_channel_check__knows_every_state(void)
{
	static const struct {
		enum nexus_channel_state	state;
		int				err;
	} rows[] = {
		{ NEXUS_CHANNEL_ACTIVE, 0 },
		{ NEXUS_CHANNEL_QUARANTINED, -EPROTO },
		{ NEXUS_CHANNEL_DETACHED, -ENXIO },
		{ NEXUS_CHANNEL_DEFUNCT, -ENXIO },
		{ (enum nexus_channel_state)77, -ENXIO },
	};
	struct nexus_channel_options options;
	struct nexus_channel *channel;
	struct nexus_status status;
	struct fake_kernel fk;
	size_t i;

	fake_init(&fk);
	options = options_for(&fk);
	CU_ASSERT_EQUAL_FATAL(nexus_channel_open(&channel, &options), 0);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		fake_set_state(&fk, rows[i].state);
		UNIT_ROW(i, nexus_channel_check(channel), rows[i].err);
		UNIT_ROW(i, nexus_channel_status(channel, &status), 0);
		UNIT_ROW(i, status.state, rows[i].state);
	}
	nexus_channel_close(channel);
	fake_exit(&fk);
}

static void nexus_queue_sync__passes_its_arguments(void)
{
	struct nexus_channel_options options;
	struct nexus_channel *channel;
	struct fake_kernel fk;

	fake_init(&fk);
	options = options_for(&fk);
	options.nr_queues = 2;
	CU_ASSERT_EQUAL_FATAL(nexus_channel_open(&channel, &options), 0);
	CU_ASSERT_EQUAL(nexus_queue_sync(&channel->queues[1], NEXUS_SYNC_REFILL |
					 NEXUS_SYNC_WAIT_RX, 1234), -ETIME);
	CU_ASSERT_EQUAL(fk.last_sync.queue, 1);
	CU_ASSERT_EQUAL(fk.last_sync.flags, NEXUS_SYNC_REFILL |
			NEXUS_SYNC_WAIT_RX);
	CU_ASSERT_EQUAL(fk.last_sync.timeout_ns, 1234);
	CU_ASSERT_EQUAL(fk.last_sync.size, sizeof(struct nexus_sync));
	nexus_channel_close(channel);
	fake_exit(&fk);
}

static void nexus_queue_sync__refuses_a_child(void)
{
	struct nexus_channel_options options;
	struct nexus_channel *channel;
	struct fake_kernel fk;
	int status = -1;
	pid_t pid;

	fake_init(&fk);
	options = options_for(&fk);
	CU_ASSERT_EQUAL_FATAL(nexus_channel_open(&channel, &options), 0);
	pid = fork();
	if (!pid) {
		int err = nexus_queue_sync(&channel->queues[0],
					   NEXUS_SYNC_REFILL, 0);
		int state = nexus_channel_check(channel);

		nexus_channel_close(channel);
		_exit(err == -EPERM && state == -EPERM &&
		      !fk.nr_munmaps ? 0 : 1);
	}
	CU_ASSERT_EQUAL(waitpid(pid, &status, 0), pid);
	CU_ASSERT_EQUAL(status, 0);
	CU_ASSERT_EQUAL(nexus_channel_check(channel), 0);
	nexus_channel_close(channel);
	fake_exit(&fk);
}

static void nexus_channel_flow_add__says_why_not(void)
{
	static const struct {
		int		err;
		const char	*text;
	} rows[] = {
		{ -EPROTONOSUPPORT, "UDP" }, { -EDESTADDRREQ, "not bound" },
		{ -EADDRNOTAVAIL, "not this host's" }, { -EEXIST, "another flow" },
		{ -ENOSPC, "nr_flows" }, { -EALREADY, "already" },
		{ -EXDEV, "namespace" },
	};
	struct nexus_flow_add add = { .fd = -1 };
	struct nexus_channel_options options;
	struct nexus_channel *channel;
	struct fake_kernel fk;
	size_t i;

	fake_init(&fk);
	options = options_for(&fk);
	CU_ASSERT_EQUAL_FATAL(nexus_channel_open(&channel, &options), 0);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		fk.flow_error = rows[i].err;
		UNIT_ROW(i, nexus_channel_flow_add(channel, &add), rows[i].err);
		UNIT_ROW(i, strstr(nexus_error_text(), rows[i].text) != NULL, true);
	}
	CU_ASSERT_EQUAL(nexus_channel_flow_del(channel, 0, 1), -ENOENT);
	nexus_channel_close(channel);
	fake_exit(&fk);
}

static const struct unit_case cases[] = {
	UNIT_CASE(nexus_channel_open__maps_all_and_close_unmaps),
	UNIT_CASE(nexus_channel_open__asks_for_what_the_options_say),
	UNIT_CASE(nexus_channel_open__refuses_bad_options),
	UNIT_CASE_ID(nexus_channel_open__tells_another_abi_before_it_maps,
		     "RING-8 another ABI version, a clear error, nothing mapped"),
	UNIT_CASE(nexus_channel_open__passes_errors_on_with_a_text),
	UNIT_CASE(nexus_channel_open__says_what_to_do_without_a_module),
	UNIT_CASE(nexus_channel_open__undoes_what_it_had_mapped),
	UNIT_CASE(nexus_channel_close__takes_null),
	UNIT_CASE(nexus_channel_check__knows_every_state),
	UNIT_CASE(nexus_queue_sync__passes_its_arguments),
	UNIT_CASE(nexus_queue_sync__refuses_a_child),
	UNIT_CASE(nexus_channel_flow_add__says_why_not),
};

UNIT_SUITE(channel_channel_suite, "channel/channel", cases);
