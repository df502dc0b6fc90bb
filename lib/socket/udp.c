// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * UDP sockets: datagrams between an endpoint and the program's vectors.
 */
#include <netinet/in.h>
#include <string.h>

#include "internal.h"

/* --------------------------------------------------------- the endpoint's */

static void on_receive(struct nexus_udp *udp, struct nexus_packet *pkt,
		       void *arg)
{
	struct nx_socket *s = arg;

	if (s->nr_queued == NX_SOCKET_RX_LIMIT) {
		nexus_packet_put(nexus_udp_stack(udp), pkt);
		return;
	}
	pkt->link = NULL;
	if (s->first)
		s->last->link = pkt;
	else
		s->first = pkt;
	s->last = pkt;
	s->nr_queued++;
	nx_socket_wake(s, POLLIN);
}

static struct nexus_packet *pop(struct nx_socket *s)
{
	struct nexus_packet *pkt = s->first;

	s->first = pkt->link;
	s->nr_queued--;
	pkt->link = NULL;
	return pkt;
}

/* RFC 1122 section 4.1.3.3; as udp(7): who is not connected is not told. */
static void on_error(struct nexus_udp *udp, const struct nexus_udp_error *error,
		     void *arg)
{
	struct nx_socket *s = arg;
	struct nexus_addr remote;

	nexus_udp_remote(udp, &remote);
	if (!remote.family || error->err == EMSGSIZE)
		return;
	s->error = error->err;
	nx_socket_wake(s, POLLERR | POLLIN | POLLOUT);
}

static void on_writable(struct nexus_udp *udp, void *arg)
{
	struct nx_socket *s = arg;

	(void)udp;
	s->is_held = false;
	nx_socket_wake(s, POLLOUT);
}

int nx_udp_socket_adopt(struct nx_socket *s, int fd)
{
	struct nexus_stack *stack = nx_service_stack();
	struct nexus_udp_options options = {
		.rx_limit = NX_SOCKET_RX_LIMIT,
		.receive = on_receive,
		.error = on_error,
		.writable = on_writable,
		.arg = s,
	};
	int err;

	if (!stack)
		return -ENXIO;
	err = nexus_udp_adopt(stack, fd, &options, &s->udp);
	if (err)
		return err;
	s->state = NX_SOCKET_UDP;
	nx_watches_to_nexus(s);
	return 0;
}

static void fill_origin(const struct nexus_packet *pkt,
			struct nx_origin *origin)
{
	nexus_udp_source(pkt, &origin->from);
	nexus_udp_destination(pkt, &origin->to);
	origin->ifindex = nexus_packet_ifindex(pkt);
}

static void keep_again(struct nx_left *to, const struct nx_left_datagram *from)
{
	struct nx_left_datagram *d = nx_left_add(to, from->len);

	d->origin = from->origin;
	memcpy(d->data, from->data, from->len);
}

static void keep_packet(struct nx_left *to, const struct nexus_packet *pkt)
{
	struct nx_left_datagram *d = nx_left_add(to, (uint32_t)pkt->total_len);

	fill_origin(pkt, &d->origin);
	nexus_packet_read(pkt, 0, d->data, pkt->total_len);
}

/* What was left before, and what is queued, in one row; NULL: nothing is. */
static struct nx_left *gather(const struct nx_socket *s)
{
	const struct nx_left_datagram *first, *d;
	const struct nexus_packet *pkt;
	size_t nr = s->nr_queued, bytes = 0;
	struct nx_left *left;

	first = s->left ? nx_left_first(s->left) : NULL;
	for (d = first; d; d = nx_left_next(s->left, d), nr++)
		bytes += d->len;
	for (pkt = s->first; pkt; pkt = pkt->link)
		bytes += pkt->total_len;
	left = nr ? nx_left_alloc(nr, bytes) : NULL;
	if (!left)
		return NULL;
	for (d = first; d; d = nx_left_next(s->left, d))
		keep_again(left, d);
	for (pkt = s->first; pkt; pkt = pkt->link)
		keep_packet(left, pkt);
	return left;
}

void nx_udp_socket_hand_over(struct nx_socket *s)
{
	struct nx_left *left;

	/* What stands in the channel has arrived, too. */
	nx_service_run();
	left = gather(s);
	nx_left_free(s->left);
	s->left = left;
	nx_udp_socket_release(s);
}

void nx_udp_socket_release(struct nx_socket *s)
{
	struct nexus_stack *stack = nexus_udp_stack(s->udp);

	while (s->first)
		nexus_packet_put(stack, pop(s));
	nexus_udp_close(s->udp);
	s->udp = NULL;
}

/* ------------------------------------------------------------------ send */

static int copy_in(struct nexus_packet *pkt, const struct msghdr *msg)
{
	size_t off = 0, i;

	for (i = 0; i < msg->msg_iovlen; i++)
		off += nexus_packet_write(pkt, off, msg->msg_iov[i].iov_base,
					  msg->msg_iov[i].iov_len);
	return 0;
}

static int send_one(struct nx_socket *s, const struct msghdr *msg, size_t len,
		    const struct nexus_addr *to)
{
	struct nexus_stack *stack = nexus_udp_stack(s->udp);
	struct nexus_packet *pkt;
	struct nexus_addr remote;
	int err;

	err = nexus_packet_alloc(stack, len, &pkt);
	if (err)
		return err;
	copy_in(pkt, msg);
	/* Linux lets a connected socket name whom it sends to. */
	nexus_udp_remote(s->udp, &remote);
	if (to && remote.family && !memcmp(&remote, to, sizeof(remote)))
		to = NULL;
	err = nexus_udp_send(s->udp, pkt, to);
	if (err)
		nexus_packet_put(stack, pkt);
	return err;
}

/* There is no room: may it be tried again, and when? */
static int wait_for_room(struct nx_socket *s, int flags, uint64_t until_ns)
{
	if (s->nonblock || flags & MSG_DONTWAIT)
		return -EAGAIN;
	if (nexus_udp_is_suspended(s->udp)) {
		s->is_held = true;
		return nx_socket_wait(s, POLLOUT, until_ns);
	}
	/* The device gives buffers back, which wakes nobody. */
	until_ns = until_ns < nx_now_ns() + 1000000 ? until_ns :
						      nx_now_ns() + 1000000;
	nx_socket_wait(s, 0, until_ns);
	return s->state == NX_SOCKET_UDP ? 0 : -EBADF;
}

static ssize_t send_or_wait(struct nx_socket *s, const struct msghdr *msg,
			    size_t len, const struct nexus_addr *to, int flags)
{
	uint64_t until_ns = nx_deadline_ns(s->set.snd_timeout_ns);
	int err;

	for (;;) {
		err = send_one(s, msg, len, to);
		if (err != -EAGAIN)
			return err ? err : (ssize_t)len;
		nx_service_run();
		err = send_one(s, msg, len, to);
		if (err != -EAGAIN)
			return err ? err : (ssize_t)len;
		err = wait_for_room(s, flags, until_ns);
		if (err)
			return err;
	}
}

ssize_t nx_udp_socket_send(struct nx_socket *s, const struct msghdr *msg,
			   int flags)
{
	struct nexus_addr addr, *to = NULL;
	size_t len = nx_iov_bytes(msg);
	ssize_t ret;

	if (s->is_write_shut)
		return -EPIPE;
	if (s->error)
		return -nx_socket_take_error(s);
	if (len > NEXUS_UDP_PAYLOAD_MAX)
		return -EMSGSIZE;
	if (msg->msg_name && msg->msg_namelen) {
		ret = nexus_addr_from_sockaddr(&addr, msg->msg_name,
					       msg->msg_namelen);
		if (ret)
			return ret;
		to = &addr;
	}
	ret = send_or_wait(s, msg, len, to, flags);
	if (!(flags & NX_MSG_BATCH))
		nx_service_flush();
	/* As where a device's queue is full: it may be tried again. */
	return ret < 0 && nx_service_is_waiting() ? -ENOBUFS : ret;
}

/* --------------------------------------------------------------- receive */

static size_t copy_out(const struct nexus_packet *pkt, const struct msghdr *msg)
{
	size_t off = 0, i;

	for (i = 0; i < msg->msg_iovlen; i++)
		off += nexus_packet_read(pkt, off, msg->msg_iov[i].iov_base,
					 msg->msg_iov[i].iov_len);
	return off;
}

static size_t copy_left(const struct nx_left_datagram *d,
			const struct msghdr *msg)
{
	size_t off = 0, i, len;

	for (i = 0; i < msg->msg_iovlen; i++) {
		len = d->len - off;
		if (len > msg->msg_iov[i].iov_len)
			len = msg->msg_iov[i].iov_len;
		memcpy(msg->msg_iov[i].iov_base, d->data + off, len);
		off += len;
	}
	return off;
}

static void put_cmsg(struct msghdr *msg, size_t *room, int level, int type,
		     const void *data, size_t len)
{
	struct cmsghdr *cmsg = (struct cmsghdr *)((char *)msg->msg_control +
						  msg->msg_controllen);

	if (*room < CMSG_LEN(len)) {
		msg->msg_flags |= MSG_CTRUNC;
		return;
	}
	cmsg->cmsg_level = level;
	cmsg->cmsg_type = type;
	cmsg->cmsg_len = CMSG_LEN(len);
	memcpy(CMSG_DATA(cmsg), data, len);
	len = CMSG_SPACE(len) < *room ? CMSG_SPACE(len) : *room;
	msg->msg_controllen += len;
	*room -= len;
}

static void put_pktinfo4(const struct nx_origin *origin, struct msghdr *msg,
			 size_t *room)
{
	struct in_pktinfo info = { .ipi_ifindex = (int)origin->ifindex };

	memcpy(&info.ipi_addr, origin->to.ip, sizeof(info.ipi_addr));
	info.ipi_spec_dst = info.ipi_addr;
	put_cmsg(msg, room, IPPROTO_IP, IP_PKTINFO, &info, sizeof(info));
}

static void put_pktinfo6(const struct nx_origin *origin, struct msghdr *msg,
			 size_t *room)
{
	struct in6_pktinfo info = { .ipi6_ifindex = origin->ifindex };
	const struct nexus_addr *to = &origin->to;

	if (to->family == AF_INET) {
		info.ipi6_addr.s6_addr[10] = 0xff;
		info.ipi6_addr.s6_addr[11] = 0xff;
		memcpy(&info.ipi6_addr.s6_addr[12], to->ip, 4);
	} else {
		memcpy(&info.ipi6_addr, to->ip, sizeof(info.ipi6_addr));
	}
	put_cmsg(msg, room, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof(info));
}

/* Who sent it, and to which address. */
static void describe(const struct nx_socket *s, const struct nx_origin *origin,
		     struct msghdr *msg)
{
	size_t room = msg->msg_control ? msg->msg_controllen : 0;

	if (msg->msg_name)
		nx_put_addr(s, &origin->from, msg->msg_name, &msg->msg_namelen);
	msg->msg_controllen = 0;
	if (s->wants_pktinfo4 && origin->to.family == AF_INET)
		put_pktinfo4(origin, msg, &room);
	if (s->wants_pktinfo6)
		put_pktinfo6(origin, msg, &room);
}

/* The same of a packet, of which is read what is asked for. */
static void describe_packet(const struct nx_socket *s,
			    const struct nexus_packet *pkt, struct msghdr *msg)
{
	struct nx_origin origin;

	origin.to.family = 0;
	if (msg->msg_name)
		nexus_udp_source(pkt, &origin.from);
	if (s->wants_pktinfo4 || s->wants_pktinfo6) {
		nexus_udp_destination(pkt, &origin.to);
		origin.ifindex = nexus_packet_ifindex(pkt);
	}
	describe(s, &origin, msg);
}

ssize_t nx_udp_socket_recv_left(struct nx_socket *s, struct msghdr *msg,
				int flags)
{
	const struct nx_left_datagram *d;
	ssize_t ret = NX_PASS;
	size_t copied;

	d = flags & MSG_PEEK ? nx_left_first(s->left) : nx_left_take(s->left);
	if (d) {
		copied = copy_left(d, msg);
		msg->msg_flags = copied < d->len ? MSG_TRUNC : 0;
		describe(s, &d->origin, msg);
		ret = (ssize_t)(flags & MSG_TRUNC ? d->len : copied);
	}
	if (!nx_socket_has_left(s))
		nx_socket_forget_left(s);
	return ret;
}

static int wait_for_datagram(struct nx_socket *s, int flags)
{
	uint64_t until_ns = nx_deadline_ns(s->set.rcv_timeout_ns);

	if (s->first || s->error)
		return 0;
	nx_service_run();
	if (s->first || s->error || s->is_read_shut)
		return 0;
	if (s->nonblock || flags & MSG_DONTWAIT)
		return -EAGAIN;
	return nx_socket_wait(s, POLLIN, until_ns);
}

ssize_t nx_udp_socket_recv(struct nx_socket *s, struct msghdr *msg, int flags)
{
	int err = wait_for_datagram(s, flags);
	size_t copied, len;

	if (err)
		return err;
	if (s->error)
		return -nx_socket_take_error(s);
	msg->msg_flags = 0;
	if (!s->first)
		return 0;	/* shut down, or another thread was faster */
	len = s->first->total_len;
	copied = copy_out(s->first, msg);
	if (copied < len)
		msg->msg_flags |= MSG_TRUNC;
	describe_packet(s, s->first, msg);
	if (!(flags & MSG_PEEK))
		nexus_packet_put(nexus_udp_stack(s->udp), pop(s));
	return (ssize_t)(flags & MSG_TRUNC ? len : copied);
}
