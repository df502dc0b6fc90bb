// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Addresses as text and as socket addresses.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>

#include "addr.h"

/* RFC 4291 section 2.5.5.2 */
static const uint8_t mapped_prefix[12] = {
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff
};

static int parse_port(struct nexus_addr *addr, const char *text)
{
	unsigned long port;
	char *end;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	port = strtoul(text, &end, 10);
	if (*end || port > 65535)
		return -EINVAL;
	addr->port = htons((uint16_t)port);
	return 0;
}

/* A number, or a device's name. */
static int parse_scope(struct nexus_addr *addr, const char *text)
{
	unsigned long scope;
	char *end;

	if (!*text)
		return -EINVAL;
	scope = strtoul(text, &end, 10);
	if (*end)
		scope = if_nametoindex(text);
	if (!scope || scope > UINT32_MAX)
		return -EINVAL;
	addr->scope_id = (uint32_t)scope;
	return 0;
}

static int parse_ipv6(struct nexus_addr *addr, char *text)
{
	char *scope = strchr(text, '%');

	addr->family = AF_INET6;
	if (scope)
		*scope++ = '\0';
	if (inet_pton(AF_INET6, text, addr->ip) != 1)
		return -EINVAL;
	return scope ? parse_scope(addr, scope) : 0;
}

static int parse_ipv4(struct nexus_addr *addr, const char *text)
{
	addr->family = AF_INET;
	if (!strcmp(text, "*"))
		return 0;
	return inet_pton(AF_INET, text, addr->ip) == 1 ? 0 : -EINVAL;
}

/* "[address]" or "[address]:port" */
static int parse_bracketed(struct nexus_addr *addr, char *text)
{
	char *end = strchr(text, ']');
	int err;

	if (!end)
		return -EINVAL;
	*end++ = '\0';
	err = parse_ipv6(addr, text + 1);
	if (err || !*end)
		return err;
	return *end == ':' ? parse_port(addr, end + 1) : -EINVAL;
}

int nexus_addr_parse(struct nexus_addr *addr, const char *text)
{
	char copy[NEXUS_ADDR_STRLEN];
	char *colon;
	int err;

	memset(addr, 0, sizeof(*addr));
	if (strlen(text) >= sizeof(copy))
		return -EINVAL;
	strcpy(copy, text);
	if (*copy == '[')
		return parse_bracketed(addr, copy);
	colon = strchr(copy, ':');
	if (colon && strchr(colon + 1, ':'))
		return parse_ipv6(addr, copy);
	if (colon)
		*colon++ = '\0';
	err = parse_ipv4(addr, copy);
	if (err || !colon)
		return err;
	return parse_port(addr, colon);
}

char *nexus_addr_format(const struct nexus_addr *addr, char *text, size_t size)
{
	char ip[INET6_ADDRSTRLEN] = "?", scope[16] = "";
	unsigned int port = ntohs(addr->port);

	if (addr->family == AF_INET || addr->family == AF_INET6)
		inet_ntop(addr->family, addr->ip, ip, sizeof(ip));
	if (addr->scope_id)
		snprintf(scope, sizeof(scope), "%%%u", addr->scope_id);
	if (addr->family == AF_INET6)
		snprintf(text, size, "[%s%s]:%u", ip, scope, port);
	else
		snprintf(text, size, "%s:%u", ip, port);
	return text;
}

static int from_in6(struct nexus_addr *addr, const struct sockaddr_in6 *sin6)
{
	addr->port = sin6->sin6_port;
	if (!memcmp(&sin6->sin6_addr, mapped_prefix, sizeof(mapped_prefix))) {
		addr->family = AF_INET;
		memcpy(addr->ip, sin6->sin6_addr.s6_addr + 12, 4);
		return 0;
	}
	addr->family = AF_INET6;
	addr->scope_id = sin6->sin6_scope_id;
	memcpy(addr->ip, &sin6->sin6_addr, 16);
	return 0;
}

int nexus_addr_from_sockaddr(struct nexus_addr *addr,
			     const struct sockaddr *sa, socklen_t len)
{
	struct sockaddr_in6 sin6;
	struct sockaddr_in sin;

	memset(addr, 0, sizeof(*addr));
	if (len < sizeof(sa->sa_family))
		return -EINVAL;
	if (sa->sa_family == AF_INET6 && len >= sizeof(sin6)) {
		memcpy(&sin6, sa, sizeof(sin6));
		return from_in6(addr, &sin6);
	}
	if (sa->sa_family == AF_INET && len >= sizeof(sin)) {
		memcpy(&sin, sa, sizeof(sin));
		addr->family = AF_INET;
		addr->port = sin.sin_port;
		memcpy(addr->ip, &sin.sin_addr, 4);
		return 0;
	}
	if (sa->sa_family == AF_INET || sa->sa_family == AF_INET6)
		return -EINVAL;
	return -EAFNOSUPPORT;
}

socklen_t nexus_addr_to_sockaddr(const struct nexus_addr *addr,
				 struct sockaddr_storage *ss)
{
	struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)ss;
	struct sockaddr_in *sin = (struct sockaddr_in *)ss;

	memset(ss, 0, sizeof(*ss));
	ss->ss_family = addr->family;
	if (addr->family == AF_INET) {
		sin->sin_port = addr->port;
		memcpy(&sin->sin_addr, addr->ip, 4);
		return sizeof(*sin);
	}
	sin6->sin6_port = addr->port;
	sin6->sin6_scope_id = addr->scope_id;
	memcpy(&sin6->sin6_addr, addr->ip, 16);
	return sizeof(*sin6);
}
