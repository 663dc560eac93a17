# shellcheck shell=bash
# What a registry signs, read by others: its status list by @owf/token-status-list (npm), list and answer by jose (latchset).
# req: R7-iv-e R9.3-ii-c
# time-limit: 300
. "$(dirname "$0")/../system/lib.sh"
. "$(dirname "$0")/../system/registry.sh"
. "$(dirname "$0")/../system/enquirer.sh"
need jose jose
need node nodejs
need npm npm
need openssl openssl
need curl curl
need jq jq
need sqlite3 sqlite3

modules() { # as the lock file has them
	cp "$source_dir/tests/interop/npm/"package*.json "$work/" && (cd "$work" && npm install --no-save --ignore-scripts --no-audit --no-fund)
}
modules >"$work/npm.log" 2>&1 || skip_all "npm install: $(tail -1 "$work/npm.log")"

check "a registry" enquirer_start "enquiry: {approve: [enquirer]}"
check "stops" stop p01
add_device IN.TEL.P01:mac:0024befffe804ff1 0 5
add_device IN.TEL.P01:mac:0024befffe804ff2 1 70000
add_device IN.TEL.P01:mac:0024befffe804ff3 2 1048575
check "and lists three devices" enquirer_run

# --- the list ---
check "anyone fetches it" fetch_anyone /v1/status-lists/0 "$work/list" -f -D "$work/head"
check_match "as what it is" 'application/statuslist\+jwt' "$(cat "$work/head")"
check_match "to be kept a while" 'max-age=60' "$(cat "$work/head")"
cat >"$work/read.mjs" <<'EOF'
import { readFileSync } from 'node:fs'
import { getListFromStatusListJWT } from '@owf/token-status-list'
const list = getListFromStatusListJWT(readFileSync('list', 'utf8'))
console.log(process.argv.slice(2).map((index) => list.getStatus(Number(index))).join(' '))
EOF
check_equal "@owf/token-status-list reads the three, and unassigned ones" "0 1 2 3 3" \
	"$(cd "$work" && node read.mjs 5 70000 1048575 0 70001 2>&1)"
fetch_anyone /.well-known/trust-registry "$work/document.json" -f
jq -c '.keys[] | select(.kty == "EC")' "$work/document.json" >"$work/key.jwk"
check "jose verifies it" jose jws ver -i "$work/list" -k "$work/key.jwk" -O /dev/null
check_equal "and so do we" '"unreliable"' "$(symbolon registry verify-answer "$work/list" --anchor "$work/key.jwk" --index 70000 | jq .trust)"
check "it has not changed" fetch_anyone /v1/status-lists/0 "$work/again" -f -D "$work/head" -H "If-None-Match: $(sed -n 's/^ETag: \(.*\)\r/\1/ip' "$work/head")"
check_match "which costs nothing" '^HTTP/[0-9.]+ 304' "$(cat "$work/head")"

# --- an answer ---
check "an enquirer enrols" as_anyone enrol --party-key "$work/port.pem" --name n --contact c --purpose p
check "and asks" as_anyone ask IN.TEL.P01:mac:0024befffe804ff2 --party-key "$work/port.pem" --out "$work/answer"
check "jose verifies the answer" jose jws ver -i "$work/answer" -k "$work/key.jwk" -O "$work/payload"
jose jwk gen -i '{"alg":"ES256"}' -o "$work/other.jwk"
check_not "but not with another key" jose jws ver -i "$work/answer" -k "$work/other.jwk" -O /dev/null
check "the registry stops" stop p01
finish
