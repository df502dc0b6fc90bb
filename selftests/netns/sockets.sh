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

. "$(dirname "$(realpath "$0")")/stacks.sh"

far4=10.57.0.1 far6=2001:db8:57::1 near4=10.57.0.2 near6=2001:db8:57::2
# Other ones for each stack: connections of the first remain in TIME-WAIT.
declare -A http=([kernel]=8001 [nexus]=9001) forks=([kernel]=8002 [nexus]=9002) \
	workers=([kernel]=8003 [nexus]=9003)

cleanup()
{
	stop_servers TERM
	take_down near sk0
	take_down far
}

setup()
{
	wire far far0 near near0 &&
		address far far0 $far4/24 $far6/64 &&
		address near near0 $near4/24 $near6/64 &&
		near nexusctl nexus add sk0 dev near0 && make_www 200000
}

# ------------------------------------------------------------------- clients

fetch()
{
	on curl -sS -m 60 -o "$work/got" "http://$1:8000/big" 2> "$work/client.log"
	local status=$?

	cat "$work/client.log"
	[ $status = 0 ] && cmp "$work/got" "$work/www/big" &&
		was_served client
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
' 2> "$work/client.log"
	local status=$?

	cat "$work/client.log"
	[ $status = 0 ] && was_served client
}

# ------------------------------------------------------------------- servers

far_fetches()
{
	far curl -sS -m 60 -o "$work/got" "http://$1:$2/big" &&
		cmp "$work/got" "$work/www/big" && was_served "$3"
}

# Of all programs in the near namespace that have any.
take_memory_back()
{
	local id ids

	ids=$(near nexusctl -j channel show |
		grep -o '"id": *[0-9]*' | grep -o '[0-9]*$')
	[ -n "$ids" ] || return
	for id in $ids; do
		near nexusctl defunct channel "$id" || return
	done
}

# Only a server on nexus has a channel. Until it has another one it refuses.
serves_without_memory()
{
	[ $stack = kernel ] || take_memory_back || return
	soon far_fetches $near4 "${http[$stack]}" http &&
		far_fetches "[$near6]" "${http[$stack]}" http
}

redis_answers()
{
	[ "$(far timeout 10 redis-cli -h $near4 ping)" = PONG ]
}

redis_works()
{
	soon redis_answers || return
	far redis-benchmark -h $near4 -n 200 -c 10 -t set,get,lpush --csv ||
		return
	was_served redis
}

# PORT TEXT: comes back.
far_echoes()
{
	[ "$(far timeout 20 python3 -c '
import socket, sys
s = socket.create_connection(("'$near4'", int(sys.argv[1])), 15)
s.sendall(sys.argv[2].encode())
s.shutdown(socket.SHUT_WR)
print(s.makefile().read(), end="")' "$@")" = "$2" ]
}

# NAME PORT: three connections in a row.
echoes_thrice()
{
	soon grep -q ready "$work/$1.log" || return
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
	echoes_thrice forks "${forks[$stack]}" && was_served forks
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
		soon far_fetches $near4 "${http[$stack]}" http
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
	stop_servers TERM
}

begin "the namespaces cannot be made"
for stack in kernel nexus; do
	serve far_http far python3 -m http.server -d "$work/www" --bind :: 8000
	serve far_echo far python3 -c "$echo_server"
	soon far curl -s -o /dev/null "http://$far4:8000/small"
	clients
	servers
done
finish
