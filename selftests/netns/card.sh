#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# The queueing discipline on a device that is one: a ring that gets full, an
# interrupt when it has room again, and, where the driver has them, byte queue
# limits. Nothing is shaped: the card is the bottleneck.
#
#     netns near                                   netns far
#     card 0 (10.79.0.1) -- virtio-net, wire -- card 1 (10.79.0.2)
#
# The guest has the cards by "run --wire".
set -uo pipefail

export LC_ALL=C.UTF-8 TC_LIB_DIR=$NEXUS_BUILD/tools/tc

work=$(mktemp -d)
number=0 failed=0

near()
{
	ip netns exec near "$@"
}

far()
{
	ip netns exec far "$@"
}

qdisc()
{
	near tc qdisc "$@"
}

# Run "check TITLE COMMAND...": one line of the report.
check()
{
	local title=$1
	shift

	number=$((number + 1))
	if "$@" > "$work/report" 2>&1; then
		echo "ok $number $title"
	else
		failed=$((failed + 1))
		echo "not ok $number $title"
		tail -n 30 "$work/report" | sed 's/^/# /'
	fi
}

soon()
{
	local tries

	for ((tries = 0; tries < 100; tries++)); do
		"$@" > /dev/null 2>&1 && return
		sleep 0.1
	done
	echo "in vain: $*"
	return 1
}

cleanup()
{
	jobs -p | xargs -r kill 2>/dev/null
	wait
	# The kernel takes the cards back from there.
	ip netns del near 2>/dev/null
	ip netns del far 2>/dev/null
	rm -rf "$work"
}

find_cards()
{
	local card

	cards=()
	modprobe virtio_net 2>/dev/null	# unless it is built in
	for card in /sys/bus/virtio/drivers/virtio_net/virtio*/net/*; do
		[ ! -e "$card" ] || cards+=("${card##*/}")
	done
	[ ${#cards[@]} = 2 ]
}

setup()
{
	find_cards || return
	ip netns add near && ip netns add far || return
	ip link set "${cards[0]}" netns near || return
	ip link set "${cards[1]}" netns far || return
	ip -n near addr add 10.79.0.1/24 dev "${cards[0]}"
	ip -n far addr add 10.79.0.2/24 dev "${cards[1]}"
	ip -n near link set "${cards[0]}" up
	ip -n far link set "${cards[1]}" up
	ip -n near link set lo up
	ip -n far link set lo up
	soon near ping -c 1 -W 1 10.79.0.2
}

# What tc says of the discipline makes the filter true.
json()
{
	ip netns exec near tc -s -j qdisc show dev "${cards[0]}" |
		jq -e ".[0] | select(.kind == \"nexus\") | $1"
}

# Sends 8 MB through TCP to the other side, while COMMAND turns over and over.
transfer_while()
{
	local sent rounds=0

	rm -f "$work/got"
	head -c 8000000 /dev/urandom > "$work/sent"
	far socat -u TCP-LISTEN:7000,reuseaddr "CREATE:$work/got" &
	soon far sh -c 'ss -Htln | grep -q :7000' || return
	near socat -u "OPEN:$work/sent" TCP:10.79.0.2:7000 &
	sent=$!
	while kill -0 $sent 2>/dev/null; do
		"$@" || return
		rounds=$((rounds + 1))
	done
	wait $sent || return
	soon cmp "$work/sent" "$work/got" || return
	echo "rounds: $rounds"
	[ $rounds -ge 2 ]
}

turn()
{
	turns=$((${turns:-0} + 1))
	case $((turns % 4)) in
	0) qdisc replace dev "${cards[0]}" root nexus ;;
	1) qdisc change dev "${cards[0]}" root nexus quantum 600 target 3ms ;;
	2) qdisc replace dev "${cards[0]}" root pfifo_fast ;;
	3) qdisc replace dev "${cards[0]}" root nexus flows 16 ;;
	esac
}

is_shown()
{
	qdisc replace dev "${cards[0]}" root nexus || return
	json '.options.rate == 0 and .qlen == 0'
}

# Nothing is left standing when the last packet has gone, and all were counted.
carries_all()
{
	qdisc replace dev "${cards[0]}" root pfifo_fast
	qdisc replace dev "${cards[0]}" root nexus || return
	transfer_while sleep 0.1 || return
	qdisc -s show dev "${cards[0]}"
	soon json '.qlen == 0 and .backlog == 0 and .bytes > 8000000'
}

# More than ring and limits take at once stands in the discipline, and leaves.
outruns_the_card()
{
	near python3 - <<-'END' || return
	import socket
	s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
	s.setsockopt(socket.SOL_SOCKET, 32, 1 << 24)	# SO_SNDBUFFORCE
	s.connect(("10.79.0.2", 9))
	for _ in range(5000):
	    try:
	        s.send(bytes(1400))
	    except ConnectionRefusedError:
	        pass
	END
	soon json '.qlen == 0 and .backlog == 0 and .packets >= 5000'
}

trap cleanup EXIT
echo "TAP version 13"
setup || { echo "Bail out! no two virtio-net cards"; exit 1; }

check "AQM-1 tc shows it on a virtio-net card" is_shown
check "AQM-1 a card without a shaper: all is carried, and counted" carries_all
check "AQM-1 a card: more than it takes stands, and leaves" outruns_the_card
check "AQM-1 a card: replaced under traffic, nothing acknowledged is lost" \
	transfer_while turn
echo "1..$number"
[ $failed = 0 ]
