// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * What sends and receives: all of it by messages.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>

#include "real.h"
#include "serve.h"

/* As write() in a pipe that nobody reads. */
static ssize_t finish_send(ssize_t ret, int flags)
{
	if (ret == -EPIPE && !(flags & MSG_NOSIGNAL))
		raise(SIGPIPE);
	return nx_result_long(ret);
}

static ssize_t send_buffer(int fd, const void *buf, size_t len, int flags,
			   const struct sockaddr *addr, socklen_t addr_len)
{
	struct iovec iov = { .iov_base = (void *)buf, .iov_len = len };
	struct msghdr msg = {
		.msg_name = (void *)addr, .msg_namelen = addr_len,
		.msg_iov = &iov, .msg_iovlen = 1,
	};

	return nx_socket_sendmsg(fd, &msg, flags);
}

static ssize_t recv_buffer(int fd, void *buf, size_t size, int flags,
			   struct sockaddr *addr, socklen_t *addr_len)
{
	struct iovec iov = { .iov_base = buf, .iov_len = size };
	struct msghdr msg = {
		.msg_name = addr, .msg_namelen = addr && addr_len ? *addr_len : 0,
		.msg_iov = &iov, .msg_iovlen = 1,
	};
	ssize_t ret = nx_socket_recvmsg(fd, &msg, flags);

	if (ret >= 0 && addr && addr_len)
		*addr_len = msg.msg_namelen;
	return ret;
}

/* ------------------------------------------------------------------ send */

NX_EXPORT ssize_t send(int fd, const void *buf, size_t len, int flags)
{
	ssize_t ret;

	if (!nx_is_ours(fd))
		return nx_real()->send(fd, buf, len, flags);
	ret = send_buffer(fd, buf, len, flags, NULL, 0);
	return ret == NX_PASS ? nx_real()->send(fd, buf, len, flags) :
				finish_send(ret, flags);
}

NX_EXPORT ssize_t sendto(int fd, const void *buf, size_t len, int flags,
			 const struct sockaddr *addr, socklen_t addr_len)
{
	ssize_t ret;

	if (!nx_is_ours(fd))
		return nx_real()->sendto(fd, buf, len, flags, addr, addr_len);
	ret = send_buffer(fd, buf, len, flags, addr, addr_len);
	return ret == NX_PASS ?
	       nx_real()->sendto(fd, buf, len, flags, addr, addr_len) :
	       finish_send(ret, flags);
}

NX_EXPORT ssize_t sendmsg(int fd, const struct msghdr *msg, int flags)
{
	ssize_t ret;

	if (!nx_is_ours(fd))
		return nx_real()->sendmsg(fd, msg, flags);
	ret = nx_socket_sendmsg(fd, msg, flags);
	return ret == NX_PASS ? nx_real()->sendmsg(fd, msg, flags) :
				finish_send(ret, flags);
}

/* The first failure is told only if nothing went before it. */
NX_EXPORT int sendmmsg(int fd, struct mmsghdr *msgs, unsigned int nr, int flags)
{
	unsigned int i;
	ssize_t ret;

	if (!nx_is_ours(fd))
		return nx_real()->sendmmsg(fd, msgs, nr, flags);
	for (i = 0; i < nr; i++) {
		ret = nx_socket_sendmsg(fd, &msgs[i].msg_hdr, i + 1 < nr ?
					flags | NX_MSG_BATCH : flags);
		if (ret == NX_PASS && !i)
			return nx_real()->sendmmsg(fd, msgs, nr, flags);
		if (ret < 0)
			return i ? (int)i : (int)finish_send(ret, flags);
		msgs[i].msg_len = (unsigned int)ret;
	}
	return (int)nr;
}

NX_EXPORT ssize_t write(int fd, const void *buf, size_t len)
{
	ssize_t ret;

	if (!nx_is_ours(fd))
		return nx_real()->write(fd, buf, len);
	ret = send_buffer(fd, buf, len, 0, NULL, 0);
	return ret == NX_PASS ? nx_real()->write(fd, buf, len) :
				finish_send(ret, 0);
}

NX_EXPORT ssize_t writev(int fd, const struct iovec *iov, int nr)
{
	struct msghdr msg = {
		.msg_iov = (struct iovec *)iov, .msg_iovlen = (size_t)nr,
	};
	ssize_t ret;

	if (!nx_is_ours(fd) || nr < 0 || nr > IOV_MAX)
		return nx_real()->writev(fd, iov, nr);
	ret = nx_socket_sendmsg(fd, &msg, 0);
	return ret == NX_PASS ? nx_real()->writev(fd, iov, nr) :
				finish_send(ret, 0);
}

/* ------------------------------------------------------------- sendfile */

/* What is read from a file at a time. */
#define FILE_CHUNK	(64 * 1024)

static ssize_t read_file(int fd, void *buf, size_t size, const off_t *off)
{
	return off ? nx_real()->pread(fd, buf, size, *off) :
		     nx_real()->read(fd, buf, size);
}

/* What was read and not sent is given back, as the kernel leaves it. */
static void unread(int fd, const off_t *off, ssize_t bytes)
{
	if (!off && bytes > 0)
		lseek(fd, -bytes, SEEK_CUR);
}

static ssize_t copy_file(int to, int from, off_t *off, size_t count, char *buf)
{
	ssize_t got, sent = 0;
	size_t done = 0;

	while (done < count) {
		got = read_file(from, buf, count - done < FILE_CHUNK ?
				count - done : FILE_CHUNK, off);
		if (got <= 0)
			return done || !got ? (ssize_t)done : -errno;
		sent = send_buffer(to, buf, (size_t)got, 0, NULL, 0);
		unread(from, off, sent > 0 ? got - sent : got);
		if (sent < 0)
			return done ? (ssize_t)done : sent;
		done += (size_t)sent;
		if (off)
			*off += sent;
		if (sent < got)
			break;
	}
	return (ssize_t)done;
}

NX_EXPORT ssize_t sendfile(int to, int from, off_t *off, size_t count)
{
	ssize_t ret;
	char *buf;

	if (!nx_is_ours(to))
		return nx_real()->sendfile(to, from, off, count);
	buf = malloc(FILE_CHUNK);
	if (!buf)
		return nx_result(-ENOMEM);
	ret = copy_file(to, from, off, count, buf);
	free(buf);
	return ret == NX_PASS ? nx_real()->sendfile(to, from, off, count) :
				finish_send(ret, 0);
}

/* off_t has 64 bits. */
_Static_assert(sizeof(off_t) == sizeof(off64_t), "sendfile64 is sendfile");
NX_EXPORT ssize_t sendfile64(int to, int from, off64_t *off, size_t count)
	__attribute__((alias("sendfile")));

/* What programs take for "not here": they read and write then. */
NX_EXPORT ssize_t splice(int from, off64_t *from_off, int to, off64_t *to_off,
			 size_t len, unsigned int flags)
{
	if ((nx_is_ours(from) && nx_socket_is_served(from)) ||
	    (nx_is_ours(to) && nx_socket_is_served(to)))
		return nx_result(-EINVAL);
	return nx_real()->splice(from, from_off, to, to_off, len, flags);
}

/* --------------------------------------------------------------- receive */

NX_EXPORT ssize_t recv(int fd, void *buf, size_t size, int flags)
{
	ssize_t ret;

	if (!nx_is_ours(fd))
		return nx_real()->recv(fd, buf, size, flags);
	ret = recv_buffer(fd, buf, size, flags, NULL, NULL);
	return ret == NX_PASS ? nx_real()->recv(fd, buf, size, flags) :
				nx_result_long(ret);
}

NX_EXPORT ssize_t recvfrom(int fd, void *buf, size_t size, int flags,
			   struct sockaddr *addr, socklen_t *addr_len)
{
	ssize_t ret;

	if (!nx_is_ours(fd))
		return nx_real()->recvfrom(fd, buf, size, flags, addr,
					   addr_len);
	ret = recv_buffer(fd, buf, size, flags, addr, addr_len);
	return ret == NX_PASS ?
	       nx_real()->recvfrom(fd, buf, size, flags, addr, addr_len) :
	       nx_result_long(ret);
}

NX_EXPORT ssize_t recvmsg(int fd, struct msghdr *msg, int flags)
{
	ssize_t ret;

	if (!nx_is_ours(fd))
		return nx_real()->recvmsg(fd, msg, flags);
	ret = nx_socket_recvmsg(fd, msg, flags);
	return ret == NX_PASS ? nx_real()->recvmsg(fd, msg, flags) :
				nx_result_long(ret);
}

/* With MSG_WAITFORONE, and after the first without more to wait for, no sleep. */
NX_EXPORT int recvmmsg(int fd, struct mmsghdr *msgs, unsigned int nr, int flags,
		       struct timespec *timeout)
{
	int how = flags & ~MSG_WAITFORONE;
	unsigned int i;
	ssize_t ret;

	if (!nx_is_ours(fd))
		return nx_real()->recvmmsg(fd, msgs, nr, flags, timeout);
	for (i = 0; i < nr; i++) {
		ret = nx_socket_recvmsg(fd, &msgs[i].msg_hdr, how);
		if (ret == NX_PASS && !i)
			return nx_real()->recvmmsg(fd, msgs, nr, flags, timeout);
		if (ret < 0)
			return i ? (int)i : nx_result(ret);
		msgs[i].msg_len = (unsigned int)ret;
		if (flags & MSG_WAITFORONE || timeout)
			how |= MSG_DONTWAIT;
	}
	return (int)nr;
}

NX_EXPORT ssize_t read(int fd, void *buf, size_t size)
{
	ssize_t ret;

	if (!nx_is_ours(fd))
		return nx_real()->read(fd, buf, size);
	ret = recv_buffer(fd, buf, size, 0, NULL, NULL);
	return ret == NX_PASS ? nx_real()->read(fd, buf, size) :
				nx_result_long(ret);
}

NX_EXPORT ssize_t readv(int fd, const struct iovec *iov, int nr)
{
	struct msghdr msg = {
		.msg_iov = (struct iovec *)iov, .msg_iovlen = (size_t)nr,
	};
	ssize_t ret;

	if (!nx_is_ours(fd) || nr < 0 || nr > IOV_MAX)
		return nx_real()->readv(fd, iov, nr);
	ret = nx_socket_recvmsg(fd, &msg, 0);
	return ret == NX_PASS ? nx_real()->readv(fd, iov, nr) :
				nx_result_long(ret);
}

/* ------------------------------------- as -D_FORTIFY_SOURCE calls them */

ssize_t __recv_chk(int fd, void *buf, size_t size, size_t room, int flags);
ssize_t __recvfrom_chk(int fd, void *buf, size_t size, size_t room, int flags,
		       struct sockaddr *addr, socklen_t *addr_len);
ssize_t __read_chk(int fd, void *buf, size_t size, size_t room);
void __chk_fail(void) __attribute__((noreturn));

NX_EXPORT ssize_t __recv_chk(int fd, void *buf, size_t size, size_t room,
			     int flags)
{
	if (size > room)
		__chk_fail();
	return recv(fd, buf, size, flags);
}

NX_EXPORT ssize_t __recvfrom_chk(int fd, void *buf, size_t size, size_t room,
				 int flags, struct sockaddr *addr,
				 socklen_t *addr_len)
{
	if (size > room)
		__chk_fail();
	return recvfrom(fd, buf, size, flags, addr, addr_len);
}

NX_EXPORT ssize_t __read_chk(int fd, void *buf, size_t size, size_t room)
{
	if (size > room)
		__chk_fail();
	return read(fd, buf, size);
}
