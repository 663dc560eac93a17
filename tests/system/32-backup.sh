#!/bin/bash
# A node is backed up while devices bootstrap, and goes back to it later: no SQN comes twice, though the copy knows
# nothing of what was given out since. What is no backup of this node is refused, and nothing is half restored.
# time-limit: 300
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/realm.sh"
need openssl openssl
need python3 python3

# so many that none gets more vectors than a restore allows for
devices=200
admin() { printf '%s/%s-admin.sock' "$work" "$1"; }
for name in authz authn gateway; do
	more[$name.log]="admin:"$'\n'"  socket: \"$(admin $name)\""
done
back_up() { symbolon backup "$1" "$work/$2" --admin "$(admin "$1")"; } # NODE FILE
restore() { symbolon restore "$1" "$work/$2" --config "$work/$1.yaml"; }
mode_of() { stat -c %a "$1"; }

check "a realm with $devices devices" realm_start $devices
start crowd "$build/tests/system/crowd" --address "${where[authn.rp_c_plain]}" --node "${host[authn]}" \
	--devices $devices --vectors "$work/vectors" --tokens "$work/tokens"
lines() { wc -l <"$1" 2>/dev/null || echo 0; }
grown() { [ "$(lines "$1")" -ge "$2" ]; }
goes_on() { wait_until 30 grown "$work/vectors" $(($(lines "$work/vectors") + 200)); }
check "devices bootstrap" goes_on
check "a backup while they do" back_up authz first.backup
check_equal "it is its owner's alone" 600 "$(mode_of "$work/first.backup")"
check "one of authn" back_up authn authn.backup
check "devices go on" goes_on
check "another in its place" back_up authz second.backup
check "devices go on after it" goes_on
mv "$work/second.backup" "$work/authz.backup.later"

# what is in it
sql() { # FILE SQL
	python3 -c 'import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute(sys.argv[2]).fetchone()[0])' "$1" "$2"
}
check_equal "it is whole" ok "$(sql "$work/first.backup" 'PRAGMA integrity_check')"
check_equal "it says whose it is" "${host[authz]}" "$(sql "$work/first.backup" 'SELECT node FROM copy_mark')"
check_equal "and of which program" authz "$(sql "$work/first.backup" 'SELECT DISTINCT program FROM schema_version')"
check_equal "all devices are in it" $((devices + 1)) "$(sql "$work/first.backup" 'SELECT count(*) FROM device')"
check_not "the master key is not" grep -q -a "$(cat "$work/authz.master")" "$work/first.backup"
left_over() { ls "$work"/*.copy-* "$work"/*.part; }
check_not "nothing is left of how it was made" left_over

# what is refused
check "a running node keeps what it has" ends_with 1 restore authz first.backup
check_match "and it is said why" 'in use by process' "$(cat "$work/.said")"
check "a gateway keeps nothing" eval "node_start hello && node_start gateway && ends_with 1 back_up gateway none"
check "nobody is asked when nobody is there" ends_with 3 symbolon backup authz "$work/none" --admin "$work/nobody.sock"
check "usage" ends_with 2 symbolon backup portal "$work/none"
check_not "no file comes of it" test -e "$work/none"

check "authz stops" stop authz
cp "$work/authz.db" "$work/before.db"
cp "$work/first.backup" "$work/damaged"
head -c 4096 /dev/urandom | dd of="$work/damaged" bs=4096 seek=3 conv=notrunc 2>/dev/null
head -c 20000 "$work/first.backup" >"$work/cut"
python3 - "$work/other.db" <<-'END'
	import sqlite3, sys
	sqlite3.connect(sys.argv[1]).execute("CREATE TABLE person (name TEXT)")
END
cp "$work/first.backup" "$work/elsewhere"
sql "$work/elsewhere" "SELECT 1" >/dev/null
python3 -c 'import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute("UPDATE copy_mark SET node = ?", ("other.example",)); c.commit()' "$work/elsewhere"
python3 -c 'import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute("UPDATE schema_version SET version = 999 WHERE version = 1"); c.commit()' \
	"$(cp "$work/first.backup" "$work/newer" && echo "$work/newer")"
for wrong in damaged cut other.db authn.backup elsewhere newer before.db missing; do
	check "refused: $wrong" ends_with 1 restore authz $wrong
	echo "# $(head -n 1 "$work/.said")"
done
check "nothing has changed for that" cmp "$work/before.db" "$work/authz.db"
check_not "and nothing is left of it" test -e "$work/authz.db.replaced"

# first the later one: an older copy skips further than a newer, never the other way round
check "authz stops" stop authz
rm -f "$work"/authz.db*
check "restored into nothing" restore authz authz.backup.later
check "comes up" node_start authz
check "devices go on with the later one" goes_on
check "stops" stop authz
cp "$work/authz.db" "$work/before.db"

# back to the first one, which is older than what the devices have seen
check "devices are still there" alive crowd
check "restored" restore authz first.backup
check "what was there is kept" cmp "$work/before.db" "$work/authz.db.replaced"
check_equal "its owner's alone" 600 "$(mode_of "$work/authz.db")"
check "authz comes up" node_start authz
check "and says that it was restored" wait_log authz '"event":"store.restored","tx":"","of":"'"${host[authz]}"
check "devices get on, with the sequence numbers that they want" goes_on
check_equal "it does so once" 0 "$(sql "$work/authz.db" 'SELECT count(*) FROM copy_mark')"
restored_lines() { grep -c store.restored "$work/authz.log"; }
check "again, killed and back" eval "node_kill authz && node_start authz"
check_equal "not again for that" 2 "$(restored_lines)"
check "devices go on" goes_on

# copied by hand, and into a folder that has nothing yet
check "authz stops again" stop authz
rm -f "$work"/authz.db*
cp "$work/first.backup" "$work/authz.db" && chmod 600 "$work/authz.db"
check "a backup that was put there by hand is as good" node_start authz
check_equal "it is seen to be one" 3 "$(restored_lines)"
check "devices go on after that too" goes_on
check "by other means" eval "stop authz && symbolon-authz --config '$work/authz.yaml' --restored 2026-01-31T00:00:00Z && node_start authz"
check_equal "that too is seen" 4 "$(restored_lines)"
check "devices go on for the last time" goes_on

# authn: what it kept may have been revoked since
check "authn stops" stop authn
check "authn is restored" restore authn authn.backup
check "authn comes up" node_start authn
check "without the tokens of then" wait_log authn store.restored
check "devices get new ones" goes_on
check "no device met a stale vector, or anything else that is odd" stop crowd
sed 's/^/# /' "$work/crowd.log"
strictly_increasing() {
	awk '$2 <= last[$1] { print "device " $1 ": " $2 " after " last[$1]; bad = 1 } { last[$1] = $2; n++ }
		END { print n " vectors"; exit bad || n == 0 }' "$work/vectors"
}
check "the SQN of every device only grew" strictly_increasing
sed 's/^/# /' "$work/.said"
check "the database is whole" integrity authz
finish
