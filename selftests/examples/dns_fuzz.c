// SPDX-License-Identifier: GPL-2.0
/*
 * Fuzzes nexus-dnsd: any query against a fixed zone, and, where the first byte
 * is odd, any zone file.
 */
#include <stdlib.h>
#include <string.h>

#include "dns.h"

static const char zone_text[] =
	"$ORIGIN t.\n$TTL 9\n@ SOA ns h 1 2 3 4 5\n@ NS ns\nns A 192.0.2.1\n"
	"s NS ns.s\nns.s AAAA 2001:db8::1\na.b TXT \"x\"\n";

static void fuzz_zone(const uint8_t *data, size_t size)
{
	struct dns_zone_error error;
	struct dns_zone zone;
	char *text = malloc(size + 1);

	memcpy(text, data, size);
	text[size] = '\0';
	if (!dns_zone_parse(&zone, text, &error))
		dns_zone_free(&zone);
	free(text);
}

static void fuzz_query(const uint8_t *data, size_t size)
{
	static struct dns_zone zone;
	struct dns_zone_error error;
	uint8_t *reply = malloc(DNS_UDP_MAX);
	size_t len;

	if (!zone.nr && dns_zone_parse(&zone, zone_text, &error))
		abort();
	len = dns_answer(&zone, data, size, reply, DNS_UDP_MAX);
	if (len && (len < DNS_HEADER_SIZE || len > DNS_UDP_MAX ||
		    memcmp(reply, data, 2) || !(reply[2] & 0x80)))
		abort();
	free(reply);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	if (data[0] & 1)
		fuzz_zone(data + 1, size - 1);
	else
		fuzz_query(data + 1, size - 1);
	return 0;
}
