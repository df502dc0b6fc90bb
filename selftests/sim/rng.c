// SPDX-License-Identifier: GPL-2.0
/*
 * xoshiro256**, and numbers below a limit from it.
 */
#include "rng.h"

static uint64_t rotate(uint64_t x, int bits)
{
	return x << bits | x >> (64 - bits);
}

void sim_rng_seed(struct sim_rng *rng, uint64_t seed, uint64_t stream)
{
	uint64_t x = sim_mix(seed) + sim_mix(~stream);

	/* 2^64 divided by the golden ratio: splitmix64's increment. */
	for (int i = 0; i < 4; i++)
		rng->s[i] = sim_mix(x += 0x9e3779b97f4a7c15);
}

uint64_t sim_rng_next(struct sim_rng *rng)
{
	uint64_t *s = rng->s, result = rotate(s[1] * 5, 7) * 9, t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotate(s[3], 45);
	return result;
}

/* The high half of a product is even to within n / 2^64. */
uint64_t sim_rng_below(struct sim_rng *rng, uint64_t n)
{
	return (uint64_t)((unsigned __int128)sim_rng_next(rng) * n >> 64);
}
