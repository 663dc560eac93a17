#!/bin/bash
# A registry that joined and does not behave: whatever it sends as its log, it is isolated, told of in the log, the log file, the
# figures and the status, and all others go on; an administrator readmits it, and then only what it says well counts.
# req: R9.1-v R7-iv-f R6.1-d
# time-limit: 300
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/registry.sh"
. "$(dirname "$0")/hierarchy.sh"
need curl curl
need openssl openssl
need python3 python3

peer_more[geo]="held: 1000, held_bytes: 1MiB}
metrics: {listen: 127.0.0.1:0"
check "a geographical registry" peer_start geo IN
check "a sectoral one that behaves" peer_start tel IN.TEL
check "which joins" join tel geo
ids[evil]=IN.EVL
hierarchy_certificate evil
mode() { echo "$1" >"$work/evil.new" && mv "$work/evil.new" "$work/evil.mode"; }
mode good
start evil python3 "$source_dir/tests/system/hostile_registry.py" "$work" evil IN.EVL sectoral
check "one that does not" wait_file "$work/evil.address" evil
asks() { python3 "$source_dir/tests/system/hostile_registry.py" join "$work" evil "${1-IN.EVL}" "${2-sectoral}" geo.registry.example "$(peer_api geo)"; }
check_match "it cannot take another's name" '^409 ' "$(asks IN.TEL)"
check_match "nor a type that is not its level's" '^(403|409) ' "$(asks IN.EVL primary)"
check_match "it asks to join" '^202 ' "$(asks)"
check "is approved" symbolon registry approve-registry IN.EVL --socket "$work/geo.sock"

member_of() { # MEMBER: of the hostile registry, as the geographical one has it
	registry geo GET /v1/registries/IN.EVL | python3 -c 'import json, sys; print(json.load(sys.stdin).get(sys.argv[1], ""))' "$1"
}
applied() { [ "$(member_of applied)" = "$1" ]; }
check "and followed" wait_until 20 applied 11
listed() { symbolon registry list unreliable --json --socket "$work/geo.sock" | grep -o '"id":"IN\.[^"]*"' | sort | uniq; }
check_equal "nothing of unknown devices is listed: their registration was never told" "" "$(listed)"
crowd_start tel
load_is_seen() { # the other registry's events still arrive
	local before
	before=$(log_size tel)
	wait_until 20 follows_to "$((before + 20))"
}
follows_to() { [ "$(registry geo GET /v1/registries/IN.TEL | python3 -c 'import json, sys; print(json.load(sys.stdin)["applied"])')" -ge "$1" ]; }
check "the other one has load" load_is_seen

isolated() { [ "$(member_of state)" = isolated ]; }
readmit() { symbolon registry readmit IN.EVL --reason "a test" --socket "$work/geo.sock"; }
events() { symbolon registry log --json --socket "$work/geo.sock" | grep -o '"registry_isolated"' | wc -l; }
rounds=0
hostile() { # MODE REASON
	mode "$1"
	check "$1: isolated" wait_until 30 isolated
	check_match "$1: and why" "$2" "$(member_of reason)"
	check "$1: the other one goes on" load_is_seen
	check_not "$1: it is served nothing" served
	mode good
	check "$1: readmitted" readmit
	check "$1: followed again, and nothing twice" wait_until 20 applied 11
	rounds=$((rounds + 1))
}
served() {
	curl -sS --fail --max-time 2 --cacert "$work/ca.pem" --cert "$work/evil.pem" --key "$work/evil.key" \
		--connect-to "::$(peer_api geo)" "https://geo.registry.example/v1/log/stream" | grep -q checkpoint
}
check "it is served the log while it behaves" served

hostile forked 'forked'
hostile older 'rolled back'
hostile garbage 'begin|garbage|JSON|entry'
hostile words 'other events'
hostile huge 'longer|bytes'
hostile endless 'longer|bytes'
hostile comments 'without an event'
hostile unsigned 'without a checkpoint'
hostile signature 'checkpoint'
hostile commitment 'commits to another record'
hostile foreign 'device in another registry'
hostile origin 'not below it'
hostile gap 'follows'

check_equal "each time it was logged" "$rounds" "$(events)"
check "and told in the log file" wait_log geo '"event":"registry.isolated"'
mode forked
check "isolated once more" wait_until 30 isolated
check_match "it is a figure" 'symbolon_registry_peer_isolated\{registry="IN.EVL"\} 1' "$(curl -sS --max-time 10 "http://$(json "$work/geo.ready" metrics)/metrics")"
check_equal "its own events are in the log once" 11 "$(hierarchy_events geo IN.EVL | sort | uniq | wc -l)"
check_equal "and none of another" "$(hierarchy_events geo IN.EVL | wc -l)" "$(hierarchy_events geo IN.EVL | sort | uniq | wc -l)"

# --- a server that only fails, and a restart ---

mode status
check "readmitted" readmit
errors() { [ "$(member_of lost)" -ge 3 ]; }
check "who answers 500 is tried again" wait_until 20 errors
check_equal "and not isolated for it" joined "$(member_of state)"
mode forked
check "isolated" wait_until 30 isolated
check "the crowd ends" stop tel-crowd
check "the registry stops" stop geo
check "and comes back" peer_start geo
check_equal "it remembers" isolated "$(member_of state)"
check "the other one is in step" wait_until 30 follows geo tel
check "all of it, once" has_all geo tel
check "its log verifies" symbolon registry verify --socket "$work/geo.sock"
for name in geo tel; do
	check "$name stops cleanly" stop "$name"
done
finish
