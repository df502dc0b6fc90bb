// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Datagrams that had arrived when their socket changed hands. They stand in a row;
 * who moves the row's beginning on has taken one.
 */
#include <sys/mman.h>

#include "left.h"

/**
 * struct nx_left - the row
 * @size:      of all, as it was mapped
 * @first_off: where the first begins that nobody has taken; all processes write it
 * @end_off:   where the last ends
 */
struct nx_left {
	size_t	size;
	size_t	first_off;
	size_t	end_off;
};

/* A datagram begins where its addresses are aligned. */
static size_t room_of(size_t len)
{
	return (sizeof(struct nx_left_datagram) + len + 7) & ~(size_t)7;
}

struct nx_left *nx_left_alloc(size_t nr, size_t bytes)
{
	size_t size = sizeof(struct nx_left) + nr * room_of(7) + bytes;
	struct nx_left *left = mmap(NULL, size, PROT_READ | PROT_WRITE,
				    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (left == MAP_FAILED)
		return NULL;
	left->size = size;
	left->first_off = sizeof(*left);
	left->end_off = sizeof(*left);
	return left;
}

void nx_left_free(struct nx_left *left)
{
	if (left)
		munmap(left, left->size);
}

struct nx_left_datagram *nx_left_add(struct nx_left *left, uint32_t len)
{
	struct nx_left_datagram *d;

	d = (struct nx_left_datagram *)((char *)left + left->end_off);
	d->len = len;
	left->end_off += room_of(len);
	return d;
}

static const struct nx_left_datagram *at(const struct nx_left *left, size_t off)
{
	if (off >= left->end_off)
		return NULL;
	return (const struct nx_left_datagram *)((const char *)left + off);
}

const struct nx_left_datagram *nx_left_first(const struct nx_left *left)
{
	return at(left, __atomic_load_n(&left->first_off, __ATOMIC_RELAXED));
}

const struct nx_left_datagram *
nx_left_next(const struct nx_left *left, const struct nx_left_datagram *d)
{
	return at(left, (size_t)((const char *)d - (const char *)left) +
			room_of(d->len));
}

const struct nx_left_datagram *nx_left_take(struct nx_left *left)
{
	size_t off = __atomic_load_n(&left->first_off, __ATOMIC_RELAXED);
	const struct nx_left_datagram *d;

	do {
		d = at(left, off);
	} while (d && !__atomic_compare_exchange_n(&left->first_off, &off,
						   off + room_of(d->len), false,
						   __ATOMIC_RELAXED,
						   __ATOMIC_RELAXED));
	return d;
}
