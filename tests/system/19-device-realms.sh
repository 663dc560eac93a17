#!/bin/bash
# A device of two realms: one is active, its tokens alone are used, the other's are kept; a person chooses. And a realm of
# several nodes, which its signed document names: when one is away the next gives the token.
# req: B7.4-e B7.1-a B7.1-h B9.3-d
# time-limit: 120
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/realm.sh"
need openssl openssl
need python3 python3

application_members=',"format":"y3056"'
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$work/realm.key" 2>/dev/null
openssl pkey -in "$work/realm.key" -pubout -out "$work/realm.pub"
openssl genpkey -algorithm ED25519 -out "$work/other.key"
openssl pkey -in "$work/other.key" -pubout -out "$work/other.pub"
chmod 600 "$work/realm.key"
check "a realm with a device" realm_start 1
check "an application" node_start hello
check "behind the gateway" node_start gateway
check "a device" device_new dev 0
device() { symbolon-device "$1" --dir "$work/dev" "${@:2}"; }
ends() { # STATUS REGEX COMMAND...
	local status=0 said
	said=$("${@:3}" 2>&1 >/dev/null </dev/null) || status=$?
	echo "status $status: $said"
	[ "$status" = "$1" ] && [[ $said =~ $2 ]]
}
active() { device realm list --json | python3 -c 'import json, sys
print(" ".join(r["realm"] for r in json.load(sys.stdin) if r["active"]))'; }
at_gateway() { device connect "$application" --address "${where[gateway.rp_d]}" --get / "$@"; }
key_two() { printf '{"algorithm":"milenage","k":"%032x","opc":"%032x","amf":"8000"}' 1 2; }
add_two() {
	key_two | device realm add --client 001010000000099@two.example --node authn.two.example --address 127.0.0.1:1 \
		--key-file - --serves "$application,other.example"
}

# --- what is typed ---
check "an action is wanted" ends 2 'list.add.use.drop.pin.update' device realm
check "another is none" ends 2 'realm sell: none of' device realm sell
check "a realm without a key is none" ends 2 'client, --key-file or --mechanism certificate, and --node, or a URL' device realm add --client a@two.example
check "which one?" ends 2 'name is missing' device realm use
check "the only one stays" ends 1 'no other realm' device realm drop "$realm"
check "one that it is not of cannot be used" ends 1 'not of the realm' device realm use two.example

# --- two realms ---
check_equal "one at first" "$realm" "$(active)"
check_match "it reaches the application" '^Hello, ' "$(at_gateway)"
check "it becomes a device of another operator too" add_two
check "but not twice" ends 1 'already' add_two
check_equal "the first is active as it was" "$realm" "$(active)"
check_match "and its token works" '^Hello, ' "$(at_gateway)"
check "the other is used" device realm use two.example
check_equal "then that one is active" two.example "$(active)"
check_equal "the first one's tokens are not offered" "[]" "$(device tokens --json)"
check "a session has to ask the other realm, which is away" ends 3 'two.example|127.0.0.1:1' at_gateway
check_match "back, in one step with a session: the token was kept" '^Hello, ' "$(at_gateway --realm "$realm")"
check_equal "active again" "$realm" "$(active)"

# --- choice ---
symbolon --socket "$work/authz.sock" revoke "$(client_of 0)" "$application" >/dev/null 2>&1
device drop
check "a realm that refuses is told, and the one that serves it offered" \
	ends 4 '10.4/3b: .*two.example serves it: --realm two.example' at_gateway
check_equal "nothing is switched by itself" "$realm" "$(active)"
symbolon --socket "$work/authz.sock" grant "$(client_of 0)" "$application" >/dev/null 2>&1

# --- leaving ---
check "the active one cannot be dropped" ends 1 'is the active realm' device realm drop "$realm"
check "the other can" device realm drop two.example
check_not "and is gone" eval 'device realm list --json | grep -q two.example'
check "it can be joined again" add_two
check "one is left" device realm drop two.example

# --- several nodes ---
check "no document without a key for it" ends 1 'no key is pinned' device realm update
check "authn stops" stop authn
more[authn.rp_c]="realm_document:
  key: \"$work/realm.key\"
  nodes:
    - {host: authn0.$realm, address: \"$own_ip:1\"}
    - {host: ${host[authn]}, address: \"${where[authn.rp_c]}\"}"
check "and comes back with a realm document" node_start authn
check "another key is pinned" device realm pin --anchor "$work/other.pub"
check "its document is refused" ends 1 'another algorithm' device realm update
check "the realm's key is pinned too" device realm pin --anchor "$work/realm.pub"
check_match "its document brings another node" "authn0.$realm.*serial\"" "$(device realm update --json)"
check_match "which is away: the next one gives the token" "@${host[authn]}" \
	"$(device bootstrap --app "$application" --json --log-level warn 2>"$work/node.log")"
check_match "as is told" "\"event\":\"rp_c.node_away\".*\"next\":\"${host[authn]}\"" "$(cat "$work/node.log")"
check_match "and opens the application" '^Hello, ' "$(at_gateway)"

# The application cannot ask the node that the token's id names: a token of another node is got, once.
printf '%064d\n' 1 >"$work/peer.key"
start away bash -c "exec '$build/tests/system/device_peer' away <'$work/peer.key'"
check "an application that cannot ask" wait_until 20 grep -qs '^127' "$work/away.log"
before=$(device key "$application")
lost() { device connect "$application" --address "$(head -1 "$work/away.log")" --get / --log-level info; }
check "is away, for this device too" ends 3 'internal error' lost
check_not "but a token of a node that is there was got" test "$before" = "$(device key "$application")"
finish
