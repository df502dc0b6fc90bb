#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# nexusctl against the module: every command, every complaint, every kind of
# event, and JSON that a parser accepts.
#
#     netns near                             netns far
#     near0 (10.77.0.1) ----- veth ----- far0
#     br0 with its port port0
#     tun0, which is no Ethernet device
#     nexuses nx0 and nx1                    none
#     channels of the program "$work/channel"
set -uo pipefail

. "$(dirname "$(realpath "$0")")/common.sh"

# So that sorting, dates and the words for errno are the same everywhere.
export LC_ALL=C.UTF-8 TZ=UTC0

holders=() main='' main_pid=''

# nexusctl in the namespace "near".
ctl()
{
	near nexusctl "$@"
}

cleanup()
{
	stop_jobs
	take_down near
	take_down far
}

# A device that is no Ethernet device. Nothing but udev makes its file.
make_tun()
{
	modprobe -q tun
	[ -c /dev/net/tun ] || { mkdir -p /dev/net && mknod /dev/net/tun c 10 200; } || return
	near ip tuntap add tun0 mode tun
}

setup()
{
	wire near near0 far far0 || return
	ip -n near link add br0 type bridge || return
	ip -n near link add port0 type veth peer port1 || return
	ip -n near link set port0 master br0 || return
	make_tun && address near near0 10.77.0.1/24 2001:db8:77::1/64 &&
		address far far0 && write_program
}

# A program that has a channel and flows, and does what no library would.
write_program()
{
	cat > "$work/channel" <<'END'
#!/usr/bin/python3
"""channel NEXUS [flows N FIRST-PORT] [connect PORT] [tcp PORT] [drop] [violate] [churn]

Attaches, does what its words say in their order, writes "ready ID" and waits.
"""
import fcntl, mmap, os, resource, signal, socket, struct, sys

words = sys.argv[1:]
nexus = words.pop(0)
attach_format = "4I32s8I2Q" + "4Q" * 6
flow_format = "2Ii4I2H2HI16s16s"


def ioctl(number, direction, data):
    code = direction << 30 | len(data) << 16 | 0xce << 8 | number
    fcntl.ioctl(fd, code, data)


def region(regions, index):
    off, length, data, _ = regions[index * 4:index * 4 + 4]
    writable = index in (2, 3, 5)
    prot = mmap.PROT_READ | (mmap.PROT_WRITE if writable else 0)
    return mmap.mmap(fd, length, mmap.MAP_SHARED, prot, offset=off), data


def add_flow(sock):
    data = bytearray(struct.pack(flow_format, struct.calcsize(flow_format), 0,
                                 sock.fileno(), 0xffffffff, *[0] * 8, b"", b""))
    ioctl(2, 3, data)
    return struct.unpack(flow_format, data)[5:7]


def sync():
    ioctl(1, 1, bytearray(struct.pack("4Iq", 24, 3, 0, 0, -1)))


fd = os.open("/dev/nexus", os.O_RDWR)
request = bytearray(struct.pack(attach_format, struct.calcsize(attach_format), 1, 0,
                                0xffffffff, nexus.encode(), *[0] * 4, 64, *[0] * 29))
if "flows" in words:
    nr_flows = int(words[words.index("flows") + 1])
    struct.pack_into("I", request, 72, nr_flows + 16)
try:
    ioctl(0, 3, request)
except OSError as error:
    sys.exit(f"attach: {os.strerror(error.errno)}")
answer = struct.unpack(attach_format, request)
channel, regions = answer[12], answer[15:]
schema, schema_off = region(regions, 0)
krings, krings_off = region(regions, 1)
urings, urings_off = region(regions, 2)
rings_off, = struct.unpack_from("I", schema, schema_off + 48)


def ring(index):
    """Its slots: number, where they begin; where the user's index is."""
    at = schema_off + rings_off + index * 32
    slots, _, slots_off, prod_off, cons_off = struct.unpack_from("2I3Q", schema, at)
    return slots, slots_off, prod_off if index == 0 else cons_off


def offend():
    slots, _, prod = ring(0)
    here, = struct.unpack_from("I", urings, urings_off + prod)
    struct.pack_into("I", urings, urings_off + prod, here + slots + 7 & 0xffffffff)
    try:
        sync()
    except OSError:
        pass


def send_to_no_flow():
    sync()
    slots, alloc, cons = ring(2)
    here, = struct.unpack_from("I", urings, urings_off + cons)
    buf, = struct.unpack_from("I", krings, krings_off + alloc + here % slots * 4)
    slots, tx, prod = ring(0)
    here, = struct.unpack_from("I", urings, urings_off + prod)
    struct.pack_into("5I", urings, urings_off + tx + here % slots * 64, buf, 0, 28, 12, 0)
    struct.pack_into("I", urings, urings_off + prod, here + 1 & 0xffffffff)
    sync()


def report(flow, generation):
    """A connection that has never been, reported by who can."""
    ustats, off = region(regions, 5)
    struct.pack_into("IBBH10I10Q", ustats, off + 128 * (flow + 1), generation, 7, 5, 1448,
                     *range(1, 10), 0, *range(11, 18), 0, 0, 0)


def bind(port, kind=socket.SOCK_DGRAM):
    sock = socket.socket(socket.AF_INET, kind)
    sock.bind(("10.77.0.1", port))
    return sock


while words:
    word = words.pop(0)
    if word == "flows":
        count, first = int(words.pop(0)), int(words.pop(0))
        for port in range(first, first + count):
            with bind(port) as sock:
                add_flow(sock)
    elif word == "connect":
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
            sock.bind(("2001:db8:77::1", int(words.pop(0))))
            sock.connect(("2001:db8:77::2", 9))
            add_flow(sock)
    elif word == "tcp":
        port = int(words.pop(0))
        with bind(port, socket.SOCK_STREAM) as sock:
            add_flow(sock)
        with bind(port + 1, socket.SOCK_STREAM) as sock:
            report(*add_flow(sock))
    elif word == "drop":
        send_to_no_flow()
    elif word == "violate":
        offend()
    elif word == "churn":
        for _ in range(1500):
            with bind(19999) as sock:
                flow, generation = add_flow(sock)
                ioctl(3, 1, bytearray(struct.pack("4I", 16, flow, generation, 0)))
print("ready", channel, flush=True)
signal.pause()
END
	chmod 755 "$work/channel"
}

# hold [--as UID] WORD...: runs the program; its channel is $channel, its pid $holder.
hold()
{
	local as=()

	if [ "$1" = --as ]; then
		as=(setpriv "--reuid=$2" "--regid=$2" --clear-groups)
		shift 2
	fi
	: > "$work/held"
	# No function of this shell, so that $! is the program's own number.
	ip netns exec near "${as[@]}" "$work/channel" "$@" > "$work/held" 2>&1 < /dev/null &
	holder=$!
	holders+=("$holder")
	soon is_held || { cat "$work/held"; return 1; }
	channel=$(awk '/^ready/ { print $2 }' "$work/held")
	[ -n "$channel" ] || { cat "$work/held"; return 1; }
}

is_held()
{
	grep -q '^ready' "$work/held" || ! kill -0 "$holder" 2>/dev/null
}

# release PID: ends a program, and its channel with it.
release()
{
	kill "$1" 2>/dev/null
	wait "$1" 2>/dev/null
	return 0
}

# says STATUS TEXT WORD...: nexusctl ends so, and says exactly that on its error stream.
says()
{
	local wanted=$1 text=$2 status
	shift 2

	ctl "$@" > "$work/out" 2> "$work/err"
	status=$?
	echo "status $status, wanted $wanted"
	echo "got:    $(cat "$work/err")"
	echo "wanted: $text"
	[ $status = "$wanted" ] && [ "$(head -n 1 "$work/err")" = "$text" ] &&
		[ ! -s "$work/out" ]
}

# shows PATTERN WORD...: what nexusctl prints has a line like that.
shows()
{
	local pattern=$1
	shift

	ctl "$@" | tee "$work/out"
	[ "${PIPESTATUS[0]}" = 0 ] && grep -qE -- "$pattern" "$work/out"
}

# json FILTER WORD...: nexusctl prints JSON, and jq finds the filter true. Every
# line of JSON is kept, for json_is_valid().
json()
{
	local filter=$1
	shift

	ctl -j "$@" > "$work/json" || return
	cat "$work/json"
	[ "$1" = -p ] || cat "$work/json" >> "$work/all.json"
	jq -e "$filter" "$work/json"
}

done_quietly()
{
	ctl "$@" > "$work/out" 2>&1
	local status=$?

	cat "$work/out"
	[ $status = 0 ] && [ ! -s "$work/out" ]
}

# ---------------------------------------------------------------------- nexus

lines_up()
{
	ctl nexus show > "$work/out" || return
	cat "$work/out"
	# Every heading of a number ends where the numbers end.
	awk 'NR == 1 { at = index($0, "CHANNELS") + 7; next }
	     substr($0, at, 1) !~ /[0-9]/ { exit 1 }' "$work/out"
}

all_or_nothing()
{
	ctl nexus add nx5 dev near0 port0 > "$work/err" 2>&1 && return 1
	cat "$work/err"
	grep -q 'attach nx5 dev port0' "$work/err" && ! ctl nexus show nx5 2>/dev/null
}

# -------------------------------------------------------------------- monitor

# watch NAME [OPTION...]: a monitor that writes to $work/NAME, and listens.
watch()
{
	local name=$1
	shift

	ip netns exec near nexusctl "$@" monitor > "$work/$name" 2> "$work/$name.err" &
	watcher=$!
	holders+=("$watcher")
	soon listens "$watcher"
}

# A socket of generic netlink (16) that is in a group.
listens()
{
	local inodes

	inodes=$(find "/proc/$1/fd" -lname 'socket:*' -printf '%l ' | tr -dc '0-9 ')
	[ -n "$inodes" ] && near awk -v wanted="$inodes" '
		BEGIN { split(wanted, list); for (i in list) mine[list[i]] = 1 }
		$2 == 16 && $4 !~ /^0+$/ && $10 in mine { found = 1 }
		END { exit !found }' /proc/net/netlink
}

# sees NAME PATTERN: the monitor writes such a line.
sees()
{
	soon grep -qE -- "$2" "$work/$1" && return
	cat "$work/$1" "$work/$1.err"
	return 1
}

stamp='^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}'

monitor_shows_all_kinds()
{
	local pid id

	watch events && watch events.json -j || return
	ctl nexus add mon0 || return
	ip -n near link add eve0 type veth peer eve1 || return
	ctl attach mon0 dev eve0 || return
	ctl policy set mon0 max-flows 100 || return
	hold mon0 flows 1 21000 || return
	id=$channel pid=$holder
	ctl flow del "$id" 0 || return
	release "$pid"
	hold mon0 violate || return
	release "$holder"
	ip -n near link del eve0
	ctl nexus del mon0 || return
	sees events "$stamp nexus-new nexus mon0\$" &&
		sees events "$stamp dev-add nexus mon0 dev eve0\$" &&
		sees events "$stamp policy nexus mon0\$" &&
		sees events "$stamp attach nexus mon0 channel $id pid [0-9]+ command channel user root\$" &&
		sees events "$stamp flow-add .* flow 0 udp local 10.77.0.1:21000 remote \*\$" &&
		sees events "$stamp flow-del .* flow 0 udp local 10.77.0.1:21000" &&
		sees events "$stamp detach nexus mon0 channel $id" &&
		sees events "$stamp violation .* tx-index \(index [0-9]+, value [0-9]+\): its TX index" &&
		sees events "$stamp dev-del nexus mon0 dev eve0\$" &&
		sees events "$stamp nexus-del nexus mon0\$"
}

# The second monitor of the test before wrote JSON.
monitor_writes_json()
{
	local kinds

	sees events.json '"event":"nexus-del"' || return
	cat "$work/events.json" >> "$work/all.json"
	kinds=$(jq -r .event "$work/events.json" | sort -u | paste -sd ' ')
	echo "$kinds"
	[ "$kinds" = "attach detach dev-add dev-del flow-add flow-del nexus-del nexus-new policy violation" ] &&
		jq -es 'all(.[]; .nexus == "mon0" and .time_ns > 1.6e18)' "$work/events.json"
}

monitor_of_one_nexus()
{
	watch one || return
	kill "$watcher"
	ip netns exec near nexusctl monitor nexus nx1 > "$work/one" 2> "$work/one.err" &
	watcher=$!
	holders+=("$watcher")
	soon listens "$watcher" || return
	ctl policy set nx0 max-flows 9999 && ctl policy set nx1 max-flows 9999 || return
	sees one 'policy nexus nx1' && ! grep nx0 "$work/one"
}

# The socket of a monitor that does not read fills up.
monitor_tells_of_loss()
{
	watch slow -j || return
	kill -STOP "$watcher"
	hold nx0 flows 2500 23000 || { kill -CONT "$watcher"; return 1; }
	release "$holder"
	kill -CONT "$watcher"
	sees slow '"event":"lost"'
}

addr_gone()
{
	watch gone || return
	hold nx0 flows 1 22000 || return
	ip -n near addr del 10.77.0.1/24 dev near0
	sees gone "$stamp addr-gone nexus nx0 channel $channel .*10.77.0.1:22000 .*: the local address was removed"
	local status=$?

	ip -n near addr add 10.77.0.1/24 dev near0
	release "$holder"
	return $status
}

# --------------------------------------------------------------------- policy

denied()
{
	watch denied || return
	ctl policy set nx0 deny-all || return
	! hold --as 65534 nx0 || return
	cat "$work/held"
	grep -q 'attach: Operation not permitted' "$work/held" &&
		sees denied "$stamp attach-denied nexus nx0 pid [0-9]+ command channel user nobody: not allowed by the policy; 'nexusctl policy show' tells who is\$"
}

allowed()
{
	ctl policy set nx0 "$@" || return
	hold --as 65534 nx0 || return
	release "$holder"
}

# ----------------------------------------------------- channels, flows, stats

channel_and_flows()
{
	hold --as 65534 nx0 flows 2 20000 connect 20002 || return
	main=$channel main_pid=$holder
}

owner_is_told()
{
	json ".[0] | .id == $main and .nexus == \"nx0\" and .pid == $main_pid and .comm == \"channel\"
	      and .uid == 65534 and .user == \"nobody\" and .state == \"active\"
	      and .violation == \"none\" and .flows == 3 and (.queues | length) == 1
	      and .queues[0].tx_slots >= 8 and .queues[0].rx_slots >= 8" channel show "$main"
}

flows_are_told()
{
	json '[.[] | select(.listener) | .local_port] == [20000, 20001]
	      and all(.[]; .protocol == "udp" and .nexus == "nx0" and .uid == 65534
			and .class == "best-effort")
	      and (.[] | select(.listener | not)
		   | .family == "inet6" and .local == "2001:db8:77::1" and .local_port == 20002
		     and .remote == "2001:db8:77::2" and .remote_port == 9)' flow show
}

# filter WANTED CONDITION...: how many flows fulfil it.
filter()
{
	local wanted=$1
	shift

	json "length == $wanted" flow show "$@"
}

flow_is_ended()
{
	done_quietly flow del "$main" 1 && filter 2 channel "$main" &&
		near python3 -c '
import socket
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).bind(("10.77.0.1", 20001))'
}

tcp_is_told()
{
	hold nx0 tcp 20100 || return
	json '(map(.protocol) | unique) == ["tcp"] and length == 2
	      and all(.[]; .tcp.state == "listen" and .tcp.unacked == 0)
	      and (.[0] | has("reported") | not)
	      and .[1].reported == {
		state: "close-wait", options: ["sack", "wscale"], mss: 1448, unread: 1, unsent: 2,
		unacked: 3, cwnd: 4, ssthresh: 5, snd_wnd: 6, rcv_wnd: 7, retrans: 8, rtos: 9,
		srtt_ns: 11, rttvar_ns: 12, min_rtt_ns: 13, rto_ns: 14, bytes_acked: 15,
		bytes_received: 16, bytes_retrans: 17 }' tcp show channel "$channel" &&
		shows '^listen +10.77.0.1:20100 +\* +[0-9]+ +root .* 0  -  ' tcp show &&
		shows '^listen +10.77.0.1:20101 .* 0  close-wait +1B +5B +4B +0.000/0.000 +8$' tcp
	local status=$?

	release "$holder"
	return $status
}

drops_are_counted()
{
	hold nx0 drop || return
	json '.[0].counters.drops == { "tx-flow": 1 } and .[0].counters.dropped == 1' \
		channel show "$channel" &&
		shows '^    drop tx-flow +1  no such flow in this channel$' channel show "$channel" &&
		shows '^  drop tx-flow +1  no such flow in this channel$' stats nx0 &&
		json '.[0].counters.drops["tx-flow"] == 1' stats nx0
	local status=$?

	release "$holder"
	return $status
}

counters_outlive_the_channel()
{
	json '.[0].counters.drops["tx-flow"] == 1' stats nx0
}

every_reason_is_told()
{
	local wanted name

	json '.[0].counters.drops | length > 10' -a stats nx0 || return
	wanted=$(jq -r '.[0].counters.drops | keys[]' "$work/json")
	ctl -a stats nx0 > "$work/out"
	for name in $wanted; do
		grep -qE "^  drop $name +[0-9]+  .+" "$work/out" || return
	done
}

violation_is_told()
{
	hold nx1 violate || return
	json '.[0] | .state == "quarantined" and .violation == "tx-index"
	      and .violation_text == "its TX index is past what the ring holds"' \
		channel show "$channel" &&
		shows 'quarantined \(tx-index\)' channel show &&
		shows '^  violation  tx-index: its TX index is past what the ring holds$' \
			channel show "$channel"
	local status=$?

	release "$holder"
	return $status
}

ten_thousand_flows()
{
	hold nx1 flows 10000 30000 || return
	ctl -j flow show nexus nx1 > "$work/json" || return
	jq -e 'length == 10000 and ([.[].local_port] | unique | length) == 10000' "$work/json" &&
		json '.[0].flows == 10000' nexus show nx1 &&
		[ "$(ctl flow show nexus nx1 | wc -l)" = 10001 ]
}

# Ten thousand flows are read while others come and go.
lists_that_change()
{
	local i

	ip netns exec near "$work/channel" nx1 churn > /dev/null 2>&1 &
	holders+=("$!")
	for ((i = 0; i < 2; i++)); do
		ctl -j flow show nexus nx1 > "$work/json" || return
		jq -e 'length >= 10000' "$work/json" || return
	done
	release "${holders[-1]}"
}

refused_while_in_use()
{
	says 1 "nexusctl: nexus del nx1: channels are attached (1): close them first; 'nexusctl channel show nexus nx1' lists them" \
		nexus del nx1
}

# ---------------------------------------------------------------- other things

no_privilege()
{
	near setpriv --reuid=65534 --regid=65534 --clear-groups nexusctl "$@"
}

unprivileged_is_refused()
{
	local command

	for command in "nexus add nx9" "nexus del nx0" "attach nx0 dev near0" \
		       "detach nx0 dev near0" "policy set nx0 deny-all" \
		       "flow del 1 1 generation 1"; do
		# shellcheck disable=SC2086
		no_privilege $command > "$work/out" 2>&1
		[ $? = 1 ] && cat "$work/out" &&
			grep -q 'needs CAP_NET_ADMIN: run with sudo$' "$work/out" || return
	done
}

unprivileged_may_look()
{
	no_privilege nexus show && no_privilege channel show && no_privilege flow show &&
		no_privilege policy show && no_privilege stats
}

other_namespace_sees_nothing()
{
	ip netns exec far nexusctl nexus show | tee "$work/out"
	grep -qx 'no nexus in this network namespace' "$work/out" &&
		[ "$(ip netns exec far nexusctl -j flow show)" = '[]' ]
}

batch()
{
	printf '# two nexuses\nnexus add bat0\nnexus add bat0\nnexus add bat1\n' > "$work/batch"
	ctl -b "$work/batch" > "$work/out" 2>&1 && return 1
	cat "$work/out"
	grep -q "batch:3 failed" "$work/out" && ! ctl nexus show bat1 2>/dev/null || return
	printf 'nexus del bat0\nnexus del bat1\nnexus add bat1\nnexus del bat1\n' |
		ctl --force -b - > "$work/out" 2>&1 && return 1
	! ctl nexus show bat0 2>/dev/null && ! ctl nexus show bat1 2>/dev/null
}

full_disk()
{
	ctl nexus show > /dev/full 2> "$work/err"
	local status=$?

	cat "$work/err"
	[ $status = 1 ] && grep -q 'cannot write the answer: No space left on device' "$work/err"
}

device_goes_away()
{
	ip -n near link add gone0 type veth peer gone1 || return
	done_quietly attach nx0 dev gone0 && shows 'near0,gone0' nexus show nx0 || return
	ip -n near link del gone0
	json '[.[0].devices[].name] == ["near0"]' nexus show nx0
}

# All that the other tests kept, and a document of many lines.
json_is_valid()
{
	wc -l < "$work/all.json"
	python3 -m json.tool --json-lines "$work/all.json" > /dev/null &&
		ctl -j -p nexus show | python3 -m json.tool > /dev/null
}

no_module()
{
	local pid tries

	ctl nexus del nx0 && ctl nexus del nx1 || return
	watch farewell || return
	pid=$watcher
	soon rmmod nexus || return
	for ((tries = 0; tries < 50; tries++)); do
		kill -0 "$pid" 2>/dev/null || break
		sleep 0.1
	done
	wait "$pid"
	farewell=$?
	says 1 "nexusctl: the kernel has no 'nexus' netlink family: load the module with 'modprobe nexus'" \
		nexus show
}

monitor_says_farewell()
{
	cat "$work/farewell.err"
	[ "$farewell" = 1 ] && [ "$(cat "$work/farewell.err")" = \
		"nexusctl: the module was unloaded: no more events will come" ]
}

begin "the namespaces cannot be made"

check "OBS-2 an empty list is a sentence" shows '^no nexus in this network namespace$' nexus show
check "OBS-2 an empty list is an empty array" json '. == []' nexus show
check "OBS-2 without a nexus, the complaint makes one" \
	says 1 "nexusctl: no nexus 'nx0': this network namespace has none; 'nexusctl nexus add nx0' makes it" \
	nexus show nx0
check "OBS-2 nexus add" done_quietly nexus add nx0
check "OBS-2 nexus add with a device" done_quietly nexus add nx1 dev lo
check "OBS-2 nexus add of a name that is taken" \
	says 1 "nexusctl: nexus add nx0: nexus 'nx0' exists already" nexus add nx0
check "OBS-2 nexus add of a name that is none" \
	says 2 "nexusctl: 'a/b' is no name for a nexus: '/', ':', spaces, '.' and '..' are not allowed" \
	nexus add a/b
check "OBS-2 nexus add makes nothing if a device is refused" all_or_nothing
check "OBS-2 nexus show lines up" lines_up
check "OBS-2 nexus show -j" \
	json '[.[].name] == ["nx0", "nx1"] and .[1].devices[0].name == "lo" and
	      .[0].kind == "flow-switch" and .[0].id != .[1].id' nexus show
check "OBS-2 nexus show -j -p" json 'length == 2' -p nexus show
check "OBS-2 nexus show of one" json 'length == 1' nexus show nx1
check "OBS-2 an unknown nexus: the complaint lists those that there are" \
	says 1 "nexusctl: no nexus 'nx7' in this network namespace, which has: nx0, nx1" \
	nexus del nx7
check "OBS-2 the same for a list of its flows" \
	says 1 "nexusctl: no nexus 'nx7' in this network namespace, which has: nx0, nx1" \
	flow show nexus nx7
check "OBS-2 attach" done_quietly attach nx0 dev near0
check "OBS-2 attach of a device that does not exist" \
	says 1 "nexusctl: no network device 'nope0' in this network namespace: 'ip link' lists them" \
	attach nx0 dev nope0
check "OBS-2 attach to a nexus that does not exist" \
	says 1 "nexusctl: no nexus 'nx7' in this network namespace, which has: nx0, nx1" \
	attach nx7 dev near0
check "OBS-2 attach of a port of a bridge" \
	says 1 "nexusctl: attach nx0 dev port0: 'port0' is a port of 'br0': attach that device instead; 'ip link set port0 nomaster' takes it out" \
	attach nx0 dev port0
check "OBS-2 attach of a device that is no Ethernet device" \
	says 1 "nexusctl: attach nx0 dev tun0: 'tun0' is neither Ethernet nor a loopback" \
	attach nx0 dev tun0
check "OBS-2 attach of a device that another nexus has" \
	says 1 "nexusctl: attach nx0 dev lo: 'lo' is attached to nexus 'nx1'; 'nexusctl detach nx1 dev lo' takes it out" \
	attach nx0 dev lo
check "OBS-2 attach of a device twice" \
	says 1 "nexusctl: attach nx0 dev near0: 'near0' is attached to this nexus already; 'nexusctl detach nx0 dev near0' takes it out" \
	attach nx0 dev near0
check "OBS-2 a device that goes away leaves its nexus" device_goes_away
check "OBS-2 detach of a device that is not attached" \
	says 1 "nexusctl: detach nx0 dev lo: 'lo' is not attached to this nexus; lo is attached to nexus 'nx1'" detach nx0 dev lo
check "OBS-2 detach" done_quietly detach nx1 dev lo
check "OBS-2 policy show: only CAP_NET_ADMIN at first" \
	shows '^nx0 .*  CAP_NET_ADMIN only$' policy show
check "OBS-2 policy set" \
	done_quietly policy set nx0 allow uid nobody gid 100 allow any max-channels 7 \
	max-flows 500 max-bytes 64M
check "OBS-2 policy show -j" \
	json '.[0].policy == { allow: [ { type: "uid", id: 65534, name: "nobody" },
	      { type: "gid", id: 100, name: "users" }, { type: "any" } ],
	      max_channels: 7, max_flows: 500, max_user_flows: 1048576, max_bytes: 67108864,
	      max_idle: 0, max_ll_permille: 0, max_syns: 10000, linger_ms: 60000, on_violation: "quarantine" }' policy show nx0
check "OBS-2 policy show" \
	shows '^nx0 +7 +500 +64MiB +-  uid nobody, gid users, any$' policy show nx0
check "OBS-2 policy set of a limit leaves the rules alone" \
	eval "ctl policy set nx0 max-flows 600 &&
	      json '.[0].policy | .max_flows == 600 and (.allow | length) == 3' policy show nx0"
check "OBS-2 limits show: none at first, and what there is" \
	shows '^max-channels +any +[0-9]+$' limits show
check "OBS-2 limits set" done_quietly limits set max-channels 9 max-bytes 64M max-syns 50
check "OBS-2 limits show -j" \
	json '.[0] | .max_channels == 9 and .max_flows == 0 and .max_bytes == 67108864 and
	      .max_syns == 50 and .flows >= 0' limits show
check "OBS-2 limits set back" done_quietly limits set max-channels any max-bytes any max-syns any
check "OBS-2 policy set of an unknown user" \
	says 2 "nexusctl: there is no user 'no-such-user' ('getent passwd' lists them)" \
	policy set nx0 allow uid no-such-user
check "OBS-2 policy set of a limit of 0" \
	says 2 "nexusctl: max-flows: '0' is not a number from 1 to 4294967295" \
	policy set nx0 max-flows 0
check "OBS-2 policy set of a nexus that does not exist" \
	says 1 "nexusctl: no nexus 'nx7' in this network namespace, which has: nx0, nx1" \
	policy set nx7 deny-all
check "FLOW-14 OBS-2 nobody is denied, and the monitor says so" denied
check "FLOW-14 nobody may attach where a rule names the user" allowed allow uid nobody
check "FLOW-14 nobody may attach where a rule names the group" allowed allow gid 65534
check "FLOW-14 nobody may attach where everybody may" allowed allow any
check "FLOW-14 nobody attaches, and adopts sockets" channel_and_flows
check "FLOW-3 OBS-2 channel show -j tells the owner" owner_is_told
check "POOL-7 OBS-2 free, user, kernel and in flight are all buffers" \
	json '.[0].pool | .buffers == .free + .user + .kernel + .in_flight and .buffers >= 64' \
	channel show "${main:-0}"
check "OBS-2 channel show" \
	shows "^ +${main:-none}  nx0 .* active +[0-9]+  channel  nobody .* 3 " channel show
check "OBS-2 channel show of one" \
	shows "^  owner      channel, pid [0-9]+, user nobody$" channel show "${main:-0}"
check "OBS-2 channel show of a nexus without channels" json '. == []' channel show nexus nx1
check "OBS-2 channel show of a channel that does not exist" \
	says 1 "nexusctl: no channel 999999 in this network namespace: 'nexusctl channel show' lists them" \
	channel show 999999
check "FLOW-3 OBS-2 flow show -j tells addresses and owner" flows_are_told
check "FLOW-3 OBS-2 flow show" \
	shows '^nx0 .* udp +10.77.0.1:20000 +\* +[0-9]+  nobody +best-effort ' flow show
check "TRK-4 OBS-2 tcp tells what the kernel follows, and apart from it what a program reports" \
	tcp_is_told
check "OBS-2 flow show port" filter 1 port 20001
check "OBS-2 flow show port, at the other end" filter 1 port 9
check "OBS-2 flow show user" filter 3 user nobody
check "OBS-2 flow show user, of another" filter 0 user root
check "OBS-2 flow show channel" filter 3 channel "${main:-0}"
check "OBS-2 flow show nexus" filter 0 nexus nx1
check "OBS-2 flow del frees the port" flow_is_ended
check "OBS-2 flow del of a flow that has ended" \
	says 1 "nexusctl: channel ${main:-0} has no flow 1: 'nexusctl flow show channel ${main:-0}' lists its 2" \
	flow del "${main:-0}" 1
check "OBS-2 flow del of another generation" \
	says 1 "nexusctl: flow del ${main:-0} 0: channel ${main:-0} has no such flow 0, or another one by now" \
	flow del "${main:-0}" 0 generation 4000000
check "OBS-2 flow del in a channel that does not exist" \
	says 1 "nexusctl: flow del 999999 0: there is no channel 999999" \
	flow del 999999 0 generation 1
check "OBS-1 OBS-2 a drop is counted with its reason" drops_are_counted
check "OBS-2 counters outlive their channel" counters_outlive_the_channel
check "OBS-2 stats -a tells every drop reason" every_reason_is_told
check "OBS-2 a violation is told in words" violation_is_told
check "OBS-2 ten thousand flows" ten_thousand_flows
check "OBS-2 lists that change while they are read" lists_that_change
check "OBS-2 nexus del while channels are attached" refused_while_in_use
for holder in "${holders[@]}"; do
	release "$holder"
done
holders=()
check "OBS-2 monitor shows every kind of event" monitor_shows_all_kinds
check "OBS-2 monitor -j writes one object a line" monitor_writes_json
check "FLOW-9 OBS-2 monitor shows an address that was removed" addr_gone
check "OBS-2 monitor of one nexus" monitor_of_one_nexus
check "OBS-2 monitor tells when events were lost" monitor_tells_of_loss
check "OBS-2 what changes things needs CAP_NET_ADMIN, and says so" unprivileged_is_refused
check "OBS-2 what shows things needs nothing" unprivileged_may_look
check "OBS-2 another network namespace sees nothing" other_namespace_sees_nothing
check "OBS-2 batch" batch
check "OBS-2 an answer that cannot be written is an error" full_disk
check "OBS-2 a misspelt word is corrected" \
	says 2 "nexusctl: unknown word 'chanel': did you mean 'channel'?" chanel show
check "OBS-2 all JSON is valid" json_is_valid
check "OBS-2 without the module, the complaint loads it" no_module
check "OBS-2 monitor ends with the module" monitor_says_farewell
finish
