#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# RP_D with HTTP Digest (TS 33.222 5.3), as curl speaks it, before real nodes: the user is the token id, the password the
# key in base64. curl is given them on its standard input, where no other user of a machine can see them.
# req: B7.6-d B7.6-e B9.5-b B9.6.4-b B9.6.4-c B9.6.4-d
# time-limit: 120
. "$(dirname "$0")/../system/lib.sh"
. "$(dirname "$0")/../system/realm.sh"
need curl curl
need openssl openssl

md5=false nonce=5m failures=0
web=$application
configure_gateway() {
	section gateway diameter "${tls[@]}" "reconnect: 50ms" \
		"peers: [{host: ${host[authn]}, realm: $realm, address: \"${where[authn.rp_a]-$own_ip:1}\"}]"
	echo "applications:"
	echo "  - {id: $web, listen: \"${where[gateway.rp_d]-$own_ip:0}\", access: digest," \
		"certificate: \"$work/web.pem\", key: \"$work/web.key\", backend: \"${where[hello.listen]-$own_ip:1}\"}"
	section gateway digest "md5: $md5" "nonce: $nonce" "failures: $failures"
}
register_web() {
	operator POST /v1/subscribers '{"id":"alice","verification":"postpaid"}' &&
		operator POST /v1/asps '{"id":"'"$asp"'","name":"Example Services","elements":["'"${host[gateway]}"'","'"${host[element]}"'"]}' &&
		operator POST /v1/applications '{"id":"'"$web"'","asp":"'"$asp"'","format":"y3056","ua":["0100011301","010001c02b"]}'
}
log_level=debug
check "files are made" realm_files
check "the application has a certificate" issue web "$web"
check "authz comes up" node_start authz
check "the application is registered, with the suites of TLS that it takes" register_web
check "and a device" devices_add 0 1
check "authn comes up" node_start authn
check "an application listens" node_start hello
check "the gateway comes up, with HTTP Digest" node_start gateway
check "a device is made" device_new device 0
fresh() { symbolon-device bootstrap --app "$web" --dir "$work/device" --address "${where[authn.rp_c]}"; }
check "and has bootstrapped" fresh

# ask ARGUMENT...: what curl says, with the head of the answer; the user and password come from $user.
user() { symbolon-device key "$web" --digest --reveal --dir "$work/device" "$@"; }
ask() {
	curl -sS -i --max-time 20 --cacert "$work/ca.pem" --resolve "$web:${where[gateway.rp_d]##*:}:${where[gateway.rp_d]%:*}" \
		--config <(printf '%s\n' "$user") "$@" "https://$web:${where[gateway.rp_d]##*:}${path-/}" 2>&1 | tr -d '\r'
}
one_line() { tr '\n' ' '; }
user=$(user)
check_match "key --digest writes what curl reads" '^digest.user = "[A-Za-z0-9_-]{24}@'"${host[authn]}"':[A-Za-z0-9+/]{43}="$' "${user/$'\n'/.}"

said=$(ask | one_line)
check_match "curl is asked who it is, in the realm's words" 'HTTP/1.1 401.*WWW-Authenticate: Digest realm="3GPP-bootstrapping@'"$web"'", nonce="[A-Za-z0-9_-]{43}", algorithm=SHA-256, qop="auth,auth-int"' "$said"
check_match "and gets in with the token's key" '401.*HTTP/1.1 200 OK.*Authentication-Info: rspauth="[0-9a-f]{64}".*Hello, [A-Za-z0-9_-]{24}\.' "$said"
check_equal "MD5 is not offered" "" "$(grep -o 'algorithm=MD5' <<<"$said")"
said=$(path=/whoami ask | one_line)
check_equal "the application does not see the credentials" "" "$(grep -i 'authorization' <<<"${said##*200 OK}")"
check_match "in TLS 1.2 the suite is another, and so is the key" '401.*401' "$(ask --tls-max 1.2 | one_line)"
user=$(user --ua 010001c02b)
check_match "whose own key opens it" '200 OK.*Hello, ' "$(ask --tls-max 1.2 | one_line)"
check_match "and does not open TLS 1.3" '401.*401' "$(ask | one_line)"
user=$(user)
said=$(ask -d 'a body' | one_line)
check_match "a body goes on to the application, which does not want it" '405 Method.*Authentication-Info' "$said"
said=$(curl -sS -i --max-time 20 --cacert "$work/ca.pem" --resolve "$web:${where[gateway.rp_d]##*:}:${where[gateway.rp_d]%:*}" \
	--config <(printf '%s\n' "$user") "https://$web:${where[gateway.rp_d]##*:}/?"{1,2,3} 2>&1 | tr -d '\r')
check_equal "three requests over one connection" 3 "$(grep -c '^HTTP/1.1 200' <<<"$said")"

# --- refusals ---
right=$user
user=${right/user = \"????/user = \"AAAA}
check_match "an unknown token: 401 again, not stale" '401 .*401 ' "$(ask | one_line)"
check_equal "which says that another token is needed" "" "$(ask | grep -o 'stale=true')"
user="${right%??????\"}AAAAA=\""
check_match "a wrong key too" '401 .*401 ' "$(ask | one_line)"
user=$right
raw() { ask -H "Authorization: $1" | one_line; }
user=silent
check_match "what is no credentials: 400, and the clause" '400 .*RFC 7616|400 .*Authorization' "$(raw 'Digest username="a"')"
check_match "Basic is not taken" '400 .*Digest' "$(raw 'Basic YTpi')"
user=$right
check_match "another host is refused" '421' "$(ask -H 'Host: other.example' | one_line)"

# --- symbolon-device ---
get() {
	symbolon-device connect "$web" --digest --get "${1-/}" --dir "$work/device" --address "${where[gateway.rp_d]}" \
		--rp-c "${where[authn.rp_c]}" "${@:2}"
}
check_match "symbolon-device gets in" '^Hello, [A-Za-z0-9_-]{24}\.' "$(get / 2>&1)"
check "a certificate of nobody's is refused" eval 'authority strange && ends_with "$refused" get / --trust "$work/strange.pem"'
check "--digest without a path is usage" ends_with 2 symbolon-device connect "$web" --digest --dir "$work/device"
check "the device forgets its token" symbolon-device drop --dir "$work/device"
check_match "and gets another by itself" '^Hello, ' "$(get / 2>&1)"
check "the device has a token that nobody knows" \
	"$build/tests/system/device_peer" token "$work/device" "$(client_of 0)" "${host[authn]}"
check_match "401: a new one is got, and it gets in" '^Hello, ' "$(get / 2>&1)"
token() { symbolon-device tokens --dir "$work/device" --json | python3 -c 'import json, sys; print([t["token"] for t in json.load(sys.stdin) if t.get("application")][0])'; }
kept=$(token)

# --- nonces that age, counts, guesses, MD5: other configurations ---
check "the gateway stops" stop gateway
nonce=1s failures=5 md5=true
check "it comes up with short-lived nonces, and MD5" node_start gateway
user=$(user)
said=$(ask)
check_equal "both algorithms are offered, the better one first" "SHA-256 MD5" "$(grep -o 'algorithm=[A-Z0-9-]*' <<<"$said" | cut -d= -f2 | one_line | sed 's/ $//')"
shown=$(ask -v | sed -n 's/^> Authorization: //p')
check_match "what curl has shown" '^Digest username=.*nc=00000001' "$shown"
right=$user
user=silent
said=$(raw "$shown")
check_match "does not count twice" '401 .*stale=true' "$said"
user=$right
user="${user%??????\"}AAAAA=\""
for _ in 1 2 3 4 5 6; do
	said=$(ask | one_line)
done
check_match "guessing is slowed down" 'HTTP/1.1 429.*Retry-After: [0-9]+' "$said"

# --- revocation ---
check "the gateway stops again" stop gateway
nonce=5m failures=0
check "and comes back" node_start gateway
check_match "a token that is known opens it" '^Hello, ' "$(get / 2>&1)"
check_equal "the same as before" "$kept" "$(token)"
user=$(user)
check "the permission is taken back" operator DELETE "/v1/grants?client=$(client_of 0)&application=$web"
check "the gateway hears of it" wait_log gateway '"event":"token.revoked"'
check_match "and asks for another token" '401 .*401 ' "$(ask | one_line)"
check "which the realm does not give" ends_with "$refused" get /

check_equal "no key, no identity is in what the gateway logged" 0 \
	"$(grep -c "$(client_of 0)\|response=\|rspauth" "$work/gateway.log")"
check "the gateway stops in order" stop gateway
finish
