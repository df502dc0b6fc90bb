// SPDX-License-Identifier: GPL-2.0
/*
 * Domain names: text to wire format and back, and their canonical order
 * (RFC 4034 section 6.1).
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "dns.h"

/* 127 labels of one byte and the root fill 255 bytes. */
#define LABELS_MAX	128

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? c + 32 : c;
}

void dns_name_lower(struct dns_name *name)
{
	unsigned int i;

	/* Length bytes are below 'A'. */
	for (i = 0; i < name->len; i++)
		name->bytes[i] = lower(name->bytes[i]);
}

static int append_label(struct dns_name *name, const uint8_t *label, size_t len)
{
	if (len > DNS_LABEL_MAX || name->len + 1 + len > DNS_NAME_MAX - 1)
		return -ENAMETOOLONG;
	name->bytes[name->len] = len;
	memcpy(name->bytes + name->len + 1, label, len);
	name->len += 1 + len;
	return 0;
}

static int append_name(struct dns_name *name, const struct dns_name *tail)
{
	if (name->len + tail->len > DNS_NAME_MAX)
		return -ENAMETOOLONG;
	memcpy(name->bytes + name->len, tail->bytes, tail->len);
	name->len += tail->len;
	return 0;
}

/* "\." and "\123" stand for one byte; returns how many characters it took. */
static size_t unescape(const char *text, uint8_t *byte)
{
	unsigned int value;

	if (text[0] != '\\') {
		*byte = text[0];
		return 1;
	}
	if (text[1] < '0' || text[1] > '9') {
		*byte = text[1];
		return text[1] ? 2 : 0;
	}
	if (sscanf(text + 1, "%3u", &value) != 1 || value > 255 ||
	    text[2] < '0' || text[2] > '9' || text[3] < '0' || text[3] > '9')
		return 0;
	*byte = value;
	return 4;
}

/*
 * "www" is below @origin, "www.example." is not, "@" is @origin itself. A NULL
 * @origin allows none but absolute names. The result is in lower case.
 */
int dns_name_parse(struct dns_name *name, const char *text,
		   const struct dns_name *origin)
{
	static const struct dns_name root = { .len = 1 };
	uint8_t label[DNS_LABEL_MAX + 1];
	size_t len = 0, step;

	memset(name, 0, sizeof(*name));
	if (!strcmp(text, "@"))
		return origin ? append_name(name, origin) : -EINVAL;
	if (!strcmp(text, "."))
		return append_name(name, &root);
	if (!*text)
		return -EINVAL;

	for (; *text; text += step) {
		if (*text == '.') {
			step = 1;
			if (!len)
				return -EINVAL;
			if (append_label(name, label, len))
				return -ENAMETOOLONG;
			len = 0;
			continue;
		}
		if (len == DNS_LABEL_MAX)
			return -ENAMETOOLONG;
		step = unescape(text, &label[len++]);
		if (!step)
			return -EINVAL;
	}
	if (len) {
		if (!origin)
			return -EINVAL;
		if (append_label(name, label, len))
			return -ENAMETOOLONG;
	}
	dns_name_lower(name);
	return append_name(name, len ? origin : &root);
}

void dns_name_format(const struct dns_name *name, char *text, size_t size)
{
	size_t off = 0, used = 0, len, i;

	if (name->len == 1)
		used += snprintf(text, size, ".");
	while (off < name->len && name->bytes[off]) {
		len = name->bytes[off++];
		for (i = 0; i < len && used + 5 < size; i++) {
			uint8_t c = name->bytes[off + i];

			if (c == '.' || c == '\\')
				used += sprintf(text + used, "\\%c", c);
			else if (c > ' ' && c < 127)
				text[used++] = c;
			else
				used += sprintf(text + used, "\\%03u", c);
		}
		if (used + 2 < size)
			text[used++] = '.';
		off += len;
	}
	text[used] = '\0';
}

static unsigned int label_offsets(const struct dns_name *name, uint8_t *offsets)
{
	unsigned int nr = 0, off = 0;

	while (off < name->len && name->bytes[off] && nr < LABELS_MAX) {
		offsets[nr++] = off;
		off += 1 + name->bytes[off];
	}
	return nr;
}

static int compare_labels(const uint8_t *a, const uint8_t *b)
{
	unsigned int i;

	for (i = 1; i <= a[0] && i <= b[0]; i++)
		if (lower(a[i]) != lower(b[i]))
			return lower(a[i]) - lower(b[i]);
	return a[0] - b[0];
}

/* By labels from the right, so that what is below a name follows it. */
int dns_name_compare(const struct dns_name *a, const struct dns_name *b)
{
	uint8_t a_offs[LABELS_MAX], b_offs[LABELS_MAX];
	unsigned int a_nr = label_offsets(a, a_offs);
	unsigned int b_nr = label_offsets(b, b_offs);
	unsigned int i;
	int order;

	for (i = 1; i <= a_nr && i <= b_nr; i++) {
		order = compare_labels(a->bytes + a_offs[a_nr - i],
				       b->bytes + b_offs[b_nr - i]);
		if (order)
			return order;
	}
	return (int)a_nr - (int)b_nr;
}

bool dns_name_equal(const struct dns_name *a, const struct dns_name *b)
{
	return a->len == b->len && !dns_name_compare(a, b);
}

/* Is it @top, or below it? */
bool dns_name_is_under(const struct dns_name *name, const struct dns_name *top)
{
	unsigned int off = 0;
	struct dns_name tail;

	if (name->len < top->len)
		return false;
	while (off < (unsigned int)(name->len - top->len))
		off += 1 + name->bytes[off];
	if (off != (unsigned int)(name->len - top->len))
		return false;
	tail.len = top->len;
	memcpy(tail.bytes, name->bytes + off, top->len);
	return dns_name_equal(&tail, top);
}
