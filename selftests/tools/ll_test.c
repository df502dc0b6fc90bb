// SPDX-License-Identifier: GPL-2.0
/* nexusctl ll: whose grant it shows, and how. */
#include <string.h>

#include "ctl_test.h"

/* Two with a grant, and between them one without. */
static void list_flows(void)
{
	struct nx_request req;

	message_flow_ll(&req, 3, 0, 150);
	mock_list(NEXUS_CMD_GET_FLOW, &req);
	message_flow(&req, 3, 1);
	mock_list(NEXUS_CMD_GET_FLOW, &req);
	message_flow_ll(&req, 12, 2, 5);
	mock_list(NEXUS_CMD_GET_FLOW, &req);
}

static void ll_grant__table(void)
{
	list_flows();
	run_with((struct nx_ctl){ .numeric = true }, "ll grant show");
	CU_ASSERT_EQUAL(status, NX_OK);
	CHECK_STR(out,
"NEXUS  CHANNEL  INDEX  LOCAL          REMOTE           PID  USER        SHARE  TX-PACKETS  TX-BYTES\n"
"nx0          3      0  10.0.0.1:4000  10.0.0.2:40000  4711  4000000000    15%           0         0\n"
"nx0         12      2  10.0.0.1:4002  10.0.0.2:40000  4711  4000000000   0.5%           0         0\n");
}

static void ll_grant__json(void)
{
	list_flows();
	run_with((struct nx_ctl){ .json = true }, "ll grant");
	CU_ASSERT_EQUAL(status, NX_OK);
	CHECK_HAS(out, "\"channel\":3,\"index\":0");
	CHECK_HAS(out, "\"ll_permille\":150");
	CHECK_HAS(out, "\"ll_permille\":5");
	CU_ASSERT_PTR_NULL(strstr(out, "\"index\":1,"));
}

static void ll_grant__none(void)
{
	struct nx_request req;

	message_flow(&req, 3, 1);
	mock_list(NEXUS_CMD_GET_FLOW, &req);
	run("ll grant show");
	CU_ASSERT_EQUAL(status, NX_OK);
	CHECK_STR(out, "no flow has a grant of the low-latency class\n");
}

static void ll_grant__words(void)
{
	run("ll grant show all");
	CU_ASSERT_EQUAL(status, NX_USAGE);
	run("ll grant show nexus");
	CU_ASSERT_EQUAL(status, NX_USAGE);
}

CU_TestInfo ll_tests[] = {
	{ "OBS-2 ll_grant__table", ll_grant__table },
	{ "OBS-2 ll_grant__json", ll_grant__json },
	{ "ll_grant__none", ll_grant__none },
	{ "ll_grant__words", ll_grant__words },
	CU_TEST_INFO_NULL,
};
