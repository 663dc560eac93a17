#!/bin/bash
# Data keys and master keys are replaced while devices bootstrap: what was sealed under old ones opens, is sealed anew, and
# the old keys go; a node that is killed at any moment of it starts again and goes on.
# time-limit: 300
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/realm.sh"
need openssl openssl
need python3 python3

devices=300
admin() { printf '%s/%s-admin.sock' "$work" "$1"; }
for name in authz authn gateway; do
	more[$name.log]="admin:"$'\n'"  socket: \"$(admin $name)\""
done
rotate() { symbolon rotate "$1" --admin "$(admin "$1")" "${@:2}"; }
state() { rotate "$1" --status --json | python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$2"; }
one_key() { [ "$(state "$1" keys)" = 1 ]; }
# What the values in a table are sealed under: "2:300"
sealed_under() { # NODE TABLE COLUMN
	python3 - "$work/$1.db" "$2" "$3" <<-'END'
		import collections, sqlite3, sys
		rows = sqlite3.connect(sys.argv[1]).execute(f"SELECT {sys.argv[3]} FROM {sys.argv[2]}")
		found = collections.Counter(int.from_bytes(row[0][1:5], "big") for row in rows)
		print(" ".join(f"{key}:{count}" for key, count in sorted(found.items())))
	END
}
lines() { wc -l <"$1" 2>/dev/null || echo 0; }
grown() { [ "$(lines "$1")" -ge "$2" ]; }
goes_on() { wait_until 30 grown "$work/vectors" $(($(lines "$work/vectors") + 100)); }

check "a realm with $devices devices" realm_start $devices
start crowd "$build/tests/system/crowd" --address "${where[authn.rp_c_plain]}" --node "${host[authn]}" \
	--devices $devices --vectors "$work/vectors" --tokens "$work/tokens"
check "devices bootstrap" goes_on
check_equal "at first all is under key 1" "1:$((devices + 1))" "$(sealed_under authz device key)"

check "authz seals under a new key" rotate authz
check "a second rotation waits for the first, or the first is over" \
	eval 'rotate authz || grep -q "not over" "$work/.said"; true'
check "old values are sealed anew, and the old key goes" wait_until 30 one_key authz
now=$(state authz current)
check_equal "all long-term keys are under the new one" "$now:$((devices + 1))" "$(sealed_under authz device key)"
check_equal "so is the subscriber" "$now:1" "$(sealed_under authz subscriber record)"
check_match "and the realm's secret" "^$now:" "$(sealed_under authz setting record)"
check_equal "that is the only data key" "$now" \
	"$(python3 -c 'import sqlite3, sys; print(*[row[0] for row in sqlite3.connect(sys.argv[1]).execute("SELECT id FROM data_key")])' "$work/authz.db")"
check "devices bootstrap under it" goes_on
check "authn too" rotate authn
check "its old key goes as well" wait_until 90 one_key authn
check_match "tokens are under the new one" '^2:[0-9]+$' "$(sealed_under authn token record)"
check "devices go on" goes_on
check "the gateway's are not replaced" eval "node_start hello && node_start gateway && ends_with 1 rotate gateway"
check "usage" ends_with 2 symbolon rotate gateway-of-another-name
check "nobody there" ends_with 3 symbolon rotate authz --admin "$work/nobody.sock"

# killed in the middle
round() { # MILLISECONDS after the command
	rotate authz >/dev/null 2>&1
	sleep "$1"
	node_kill authz && node_start authz
}
for after in 0 0.005 0.02 0.05 0.1 0.2; do
	check "killed $after s into a rotation, and back" round $after
	check "it goes on with it" wait_until 30 one_key authz
done
now=$(state authz current)
check_equal "all is under one key" "$now:$((devices + 1))" "$(sealed_under authz device key)"
check "devices go on" goes_on

# the master key
check "authz stops" stop authz
mv "$work/authz.master" "$work/authz.master.old"
master_key "$work/authz.master"
check_not "a new master key alone opens nothing" \
	symbolon-authz --config "$work/authz.yaml" --ready-file "$work/authz.ready"
check_match "and says so" 'wrong master key' "$(cat "$work/.said")"
more[authz.seal]="  old_master_key: \"$work/authz.master.old\""
check "with the old one beside it" node_start authz
check "what was under the old one is put under the new" wait_log authz '"event":"seal.rewrapped"'
check "devices go on" goes_on
check "killed" node_kill authz
unset 'more[authz.seal]'
rm "$work/authz.master.old"
check "without the old one from then on" node_start authz
check "a new data key under the new master key" rotate authz
check "comes to its end" wait_until 30 one_key authz
check "devices go on for the last time" goes_on
check "no device met anything that is odd" stop crowd
sed 's/^/# /' "$work/crowd.log" | head -n 20
check "the database is whole" integrity authz
for name in authz authn; do
	check_not "$name: no value was found that does not open" grep -E 'seal.not_rotated|unreadable' "$work/$name.log"
	check "$name stops" stop $name
done
finish
