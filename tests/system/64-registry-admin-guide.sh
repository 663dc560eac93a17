#!/bin/bash
# time-limit: 120
# docs/guides/registry-admin.md does what it says: its commands, in their order, in the shell that made a registry by
# docs/guides/registry.md.
# req: R9.2-i-g R9.2-i-d R7-a R6.1-b
. "$(dirname "$0")/lib.sh"
need openssl openssl
need curl curl

# Its home is $work; its addresses are of this run alone: 127.A.B. in the place of 127.0.0.
home=$work/home
mkdir "$home"
blocks() { # GUIDE PREFIX
	awk -v prefix="$work/$2" '/^```sh$/ { n++; file = sprintf("%s%02d.sh", prefix, n); inside = 1; next }
		/^```$/ { inside = 0 }
		inside { print >file }' "$source_dir/docs/guides/$1"
}
blocks registry.md a
blocks registry-admin.md b
for block in "$work"/a[0-9]*.sh; do # what comes after its first start is that page's own
	[ -e "$work/started" ] && rm "$block" && continue
	grep -q 'registry status' "$block" && touch "$work/started"
done
sed -i -e "s|127\.0\.0\.|127.$((RANDOM % 250 + 1)).$((RANDOM % 250 + 1)).|g" "$work"/[ab][0-9]*.sh
for block in "$work"/[ab][0-9]*.sh; do
	printf 'echo "=== %s"; . %s || exit 1\n' "$(basename "$block" .sh)" "$block"
done >"$work/all.sh"
echo 'kill "$(cat registry.pid)"; wait' >>"$work/all.sh"

check "its commands work" env HOME="$home" timeout 100 bash "$work/all.sh"
[ -e "$home/registry/registry.pid" ] && kill -KILL "$(cat "$home/registry/registry.pid")" 2>/dev/null
cp "$work/.said" "$work/said"
said() { grep -Ec "$1" "$work/said"; }
check_equal "a wrong row is told, and the others are taken" "1 1" \
	"$(said '^delivery-7.csv: 3 rows, 2 devices added, 1 rows wrong$') $(said '^row 3: imei: IMEI: wrong check digit')"
check_equal "a manufacturer announces its own" 1 "$(said '^hubs.csv: 1 rows, 1 devices added, 0 rows wrong$')"
check_equal "owners come in bulk" 1 "$(said '^people.csv: 2 rows, 2 owners added, 0 rows wrong$')"
check_equal "an application is not trusted" 1 "$(said '^lights.example .*unreliable')"
check_equal "who wants to be forgotten is" 1 "$(said '^o[0-9a-f]{32}: erased$')"
check_equal "it stops in order" 1 "$(grep -c node.stopped "$home/registry/registry.log")"
finish
