// SPDX-License-Identifier: GPL-2.0
/* Takes the memory of channels back: of one, of a process, of a cgroup. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <libmnl/libmnl.h>
#include <linux/magic.h>
#include <linux/nexus_netlink.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "ask.h"
#include "request.h"
#include "words.h"

/* A cgroup's number is that of its folder's inode. */
static int find_cgroup(struct nx_ctl *ctl, const char *path, u64 *id)
{
	struct statfs fs;
	struct stat st;

	if (statfs(path, &fs) || stat(path, &st))
		return nx_refused(ctl, "cannot find the cgroup '%s': %s", path, strerror(errno));
	if (fs.f_type != CGROUP2_SUPER_MAGIC || !S_ISDIR(st.st_mode))
		return nx_refused(ctl, "'%s' is no folder of the unified cgroup hierarchy, "
				  "which is usually at /sys/fs/cgroup", path);
	*id = st.st_ino;
	return NX_OK;
}

static void put_u32(struct nx_request *req, u16 type, u32 value)
{
	struct nlattr *nest = mnl_attr_nest_start(req->nlh, NEXUS_A_DEFUNCT);

	mnl_attr_put_u32(req->nlh, type, value);
	mnl_attr_nest_end(req->nlh, nest);
}

static void put_u64(struct nx_request *req, u16 type, u64 value)
{
	struct nlattr *nest = mnl_attr_nest_start(req->nlh, NEXUS_A_DEFUNCT);

	mnl_attr_put_u64(req->nlh, type, value);
	mnl_attr_nest_end(req->nlh, nest);
}

enum {
	WORD_CHANNEL,
	WORD_PID,
	WORD_CGROUP,
};

static int read_number(struct nx_words *words, int word, struct nx_request *req)
{
	bool is_channel = word == WORD_CHANNEL;
	u32 value;

	if (!nx_words_u32(words, is_channel ? "the channel's ID" : "the process's ID",
			  is_channel ? 0 : 1, is_channel ? ~0U : 0x7fffffff, &value) ||
	    !nx_words_end(words))
		return NX_USAGE;
	put_u32(req, is_channel ? NEXUS_DEFUNCT_A_CHANNEL_ID : NEXUS_DEFUNCT_A_PID, value);
	return NX_OK;
}

static int read_cgroup(struct nx_words *words, struct nx_request *req)
{
	const char *path = nx_words_take(words, "the folder of a cgroup");
	u64 id = 0;
	int ret;

	if (!path || !nx_words_end(words))
		return NX_USAGE;
	ret = find_cgroup(words->ctl, path, &id);
	if (!ret)
		put_u64(req, NEXUS_DEFUNCT_A_CGROUP, id);
	return ret;
}

int nx_defunct(struct nx_ctl *ctl, int argc, char **argv)
{
	static const char *const keywords[] = { "channel", "pid", "cgroup" };
	struct nx_words words = { ctl, argv, argc };
	struct nx_request req;
	struct nx_deed deed;
	char what[256];
	int word, ret;

	word = nx_words_keyword(&words, keywords, NX_ARRAY_SIZE(keywords));
	if (word < 0)
		return NX_USAGE;
	snprintf(what, sizeof(what), "defunct %s %s", keywords[word],
		 words.argc ? *words.argv : "");
	nx_request_init(&req, NEXUS_CMD_DEFUNCT);
	ret = word == WORD_CGROUP ? read_cgroup(&words, &req) : read_number(&words, word, &req);
	if (ret)
		return ret;
	deed = (struct nx_deed){ .what = what };
	return nx_ask_change(ctl, &req, &deed);
}
