// SPDX-License-Identifier: GPL-2.0
/* Runs a command for each line of a file. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "complain.h"

/* A policy of 32 rules takes about a hundred words. */
#define NX_BATCH_WORDS 256

/* Splits @line at spaces. How many words; -1: too many. */
static int split(char *line, char *words[NX_BATCH_WORDS])
{
	static const char spaces[] = " \t\r\n";
	char *save, *word;
	int nr = 0;

	for (word = strtok_r(line, spaces, &save); word && *word != '#';
	     word = strtok_r(NULL, spaces, &save)) {
		if (nr == NX_BATCH_WORDS)
			return -1;
		words[nr++] = word;
	}
	return nr;
}

static int run_line(struct nx_ctl *ctl, char *line)
{
	char *words[NX_BATCH_WORDS];
	int nr = split(line, words);

	if (nr < 0)
		return nx_usage(ctl, "a line has more than %d words", NX_BATCH_WORDS);
	return nr ? nx_command_run(ctl, nr, words) : NX_OK;
}

static int run_lines(struct nx_ctl *ctl, FILE *in, const char *path, bool force)
{
	int result = NX_OK, ret;
	unsigned int number = 0;
	char *line = NULL;
	size_t size = 0;

	while (getline(&line, &size, in) >= 0 && (force || !result)) {
		number++;
		ret = run_line(ctl, line);
		if (!ret)
			continue;
		fprintf(ctl->err, "nexusctl: %s:%u failed\n", path, number);
		result = ret;
	}
	free(line);
	if (ferror(in))
		return nx_refused(ctl, "%s: %s", path, strerror(errno));
	return result;
}

int nx_batch_run(struct nx_ctl *ctl, const char *path, bool force)
{
	bool is_stdin = !strcmp(path, "-");
	FILE *in = is_stdin ? stdin : fopen(path, "re");
	int ret;

	if (!in)
		return nx_refused(ctl, "%s: %s", path, strerror(errno));
	ret = run_lines(ctl, in, path, force);
	if (!is_stdin)
		fclose(in);
	return ret;
}
