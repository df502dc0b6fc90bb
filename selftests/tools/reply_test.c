// SPDX-License-Identifier: GPL-2.0
/* Answers of the kernel: acknowledgements, errors with words, lists, torn lists. */
#include <errno.h>
#include <string.h>

#include "ctl_test.h"

#define SEQ	77
#define PORTID	5

/* Datagrams are built here. */
static char buf[65536] __attribute__((aligned(8)));
static size_t len;
static struct nx_reply reply;

static struct nlmsghdr *add(u16 type, u16 flags)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf + len);

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = flags;
	nlh->nlmsg_seq = SEQ;
	nlh->nlmsg_pid = PORTID;
	return nlh;
}

/* The last message has its length. */
static void end(const struct nlmsghdr *nlh)
{
	len += NLMSG_ALIGN(nlh->nlmsg_len);
}

static void begin(void)
{
	len = 0;
	nx_reply_init(&reply, SEQ, PORTID);
}

static void add_item(u16 flags, u32 value)
{
	struct nlmsghdr *nlh = add(40, flags);

	mnl_attr_put_u32(nlh, 1, value);
	end(nlh);
}

static void add_done(int error, u16 flags)
{
	struct nlmsghdr *nlh = add(NLMSG_DONE, flags);
	int *payload = mnl_nlmsg_put_extra_header(nlh, sizeof(*payload));

	*payload = error;
	if (flags & NLM_F_ACK_TLVS)
		mnl_attr_put_strz(nlh, NLMSGERR_ATTR_MSG, "at the end");
	end(nlh);
}

/* @echo: bytes of the request, its header included, that the error repeats. */
static void add_error(int error, u16 flags, u32 echo)
{
	struct nlmsghdr *nlh = add(NLMSG_ERROR, flags);
	struct nlmsgerr *err = mnl_nlmsg_put_extra_header(nlh, sizeof(*err));

	err->error = error;
	err->msg.nlmsg_len = echo;
	if (!(flags & NLM_F_CAPPED) && echo > NLMSG_HDRLEN)
		memset(mnl_nlmsg_put_extra_header(nlh, echo - NLMSG_HDRLEN), 0xee,
		       echo - NLMSG_HDRLEN);
	if (flags & NLM_F_ACK_TLVS) {
		mnl_attr_put_u32(nlh, NLMSGERR_ATTR_OFFS, 12);
		mnl_attr_put_strz(nlh, NLMSGERR_ATTR_MSG, "words of the kernel");
	}
	end(nlh);
}

static void feed__acknowledged(void)
{
	begin();
	add_error(0, NLM_F_CAPPED, 40);
	CU_ASSERT_EQUAL(nx_reply_feed(&reply, buf, len), NX_REPLY_DONE);
	CHECK_STR(reply.extack, "");
	nx_reply_free(&reply);
}

static void feed__error_with_words(void)
{
	static const struct {
		u16 flags;
		u32 echo;
	} table[] = {
		{ NLM_F_ACK_TLVS | NLM_F_CAPPED, 40 },
		{ NLM_F_ACK_TLVS, 40 },
		{ NLM_F_ACK_TLVS, 41 },
		{ NLM_F_ACK_TLVS, NLMSG_HDRLEN },
	};

	for (size_t i = 0; i < NX_ARRAY_SIZE(table); i++) {
		begin();
		add_error(-EBUSY, table[i].flags, table[i].echo);
		CU_ASSERT_EQUAL(nx_reply_feed(&reply, buf, len), -EBUSY);
		CHECK_STR(reply.extack, "words of the kernel");
		nx_reply_free(&reply);
	}
	begin();
	add_error(-EPERM, 0, 40);
	CU_ASSERT_EQUAL(nx_reply_feed(&reply, buf, len), -EPERM);
	CHECK_STR(reply.extack, "");
	nx_reply_free(&reply);
}

static void feed__list_in_two_datagrams(void)
{
	begin();
	add_item(NLM_F_MULTI, 1);
	add_item(NLM_F_MULTI, 2);
	CU_ASSERT_EQUAL(nx_reply_feed(&reply, buf, len), NX_REPLY_MORE);
	len = 0;
	add_item(NLM_F_MULTI, 3);
	add_done(0, NLM_F_MULTI);
	CU_ASSERT_EQUAL(nx_reply_feed(&reply, buf, len), NX_REPLY_DONE);
	CU_ASSERT_EQUAL_FATAL(reply.nr, 3);
	CU_ASSERT_FALSE(reply.is_torn);
	for (u32 i = 0; i < 3; i++) {
		const struct nlattr *attr = mnl_nlmsg_get_payload(reply.msgs[i]);

		CU_ASSERT_EQUAL(mnl_attr_get_u32(attr), i + 1);
	}
	nx_reply_free(&reply);
}

static void feed__interrupted_list(void)
{
	begin();
	add_item(NLM_F_MULTI, 1);
	add_item(NLM_F_MULTI | NLM_F_DUMP_INTR, 2);
	add_item(NLM_F_MULTI, 3);
	add_done(0, NLM_F_MULTI);
	CU_ASSERT_EQUAL(nx_reply_feed(&reply, buf, len), NX_REPLY_DONE);
	CU_ASSERT_TRUE(reply.is_torn);
	nx_reply_free(&reply);
	begin();
	add_done(0, NLM_F_MULTI | NLM_F_DUMP_INTR);
	CU_ASSERT_EQUAL(nx_reply_feed(&reply, buf, len), NX_REPLY_DONE);
	CU_ASSERT_TRUE(reply.is_torn);
	nx_reply_free(&reply);
}

static void feed__list_that_fails(void)
{
	begin();
	add_item(NLM_F_MULTI, 1);
	add_done(-EMSGSIZE, NLM_F_MULTI | NLM_F_ACK_TLVS);
	CU_ASSERT_EQUAL(nx_reply_feed(&reply, buf, len), -EMSGSIZE);
	CHECK_STR(reply.extack, "at the end");
	nx_reply_free(&reply);
}

static void feed__others_are_left_alone(void)
{
	begin();
	add_item(NLM_F_MULTI, 1);
	((struct nlmsghdr *)buf)->nlmsg_seq++;
	add_item(NLM_F_MULTI, 2);
	((struct nlmsghdr *)(buf + len / 2))->nlmsg_pid++;
	CU_ASSERT_EQUAL(nx_reply_feed(&reply, buf, len), NX_REPLY_MORE);
	CU_ASSERT_EQUAL(reply.nr, 0);
	nx_reply_free(&reply);
}

static void feed__malformed(void)
{
	begin();
	add_item(0, 1);
	CU_ASSERT_EQUAL(nx_reply_feed(&reply, buf, len - 1), -EBADMSG);
	CU_ASSERT_EQUAL(nx_reply_feed(&reply, buf, 3), -EBADMSG);
	((struct nlmsghdr *)buf)->nlmsg_len = 4;
	CU_ASSERT_EQUAL(nx_reply_feed(&reply, buf, len), -EBADMSG);
	len = 0;
	end(add(NLMSG_ERROR, 0));
	CU_ASSERT_EQUAL(nx_reply_feed(&reply, buf, len), -EBADMSG);
	nx_reply_free(&reply);
}

static void keep__and_trim(void)
{
	begin();
	for (u32 i = 0; i < 200; i++)
		add_item(NLM_F_MULTI, i);
	nx_reply_feed(&reply, buf, len);
	CU_ASSERT_EQUAL(reply.nr, 200);
	nx_reply_trim(&reply, 100);
	CU_ASSERT_EQUAL(reply.nr, 100);
	nx_reply_keep(&reply, reply.msgs[42]);
	CU_ASSERT_EQUAL_FATAL(reply.nr, 1);
	CU_ASSERT_EQUAL(mnl_attr_get_u32(mnl_nlmsg_get_payload(reply.msgs[0])), 42);
	nx_reply_free(&reply);
}

CU_TestInfo reply_tests[] = {
	{ "feed__acknowledged", feed__acknowledged },
	{ "feed__error_with_words", feed__error_with_words },
	{ "feed__list_in_two_datagrams", feed__list_in_two_datagrams },
	{ "feed__interrupted_list", feed__interrupted_list },
	{ "feed__list_that_fails", feed__list_that_fails },
	{ "feed__others_are_left_alone", feed__others_are_left_alone },
	{ "feed__malformed", feed__malformed },
	{ "keep__and_trim", keep__and_trim },
	CU_TEST_INFO_NULL,
};
