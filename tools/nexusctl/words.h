/* SPDX-License-Identifier: GPL-2.0 */
/* The words of a command line: abbreviated, misspelt, numbers, users. */
#ifndef NX_WORDS_H
#define NX_WORDS_H

#include "nexusctl.h"

enum {
	NX_WORD_UNKNOWN = -1,
	NX_WORD_AMBIGUOUS = -2,
};

/**
 * struct nx_words - what is left of a command line
 * @ctl:  for complaints
 * @argv: the next word
 * @argc: how many are left
 */
struct nx_words {
	struct nx_ctl *ctl;
	char **argv;
	int argc;
};

/* Index of the one of @words that @word is, or abbreviates unambiguously. */
int nx_word_find(const char *word, const char *const *words, size_t nr);
/* The one of @words that @word was probably meant to be, or NULL. */
const char *nx_word_nearest(const char *word, const char *const *words, size_t nr);

/* The next word, taken; NULL, and a complaint that @what is missing. */
const char *nx_words_take(struct nx_words *words, const char *what);
/*
 * Takes a keyword. Returns its index in @keywords, or -1 after a complaint
 * that names the nearest one, or all.
 */
int nx_words_keyword(struct nx_words *words, const char *const *keywords, size_t nr);
/* Take a value named @what; false after a complaint. A size is at least 1. */
bool nx_words_u32(struct nx_words *words, const char *what, u32 min, u32 max, u32 *value);
bool nx_words_size(struct nx_words *words, const char *what, u64 *value);
bool nx_words_user(struct nx_words *words, u32 *uid);
bool nx_words_group(struct nx_words *words, u32 *gid);
/* A nexus's name, as the kernel would accept it. */
const char *nx_words_nexus(struct nx_words *words);
/* False, and a complaint, if words are left over. */
bool nx_words_end(struct nx_words *words);

#endif
