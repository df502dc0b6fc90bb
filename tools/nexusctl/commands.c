// SPDX-License-Identifier: GPL-2.0
/* The list of commands, how their words are found in it, and their help. */
#include <string.h>

#include "complain.h"
#include "words.h"

/**
 * struct nx_command - one command
 * @noun: first word
 * @verb: second word; NULL if there is none
 * @args: what follows
 * @text: what it does
 * @run:  does it
 */
struct nx_command {
	const char *noun;
	const char *verb;
	const char *args;
	const char *text;
	int (*run)(struct nx_ctl *ctl, int argc, char **argv);
};

static const struct nx_command commands[] = {
	{ "nexus", "add", "NAME [dev IFNAME ...]",
	  "make a nexus, with network devices of this namespace", nx_nexus_add },
	{ "nexus", "del", "NAME",
	  "remove a nexus that has no channels", nx_nexus_del },
	{ "nexus", "show", "[NAME]",
	  "list nexuses: devices, channels, flows, traffic", nx_nexus_show },
	{ "attach", NULL, "NAME dev IFNAME",
	  "give a network device to a nexus", nx_device_attach },
	{ "detach", NULL, "NAME dev IFNAME",
	  "take a network device from a nexus", nx_device_detach },
	{ "policy", "show", "[NAME]",
	  "who may attach, and how much each may use", nx_policy_show },
	{ "policy", "set",
	  "NAME [allow any|uid USER|gid GROUP ...] [deny-all] [max-channels N] "
	  "[max-flows N] [max-user-flows N] [max-bytes SIZE] [max-idle SECONDS] "
	  "[max-ll SHARE] [max-syns N] [linger SECONDS] [on-violation quarantine|kill]",
	  "replace the rules, or change limits", nx_policy_set },
	{ "limits", "show", "",
	  "what the network namespace may have of all its nexuses, and has", nx_limits_show },
	{ "limits", "set",
	  "[max-channels N|any] [max-flows N|any] [max-bytes SIZE|any] [max-syns N|any]",
	  "change those that are given; the administrator of the host may", nx_limits_set },
	{ "flow", "show", "[nexus NAME] [channel ID] [port N] [pid PID] [user USER]",
	  "list flows: addresses, owner, traffic", nx_flow_show },
	{ "flow", "del", "CHANNEL INDEX [generation N]",
	  "end a flow", nx_flow_del },
	{ "tcp", "show", "[nexus NAME] [channel ID] [port N] [pid PID] [user USER]",
	  "list TCP connections: what the kernel counts, and what applications report",
	  nx_tcp_show },
	{ "channel", "show", "[ID | nexus NAME]",
	  "list channels, or tell everything about one", nx_channel_show },
	{ "defunct", NULL, "channel ID | pid PID | cgroup FOLDER",
	  "take the memory of channels back that agreed to it", nx_defunct },
	{ "tune", "show", "[CHANNEL]",
	  "what tunes itself: its value, and why that", nx_tune_show },
	{ "tune", "pin", "CHANNEL working-set PAGES",
	  "hold a value, to compare", nx_tune_pin },
	{ "tune", "free", "CHANNEL working-set",
	  "let it tune itself again", nx_tune_free },
	{ "ll", "grant", "[show] [nexus NAME]",
	  "list flows of the low-latency class, and what each was granted", nx_ll_grant },
	{ "qdisc", "show", "[dev IFNAME]",
	  "list queueing disciplines of the kind nexus: options and statistics", nx_qdisc_show },
	{ "qdisc", "replace", "dev IFNAME [parent CLASS] [OPTION VALUE ...]",
	  "give a device the discipline, or change its options", nx_qdisc_replace },
	{ "qdisc", "set", "dev IFNAME [parent CLASS] OPTION VALUE ...",
	  "change options of a device's disciplines, all if there are several", nx_qdisc_set },
	{ "qdisc", "del", "dev IFNAME [parent CLASS]",
	  "take the discipline from a device", nx_qdisc_del },
	{ "top", NULL, "[count N] [every SECONDS] [nexus NAME]",
	  "show flows and queues live: rates, delay, who waits", nx_top },
	{ "stats", NULL, "[NAME]",
	  "counters and drops with their reasons; with -a, those of 0, too", nx_stats_show },
	{ "monitor", NULL, "[nexus NAME]",
	  "print events as they happen", nx_monitor },
	{ "help", NULL, "[COMMAND]",
	  "explain a command", nx_help },
};

/* Nouns have less than this many verbs, and there are less than this many nouns. */
#define NX_NAMES 32

/* Each noun once, in the list's order. */
static size_t list_nouns(const char *names[NX_NAMES])
{
	size_t nr = 0;

	for (size_t i = 0; i < NX_ARRAY_SIZE(commands); i++)
		if (!nr || strcmp(names[nr - 1], commands[i].noun))
			names[nr++] = commands[i].noun;
	return nr;
}

static size_t list_verbs(const char *noun, const char *names[NX_NAMES])
{
	size_t nr = 0;

	for (size_t i = 0; i < NX_ARRAY_SIZE(commands); i++)
		if (!strcmp(commands[i].noun, noun) && commands[i].verb)
			names[nr++] = commands[i].verb;
	return nr;
}

static const struct nx_command *find_command(const char *noun, const char *verb)
{
	for (size_t i = 0; i < NX_ARRAY_SIZE(commands); i++)
		if (!strcmp(commands[i].noun, noun) &&
		    (!commands[i].verb || !strcmp(commands[i].verb, verb)))
			return &commands[i];
	return NULL;
}

static void print_command(FILE *out, const struct nx_command *command)
{
	fprintf(out, "  nexusctl %s%s%s%s%s\n        %s\n", command->noun,
		command->verb ? " " : "", command->verb ?: "",
		*command->args ? " " : "", command->args, command->text);
}

static void print_commands(FILE *out, const char *noun)
{
	for (size_t i = 0; i < NX_ARRAY_SIZE(commands); i++)
		if (!noun || !strcmp(commands[i].noun, noun))
			print_command(out, &commands[i]);
}

static void print_all(FILE *out)
{
	fputs("Usage: nexusctl [OPTIONS] COMMAND\n\n", out);
	print_commands(out, NULL);
	fputs("\n"
	      "Words may be abbreviated while they are unambiguous; 'show' may be left out.\n"
	      "\n"
	      "  -j, --json      print JSON\n"
	      "  -p, --pretty    JSON with a line for each value\n"
	      "  -n, --numeric   users, groups, counts and sizes as plain numbers\n"
	      "  -a, --all       counters of 0, too\n"
	      "  -b, --batch FILE  run a command for each line of FILE (-: standard input)\n"
	      "      --force     go on after a line that failed\n"
	      "  -V, --version   print the version\n"
	      "  -h, --help      print this\n"
	      "\n"
	      "Exit status: 0 done, 1 the kernel refused or has no nexus module, 2 usage.\n"
	      "See nexusctl(8).\n", out);
}

/* One of @names, from the next word; NULL after a complaint. */
static const char *take_name(struct nx_words *words, const char *const *names, size_t nr)
{
	int found = nx_words_keyword(words, names, nr);

	return found < 0 ? NULL : names[found];
}

int nx_help(struct nx_ctl *ctl, int argc, char **argv)
{
	struct nx_words words = { ctl, argv, argc };
	const char *names[NX_NAMES];
	const char *noun, *verb;
	size_t nr;

	if (!argc) {
		print_all(ctl->out);
		return NX_OK;
	}
	noun = take_name(&words, names, list_nouns(names));
	if (!noun)
		return NX_USAGE;
	nr = list_verbs(noun, names);
	if (!nr || !words.argc) {
		/* "stats nx0 --help" asks about stats. */
		print_commands(ctl->out, noun);
		return NX_OK;
	}
	verb = take_name(&words, names, nr);
	if (!verb || !nx_words_end(&words))
		return NX_USAGE;
	print_command(ctl->out, find_command(noun, verb));
	return NX_OK;
}

/* Says how a command that was not understood is to be written. */
static int show_usage(struct nx_ctl *ctl, const struct nx_command *command)
{
	fputs("Usage:\n", ctl->err);
	print_command(ctl->err, command);
	return NX_USAGE;
}

static int run(struct nx_ctl *ctl, const struct nx_command *command, struct nx_words *words)
{
	int ret = command->run(ctl, words->argc, words->argv);

	return ret == NX_USAGE ? show_usage(ctl, command) : ret;
}

static bool is_help(const struct nx_words *words)
{
	return words->argc && !strcmp(words->argv[0], "help");
}

/* The verb that follows @noun; "show" if nothing does. NULL after a complaint. */
static const char *take_verb(struct nx_words *words, const char *const *verbs, size_t nr)
{
	return words->argc ? take_name(words, verbs, nr) : "show";
}

int nx_command_run(struct nx_ctl *ctl, int argc, char **argv)
{
	struct nx_words words = { ctl, argv, argc };
	const char *names[NX_NAMES];
	const char *noun, *verb = "";
	size_t nr;

	if (!argc) {
		print_all(ctl->err);
		return NX_USAGE;
	}
	noun = take_name(&words, names, list_nouns(names));
	if (!noun)
		return NX_USAGE;
	if (is_help(&words) && strcmp(noun, "help"))
		return nx_help(ctl, 1, (char *[]){ (char *)noun });
	nr = list_verbs(noun, names);
	if (nr)
		verb = take_verb(&words, names, nr);
	if (!verb)
		return NX_USAGE;
	if (nr && is_help(&words))
		return nx_help(ctl, 2, (char *[]){ (char *)noun, (char *)verb });
	return run(ctl, find_command(noun, verb), &words);
}
