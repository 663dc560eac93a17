#!/bin/bash
# Batches of SIMs: cut off, wrong in places, repeated, encrypted, and the node killed in the middle.
# req: B9.2.2-a B9.2.2-b
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/realm.sh"
need openssl openssl
need python3 python3

export SYMBOLON_SOCKET=$work/authz.sock
cd "$work" || exit 1

# batch FILE FIRST COUNT: CSV with so many SIMs.
batch() {
	python3 - "$@" <<-'END'
		import sys
		name, first, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
		with open(name, "w") as to:
		    to.write("iccid,imsi,ki,opc\n")
		    for n in range(first, first + count):
		        to.write(f"8901{n:015},00101{n:010},{n + 1:032x},{n + 2:032x}\n")
	END
}

# says STATUS REGEX COMMAND...: what it ends with, and says on either output.
says() {
	local want=$1 regex=$2 status=0 said
	said=$("${@:3}" 2>&1) || status=$?
	echo "status $status: $said"
	[ "$status" = "$want" ] && [[ $said =~ $regex ]]
}
devices() { symbolon --json status | python3 -c 'import json, sys; print(json.load(sys.stdin)["registered"]["devices"])' 2>/dev/null ||
	symbolon status | sed -n 's/^devices *//p'; }
state() { # BATCH MEMBER
	symbolon --json imports >imports.json
	python3 -c 'import json, sys; print(*(i[sys.argv[2]] for i in json.load(open("imports.json"))["items"] if i["id"] == sys.argv[1]))' "$@"
}

realm_files
check "authz comes up" node_start authz

# --- a whole one, and again ---

batch good.csv 0 1000
check "a batch" says 0 'good.csv: 1001 lines, 1000 devices added, 0 lines wrong' symbolon import good.csv
check_match "its devices are there" '001010000000999@realm.example' "$(symbolon device list --after 001010000000998@realm.example)"
check "again, nothing is done twice" says 0 'going on after line 1001.*1000 devices added, 0 lines wrong' symbolon import good.csv
check "under another name every client is there already" says 1 '0 devices added, 1000 lines wrong' \
	symbolon import good.csv --batch twice --report twice.report
check_equal "which the report says line by line" "1000 line 2: this client is registered already" \
	"$(wc -l <twice.report) $(head -n 1 twice.report)"
check "another file of the same name is not taken for it" says 1 'this file begins otherwise.*--batch' \
	symbolon import <(sed 's/^8901/8902/' good.csv) --batch good.csv

# --- cut off ---

batch cut.csv 1000 500
head -c 20000 cut.csv >half.csv
check "a file that was cut off is taken until there" says 1 'has no end: the file was cut off.*put it right' \
	symbolon import half.csv --batch cut
before=$(state cut lines)
check "of which nothing is missing" test "$before" = "$(wc -l <half.csv)"
check "the whole file goes on there" says 0 "going on after line $before.*501 lines, 500 devices added, 0 lines wrong" \
	symbolon import cut.csv --batch cut
check "the shorter one is refused now" says 1 'begins otherwise' symbolon import half.csv --batch cut

# --- wrong rows ---

{
	echo imsi,k,opc,subscriber,verification,imei
	echo "001012000000001,$(printf %032x 1),$(printf %032x 2),carol,prepaid,904201560257637"
	echo "001012000000002,$(printf %031x 1),$(printf %032x 2),,,"
	echo "001012000000003,$(printf %032x 1),$(printf %032x 2),nobody,,"
	echo
	echo "001012000000004,$(printf %032x 1),$(printf %032x 2),carol,gold,"
	echo "001012000000005,$(printf %032x 1),$(printf %032x 2),carol,,904201560257637"
	echo "001012000000001,$(printf %032x 1),$(printf %032x 2),carol,,"
	echo "001012000000006,$(printf %032x 0),$(printf %032x 2),,,"
	echo "001012000000007,$(printf %032x 1),$(printf %032x 2),carol,,"
} >rows.csv
check "wrong rows are told, the others taken" says 1 '2 devices added, 6 lines wrong' \
	symbolon import rows.csv --report rows.report
check_equal "each with its line" "line 3: k: 32 hex digits, not all zero, are wanted
line 4: subscriber: nobody with this id is registered
line 6: verification: none, prepaid or postpaid
line 7: this device is registered with another client already
line 8: this client is registered already
line 9: k: 32 hex digits, not all zero, are wanted" "$(cat rows.report)"
check_match "a subscriber that the row describes is registered" 'prepaid' "$(symbolon subscriber show carol)"
check_match "with its devices" '001012000000007.*' "$(symbolon device list --subscriber carol | tail -n 1)"
check "no value of a row is in a log or a report" \
	sh -c '! grep -rq "00000000000000000000000000000002\|00101200000000" authz.log rows.report twice.report'
check "columns that are not known" says 1 'number 2 is not known.*first line of CSV' symbolon import <(printf 'imsi,kk\n') --batch x
check "a file that is not there" says 1 'none.csv' symbolon import none.csv
check "standard input wants a name" says 2 '--batch names' symbolon import -
check "NDJSON, from standard input" says 0 '1 lines, 1 devices added' \
	sh -c "printf '{\"imsi\":\"001013000000001\",\"k\":\"%032x\",\"opc\":\"%032x\",\"sqn\":64}\n' 5 6 | symbolon import - --batch json --format ndjson"
check_match "as JSON" '^\{"id":"json","lines":1,"digest":"[0-9a-f]{64}","added":1,"failed":0,' \
	"$(printf '{"imsi":"001013000000001","k":"%032x","opc":"%032x","sqn":64}\n' 5 6 | symbolon --json import - --batch json --format ndjson 2>/dev/null)"

# --- encrypted ---

transport=000102030405060708090a0b0c0d0e0f
encrypted() { printf %s "$1" | xxd -r -p | openssl enc -aes-128-ecb -K $transport -nopad | xxd -p -c 32; }
printf 'imsi,k,opc\n001014000000001,%s,%s\n' "$(encrypted "$(printf %032x 77)")" "$(encrypted "$(printf %032x 78)")" >sealed.csv
(umask 077 && printf '{"cipher":"aes-128-ecb","key":"%s","wraps":["k","opc"],"check":"c6a13b"}' $transport >transport.key)
(umask 077 && printf '{"cipher":"aes-128-ecb","key":"%032x","check":"c6a13b"}' 1 >other.key)
check "another transport key is told by its check value" says 1 'check value is another' \
	symbolon import sealed.csv --transport-key other.key
check "keys under a transport key" says 0 '1 devices added' symbolon import sealed.csv --transport-key transport.key

# --- killed in the middle ---

batch long.csv 100000 10000
start import symbolon import long.csv
wait_until 20 test -n "$(state long.csv lines)" || true
wait_until 20 sh -c '[ "$(symbolon --json imports 2>/dev/null | grep -c long.csv)" = 1 ]'
node_kill authz
check "authz comes up again" node_start authz
check "the import goes on by itself" wait_until 60 not_alive import
check_equal "and is whole" "10001 10000 0" "$(state long.csv lines) $(state long.csv added) $(state long.csv failed)"
batch killed.csv 200000 10000
start import symbolon import killed.csv
wait_until 20 sh -c '[ "$(symbolon --json imports 2>/dev/null | grep -c killed.csv)" = 1 ]'
{ stop import KILL; } >/dev/null 2>&1
began=$(date +%s%N)
check "so does one whose command was killed" says 0 'going on after line.*10000 devices added, 0 lines wrong' symbolon import killed.csv
echo "# went on in $((($(date +%s%N) - began) / 1000000)) ms"
batch timed.csv 300000 10000
began=$(date +%s%N)
check "10,000 lines" symbolon import timed.csv
echo "# in $((($(date +%s%N) - began) / 1000000)) ms"
node_kill authz
check "authz comes up once more" node_start authz
check_equal "acknowledged is durable" "10001 10000 0" "$(state timed.csv lines) $(state timed.csv added) $(state timed.csv failed)"
check "authz stops cleanly" stop authz
check_equal "its database is whole" ok "$(integrity authz)"
finish
