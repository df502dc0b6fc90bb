// SPDX-License-Identifier: GPL-2.0
/* Reads the words of a command line, and says exactly what is wrong with one. */
#include <ctype.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <linux/nexus.h>

#include "complain.h"
#include "words.h"

/* Longest word that is compared with others; keywords are far shorter. */
#define NX_WORD_MAX 24

int nx_word_find(const char *word, const char *const *words, size_t nr)
{
	size_t len = strlen(word);
	int found = NX_WORD_UNKNOWN;

	if (!len)
		return NX_WORD_UNKNOWN;
	for (size_t i = 0; i < nr; i++) {
		if (!strcmp(word, words[i]))
			return i;
		if (!strncmp(word, words[i], len))
			found = found == NX_WORD_UNKNOWN ? (int)i : NX_WORD_AMBIGUOUS;
	}
	return found;
}

static unsigned int least(unsigned int a, unsigned int b)
{
	return a < b ? a : b;
}

/* Insertions, deletions, replacements and swaps of neighbours that lead from a to b. */
static unsigned int distance(const char *a, const char *b)
{
	unsigned int d[NX_WORD_MAX + 1][NX_WORD_MAX + 1];
	size_t la = strlen(a), lb = strlen(b);

	for (size_t i = 0; i <= la; i++)
		d[i][0] = i;
	for (size_t j = 0; j <= lb; j++)
		d[0][j] = j;
	for (size_t i = 1; i <= la; i++) {
		for (size_t j = 1; j <= lb; j++) {
			d[i][j] = least(d[i - 1][j], d[i][j - 1]) + 1;
			d[i][j] = least(d[i][j], d[i - 1][j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				d[i][j] = least(d[i][j], d[i - 2][j - 2] + 1);
		}
	}
	return d[la][lb];
}

const char *nx_word_nearest(const char *word, const char *const *words, size_t nr)
{
	const char *nearest = NULL;
	unsigned int best;

	if (strlen(word) > NX_WORD_MAX)
		return NULL;
	/* Further away than a third of its letters, it is another word. */
	best = (strlen(word) + 2) / 3 + 1;
	for (size_t i = 0; i < nr; i++) {
		unsigned int d;

		if (strlen(words[i]) > NX_WORD_MAX)
			continue;
		d = distance(word, words[i]);
		if (d < best) {
			best = d;
			nearest = words[i];
		}
	}
	return nearest;
}

const char *nx_words_take(struct nx_words *words, const char *what)
{
	if (!words->argc) {
		nx_usage(words->ctl, "%s is missing at the end", what);
		return NULL;
	}
	words->argc--;
	return *words->argv++;
}

/* "a, b or c" of those that begin with @prefix. */
static void list_words(char *buf, size_t size, const char *const *keywords, size_t nr,
		       const char *prefix)
{
	size_t matching = 0, left, len = 0;

	for (size_t i = 0; i < nr; i++)
		matching += !strncmp(keywords[i], prefix, strlen(prefix));
	left = matching;
	buf[0] = '\0';
	for (size_t i = 0; i < nr && len < size; i++) {
		if (strncmp(keywords[i], prefix, strlen(prefix)))
			continue;
		len += snprintf(buf + len, size - len, "%s%s",
				left == matching ? "" : left == 1 ? " or " : ", ", keywords[i]);
		left--;
	}
}

int nx_words_keyword(struct nx_words *words, const char *const *keywords, size_t nr)
{
	char list[256];
	const char *word, *nearest;
	int found;

	list_words(list, sizeof(list), keywords, nr, "");
	word = nx_words_take(words, list);
	if (!word)
		return -1;
	found = nx_word_find(word, keywords, nr);
	if (found >= 0)
		return found;
	nearest = nx_word_nearest(word, keywords, nr);
	if (found == NX_WORD_AMBIGUOUS) {
		list_words(list, sizeof(list), keywords, nr, word);
		nx_usage(words->ctl, "'%s' may be %s: write more of it", word, list);
	} else if (nearest) {
		nx_usage(words->ctl, "unknown word '%s': did you mean '%s'?", word, nearest);
	} else {
		nx_usage(words->ctl, "unknown word '%s': %s can stand here", word, list);
	}
	return -1;
}

/* Digits alone, up to @max. */
static bool parse_number(const char *word, u64 max, u64 *value)
{
	char *end;

	if (!isdigit((unsigned char)*word))
		return false;
	errno = 0;
	*value = strtoull(word, &end, 10);
	return !errno && !*end && *value <= max;
}

bool nx_words_u32(struct nx_words *words, const char *what, u32 min, u32 max, u32 *value)
{
	const char *word = nx_words_take(words, what);
	u64 number;

	if (!word)
		return false;
	if (!parse_number(word, max, &number) || number < min) {
		nx_usage(words->ctl, "%s: '%s' is not a number from %u to %u", what, word,
			 min, max);
		return false;
	}
	*value = number;
	return true;
}

/* 4096, 64K, 1G, 1GiB: units of 1024. */
static bool parse_size(const char *word, u64 *value)
{
	static const char units[] = "KMGTPE";
	char *end;
	const char *unit;
	int shift = 0;

	if (!isdigit((unsigned char)*word))
		return false;
	errno = 0;
	*value = strtoull(word, &end, 10);
	if (errno)
		return false;
	unit = *end ? strchr(units, toupper((unsigned char)*end)) : NULL;
	if (unit) {
		shift = 10 * (unit - units + 1);
		end++;
		if (!strcasecmp(end, "iB"))
			end += 2;
	}
	if (!strcasecmp(end, "B"))
		end++;
	if (*end || *value > (~0ULL >> shift))
		return false;
	*value <<= shift;
	return true;
}

bool nx_words_size(struct nx_words *words, const char *what, u64 *value)
{
	const char *word = nx_words_take(words, what);

	if (!word)
		return false;
	if (!parse_size(word, value) || !*value) {
		nx_usage(words->ctl, "%s: '%s' is not a size such as 4096, 64K, 16M or 1GiB",
			 what, word);
		return false;
	}
	return true;
}

/* The last id stands for "no user" in the kernel. */
#define NX_ID_MAX 4294967294U

bool nx_words_user(struct nx_words *words, u32 *uid)
{
	const char *word = nx_words_take(words, "a user");
	struct passwd *pw;
	u64 number;

	if (!word)
		return false;
	pw = getpwnam(word);
	if (pw) {
		*uid = pw->pw_uid;
		return true;
	}
	if (!parse_number(word, NX_ID_MAX, &number)) {
		nx_usage(words->ctl, "there is no user '%s' ('getent passwd' lists them)", word);
		return false;
	}
	*uid = number;
	return true;
}

bool nx_words_group(struct nx_words *words, u32 *gid)
{
	const char *word = nx_words_take(words, "a group");
	struct group *gr;
	u64 number;

	if (!word)
		return false;
	gr = getgrnam(word);
	if (gr) {
		*gid = gr->gr_gid;
		return true;
	}
	if (!parse_number(word, NX_ID_MAX, &number)) {
		nx_usage(words->ctl, "there is no group '%s' ('getent group' lists them)", word);
		return false;
	}
	*gid = number;
	return true;
}

/* What a network device's name may hold. */
static bool is_name(const char *name)
{
	if (!strcmp(name, ".") || !strcmp(name, ".."))
		return false;
	for (; *name; name++)
		if (*name == '/' || *name == ':' || isspace((unsigned char)*name))
			return false;
	return true;
}

const char *nx_words_nexus(struct nx_words *words)
{
	const char *name = nx_words_take(words, "the name of a nexus");

	if (!name)
		return NULL;
	if (!*name || strlen(name) >= NEXUS_NAME_SIZE) {
		nx_usage(words->ctl, "'%s' has %zu characters: a nexus's name has 1 to %d",
			 name, strlen(name), NEXUS_NAME_SIZE - 1);
		return NULL;
	}
	if (!is_name(name)) {
		nx_usage(words->ctl,
			 "'%s' is no name for a nexus: '/', ':', spaces, '.' and '..' are not allowed",
			 name);
		return NULL;
	}
	return name;
}

bool nx_words_end(struct nx_words *words)
{
	if (!words->argc)
		return true;
	nx_usage(words->ctl, "'%s' is one word too many", *words->argv);
	return false;
}
