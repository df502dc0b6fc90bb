/* SPDX-License-Identifier: GPL-2.0 */
/* The bytes of a connection of nexus-httpd, by TCP alone or within TLS. */
#ifndef NEXUS_HTTPD_LINE_H
#define NEXUS_HTTPD_LINE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Of a file at once: what lies in one large buffer. */
#define LINE_PIECE	65280

struct line;
struct nexus_packet;
struct nexus_stack;
struct nexus_tcp;
struct nexus_tls;
struct secret;

/**
 * struct line_callbacks - what its owner is told
 * @ready:  reading or writing may go on
 * @acked:  the peer has @bytes of payload
 * @closed: it is over
 */
struct line_callbacks {
	void	(*ready)(void *arg);
	void	(*acked)(void *arg, uint64_t bytes);
	void	(*closed)(void *arg);
};

/**
 * struct line_ops - how bytes move
 * @start: begin
 * @read:  bytes, 0 at the end, -EAGAIN, or why not
 * @write: bytes, perhaps fewer than @len; -EAGAIN, or why not
 * @send_file: from its position on, moving that and @left: 0 all of it, -EAGAIN,
 *         -ENOBUFS: as -EAGAIN, but nobody will tell when to go on; -EIO: it has
 *         become shorter; or why not
 * @shutdown: nothing more will be written
 * @close, @abort: the end
 */
struct line_ops {
	int	(*start)(struct line *line);
	ssize_t	(*read)(struct line *line, void *buf, size_t len);
	ssize_t	(*write)(struct line *line, const void *buf, size_t len);
	int	(*send_file)(struct line *line, int file, uint64_t *left);
	void	(*shutdown)(struct line *line);
	void	(*close)(struct line *line);
	void	(*abort)(struct line *line);
};

/**
 * struct line - a connection
 * @ops:    how
 * @stack:  of @tcp
 * @tcp:    below
 * @tls:    on it, or NULL
 * @secret: whose certificate it shows, or NULL
 * @packet: of a file, that TCP did not take yet, or NULL
 * @callbacks, @arg: its owner's
 */
struct line {
	const struct line_ops		*ops;
	struct nexus_stack		*stack;
	struct nexus_tcp		*tcp;
	struct nexus_tls		*tls;
	struct secret			*secret;
	struct nexus_packet		*packet;
	const struct line_callbacks	*callbacks;
	void				*arg;
};

extern const struct line_ops line_tcp_ops;
extern const struct line_ops line_tls_ops;

/**
 * secret_open - a certificate and its key
 * @secret: result
 * @cert:   file, PEM
 * @key:    file, PEM, or NULL: in @cert too
 * @ciphers: of TLS 1.2, as OpenSSL names them, or NULL: those that have forward
 *          secrecy and an AEAD
 *
 * Return: 0, or -errno after a message.
 */
int secret_open(struct secret **secret, const char *cert, const char *key,
		const char *ciphers);
void secret_close(struct secret *secret);

#endif /* NEXUS_HTTPD_LINE_H */
