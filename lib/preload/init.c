// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Beginning and end of the preload library: the names below, the policy, fork().
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "real.h"
#include "serve.h"

struct nx_real nx_real_names;
bool nx_is_serving;

static void look_up(void *to, const char *name)
{
	void *symbol = dlsym(RTLD_NEXT, name);

	/* All are in every C library that has close_range(). */
	if (!symbol)
		abort();
	memcpy(to, &symbol, sizeof(symbol));
}

const struct nx_real *nx_real_look_up(void)
{
	struct nx_real names;

#define LOOK_UP(name, ret, args) look_up(&names.name, #name);
	NX_REAL_NAMES(LOOK_UP)
#undef LOOK_UP
	/* Whoever comes meanwhile finds the same. */
	nx_real_names = names;
	return &nx_real_names;
}

static void fill_sys(const struct nx_real *real)
{
	nx_sys = (struct nx_sys) {
		.socket		= real->socket,
		.bind		= real->bind,
		.connect	= real->connect,
		.listen		= real->listen,
		.accept4	= real->accept4,
		.close		= real->close,
		.shutdown	= real->shutdown,
		.dup3		= real->dup3,
		.setsockopt	= real->setsockopt,
		.send		= real->send,
		.recv		= real->recv,
		.getsockopt	= real->getsockopt,
		.getsockname	= real->getsockname,
		.getpeername	= real->getpeername,
		.read		= real->read,
		.write		= real->write,
		.ppoll		= real->ppoll,
		.epoll_ctl	= real->epoll_ctl,
		.epoll_pwait	= real->epoll_pwait,
	};
}

static __attribute__((constructor)) void begin(void)
{
	fill_sys(nx_real());
	nx_is_serving = nx_socket_init();
	if (nx_is_serving)
		pthread_atfork(nx_socket_prefork, nx_socket_postfork,
			       nx_socket_child);
}

static __attribute__((destructor)) void end(void)
{
	if (nx_is_serving)
		nx_socket_exit();
	nx_is_serving = false;
}
