// SPDX-License-Identifier: GPL-2.0
/*
 * Addresses as text: what is read is written such that it reads the same.
 */
#include <nexus/stack.h>

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[128], back[NEXUS_ADDR_STRLEN];
	struct nexus_addr addr, again;

	if (size >= sizeof(text))
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (nexus_addr_parse(&addr, text))
		return 0;
	CHECK(addr.family == AF_INET || addr.family == AF_INET6);
	CHECK(!nexus_addr_parse(&again, nexus_addr_format(&addr, back,
							   sizeof(back))));
	CHECK(!memcmp(&addr, &again, sizeof(addr)));
	return 0;
}
