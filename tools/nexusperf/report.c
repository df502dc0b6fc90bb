// SPDX-License-Identifier: GPL-2.0
/*
 * Tells what a run found, to people or as one line of JSON.
 */
#include <stdarg.h>
#include <stdlib.h>

#include "perf.h"

static const char * const mode_names[] = {
	[PERF_RR] = "rr",
	[PERF_TX] = "tx",
	[PERF_RX] = "rx",
	[PERF_BULK] = "bulk",
	[PERF_ECHO] = "echo",
	[PERF_FLOOR] = "floor",
	[PERF_TCP_RR] = "tcp-rr",
	[PERF_TCP_BULK] = "tcp-bulk",
	[PERF_TCP_CRR] = "tcp-crr",
	[PERF_TLS_BULK] = "tls-bulk",
};

static const struct {
	const char	*name;
	unsigned int	per_mille;
} percentiles[] = {
	{ "min", 0 }, { "p50", 500 }, { "p90", 900 },
	{ "p99", 990 }, { "p99.9", 999 }, { "max", 1000 },
};

#define NR_PERCENTILES	(sizeof(percentiles) / sizeof(percentiles[0]))

void perf_error(const char *format, ...)
{
	va_list args;

	/* What fails because it was interrupted on purpose is no error. */
	if (perf_stop)
		return;
	fputs("nexusperf: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* By nearest rank, on sorted samples. */
static uint32_t percentile(const struct perf_result *result,
			   unsigned int per_mille)
{
	size_t rank = (result->nr_samples * per_mille + 999) / 1000;

	return result->samples[rank ? rank - 1 : 0];
}

static void print_percentiles(const struct perf_result *result,
			      const char *format)
{
	size_t i;

	for (i = 0; i < NR_PERCENTILES; i++)
		printf(format, percentiles[i].name,
		       percentile(result, percentiles[i].per_mille));
}

static double ns_per_op(const struct perf_result *result)
{
	return result->ops ? (double)result->ns / result->ops : 0;
}

static double per_second(const struct perf_result *result, uint64_t what)
{
	return result->ns ? what * 1e9 / result->ns : 0;
}

static const char *who(const struct perf_config *cfg)
{
	return cfg->mode == PERF_FLOOR ? cfg->reference : cfg->backend->name;
}

static void report_json(const struct perf_config *cfg,
			const struct perf_result *result)
{
	printf("{\"mode\":\"%s\",\"backend\":\"%s\",\"size\":%u,\"batch\":%u",
	       mode_names[cfg->mode], who(cfg), cfg->size, cfg->batch);
	if (cfg->sender && (cfg->mode == PERF_RX || cfg->mode == PERF_BULK ||
			    perf_is_tcp(cfg)))
		printf(",\"sender\":\"%s\"", cfg->sender->name);
	printf(",\"ops\":%llu,\"ns\":%llu,\"ns_per_op\":%.1f",
	       (unsigned long long)result->ops, (unsigned long long)result->ns,
	       ns_per_op(result));
	printf(",\"sent\":%llu,\"lost\":%llu,\"bytes\":%llu",
	       (unsigned long long)result->sent,
	       (unsigned long long)result->lost,
	       (unsigned long long)result->bytes);
	if (result->nr_samples)
		print_percentiles(result, ",\"%s\":%u");
	puts("}");
}

static void report_tcp(const struct perf_config *cfg,
		       const struct perf_result *result)
{
	printf("%s %s to %s, %u bytes: %.1f ns each, %.0f a second, %.3f Gbit/s, "
	       "%.3f ns a byte, %llu segments sent again\n",
	       mode_names[cfg->mode], cfg->sender->name, who(cfg), cfg->size,
	       ns_per_op(result), per_second(result, result->ops),
	       per_second(result, result->bytes) * 8 / 1e9,
	       result->bytes ? (double)result->ns / result->bytes : 0,
	       (unsigned long long)result->lost);
}

static void report_udp(const struct perf_config *cfg,
		       const struct perf_result *result)
{
	bool is_rr = cfg->mode == PERF_RR || cfg->mode == PERF_FLOOR;

	printf("%s %s, %u bytes", mode_names[cfg->mode], who(cfg), cfg->size);
	if (!is_rr)
		printf(", batch %u", cfg->batch);
	printf(": %.1f ns a %s, %.0f a second", ns_per_op(result),
	       is_rr ? "round trip" : "packet", per_second(result, result->ops));
	if (!is_rr)
		printf(", %.3f Gbit/s, %llu of %llu lost",
		       per_second(result, result->bytes) * 8 / 1e9,
		       (unsigned long long)result->lost,
		       (unsigned long long)result->sent);
	putchar('\n');
}

static void report_text(const struct perf_config *cfg,
			const struct perf_result *result)
{
	if (perf_is_tcp(cfg))
		report_tcp(cfg, result);
	else
		report_udp(cfg, result);
	if (result->nr_samples) {
		print_percentiles(result, " %s %u");
		printf(" ns, of %zu\n", result->nr_samples);
	}
}

void perf_report(const struct perf_config *cfg, struct perf_result *result)
{
	if (result->nr_samples)
		qsort(result->samples, result->nr_samples,
		      sizeof(*result->samples), compare);
	if (cfg->json)
		report_json(cfg, result);
	else
		report_text(cfg, result);
}
