# SPDX-License-Identifier: GPL-2.0
#
# Sourced by guest: bulk of TCP through a router that loses or reorders, nexus at both
# ends beside the kernel at both, in turns. What counts is how long all of it takes.
#
#       netns a            netns r             netns b
#   10.9.1.1 wa ---- ra         rb ---- wb 10.9.2.1
#                          netem
#
# The ends cut what they send, so that the router loses packets, and no super-packets.

path=(--netns a --peer-netns b --local 10.9.1.1 --remote 10.9.2.1)

# END SUBNET: a device w$END of namespace $END, and r$END of the router.
goodput_side()
{
	ip link add "w$1" netns "$1" type veth peer "r$1" netns r &&
		ip -n "$1" addr add "10.9.$2.1/24" dev "w$1" &&
		ip -n r addr add "10.9.$2.2/24" dev "r$1" &&
		ip -n "$1" link set "w$1" up && ip -n r link set "r$1" up &&
		ip netns exec "$1" ethtool -K "w$1" tso off gso off >/dev/null &&
		ip netns exec r ethtool -K "r$1" gro off >/dev/null &&
		ip -n "$1" route add 10.9.0.0/16 via "10.9.$2.2" metric 100
}

goodput_setup()
{
	modprobe sch_netem
	ip netns add r && goodput_side a 1 && goodput_side b 2 &&
		ip netns exec r sysctl -qw net.ipv4.ip_forward=1 || return
	# Whatever the new devices still have to say to each other.
	sleep 4
}

# DEVICE WHAT...: its queue.
goodput_queue()
{
	ip netns exec r tc qdisc replace dev "$1" "${@:2}"
}

# DELAY WHAT...: each way; to the receiver, also WHAT.
goodput_path()
{
	ip netns exec r tc qdisc del dev rb root 2>/dev/null
	goodput_queue ra root netem limit 10000 delay "$1" &&
		goodput_queue rb root netem limit 10000 delay "$@"
}

# 5 % of the packets late by 4 ms, of a round trip of 10; a queue of 250 KB.
goodput_late()
{
	ip netns exec r tc qdisc del dev rb root 2>/dev/null
	goodput_queue ra root netem limit 10000 delay 10ms &&
		goodput_queue rb root handle 1: tbf rate 100mbit burst 16k \
			limit 250k &&
		goodput_queue rb parent 1:1 netem limit 170 delay 4ms reorder 95%
}

# WHO: on both paths.
goodput()
{
	local who=$1

	goodput_path 50ms loss 1% rate 100mbit || return
	measure goodput-loss "$who" tcp-bulk --backend "$who" \
		--port $((goodput_port += 2)) "${path[@]}" --warmup 4 --count 64
	goodput_late || return
	measure goodput-late "$who" tcp-bulk --backend "$who" \
		--port $((goodput_port += 2)) "${path[@]}" --warmup 4 --count 600
	goodput_path 5ms reorder 5% rate 20mbit || return
	measure goodput-early "$who" tcp-bulk --backend "$who" \
		--port $((goodput_port += 2)) "${path[@]}" --warmup 4 --count 240
}

goodput_port=9100

goodput_others()
{
	if ! ip netns list | grep -qw r && ! goodput_setup; then
		echo "# the router cannot be made"
		return 1
	fi
	goodput kernel
}

goodput_nexus()
{
	ip netns exec a nexusctl attach a0 dev wa &&
		ip netns exec b nexusctl attach b0 dev wb &&
		goodput nexus
}
