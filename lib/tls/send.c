// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * What leaves: payload sealed into the packets that carry it, and the few records
 * that the protocol itself sends.
 */
#include <poll.h>
#include <string.h>

#include <openssl/err.h>

#include "internal.h"
#include "size.h"

/* A large buffer holds so much behind its headers. */
#define PACKET_MAX	65280
/* What lies in a small one, if there is no large one. */
#define PACKET_SMALL	1920

/*
 * Around a payload that OpenSSL seals: more than any suite needs (RFC 5246 section
 * 6.2.3.2: header, IV, SHA-384 and padding are 101 bytes), and an alert or a key
 * update in front of it.
 */
#define ORDINARY_OVERHEAD	512

/* RFC 8446 section 5.5: 2^24.5 records wear a key of AES-GCM out. */
#define KEY_RECORDS	(1ULL << 23)

/* --------------------------------------------------- a few bytes, at once */

int nx_tls_put(struct nexus_tls *tls, const void *data, size_t len)
{
	struct nexus_packet *pkt;
	int err;

	err = nexus_packet_alloc(tls->stack, len, &pkt);
	if (err)
		return err;
	nexus_packet_write(pkt, 0, data, len);
	err = nexus_tcp_send_anyway(tls->tcp, pkt);
	if (err)
		nexus_packet_put(tls->stack, pkt);
	return err;
}

/* A number is used up by what was sealed, and so there must be a buffer first. */
int nx_tls_put_record(struct nexus_tls *tls, uint8_t type, const void *data,
		      size_t len)
{
	size_t total = nx_tls_front_len(&tls->tx) + len +
		       nx_tls_back_len(&tls->tx);
	struct nexus_packet *pkt;
	int err;

	err = nexus_packet_alloc(tls->stack, total, &pkt);
	if (err)
		return err;
	err = nx_tls_seal(&tls->tx, type, data, len, pkt->data);
	if (err > 0)
		err = nexus_tcp_send_anyway(tls->tcp, pkt);
	if (err) {
		nexus_packet_put(tls->stack, pkt);
		return err;
	}
	tls->records_out++;
	return 0;
}

bool nx_tls_is_quiet(const struct nexus_tls *tls)
{
	struct nexus_tcp_info info;

	nexus_tcp_info(tls->tcp, &info);
	return !info.unsent && !info.unacked;
}

static int put_ordinary_close(struct nexus_tls *tls)
{
	int ret;

	ERR_clear_error();
	ret = SSL_shutdown(tls->ssl);
	return ret < 0 ? nx_tls_ssl_error(tls, ret) : 0;
}

int nx_tls_put_close(struct nexus_tls *tls)
{
	static const uint8_t close_notify[] = { 1, SSL_AD_CLOSE_NOTIFY };
	int err = 0;

	if (tls->phase == NX_TLS_DIRECT)
		err = nx_tls_put_record(tls, NX_TLS_ALERT, close_notify,
					sizeof(close_notify));
	else if (tls->phase == NX_TLS_ORDINARY)
		err = put_ordinary_close(tls);
	if (!err)
		tls->is_shut = true;
	return err;
}

int nx_tls_put_update(struct nexus_tls *tls, bool ask_peer)
{
	const uint8_t message[] = { SSL3_MT_KEY_UPDATE, 0, 0, 1, ask_peer };
	int err;

	err = nx_tls_put_record(tls, NX_TLS_HANDSHAKE, message,
				sizeof(message));
	if (err)
		return err;
	tls->owes_update = false;
	tls->updates_out++;
	err = nx_tls_half_update(&tls->tx);
	return err ? nx_tls_fail(tls, err) : 0;
}

/* ----------------------------------------------------------------- sealing */

/**
 * struct plan - what goes into the next packet
 * @flight: that it is for; moved on record by record
 * @len:    payload
 * @total:  with what is around it
 */
struct plan {
	struct nx_tls_flight	flight;
	size_t			len;
	size_t			total;
};

static void read_flight(const struct nexus_tls *tls,
			struct nx_tls_flight *flight)
{
	struct nexus_tcp_info info;

	nexus_tcp_info(tls->tcp, &info);
	flight->mss = info.mss;
	flight->window = info.cwnd < info.snd_wnd ? info.cwnd : info.snd_wnd;
	flight->queued = (uint64_t)info.in_flight + info.unsent;
	flight->max = tls->max;
	flight->overhead = (uint32_t)(nx_tls_front_len(&tls->tx) +
				      nx_tls_back_len(&tls->tx));
}

/*
 * The next record of @left bytes, in a packet with @room bytes, of which @used are
 * taken; 0: in none. A record is not cut because a packet ends, if it can begin
 * the next.
 */
static size_t next_len(struct nx_tls_flight *flight, size_t left, size_t used,
		       size_t room)
{
	size_t len = nx_tls_record_len(flight);

	len = len < left ? len : left;
	if (used && len + flight->overhead > room - used)
		return 0;
	if (len + flight->overhead > room)
		len = room - flight->overhead;
	flight->queued += len + flight->overhead;
	return len;
}

static void make_plan(struct plan *plan, const struct nx_tls_flight *flight,
		      size_t left, size_t room)
{
	size_t len;

	*plan = (struct plan) { .flight = *flight };
	while (plan->len < left &&
	       (len = next_len(&plan->flight, left - plan->len, plan->total,
			       room)) != 0) {
		plan->len += len;
		plan->total += len + flight->overhead;
	}
}

/* The payload of one record, over the parts of @pkt. */
static int seal_payload(struct nexus_tls *tls, struct nexus_packet *pkt,
			size_t off, const uint8_t *src, size_t len)
{
	size_t part;
	int err = 0;

	for (; !err && len; pkt = pkt->next) {
		if (off >= pkt->len) {
			off -= pkt->len;
			continue;
		}
		part = pkt->len - off < len ? pkt->len - off : len;
		err = nx_tls_seal_update(&tls->tx, pkt->data + off, src, part);
		src += part;
		len -= part;
		off = 0;
	}
	return err;
}

/* One record at @off of @pkt. */
static int seal_at(struct nexus_tls *tls, struct nexus_packet *pkt, size_t off,
		   const uint8_t *src, size_t len)
{
	uint8_t front[NX_TLS_FRONT_MAX], back[NX_TLS_BACK_MAX];
	size_t front_len = nx_tls_front_len(&tls->tx);

	if (nx_tls_seal_begin(&tls->tx, NX_TLS_DATA, len, front) ||
	    seal_payload(tls, pkt, off + front_len, src, len) ||
	    nx_tls_seal_end(&tls->tx, NX_TLS_DATA, back))
		return -EIO;
	nexus_packet_write(pkt, off, front, front_len);
	nexus_packet_write(pkt, off + front_len + len, back,
			   nx_tls_back_len(&tls->tx));
	tls->records_out++;
	return 0;
}

/* As make_plan() has said. */
static int fill(struct nexus_tls *tls, struct nx_tls_flight *flight,
		struct nexus_packet *pkt, const uint8_t *src, size_t left)
{
	size_t off = 0, len;
	int err = 0;

	while (!err && left) {
		len = next_len(flight, left, off, pkt->total_len);
		err = seal_at(tls, pkt, off, src, len);
		off += len + flight->overhead;
		src += len;
		left -= len;
	}
	return err;
}

/* A packet for as much of @left as it holds. */
static int alloc_packet(struct nexus_tls *tls, struct plan *plan,
			const struct nx_tls_flight *flight, size_t left,
			struct nexus_packet **pkt)
{
	int err;

	make_plan(plan, flight, left, PACKET_MAX);
	err = nexus_packet_alloc(tls->stack, plan->total, pkt);
	if (!err || plan->total <= PACKET_SMALL)
		return err;
	make_plan(plan, flight, left, PACKET_SMALL);
	return nexus_packet_alloc(tls->stack, plan->total, pkt);
}

/* Bytes of @left that left in one packet, or why none did. */
static ssize_t write_packet(struct nexus_tls *tls, struct nx_tls_flight *flight,
			    const uint8_t *src, size_t left)
{
	struct nexus_packet *pkt;
	struct plan plan;
	int err;

	err = alloc_packet(tls, &plan, flight, left, &pkt);
	if (err)
		return err;
	err = fill(tls, flight, pkt, src, plan.len);
	if (!err)
		err = nexus_tcp_send_anyway(tls->tcp, pkt);
	if (!err)
		return (ssize_t)plan.len;
	/* Its numbers are used up: nothing can follow. */
	nexus_packet_put(tls->stack, pkt);
	return nx_tls_fail(tls, err);
}

/* ----------------------------------------------------------------- writing */

/* Is there room? A connection that is over has some: sending tells why. */
static bool has_room(const struct nexus_tls *tls)
{
	return nexus_tcp_poll_events(tls->tcp) & POLLOUT;
}

static int prepare(struct nexus_tls *tls)
{
	bool is_worn = tls->tx.version == TLS1_3_VERSION &&
		       tls->tx.aead->is_gcm && tls->tx.seq >= KEY_RECORDS;

	if (tls->owes_update || is_worn)
		return nx_tls_put_update(tls, false);
	return 0;
}

static ssize_t write_direct(struct nexus_tls *tls, const uint8_t *buf,
			    size_t len)
{
	struct nx_tls_flight flight;
	size_t done = 0;
	ssize_t n;

	/* Without room for payload, no answer goes in front of it. */
	if (!has_room(tls))
		return -EAGAIN;
	n = prepare(tls);
	read_flight(tls, &flight);
	while (n >= 0 && done < len) {
		n = has_room(tls) ? write_packet(tls, &flight, buf + done,
						 len - done) : -EAGAIN;
		if (n > 0)
			done += (size_t)n;
	}
	return done ? (ssize_t)done : n;
}

/* A packet for a record with @len bytes, or with as many as there is room for. */
static int reserve(struct nexus_tls *tls, size_t *len)
{
	size_t total;
	int err;

	*len = *len < NX_TLS_PLAIN_MAX ? *len : NX_TLS_PLAIN_MAX;
	total = *len + ORDINARY_OVERHEAD;
	tls->out_len = 0;
	err = nexus_packet_alloc(tls->stack, total, &tls->out);
	if (!err || total <= PACKET_SMALL)
		return err;
	*len = PACKET_SMALL - ORDINARY_OVERHEAD;
	return nexus_packet_alloc(tls->stack, PACKET_SMALL, &tls->out);
}

/* What was written into it leaves. */
static int send_reserved(struct nexus_tls *tls)
{
	struct nexus_packet *pkt = tls->out;
	int err = 0;

	tls->out = NULL;
	if (tls->out_len) {
		nexus_packet_trim(tls->stack, pkt, tls->out_len);
		err = nexus_tcp_send_anyway(tls->tcp, pkt);
	}
	if (err || !tls->out_len)
		nexus_packet_put(tls->stack, pkt);
	return err;
}

/*
 * OpenSSL goes on with a record of which a part could not leave, and takes nothing
 * else before that; but the program was told that nothing was taken. So there is
 * room for all of it first.
 */
static ssize_t write_ordinary(struct nexus_tls *tls, const void *buf, size_t len)
{
	int n, err;

	if (!has_room(tls))
		return -EAGAIN;
	err = reserve(tls, &len);
	if (err)
		return err;
	ERR_clear_error();
	n = SSL_write(tls->ssl, buf, (int)len);
	err = send_reserved(tls);
	if (n > 0 && err)
		return nx_tls_fail(tls, err);
	return n > 0 ? n : nx_tls_ssl_error(tls, n);
}

/* In the phase that it is in. */
static ssize_t write_now(struct nexus_tls *tls, const void *buf, size_t len)
{
	switch (tls->phase) {
	case NX_TLS_SHAKING:
		return -EAGAIN;
	case NX_TLS_DIRECT:
		return write_direct(tls, buf, len);
	case NX_TLS_ORDINARY:
		return write_ordinary(tls, buf, len);
	case NX_TLS_FAILED:
		break;
	}
	return tls->err;
}

/* Callback "writable" comes when there is room. */
static void want_writable(struct nexus_tls *tls)
{
	tls->wants_write = true;
	if (tls->phase != NX_TLS_SHAKING)
		nexus_tcp_want_writable(tls->tcp);
}

ssize_t nexus_tls_write(struct nexus_tls *tls, const void *buf, size_t len)
{
	ssize_t n;

	if (tls->is_shut)
		return -EPIPE;
	if (!len)
		return 0;
	n = write_now(tls, buf, len);
	if (n == -EAGAIN)
		want_writable(tls);
	return n;
}

int nexus_tls_update_keys(struct nexus_tls *tls, bool ask_peer)
{
	int err;

	if (tls->is_shut)
		return -EPIPE;
	switch (tls->phase) {
	case NX_TLS_SHAKING:
		return -EAGAIN;
	case NX_TLS_DIRECT:
		break;
	case NX_TLS_ORDINARY:
		return SSL_key_update(tls->ssl, ask_peer ?
				      SSL_KEY_UPDATE_REQUESTED :
				      SSL_KEY_UPDATE_NOT_REQUESTED) > 0 ?
		       0 : -EOPNOTSUPP;
	case NX_TLS_FAILED:
		return tls->err;
	}
	if (tls->tx.version != TLS1_3_VERSION)
		return -EOPNOTSUPP;
	err = nx_tls_put_update(tls, ask_peer);
	if (err == -EAGAIN)
		want_writable(tls);
	return err;
}

int nexus_tls_shutdown(struct nexus_tls *tls)
{
	int err;

	if (tls->is_shut)
		return 0;
	if (tls->phase == NX_TLS_FAILED)
		return tls->err;
	if (tls->phase == NX_TLS_SHAKING)
		return -ENOTCONN;
	err = nx_tls_put_close(tls);
	if (err == -EAGAIN)
		want_writable(tls);
	return err ? err : nexus_tcp_shutdown(tls->tcp);
}
