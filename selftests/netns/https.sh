#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# nexus-httpd within TLS, asked by curl and by OpenSSL's s_client from another
# network namespace, whose TCP is the kernel's.
#
#     netns asker                      netns server
#     10.81.0.1                        10.81.0.2
#     2001:db8:81::1  ask ------ srv   2001:db8:81::2
#                                      nexus web0 on srv
#                                      nexus-httpd as nobody: port 443
set -uo pipefail

v4=10.81.0.2 v6='[2001:db8:81::2]'
bytes=$((20971520 * ${NEXUS_TEST_PERCENT:-100} / 100))
work=$(mktemp -d)
chmod 755 "$work"
site=$work/site
number=0 failed=0 server=''

in_server()
{
	ip netns exec server "$@"
}

in_asker()
{
	ip netns exec asker "$@"
}

ask()
{
	in_asker curl -gsS --max-time 120 --cacert "$work/cert.pem" "$@"
}

# Asks by s_client, with the lines of standard input, until the server hangs up.
client()
{
	in_asker timeout 120 openssl s_client -connect "$v4:443" -ign_eof \
		-CAfile "$work/cert.pem" -verify_return_error "$@"
}

# Run "check TITLE COMMAND...": one line of the report.
check()
{
	local title=$1
	shift

	number=$((number + 1))
	if "$@" > "$work/out" 2>&1; then
		echo "ok $number $title"
	else
		failed=$((failed + 1))
		echo "not ok $number $title"
		sed 's/^/# /' "$work/out"
	fi
}

cleanup()
{
	[ -z "$server" ] || kill "$server" 2>/dev/null
	wait
	in_server nexusctl nexus del web0 2>/dev/null
	ip netns del asker 2>/dev/null
	ip netns del server 2>/dev/null
	rm -rf "$work"
}

setup()
{
	ip netns add asker && ip netns add server || return
	ip link add ask netns asker type veth peer srv netns server || return
	ip -n asker addr add 10.81.0.1/24 dev ask
	ip -n asker addr add 2001:db8:81::1/64 dev ask nodad
	ip -n server addr add $v4/24 dev srv
	ip -n server addr add 2001:db8:81::2/64 dev srv nodad
	ip -n asker link set ask up
	ip -n server link set srv up
	in_server nexusctl nexus add web0 dev srv &&
		in_server nexusctl policy set web0 allow uid 65534
}

make_site()
{
	mkdir -p "$site"
	head -c "$bytes" /dev/urandom > "$site/big"
	sum=$(sha256sum < "$site/big")
	echo "nexus serves this page" > "$site/index.html"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-days 2 -subj /CN=nexus -keyout "$work/key.pem" \
		-out "$work/cert.pem" -addext \
		"subjectAltName=IP:10.81.0.2,IP:2001:db8:81::2" 2>&1
}

start()
{
	local tries

	: > "$work/log"
	ip netns exec server nexus-httpd --root "$site" "$@" > "$work/log" 2>&1 &
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

needs_its_key()
{
	! start --cert "$work/cert.pem" || return
	grep -- '--cert' "$work/log"
}

# Nobody may read the key: it is read before.
starts()
{
	start --cert "$work/cert.pem" --key "$work/key.pem" &&
		grep 'port 443 over TLS' "$work/log"
}

# ADDRESS OPTION...
whole()
{
	local got

	got=$(ask "https://$1/big" "${@:2}" | sha256sum)
	echo "wanted: $sum"
	echo "got:    $got"
	[ "$got" = "$sum" ]
}

get='GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n'

# By what s_client prints of messages, and the status of the answer.
speaks()
{
	printf "$get" | client -msg "$@" > "$work/got" 2>&1
	grep -a '^>>>\|^<<<\|HTTP/1.1\|Cipher is\|ALPN' "$work/got"
	grep -aq '^HTTP/1.1 200 ' "$work/got"
}

ends_in_order()
{
	speaks -alpn http/1.1 || return
	grep -a 'ALPN protocol: http/1.1' "$work/got" &&
		grep -a '<<< TLS 1.3, Handshake .*NewSessionTicket' "$work/got" &&
		grep -a '<<< TLS 1.3, Alert .*close_notify' "$work/got"
}

suite()
{
	speaks "${@:2}" && grep -a "Cipher is $1\$" "$work/got"
}

# VERSION: a session of one connection is the next one's.
resumes()
{
	rm -f "$work/session"
	printf "$get" | client "$1" -sess_out "$work/session" > "$work/got" 2>&1
	grep -a '^New, ' "$work/got" || return
	printf "$get" | client "$1" -sess_in "$work/session" > "$work/got" 2>&1
	grep -a '^Reused, ' "$work/got" && grep -a '^HTTP/1.1 200 ' "$work/got"
}

refuses_old()
{
	! speaks -tls1_1 -cipher 'ALL:@SECLEVEL=0' || return
	grep -aiE 'alert protocol version|no protocols available|unsupported protocol' "$work/got"
}

refuses_plain()
{
	! ask --max-time 20 "http://$v4:443/" && ask "https://$v4/"
}

# 5 askers at once, none fails.
many()
{
	local i pids=()

	for ((i = 0; i < 5; i++)); do
		ask "https://$v4/" > "$work/many.$i" &
		pids+=($!)
	done
	wait "${pids[@]}"
	for ((i = 0; i < 5; i++)); do
		cmp "$work/many.$i" "$site/index.html" || return
	done
}

# A connection that comes while nobody has the port is refused.
recovers()
{
	local pid tries

	pid=$(pidof nexus-httpd) && in_server nexusctl defunct pid "$pid" || return
	for ((tries = 0; tries < 100; tries++)); do
		ask "https://$v4/" | grep 'nexus serves' && return
		sleep 0.2
	done
	return 1
}

ends()
{
	kill "$server"
	wait "$server"
	local status=$?

	server=''
	cat "$work/log"
	return $status
}

trap cleanup EXIT
echo "TAP version 13"
if ! setup || ! make_site; then
	echo "Bail out! the namespaces cannot be made"
	exit 1
fi
echo "1..16"
check "a certificate without its key is told" needs_its_key
check "it serves, by a key that nobody may read" starts
check "a file of $bytes bytes by TLS 1.3 over IPv4" whole $v4 --tlsv1.3
check "a file of $bytes bytes by TLS 1.2 over IPv4" whole $v4 --tls-max 1.2
check "a file of $bytes bytes by TLS 1.3 over IPv6" whole "$v6" --tlsv1.3
check "tickets, ALPN, and an end that is told" ends_in_order
check "ChaCha20-Poly1305" suite TLS_CHACHA20_POLY1305_SHA256 -ciphersuites TLS_CHACHA20_POLY1305_SHA256
check "AES-128-GCM" suite TLS_AES_128_GCM_SHA256 -ciphersuites TLS_AES_128_GCM_SHA256
check "AES-CBC of TLS 1.2, by OpenSSL's records" suite ECDHE-ECDSA-AES128-SHA -tls1_2 -cipher ECDHE-ECDSA-AES128-SHA
check "TLS 1.3 resumes" resumes -tls1_3
check "TLS 1.2 resumes" resumes -tls1_2
check "TLS 1.1 is refused" refuses_old
check "who speaks no TLS is refused" refuses_plain
check "5 askers at once" many
check "its memory is taken, and it serves again" recovers
check "it ends cleanly" ends
echo "# $((number - failed)) of $number passed"
[ $failed = 0 ]
