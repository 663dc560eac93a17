#!/bin/bash
# Devices with a key pair of their own (10.4, NOTE), by symbolon-device: made, registered, bootstrapped, connected; renewed
# when their token has run out; and refused.  req: B10.4-asym B9.2.2-g
# time-limit: 120
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/realm.sh"
need openssl openssl

application_members=',"format":"y3056"'
client=imei-90420156025763@$realm
check "a realm comes up" realm_start
check "its application too" node_start hello
check "with its gateway" node_start gateway
export SYMBOLON_SOCKET=$work/authz.sock

# own_device NAME CLIENT [OPTION...]
own_device() {
	symbolon-device init --dir "$work/$1" --client "$2" --node "${host[authn]}" --ca "$work/ca.pem" \
		--address "${where[authn.rp_c]}" --own-key "${@:3}"
}
device() { symbolon-device "$1" --dir "$work/device" "${@:2}"; }
token() { device bootstrap --app "$application" "$@"; }

# ends STATUS REGEX COMMAND...: with that status, and says that.
ends() {
	local status=0 said
	said=$("${@:3}" 2>&1 </dev/null) || status=$?
	echo "status $status: $said"
	[ "$status" = "$1" ] && [[ $said =~ $2 ]]
}

check "a device makes its key" own_device device "$client"
check_equal "its certificate names nobody" "subject=CN = device" \
	"$(openssl x509 -in "$work/device/device.pem" -noout -subject)"
check_equal "and is the one that it shows" "$(cat "$work/device/device.pem")" "$(device own-key show)"
check_equal "the private half is in no file that can be read" "" "$(grep -l 'PRIVATE KEY' "$work"/device/*)"
check "nobody knows it yet" ends $refused 'no device is registered with this certificate.s key' token
check "it is registered by its certificate" \
	symbolon device add "$client" --subscriber alice --certificate "$work/device/device.pem"
check_match "which is shown as its key" 'BEGIN PUBLIC KEY' "$(symbolon --json device show "$client")"
check "it may use nothing yet" ends $refused '10.4/3b: the service permission flag is not set' token
check "it is permitted" symbolon grant "$client" "$application"
check "and gets a token" ends 0 "$application" token
check_match "for a session with the application" 'Hello, [A-Za-z0-9_-]{24}' \
	"$(device connect "$application" --address "${where[gateway.rp_d]}" --rp-c "${where[authn.rp_c]}" --get /)"
before=$(device key "$application")
check "a second token" token
check "is another one" test "$before" != "$(device key "$application")"
check "without a token, connecting gets one" device drop
check_match "by itself" 'Hello, ' \
	"$(device connect "$application" --address "${where[gateway.rp_d]}" --rp-c "${where[authn.rp_c]}" --get /)"
check "a token of the plain form needs a shared key" ends 1 'an application is named' device bootstrap

# --- forward, which renews by the same way ---
device drop >/dev/null
start forward symbolon-device forward "$application" --dir "$work/device" --address "${where[gateway.rp_d]}" \
	--rp-c "${where[authn.rp_c]}" --listen "unix:$work/forward.sock"
check "forwarding begins" wait_file "$work/forward.sock" forward
check_match "and bootstraps when it is used" 'Hello, ' \
	"$(curl -sS --max-time 20 --unix-socket "$work/forward.sock" "http://$application/")"
stop forward >/dev/null 2>&1

# --- who is refused ---
check "another device, with a key that is not registered" own_device stranger "$client"
check "does not pass for it" ends $refused 'no device is registered' \
	symbolon-device bootstrap --app "$application" --dir "$work/stranger"
other=mac-0024befffe804ff1@$realm
check "a device that takes itself for another" own_device mistaken "$other"
check "is registered for what it is not" symbolon device set "$client" --certificate "$work/mistaken/device.pem"
check "and refuses what it gets" ends $refused "registered for another client" \
	symbolon-device bootstrap --app "$application" --dir "$work/mistaken"
check "the key that was registered before is nobody's now" ends $refused 'no device is registered' token
check "it comes back" symbolon device set "$client" --certificate "$work/device/device.pem"
check "and works" token
check "a key is one device's alone" ends 1 'this public key' \
	symbolon device add "$other" --subscriber alice --certificate "$work/device/device.pem"
check "the registration is revoked" symbolon device remove "$client"
check "so the key is nobody's" ends $refused 'no device is registered' token
check_match "a private key is not taken" 'private key, which is not to leave' \
	"$(openssl genpkey -algorithm ec -pkeyopt ec_paramgen_curve:P-256 2>/dev/null >"$work/private"
		symbolon device add "$other" --subscriber alice --public-key "$work/private" 2>&1)"

# --- a certificate of an authority ---
urn=urn:dev:mac:0024befffe804ff1
check "a device that its maker's authority knows" own_device made "$other"
symbolon-device own-key request "$urn" --dir "$work/made" >"$work/made.csr"
check "asks for a certificate" openssl req -in "$work/made.csr" -noout -verify
openssl x509 -req -in "$work/made.csr" -CA "$work/ca.pem" -CAkey "$work/ca.key" -CAcreateserial -days 2 \
	-extfile <(openssl req -in "$work/made.csr" -noout -text | sed -n 's/.*URI:/subjectAltName=URI:/p') \
	-out "$work/made.pem" 2>/dev/null
check "takes it" symbolon-device own-key install "$work/made.pem" --dir "$work/made"
check "and no other's" ends 1 'of another key' symbolon-device own-key install "$work/authn.pem" --dir "$work/made"
check "it is registered as certified" operator POST /v1/devices \
	'{"client":"'"$other"'","subscriber":"alice","device":"'"$urn"'","certified":true}'
check "and permitted" symbolon grant "$other" "$application"
check "and gets a token" symbolon-device bootstrap --app "$application" --dir "$work/made"

# --- with both ---
printf '{"k":"%s","opc":"%s"}' "$(key_of 0)" "$(opc_of 0)" >"$work/both.key"
chmod 600 "$work/both.key"
check "a device may have both keys" own_device both "$(client_of 0)" --key-file "$work/both.key"
check "and bootstraps by AKA then" symbolon-device bootstrap --app "$application" --dir "$work/both"
check "unless it says otherwise" own_device both2 "$(client_of 0)" --key-file "$work/both.key" --mechanism certificate
check "its public key is registered too" symbolon device set "$(client_of 0)" --certificate "$work/both2/device.pem"
check "then by its own" symbolon-device bootstrap --app "$application" --dir "$work/both2"
check "no key is told" ends 2 '--key-file FILE, or --own-key' symbolon-device init --dir "$work/none" \
	--client "$client" --node "${host[authn]}"

check_equal "nobody is named in the logs" 0 \
	"$(cat "$work"/authn.log "$work"/authz.log | grep -c -e 90420156 -e 0024befffe804ff1 || true)"
check "authn stops cleanly" stop authn
finish
