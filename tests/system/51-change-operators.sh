#!/bin/bash
# A change of operator as the operators see it (10.6.1, 10.6.2): approval, a kill -9 of either authorization element at
# every step, the way with public keys, and the way back; two realms as separate processes, symbolon-device between them.
# req: B7.5-g B10.6.1 B10.6.2 B9.2.1-a
# time-limit: 240
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/realm.sh"
. "$(dirname "$0")/two_realms.sh"
need openssl openssl
need curl curl

as_operator() { symbolon --socket "$work/$1-authz.sock" "${@:2}"; } # REALM COMMAND...
last_id() { as_operator new change list --json | python3 -c 'import json, sys
print(json.load(sys.stdin)["items"][-1]["id"])'; }
left() { # NUMBER: the old operator knows that it went
	as_operator old departures --json | python3 -c 'import json, sys
sys.exit(not any(d["client"] == sys.argv[1] and d["state"] == "done" for d in json.load(sys.stdin)["items"]))' "$(old_client "$1")"
}
# travels DIR NUMBER OPTION...: all the way to the first token, with the permission for what that is for, however often it takes.
travels() {
	local dir=$1 number=$2 i
	shift 2
	change "$dir" "$number" "$@" >"$work/said" 2>&1
	for ((i = 0; i < 30; i++)); do
		[ "$(active "$dir")" = new.example ] && return
		grant new "$(new_client "$number")" >/dev/null 2>&1
		go_on "$dir" --wait 5 >"$work/said" 2>&1
	done
	cat "$work/said"
	return 1
}

two_realms_files
approval=operator
check "two realms come up, the new one's operator decides" two_realms_start
check "the same person is known to both" two_realms_register
check "signed in at the new one" sign_in new "$work/session"
approval=automatic

# --- the operator decides ---
check "a device of the old realm" new_device dev 0
check "asks to come over: it waits" ends 3 'requested' change dev 0 --wait 1
check_match "the operator sees it" 'requested +symmetric +001010000000000@old' "$(as_operator new change list)"
check "and lets it come" as_operator new change approve "$(last_id)"
check "once" ends 1 'gone on meanwhile' as_operator new change approve "$(last_id)"
check "the key comes" wait_until 10 state_is keyed
check_match "the old operator sees who leaves" 'frozen +symmetric +001010000000000@old' "$(as_operator old departures)"
check "permitted there" grant new "$(new_client 0)"
check "the device goes over" ends 0 'active realm' go_on dev
check "the old operator knows" wait_until 10 left 0
check_match "and told its user" departure_done "$(sign_in old "$work/old-session" &&
	curl -sS --cacert "$work/old-ca.pem" -H "Authorization: Bearer $(cat "$work/old-session")" "https://${two[old.authz.portal]}/v1/notifications")"
check_match "as the new one told the same user" change_done "$(
	curl -sS --cacert "$work/new-ca.pem" -H "Authorization: Bearer $(cat "$work/session")" "https://${two[new.authz.portal]}/v1/notifications")"
check_match "both have it in their audits" departure_key_handed_over "$(at old GET /v1/audit)"
check_match "both" key_update_confirmed "$(at new GET /v1/audit)"
check "another one asks" new_device refused 1
check "and waits" ends 3 'requested' change refused 1 --wait 1
check "the operator does not want it" as_operator new change refuse "$(last_id)"
check "so it hears" ends 4 'refused' go_on refused

# --- nodes die, at every step ---
stop new-authz >/dev/null 2>&1
check "from now on nobody has to decide" two_start new authz
count() { grep -c "\"event\":\"$2\"" "$work/$1.log"; } # NODE EVENT
more_than() { [ "$(count "$1" "$2")" -gt "$3" ]; }
# dies REALM EVENT NUMBER [OPTION...]: its authorization element, as soon as it says so; the device ends in the new realm all the same.
dies() {
	local realm=$1 event=$2 number=$3 before device
	before=$(count "$realm-authz" "$event")
	rm -rf "$work/dies"
	new_device dies "$number" >/dev/null || return
	travels dies "$number" "${@:4}" >"$work/travelled" 2>&1 &
	device=$!
	wait_until 20 more_than "$realm-authz" "$event" "$before" || { cat "$work/travelled" "$work/said"; return 1; }
	{ stop "$realm-authz" KILL; } >/dev/null 2>&1
	two_start "$realm" authz || return
	wait "$device" || { cat "$work/travelled"; return 1; }
	wait_until 20 left "$number"
}
number=10
for event in new:change.asked old:change.key_handed_over new:key_update.made new:key_update.confirmed \
	new:change.first_token old:change.left; do
	check "killed at $event" dies "${event%%:*}" "${event#*:}" $((number++))
done

# --- public keys (10.6.2) ---
check "a device with a key of its own" new_device own 30
check "goes over by an order of the old operator" travels own 30 --method asymmetric --wait 20
check "which knows" wait_until 10 left 30
check_match "the new one has its public key alone" 'BEGIN PUBLIC KEY' "$(at new GET "/v1/devices/$(new_client 30)")"
check_not "and no other" grep -q milenage <(at new GET "/v1/devices/$(new_client 30)")
for event in new:change.asked new:change.first_token; do
	check "killed at $event, with public keys" dies "${event%%:*}" "${event#*:}" $((number++)) --method asymmetric
done

# --- and back ---
check "signed in at the old one" sign_in old "$work/old-session"
back() {
	symbolon-device change "https://$(host_of old authn)" --dir "$work/dev" --address "${two[old.authn.rp_c]}" \
		--client "$(old_client 0)" --anchor "$work/old-signing.pub" \
		--ca "$work/old-ca.pem" --portal "https://${two[old.authz.portal]}" --token-file "$work/old-session" --app "$application" --wait 20
}
check "the first device changes its mind" ends 4 'not permit' back
check "permitted there again" grant old "$(old_client 0)"
check "goes back" ends 0 'active realm' symbolon-device change --dir "$work/dev" --token-file "$work/old-session"
check "it is in the old realm" test "$(active dev)" = old.example
check "and bootstraps there" symbolon-device bootstrap --dir "$work/dev"
check_match "the new one saw it leave" 'done +symmetric +001010000000000@new' "$(as_operator new departures)"

check_not "no log has a key, or who it is" grep -rEq "$(key_of 0)|00101[0-9]{10}@" "$work"/*.log
for node in old-authz old-authn new-authz new-authn; do
	check "$node stops" stop "$node"
done
finish
