/* SPDX-License-Identifier: GPL-2.0 */
/* A flow as messages describe it. */
#ifndef NX_FLOW_H
#define NX_FLOW_H

#include "counters.h"
#include "json.h"
#include "reply.h"
#include "tcp.h"

/* Room for "[v6 address]:port". */
#define NX_ENDPOINT_SIZE 64

/**
 * struct nx_flow - a flow, read out of its nest
 * @nexus:       its name; stays in the message
 * @channel:     its channel's ID
 * @index:       of the flow in its channel
 * @generation:  of that index
 * @pid:         of the process that added it
 * @uid:         of the socket's owner
 * @class:       NEXUS_CLASS_*
 * @ll_permille: granted of the low-latency class; 0: nothing
 * @has_advice:  the message holds @is_suspended and @congestion
 * @is_suspended: its owner is asked not to send
 * @congestion:  signals so far
 * @family:      AF_INET or AF_INET6
 * @protocol:    IPPROTO_*
 * @is_listener: has no remote end
 * @local, @remote: addresses as text
 * @local_port, @remote_port: host byte order
 * @has_counters: the message holds some
 * @counters:    they
 * @tcp:         of TCP: as the kernel follows the connection
 * @reported:    and as its library reports it
 */
struct nx_flow {
	const char *nexus;
	u32 channel;
	u32 index;
	u32 generation;
	u32 pid;
	u32 uid;
	u32 class;
	u32 ll_permille;
	bool has_advice;
	bool is_suspended;
	u32 congestion;
	u16 family;
	u8 protocol;
	bool is_listener;
	char local[NX_ENDPOINT_SIZE];
	char remote[NX_ENDPOINT_SIZE];
	u16 local_port;
	u16 remote_port;
	bool has_counters;
	struct nx_counters counters;
	struct nx_tcp tcp;
	struct nx_tcp reported;
};

/* Reads nest @from (enum nexus_flow_attr). 0 or -EBADMSG. */
int nx_flow_parse(struct nx_flow *flow, const struct nlattr *from);
/*
 * Asks for the flows of @protocol (0: any) that meet the conditions in @argv: NX_OK,
 * and @reply is to be freed, or another exit status after a complaint.
 */
int nx_flow_select(struct nx_ctl *ctl, int argc, char **argv, u8 protocol,
		   struct nx_reply *reply);
/* Writes @flow as an object. */
void nx_flow_json(const struct nx_ctl *ctl, struct nx_json *json, const char *key,
		  const struct nx_flow *flow);
/* "10.0.0.1:53", "[2001:db8::1]:53"; "*" is a listener's remote end. */
void nx_flow_local(char buf[NX_ENDPOINT_SIZE], const struct nx_flow *flow);
void nx_flow_remote(char buf[NX_ENDPOINT_SIZE], const struct nx_flow *flow);

#endif
