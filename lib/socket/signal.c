// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * What a signal does to a call that it interrupts.
 */
#include "internal.h"

/* Of what the thread itself does; handlers of crashes are in many programs. */
static bool is_fault(int number)
{
	return number == SIGSEGV || number == SIGBUS || number == SIGFPE ||
	       number == SIGILL || number == SIGTRAP || number == SIGSYS ||
	       number == SIGABRT;
}

/* Does the signal run a function of the program's, and end calls? */
static bool is_ending(int number)
{
	struct sigaction action;

	/* EINVAL: one of the C library's own. */
	if (is_fault(number) || sigaction(number, NULL, &action))
		return false;
	return action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN &&
	       !(action.sa_flags & SA_RESTART);
}

/*
 * Nobody tells which signal it was: if any may have been one without SA_RESTART,
 * the call ends.
 */
bool nx_signal_restarts(void)
{
	int number;

	for (number = 1; number < NSIG; number++)
		if (is_ending(number))
			return false;
	return true;
}
