// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * A page at a time, of which each secret is a slot. A page without any is unmapped.
 */
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <openssl/crypto.h>

#include "secret.h"

#define PAGE_BYTES	4096
#define NR_SLOTS	(PAGE_BYTES / sizeof(struct nx_tls_secret))

_Static_assert(sizeof(struct nx_tls_secret) == 64 && NR_SLOTS == 64,
	       "a bit for each slot");

/**
 * struct page - locked memory
 * @next:  in the list
 * @slots: the page; empty in a child, and so it does not say itself what is used
 * @used:  a bit for each
 */
struct page {
	struct page		*next;
	struct nx_tls_secret	*slots;
	uint64_t		used;
};

/* Connections of all threads. Protects the list and what its pages say is used. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct page *pages;

static void *map_page(void)
{
	void *p = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	if (!mlock2(p, PAGE_BYTES, 0) &&
	    !madvise(p, PAGE_BYTES, MADV_DONTDUMP) &&
	    !madvise(p, PAGE_BYTES, MADV_WIPEONFORK))
		return p;
	munmap(p, PAGE_BYTES);
	return NULL;
}

static struct page *add_page(void)
{
	struct page *page = calloc(1, sizeof(*page));

	if (!page)
		return NULL;
	page->slots = map_page();
	if (!page->slots) {
		free(page);
		return NULL;
	}
	page->next = pages;
	pages = page;
	return page;
}

static struct nx_tls_secret *take_slot(void)
{
	struct page *page = pages;
	unsigned int i;

	while (page && page->used == UINT64_MAX)
		page = page->next;
	if (!page)
		page = add_page();
	if (!page)
		return NULL;
	i = (unsigned int)__builtin_ctzll(~page->used);
	page->used |= 1ULL << i;
	return &page->slots[i];
}

struct nx_tls_secret *nx_tls_secret_alloc(void)
{
	struct nx_tls_secret *secret;

	pthread_mutex_lock(&lock);
	secret = take_slot();
	pthread_mutex_unlock(&lock);
	return secret;
}

static void put_slot(struct nx_tls_secret *secret)
{
	struct page **at = &pages, *page;

	while (secret < (*at)->slots || secret >= (*at)->slots + NR_SLOTS)
		at = &(*at)->next;
	page = *at;
	page->used &= ~(1ULL << (secret - page->slots));
	if (page->used)
		return;
	*at = page->next;
	munmap(page->slots, PAGE_BYTES);
	free(page);
}

void nx_tls_secret_free(struct nx_tls_secret *secret)
{
	if (!secret)
		return;
	OPENSSL_cleanse(secret, sizeof(*secret));
	pthread_mutex_lock(&lock);
	put_slot(secret);
	pthread_mutex_unlock(&lock);
}
