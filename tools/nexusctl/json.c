// SPDX-License-Identifier: GPL-2.0
/* Writes JSON, compact or with a line for each value. */
#include <string.h>

#include "json.h"

void nx_json_init(struct nx_json *json, const struct nx_ctl *ctl)
{
	memset(json, 0, sizeof(*json));
	json->out = ctl->out;
	json->pretty = ctl->pretty;
	json->is_first = true;
}

void nx_json_finish(struct nx_json *json)
{
	putc('\n', json->out);
	json->is_first = true;
}

static void new_line(struct nx_json *json)
{
	if (json->pretty)
		fprintf(json->out, "\n%*s", (int)json->depth * 4, "");
}

/*
 * Bytes of the UTF-8 sequence at @s, 0 if it is none (RFC 3629 section 4:
 * no overlong forms, no surrogates, nothing past U+10FFFF).
 */
static int sequence_len(const unsigned char *s)
{
	int len = s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : s[0] < 0xf5 ? 4 : 0;

	for (int i = 1; i < len; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if (s[0] == 0xe0 && s[1] < 0xa0)
		return 0;
	if (s[0] == 0xed && s[1] > 0x9f)
		return 0;
	if (s[0] == 0xf0 && s[1] < 0x90)
		return 0;
	if (s[0] == 0xf4 && s[1] > 0x8f)
		return 0;
	return len;
}

/* Writes what stands at @s; returns how many bytes that took. */
static int put_char(FILE *out, const unsigned char *s)
{
	int len = sequence_len(s);

	if (*s == '"' || *s == '\\')
		fprintf(out, "\\%c", *s);
	else if (*s < 0x20 || *s == 0x7f)
		fprintf(out, "\\u%04x", *s);
	else if (*s < 0x80)
		putc(*s, out);
	else if (len)
		fprintf(out, "%.*s", len, s);
	else
		fputs("\\ufffd", out);
	return len ? len : 1;
}

static void put_string(FILE *out, const char *value)
{
	const unsigned char *s = (const unsigned char *)value;

	putc('"', out);
	while (*s)
		s += put_char(out, s);
	putc('"', out);
}

static void begin_value(struct nx_json *json, const char *key)
{
	if (!json->is_first)
		putc(',', json->out);
	if (json->depth)
		new_line(json);
	json->is_first = false;
	if (!key)
		return;
	put_string(json->out, key);
	fputs(json->pretty ? ": " : ":", json->out);
}

static void begin_nest(struct nx_json *json, const char *key, char bracket)
{
	begin_value(json, key);
	putc(bracket, json->out);
	json->depth++;
	json->is_first = true;
}

static void end_nest(struct nx_json *json, char bracket)
{
	json->depth--;
	if (!json->is_first)
		new_line(json);
	putc(bracket, json->out);
	json->is_first = false;
}

void nx_json_object(struct nx_json *json, const char *key)
{
	begin_nest(json, key, '{');
}

void nx_json_object_end(struct nx_json *json)
{
	end_nest(json, '}');
}

void nx_json_array(struct nx_json *json, const char *key)
{
	begin_nest(json, key, '[');
}

void nx_json_array_end(struct nx_json *json)
{
	end_nest(json, ']');
}

void nx_json_u64(struct nx_json *json, const char *key, u64 value)
{
	begin_value(json, key);
	fprintf(json->out, "%llu", (unsigned long long)value);
}

void nx_json_bool(struct nx_json *json, const char *key, bool value)
{
	begin_value(json, key);
	fputs(value ? "true" : "false", json->out);
}

void nx_json_str(struct nx_json *json, const char *key, const char *value)
{
	begin_value(json, key);
	put_string(json->out, value);
}
