#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# The queueing discipline in the hands of plain tc: options, statistics, changes
# under traffic, marks.
#
#     netns near                             netns far
#     near0 (10.78.0.1) ----- veth ----- far0 (10.78.0.2)
#     many0, with four queues, ----- veth ----- many1
#
# Traffic is of the kernel's stack alone.
set -uo pipefail

. "$(dirname "$(realpath "$0")")/tc.sh"

dev=near0 far4=10.78.0.2

setup()
{
	wire near near0 far far0 || return
	ip link add many0 netns near numtxqueues 4 type veth \
		peer many1 netns far numrxqueues 4 || return
	address near near0 10.78.0.1/24 && address near many0 &&
		address far far0 10.78.0.2/24 && address far many1 &&
		soon near ping -c 1 -W 1 10.78.0.2
}

# ---------------------------------------------------------- options

shows_options()
{
	qdisc replace dev near0 root nexus rate 20mbit burst 16kb ll 20% target 4ms \
		interval 80ms ce_threshold 500us limit 1000 flows 64 quantum 3000 || return
	qdisc show dev near0
	qdisc show dev near0 | grep -q "nexus .*rate 20mbit burst 16384 target 4ms\
 interval 80ms ce_threshold 500us limit 1000 flows 64 quantum 3000 ll 20%" || return
	json '.options == { rate: 2500000, burst: 16384, ll_permille: 200,
		target_ns: 4000000, interval_ns: 80000000, ce_threshold_ns: 500000,
		limit: 1000, flows: 64, quantum: 3000 }'
}

has_defaults()
{
	qdisc replace dev near0 root handle 7: nexus || return
	json '.options | .target_ns == 5000000 and .interval_ns == 100000000 and
		.ce_threshold_ns == 1000000 and .limit == 10240 and .flows == 1024 and
		.quantum == 1514 and .rate == 0'
}

# refuses WORDS: the kernel or tc says no, and the discipline stays as it is.
refuses()
{
	local before

	before=$(qdisc show dev near0)
	! qdisc change dev near0 root nexus "$@" 2>&1 || return
	[ "$(qdisc show dev near0)" = "$before" ]
}

refuses_nonsense()
{
	refuses rate fast && refuses speed 3 && refuses quantum 100 &&
		refuses interval 0 && refuses interval 2000s && refuses ll 95% &&
		refuses limit 0 && refuses flows 32 && refuses target
}

change_keeps_the_rest()
{
	qdisc replace dev near0 root nexus rate 10mbit target 3ms || return
	qdisc change dev near0 root nexus rate 30mbit || return
	json '.options | .rate == 3750000 and .target_ns == 3000000'
}

goes_under_mq()
{
	local i

	near tc qdisc replace dev many0 root handle 1: mq || return
	for i in 1 2 3 4; do
		near tc qdisc replace dev many0 parent 1:$i nexus rate 50mbit || return
	done
	[ "$(near tc -s qdisc show dev many0 | grep -c 'qdisc nexus .*rate 50mbit')" = 4 ]
}

# A discipline of its own: "replace" would change the one that is there.
fresh()
{
	qdisc del dev near0 root 2>/dev/null
	qdisc add dev near0 root nexus "$@"
}

# ---------------------------------------------------------- traffic

turn()
{
	turns=$((${turns:-0} + 1))
	case $((turns % 4)) in
	0) qdisc replace dev near0 root nexus rate 20mbit ;;
	1) qdisc change dev near0 root nexus rate 15mbit quantum 600 ;;
	2) qdisc replace dev near0 root pfifo_fast ;;
	3) qdisc replace dev near0 root nexus rate 30mbit flows 16 ;;
	esac
}

retune()
{
	turns=$((turns + 1))
	qdisc change dev near0 root nexus rate $((15 + turns % 3 * 5))mbit \
		quantum $((1000 + turns % 5 * 100))
}

change_drops_nothing()
{
	# The sender would be told by drops: the delay may be what it is.
	fresh rate 20mbit target 900ms interval 900s || return
	turns=0
	transfer_while 4000000 0.05 retune || return
	json '.drops == 0 and .packets > 1000'
}

# send TOS NUMBER: datagrams as fast as they go.
send()
{
	near python3 - "$@" <<-'END'
	import socket, sys
	s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
	s.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, int(sys.argv[1]))
	s.connect(("10.78.0.2", 9))
	for _ in range(int(sys.argv[2])):
	    try:
	        s.send(bytes(1000))
	    except ConnectionRefusedError:
	        pass
	END
}

has_listener()
{
	far ss -Hlun 'sport = :9' | grep -q .
}

# Counts what comes with CE to port 9, until nothing has come for three seconds.
listen_for_ce()
{
	far python3 - <<-'END' > "$work/ce" &
	import socket
	s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
	s.setsockopt(socket.IPPROTO_IP, socket.IP_RECVTOS, 1)
	s.bind(("10.78.0.2", 9))
	s.settimeout(60)
	marked = 0
	try:
	    while True:
	        words = s.recvmsg(2000, 100)[1]
	        marked += any(w[2][0] & 3 == 3 for w in words if w[1] == socket.IP_TOS)
	        s.settimeout(3)
	except socket.timeout:
	    print(marked)
	END
	listener=$!
	soon has_listener
}

# COUNTER: it says how many came with CE.
arrives_marked()
{
	wait "$listener" && cat "$work/ce" && json "$1 == $(cat "$work/ce")"
}

# A queue that stands for a third of a second.
overload()
{
	fresh rate 4mbit target 2ms interval 10ms || return
	send "$1" 150
}

marks_instead_of_dropping()
{
	listen_for_ce && overload 2 || return
	json '.marked > 3 and .marked_l4s == 0 and .dropped == 0 and .drops == 0' &&
		arrives_marked .marked
}

drops_who_cannot_be_marked()
{
	overload 0 || return
	json '.marked == 0 and .dropped > 3 and .drops == .dropped'
}

# With an interval that nobody reaches only the shallow threshold can mark.
marks_l4s_early()
{
	fresh rate 4mbit interval 100s && listen_for_ce || return
	send 1 100 || return
	json '.marked_l4s > 20 and .marked == 0 and .dropped == 0' || return
	arrives_marked .marked_l4s || return
	fresh rate 4mbit interval 100s || return
	send 2 100 || return
	json '.marked_l4s == 0 and .marked == 0'
}

keeps_to_the_limit()
{
	# So slow that hardly any leaves while they come, and none stands too long,
	# however long that takes.
	fresh rate 64kbit limit 20 target 900ms interval 900s || return
	send 0 100 || return
	json '.overlimit >= 60 and .drops == .overlimit and .qlen <= 20'
}

owns_the_bottleneck()
{
	fresh rate 8mbit || return
	local start end
	start=$(date +%s%N)
	transfer_while 4000000 0.05 true || return
	end=$(date +%s%N)
	# 4 MB at 1 MB/s: at least 3.9 s, whatever a busy machine adds.
	[ $((end - start)) -ge 3900000000 ]
}

# Does every discipline of near0 say that nothing stands?
all_empty()
{
	ip netns exec near tc -s -j qdisc show dev near0 |
		jq -e 'all(.[]; .qlen == 0 and .backlog == 0)'
}

# What a parent believes of its child's queue is what stands there, after
# super-packets were cut, marked, dropped for their delay and for the limit.
parent_keeps_count()
{
	local parent=$1
	shift

	qdisc del dev near0 root 2>/dev/null
	near ethtool -K near0 tso on gso on > /dev/null
	# shellcheck disable=SC2086
	qdisc add dev near0 root handle 1: $parent || return
	if [ "${parent%% *}" = htb ]; then
		near tc class add dev near0 parent 1: classid 1:1 htb rate 100mbit || return
	fi
	qdisc add dev near0 parent 1:1 handle 2: nexus "$@" || return
	transfer_while 4000000 0.05 true || return
	near tc -s qdisc show dev near0
	soon all_empty || { near tc -s qdisc show dev near0; return 1; }
	ip netns exec near tc -s -j qdisc show dev near0 |
		jq -e 'all(.[]; .kind != "nexus" or .drops > 0)'
}

parents_keep_count()
{
	parent_keeps_count "htb default 1" rate 20mbit limit 12 &&
		parent_keeps_count "htb default 1" rate 20mbit target 1ms interval 5ms
}

under_a_shaper()
{
	qdisc del dev near0 root 2>/dev/null
	qdisc add dev near0 root handle 1: tbf rate 20mbit burst 16kb latency 1s || return
	qdisc add dev near0 parent 1:1 handle 2: nexus || return
	transfer_while 4000000 0.05 true && soon all_empty
}

# A device without the memory for so many queues says so, and goes on.
fails_cleanly()
{
	qdisc del dev near0 root 2>/dev/null
	! qdisc add dev near0 root nexus flows 65537 || return
	! qdisc add dev near0 root nexus interval 0 || return
	near ping -c 1 -W 1 10.78.0.2 &&
		! qdisc show dev near0 | grep nexus
}

default_of_the_host()
{
	local before result=0

	before=$(sysctl -n net.core.default_qdisc)
	sysctl -qw net.core.default_qdisc=nexus || return
	near tc qdisc replace dev many0 root handle 1: mq || result=1
	[ "$(near tc qdisc show dev many0 | grep -c 'qdisc nexus')" = 4 ] || result=1
	sysctl -qw "net.core.default_qdisc=$before"
	near tc qdisc show dev many0
	near tc qdisc del dev many0 root
	return $result
}

# ---------------------------------------------------------- nexusctl

ctl()
{
	near nexusctl "$@"
}

# ctl_says FILTER WORDS: what nexusctl prints as JSON makes the filter true.
ctl_says()
{
	local filter=$1
	shift

	ip netns exec near nexusctl -j "$@" | jq -e "$filter"
}

ctl_as_tc()
{
	qdisc del dev near0 root 2>/dev/null
	ctl qdisc replace dev near0 rate 20mbit ll 20% target 4ms limit 1000 || return
	json '.options | .rate == 2500000 and .ll_permille == 200 and
		.target_ns == 4000000 and .limit == 1000 and .flows == 1024' || return
	ctl qdisc set dev near0 rate 30mbit || return
	json '.options | .rate == 3750000 and .target_ns == 4000000' || return
	ctl qdisc show
	ctl qdisc show dev near0 |
		grep -q "rate 30mbit ll 20% target 4ms interval 100ms" || return
	ctl_says '.[0] | .dev == "near0" and .parent == "root" and
		.options.rate == 3750000 and .stats.marked == 0' qdisc || return
	ctl qdisc del dev near0 || return
	! qdisc show dev near0 | grep nexus
}

ctl_refused()
{
	ctl qdisc replace dev near0 || return
	! ctl qdisc set dev near0 quantum 1 2>"$work/err" || return
	grep "quantum is 256 to 1048576" "$work/err" || return
	! ctl qdisc set dev near0 flows 7 2>"$work/err" || return
	grep "only replaced" "$work/err" || return
	! near setpriv --reuid=nobody --clear-groups "$(command -v nexusctl)" \
		qdisc set dev near0 rate 1mbit 2>"$work/err" || return
	grep "needs CAP_NET_ADMIN" "$work/err"
}

ctl_sets_every_queue()
{
	local i

	near tc qdisc replace dev many0 root handle 1: mq || return
	for i in 1 2 3 4; do
		ctl qdisc replace dev many0 parent 1:$i rate 50mbit || return
	done
	ctl qdisc set dev many0 rate 60mbit || return
	ctl_says 'length == 4 and all(.[]; .options.rate == 7500000)' \
		qdisc show dev many0 || return
	ctl qdisc set dev many0 parent 1:2 rate 70mbit || return
	ctl_says '[.[] | select(.options.rate == 8750000)] | length == 1' \
		qdisc show dev many0 || return
	near tc qdisc del dev many0 root
}

# What top says of the queue while something is sent through it.
top_is_live()
{
	# Six seconds' worth that a socket may queue, and of which nobody is told.
	fresh rate 100kbit target 900ms interval 900s || return
	send 0 75 || return
	ctl_says '.queues[0] | .tx_rate > 5000 and .queue.qlen > 0 and
		.queue.stats.delay_ns > 0' top count 1 every 0.5 || return
	ctl top -n 2 every 0.1 > "$work/top" || return
	cat "$work/top"
	[ "$(grep -c '^near0 *root' "$work/top")" = 2 ] &&
		! grep -q "$(printf '\033')" "$work/top"
}

begin "no network namespaces"

check "AQM-1 tc shows every option" shows_options
check "AQM-1 defaults are those of the RFCs" has_defaults
check "AQM-1 nonsense is refused and changes nothing" refuses_nonsense
check "AQM-1 a change keeps what it does not name" change_keeps_the_rest
check "AQM-1 a leaf of mq on a device with four queues" goes_under_mq
check "AQM-1 replaced under traffic, nothing acknowledged is lost" transfer_while 4000000 0.05 turn
check "AQM-1 changed under traffic, nothing is dropped" change_drops_nothing
check "AQM-1 the shaper keeps its rate" owns_the_bottleneck
check "AQM-1 the limit is kept" keeps_to_the_limit
check "AQM-1 a parent's count is its child's, whatever was cut and dropped" \
	parents_keep_count
check "AQM-1 under a shaper that peeks" under_a_shaper
check "AQM-1 what cannot be made leaves nothing behind" fails_cleanly
check "AQM-1 as the default, under mq" default_of_the_host
check "AQM-4 ECN-capable flows are marked, not dropped" marks_instead_of_dropping
check "AQM-4 others are dropped" drops_who_cannot_be_marked
check "AQM-4 ECT(1) is marked at the shallow threshold" marks_l4s_early
check "OBS-2 nexusctl makes, changes, shows and removes it" ctl_as_tc
check "OBS-2 nexusctl says why it cannot" ctl_refused
check "OBS-2 nexusctl changes all queues of mq" ctl_sets_every_queue
check "OBS-2 top shows what is sent and what stands" top_is_live
finish
