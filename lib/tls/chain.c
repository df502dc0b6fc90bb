// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Packets as bytes.
 */
#include <errno.h>
#include <stdlib.h>

#include "chain.h"

/* So little is copied behind what is there, rather than kept in a buffer of its own. */
#define COPY_MAX	256

static struct nexus_packet *packet_at(const struct nx_tls_chain *chain,
				      uint32_t i)
{
	return chain->packets[(chain->first + i) & (chain->room - 1)];
}

static int grow(struct nx_tls_chain *chain)
{
	uint32_t room = chain->room ? 2 * chain->room : NX_TLS_CHAIN_MIN, i;
	struct nexus_packet **packets = calloc(room, sizeof(packets[0]));

	if (!packets)
		return -ENOMEM;
	for (i = 0; i < chain->nr; i++)
		packets[i] = packet_at(chain, i);
	free(chain->packets);
	chain->packets = packets;
	chain->room = room;
	chain->first = 0;
	return 0;
}

/*
 * A record that comes byte by byte would hold a buffer for each. Its last packet has
 * room, and is ours alone, unless the program has a slice of it.
 */
static bool append(struct nx_tls_chain *chain, struct nexus_stack *stack,
		   struct nexus_packet *pkt)
{
	struct nexus_packet *last;
	uint32_t len = pkt->total_len;

	if (!chain->nr || len > COPY_MAX)
		return false;
	last = packet_at(chain, chain->nr - 1);
	if (last->next || nexus_packet_tailroom(stack, last) < len)
		return false;
	nexus_packet_read(pkt, 0, last->data + last->len, len);
	last->len += len;
	last->total_len += len;
	chain->len += len;
	nexus_packet_put(stack, pkt);
	return true;
}

int nx_tls_chain_add(struct nx_tls_chain *chain, struct nexus_stack *stack,
		     struct nexus_packet *pkt)
{
	if (append(chain, stack, pkt))
		return 0;
	if (chain->nr == chain->room && grow(chain))
		return -ENOMEM;
	chain->packets[(chain->first + chain->nr++) & (chain->room - 1)] = pkt;
	chain->len += pkt->total_len;
	return 0;
}

/* The pieces of a packet; @off and @len are moved on. */
static int each_part(struct nexus_packet *pkt, size_t *off, size_t *len,
		     int (*fn)(void *arg, uint8_t *data, size_t len), void *arg)
{
	size_t part;
	int ret;

	for (; pkt && *len; pkt = pkt->next) {
		if (*off >= pkt->len) {
			*off -= pkt->len;
			continue;
		}
		part = pkt->len - *off < *len ? pkt->len - *off : *len;
		ret = fn(arg, pkt->data + *off, part);
		if (ret)
			return ret;
		*len -= part;
		*off = 0;
	}
	return 0;
}

int nx_tls_chain_each(const struct nx_tls_chain *chain, size_t off, size_t len,
		      int (*fn)(void *arg, uint8_t *data, size_t len), void *arg)
{
	struct nexus_packet *pkt;
	uint32_t i;
	int ret = 0;

	off += chain->off;
	for (i = 0; !ret && len; i++) {
		pkt = packet_at(chain, i);
		if (off >= pkt->total_len)
			off -= pkt->total_len;
		else
			ret = each_part(pkt, &off, &len, fn, arg);
	}
	return ret;
}

static int copy_piece(void *arg, uint8_t *data, size_t len)
{
	uint8_t **dst = arg;

	__builtin_memcpy(*dst, data, len);
	*dst += len;
	return 0;
}

void nx_tls_chain_read(const struct nx_tls_chain *chain, size_t off,
		       uint8_t *dst, size_t len)
{
	nx_tls_chain_each(chain, off, len, copy_piece, &dst);
}

/* The first packet is not the chain's any more. */
static void drop_first(struct nx_tls_chain *chain)
{
	chain->first++;
	chain->nr--;
	chain->off = 0;
}

void nx_tls_chain_skip(struct nx_tls_chain *chain, struct nexus_stack *stack,
		       size_t len)
{
	struct nexus_packet *pkt;

	chain->len -= len;
	chain->off += len;
	while (chain->nr && chain->off >= (pkt = packet_at(chain, 0))->total_len) {
		len = chain->off - pkt->total_len;
		drop_first(chain);
		chain->off = len;
		nexus_packet_put(stack, pkt);
	}
}

int nx_tls_chain_take(struct nx_tls_chain *chain, struct nexus_stack *stack,
		      size_t len, struct nexus_packet **pkt)
{
	struct nexus_packet *first = packet_at(chain, 0);
	size_t here = first->total_len - chain->off;

	if (!chain->off && here <= len) {
		drop_first(chain);
		chain->len -= here;
		*pkt = first;
		return 0;
	}
	here = here < len ? here : len;
	*pkt = nexus_packet_slice(stack, first, chain->off, here);
	if (!*pkt)
		return -ENOMEM;
	nx_tls_chain_skip(chain, stack, here);
	return 0;
}

void nx_tls_chain_exit(struct nx_tls_chain *chain, struct nexus_stack *stack)
{
	nx_tls_chain_skip(chain, stack, chain->len);
	free(chain->packets);
	*chain = (struct nx_tls_chain) { 0 };
}
