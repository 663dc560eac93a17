#!/bin/bash
# Owners: imported and sealed, shown to themselves alone, moved by two signatures, erased on request; devices are lost, found and
# retired. No name of a person is in the log, in the events or, in the clear, in the database.
# req: R9.2-i-d R9.1-iii R6.3 R7-a R6.1-b
# time-limit: 120
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/registry.sh"
. "$(dirname "$0")/enquirer.sh"
need openssl openssl
need jq jq
need sqlite3 sqlite3

device=IN.TEL.P01:imei:356938035643809
other=IN.TEL.P01:imei:490154203237518
check "a registry" enquirer_start "ownership: {offer: 1d}"
check "stops" stop p01
add_device "$device" 0 77
add_device "$other" 0 78
check "and knows two devices" enquirer_run

# --- in bulk ---
cat >"$work/people.csv" <<'END'
owner,kind,name,email,phone_number,address
alice,person,Alice Zimmermann,alice@home.example,+4930123456,"Main Street 1, Example Town"
works,organization,Zimmermann Works Ltd,office@works.example,,
broken,person,,nobody@home.example,,
wrong,person,Wanda Wrong,no address,,
END
check_not "owners in bulk, two rows of them wrong" as_admin import "$work/people.csv" --owners
check_match "which is told" 'row 3: .*claims.*|row 4: claims.email' "$(cat "$work/.said")"
check_equal "two are taken" 2 "$(as_admin owners --json | jq '.items | length')"
check_not "without a name in the list" grep -q Zimmermann <(as_admin owners --json)

# --- two owners with keys ---
new_key() { # NAME
	openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 2>/dev/null >"$work/$1.pem" && chmod 600 "$work/$1.pem" &&
		openssl pkey -in "$work/$1.pem" -pubout >"$work/$1.pub"
}
add_owner() { # NAME CLAIMS: its id is in owner_NAME, its party in party_NAME
	new_key "$1" && printf '%s' "$2" >"$work/$1.claims" && chmod 600 "$work/$1.claims" &&
		as_admin add-owner --claims "$work/$1.claims" --owner-key "$work/$1.pub" >"$work/$1.id" &&
		as_anyone enrol --party-key "$work/$1.pem" --name "$1" --contact "$1@home.example" --purpose own --role owner >"$work/$1.said" &&
		printf -v "owner_$1" %s "$(cat "$work/$1.id")" && printf -v "party_$1" %s "$(cut -d: -f1 "$work/$1.said")" &&
		as_admin approve "$(cut -d: -f1 "$work/$1.said")"
}
check "Carol" add_owner carol '{"name":"Carol Zwick","birthdate":"1990-01-31"}'
check "Dave" add_owner dave '{"name":"Dave Zorn"}'
# shellcheck disable=SC2154
check "Carol's device" as_admin set-owner "$device" "$owner_carol"
check_not "has no second owner" as_admin set-owner "$device" "$owner_dave"
check "she sees herself" as_anyone show-owner self --party-key "$work/carol.pem"
check_match "with all that is kept" '"name":"Carol Zwick"' "$(cat "$work/.said")"
check_not "not him" as_anyone show-owner "$owner_dave" --party-key "$work/carol.pem"
check_not "and nobody sees her without a key" as_anyone show-owner "$owner_carol"
printf '{"name":"Carol Zwick-Zorn"}' >"$work/corrected"
chmod 600 "$work/corrected"
check "she corrects it" as_anyone correct-owner self "$work/corrected" --party-key "$work/carol.pem"
check_match "it is as she says" 'Carol Zwick-Zorn' "$(as_anyone show-owner self --party-key "$work/carol.pem")"

# --- a transfer ---
offer() { as_anyone offer "$device" --party-key "$work/$1.pem" --to "$2" "${@:3}" >"$work/offer" && transfer=$(cut -d: -f1 "$work/offer"); }
owner_of() { registry p01 GET "/v1/devices/$device/owner" | jq -r .owner; }
# shellcheck disable=SC2154
check_not "Dave cannot offer what is hers" offer dave "$party_carol"
check_not "nor can she for too long" offer carol "$party_dave" --days 2
check "she offers it for a day" offer carol "$party_dave" --days 1
check_equal "it stays hers" "$owner_carol" "$(owner_of)"
check_not "her own signature does not take it" as_anyone accept "$transfer" "$device" --party-key "$work/carol.pem"
check_not "nor one for another device" as_anyone accept "$transfer" "$other" --party-key "$work/dave.pem"
check "his does" as_anyone accept "$transfer" "$device" --party-key "$work/dave.pem"
check_equal "it is his" "$owner_dave" "$(owner_of)"
check_not "once" as_anyone accept "$transfer" "$device" --party-key "$work/dave.pem"
check_equal "it is told as done" transferred "$(as_admin transfers --json | jq -r '.items[0].state')"

# --- lost and found ---
check "he lost it" as_anyone lost "$device" --party-key "$work/dave.pem"
check_not "she has nothing to say" as_anyone found "$device" --party-key "$work/carol.pem"
check "he found it" as_anyone found "$device" --party-key "$work/dave.pem"
check "it is out of use" as_anyone retire "$device" --party-key "$work/dave.pem"
check_not "he cannot take that back" as_anyone reinstate "$device" --party-key "$work/dave.pem"
check "an administrator can" as_admin reinstate "$device" --reason "retired by mistake"
check_equal "all of it is in its history" "lost active retired registered" \
	"$(as_admin log --device "$device" --json | jq -r '[.items[] | select(.kind == "lifecycle_changed") | .record.lifecycle] | join(" ")')"

# --- an application ---
check "an application is not trusted" as_admin decide-application lights.example --trust unreliable --reason "leaks keys"
check_match "which is listed" 'lights.example .*unreliable' "$(as_admin applications)"

# --- erased ---
check "he has himself erased" as_anyone erase-owner self --party-key "$work/dave.pem"
check_not "nothing of him is left" as_admin show-owner "$owner_dave"
check_not "and he is not heard any more" as_anyone show-owner self --party-key "$work/dave.pem"
check_not "the device has no owner" registry p01 GET "/v1/devices/$device/owner"
check "what the log knows of the device is erased" as_admin erase "$device"
check_equal "of what was before that nothing is left" "erased" \
	"$(as_admin log --device "$device" --json | jq -r '[.items[].kind] | join(" ")')"
check "the log is whole" symbolon registry verify --socket "$work/p01.sock"

# --- what is personal ---
events() { registry p01 GET '/v1/events?limit=1000'; }
check_not "no event names a person" grep -qE 'Z(immermann|wick|orn)|home\.example' <(events)
check "it stops" stop p01
check_not "the database names nobody in the clear" grep -aqE 'Z(immermann|wick|orn)|home\.example|Main Street' "$work/p01.db"
check_not "nor does its log" grep -qE 'Z(immermann|wick|orn)|home\.example' "$work/p01.log"
finish
