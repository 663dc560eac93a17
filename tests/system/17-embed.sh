#!/bin/bash
# A program on libsymbolon-device, examples/embed-device, is a device like any other.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/realm.sh"
need openssl openssl
need python3 python3

check "a realm with a device" realm_start 1
check "a device" device_new dev 0
embed() {
	embed-device "$work/dev" "$(client_of 0)" "${host[authn]}" "${where[authn.rp_c]}" "$work/ca.pem" "$application"
}
said=$(embed)
check_match "it bootstraps" "^3GPP-bootstrapping;[A-Za-z0-9+/]{22}==@${host[authn]}"$'\n[0-9a-f]{64}$' "$said"
key=$(symbolon-device key "$application" --dir "$work/dev" --reveal)
check_equal "the command finds its token, and the same key" "$said" \
	"$(symbolon-device key "$application" --dir "$work/dev")"$'\n'"$key"
check_equal "and so does it, the next time" "$said" "$(embed)"
check "what the command makes anew" symbolon-device bootstrap --app "$application" --dir "$work/dev"
check_not "replaces it" test "$said" = "$(embed)"
host[authn]=other.realm.example
symbolon-device drop --dir "$work/dev"
check_match "a node of another name is refused" 'embed-device: unavailable: no connection' "$(embed 2>&1)"
host[authn]=authn1.$realm
symbolon --socket "$work/authz.sock" revoke "$(client_of 0)" "$application" >/dev/null
check_match "without the permission the realm itself refuses" 'the realm itself says so.*denied: .*10.4/3b: the service permission flag is not set' \
	"$(embed 2>&1 | paste -sd ' ')"
finish
