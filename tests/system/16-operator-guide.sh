#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# time-limit: 180
# docs/guides/operator.md does what it says: its commands, in their order, in one shell.
. "$(dirname "$0")/lib.sh"
need openssl openssl

# Its home is $work; its addresses are of this run alone: 127.A.B. in the place of 127.0.0.
home=$work/home
mkdir "$home"
awk -v folder="$work" '/^```sh$/ { n++; file = sprintf("%s/%02d.sh", folder, n); inside = 1; next }
	/^```$/ { inside = 0 }
	inside { print >file }' "$source_dir/docs/guides/operator.md"
sed -i -e "s|/usr/local/share/doc/symbolon/examples|$source_dir/examples|" \
	-e "s|127\.0\.0\.|127.$((RANDOM % 250 + 1)).$((RANDOM % 250 + 1)).|g" "$work"/[0-9]*.sh
# A block whose last command fails ends the shell: nothing after it could work.
for block in "$work"/[0-9]*.sh; do
	printf 'echo "=== %s"; . %s || exit 1\n' "$(basename "$block" .sh)" "$block"
done >"$work/all.sh"

check "its commands work" env HOME="$home" timeout 150 bash "$work/all.sh"
for file in "$home"/realm/*.pid; do
	[ -e "$file" ] && kill -KILL "$(cat "$file")" 2>/dev/null
done
cp "$work/.said" "$work/said"

said=$(tr '\n' ' ' <"$work/said")
log() { grep -c "$2" "$home/realm/$1.log"; }
check_equal "the application answers symbolon-device and openssl, and nobody without permission" 2 \
	"$(grep -c '^Hello, [A-Za-z0-9_-]\{24\}\.' "$work/said")"
check_match "a refusal is said" 'refused with 4' "$said"
check_equal "the operator's figures are seen on the socket and over the network" 2 "$(grep -c '^registered' "$work/said")"
check_match "one transaction is followed over the nodes" '"node":"authz1[^}]*rp_b.vector_made' "$said"
check_equal "a node goes back to its backup" 1 "$(log authz store.restored)"
check_equal "and devices do not notice" 0 "$(log authn rp_b.resynchronisation_asked)"
check_equal "all nodes stop in order" 3 "$(tail -n 3 "$work/said" | grep -c node.stopped)"
# while authz is away, what gateways announce cannot be looked up
check_equal "and announce it to their peers" 0 \
	"$(grep -v rp_b.no_permission "$home/realm/authn.log" | grep -c '"level":"\(warn\|error\)"')"
finish
