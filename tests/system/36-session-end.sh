#!/bin/bash
# Running sessions end in under a second when the permission is withdrawn, over HTTP and over TCP; a gateway that
# was killed keeps its tokens, and hears once of what it has missed.
# req: B9.4.3 B9.6.4-d
# time-limit: 180
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/realm.sh"
need openssl openssl
need sqlite3 sqlite3
need python3 python3

raw=raw.example # in mode tcp
configure_gateway() {
	section gateway diameter "${tls[@]}" "reconnect: 50ms" \
		"peers: [{host: ${host[authn]}, realm: $realm, address: \"${where[authn.rp_a]-$own_ip:1}\"}]"
	echo "applications:"
	echo "  - {id: $application, listen: \"${where[gateway.rp_d]-$own_ip:0}\", mode: http, backend: \"${where[hello.listen]}\"}"
	echo "  - {id: $raw, listen: \"${where[gateway.rp_d]-$own_ip:0}\", mode: tcp, backend: \"${where[hello.listen]}\"}"
}
all_up() {
	realm_start && node_start hello && node_start gateway && device_new dev 0 &&
		operator POST /v1/applications '{"id":"'"$raw"'","asp":"'"$asp"'","ua":["0100000007"],"format":"gba"}' &&
		grant "$raw"
}
grant() { symbolon --socket "$work/authz.sock" grant "$(client_of 0)" "$1"; }
revoke() { symbolon --socket "$work/authz.sock" revoke "$(client_of 0)" "$1"; }
check "a realm, and a gateway before two applications" all_up
check "a device bootstraps" bootstrap dev

key() { symbolon-device key "$1" --dir "$work/dev" --reveal; }
identity() { symbolon-device key "$1" --dir "$work/dev"; }

# session NAME APPLICATION: OpenSSL as the device; it stays until the gateway ends it. What it sends: fd ${to[NAME]}.
declare -A to=()
session() {
	mkfifo "$work/$1.in"
	openssl s_client -quiet -connect "${where[gateway.rp_d]}" -servername "$2" -tls1_3 \
		-psk_identity "$(identity "$2")" -psk "$(key "$2")" <"$work/$1.in" >"$work/$1.log" 2>&1 &
	pids[$1]=$!
	exec {to[$1]}>"$work/$1.in"
	printf 'GET / HTTP/1.1\r\nHost: %s\r\n\r\n' "$2" >&"${to[$1]}"
	wait_log "$1" 'Hello, '
}
session http "$application" >/dev/null && pass "a session over HTTP" || fail "a session over HTTP" </dev/null
session tcp "$raw" >/dev/null && pass "a session over TCP" || fail "a session over TCP" </dev/null
check "both stand" sh -c "kill -0 ${pids[http]} && kill -0 ${pids[tcp]}"

# ends_after APPLICATION NAME: milliseconds from the operator's command to the end of the session
ends_after() {
	local since=$(date +%s%N)
	revoke "$1" >/dev/null || return
	wait_until 5 not_alive "$2" || return
	echo $((($(date +%s%N) - since) / 1000000))
}
took=$(ends_after "$application" http)
check "HTTP: ended ${took:-never} ms after the command" test "${took:-9999}" -lt 1000
check "the session of the other application is left alone" alive tcp
took=$(ends_after "$raw" tcp)
check "TCP: ended ${took:-never} ms after the command" test "${took:-9999}" -lt 1000

knock() { # APPLICATION
	printf 'GET / HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n' "$1" |
		timeout 20 openssl s_client -quiet -connect "${where[gateway.rp_d]}" -servername "$1" -tls1_3 \
			-psk_identity "$(identity "$1")" -psk "$(key "$1")" 2>&1
}
check_match "no new session" 'alert unknown psk identity' "$(knock "$raw")"

# --- a gateway that dies ---

gets_in() { [[ $(knock "$application") =~ Hello ]]; }
check "permitted again" grant "$application"
check "and in again" wait_until 10 gets_in
# What was pulled may be used before it is kept, as it can be pulled again while authn is there.
kept() { [ "$(sqlite3 -readonly "$work/gateway.db" 'SELECT count(*) FROM held_token')" -ge 1 ]; }
check "and the gateway has kept the token" wait_until 10 kept
back_alone() { node_kill gateway && node_kill authn && node_start gateway; }
check "the gateway is killed, and comes back while authn is away" back_alone
check_match "the token is still there" 'Hello, ' "$(knock "$application")"
check "authn comes back" node_start authn
check "the gateway hears of it" wait_until 20 gets_in

told() { grep -c '"event":"token.revoked"' "$work/${1-gateway}.log"; } # NAME
told_more() { [ "$(told "$1")" -gt "$2" ]; }
before=$(told) known=$(told authn)
check "the gateway is killed" node_kill gateway
check "the permission is withdrawn meanwhile" revoke "$application"
check "authn knows" wait_until 20 told_more authn "$known"
check "the gateway is back" node_start gateway
check "and hears of it" wait_until 20 told_more gateway "$before"
check_match "the token opens nothing" 'alert unknown psk identity' "$(knock "$application")"
again() { node_kill gateway && node_start gateway && grant "$raw"; }
check "once more" again
raw_gets_in() { [[ $(knock "$raw") =~ Hello ]]; }
check "another application is reached" wait_until 10 raw_gets_in
check_equal "it was told once" $((before + 1)) "$(told)"
for name in gateway authn authz hello; do
	check "$name stops" stop $name
done
finish
