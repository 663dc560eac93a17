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
check "the device gets a fresh token: the walk ended with a revocation" symbolon-device bootstrap --app "$app" \
	--dir "$realm/device" --address "$(json "$realm/endpoints.json" authn.rp_c)"
identity=$(symbolon-device key "$app" --dir "$realm/device")
key=$(symbolon-device key "$app" --dir "$realm/device" --reveal)
unknown="y3056;AAAAAAAAAAAAAAAAAAAAAAAA@${identity#*@}"

check_match "the identity is the format and a token id" '^y3056;[A-Za-z0-9_-]{24}@' "$identity"
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
said=$(s_client "$identity" "$key" "${named[@]}" -ciphersuites TLS_CHACHA20_POLY1305_SHA256)
check_match "ChaCha20-Poly1305 too" 'TLS_CHACHA20_POLY1305_SHA256.*Hello, ' "${said//$'\n'/ }"

said=$(s_client "$unknown" "$key" "${named[@]}")
check_match "an unknown token: alert unknown_psk_identity" 'alert number 115' "$said"
said=$(s_client "$identity" "${key//[0-9]/7}" "${named[@]}")
check_match "a wrong key: an alert" 'alert number (47|51)' "$said"
said=$(s_client "3GPP-bootstrapping;${identity#*;}" "$key" "${named[@]}")
check_match "another format: alert unknown_psk_identity" 'alert number 115' "$said"
said=$(s_client "3GPP-bootstrapping;AAAAAAAAAAAAAAAAAAAAAA==@${identity#*@}" "$key" "${named[@]}")
check_match "an unknown B-TID: alert unknown_psk_identity" 'alert number 115' "$said"
said=$(s_client "$identity" "$key" -servername other.example -tls1_3)
check_match "another application's name: alert unknown_psk_identity" 'alert number 115' "$said"
said=$(s_client "$identity" "$key" -noservername -tls1_3)
check_match "no name: alert unrecognized_name" 'alert number 112' "$said"
said=$(s_client "$identity" "$key" -servername "$app" -tls1_1 -cipher PSK:@SECLEVEL=0)
check_match "TLS 1.1: alert" 'alert number (40|70)' "$said"
said=$(request | timeout 20 openssl s_client -connect "$rp_d" -ign_eof "${named[@]}" 2>&1)
check_match "no PSK: alert" 'alert number (40|70|109|116)' "$said"

# TLS 1.2: each cipher suite has a key of its own. suite NUMBER NAME
for suite in ccac:ECDHE-PSK-CHACHA20-POLY1305 00aa:DHE-PSK-AES128-GCM-SHA256; do
	number=${suite%:*} name=${suite#*:}
	own=$(symbolon-device key "$app" --dir "$realm/device" --ua "010001$number" --reveal)
	in12=(-servername "$app" -tls1_2 -cipher "$name")
	check_not "the key of $name is another" test "$own" = "$key"
	said=$(s_client "$identity" "$own" "${in12[@]}")
	check_match "openssl s_client gets in with $name" \
		"identity hint: 3GPP-bootstrapping.*Hello, [A-Za-z0-9_-]{24}\." "${said//$'\n'/ }"
	check_match "its session is bound by an extended master secret" 'Extended master secret: yes' "$said"
	said=$(s_client "$identity" "$key" "${in12[@]}")
	check_match "the key of TLS 1.3 does not open $name" 'alert number (20|51)' "$said"
	said=$(s_client "$unknown" "$own" "${in12[@]}")
	check_match "an unknown token: alert unknown_psk_identity" 'alert number 115' "$said"
done
said=$(s_client "$identity" "$own" -noservername -tls1_2)
check_match "no name in TLS 1.2: alert unrecognized_name" 'alert number 112' "$said"
said=$(s_client "$identity" "$own" -servername other.example -tls1_2)
check_match "another application's name: alert unknown_psk_identity" 'alert number 115' "$said"
for weak in PSK-AES128-GCM-SHA256 PSK-AES128-CBC-SHA DHE-PSK-AES128-CBC-SHA256 \
	ECDHE-PSK-AES128-CBC-SHA RSA-PSK-AES128-GCM-SHA256 ECDHE-ECDSA-AES128-GCM-SHA256; do
	said=$(s_client "$identity" "$own" -servername "$app" -tls1_2 -cipher "$weak")
	check_match "$weak: alert handshake_failure" 'alert number 40' "$said"
done

# gnutls OPTIONS... Its input stays open: at its end gnutls-cli would say that it is leaving.
mkfifo "$work/input"
exec 9<>"$work/input"
gnutls() {
	request >&9
	timeout 20 stdbuf -oL gnutls-cli --priority "NORMAL:-VERS-ALL:-KX-ALL:$priority" \
		--no-ca-verification --port "${rp_d##*:}" "$@" "${rp_d%:*}" <&9 2>&1
}
priority=+VERS-TLS1.3:+ECDHE-PSK:+DHE-PSK
said=$(gnutls --sni-hostname "$app" --pskusername "$identity" --pskkey "$key")
check_match "gnutls-cli gets in" 'TLS1.3.*PSK.*Hello, [A-Za-z0-9_-]{24}\.' "${said//$'\n'/ }"
said=$(gnutls --sni-hostname "$app" --pskusername "$unknown" --pskkey "$key")
check_not "gnutls-cli does not with an unknown token" grep -q Hello <<<"$said"
# gnutls-cli 3.7.9 crashes when it prints what it knows of a PSK in TLS 1.2. By then its handshake is done.
for suite in ccac:ECDHE-PSK:CHACHA20-POLY1305 00aa:DHE-PSK:AES-128-GCM; do
	IFS=: read -r number exchange cipher <<<"$suite"
	own=$(symbolon-device key "$app" --dir "$realm/device" --ua "010001$number" --reveal)
	priority=+VERS-TLS1.2:+$exchange:-CIPHER-ALL:+$cipher
	said=$(gnutls --sni-hostname "$app" --pskusername "$identity" --pskkey "$own")
	check_match "gnutls-cli gets in with $exchange and $cipher" \
		"TLS1.2.*$cipher.*(PSK hint '3GPP-bootstrapping'|Hello, )" "${said//$'\n'/ }"
	said=$(gnutls --sni-hostname "$app" --pskusername "$unknown" --pskkey "$own")
	check_match "gnutls-cli does not with an unknown token" 'alert \[115\]' "$said"
done
priority=+VERS-TLS1.2:+PSK
said=$(gnutls --sni-hostname "$app" --pskusername "$identity" --pskkey "$own")
check_match "nor with plain PSK" 'alert \[40\]' "$said"

check "the realm stops in order" stop up INT
finish
