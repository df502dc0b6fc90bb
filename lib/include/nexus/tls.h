/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * TLS 1.3 and 1.2 over TCP connections of nexus.
 *
 *   nexus_tls_context_open()         certificates, once
 *   nexus_tls_start()                makes a connection secure: in the callback
 *                                    that accepts it, or after nexus_tcp_connect()
 *   nexus_tls_write(), _read(), _recv()
 *   nexus_tls_close()                instead of nexus_tcp_close()
 *
 * OpenSSL does the handshake, with certificates, tickets, ALPN and SNI. Then the
 * library seals and opens records itself, where the algorithm is AES-GCM or
 * ChaCha20-Poly1305: from the program's memory into the packet that leaves, and
 * in the buffers that have arrived. Other algorithms go through OpenSSL's records,
 * by the same calls.
 *
 * This is libnexus-tls; libnexus itself does not need OpenSSL.
 *
 * Threads: a connection's are those of its stack; a context may be used by all.
 */
#ifndef _NEXUS_TLS_H
#define _NEXUS_TLS_H

#include <nexus/tcp.h>

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

struct nexus_tls;
struct nexus_tls_context;

/* OpenSSL's SSL_CTX, SSL and SSL_SESSION. */
struct ssl_ctx_st;
struct ssl_st;
struct ssl_session_st;

/* -------------------------------------------------------------- context */

/* Flags of struct nexus_tls_context_options. */
#define NEXUS_TLS_SERVER	(1U << 0)	/* of those who accept */
#define NEXUS_TLS_NO_VERIFY	(1U << 1)	/* take any server's certificate */
#define NEXUS_TLS_VERIFY_CLIENT	(1U << 2)	/* ask clients, and insist */

/**
 * struct nexus_tls_context_options - argument of nexus_tls_context_open()
 * @certificate: file: this end's, then those that signed it, PEM; or NULL
 * @key:         file of its private key, PEM; NULL: in @certificate's
 * @authorities: file of those who may sign the peer's, PEM; NULL: the system's
 * @alpn:        protocols, the best first, as "h2,http/1.1"; or NULL. A server that
 *               shares none with a client that names some refuses it.
 * @flags:       NEXUS_TLS_*
 * @reserved:    0
 */
struct nexus_tls_context_options {
	const char	*certificate;
	const char	*key;
	const char	*authorities;
	const char	*alpn;
	uint32_t	flags;
	uint32_t	reserved0;
	uint64_t	reserved[4];
};

/**
 * nexus_tls_context_open - what connections of a program have in common
 * @context: out
 * @options: how
 *
 * TLS 1.2 is the oldest version, and OpenSSL's defaults are the rest. Servers give
 * tickets.
 *
 * Return: 0, -ENOMEM, -EINVAL a file or @alpn cannot be used, or the key is not the
 * certificate's: OpenSSL's error queue (ERR_get_error()) says which.
 */
int nexus_tls_context_open(struct nexus_tls_context **context,
			   const struct nexus_tls_context_options *options);

/**
 * nexus_tls_context_close - the program opens no more connections with it
 * @context: or NULL; its connections go on
 */
void nexus_tls_context_close(struct nexus_tls_context *context);

/**
 * nexus_tls_context_ssl_ctx - for what the options do not say
 * @context: owns it
 *
 * Ciphers, versions, callbacks for SNI, passwords, sessions, and so on, before the
 * first connection. Its callback for key logging is the library's; where it is
 * replaced, or SSL_set_SSL_CTX() chooses a context that is not of
 * nexus_tls_context_open(), records are OpenSSL's.
 */
struct ssl_ctx_st *
nexus_tls_context_ssl_ctx(const struct nexus_tls_context *context);

/* ----------------------------------------------------------- connections */

/**
 * struct nexus_tls_callbacks - what a program is told of a connection
 * @established: the handshake is complete
 * @readable:    there may be more, or the end, since reading said -EAGAIN
 * @writable:    there is room again, after nexus_tls_write() said -EAGAIN
 * @closed:      the connection is over, see nexus_tls_read() for @err; 0: both sides
 *               have closed. What has arrived can still be read, and the program
 *               still calls nexus_tls_close().
 * @acked:       the peer has acknowledged @bytes of the TCP connection's payload
 *
 * Any may be NULL. As for struct nexus_tcp_callbacks, and nexus_tls_start() itself
 * calls none.
 */
struct nexus_tls_callbacks {
	void	(*established)(struct nexus_tls *tls, void *arg);
	void	(*readable)(struct nexus_tls *tls, void *arg);
	void	(*writable)(struct nexus_tls *tls, void *arg);
	void	(*closed)(struct nexus_tls *tls, int err, void *arg);
	void	(*acked)(struct nexus_tls *tls, uint64_t bytes, void *arg);
};

/**
 * struct nexus_tls_options - argument of nexus_tls_start()
 * @server_name: of a client: whom to ask for (SNI), and whose certificate it must
 *               be; a name or an address. NULL: no SNI, and any name.
 * @session:     of a client: to resume, from nexus_tls_session(); or NULL. It stays
 *               the caller's.
 * @callbacks:   must stay where it is; or NULL
 * @arg:         their argument
 * @reserved:    0
 */
struct nexus_tls_options {
	const char				*server_name;
	struct ssl_session_st			*session;
	const struct nexus_tls_callbacks	*callbacks;
	void					*arg;
	uint64_t				reserved[4];
};

/**
 * nexus_tls_start - make a connection secure
 * @context: which of the two ends this is, and more
 * @tcp:     a connection of which nothing was read or written, established or not;
 *           on success it is @tls's, its callbacks too
 * @options: NULL: all defaults
 * @tls:     out
 *
 * Return: 0, -ENOMEM also if no memory may be locked for secrets, -EINVAL.
 */
int nexus_tls_start(struct nexus_tls_context *context, struct nexus_tcp *tcp,
		    const struct nexus_tls_options *options,
		    struct nexus_tls **tls);

/**
 * nexus_tls_close - the program is done with a connection
 * @tls: or NULL; not the program's any more
 *
 * The peer is told (close_notify), unless the connection has failed, and the TCP
 * connection closed as by nexus_tcp_close(); what was not read is dropped, and does
 * not reset the peer. No callback.
 */
void nexus_tls_close(struct nexus_tls *tls);

/**
 * nexus_tls_abort - reset a connection
 * @tls: or NULL; not the program's any more
 */
void nexus_tls_abort(struct nexus_tls *tls);

/**
 * nexus_tls_shutdown - nothing more will be sent
 * @tls: the connection; it still receives
 *
 * Return: 0, -EAGAIN no buffer now ("writable" will tell), -ENOTCONN before it is
 * established, or as nexus_tls_read().
 */
int nexus_tls_shutdown(struct nexus_tls *tls);

/**
 * nexus_tls_write - seal payload and queue it
 * @tls: the connection
 * @buf: payload
 * @len: bytes
 *
 * Each byte is read once, where it lies, and what is written is the packet that
 * leaves. Records are as long as a segment while the congestion window is small,
 * and then up to 16 KiB, and end where a flight ends.
 *
 * Return: bytes queued, perhaps fewer than @len; -EAGAIN no room, or not
 * established yet ("writable" will tell), -EPIPE shut down; or as nexus_tls_read().
 */
ssize_t nexus_tls_write(struct nexus_tls *tls, const void *buf, size_t len);

/**
 * nexus_tls_read - copy payload out
 * @tls:  the connection
 * @buf:  room for @size bytes
 * @size: bytes, not 0
 *
 * Nothing is given that was not authenticated.
 *
 * Return: bytes, 0 after the peer's close_notify, -EAGAIN none waits; or why the
 * connection is over: -EBADMSG what the peer sent was refused, -EREMOTEIO the peer
 * has refused, -EKEYREJECTED its certificate was, -ECONNRESET its stream ended
 * without close_notify, or it was reset, or as nexus_tcp_recv(). See nexus_tls_info().
 */
ssize_t nexus_tls_read(struct nexus_tls *tls, void *buf, size_t size);

/**
 * nexus_tls_recv - take the next payload, without a copy
 * @tls: the connection
 * @pkt: out: the caller's, who gives it back with nexus_packet_put(); NULL at the end
 *
 * It lies in the buffers in which it arrived; a record may come in several packets.
 *
 * Return: 0, -ENOMEM the program keeps too many (nexus_tls_read() goes on), or as
 * nexus_tls_read().
 */
int nexus_tls_recv(struct nexus_tls *tls, struct nexus_packet **pkt);

/**
 * nexus_tls_update_keys - new keys to send with (TLS 1.3)
 * @tls:      the connection
 * @ask_peer: the peer is to take new ones too
 *
 * The library does it by itself before a key is worn out.
 *
 * Return: 0, -EOPNOTSUPP the version has none, -EAGAIN no buffer, or as
 * nexus_tls_write().
 */
int nexus_tls_update_keys(struct nexus_tls *tls, bool ask_peer);

/* ----------------------------------------------------------------- state */

/**
 * struct nexus_tls_info - a connection as it is now
 * @version:   "TLSv1.3", "TLSv1.2"
 * @suite:     as the RFCs name it
 * @alpn:      protocol that both have chosen, or ""
 * @server_name: that the client has asked for, or ""
 * @error:     why it is over, in OpenSSL's words; or ""
 * @is_established: the handshake is complete
 * @is_resumed: by a session of before
 * @is_direct: records are sealed and opened by this library
 * @alert_sent, @alert_received: AlertDescription of RFC 8446 that ended it; -1: none
 * @records_in, @records_out: by this library
 * @updates_in, @updates_out: of keys
 */
struct nexus_tls_info {
	const char	*version;
	const char	*suite;
	char		alpn[256];
	const char	*server_name;
	const char	*error;
	bool		is_established;
	bool		is_resumed;
	bool		is_direct;
	int16_t		alert_sent;
	int16_t		alert_received;
	uint64_t	records_in;
	uint64_t	records_out;
	uint32_t	updates_in;
	uint32_t	updates_out;
	uint64_t	reserved[8];
};

/**
 * nexus_tls_info - how it is
 * @tls:  the connection
 * @info: out; texts are @tls's
 */
void nexus_tls_info(const struct nexus_tls *tls, struct nexus_tls_info *info);

/**
 * nexus_tls_peer_certificate - the other end's, DER
 * @tls:  the connection
 * @der:  room for @size bytes; NULL if @size is 0
 * @size: bytes
 *
 * Return: bytes of the certificate, of which nothing is written if they are more
 * than @size; 0: the peer has shown none.
 */
size_t nexus_tls_peer_certificate(const struct nexus_tls *tls, uint8_t *der,
				  size_t size);

/**
 * nexus_tls_session - what a client resumes by
 * @tls: the connection; of TLS 1.3 after something was read: the server sends tickets
 *       with its first payload or before
 *
 * Return: the caller's, for SSL_SESSION_free(); NULL: there is none.
 */
struct ssl_session_st *nexus_tls_session(const struct nexus_tls *tls);

/**
 * nexus_tls_tcp - the TCP connection below, to ask and to set its options
 * @tls: the connection
 */
struct nexus_tcp *nexus_tls_tcp(const struct nexus_tls *tls);

/**
 * nexus_tls_ssl - OpenSSL's object: to ask, not to read or write by
 * @tls: owns it
 */
struct ssl_st *nexus_tls_ssl(const struct nexus_tls *tls);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif /* _NEXUS_TLS_H */
