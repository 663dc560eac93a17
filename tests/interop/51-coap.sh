#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# RP_D over CoAP and DTLS with a PSK: libcoap's coap-client, and openssl s_client, with the key that a device derived, and
# symbolon-device, before real nodes and an application that speaks CoAP.
# req: B7.6-d B7.6-e B9.5-a B9.5-b B9.6.4-a B9.6.4-b B9.6.4-d B9.4.1-g B8.3
# time-limit: 180
. "$(dirname "$0")/../system/lib.sh"
. "$(dirname "$0")/../system/realm.sh"
need coap-client-openssl libcoap3-bin
need openssl openssl

thing=$application suite=c0a8
configure_gateway() {
	section gateway diameter "${tls[@]}" "reconnect: 50ms" \
		"peers: [{host: ${host[authn]}, realm: $realm, address: \"${where[authn.rp_a]-$own_ip:1}\"}]"
	echo "applications:"
	echo "  - {id: $thing, listen: \"${where[gateway.rp_d]-$own_ip:0}\", mode: coap, backend: \"$own_ip:5683\"}"
	section gateway coap "suite: $suite"
	section gateway backend "timeout: 2s"
}
register_thing() {
	operator POST /v1/subscribers '{"id":"alice","verification":"postpaid"}' &&
		operator POST /v1/asps '{"id":"'"$asp"'","name":"Example Services","elements":["'"${host[gateway]}"'","'"${host[element]}"'"]}' &&
		operator POST /v1/applications '{"id":"'"$thing"'","asp":"'"$asp"'","format":"y3056","ua":["010001c0a8","010001ccac"]}'
}
fresh() { symbolon-device bootstrap --app "$thing" --dir "$work/device" --address "${where[authn.rp_c]}"; }
get() {
	symbolon-device connect "$thing" --coap --get "${1-/}" --dir "$work/device" --address "${where[gateway.rp_d]}" \
		--rp-c "${where[authn.rp_c]}" "${@:2}"
}
identity() { symbolon-device key "$thing" --dir "$work/device"; }
key() { symbolon-device key "$thing" --dir "$work/device" --ua "010001$suite" --reveal; }

log_level=debug
check "files are made" realm_files
check "authz comes up" node_start authz
check "the application is registered" register_thing
check "and a device" devices_add 0 1
check "authn comes up" node_start authn
start echo stdbuf -oL "$build/tests/interop/coap_echo" "$own_ip" 5683
check "an application listens" wait_log echo ready
check "the gateway comes up, with CoAP" node_start gateway
check "a device is made" device_new device 0
# coap-client takes a key as text: without a zero among its bytes
for _ in 1 2 3 4 5 6 7 8 9 10; do
	fresh >/dev/null && ! grep -qE '^(..)*00' <<<"$(key)" && break
done
check_match "it has a token, and a key for DTLS" '^[0-9a-f]{64}$' "$(key)"

# --- symbolon-device ---
said=$(get '/sensors/1?unit=K' 2>&1)
check_match "symbolon-device reaches the application" 'code 1, 0 bytes' "${said//$'\n'/ }"
check_match "with its path and query" '11:sensors 11:1 15:unit=K' "${said//$'\n'/ }"
check_match "which hears who asks" "15:symbolon-application=$thing 15:symbolon-expires=20[0-9TZ:-]* 15:symbolon-pseudonym=[A-Za-z0-9_-]{24}" "${said//$'\n'/ }"
check_equal "and not by its network identity" "" "$(grep -o "$(client_of 0)" <<<"$said")"
said=$(get '/x?symbolon-pseudonym=forged&SYMBOLON-Rights=all&ok=1' 2>&1)
check_equal "what looks as if the gateway had said it is dropped" "" "$(grep -i 'forged\|rights=all' <<<"$said")"
check_match "and nothing else" '15:ok=1' "$said"
check_equal "an answer in blocks comes whole" 5000 "$(get /large 2>&1 | wc -c)"
check "what the application refuses is told" ends_with "$refused" get /missing
check "--coap without a path is usage" ends_with 2 symbolon-device connect "$thing" --coap --dir "$work/device"

# --- others ---
printf -v raw '%b' "$(key | sed 's/../\\x&/g')"
ask() { # OPTIONS... URI's path and query
	timeout 20 coap-client-openssl -u "${who-$(identity)}" -k "${with-$raw}" -B 5 "${@:1:$#-1}" "coaps://${where[gateway.rp_d]}${*: -1}" 2>&1
}
check_match "coap-client gets in with the token's key" 'code 1, 0 bytes' "$(ask /a | tr '\n' ' ')"
check_match "and puts" 'code 3, 11 bytes' "$(ask -m put -e 'hello there' /a | tr '\n' ' ')"
head -c 4000 /dev/zero | tr '\0' y >"$work/body"
check_match "what comes in blocks goes on whole" 'code 2, 4000 bytes' "$(ask -m post -f "$work/body" -b 512 /a | tr '\n' ' ')"
check_equal "and comes back in blocks" 5000 "$(ask -b 512 /large | tr -d '\n' | wc -c)"
who="y3056;AAAAAAAAAAAAAAAAAAAAAAAA@${host[authn]}"
check_equal "an unknown token does not" "" "$(ask /unknown | grep code)"
unset who
with=another
check_equal "nor does a wrong key" "" "$(ask /wrong | grep code)"
unset with
check_equal "neither reached the application" 0 "$(grep -c '11:unknown\|11:wrong' "$work/echo.log")"
shake() { timeout 10 openssl s_client -dtls1_2 -connect "${where[gateway.rp_d]}" -psk_identity "$1" -psk "$2" -cipher "${3-ALL:@SECLEVEL=0}" </dev/null 2>&1; }
check_match "openssl sees the one suite" 'Cipher is PSK-AES128-CCM8' "$(shake "$(identity)" "$(key)")"
check_match "an unknown token: alert unknown_psk_identity" 'alert number 115' "$(shake "y3056;AAAAAAAAAAAAAAAAAAAAAAAA@${host[authn]}" "$(key)")"
check_match "another suite: alert handshake_failure" 'alert number 40' "$(shake "$(identity)" "$(key)" PSK-AES128-GCM-SHA256)"

# --- tokens ---
check "the device forgets its token" symbolon-device drop --dir "$work/device"
check_match "and gets another by itself" 'code 1' "$(get /again 2>&1 | tr '\n' ' ')"
check "the device has a token that nobody knows" \
	"$build/tests/system/device_peer" token "$work/device" "$(client_of 0)" "${host[authn]}"
check_match "the handshake is refused: a new one is got, and it gets in" 'code 1' "$(get /anew 2>&1 | tr '\n' ' ')"
check "the gateway stops" stop gateway
rm -f "$work"/gateway.db*
check "and comes back with nothing kept" node_start gateway
check_match "the first handshake asks the realm, and the device gets in all the same" 'code 1' "$(get /later 2>&1 | tr '\n' ' ')"
check "the application is away" stop echo
check "5.04: the application does not answer" ends_with "$unreachable" get /away
start echo stdbuf -oL "$build/tests/interop/coap_echo" "$own_ip" 5683
check "it is back" wait_until 10 eval 'get /back 2>/dev/null | grep -q "code 1"'

# --- a session that stands when its permission goes ---
for _ in 1 2 3 4 5 6 7 8 9 10; do
	fresh >/dev/null && ! grep -qE '^(..)*00' <<<"$(key)" && break
done
printf -v raw '%b' "$(key | sed 's/../\\x&/g')"
start held "$build/tests/interop/coap_held" "${where[gateway.rp_d]}" "$thing" "$(identity)" "$(key)"
check "a client holds a session" wait_log held '^2\.05'
began=$(date +%s%N)
check "the permission is taken back" operator DELETE "/v1/grants?client=$(client_of 0)&application=$thing"
check "its session is closed" wait_log held '^closed' 5
took=$((($(date +%s%N) - began) / 1000000))
check "in well under a second ($took ms)" test "$took" -lt 900
check_equal "and nobody comes in with that token" "" "$(ask /over | grep code)"
check "nor gets another" ends_with "$refused" get /over
check "permission is given again" operator PUT /v1/grants '{"client":"'"$(client_of 0)"'","application":"'"$thing"'"}'
check "and it is in again by itself" wait_until 10 eval 'get /in 2>/dev/null | grep -q "code 1"'

# --- forward secrecy ---
check "the gateway stops again" stop gateway
suite=ccac
check "it comes up with ECDHE-PSK" node_start gateway
check_match "symbolon-device takes the key of that suite" 'code 1' "$(get /ccac 2>&1 | tr '\n' ' ')"
check_equal "no key and no identity is in the logs" 0 "$(grep -c "$(client_of 0)\|$(key)" "$work/gateway.log")"
check "the gateway stops in order" stop gateway
finish
