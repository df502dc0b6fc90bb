/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * What packetdrill asks of a stack that it loads as a shared object
 * (--so_filename): one function that fills a table of calls. Order and types are
 * its ABI.
 */
#ifndef _NX_PACKETDRILL_INTERFACE_H
#define _NX_PACKETDRILL_INTERFACE_H

#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

/**
 * struct packetdrill_interface - calls of one stack
 * @self: first argument of all others
 * @stop: the script is over
 * @packet_in:  an IP packet arrives at the stack; 0, or -1
 * @packet_out: the next IP packet that left it, and when; a length of 0: none;
 *              the clock goes on until there is one
 *
 * All others are as the system call of that name: -1 and errno.
 */
struct packetdrill_interface {
	void	*self;
	void	(*stop)(void *self);
	int	(*socket)(void *self, int family, int type, int protocol);
	int	(*bind)(void *self, int fd, const struct sockaddr *to,
			socklen_t len);
	int	(*listen)(void *self, int fd, int backlog);
	int	(*accept)(void *self, int fd, struct sockaddr *from,
			  socklen_t *len);
	int	(*connect)(void *self, int fd, const struct sockaddr *to,
			   socklen_t len);
	ssize_t	(*read)(void *self, int fd, void *data, size_t len);
	ssize_t	(*readv)(void *self, int fd, const struct iovec *iov, int nr);
	ssize_t	(*recv)(void *self, int fd, void *data, size_t len, int flags);
	ssize_t	(*recvfrom)(void *self, int fd, void *data, size_t len,
			    int flags, struct sockaddr *from,
			    socklen_t *from_len);
	ssize_t	(*recvmsg)(void *self, int fd, struct msghdr *msg, int flags);
	ssize_t	(*write)(void *self, int fd, const void *data, size_t len);
	ssize_t	(*writev)(void *self, int fd, const struct iovec *iov, int nr);
	ssize_t	(*send)(void *self, int fd, const void *data, size_t len,
			int flags);
	ssize_t	(*sendto)(void *self, int fd, const void *data, size_t len,
			  int flags, const struct sockaddr *to,
			  socklen_t to_len);
	ssize_t	(*sendmsg)(void *self, int fd, const struct msghdr *msg,
			   int flags);
	int	(*fcntl)(void *self, int fd, int cmd, ...);
	int	(*ioctl)(void *self, int fd, unsigned long request, ...);
	int	(*close)(void *self, int fd);
	int	(*shutdown)(void *self, int fd, int how);
	int	(*getsockopt)(void *self, int fd, int level, int name,
			      void *value, socklen_t *len);
	int	(*setsockopt)(void *self, int fd, int level, int name,
			      const void *value, socklen_t len);
	int	(*poll)(void *self, struct pollfd *fds, nfds_t nr, int ms);
	int	(*packet_in)(void *self, const void *packet, size_t len);
	int	(*packet_out)(void *self, void *packet, size_t *len,
			      long long *left_us);
	int	(*usleep)(void *self, useconds_t us);
	int	(*gettimeofday)(void *self, struct timeval *tv,
				struct timezone *tz);
	int	(*epoll_create)(void *self, int size);
	int	(*epoll_ctl)(void *self, int epfd, int op, int fd,
			     struct epoll_event *event);
	int	(*epoll_wait)(void *self, int epfd, struct epoll_event *events,
			      int nr, int ms);
	int	(*pipe)(void *self, int fds[2]);
	int	(*splice)(void *self, int from, loff_t *from_off, int to,
			  loff_t *to_off, size_t len, unsigned int flags);
};

/**
 * packetdrill_interface_init - start a stack
 * @flags: knobs, as --so_flags gives them: "name=value,..."; may be NULL
 * @calls: out
 *
 * Ends the process with a message if a knob is unknown: there is no other way to
 * refuse.
 */
void packetdrill_interface_init(const char *flags,
				struct packetdrill_interface *calls);

#endif /* _NX_PACKETDRILL_INTERFACE_H */
