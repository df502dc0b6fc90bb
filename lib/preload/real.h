/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * The names below ours: what a call does that is not nexus's.
 */
#ifndef _NX_PRELOAD_REAL_H
#define _NX_PRELOAD_REAL_H

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/select.h>
#include <sys/sendfile.h>

#include "../socket/socket.h"
#include "../socket/sys.h"

/* Each with its type, as the C library declares it. */
#define NX_REAL_NAMES(X)						\
	X(socket, int, (int, int, int))					\
	X(bind, int, (int, const struct sockaddr *, socklen_t))		\
	X(connect, int, (int, const struct sockaddr *, socklen_t))	\
	X(listen, int, (int, int))					\
	X(accept, int, (int, struct sockaddr *, socklen_t *))		\
	X(accept4, int, (int, struct sockaddr *, socklen_t *, int))	\
	X(shutdown, int, (int, int))					\
	X(getsockname, int, (int, struct sockaddr *, socklen_t *))	\
	X(getpeername, int, (int, struct sockaddr *, socklen_t *))	\
	X(getsockopt, int, (int, int, int, void *, socklen_t *))	\
	X(setsockopt, int, (int, int, int, const void *, socklen_t))	\
	X(send, ssize_t, (int, const void *, size_t, int))		\
	X(sendto, ssize_t, (int, const void *, size_t, int,		\
			    const struct sockaddr *, socklen_t))	\
	X(sendmsg, ssize_t, (int, const struct msghdr *, int))		\
	X(sendmmsg, int, (int, struct mmsghdr *, unsigned int, int))	\
	X(recv, ssize_t, (int, void *, size_t, int))			\
	X(recvfrom, ssize_t, (int, void *, size_t, int,			\
			      struct sockaddr *, socklen_t *))		\
	X(recvmsg, ssize_t, (int, struct msghdr *, int))		\
	X(recvmmsg, int, (int, struct mmsghdr *, unsigned int, int,	\
			  struct timespec *))				\
	X(read, ssize_t, (int, void *, size_t))				\
	X(write, ssize_t, (int, const void *, size_t))			\
	X(readv, ssize_t, (int, const struct iovec *, int))		\
	X(writev, ssize_t, (int, const struct iovec *, int))		\
	X(pread, ssize_t, (int, void *, size_t, off_t))			\
	X(sendfile, ssize_t, (int, int, off_t *, size_t))		\
	X(splice, ssize_t, (int, off64_t *, int, off64_t *, size_t,	\
			    unsigned int))				\
	X(close, int, (int))						\
	X(dup, int, (int))						\
	X(dup2, int, (int, int))					\
	X(dup3, int, (int, int, int))					\
	X(close_range, int, (unsigned int, unsigned int, int))		\
	X(fcntl, int, (int, int, ...))					\
	X(ioctl, int, (int, unsigned long, ...))			\
	X(poll, int, (struct pollfd *, nfds_t, int))			\
	X(ppoll, int, (struct pollfd *, nfds_t, const struct timespec *, \
		       const sigset_t *))				\
	X(select, int, (int, fd_set *, fd_set *, fd_set *,		\
			struct timeval *))				\
	X(pselect, int, (int, fd_set *, fd_set *, fd_set *,		\
			 const struct timespec *, const sigset_t *))	\
	X(epoll_create, int, (int))					\
	X(epoll_create1, int, (int))					\
	X(epoll_ctl, int, (int, int, int, struct epoll_event *))	\
	X(epoll_wait, int, (int, struct epoll_event *, int, int))	\
	X(epoll_pwait, int, (int, struct epoll_event *, int, int,	\
			     const sigset_t *))				\
	X(fdopen, FILE *, (int, const char *))				\
	X(vdprintf, int, (int, const char *, va_list))			\
	X(__vdprintf_chk, int, (int, int, const char *, va_list))

/**
 * struct nx_real - pointers to all of them
 */
struct nx_real {
#define FIELD(name, ret, args) ret (*name) args;
	NX_REAL_NAMES(FIELD)
#undef FIELD
};

extern struct nx_real nx_real_names;

/* Looks them up when one is first needed: others' constructors call them too. */
const struct nx_real *nx_real_look_up(void);

static inline const struct nx_real *nx_real(void)
{
	if (__builtin_expect(!nx_real_names.socket, 0))
		return nx_real_look_up();
	return &nx_real_names;
}

/* What the C library's function returns for what the socket layer said. */
static inline int nx_result(ssize_t ret)
{
	if (ret >= 0)
		return (int)ret;
	errno = (int)-ret;
	return -1;
}

static inline ssize_t nx_result_long(ssize_t ret)
{
	if (ret >= 0)
		return ret;
	errno = (int)-ret;
	return -1;
}

/* Everything that others may interpose again, and nothing else, is visible. */
#define NX_EXPORT __attribute__((visibility("default")))

#endif /* _NX_PRELOAD_REAL_H */
