/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * The kernel's calls, as the socket layer makes them: what interposes these
 * names gives the ones below it, tests give their own.
 */
#ifndef _NX_SOCKET_SYS_H
#define _NX_SOCKET_SYS_H

#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/**
 * struct nx_sys - each as the function of that name
 */
struct nx_sys {
	int	(*socket)(int domain, int type, int protocol);
	int	(*bind)(int fd, const struct sockaddr *addr, socklen_t len);
	int	(*connect)(int fd, const struct sockaddr *addr, socklen_t len);
	int	(*listen)(int fd, int backlog);
	int	(*accept4)(int fd, struct sockaddr *addr, socklen_t *len,
			   int flags);
	int	(*close)(int fd);
	int	(*shutdown)(int fd, int how);
	int	(*dup3)(int fd, int to, int flags);
	int	(*setsockopt)(int fd, int level, int name, const void *value,
			      socklen_t len);
	ssize_t	(*send)(int fd, const void *buf, size_t len, int flags);
	ssize_t	(*recv)(int fd, void *buf, size_t size, int flags);
	int	(*getsockopt)(int fd, int level, int name, void *value,
			      socklen_t *len);
	int	(*getsockname)(int fd, struct sockaddr *addr, socklen_t *len);
	int	(*getpeername)(int fd, struct sockaddr *addr, socklen_t *len);
	ssize_t	(*read)(int fd, void *buf, size_t size);
	ssize_t	(*write)(int fd, const void *buf, size_t size);
	int	(*ppoll)(struct pollfd *fds, nfds_t nr,
			 const struct timespec *timeout, const sigset_t *mask);
	int	(*epoll_ctl)(int epfd, int op, int fd, struct epoll_event *ev);
	int	(*epoll_pwait)(int epfd, struct epoll_event *evs, int max,
			       int timeout_ms, const sigset_t *mask);
};

extern struct nx_sys nx_sys;

#endif /* _NX_SOCKET_SYS_H */
