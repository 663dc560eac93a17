# shellcheck shell=bash
# An enquirer enrols a key, is challenged, asks about devices, and checks the signed answer without asking anybody; an
# administrator asks about many. Bad input: another key, a signature over nothing, an answer for somebody else.
# req: R9.3-i-a R9.3-ii-c R9.3-ii-d R9.3-iii R9.1-iv
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/registry.sh"
. "$(dirname "$0")/enquirer.sh"
need openssl openssl
need curl curl
need jq jq
need sqlite3 sqlite3

own=IN.TEL.P01:imei:356938035643809
foreign=IN.TEL.P02:mac:0024befffe804ff1

check "a registry" enquirer_start
check "stops" stop p01
add_device "$own" 1 77
add_device "$foreign" 0 NULL IN.TEL.P02
check "and knows two devices" enquirer_run

# --- enrolment ---
enrol() { as_anyone enrol --party-key "$work/$1.pem" --name "Port of Example" --contact customs@port.example \
	--purpose "import control" >"$work/$1.said" && party=$(cut -d: -f1 "$work/$1.said"); }
check "an enquirer enrols" enrol port
check_match "and waits" ': pending$' "$(cat "$work/port.said")"
check_match "its key is its own" '^-rw------- ' "$(ls -l "$work/port.pem")"
check_not "it is not heard yet" as_anyone ask "$own" --party-key "$work/port.pem"
check_match "the administrator sees it" "$party.*Port of Example.*enquirer.*pending" "$(as_admin parties)"
check "and approves" as_admin approve "$party" --reason "known to us"
check_not "twice changes nothing" as_admin approve "$party"
check_not "one key enrols once" enrol port
check_not "nobody else does that" as_anyone approve "$party"

# --- asking ---
ask() { as_anyone ask "$1" --party-key "$work/port.pem" --out "$work/answer" "${@:2}" >"$work/answer.json"; }
said() { jq -r "$1" "$work/answer.json"; }
check "it asks about a device" ask "$own"
check_equal "which is unreliable" "unreliable $own" "$(said '"\(.devices[0].trust) \(.devices[0].reg_dev_id)"')"
check_equal "the answer is for it" "$party" "$(said .aud)"
check_equal "what it may not know is not said" "null null" "$(said '"\(.devices[0].rule) \(.devices[0].facts.firmware)"')"
check "about one of another registry" ask "$foreign"
check_equal "which is named" IN.TEL.P02 "$(said '.devices[0].registry')"
check "about one that nobody knows" ask IN.TEL.P01:imei:356938035643817
check_equal "none" 0 "$(said '.devices | length')"
check "of a time before there was any" ask "$own" --at 2020-01-01T00:00:00Z
check_equal "none either" 0 "$(said '.devices | length')"
check_not "a wrong check digit is refused" ask IN.TEL.P01:imei:356938035643808
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$work/other.pem" 2>/dev/null
chmod 600 "$work/other.pem"
check_not "another key gets nothing" as_anyone ask "$own" --party-key "$work/other.pem"
check_not "and no key gets a challenge" as_anyone ask "$own"

# --- checked without asking anybody ---
verify() { symbolon registry verify-answer "$work/answer" --anchor "$work/document.json" "$@" >"$work/verified.json"; }
check "it asks once more" ask "$own"
check "the registry's document" fetch_anyone /.well-known/trust-registry "$work/document.json" -f
check "verifies the answer" verify --audience "$party" --nonce "$(said .nonce)"
check_equal "which says the same" "$(jq -cS . "$work/answer.json")" "$(jq -cS . "$work/verified.json")"
check_not "not for another enquirer" verify --audience somebody
check_not "not over another nonce" verify --nonce AAAA
sed -i 's/\.[A-Za-z0-9_-]/.A/' "$work/answer"
check_not "not when it was changed" verify

# --- many ---
check "an administrator asks about all" as_admin bulk
check_match "and knows that none is missing" '"complete":true,"devices":2,' "$(as_admin bulk | tail -1)"
check_equal "of one status" "$foreign" "$(as_admin bulk --trust trusted | jq -r 'select(.trust) | .reg_dev_id')"
check_not "an enquirer does not" as_anyone bulk --make Aeotec
queries() { curl -sSf --unix-socket "$work/p01.sock" http://registry/v1/queries >"$work/queries.json" &&
	grep -q "$party" "$work/queries.json"; }
check "who asked is in the audit" wait_until 10 queries

# --- no more ---
check "it is suspended" as_admin suspend "$party"
check_not "and not heard" as_anyone ask "$own" --party-key "$work/port.pem"
check "it is removed" as_admin remove-party "$party"
check_not "with all that was known of it" grep -q port.example <(as_admin parties)
check "the registry stops" stop p01
finish
