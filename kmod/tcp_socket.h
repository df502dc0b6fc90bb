/* SPDX-License-Identifier: GPL-2.0 */
/*
 * TCP sockets that flows adopt: the port stays taken, and the kernel's stack
 * does not use it.
 */
#ifndef NX_TCP_SOCKET_H
#define NX_TCP_SOCKET_H

#include <linux/nexus.h>

struct nx_flow;
struct sock;
struct socket;

int nx_tcp_socket_check(const struct sock *sk);
int nx_tcp_socket_hold(struct nx_flow *flow);
int nx_tcp_socket_join(struct nx_flow *flow);
void nx_tcp_socket_share(struct nx_flow *flow);
void nx_tcp_socket_leave(const struct nx_flow *flow);
void nx_tcp_socket_drop(struct nx_flow *flow);

#endif /* NX_TCP_SOCKET_H */
