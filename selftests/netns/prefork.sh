#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# Servers whose processes share a listener, under "nexus run": each process accepts on
# nexus, beside the kernel's stack. The other end is the kernel's.
#
#     netns far                        netns near
#     10.60.0.1                        10.60.0.2
#                    far0 ---- near0   nexus pg0 on near0
set -uo pipefail

. "$(dirname "$(realpath "$0")")/stacks.sh"

far=10.60.0.1 near=10.60.0.2
stack=nexus

cleanup()
{
	part_stacks
}

# nginx's workers are another user's than its master.
setup()
{
	join_stacks && near nexusctl policy set pg0 allow any &&
		chmod 777 "$work" && make_www 100000
}

# PORT: how many processes have had packets for a listener of nexus's there.
processes_with_packets()
{
	near nexusctl -j flow show | jq "[.[] | select(.listener and
		.local_port == $1 and
		([.. | objects | .rx_packets // 0] | max) > 0) | .pid] |
		unique | length"
}

are_served()
{
	near nexusctl -j flow show
	[ "$(processes_with_packets "$1")" -ge "$2" ]
}

# --------------------------------------------------------------------- nginx

# PORT FROM TO: a connection for each request.
fetch_many()
{
	far curl -sS -m 100 --fail-early -f -H 'Connection: close' \
		-o /dev/null "http://$near:$1/small?[$2-$3]"
}

nginx_serves()
{
	soon far_fetches 8001 && fetch_many 8001 1 20 && are_served 8001 2
}

nginx_has_requests()
{
	far wrk -t 1 -c 8 -d 2 --timeout 30 "http://$near:8001/small" \
		> "$work/wrk" || return
	cat "$work/wrk"
	grep -q 'requests in' "$work/wrk" &&
		! grep -qE 'Socket errors|Non-2xx' "$work/wrk"
}

reload()
{
	kill -HUP "$(cat "$work/nginx.8001.pid")"
}

nginx_reloads()
{
	local fetching=() i

	for i in 1 2; do
		fetch_many 8001 1 40 &
		fetching+=($!)
	done
	for i in 1 2 3; do
		sleep 1
		reload
	done
	for i in "${fetching[@]}"; do
		wait "$i" || return
	done
	fetch_many 8001 1 20 && are_served 8001 2
}

# -------------------------------------------------------------------- Python

# Three processes, each of which serves one client after the other.
pool='
import os, select, socket, sys
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind((sys.argv[1], int(sys.argv[2])))
s.listen(64)
for i in range(3):
	if os.fork():
		continue
	while True:
		if sys.argv[3] == "poll":
			poll = select.poll()
			poll.register(s, select.POLLIN)
			poll.poll()
		c, peer = s.accept()
		assert peer[0] == sys.argv[4], peer
		data = c.recv(100)
		c.sendall(b"%d %s" % (os.getpid(), data))
		c.close()
os.wait()
'

# One client says nothing: the process that has it serves nobody else. The others do.
clients='
import socket, sys
def begin():
	return socket.create_connection((sys.argv[1], int(sys.argv[2])), 30)
def ask(c):
	c.settimeout(30)
	c.sendall(b"x")
	pid, what = c.recv(100).split()
	assert what == b"x"
	return pid
pids = set()
for i in range(20):
	pids.add(ask(begin()))
silent = begin()
for i in range(20):
	pids.add(ask(begin()))
print("silent", ask(silent), "all", pids)
assert len(pids) > 1, pids
'

pool_serves()
{
	local status

	soon far bash -c "exec 3<> /dev/tcp/$near/$1 && echo >&3 && read -n 1 -u 3" ||
		return
	far timeout 100 python3 -c "$clients" $near "$1"
	status=$?
	cat "$work/pool.$1.log"
	[ $status = 0 ] && are_served "$1" 1
}

# Two threads of a child wait in accept(), and each has its client at the same time; the
# parent never accepts.
threads='
import os, socket, sys, threading
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind((sys.argv[1], int(sys.argv[2])))
s.listen(64)
def serve():
	while True:
		c, peer = s.accept()
		c.sendall(c.recv(100))
		c.close()
if not os.fork():
	for i in range(2):
		threading.Thread(target=serve).start()
os.wait()
'

# First one is silent, and then one more: which is asked how it came.
threads_clients='
import json, socket, subprocess, sys
def begin():
	return socket.create_connection((sys.argv[1], int(sys.argv[2])), 30)
def ask(c):
	c.settimeout(30)
	c.sendall(b"x")
	assert c.recv(100) == b"x"
silent = begin()
other = begin()
subprocess.run(["sleep", "1"])
flows = json.loads(subprocess.run(["ip", "netns", "exec", "near", "nexusctl", "-j",
	"flow", "show"], stdout=subprocess.PIPE, check=True).stdout)
flows = [f for f in flows if f["local_port"] == int(sys.argv[2])]
print(flows)
assert len([f for f in flows if not f["listener"]]) == 2, len(flows)
ask(other)
ask(silent)
'

threads_serve()
{
	local status

	sleep 1
	far timeout 100 python3 -c "$threads_clients" $near "$1"
	status=$?
	cat "$work/threads.$1.log"
	return $status
}

# A child has a connection and closes the listener without having accepted it: the parent
# does, and knows the peer, though to the kernel it is a connection of this host.
heir='
import ctypes, os, select, socket, sys
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind((sys.argv[1], int(sys.argv[2])))
s.listen(64)
closed, tell = os.pipe()
if not os.fork():
	poll = select.poll()
	poll.register(s, select.POLLIN)
	poll.poll()
	s.close()
	os.write(tell, b"x")
	sys.exit(0)
os.read(closed, 1)
c, peer = s.accept()
assert c.getpeername() == peer, (c.getpeername(), peer)
kernels = (ctypes.c_ubyte * 16)()
ctypes.CDLL(None).syscall(52, c.fileno(), kernels, ctypes.byref(ctypes.c_int(16)))
c.sendall(b"%s %d %s %s" % (peer[0].encode(), peer[1],
	socket.inet_ntoa(bytes(kernels[4:8])).encode(), c.recv(100)))
c.close()
os.wait()
'

heirs_client='
import socket, sys
c = socket.create_connection((sys.argv[1], int(sys.argv[2])), 30)
c.settimeout(30)
c.sendall(b"hello")
got = c.recv(100).decode()
host, port = c.getsockname()
print(got)
assert got == "%s %d %s hello" % (host, port, sys.argv[1]), (got, host, port)
'

hands_over()
{
	local status

	sleep 1
	far timeout 60 python3 -c "$heirs_client" $near "$1"
	status=$?
	cat "$work/heir.$1.log"
	return $status
}

# A client of the same host comes by lo, where nexus is not.
same_host()
{
	near curl -sS -m 30 -f -o /dev/null "http://$near:8001/small"
}

begin "the namespaces cannot be made"
cd "$work/www" || exit
serve_nginx 8001 'worker_processes 2;' on
serve pool.8002 on python3 -c "$pool" $near 8002 accept $far
serve pool.8003 on python3 -c "$pool" $near 8003 poll $far
serve threads.8005 on python3 -c "$threads" $near 8005
serve heir.8004 on python3 -c "$heir" $near 8004
check "TCP-1 nginx with two workers: both are served" nginx_serves
check "TCP-1 nginx with two workers: many requests" nginx_has_requests
check "TCP-1 nginx reloads under load, and no request is lost" nginx_reloads
check "TCP-1 a client of the same host" same_host
check "TCP-1 processes that wait in accept(): who is busy keeps nobody waiting" pool_serves 8002
check "TCP-1 processes that wait in poll(), likewise" pool_serves 8003
check "TCP-1 threads that wait in accept() each have a connection of nexus's" threads_serve 8005
check "TCP-1 what a process has not accepted when it closes a shared listener is another one's, its peer's name with it" hands_over 8004
finish 8
