# SPDX-License-Identifier: GPL-2.0
#
# Programs of Debian in the network namespace "near", on the kernel's stack or under
# "nexus run"; their other end, in "far", is always the kernel's. To be sourced.

. "$(dirname "$(realpath "${BASH_SOURCE[0]}")")/common.sh"

# kernel or nexus
stack=kernel

# The namespaces, with $far and $near for addresses, and nexus pg0 in near.
join_stacks()
{
	wire far far0 near near0 &&
		address far far0 $far/24 && address near near0 $near/24 &&
		near nexusctl nexus add pg0 dev near0
}

part_stacks()
{
	stop_servers KILL
	take_down near pg0
	take_down far
}

# BYTES: what servers have to give, $work/www/big of so many, and small.
make_www()
{
	mkdir "$work/www" && head -c "$1" /dev/urandom > "$work/www/big" &&
		echo hello > "$work/www/small"
}

# PORT: of a server in near, which gives big.
far_fetches()
{
	far curl -sS -m 60 -o "$work/got" "http://$near:$1/big" &&
		cmp "$work/got" "$work/www/big"
}

# A program in the near namespace, on the stack that is being tested.
on()
{
	if [ $stack = nexus ]; then
		near nexus run -e "$@"
	else
		near "$@"
	fi
}

# NAME COMMAND...: a server in the background; what it says is in NAME.log.
serve()
{
	local name=$1
	shift

	"$@" > "$work/$name.log" 2>&1 < /dev/null &
}

# PORT PROCESSES: nginx's configuration.
nginx_conf()
{
	cat <<-END
	daemon off;
	$2
	pid $work/nginx.$1.pid;
	error_log $work/nginx.$1.err;
	events { worker_connections 128; }
	http {
		access_log off;
		sendfile on;
		tcp_nopush on;
		client_body_temp_path $work/body;
		proxy_temp_path $work/proxy;
		fastcgi_temp_path $work/fastcgi;
		uwsgi_temp_path $work/uwsgi;
		scgi_temp_path $work/scgi;
		server { listen $1; root $work/www; }
	}
	END
}

# PORT PROCESSES WHERE...
serve_nginx()
{
	local at=$1 processes=$2
	shift 2

	nginx_conf "$at" "$processes" > "$work/nginx.$at.conf"
	serve "nginx.$at" "$@" nginx -c "$work/nginx.$at.conf" \
		-e "$work/nginx.$at.err"
}

# SIGNAL: to all that still runs in the namespaces.
stop_servers()
{
	local pids

	pids=$(ip netns pids near; ip netns pids far)
	[ -z "$pids" ] || kill "-$1" $pids 2>/dev/null
	wait 2>/dev/null
}

# Was a socket of the log NAME.log on nexus, and no listener left to the kernel?
was_served()
{
	[ $stack = kernel ] || { grep -q '^nexus: .*: nexus$' "$work/$1.log" &&
		! grep '^nexus: .* listens at .*: the kernel' "$work/$1.log"; }
}
