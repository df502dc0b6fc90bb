// SPDX-License-Identifier: GPL-2.0
/*
 * What every example server does before it serves: it binds its port as whoever
 * starts it, and becomes an ordinary user.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <grp.h>
#include <nexus/nexus.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "common.h"

void complain(const char *format, ...)
{
	va_list args;

	fprintf(stderr, "%s: ", program_invocation_short_name);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

unsigned int parse_port(const char *text)
{
	char *tail;
	unsigned long port = strtoul(text, &tail, 10);

	if (*text < '0' || *text > '9' || *tail || !port || port > 65535) {
		complain("--port %s: a number from 1 to 65535 is needed", text);
		exit(2);
	}
	return (unsigned int)port;
}

static int make_address(const struct bind_to *to, struct sockaddr_storage *addr,
			socklen_t *len)
{
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)addr;
	struct sockaddr_in *v4 = (struct sockaddr_in *)addr;

	memset(addr, 0, sizeof(*addr));
	if (inet_pton(AF_INET6, to->address, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons((uint16_t)to->port);
		*len = sizeof(*v6);
	} else if (inet_pton(AF_INET, to->address, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons((uint16_t)to->port);
		*len = sizeof(*v4);
	} else {
		complain("--address %s: not an IP address", to->address);
		return -EINVAL;
	}
	return 0;
}

/* Dual-stack if IPv6; a TCP port may have connections of a former server. */
static int set_options(int fd, int family, int type)
{
	const int zero = 0, one = 1;

	if (family == AF_INET6 &&
	    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof(zero)))
		return -1;
	if (type != SOCK_STREAM)
		return 0;
	return setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
}

int bind_socket(const struct bind_to *to)
{
	struct sockaddr_storage addr;
	socklen_t len;
	int fd, err;

	err = make_address(to, &addr, &len);
	if (err)
		return err;
	fd = socket(addr.ss_family, to->type | SOCK_CLOEXEC, 0);
	if (fd >= 0 && !set_options(fd, addr.ss_family, to->type) &&
	    !bind(fd, (struct sockaddr *)&addr, len))
		return fd;
	err = -errno;
	complain("%s port %u: %s%s", to->address, to->port, strerror(-err),
		 err == -EACCES ? " (ports below 1024 need root, who becomes --user afterwards)" :
		 err != -EADDRINUSE ? "" : to->type == SOCK_STREAM ?
		 " (another program has it: ss -tlpn)" :
		 " (another program has it: ss -ulpn)");
	if (fd >= 0)
		close(fd);
	return err;
}

int drop_privileges(const char *user)
{
	struct passwd *passwd;

	if (!geteuid()) {
		passwd = getpwnam(user);
		if (!passwd || !passwd->pw_uid) {
			complain("--user %s: %s", user,
				 passwd ? "that is root" : "no such user");
			return -EINVAL;
		}
		if (setgroups(0, NULL) || setgid(passwd->pw_gid) ||
		    setuid(passwd->pw_uid)) {
			complain("cannot become %s: %s", user, strerror(errno));
			return -EPERM;
		}
	}
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ? -errno : 0;
}

int open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

void explain_nexus(int err)
{
	const char *text = nexus_error_text();

	complain("nexus: %s", *text ? text : nexus_strerror(err));
	if (err == -ENODEV)
		complain("as root: nexusctl nexus add NAME dev DEVICE");
	else if (err == -EPERM)
		complain("as root: nexusctl policy set NAME allow uid %u", geteuid());
}
