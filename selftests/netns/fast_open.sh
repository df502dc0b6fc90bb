#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# TCP Fast Open of programs under "nexus run", as tcp(7) has it: each scene first on
# the kernel's stack, and both must say what is written here. The other end is
# always the kernel's.
#
#     netns far                        netns near
#     10.58.0.1                        10.58.0.2
#     10.58.0.3                        nexus fo0 on near0
#     2001:db8:58::1  far0 ---- near0  2001:db8:58::2
set -uo pipefail

. "$(dirname "$(realpath "$0")")/stacks.sh"

port=8100

cleanup()
{
	stop_servers TERM
	take_down near fo0
	take_down far
}

# NETNS NUMBER: its net.ipv4.tcp_fastopen.
mode()
{
	ip netns exec "$1" sh -c "echo $2 > /proc/sys/net/ipv4/tcp_fastopen"
}

setup()
{
	wire far far0 near near0 &&
		address far far0 10.58.0.1/24 10.58.0.3/24 2001:db8:58::1/64 &&
		address near near0 10.58.0.2/24 2001:db8:58::2/64 &&
		near nexusctl nexus add fo0 dev near0 &&
		mode near 3 && mode far 3 || return
	# What a scene loses on purpose is no black hole.
	for netns in near far; do
		ip netns exec $netns sh -c \
			'echo 0 > /proc/sys/net/ipv4/tcp_fastopen_blackhole_timeout_sec'
	done
}

# What both ends are made of.
common='
import ctypes, errno, os, select, socket, struct, sys, zlib

TCP, INFO, FASTOPEN, CONNECT = 6, 11, 23, 30
KEY, NO_COOKIE, MSG_FASTOPEN = 33, 34, 0x20000000

def say(*what):
	print(*what, flush=True)

# What a call gives, or the name of its error.
def tell(call, *args):
	try:
		return call(*args)
	except OSError as e:
		return errno.errorcode[e.errno]

def open_one(family=socket.AF_INET, blocks=True):
	s = socket.socket(family)
	s.setblocking(blocks)
	return s

def has_early(s):
	return "early" if s.getsockopt(TCP, INFO, 8)[5] & 32 else "late"

def state(s):
	return s.getsockopt(TCP, INFO, 8)[0]

def read_all(s):
	data = b""
	while some := s.recv(65536):
		data += some
	return data
'

# Each connection is told what came, and how, when it has sent all.
server='
def serve(s):
	while True:
		c, who = s.accept()
		try:
			data = read_all(c)
			c.sendall(f"{has_early(c)} {len(data)} {zlib.crc32(data)}".encode())
		except OSError:
			pass
		c.close()
'

far_server="$common$server"'
s = socket.socket(socket.AF_INET6)
s.bind(("::", '$port'))
s.setsockopt(TCP, FASTOPEN, 16)
s.listen(16)
serve(s)
'

# What the server says of it, and what is known here.
asking='
def ask(s, sent):
	s.setblocking(True)
	s.shutdown(socket.SHUT_WR)
	how, size, crc = read_all(s).decode().split()
	assert (int(size), int(crc)) == (len(sent), zlib.crc32(sent)), size
	say(how, "there,", has_early(s), "here")
	s.close()
'

client="$common$asking"'
to, to3 = ("10.58.0.1", '$port'), ("10.58.0.3", '$port')
to6, mute = ("2001:db8:58::1", '$port'), ("10.58.0.99", '$port')
many = bytes(range(256)) * 16

def events(s, ms=0):
	p = select.poll()
	p.register(s, select.POLLIN | select.POLLOUT)
	return [e for _, e in p.poll(ms)]

# The first connection brings the cookie.
def prepare(to=to, family=socket.AF_INET):
	s = open_one(family)
	assert s.sendto(many, MSG_FASTOPEN, to) == len(many)
	ask(s, many)

def fast(s):
	s.setsockopt(TCP, CONNECT, 1)
	return s

def send_blocks():
	prepare()
	prepare()
	s = open_one()
	say(s.sendmsg([b"one", b"", b"two"], [], MSG_FASTOPEN, to))
	say(s.send(many))
	ask(s, b"onetwo" + many)
	prepare(to6, socket.AF_INET6)
	prepare(to6, socket.AF_INET6)

def send_at_once():
	for first in ("late", "early"):
		s = open_one(blocks=False)
		n = tell(s.sendto, many, MSG_FASTOPEN, to)
		say(n if n == "EINPROGRESS" else 0 < n < len(many))
		say(events(s, 9000), s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))
		s.setblocking(True)
		s.sendall(many[0 if first == "late" else n:])
		ask(s, many)
	s = open_one(blocks=False)
	say(s.sendto(many[:100], MSG_FASTOPEN, to))
	ask_when_open(s, many[:100])
	s = open_one(blocks=False)
	say(tell(s.sendto, b"", MSG_FASTOPEN, to))
	say(events(s, 9000), tell(s.connect, to), tell(s.connect, to))
	say(tell(s.sendto, b"x", MSG_FASTOPEN, to))

def ask_when_open(s, sent):
	assert events(s, 9000) == [select.POLLOUT]
	ask(s, sent)

def connect_at_once():
	s = fast(open_one(blocks=False))
	say(s.getsockopt(TCP, CONNECT))
	say(tell(s.connect, to), events(s, 9000), s.send(b"x"))
	ask(s, b"x")
	s = fast(open_one(blocks=False))
	ep = select.epoll()
	ep.register(s, select.EPOLLIN | select.EPOLLOUT | select.EPOLLRDHUP)
	say(tell(s.connect, to), events(s), [e for _, e in ep.poll(0)])
	say(select.select([s], [s], [s], 0)[1] == [s], state(s))
	say(tell(s.connect, to), tell(s.getpeername), tell(s.recv, 10))
	say(s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR), s.getsockname()[1] > 0)
	say(s.send(many[:100]))
	assert ep.poll(9) == [(s.fileno(), select.EPOLLOUT)]
	ask_when_open(s, many[:100])
	s = fast(open_one(blocks=False))
	say(tell(s.connect, to), s.sendmsg([many[:50], many[50:100]]))
	ask_when_open(s, many[:100])

def connect_blocks():
	for i in range(2):
		s = fast(open_one())
		s.connect(to)
		s.sendall(many * 100)
		ask(s, many * 100)
	# Nothing is sent: nobody hears of it.
	s = fast(open_one())
	say(tell(s.connect, to), tell(s.close))
	s = fast(open_one())
	say(tell(s.connect, to), tell(s.shutdown, socket.SHUT_WR), tell(s.recv, 1))
	s = fast(open_one())
	s.setsockopt(TCP, CONNECT, 0)
	say(tell(s.connect, to), state(s), s.send(b"x"))
	ask(s, b"x")
	s = fast(open_one(socket.AF_INET6))
	say(tell(s.connect, to6), s.send(b"x"))
	ask(s, b"x")
	s = fast(open_one(socket.AF_INET6))
	say(tell(s.connect, to6), state(s), s.send(b"x"))
	ask(s, b"x")

def errors():
	s = open_one()
	for name, value in ((CONNECT, 2), (CONNECT, -1), (FASTOPEN, -1)):
		say(tell(s.setsockopt, TCP, name, value))
	say(tell(s.sendmsg, [b"x"], [], MSG_FASTOPEN))
	s = open_one()
	s.connect(to)
	say(tell(s.sendto, b"x", MSG_FASTOPEN, to))
	for name in (FASTOPEN, CONNECT, NO_COOKIE):
		say(tell(s.setsockopt, TCP, name, 1))
	say(s.getsockopt(TCP, FASTOPEN), s.getsockopt(TCP, CONNECT), s.send(b"x"))
	ask(s, b"x")
	s = open_one()
	s.bind(("10.58.0.2", 0))
	s.listen()
	say(tell(s.sendto, b"x", MSG_FASTOPEN, to), tell(s.setsockopt, TCP, CONNECT, 1))
	nobody = to[0], 9999
	say(tell(open_one().sendto, b"x", MSG_FASTOPEN, nobody))
	s = open_one(blocks=False)
	say(tell(s.sendto, b"x", MSG_FASTOPEN, nobody), len(events(s, 9000)))
	say(s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == errno.ECONNREFUSED)
	s = fast(open_one())
	say(tell(s.connect, nobody))

# Who answers nobody: the address is nobodys, or not any more.
def unanswered():
	patience = struct.pack("ll", 0, 300000)
	prepare(to3)
	os.system("ip -n far addr del 10.58.0.3/24 dev far0")
	for dest in (mute, to3):
		s = open_one(blocks=False)
		say(tell(s.sendto, many[:100], MSG_FASTOPEN, dest), events(s))
		say(tell(s.sendto, b"x", MSG_FASTOPEN, dest), tell(s.send, b"x"),
		    tell(s.connect, dest), tell(s.getpeername), state(s))
		s.close()
		s = open_one()
		s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, patience)
		say(tell(s.sendto, many[:100], MSG_FASTOPEN, dest))
		s.close()

# net.ipv4.tcp_fastopen forbids it: programs connect then.
def forbidden():
	s = open_one()
	say(tell(s.sendto, b"x", MSG_FASTOPEN, to), tell(s.setsockopt, TCP, CONNECT, 1))
	s.setsockopt(TCP, FASTOPEN, 5)
	say(tell(s.connect, to), tell(s.sendto, b"x", MSG_FASTOPEN, to))
	say(tell(s.setsockopt, TCP, CONNECT, 1), s.send(b"x"))
	ask(s, b"x")

# By a device that the policy does not have.
def elsewhere():
	l = open_one()
	l.setsockopt(TCP, FASTOPEN, 5)
	l.bind(("127.0.0.1", 0))
	l.listen()
	for i in range(3):
		s = open_one()
		if i == 2:
			say(tell(fast(s).connect, l.getsockname()), state(s), s.send(b"x"))
		else:
			say(s.sendto(b"x", MSG_FASTOPEN, l.getsockname()))
		c, who = l.accept()
		say(c.recv(10), has_early(c), has_early(s))

# What the kernel is to do.
def data_go_at_once():
	s = open_one()
	say(s.sendto(b"x", MSG_FASTOPEN, to))
	ask(s, b"x")
	s = fast(open_one(blocks=False))
	say(tell(s.connect, to), state(s), s.send(b"x"))
	ask_when_open(s, b"x")

def without_cookie():
	for i in range(2):
		s = open_one()
		s.setsockopt(TCP, NO_COOKIE, 1)
		say(s.sendto(b"x", MSG_FASTOPEN, to))
		ask(s, b"x")

def times():
	libc = ctypes.CDLL(None, use_errno=True)
	s = open_one()
	s.connect(to)
	nr, set = s.fileno() + 1, (ctypes.c_ulong * 16)()
	for sec, part in ((-1, 0), (0, -1), (-1, 5), (0, 0), (0, 1500000)):
		set[s.fileno() // 64] = 1 << s.fileno() % 64
		at = (ctypes.c_long * 2)(sec, part)
		one = struct.unpack("q", struct.pack("ihh", s.fileno(), select.POLLOUT, 0))
		for call in (lambda: libc.select(nr, None, set, None, at),
			     lambda: libc.pselect(nr, None, set, None, at, None),
			     lambda: libc.ppoll((ctypes.c_long * 1)(*one), 1, at, None)):
			ret = call()
			say(sec, part, ret, ret < 0 and errno.errorcode[ctypes.get_errno()])
	ask(s, b"")

globals()[sys.argv[1]]()
'

# A listener in near, which has Fast Open from before listen(), since then, not any
# more, or with a key of its own.
listener="$common$server"'
when = sys.argv[2]
s = socket.socket(socket.AF_INET6)
s.bind(("::", int(sys.argv[1])))
if when in ("before", "off"):
	s.setsockopt(TCP, FASTOPEN, 5)
if when == "key":
	s.setsockopt(TCP, KEY, b"0123456789abcdef")
	s.setsockopt(TCP, FASTOPEN, 5)
s.listen(16)
if when == "after":
	s.setsockopt(TCP, FASTOPEN, 1 << 20)
if when == "off":
	s.setsockopt(TCP, FASTOPEN, 0)
say("listens", s.getsockopt(TCP, FASTOPEN))
serve(s)
'

visitor="$common$asking"'
many = bytes(range(256)) * 16
for host in "10.58.0.2", "2001:db8:58::2":
	for i in range(3):
		s = open_one(socket.AF_INET6 if ":" in host else socket.AF_INET)
		if sys.argv[2:] == ["bare"]:
			s.setsockopt(TCP, NO_COOKIE, 1)
		assert s.sendto(many, MSG_FASTOPEN, (host, int(sys.argv[1]))) == len(many)
		ask(s, many)
'

# ----------------------------------------------------------------------- scenes

was_passed_on()
{
	[ $stack = kernel ] || ! grep '^nexus: .*: nexus$' "$work/$1.log"
}

forget_cookies()
{
	ip -n near tcp_metrics flush all
	ip -n far tcp_metrics flush all
}

# SCENE [SERVED]: says what is expected, and was served there, or not.
plays()
{
	local status

	forget_cookies
	ip -n far addr replace 10.58.0.3/24 dev far0
	on timeout 60 python3 -c "$client" "$1" \
		> "$work/said" 2> "$work/client.log"
	status=$?
	cat "$work/client.log"
	diff "$work/expected" "$work/said" && [ $status = 0 ] &&
		"${2:-was_served}" client
}

# Connections that far has accepted with the data of their SYN.
nr_early()
{
	far awk '/^TcpExt:/ && !n { for (n = 1; $n != "TCPFastOpenPassive"; n++); next }
		/^TcpExt:/ { print $n }' /proc/net/netstat
}

# Of two connections the second has a cookie.
curl_is_fast()
{
	local nr

	forget_cookies
	nr=$(nr_early)
	on curl -sS -m 60 --tcp-fastopen -o "$work/got" -o "$work/got2" \
		http://10.58.0.1:8000/stacks http://10.58.0.1:8000/stacks \
		2> "$work/client.log" || return
	cat "$work/client.log"
	cmp "$work/got" "$work/stacks" && cmp "$work/got2" "$work/stacks" &&
		[ "$(nr_early)" = $((nr + 1)) ] && was_served client
}

# TITLE SCENE [SERVED]: what it is to say comes by standard input.
scene()
{
	cat > "$work/expected"
	check "$1" plays "${@:2}"
}

# WHEN SERVED [BARE]: a new one, at a port of its own.
visits()
{
	local log=listener$at status

	forget_cookies
	serve "$log" on python3 -c "$listener" $at "$1"
	soon grep -q '^listens' "$work/$log.log" || return
	far timeout 60 python3 -c "$visitor" $at "${@:3}" > "$work/visited"
	status=$?
	kill %%
	grep '^listens' "$work/$log.log" | cat - "$work/visited" > "$work/said"
	diff "$work/expected" "$work/said" && [ $status = 0 ] && "$2" "$log"
}

# TITLE WHEN [SERVED [BARE]]
listens()
{
	cat > "$work/expected"
	at=$((at + 1))
	check "$1" visits "$2" "${3:-was_served}" "${@:4}"
}

clients()
{
	check "curl --tcp-fastopen" curl_is_fast
	scene "MSG_FASTOPEN, by who waits" send_blocks <<-END
	late there, late here
	early there, early here
	6
	4096
	early there, early here
	late there, late here
	early there, early here
	END
	scene "MSG_FASTOPEN, by who does not wait" send_at_once <<-END
	EINPROGRESS
	[4] 0
	late there, late here
	True
	[4] 0
	early there, early here
	100
	early there, early here
	EINPROGRESS
	[4] None EISCONN
	EISCONN
	END
	scene "TCP_FASTOPEN_CONNECT, by who waits" connect_blocks <<-END
	late there, late here
	early there, early here
	None None
	None None ECONNRESET
	None 1 1
	late there, late here
	None 1
	late there, late here
	None 2 1
	early there, early here
	END
	scene "TCP_FASTOPEN_CONNECT, by who does not wait" connect_at_once <<-END
	1
	EINPROGRESS [4] 1
	late there, late here
	None [4] [4]
	True 2
	EISCONN ENOTCONN EAGAIN
	0 True
	100
	early there, early here
	None 100
	early there, early here
	END
	scene "what Fast Open refuses" errors <<-END
	EINVAL
	EINVAL
	EINVAL
	EINVAL
	EISCONN
	EINVAL
	EINVAL
	EINVAL
	0 0 1
	late there, late here
	EISCONN EINVAL
	ECONNREFUSED
	EINPROGRESS 1
	True
	ECONNREFUSED
	END
	scene "a SYN with data that nobody answers" unanswered <<-END
	late there, late here
	EINPROGRESS []
	EALREADY EAGAIN EALREADY ENOTCONN 2
	EINPROGRESS
	100 []
	EALREADY EAGAIN EALREADY ENOTCONN 2
	100
	END
	scene "Fast Open by another device" elsewhere was_passed_on <<-END
	1
	b'x' late late
	1
	b'x' early early
	None 2 1
	b'x' early early
	END
	scene "TCP_FASTOPEN_NO_COOKIE" without_cookie was_passed_on <<-END
	1
	late there, late here
	1
	late there, late here
	END
	mode near 2
	scene "net.ipv4.tcp_fastopen without clients" forbidden <<-END
	ENOTSUP ENOTSUP
	None ENOTSUP
	ENOTSUP 1
	late there, late here
	END
	mode near 7
	mode far 515
	scene "net.ipv4.tcp_fastopen without cookies, of clients" data_go_at_once \
		was_passed_on <<-END
	1
	early there, early here
	None 2 1
	early there, early here
	END
	mode near 3
	mode far 3
	scene "select(), pselect() and ppoll() with a time below none" times <<-END
	-1 0 -1 EINVAL
	-1 0 -1 EINVAL
	-1 0 -1 EINVAL
	0 -1 -1 EINVAL
	0 -1 -1 EINVAL
	0 -1 -1 EINVAL
	-1 5 -1 EINVAL
	-1 5 -1 EINVAL
	-1 5 -1 EINVAL
	0 0 1 False
	0 0 1 False
	0 0 1 False
	0 1500000 1 False
	0 1500000 1 False
	0 1500000 1 False
	late there, late here
	END
}

# The visits by IPv4, then by IPv6.
late=$(yes "late there, late here" | head -n 6)
soon_early=$(for ((i = 0; i < 2; i++)); do
	echo "late there, late here"
	echo "early there, early here"
	echo "early there, early here"
done)
early=$(yes "early there, early here" | head -n 6)

servers()
{
	listens "TCP_FASTOPEN before listen()" before <<-END
	listens 5
	$soon_early
	END
	listens "TCP_FASTOPEN after listen(), as many as may be" after <<-END
	listens 4096
	$soon_early
	END
	listens "TCP_FASTOPEN until it is 0" off <<-END
	listens 0
	$late
	END
	listens "TCP_FASTOPEN_KEY" key was_passed_on <<-END
	listens 5
	$soon_early
	END
	mode near 1
	listens "net.ipv4.tcp_fastopen without servers" before <<-END
	listens 5
	$late
	END
	mode near 1027
	listens "net.ipv4.tcp_fastopen for all servers" never <<-END
	listens 16
	$soon_early
	END
	mode near 515
	listens "net.ipv4.tcp_fastopen without cookies, of servers" before \
		was_passed_on bare <<-END
	listens 5
	$early
	END
	mode near 3
}

begin "the namespaces cannot be made"
at=8200
serve far_server far python3 -c "$far_server"
cp "$(dirname "$(realpath "$0")")/stacks.sh" "$work/stacks"
# Who does not ask for Fast Open, either.
mode far 1027
serve far_http far python3 -m http.server -d "$work" 8000
for nr in 8000 $port; do
	soon far python3 -c "import socket
socket.create_connection(('10.58.0.1', $nr))"
done
mode far 3
for stack in kernel nexus; do
	clients
	servers
done
finish
