// SPDX-License-Identifier: GPL-2.0
/*
 * nexusperf: measures round trips, packets, bulk and connections over nexus and
 * over what the kernel offers beside it.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <net/ethernet.h>
#include <netdb.h>
#include <netinet/ether.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "perf.h"

static const char usage[] =
"usage: nexusperf MODE [OPTION...]\n"
"\n"
"modes\n"
"  rr                  blocking round trips with an echo at the other end\n"
"  tx                  transmit, nobody receives\n"
"  rx                  one end sends batches, the other receives them\n"
"  bulk                the same with the largest datagrams\n"
"  echo                the other end of rr: answer until killed\n"
"  tcp-rr              blocking round trips on connections, each in its turn\n"
"  tcp-bulk            one connection, one direction\n"
"  tcp-crr             connect, request, answer, close\n"
"  tls-bulk            as tcp-bulk, by TLS 1.3 with AES-128-GCM\n"
"  floor WHAT          what the machine takes: futex, pipe, syscall\n"
"\n"
"ends\n"
"  --pair              start both ends, in two processes; tcp: always so\n"
"  --lockstep          rx, bulk: both ends in one process, batch by batch\n"
"  --local ADDR        our address (127.0.0.1)\n"
"  --remote ADDR       the peer's address (127.0.0.1)\n"
"  --port PORT         of the echo or receiver (7777); the other end has the next\n"
"  --netns NAME        network namespace of our end\n"
"  --peer-netns NAME   and of the peer, with --pair and --lockstep\n"
"  --dev NAME          device of our end, for af_packet and af_xdp\n"
"  --peer-dev NAME     and of the peer\n"
"  --remote-mac MAC    the peer's, where nexusperf does not start the peer\n"
"  --nexus NAME        nexus of our end, if there are several\n"
"  --peer-nexus NAME   and of the peer\n"
"\n"
"how\n"
"  --backend NAME      nexus (default), kernel, af_packet, af_xdp\n"
"  --sender NAME       rx, bulk: back end of the sender (the same); tcp: of the\n"
"                      end that connects\n"
"  --connected         connect the sockets\n"
"  --low-latency N     nexus: our end is of the low-latency class, and asks for\n"
"                      N thousandths of the link\n"
"\n"
"how much\n"
"  --size BYTES        of payload (64; bulk: 65507, tcp-bulk, tls-bulk: 65536)\n"
"  --batch N           datagrams a call (32; bulk: 8)\n"
"  --window N          rx, bulk, --pair: datagrams on their way at most\n"
"  --connections N     tcp-rr: so many (1)\n"
"  --count N           operations to measure (100000 if no --time)\n"
"  --time SECONDS      measure for so long instead\n"
"  --warmup N          operations before that (5000)\n"
"\n"
"result\n"
"  --mean              read no clock inside, so no percentiles\n"
"  --json              one line of JSON\n";

enum {
	OPT_PAIR = 256, OPT_LOCKSTEP, OPT_LOCAL, OPT_REMOTE, OPT_PORT,
	OPT_NETNS, OPT_PEER_NETNS, OPT_DEV, OPT_PEER_DEV, OPT_REMOTE_MAC,
	OPT_NEXUS, OPT_PEER_NEXUS, OPT_BACKEND, OPT_SENDER, OPT_CONNECTED,
	OPT_LOW_LATENCY,
	OPT_SIZE, OPT_BATCH, OPT_WINDOW, OPT_CONNECTIONS, OPT_COUNT,
	OPT_TIME, OPT_WARMUP, OPT_MEAN, OPT_JSON, OPT_HELP,
};

static const struct option options[] = {
	{ "pair", no_argument, NULL, OPT_PAIR },
	{ "lockstep", no_argument, NULL, OPT_LOCKSTEP },
	{ "local", required_argument, NULL, OPT_LOCAL },
	{ "remote", required_argument, NULL, OPT_REMOTE },
	{ "port", required_argument, NULL, OPT_PORT },
	{ "netns", required_argument, NULL, OPT_NETNS },
	{ "peer-netns", required_argument, NULL, OPT_PEER_NETNS },
	{ "dev", required_argument, NULL, OPT_DEV },
	{ "peer-dev", required_argument, NULL, OPT_PEER_DEV },
	{ "remote-mac", required_argument, NULL, OPT_REMOTE_MAC },
	{ "nexus", required_argument, NULL, OPT_NEXUS },
	{ "peer-nexus", required_argument, NULL, OPT_PEER_NEXUS },
	{ "backend", required_argument, NULL, OPT_BACKEND },
	{ "sender", required_argument, NULL, OPT_SENDER },
	{ "connected", no_argument, NULL, OPT_CONNECTED },
	{ "low-latency", required_argument, NULL, OPT_LOW_LATENCY },
	{ "size", required_argument, NULL, OPT_SIZE },
	{ "batch", required_argument, NULL, OPT_BATCH },
	{ "window", required_argument, NULL, OPT_WINDOW },
	{ "connections", required_argument, NULL, OPT_CONNECTIONS },
	{ "count", required_argument, NULL, OPT_COUNT },
	{ "time", required_argument, NULL, OPT_TIME },
	{ "warmup", required_argument, NULL, OPT_WARMUP },
	{ "mean", no_argument, NULL, OPT_MEAN },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "help", no_argument, NULL, OPT_HELP },
	{ }
};

static const struct perf_backend * const backends[] = {
	&perf_backend_nexus,
	&perf_backend_kernel,
	&perf_backend_packet,
	&perf_backend_xdp,
};

static const struct {
	const char	*name;
	enum perf_mode	mode;
} modes[] = {
	{ "rr", PERF_RR }, { "tx", PERF_TX }, { "rx", PERF_RX },
	{ "bulk", PERF_BULK }, { "echo", PERF_ECHO }, { "floor", PERF_FLOOR },
	{ "tcp-rr", PERF_TCP_RR }, { "tcp-bulk", PERF_TCP_BULK },
	{ "tcp-crr", PERF_TCP_CRR }, { "tls-bulk", PERF_TLS_BULK },
};

static void __attribute__((noreturn, format(printf, 1, 2)))
die(const char *format, ...)
{
	va_list args;

	fputs("nexusperf: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputs("\nTry 'nexusperf --help'.\n", stderr);
	exit(2);
}

static unsigned long long parse_number(const char *name, const char *text,
				       unsigned long long min,
				       unsigned long long max)
{
	unsigned long long value;
	char *tail;

	errno = 0;
	value = strtoull(text, &tail, 10);
	if (errno || tail == text || *tail || *text == '-' || value < min ||
	    value > max)
		die("--%s %s: a number from %llu to %llu is needed", name, text,
		    min, max);
	return value;
}

static uint64_t parse_seconds(const char *text)
{
	char *tail;
	double value = strtod(text, &tail);

	if (tail == text || *tail || !(value >= 0.001 && value <= 86400))
		die("--time %s: seconds from 0.001 to 86400 are needed", text);
	return value * 1e9;
}

static void parse_addr(const char *name, const char *text,
		       union perf_addr *addr)
{
	const struct addrinfo hints = {
		.ai_flags = AI_NUMERICHOST,
		.ai_socktype = SOCK_DGRAM,
	};
	struct addrinfo *list;

	if (getaddrinfo(text, NULL, &hints, &list))
		die("--%s %s: an IPv4 or IPv6 address is needed", name, text);
	memcpy(addr, list->ai_addr, list->ai_addrlen);
	freeaddrinfo(list);
}

static void parse_mac(const char *text, uint8_t *mac)
{
	struct ether_addr *addr = ether_aton(text);

	if (!addr)
		die("--remote-mac %s: not a MAC address", text);
	memcpy(mac, addr, ETH_ALEN);
}

static const struct perf_backend *parse_backend(const char *text)
{
	size_t i;

	for (i = 0; i < sizeof(backends) / sizeof(backends[0]); i++)
		if (!strcmp(backends[i]->name, text))
			return backends[i];
	die("back end %s: there are nexus, kernel, af_packet and af_xdp", text);
}

static enum perf_mode parse_mode(const char *text)
{
	size_t i;

	for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (!strcmp(modes[i].name, text))
			return modes[i].mode;
	die("mode %s: there are rr, tx, rx, bulk, echo, floor, tcp-rr, tcp-bulk, "
	    "tcp-crr and tls-bulk", text);
}

static void parse_place(struct perf_config *cfg, int option, const char *arg)
{
	switch (option) {
	case OPT_LOCAL:
		parse_addr("local", arg, &cfg->local.addr);
		break;
	case OPT_REMOTE:
		parse_addr("remote", arg, &cfg->remote.addr);
		break;
	case OPT_NETNS:
		cfg->local.netns = arg;
		break;
	case OPT_PEER_NETNS:
		cfg->remote.netns = arg;
		break;
	case OPT_DEV:
		cfg->local.dev = arg;
		break;
	case OPT_PEER_DEV:
		cfg->remote.dev = arg;
		break;
	case OPT_NEXUS:
		cfg->local.nexus = arg;
		break;
	case OPT_PEER_NEXUS:
		cfg->remote.nexus = arg;
		break;
	case OPT_REMOTE_MAC:
		parse_mac(arg, cfg->remote.mac);
		cfg->has_mac = true;
		break;
	default:
		exit(2);	/* getopt_long has told why */
	}
}

static void parse_how_much(struct perf_config *cfg, int option, const char *arg)
{
	switch (option) {
	case OPT_SIZE:
		cfg->size = parse_number("size", arg, 0,
					 perf_is_tcp(cfg) ? PERF_TCP_SIZE_MAX :
							    PERF_SIZE_MAX);
		break;
	case OPT_BATCH:
		cfg->batch = parse_number("batch", arg, 1, PERF_BATCH_MAX);
		break;
	case OPT_WINDOW:
		cfg->window = parse_number("window", arg, 1, 1 << 20);
		break;
	case OPT_CONNECTIONS:
		cfg->connections = parse_number("connections", arg, 1,
						PERF_CONNECTIONS_MAX);
		break;
	case OPT_COUNT:
		cfg->count = parse_number("count", arg, 1, 1ULL << 40);
		break;
	case OPT_TIME:
		cfg->time_ns = parse_seconds(arg);
		break;
	case OPT_WARMUP:
		cfg->warmup = parse_number("warmup", arg, 1, 1ULL << 40);
		break;
	default:
		parse_place(cfg, option, arg);
	}
}

static void parse_option(struct perf_config *cfg, int option, const char *arg,
			 unsigned int *port)
{
	switch (option) {
	case OPT_PAIR:
		cfg->ends = PERF_ENDS_PAIR;
		break;
	case OPT_LOCKSTEP:
		cfg->ends = PERF_ENDS_LOCKSTEP;
		break;
	case OPT_PORT:
		*port = parse_number("port", arg, 1, 65534);
		break;
	case OPT_BACKEND:
		cfg->backend = parse_backend(arg);
		break;
	case OPT_SENDER:
		cfg->sender = parse_backend(arg);
		break;
	case OPT_CONNECTED:
		cfg->connected = true;
		break;
	case OPT_LOW_LATENCY:
		cfg->ll_permille = parse_number("low-latency", arg, 1, 1000);
		break;
	case OPT_MEAN:
		cfg->mean = true;
		break;
	case OPT_JSON:
		cfg->json = true;
		break;
	case OPT_HELP:
		fputs(usage, stdout);
		exit(0);
	default:
		parse_how_much(cfg, option, arg);
	}
}

static void set_port(union perf_addr *addr, unsigned int port)
{
	if (addr->sa.sa_family == AF_INET6)
		addr->in6.sin6_port = htons(port);
	else
		addr->in.sin_port = htons(port);
}

static unsigned int default_size(enum perf_mode mode)
{
	if (mode == PERF_BULK)
		return PERF_SIZE_MAX;
	return mode == PERF_TCP_BULK || mode == PERF_TLS_BULK ? 65536 : 64;
}

static const struct perf_backend *stream_of(const struct perf_config *cfg,
					    const struct perf_backend *backend)
{
	return cfg->mode == PERF_TLS_BULK ? backend->tls : backend->tcp;
}

/* With TCP the same back ends have other functions. */
static void complete_tcp(struct perf_config *cfg)
{
	cfg->backend = stream_of(cfg, cfg->backend);
	cfg->sender = stream_of(cfg, cfg->sender);
	if (!cfg->backend || !cfg->sender)
		die("TCP has the back ends nexus and kernel");
	cfg->ends = PERF_ENDS_PAIR;
	if (!cfg->connections)
		cfg->connections = 1;
	/* The connecting end has any port. */
	set_port(&cfg->local.addr, 0);
}

/* Whatever the command line left open. */
static void complete(struct perf_config *cfg, unsigned int port)
{
	bool is_bulk = cfg->mode == PERF_BULK;

	if (!cfg->local.addr.sa.sa_family)
		parse_addr("local", "127.0.0.1", &cfg->local.addr);
	if (!cfg->remote.addr.sa.sa_family)
		parse_addr("remote", "127.0.0.1", &cfg->remote.addr);
	/* The end that is waited at has the port, the other one the next. */
	set_port(&cfg->local.addr, cfg->mode == PERF_ECHO ? port : port + 1);
	set_port(&cfg->remote.addr, port);
	if (!cfg->sender)
		cfg->sender = cfg->backend;
	if (cfg->size == UINT32_MAX)
		cfg->size = default_size(cfg->mode);
	if (!cfg->batch)
		cfg->batch = is_bulk ? 8 : 32;
	if (!cfg->count && !cfg->time_ns)
		cfg->count = 100000;
	if (perf_is_tcp(cfg))
		complete_tcp(cfg);
}

static void check(const struct perf_config *cfg)
{
	bool receives = cfg->mode == PERF_RX || cfg->mode == PERF_BULK;

	if (cfg->local.addr.sa.sa_family != cfg->remote.addr.sa.sa_family &&
	    cfg->mode != PERF_ECHO)
		die("--local and --remote are of different families");
	if (receives && cfg->ends == PERF_ENDS_ALONE)
		die("this mode needs both ends: --pair or --lockstep");
	if (!receives && cfg->ends == PERF_ENDS_LOCKSTEP)
		die("--lockstep is for rx and bulk");
	if (cfg->mode == PERF_BULK && cfg->size > 1472 &&
	    (!cfg->backend->large || !cfg->sender->large))
		die("a back end that sees frames can't carry %u bytes: --size",
		    cfg->size);
	if (perf_is_tcp(cfg) && !cfg->size)
		die("a request has a byte or more: --size");
	if (cfg->connections > 1 && cfg->mode != PERF_TCP_RR)
		die("--connections is for tcp-rr");
	if (cfg->window && cfg->window < cfg->batch)
		die("--window %u is less than a batch of %u", cfg->window,
		    cfg->batch);
	if (cfg->count && cfg->time_ns)
		die("--count and --time exclude each other");
	if (cfg->ends == PERF_ENDS_ALONE && cfg->mode == PERF_RR &&
	    (cfg->backend == &perf_backend_packet ||
	     cfg->backend == &perf_backend_xdp) && !cfg->has_mac)
		die("%s needs --remote-mac, the MAC address of the echo",
		    cfg->backend->name);
}

int main(int argc, char **argv)
{
	struct perf_config cfg = {
		.backend = &perf_backend_nexus,
		.size = UINT32_MAX,
		.warmup = 5000,
	};
	struct perf_result result = { 0 };
	unsigned int port = PERF_PORT;
	int option, err;

	if (argc > 1 && argv[1][0] != '-') {
		cfg.mode = parse_mode(argv[1]);
		argc--;
		argv++;
	} else if (argc < 2 || strcmp(argv[1], "--help")) {
		die("a mode is needed");
	}
	if (cfg.mode == PERF_FLOOR) {
		if (argc < 2 || argv[1][0] == '-')
			die("floor of what: futex, pipe or syscall");
		cfg.reference = argv[1];
		argc--;
		argv++;
	}
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
		parse_option(&cfg, option, optarg, &port);
	if (optind < argc)
		die("%s: what is that?", argv[optind]);
	complete(&cfg, port);
	check(&cfg);

	err = perf_run(&cfg, &result);
	if (err || cfg.mode == PERF_ECHO)
		return err ? 1 : 0;
	perf_report(&cfg, &result);
	free(result.samples);
	return 0;
}
