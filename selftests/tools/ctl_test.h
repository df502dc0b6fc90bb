/* SPDX-License-Identifier: GPL-2.0 */
/* What the tests of nexusctl share: a kernel that answers as told, and messages. */
#ifndef CTL_TEST_H
#define CTL_TEST_H

#include <CUnit/CUnit.h>
#include <libmnl/libmnl.h>
#include <linux/nexus.h>
#include <linux/nexus_netlink.h>

#include "netlink.h"
#include "nexusctl.h"

/**
 * struct mock - what the kernel of the tests says, and was asked
 * @open_err:  of looking for the family; 0: there is one
 * @err:       of each command, by enum nexus_cmd
 * @extack:    its words with an error
 * @is_torn:   lists change while they are read
 * @lists:     messages for each GET command
 * @events:    messages for listeners
 * @end:       what waiting says after the last event
 * @nr_lost:   times that waiting says ENOBUFS before
 * @commands:  requests that came, by enum nexus_cmd
 * @request:   the last one that was no GET
 * @qdiscs:    what rtnetlink lists
 * @nr_route:  requests to rtnetlink that were no list
 * @route:     the last one of them
 * @route_err: of it
 */
struct mock {
	int open_err;
	int err[NEXUS_CMD_MAX + 1];
	const char *extack;
	bool is_torn;
	struct nx_reply lists[NEXUS_CMD_MAX + 1];
	struct nx_reply events;
	int end;
	int nr_lost;
	int commands[NEXUS_CMD_MAX + 1];
	struct nx_request request;
	struct nx_reply qdiscs;
	int nr_route;
	struct nx_request route;
	int route_err;
};

extern struct mock mock;

/* A kernel without anything. */
void mock_reset(void);
/* Gives the list of @cmd the message in @req. */
void mock_list(u8 cmd, struct nx_request *req);
void mock_event(struct nx_request *req);
/* A discipline on lo: its handle, its parent, and bytes that it has sent. */
void mock_qdisc(const char *kind, u32 handle, u32 parent, u64 bytes);
/* The attribute of the last request at @path, a list of types that ends with 0. */
const struct nlattr *mock_attr(const u16 *path);
#define MOCK_ATTR(...) mock_attr((const u16[]){ __VA_ARGS__, 0 })

/* Messages as the kernel makes them. */
struct nlattr *message_begin(struct nx_request *req, u8 cmd, u16 nest);
void message_nexus(struct nx_request *req, const char *name, u32 id);
void message_channel(struct nx_request *req, u32 id, const char *comm, u32 violation);
void message_flow(struct nx_request *req, u32 channel, u32 index);
void message_flow_v6(struct nx_request *req, u32 channel, u32 index);
void message_flow_ll(struct nx_request *req, u32 channel, u32 index, u32 permille);
/* Of TCP. Who reports says what cannot be. */
void message_tcp(struct nx_request *req, u32 state, bool is_reported);

/* What the last command line wrote, and how it ended. */
extern char *out, *err;
extern int status;
/* Runs one command line, options included. */
void run(const char *line);
void run_with(struct nx_ctl options, const char *line);

#define CHECK_STR(got, wanted)						\
	do {								\
		if (strcmp(got, wanted))				\
			fprintf(stderr, "got:\n%s\nwanted:\n%s\n", got, wanted); \
		CU_ASSERT_STRING_EQUAL(got, wanted);			\
	} while (0)

#define CHECK_HAS(text, part)						\
	do {								\
		if (!strstr(text, part))				\
			fprintf(stderr, "no '%s' in:\n%.2000s\n", part, text); \
		CU_ASSERT_PTR_NOT_NULL(strstr(text, part));		\
	} while (0)

extern CU_TestInfo words_tests[], text_tests[], table_tests[], json_tests[];
extern CU_TestInfo reply_tests[], command_tests[], show_tests[], monitor_tests[];
extern CU_TestInfo qdisc_tests[], ll_tests[];

#endif
