#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# nexus-httpd asked by curl from another network namespace, over IPv4 and IPv6,
# by a client whose TCP is the kernel's, while the kernel's own stack serves the
# same address on another port.
#
#     netns asker                      netns server
#     10.80.0.1                        10.80.0.2
#     2001:db8:80::1  ask ------ srv   2001:db8:80::2
#                                      nexus web0 on srv
#                                      nexus-httpd as nobody: port 80
#                                      busybox httpd, the kernel's TCP: port 8080
set -uo pipefail

. "$(dirname "$(realpath "$0")")/responder.sh"

v4=10.80.0.2 v6='[2001:db8:80::2]'
bytes=$((104857600 * ${NEXUS_TEST_PERCENT:-100} / 100))
site=$work/site

ask()
{
	in_asker curl -sS --max-time 120 "$@"
}

cleanup()
{
	part_both web0
}

setup()
{
	join_both 80 && make_site
}

make_site()
{
	mkdir -p "$site/folder"
	head -c "$bytes" /dev/urandom > "$site/big"
	sum=$(sha256sum < "$site/big")
	echo "nexus serves this page" > "$site/index.html"
	echo "and this one" > "$site/folder/index.html"
	seq 1000 > "$site/numbers.txt"
	: > "$site/empty"
	echo "not for nobody" > "$site/secret"
	chmod 600 "$site/secret"
	echo "outside" > "$work/outside"
	ln -s ../outside "$site/way-out"
	ln -s numbers.txt "$site/link"
	mkfifo -m 666 "$site/fifo"
}

start()
{
	launch nexus-httpd --root "$site"
}

fails_to_start()
{
	! start || return
	cat "$work/log"
	grep -q "$1" "$work/log"
}

refused_without_policy()
{
	in_server nexusctl policy set web0 deny-all || return
	fails_to_start 'nexusctl policy set'
}

start_kernel()
{
	mkdir -p "$work/kernel"
	echo "the kernel's stack serves this page" > "$work/kernel/index.html"
	ip netns exec server busybox httpd -f -p 8080 -h "$work/kernel" &
	soon ask "http://$v4:8080/"
}

# URL: the file's hash is right, and the kernel's stack answers all the while.
whole()
{
	local got nr=0

	ask "http://$1/big" | sha256sum > "$work/got" &
	got=$!
	while kill -0 $got 2>/dev/null || [ $nr = 0 ]; do
		ask "http://$1:8080/" | grep -q "the kernel's stack" || return
		nr=$((nr + 1))
	done
	wait $got
	echo "wanted: $sum"
	echo "got:    $(cat "$work/got"); the kernel's page $nr times"
	[ "$(cat "$work/got")" = "$sum" ]
}

# PATH WANTED [OPTION...]: the body's text.
says()
{
	local path=$1 wanted=$2
	shift 2

	ask "$@" "http://$v4/$path" | tee "$work/got"
	[ "$(cat "$work/got")" = "$wanted" ]
}

# STATUS PATH [OPTION...]
status()
{
	local wanted=$1 path=$2 got
	shift 2

	got=$(ask -o "$work/got" -w '%{http_code}' "$@" "http://$v4/$path")
	echo "got $got: $(cat "$work/got" 2>/dev/null)"
	[ "$got" = "$wanted" ]
}

# STATUS BYTES: a request that curl would not send.
raw()
{
	printf "$2" | in_asker socat -t 5 - "TCP:$v4:80" | tee "$work/got"
	grep -aq "^HTTP/1.1 $1 " "$work/got"
}

pipelined()
{
	raw 200 'GET / HTTP/1.1\r\nHost: h\r\n\r\nHEAD /big HTTP/1.1\r\nHost: h\r\n\r\nGET /x HTTP/1.0\r\n\r\n' &&
		[ "$(grep -ac '^HTTP/1.1 200 ' "$work/got")" = 2 ] &&
		grep -aq "^Content-Length: $bytes" "$work/got" &&
		grep -aq '^HTTP/1.1 404 ' "$work/got"
}

one_connection()
{
	ask -o /dev/null -o /dev/null -o /dev/null -w '%{num_connects}\n' \
		"http://$v4/" "http://$v4/numbers.txt" "http://$v4/empty" |
		tee "$work/got"
	[ "$(paste -sd ' ' < "$work/got")" = "1 0 0" ]
}

part()
{
	ask -r "$1" "http://$v4/link" > "$work/got" || return
	cmp "$work/got" <(tail -c "+$2" "$site/numbers.txt" | head -c "$3")
}

numbers()
{
	ask "http://$v4/numbers.txt"
}

# Half of a request, and never the rest.
begin_slow()
{
	ip netns exec asker bash -c 'exec 3<>"/dev/tcp/$0/80" &&
		printf "GET / HTTP/1.1\r\nHost: " >&3 && exec cat <&3' $v4 \
		> "$work/slow" 2>&1 &
}

# Connections that say nothing, until one more of their host is refused; and then
# another host. A connection that is silent for too long gives its place back.
crowd()
{
	in_asker bash -c '
		for round in {1..5}; do
			for ((i = 0; i < 70; i++)); do
				exec {fd}<>"/dev/tcp/$0/80" || break 2
			done
			curl -sS --max-time 10 "http://$0/" || break
		done
		curl -gsS --max-time 60 "http://$1/"' $v4 "$v6" 2>&1 | tee "$work/got"
	grep -qE '^curl: \(|reset by peer' "$work/got" && tail -n 1 "$work/got" | grep 'nexus serves'
}

seen_by_nexus()
{
	in_server nexusctl flow show | tee "$work/flows"
	grep -qw 80 "$work/flows"
}

counted()
{
	stop || return
	grep -qE ' [1-9][0-9]* refused, 0 evicted, [1-9][0-9]* too slow$' "$work/log"
}

begin "the namespaces cannot be made"
check "without a nexus the error tells what to do" \
	fails_to_start 'nexusctl nexus add'
check "a nexus is made" in_server nexusctl nexus add web0 dev srv
check "a policy that denies is told with its remedy" refused_without_policy
check "a policy allows nobody" in_server nexusctl policy set web0 allow uid 65534
check "it serves" start
check "as nobody, without capabilities" is_nobody nexus-httpd
check "FLOW-2 the kernel's stack serves the same address" start_kernel
begin_slow
check "FLOW-2 a file of $bytes bytes over IPv4, and the kernel's page meanwhile" whole $v4
check "FLOW-2 a file of $bytes bytes over IPv6, and the kernel's page meanwhile" whole "$v6"
check "a folder's index" says folder/ "and this one"
check "an empty file" says empty ""
check "a request over IPv6" bash -c "ip netns exec asker curl -gsS 'http://$v6/' | grep 'nexus serves'"
check "HEAD" status 200 big -I
check "three requests on one connection" one_connection
check "requests that do not wait for answers" pipelined
check "the first bytes, through a link" part 0-9 1 10
check "bytes from the middle" part 100- 101 10000
check "the last bytes" part -7 3887 7
check "a range behind the end" status 416 numbers.txt -r 4000-
check "no such file" status 404 nothing
check "what may not be read" status 403 secret
check "no way out by dots" status 404 ../outside --path-as-is
check "no way out by a link" status 404 way-out
check "a FIFO is no file, and nobody waits for it" status 404 fifo
check "a method that it has not" status 501 '' -X POST -d x
check "a malformed request" raw 400 'GET / HTTP/1.1\r\nHost : h\r\n\r\n'
check "a head without an end" bash -c "head -c 20000 /dev/zero | tr '\\0' a |
	ip netns exec asker socat -t 5 - TCP:$v4:80 | grep -a '^HTTP/1.1 414 '"
check "20 askers at once" ask_at_once numbers 20 "$site/numbers.txt"
check "nexusctl shows the flows" seen_by_nexus
check "half a request is not waited for" \
	soon grep -aq '^HTTP/1.1 408 ' "$work/slow"
check "a host that takes all its places leaves others theirs" crowd
check "DEF-8 its memory is taken, and it serves again" \
	recovers says '' 'nexus serves this page'
check "it ends cleanly, and has counted" counted
finish 33
