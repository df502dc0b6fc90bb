# SPDX-License-Identifier: GPL-2.0
#
# The queueing discipline on the device $dev of the network namespace "near", by
# plain tc, and what is sent through it to $far4. To be sourced.

. "$(dirname "$(realpath "${BASH_SOURCE[0]}")")/common.sh"

export LC_ALL=C.UTF-8 TC_LIB_DIR=$NEXUS_BUILD/tools/tc

qdisc()
{
	near tc qdisc "$@"
}

# What tc says of the discipline makes the filter true.
json()
{
	near tc -s -j qdisc show dev "$dev" |
		jq -e ".[0] | select(.kind == \"nexus\") | $1"
}

cleanup()
{
	stop_jobs
	take_down near
	take_down far
}

# BYTES PAUSE COMMAND...: sends them through TCP to the other side, while COMMAND
# turns over and over, so many seconds apart; adds the turns to $rounds.
transfer()
{
	local bytes=$1 pause=$2 sent
	shift 2

	rm -f "$work/got"
	head -c "$bytes" /dev/urandom > "$work/sent"
	far socat -u TCP-LISTEN:7000,reuseaddr "CREATE:$work/got" &
	soon far sh -c 'ss -Htln | grep -q :7000' || return
	near socat -u "OPEN:$work/sent" "TCP:$far4:7000" &
	sent=$!
	while kill -0 $sent 2>/dev/null; do
		"$@" || return
		rounds=$((rounds + 1))
		sleep "$pause"
	done
	wait $sent || return
	soon cmp "$work/sent" "$work/got"
}

# The same, again until COMMAND has turned twice: a machine that has much else to do
# may come to it once in a transfer.
transfer_while()
{
	local rounds=0 try

	for try in {1..10}; do
		transfer "$@" || return
		echo "transfer $try, rounds: $rounds"
		[ $rounds -lt 2 ] || return 0
	done
	return 1
}
