#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
#
# nexus-httpd within TLS, asked by curl, OpenSSL's s_client and sslscan from another
# network namespace, whose TCP is the kernel's.
#
#     netns asker                      netns server
#     10.81.0.1                        10.81.0.2
#     2001:db8:81::1  ask ------ srv   2001:db8:81::2
#                                      nexus web0 on srv
#                                      nexus-httpd as nobody: port 443,
#                                      and 8443, which offers CBC too
set -uo pipefail

. "$(dirname "$(realpath "$0")")/responder.sh"

v4=10.81.0.2 v6='[2001:db8:81::2]'
bytes=$((20971520 * ${NEXUS_TEST_PERCENT:-100} / 100))
site=$work/site port=443

ask()
{
	in_asker curl -gsS --max-time 120 --cacert "$work/cert.pem" "$@"
}

# Asks by s_client, with the lines of standard input, until the server hangs up.
client()
{
	in_asker timeout 120 openssl s_client -connect "$v4:$port" -ign_eof \
		-CAfile "$work/cert.pem" -verify_return_error "$@"
}

cleanup()
{
	part_both web0
}

setup()
{
	join_both 81 && make_site &&
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
	launch nexus-httpd --root "$site" "$@"
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

# Only who is told to offers such ciphers.
suite_of_old()
{
	local first=$server status

	start --cert "$work/cert.pem" --key "$work/key.pem" --port 8443 \
		--ciphers ECDHE+AESGCM:ECDHE+AES
	status=$?
	server=$first port=8443
	[ $status = 0 ] &&
		suite ECDHE-ECDSA-AES128-SHA -tls1_2 -cipher ECDHE-ECDSA-AES128-SHA
	status=$?
	port=443
	return $status
}

# COUNT PATTERN: that many lines of what s_client has printed.
shows()
{
	[ "$(grep -ac "$2" "$work/got")" -ge "$1" ]
}

update='Handshake .*KeyUpdate'
keep='GET / HTTP/1.1\r\nHost: h\r\n\r\n'

# What s_client reads, each piece when the one before has been answered: K asks the
# server to update its keys too, k does not.
updates()
{
	printf "$keep" && soon shows 1 'nexus serves' >&2 &&
		printf 'K\n' && soon shows 1 "^<<< TLS 1.3, $update" >&2 &&
		printf "$keep" && soon shows 2 'nexus serves' >&2 &&
		printf 'k\n' && soon shows 2 "^>>> TLS 1.3, $update" >&2 &&
		printf "$keep" && soon shows 3 'nexus serves' >&2 &&
		printf 'K\n' && soon shows 2 "^<<< TLS 1.3, $update" >&2 &&
		printf "$get" && soon shows 4 'nexus serves' >&2
}

goes_on_after_updates()
{
	local status

	: > "$work/got"
	updates | in_asker timeout 280 openssl s_client -connect "$v4:443" -msg \
		-tls1_3 -CAfile "$work/cert.pem" -verify_return_error \
		>> "$work/got" 2>&1
	status=${PIPESTATUS[0]}
	grep -a '^>>>\|^<<<\|^HTTP/1.1' "$work/got"
	[ "$status" = 0 ] && ! grep -a ' Alert .*fatal' "$work/got"
}

# What a scanner finds in a server that has nothing to hide.
scanned='Server supports TLS Fallback SCSV
Session renegotiation not supported
TLSv1.2 ECDHE-ECDSA-AES128-GCM-SHA256
TLSv1.2 ECDHE-ECDSA-AES256-GCM-SHA384
TLSv1.2 ECDHE-ECDSA-CHACHA20-POLY1305
TLSv1.2 enabled
TLSv1.2 not vulnerable to heartbleed
TLSv1.3 TLS_AES_128_GCM_SHA256
TLSv1.3 TLS_AES_256_GCM_SHA384
TLSv1.3 TLS_CHACHA20_POLY1305_SHA256
TLSv1.3 enabled
TLSv1.3 not vulnerable to heartbleed'

is_scanned()
{
	in_asker timeout 250 sslscan --no-colour --no-groups --timeout=60 \
		$v4:443 > "$work/scan" 2>&1
	cat "$work/scan"
	awk '
	/^(Preferred|Accepted) / { print $2, $5; next }
	/enabled|vulnerable|SCSV$|renegotiation / && !/:$/ { $1 = $1; print }
	' "$work/scan" | LC_ALL=C sort | diff <(echo "$scanned") -
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

page()
{
	ask "https://$v4/"
}

serves()
{
	page | grep 'nexus serves'
}

begin "the namespaces cannot be made"
check "a certificate without its key is told" needs_its_key
check "it serves, by a key that nobody may read" starts
check "a file of $bytes bytes by TLS 1.3 over IPv4" whole $v4 --tlsv1.3
check "a file of $bytes bytes by TLS 1.2 over IPv4" whole $v4 --tls-max 1.2
check "a file of $bytes bytes by TLS 1.3 over IPv6" whole "$v6" --tlsv1.3
check "tickets, ALPN, and an end that is told" ends_in_order
check "ChaCha20-Poly1305" suite TLS_CHACHA20_POLY1305_SHA256 -ciphersuites TLS_CHACHA20_POLY1305_SHA256
check "AES-128-GCM" suite TLS_AES_128_GCM_SHA256 -ciphersuites TLS_AES_128_GCM_SHA256
check "AES-CBC of TLS 1.2, by OpenSSL's records" suite_of_old
check "data goes on after key updates of both directions" goes_on_after_updates
check "sslscan: TLS 1.2 and 1.3, AEAD alone, and no weakness" is_scanned
check "TLS 1.3 resumes" resumes -tls1_3
check "TLS 1.2 resumes" resumes -tls1_2
check "TLS 1.1 is refused" refuses_old
check "who speaks no TLS is refused" refuses_plain
check "5 askers at once" ask_at_once page 5 "$site/index.html"
check "its memory is taken, and it serves again" recovers serves
check "it ends cleanly" stop
finish 18
