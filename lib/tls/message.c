// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Handshake messages out of records.
 */
#include <errno.h>
#include <string.h>

#include <openssl/crypto.h>

#include "message.h"

int nx_tls_message_add(struct nx_tls_message *msg, const uint8_t *data,
		       size_t len)
{
	size_t room = msg->len + len;
	uint8_t *grown;

	if (room > msg->room) {
		grown = OPENSSL_clear_realloc(msg->data, msg->room, room);
		if (!grown)
			return -ENOMEM;
		msg->data = grown;
		msg->room = room;
	}
	memcpy(msg->data + msg->len, data, len);
	msg->len += len;
	return 0;
}

int nx_tls_message_len(const struct nx_tls_message *msg)
{
	const uint8_t *p = msg->data;
	size_t len;

	if (msg->len < NX_TLS_MESSAGE_HEADER)
		return 0;
	len = NX_TLS_MESSAGE_HEADER +
	      ((size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3]);
	if (len > NX_TLS_MESSAGE_MAX)
		return -EMSGSIZE;
	return msg->len < len ? 0 : (int)len;
}

void nx_tls_message_drop(struct nx_tls_message *msg, size_t len)
{
	msg->len -= len;
	memmove(msg->data, msg->data + len, msg->len);
	if (!msg->len)
		nx_tls_message_exit(msg);
}

void nx_tls_message_exit(struct nx_tls_message *msg)
{
	OPENSSL_clear_free(msg->data, msg->room);
	*msg = (struct nx_tls_message) { 0 };
}
