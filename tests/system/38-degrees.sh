#!/bin/bash
# Security degrees (8.4): an application asks for one; the realm refuses a device that does not meet it, with its proof and the
# reason, and the device refuses what is weaker than it wants.  req: B8.4-a B8.4-b
# time-limit: 120
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/realm.sh"
need openssl openssl

application_members=',"format":"y3056"'
configure_authz_plain=$(declare -f configure_authz)
eval "${configure_authz_plain/configure_authz/configure_authz_without}"
configure_authz() { # NAME
	configure_authz_without "$1"
	cat <<-'END'
		degrees:
		  - {name: standard, lifetime: 1h, gba: true}
		  - {name: strong, lifetime: 1h, strength: 128}
		  - {name: own-keys, lifetime: 1h, mechanisms: certificate}
		  - {name: tuak-only, lifetime: 1h, algorithms: tuak}
	END
}
check "a realm with degrees of its own comes up" realm_start 1
check "a device" device_new device 0
export SYMBOLON_SOCKET=$work/authz.sock

# ends STATUS REGEX COMMAND...: with that status, and says that.
ends() {
	local status=0 said
	said=$("${@:3}" 2>&1 </dev/null) || status=$?
	echo "status $status: $said"
	[ "$status" = "$1" ] && [[ $said =~ $2 ]]
}
token() { symbolon-device bootstrap --app "$application" --dir "$work/${1-device}" "${@:2}"; }
degree() { symbolon app set "$application" --degree "$1"; }

check "the standard degree is met" token
check "128 bits are asked for" degree strong
check "and met by AKA" token
check "own keys are asked for" degree own-keys
check "and AKA is refused, in the realm's words" ends $refused \
	'8.4: degree own-keys asks for certificate, and this is aka' token
check "TUAK is asked for" degree tuak-only
check "and Milenage is refused" ends $refused '8.4: .* asks for a key of tuak, and this is milenage' token

# --- a key that is too weak ---
client=imei-90420156025763@$realm
openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=device -days 2 -keyout "$work/rsa.key" -out "$work/rsa.pem" 2>/dev/null
check "a device with an RSA key of 2048 bits" \
	symbolon device add "$client" --subscriber alice --certificate "$work/rsa.pem"
check "is permitted" symbolon grant "$client" "$application"
ask() {
	curl -sS --max-time 20 --cacert "$work/ca.pem" --connect-to "::$own_ip:" -w ' %{http_code}' --cert "$work/rsa.pem" \
		--key "$work/rsa.key" "${@}" "https://${host[authn]}:${where[authn.rp_c]##*:}/?app=$application" 2>&1
}
check "the degree of own keys" degree own-keys
check_match "is met" '"degree":"own-keys","security":\{"asked":\{"mechanisms":\["certificate"\],.*"key":\{"mechanism":"certificate","algorithm":"rsa","strength":112\}.* 200$' \
	"$(ask)"
check_match "the subscription is told (8.4)" \
	'"subscription":\{"network":"realm.example","permission":true,.*"key_until":".*","key_bits":256,"key_generation":"y3056","inquiry":"rp_a","mechanisms":\["tls13-psk"\]\}' \
	"$(ask)"
check "128 bits" degree strong
check_match "are not" '8.4: degree strong asks for a key of 128 bits of security, and this has 112.* 403$' "$(ask)"
check "the standard degree again" degree standard
check_match "a device that can none of the application's mechanisms is told" \
	'8.4: the device has none of the mechanisms.* 403$' "$(ask -H 'Y3056-Mechanisms: tls12-psk http-digest')"
check_match "one that can is not" ' 200$' "$(ask -H 'Y3056-Mechanisms: tls12-psk tls13-psk')"

# --- the device's own wish ---
check "a device that wants a strong token" ends $refused '8.4: a token of degree standard, where strong is asked for' \
	token device --degree strong
check "or more bits than there are" ends $refused '8.4: this device asks for a key of 200 bits' token device --strength 200
check "gets what there is when it asks for no more" token device --degree standard --strength 128
check "the realm lists its degrees" ends 0 'own-keys' symbolon realm
check "authn stops cleanly" stop authn
finish
