/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sockets as the socket layer has them, without a stack below: listeners, whose
 * readiness is what a test says.
 */
#ifndef _SOCKET_BED_H
#define _SOCKET_BED_H

#include <socket/internal.h>

/* The kernel's calls are the C library's. */
void bed_start(void);

/* A descriptor that refers to a listener; it is made ready by bed_set(). */
int bed_listener(void);

/* A connection waits to be accepted, or none does; and whoever waits is told. */
void bed_set(int fd, bool is_ready);
void bed_set_locked(int fd, bool is_ready);

/* Closes it as close() would. */
void bed_close(int fd);

/* An epoll, and what it says within @timeout_ms. */
int bed_epoll(void);
int bed_wait(int epfd, struct epoll_event *evs, int max, int timeout_ms);

/* Adds or changes a watch, with the descriptor as its data. */
int bed_ctl(int epfd, int op, int fd, uint32_t events);

#endif /* _SOCKET_BED_H */
