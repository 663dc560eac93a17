# shellcheck shell=bash
# A device goes over from one operator to another, by keys that are shared (10.6.1): two realms as separate processes,
# symbolon-device between them, whose power is cut at one change of its secure element after the other.
# req: B10.6.1 B7.1-a B7.4-e B7.5-g B9.3-d
# time-limit: 300
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/realm.sh"
. "$(dirname "$0")/two_realms.sh"
need openssl openssl
need curl curl

two_realms_files
check "two realms come up" two_realms_start
check "the same person is known to both" two_realms_register
check "signed in at the new one" sign_in new "$work/session"

# --- from one to the other ---
check "a device of the old realm" new_device dev 0
check "it has a token there" token dev
check "without a session nothing is asked" ends 2 'token-file FILE is wanted' symbolon-device change \
	"https://$(host_of new authn)" --dir "$work/dev" --address "${two[new.authn.rp_c]}" --client "$(new_client 0)" \
	--anchor "$work/new-signing.pub" --ca "$work/new-ca.pem" --app "$application"
check "a document that is not the new realm's is none" ends 4 'signed by nobody' symbolon-device change \
	"https://$(host_of new authn)" --dir "$work/dev" --address "${two[new.authn.rp_c]}" --client "$(new_client 0)" \
	--anchor "$work/old-signing.pub" --ca "$work/new-ca.pem" --app "$application" --token-file "$work/session"
check "the change is asked for, and the key comes" ends 4 'not permit' change dev 0
check "and as nobody permits the application there yet, it waits" state_is keyed
check "meanwhile the old realm is the active one" test "$(active dev)" = old.example
check "permitted in the new realm" grant new "$(new_client 0)"
steps=$(symbolon-device change --dir "$work/dev" --json --log-level debug 2>"$work/steps")
check_match "the rest of it needs no session" '"state":"done","realm":"new.example"' "$steps"
events() { python3 -c 'import json, sys
print(" ".join(e["event"] for e in map(json.loads, open(sys.argv[1])) if e.get("clause", "").startswith(("10.6", "10.4/4a"))))' "$1"; }
check_equal "bootstrapped with the old key, given another, and bootstrapped with that" \
	"node.verified token.generated rp_c.key_update se.key_installed se.key_replaced change.updated node.verified token.generated" "$(events "$work/steps")"
check "the new realm is the active one" test "$(active dev)" = new.example
check_match "tokens come from there" "@$(host_of new authn)" "$(token dev)"
check "the new operator has seen the first" wait_until 10 state_is first_token
check "there is nothing to go on with" ends 2 'client ID is wanted' go_on dev
check_not "of the old realm nothing is left" symbolon-device realm use old.example --dir "$work/dev"
check "the old operator was told" wait_until 10 departed 0
check_not "the old operator's key does not do there any more" at_old_key dev 0

# --- given up ---
check "another device" new_device second 1
check "begins" ends 4 'not permit' change second 1
check "and is not permitted anything there: it stays" ends 0 'stays where it was' go_on second --abort
check "the new operator knows" wait_until 10 state_is aborted
check "the old realm is the active one" test "$(active second)" = old.example
thawed() { symbolon-device bootstrap --dir "$work/second" --app "$application" --log-level debug --json >"$work/thawed" 2>"$work/steps"; }
check "it works there again" wait_until 10 thawed
check_match "with another key: the one that was handed over is replaced" 'se.key_replaced' "$(events "$work/steps")"
check "and with that it goes on" token second
check "there is nothing to give up" ends 1 'no change of operator' symbolon-device change --dir "$work/second" --abort

# --- the old operator is away ---
check "a third" new_device third 2
check "has a token of the old realm" token third
check "whose authorization element goes away" stop old-authz
check "the change waits" ends 3 'waiting.*call again' change third 2 --wait 1
check "the token of the old realm is there meanwhile" symbolon-device key "$application" --dir "$work/third"
check "it comes back" two_start old authz
going_on() { ends 4 'not permit' go_on third --wait 20; }
check "and the change goes on" wait_until 20 going_on
check "permitted there" grant new "$(new_client 2)"
check "it is done" ends 0 'active realm' go_on third
check "the old realm's node has found its authorization element again" wait_until 30 token second

# --- the power fails ---
# The whole of it again, from wherever it stands; and then one more bootstrap.
ends_well() { # DIR NUMBER
	if [ "$(active "$1")" = old.example ]; then
		change "$1" "$2" >"$work/said" 2>&1
	fi
	grant new "$(new_client "$2")" >/dev/null || return # it is known there once the key is
	if [ "$(active "$1")" = old.example ]; then
		change "$1" "$2" >"$work/said" 2>&1 || { cat "$work/said"; return 1; }
	fi
	[ "$(active "$1")" = new.example ] && token "$1" >"$work/said" && still_gone "$2"
}
still_gone() { ! at_old_key gone "$1"; }
cut() { # AT COMMAND...
	local status=0
	POWER_CUT=$1 LD_PRELOAD=$build/tests/system/libpower_cut.so "${@:2}" >"$work/said" 2>&1 || status=$?
	return "$status"
}
# Every third, or fifth, of the changes of the element, before and after: test_symdev_change.c has them all, without nodes.
cuts_until_keyed() {
	local n number=100 status=0 runs=0
	for ((n = 1; ; n += 3, number++, runs++)); do
		new_device cut "$number" unpinned >/dev/null && token cut >/dev/null || return
		cut "$n" change cut "$number" || status=$?
		[ "$status" = 4 ] && grep -q 'not permit' "$work/said" && break
		[ "$status" = 137 ] || { echo "at $n: status $status"; cat "$work/said"; return 1; }
		ends_well cut "$number" || { echo "cut at $n"; return 1; }
		rm -rf "$work/cut"
	done
	rm -rf "$work/cut"
	[ "$runs" -gt 4 ] || { echo "only $runs cuts"; return 1; }
}
cuts_until_done() {
	local n number=200 status runs=0
	for ((n = 0; ; n += 5, number++, runs++)); do
		new_device cut "$number" >/dev/null && token cut >/dev/null || return
		change cut "$number" >/dev/null 2>&1
		grant new "$(new_client "$number")" >/dev/null || return
		status=0
		cut "$n" symbolon-device change --dir "$work/cut" || status=$?
		[ "$status" = 0 ] && break
		[ "$status" = 137 ] || { echo "at $n: status $status"; cat "$work/said"; return 1; }
		ends_well cut "$number" || { echo "cut at $n"; return 1; }
		rm -rf "$work/cut"
	done
	rm -rf "$work/cut"
	[ "$runs" -gt 6 ] || { echo "only $runs cuts"; return 1; }
}
check "wherever it fails on the way to the key, the device ends with one that works" cuts_until_keyed
check "and from there to the first token" cuts_until_done

# --- one realm alone replaces a key ---
check "a device that stays" new_device stays 50
check "has a token" token stays
check "its realm wants its key replaced" at old PATCH "/v1/devices/$(old_client 50)" '{"key_update":true}'
symbolon-device bootstrap --dir "$work/stays" --app "$application" --log-level debug --json >"$work/said" 2>"$work/steps"
check_match "and at its next bootstrap it is" 'rp_c.key_update se.key_installed se.key_replaced' "$(events "$work/steps")"
symbolon-device bootstrap --dir "$work/stays" --app "$application" --log-level debug --json >"$work/said" 2>"$work/steps"
check_equal "once" "node.verified token.generated" "$(events "$work/steps")"

# --- nobody's secrets ---
check_not "no log has a key, or who it is" grep -rEq "$(key_of 0)|00101[0-9]{10}@" "$work"/*.log
for node in old-authz old-authn new-authz new-authn; do
	check "$node stops" stop "$node"
done
finish
