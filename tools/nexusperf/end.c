// SPDX-License-Identifier: GPL-2.0
/*
 * Opens and closes one end of a run in the network namespace it belongs to.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <linux/if_packet.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "perf.h"

/* The namespace that the command was started in; -1 until one was entered. */
static int netns_home = -1;

static int netns_switch(int fd, const char *name)
{
	int err = 0;

	if (setns(fd, CLONE_NEWNET)) {
		err = -errno;
		perf_error("network namespace %s: %s", name, strerror(-err));
	}
	return err;
}

/* NULL is the namespace that the command was started in. */
int perf_netns_enter(const char *name)
{
	char path[256];
	int fd, err;

	if (netns_home < 0) {
		if (!name)
			return 0;
		netns_home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
		if (netns_home < 0)
			return -errno;
	}
	if (!name)
		return netns_switch(netns_home, "of the caller");

	snprintf(path, sizeof(path), "/run/netns/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		err = -errno;
		perf_error("%s: %s (ip netns add %s makes one)", path,
			   strerror(-err), name);
		return err;
	}
	err = netns_switch(fd, name);
	close(fd);
	return err;
}

/* In the namespace of the device. */
static int device_read(struct perf_place *place, int *ifindex)
{
	struct ifaddrs *list, *at;
	const struct sockaddr_ll *sll;

	if (getifaddrs(&list))
		return -errno;
	for (at = list; at; at = at->ifa_next) {
		sll = (const struct sockaddr_ll *)at->ifa_addr;
		if (strcmp(at->ifa_name, place->dev) || !sll ||
		    sll->sll_family != AF_PACKET)
			continue;
		*ifindex = sll->sll_ifindex;
		memcpy(place->mac, sll->sll_addr, sizeof(place->mac));
		break;
	}
	freeifaddrs(list);
	if (at)
		return 0;
	perf_error("there is no device %s%s%s", place->dev,
		   place->netns ? " in " : "", place->netns ? place->netns : "");
	return -ENODEV;
}

/* For the back ends that see frames. */
int perf_end_need_device(const struct perf_end *end)
{
	if (end->ifindex)
		return 0;
	perf_error("%s works on a device: --dev NAME (and --peer-dev NAME)",
		   end->backend->name);
	return -ENODEV;
}

int perf_end_open(struct perf_end *end, const struct perf_config *cfg,
		  enum perf_role role, const struct perf_place *local,
		  const struct perf_place *remote)
{
	int err;

	memset(end, 0, sizeof(*end));
	end->backend = role == PERF_ROLE_SENDER ? cfg->sender : cfg->backend;
	end->cfg = cfg;
	end->role = role;
	end->local = *local;
	end->remote = *remote;

	err = perf_netns_enter(local->netns);
	/* The peer may need our MAC even where we do not. */
	if (!err && local->dev)
		err = device_read(&end->local, &end->ifindex);
	if (err)
		return err;
	return end->backend->open(end);
}

void perf_end_close(struct perf_end *end)
{
	if (perf_netns_enter(end->local.netns))
		return;
	end->backend->close(end);
}
