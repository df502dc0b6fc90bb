/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * Which sockets nexus serves, as "nexus run" has put it into the environment.
 */
#ifndef _NX_SOCKET_POLICY_H
#define _NX_SOCKET_POLICY_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#define NX_POLICY_DEVICES	16
#define NX_POLICY_PORTS		32

/**
 * struct nx_port_range - ports, both ends included
 */
struct nx_port_range {
	uint16_t	first;
	uint16_t	last;
};

/**
 * struct nx_policy - what is served
 * @nexus:      name; empty: the only one
 * @devices:    that the nexus is attached to
 * @nr_devices: how many; 0: nothing is served
 * @ports:      local ones of who listens, remote ones of who connects
 * @nr_ports:   how many; 0: all
 * @tcp, @udp:  protocols
 * @explains:   say on stderr what is served, and why not
 * @nr_small, @nr_large: buffers
 */
struct nx_policy {
	char			nexus[32];
	char			devices[NX_POLICY_DEVICES][IF_NAMESIZE];
	unsigned int		nr_devices;
	struct nx_port_range	ports[NX_POLICY_PORTS];
	unsigned int		nr_ports;
	bool			tcp;
	bool			udp;
	bool			explains;
	uint32_t		nr_small;
	uint32_t		nr_large;
};

extern struct nx_policy nx_policy;

/*
 * Reads NEXUS_* through @get (getenv()): 0, or -EINVAL, and *@wrong is the name of
 * the variable that makes no sense.
 */
int nx_policy_parse(struct nx_policy *policy, char *(*get)(const char *name),
		    const char **wrong);

/* Network byte order. */
bool nx_policy_has_port(const struct nx_policy *policy, uint16_t port);
bool nx_policy_has_device(const struct nx_policy *policy, const char *name);

#endif /* _NX_SOCKET_POLICY_H */
