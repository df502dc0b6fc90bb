/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * Handshake messages that come when the handshake is over (RFC 8446 section 4.6),
 * out of the records that carry them.
 */
#ifndef _NX_TLS_MESSAGE_H
#define _NX_TLS_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NX_TLS_MESSAGE_HEADER	4

/* RFC 8446 section 4.6.1: the longest ticket, nonce and extensions. */
#define NX_TLS_MESSAGE_MAX	(4 + 4 + 1 + 255 + 2 + 65535 + 2 + 65534)

/**
 * struct nx_tls_message - the one that is being collected, and what follows it
 * @data: NULL, or room for @room bytes
 * @room, @len: of @data
 */
struct nx_tls_message {
	uint8_t		*data;
	size_t		room;
	size_t		len;
};

/* More bytes; 0, -ENOMEM. */
int nx_tls_message_add(struct nx_tls_message *msg, const uint8_t *data,
		       size_t len);

/* Is the first one complete? Its bytes, with its header; 0: no; -EMSGSIZE. */
int nx_tls_message_len(const struct nx_tls_message *msg);

/* The first @len bytes were understood. */
void nx_tls_message_drop(struct nx_tls_message *msg, size_t len);

void nx_tls_message_exit(struct nx_tls_message *msg);

#endif /* _NX_TLS_MESSAGE_H */
