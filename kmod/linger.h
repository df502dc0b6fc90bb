/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Ports of TCP that nobody uses and nobody may have yet: TIME-WAIT.
 */
#ifndef NX_LINGER_H
#define NX_LINGER_H

#include <linux/types.h>

struct net;
struct sock;
struct socket;

void nx_linger_add(struct socket *keeper, unsigned long ino, u64 until_ns);
struct socket *nx_linger_take(const struct sock *sk, unsigned long ino,
			      u64 *until_ns);
void nx_linger_release(const struct net *net);

#endif /* NX_LINGER_H */
