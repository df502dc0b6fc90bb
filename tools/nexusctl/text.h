/* SPDX-License-Identifier: GPL-2.0 */
/* Names for the ABI's numbers, and numbers as people read them. */
#ifndef NX_TEXT_H
#define NX_TEXT_H

#include "nexusctl.h"

/* Room for any number, user or address that these functions print. */
#define NX_TEXT_SIZE 64

/* Names; a number that this program does not know is "unknown". */
const char *nx_text_kind(u32 kind);
const char *nx_text_state(u32 state);
const char *nx_text_class(u32 class);
/* Of enum nexus_tcp_state, as ss calls them. */
const char *nx_text_tcp(u32 state);
const char *nx_text_monitor(u32 type);
const char *nx_text_rule(u32 type);
const char *nx_text_violation(u32 violation);
/* Why the memory of a channel was taken back; and in words. */
const char *nx_text_defunct(u32 reason);
const char *nx_text_defunct_meaning(u32 reason);
/* What a violation was, in words. */
const char *nx_text_violation_meaning(u32 violation);
/* Of a drop reason; NULL if this program does not know it. */
const char *nx_text_drop(u32 reason);
const char *nx_text_drop_meaning(u32 reason);
/* "udp"; other protocols by their number. */
void nx_text_protocol(char buf[NX_TEXT_SIZE], u8 protocol);

/* A count: exact up to 99,999, then 123k, 4.56M; always exact if @numeric. */
void nx_text_count(char buf[NX_TEXT_SIZE], u64 count, bool numeric);
/* Bytes: 1.5KiB; a plain number if @numeric. */
void nx_text_size(char buf[NX_TEXT_SIZE], u64 bytes, bool numeric);
/* A user's or group's name; its number if it has none, or if @numeric. */
void nx_text_user(char buf[NX_TEXT_SIZE], u32 uid, bool numeric);
void nx_text_group(char buf[NX_TEXT_SIZE], u32 gid, bool numeric);
/* CLOCK_REALTIME as local time, to the microsecond. */
void nx_text_time(char buf[NX_TEXT_SIZE], u64 time_ns);

/* A copy of @text, to be freed, with \xNN for all that is no printable ASCII. */
char *nx_text_printable(const char *text);

#endif
