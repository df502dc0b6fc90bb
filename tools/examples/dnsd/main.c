// SPDX-License-Identifier: GPL-2.0
/*
 * nexus-dnsd: a small authoritative DNS responder, an example of a server on
 * libnexus with an event loop of its own. It binds its port as whoever starts
 * it, becomes an ordinary user, and attaches to nexus as that user.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "../common/common.h"
#include "dnsd.h"

#define ZONE_FILE_MAX	(4 << 20)

static const char usage[] =
"usage: nexus-dnsd --zone FILE [OPTION...]\n"
"\n"
"Answers DNS queries about one zone, over UDP.\n"
"\n"
"  --zone FILE      a master file with A, AAAA, NS, SOA and TXT records\n"
"  --address ADDR   IPv4 or IPv6 address to serve on (::, which is both)\n"
"  --port PORT      (53)\n"
"  --nexus NAME     the nexus, if there are several\n"
"  --kernel         serve with an ordinary socket, for comparison\n"
"  --user NAME      become this user if started as root (nobody)\n"
"  --check          read the zone and end\n";

struct settings {
	const char			*zone_path;
	const char			*address;
	const char			*user;
	unsigned int			port;
	bool				is_check;
	const struct dnsd_transport	*transport;
};

static void parse_options(struct dnsd *dnsd, struct settings *settings,
			  int argc, char **argv)
{
	static const struct option options[] = {
		{ "zone", required_argument, NULL, 'z' },
		{ "address", required_argument, NULL, 'a' },
		{ "port", required_argument, NULL, 'p' },
		{ "nexus", required_argument, NULL, 'n' },
		{ "kernel", no_argument, NULL, 'k' },
		{ "user", required_argument, NULL, 'u' },
		{ "check", no_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' },
		{ }
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'z': settings->zone_path = optarg; break;
		case 'a': settings->address = optarg; break;
		case 'p': settings->port = parse_port(optarg); break;
		case 'n': dnsd->nexus = optarg; break;
		case 'k': settings->transport = &dnsd_kernel; break;
		case 'u': settings->user = optarg; break;
		case 'c': settings->is_check = true; break;
		case 'h': fputs(usage, stdout); exit(0);
		default: fputs(usage, stderr); exit(2);
		}
	}
	if (!settings->zone_path || optind < argc) {
		fputs(usage, stderr);
		exit(2);
	}
}

/* The whole file, with a NUL behind it; NULL after a message. */
static char *read_file(const char *path)
{
	char *text = malloc(ZONE_FILE_MAX + 1);
	FILE *file = text ? fopen(path, "r") : NULL;
	size_t len;

	if (!file) {
		complain("%s: %s", path, strerror(errno));
		free(text);
		return NULL;
	}
	len = fread(text, 1, ZONE_FILE_MAX + 1, file);
	if (ferror(file) || len > ZONE_FILE_MAX || memchr(text, 0, len)) {
		complain("%s: %s", path, ferror(file) ? strerror(errno) :
			   len > ZONE_FILE_MAX ? "larger than 4 MiB" :
						 "not a text file");
		free(text);
		text = NULL;
	} else {
		text[len] = '\0';
	}
	fclose(file);
	return text;
}

static int load_zone(struct dnsd *dnsd, const char *path)
{
	struct dns_zone_error error;
	char *text = read_file(path);
	int err;

	if (!text)
		return -EIO;
	err = dns_zone_parse(&dnsd->zone, text, &error);
	if (err)
		complain("%s: line %u: %s", path, error.line,
			   *error.text ? error.text : strerror(-err));
	free(text);
	return err;
}

static int watch(int epoll_fd, int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

/* Until a signal comes, or the transport ends. */
static int loop(struct dnsd *dnsd, const struct dnsd_transport *transport,
		int epoll_fd, int signal_fd)
{
	struct epoll_event event;
	int ret;

	for (;;) {
		ret = transport->run(dnsd);
		if (ret < 0)
			return ret;
		ret = epoll_wait(epoll_fd, &event, 1,
				 transport->timeout_ms(dnsd));
		if (ret < 0 && errno != EINTR)
			return -errno;
		if (ret > 0 && event.data.fd == signal_fd)
			return 0;
	}
}

static int serve(struct dnsd *dnsd, const struct settings *settings, int fd)
{
	int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	int signal_fd = open_signals();
	char name[4 * DNS_NAME_MAX];
	int ready_fd, err;

	ready_fd = settings->transport->open(dnsd, fd);
	if (ready_fd < 0)
		return ready_fd;
	if (epoll_fd < 0 || signal_fd < 0 || watch(epoll_fd, ready_fd) ||
	    watch(epoll_fd, signal_fd)) {
		complain("epoll: %s", strerror(errno));
		return -errno;
	}
	dns_name_format(&dnsd->zone.apex, name, sizeof(name));
	printf("nexus-dnsd: %s, %zu records, on %s port %u over %s, as user %u\n",
	       name, dnsd->zone.nr, settings->address, settings->port,
	       settings->transport->name, geteuid());
	fflush(stdout);
	err = loop(dnsd, settings->transport, epoll_fd, signal_fd);
	settings->transport->close(dnsd);
	printf("nexus-dnsd: %llu queries, %llu replies, %llu not answered, %llu replies lost\n",
	       (unsigned long long)dnsd->queries,
	       (unsigned long long)dnsd->replies,
	       (unsigned long long)dnsd->silent,
	       (unsigned long long)dnsd->failed);
	return err;
}

int main(int argc, char **argv)
{
	struct settings settings = {
		.address = "::",
		.user = "nobody",
		.port = 53,
		.transport = &dnsd_nexus,
	};
	struct dnsd dnsd = { 0 };
	int fd, err;

	parse_options(&dnsd, &settings, argc, argv);
	err = load_zone(&dnsd, settings.zone_path);
	if (err || settings.is_check)
		goto out;
	fd = bind_socket(&(struct bind_to) {
		.address = settings.address,
		.port = settings.port,
		.type = SOCK_DGRAM,
	});
	err = fd < 0 ? fd : drop_privileges(settings.user);
	if (!err)
		err = serve(&dnsd, &settings, fd);
out:
	dns_zone_free(&dnsd.zone);
	return err ? 1 : 0;
}
