#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# symbolon-device forward: programs that know nothing of tokens reach an application through a local address, many at
# the same time; tokens come by themselves, and no faster than they should.
# time-limit: 120
. "$(dirname "$0")/lib.sh"
need curl curl

realm=$work/realm
device=$realm/device
start up symbolon up --dir "$realm"
check "a realm is up, and a device has bootstrapped" wait_log up 'The realm is up'
alive up || finish
app=$(json "$realm/endpoints.json" application)
client=$(json "$realm/endpoints.json" client)
node=$(json "$realm/endpoints.json" authn.node)

# forward NAME ADDRESS OPTIONS...: where it listens is then in $at.
forward() {
	local name=$1 address=$2
	shift 2
	start "$name" symbolon-device forward "$app" --dir "$device" --listen "$address" \
		--address "$(json "$realm/endpoints.json" gateway.rp_d)" \
		--rp-c "$(json "$realm/endpoints.json" authn.rp_c)" --json --log-level info "$@"
	wait_log "$name" '"listening"' || return 1
	grep listening "$work/$name.log" >"$work/$name.ready"
	at=$(json "$work/$name.ready" listening)
}
ask() { curl -sS --max-time 20 --connect-to "$app:80:$at" "$@" "http://$app/"; }
asked_at_once() { # N: how many were answered
	local urls=() i
	for ((i = 0; i < $1; i++)); do
		urls+=("http://$app/?$i")
	done
	curl -sS --no-progress-meter --max-time 30 --parallel --parallel-immediate --parallel-max "$1" \
		-H 'Connection: close' --connect-to "$app:80:$at" "${urls[@]}" 2>&1 | grep -c '^Hello, '
}
bogus_token() { symbolon-device drop --dir "$device" && "$build/tests/system/device_peer" token "$device" "$client" "$node"; }
count() { grep -c "\"event\":\"$2\"" "$work/$1.log"; }

# --- what is typed ---
refused() { # REGEX OPTIONS...
	local status=0 said
	said=$(symbolon-device forward "$app" --dir "$device" "${@:2}" 2>&1 </dev/null) || status=$?
	echo "status $status: $said"
	[ "$status" = 2 ] && [[ $said =~ $1 ]]
}
check "an address that others reach is refused" refused 'others could use' --listen 0.0.0.0:8080
check "a name too, which may stand for any" refused 'others could use' --listen localhost:8080
check "no address is usage" refused '--listen ADDR is missing'
check "a suite is four digits" refused '--suite' --listen 127.0.0.1:0 --suite cca
check "no connections at all is usage" refused '--connections' --listen 127.0.0.1:0 --connections 0

# --- through it ---
check "it comes up and says where" forward port 127.0.0.1:0
check_match "curl reaches the application" '^Hello, [A-Za-z0-9_-]{24}\.' "$(ask)"
check_equal "fifty at once all do" 50 "$(asked_at_once 50)"
check "the device's folder is free meanwhile" symbolon-device tokens --dir "$device"
check "a Unix socket does as well" forward socket "unix:$work/app.sock" --suite ccac
check_match "in TLS 1.2 with its own key" '^Hello, ' "$(curl -sS --unix-socket "$work/app.sock" "http://$app/")"
check_equal "nobody else may open it" 600 "$(stat -c %a "$work/app.sock")"
check "SIGTERM ends it in order" stop socket
check "few connections are a limit" forward few 127.0.0.1:0 --connections 2
check_equal "the others wait for their turn" 20 "$(asked_at_once 20)"
check "SIGINT ends it too" stop few INT

# --- tokens ---
check "the device gets a token that nobody knows" bogus_token
check "a forward with it comes up" forward anew 127.0.0.1:0
check_equal "fifty at once are refused, and then all get in" 50 "$(asked_at_once 50)"
check_equal "with one token required" 1 "$(count anew session.token_required)"
check_match "the forward before goes on with what it has" '^Hello, ' "$(at=$(json "$work/port.ready" listening) ask)"

operate() { symbolon --socket "$realm/authz.sock" "$@"; }
check "the permission is taken back" operate revoke "$client" "$app"
check "and the device has a token that nobody knows" bogus_token
check "a forward comes up" forward barred 127.0.0.1:0
check_equal "nobody gets in" 0 "$(asked_at_once 20)"
for _ in 1 2 3 4 5; do
	ask >/dev/null 2>&1
done
check_equal "one token was asked for anew" 1 "$(count barred session.token_required)"
check "then it was left at that for a while" grep -q '"event":"token.failed".*"again_ms":[0-9]' "$work/barred.log"
check_match "what refuses is told" 'unknown psk identity' "$(grep session "$work/barred.log")"
check "permission is given again" operate grant "$client" "$app"
let_in() { ask 2>/dev/null | grep -q '^Hello, '; }
check "and after a while they get in" wait_until 30 let_in

check_equal "no key, no token is in what it logged" 0 "$(cat "$work"/{port,anew,barred}.log | grep -c '"id"\|"key"\|psk":')"
check "SIGTERM ends it with a connection open" eval 'exec 8<>"/dev/tcp/${at%:*}/${at##*:}"; stop barred'
check "and the others" eval 'stop anew && stop port'
check "the realm stops in order" stop up INT
finish
