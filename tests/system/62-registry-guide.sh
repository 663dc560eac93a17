#!/bin/bash
# time-limit: 120
# docs/guides/registry.md does what it says: its commands, in their order, in one shell.
# req: R9.1-i R9.1-iii R7-i-c
. "$(dirname "$0")/lib.sh"
need openssl openssl
need curl curl

# Its home is $work; its addresses are of this run alone: 127.A.B. in the place of 127.0.0.
home=$work/home
mkdir "$home"
awk -v folder="$work" '/^```sh$/ { n++; file = sprintf("%s/%02d.sh", folder, n); inside = 1; next }
	/^```$/ { inside = 0 }
	inside { print >file }' "$source_dir/docs/guides/registry.md"
sed -i -e "s|127\.0\.0\.|127.$((RANDOM % 250 + 1)).$((RANDOM % 250 + 1)).|g" "$work"/[0-9]*.sh
for block in "$work"/[0-9]*.sh; do
	printf 'echo "=== %s"; . %s || exit 1\n' "$(basename "$block" .sh)" "$block"
done >"$work/all.sh"

check "its commands work" env HOME="$home" timeout 100 bash "$work/all.sh"
[ -e "$home/registry/registry.pid" ] && kill -KILL "$(cat "$home/registry/registry.pid")" 2>/dev/null
said=$(tr '\n' ' ' <"$work/.said")
check_match "the practice statement is its own" 'Practice statement of the trust registry IN.TEL.P01' "$said"
check_equal "its status is seen on the socket and over the network" 2 "$(grep -c '^registry .*IN.TEL.P01' "$work/.said")"
check_match "the log is verified, and has only grown" 'as the checkpoint says, the first [0-9]+ as they were' "$said"
check_match "a copy that is put back is another log" 'IN.TEL.P01/log/1 ' "$said"
check_equal "it stops in order" 2 "$(grep -c node.stopped "$home/registry/registry.log")"
finish
