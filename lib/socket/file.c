// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * The table of descriptors: which ones refer to which socket or epoll.
 */
#include <fcntl.h>
#include <stdlib.h>

#include "internal.h"

struct nx_file *nx_files[NX_FILES_MAX];
struct nx_sys nx_sys;

/* Of the process that the table describes: a vfork()ed child shares its memory. */
static pid_t owner;

static bool is_shared_child(void)
{
	if (!owner)
		owner = getpid();
	return owner != getpid();
}

static struct nx_file *file_of(int fd)
{
	return (unsigned int)fd < NX_FILES_MAX ? nx_files[fd] : NULL;
}

static void free_file(struct nx_file *file)
{
	if (!--file->refs)
		free(file);
}

/* ------------------------------------------------------------ references */

struct nx_socket *nx_socket_get(int fd)
{
	struct nx_file *file = file_of(fd);

	if (!file || file->type != NX_FILE_SOCKET)
		return NULL;
	file->refs++;
	return (struct nx_socket *)file;
}

void nx_socket_put(struct nx_socket *s)
{
	free_file(&s->file);
}

struct nx_epoll *nx_epoll_of(int fd)
{
	struct nx_file *file = file_of(fd);

	return file && file->type == NX_FILE_EPOLL ? (struct nx_epoll *)file :
						     NULL;
}

int nx_file_fd(const struct nx_file *file)
{
	int fd;

	for (fd = 0; fd < NX_FILES_MAX; fd++)
		if (nx_files[fd] == file)
			return fd;
	return -1;
}

/* ------------------------------------------------------------ descriptors */

/* One descriptor less. */
static void drop_fd(struct nx_file *file)
{
	if (!--file->nr_fds) {
		if (file->type == NX_FILE_SOCKET)
			nx_socket_release((struct nx_socket *)file);
		else
			nx_epoll_release((struct nx_epoll *)file);
	}
	free_file(file);
}

void nx_file_install(int fd, struct nx_file *file)
{
	struct nx_file *old = file_of(fd);

	if ((unsigned int)fd >= NX_FILES_MAX)
		return;
	file->refs++;
	file->nr_fds++;
	__atomic_store_n(&nx_files[fd], file, __ATOMIC_RELAXED);
	/* Closed where nobody saw it. */
	if (old)
		drop_fd(old);
}

void nx_socket_closing(int fd)
{
	struct nx_file *file;

	if (is_shared_child())
		return;
	nx_lock();
	file = file_of(fd);
	if (file) {
		__atomic_store_n(&nx_files[fd], NULL, __ATOMIC_RELAXED);
		drop_fd(file);
	}
	nx_unlock();
}

void nx_socket_duplicated(int from, int to)
{
	if (is_shared_child())
		return;
	nx_lock();
	if (file_of(from))
		nx_file_install(to, file_of(from));
	nx_unlock();
}

static void install_new(int fd, struct nx_file *file)
{
	if (!file)
		return;
	nx_lock();
	nx_file_install(fd, file);
	/* If the table is too small for it the kernel has it. */
	if (file->refs > 1)
		file->refs--;
	else
		free(file);
	nx_unlock();
}

struct nx_socket *nx_socket_alloc(int domain, int type)
{
	struct nx_socket *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->file.refs = 1;
	s->domain = domain;
	s->type = type & 0xf;
	s->nonblock = type & SOCK_NONBLOCK;
	s->set.rcv_timeout_ns = NEXUS_TIMEOUT_NONE;
	s->set.snd_timeout_ns = NEXUS_TIMEOUT_NONE;
	return s;
}

void nx_socket_created(int fd, int domain, int type, int protocol)
{
	bool is_tcp = (type & 0xf) == SOCK_STREAM &&
		      (!protocol || protocol == IPPROTO_TCP);
	bool is_udp = (type & 0xf) == SOCK_DGRAM &&
		      (!protocol || protocol == IPPROTO_UDP);
	struct nx_socket *s = NULL;

	if ((domain == AF_INET || domain == AF_INET6) &&
	    ((is_tcp && nx_policy.tcp) || (is_udp && nx_policy.udp)))
		s = nx_socket_alloc(domain, type);
	/* Whatever had the descriptor before is gone. */
	if (!s && nx_has_file(fd))
		nx_socket_closing(fd);
	install_new(fd, s ? &s->file : NULL);
}

void nx_epoll_created(int fd)
{
	struct nx_epoll *ep = nx_epoll_alloc(fd);

	install_new(fd, ep ? nx_epoll_file(ep) : NULL);
}

/* -------------------------------------------------------------- all of them */

/* No descriptor refers to it any more, but those of the kernel's. */
static void remove_fds(struct nx_file *file)
{
	int fd;

	for (fd = 0; fd < NX_FILES_MAX && file->nr_fds; fd++) {
		if (nx_files[fd] != file)
			continue;
		__atomic_store_n(&nx_files[fd], NULL, __ATOMIC_RELAXED);
		file->nr_fds--;
		file->refs--;
	}
}

void nx_socket_to_kernel(struct nx_socket *s)
{
	enum nx_socket_state was = s->state;
	int fd = nx_file_fd(&s->file);

	s->state = NX_SOCKET_KERNEL;
	if (was == NX_SOCKET_UDP)
		nx_udp_socket_hand_over(s);
	else if (was == NX_SOCKET_LISTEN)
		nx_tcp_socket_unlisten(s);
	if (was == NX_SOCKET_LISTEN && !s->is_beside &&
	    nx_sys.listen(fd, (int)s->backlog))
		nx_explain("descriptor %d does not listen any more", fd);
	nx_watches_to_kernel(s);
	if (!s->left)
		remove_fds(&s->file);
}

void nx_socket_forget_left(struct nx_socket *s)
{
	nx_left_free(s->left);
	s->left = NULL;
	if (s->state != NX_SOCKET_KERNEL)
		return;
	nx_watches_drop(s);
	remove_fds(&s->file);
}

/* The descriptors of @s become ends of a pair that the service thread serves. */
static void relay(struct nx_socket *s)
{
	int end = nx_relay_begin(s->tcp), fd, flags;

	if (end < 0) {
		nx_explain("a connection stays this process's: %s",
			   nexus_strerror(end));
		return;
	}
	s->state = NX_SOCKET_KERNEL;
	s->tcp = NULL;
	if (s->nonblock)
		fcntl(end, F_SETFL, fcntl(end, F_GETFL) | O_NONBLOCK);
	for (fd = 0; fd < NX_FILES_MAX; fd++) {
		if (nx_files[fd] != &s->file)
			continue;
		flags = fcntl(fd, F_GETFD) & FD_CLOEXEC ? O_CLOEXEC : 0;
		nx_sys.dup3(end, fd, flags);
	}
	nx_sys.close(end);
	nx_watches_to_kernel(s);
	remove_fds(&s->file);
}

/*
 * A datagram socket and a listener are the kernel's from now on, where processes
 * can share them; each may take the listener up again beside the kernel's, and one
 * that is so yet stays. A listener that has accepted connections is not: they keep its
 * port, and the kernel could not have it. A connection that nobody has used yet was
 * accepted to be served by the child; one that was used stays this process's.
 */
static void share(struct nx_socket *s)
{
	if (s->state == NX_SOCKET_UDP)
		nx_socket_share_port(nx_file_fd(&s->file));
	if (s->state == NX_SOCKET_UDP)
		nx_socket_to_kernel(s);
	else if (s->state == NX_SOCKET_LISTEN && !s->is_beside &&
		 !s->has_accepted)
		nx_beside_share(s);
	else if (s->state == NX_SOCKET_TCP && !s->is_used && !s->is_connecting)
		relay(s);
}

void nx_files_share(void)
{
	struct nx_socket *s;
	int fd;

	for (fd = 0; fd < NX_FILES_MAX; fd++) {
		if (!nx_files[fd] || nx_files[fd]->type != NX_FILE_SOCKET)
			continue;
		s = (struct nx_socket *)nx_files[fd];
		s->file.refs++;
		share(s);
		nx_socket_put(s);
	}
}

void nx_files_take_up(void)
{
	struct nx_socket *s;
	int fd;

	for (fd = 0; fd < NX_FILES_MAX; fd++) {
		if (!nx_files[fd] || nx_files[fd]->type != NX_FILE_SOCKET)
			continue;
		s = (struct nx_socket *)nx_files[fd];
		if (s->state != NX_SOCKET_SHARED || !s->watches)
			continue;
		s->file.refs++;
		nx_beside_take_up(s);
		nx_socket_put(s);
	}
}

void nx_files_wake(void)
{
	int fd;

	for (fd = 0; fd < NX_FILES_MAX; fd++)
		if (nx_files[fd] && nx_files[fd]->type == NX_FILE_SOCKET)
			nx_socket_wake((struct nx_socket *)nx_files[fd],
				       POLLIN | POLLOUT | POLLHUP);
}

void nx_files_inherit(void)
{
	struct nx_socket *s;
	int fd;

	owner = getpid();
	for (fd = 0; fd < NX_FILES_MAX; fd++) {
		if (!nx_files[fd] || nx_files[fd]->type != NX_FILE_SOCKET)
			continue;
		s = (struct nx_socket *)nx_files[fd];
		if (s->state == NX_SOCKET_LISTEN && s->is_beside)
			nx_beside_inherit(s);
		else if (s->state >= NX_SOCKET_UDP)
			s->state = NX_SOCKET_INHERITED;
		s->waits = NULL;
		nx_watches_drop(s);
	}
}
