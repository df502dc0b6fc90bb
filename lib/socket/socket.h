/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * POSIX sockets on nexus, by file descriptor: what a library that interposes the
 * C library's names calls. Documentation/sockets.rst has the model.
 *
 * Every function returns what the system call of that name returns, with -errno
 * in place of -1, or NX_PASS: the kernel's own call is to be made.
 *
 * Threads: any thread may call anything.
 */
#ifndef _NX_SOCKET_H
#define _NX_SOCKET_H

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>

/* No errno, and no length. */
#define NX_PASS		(-0x10000)

/* Descriptors beyond are the kernel's alone: what "ulimit -n" rarely exceeds. */
#define NX_FILES_MAX	65536

struct nx_file;

/* By descriptor; NULL: the kernel's alone. */
extern struct nx_file *nx_files[NX_FILES_MAX];

/* All that a descriptor of the kernel's alone costs. */
static inline bool nx_has_file(int fd)
{
	return (unsigned int)fd < NX_FILES_MAX &&
	       __atomic_load_n(&nx_files[fd], __ATOMIC_RELAXED);
}

/*
 * Reads the policy from the environment; false: nothing is to be served. The
 * calls of nx_sys are there.
 */
bool nx_socket_init(void);

/* The program ends by itself: what it has sent is delivered. */
void nx_socket_exit(void);

/* Around fork(), in the parent and in the child. */
void nx_socket_prefork(void);
void nx_socket_postfork(void);
void nx_socket_child(void);

/*
 * Is the calling thread within the stack, and its calls the library's own? What is
 * preloaded is there when the program starts: such a variable costs no call.
 */
extern __thread bool nx_is_inside __attribute__((tls_model("initial-exec")));

static inline bool nx_socket_is_inside(void)
{
	return nx_is_inside;
}

/* ---------------------------------------------------------- descriptors */

/* @fd is a new socket of the kernel's, which nexus may serve later. */
void nx_socket_created(int fd, int domain, int type, int protocol);

/* @fd is a new epoll. */
void nx_epoll_created(int fd);

/* @fd is about to be closed, by close() or because another takes its place. */
void nx_socket_closing(int fd);

/* @to refers to what @from refers to. */
void nx_socket_duplicated(int from, int to);

/* Does nexus serve @fd now? */
bool nx_socket_is_served(int fd);

/* File status flags were set. */
void nx_socket_set_nonblock(int fd, bool on);

/* -------------------------------------------------------------- control */

/* bind() has succeeded. */
void nx_socket_bound(int fd);
int nx_socket_connect(int fd, const struct sockaddr *addr, socklen_t len);
int nx_socket_listen(int fd, int backlog);
int nx_socket_accept(int fd, struct sockaddr *addr, socklen_t *len, int flags);
int nx_socket_shutdown(int fd, int how);
int nx_socket_getsockname(int fd, struct sockaddr *addr, socklen_t *len);
int nx_socket_getpeername(int fd, struct sockaddr *addr, socklen_t *len);
int nx_socket_getsockopt(int fd, int level, int name, void *value,
			 socklen_t *len);
/* 0: the kernel's socket may judge; -errno: it would not know the state. */
int nx_socket_refuse_option(int fd, int level, int name);
/* 0: the option is nexus's own, and is set; NX_PASS: the kernel's socket comes first. */
int nx_socket_set_own_option(int fd, int level, int name, const void *value,
			     socklen_t len);
/* The kernel's socket has taken the option already. */
void nx_socket_setsockopt(int fd, int level, int name, const void *value,
			  socklen_t len);
int nx_socket_ioctl(int fd, unsigned long request, void *arg);

/* ----------------------------------------------------------------- data */

/* EPIPE is told by the caller with SIGPIPE, unless the flags say MSG_NOSIGNAL. */
ssize_t nx_socket_sendmsg(int fd, const struct msghdr *msg, int flags);
ssize_t nx_socket_recvmsg(int fd, struct msghdr *msg, int flags);

/* What nx_socket_sendmsg() queued leaves with the last of several. */
#define NX_MSG_BATCH	0x40000000

/* ------------------------------------------------------------ readiness */

/* NX_PASS if none of them is nexus's. */
int nx_socket_poll(struct pollfd *fds, nfds_t nr,
		   const struct timespec *timeout, const sigset_t *mask);

/* Another descriptor than nexus's may be passed too; NX_PASS: the kernel's to do. */
int nx_socket_epoll_ctl(int epfd, int op, int fd, struct epoll_event *ev);

/* Asks the kernel, too: 0 or more events, or -errno. */
int nx_socket_epoll_wait(int epfd, struct epoll_event *evs, int max,
			 int timeout_ms, const sigset_t *mask);

#endif /* _NX_SOCKET_H */
