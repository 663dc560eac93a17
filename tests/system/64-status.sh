# shellcheck shell=bash
# What a registry thinks of its devices, with real processes: a policy that is checked, an advisory that would move too many
# devices, kill -9 while it waits for a second person, roots of trust from a folder, decisions. With SYMBOLON_CSAF and
# SYMBOLON_ROOTS naming folders of published advisories and of makers' certificates, all of those are taken too.
# req: R6.1-b R7-b R9.3-ii-b R9.1-vi
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/registry.sh"
need openssl openssl
need jq jq
need sqlite3 sqlite3

sample=$source_dir/tests/fuzz/corpus/csaf/sample.json
as_admin() { symbolon --socket "$work/p01.sock" registry "$@"; }
id() { printf 'IN.TEL.P01:mac:0024befffe80%04d' "$1"; }

# As registration leaves them, and the policy found them; while the registry does not run.
add_devices() { # FROM TO FIRMWARE
	local n
	for n in $(seq "$1" "$2"); do
		echo "INSERT INTO device (id, registry, identifier, make, model, firmware, facts, rot_kind, rot_id, proved_by,
			proved_key, trust, since, rule, cause_seq, life, list_index, registered_at, confirmed_at, reported_at,
			facts_seq, duplicate) VALUES ('$(id "$n")', 'IN.TEL.P01', 'urn:$n', 'Example Devices', 'Thermostat T1', '$3',
			'{}', 1, 'realm.example', 'p', '', 0, 1, 'confirmed', 0, 2, $n, 1, 1, 4000000000000, 0, 0);
			INSERT INTO watched VALUES ('$(id "$n")', 'example devices', 'thermostat t1', 'aka:realm.example', 0);"
	done | sqlite3 "$work/p01.db"
}
rule_of() { sqlite3 -readonly "$work/p01.db" "SELECT rule FROM device WHERE id = '$(id "$1")'"; }
is() { [ "$(rule_of "$1")" = "$2" ]; }
state_is() { as_admin --json movements | jq -e --arg s "$1" '.items | any(.state == $s)' >/dev/null; }

# --- a policy ---
cat >"$work/policy" <<-END
	rule confirmed when always then trusted
	rule critical when vulnerability critical then unreliable weight 200
	rule no-root when root of trust withdrawn then unreliable weight 300
	rule decided when decision then decided weight 1000
	brake 10% or 5 devices within 1h
END
check_match "a policy is checked" '4 rules, 0 registries, a brake' "$(symbolon registry check-policy "$work/policy")"
sed 's/weight 300/weight heavy/' "$work/policy" >"$work/wrong"
check_not "a wrong one is refused" symbolon registry check-policy "$work/wrong"
check_match "by its line" 'line 3: a whole number' "$(symbolon registry check-policy "$work/wrong" 2>&1)"

# --- roots of trust from a folder ---
mkdir "$work/roots"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj "/CN=Maker's authority" \
	-addext keyUsage=critical,keyCertSign -keyout "$work/maker.key" -out "$work/roots/maker.pem" 2>/dev/null
echo "no certificate" >"$work/roots/notes.txt"
registry_lines[p01]="status: {policy: \"$work/policy\", roots: \"$work/roots\"}"
check "a registry" registry_start p01 IN.TEL.P01
check "accepts the maker's root" wait_until 10 eval 'as_admin roots | grep -q maker.pem'
check_match "and says what it could not read" 'roots.not_loaded.*notes.txt' "$(cat "$work/p01.log")"
root=$(as_admin --json roots | jq -r '.items[0].id')
check_match "it is published" "$root" "$(registry p01 GET /.well-known/trust-registry)"
check "one is withdrawn" as_admin withdraw-root "$root" --reason "the key was lost"
check "stops" stop p01
add_devices 1 20 2.3
add_devices 21 40 2.4
check "with forty devices" registry_start p01
check_match "the root stays withdrawn" "$root.*no *the key was lost" "$(as_admin roots | tr '\n' ' ')"

# --- an advisory that would move too many ---
check "an advisory is imported" as_admin import-advisories "$sample"
check "and waits for a second person" wait_until 20 state_is held
check "which the same person is not" eval '! as_admin release-movement "$(as_admin --json movements | jq .items[0].movement)" --reason mine'
check "all devices are as they were" is 1 confirmed
kill -9 "${pids[p01]}"
stop p01 KILL >/dev/null 2>&1
check "after kill -9 it comes back" registry_start p01
check "still waiting" wait_until 20 state_is held
check "all devices are as they were" is 20 confirmed
check "stops" stop p01
sqlite3 "$work/p01.db" "UPDATE movement SET by_whom = 'another person'"
check "comes back" registry_start p01
check "a second person releases it" as_admin release-movement "$(as_admin --json movements | jq .items[0].movement)" --reason "checked with the maker"
check "the vulnerable ones are unreliable" wait_until 20 eval 'is 1 critical && is 20 critical'
check "the fixed ones are not" is 21 confirmed
check "it is done" wait_until 20 state_is done
check_match "the log says why" 'CVE-2026-0001|a vulnerability that is not public' "$(registry p01 GET "/v1/devices/$(id 1)/history")"
check_match "a device's are listed by themselves" 'csaf:.*critical.*advisory.*critical' "$(as_admin vulnerabilities --device "$(id 1)" | tr '\n' ' ')"
check_not "those of one that is fixed are none" eval 'as_admin vulnerabilities --device "$(id 21)" | grep -q csaf:'
check_not "the same version is refused" as_admin import-advisories "$sample"
sed 's/"tracking"/"tracks"/' "$sample" >"$work/broken.json"
check_match "a broken one by its clause" 'CSAF 2.0 3.2.1.12' "$(as_admin import-advisories "$work/broken.json")"

# --- a decision ---
check "an administrator decides" as_admin decide "$(id 21)" unreliable --reason "seen in a botnet"
check "it holds" wait_until 10 is 21 decided
check "and takes it back" as_admin undecide "$(id 21)"
check "it is as before" wait_until 10 is 21 confirmed
check_not "a device that is not there" as_admin decide "$(id 99)" trusted --reason x
check_not "without a reason" as_admin decide "$(id 21)" trusted

# --- a policy that is changed ---
sed -i 's/then trusted/then unverified/; s/^rule confirmed/rule nobody/; /^brake/d' "$work/policy"
kill -HUP "${pids[p01]}"
check "another policy is taken over" wait_until 20 is 40 nobody
echo "rule" >"$work/policy"
kill -HUP "${pids[p01]}"
check "a broken one is not" wait_log p01 'status.policy.not_reloaded'
check "devices stay" is 40 nobody

# --- published advisories and roots ---
if [ -d "${SYMBOLON_CSAF-}" ]; then
	count=$(find "$SYMBOLON_CSAF" -name '*.json' | wc -l)
	as_admin import-advisories "$SYMBOLON_CSAF" >"$work/imported"
	check_match "published advisories are all read" "^$count recorded, 0 refused" "$(tail -1 "$work/imported")"
else
	skip "published advisories are all read" "SYMBOLON_CSAF names no folder"
fi
if [ -d "${SYMBOLON_ROOTS-}" ]; then
	check "stops" stop p01
	cp "$SYMBOLON_ROOTS"/*.pem "$work/roots/"
	echo "rule all when always then trusted" >"$work/policy"
	check "with makers' roots of trust" registry_start p01
	check "accepts them" wait_until 20 eval '[ "$(as_admin --json roots | jq "[.items[] | select(.accepted)] | length")" -gt 20 ]'
else
	skip "makers' roots of trust are accepted" "SYMBOLON_ROOTS names no folder"
fi
check "stops" stop p01
finish
