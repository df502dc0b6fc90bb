// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * The policy of a program that runs on nexus, from its environment.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy.h"

/* 16 MiB, and 4 MiB for super-packets; touched as far as they are used. */
#define SMALL_DEFAULT	8192
#define LARGE_DEFAULT	64

struct nx_policy nx_policy;

/* The next word of a comma-separated list, copied; false: none, or too long. */
static bool next_word(const char **list, char *word, size_t size)
{
	size_t len = strcspn(*list, ",");

	if (!len || len >= size)
		return false;
	memcpy(word, *list, len);
	word[len] = 0;
	*list += len;
	*list += **list == ',';
	return true;
}

static int parse_devices(struct nx_policy *p, const char *list)
{
	while (*list) {
		if (p->nr_devices == NX_POLICY_DEVICES ||
		    !next_word(&list, p->devices[p->nr_devices], IF_NAMESIZE))
			return -EINVAL;
		p->nr_devices++;
	}
	return 0;
}

static int parse_number(const char **text, unsigned long max, unsigned long *nr)
{
	char *end;

	if (**text < '0' || **text > '9')
		return -EINVAL;
	*nr = strtoul(*text, &end, 10);
	*text = end;
	return *nr > max ? -EINVAL : 0;
}

/* "80" or "8000-8100". */
static int parse_range(const char *word, struct nx_port_range *range)
{
	unsigned long first, last;

	if (parse_number(&word, UINT16_MAX, &first))
		return -EINVAL;
	last = first;
	if (*word == '-') {
		word++;
		if (parse_number(&word, UINT16_MAX, &last))
			return -EINVAL;
	}
	if (*word || last < first)
		return -EINVAL;
	range->first = (uint16_t)first;
	range->last = (uint16_t)last;
	return 0;
}

static int parse_ports(struct nx_policy *p, const char *list)
{
	char word[16];

	while (*list) {
		if (p->nr_ports == NX_POLICY_PORTS ||
		    !next_word(&list, word, sizeof(word)) ||
		    parse_range(word, &p->ports[p->nr_ports]))
			return -EINVAL;
		p->nr_ports++;
	}
	return 0;
}

static int parse_protocols(struct nx_policy *p, const char *list)
{
	char word[8];

	p->tcp = false;
	p->udp = false;
	while (*list) {
		if (!next_word(&list, word, sizeof(word)))
			return -EINVAL;
		if (!strcmp(word, "tcp"))
			p->tcp = true;
		else if (!strcmp(word, "udp"))
			p->udp = true;
		else
			return -EINVAL;
	}
	return 0;
}

/* "8192,64" */
static int parse_buffers(struct nx_policy *p, const char *text)
{
	unsigned long nr_small, nr_large;

	if (parse_number(&text, UINT32_MAX, &nr_small) || *text++ != ',' ||
	    parse_number(&text, UINT32_MAX, &nr_large) || *text)
		return -EINVAL;
	p->nr_small = (uint32_t)nr_small;
	p->nr_large = (uint32_t)nr_large;
	return 0;
}

static int parse_nexus(struct nx_policy *p, const char *name)
{
	if (strlen(name) >= sizeof(p->nexus))
		return -EINVAL;
	strcpy(p->nexus, name);
	return 0;
}

static int parse_explain(struct nx_policy *p, const char *text)
{
	p->explains = !strcmp(text, "1");
	return p->explains || !strcmp(text, "0") ? 0 : -EINVAL;
}

static const struct {
	const char	*name;
	int		(*parse)(struct nx_policy *policy, const char *text);
} variables[] = {
	{ "NEXUS_NAME", parse_nexus },
	{ "NEXUS_DEVICES", parse_devices },
	{ "NEXUS_PORTS", parse_ports },
	{ "NEXUS_PROTOCOLS", parse_protocols },
	{ "NEXUS_BUFFERS", parse_buffers },
	{ "NEXUS_EXPLAIN", parse_explain },
};

int nx_policy_parse(struct nx_policy *policy, char *(*get)(const char *name),
		    const char **wrong)
{
	const char *text;
	unsigned int i;

	*policy = (struct nx_policy) {
		.tcp = true,
		.udp = true,
		.nr_small = SMALL_DEFAULT,
		.nr_large = LARGE_DEFAULT,
	};
	for (i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
		text = get(variables[i].name);
		if (!text || !variables[i].parse(policy, text))
			continue;
		*wrong = variables[i].name;
		return -EINVAL;
	}
	return 0;
}

bool nx_policy_has_port(const struct nx_policy *policy, uint16_t port)
{
	uint16_t number = ntohs(port);
	unsigned int i;

	for (i = 0; i < policy->nr_ports; i++)
		if (number >= policy->ports[i].first &&
		    number <= policy->ports[i].last)
			return true;
	return !policy->nr_ports;
}

bool nx_policy_has_device(const struct nx_policy *policy, const char *name)
{
	unsigned int i;

	for (i = 0; i < policy->nr_devices; i++)
		if (!strcmp(policy->devices[i], name))
			return true;
	return false;
}
