/* SPDX-License-Identifier: GPL-2.0 */
/* What every test needs: giving up with a message, loop counts, clocks. */
#ifndef NX_UTIL_H
#define NX_UTIL_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define NX_ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

#define NX_MSEC			1000000LL
#define NX_SEC			1000000000LL

/* Fails the test that runs; for set-up whose failure is no case of its own. */
void nx_die(const char *format, ...)
	__attribute__((format(printf, 1, 2), noreturn));
/* A line of diagnosis in the KTAP output. */
void nx_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * How often a long loop turns: what the environment's variable @name says, or
 * @count times NEXUS_TEST_PERCENT / 100; at least 1.
 */
unsigned long nx_loops(const char *name, unsigned long count);
/* As long as a test may take, in seconds: longer where loops are slow. */
int nx_timeout(int seconds);

/* CLOCK_MONOTONIC. */
long long nx_now_ns(void);
void nx_sleep_ms(unsigned int ms);
/* Waits until *@word is at least @value, up to @ms. */
bool nx_wait_word(volatile unsigned int *word, unsigned int value,
		  unsigned int ms);

__u32 nx_random(__u32 *seed);
/* What a random test begins with: NEXUS_TEST_SEED, or any; it is printed. */
__u32 nx_seed_begin(void);

/* Memory that a fork shares with its child; zeros at first. */
void *nx_shared_alloc(size_t bytes);
/* fork(), and a child that dies with its parent. */
pid_t nx_fork(void);
/* The exit status of @pid, or -signal. */
int nx_wait_child(pid_t pid);
/* Runs a shell command; its exit status. */
int nx_shell(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* A number in a file of /proc or /sys, after @key if there is one; -1: none. */
long long nx_file_number(const char *path, const char *key);
/* Memory that the kernel could give out. */
long long nx_available_kb(void);
/* Does the kernel check itself, so that nothing takes what it would elsewhere? */
bool nx_is_checked(void);
/* Writes a file of /proc or /sys; 0 or -errno. */
int nx_file_write(const char *path, const char *text);

#endif
