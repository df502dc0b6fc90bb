# SPDX-License-Identifier: GPL-2.0
#
# Sourced by guest: unmodified programs at both ends, on the kernel's stack and under
# "nexus run"; each tells how much it did in which time, which is instructions.

work=/tmp/programs
far=127.0.0.1 where=local
declare -A pids
command=()

# END COMMAND...: sets $command, which becomes that program at an end: a is the
# client's, b the server's.
place()
{
	command=()
	[ $where = local ] || command=(ip netns exec "$1")
	[ "$who" = kernel ] || command+=(nexus run -e)
	command+=("${@:2}")
}

# NAME COMMAND...: a server, until stop; what it says is in NAME.log.
serve()
{
	local name=$1
	shift

	place b "$@"
	"${command[@]}" > $work/"$name".log 2>&1 < /dev/null &
	pids[$name]=$!
	for ((tries = 0; tries < 100; tries++)); do
		! listens "$name" || return 0
		sleep 0.1
	done
	echo "$name does not listen: $(tail -n 1 $work/"$name".log)" \
		> /tmp/bench.err
	return 1
}

# Was a socket of NAME.log nexus's, and no listener given to the kernel?
is_on_nexus()
{
	grep -q '^nexus: .*: nexus$' $work/"$1".log &&
		! grep -q '^nexus: .* listens at .*: the kernel' $work/"$1".log
}

listens()
{
	local in=()

	[ "$who" = kernel ] || { is_on_nexus "$1"; return; }
	[ $where = local ] || in=(ip netns exec b)
	[ -n "$("${in[@]}" ss -Hltun "sport = $port")" ]
}

stop()
{
	kill -KILL "${pids[$1]}"
	wait "${pids[$1]}" 2>/dev/null || :
}

# ROW: one figure, from "NUMBER NANOSECONDS" on standard input.
tell()
{
	local number ns

	read -r number ns
	if [ -n "$ns" ] && is_served; then
		awk -v row="$1-$where" -v who="$who" -v rep="$rep" -v n="$number" \
			-v ns="$ns" 'BEGIN {
			printf "{\"row\":\"%s\",\"who\":\"%s\",\"rep\":%d,", row, who, rep
			printf "\"result\":{\"ns_per_op\":%.4f,", ns / n
			printf "\"sent\":%d,\"lost\":0}}\n", n }' >> "$out"
	else
		skip "$1-$where" "$who" why "$(cat $work/client.log /tmp/bench.err)"
		echo "# $1-$where $who: $(quote < $work/client.log)"
	fi
}

is_served()
{
	[ "$who" = kernel ] || { is_on_nexus client && is_on_nexus "$server"; }
}

client()
{
	place a timeout -k 5 "$patience" "$@"
	"${command[@]}" > $work/client.log 2>&1
}

# ------------------------------------------------------------------ programs

# ROW CLIENTS REQUESTS COMMAND
redis_one()
{
	client redis-benchmark -h $far -p "$port" -t "$4" -c "$2" -n "$3" --csv
	awk -F '"' -v n="$3" '$4 + 0 > 0 { print n, n / $4 * 1e9 }' \
		$work/client.log | tail -n 1 | tell "$1"
}

programs_redis()
{
	local word

	server=redis
	serve redis redis-server --save '' --port "$port" --protected-mode no \
		--bind $far --dir $work || return
	client redis-benchmark -h $far -p "$port" -t get,set -c 50 -n 2000 --csv
	for word in get set; do
		redis_one redis-$word-1 1 6000 $word
		redis_one redis-$word-50 50 20000 $word
	done
	stop redis
}

nginx_conf()
{
	cat <<-END
	daemon off;
	master_process off;
	pid $work/nginx.pid;
	error_log $work/nginx.err;
	events { worker_connections 128; }
	http {
		access_log off;
		sendfile on;
		tcp_nopush on;
		keepalive_requests 10000000;
		client_body_temp_path $work/body;
		proxy_temp_path $work/proxy;
		fastcgi_temp_path $work/fastcgi;
		uwsgi_temp_path $work/uwsgi;
		scgi_temp_path $work/scgi;
		server { listen $far:$port; root $work; }
	}
	END
}

programs_nginx()
{
	local clients

	server=nginx
	nginx_conf > $work/nginx.conf
	serve nginx nginx -c $work/nginx.conf -e $work/nginx.err || return
	for clients in 1 10; do
		client wrk -t 1 -c $clients -d 1 "http://$far:$port/small"
		awk '/requests in/ { n = $1 }
		/^Requests\/sec/ { print n, n / $2 * 1e9 }
		/Socket errors|Non-2xx/ { exit }' $work/client.log |
			tell nginx-$clients
	done
	stop nginx
}

programs_memcached()
{
	local clients

	server=memcached
	serve memcached memcached -u root -t 1 -l $far -p "$port" || return
	for clients in 1 50; do
		client memcaslap -s $far:"$port" -T 1 -c $clients \
			-x $((5000 + clients * 300))
		sed -n 's/.*Ops: \([0-9]*\) TPS: \([0-9]*\) .*/\1 \2/p' \
			$work/client.log |
			awk '{ print $1, $1 / $2 * 1e9 }' |
			tell memcached-$clients
	done
	stop memcached
}

programs_iperf3()
{
	server=iperf3
	serve iperf3 iperf3 -s -p "$port" || return
	client iperf3 -c $far -p "$port" -n 50M -J
	client iperf3 -c $far -p "$port" -n 400M -J
	sed '/^nexus: /d' $work/client.log | jq -r '.end.sum_received |
		"\(.bytes / 1024) \(.seconds * 1e9)"' | tell iperf3
	stop iperf3
}

# ROW OPTION...
sockperf_one()
{
	local row=$1
	shift

	server=$row
	serve "$row" sockperf server -i $far -p "$port" "$@" || return
	client sockperf ping-pong -i $far -p "$port" -t 1 -m 64 "$@"
	sed -n 's/.*Valid Duration.*RunTime=\([0-9.]*\) sec;.*ReceivedMessages=\([0-9]*\).*/\2 \1/p' \
		$work/client.log | awk '{ print $1, $2 * 1e9 }' | tell "$row"
	stop "$row"
}

programs_sockperf()
{
	sockperf_one sockperf-udp
	port=$((port + 1))
	sockperf_one sockperf-tcp --tcp
}

# Calls on descriptors of the kernel's.
programs_calls()
{
	local name ns number=0

	client "$build/bench/calls" $far
	server=client
	while IFS=: read -r name ns; do
		echo "1 $ns" | tell "calls-$name"
		number=$((number + 1))
	done < <(sed '/^nexus: /d' $work/client.log)
	[ $number -gt 0 ] || echo "# calls: $(quote < $work/client.log)"
}

# Without a choice all are.
is_wanted()
{
	[ -z "${PROGRAMS-}" ] || [[ " $PROGRAMS " = *" $1 "* ]]
}

all_programs()
{
	local program

	for where in local veth; do
		far=127.0.0.1
		[ $where = local ] || far=10.9.0.2
		for program in redis nginx memcached iperf3 sockperf; do
			is_wanted $program || continue
			port=$((port + 2))
			: > /tmp/bench.err
			: > $work/client.log
			programs_$program || echo "# $program: $(cat /tmp/bench.err)"
		done
	done
	where=local far=127.0.0.1
	! is_wanted calls || programs_calls
}

programs_others()
{
	mkdir -p $work
	ip link set lo up
	head -c 128 /dev/zero | tr '\0' x > $work/small
	chmod -R a+rX $work
	who=kernel port=7000 all_programs
}

programs_nexus()
{
	nexusctl attach host0 dev lo || return
	who=nexus port=7100 all_programs
}
