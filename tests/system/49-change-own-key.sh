# shellcheck shell=bash
# A device that bootstraps by a key pair of its own goes over from one operator to another (10.6.2): the old one orders it, the
# device proves that it has followed, the old one gives its public key away. Two realms as separate processes.
# req: B10.6.2 B7.1-a B7.4-e B7.5-g
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

check "a device of the old realm, with its own key" new_own_device dev 0
check "it has a token there" token dev
check "the change is asked for, ordered, and followed" ends 4 'permission flag is not set' change dev 0
check_match "step by step" '10.6.2/1.*10.6.2/3.*10.6.2/4' "$(tr '\n' ' ' <"$work/.said")"
check "the new operator has the public key" state_is updated
check "meanwhile the old realm is the active one" test "$(active dev)" = old.example
check "permitted in the new realm" grant new "$(new_client 0)"
check "the rest of it needs no session" ends 0 'new.example is the active realm' symbolon-device change --dir "$work/dev"
check "the new realm is the active one" test "$(active dev)" = new.example
check_match "tokens come from there" "@$(host_of new authn)" "$(token dev)"
check "the new operator has seen the first" wait_until 10 state_is first_token
check "the old operator was told" wait_until 10 departed 0
check_not "of the old realm nothing is left" symbolon-device realm use old.example --dir "$work/dev"

# --- not the old operator's order ---
check "another device" new_own_device second 1
p256 stranger
pin_stranger() { # until those that were pinned before are forgotten
	local again
	for again in 1 2 3; do
		symbolon-device realm pin --anchor "$work/stranger.pub" --dir "$work/second" || return
	done
}
check "knows another key for the old realm than that which signs its orders" pin_stranger
check "so the order is none" ends 4 'signed by nobody' change second 1
check "and nothing has changed" test "$(active second)" = old.example
check "it goes back" ends 0 'stays where it was' go_on second --abort
check "and works there" token second

# --- the power fails ---
ends_well() { # DIR NUMBER
	if [ "$(active "$1")" = old.example ]; then
		change "$1" "$2" >"$work/said" 2>&1
	fi
	grant new "$(new_client "$2")" >/dev/null || { cat "$work/said"; return 1; }
	if [ "$(active "$1")" = old.example ]; then
		change "$1" "$2" >"$work/said" 2>&1 || { cat "$work/said"; return 1; }
	fi
	[ "$(active "$1")" = new.example ] && token "$1" >"$work/said"
}
cuts() {
	local n number=100 status runs=0
	for ((n = 0; ; n += 3, number++, runs++)); do
		new_own_device cut "$number" >/dev/null && token cut >/dev/null || return
		status=0
		POWER_CUT=$n LD_PRELOAD=$build/tests/system/libpower_cut.so change cut "$number" >"$work/said" 2>&1 || status=$?
		[ "$status" = 4 ] && grep -q 'flag is not set' "$work/said" && break
		[ "$status" = 137 ] || { echo "at $n: status $status"; cat "$work/said"; return 1; }
		ends_well cut "$number" || { echo "cut at $n"; return 1; }
		rm -rf "$work/cut"
	done
	[ "$runs" -gt 4 ] || { echo "only $runs cuts"; return 1; }
}
check "wherever it fails, the device ends at the new operator" cuts
for node in old-authz old-authn new-authz new-authn; do
	check "$node stops" stop "$node"
done
finish
