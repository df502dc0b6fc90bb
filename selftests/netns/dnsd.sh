#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# nexus-dnsd asked by dig from another network namespace, over IPv4 and IPv6,
# by nexus and by the kernel's stack: both must give the same answers.
#
#     netns asker                      netns server
#     10.53.0.1                        10.53.0.2
#     2001:db8:53::1  ask ------ srv   2001:db8:53::2
#                                      nexus dns0 on srv
#                                      nexus-dnsd as nobody
set -uo pipefail

. "$(dirname "$(realpath "$0")")/responder.sh"

top=${NEXUS_TOP:-$(realpath "$(dirname "$(realpath "$0")")/../..")}
zone=$top/tools/examples/dnsd/example.zone
v4=10.53.0.2 v6=2001:db8:53::2

ask()
{
	ip netns exec asker dig +tries=2 +time=3 +notcp +ignore "$@"
}

cleanup()
{
	part_both dns0
}

setup()
{
	join_both 53
}

# OPTION...
start()
{
	launch nexus-dnsd --zone "$zone" "$@"
}

# SERVER NAME TYPE WANTED [OPTION...]: the answer's data, sorted.
answers()
{
	local at=$1 name=$2 type=$3 wanted=$4
	shift 4

	ask "@$at" "$name" "$type" +short "$@" | sort | paste -sd ' ' > "$work/got"
	echo "wanted: $wanted"
	echo "got:    $(cat "$work/got")"
	[ "$(cat "$work/got")" = "$wanted" ]
}

# SERVER NAME TYPE PATTERN [OPTION...]: something in the whole reply.
shows()
{
	local at=$1 name=$2 type=$3 pattern=$4
	shift 4

	ask "@$at" "$name" "$type" "$@" | tee "$work/got"
	grep -qE "$pattern" "$work/got"
}

# SERVER BYTES-IN-HEX PATTERN: a datagram that dig would not send.
raw()
{
	local hex

	hex=$(printf "$(sed 's/../\\x&/g' <<< "$2")" |
	      ip netns exec asker socat -t 1 - "UDP:$1:53" | od -An -tx1 |
	      tr -d ' \n')
	echo "got: $hex"
	grep -qE "$3" <<< "$hex"
}

# The questions that whoever serves must answer alike: 12 tests.
ask_all()
{
	local by=$1

	check "$by: A over IPv4" answers $v4 www.example.test A 192.0.2.80
	check "$by: A over IPv6" answers $v6 www.example.test A 192.0.2.80
	check "$by: AAAA" answers $v4 www.example.test AAAA 2001:db8::80
	check "$by: TXT" answers $v6 a.b.example.test TXT \
		'"below a name without records" "in two strings"'
	check "$by: several records" answers $v4 many.example.test A \
		"192.0.2.1 192.0.2.2 192.0.2.3"
	check "$by: NXDOMAIN with the SOA" shows $v4 nope.example.test A \
		'status: NXDOMAIN'
	check "$by: another zone is refused" shows $v6 www.example.com A \
		'status: REFUSED'
	check "$by: a large answer without EDNS is truncated" shows $v4 \
		big.example.test TXT 'flags: qr aa tc' +noedns
	check "$by: with EDNS it is whole" shows $v6 big.example.test TXT \
		'MSG SIZE  rcvd: 654'
	check "$by: EDNS version 1 is refused" shows $v4 www.example.test A \
		'status: BADVERS' +edns=1 +noednsneg
	check "$by: a malformed query gets FORMERR" raw $v4 \
		abcd0100000100000000000003777777 '^abcd8101'
	check "$by: a reply gets silence" raw $v4 \
		abcd81000001000000000000000001000100 '^$'
}

# 200 queries of 20 askers at once, none lost.
many()
{
	local i pids=()

	for ((i = 0; i < 10; i++)); do
		printf 'www.example.test A\n%.0s' {1..20} > "$work/batch.$i"
		ask "@$v4" +short -f "$work/batch.$i" > "$work/many.$i" &
		pids+=($!)
	done
	wait "${pids[@]}"
	cat "$work"/many.* | sort | uniq -c
	[ "$(cat "$work"/many.* | grep -c '^192.0.2.80$')" = 200 ]
}

seen_by_nexus()
{
	in_server nexusctl channel show
	in_server nexusctl flow show | tee "$work/flows"
	grep -qw 53 "$work/flows"
}

channel_id()
{
	in_server nexusctl -j channel show | jq '.[0].id'
}

# Its memory goes while it is stopped; nobody tells it.
lose_memory()
{
	local pid before

	pid=$(pidof nexus-dnsd) && before=$(channel_id) || return
	kill -STOP "$pid"
	in_server nexusctl defunct pid "$pid" || return
	in_server nexusctl channel show "$before" | tee "$work/shown"
	kill -CONT "$pid"
	grep -q 'state *defunct' "$work/shown" &&
		grep -q 'was taken back: an administrator asked' "$work/shown"
}

# Another channel, and the same port.
is_reattached()
{
	in_server nexusctl channel show
	[ "$(in_server nexusctl -j channel show |
	     jq -r '.[0] | "\(.state) \(.flows)"')" = "active 1" ]
}

refused_without_policy()
{
	in_server nexusctl policy set dns0 deny-all || return
	! start || return
	grep -q 'nexusctl policy set' "$work/log"
}

bad_zone()
{
	printf '$ORIGIN x.\n$TTL 5\n@ MX 1 a\n' > "$work/bad.zone"
	nexus-dnsd --zone "$work/bad.zone" --check 2>&1 | tee "$work/got"
	grep -q 'bad.zone: line 3: type MX' "$work/got"
}

allow_nobody()
{
	in_server nexusctl policy set dns0 allow uid 65534
}

begin "the namespaces cannot be made"
check "a bad zone file is told with its line" bad_zone
check "the kernel's stack serves" start --kernel
check "as nobody, without capabilities" is_nobody nexus-dnsd
ask_all "kernel"
check "and ends cleanly" stop
check "without a nexus the error tells what to do" \
	bash -c "! ip netns exec server nexus-dnsd --zone '$zone' > '$work/log' 2>&1 && cat '$work/log' && grep -q 'nexusctl nexus add' '$work/log'"
check "a nexus is made" in_server nexusctl nexus add dns0 dev srv
check "a policy that denies is told with its remedy" refused_without_policy
check "a policy allows nobody" allow_nobody
check "nexus serves the same address" start
check "as nobody, without capabilities" is_nobody nexus-dnsd
ask_all "nexus"
check "200 queries at once" many
check "nexusctl shows the flow" seen_by_nexus
check "DEF-1 its memory is taken while it is stopped" lose_memory
check "DEF-8 it attaches anew" soon is_reattached
check "DEF-8 and answers" answers $v4 www.example.test A 192.0.2.80
check "DEF-8 and again" answers $v6 www.example.test AAAA 2001:db8::80
check "and ends cleanly" stop
finish 41
