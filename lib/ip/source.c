// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Asks the kernel for source addresses: a UDP socket that is connected to the
 * destination has the address that the routing table prefers. Remembers what it
 * said.
 */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <unistd.h>

#include "addr.h"
#include "route.h"
#include "source.h"

static uint32_t hash_addr(const struct nexus_addr *addr)
{
	uint64_t w[2];

	memcpy(w, addr->ip, sizeof(w));
	return (uint32_t)(((w[0] ^ w[1]) * 0x9e3779b97f4a7c15ULL) >> 56) &
	       (NX_SOURCE_SLOTS - 1);
}

void nx_source_forget(struct nx_source_cache *cache)
{
	memset(cache, 0, sizeof(*cache));
}

static int connect_scratch(int scratch, const struct nexus_addr *dst,
			   struct nexus_addr *src)
{
	struct sockaddr_storage ss;
	struct nexus_addr to = *dst;
	socklen_t len;

	/* Any port will do: nothing is sent. */
	to.port = to.port ? to.port : htons(9);
	len = nexus_addr_to_sockaddr(&to, &ss);
	if (connect(scratch, (struct sockaddr *)&ss, len))
		return -errno;
	len = sizeof(ss);
	if (getsockname(scratch, (struct sockaddr *)&ss, &len))
		return -errno;
	return nexus_addr_from_sockaddr(src, (struct sockaddr *)&ss, len);
}

static int open_scratch(uint16_t family)
{
	int scratch = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	return scratch < 0 ? -errno : scratch;
}

static int ask_kernel(const struct nexus_addr *dst, uint32_t ifindex, int fd,
		      struct nexus_addr *src)
{
	int scratch = open_scratch(dst->family);
	int index = (int)ifindex, broadcast = 0, err = 0;
	socklen_t len = sizeof(broadcast);

	if (scratch < 0)
		return scratch;
	if (ifindex && setsockopt(scratch, SOL_SOCKET, SO_BINDTOIFINDEX, &index,
				  sizeof(index)))
		err = -errno;
	if (!err && !getsockopt(fd, SOL_SOCKET, SO_BROADCAST, &broadcast, &len))
		setsockopt(scratch, SOL_SOCKET, SO_BROADCAST, &broadcast, len);
	if (!err)
		err = connect_scratch(scratch, dst, src);
	close(scratch);
	return err;
}

int nx_source_find(struct nx_source_cache *cache, const struct nexus_addr *dst,
		   uint32_t ifindex, int fd, uint64_t now_ns, uint8_t src[16])
{
	struct nx_source_entry *e = &cache->entries[hash_addr(dst)];
	struct nexus_addr answer;
	int err;

	if (e->until_ns > now_ns && e->ifindex == ifindex &&
	    e->dst.family == dst->family && e->dst.scope_id == dst->scope_id &&
	    nx_ip_equal(e->dst.ip, dst->ip)) {
		memcpy(src, e->src, 16);
		return 0;
	}
	err = ask_kernel(dst, ifindex, fd, &answer);
	if (err)
		return err;
	e->dst = *dst;
	e->ifindex = ifindex;
	e->until_ns = now_ns + NX_SOURCE_LIFE_NS;
	memcpy(e->src, answer.ip, 16);
	memcpy(src, answer.ip, 16);
	return 0;
}

bool nx_source_is_local(struct nx_source_cache *cache,
			const struct nexus_addr *local)
{
	uint32_t i;

	for (i = 0; i < cache->nr_locals; i++)
		if (cache->locals[i].family == local->family &&
		    nx_ip_equal(cache->locals[i].ip, local->ip))
			return true;
	if (nx_route_type(local) != RTN_LOCAL)
		return false;
	cache->locals[cache->next_local] = *local;
	cache->next_local = (cache->next_local + 1) % NX_SOURCE_LOCALS;
	if (cache->nr_locals < NX_SOURCE_LOCALS)
		cache->nr_locals++;
	return true;
}
