// SPDX-License-Identifier: GPL-2.0
/*
 * Runs all suites, or the cases whose name contains one of the arguments, and
 * prints one line for each.
 */
#include <CUnit/CUnit.h>
#include <CUnit/TestRun.h>
#include <stdio.h>
#include <string.h>

#include "unit.h"

#define SUITES(X) \
	X(core_ring_suite) \
	X(core_desc_suite) \
	X(core_flow_key_suite) \
	X(core_packet_suite) \
	X(core_tcp_track_suite) \
	X(core_codel_suite) \
	X(core_fq_suite) \
	X(core_seq_suite) \
	X(core_shaper_suite) \
	X(core_share_suite) \
	X(core_wset_suite) \
	X(core_gather_suite) \
	X(core_batch_suite) \
	X(core_budget_suite) \
	X(wire_checksum_suite) \
	X(wire_ipv4_suite) \
	X(wire_ipv6_suite) \
	X(wire_udp_suite) \
	X(wire_tcp_suite) \
	X(wire_icmp_suite) \
	X(tcp_rtt_suite) \
	X(tcp_prr_suite) \
	X(tcp_isn_suite) \
	X(tcp_cookie_suite) \
	X(tcp_accecn_suite) \
	X(tcp_pace_suite) \
	X(tcp_cc_suite) \
	X(tcp_newreno_suite) \
	X(tcp_hystart_suite) \
	X(tcp_cubic_suite) \
	X(ip_addr_suite) \
	X(ip_path_suite) \
	X(ip_route_suite) \
	X(ip_source_suite) \
	X(channel_error_suite) \
	X(channel_ring_suite) \
	X(channel_schema_suite) \
	X(channel_channel_suite) \
	X(packetdrill_interface_suite) \
	X(stack_packet_suite) \
	X(stack_timer_suite) \
	X(stack_flow_suite) \
	X(stack_loop_suite) \
	X(stack_stack_suite) \
	X(tcp_state_suite) \
	X(tcp_mechanism_suite) \
	X(tcp_fast_open_suite) \
	X(tcp_listen_suite) \
	X(tcp_recvq_suite) \
	X(stack_revive_suite) \
	X(tcp_pair_suite) \
	X(stream_suite) \
	X(stream_fast_open_suite) \
	X(stream_lost_suite) \
	X(udp_udp_suite) \
	X(udp_input_suite) \
	X(udp_error_suite) \
	X(udp_output_suite) \
	X(socket_policy_suite) \
	X(socket_epoll_suite) \
	X(socket_ready_suite) \
	X(socket_mutex_suite) \
	X(socket_option_suite) \
	X(socket_service_suite) \
	X(socket_left_suite) \
	X(tls_secret_suite) \
	X(tls_keys_suite) \
	X(tls_record_suite) \
	X(tls_size_suite) \
	X(tls_tls_suite) \
	X(tls_edge_suite) \
	X(tls_hostile_suite)

#define DECLARE(suite)	extern const struct unit_suite suite;
SUITES(DECLARE)

#define REFER(suite)	&suite,
static const struct unit_suite *const suites[] = { SUITES(REFER) };

static unsigned int nr_run, nr_failed;

void unit_equal(const char *file, unsigned int line, const char *what,
		size_t row, long long got, long long wanted)
{
	char text[256];

	snprintf(text, sizeof(text), "row %zu: %s is %lld, should be %lld",
		 row, what, got, wanted);
	CU_assertImplementation(got == wanted, line, text, file, "", CU_FALSE);
}

/* A table can fail in every row: the first few say enough. */
#define FAILURES_SHOWN	10

static void print_failures(const CU_pFailureRecord first, const CU_pTest test)
{
	unsigned int nr = 0;
	CU_pFailureRecord f;

	for (f = first; f; f = f->pNext) {
		if (f->pTest != test)
			continue;
		if (nr++ < FAILURES_SHOWN)
			printf("# %s:%u: %s\n", f->strFileName, f->uiLineNumber,
			       f->strCondition);
	}
	if (nr > FAILURES_SHOWN)
		printf("# and %u more\n", nr - FAILURES_SHOWN);
}

static void case_done(const CU_pTest test, const CU_pSuite suite,
		      const CU_pFailureRecord failure)
{
	bool failed = false;
	CU_pFailureRecord f;

	for (f = failure; f; f = f->pNext)
		failed |= f->pTest == test;
	nr_run++;
	nr_failed += failed;
	printf("%s %u - %s %s\n", failed ? "not ok" : "ok", nr_run,
	       suite->pName, test->pName);
	if (failed)
		print_failures(failure, test);
	fflush(stdout);
}

static bool is_wanted(const struct unit_suite *suite,
		      const struct unit_case *c, int argc, char **argv)
{
	char name[256];
	int i;

	snprintf(name, sizeof(name), "%s %s", suite->name, c->name);
	for (i = 1; i < argc; i++)
		if (strstr(name, argv[i]))
			return true;
	return argc == 1;
}

static unsigned int add_suite(const struct unit_suite *suite, int argc,
			      char **argv)
{
	CU_pSuite s = NULL;
	unsigned int nr = 0;
	size_t i;

	for (i = 0; i < suite->nr_cases; i++) {
		if (!is_wanted(suite, &suite->cases[i], argc, argv))
			continue;
		if (!s)
			s = CU_add_suite(suite->name, NULL, NULL);
		CU_add_test(s, suite->cases[i].name, suite->cases[i].run);
		nr++;
	}
	return nr;
}

int main(int argc, char **argv)
{
	unsigned int nr = 0;
	size_t i;

	if (CU_initialize_registry() != CUE_SUCCESS) {
		fprintf(stderr, "unit: no memory for CUnit\n");
		return 1;
	}
	for (i = 0; i < ARRAY_SIZE(suites); i++)
		nr += add_suite(suites[i], argc, argv);
	if (!nr) {
		fprintf(stderr, "unit: no case has that in its name\n");
		return 1;
	}
	printf("TAP version 13\n1..%u\n", nr);
	CU_set_test_complete_handler(case_done);
	CU_run_all_tests();
	printf("# unit: %u passed, %u failed, %u skipped\n",
	       nr_run - nr_failed, nr_failed, nr - nr_run);
	CU_cleanup_registry();
	return nr_failed || nr_run != nr;
}
