// SPDX-License-Identifier: GPL-2.0
/*
 * nexus-httpd: serves the files of a folder by HTTP or HTTPS, over TCP of libnexus.
 * It binds its port and reads its key as whoever starts it, becomes an ordinary user,
 * and attaches to nexus as that user.
 */
#include <errno.h>
#include <getopt.h>
#include <nexus/nexus.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../common/common.h"
#include "httpd.h"
#include "line.h"

static const char usage[] =
"usage: nexus-httpd [OPTION...]\n"
"\n"
"Serves the files of a folder by HTTP/1.1: GET and HEAD, with ranges; by HTTPS\n"
"if it is given a certificate.\n"
"\n"
"  --root FOLDER    of the files (.)\n"
"  --address ADDR   IPv4 or IPv6 address to serve on (::, which is both)\n"
"  --port PORT      (80, or 443 with --cert)\n"
"  --cert FILE      certificate, and those that signed it, PEM\n"
"  --key FILE       its key, PEM, if that is not in the same file\n"
"  --ciphers LIST   of TLS 1.2, as OpenSSL names them, in place of those with\n"
"                   forward secrecy and an AEAD\n"
"  --nexus NAME     the nexus, if there are several\n"
"  --user NAME      become this user if started as root (nobody)\n"
"  --help           this text\n";

struct settings {
	struct bind_to		to;
	const char		*user;
	const char		*cert;
	const char		*key;
	const char		*ciphers;
	struct httpd_options	httpd;
};

static void parse_options(struct settings *settings, int argc, char **argv)
{
	static const struct option options[] = {
		{ "root", required_argument, NULL, 'r' },
		{ "address", required_argument, NULL, 'a' },
		{ "port", required_argument, NULL, 'p' },
		{ "cert", required_argument, NULL, 'c' },
		{ "key", required_argument, NULL, 'k' },
		{ "ciphers", required_argument, NULL, 'C' },
		{ "nexus", required_argument, NULL, 'n' },
		{ "user", required_argument, NULL, 'u' },
		{ "help", no_argument, NULL, 'h' },
		{ }
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'r': settings->httpd.root = optarg; break;
		case 'a': settings->to.address = optarg; break;
		case 'p': settings->to.port = parse_port(optarg); break;
		case 'c': settings->cert = optarg; break;
		case 'k': settings->key = optarg; break;
		case 'C': settings->ciphers = optarg; break;
		case 'n': settings->httpd.nexus = optarg; break;
		case 'u': settings->user = optarg; break;
		case 'h': fputs(usage, stdout); exit(0);
		default: fputs(usage, stderr); exit(2);
		}
	}
	if (optind < argc ||
	    ((settings->key || settings->ciphers) && !settings->cert)) {
		fputs(usage, stderr);
		exit(2);
	}
	if (!settings->to.port)
		settings->to.port = settings->cert ? 443 : 80;
}

static int timeout_ms(struct nexus_stack *stack)
{
	int64_t ns = nexus_stack_timeout_ns(stack);

	return ns < 0 ? -1 : (int)((ns + 999999) / 1000000);
}

/* Until a signal comes, or the stack ends. */
static int loop(struct nexus_stack *stack, int signal_fd)
{
	struct pollfd fds[] = {
		{ .fd = nexus_stack_fd(stack) },
		{ .fd = signal_fd, .events = POLLIN },
	};
	int ret;

	while (!fds[1].revents) {
		do
			ret = nexus_stack_run(stack);
		while (ret > 0);
		if (ret < 0) {
			complain("nexus: %s", nexus_strerror(ret));
			return ret;
		}
		fds[0].events = nexus_stack_poll_events(stack);
		if (poll(fds, 2, timeout_ms(stack)) < 0 && errno != EINTR)
			return -errno;
	}
	return 0;
}

static int serve(const struct settings *settings)
{
	const struct httpd_stats *stats;
	int signal_fd = open_signals();
	struct server *server;
	int err;

	if (signal_fd < 0)
		return -errno;
	err = server_open(&server, &settings->httpd);
	if (err)
		return err;
	printf("nexus-httpd: %s on %s port %u over %snexus, as user %u\n",
	       settings->httpd.root, settings->to.address, settings->to.port,
	       settings->httpd.secret ? "TLS and " : "", geteuid());
	fflush(stdout);
	err = loop(server_stack(server), signal_fd);
	stats = server_stats(server);
	printf("nexus-httpd: %llu connections, %llu answers, %llu bytes of files; %llu refused, %llu evicted, %llu too slow\n",
	       (unsigned long long)stats->connections,
	       (unsigned long long)stats->answers,
	       (unsigned long long)stats->bytes,
	       (unsigned long long)stats->refused,
	       (unsigned long long)stats->evicted,
	       (unsigned long long)stats->too_slow);
	server_close(server);
	return err;
}

/* What only who starts it may do; and then no more of it. */
static int prepare(struct settings *settings)
{
	int err = 0;

	settings->httpd.fd = bind_socket(&settings->to);
	if (settings->httpd.fd < 0)
		return settings->httpd.fd;
	if (settings->cert)
		err = secret_open(&settings->httpd.secret, settings->cert,
				  settings->key, settings->ciphers);
	return err ? err : drop_privileges(settings->user);
}

int main(int argc, char **argv)
{
	struct settings settings = {
		.to = { .address = "::", .type = SOCK_STREAM },
		.user = "nobody",
		.httpd.root = ".",
	};
	int err;

	parse_options(&settings, argc, argv);
	err = prepare(&settings);
	if (!err)
		err = serve(&settings);
	secret_close(settings.httpd.secret);
	return err ? 1 : 0;
}
