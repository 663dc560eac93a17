#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# RP_D as others speak it: openssl s_client and gnutls-cli come in with the key that the device derived, and with
# nothing else. (They take a key as an argument only, where other users of a machine could see it.)
# time-limit: 120
. "$(dirname "$0")/../system/lib.sh"
need openssl openssl
need gnutls-cli gnutls-bin

realm=$work/realm
start up symbolon up --dir "$realm"
check "a realm is up, and a device has bootstrapped" wait_log up 'The realm is up'
alive up || finish
rp_d=$(json "$realm/endpoints.json" gateway.rp_d)
app=$(json "$realm/endpoints.json" application)
identity=$(symbolon-device key "$app" --dir "$realm/device")
key=$(symbolon-device key "$app" --dir "$realm/device" --reveal)
unknown="3GPP-bootstrapping;AAAAAAAAAAAAAAAAAAAAAA==@${identity#*@}"

check_match "the identity is the hint and a B-TID" '^3GPP-bootstrapping;[A-Za-z0-9+/]{22}==@' "$identity"
check_match "the key has 32 bytes" '^[0-9a-f]{64}$' "$key"

request() { printf 'GET / HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n' "$app"; }
# s_client IDENTITY KEY OPTIONS...: what it says, the answer in it.
s_client() {
	local identity=$1 key=$2
	shift 2
	request | timeout 20 openssl s_client -connect "$rp_d" -ign_eof -psk_identity "$identity" \
		-psk "$key" "$@" 2>&1
}
named=(-servername "$app" -tls1_3)

said=$(s_client "$identity" "$key" "${named[@]}")
check_match "openssl s_client gets in: TLS 1.3, and the application answers" \
	'TLSv1.3.*200 OK.*Hello, [A-Za-z0-9_-]{24}\.' "${said//$'\n'/ }"
said=$(s_client "${identity/;/.}" "$key" "${named[@]}")
check_match "a dot in the place of the semicolon is accepted" 'Hello, ' "$said"
said=$(s_client "$identity" "$key" "${named[@]}" -ciphersuites TLS_CHACHA20_POLY1305_SHA256)
check_match "ChaCha20-Poly1305 too" 'TLS_CHACHA20_POLY1305_SHA256.*Hello, ' "${said//$'\n'/ }"

said=$(s_client "$unknown" "$key" "${named[@]}")
check_match "an unknown token: alert unknown_psk_identity" 'alert number 115' "$said"
said=$(s_client "$identity" "${key//[0-9]/7}" "${named[@]}")
check_match "a wrong key: an alert" 'alert number (47|51)' "$said"
said=$(s_client "3gpp-bootstrapping;${identity#*;}" "$key" "${named[@]}")
check_match "another hint: alert unknown_psk_identity" 'alert number 115' "$said"
said=$(s_client "$identity" "$key" -servername other.example -tls1_3)
check_match "another application's name: alert unknown_psk_identity" 'alert number 115' "$said"
said=$(s_client "$identity" "$key" -noservername -tls1_3)
check_match "no name: alert unrecognized_name" 'alert number 112' "$said"
said=$(s_client "$identity" "$key" -servername "$app" -tls1_2)
check_match "TLS 1.2: alert" 'alert number (40|70)' "$said"
said=$(request | timeout 20 openssl s_client -connect "$rp_d" -ign_eof "${named[@]}" 2>&1)
check_match "no PSK: alert" 'alert number (40|70|109|116)' "$said"

# gnutls OPTIONS... Its input stays open: at its end gnutls-cli would say that it is leaving.
mkfifo "$work/input"
exec 9<>"$work/input"
gnutls() {
	request >&9
	timeout 20 gnutls-cli --priority 'NORMAL:-VERS-ALL:+VERS-TLS1.3:+ECDHE-PSK:+DHE-PSK:+PSK' \
		--no-ca-verification --port "${rp_d##*:}" "$@" "${rp_d%:*}" <&9 2>&1
}
said=$(gnutls --sni-hostname "$app" --pskusername "$identity" --pskkey "$key")
check_match "gnutls-cli gets in" 'TLS1.3.*PSK.*Hello, [A-Za-z0-9_-]{24}\.' "${said//$'\n'/ }"
said=$(gnutls --sni-hostname "$app" --pskusername "$unknown" --pskkey "$key")
check_not "gnutls-cli does not with an unknown token" grep -q Hello <<<"$said"

check "the realm stops in order" stop up INT
finish
