#!/bin/bash
# A node does not start with a master key or a database that is not its own, says why, and has changed nothing.
# time-limit: 300
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/realm.sh"
need openssl openssl
need python3 python3

check "a realm" realm_start 1
check "a gateway" node_start gateway
check "and its end" eval "stop gateway && stop authn && stop authz"

# refused NAME REGEX: status 1, the reason on standard error and in the log, no ready file.
refused() {
	local status=0
	rm -f "$work/$1.ready"
	timeout 20 symbolon-"$1" --config "$work/$1.yaml" --ready-file "$work/$1.ready" >"$work/said" 2>&1 || status=$?
	cat "$work/said"
	[ "$status" = 1 ] && [ ! -e "$work/$1.ready" ] && grep -Eq "^symbolon-$1: could not start: $2" "$work/said" &&
		grep -q '"event":"node.not_started"' "$work/said"
}
rows() { # NAME: all of a database, as text
	python3 - "$work/$1.db" <<-'EOF'
		import sqlite3, sys
		print("\n".join(sqlite3.connect(sys.argv[1]).iterdump()))
	EOF
}

for name in authz authn gateway; do
	before=$(rows $name)
	mv "$work/$name.master" "$work/right.master"

	check "$name: no master key" refused $name ".*$name.master: No such file or directory: make one with openssl rand -hex 32"
	master_key "$work/$name.master"
	check "$name: another master key" refused $name ".*wrong master key"
	cp "$work/right.master" "$work/$name.master"
	for mode in 640 604 660; do
		chmod $mode "$work/$name.master"
		check "$name: its master key with mode $mode" refused $name ".*$name.master.*chmod 600"
	done
	chmod 600 "$work/$name.master"
	head -c 63 "$work/right.master" >"$work/$name.master"
	check "$name: half a digit short" refused $name ".*$name.master.*64"
	check_equal "$name: and the key is not shown" "" "$(grep -F "$(head -c 20 "$work/right.master")" "$work/said")"
	tr 0-9a-f g-v <"$work/right.master" >"$work/$name.master"
	check "$name: no digits" refused $name ".*$name.master.*64"
	head -c 32 /dev/zero | od -An -v -tx1 | tr -d ' \n' >"$work/$name.master"
	check "$name: all zero" refused $name ".*$name.master"
	rm "$work/$name.master" && mkdir "$work/$name.master"
	check "$name: a folder" refused $name ".*$name.master.*not a plain file"
	rmdir "$work/$name.master"
	mv "$work/right.master" "$work/$name.master"
	check_equal "$name: nothing was changed" "$before" "$(rows $name)"
done

# Databases
swap() { # NAME OTHER: NAME's configuration with OTHER's database
	sed -i "s,/$1.db,/$2.db," "$work/$1.yaml"
}
before=$(rows authz)
for name in authn gateway; do
	swap $name authz
	check "$name: the database of authz" refused $name ".*belongs to authz, not to "
	swap $name unused
done
check_equal "it is unchanged" "$before" "$(rows authz)"
swap authz authn
check "authz: the database of authn" refused authz ".*belongs to authn, not to authz"
configure authz
cp "$work/authz.db" "$work/kept.db"
newer() {
	python3 - "$work/authz.db" <<-'EOF'
		import sqlite3, sys
		db = sqlite3.connect(sys.argv[1])
		db.execute("UPDATE schema_version SET version = 1000 WHERE version = (SELECT max(version) FROM schema_version)")
		db.commit()
	EOF
}
check "a database of a newer version" newer
check "authz: is refused" refused authz ".*schema 1000.*a newer one wrote it"
echo "this is no database, but somebody's letter" >"$work/authz.db"
check "authz: a file that is none" refused authz ".*not an SQLite database"
check_equal "and the file is as it was" "this is no database, but somebody's letter" "$(cat "$work/authz.db")"
rm "$work/authz.db"
ln -s "$work/kept.db" "$work/authz.db"
check "authz: a link" refused authz ".*is a link"
rm "$work/authz.db"
cp "$work/kept.db" "$work/authz.db" && chmod 644 "$work/authz.db"

# Two on one file
check "authz: its own, and it starts" node_start authz
check_equal "a database that others could read is closed to them" 600 "$(stat -c %a "$work/authz.db")"
check "authz: a second on the same file is refused, and told who has it" \
	refused authz ".*authz.db is in use by process ${pids[authz]}"
check "the first is none the worse" operator GET "/v1/devices/$(client_of 0)"
check "authn starts" node_start authn
check "authn: a second is refused" refused authn ".*authn.db is in use by process ${pids[authn]}"
check "and a device bootstraps" eval "device_new dev 0 && bootstrap dev"
check "they stop in order" eval "stop authn && stop authz"
finish
