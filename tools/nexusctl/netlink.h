/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The way to the kernel's nexus family: a socket, requests, dumps and events.
 * A socket belongs to one thread.
 */
#ifndef NX_NETLINK_H
#define NX_NETLINK_H

#include "nexusctl.h"
#include "reply.h"
#include "request.h"

struct nx_nl;

/**
 * nx_nl_open() - find the kernel's family
 * @nlp: out: the socket
 * Return: 0, -ENOENT without the module, or another -errno.
 */
int nx_nl_open(struct nx_nl **nlp);
void nx_nl_close(struct nx_nl *nl);
/* Sends @req and waits for its acknowledgement. 0 or -errno, and @extack's words. */
int nx_nl_request(struct nx_nl *nl, struct nx_request *req, struct nx_reply *reply);
/* Reads a whole list, again where it changed meanwhile; @reply is the caller's to free. */
int nx_nl_dump(struct nx_nl *nl, struct nx_request *req, struct nx_reply *reply);
/* Subscribes to the family's events, and to its end. */
int nx_nl_listen(struct nx_nl *nl);
/**
 * nx_nl_wait() - wait for events
 * @nl:    a socket that listens
 * @event: called for each, with @data; not 0 stops
 * @data:  handed on
 * Return: what @event returned, -EINTR after a signal, -ENOBUFS where events
 * were lost, -ENOENT when the module has gone, or another -errno.
 */
int nx_nl_wait(struct nx_nl *nl, int (*event)(const struct nlmsghdr *nlh, void *data),
	       void *data);

#endif
