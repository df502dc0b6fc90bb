// SPDX-License-Identifier: GPL-2.0
/*
 * nexus-echo: the smallest server on libnexus. It sends every datagram back to
 * where it came from, in the buffer in which it arrived.
 */
#include <nexus/nexus.h>
#include <stdio.h>

static void echo(struct nexus_udp *udp, struct nexus_packet *pkt, void *stack)
{
	if (nexus_udp_reply(udp, pkt, pkt))
		nexus_packet_put(stack, pkt);
}

int main(int argc, char **argv)
{
	struct nexus_udp_options options = { .receive = echo };
	struct nexus_stack *stack;
	struct nexus_udp *udp;
	int err;

	if (nexus_addr_parse(&options.local, argc > 1 ? argv[1] : "[::]:7")) {
		fprintf(stderr, "usage: nexus-echo [ADDRESS:PORT]\n");
		return 2;
	}
	err = nexus_stack_open(&stack, NULL);
	if (!err) {
		options.arg = stack;
		err = nexus_udp_open(stack, &options, &udp);
	}
	/* Each turn sends what stands in TX and sleeps, in one system call. */
	while (err >= 0)
		err = nexus_stack_poll(stack, NEXUS_TIMEOUT_NONE);

	fprintf(stderr, "nexus-echo: %s\n",
		*nexus_error_text() ? nexus_error_text() : nexus_strerror(err));
	return 1;
}
