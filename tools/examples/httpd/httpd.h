/* SPDX-License-Identifier: GPL-2.0 */
/* What the parts of nexus-httpd share. */
#ifndef NEXUS_HTTPD_HTTPD_H
#define NEXUS_HTTPD_HTTPD_H

#include <stdint.h>
#include <sys/types.h>

struct nexus_stack;
struct secret;
struct server;

/**
 * struct httpd_options - what the command line says
 * @nexus: its name, or NULL for the only one
 * @root:  folder of the files
 * @fd:    a bound TCP socket
 * @secret: of a server of HTTPS, or NULL
 */
struct httpd_options {
	const char	*nexus;
	const char	*root;
	int		fd;
	struct secret	*secret;
};

/**
 * struct httpd_stats - what was served
 * @connections: accepted
 * @refused:  of them at once, because their host has too many
 * @evicted:  that waited for a request when another one needed their place
 * @too_slow: that did not send a request, or take an answer, in time
 * @answers:  sent
 * @bytes:    of files
 */
struct httpd_stats {
	uint64_t	connections;
	uint64_t	refused;
	uint64_t	evicted;
	uint64_t	too_slow;
	uint64_t	answers;
	uint64_t	bytes;
};

/* 0, or -errno after a message. */
int server_open(struct server **server, const struct httpd_options *options);
void server_close(struct server *server);
struct nexus_stack *server_stack(const struct server *server);
const struct httpd_stats *server_stats(const struct server *server);

/**
 * httpd_open_file - a regular file below a folder
 * @root: descriptor of the folder
 * @path: relative; links lead nowhere but below @root
 * @size: result
 *
 * Return: a descriptor, or minus the status of the answer: 403, 404, 503.
 */
int httpd_open_file(int root, const char *path, off_t *size);

#endif /* NEXUS_HTTPD_HTTPD_H */
