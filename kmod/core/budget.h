/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * How many packets leave between two moments at which something else may run.
 *
 * What counts for the others is time; what a packet takes is between a copy of
 * some bytes and that of 64 KiB, on machines that differ. So the caller tells how
 * long a whole budget took, and is told the next one.
 */
#ifndef NX_CORE_BUDGET_H
#define NX_CORE_BUDGET_H

#include "types.h"

/*
 * A whole budget should take 100 us: 1/20 of what the kernel allows its own
 * softirqs in a row (MAX_SOFTIRQ_TIME, 2 ms). Up to twice, and down to half of
 * that, it stays as it is.
 */
#define NX_BUDGET_GOAL_NS	100000ULL

/* To begin with as in the kernel's NAPI_POLL_WEIGHT. */
#define NX_BUDGET_START		64U
#define NX_BUDGET_MIN		8U
#define NX_BUDGET_MAX		256U

/* Budgets in a row that took too long, so that an interrupt is not to blame. */
#define NX_BUDGET_NR_OVER	2U
/* And that took too little. */
#define NX_BUDGET_NR_UNDER	8U

/**
 * enum nx_budget_state - what a budget does
 * @NX_BUDGET_HOLDS:   it takes the time that it should
 * @NX_BUDGET_GROWS:   it took less than half of that
 * @NX_BUDGET_SHRINKS: it took more than twice that
 * @NX_BUDGET_PINNED:  an administrator set it
 */
enum nx_budget_state {
	NX_BUDGET_HOLDS,
	NX_BUDGET_GROWS,
	NX_BUDGET_SHRINKS,
	NX_BUDGET_PINNED,
};

/**
 * struct nx_budget - of one sender
 * @state:    enum nx_budget_state
 * @packets:  the budget
 * @nr_over:  in a row that took too long
 * @nr_under: that took too little
 */
struct nx_budget {
	u32	state;
	u32	packets;
	u32	nr_over;
	u32	nr_under;
};

void nx_budget_init(struct nx_budget *b);
void nx_budget_pin(struct nx_budget *b, u32 packets);
void nx_budget_update(struct nx_budget *b, u64 took_ns);

#endif /* NX_CORE_BUDGET_H */
