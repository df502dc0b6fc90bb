#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Programs of Debian under "nexus run", each first on the kernel's stack: both
# must do the same. The other end is always the kernel's.
#
#     netns far                        netns near
#     10.57.0.1                        10.57.0.2
#     2001:db8:57::1  far0 ---- near0  2001:db8:57::2
#                                      nexus sk0 on near0
set -uo pipefail

far4=10.57.0.1 far6=2001:db8:57::1 near4=10.57.0.2 near6=2001:db8:57::2
work=$(mktemp -d)
chmod 755 "$work"
number=0 failed=0 stack=kernel
# Other ones for each stack: connections of the first remain in TIME-WAIT.
declare -A http=([kernel]=8001 [nexus]=9001) forks=([kernel]=8002 [nexus]=9002) \
	workers=([kernel]=8003 [nexus]=9003)

in_far()
{
	ip netns exec far "$@"
}

# A program in the near namespace, on the stack that is being tested.
on()
{
	if [ $stack = nexus ]; then
		ip netns exec near nexus run -e "$@"
	else
		ip netns exec near "$@"
	fi
}

# Run "check TITLE COMMAND...": one line of the report.
check()
{
	local title=$1
	shift

	number=$((number + 1))
	if "$@" > "$work/out" 2>&1; then
		echo "ok $number $title, on $stack"
	else
		failed=$((failed + 1))
		echo "not ok $number $title, on $stack"
		tail -n 20 "$work/out" | sed 's/^/# /'
	fi
}

# All that still runs in the namespaces.
stop_servers()
{
	local pids

	pids=$(ip netns pids near; ip netns pids far)
	[ -z "$pids" ] || kill $pids 2>/dev/null
	wait
}

cleanup()
{
	stop_servers
	ip netns exec near nexusctl nexus del sk0 2>/dev/null
	ip netns del far 2>/dev/null
	ip netns del near 2>/dev/null
	rm -rf "$work"
}

setup()
{
	ip netns add far && ip netns add near || return
	ip link add far0 netns far type veth peer near0 netns near || return
	ip -n far addr add $far4/24 dev far0
	ip -n far addr add $far6/64 dev far0 nodad
	ip -n near addr add $near4/24 dev near0
	ip -n near addr add $near6/64 dev near0 nodad
	ip -n far link set lo up
	ip -n near link set lo up
	ip -n far link set far0 up
	ip -n near link set near0 up
	ip netns exec near nexusctl nexus add sk0 dev near0 || return
	mkdir "$work/www" && head -c 200000 /dev/urandom > "$work/www/big"
	echo hello > "$work/www/small"
}

# NAME COMMAND...: a server in the background; what it says is in NAME.log.
serve()
{
	local name=$1
	shift

	"$@" > "$work/$name.log" 2>&1 < /dev/null &
}

# TRIES COMMAND...: until it succeeds.
until_ok()
{
	local tries=$1
	shift

	while ((tries-- > 0)); do
		"$@" && return
		sleep 0.2
	done
	return 1
}

# Was a socket of the last command, or of the log NAME.log, on nexus?
was_served()
{
	[ $stack = kernel ] || grep -q '^nexus: .*: nexus$' "$1"
}

# ------------------------------------------------------------------- clients

fetch()
{
	on curl -sS -m 60 -o "$work/got" "http://$1:8000/big" 2> "$work/err"
	local status=$?

	cat "$work/err"
	[ $status = 0 ] && cmp "$work/got" "$work/www/big" &&
		was_served "$work/err"
}

# curl(1): 7: failed to connect to host.
is_refused()
{
	on curl -sS -m 30 "http://$far4:9999/"
	[ $? = 7 ]
}

echo_server='
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("0.0.0.0", 7000))
while True:
	data, who = s.recvfrom(65536)
	s.sendto(data, who)
'

echo_datagrams()
{
	on python3 -c '
import socket
for connected in (True, False):
	s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
	s.settimeout(20)
	to = ("'$far4'", 7000)
	if connected:
		s.connect(to)
	for size in (0, 1, 1000, 1472, 9000):
		data = bytes([size % 251]) * size
		s.send(data) if connected else s.sendto(data, to)
		assert s.recv(65536) == data, size
' 2> "$work/err"
	local status=$?

	cat "$work/err"
	[ $status = 0 ] && was_served "$work/err"
}

# ------------------------------------------------------------------- servers

far_fetches()
{
	in_far curl -sS -m 60 -o "$work/got" "http://$1:$2/big" &&
		cmp "$work/got" "$work/www/big" && was_served "$work/$3.log"
}

# Of all programs in the near namespace that have any.
take_memory_back()
{
	local id ids

	ids=$(ip netns exec near nexusctl -j channel show |
		grep -o '"id": *[0-9]*' | grep -o '[0-9]*$')
	[ -n "$ids" ] || return
	for id in $ids; do
		ip netns exec near nexusctl defunct channel "$id" || return
	done
}

# Only a server on nexus has a channel. Until it has another one it refuses.
serves_without_memory()
{
	[ $stack = kernel ] || take_memory_back || return
	until_ok 50 far_fetches $near4 "${http[$stack]}" http &&
		far_fetches "[$near6]" "${http[$stack]}" http
}

redis_answers()
{
	[ "$(in_far timeout 10 redis-cli -h $near4 ping)" = PONG ]
}

redis_works()
{
	until_ok 50 redis_answers || return
	in_far redis-benchmark -h $near4 -n 200 -c 10 -t set,get,lpush --csv ||
		return
	was_served "$work/redis.log"
}

# PORT TEXT: comes back.
far_echoes()
{
	[ "$(in_far timeout 20 python3 -c '
import socket, sys
s = socket.create_connection(("'$near4'", int(sys.argv[1])), 15)
s.sendall(sys.argv[2].encode())
s.shutdown(socket.SHUT_WR)
print(s.makefile().read(), end="")' "$@")" = "$2" ]
}

# NAME PORT: three connections in a row.
echoes_thrice()
{
	until_ok 100 grep -q ready "$work/$1.log" || return
	far_echoes "$2" first && far_echoes "$2" second && far_echoes "$2" third
}

fork_server='
import os, signal, socket, sys
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
s = socket.socket()
s.bind(("'$near4'", int(sys.argv[1])))
s.listen()
print("ready", flush=True)
while True:
	c, who = s.accept()
	if not os.fork():
		while data := c.recv(1000):
			c.sendall(data)
		os._exit(0)
	c.close()
'

worker_server='
import os, socket, sys
s = socket.socket()
s.bind(("'$near4'", int(sys.argv[1])))
s.listen()
os.fork()
print("ready", flush=True)
while True:
	c, who = s.accept()
	while data := c.recv(1000):
		c.sendall(data)
	c.close()
'

forks_serve()
{
	echoes_thrice forks "${forks[$stack]}" && was_served "$work/forks.log"
}

workers_serve()
{
	echoes_thrice workers "${workers[$stack]}"
}

# --------------------------------------------------------------------- tests

clients()
{
	check "TCP-1 curl over IPv4" fetch $far4
	check "TCP-1 curl over IPv6" fetch "[$far6]"
	check "a port where nobody listens refuses" is_refused
	check "UDP-1 datagrams to and fro" echo_datagrams
}

servers()
{
	serve http on python3 -m http.server -d "$work/www" --bind :: \
		"${http[$stack]}"
	check "TCP-1 http.server of Python over IPv4" \
		until_ok 50 far_fetches $near4 "${http[$stack]}" http
	check "TCP-1 http.server of Python over IPv6" \
		far_fetches "[$near6]" "${http[$stack]}" http
	check "DEF-8 a server that knows nothing of it serves when its memory was taken back" \
		serves_without_memory
	serve redis on redis-server --save '' --bind $near4 --protected-mode no
	check "TCP-1 redis-server and redis-benchmark" redis_works
	serve forks on python3 -c "$fork_server" "${forks[$stack]}"
	check "a server that forks for each connection" forks_serve
	serve workers on python3 -c "$worker_server" "${workers[$stack]}"
	check "a server whose processes share a listener" workers_serve
	stop_servers
}

trap cleanup EXIT
echo "TAP version 13"
if ! setup; then
	echo "Bail out! the namespaces cannot be made"
	exit 1
fi
for stack in kernel nexus; do
	serve far_http in_far python3 -m http.server -d "$work/www" --bind :: 8000
	serve far_echo in_far python3 -c "$echo_server"
	until_ok 100 in_far curl -s -o /dev/null "http://$far4:8000/small"
	clients
	servers
done
echo "1..$number"
echo "# $((number - failed)) of $number passed"
[ $failed = 0 ]
