// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Epolls that hold sockets of nexus beside descriptors of the kernel's.
 *
 * What is nexus's is kept here, as the kernel keeps its own: a list of watches
 * that may be ready, filled by what happens, and looked at by epoll_wait(): what
 * is not ready after all leaves it, and so does what is edge triggered or oneshot
 * once it is told. What is the kernel's stays in the kernel's epoll, which has an
 * eventfd more, by which others wake who sleeps. He sleeps in the channel, which
 * watches the kernel's epoll meanwhile; where that cannot be, the epoll has the
 * stack's descriptor, too.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include "internal.h"

/* With nexus's ready, the kernel's are looked at so often. */
#define KERNEL_TURN	8

/**
 * struct nx_watch - a socket in an epoll
 * @ep, @s, @fd: whose
 * @next:      of the socket's
 * @ready_next, @ready_prev: in the epoll's list
 * @is_queued: it is in that list
 * @is_kernel: the kernel's epoll has it: nexus does not serve the socket
 * @is_both:   the kernel's epoll has it as well: a listener beside the kernel's
 * @event:     what the program wants; without events after EPOLLONESHOT
 */
struct nx_watch {
	struct nx_epoll		*ep;
	struct nx_socket	*s;
	int			fd;
	struct nx_watch		*next;
	struct nx_watch		*ready_next;
	struct nx_watch		*ready_prev;
	bool			is_queued;
	bool			is_kernel;
	bool			is_both;
	struct epoll_event	event;
};

/**
 * struct nx_epoll - an epoll
 * @file:      the first field
 * @fd:        the kernel's
 * @kick_fd:   eventfd; -1: no socket of nexus has ever been in it
 * @has_stack: the stack's descriptor is in it
 * @nr_nexus:  watches of nexus's
 * @nr_both:   of them, those that the kernel's epoll has as well
 * @nr_asleep: threads within the kernel's epoll
 * @is_kicked: @kick_fd says so already
 * @is_nested: another epoll, or poll(), looks at it
 * @turn:      for KERNEL_TURN
 * @first, @last: watches that may be ready
 */
struct nx_epoll {
	struct nx_file		file;
	int			fd;
	int			kick_fd;
	bool			has_stack;
	unsigned int		nr_nexus;
	unsigned int		nr_both;
	unsigned int		nr_asleep;
	bool			is_kicked;
	bool			is_nested;
	unsigned int		turn;
	struct nx_watch		*first;
	struct nx_watch		*last;
};

/* What the two descriptors are known by: nobody else has these addresses. */
static char kick_tag, stack_tag;

/* Has any epoll ever had a socket of nexus? */
static bool is_any_ours;

/* Has any epoll ever had another descriptor? */
static bool is_any_kernel;

/* Threads that sleep in epolls that were the kernel's alone when they began. */
static unsigned int nr_beside;

static void note_kernel(void)
{
	__atomic_store_n(&is_any_kernel, true, __ATOMIC_RELAXED);
}

struct nx_epoll *nx_epoll_alloc(int fd)
{
	struct nx_epoll *ep = calloc(1, sizeof(*ep));

	if (!ep)
		return NULL;
	ep->file.type = NX_FILE_EPOLL;
	ep->file.refs = 1;
	ep->fd = fd;
	ep->kick_fd = -1;
	return ep;
}

struct nx_file *nx_epoll_file(struct nx_epoll *ep)
{
	return &ep->file;
}

/* --------------------------------------------------------- the ready list */

static void kick(struct nx_epoll *ep)
{
	uint64_t one = 1;

	if (ep->is_kicked || !(ep->nr_asleep || ep->is_nested ||
			       __atomic_load_n(&nr_beside, __ATOMIC_SEQ_CST)))
		return;
	ep->is_kicked = true;
	nx_sys.write(ep->kick_fd, &one, sizeof(one));
}

static void enqueue(struct nx_watch *w)
{
	struct nx_epoll *ep = w->ep;

	if (w->is_queued)
		return;
	w->is_queued = true;
	w->ready_next = NULL;
	w->ready_prev = ep->last;
	if (ep->last)
		ep->last->ready_next = w;
	else
		ep->first = w;
	ep->last = w;
}

static void dequeue(struct nx_watch *w)
{
	struct nx_epoll *ep = w->ep;

	if (!w->is_queued)
		return;
	w->is_queued = false;
	if (w->ready_prev)
		w->ready_prev->ready_next = w->ready_next;
	else
		ep->first = w->ready_next;
	if (w->ready_next)
		w->ready_next->ready_prev = w->ready_prev;
	else
		ep->last = w->ready_prev;
}

#define ALWAYS	(EPOLLERR | EPOLLHUP)
#define MODES	(EPOLLET | EPOLLONESHOT | EPOLLEXCLUSIVE | EPOLLWAKEUP)

/* Of a watch that is not disabled by EPOLLONESHOT. */
static uint32_t wanted(const struct nx_watch *w)
{
	return w->event.events & ~MODES ? (w->event.events & ~MODES) | ALWAYS :
					  0;
}

/* poll()'s bits are epoll's. */
static uint32_t ready_for(const struct nx_watch *w)
{
	return (uint16_t)nx_socket_ready(w->s) & wanted(w);
}

static void look(struct nx_watch *w)
{
	if (!ready_for(w))
		return;
	enqueue(w);
	kick(w->ep);
}

void nx_watches_wake(struct nx_socket *s, short events)
{
	struct nx_watch *w;

	for (w = s->watches; w; w = w->next) {
		if (w->is_kernel || !(wanted(w) & ((uint16_t)events | ALWAYS)))
			continue;
		enqueue(w);
		kick(w->ep);
	}
}

/* --------------------------------------------------------------- watches */

static int add_own(struct nx_epoll *ep, int fd, void *tag)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = tag };

	return nx_sys.epoll_ctl(ep->fd, EPOLL_CTL_ADD, fd, &ev) ? -errno : 0;
}

/*
 * Who sleeps in an epoll sleeps in the channel, if that can be. Who looks at the
 * epoll from outside does not.
 */
static int watch_stack(struct nx_epoll *ep)
{
	struct nexus_stack *stack = nx_service_current();
	int err;

	if (!stack || ep->has_stack || ep->kick_fd < 0 ||
	    (nx_service_can_rest() && !ep->is_nested))
		return 0;
	err = add_own(ep, nexus_stack_fd(stack), &stack_tag);
	ep->has_stack = !err;
	return err;
}

/* The epoll gets its first socket of nexus. */
static int prepare(struct nx_epoll *ep)
{
	int err = 0;

	__atomic_store_n(&is_any_ours, true, __ATOMIC_SEQ_CST);
	if (ep->kick_fd < 0) {
		ep->kick_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		if (ep->kick_fd < 0)
			return -errno;
		err = add_own(ep, ep->kick_fd, &kick_tag);
	}
	return err ? err : watch_stack(ep);
}

void nx_epoll_nest(int fd)
{
	struct nx_epoll *ep = nx_epoll_of(fd);

	if (!ep)
		return;
	ep->is_nested = true;
	watch_stack(ep);
	if (ep->first)
		kick(ep);
}

static struct nx_watch *find(const struct nx_epoll *ep,
			     const struct nx_socket *s, int fd)
{
	struct nx_watch *w = s->watches;

	while (w && (w->ep != ep || w->fd != fd))
		w = w->next;
	return w;
}

static void free_watch(struct nx_watch *w)
{
	struct nx_watch **at = &w->s->watches;

	while (*at != w)
		at = &(*at)->next;
	*at = w->next;
	dequeue(w);
	w->ep->nr_nexus -= !w->is_kernel;
	w->ep->nr_both -= w->is_both;
	free(w);
}

void nx_watches_drop(struct nx_socket *s)
{
	while (s->watches)
		free_watch(s->watches);
}

static void set_both(struct nx_watch *w)
{
	w->is_both = true;
	w->ep->nr_both++;
}

void nx_watches_to_nexus(struct nx_socket *s)
{
	struct nx_watch *w;

	for (w = s->watches; w; w = w->next) {
		if (!w->is_kernel || prepare(w->ep))
			continue;
		if (s->is_beside)
			set_both(w);
		else
			nx_sys.epoll_ctl(w->ep->fd, EPOLL_CTL_DEL, w->fd, NULL);
		w->is_kernel = false;
		w->ep->nr_nexus++;
		look(w);
	}
}

void nx_watches_to_kernel(struct nx_socket *s)
{
	struct nx_watch *w;

	for (w = s->watches; w; w = w->next) {
		if (w->is_kernel)
			continue;
		if (!w->is_both)
			nx_sys.epoll_ctl(w->ep->fd, EPOLL_CTL_ADD, w->fd,
					 &w->event);
		w->ep->nr_both -= w->is_both;
		w->is_both = false;
		note_kernel();
		w->ep->nr_nexus--;
		w->is_kernel = true;
		/* What is left is told here. */
		if (s->left)
			look(w);
	}
	/* One that is shared may become nexus's again. */
	if (!s->left && s->state != NX_SOCKET_SHARED)
		nx_watches_drop(s);
}

void nx_epoll_release(struct nx_epoll *ep)
{
	struct nx_watch *w, *next;
	int fd;

	for (fd = 0; fd < NX_FILES_MAX; fd++) {
		if (!nx_files[fd] || nx_files[fd]->type != NX_FILE_SOCKET)
			continue;
		w = ((struct nx_socket *)nx_files[fd])->watches;
		for (; w; w = next) {
			next = w->next;
			if (w->ep == ep)
				free_watch(w);
		}
	}
	if (ep->kick_fd >= 0)
		nx_sys.close(ep->kick_fd);
	ep->kick_fd = -1;
}

/* ------------------------------------------------------------- epoll_ctl */

static int add_watch(struct nx_epoll *ep, struct nx_socket *s, int fd,
		     const struct epoll_event *ev, bool is_kernel)
{
	struct nx_watch *w;

	if (find(ep, s, fd))
		return -EEXIST;
	w = calloc(1, sizeof(*w));
	if (!w)
		return -ENOMEM;
	w->ep = ep;
	w->s = s;
	w->fd = fd;
	w->event = *ev;
	w->is_kernel = is_kernel;
	w->next = s->watches;
	s->watches = w;
	ep->nr_nexus += !is_kernel;
	if (!is_kernel || s->left)
		look(w);
	return 0;
}

static int change_watch(struct nx_watch *w, int op,
			const struct epoll_event *ev)
{
	switch (op) {
	case EPOLL_CTL_DEL:
		free_watch(w);
		return 0;
	case EPOLL_CTL_MOD:
		w->event = *ev;
		dequeue(w);
		if (!w->is_kernel || w->s->left)
			look(w);
		return 0;
	default:
		return -EINVAL;
	}
}

static int ctl_nexus(struct nx_epoll *ep, int op, struct nx_socket *s, int fd,
		     const struct epoll_event *ev)
{
	struct nx_watch *w = find(ep, s, fd);
	int err;

	if (op != EPOLL_CTL_DEL && !ev)
		return -EFAULT;
	if (op == EPOLL_CTL_ADD) {
		err = prepare(ep);
		return err ? err : add_watch(ep, s, fd, ev, false);
	}
	return w ? change_watch(w, op, ev) : -ENOENT;
}

/* A listener beside the kernel's: both have it, and the kernel judges. */
static int ctl_beside(struct nx_epoll *ep, int op, struct nx_socket *s, int fd,
		      struct epoll_event *ev)
{
	int err;

	if (nx_sys.epoll_ctl(ep->fd, op, fd, ev))
		return -errno;
	err = ctl_nexus(ep, op, s, fd, ev);
	if (!err && op == EPOLL_CTL_ADD) {
		note_kernel();
		set_both(find(ep, s, fd));
	}
	nx_beside_settle(s, fd);
	return err;
}

/*
 * Not nexus's yet, or not any more: the kernel's epoll has it, and it is noted for
 * later, or as long as there are datagrams left.
 */
static int ctl_idle(struct nx_epoll *ep, int op, struct nx_socket *s, int fd,
		    struct epoll_event *ev)
{
	struct nx_watch *w = find(ep, s, fd);
	int err = s->left ? prepare(ep) : 0;

	if (err)
		return err;
	if (nx_sys.epoll_ctl(ep->fd, op, fd, ev))
		return -errno;
	if (op != EPOLL_CTL_ADD)
		return w ? change_watch(w, op, ev) : 0;
	note_kernel();
	return add_watch(ep, s, fd, ev, true);
}

static void add_kernel(int op, int fd)
{
	nx_epoll_nest(fd);
	if (op == EPOLL_CTL_ADD)
		note_kernel();
}

static int ctl_locked(int epfd, int op, int fd, struct epoll_event *ev)
{
	struct nx_epoll *ep = nx_epoll_of(epfd);
	struct nx_socket *s = ep ? nx_socket_get(fd) : NULL;
	int ret = NX_PASS;

	if (!ep)
		return NX_PASS;
	if (s && op == EPOLL_CTL_ADD)
		nx_beside_take_up(s);
	if (s && s->state == NX_SOCKET_LISTEN && s->is_beside)
		ret = ctl_beside(ep, op, s, fd, ev);
	else if (s && s->state >= NX_SOCKET_UDP)
		ret = ctl_nexus(ep, op, s, fd, ev);
	else if (s && (s->state == NX_SOCKET_IDLE ||
		       s->state == NX_SOCKET_SHARED || s->left))
		ret = ctl_idle(ep, op, s, fd, ev);
	else
		add_kernel(op, fd);
	if (s)
		nx_socket_put(s);
	return ret;
}

/* @fd has a file. */
static __attribute__((noinline)) int
ctl_known(int epfd, int op, int fd, struct epoll_event *ev)
{
	int ret;

	nx_lock();
	ret = ctl_locked(epfd, op, fd, ev);
	nx_unlock();
	return ret;
}

int nx_socket_epoll_ctl(int epfd, int op, int fd, struct epoll_event *ev)
{
	if (nx_has_file(fd))
		return ctl_known(epfd, op, fd, ev);
	if (op == EPOLL_CTL_ADD)
		note_kernel();
	return NX_PASS;
}

/* ------------------------------------------------------------ epoll_wait */

/* Takes what is ready from the list; level triggered ones stay. */
static int collect(struct nx_epoll *ep, struct epoll_event *evs, int max)
{
	struct nx_watch *w = ep->first, *last = ep->last, *next;
	uint32_t events;
	int nr = 0;

	for (; w && nr < max; w = next) {
		next = w == last ? NULL : w->ready_next;
		events = ready_for(w);
		dequeue(w);
		if (!events)
			continue;
		evs[nr].events = events;
		evs[nr++].data = w->event.data;
		if (w->event.events & EPOLLONESHOT)
			w->event.events &= MODES;
		else if (!(w->event.events & EPOLLET))
			enqueue(w);
	}
	/* There is more than this thread takes: another one that sleeps may have it. */
	if (w)
		kick(ep);
	return nr;
}

static void take_kick(struct nx_epoll *ep)
{
	uint64_t count;

	ep->is_kicked = false;
	nx_sys.read(ep->kick_fd, &count, sizeof(count));
}

/* A stack that is gone is ready for good, and for nothing. */
static void drop_stack(struct nx_epoll *ep)
{
	struct nexus_stack *stack = nx_service_current();

	if (!stack || !nexus_stack_check(stack))
		return;
	nx_sys.epoll_ctl(ep->fd, EPOLL_CTL_DEL, nexus_stack_fd(stack), NULL);
	ep->has_stack = false;
}

/* Without those that are the library's. */
static int filter(struct nx_epoll *ep, struct epoll_event *evs, int nr)
{
	int i, kept = 0;

	for (i = 0; i < nr; i++) {
		if (evs[i].data.ptr == &kick_tag)
			take_kick(ep);
		else if (evs[i].data.ptr == &stack_tag)
			drop_stack(ep);
		else
			evs[kept++] = evs[i];
	}
	return kept;
}

/* A listener of both is told once: as the kernel has it, which takes part of @evs. */
static int merge(const struct nx_epoll *ep, struct epoll_event *evs, int nr,
		 int nr_kernel)
{
	int i, j, kept = nr;

	if (!ep->nr_both)
		return nr + nr_kernel;
	for (i = nr; i < nr + nr_kernel; i++) {
		for (j = 0; j < nr && evs[j].data.u64 != evs[i].data.u64; j++)
			;
		if (j < nr)
			evs[j].events |= evs[i].events;
		else
			evs[kept++] = evs[i];
	}
	return kept;
}

/* What the kernel has, without sleeping. */
static int ask_kernel(struct nx_epoll *ep, struct epoll_event *evs, int max)
{
	int nr = nx_sys.epoll_pwait(ep->fd, evs, max, 0, NULL);

	return nr > 0 ? filter(ep, evs, nr) : 0;
}

/* The same, now and then. */
static int collect_kernel(struct nx_epoll *ep, struct epoll_event *evs, int max)
{
	if (!max || !__atomic_load_n(&is_any_kernel, __ATOMIC_RELAXED) ||
	    ++ep->turn % KERNEL_TURN)
		return 0;
	return ask_kernel(ep, evs, max);
}

/*
 * One sleep: what the kernel has then, or -errno. Who is back is no sleeper any more:
 * what the stack finds for the epoll kicks others, and not the one who looks.
 */
static int sleep_kernel(struct nx_epoll *ep, struct epoll_event *evs, int max,
			uint64_t until_ns, const sigset_t *mask)
{
	int timeout_ms = nx_service_epoll_timeout_ms(until_ns), nr, err;

	ep->nr_asleep++;
	nx_unlock();
	nr = nx_sys.epoll_pwait(ep->fd, evs, max, timeout_ms, mask);
	err = errno;
	nx_lock();
	ep->nr_asleep--;
	if (ep->nr_nexus)
		nx_service_run();
	if (nr < 0)
		return -err;
	return filter(ep, evs, nr);
}

/* The same, with the stack beside the epoll. */
static int sleep_masked(struct nx_epoll *ep, struct epoll_event *evs, int max,
			uint64_t until_ns, const sigset_t *mask)
{
	struct pollfd fds[3] = { { .fd = ep->fd, .events = POLLIN } };
	int nr;

	ep->nr_asleep++;
	nr = nx_service_sleep(fds, 1, until_ns, mask);
	ep->nr_asleep--;
	return nr > 0 ? ask_kernel(ep, evs, max) : nr;
}

/* In the channel, until the epoll has something. */
static int sleep_channel(struct nx_epoll *ep, struct epoll_event *evs, int max,
			 uint64_t until_ns)
{
	int nr;

	ep->nr_asleep++;
	nr = nx_service_rest(ep->fd, until_ns);
	ep->nr_asleep--;
	/* What woke it was for nobody else, whatever the epoll holds by now. */
	if (nr != NX_PASS)
		nx_service_run();
	return nr > 0 ? ask_kernel(ep, evs, max) : nr;
}

static int sleep_once(struct nx_epoll *ep, struct epoll_event *evs, int max,
		      uint64_t until_ns, const sigset_t *mask)
{
	int nr = NX_PASS;

	if (!until_ns)
		return ask_kernel(ep, evs, max);
	if (ep->nr_nexus && !ep->has_stack)
		nr = mask ? sleep_masked(ep, evs, max, until_ns, mask) :
			    sleep_channel(ep, evs, max, until_ns);
	return nr == NX_PASS ? sleep_kernel(ep, evs, max, until_ns, mask) : nr;
}

static int wait_locked(struct nx_epoll *ep, struct epoll_event *evs, int max,
		       uint64_t until_ns, const sigset_t *mask)
{
	int nr, nr_kernel;

	if (ep->nr_nexus)
		nx_service_run();
	for (;;) {
		nr = collect(ep, evs, max);
		if (nr)
			return merge(ep, evs, nr, collect_kernel(ep, evs + nr,
								 max - nr));
		nr_kernel = sleep_once(ep, evs, max, until_ns, mask);
		if (nr_kernel < 0)
			return nr_kernel;
		nr = collect(ep, evs + nr_kernel, max - nr_kernel);
		if (nr + nr_kernel || nx_now_ns() >= until_ns)
			return merge(ep, evs, nr_kernel, nr);
	}
}

/*
 * As long as all epolls are the kernel's alone it is asked at once; NX_PASS: they
 * are not. Who makes one nexus's either is seen here, or sees that we may sleep.
 */
static int wait_beside(int epfd, struct epoll_event *evs, int max,
		       int timeout_ms, const sigset_t *mask)
{
	int nr = NX_PASS;

	__atomic_add_fetch(&nr_beside, 1, __ATOMIC_SEQ_CST);
	if (!__atomic_load_n(&is_any_ours, __ATOMIC_SEQ_CST)) {
		nr = nx_sys.epoll_pwait(epfd, evs, max, timeout_ms, mask);
		nr = nr < 0 ? -errno : nr;
	}
	__atomic_sub_fetch(&nr_beside, 1, __ATOMIC_SEQ_CST);
	return nr;
}

/* The epoll may have become nexus's meanwhile: what is not for the program goes. */
static __attribute__((noinline)) int
look_again(int epfd, struct epoll_event *evs, int nr)
{
	struct nx_epoll *ep;

	nx_lock();
	ep = nx_epoll_of(epfd);
	if (ep)
		nr = filter(ep, evs, nr);
	nx_unlock();
	return nr ? nr : NX_PASS;
}

static __attribute__((noinline)) int
wait_ours(int epfd, struct epoll_event *evs, int max, int timeout_ms,
	  const sigset_t *mask)
{
	int64_t timeout_ns = timeout_ms < 0 ? -1 : timeout_ms * 1000000LL;
	/* Who does not sleep need not know the time. */
	uint64_t until_ns = timeout_ns ? nx_deadline_ns(timeout_ns) : 0;
	struct nx_epoll *ep;
	int ret = NX_PASS;

	nx_lock();
	ep = nx_epoll_of(epfd);
	if (ep && max > 0) {
		ep->file.refs++;
		ret = wait_locked(ep, evs, max, until_ns, mask);
		if (!--ep->file.refs)
			free(ep);
	}
	nx_unlock();
	if (ret != NX_PASS)
		return ret;
	ret = nx_sys.epoll_pwait(epfd, evs, max, timeout_ms, mask);
	return ret < 0 ? -errno : ret;
}

int nx_socket_epoll_wait(int epfd, struct epoll_event *evs, int max,
			 int timeout_ms, const sigset_t *mask)
{
	int ret = wait_beside(epfd, evs, max, timeout_ms, mask);

	if (ret > 0 && __atomic_load_n(&is_any_ours, __ATOMIC_SEQ_CST))
		ret = look_again(epfd, evs, ret);
	return ret == NX_PASS ? wait_ours(epfd, evs, max, timeout_ms, mask) : ret;
}
