# SPDX-License-Identifier: GPL-2.0
#
# What the scripts here share: their reports, and two network namespaces with a pair
# of devices between them. To be sourced; who does so has a function setup and a
# function cleanup.

work=$(mktemp -d)
chmod 755 "$work"
number=0 failed=0

near()
{
	ip netns exec near "$@"
}

far()
{
	ip netns exec far "$@"
}

# --------------------------------------------------------------------- reports

# Runs setup; where that fails, the script ends for the reason $1.
begin()
{
	trap 'cleanup; rm -rf "$work"' EXIT
	echo "TAP version 13"
	setup > "$work/report" 2>&1 && return
	sed 's/^/# /' "$work/report"
	echo "Bail out! $1"
	exit 1
}

# Run "check TITLE COMMAND...": one line of the report. $stack, if a script tries
# several, is the one that is being tested.
check()
{
	local title=$1${stack:+, on $stack}
	shift

	number=$((number + 1))
	if "$@" > "$work/report" 2>&1; then
		echo "ok $number $title"
	else
		failed=$((failed + 1))
		echo "not ok $number $title"
		tail -n 30 "$work/report" | sed 's/^/# /'
	fi
}

# PLAN: as many tests as there should have been; none: as there were.
finish()
{
	echo "1..${1:-$number}"
	echo "# $((number - failed)) of $number passed"
	[ $failed = 0 ]
}

# Waits for a command to succeed, thirty seconds and what the command takes.
soon()
{
	local tries

	for ((tries = 0; tries < 300; tries++)); do
		"$@" > "$work/soon" 2>&1 && return
		sleep 0.1
	done
	cat "$work/soon"
	echo "in vain: $*"
	return 1
}

# ------------------------------------------------------------------ namespaces

# NETNS DEVICE NETNS DEVICE: two namespaces, and a pair of devices between them.
wire()
{
	ip netns add "$1" && ip netns add "$3" || return
	ip link add "$2" netns "$1" type veth peer "$4" netns "$3" || return
	ip -n "$1" link set lo up
	ip -n "$3" link set lo up
}

# NETNS DEVICE ADDRESS/LENGTH...: the device has these, and is up.
address()
{
	local address

	for address in "${@:3}"; do
		case $address in
		*:*) ip -n "$1" addr add "$address" dev "$2" nodad ;;
		*) ip -n "$1" addr add "$address" dev "$2" ;;
		esac || return
	done
	ip -n "$1" link set "$2" up
}

# NETNS [NEXUS]: whoever runs there has ended.
take_down()
{
	[ -z "${2:-}" ] || ip netns exec "$1" nexusctl nexus del "$2" 2>/dev/null
	ip netns del "$1" 2>/dev/null
}

# What this shell has begun ends.
stop_jobs()
{
	jobs -p | xargs -r kill 2>/dev/null
	wait
}
