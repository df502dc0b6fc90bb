#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# nginx of Debian under "nexus run" answers a million requests, or 2,000 for each of
# NEXUS_TEST_PERCENT where that is less than 100: none fails, and its memory is at the
# end what it was after a tenth.
#
#     netns far                        netns near
#     10.60.0.1, wrk                   10.60.0.2, nginx
#                    far0 ---- near0   nexus pg0 on near0
set -uo pipefail

. "$(dirname "$(realpath "$0")")/stacks.sh"

far=10.60.0.1 near=10.60.0.2 port=9300
percent=${NEXUS_TEST_PERCENT:-100}
[ "$percent" -ge 100 ] && wanted=1000000 || wanted=$((2000 * percent))
# What the allocator may still take: of a million requests less than a byte each.
slack_kib=512

cleanup()
{
	part_stacks
}

setup()
{
	join_stacks && make_www 0
}

answers()
{
	far curl -sS -f -m 20 -o /dev/null "http://$near:$port/small"
}

# Packets that nginx's channel has received.
received()
{
	near nexusctl -j channel show | jq '[.. | objects | .rx_packets // empty] | max'
}

# KiB that the processes of nginx have in memory, what they share counted once.
memory_kib()
{
	local pid

	for pid in $(near pgrep -x nginx); do
		cat "/proc/$pid/smaps_rollup"
	done | awk '$1 == "Pss:" { kib += $2 } END { print kib + 0 }'
}

# SECONDS: adds to $done; false if a request failed.
request()
{
	local out number

	out=$(far wrk -t 1 -c 10 -d "$1" --timeout 60 "http://$near:$port/small") ||
		return
	number=$(sed -n 's/^ *\([0-9]*\) requests in .*/\1/p' <<< "$out")
	done=$((done + ${number:-0}))
	[ "${number:-0}" -gt 0 ] && ! grep -E 'Socket errors|Non-2xx' <<< "$out"
}

# REQUESTS: until so many are done.
request_until()
{
	while [ "$done" -lt "$1" ]; do
		request 5 || { echo "after $done requests"; return 1; }
	done
}

stays_flat()
{
	local first last

	soon answers && done=0 && request_until $((wanted / 10)) || return
	first=$(memory_kib)
	request_until "$wanted" || return
	last=$(memory_kib)
	echo "$done requests, $first KiB after a tenth, $last KiB at the end"
	[ "$first" -gt 0 ] && [ "$last" -le $((first + slack_kib)) ]
}

# Each request was a packet at least.
served_all()
{
	local packets

	packets=$(received)
	echo "$packets packets for $done requests"
	was_served nginx.$port && [ "$packets" -ge "$done" ]
}

stack=nexus
begin "the namespaces cannot be made"
serve_nginx $port 'master_process off;' on
check "TCP-1 nginx: of all requests none fails, memory stays flat" stays_flat
sed 's/^/# /' "$work/report"
check "TCP-1 and nexus served all of them" served_all
sed 's/^/# /' "$work/report"
finish
