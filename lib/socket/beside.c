// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Listeners that processes share. The kernel's socket listens, and in each process
 * that accepts there is a listener of nexus's beside it: a connection may come by
 * either.
 */
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>

#include "../ip/addr.h"
#include "internal.h"

/* Connections that one process has handed over, and nobody has accepted yet. */
#define NOTES_MAX	64

/* Who accepts later is one who knows of no notes. */
#define NOTE_NS		60000000000ULL

/**
 * struct note - whose a connection is that comes from this host
 * @from:   of it; family 0: there is none
 * @remote: who has connected
 * @until_ns: it is forgotten then
 */
struct note {
	struct nexus_addr	from;
	struct nexus_addr	remote;
	uint64_t		until_ns;
};

/**
 * struct family - what all processes know that have a listener in common
 * @turn:  who looks whether the kernel has a connection, and takes it, and looks at the
 *         notes. Where O_NONBLOCK is not set, which they share as well, who came second
 *         would have to wait for the next one
 * @next:  the note that is written next
 * @notes: see above
 */
struct family {
	pthread_mutex_t	turn;
	unsigned int	next;
	struct note	notes[NOTES_MAX];
};

static struct family *family;

static void make_family(void)
{
	pthread_mutexattr_t attr;
	void *pages;

	if (family)
		return;
	pages = mmap(NULL, sizeof(*family), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (pages == MAP_FAILED)
		return;
	family = pages;
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&family->turn, &attr);
	pthread_mutexattr_destroy(&attr);
}

static void take_turn(void)
{
	if (family && pthread_mutex_lock(&family->turn) == EOWNERDEAD)
		pthread_mutex_consistent(&family->turn);
}

static void give_turn(void)
{
	if (family)
		pthread_mutex_unlock(&family->turn);
}

/* ------------------------------------------------------------------ notes */

static bool is_same(const struct nexus_addr *a, const struct nexus_addr *b)
{
	return a->family == b->family && a->port == b->port &&
	       !memcmp(a->ip, b->ip, sizeof(a->ip));
}

/* The note about @from, or NULL. In our turn. */
static struct note *find_note(const struct nexus_addr *from)
{
	struct note *note = family->notes;

	for (; note < family->notes + NOTES_MAX; note++)
		if (is_same(&note->from, from))
			return note;
	return NULL;
}

void nx_beside_note(const struct nexus_addr *from,
		    const struct nexus_addr *remote)
{
	struct note *note;

	if (!family)
		return;
	take_turn();
	note = find_note(from);
	if (!note)
		note = &family->notes[family->next++ % NOTES_MAX];
	*note = (struct note) {
		.from		= *from,
		.remote		= *remote,
		.until_ns	= nx_now_ns() + NOTE_NS,
	};
	give_turn();
}

/* An IPv4-mapped address (RFC 4291 section 2.5.5.2) is an IPv4 address. */
static void unmap(struct nexus_addr *addr)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (addr->family != AF_INET6 || memcmp(addr->ip, mapped, sizeof(mapped)))
		return;
	addr->family = AF_INET;
	memmove(addr->ip, addr->ip + sizeof(mapped), 4);
	memset(addr->ip + 4, 0, sizeof(addr->ip) - 4);
}

/* The note about who has connected @sock; false: there is none. In our turn. */
static bool take_note(int sock, struct nexus_addr *remote)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	struct nexus_addr from;
	struct note *note;

	if (!family || !family->next ||
	    nx_sys.getpeername(sock, (struct sockaddr *)&ss, &len) ||
	    nexus_addr_from_sockaddr(&from, (struct sockaddr *)&ss, len))
		return false;
	unmap(&from);
	note = find_note(&from);
	if (!note)
		return false;
	*remote = note->remote;
	note->from.family = 0;
	return nx_now_ns() < note->until_ns;
}

/* It is served by the kernel, but for its peer's name. */
static void rename_peer(const struct nx_socket *s, int sock,
			const struct nexus_addr *remote, struct sockaddr *addr,
			socklen_t *len)
{
	struct nx_socket *conn = nx_socket_alloc(s->domain, s->type);

	if (addr)
		nx_put_addr(s, remote, addr, len);
	if (!conn)
		return;
	conn->state = NX_SOCKET_KERNEL;
	conn->peer = *remote;
	nx_file_install(sock, &conn->file);
	conn->file.refs--;
}

/* ----------------------------------------------------------------- accept */

/* Some process may have changed it, for all of them. */
static bool blocks(int fd)
{
	return !(fcntl(fd, F_GETFL) & O_NONBLOCK);
}

static bool is_readable(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	static const struct timespec none;

	return nx_sys.ppoll(&pfd, 1, &none, NULL) > 0;
}

int nx_beside_accept_kernel(const struct nx_socket *s, int fd,
			    struct sockaddr *addr, socklen_t *len, int flags)
{
	socklen_t room = addr ? *len : 0;
	struct nexus_addr remote;
	int sock = -1, err = EAGAIN;
	bool is_renamed = false;

	if (!is_readable(fd))
		return -EAGAIN;
	take_turn();
	if (!blocks(fd) || is_readable(fd)) {
		sock = nx_sys.accept4(fd, addr, len, flags);
		err = errno;
	}
	if (sock >= 0)
		is_renamed = take_note(sock, &remote);
	give_turn();
	if (is_renamed) {
		if (addr)
			*len = room;
		rename_peer(s, sock, &remote, addr, len);
	}
	return sock < 0 ? -err : sock;
}

/* ------------------------------------------------------------------- room */

/*
 * An event loop has its listener in an epoll, or comes back soon. Who serves one
 * connection after the other has room for one as long as he waits, and for none while
 * he serves: it would have to wait for him, where others may be idle.
 */
void nx_beside_settle(struct nx_socket *s, int fd)
{
	bool is_open = s->watches || (!s->was_watched && !blocks(fd));

	s->was_watched |= s->watches != NULL;
	if (s->has_room == is_open)
		return;
	s->has_room = is_open;
	nexus_tcp_listener_set_room(s->listener,
				    is_open ? NEXUS_FLOW_ROOM_ANY : 0);
}

/*
 * Each thread that waits has room for one, but for those that are there. A handshake that
 * has begun does not count: who never completes his would keep others away for a minute.
 */
static void set_waiting(struct nx_socket *s)
{
	uint32_t nr = s->nr_waiting;

	if (!s->has_room)
		nexus_tcp_listener_set_room(s->listener, nr > s->nr_children ?
					    nr - s->nr_children : 0);
}

void nx_beside_begin_wait(struct nx_socket *s)
{
	s->nr_waiting++;
	set_waiting(s);
}

void nx_beside_end_wait(struct nx_socket *s)
{
	s->nr_waiting--;
	if (s->state == NX_SOCKET_LISTEN)
		set_waiting(s);
}

/* Until somebody has a connection: 0, -EAGAIN at @until_ns, -EINTR. */
static int sleep_for_any(struct nx_socket *s, int fd, uint64_t until_ns)
{
	struct pollfd fds[3] = { { .fd = fd, .events = POLLIN } };
	int ret = 0;

	while (!ret && s->state == NX_SOCKET_LISTEN && !s->children) {
		if (until_ns != NX_FOREVER && nx_now_ns() >= until_ns)
			return -EAGAIN;
		ret = nx_service_sleep(fds, 1, until_ns, NULL);
		/* signal(7): never with a timeout. */
		if (ret == -EINTR && until_ns == NX_FOREVER &&
		    nx_signal_restarts())
			ret = 0;
	}
	return ret < 0 ? ret : 0;
}

int nx_beside_wait(struct nx_socket *s, int fd, uint64_t until_ns)
{
	struct nx_wait wait = { .sleeper = nx_sleeper_get() };
	int err;

	if (!wait.sleeper)
		return -ENOMEM;
	nx_socket_add_wait(s, &wait);
	nx_beside_begin_wait(s);
	err = sleep_for_any(s, fd, until_ns);
	nx_beside_end_wait(s);
	nx_socket_del_wait(s, &wait);
	/* Closed, or the kernel's by now. */
	return s->state == NX_SOCKET_LISTEN ? err : -EBADF;
}

/* ------------------------------------------------------------ to and fro */

void nx_beside_share(struct nx_socket *s)
{
	int fd = nx_file_fd(&s->file);

	s->state = NX_SOCKET_SHARED;
	nx_tcp_socket_unlisten(s);
	if (nx_sys.listen(fd, (int)s->backlog)) {
		nx_explain("descriptor %d does not listen any more", fd);
		nx_socket_to_kernel(s);
		return;
	}
	make_family();
	nx_watches_to_kernel(s);
}

void nx_beside_take_up(struct nx_socket *s)
{
	int fd, err;

	if (s->state != NX_SOCKET_SHARED)
		return;
	fd = nx_file_fd(&s->file);
	err = nx_tcp_socket_listen(s, fd, (int)s->backlog);
	nx_explain("%d is shared: %s", fd,
		   err ? nexus_error_text() : "nexus beside the kernel");
	if (err) {
		nx_socket_to_kernel(s);
		return;
	}
	s->has_room = true;
	nx_beside_settle(s, fd);
}

void nx_beside_inherit(struct nx_socket *s)
{
	nexus_tcp_listener_forget(s->listener);
	s->listener = NULL;
	s->children = NULL;
	s->nr_children = 0;
	s->nr_waiting = 0;
	s->is_beside = false;
	s->state = NX_SOCKET_SHARED;
}
