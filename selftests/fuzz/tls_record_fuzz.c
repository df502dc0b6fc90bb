// SPDX-License-Identifier: GPL-2.0
/*
 * Records that arrive after the handshake: from a peer that has the keys, in
 * packets of any length, and bytes that nobody sealed. What is read is the payload
 * that was sealed, in its order, and nothing else; and a connection that has refused
 * something stays refused.
 *
 * lib/tls runs on a TCP that is this file's: what "arrives" is what the input says.
 */
#include <errno.h>
#include <poll.h>

#include "../../lib/tls/internal.h"
#include "../../lib/tls/keys.h"
#include "fuzz.h"

#define PAYLOAD_MAX	(1 << 18)

/* Behind the payload of each packet. */
#define TAILROOM	300

/* -------------------------------------------------------- TCP and packets */

static struct nexus_packet *arrived[64];
static unsigned int nr_arrived;
static bool has_ended;
static long nr_packets;

static struct nexus_packet *make_packet(const void *data, size_t len)
{
	struct nexus_packet *pkt = calloc(1, sizeof(*pkt));

	pkt->data = malloc(len + TAILROOM);
	pkt->head = pkt->data;
	pkt->buf = (uint32_t)(len + TAILROOM);
	pkt->len = (uint32_t)len;
	pkt->total_len = (uint32_t)len;
	if (data)
		memcpy(pkt->data, data, len);
	nr_packets++;
	return pkt;
}

void nexus_packet_put(struct nexus_stack *stack, struct nexus_packet *pkt)
{
	(void)stack;
	if (!pkt)
		return;
	free(pkt->head);
	free(pkt);
	nr_packets--;
}

struct nexus_packet *nexus_packet_slice(struct nexus_stack *stack,
					struct nexus_packet *pkt, size_t off,
					size_t len)
{
	(void)stack;
	CHECK(off < pkt->total_len && len <= pkt->total_len - off);
	return make_packet(pkt->data + off, len);
}

int nexus_packet_alloc(struct nexus_stack *stack, size_t len,
		       struct nexus_packet **pkt)
{
	(void)stack;
	*pkt = make_packet(NULL, len);
	return 0;
}

void nexus_packet_trim(struct nexus_stack *stack, struct nexus_packet *pkt,
		       size_t len)
{
	(void)stack;
	pkt->len = (uint32_t)len;
	pkt->total_len = (uint32_t)len;
}

size_t nexus_packet_write(struct nexus_packet *pkt, size_t off,
			  const void *src, size_t len)
{
	CHECK(off + len <= pkt->len);
	memcpy(pkt->data + off, src, len);
	return len;
}

size_t nexus_packet_read(const struct nexus_packet *pkt, size_t off, void *dst,
			 size_t len)
{
	CHECK(off + len <= pkt->len);
	memcpy(dst, pkt->data + off, len);
	return len;
}

size_t nexus_packet_tailroom(const struct nexus_stack *stack,
			     const struct nexus_packet *pkt)
{
	(void)stack;
	return pkt->buf - (size_t)(pkt->data + pkt->len - pkt->head);
}

int nexus_tcp_recv(struct nexus_tcp *tcp, struct nexus_packet **pkt)
{
	(void)tcp;
	*pkt = NULL;
	if (!nr_arrived)
		return has_ended ? 0 : -EAGAIN;
	*pkt = arrived[0];
	nr_arrived--;
	memmove(arrived, arrived + 1, nr_arrived * sizeof(arrived[0]));
	return 0;
}

int nexus_tcp_send_anyway(struct nexus_tcp *tcp, struct nexus_packet *pkt)
{
	(void)tcp;
	nexus_packet_put(NULL, pkt);
	return 0;
}

/* Of a connection that is over, which this one never is. */
ssize_t nexus_tcp_peek(struct nexus_tcp *tcp, void *buf, size_t size)
{
	(void)tcp;
	(void)buf;
	(void)size;
	return -EAGAIN;
}

int nexus_tcp_shutdown(struct nexus_tcp *tcp)
{
	(void)tcp;
	return 0;
}

void nexus_tcp_want_writable(struct nexus_tcp *tcp)
{
	(void)tcp;
}

short nexus_tcp_poll_events(const struct nexus_tcp *tcp)
{
	(void)tcp;
	return POLLOUT;
}

void nexus_tcp_info(const struct nexus_tcp *tcp, struct nexus_tcp_info *info)
{
	(void)tcp;
	*info = (struct nexus_tcp_info) { .mss = 1448, .cwnd = 14480 };
}

int nexus_stack_check(const struct nexus_stack *stack)
{
	(void)stack;
	return 0;
}

/* Only of a handshake, and of a suite that is OpenSSL's. */
int nx_tls_ssl_error(struct nexus_tls *tls, int ret)
{
	(void)tls;
	(void)ret;
	CHECK(false);
	return 0;
}

/* ---------------------------------------------------------------- the ends */

/**
 * struct world - a connection and its peer
 * @tls:     under test
 * @context: of it
 * @peer:    seals for it
 * @payload, @nr_sealed, @nr_read: that was sealed, and read
 * @is_clean: all that has arrived was sealed
 */
struct world {
	struct nexus_tls		tls;
	struct nexus_tls_context	context;
	struct nx_tls_half		peer;
	uint8_t				*payload;
	size_t				nr_sealed;
	size_t				nr_read;
	bool				is_clean;
};

static void init_half(struct nx_tls_half *half, int version, int nid, bool seals)
{
	static const uint8_t key[32] = { 1, 2, 3 };

	half->aead = nx_tls_aead_find(nid);
	half->md = EVP_sha256();
	half->version = version;
	half->seals = seals;
	half->secret = nx_tls_secret_alloc();
	CHECK(half->secret);
	memset(half->secret->traffic, 0x17, sizeof(half->secret->traffic));
	CHECK(!(version == TLS1_3_VERSION ? nx_tls_half_init_13(half) :
					    nx_tls_half_init_12(half, key)));
}

static void exit_half(struct nx_tls_half *half)
{
	nx_tls_half_exit(half);
	nx_tls_secret_free(half->secret);
}

static void start(struct world *w, uint8_t how)
{
	static uint8_t payload[PAYLOAD_MAX];
	int version = how & 1 ? TLS1_3_VERSION : TLS1_2_VERSION;
	int nid = how & 2 ? NID_aes_128_gcm : NID_chacha20_poly1305;

	memset(w, 0, sizeof(*w));
	w->context.is_server = true;
	w->tls.context = &w->context;
	w->tls.phase = NX_TLS_DIRECT;
	w->tls.alert_sent = -1;
	w->tls.alert_received = -1;
	w->tls.max = NX_TLS_PLAIN_MAX;
	w->is_clean = true;
	w->payload = payload;
	init_half(&w->tls.rx, version, nid, false);
	init_half(&w->tls.tx, version, nid, true);
	init_half(&w->peer, version, nid, true);
	has_ended = false;
}

static void finish(struct world *w)
{
	while (nr_arrived)
		nexus_packet_put(NULL, arrived[--nr_arrived]);
	nx_tls_chain_exit(&w->tls.in, NULL);
	nx_tls_message_exit(&w->tls.msg);
	exit_half(&w->tls.rx);
	exit_half(&w->tls.tx);
	exit_half(&w->peer);
	CHECK(!nr_packets);
}

/* ----------------------------------------------------------------- reading */

static void check_payload(struct world *w, const uint8_t *data, size_t len)
{
	CHECK(len <= w->nr_sealed - w->nr_read);
	CHECK(!memcmp(data, w->payload + w->nr_read, len));
	w->nr_read += len;
}

static void read_all(struct world *w, bool copies)
{
	struct nexus_packet *pkt;
	uint8_t buf[777];
	ssize_t n = -EAGAIN;

	do {
		if (copies) {
			n = nexus_tls_read(&w->tls, buf, sizeof(buf));
			if (n > 0)
				check_payload(w, buf, (size_t)n);
			continue;
		}
		n = nexus_tls_recv(&w->tls, &pkt);
		if (!n && pkt) {
			n = pkt->total_len;
			check_payload(w, pkt->data, pkt->len);
			nexus_packet_put(NULL, pkt);
		}
	} while (n > 0);
	CHECK(n <= 0);
	CHECK((n == 0) == (w->tls.has_ended && w->tls.phase == NX_TLS_DIRECT));
	if (w->tls.phase == NX_TLS_FAILED)
		CHECK(n == w->tls.err && n != -EAGAIN);
	/* A peer that seals payload alone is refused for nothing. */
	if (n == -EAGAIN && w->is_clean)
		CHECK(w->nr_read == w->nr_sealed);
}

/* ----------------------------------------------------------------- arriving */

/* In packets of @piece bytes, as long as there is a place for them. */
static void arrive(const uint8_t *data, size_t len, size_t piece)
{
	size_t part;

	for (; len; data += part, len -= part) {
		part = nr_arrived < 62 && len > piece ? piece : len;
		arrived[nr_arrived++] = make_packet(data, part);
	}
}

/* RFC 8446 section 5.2 by hand: any type, and padding. */
static size_t seal(struct world *w, uint8_t type, const uint8_t *data,
		   size_t len, size_t padding, uint8_t *record)
{
	uint8_t zeros[256] = { 0 };
	uint8_t *p = record + nx_tls_front_len(&w->peer);

	if (w->peer.version == TLS1_2_VERSION || !padding)
		return (size_t)nx_tls_seal(&w->peer, type, data, len, record);
	/* The type is in the middle, and the type that is sealed is a zero. */
	nx_tls_seal_begin(&w->peer, 0, len + padding, record);
	nx_tls_seal_update(&w->peer, p, data, len);
	nx_tls_seal_update(&w->peer, p + len, &type, 1);
	nx_tls_seal_update(&w->peer, p + len + 1, zeros, padding - 1);
	nx_tls_seal_end(&w->peer, 0, p + len + padding);
	return nx_tls_front_len(&w->peer) + len + padding +
	       nx_tls_back_len(&w->peer);
}

static void arrive_sealed(struct world *w, uint8_t type, const uint8_t *data,
			  size_t len, uint8_t padding, size_t piece)
{
	static uint8_t record[NX_TLS_FRONT_MAX + 20000 + 256 + NX_TLS_BACK_MAX];
	size_t total = seal(w, type, data, len, padding, record);

	arrive(record, total, piece);
	if (type == NX_TLS_DATA && w->nr_sealed + len <= PAYLOAD_MAX) {
		memcpy(w->payload + w->nr_sealed, data, len);
		w->nr_sealed += len;
	}
	w->is_clean &= type == NX_TLS_DATA && len;
	/* Both ends change keys when a whole KeyUpdate has passed. */
	if (type == NX_TLS_HANDSHAKE && len == 5 && data[0] == 24 &&
	    w->peer.version == TLS1_3_VERSION)
		CHECK(!nx_tls_half_update(&w->peer));
}

static void step(struct world *w, const uint8_t **data, size_t *size)
{
	static const uint8_t types[] = { 20, 21, 22, 22, 23, 23, 23, 24 };
	uint8_t what = (uint8_t)fuzz_take(data, size, 1);
	size_t len = (size_t)fuzz_take(data, size, 2);
	size_t piece = 1 + (size_t)fuzz_take(data, size, 2);
	uint8_t padding = (uint8_t)fuzz_take(data, size, 1);

	len = len < *size ? len : *size;
	len = len < NX_TLS_PLAIN_MAX ? len : NX_TLS_PLAIN_MAX;
	if (what & 0x40) {
		arrive(*data, len, piece);
		w->is_clean = false;
	} else {
		arrive_sealed(w, types[what & 7], *data, len,
			      what & 0x20 ? padding : 0, piece);
	}
	*data += len;
	*size -= len;
	read_all(w, what & 0x80);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct world w;

	start(&w, (uint8_t)fuzz_take(&data, &size, 1));
	/* After its end nothing is taken from TCP any more. */
	while (size && w.tls.phase == NX_TLS_DIRECT && !w.tls.has_ended)
		step(&w, &data, &size);
	has_ended = true;
	w.is_clean = false;
	read_all(&w, true);
	finish(&w);
	return 0;
}
