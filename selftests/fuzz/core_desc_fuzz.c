// SPDX-License-Identifier: GPL-2.0
/*
 * Descriptor validation: what is accepted lies in its buffer, by arithmetic that
 * cannot overflow, and says nothing that this kernel does not know.
 */
#include "fuzz.h"
#include "../../kmod/core/desc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const u32 sizes[] = { NEXUS_SMALL_SIZE, NEXUS_LARGE_SIZE };
	union nx_desc s, first;
	size_t i;

	memset(&s, 0, sizeof(s));
	memset(&first, 0, sizeof(first));
	memcpy(&s, data, size < 64 ? size : 64);
	if (size > 64)
		memcpy(&first, data + 64, size - 64 < 64 ? size - 64 : 64);

	for (i = 0; i < 2; i++) {
		uint64_t end = (uint64_t)s.d.off + s.d.len;

		CHECK(nx_tx_part_is_inside(&s.checked, sizes[i]) ==
		      (s.d.len && end <= sizes[i]));
	}
	if (nx_tx_desc_is_known(&s)) {
		CHECK(!(s.d.flags & ~NEXUS_DESC_TX_FLAGS));
		CHECK(!s.d.ip_version && !s.d.protocol && !s.d.nr_parts);
		CHECK(!s.d.l4_off && !s.d.payload_off);
		CHECK(!s.d.gso_size || (s.d.flags & NEXUS_DESC_GSO));
		CHECK(!s.d.gso_segs && !s.d.hash && !s.d.ifindex);
		CHECK((!s.d.time_ns && !s.d.cookie) ||
		      (s.d.flags & (NEXUS_DESC_NOTIFY | NEXUS_DESC_DEADLINE)));
		CHECK(!s.d.reserved[0] && !s.d.reserved[1]);
	}
	if (nx_tx_part_continues(&s.checked, first.d.flow))
		CHECK(s.d.flow == first.d.flow && !s.d.traffic_class);
	CHECK(!nx_tx_desc_check(&s) == !nx_tx_desc_is_known(&s));
	return 0;
}
