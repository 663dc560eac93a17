# shellcheck shell=bash
# What a new user sees: `symbolon up` walks a device through clauses 10.4 and 10.5 between processes.
# time-limit: 240
. "$(dirname "$0")/lib.sh"

answer() { grep -A1 "The application's answer" "$1" | tail -n 1; }
processes_of() { pgrep -f -- "$1" | grep -vx $$; }

check "the walk goes through" symbolon up --once --dir "$work/one"
cp "$work/.said" "$work/first"
check_match "and ends with the application's answer" '^Hello, ' "$(answer "$work/first")"
for step in 10.4/1a 10.4/1b 10.4/1c 10.4/2a 10.4/2b 10.4/2c 10.4/1d 10.4/4a 10.4/4c 10.4/4d 10.5/1c 10.5/2a 10.5/2c; do
	check "step $step is shown" grep -q "^ *$step " "$work/first"
done
check_equal "endpoints.json names the realm" realm.example "$(json "$work/one/endpoints.json" realm)"
check_equal "nothing is left running" "" "$(processes_of "$work/one")"

check "a second run goes on with the same data" symbolon up --once --dir "$work/one"
cp "$work/.said" "$work/second"
check_equal "to the application the device is the same" "$(answer "$work/first")" "$(answer "$work/second")"

check "steps as JSON" symbolon up --once --json --dir "$work/one"
check "an object a line, and nothing else" jq -e . "$work/.said"

start up symbolon up --dir "$work/two"
start beside symbolon up --dir "$work/three"
check "one stays up" wait_file "$work/two/endpoints.json" up 60
check "and another beside it" wait_file "$work/three/endpoints.json" beside 60
check "both walk" wait_log up '^Hello, ' 60
check "both walk" wait_log beside '^Hello, ' 60
check_not "a folder in use is refused" symbolon up --once --dir "$work/two"
check "Ctrl-C stops it" stop up INT
check "so does TERM" stop beside TERM
check_equal "and all of it" "" "$(processes_of "$work/two"; processes_of "$work/three")"

# No key is written where others look: endpoints, logs, what is printed.
keys=$(find "$work" -name '*.master' -o -name 'device.key' | while read -r file; do tr -d '\n' <"$file"; echo; done)
check_not "no key in endpoints, logs or output" grep -RFq --include=endpoints.json --include='*.log' --include=first \
	-f <(echo "${keys:-none}") "$work"
finish
