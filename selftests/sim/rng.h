/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Random numbers that depend on a seed and on nothing else: xoshiro256** of
 * Blackman and Vigna (2018), seeded by splitmix64 as they advise.
 */
#ifndef SIM_RNG_H
#define SIM_RNG_H

#include <stdbool.h>
#include <stdint.h>

/* Probabilities are whole numbers of billionths, so that no rounding differs. */
#define SIM_ALWAYS	1000000000u
#define SIM_PERCENT	(SIM_ALWAYS / 100)

/**
 * struct sim_rng - one stream of random numbers
 * @s: state, never all zeros
 */
struct sim_rng {
	uint64_t	s[4];
};

/**
 * sim_mix - spread the bits of a number (the finalizer of splitmix64)
 * @x: any number
 */
static inline uint64_t sim_mix(uint64_t x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

/**
 * sim_rng_seed - start a stream
 * @rng:    what
 * @seed:   of the run
 * @stream: which of the run's streams; each user of random numbers has its own,
 *          so that one more draw here changes nothing there
 */
void sim_rng_seed(struct sim_rng *rng, uint64_t seed, uint64_t stream);

/** sim_rng_next - 64 random bits */
uint64_t sim_rng_next(struct sim_rng *rng);

/** sim_rng_below - a number of 0 to @n - 1, each as likely; @n is not 0 */
uint64_t sim_rng_below(struct sim_rng *rng, uint64_t n);

/** sim_rng_between - a number of @low to @high, both included */
static inline uint64_t sim_rng_between(struct sim_rng *rng, uint64_t low,
				       uint64_t high)
{
	return low + sim_rng_below(rng, high - low + 1);
}

/**
 * sim_rng_chance - true with a probability
 * @rng: what
 * @ppb: billionths
 *
 * Draws nothing for 0, so that a property that is off costs nothing.
 */
static inline bool sim_rng_chance(struct sim_rng *rng, uint32_t ppb)
{
	return ppb && sim_rng_below(rng, SIM_ALWAYS) < ppb;
}

#endif /* SIM_RNG_H */
