// SPDX-License-Identifier: GPL-2.0
/*
 * The modes: round trips, transmit, receive and echo, with one end, with two
 * processes, or with both ends in one process.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "perf.h"

/* Packets that were sent and don't arrive for so long are lost. */
#define LOST_NS		100000000ULL
/* A child that does not end by itself after SIGTERM, in 10 ms. */
#define PATIENCE	200

/**
 * struct hello - the child's first words
 * @err: why it could not open its end
 * @mac: of its device
 */
struct hello {
	int	err;
	uint8_t	mac[6];
};

volatile sig_atomic_t perf_stop;

static void on_signal(int number)
{
	(void)number;
	perf_stop = 1;
}

/* No SA_RESTART: a sleeping end must wake up and close its device. */
static void catch_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

static int serve(struct perf_end *end, enum perf_role role,
		 struct perf_shared *shared)
{
	int ret = 0;

	while (!perf_stop && ret >= 0) {
		if (role == PERF_ROLE_SERVER) {
			ret = end->backend->pong(end);
			continue;
		}
		ret = end->backend->recv(end, end->cfg->batch, true);
		if (ret <= 0)
			continue;
		__atomic_store_n(&shared->bytes, end->bytes, __ATOMIC_RELAXED);
		__atomic_store_n(&shared->received, shared->received + ret,
				 __ATOMIC_RELEASE);
	}
	return perf_stop ? 0 : ret;
}

static void child_main(const struct perf_config *cfg, enum perf_role role,
		       struct perf_shared *shared, int fd)
{
	struct hello hello = { 0 };
	struct perf_end end;
	int err;

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	hello.err = perf_end_open(&end, cfg, role, &cfg->remote, &cfg->local);
	memcpy(hello.mac, end.local.mac, sizeof(hello.mac));
	if (write(fd, &hello, sizeof(hello)) != sizeof(hello) || hello.err)
		_exit(1);
	close(fd);
	err = serve(&end, role, shared);
	perf_end_close(&end);
	fflush(NULL);
	_exit(err ? 1 : 0);
}

void perf_child_stop(struct perf_child *child)
{
	const struct timespec pause = { .tv_nsec = 10000000 };
	int i;

	for (i = 0; i < PATIENCE; i++) {
		kill(child->pid, SIGTERM);
		if (waitpid(child->pid, NULL, WNOHANG) == child->pid)
			goto out;
		nanosleep(&pause, NULL);
	}
	perf_error("the other end does not stop: killed");
	kill(child->pid, SIGKILL);
	waitpid(child->pid, NULL, 0);
out:
	munmap(child->shared, sizeof(*child->shared));
}

/* The other end, in a process of its own; @place gets its device's MAC. */
int perf_child_start(struct perf_child *child, const struct perf_config *cfg,
		     enum perf_role role, struct perf_place *place)
{
	struct hello hello;
	ssize_t got;
	int fds[2];

	child->shared = mmap(NULL, sizeof(*child->shared),
			     PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (child->shared == MAP_FAILED || pipe(fds))
		return -errno;
	fflush(NULL);
	child->pid = fork();
	if (child->pid < 0)
		return -errno;
	if (!child->pid) {
		close(fds[0]);
		child_main(cfg, role, child->shared, fds[1]);
	}
	close(fds[1]);
	got = read(fds[0], &hello, sizeof(hello));
	close(fds[0]);
	if (got != sizeof(hello))
		hello.err = -ECHILD;
	if (hello.err) {
		perf_child_stop(child);
		return hello.err;
	}
	if (!cfg->has_mac)
		memcpy(place->mac, hello.mac, sizeof(place->mac));
	return 0;
}

/* ------------------------------------------------------- single ended */

static int run_rr(const struct perf_config *cfg, struct perf_result *result)
{
	struct perf_place remote = cfg->remote;
	struct perf_window window;
	struct perf_child child = { 0 };
	struct perf_end end;
	int err;

	err = perf_window_init(&window, cfg, result, true);
	if (!err && cfg->ends == PERF_ENDS_PAIR)
		err = perf_child_start(&child, cfg, PERF_ROLE_SERVER, &remote);
	if (err)
		return err;
	err = perf_end_open(&end, cfg, PERF_ROLE_CLIENT, &cfg->local, &remote);
	if (err)
		goto out;
	do
		err = end.backend->ping(&end);
	while (!err && !perf_stop && perf_window_step(&window, 1));
	result->sent = result->ops;
	result->bytes = result->ops * cfg->size;
	perf_end_close(&end);
out:
	if (child.pid)
		perf_child_stop(&child);
	return err;
}

static int run_tx(const struct perf_config *cfg, struct perf_result *result)
{
	struct perf_window window;
	struct perf_end end;
	int err;

	err = perf_window_init(&window, cfg, result, false);
	if (err)
		return err;
	err = perf_end_open(&end, cfg, PERF_ROLE_SENDER, &cfg->local,
			    &cfg->remote);
	if (err)
		return err;
	do
		err = end.backend->send(&end, cfg->batch);
	while (!err && !perf_stop && perf_window_step(&window, cfg->batch));
	result->sent = result->ops;
	result->bytes = result->ops * cfg->size;
	perf_end_close(&end);
	return err;
}

static int run_echo(const struct perf_config *cfg)
{
	struct perf_end end;
	int err;

	err = perf_end_open(&end, cfg, PERF_ROLE_SERVER, &cfg->local,
			    &cfg->remote);
	if (err)
		return err;
	err = serve(&end, PERF_ROLE_SERVER, NULL);
	perf_end_close(&end);
	return err;
}

/* ----------------------------------------------------------- receiving */

/* A payload that was cut or stretched on its way makes the figure void. */
static int check_bytes(const struct perf_config *cfg, uint64_t packets,
		       uint64_t bytes)
{
	if (bytes == packets * cfg->size)
		return 0;
	perf_error("%llu packets of %u bytes arrived with %llu bytes",
		   (unsigned long long)packets, cfg->size,
		   (unsigned long long)bytes);
	return -EBADMSG;
}

/* Up to what is on its way; less where the receiver hands over by block. */
static int lockstep_drain(struct perf_end *receiver, uint64_t outstanding,
			  unsigned int batch)
{
	uint64_t got = 0;
	int ret;

	while (got < outstanding) {
		ret = receiver->backend->recv(receiver,
			outstanding - got < batch ? outstanding - got : batch,
			false);
		if (ret < 0)
			return ret;
		if (!ret)
			break;
		got += ret;
	}
	return got;
}

static int lockstep_loop(const struct perf_config *cfg, struct perf_end *sender,
			 struct perf_end *receiver, struct perf_result *result)
{
	uint64_t sent = 0, received = 0, last_ns;
	struct perf_window window;
	int ret;

	ret = perf_window_init(&window, cfg, result, false);
	if (ret)
		return ret;
	do {
		ret = sender->backend->send(sender, cfg->batch);
		if (ret < 0)
			return ret;
		sent += cfg->batch;
		ret = lockstep_drain(receiver, sent - received, cfg->batch);
		if (ret < 0)
			return ret;
		received += ret;
		if (!received && sent > 100000) {
			perf_error("nothing arrives");
			return -ETIMEDOUT;
		}
	} while (!perf_stop && perf_window_step(&window, ret));

	for (last_ns = perf_now_ns(); received < sent &&
	     perf_now_ns() - last_ns < LOST_NS; received += ret) {
		ret = lockstep_drain(receiver, sent - received, cfg->batch);
		if (ret < 0)
			return ret;
	}
	result->sent = sent;
	result->lost = sent - received;
	return check_bytes(cfg, received, receiver->bytes);
}

static int run_lockstep(const struct perf_config *cfg,
			struct perf_result *result)
{
	struct perf_place remote = cfg->remote;
	struct perf_end receiver, sender;
	int err;

	err = perf_end_open(&receiver, cfg, PERF_ROLE_RECEIVER, &cfg->remote,
			    &cfg->local);
	if (err)
		return err;
	if (!cfg->has_mac)
		memcpy(remote.mac, receiver.local.mac, sizeof(remote.mac));
	err = perf_end_open(&sender, cfg, PERF_ROLE_SENDER, &cfg->local,
			    &remote);
	if (!err) {
		err = lockstep_loop(cfg, &sender, &receiver, result);
		perf_end_close(&sender);
	}
	perf_end_close(&receiver);
	return err;
}

/**
 * struct flight - what a sender knows of its receiver
 * @sent:     packets
 * @received: packets, when last looked at
 * @lost:     given up
 */
struct flight {
	uint64_t	sent;
	uint64_t	received;
	uint64_t	lost;
};

/* Looks at the receiver's count; returns how many it has taken since. */
static uint64_t flight_update(struct flight *flight, struct perf_shared *shared)
{
	uint64_t received = __atomic_load_n(&shared->received, __ATOMIC_ACQUIRE);
	uint64_t delta = received - flight->received;

	flight->received = received;
	return delta;
}

/* Lets the receiver run until at most @window packets are on their way. */
static uint64_t flight_wait(struct flight *flight, struct perf_shared *shared,
			    uint64_t window)
{
	uint64_t got = flight_update(flight, shared);
	uint64_t since_ns = 0, delta;

	while (flight->sent - flight->received - flight->lost > window &&
	       !perf_stop) {
		sched_yield();
		delta = flight_update(flight, shared);
		got += delta;
		if (delta || !since_ns)
			since_ns = perf_now_ns();
		else if (perf_now_ns() - since_ns > LOST_NS)
			flight->lost = flight->sent - flight->received;
	}
	return got;
}

/*
 * The sender may not run ahead by more than the receiver's buffers hold, or, in
 * fragments, than a CPU's backlog does (net.core.netdev_max_backlog, 1000).
 */
static uint64_t flight_window(const struct perf_config *cfg)
{
	uint64_t window = cfg->size > 2048 ? (1U << 20) / cfg->size : 256;

	return window > cfg->batch ? window - cfg->batch : 0;
}

static int flight_loop(const struct perf_config *cfg, struct perf_end *sender,
		       struct perf_shared *shared, struct perf_result *result)
{
	uint64_t limit = cfg->window ? cfg->window - cfg->batch :
				       flight_window(cfg);
	struct flight flight = { 0 };
	struct perf_window window;
	uint64_t got;
	int err;

	err = perf_window_init(&window, cfg, result, false);
	if (err)
		return err;
	do {
		err = sender->backend->send(sender, cfg->batch);
		if (err < 0)
			return err;
		flight.sent += cfg->batch;
		got = flight_wait(&flight, shared, limit);
		if (!flight.received && flight.lost) {
			perf_error("nothing arrives");
			return -ETIMEDOUT;
		}
	} while (!perf_stop && perf_window_step(&window, got));

	flight_wait(&flight, shared, 0);
	result->sent = flight.sent;
	result->lost = flight.sent - flight.received;
	return check_bytes(cfg, flight.received, shared->bytes);
}

static int run_flight(const struct perf_config *cfg, struct perf_result *result)
{
	struct perf_place remote = cfg->remote;
	struct perf_end sender;
	struct perf_child child;
	int err;

	err = perf_child_start(&child, cfg, PERF_ROLE_RECEIVER, &remote);
	if (err)
		return err;
	err = perf_end_open(&sender, cfg, PERF_ROLE_SENDER, &cfg->local,
			    &remote);
	if (!err) {
		err = flight_loop(cfg, &sender, child.shared, result);
		perf_end_close(&sender);
	}
	perf_child_stop(&child);
	return err;
}

static int run_rx(const struct perf_config *cfg, struct perf_result *result)
{
	int err = cfg->ends == PERF_ENDS_LOCKSTEP ? run_lockstep(cfg, result) :
						    run_flight(cfg, result);

	result->bytes = result->ops * cfg->size;
	return err;
}

int perf_run(const struct perf_config *cfg, struct perf_result *result)
{
	catch_signals();
	switch (cfg->mode) {
	case PERF_RR:
		return run_rr(cfg, result);
	case PERF_TX:
		return run_tx(cfg, result);
	case PERF_RX:
	case PERF_BULK:
		return run_rx(cfg, result);
	case PERF_ECHO:
		return run_echo(cfg);
	case PERF_FLOOR:
		return perf_floor(cfg, result);
	case PERF_TCP_RR:
	case PERF_TCP_BULK:
	case PERF_TCP_CRR:
	case PERF_TLS_BULK:
		return perf_run_tcp(cfg, result);
	}
	return -EINVAL;
}
