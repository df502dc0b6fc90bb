// SPDX-License-Identifier: GPL-2.0
/* Files below a folder, and none beside it. */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "httpd.h"

static int status_of(int err)
{
	switch (err) {
	case EACCES:
	case EPERM:
		return -403;
	case EMFILE:
	case ENFILE:
	case ENOMEM:
	case EAGAIN:
		return -503;
	default:
		return -404;
	}
}

int httpd_open_file(int root, const char *path, off_t *size)
{
	/* What is no file must not make anybody wait for its other end. */
	struct open_how how = {
		.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
	};
	struct stat st;
	int fd;

	fd = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
	if (fd < 0)
		return status_of(errno);
	if (!fstat(fd, &st) && S_ISREG(st.st_mode)) {
		*size = st.st_size;
		return fd;
	}
	close(fd);
	return -404;
}
