/* SPDX-License-Identifier: GPL-2.0 */
/* Who may attach to a nexus, and how much each may use. */
#ifndef NX_POLICY_H
#define NX_POLICY_H

#include "json.h"

struct nlattr;

/* Writes the nest @policy (enum nexus_policy_attr) as an object. 0 or -EBADMSG. */
int nx_policy_json(const struct nx_ctl *ctl, struct nx_json *json, const char *key,
		   const struct nlattr *policy);

#endif
