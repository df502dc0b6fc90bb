# SPDX-License-Identifier: GPL-2.0
#
# A responder in the network namespace "server", which begins as root and serves as
# nobody, and who asks it in the namespace "asker". To be sourced.

. "$(dirname "$(realpath "${BASH_SOURCE[0]}")")/common.sh"

server=''

in_server()
{
	ip netns exec server "$@"
}

in_asker()
{
	ip netns exec asker "$@"
}

# NUMBER: 10.NUMBER.0.1 and 2001:db8:NUMBER::1 ask the host 2 of the same networks.
join_both()
{
	wire asker ask server srv &&
		address asker ask "10.$1.0.1/24" "2001:db8:$1::1/64" &&
		address server srv "10.$1.0.2/24" "2001:db8:$1::2/64"
}

# NEXUS: of the server.
part_both()
{
	stop_jobs
	take_down server "$1"
	take_down asker
}

# COMMAND...: until it says that it serves; what it says is in $work/log.
launch()
{
	local tries

	: > "$work/log"
	ip netns exec server "$@" > "$work/log" 2>&1 &
	server=$!
	for ((tries = 0; tries < 100; tries++)); do
		grep -q ' as user ' "$work/log" && return
		kill -0 "$server" 2>/dev/null || break
		sleep 0.1
	done
	server=''
	cat "$work/log"
	return 1
}

stop()
{
	kill "$server"
	wait "$server"
	local status=$?

	server=''
	cat "$work/log"
	return $status
}

# What a process has that was root and is nobody.
nobody='Uid: 65534 65534 65534 65534
Gid: 65534 65534 65534 65534
Groups:
CapInh: 0000000000000000
CapPrm: 0000000000000000
CapEff: 0000000000000000
CapAmb: 0000000000000000
NoNewPrivs: 1'

# PROGRAM: it has kept nothing of what root may do. "ip netns exec" has become it.
is_nobody()
{
	local pid

	pid=$(pidof "$1") || return
	awk '/^(Uid|Gid|Groups|Cap(Inh|Prm|Eff|Amb)|NoNewPrivs):/ { $1 = $1; print }' \
		"/proc/$pid/status" | diff <(echo "$nobody") -
}

# Its memory goes, and COMMAND succeeds again. A connection that comes while nobody
# has the port is refused.
recovers()
{
	in_server nexusctl defunct pid "$server" && soon "$@"
}

# COMMAND N FILE: N at once say what FILE holds; COMMAND may say it to a file alone.
ask_at_once()
{
	local i pids=()

	for ((i = 0; i < $2; i++)); do
		$1 > "$work/many.$i" &
		pids+=($!)
	done
	wait "${pids[@]}"
	for ((i = 0; i < $2; i++)); do
		cmp "$work/many.$i" "$3" || return
	done
}
