// SPDX-License-Identifier: GPL-2.0
/*
 * Hosts: packets become segments of connections, and segments become packets.
 */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include <nexus/wire.h>

#include "world.h"

/* IPv6's header is the longer one. */
#define HEADERS_MAX	(NEXUS_WIRE_IPV6_LEN + NEXUS_WIRE_TCP_LEN_MAX)

/* ---------------------------------------------- what connections are given */

static void *alloc_record(struct nx_tcp_env *env)
{
	struct sim_host *host = sim_container(env, struct sim_host, env);
	void *record;

	if (sim_rng_chance(&host->rng, host->config.no_record_ppb))
		return NULL;
	record = malloc(NX_TCP_RECORD_SIZE);
	if (!record)
		abort();
	host->nr_records++;
	/* What is not set is seen to be wrong. */
	memset(record, 0x5a, NX_TCP_RECORD_SIZE);
	return record;
}

static void free_record(struct nx_tcp_env *env, void *record)
{
	struct sim_host *host = sim_container(env, struct sim_host, env);

	host->nr_records--;
	memset(record, 0x6b, NX_TCP_RECORD_SIZE);
	free(record);
}

static void hold_buf(struct nx_tcp_env *env, void *buf)
{
	(void)env;
	sim_packet_hold(buf);
}

static void put_buf(struct nx_tcp_env *env, void *buf)
{
	(void)env;
	sim_packet_put(buf);
}

/* ---------------------------------------------------------- connections */

static struct sim_conn **chain_of(struct sim_host *host, uint16_t local_port,
				  uint16_t remote_port)
{
	return &host->chains[(local_port * 31u + remote_port) % SIM_HOST_CHAINS];
}

struct sim_conn *sim_host_find(const struct sim_host *host, uint16_t local_port,
			       uint16_t remote_port)
{
	struct sim_conn *conn = *chain_of((struct sim_host *)host, local_port,
					  remote_port);

	while (conn && (conn->local_port != local_port ||
			conn->remote_port != remote_port))
		conn = conn->next;
	return conn;
}

static struct sim_conn *add_conn(struct sim_host *host, uint16_t local_port,
				 uint16_t remote_port,
				 const struct sim_app_config *app)
{
	struct sim_conn *conn = sim_conn_new(host, local_port, remote_port, app);
	struct sim_conn **chain = chain_of(host, local_port, remote_port);

	conn->next = *chain;
	*chain = conn;
	host->world->nr_open++;
	return conn;
}

void sim_host_forget(struct sim_host *host, struct sim_conn *conn)
{
	struct sim_conn **link = chain_of(host, conn->local_port,
					  conn->remote_port);

	while (*link != conn)
		link = &(*link)->next;
	*link = conn->next;
	conn->next = host->over;
	host->over = conn;
	host->world->nr_open--;
}

static void map_ip(const struct sim_host *host, const uint8_t *ip, uint8_t *out)
{
	if (host->config.version == 6) {
		memcpy(out, ip, 16);
		return;
	}
	out[10] = out[11] = 0xff;
	memcpy(out + 12, ip, 4);
}

/* The cookie that the other host's listener would give to this one. */
static void learn_cookie(struct sim_host *host, struct nx_fast_open *fo)
{
	struct sim_world *world = host->world;
	struct sim_host *server = &world->hosts[host == &world->hosts[0]];
	struct nx_tcp_seg request = { .hdr = {
		.flags = NEXUS_WIRE_TCP_SYN, .has = NEXUS_WIRE_TCP_FAST_OPEN,
	} };
	struct nx_tcp_tuple tuple = { .local_port = 0 };

	map_ip(host, host->peer_ip, tuple.local);
	map_ip(host, host->ip, tuple.remote);
	nx_fast_open_answer(&server->listener, &tuple, &request,
			    world->clock.now_ns, fo);
	/* Of a server without Fast Open there is none. */
	fo->cookie_len = NX_FAST_OPEN_COOKIE_LEN;
}

static void open_fast(struct sim_host *host, struct nx_fast_open *fo,
		      struct nx_tcp_open *open)
{
	*fo = (struct nx_fast_open){ .cookie_len = 0 };
	if (host->config.fast_open == SIM_FAST_OPEN_NONE)
		return;
	open->fast_open = fo;
	if (host->config.fast_open == SIM_FAST_OPEN_ASKS)
		return;
	learn_cookie(host, fo);
	fo->cookie[0] ^= host->config.fast_open == SIM_FAST_OPEN_WRONG;
}

struct sim_conn *sim_host_connect(struct sim_host *host, uint16_t local_port,
				  uint16_t remote_port,
				  const struct sim_app_config *app)
{
	struct sim_conn *conn = add_conn(host, local_port, remote_port, app);
	struct nx_fast_open fo;
	struct nx_tcp_open open;
	int error;

	sim_conn_open(host, local_port, remote_port, &open);
	open_fast(host, &fo, &open);
	sim_watch_open(&conn->watch, &open);
	error = nx_tcp_connect(&conn->tcp, &open, host->world->clock.now_ns);
	if (error)
		sim_world_fail(host->world, "%s: connect: %s", host->name,
			       strerror(-error));
	sim_app_start(&conn->app);
	sim_conn_service(conn);
	return conn;
}

/* -------------------------------------------------------------- sending */

static int build_ip(const struct sim_host *host, const struct nx_tcp_seg *seg,
		    uint8_t *buf, uint32_t len)
{
	struct nexus_wire_ipv4 ipv4 = {
		.total_len = (uint16_t)(NEXUS_WIRE_IPV4_LEN + len),
		.tos = seg->ecn, .ttl = 64, .protocol = IPPROTO_TCP,
		.has_df = true,
	};
	struct nexus_wire_ipv6 ipv6 = {
		.payload_len = (uint16_t)len, .traffic_class = seg->ecn,
		.next_header = IPPROTO_TCP, .hop_limit = 64,
	};

	if (host->config.version == 4) {
		memcpy(ipv4.src, host->ip, 4);
		memcpy(ipv4.dst, host->peer_ip, 4);
		return nexus_wire_ipv4_build(&ipv4, buf, HEADERS_MAX);
	}
	memcpy(ipv6.src, host->ip, 16);
	memcpy(ipv6.dst, host->peer_ip, 16);
	return nexus_wire_ipv6_build(&ipv6, buf, HEADERS_MAX);
}

/* The bytes [@from, @from + @len) of a segment's payload. */
static void gather(const struct nx_tcp_seg *seg, uint32_t from, uint32_t len,
		   uint8_t *out)
{
	for (uint32_t i = 0; i < seg->nr_spans && len; i++) {
		const struct nx_tcp_span *span = &seg->spans[i];
		const struct sim_packet *buf = span->buf;
		uint32_t part;

		if (from >= span->len) {
			from -= span->len;
			continue;
		}
		part = span->len - from < len ? span->len - from : len;
		memcpy(out, buf->data + span->off + from, part);
		out += part;
		len -= part;
		from = 0;
	}
}

static void send_one(struct sim_host *host, const struct nx_tcp_seg *seg,
		     const struct nexus_wire_tcp *hdr, uint32_t from,
		     uint32_t len)
{
	uint32_t tcp_len = (uint32_t)nexus_wire_tcp_len(hdr);
	uint8_t ip[HEADERS_MAX], *tcp;
	struct sim_packet *packet;
	uint16_t sum;
	int ip_len = build_ip(host, seg, ip, tcp_len + len);

	packet = sim_packet_get(&host->world->pool,
				(uint32_t)ip_len + tcp_len + len);
	memcpy(packet->data, ip, (size_t)ip_len);
	tcp = packet->data + ip_len;
	if (nexus_wire_tcp_build(hdr, tcp, tcp_len) != (int)tcp_len) {
		sim_world_fail(host->world, "%s: a header that cannot be built",
			       host->name);
		sim_packet_put(packet);
		return;
	}
	gather(seg, from, len, tcp + tcp_len);
	sum = nexus_wire_tcp_checksum(host->config.version, host->ip,
				      host->peer_ip, tcp, tcp_len + len);
	memcpy(tcp + 16, &sum, sizeof(sum));
	sim_link_send(host->out, packet);
}

/* As a device with TSO cuts: FIN and PSH on the last, CWR on the first. */
static void send_segment(struct sim_host *host, const struct nx_tcp_seg *seg,
			 uint16_t local_port, uint16_t remote_port)
{
	struct nexus_wire_tcp hdr = seg->hdr;
	uint32_t from = 0, len;

	hdr.src_port = local_port;
	hdr.dst_port = remote_port;
	hdr.checksum = 0;
	do {
		len = seg->len - from;
		hdr.flags = seg->hdr.flags;
		if (seg->gso_size && len > seg->gso_size) {
			len = seg->gso_size;
			hdr.flags &= (uint16_t)~(NEXUS_WIRE_TCP_FIN |
						 NEXUS_WIRE_TCP_PSH);
		}
		if (from)
			hdr.flags &= (uint16_t)~NEXUS_WIRE_TCP_CWR;
		hdr.seq = seg->hdr.seq + from;
		send_one(host, seg, &hdr, from, len);
		from += len;
	} while (from < seg->len);
}

void sim_host_send(struct sim_host *host, const struct sim_conn *conn,
		   const struct nx_tcp_seg *seg)
{
	send_segment(host, seg, conn->local_port, conn->remote_port);
}

/* ------------------------------------------------------------ receiving */

/* Where the segment begins in the packet, or 0 for a packet to be refused. */
static uint32_t parse_ip(const struct sim_host *host,
			 const struct sim_packet *packet, uint32_t *len)
{
	struct nexus_wire_ipv4 ipv4;
	struct nexus_wire_ipv6 ipv6;
	int ip_len;

	if (host->config.version == 4) {
		ip_len = nexus_wire_ipv4_parse(&ipv4, packet->data, packet->len);
		if (ip_len < 0 || ipv4.total_len > packet->len ||
		    ipv4.protocol != IPPROTO_TCP || ipv4.frag_off ||
		    ipv4.has_mf || memcmp(ipv4.src, host->peer_ip, 4) ||
		    memcmp(ipv4.dst, host->ip, 4))
			return 0;
		*len = ipv4.total_len - (uint32_t)ip_len;
		return (uint32_t)ip_len;
	}
	ip_len = nexus_wire_ipv6_parse(&ipv6, packet->data, packet->len);
	if (ip_len < 0 || ipv6.next_header != IPPROTO_TCP ||
	    ipv6.payload_len > packet->len - (uint32_t)ip_len ||
	    memcmp(ipv6.src, host->peer_ip, 16) ||
	    memcmp(ipv6.dst, host->ip, 16))
		return 0;
	*len = ipv6.payload_len;
	return (uint32_t)ip_len;
}

static bool parse(const struct sim_host *host, struct sim_packet *packet,
		  struct nx_tcp_seg *seg)
{
	uint32_t len, off = parse_ip(host, packet, &len);
	const uint8_t *tcp = packet->data + off;
	int header;

	if (!off || !nexus_wire_tcp_verify(host->config.version, host->peer_ip,
					   host->ip, tcp, len))
		return false;
	header = nexus_wire_tcp_parse(&seg->hdr, tcp, len);
	if (header < 0)
		return false;
	seg->ecn = sim_packet_ecn(packet);
	seg->gso_size = 0;
	seg->len = len - (uint32_t)header;
	seg->nr_spans = seg->len ? 1 : 0;
	seg->spans[0] = (struct nx_tcp_span){
		.buf = packet, .off = off + (uint32_t)header, .len = seg->len,
	};
	return true;
}

static void accept_conn(struct sim_host *host, const struct nx_tcp_open *open,
			const struct nx_tcp_seg *seg)
{
	struct sim_conn *conn = add_conn(host, seg->hdr.dst_port,
					 seg->hdr.src_port,
					 &host->config.server);
	int error;

	sim_watch_open(&conn->watch, open);
	sim_watch_input(&conn->watch, seg);
	error = nx_tcp_accept(&conn->tcp, open, seg,
			      host->world->clock.now_ns);
	if (error)
		sim_world_fail(host->world, "%s: accept: %s", host->name,
			       strerror(-error));
	conn->is_half = true;
	host->listener.nr_half++;
	conn->is_early = conn->tcp.is_early;
	if (conn->is_early)
		nx_fast_open_begin(&host->listener);
	sim_app_start(&conn->app);
	sim_conn_service(conn);
}

/* The ACK of a cookie. */
static void resume_conn(struct sim_host *host, const struct nx_tcp_open *open,
			const struct nx_cookie_syn *cookie,
			const struct nx_tcp_seg *seg)
{
	struct sim_conn *conn = add_conn(host, seg->hdr.dst_port,
					 seg->hdr.src_port,
					 &host->config.server);

	nx_tcp_resume(&conn->tcp, open, cookie, seg, host->world->clock.now_ns);
	sim_watch_resume(&conn->watch, cookie, seg);
	sim_watch_input(&conn->watch, seg);
	sim_app_start(&conn->app);
	nx_tcp_input(&conn->tcp, seg, host->world->clock.now_ns);
	sim_conn_service(conn);
}

static void answer(struct sim_host *host, const struct nx_tcp_seg *seg,
		   const struct nx_tcp_seg *with)
{
	host->nr_resets += !!(with->hdr.flags & NEXUS_WIRE_TCP_RST);
	send_segment(host, with, seg->hdr.dst_port, seg->hdr.src_port);
}

static void listen_input(struct sim_host *host, const struct nx_tcp_seg *seg)
{
	struct nx_tcp_tuple tuple = {
		.local_port = seg->hdr.dst_port,
		.remote_port = seg->hdr.src_port,
	};
	struct nx_cookie_syn cookie;
	struct nx_fast_open fo;
	struct nx_tcp_open open;
	struct nx_tcp_seg with;

	map_ip(host, host->ip, tuple.local);
	map_ip(host, host->peer_ip, tuple.remote);
	sim_conn_open(host, seg->hdr.dst_port, seg->hdr.src_port, &open);
	switch (nx_tcp_listen_input(&host->listener, &host->config.tcp, &tuple,
				    &open, seg, &with, &cookie,
				    host->world->clock.now_ns)) {
	case NX_TCP_OPEN_IT:
		if (nx_fast_open_answer(&host->listener, &tuple, seg,
					host->world->clock.now_ns, &fo))
			open.fast_open = &fo;
		accept_conn(host, &open, seg);
		break;
	case NX_TCP_RESUME:
		resume_conn(host, &open, &cookie, seg);
		break;
	case NX_TCP_ANSWER:
		answer(host, seg, &with);
		break;
	case NX_TCP_DROP:
		break;
	}
}

static void input(struct sim_host *host, const struct nx_tcp_seg *seg)
{
	struct sim_conn *conn = sim_host_find(host, seg->hdr.dst_port,
					      seg->hdr.src_port);
	struct nx_tcp_seg with;

	if (conn) {
		sim_watch_input(&conn->watch, seg);
		nx_tcp_input(&conn->tcp, seg, host->world->clock.now_ns);
		sim_conn_service(conn);
		if (conn->must_reopen && host->config.is_listening)
			listen_input(host, seg);
	} else if (host->config.is_listening) {
		listen_input(host, seg);
	} else if (nx_tcp_answer_closed(seg, &with)) {
		answer(host, seg, &with);
	}
}

static void receive(struct sim_sink *sink, struct sim_packet *packet)
{
	struct sim_host *host = sim_container(sink, struct sim_host, sink);
	struct nx_tcp_seg seg;

	if (parse(host, packet, &seg))
		input(host, &seg);
	else
		host->nr_corrupt++;
	/* Whoever needs it longer holds it. */
	sim_packet_put(packet);
}

/* ------------------------------------------------------------- path MTU */

/* The router is next door. */
#define ROUTER_NS	(SIM_NS_PER_MS / 2)

/* "Packet too big" has come: the packet that it quotes is of this host. */
static void on_refused(struct sim_event *event)
{
	struct sim_packet *quoted = sim_container(event, struct sim_packet,
						  event);
	struct sim_host *host = quoted->carrier;
	uint32_t ip_len = host->config.version == 4 ? NEXUS_WIRE_IPV4_LEN :
						      NEXUS_WIRE_IPV6_LEN;
	struct nexus_wire_tcp hdr;
	struct sim_conn *conn = NULL;

	if (nexus_wire_tcp_parse_quoted(&hdr, quoted->data + ip_len,
					quoted->len - ip_len) > 0)
		conn = sim_host_find(host, hdr.src_port, hdr.dst_port);
	sim_packet_put(quoted);
	if (!conn)
		return;
	nx_tcp_icmp_mtu(&conn->tcp, hdr.seq, host->out->config.mtu,
			host->world->clock.now_ns);
	sim_conn_service(conn);
}

static void refuse(struct sim_sink *sink, const struct sim_packet *packet,
		   uint32_t mtu)
{
	struct sim_host *host = sim_container(sink, struct sim_host, sink);
	struct sim_packet *quoted = sim_packet_copy(packet);
	struct sim_clock *clock = &host->world->clock;

	sim_trace_note(&host->world->trace, clock->now_ns,
		       "%s: a packet of %u bytes is too big, the MTU is %u",
		       host->name, packet->len, mtu);
	quoted->carrier = host;
	quoted->event.run = on_refused;
	sim_clock_arm(clock, &quoted->event, clock->now_ns + ROUTER_NS);
}

/* ------------------------------------------------------------ beginning */

void sim_host_init(struct sim_host *host, struct sim_world *world,
		   const struct sim_host_config *config, unsigned int index)
{
	static const char *const names[2] = { "client", "server" };

	*host = (struct sim_host){
		.sink = { .receive = receive, .refuse = refuse },
		.world = world,
		.config = *config,
		.name = names[index],
		.out = &world->links[index],
		.env = { alloc_record, free_record, hold_buf, put_buf },
	};
	/* RFC 5737's and RFC 3849's for documentation. */
	memcpy(host->ip, config->version == 4 ? "\xc0\x00\x02\x01" :
	       "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01",
	       config->version == 4 ? 4 : 16);
	memcpy(host->peer_ip, host->ip, sizeof(host->ip));
	host->ip[config->version == 4 ? 3 : 15] = (uint8_t)(1 + index);
	host->peer_ip[config->version == 4 ? 3 : 15] = (uint8_t)(2 - index);
	sim_rng_seed(&host->rng, world->config.seed, 100 + index);
	host->listener.backlog = config->backlog;
	host->listener.early_max = config->early_max;
	host->listener.key.k[0] = sim_rng_next(&host->rng);
	host->listener.key.k[1] = sim_rng_next(&host->rng);
}

void sim_host_exit(struct sim_host *host)
{
	struct sim_conn *conn;

	for (int i = 0; i < SIM_HOST_CHAINS; i++)
		while (host->chains[i])
			sim_host_forget(host, host->chains[i]);
	while ((conn = host->over)) {
		host->over = conn->next;
		sim_conn_free(conn);
	}
}
