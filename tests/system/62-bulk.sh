#!/bin/bash
# Bulk: devices are announced from files, by an administrator and by manufacturers; rows that are wrong are told, a file that
# was cut off is gone on with, one that comes again adds nothing, and kill -9 of the registry in the middle loses nothing
# and leaves nothing half done.
# req: R9.2-i-g R7-a R6.3
# time-limit: 240
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/registry.sh"
. "$(dirname "$0")/enquirer.sh"
need openssl openssl
need jq jq
need python3 python3
need sqlite3 sqlite3

rows() { python3 "$source_dir/tests/system/bulk.py" "$@"; } # HOW-MANY [FIRST [MAKE]]
batch() { registry p01 GET "/v1/imports/$1" | jq -r "$2"; }
announced() { sqlite3 -readonly "$work/p01.db" 'SELECT COUNT(*) FROM prereg'; }

check "a registry" enquirer_start

# --- good rows, and wrong ones ---
rows 3000 >"$work/first.csv"
check "a file" as_admin import "$work/first.csv"
check_equal "all of it is announced" "3000 3000 0" "$(batch first.csv '"\(.rows) \(.added) \(.failed)"')"
check_equal "none has a RegDevID" 0 "$(sqlite3 -readonly "$work/p01.db" 'SELECT COUNT(*) FROM device')"
check "once more" as_admin import "$work/first.csv"
check_match "it goes on behind its end" 'going on after row 3000' "$(cat "$work/.said")"
check_equal "and adds nothing" "3000 3000 0" "$(batch first.csv '"\(.rows) \(.added) \(.failed)"')"
check_not "under another name" as_admin import "$work/first.csv" --batch again
check_equal "it adds nothing either" "3000 0 3000" "$(batch again '"\(.rows) \(.added) \(.failed)"')"
check_equal "there are as many as before" 3000 "$(announced)"

rows 50 5000 >"$work/mixed.csv"
sed -i -e '3s/^35/36/' -e '7s/,Acme,/,,/' -e '9s/Meter 7/"Meter 7/' -e '12s/lte/LTE/' -e '20s/,[^,]*$//' "$work/mixed.csv"
check_not "a file with wrong rows" as_admin import "$work/mixed.csv" --report "$work/report"
check_equal "the others are taken" "45 5" "$(batch mixed.csv '"\(.added) \(.failed)"')"
check_equal "each wrong row is told, with column and rule" \
	"row 2: imei: IMEI: wrong check digit|row 6: 9.2 i e: make|row 8: RFC 4180 2.5|row 11: communication|row 19: 6 values where there are 7" \
	"$(sed -E 's/^(row 2: imei: IMEI: wrong check digit|row 6: 9.2 i e: make|row 8: RFC 4180 2.5|row 11: communication|row 19: 6 values where there are 7).*/\1/' "$work/report" | paste -sd'|')"
check_not "and no number is repeated" grep -E '[0-9]{14}' "$work/report"

# --- cut off, another file ---
rows 40 6000 >"$work/whole.csv"
head -c -20 "$work/whole.csv" >"$work/cut.csv"
check_not "a file that was cut off" as_admin import "$work/cut.csv"
check_match "is told" 'row 40 has no line end: the file was cut off' "$(cat "$work/.said")"
check_equal "what came whole is taken" 39 "$(batch cut.csv .added)"
mv "$work/whole.csv" "$work/cut.csv"
check "the whole file" as_admin import "$work/cut.csv"
check_equal "goes on there" "40 40" "$(batch cut.csv '"\(.rows) \(.added)"')"
rows 40 7000 >"$work/cut.csv"
check_not "another file under the same name" as_admin import "$work/cut.csv"
check_match "is stopped" 'this file begins otherwise' "$(cat "$work/.said")"
check_not "standard input wants a name" as_admin import -
from_pipe() { rows 10 8000 | as_admin import - --batch piped; }
check "and works with one" from_pipe

# --- NDJSON ---
printf '%s\n' '{"device":"mac:0024befffe804ff1","facts":{"make":"Acme","model":"Hub"}}' '{broken' \
	'{"device":"mac:0024befffe804ff1","facts":{"make":"Acme","model":"Hub"}}' >"$work/hubs.ndjson"
check_not "objects" as_admin import "$work/hubs.ndjson"
check_equal "one is good" "1 2" "$(batch hubs.ndjson '"\(.added) \(.failed)"')"

# --- kill -9 in the middle ---
before=$(announced)
rows 40000 100000 >"$work/many.csv"
start import symbolon --socket "$work/p01.sock" registry import "$work/many.csv" --rows 100
grown() { [ "$(batch many.csv .rows 2>/dev/null || echo 0)" -ge "$1" ]; }
check "an import goes on" wait_until 30 grown 3000
{ stop p01 KILL; } >/dev/null 2>&1
check "the registry is killed, and comes back" registry_start p01
check "the import goes on by itself" wait_until 60 grown 20000
{ stop p01 KILL; } >/dev/null 2>&1
check "once more" registry_start p01
check "and comes to its end" wait_until 60 grown 40000
check_equal "nothing was lost, nothing is there twice" "40000 40000 0" "$(batch many.csv '"\(.rows) \(.added) \(.failed)"')"
check_equal "and nothing else was added" $((before + 40000)) "$(announced)"
check "the log is whole" symbolon registry verify --socket "$work/p01.sock"

# --- a manufacturer ---
api=$(jq -r .api "$work/p01.ready")
enrol() { as_anyone enrol --party-key "$work/maker.pem" --name "Acme Inc." --contact keys@acme.example \
	--purpose "announce devices" --role manufacturer --make Acme >"$work/maker.said" && party=$(cut -d: -f1 "$work/maker.said"); }
check "a manufacturer enrols" enrol
check "is approved" as_admin approve "$party"
rows 30 200000 >"$work/own.csv"
maker() { as_anyone import "$1" --party-key "$work/maker.pem"; }
check_not "one that is not registered announces nothing" maker "$work/own.csv"
check "it is registered with its make" as_admin add-manufacturer acme --name "Acme Inc." --make Acme --party "$party"
check "it announces its own" maker "$work/own.csv"
check_equal "as its own" "acme 30" "$(batch own.csv '"\(.by) \(.added)"')"
rows 5 300000 Other >"$work/foreign.csv"
check_not "and nothing else" maker "$work/foreign.csv"
check_match "which is told" "make: not one of this manufacturer's" "$(cat "$work/.said")"
check_not "owners are not its matter" as_anyone import "$work/own.csv" --owners --batch people --party-key "$work/maker.pem"
check_not "another's batch is not its own" maker "$work/first.csv"
check "it is withdrawn" as_admin withdraw-manufacturer acme
rows 5 400000 >"$work/late.csv"
check_not "and announces no more" maker "$work/late.csv"
check_equal "batches are listed" 1 "$(as_admin imports | grep -c '^own.csv .*acme')"

check_not "no device is named in the registry's log file" grep -E '35[0-9]{12}|0024befffe804ff1' "$work"/p01.log*
check "it stops" stop p01
finish
