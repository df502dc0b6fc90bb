// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * socket(), and what prepares, connects and asks about sockets.
 */
#include "real.h"
#include "serve.h"

NX_EXPORT int socket(int domain, int type, int protocol)
{
	int fd = nx_real()->socket(domain, type, protocol);

	if (fd >= 0 && nx_is_for_program())
		nx_socket_created(fd, domain, type, protocol);
	return fd;
}

NX_EXPORT int bind(int fd, const struct sockaddr *addr, socklen_t len)
{
	int ret = nx_real()->bind(fd, addr, len);

	if (!ret && nx_is_ours(fd))
		nx_socket_bound(fd);
	return ret;
}

NX_EXPORT int connect(int fd, const struct sockaddr *addr, socklen_t len)
{
	int ret;

	if (!nx_is_ours(fd))
		return nx_real()->connect(fd, addr, len);
	ret = nx_socket_connect(fd, addr, len);
	return ret == NX_PASS ? nx_real()->connect(fd, addr, len) :
				nx_result(ret);
}

NX_EXPORT int listen(int fd, int backlog)
{
	int ret;

	if (!nx_is_ours(fd))
		return nx_real()->listen(fd, backlog);
	ret = nx_socket_listen(fd, backlog);
	return ret == NX_PASS ? nx_real()->listen(fd, backlog) : nx_result(ret);
}

NX_EXPORT int accept4(int fd, struct sockaddr *addr, socklen_t *len, int flags)
{
	int ret;

	if (!nx_is_ours(fd))
		return nx_real()->accept4(fd, addr, len, flags);
	ret = nx_socket_accept(fd, addr, len, flags);
	return ret == NX_PASS ? nx_real()->accept4(fd, addr, len, flags) :
				nx_result(ret);
}

NX_EXPORT int accept(int fd, struct sockaddr *addr, socklen_t *len)
{
	int ret;

	if (!nx_is_ours(fd))
		return nx_real()->accept(fd, addr, len);
	ret = nx_socket_accept(fd, addr, len, 0);
	return ret == NX_PASS ? nx_real()->accept(fd, addr, len) :
				nx_result(ret);
}

NX_EXPORT int shutdown(int fd, int how)
{
	int ret;

	if (!nx_is_ours(fd))
		return nx_real()->shutdown(fd, how);
	ret = nx_socket_shutdown(fd, how);
	return ret == NX_PASS ? nx_real()->shutdown(fd, how) : nx_result(ret);
}

NX_EXPORT int getsockname(int fd, struct sockaddr *addr, socklen_t *len)
{
	int ret;

	if (!nx_is_ours(fd))
		return nx_real()->getsockname(fd, addr, len);
	ret = nx_socket_getsockname(fd, addr, len);
	return ret == NX_PASS ? nx_real()->getsockname(fd, addr, len) :
				nx_result(ret);
}

NX_EXPORT int getpeername(int fd, struct sockaddr *addr, socklen_t *len)
{
	int ret;

	if (!nx_is_ours(fd))
		return nx_real()->getpeername(fd, addr, len);
	ret = nx_socket_getpeername(fd, addr, len);
	return ret == NX_PASS ? nx_real()->getpeername(fd, addr, len) :
				nx_result(ret);
}

NX_EXPORT int getsockopt(int fd, int level, int name, void *value,
			 socklen_t *len)
{
	int ret;

	if (!nx_is_ours(fd))
		return nx_real()->getsockopt(fd, level, name, value, len);
	ret = nx_socket_getsockopt(fd, level, name, value, len);
	return ret == NX_PASS ?
	       nx_real()->getsockopt(fd, level, name, value, len) :
	       nx_result(ret);
}

/* What the kernel's socket has taken is nexus's too. */
static int set_ours(int fd, int level, int name, const void *value, socklen_t len)
{
	int ret = nx_socket_set_own_option(fd, level, name, value, len);

	if (ret != NX_PASS)
		return nx_result(ret);
	ret = nx_socket_refuse_option(fd, level, name);
	if (ret)
		return nx_result(ret);
	ret = nx_real()->setsockopt(fd, level, name, value, len);
	if (!ret)
		nx_socket_setsockopt(fd, level, name, value, len);
	return ret;
}

NX_EXPORT int setsockopt(int fd, int level, int name, const void *value,
			 socklen_t len)
{
	return nx_is_ours(fd) ? set_ours(fd, level, name, value, len) :
				nx_real()->setsockopt(fd, level, name, value, len);
}
