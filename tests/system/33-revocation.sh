#!/bin/bash
# A permission is taken back while the authentication node is away, and the authorization node is killed between
# the change and the ASR: what was given under it ends all the same, once both are there again.
# time-limit: 200
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/realm.sh"
need openssl openssl
need python3 python3
need curl curl

application_members=',"format":"y3056"'
check "a realm" realm_start 2
check "an application" node_start hello
check "its gateway" node_start gateway

get() { # NAME: by a token for the application
	symbolon-device connect "$application" --dir "$work/$1" --address "${where[gateway.rp_d]}" \
		--rp-c "${where[authn.rp_c]}" --get /
}
ending() { operator GET /v1/status | python3 -c 'import json, sys; print(json.load(sys.stdin)["sessions"]["ending"])'; }
ending_is() { [ "$(ending)" = "$1" ]; }
grants() { printf '/v1/grants?client=%s&application=%s' "$(client_of "$1")" "$application"; }
sessions_of() { sed -n 's/.*"sessions":\([0-9]*\).*/\1/p'; }
at_least_one() { [ "$1" -ge 1 ]; }

for n in 0 1; do
	check "device $n" device_new "phone$n" "$n"
	check "comes through" wait_until 20 get "phone$n"
done

# --- while all are there ---
ended=$(operator DELETE "$(grants 1)" | sessions_of)
check "a permission is taken back from a session" at_least_one "$ended"
check "which is told in a moment" wait_until 5 ending_is 0
check "the device is refused" ends_with $refused get phone1
check "the other is not" get phone0

# --- the authentication node is away, and authz is killed with the mark on the disk ---
check "the authentication node is lost" node_kill authn
ended=$(operator DELETE "$(grants 0)" | sessions_of)
check "a permission is taken back meanwhile" at_least_one "$ended"
check "which waits" ending_is "$ended"
check "the authorization node is killed" node_kill authz
check "and comes back" node_start authz
check "what waits is known" ending_is "$ended"
check "the authentication node comes back" node_start authn
check "and is told" wait_until 20 ending_is 0
check "the device is refused now" wait_until 20 ends_with $refused get phone0

# --- it is given again ---
check "a permission is given again" operator PUT /v1/grants \
	'{"client":"'"$(client_of 0)"'","application":"'"$application"'"}'
check "and the device comes through" wait_until 20 get phone0
check "the databases are whole" integrity authz
finish
