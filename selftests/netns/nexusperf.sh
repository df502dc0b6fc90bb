#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# nexusperf itself: every mode with every back end moves its datagrams without
# loss, over IPv4 and IPv6, connections carry what they should, and a wrong command
# line is refused with its reason.
#
#     netns left                        netns right
#     10.77.0.1, 2001:db8:77::1         10.77.0.2, 2001:db8:77::2
#     pl ------------------------------ pr
#     nexus l0                          nexus r0
set -uo pipefail

. "$(dirname "$(realpath "$0")")/common.sh"

places=(--netns left --peer-netns right --dev pl --peer-dev pr)
v4=(--local 10.77.0.1 --remote 10.77.0.2)
v6=(--local 2001:db8:77::1 --remote 2001:db8:77::2)
# Nobody's, so that the kernel's stack does not answer what others send.
none4=(--local 10.77.0.101 --remote 10.77.0.102)
none6=(--local 2001:db8:77::101 --remote 2001:db8:77::102)

cleanup()
{
	take_down left l0
	take_down right r0
}

setup()
{
	wire left pl right pr &&
		address left pl 10.77.0.1/24 2001:db8:77::1/64 &&
		address right pr 10.77.0.2/24 2001:db8:77::2/64 &&
		ip netns exec left nexusctl nexus add l0 dev pl &&
		ip netns exec right nexusctl nexus add r0 dev pr
}

# A run whose JSON tells that everything arrived.
moves()
{
	timeout 60 nexusperf "$@" --json > "$work/json" || return
	cat "$work/json"
	python3 - "$work/json" <<-'END'
	import json, sys
	result = json.load(open(sys.argv[1]))
	sys.exit(not (result["ops"] > 0 and result["ns_per_op"] > 0
		      and result["lost"] == 0))
	END
}

# The same of connections, where a segment may be sent again.
carries()
{
	timeout 60 nexusperf "$@" --json > "$work/json" || return
	cat "$work/json"
	python3 - "$work/json" <<-'END'
	import json, sys
	result = json.load(open(sys.argv[1]))
	sys.exit(not (result["ops"] > 0 and result["ns_per_op"] > 0
		      and result["bytes"] == result["ops"] * result["size"]))
	END
}

# PATTERN ARGUMENT...: refused with status 2 (or 1) and with these words.
refused()
{
	local status=$1 pattern=$2
	shift 2

	timeout 20 nexusperf "$@" > "$work/said" 2>&1
	[ $? = "$status" ]
	local is_status=$?

	cat "$work/said"
	[ $is_status = 0 ] && grep -qE -- "$pattern" "$work/said"
}

by_hand()
{
	local echo status

	ip netns exec right nexusperf echo --local 10.77.0.2 &
	echo=$!
	sleep 2
	moves rr --netns left "${v4[@]}" --count 100 --warmup 20
	status=$?
	kill $echo
	wait $echo && return $status
}

quick=(--count 100 --warmup 20)
many=(--count 1600 --warmup 320)
# The longest that a channel carries over IPv6: 65,535 bytes with all headers.
big=(bulk --count 32 --warmup 8 --size 65487)

begin "the namespaces and nexuses cannot be made"
for what in syscall futex pipe; do
	check "floor: $what" moves floor $what --count 300 --warmup 20
done
for end in nexus kernel; do
	for version in v4 v6; do
		declare -n addresses=$version
		use=(--backend $end "${places[@]}" "${addresses[@]}")
		check "$end $version: rr" moves rr --pair "${use[@]}" "${quick[@]}"
		check "$end $version: rx, two processes" moves rx --pair \
			"${use[@]}" "${many[@]}"
		check "$end $version: rx, one process" moves rx --lockstep \
			"${use[@]}" "${many[@]}"
		check "$end $version: bulk" moves "${big[@]}" --pair \
			"${use[@]}"
	done
done
for end in af_packet af_xdp; do
	for version in none4 none6; do
		declare -n addresses=$version
		use=(--backend $end "${places[@]}" "${addresses[@]}")
		check "$end $version: rr" moves rr --pair "${use[@]}" "${quick[@]}"
		check "$end $version: rx" moves rx --lockstep "${use[@]}" \
			"${many[@]}"
	done
done
# A port whose connections are in TIME-WAIT has one owner: each has its own.
port=8000
for pair in nexus:nexus nexus:kernel kernel:nexus; do
	use=(--sender ${pair%:*} --backend ${pair#*:} "${places[@]}")
	check "$pair v4: TCP bulk" carries tcp-bulk "${use[@]}" "${v4[@]}" \
		--port $((port += 1)) --count 40 --warmup 10
	check "$pair v6: TCP round trips" carries tcp-rr "${use[@]}" "${v6[@]}" \
		--port $((port += 1)) --count 24 --warmup 8 --connections 8
done
for end in nexus kernel; do
	check "$end: TCP connections" carries tcp-crr --backend $end \
		"${places[@]}" "${v4[@]}" --port $((port += 1)) --count 12 \
		--warmup 4
done
check "nexus: an echo started by hand" by_hand
check "an unknown back end is told" refused 2 'there are nexus' rr --backend x
check "a size beyond UDP is told" refused 2 'from 0 to 65507' rr --size 65508
check "rx alone is told what it lacks" refused 2 '--pair' rx
check "a frame's back end without a device is told" refused 1 '--dev' \
	tx --backend af_packet --remote-mac 02:00:00:00:00:05
check "a namespace that is not there is told" refused 1 'ip netns add' \
	rr --backend kernel --pair --netns nowhere
finish 41
