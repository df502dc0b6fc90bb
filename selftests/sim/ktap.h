/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Results of tests as KTAP lines.
 */
#ifndef SIM_KTAP_H
#define SIM_KTAP_H

#include <stdbool.h>

/** ktap_begin - say which version of KTAP follows */
void ktap_begin(void);

/**
 * ktap_ok - the result of one test, as a line
 * @is_ok:  it has passed
 * @format: its title, that begins with the name of a behaviour
 *
 * Return: @is_ok.
 */
bool ktap_ok(bool is_ok, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/** ktap_say - a line of explanation */
void ktap_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** ktap_end - the plan; returns the program's exit status */
int ktap_end(void);

#endif /* SIM_KTAP_H */
