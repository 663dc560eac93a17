#!/bin/bash
# Tokens for applications on the device (10.4, 10.5): asked for by name, kept side by side, used at the gateway, refused.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/realm.sh"
need openssl openssl
need python3 python3

application_members=',"format":"y3056"'
check "a realm with a device" realm_start 1
check "an application" node_start hello
check "behind the gateway" node_start gateway
check "a device" device_new dev 0
device() { symbolon-device "$1" --dir "$work/dev" "${@:2}"; }

said=$(device bootstrap --app "$application" --json)
check_match "a token for the application" '"format":"y3056".*"application":"'"$application"'"' "$said"
check_match "with what the realm tells of it" '"ua":\["0100000007"\],"degree":"' "$said"
check_match "its PSK identity has its form" "^y3056;[A-Za-z0-9_-]{24}@${host[authn]}$" "$(device key "$application")"
check_match "it opens the application" '^Hello, [A-Za-z0-9_-]{24}' "$(connect dev)"
check_match "under another protocol there is no key" 'has not registered' \
	"$(device key "$application" --ua 010001ccac --reveal 2>&1)"
check "a token of the plain form stands beside it" device bootstrap
check_equal "two tokens" 2 "$(device tokens --json | grep -o '"token":' | wc -l)"
check_match "the application's own is used" '^y3056;' "$(device key "$application")"
check_match "for others the plain form's" '^3GPP-bootstrapping;' "$(device key other.example)"
device drop
check_equal "dropped they are gone" "[]" "$(device tokens --json)"
check_match "without a token it is asked for" '^Hello, [A-Za-z0-9_-]{24}' "$(connect dev)"
check_match "one for the application" '"format":"y3056"' "$(device tokens --json)"

# --- renewal (9.5) ---
# Two processes with a token that the application does not know need one bootstrap ---
device drop
check "a token that nobody knows" "$build/tests/system/device_peer" token "$work/dev" "$(client_of 0)" "${host[authn]}"
at_once() { # N: N sessions
	local pids=() i
	for i in $(seq "$1"); do
		symbolon-device connect "$application" --dir "$work/dev" --address "${where[gateway.rp_d]}" \
			--rp-c "${where[authn.rp_c]}" --get / --log-level debug >"$work/one.$i" 2>"$work/one.$i.log" &
		pids+=($!)
	done
	wait "${pids[@]}"
	cat "$work"/one.[0-9] | grep -c '^Hello, '
}
check_equal "both reach it" 2 "$(at_once 2)"
check_equal "with one bootstrap" 1 "$(cat "$work"/one.*.log | grep -c '"event":"rp_c.start"')"


# One that is about to end is renewed first, by the connection that finds it so.
device drop
check "a token of which little is left" "$build/tests/system/device_peer" aged "$work/dev" "$(client_of 0)" "${host[authn]}" "$application"
before=$(device tokens --json | grep -oE '"id":"[^"]+"|"token":"[^"]+"' | head -n 1)
check_match "it is there" '@' "$before"
check_match "does not hinder" '^Hello, ' "$(connect dev)"
check_equal "there is one, for the application" 1 "$(device tokens --json | grep -o '"application":' | wc -l)"
check_not "not the one before" eval 'device tokens --json | grep -qF "$before"'

# A permission that is withdrawn while a token is to be renewed: the realm says so, with its proof.
device drop
check "a token of which little is left, again" "$build/tests/system/device_peer" aged "$work/dev" "$(client_of 0)" "${host[authn]}" "$application"
symbolon --socket "$work/authz.sock" revoke "$(client_of 0)" "$application" >/dev/null
refused_by_realm() {
	local status=0 said
	said=$(connect dev 2>&1) || status=$?
	echo "status $status: $said"
	[ "$status" = "$refused" ] && [[ $said =~ '10.4/3b' ]]
}
check "revoked meanwhile: refused, and by whom is known" refused_by_realm
finish
