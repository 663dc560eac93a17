#!/bin/bash
# symbolon-registry under kill -9 while parties enrol: no event that was acknowledged is lost, its tree begins as each
# checkpoint said that was seen before, and so it is after a copy was put in place, which is another log.
# req: R7-i-c R9.3-ii-a
# time-limit: 300
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/registry.sh"
need curl curl
need openssl openssl
need python3 python3

kills=6
# shellcheck disable=SC2034
registry_lines[p01]="enquiry: {enrolments: 0}"
check "a registry" registry_start p01 IN.TEL.P01
crowd_start p01
grown() { [ "$(enrolled p01)" -ge "$1" ]; } # HOW-MANY
load_goes_on() { wait_until 20 grown $(($(enrolled p01) + $1)); }
kept=()
kill_and_back() { # ROUND
	load_goes_on $((300 + 37 * $1)) && checkpoint p01 "checkpoint-$1" && load_goes_on 20 || return
	{ stop p01 KILL; } >/dev/null 2>&1
	kept+=(--old "$work/checkpoint-$1")
	registry_start p01 && alive p01-crowd
}
for round in $(seq $kills); do
	check "killed and back, $round" kill_and_back "$round"
	check "its log begins as it did, and has all that was acknowledged" log_check p01 "${kept[@]}"
	sed 's/^/# /' "$work/.said"
done
verified() { symbolon registry verify --socket "$work/p01.sock" --keep "$work/kept"; }
check "its command verifies it" verified
check "enrolments go on" load_goes_on 100
check "it only grew, as the command sees it" verified
check_match "and says so" 'IN.TEL.P01/log: [0-9]+ events, as the checkpoint says, the first [0-9]+ as they were' "$(cat "$work/.said")"
check "the crowd ends" stop p01-crowd
check "all that was acknowledged is there" log_check p01 "${kept[@]}" --enrolled "$work/p01.enrolled"
sed 's/^/# /' "$work/.said"

# --- a copy ---

check "a copy is made" symbolon backup registry "$work/copy" --admin "$work/p01.admin"
size=$(log_size p01)
crowd_start p01
check "more is logged" load_goes_on 50
checkpoint p01 late
check "the crowd ends" stop p01-crowd
check "it stops" stop p01
check "the copy is put in place" symbolon restore registry "$work/copy" --config "$work/p01.yaml"
check "it comes up" registry_start p01
check_equal "it goes by another name, so that nothing has one place twice" "IN.TEL.P01/log/1" \
	"$(registry p01 GET /log/checkpoint | head -n 1)"
check_equal "that it was set up again is its next event" "registry_set_up $size 1" \
	"$(registry p01 GET "/v1/events?after=$((size - 1))" | python3 -c '
import json, sys
event = json.load(sys.stdin)["items"][0]
print(event["kind"], event["seq"], event["registry_seq"] >> 40)')"
check "what was logged before the copy is there" log_check p01 "${kept[@]}"
check_not "what was logged after it is not" log_check p01 --old "$work/late"
check_not "the command takes it for no beginning of what it kept" verified
check "it stops cleanly" stop p01
finish
