/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The virtual clock: a heap of events, and a time that jumps from one to the next.
 */
#ifndef SIM_CLOCK_H
#define SIM_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIM_NS_PER_US	1000ull
#define SIM_NS_PER_MS	1000000ull
#define SIM_NS_PER_S	1000000000ull

/** sim_container - the object that holds a member, from the member's address */
#define sim_container(pointer, type, member) \
	((type *)((char *)(pointer) - offsetof(type, member)))

/**
 * struct sim_event - something that happens at a time
 * @run:   what happens; the event is no longer armed then, and may be armed again
 *         or freed there
 * @at_ns: when
 * @order: of arming: of two events at one time the first armed comes first
 * @slot:  its place in the heap, from 1; 0: not armed
 *
 * Embedded in what it belongs to, zeroed at first. Belongs to the clock while
 * armed.
 */
struct sim_event {
	void		(*run)(struct sim_event *event);
	uint64_t	at_ns;
	uint64_t	order;
	size_t		slot;
};

/**
 * struct sim_clock - the time, and what will happen
 * @now_ns: time since the simulation's start
 * @order:  of the next event to be armed
 * @heap:   binary heap, the first to happen in slot 1
 * @nr:     events armed
 * @room:   slots there are
 */
struct sim_clock {
	uint64_t		now_ns;
	uint64_t		order;
	struct sim_event	**heap;
	size_t			nr;
	size_t			room;
};

void sim_clock_init(struct sim_clock *clock);
void sim_clock_exit(struct sim_clock *clock);

/**
 * sim_clock_arm - let an event happen, instead of when it was armed for before
 * @clock: what
 * @event: with its @run set
 * @at_ns: when; what is past happens now
 */
void sim_clock_arm(struct sim_clock *clock, struct sim_event *event,
		   uint64_t at_ns);

/** sim_clock_disarm - let an event not happen, armed or not */
void sim_clock_disarm(struct sim_clock *clock, struct sim_event *event);

static inline bool sim_event_is_armed(const struct sim_event *event)
{
	return event->slot;
}

/**
 * sim_clock_step - go to the next event and let it happen
 * @clock:    what
 * @until_ns: an event later than this stays where it is
 *
 * Return: false if none was left up to then; the time is @until_ns now if events
 * are left behind it.
 */
bool sim_clock_step(struct sim_clock *clock, uint64_t until_ns);

#endif /* SIM_CLOCK_H */
