// SPDX-License-Identifier: GPL-2.0
/*
 * In place of line_tls.c where OpenSSL is not installed: no connection is secure.
 */
#include <errno.h>

#include "../common/common.h"
#include "line.h"

/* No line has it: there is no secret. */
const struct line_ops line_tls_ops;

int secret_open(struct secret **secret, const char *cert, const char *key,
		const char *ciphers)
{
	(void)secret;
	(void)key;
	(void)ciphers;
	complain("--cert %s: nexus-httpd was built without OpenSSL", cert);
	return -EOPNOTSUPP;
}

void secret_close(struct secret *secret)
{
	(void)secret;
}
