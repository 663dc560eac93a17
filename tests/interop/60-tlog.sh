#!/bin/bash
# The log of a registry, read with Go's own libraries for transparency logs (golang.org/x/mod/sumdb): checkpoints, tiles, leaves,
# proofs that a leaf is in, and that the log only grew.
# req: R7-i-c R9.3-ii-a
# time-limit: 300
. "$(dirname "$0")/../system/lib.sh"
. "$source_dir/tests/system/registry.sh"
need go golang-go
need openssl openssl
need curl curl
[ -d /usr/share/gocode/src/golang.org/x/mod/sumdb ] || skip_all "missing package golang-golang-x-mod-dev"

reader() {
	HOME=$work GOCACHE=$work/go GO111MODULE=off GOPATH=/usr/share/gocode go build -o "$work/tlog" \
		"$source_dir/tests/interop/tlog.go"
}
check "a reader of logs that is not ours" reader
# shellcheck disable=SC2034
registry_lines[p01]="enquiry: {enrolments: 0}"
check "a registry" registry_start p01 IN.TEL.P01
key=$(log_key p01)
check_match "its log has a key" '^IN\.TEL\.P01/log\+[0-9a-f]{8}\+' "$key"
grow() { "$build/tests/system/registry_crowd" "$work/p01.sock" "$work/enrolled" 16 "$1"; } # HOW-MANY
read_log() { "$work/tlog" "$work/p01.sock" "$key" "$@"; }

check "a log of one event" read_log
cp "$work/.said" "$work/first"
for more in 1 13 240 1 3 700; do
	check "$more more events" grow $more
	check "checkpoint, tiles, leaves and proofs" read_log "$work/first"
	cp "$work/.said" "$work/last"
done
check "a restart" eval "stop p01 && registry_start p01"
check "it is the same log" read_log "$work/first"
check "that began as the last one" read_log "$work/last"
check "it grows" grow 300
check "and began as it was" read_log "$work/last"
sed 's/+[0-9a-f]\{8\}+/+00000000+/' <<<"$key" >"$work/other-key"
check_not "another key does not verify it" "$work/tlog" "$work/p01.sock" "$(cat "$work/other-key")"
check "it stops cleanly" stop p01
finish
