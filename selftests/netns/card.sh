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

. "$(dirname "$(realpath "$0")")/tc.sh"

dev='' far4=10.79.0.2

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

# The kernel takes the cards back when the namespaces go.
setup()
{
	find_cards || return
	dev=${cards[0]}
	ip netns add near && ip netns add far || return
	ip link set "$dev" netns near || return
	ip link set "${cards[1]}" netns far || return
	ip -n near link set lo up
	ip -n far link set lo up
	address near "$dev" 10.79.0.1/24 &&
		address far "${cards[1]}" $far4/24 &&
		soon near ping -c 1 -W 1 $far4
}

turn()
{
	turns=$((${turns:-0} + 1))
	case $((turns % 4)) in
	0) qdisc replace dev "$dev" root nexus ;;
	1) qdisc change dev "$dev" root nexus quantum 600 target 3ms ;;
	2) qdisc replace dev "$dev" root pfifo_fast ;;
	3) qdisc replace dev "$dev" root nexus flows 16 ;;
	esac
}

is_shown()
{
	qdisc replace dev "$dev" root nexus || return
	json '.options.rate == 0 and .qlen == 0'
}

# Nothing is left standing when the last packet has gone, and all were counted.
carries_all()
{
	qdisc replace dev "$dev" root pfifo_fast
	qdisc replace dev "$dev" root nexus || return
	transfer_while 8000000 0.1 true || return
	qdisc -s show dev "$dev"
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

begin "no two virtio-net cards"

check "AQM-1 tc shows it on a virtio-net card" is_shown
check "AQM-1 a card without a shaper: all is carried, and counted" carries_all
check "AQM-1 a card: more than it takes stands, and leaves" outruns_the_card
check "AQM-1 a card: replaced under traffic, nothing acknowledged is lost" \
	transfer_while 8000000 0 turn
finish
