#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Servers and clients of Debian under "nexus run", and, where all repetitions are
# asked for (NEXUS_TEST_PERCENT is 100), each first on the kernel's stack: both must
# do the same. The other end is always the kernel's.
#
#     netns far                        netns near
#     10.59.0.1                        10.59.0.2
#                    far0 ---- near0   nexus pg0 on near0
set -uo pipefail

. "$(dirname "$(realpath "$0")")/stacks.sh"

top=${NEXUS_TOP:-$(realpath "$(dirname "$(realpath "$0")")/../..")}
far=10.59.0.1 near=10.59.0.2
base=9100

cleanup()
{
	part_stacks
}

setup()
{
	join_stacks && make_certificate && make_www 300000
}

make_certificate()
{
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 \
		-nodes -keyout "$work/key" -out "$work/cert" -days 2 \
		-subj /CN=near 2>&1
}

# Does anybody in the namespace $1 accept connections at port $2?
accepts()
{
	local at=$near

	[ "$1" = near ] || at=$far
	far curl -s -o /dev/null --connect-timeout 2 -m 2 "telnet://$at:$2" \
		< /dev/null
	[ $? != 7 ]
}

# Is UDP port $2 of the namespace $1 somebody's?
has_udp_port()
{
	ip netns exec "$1" ss -Hlun "sport = $2" | grep -q .
}

# A server of one connection at a time is not to be tried.
listens_in_far()
{
	far ss -Hltn "sport = $1" | grep -q .
}

# A port of the stack under test: connections of the other one stay in TIME-WAIT.
port()
{
	echo $((base + $1))
}

# ----------------------------------------------------------------- the calls

# As programs in C make them: what the C library does by itself, and what a
# signal does to a call that waits.
calls='
import ctypes, os, signal, socket, sys, threading, time
libc = ctypes.CDLL(None, use_errno=True)
s = socket.create_connection((sys.argv[1], 6001), 60)
s.settimeout(None)
signal.signal(signal.SIGINT, signal.SIG_DFL)
signal.signal(signal.SIGUSR1, lambda *args: None)
buf = ctypes.create_string_buffer(10)

def interrupted(restarts):
	signal.siginterrupt(signal.SIGUSR1, not restarts)
	main = threading.get_ident()
	def poke():
		time.sleep(0.5)
		signal.pthread_kill(main, signal.SIGUSR1)
		time.sleep(0.5)
		s.send(b"x")
	thread = threading.Thread(target=poke)
	thread.start()
	ret = libc.recv(s.fileno(), buf, 1, 0)
	thread.join()
	return ret

assert interrupted(True) == 1, "SA_RESTART"
assert interrupted(False) == -1, "no SA_RESTART"
assert s.recv(10) == b"x"
s.sendall(b"abcdef")
assert s.recv(6, socket.MSG_WAITALL | socket.MSG_PEEK)[:1] == b"a"
assert libc.recv(s.fileno(), None, 3, socket.MSG_TRUNC) == 3
assert s.recv(3, socket.MSG_WAITALL) == b"def"
assert libc.dprintf(s.fileno(), b"number %d\n", 42) == 10
assert s.recv(10, socket.MSG_WAITALL) == b"number 42\n"
out = os.fdopen(os.dup(s.fileno()), "wb")
out.write(b"stream")
out.close()
assert s.recv(6, socket.MSG_WAITALL) == b"stream"
for option in ("KEEPIDLE", "KEEPINTVL", "KEEPCNT", "USER_TIMEOUT"):
	name = getattr(socket, "TCP_" + option)
	s.setsockopt(socket.IPPROTO_TCP, name, 77)
	assert s.getsockopt(socket.IPPROTO_TCP, name) == 77, option
libc.closefrom(s.fileno())
try:
	s.getsockname()
	assert False, "closefrom"
except OSError:
	pass
'

makes_calls()
{
	on python3 -c "$calls" $far 2> "$work/calls.log"
	local status=$?

	cat "$work/calls.log"
	[ $status = 0 ] && was_served calls
}

# ------------------------------------------------------------------- servers

# wrk says nothing of errors where there are none.
far_requests()
{
	far wrk -t 1 -c 4 -d 1 --timeout 30 "http://$near:$1/small" \
		> "$work/wrk" || return
	cat "$work/wrk"
	grep -q 'requests in' "$work/wrk" &&
		! grep -qE 'Socket errors|Non-2xx' "$work/wrk"
}

nginx_works()
{
	soon far_fetches "$(port 1)" && far_requests "$(port 1)" &&
		was_served "nginx.$(port 1)"
}

# A connection for each request.
fetch_many()
{
	far curl -sS -m 60 --fail-early -f -H 'Connection: close' \
		-o /dev/null "http://$near:$(port 2)/small?[1-40]"
}

reloads_under_load()
{
	local fetching

	soon far_fetches "$(port 2)" || return
	fetch_many &
	fetching=$!
	kill -HUP "$(cat "$work/nginx.$(port 2).pid")"
	sleep 0.5
	kill -HUP "$(cat "$work/nginx.$(port 2).pid")"
	wait $fetching
}

memcached_works()
{
	soon accepts near "$(port 3)" || return
	far memccapable -h $near -p "$(port 3)" && was_served memcached
}

haproxy_conf()
{
	cat <<-END
	global
	  nbthread 2
	defaults
	  mode http
	  option splice-auto
	  timeout connect 20s
	  timeout client 60s
	  timeout server 60s
	listen web
	  bind $near:$(port 4)
	  server far $far:8000
	END
}

haproxy_works()
{
	soon far_fetches "$(port 4)" && far_requests "$(port 4)" &&
		was_served haproxy
}

# ARGUMENT...: of a test to or from the server.
iperf3_sends()
{
	# Between two tests the server has no listener for a moment.
	soon far iperf3 -c $near -p "$(port 5)" "$@"
}

iperf3_works()
{
	iperf3_sends -n 2M && iperf3_sends -n 2M -R && iperf3_sends -n 1M -P 3 &&
		iperf3_sends -u -b 8M -n 400K && was_served iperf3
}

redis_says()
{
	[[ $(far timeout 20 redis-cli -h $near -p "$(port 6)" "${@:2}") == *$1* ]]
}

redis_saves()
{
	soon redis_says OK set key value || return
	redis_says started bgsave || return
	redis_says value get key || return
	soon redis_says bgsave_in_progress:0 info persistence || return
	redis_says last_bgsave_status:ok info persistence &&
		redis_says value get key && was_served redis
}

socat_forks()
{
	local word

	soon accepts near "$(port 7)" || return
	for word in one two three; do
		[ "$(echo $word | far timeout 30 socat -t 20 - \
			TCP4:$near:"$(port 7)")" = $word ] || return
	done
	was_served socat
}

datagrams='
import socket, sys
peers = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for i in range(3)]
for n, s in enumerate(peers):
	s.settimeout(30)
	s.connect((sys.argv[1], int(sys.argv[2])))
	s.send(b"first%d" % n)
	assert s.recv(100) == b"first%d" % n
for n, s in enumerate(peers):
	s.send(b"second%d" % n)
	assert s.recv(100) == b"second%d" % n
'

# A process for each peer; the first datagram is there before it is.
socat_forks_for_datagrams()
{
	soon has_udp_port near "$(port 10)" || return
	far python3 -c "$datagrams" $near "$(port 10)" &&
		was_served socat_udp
}

openssl_serves()
{
	soon accepts near "$(port 8)" || return
	far curl -sSk -m 60 -o "$work/got" "https://$near:$(port 8)/big" &&
		cmp "$work/got" "$work/www/big" && was_served openssl
}

asyncio_server='
import asyncio, sys
async def serve(reader, writer):
	while data := await reader.read(65536):
		writer.write(data)
		await writer.drain()
	writer.close()
async def main():
	server = await asyncio.start_server(serve, sys.argv[1], int(sys.argv[2]))
	async with server:
		await server.serve_forever()
asyncio.run(main())
'

asyncio_serves()
{
	soon accepts near "$(port 9)" || return
	far timeout 60 socat -t 30 - TCP4:$near:"$(port 9)" \
		< "$work/www/big" > "$work/got"
	cmp "$work/got" "$work/www/big" && was_served asyncio
}

# ------------------------------------------------------------------- clients

# NAME ARGUMENT...: what both say is in NAME.log.
client()
{
	local name=$1
	shift

	on "$@" > "$work/$name.log" 2>&1
	local status=$?

	cat "$work/$name.log"
	[ $status = 0 ] && was_served "$name"
}

openssl_fetches()
{
	printf 'GET /small HTTP/1.0\r\n\r\n' | client s_client \
		openssl s_client -quiet -connect $far:6003 &&
		grep -q hello "$work/s_client.log"
}

sockperf_measures()
{
	client sockperf sockperf ping-pong -i $far -p 6002 -t 1 "$@" &&
		grep -q 'Latency is' "$work/sockperf.log"
}

wrk_requests()
{
	client wrk wrk -t 2 -c 4 -d 1 --timeout 30 http://$far:8000/small &&
		grep -q 'requests in' "$work/wrk.log" &&
		! grep -qE 'Socket errors|Non-2xx' "$work/wrk.log"
}

dig_asks()
{
	client dig dig +tries=3 +time=5 +noall +answer -p 6004 @$far \
		example.test SOA && grep -q SOA "$work/dig.log"
}

# --------------------------------------------------------------------- tests

start_far()
{
	serve_nginx 8000 'worker_processes 1;' far
	serve far_echo far socat TCP4-LISTEN:6001,reuseaddr,fork EXEC:cat
	serve far_udp far sockperf server -i $far -p 6002
	serve far_tcp far sockperf server --tcp -i $far -p 6002
	serve far_tls far openssl s_server -quiet -WWW -accept $far:6003 \
		-key "$work/key" -cert "$work/cert"
	serve far_dns far nexus-dnsd --kernel --address $far --port 6004 \
		--zone "$top/tools/examples/dnsd/example.zone"
}

far_is_up()
{
	local at

	for at in 8000 6001 6003; do
		soon accepts far $at || return
	done
	for at in 6002 6004; do
		soon has_udp_port far $at || return
	done
	soon listens_in_far 6002
}

start_near()
{
	serve_nginx "$(port 1)" 'master_process off;' on
	serve_nginx "$(port 2)" 'worker_processes 2;' on
	serve memcached on memcached -u root -t 2 -l $near -p "$(port 3)"
	haproxy_conf > "$work/haproxy.conf"
	serve haproxy on haproxy -db -f "$work/haproxy.conf"
	serve iperf3 on iperf3 -s -p "$(port 5)"
	serve redis on redis-server --save '' --bind $near --port "$(port 6)" \
		--protected-mode no --dir "$work"
	# Without -t it waits half a second for its cat when the client has ended,
	# however long a busy machine takes to start that.
	serve socat on socat -t 30 TCP4-LISTEN:"$(port 7)",reuseaddr,fork EXEC:cat
	serve socat_udp on socat UDP4-LISTEN:"$(port 10)",reuseaddr,fork EXEC:cat
	serve openssl on openssl s_server -quiet -WWW \
		-accept $near:"$(port 8)" -key "$work/key" -cert "$work/cert"
	serve asyncio on python3 -c "$asyncio_server" $near "$(port 9)"
}

servers()
{
	check "TCP-1 nginx, one process" nginx_works
	check "TCP-1 nginx with workers reloads under load" reloads_under_load
	check "TCP-1 memcached, two threads" memcached_works
	check "TCP-1 haproxy, two threads" haproxy_works
	check "TCP-1 UDP-1 iperf3" iperf3_works
	check "TCP-1 redis-server saves by a child" redis_saves
	check "TCP-1 socat forks" socat_forks
	check "UDP-1 socat forks for each peer" socat_forks_for_datagrams
	check "TCP-1 openssl s_server" openssl_serves
	check "TCP-1 asyncio of Python" asyncio_serves
}

clients()
{
	check "TCP-1 openssl s_client" openssl_fetches
	check "UDP-1 sockperf ping-pong" sockperf_measures
	check "TCP-1 sockperf ping-pong" sockperf_measures --tcp
	check "TCP-1 wrk, two threads" wrk_requests
	check "UDP-1 dig" dig_asks
}

begin "the namespaces cannot be made"
cd "$work/www" || exit
for stack in kernel nexus; do
	start_far
	far_is_up || echo "# not all of the other end is up"
	check "TCP-1 calls of programs in C" makes_calls
	if [ $stack = nexus ] || [ "${NEXUS_TEST_PERCENT:-100}" -ge 100 ]; then
		start_near
		clients
		servers
	fi
	stop_servers KILL
	base=$((base + 100))
done
finish
