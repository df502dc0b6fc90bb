// SPDX-License-Identifier: GPL-2.0
/* Prints how often this CPU's time stamp counter counts in a millisecond. */
#include <stdio.h>
#include <time.h>
#include <x86intrin.h>

#define TRIES	1000
#define WAIT_NS	200000000L

struct moment {
	unsigned long long	tsc;
	long long		ns;
};

static long long now_ns(void)
{
	struct timespec now;

	/* By which QEMU's timers go. */
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

/* Both clocks at once: the quickest of many tries was not disturbed. */
static struct moment now(void)
{
	unsigned long long took, least = ~0ULL;
	struct moment best = {};

	for (int i = 0; i < TRIES; i++) {
		unsigned long long before = __rdtsc();
		long long ns = now_ns();

		took = __rdtsc() - before;
		if (took < least) {
			least = took;
			best.tsc = before + took / 2;
			best.ns = ns;
		}
	}
	return best;
}

int main(void)
{
	const struct timespec wait = { .tv_nsec = WAIT_NS };
	struct moment start = now(), end;

	nanosleep(&wait, NULL);
	end = now();
	printf("%.0f\n", (end.tsc - start.tsc) * 1e6 / (end.ns - start.ns));
	return 0;
}
