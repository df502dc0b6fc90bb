/* SPDX-License-Identifier: GPL-2.0 */
/* Writes JSON. Whatever a process called itself, the result is valid. */
#ifndef NX_JSON_H
#define NX_JSON_H

#include "nexusctl.h"

/**
 * struct nx_json - a document that is being written
 * @out:      where to
 * @pretty:   a line for each value
 * @depth:    open objects and arrays
 * @is_first: nothing was written at this depth yet
 */
struct nx_json {
	FILE *out;
	bool pretty;
	unsigned int depth;
	bool is_first;
};

void nx_json_init(struct nx_json *json, const struct nx_ctl *ctl);
/* Ends the document's line. */
void nx_json_finish(struct nx_json *json);

/* @key is NULL in an array and at the top. */
void nx_json_object(struct nx_json *json, const char *key);
void nx_json_object_end(struct nx_json *json);
void nx_json_array(struct nx_json *json, const char *key);
void nx_json_array_end(struct nx_json *json);
void nx_json_u64(struct nx_json *json, const char *key, u64 value);
void nx_json_bool(struct nx_json *json, const char *key, bool value);
void nx_json_str(struct nx_json *json, const char *key, const char *value);

#endif
