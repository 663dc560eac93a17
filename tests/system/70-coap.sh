#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Constrained devices at a trust registry: CoAP over DTLS with the key of their bootstrap_token, bodies in CBOR, by
# libcoap's coap-client.
# req: R7-iv-a R7-iv-b R7-iv-c R9.2-note R7-i-b
# time-limit: 120
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/realm.sh"
need coap-client-openssl libcoap3-bin
need openssl openssl
need python3 python3

host[registry]=registry.example
application=${host[registry]}
application_members=',"format":"y3056"'
authn_peers="  - {host: ${host[registry]}, realm: $realm}"
configure_registry() {
	section registry registry "id: IN.TEL.P01" "type: primary" "practice_statement: \"\""
	section registry api "socket: \"$work/registry.sock\""
	section registry rp_d "application: $application" "listen: \"$own_ip:0\""
	section registry coap "listen: \"$own_ip:0\""
	section registry diameter "${tls[@]}" "reconnect: 50ms" \
		"peers: [{host: ${host[authn]}, realm: $realm, address: \"${where[authn.rp_a]-$own_ip:1}\"}]"
}
register_registry() {
	operator POST /v1/subscribers '{"id":"alice","verification":"postpaid"}' &&
		operator POST /v1/asps '{"id":"'"$asp"'","name":"Registrar","elements":["'"${host[registry]}"'"]}' &&
		operator POST /v1/applications '{"id":"'"$application"'","asp":"'"$asp"'","format":"y3056","ua":["010001c0a8"]}'
}
cbor() { python3 "$source_dir/tests/system/cbor.py" "$@"; }

check "files are made" realm_files
check "authz comes up" node_start authz
check "the registry is registered as an application" register_registry
add_device() { # whose identity the realm knows, and tells the registry
	operator POST /v1/devices '{"client":"'"$(client_of 0)"'","subscriber":"alice","k":"'"$(key_of 0)"'","opc":"'"$(opc_of 0)"'","device":"urn:gsma:imei:35693803-564380-9"}' &&
		operator PUT /v1/grants '{"client":"'"$(client_of 0)"'","application":"'"$application"'","attributes":["device_identity"]}'
}
check "and a device" add_device
check "authn comes up" node_start authn
check "the registry comes up, with CoAP" node_start registry
check "a device is made" device_new device 0
fresh() { symbolon-device bootstrap --app "$application" --dir "$work/device" --address "${where[authn.rp_c]}"; }
key() { symbolon-device key "$application" --dir "$work/device" --ua 010001c0a8 --reveal; }
identity() { symbolon-device key "$application" --dir "$work/device"; }
# coap-client takes a key as text: without a zero among its bytes
for _ in 1 2 3 4 5 6 7 8 9 10; do
	fresh >/dev/null && ! grep -qE '^(..)*00' <<<"$(key)" && break
done
check_match "it has a token, and a key for DTLS" '^[0-9a-f]{64}$' "$(key)"
printf -v raw '%b' "$(key | sed 's/../\\x&/g')"
ask() { # OPTIONS... PATH: the answer's bytes; what coap-client says, of a code too, is kept
	rm -f "$work/answer"
	timeout 20 coap-client-openssl -u "${who-$(identity)}" -k "${with-$raw}" -B 5 -o "$work/answer" "${@:1:$#-1}" \
		"coaps://${where[registry.coap]}${*: -1}" >"$work/said" 2>&1
	[ ! -e "$work/answer" ] || cat "$work/answer"
}

# --- the routes of HTTP are served, each by its path ---
ask /.well-known/trust-registry >"$work/document"
check_match "the registry's document comes as CBOR" '"registry": "IN.TEL.P01", "type": "primary"' "$(cbor show "$work/document")"
check_match "and as JSON for who asks so" '^\{"registry":"IN.TEL.P01",' "$(ask -A 50 /.well-known/trust-registry)"
check_match "the practice statement comes as it is" '^# Practice statement' "$(ask /practice-statement | head -1)"
ask -b 64 /.well-known/trust-registry >"$work/blocks"
check_match "in small blocks too" '"registry": "IN.TEL.P01"' "$(cbor show "$work/blocks")"
ask /v1/nothing >"$work/none"
check_match "what is not there is 4.04" '4\.04' "$(cat "$work/said")"
ask /v1/status >"$work/none"
check_match "what is the staff's is 4.03" '4\.03' "$(cat "$work/said")"
ask -m delete /.well-known/trust-registry >/dev/null
check_match "another method is 4.05" '4\.05' "$(cat "$work/said")"
printf '\x82\x01' >"$work/cut"
ask -m post -t 60 -f "$work/cut" /v1/parties >/dev/null
check_match "CBOR that is cut off is 4.00" '4\.00' "$(cat "$work/said")"
ask -m post -t 42 -f "$work/cut" /v1/parties >/dev/null
check_match "and another format 4.15" '4\.15' "$(cat "$work/said")"

# --- register, det, report: what a constrained device has to say ---
id=IN.TEL.P01:imei:356938035643809
post() { # PATH JSON: the answer, as JSON
	cbor make "$2" >"$work/body"
	ask -m post -t 60 -f "$work/body" "$1" >"$work/reply"
	cbor show "$work/reply"
}
facts='"make":"Acme","model":"T-1","firmware":"1.2","protocols":["coap"]'
check_match "a device registers" "\"id\": \"$id\"" "$(post /v1/devices '{"facts":{'"$facts"'},"evidence":{"kind":"aka"}}')"
check_match "and confirms" '"life": "active"' "$(post "/v1/devices/$id/det" '{}')"
check_match "and reports" '"firmware": "1.3"' "$(post "/v1/devices/$id/reports" '{"facts":{"firmware":"1.3"}}')"
post "/v1/devices/IN.TEL.P01:imei:904201560257637/det" '{}' >/dev/null 2>&1
check_match "another's RegDevID is none" '4\.04' "$(cat "$work/said")"

# --- who comes ---
who="y3056;AAAAAAAAAAAAAAAAAAAAAAAA@${host[authn]}"
check_equal "an unknown token does not get in" "" "$(ask /practice-statement)"
unset who
with=another
check_equal "nor a wrong key" "" "$(ask /practice-statement)"
unset with
check "the permission is taken back" operator DELETE "/v1/grants?client=$(client_of 0)&application=$application"
check "and nobody comes in with that token" wait_until 10 eval '[ -z "$(ask /practice-statement)" ]'
check_equal "no key and no identity is in the log" 0 "$(grep -c "$(client_of 0)\|$(key)" "$work/registry.log")"
check "the registry stops in order" stop registry
finish
